"""SQL of events: those of a month, of a resident, of one report, and which months are closed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from node.perangkat.queries import read_perangkat
from node.perangkat.rules import Masa, name_jabatan, order_rows, read_masa
from shared.lampid.chain import COLUMNS, Peristiwa

_AMONG = " IN (SELECT value FROM json_each(?))"


class EventRow(NamedTuple):
    """One event in a list, with the name of its person; ``asal`` is the kind that a *batal* takes back."""

    id: str
    jenis: str
    penduduk: str
    nama: str
    tanggal_peristiwa: str
    tanggal_lapor: str
    rombongan: str
    asal: str
    dusun: str
    token: str


_EVENT = (
    "SELECT e.id, e.jenis, e.penduduk, coalesce(p.nama, '(data sudah dihapus)'), coalesce(e.tanggal_peristiwa, ''),"
    " coalesce(e.tanggal_lapor, ''), coalesce(e.rombongan, ''), coalesce(b.jenis, ''), coalesce(d.nama, ''),"
    " coalesce(e.token, '') FROM peristiwa e"
    " LEFT JOIN penduduk p ON p.id = e.penduduk AND p.desa = e.desa"
    " LEFT JOIN peristiwa b ON b.id = e.dibatalkan AND b.desa = e.desa"
    " LEFT JOIN dusun d ON d.id = e.dusun AND d.desa = e.desa WHERE e.desa = ?"
)


def list_month(conn: sqlite3.Connection, desa: str, month: str) -> list[EventRow]:
    """List the events that were reported in a month (2026-11), the newest first."""
    rows = conn.execute(
        f"{_EVENT} AND e.tanggal_lapor >= ? AND e.tanggal_lapor < ? ORDER BY e.tanggal_lapor DESC, e.id DESC",
        (desa, f"{month}-01", f"{month}-32"),
    )
    return [EventRow._make(row) for row in rows]


def list_of_people(conn: sqlite3.Connection, desa: str, people: Iterable[str]) -> list[EventRow]:
    """List all events of some residents, the newest report first."""
    rows = conn.execute(
        f"{_EVENT} AND e.penduduk{_AMONG} ORDER BY e.tanggal_lapor DESC, e.id DESC", (desa, json.dumps(list(people)))
    )
    return [EventRow._make(row) for row in rows]


def list_together(conn: sqlite3.Connection, desa: str, first: str) -> list[EventRow]:
    """List the events that were reported together, the first included."""
    rows = conn.execute(f"{_EVENT} AND (e.rombongan = ? OR e.id = ?) ORDER BY e.id", (desa, first, first))
    return [EventRow._make(row) for row in rows]


def count_months(conn: sqlite3.Connection, desa: str) -> list[tuple[str, int]]:
    """Count the events of every month that has some, the newest first."""
    rows = conn.execute(
        "SELECT substr(tanggal_lapor, 1, 7), count(*) FROM peristiwa WHERE desa = ? AND tanggal_lapor IS NOT NULL"
        " GROUP BY 1 ORDER BY 1 DESC",
        (desa,),
    )
    return [(row[0], int(row[1])) for row in rows]


def read_lives(
    conn: sqlite3.Connection, desa: str, people: Iterable[str]
) -> tuple[dict[str, str], dict[str, Peristiwa]]:
    """Read what the law asks of some residents: which event each live status names, and all their events by id."""
    listed = json.dumps(list(people))
    starts = conn.execute(
        f"SELECT id, peristiwa FROM penduduk WHERE desa = ? AND id{_AMONG} AND peristiwa IS NOT NULL", (desa, listed)
    )
    events = conn.execute(
        f"SELECT {','.join(COLUMNS)} FROM peristiwa WHERE desa = ? AND penduduk{_AMONG}", (desa, listed)
    )
    return {row[0]: row[1] for row in starts}, {row[0]: Peristiwa._make(row) for row in events}


def is_closed(conn: sqlite3.Connection, desa: str, month: str) -> bool:
    """Tell whether a month was closed and not returned by the kecamatan: what is reported in it now is late."""
    row = conn.execute(
        "SELECT 1 FROM laporan_lampid WHERE desa = ? AND bulan = ? AND tanggal_tutup IS NOT NULL"
        " AND coalesce(status, '') <> 'dikembalikan'", (desa, month)
    ).fetchone()
    return row is not None


def list_offices(conn: sqlite3.Connection, desa: str, people: Iterable[str], day: str) -> list[Sequence[Any]]:
    """List the offices in the desa that some residents hold or will: record, name, office, account or ""."""
    wanted, on_date = set(people), date.fromisoformat(day)
    accounts = dict(
        conn.execute("SELECT id, coalesce(nama, '') FROM petugas WHERE desa = ? AND coalesce(aktif, 1)", (desa,))
    )
    return [
        (row["id"], row["nama"] or "", name_jabatan(row), accounts.get(row["petugas"], ""))
        for row in order_rows(read_perangkat(conn, desa))
        if row["penduduk"] in wanted and read_masa(row, on_date) in (Masa.MENJABAT, Masa.BELUM)
    ]
