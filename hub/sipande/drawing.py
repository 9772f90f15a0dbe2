"""Geometry of the pyramid and classes of the map, for templates that write SVG; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.sipande.rules import LAKI_LAKI, PEREMPUAN, Band, find_class, split_classes

BAR_HEIGHT, BAR_GAP, HALF, MIDDLE = 22, 4, 250, 70
TOP = 24
WIDTH = 2 * HALF + MIDDLE


@dataclass(frozen=True)
class Bar:
    """One bar of the pyramid; ``count`` is None where it is not told."""

    band: Band
    sex: int
    count: int | None
    x: int
    y: int
    width: int


@dataclass(frozen=True)
class Pyramid:
    """A population pyramid, oldest on top: ``bars`` in pairs of men and women."""

    bars: tuple[tuple[Bar, Bar], ...]
    height: int
    longest: int
    width: int = WIDTH
    middle: int = HALF + MIDDLE // 2
    bar_height: int = BAR_HEIGHT


@dataclass(frozen=True)
class Legend:
    """One class of the map with what it stands for."""

    no: int
    label: str


def draw_pyramid(bands: Sequence[Band], counts: Mapping[tuple[int, int], int | None]) -> Pyramid:
    """Lay out a pyramid of counts by sex and band."""
    longest = max((count for count in counts.values() if count), default=0)
    pairs = []
    for row, band in enumerate(reversed(bands)):
        y = TOP + row * (BAR_HEIGHT + BAR_GAP)
        men, women = counts.get((LAKI_LAKI, band.no), 0), counts.get((PEREMPUAN, band.no), 0)
        left, right = _scale(men, longest), _scale(women, longest)
        pairs.append((
            Bar(band, LAKI_LAKI, men, HALF - left, y, left),
            Bar(band, PEREMPUAN, women, HALF + MIDDLE, y, right),
        ))
    return Pyramid(tuple(pairs), TOP + len(bands) * (BAR_HEIGHT + BAR_GAP), longest)


def _scale(count: int | None, longest: int) -> int:
    # Room for the number beside the bar.
    return round((HALF - 56) * count / longest) if count and longest else 0


def classify(values: Mapping[str, int | None], starts: Sequence[int] = (), unit: str = "") -> tuple[
    dict[str, int | None], list[Legend]
]:
    """Give each desa its class, and the legend; without ``starts`` about as many desa come into each."""
    present = [value for value in values.values() if value is not None]
    bounds = tuple(starts) or split_classes(present)
    classes = {kode: None if value is None else find_class(bounds, value) for kode, value in values.items()}
    legend = []
    for no, start in enumerate(bounds):
        end = bounds[no + 1] - 1 if no + 1 < len(bounds) else None
        if end is not None and not starts:
            # No desa stands between: the legend says what is there.
            end = max(value for value in present if value <= end)
        legend.append(Legend(no, _write_range(start, end, unit)))
    return classes, legend


def _write_range(start: int, end: int | None, unit: str) -> str:
    first = f"{start:,}".replace(",", ".")
    if end is None:
        return f"{first}{unit} atau lebih"
    last = f"{end:,}".replace(",", ".")
    return f"{first}{unit}" if start == end else f"{first}–{last}{unit}"
