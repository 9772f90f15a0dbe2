"""Slows down guessing, per user and per address; the counters stand in the database and survive a restart.

An attempt is counted *before* the password is looked at, so that a thousand guesses at one instant do
not all pass. Nobody is ever locked out for good: the longest wait is fifteen minutes.
"""

from __future__ import annotations

import hmac
import sqlite3
from dataclasses import dataclass

from shared.clock import Clock
from shared.web import queries

DELAY_S_MAX = 900
_DELAY_S_FIRST = 60


@dataclass(frozen=True)
class Allowance:
    """How many failures are free, and after how long without one all is forgotten."""

    free: int
    forget_s: int


PER_USER = Allowance(free=5, forget_s=24 * 3600)
# An office shares one address towards the hub, so its count is forgotten sooner.
PER_ADDRESS = Allowance(free=20, forget_s=900)


def delay_s(count: int, free: int) -> int:
    """Compute how long to wait after ``count`` failures: none, then doubling up to DELAY_S_MAX."""
    if count < free:
        return 0
    return int(min(_DELAY_S_FIRST * 2 ** min(count - free, 10), DELAY_S_MAX))


class Throttle:
    """Counts attempts; names are stored keyed, since people type passwords into the name field."""

    def __init__(self, clock: Clock, secret: bytes) -> None:
        self._clock = clock
        self._secret = secret

    def take(self, conn: sqlite3.Connection, name: str, address: str) -> int:
        """Count one attempt and return 0, or count nothing and return the seconds to wait."""
        now_s = self._clock.now_s()
        wanted = ((self._subject("u", name), PER_USER), (self._subject("a", address), PER_ADDRESS))
        counts = []
        wait_s = 0
        for subject, allowance in wanted:
            count, last_s = queries.read_failures(conn, subject)
            if last_s > now_s:
                # The clock was set back; a wait computed from a time to come could last for years.
                last_s = now_s - DELAY_S_MAX
            if now_s - last_s > allowance.forget_s:
                count = 0
            counts.append((subject, count))
            wait_s = max(wait_s, last_s + delay_s(count, allowance.free) - now_s)
        if wait_s > 0:
            return wait_s
        queries.forget_failures(conn, now_s - PER_USER.forget_s)
        for subject, count in counts:
            queries.write_failures(conn, subject, count + 1, now_s)
        return 0

    def succeed(self, conn: sqlite3.Connection, name: str, address: str) -> None:
        """Forget the failures of a user, and take back the one attempt counted for the address.

        The address keeps its other failures: an attacker with one account of his own wins nothing.
        """
        queries.write_failures(conn, self._subject("u", name), 0, 0)
        subject = self._subject("a", address)
        count, last_s = queries.read_failures(conn, subject)
        queries.write_failures(conn, subject, count - 1, last_s)

    def _subject(self, kind: str, text: str) -> str:
        digest = hmac.digest(self._secret, f"{kind}:{text}".encode("utf-8", "replace"), "sha256")
        return f"{kind}:{digest[:16].hex()}"
