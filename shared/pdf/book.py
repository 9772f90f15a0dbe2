"""Sets a book (template *buku*) as one PDF however long it is, without the memory of all its pages at once.

A long book is set in parts, each in a process of its own, and joined. A part ends where a page of the whole book ends,
so nobody sees on paper where one part meets the next: first every part is measured, then it is set with the number of
its first page and of all pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from shared.pdf.apart import join_apart, measure_apart, typeset_apart
from shared.pdf.typeset import NO_IMAGES, typeset

ROWS_AT_HAND_MAX = 60
"""A book of so many rows is set where letters are set, which is faster; a longer one apart."""
ROWS_AT_ONCE_MAX = 400
"""Rows set at once: the typesetter takes a quarter of a megabyte for each, and offices have old computers."""
_SAME_PT = 0.5

Report = Callable[[int, int], None]
"""Told how much is done, of how much."""


class _Part(NamedTuple):
    """Rows ``start`` to ``end`` (counted from 0, ``end`` not included) and the pages that they fill."""

    start: int
    end: int
    pages: int


def typeset_book(
    data: Mapping[str, Any], *, timestamp_s: int, images: Mapping[str, bytes] = NO_IMAGES,
    report: Report = lambda done, total: None,
) -> bytes:
    """Set one book (rows in ``isi``) as PDF; the same arguments give the same bytes.

    Raises as :func:`shared.pdf.typeset.typeset` does, and whatever ``report`` raises.
    """
    if len(data["isi"]) > ROWS_AT_ONCE_MAX:
        return _typeset_long(data, timestamp_s, images, report)
    make = typeset_apart if len(data["isi"]) > ROWS_AT_HAND_MAX else typeset
    return make("buku", data, timestamp_s=timestamp_s, images=images)


def _typeset_long(data: Mapping[str, Any], timestamp_s: int, images: Mapping[str, bytes], report: Report) -> bytes:
    count = len(data["isi"])
    work = 2 * count
    parts: list[_Part] = []
    while not parts or parts[-1].end < count:
        report(parts[-1].end if parts else 0, work)
        parts.append(_measure_part(data, parts[-1].end if parts else 0, images))
    total, made, first = sum(part.pages for part in parts), [], 1
    for part in parts:
        report(count + part.start, work)
        made.append(typeset_apart(
            "buku", {**_cut(data, part.start, part.end), "halaman": first, "dari": total}, timestamp_s=timestamp_s,
            # Tags that tell a screen reader of every cell make a file ten times as large, and joining loses them.
            images=images, is_tagged=False,
        ))
        first += part.pages
    report(work - 1, work)
    return join_apart(made, total)


def _measure_part(data: Mapping[str, Any], start: int, images: Mapping[str, bytes]) -> _Part:
    """Find where the part ends that begins with a row: with a page, unless the book ends with it."""
    end = min(start + ROWS_AT_ONCE_MAX, len(data["isi"]))
    found = measure_apart("buku", {**_cut(data, start, end), "ukur": True}, images=images)
    if end == len(data["isi"]):
        return _Part(start, end, found["halaman"])
    rows, pages = find_seam([(page, top) for page, top in found["baris"]], found["halaman"])
    return _Part(start, start + rows, pages)


def find_seam(places: Sequence[tuple[int, float]], pages: int) -> tuple[int, int]:
    """Find how many of some rows fill whole pages, and how many of the ``pages`` of all of them.

    ``places``: of every row the page it begins on and how far from its top (pt). A row that begins a page lower than
    others do follows the rest of a row that was cut by the page, so a part cannot end before it. Where no page
    can end a part, all rows are taken, and the last page stays partly empty.
    """
    begins = [at for at in range(1, len(places)) if places[at][0] != places[at - 1][0]]
    top = min((places[at][1] for at in begins), default=0.0)
    clean = [at for at in begins if places[at][1] < top + _SAME_PT]
    if not clean:
        return len(places), pages
    return clean[-1], places[clean[-1]][0] - 1


def _cut(data: Mapping[str, Any], start: int, end: int) -> dict[str, Any]:
    """Give what the template needs of some rows: heading with the first, sums and signatures with the last."""
    part = {**data, "isi": data["isi"][start:end], "awal": start == 0}
    if end < len(data["isi"]):
        part |= {"jumlah": [], "catatan": "", "kiri": None, "kanan": None}
    return part
