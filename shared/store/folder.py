"""The data folder of one side: the database, the key folder, and a lock that only one process holds.

Layout: ``data.sqlite``, ``kunci/`` (never in a backup), ``lock``, ``server.json`` (address and local
token of the running server, readable by its owner alone), ``lampiran/`` (attachments, shared/store/blobs.py),
``templat/`` (compiled pages; may be lost), ``usb/`` (files that come and go with the browser; may be lost);
at a desa ``latihan/``, the data folder of its practice village.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from shared.errors import EnvironmentProblem

if os.name == "nt":  # pragma: no cover - tried on Linux only
    import msvcrt
else:
    import fcntl


class DataFolder:
    """Paths inside one data folder; :meth:`lock` and :meth:`claim` make this process its only user."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[str] | None = None

    @property
    def database(self) -> Path:
        return self.path / "data.sqlite"

    @property
    def keys(self) -> Path:
        return self.path / "kunci"

    @property
    def server_file(self) -> Path:
        return self.path / "server.json"

    def make(self) -> None:
        """Create the folders, private to their owner; EnvironmentProblem when that is not possible."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.keys.mkdir(mode=0o700, exist_ok=True)
            os.chmod(self.path, 0o700)
        except OSError as error:
            raise EnvironmentProblem(
                f"Folder data {self.path} tidak dapat dibuat. Pilih folder lain dengan --data,"
                " atau minta hak akses ke folder itu.",
                "folder_data",
            ) from error

    def unmake(self) -> None:
        """Take away what :meth:`make` and :meth:`lock` have put there; whatever else is in the folder stays."""
        self.unlock()
        with suppress(OSError):
            (self.path / "lock").unlink(missing_ok=True)
            self.keys.rmdir()
            self.path.rmdir()

    def lock(self) -> bool:
        """Take the folder for this process; False when another process has it."""
        handle = open(self.path / "lock", "a+", encoding="utf-8")
        try:
            if os.name == "nt":  # pragma: no cover
                msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
            else:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.close()
            return False
        self._lock = handle
        return True

    def claim(self) -> None:
        """Take the folder for the server of this process; EnvironmentProblem when another process has it."""
        if not self.lock():
            raise EnvironmentProblem(
                "Folder data ini sedang dipakai Sipande yang lain. Tutup dulu yang lain, atau pakai yang sudah"
                " berjalan itu.",
                "folder_dipakai",
            )

    def unlock(self) -> None:
        """Give the folder free; also happens by itself when the process ends."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def write_server_file(self, content: dict[str, Any]) -> None:
        """Tell commands of the same owner where the running server listens."""
        temporary = self.server_file.with_suffix(".tmp")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file)
        os.replace(temporary, self.server_file)

    def read_server_file(self) -> dict[str, Any] | None:
        """Read where the running server listens; None when none has said so."""
        try:
            content = json.loads(self.server_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return content if isinstance(content, dict) else None

    def remove_server_file(self) -> None:
        self.server_file.unlink(missing_ok=True)
