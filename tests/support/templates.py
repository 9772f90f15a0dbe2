"""Compiled templates that all applications of a test run share: compiling is most of what a first page costs."""

from __future__ import annotations

from pathlib import Path
from types import CodeType

from jinja2.bccache import BytecodeCache, Bucket

import shared.web.factory

_known: dict[tuple[str, str], CodeType] = {}


class SharedTemplates(BytecodeCache):
    """Stands where an application keeps compiled templates in its data folder."""

    def __init__(self, folder: Path) -> None:
        pass

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = _known.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        _known[bucket.key, bucket.checksum] = bucket.code


def share_templates() -> None:
    """Let each template be compiled once for all applications that this process makes."""
    vars(shared.web.factory)["TemplateStore"] = SharedTemplates
