"""SQL of the pages of keluarga; who belongs to which family comes from the index of penduduk."""

from __future__ import annotations

import json
import sqlite3


def list_family_aid(
    conn: sqlite3.Connection, desa: str, keluarga: str, members: list[str]
) -> list[tuple[str, str, str, str, str]]:
    """List what a family and its members get: programme, its name, periode, status, id of the person."""
    rows = conn.execute(
        "SELECT b.program, coalesce(p.nama, '(program tidak dikenal)'), coalesce(b.periode, ''),"
        " coalesce(b.status, ''), coalesce(b.penduduk, '') FROM penerima_bantuan b"
        " LEFT JOIN program_bantuan p ON p.id = b.program WHERE b.desa = ? AND"
        " (b.keluarga = ? OR b.penduduk IN (SELECT value FROM json_each(?)))"
        " ORDER BY b.status, p.nama, b.periode",
        (desa, keluarga, json.dumps(members)),
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]
