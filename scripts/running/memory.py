"""Where folders lie in memory: what only plays with data waits for no disk there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")
ROOM_BYTES = 256 << 20


def find_memory(room_bytes: int = ROOM_BYTES) -> Path | None:
    """Give the folder whose files lie in memory; None where there is none, too little room, or no program may run."""
    try:
        room = os.statvfs(_MEMORY)
    except OSError:
        return None
    is_usable = os.access(_MEMORY, os.W_OK | os.X_OK) and not room.f_flag & os.ST_NOEXEC
    return _MEMORY if is_usable and room.f_bavail * room.f_frsize >= room_bytes else None


def make_folder() -> tempfile.TemporaryDirectory[str]:
    """Make a folder in memory where the machine has such: what a fault leaves there is decided by who plays it."""
    return tempfile.TemporaryDirectory(prefix="sipande-", dir=find_memory())
