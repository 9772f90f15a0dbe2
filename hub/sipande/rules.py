"""What the figures of Sipande mean: age bands, completeness, small cells, classes of a map; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

BAND_YEARS = 5
BANDS = 16
"""Bands of five years; the last one is open (75 and older)."""

LAKI_LAKI, PEREMPUAN = 1, 2
SEXES = ((LAKI_LAKI, "Laki-laki"), (PEREMPUAN, "Perempuan"))
UNKNOWN = "lain"
"""In an address: sex or birth date that is not filled in or cannot be."""

COMPLETE_MIN = 50
"""Per cent of the target population below which compiled data are injected (Bojonegoro's line)."""

SMALL_CELL = 5


@dataclass(frozen=True)
class Band:
    """Ages from ``low`` to ``high`` (None: open): who was born later than ``after``, not than ``until``."""

    no: int
    low: int
    high: int | None
    after: str
    until: str

    @property
    def label(self) -> str:
        return f"{self.low} ke atas" if self.high is None else f"{self.low}–{self.high}"


def make_bands(day: date) -> tuple[Band, ...]:
    """Make the bands of a pyramid as they are on a day; dates are compared as text."""
    bands = []
    for no in range(BANDS):
        low, is_last = no * BAND_YEARS, no == BANDS - 1
        high = None if is_last else low + BAND_YEARS - 1
        after = "" if is_last else _years_before(day, low + BAND_YEARS)
        bands.append(Band(no, low, high, after, _years_before(day, low)))
    return tuple(bands)


def find_band(bands: Sequence[Band], born: str | None) -> int | None:
    """Find the band of a birth date; None when it is empty or after the day of the bands."""
    if born is None:
        return None
    return next((band.no for band in bands if band.after < born <= band.until), None)


def _years_before(day: date, years: int) -> str:
    # Text, not a date: 29 February has no counterpart in most years, and the comparison needs none.
    return f"{day.year - years:04d}-{day.month:02d}-{day.day:02d}"


def find_completeness(penduduk: int, target: int | None) -> int | None:
    """Tell how many per cent of the target are recorded, rounded down; None without a target."""
    return None if not target else 100 * penduduk // target


def suppress_small(counts: Sequence[int]) -> list[int | None]:
    """Hide what is under five. The total is told as well, so more is hidden, the next smallest first, until what
    it gives away is about two cells at least and no small number itself."""
    hidden = [at for at, count in enumerate(counts) if 0 < count < SMALL_CELL]
    others = sorted((at for at, count in enumerate(counts) if count >= SMALL_CELL), key=lambda at: counts[at])
    while hidden and others and (len(hidden) < 2 or sum(counts[at] for at in hidden) < SMALL_CELL):
        hidden.append(others.pop(0))
    return [None if at in hidden else count for at, count in enumerate(counts)]


def split_classes(values: Sequence[int], classes: int = 5) -> tuple[int, ...]:
    """Give the lowest value of each class of a map, so that about as many desa stand in each.

    Zero is a class of its own: while few desa send, they would otherwise look like those that do not.
    """
    ordered = sorted(value for value in values if value)
    zero = {0} if len(ordered) < len(values) else set()
    parts = classes - len(zero)
    starts = {ordered[at * len(ordered) // parts] for at in range(parts)} if ordered else set()
    return tuple(sorted(zero | starts))


def find_class(starts: Sequence[int], value: int) -> int:
    """Find the class of a value, counted from 0."""
    return max((at for at, start in enumerate(starts) if value >= start), default=0)
