"""A closed month as the text of its record, and back.

``isi`` names every movement (format 1). A month that is too long for it is written as ``isi_ringkas`` (format 2): equal
corrections are counted, not named, for they are what the logs had at this closing, less what they had at the last one
and less the events (shared/lampid/names.py gives the names back). Events are named in both: what is listed counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from shared.errors import UserError
from shared.lampid.cells import Cell, Vector, add, spread
from shared.lampid.report import NAMELESS, Gerak, Kolom, Laporan
from shared.records.lampid import ISI_MAX, RINGKAS_MAX

FORMAT, FORMAT_RINGKAS = 1, 2
_COUNTED_MAX = 1_000_000
"""So many corrections are counted at most: more than the largest desa has; a text cannot ask for all memory."""


def digest_laporan(isi: str | None, ukuran: Sequence[str] | None) -> str:
    """Digest what was closed (64 hex digits): an examination at the kecamatan says which one it has seen.

    ``isi`` is the text of either member, ``isi`` or ``isi_ringkas``.
    """
    return sha256(json.dumps([isi or "", list(ukuran or ())], separators=(",", ":")).encode()).hexdigest()


def write_isi(laporan: Laporan, *, is_first: bool) -> dict[str, str | None]:
    """Give the members ``isi`` and ``isi_ringkas`` of a month's record, one of them None; UserError if it fits neither.

    Of the first month (``is_first``) corrections stay named: there is no closing before it to tell them by.
    """
    isi = dump_laporan(laporan)
    if len(isi) <= ISI_MAX:
        return {"isi": isi, "isi_ringkas": None}
    ringkas = dump_ringkas(laporan, is_named=is_first)
    if len(ringkas) <= RINGKAS_MAX:
        return {"isi": None, "isi_ringkas": ringkas}
    count = sum(gerak.kolom is not Kolom.PEMBETULAN for gerak in laporan.gerak)
    raise UserError(
        f"Bulan ini memuat {count} peristiwa, lebih dari yang muat dalam satu laporan, jadi belum ditutup."
        " Datanya tidak berubah. Sampaikan ini kepada kecamatan.", "laporan_terlalu_besar",
    )


def dump_laporan(laporan: Laporan) -> str:
    """Write a report as JSON with every movement; equal reports are equal texts."""
    return _dump(laporan, {"format": FORMAT}, laporan.gerak)


def dump_ringkas(laporan: Laporan, *, is_named: bool = False) -> str:
    """Write a report as JSON with its corrections counted; equal reports are equal texts."""
    counted = {} if is_named else _count_corrections(laporan)
    rest = [gerak for gerak in laporan.gerak if gerak.kolom is not Kolom.PEMBETULAN or gerak.penduduk not in counted]
    patterns: dict[tuple[tuple[Cell, int], ...], int] = {}
    for pattern in counted.values():
        patterns[pattern] = patterns.get(pattern, 0) + 1
    places = _place(laporan)
    rows = [
        [patterns[pattern], *([*_write_cell(cell, places), count] for cell, count in pattern)]
        for pattern in sorted(patterns)
    ]
    return _dump(laporan, {"format": FORMAT_RINGKAS, "pembetulan": rows}, rest)


def _count_corrections(laporan: Laporan) -> dict[str, tuple[tuple[Cell, int], ...]]:
    """Say of everybody who was corrected how, cell by cell."""
    found: dict[str, dict[Cell, int]] = {}
    for gerak in laporan.gerak:
        if gerak.kolom is Kolom.PEMBETULAN and gerak.penduduk:
            own = found.setdefault(gerak.penduduk, {})
            own[gerak.cell] = own.get(gerak.cell, 0) + gerak.tanda
    return {id: write_pattern(own) for id, own in found.items()}


def write_pattern(vector: Vector) -> tuple[tuple[Cell, int], ...]:
    """Write a vector so that equal ones are equal, and may be counted."""
    return tuple(sorted((cell, count) for cell, count in vector.items() if count))


def _dump(laporan: Laporan, head: Mapping[str, Any], gerak: Sequence[Gerak]) -> str:
    places = _place(laporan)
    return json.dumps(
        {
            **head,
            "dusun": list(laporan.dusun.items()),
            "awal": [[*_write_cell(cell, places), laporan.awal[cell]] for cell in sorted(laporan.awal)],
            "gerak": [
                [one.kolom.value, one.penduduk, *_write_cell(one.cell, places), one.tanda, one.peristiwa, one.jenis,
                 one.lapor]
                for one in sorted(gerak)
            ],
        },
        ensure_ascii=False, separators=(",", ":"),
    )


def load_laporan(bulan: str, isi: str | None, ringkas: str | None = None) -> Laporan | None:
    """Read a report from ``isi``, or ``isi_ringkas`` where that is absent; None for what is none, whoever wrote it.

    Who was counted and not named is called "?1", "?2" … (:data:`shared.lampid.report.NAMELESS`).
    """
    try:
        members = json.loads(isi or ringkas or "")
        dusun = {str(id): str(nama) for id, nama in members["dusun"]}
        places = list(dusun)
        awal = add(*({_read_cell(row, places): _whole(row[4])} for row in members["awal"]))
        gerak = tuple(
            Gerak(Kolom(row[0]), str(row[1]), _read_cell(row[2:], places), _sign(row[6]), *map(str, row[7:10]))
            for row in members["gerak"]
        )
        if not isi:
            gerak = tuple(sorted((*gerak, *_read_counted(members["pembetulan"], places))))
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    return Laporan(bulan, dusun, awal, gerak)


def _read_counted(rows: Sequence[Any], places: Sequence[str]) -> Iterator[Gerak]:
    patterns = [(_whole(row[0]), {_read_cell(cell, places): _whole(cell[4]) for cell in row[1:]}) for row in rows]
    if any(times < 1 or not any(own.values()) for times, own in patterns):
        raise ValueError("nobody corrected, or nothing")
    if sum(times * sum(map(abs, own.values())) for times, own in patterns) > _COUNTED_MAX:
        raise ValueError("more corrections than any desa has")
    at = 0
    for times, own in patterns:
        steps = list(spread(own))
        for _ in range(times):
            at += 1
            for cell, sign in steps:
                yield Gerak(Kolom.PEMBETULAN, f"{NAMELESS}{at}", cell, sign)


def _place(laporan: Laporan) -> dict[str, int]:
    return {id: at for at, id in enumerate(laporan.dusun)}


def _write_cell(cell: Cell, places: Mapping[str, int]) -> tuple[int, int, int, int]:
    return places[cell.dusun], int(cell.wna), cell.sex, int(cell.kepala)


def _read_cell(row: Sequence[Any], places: Sequence[str]) -> Cell:
    at, wna, sex, kepala = map(_whole, row[:4])
    if at < 0 or wna not in (0, 1) or sex not in (0, 1, 2) or kepala not in (0, 1):
        raise ValueError("no cell")
    return Cell(places[at], bool(wna), sex, bool(kepala))


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise ValueError("no whole number")
    return value


def _sign(value: Any) -> int:
    if value not in (1, -1):
        raise ValueError("no sign")
    return _whole(value)
