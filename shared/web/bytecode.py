"""Keeps compiled templates in the data folder: compiling them again is half of the first page after a start.

The folder belongs to the program alone, like the database beside it; nothing in it is needed.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from pickle import UnpicklingError

from jinja2.bccache import Bucket, FileSystemBytecodeCache

FILES_MAX = 400


class TemplateStore(FileSystemBytecodeCache):
    """Compiled templates as files; a folder that cannot be read or written costs time and nothing else."""

    def __init__(self, folder: Path) -> None:
        # Not every release of Jinja that compiles otherwise counts its own number for that up.
        super().__init__(str(folder), f"%s.jinja-{version('jinja2')}")
        self._make_room(folder)

    def _make_room(self, folder: Path) -> None:
        """Make the folder, and empty it when former versions of the program have filled it."""
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            names = os.listdir(folder)
            for name in names if len(names) > FILES_MAX else ():
                os.unlink(folder / name)
        except OSError:
            pass

    def load_bytecode(self, bucket: Bucket) -> None:
        try:
            super().load_bytecode(bucket)
        except (OSError, EOFError, ValueError, TypeError, UnpicklingError):
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        try:
            super().dump_bytecode(bucket)
        except OSError:
            pass
