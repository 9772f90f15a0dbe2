"""SQL of the front page: how many of what, and what waits for a hand."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any, NamedTuple

from node.tindakan.queries import DIFFERS_ONLY

OFFICE = ("alamat", "telepon", "email", "kepala_desa", "pola_nomor", "kertas")


class Counts(NamedTuple):
    """The few numbers of the front page; people and families are those that live here now."""

    penduduk: int
    laki_laki: int
    perempuan: int
    keluarga: int
    penerima: int
    tanpa_nik: int


class Work(NamedTuple):
    """What waits here: cases sent back, the nearest due date, other open cases."""

    dikembalikan: int
    batas_terdekat: str | None
    terbuka: int


def count_village(conn: sqlite3.Connection, desa: str) -> Counts:
    """Count people, families and recipients of the desa."""
    recipients = conn.execute(
        "SELECT count(*) FROM penerima_bantuan WHERE desa = ? AND status = 'aktif'", (desa,)
    ).fetchone()[0]
    return _count(conn, desa, "", recipients)


def count_area(conn: sqlite3.Connection, desa: str, dusun: str) -> Counts:
    """Count people and families of one dusun; recipients of aid are not counted."""
    return _count(conn, desa, dusun, 0)


def _count(conn: sqlite3.Connection, desa: str, dusun: str, recipients: int) -> Counts:
    alive = "coalesce(p.status_dasar, 1) = 1"
    people = conn.execute(
        f"SELECT count(*) FILTER (WHERE {alive}), count(*) FILTER (WHERE {alive} AND p.jenis_kelamin = 1),"
        f" count(*) FILTER (WHERE {alive} AND p.jenis_kelamin = 2),"
        f" count(DISTINCT p.keluarga) FILTER (WHERE {alive}),"
        f" count(*) FILTER (WHERE {alive} AND p.nik IS NULL)"
        " FROM penduduk p LEFT JOIN keluarga k ON k.id = p.keluarga AND k.desa = p.desa"
        " WHERE p.desa = ?1 AND (?2 = '' OR coalesce(p.dusun, k.dusun) = ?2)",
        (desa, dusun),
    ).fetchone()
    total, men, women, families, without_nik = people
    return Counts(total, men, women, families, recipients, without_nik)


def count_work(conn: sqlite3.Connection, desa: str) -> Work:
    """Count the cases that wait for this desa or for the kecamatan, but for those that are counted as differing."""
    row = conn.execute(
        "SELECT count(*) FILTER (WHERE status = 'dikembalikan'),"
        " min(batas_waktu) FILTER (WHERE status = 'dikembalikan'),"
        f" count(*) FILTER (WHERE status NOT IN ('dikembalikan', 'selesai') AND NOT ({DIFFERS_ONLY}))"
        " FROM kasus WHERE desa = ?",
        (desa,),
    ).fetchone()
    return Work(*row)


def name_subjects(conn: sqlite3.Connection, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Find what audited records are: the page that shows each, and its name there."""
    listed, among = json.dumps(list(ids)), "IN (SELECT value FROM json_each(?))"
    rows = conn.execute(
        f"SELECT id, 'penduduk', coalesce(nama, '') FROM penduduk WHERE id {among} UNION ALL"
        " SELECT id, 'keluarga', trim('Kartu keluarga ' || coalesce((SELECT p.nama FROM penduduk AS p"
        " WHERE p.keluarga = k.id AND p.hubungan = 1 ORDER BY p.status_dasar, p.id LIMIT 1), ''))"
        f" FROM keluarga AS k WHERE id {among} UNION ALL"
        " SELECT id, 'konsep', 'Konsep surat ' || replace(coalesce(jenis, ''), '-', ' ') FROM konsep_surat"
        f" WHERE id {among} UNION ALL"
        f" SELECT id, 'surat_terbit', 'Surat ' || coalesce(nomor, '') FROM surat WHERE id {among}",
        (listed,) * 4,
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def list_offices(conn: sqlite3.Connection, desa: str) -> list[dict[str, Any]]:
    """List what the records of the office say, empty fields as None."""
    names = ("id", *OFFICE, "konflik")
    rows = conn.execute(f"SELECT {', '.join(names)} FROM desa WHERE desa = ?", (desa,))
    return [
        {name: None if value == "" else value for name, value in zip(names, row, strict=True)} for row in rows
    ]


def list_own_logs(conn: sqlite3.Connection) -> set[str]:
    """List the logs that this computer writes and has written."""
    return {id for (id,) in conn.execute("SELECT id FROM log WHERE own = 1")}
