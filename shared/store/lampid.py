"""What the tables and logs of one desa say of its residents, events and closed months; the shell of shared/lampid.

How a desa stood at a closing is folded again, from those changes that the closing counted: only records that were
written since differ from what the tables say now.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.changelog.change import decode_bodies, parse_ref
from shared.errors import ProtocolError
from shared.lampid.cells import KEPALA, Cell, Vector, make_cell
from shared.lampid.chain import COLUMNS, Peristiwa, list_history
from shared.lampid.month import Jiwa, Keadaan, list_names
from shared.lampid.names import Vectors, add_nameless, has_nameless, name_corrections, take_back
from shared.lampid.report import Laporan
from shared.lampid.state import Tutup, list_in_force
from shared.records.catalogue import Catalogue
from shared.records.penduduk import TIDAK_TETAP
from shared.store.bulan import read_months
from shared.store.changes import SEQ_BITS, SEQ_MASK
from shared.store.entries import Entry
from shared.store.records import Projector, iterate_histories

_ALIVE = 1
_BASE_MAX = 40
"""Logs that continue branches of branches are followed so far back."""


@dataclass(frozen=True)
class BukuDesa:
    """All that the reports of one desa are made of: ``months`` as recorded, ``in_force`` those that hold."""

    keadaan: Keadaan
    months: Mapping[str, Tutup]
    in_force: Sequence[Tutup]


def read_buku(conn: sqlite3.Connection, catalogue: Catalogue, desa: str) -> BukuDesa:
    """Read what the open months of a desa are counted from."""
    months = read_months(conn, catalogue, desa)
    in_force = list_in_force(months)
    jiwa, peristiwa = read_jiwa(conn, desa), read_peristiwa(conn, desa)
    dulu: dict[str, Jiwa | None] = {}
    lama: Collection[str] = ()
    if in_force:
        last = in_force[-1].sizes
        dulu = read_at(conn, catalogue, desa, last, list_written_since(conn, desa, last))
        lama = _list_lama(conn, desa, in_force[0].sizes, peristiwa, in_force[0].bulan)
    laporan = [month.laporan for month in in_force if month.laporan is not None]
    keadaan = Keadaan(jiwa, peristiwa, read_dusun(conn, desa), laporan, dulu, lama)
    return BukuDesa(keadaan, {month.bulan: month for month in months}, in_force)


def read_roster(
    conn: sqlite3.Connection, catalogue: Catalogue, desa: str, month: Tutup, before: Sequence[Tutup]
) -> dict[str, dict[Cell, int]]:
    """Say who was counted at the end of a closed month; ``before`` are the months in force before it.

    Its number is that of the month, but for whose bodies were erased since.
    """
    jiwa: dict[str, Jiwa | None] = dict(read_jiwa(conn, desa))
    jiwa.update(read_at(conn, catalogue, desa, month.sizes, list_written_since(conn, desa, month.sizes)))
    listed = [one.laporan for one in (*before, month) if one.laporan is not None]
    peristiwa = read_peristiwa(conn, desa)
    first = (before[0] if before else month)
    lama = _list_lama(conn, desa, first.sizes, peristiwa, first.bulan)
    keadaan = Keadaan({}, peristiwa, {}, listed, {}, lama)
    return list_names(keadaan, {id: one for id, one in jiwa.items() if one is not None})


def read_named(
    conn: sqlite3.Connection, catalogue: Catalogue, desa: str, month: Tutup, before: Sequence[Tutup]
) -> Laporan:
    """Read a closed month with the names of those whom its record counts without one; ``before`` as above."""
    laporan = month.laporan
    assert laporan is not None
    if not before or not has_nameless(laporan):
        return laporan
    start = read_roster(conn, catalogue, desa, before[-1], before[:-1])
    return name_corrections(laporan, start, read_roster(conn, catalogue, desa, month, before))


def _list_lama(
    conn: sqlite3.Connection, desa: str, sizes: Mapping[str, int], peristiwa: Mapping[str, Peristiwa], bulan: str
) -> Collection[str]:
    """List the events that were history when the first month was closed: neither they nor their undo may count."""
    within = _list_within(conn, desa, sizes, sorted(list_history(peristiwa, bulan)))
    return list_history({id: peristiwa[id] for id in within}, bulan)


def read_dusun(conn: sqlite3.Connection, desa: str) -> dict[str, str]:
    """Name the hamlets of a desa by id."""
    return dict(conn.execute("SELECT id, coalesce(nama, 'Tanpa nama') FROM dusun WHERE desa = ?", (desa,)))


_JIWA = (
    "SELECT p.id, coalesce(p.dusun, k.dusun), p.warganegara, p.jenis_kelamin, coalesce(p.hubungan, 0),"
    " coalesce(p.status_dasar, 1), coalesce(p.peristiwa, ''), coalesce(p.status_tinggal, '')"
    " FROM penduduk p LEFT JOIN keluarga k ON k.id = p.keluarga AND k.desa = p.desa WHERE p.desa = ?"
)


def read_jiwa(conn: sqlite3.Connection, desa: str) -> dict[str, Jiwa]:
    """Read every resident of a desa as he stands now.

    Who does not live here permanently is in no month, nor are his events: B.3 sums up B.1 and B.2, and he is in B.4
    (Permendagri 47/2016). Once he is a permanent resident his life counts, what came before as late.
    """
    cells: dict[tuple[Any, ...], Cell] = {}
    found = {}
    for id, *place, hubungan, status, last, tinggal in conn.execute(_JIWA, (desa,)):
        cell = None
        if tinggal == TIDAK_TETAP:
            last = ""
        elif status == _ALIVE:
            key = (*place, hubungan == KEPALA)
            cell = cells.get(key) or cells.setdefault(key, make_cell(*key))
        found[id] = Jiwa(cell, last)
    return found


def read_peristiwa(conn: sqlite3.Connection, desa: str) -> dict[str, Peristiwa]:
    """Read the events of a desa that have a date of report."""
    rows = conn.execute(
        f"SELECT {','.join(COLUMNS)} FROM peristiwa WHERE desa = ? AND jenis IS NOT NULL"
        " AND tanggal_lapor GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'"
        " AND substr(tanggal_lapor, 6, 2) BETWEEN '01' AND '12'",
        (desa,),
    )
    return {row[0]: Peristiwa(*row) for row in rows}


def list_sizes(conn: sqlite3.Connection, desa: str) -> list[str]:
    """List the logs of a desa that are held here, as ``log:size``; what a closing counts."""
    rows = conn.execute("SELECT id, size FROM log WHERE wilayah = ? AND size > 0 ORDER BY id", (desa,))
    return [f"{id}:{size}" for id, size in rows]


def lacks_logs(conn: sqlite3.Connection, desa: str, sizes: Mapping[str, int]) -> bool:
    """Tell whether something that a closing counted has not come here yet."""
    held = dict(conn.execute("SELECT id, size FROM log WHERE wilayah = ?", (desa,)))
    return any(held.get(log, 0) < size for log, size in sizes.items())


def list_written_since(conn: sqlite3.Connection, desa: str, sizes: Mapping[str, int]) -> set[str]:
    """List the residents whose place may differ from that at a closing: written since, or their family was."""
    found: set[str] = set()
    families: set[str] = set()
    for no, start in _find_starts(conn, desa, sizes).items():
        rows = conn.execute(
            "SELECT DISTINCT kind, record FROM change WHERE pos >= ? AND pos < ? AND kind IN ('penduduk', 'keluarga')",
            (no << SEQ_BITS | start, (no + 1) << SEQ_BITS),
        )
        for kind, record in rows:
            (found if kind == "penduduk" else families).add(record)
    if families:
        rows = conn.execute(
            "SELECT id FROM penduduk WHERE desa = ? AND dusun IS NULL"
            " AND keluarga IN (SELECT value FROM json_each(?))",
            (desa, json.dumps(sorted(families))),
        )
        found.update(row[0] for row in rows)
    return found


def read_at(
    conn: sqlite3.Connection, catalogue: Catalogue, desa: str, sizes: Mapping[str, int], ids: Iterable[str]
) -> dict[str, Jiwa | None]:
    """Fold some residents from those changes alone that a closing counted; None who was not there."""
    starts, projector = _find_starts(conn, desa, sizes), Projector(conn, catalogue)
    people: dict[str, dict[str, Any] | None] = dict.fromkeys(ids)
    for id, values in _fold_within(conn, catalogue, projector, desa, "penduduk", starts, list(people)):
        people[id] = values
    homes = {values["keluarga"] for values in people.values() if values and values["keluarga"] and not values["dusun"]}
    families = dict(_fold_within(conn, catalogue, projector, desa, "keluarga", starts, sorted(homes)))
    return {id: None if values is None else _make_jiwa(values, families) for id, values in people.items()}


def _make_jiwa(values: Mapping[str, Any], families: Mapping[str, Mapping[str, Any]]) -> Jiwa:
    if values["status_tinggal"] == TIDAK_TETAP:
        return Jiwa(None)
    if (values["status_dasar"] or _ALIVE) != _ALIVE:
        return Jiwa(None, values["peristiwa"] or "")
    dusun = values["dusun"] or families.get(values["keluarga"] or "", {}).get("dusun")
    cell = make_cell(dusun, values["warganegara"], values["jenis_kelamin"], values["hubungan"] == KEPALA)
    return Jiwa(cell, values["peristiwa"] or "")


def _fold_within(
    conn: sqlite3.Connection, catalogue: Catalogue, projector: Projector, desa: str, name: str,
    starts: Mapping[int, int], ids: Sequence[str],
) -> Iterable[tuple[str, dict[str, Any]]]:
    kind = catalogue[name]
    for id, entries in iterate_histories(conn, catalogue, desa, ids):
        own = [entry for entry in entries if _is_within(entry, starts)]
        if not own:
            continue
        state, reasons = projector.fold_entries(kind, own)
        if state.exists and not projector.is_emptied(kind, own, reasons):
            yield id, state.values(kind)


def _is_within(entry: Entry, starts: Mapping[int, int]) -> bool:
    return entry.pos & SEQ_MASK < starts.get(entry.pos >> SEQ_BITS, 0)


def _find_starts(conn: sqlite3.Connection, desa: str, sizes: Mapping[str, int]) -> dict[int, int]:
    """Say for each log of a desa, by number, how many of its changes a closing counted.

    A log that issues a branch again repeats what stood in another one: that was counted there.
    """
    logs, branches = {}, {}
    rows = conn.execute(
        f"SELECT l.id, l.no, c.body FROM log l LEFT JOIN change c ON c.pos = l.no << {SEQ_BITS} WHERE l.wilayah = ?",
        (desa,),
    )
    for id, no, body in rows:
        logs[id], branches[id] = no, _read_branch(body)
    return {no: _count_within(id, sizes, branches) for id, no in logs.items()}


def _read_branch(body: bytes | None) -> str:
    """Read from the first change of a log which branch it issues again; empty for none."""
    try:
        branch: str = (decode_bodies([body])[0] or {}).get("cabang", "")
        return branch if parse_ref(branch) else ""
    except (ProtocolError, TypeError):
        return ""


def _count_within(id: str, sizes: Mapping[str, int], branches: Mapping[str, str], depth: int = 0) -> int:
    own, branch = sizes.get(id, 0), branches.get(id, "")
    if own or not branch or depth > _BASE_MAX:
        return own
    before, start, _ = parse_ref(branch)
    counted = _count_within(before, sizes, branches, depth + 1)
    # Behind its first change, which opens it, it repeats the branch from ``start`` on.
    return 1 + counted - start if counted > start else 0


def _list_within(
    conn: sqlite3.Connection, desa: str, sizes: Mapping[str, int], ids: Sequence[str]
) -> frozenset[str]:
    """List which of some events a closing counted."""
    if not ids:
        return frozenset()
    starts = _find_starts(conn, desa, sizes)
    rows = conn.execute(
        "SELECT pos, record FROM change WHERE kind = 'peristiwa' AND record IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
    )
    return frozenset(record for pos, record in rows if pos & SEQ_MASK < starts.get(pos >> SEQ_BITS, 0))


def read_names(
    conn: sqlite3.Connection, catalogue: Catalogue, desa: str, ids: Iterable[str]
) -> dict[str, tuple[str, str, bool]]:
    """Give name, NIK and whether he is still recorded, of residents by id; of a deleted one as he last was."""
    wanted = [id for id in dict.fromkeys(ids) if id]
    rows = conn.execute(
        "SELECT id, coalesce(nama, ''), coalesce(nik, '') FROM penduduk"
        " WHERE desa = ? AND id IN (SELECT value FROM json_each(?))",
        (desa, json.dumps(wanted)),
    )
    found = {id: (nama, nik, True) for id, nama, nik in rows}
    gone = [id for id in wanted if id not in found]
    projector = Projector(conn, catalogue)
    for id, entries in iterate_histories(conn, catalogue, desa, gone):
        values = projector.fold_entries(catalogue["penduduk"], entries)[0].values(catalogue["penduduk"])
        found[id] = (values["nama"] or "", values["nik"] or "", False)
    return found


def read_vectors(
    conn: sqlite3.Connection, catalogue: Catalogue, desa: str, buku: BukuDesa, open_months: Sequence[Laporan],
    bulan: str, at_start: bool,
) -> dict[str, Vector]:
    """Say how everybody was counted at the end of a month, or at its start."""
    found: Vectors
    closed = [month for month in buku.in_force if month.bulan <= bulan]
    if closed and closed[-1].bulan == bulan:
        laporan = closed[-1].laporan
        assert laporan is not None
        found = add_nameless(read_roster(conn, catalogue, desa, closed[-1], closed[:-1]), laporan.akhir)
        undone = read_named(conn, catalogue, desa, closed[-1], closed[:-1]).gerak if at_start else ()
    else:
        found = {id: {one.cell: 1} for id, one in buku.keadaan.jiwa.items() if one.cell is not None}
        undone = [g for one in open_months if one.bulan > bulan or (at_start and one.bulan == bulan) for g in one.gerak]
    return {id: vector for id, vector in take_back(found, undone).items() if vector}
