"""SQL of what the kecamatan tells of its own looks, and of what a look at a resident may have been written as."""

from __future__ import annotations

import json
import sqlite3
from typing import NamedTuple


class AksesFilter(NamedTuple):
    """What narrows the list; empty lets everything through. ``tanggal`` is ``YYYY-MM-DD``, ``rekaman`` an id."""

    nama: str = ""
    kegiatan: str = ""
    tanggal: str = ""
    rekaman: str = ""


class Akses(NamedTuple):
    """What one officer looked at in one day by one act; ``rekaman`` are the first ids of those it concerned."""

    tanggal: str
    nama: str
    peran: str
    kegiatan: str
    tentang: str
    keperluan: str
    penduduk: int
    keluarga: int
    bantuan: int
    rekaman: tuple[str, ...]


_WHERE = (
    " FROM akses WHERE desa = ?1 AND ?2 IN ('', nama) AND ?3 IN ('', kegiatan) AND ?4 IN ('', tanggal)"
    " AND (?5 = '' OR EXISTS (SELECT 1 FROM json_each(coalesce(rekaman, '[]')) AS r WHERE r.value = ?5))"
)


def count_akses(conn: sqlite3.Connection, desa: str, by: AksesFilter) -> int:
    """Count what the kecamatan has told."""
    return int(conn.execute(f"SELECT count(*){_WHERE}", (desa, *by)).fetchone()[0])


def list_akses(conn: sqlite3.Connection, desa: str, by: AksesFilter, offset: int, limit: int) -> list[Akses]:
    """List what the kecamatan has told, the newest day first."""
    rows = conn.execute(
        "SELECT coalesce(tanggal, ''), coalesce(nama, ''), coalesce(peran, ''), coalesce(kegiatan, ''),"
        " coalesce(tentang, ''), coalesce(keperluan, ''), coalesce(penduduk, 0), coalesce(keluarga, 0),"
        f" coalesce(bantuan, 0), coalesce(rekaman, '[]'){_WHERE} ORDER BY tanggal DESC, nama, id LIMIT ?6 OFFSET ?7",
        (desa, *by, limit, offset),
    )
    return [Akses._make((*row[:9], tuple(json.loads(row[9])))) for row in rows]


def list_choices(conn: sqlite3.Connection, desa: str) -> tuple[list[str], list[str]]:
    """List which officers looked, and which acts there were."""
    who = conn.execute("SELECT DISTINCT nama FROM akses WHERE desa = ? AND nama IS NOT NULL ORDER BY nama", (desa,))
    acts = conn.execute(
        "SELECT DISTINCT kegiatan FROM akses WHERE desa = ? AND kegiatan IS NOT NULL ORDER BY kegiatan", (desa,)
    )
    return [row[0] for row in who], [row[0] for row in acts]


def list_showing(conn: sqlite3.Connection, id: str) -> list[str]:
    """List the records whose print or scan shows a resident: drafts and letters; the resident first."""
    rows = conn.execute(
        "SELECT id FROM surat WHERE penduduk = ?1 UNION ALL SELECT id FROM konsep_surat WHERE pemohon = ?1", (id,)
    )
    return [id, *(row[0] for row in rows)]
