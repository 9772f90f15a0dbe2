"""SQL of the reports and moves of the kecamatan."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from hub.lampid.pairing import Ujung, read_code
from shared.lampid.chain import COLUMNS, Peristiwa, judge_life
from shared.records.lampid import MATI
from shared.surat.batal import is_disputed, read_cancellations


def list_bulan(conn: sqlite3.Connection) -> list[str]:
    """List the months that any desa has closed, the newest first."""
    rows = conn.execute(
        "SELECT DISTINCT bulan FROM laporan_lampid WHERE bulan GLOB '[12][0-9][0-9][0-9]-[01][0-9]' ORDER BY 1 DESC"
    )
    return [row[0] for row in rows]


_MOVES = "('pindah', 'datang', 'kembali')"
_ENDS = (
    "SELECT e.desa, e.id, e.jenis, e.penduduk, coalesce(p.nama, ''), coalesce(p.nik, ''),"
    " coalesce(e.tanggal_peristiwa, ''), coalesce(e.tanggal_lapor, ''), coalesce(e.desa_lain, ''),"
    " coalesce(e.token, ''), p.peristiwa FROM peristiwa e JOIN penduduk p ON p.id = e.penduduk AND p.desa = e.desa"
    f" WHERE e.jenis IN {_MOVES} AND (e.token IS NOT NULL OR e.desa_lain IS NOT NULL OR p.nik IS NOT NULL)"
)


def list_ends(conn: sqlite3.Connection, ids: Iterable[str] | None = None) -> list[Ujung]:
    """List the ends of moves, all or some by id: events that count, and that nobody has taken back."""
    if ids is None:
        rows = conn.execute(_ENDS).fetchall()
    else:
        listed = json.dumps(list(ids))
        rows = conn.execute(f"{_ENDS} AND e.id IN (SELECT value FROM json_each(?))", (listed,)).fetchall()
    starts = {(row[0], row[3]): row[10] for row in rows}
    standing = _list_standing(conn, starts)
    return [Ujung(*row[:10]) for row in rows if (row[0], row[1]) in standing]


def _list_standing(conn: sqlite3.Connection, starts: Mapping[tuple[str, str], str | None]) -> set[tuple[str, str]]:
    """List the events (with their desa) of some residents that count and stand."""
    rows = conn.execute(
        f"SELECT desa, {','.join(COLUMNS)} FROM peristiwa WHERE penduduk IN (SELECT value FROM json_each(?))"
        " AND jenis IS NOT NULL AND tanggal_lapor IS NOT NULL",
        (json.dumps([penduduk for _, penduduk in starts]),),
    )
    events: dict[str, dict[str, Peristiwa]] = {}
    for desa, *row in rows:
        events.setdefault(desa, {})[row[0]] = Peristiwa(*row)
    found = set()
    for (desa, penduduk), start in starts.items():
        net: dict[str, int] = {}
        for item in judge_life(penduduk, start, events.get(desa, {})).terhitung:
            net[item.asal.id] = net.get(item.asal.id, 0) + item.faktor
        found |= {(desa, id) for id, factor in net.items() if factor > 0}
    return found


def find_kin(conn: sqlite3.Connection, ids: Iterable[str], niks: Iterable[str], tokens: Iterable[str]) -> set[str]:
    """Find the moves that share a code or a NIK with some events, NIK or codes, however far that leads."""
    known: set[str] = set()
    fresh, niks, tokens = set(ids), set(niks), {read_code(token) for token in tokens}
    while True:
        rows = conn.execute(
            "SELECT e.id, coalesce(p.nik, ''), coalesce(e.token, '') FROM peristiwa e"
            " LEFT JOIN penduduk p ON p.id = e.penduduk AND p.desa = e.desa"
            f" WHERE e.jenis IN {_MOVES} AND (e.id IN (SELECT value FROM json_each(?1))"
            " OR (e.token IS NOT NULL AND ?2 <> '[]' AND upper(replace(replace(replace(e.token, '-', ''), ' ', ''),"
            " '.', '')) IN (SELECT value FROM json_each(?2))) OR e.penduduk IN (SELECT q.id FROM penduduk q"
            " WHERE q.nik IN (SELECT value FROM json_each(?3))))",
            tuple(json.dumps(sorted(filter(None, values))) for values in (fresh, tokens, niks)),
        ).fetchall()
        found = {row[0] for row in rows}
        if found <= known:
            return known
        known |= found
        niks, tokens, fresh = {row[1] for row in rows}, {read_code(row[2]) for row in rows}, set()


def list_moves_of(conn: sqlite3.Connection, people: Iterable[str]) -> set[str]:
    """List the moves of some residents."""
    rows = conn.execute(
        f"SELECT id FROM peristiwa WHERE jenis IN {_MOVES}"
        " AND penduduk IN (SELECT value FROM json_each(?))",
        (json.dumps(list(people)),),
    )
    return {row[0] for row in rows}


def list_reported(conn: sqlite3.Connection, after: str, until: str) -> set[str]:
    """List the moves that were reported behind one day and up to another."""
    rows = conn.execute(
        f"SELECT id FROM peristiwa WHERE jenis IN {_MOVES} AND tanggal_lapor > ? AND tanggal_lapor <= ?",
        (after, until),
    )
    return {row[0] for row in rows}


class Mati(NamedTuple):
    """A resident who has died, and when (``YYYY-MM-DD``, empty where that is unknown)."""

    desa: str
    penduduk: str
    nik: str
    tanggal: str


def list_dead(conn: sqlite3.Connection, people: Iterable[str]) -> list[Mati]:
    """List who of some residents has died."""
    rows = conn.execute(
        "SELECT p.desa, p.id, coalesce(p.nik, ''), coalesce(CASE WHEN e.jenis = 'mati' THEN e.tanggal_peristiwa END,"
        " p.tanggal_status, '') FROM penduduk p LEFT JOIN peristiwa e ON e.id = p.peristiwa AND e.desa = p.desa"
        " WHERE p.status_dasar = 2 AND p.id IN (SELECT value FROM json_each(?)) ORDER BY p.desa, p.id",
        (json.dumps(list(people)),),
    )
    return [Mati(*row) for row in rows]


def list_people_with(conn: sqlite3.Connection, niks: Iterable[str]) -> list[tuple[str, str, str, int]]:
    """List the residents of some NIK, of all desa: desa, id, NIK, status."""
    rows = conn.execute(
        "SELECT desa, id, nik, coalesce(status_dasar, 1) FROM penduduk"
        " WHERE nik IN (SELECT value FROM json_each(?)) ORDER BY desa, id",
        (json.dumps(sorted(filter(None, niks))),),
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def list_letters(conn: sqlite3.Connection, people: Iterable[str]) -> list[tuple[str, str, str, str]]:
    """List the letters of some residents that were not cancelled: desa, id, resident, date; none about a death."""
    rows = conn.execute(
        "SELECT desa, id, penduduk, coalesce(tanggal, ''), konflik FROM surat"
        f" WHERE coalesce(batal, 0) = 0 AND coalesce(tentang, '') <> '{MATI}'"
        " AND penduduk IN (SELECT value FROM json_each(?)) ORDER BY desa, id",
        (json.dumps(list(people)),),
    ).fetchall()
    return [
        (desa, id, penduduk, day) for desa, id, penduduk, day, konflik in rows
        if not (is_disputed(konflik) and read_cancellations(conn, desa, [id]))
    ]


def list_owners(conn: sqlite3.Connection, events: Iterable[str]) -> set[str]:
    """List whose some events are."""
    rows = conn.execute(
        "SELECT penduduk FROM peristiwa WHERE penduduk IS NOT NULL AND id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(events)),),
    )
    return {row[0] for row in rows}
