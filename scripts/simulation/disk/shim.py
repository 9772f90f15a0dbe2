"""Builds iofault.c and drives it from inside a process that was started with it."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from hashlib import sha256
from pathlib import Path

SOURCE = Path(__file__).with_name("iofault.c")


class Mode(IntEnum):
    """What happens to operations on watched files; the numbers are those of iofault.c."""

    OFF = 0
    COUNT = 1
    FAIL = 2
    KILL = 3
    READ = 4
    """Reads are counted, and fail."""


def find_compiler() -> str | None:
    """Find a C compiler; without one the rows of the failing disk cannot be run."""
    return shutil.which("gcc") or shutil.which("cc")


def build_shim() -> Path:
    """Compile the shim once for each version of its source, beside the Python that will load it."""
    source = SOURCE.read_bytes()
    target = Path(sys.prefix) / f"iofault-{sha256(source).hexdigest()[:16]}.so"
    if not target.exists():
        compiler = find_compiler()
        if compiler is None:
            raise RuntimeError("no C compiler: apt-get install gcc libc6-dev")
        fresh = target.with_name(f"{target.name}.{os.getpid()}")
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", fresh, SOURCE, "-lpthread"], check=True)
        fresh.replace(target)
    return target


class Shim:
    """The shim that this process was started with."""

    def __init__(self) -> None:
        library = ctypes.CDLL(None)
        library.iofault_disarm.restype = ctypes.c_long
        library.iofault_arm.argtypes = [ctypes.c_int, ctypes.c_long, ctypes.c_int, ctypes.c_int, ctypes.c_int]
        self._library = library

    def watch(self, folder: Path) -> None:
        """Count what is done to files below a folder from now on."""
        self._library.iofault_watch(os.fsencode(folder))

    def record(self, handle: int) -> None:
        """Write every operation down with its bytes."""
        self._library.iofault_record(handle)

    def arm(
        self, mode: Mode, at: int = 0, error: int = 0, *, is_lasting: bool = False, is_torn: bool = False
    ) -> None:
        """Begin to count at 0; the operation ``at`` fails with an errno, or is the last.

        ``is_lasting``: so do all after it. ``is_torn``: a write there is done by half.
        """
        self._library.iofault_arm(mode, at, error, is_lasting, is_torn)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let pass, uncounted, what the trial itself does on the disk."""
        self._library.iofault_pause(1)
        try:
            yield
        finally:
            self._library.iofault_pause(0)

    def disarm(self) -> int:
        """Let everything pass again; give the operations that were counted."""
        return int(self._library.iofault_disarm())

    def note(self, text: str) -> None:
        """Write a promise down between the operations."""
        self._library.iofault_note(text.encode())
