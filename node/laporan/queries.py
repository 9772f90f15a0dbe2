"""SQL of reports and books: events with their dates, who signs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable
from datetime import date
from typing import NamedTuple

from node.beranda.kantor import read_office
from node.penduduk.rules import HIDUP, TIDAK_VALID
from node.perangkat.queries import read_perangkat
from node.perangkat.rules import Masa, order_rows, read_masa
from shared.lampid.chain import judge_life
from shared.lampid.month import list_gerak
from shared.lampid.report import Gerak
from shared.records.catalogue import Catalogue
from shared.records.penduduk import TIDAK_TETAP
from shared.store.lampid import BukuDesa, read_peristiwa
from shared.store.records import load_states

_AMONG = " IN (SELECT value FROM json_each(?))"


class Tanggal(NamedTuple):
    """When an event was, and when it was reported."""

    peristiwa: str
    lapor: str


class Penanda(NamedTuple):
    """Who signs in an office; ``nomor`` is the line below the name, empty where there is none."""

    sebutan: str
    nama: str
    nomor: str


def read_dates(conn: sqlite3.Connection, desa: str, ids: Iterable[str]) -> dict[str, Tanggal]:
    """Read the dates of some events by id."""
    rows = conn.execute(
        "SELECT id, coalesce(tanggal_peristiwa, ''), coalesce(tanggal_lapor, '') FROM peristiwa"
        f" WHERE desa = ? AND id{_AMONG}",
        (desa, json.dumps(list(ids))),
    )
    return {row[0]: Tanggal(row[1], row[2]) for row in rows}


def find_penanda(conn: sqlite3.Connection, desa: str, jabatan: str, day: str) -> Penanda | None:
    """Find who holds an office on a day (``YYYY-MM-DD``); the latest term where there are two."""
    on_date = date.fromisoformat(day)
    rows = [row for row in read_perangkat(conn, desa) if row["jabatan"] == jabatan]
    serving = [row for row in order_rows(rows) if read_masa(row, on_date) is Masa.MENJABAT]
    if not serving:
        return None
    row = max(serving, key=lambda row: str(row["mulai"] or row["tanggal_angkat"] or ""))
    nip, niap = row["nip"], row["niap"]
    return Penanda(row["sebutan"] or "", row["nama"] or "", f"NIP {nip}" if nip else f"NIAP {niap}" if niap else "")


def read_kepala(conn: sqlite3.Connection, desa: str) -> tuple[str, str]:
    """Read the head of the desa and the address of the office as the office record says.

    The head is "" where one was entered among the perangkat: he serves, or nobody does.
    """
    office = read_office(conn, desa)
    has_head = any(row["jabatan"] == "kades" for row in read_perangkat(conn, desa))
    return "" if has_head else str(office["kepala_desa"] or ""), str(office["alamat"] or "")


class Perjalanan(NamedTuple):
    """One event that counts, as the books write it; dates are ``YYYY-MM-DD``."""

    id: str
    penduduk: str
    jenis: str
    tanggal: str
    lapor: str
    dusun: str
    alamat: str
    tempat: str
    alasan: str


def read_perjalanan(conn: sqlite3.Connection, desa: str, people: Collection[str] | None = None) -> list[Perjalanan]:
    """Read the events of some residents (None: of all) that count and were not taken back, by date of report."""
    events = read_peristiwa(conn, desa)
    starts = conn.execute("SELECT id, peristiwa FROM penduduk WHERE desa = ? AND peristiwa IS NOT NULL", (desa,))
    counted: dict[str, int] = {}
    for penduduk, start in starts:
        if people is None or penduduk in people:
            for item in judge_life(penduduk, start, events).terhitung:
                counted[item.asal.id] = counted.get(item.asal.id, 0) + item.faktor
    wanted = [id for id, factor in counted.items() if factor > 0]
    rows = conn.execute(
        "SELECT id, penduduk, jenis, coalesce(tanggal_peristiwa, ''), coalesce(tanggal_lapor, ''), coalesce(dusun, ''),"
        " coalesce(alamat_lain, ''), coalesce(tempat, ''), coalesce(alasan, '') FROM peristiwa"
        f" WHERE desa = ? AND id{_AMONG} ORDER BY tanggal_lapor, id",
        (desa, json.dumps(wanted)),
    )
    return [Perjalanan(*row) for row in rows]


def list_temporary(conn: sqlite3.Connection, desa: str) -> frozenset[str]:
    """List who does not live here permanently."""
    rows = conn.execute("SELECT id FROM penduduk WHERE desa = ? AND status_tinggal = ?", (desa, TIDAK_TETAP))
    return frozenset(row[0] for row in rows)


class Bayi(NamedTuple):
    """A newborn with the birth that has brought it; ``lahir`` is ``YYYY-MM-DD``."""

    penduduk: str
    nama: str
    lahir: str
    ibu_nik: str
    keluarga: str
    is_twin: bool


def list_newborns(conn: sqlite3.Connection, desa: str, people: Iterable[str]) -> list[Bayi]:
    """List who came by a birth that stands, on a day on which one of some residents was born; these among them."""
    rows = conn.execute(
        "SELECT DISTINCT p.id, coalesce(p.nama, ''), p.tanggal_lahir, coalesce(p.ibu_nik, ''),"
        " coalesce(e.keluarga, ''), coalesce(e.jenis_kelahiran, 1) > 1 FROM penduduk p JOIN peristiwa e"
        " ON e.penduduk = p.id AND e.desa = p.desa AND e.jenis = 'lahir'"
        f" WHERE p.desa = ?1 AND coalesce(p.status_dasar, 1) <> {TIDAK_VALID} AND p.tanggal_lahir IN"
        " (SELECT q.tanggal_lahir FROM penduduk q WHERE q.desa = ?1 AND q.id IN (SELECT value FROM json_each(?2)))"
        " ORDER BY p.tanggal_lahir, 2, p.id",
        (desa, json.dumps(sorted(people))),
    )
    return [Bayi(id, nama, lahir, ibu, keluarga, bool(twin)) for id, nama, lahir, ibu, keluarga, twin in rows]


class Pendatang(NamedTuple):
    """A resident who lives here; ``lahir`` is ``YYYY-MM-DD``, empty as ``nik`` where it is not known."""

    penduduk: str
    nama: str
    lahir: str
    nik: str


def list_look_alikes(conn: sqlite3.Connection, desa: str, people: Iterable[str]) -> list[Pendatang]:
    """List who lives here for good and has the NIK or the birth date of one of some residents; these among them."""
    rows = conn.execute(
        "SELECT p.id, coalesce(p.nama, ''), coalesce(p.tanggal_lahir, ''), coalesce(p.nik, '') FROM penduduk p"
        f" WHERE p.desa = ?1 AND coalesce(p.status_dasar, 1) = {HIDUP}"
        f" AND coalesce(p.status_tinggal, '') <> '{TIDAK_TETAP}' AND (p.nik IN"
        " (SELECT q.nik FROM penduduk q WHERE q.desa = ?1 AND q.id IN (SELECT value FROM json_each(?2)))"
        " OR p.tanggal_lahir IN"
        " (SELECT q.tanggal_lahir FROM penduduk q WHERE q.desa = ?1 AND q.id IN (SELECT value FROM json_each(?2))))"
        " ORDER BY 2, p.id",
        (desa, json.dumps(sorted(people))),
    )
    return [Pendatang(*row) for row in rows]


def list_waiting(conn: sqlite3.Connection, catalogue: Catalogue, desa: str, buku: BukuDesa) -> list[Gerak]:
    """List what would count if another version of a status that waits for verval were chosen, and is in no month."""
    kind = catalogue["penduduk"]
    rows = conn.execute("SELECT id, konflik FROM penduduk WHERE desa = ? AND konflik IS NOT NULL", (desa,))
    disputed = sorted(row[0] for row in rows if "status" in row[1].split(","))
    if not disputed:
        return []
    keadaan, at = buku.keadaan, kind.groups["status"].index("peristiwa")
    listed = {one.peristiwa for laporan in keadaan.tutup for one in laporan.gerak} | set(keadaan.lama)
    found: dict[str, Gerak] = {}
    for id, state in load_states(conn, catalogue, kind, desa, disputed).items():
        values = state.values(kind)
        if values["status_tinggal"] == TIDAK_TETAP:
            continue
        live = values["peristiwa"] or ""
        counted = {one.peristiwa for one in list_gerak(keadaan.peristiwa, id, live)} | listed
        for _, version in state.groups["status"].versions:
            life = list_gerak(keadaan.peristiwa, id, version[at] or "") if version else []
            found.update((one.peristiwa, one) for one in life if one.peristiwa not in counted)
    return list(found.values())


def list_years(conn: sqlite3.Connection, desa: str) -> list[str]:
    """List the years in which something was reported, the newest first."""
    rows = conn.execute(
        "SELECT DISTINCT substr(tanggal_lapor, 1, 4) FROM peristiwa WHERE desa = ? AND tanggal_lapor IS NOT NULL"
        " ORDER BY 1 DESC",
        (desa,),
    )
    return [row[0] for row in rows]
