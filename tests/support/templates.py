"""Compiled templates that all data folders of one run share: compiling them is most of what the first page costs."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path


@cache
def _make_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="sipande-templat-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def share_templates(folder: Path) -> None:
    """Lead a data folder, before its app is made, to the templates that this run has compiled so far."""
    (folder / "templat").symlink_to(_make_folder())
