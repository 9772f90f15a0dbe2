"""Keeps one broken or hostile computer from taking the hub away from the others: a share for each key.

A key has a purse of requests and one of bytes, which fill again with time, and may have few requests under
way at once. Callers that no enrolment names share one purse. In memory only: a restart forgives.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from shared.errors import ProtocolError
from shared.sync.limits import limit

STRANGERS = ""
"""The key under which those share who are not enrolled."""
KEYS_MAX = 5000


class Busy(ProtocolError):
    """The share is used up; ``wait_s`` says when it pays to ask again."""

    def __init__(self, wait_s: int) -> None:
        super().__init__("too_many", f"wait {wait_s} s")
        self.wait_s = wait_s


@dataclass
class _Purse:
    requests: float
    size: float
    at_s: float
    running: int = 0


@dataclass
class Quota:
    """The purses of all keys; ``now_s`` is a monotonic clock in seconds."""

    now_s: Callable[[], float]
    _purses: dict[str, _Purse] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def spend(self, key: str, size: int) -> Iterator[None]:
        """Let one request of ``size`` bytes pass while it is worked on; Busy when the share is used up."""
        with self._lock:
            purse = self._fill(key)
            if purse.running >= limit("requests_at_once"):
                raise Busy(1)
            lacking = max(
                (1 - purse.requests) / limit("requests_per_s"), (size - purse.size) / limit("bytes_per_s")
            )
            if lacking > 0:
                raise Busy(int(lacking) + 1)
            purse.requests -= 1
            purse.size -= size
            purse.running += 1
        try:
            yield
        finally:
            with self._lock:
                purse.running -= 1

    def charge(self, key: str, size: int) -> None:
        """Take from the bytes of a key what its request has cost beyond its own size; may leave a debt."""
        with self._lock:
            self._fill(key).size -= size

    def fine(self, key: str) -> None:
        """Take more from a key whose request was broken: it costs work and brings nothing."""
        with self._lock:
            self._fill(key).requests -= limit("requests_fine")

    def _fill(self, key: str) -> _Purse:
        now_s = self.now_s()
        full = (float(limit("requests_burst")), float(limit("bytes_burst")))
        purse = self._purses.get(key)
        if purse is None:
            if len(self._purses) >= KEYS_MAX:
                self._purses = {k: p for k, p in self._purses.items() if p.running or p.requests < full[0] / 2}
            purse = self._purses[key] = _Purse(*full, now_s)
        passed_s = max(0.0, now_s - purse.at_s)
        purse.requests = min(full[0], purse.requests + passed_s * limit("requests_per_s"))
        purse.size = min(full[1], purse.size + passed_s * limit("bytes_per_s"))
        purse.at_s = now_s
        return purse
