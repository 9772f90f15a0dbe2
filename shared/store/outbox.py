"""Files that come and go with a browser, where no stick can be reached: kept beside the database, a few at a time.

Nothing rests on them: what is lost here is written again.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import IO

from shared.store.folder import DataFolder
from shared.store.stick import explain_stick

WHERE = "Disk komputer"
_KEPT = 20
_COMING = "masuk-"


class Outbox:
    """The folder ``usb/`` of one data folder; made where it is missing."""

    def __init__(self, folder: DataFolder) -> None:
        self.path = folder.path / "usb"
        with explain_stick(WHERE):
            self.path.mkdir(mode=0o700, exist_ok=True)

    def clear(self) -> None:
        """Remove what a former process has left half; only before anything of this one is under way."""
        with explain_stick(WHERE):
            for name in os.listdir(self.path):
                if name.startswith((_COMING, ".")):
                    (self.path / name).unlink(missing_ok=True)

    def list_files(self) -> list[Path]:
        """List what can be fetched, the newest first; drop what has become too much."""
        found = []
        with explain_stick(WHERE):
            for path in self.path.iterdir():
                if not path.name.startswith((_COMING, ".")):
                    with suppress(OSError):
                        found.append((path.stat().st_mtime_ns, path))
        found.sort(reverse=True)
        for _, path in found[_KEPT:]:
            with suppress(OSError):
                path.unlink()
        return [path for _, path in found[:_KEPT]]

    def empty(self) -> None:
        """Remove all that can be fetched: what was written before an erasure holds, sealed, what is erased."""
        for path in self.list_files():
            with suppress(OSError):
                path.unlink()

    def find(self, name: str) -> Path | None:
        """Find a file by its name; nothing outside is ever looked at."""
        return next((path for path in self.list_files() if path.name == name), None)

    def save(self, file: IO[bytes], token: str) -> Path:
        """Keep what somebody uploads until it is read; the caller removes it."""
        path = self.path / f"{_COMING}{token}"
        with explain_stick(WHERE), open(path, "xb") as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
        return path


def open_outbox(folder: DataFolder) -> Outbox:
    """Open the outbox of an app that begins, without what a former process has left half."""
    outbox = Outbox(folder)
    outbox.clear()
    return outbox
