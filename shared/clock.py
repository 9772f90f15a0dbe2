"""The only reader of time and the only source of randomness in the product.

Everything else is handed a :class:`Clock` and a :class:`Randomness`, so that the simulator can
replay a run from a seed.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Protocol

WIB = timezone(timedelta(hours=7), "WIB")


class Clock(Protocol):
    """Wall time in whole seconds since 1970 UTC, and a monotonic reading in seconds."""

    def now_s(self) -> int: ...

    def monotonic_s(self) -> float: ...


class Randomness(Protocol):
    """Bytes that nobody can guess."""

    def __call__(self, count: int, /) -> bytes: ...


class SystemClock:
    """The clock of the machine, right or wrong; device time never decides anything."""

    def now_s(self) -> int:
        return int(time.time())

    def monotonic_s(self) -> float:
        return time.monotonic()


def spent_s() -> float:
    """Tell the processor time that the calling thread has used, in seconds; waiting is none."""
    return time.thread_time()


system_random: Randomness = os.urandom


def today(clock: Clock) -> date:
    """Tell the calendar date in WIB, the zone of the offices that this is made for."""
    return datetime.fromtimestamp(clock.now_s(), WIB).date()


def format_time(seconds: int | None) -> str:
    """Write a time for people: ``21-11-2026 18.30 WIB``; empty for None.

    A number that is no date of our calendar is called one: logs hold what clocks and strangers have said.
    """
    if seconds is None:
        return ""
    moment = read_moment(seconds)
    return "waktu tidak masuk akal" if moment is None else moment.strftime("%d-%m-%Y %H.%M WIB")


def read_moment(seconds: int) -> datetime | None:
    """Give a time of a log or a message as a moment in WIB; None where the calendar has none (years 1 to 9999)."""
    try:
        return datetime.fromtimestamp(seconds, WIB)
    except (ValueError, OverflowError, OSError):
        return None


class RecordIds:
    """Makes UUIDv7 (RFC 9562 section 5.7) that rise within one process.

    ``rand_a`` holds a 12-bit counter (section 6.2 method 1), so ids made in one millisecond keep
    their order and neighbours compress well; when it is used up the next millisecond is borrowed.
    """

    def __init__(self, clock: Clock, random: Randomness) -> None:
        self._clock = clock
        self._random = random
        self._last_ms = 0
        self._counter = 0

    def __call__(self) -> str:
        now_ms = self._clock.now_s() * 1000
        if now_ms > self._last_ms:
            self._last_ms, self._counter = now_ms, 0
        else:
            self._counter += 1
            if self._counter > 0xFFF:
                self._last_ms, self._counter = self._last_ms + 1, 0
        random_b = int.from_bytes(self._random(8)) & ((1 << 62) - 1)
        value = self._last_ms << 80 | 7 << 76 | self._counter << 64 | 2 << 62 | random_b
        text = f"{value:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def hashed_uuid(digest: bytes) -> str:
    """Make a UUIDv8 (RFC 9562 section 5.8) from a digest: equal content, equal id."""
    value = int.from_bytes(digest[:16])
    value = value & ~(0xF << 76) | 8 << 76
    value = value & ~(3 << 62) | 2 << 62
    return str(uuid.UUID(int=value))


IdMaker = Callable[[], str]


def describe_span(seconds: int) -> str:
    """Say a span of time in Indonesian, in its largest whole unit."""
    if seconds < 3600:
        return f"{max(1, seconds // 60)} menit"
    if seconds < 86400:
        return f"{seconds // 3600} jam"
    return f"{seconds // 86400} hari" if seconds < 730 * 86400 else f"{seconds // (365 * 86400)} tahun"
