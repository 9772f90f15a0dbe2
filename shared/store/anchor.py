"""The highest (log, size, root) ever signed, kept in the key folder where no backup takes it.

A database that is behind its anchor at start was restored from a copy: writing on in the same log would
sign a second history, so a new log is opened instead (architecture.md section 5).
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path

from shared.errors import DamageError
from shared.store.connection import read_small, write_durably


@dataclass(frozen=True)
class Anchor:
    """The last head that left this machine, per own log."""

    heads: dict[str, tuple[int, str]]

    def is_ahead_of(self, log: str, size: int) -> bool:
        """Tell whether more of a log was once signed here than the database now holds."""
        return log in self.heads and self.heads[log][0] > size


class AnchorFile:
    """Reads and writes the anchor; a write is on disk when :meth:`raise_to` returns."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "puncak.json"
        self._anchor: Anchor | None = None
        self._lock = threading.Lock()

    def load(self) -> Anchor:
        """Read the heads; DamageError when the file is there and makes no sense: it must not be guessed.

        Raises EnvironmentProblem when the disk does not give it.
        """
        if self._anchor is None:
            content = read_small(self._path)
            try:
                members = json.loads(b"{}" if content is None else content)
                heads = {str(log): (int(size), str(root)) for log, (size, root) in members.items()}
            except (ValueError, TypeError, AttributeError):
                raise DamageError("anchor cannot be read") from None
            self._anchor = Anchor(heads)
        return self._anchor

    def raise_to(self, log: str, size: int, root: str) -> None:
        """Remember a head before it is shown to anybody; smaller sizes change nothing."""
        with self._lock:
            heads = dict(self.load().heads)
            if log in heads and heads[log][0] >= size:
                return
            heads[log] = (size, root)
            self._write(heads)

    def _write(self, heads: dict[str, tuple[int, str]]) -> None:
        write_durably(self._path, json.dumps(heads).encode())
        self._anchor = Anchor(heads)
