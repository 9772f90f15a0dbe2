"""SQL of events: those of a month, of a resident, of one report, and which months are closed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from node.lampid.rules import is_named
from node.perangkat.queries import read_perangkat
from node.perangkat.rules import Masa, name_jabatan, order_rows, read_masa
from shared.lampid.chain import COLUMNS, Peristiwa
from shared.lampid.report import name_laporan
from shared.lampid.state import Taraf
from shared.records.catalogue import Catalogue
from shared.records.lampid import BATAL, LAHIR, PINDAH
from shared.store.bulan import read_months
from shared.surat.batal import take_cancellation

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


class Disebut(NamedTuple):
    """An event that a letter speaks of; ``batal`` is the event that took it back, "" where none did."""

    id: str
    penduduk: str
    nama: str
    batal: str


class Letter(NamedTuple):
    """A letter that holds, as the page of an event names it."""

    id: str
    nomor: str
    judul: str


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


def list_voiding(conn: sqlite3.Connection, desa: str, people: Iterable[str]) -> dict[str, str]:
    """List which events of some residents were taken back, each with the event that did it."""
    rows = conn.execute(
        f"SELECT dibatalkan, id FROM peristiwa WHERE desa = ? AND jenis = ? AND penduduk{_AMONG}",
        (desa, BATAL, json.dumps(list(people))),
    )
    return {row[0]: row[1] for row in rows if row[0]}


def list_told(conn: sqlite3.Connection, desa: str, letter: Mapping[str, Any]) -> list[Disebut]:
    """List the events that an issued letter speaks of; ``letter`` has id, tentang, penduduk and cetakan.

    That is the newest event of its kind before it, of its person and of those it names: who moved along, a child born
    in the family. Record ids rise with time, so they tell what was first.
    """
    rows = conn.execute(
        "SELECT e.id, e.penduduk, coalesce(p.nama, ''), coalesce(b.id, '') FROM peristiwa e"
        " LEFT JOIN penduduk p ON p.id = e.penduduk AND p.desa = e.desa"
        " LEFT JOIN peristiwa b ON b.penduduk = e.penduduk AND b.desa = e.desa AND b.dibatalkan = e.id AND b.jenis = ?5"
        " WHERE e.desa = ?1 AND e.jenis = ?2 AND e.id < ?3 AND (e.penduduk = ?4 OR (e.jenis = ?6 AND"
        " coalesce(e.rombongan, e.id) IN (SELECT coalesce(rombongan, id) FROM peristiwa WHERE penduduk = ?4))"
        " OR (e.jenis = ?7 AND e.keluarga = (SELECT keluarga FROM penduduk WHERE id = ?4 AND desa = ?1)))"
        " ORDER BY e.id",
        (desa, letter["tentang"], letter["id"], letter["penduduk"], BATAL, PINDAH, LAHIR),
    )
    newest = {found.penduduk: found for found in map(Disebut._make, rows)}
    return [
        found for found in newest.values()
        if found.penduduk == letter["penduduk"] or is_named(str(letter["cetakan"] or ""), found.nama)
    ]


def list_letters_about(conn: sqlite3.Connection, desa: str, events: Sequence[str]) -> list[Letter]:
    """List the letters that speak of one of some events and are not cancelled."""
    rows = conn.execute(
        f"WITH said AS (SELECT jenis, keluarga, coalesce(rombongan, id) AS awal FROM peristiwa WHERE id{_AMONG})"
        " SELECT id, nomor, judul, tentang, penduduk, cetakan, batal, konflik FROM surat WHERE desa = ?"
        " AND tentang IN (SELECT jenis FROM said) AND penduduk IN (SELECT penduduk FROM peristiwa"
        " WHERE coalesce(rombongan, id) IN (SELECT awal FROM said)"
        " UNION SELECT id FROM penduduk WHERE keluarga IN (SELECT keluarga FROM said)) ORDER BY id",
        (json.dumps(list(events)), desa),
    )
    names = [column[0] for column in rows.description]
    found = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
    return [
        Letter(row["id"], row["nomor"] or "", row["judul"] or "") for row in found
        if not take_cancellation(conn, desa, row["id"], row)["batal"]
        and any(told.id in events for told in list_told(conn, desa, row))
    ]


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


def is_closed(conn: sqlite3.Connection, catalogue: Catalogue, desa: str, month: str) -> bool:
    """Tell whether a month was closed and not returned by the kecamatan: what is reported in it now is late."""
    row = conn.execute(
        "SELECT status, konflik FROM laporan_lampid WHERE desa = ? AND (bulan = ? OR id = ?)",
        (desa, month, name_laporan(desa, month)),
    ).fetchone()
    if row is None:
        return False
    if not row[1]:
        return bool(row[0] != Taraf.DIKEMBALIKAN)
    # Of a month that two computers have closed the row says less than it is: it may be locked.
    months = read_months(conn, catalogue, desa, month)
    return any(one.bulan == month and one.taraf not in (Taraf.SENGKETA, Taraf.DIKEMBALIKAN) for one in months)


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


def read_signed_day(conn: sqlite3.Connection) -> str:
    """Give the last day (``YYYY-MM-DD``) of a receipt of the kecamatan; "" where there is none."""
    row = conn.execute("SELECT date(max(time_s), 'unixepoch', '+7 hours') FROM receipt").fetchone()
    return row[0] or ""
