"""SQL of letters that node and hub both read."""

from __future__ import annotations

import sqlite3
from typing import Any

from shared.surat.batal import take_cancellation
from shared.surat.numbering import Block
from shared.surat.periksa import Key, Record


def read_templates(
    conn: sqlite3.Connection, desa: str, slug: str | None = None, id: str | None = None
) -> list[dict[str, Any]]:
    """Read the templates that a desa has written, by id: all, or those of a slug and the record ``id``.

    Two computers may have written one slug each; a template in dispute from its beginning has no slug.
    """
    rows = conn.execute(
        "SELECT id, slug, nama, judul, isi, isian, syarat, kode_arsip, berlaku, satuan, kertas, aktif,"
        " tentang, konflik"
        " FROM templat_surat WHERE desa = ? AND (? IS NULL OR slug = ? OR id = ?) ORDER BY id",
        (desa, slug, slug, id),
    )
    names = [column[0] for column in rows.description]
    return [dict(zip(names, row, strict=True)) for row in rows]


def read_paper(conn: sqlite3.Connection, desa: str) -> str | None:
    """Read the paper that an office has set for its letters; None where it has not, or its computers differ."""
    row = conn.execute(
        "SELECT kertas FROM desa WHERE desa = ? AND kertas IS NOT NULL ORDER BY id LIMIT 1", (desa,)
    ).fetchone()
    return row[0] if row is not None else None


def list_blocks(conn: sqlite3.Connection, desa: str, tahun: int) -> list[Block]:
    """List the blocks of numbers that the hub has given to the logs of a desa for a year, as far as known here."""
    rows = conn.execute(
        "SELECT catatan_log, dari, sampai FROM blok_nomor WHERE desa = ? AND tahun = ? AND dari IS NOT NULL"
        " AND sampai IS NOT NULL ORDER BY dari, id",
        (desa, tahun),
    )
    return [Block(log or "", dari, sampai) for log, dari, sampai in rows]


def list_used(conn: sqlite3.Connection, desa: str, tahun: int) -> list[int]:
    """List the numbers without a series that letters of a desa and year have, as far as they are known here."""
    rows = conn.execute(
        "SELECT urut FROM surat WHERE desa = ? AND tahun = ? AND coalesce(seri, '') = '' AND urut IS NOT NULL",
        (desa, tahun),
    )
    return [row[0] for row in rows]


def read_by_kode(conn: sqlite3.Connection, kode: str) -> Record | None:
    """Find the one letter of a code, cancelled where any version says so; a code in two desa proves neither."""
    rows = conn.execute(
        "SELECT desa, id, nomor, tanggal, judul, nama, berlaku_sampai, kode, tanda, kunci, batal, tanggal_batal,"
        " konflik FROM surat WHERE kode = ? LIMIT 2",
        (kode,),
    )
    names = [column[0] for column in rows.description]
    found = rows.fetchall()
    if len(found) != 1:
        return None
    values = dict(zip(names, found[0], strict=True))
    desa = values.pop("desa")
    return Record(take_cancellation(conn, desa, values["id"], values), desa)


def read_keys(conn: sqlite3.Connection) -> list[Key]:
    """List the keys that letters may be signed with: of every simpul that this side knows, and of its own logs."""
    rows = conn.execute(
        "SELECT kunci, wilayah, max(status IN ('dicabut', 'ditangguhkan')) FROM ("
        " SELECT kunci, wilayah, status FROM simpul"
        " UNION ALL SELECT lower(hex(kunci)), wilayah, '' FROM log WHERE own = 1 AND peran = 'desa')"
        " GROUP BY kunci, wilayah"
    )
    return [
        Key(bytes.fromhex(kunci), wilayah, bool(is_revoked)) for kunci, wilayah, is_revoked in rows if is_key(kunci)
    ]


def is_key(text: str | None) -> bool:
    """Tell whether a text of a record can be a key: 64 hex digits."""
    return text is not None and len(text) == 64 and not text.strip("0123456789abcdef")
