"""SQL of letters that node and hub both read."""

from __future__ import annotations

import sqlite3
from typing import Any


def read_templates(conn: sqlite3.Connection, desa: str, slug: str | None = None) -> list[dict[str, Any]]:
    """Read the templates that a desa has written, oldest first; two computers may have written one slug each."""
    rows = conn.execute(
        "SELECT id, slug, nama, judul, isi, isian, syarat, kode_arsip, berlaku, satuan, kertas, aktif"
        " FROM templat_surat WHERE desa = ? AND (? IS NULL OR slug = ?) ORDER BY id",
        (desa, slug, slug),
    )
    names = [column[0] for column in rows.description]
    return [dict(zip(names, row, strict=True)) for row in rows]
