"""The months that a desa has closed, as recorded; of several contents of a locked one that which the kecamatan locked.

A second computer may close a month that was locked meanwhile, for it has not heard of it; its creation of the record
also disputes what the kecamatan has said, with nothing. What was locked stands all the same, on every side: the hub's
word is asked for behind the live value, and the content that it names by digest is looked for among all that ever was.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shared.lampid.isi import digest_laporan, load_laporan
from shared.lampid.report import name_laporan
from shared.lampid.state import Taraf, Tutup
from shared.merge.fold import RecordState
from shared.records.catalogue import Catalogue
from shared.records.kind import Kind
from shared.store.entries import Entry
from shared.store.records import Projector, iterate_histories

LAPORAN, PERIKSA = "laporan", "periksa"
_COLUMNS = (
    "bulan", "isi", "isi_ringkas", "ukuran", "nihil", "tanggal_tutup", "ditutup_oleh", "status", "isi_diperiksa",
    "catatan", "diperiksa_oleh", "konflik",
)


def read_months(
    conn: sqlite3.Connection, catalogue: Catalogue, desa: str, bulan: str | None = None
) -> list[Tutup]:
    """Read the months that a desa has closed, in order; what has not the id of its month is none.

    With ``bulan`` that one, and of the earlier ones those from the last locked one on: they say whether it holds.
    """
    rows = conn.execute(
        f"SELECT id, {', '.join(_COLUMNS)} FROM laporan_lampid"
        " WHERE desa = ?1 AND (?2 IS NULL OR bulan IS NULL OR (bulan <= ?2 AND bulan >= coalesce((SELECT max(bulan)"
        " FROM laporan_lampid WHERE desa = ?1 AND status = 'terkunci' AND bulan < ?2), '')))",
        (desa, bulan),
    ).fetchall()
    found = [_read_month(conn, catalogue, desa, row[0], dict(zip(_COLUMNS, row[1:], strict=True))) for row in rows]
    return sorted((month for month in found if month is not None), key=lambda month: month.bulan)


def list_locked(conn: sqlite3.Connection, catalogue: Catalogue, desa: str) -> list[str]:
    """List the months of a desa that are locked, without reading the others."""
    rows = conn.execute(
        f"SELECT id, {', '.join(_COLUMNS)} FROM laporan_lampid WHERE desa = ?"
        " AND (status = 'terkunci' OR konflik IS NOT NULL)",
        (desa,),
    ).fetchall()
    found = [_read_month(conn, catalogue, desa, row[0], dict(zip(_COLUMNS, row[1:], strict=True))) for row in rows]
    return sorted(month.bulan for month in found if month is not None and month.taraf is Taraf.TERKUNCI)


def read_content(conn: sqlite3.Connection, catalogue: Catalogue, desa: str, month: Tutup) -> dict[str, Any]:
    """Read the members of the content of a month that holds, to be written once more."""
    _, entries = _load(conn, catalogue, catalogue["laporan_lampid"], desa, month.id)
    return find_locked(list(_list_contents(month.id, desa, entries)), month.digest) or {}


def _read_month(
    conn: sqlite3.Connection, catalogue: Catalogue, desa: str, id: str, row: dict[str, Any]
) -> Tutup | None:
    ukuran = json.loads(row["ukuran"] or "[]")
    is_disputed, overtaken = LAPORAN in (row["konflik"] or "").split(","), False
    if row["konflik"] or (row["status"] == Taraf.TERKUNCI and _digest(row, ukuran) != row["isi_diperiksa"]):
        kind = catalogue["laporan_lampid"]
        state, entries = _load(conn, catalogue, kind, desa, id)
        row |= find_examination(state, kind)
        contents = list(_list_contents(id, desa, entries))
        if row["status"] == Taraf.TERKUNCI:
            locked = find_locked(contents, row["isi_diperiksa"])
            if locked is not None:
                row |= locked
                is_disputed, overtaken = False, _is_overtaken(state, kind, row["isi_diperiksa"])
                ukuran = locked["ukuran"] or []
        # Of a content in dispute the month stands in no column; every version says it.
        row["bulan"] = row["bulan"] or next((one["bulan"] for one in contents), None)
    bulan = row["bulan"] or ""
    if id != name_laporan(desa, bulan):
        return None
    return Tutup(
        id, bulan, load_laporan(bulan, row["isi"], row["isi_ringkas"]), tuple(ukuran), _digest(row, ukuran),
        bool(row["nihil"]), row["tanggal_tutup"] or "", row["ditutup_oleh"] or "", row["status"] or "",
        row["isi_diperiksa"] or "", row["catatan"] or "", row["diperiksa_oleh"] or "", is_disputed, overtaken,
    )


def _digest(content: Mapping[str, Any], ukuran: Sequence[str]) -> str:
    return digest_laporan(content["isi"] or content["isi_ringkas"], ukuran)


def _load(
    conn: sqlite3.Connection, catalogue: Catalogue, kind: Kind, desa: str, id: str
) -> tuple[RecordState, list[Entry]]:
    for _, entries in iterate_histories(conn, catalogue, desa, [id]):
        return Projector(conn, catalogue).fold_entries(kind, entries)[0], entries
    return RecordState({}), []


def _list_contents(id: str, desa: str, entries: Sequence[Entry]) -> Iterator[dict[str, Any]]:
    """List every content that a month was ever given here, the earliest place first."""
    for entry in entries:
        values = entry.values or {}
        bulan = values.get("bulan")
        if isinstance(bulan, str) and id == name_laporan(desa, bulan):
            names = ("bulan", "isi", "isi_ringkas", "ukuran", "nihil", "tanggal_tutup", "ditutup_oleh")
            yield {name: values.get(name) for name in names}


def find_examination(state: RecordState, kind: Kind) -> dict[str, Any]:
    """Give what the kecamatan has said of a month, also while a second creation disputes it; {} for nothing. Pure.

    Of several words of the kecamatan a lock holds, else the live one; of two others none.
    """
    group, names = state.groups.get(PERIKSA), kind.groups[PERIKSA]
    if group is None:
        return {}
    told = [dict(zip(names, values, strict=True)) for values in (group.live, *(one for _, one in group.versions))]
    said = [one for one in told if one["status"]]
    locked = [one for one in said if one["status"] == Taraf.TERKUNCI]
    if locked:
        return locked[0]
    return said[0] if said and (said[0] is told[0] or len({one["isi_diperiksa"] for one in said}) == 1) else {}


def find_locked(contents: Sequence[dict[str, Any]], digest: str | None) -> dict[str, Any] | None:
    """Find the content of a month that the kecamatan has locked, by its digest. Pure."""
    return next((one for one in contents if _digest(one, one["ukuran"] or []) == digest), None)


def _is_overtaken(state: RecordState, kind: Kind, digest: str) -> bool:
    """Tell whether somebody closed the month with another content, and nobody has put that aside yet."""
    group, names = state.groups.get(LAPORAN), kind.groups[LAPORAN]
    if group is None:
        return False
    told = [dict(zip(names, values, strict=True)) for values in (group.live, *(one for _, one in group.versions))]
    return any(one["bulan"] and _digest(one, one["ukuran"] or []) != digest for one in told)
