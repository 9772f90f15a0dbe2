"""How large runs are on this link: larger while it works, half as large after every failure; kept between sessions."""

from __future__ import annotations

from dataclasses import dataclass

from shared.store.connection import Database
from shared.store.migrations import read_setting, write_setting
from shared.sync.limits import limit

_SETTING = "run_bytes"


@dataclass
class Link:
    """``run_bytes`` is what the next run should have on the wire."""

    run_bytes: int
    _successes: int = 0
    _grow_after: int = 0

    def __post_init__(self) -> None:
        self._grow_after = limit("run_mend_after")

    @property
    def codec(self) -> str:
        """Give the codec for runs: a slow link is worth seven times the work."""
        return "bz2" if self.run_bytes <= limit("run_bytes_start") // 2 else "zlib"

    def grow(self) -> None:
        """Note a run that went through."""
        self._successes += 1
        whole = self.run_bytes >= limit("run_bytes_start")
        if self._successes >= (limit("run_grow_after") if whole else self._grow_after):
            self.run_bytes = min(limit("run_bytes_max"), self.run_bytes * 2)
            self._successes = 0

    def shrink(self) -> None:
        """Halve the runs after a failure, and be slower to grow again: a dying link stays one for a while."""
        self.run_bytes = max(limit("run_bytes_min"), self.run_bytes // 2)
        self._successes, self._grow_after = 0, min(limit("run_grow_after"), self._grow_after * 2)


def load_link(database: Database) -> Link:
    """Read how large runs were at the end of the last session."""
    with database.read() as conn:
        text = read_setting(conn, _SETTING)
    return Link(int(text) if text else limit("run_bytes_start"))


def save_link(database: Database, link: Link) -> None:
    """Keep it for the next session; writes only what is news."""
    with database.read() as conn:
        before = read_setting(conn, _SETTING)
    if before != str(link.run_bytes):
        with database.write() as conn:
            write_setting(conn, _SETTING, str(link.run_bytes))
