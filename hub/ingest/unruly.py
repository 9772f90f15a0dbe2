"""Tells the operator which computer floods this hub: what is broken, and what comes again before its time.

Counted in memory, and written once in a while for each key that is notable: a flood must cost no write per request.
An honest computer waits as long as it was told, so that the share of its key alone makes it no nuisance.
"""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass, field
from typing import NamedTuple

from hub.ingest.quota import KEYS_MAX
from hub.services import HubServices

WINDOW_S = 600
"""So long is counted together, and so seldom is a key written."""
NOTABLE = 20
"""Broken requests, and those that came before their time, in one window: an honest computer has hardly any."""
FORGOTTEN_S = 86_400
"""After a day of quiet the next flood is a new one."""
SHOWN_S = 7 * 86_400


class Flood(NamedTuple):
    """What one key (hex; empty: those that nobody has enrolled) sent too much of, from when to when (seconds)."""

    kunci: str
    since_s: int
    last_s: int
    broken: int
    early: int


@dataclass
class _Count:
    began_s: float
    broken: int = 0
    early: int = 0
    wait_until_s: float = 0.0
    written_s: float | None = None

    def is_notable(self) -> bool:
        return self.broken + self.early >= NOTABLE


@dataclass
class Floods:
    """The counts of this process; it is thrown away when the program ends."""

    _counts: dict[str, _Count] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, key: str, now_s: float, *, wait_s: int | None = None) -> tuple[int, int] | None:
        """Count one refusal of a key: broken, or with ``wait_s`` too many; give what is to be written now, if anything.

        ``now_s`` is a monotonic clock. The answer is (broken, early).
        """
        with self._lock:
            own = self._find(key, now_s)
            if wait_s is None:
                own.broken += 1
            else:
                own.early += now_s < own.wait_until_s
                own.wait_until_s = max(own.wait_until_s, now_s + wait_s)
            is_due = own.written_s is None or now_s - own.written_s >= WINDOW_S
            if not (own.is_notable() and is_due):
                return None
            found = own.broken, own.early
            own.broken = own.early = 0
            own.began_s = own.written_s = now_s
            return found

    def _find(self, key: str, now_s: float) -> _Count:
        own = self._counts.get(key)
        if own is None:
            if len(self._counts) >= KEYS_MAX:
                self._counts.clear()
            own = self._counts[key] = _Count(now_s)
        elif now_s - own.began_s >= WINDOW_S and not own.is_notable():
            own.broken = own.early = 0
            own.began_s = now_s
        return own


def note_flood(services: HubServices, key: str, broken: int, early: int) -> None:
    """Add to what is known of a key."""
    now_s = services.clock.now_s()
    with services.database.write() as conn:
        row = conn.execute("SELECT since_s, last_s, broken, early FROM flood WHERE kunci = ?", (key,)).fetchone()
        before = row if row is not None and now_s - row[1] < FORGOTTEN_S else (now_s, now_s, 0, 0)
        conn.execute(
            "INSERT OR REPLACE INTO flood (kunci, since_s, last_s, broken, early) VALUES (?, ?, ?, ?, ?)",
            (key, before[0], now_s, before[2] + broken, before[3] + early),
        )


def list_floods(conn: sqlite3.Connection, now_s: int) -> dict[str, Flood]:
    """List the floods of the last days by key."""
    rows = conn.execute(
        "SELECT kunci, since_s, last_s, broken, early FROM flood WHERE last_s > ?", (now_s - SHOWN_S,)
    )
    return {row[0]: Flood(*row) for row in rows}
