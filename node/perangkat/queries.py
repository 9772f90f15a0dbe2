"""SQL of perangkat: the officials of the desa, and the accounts they may be linked to."""

from __future__ import annotations

import sqlite3
from typing import Any

from node.penduduk.queries import read_rows
from node.perangkat.rules import PERANGKAT


def read_perangkat(conn: sqlite3.Connection, desa: str) -> list[dict[str, Any]]:
    """Read all terms of all officials of a desa, values as in a body."""
    ids = [row[0] for row in conn.execute("SELECT id FROM perangkat WHERE desa = ? ORDER BY id", (desa,))]
    return list(read_rows(conn, PERANGKAT, desa, ids).values())


def list_petugas(conn: sqlite3.Connection, desa: str) -> dict[str, str]:
    """List the officers who use the program in a desa by record id."""
    rows = conn.execute("SELECT id, coalesce(nama, '') FROM petugas WHERE desa = ? ORDER BY nama, id", (desa,))
    return {row[0]: row[1] for row in rows}


def list_accounts(conn: sqlite3.Connection, desa: str) -> list[tuple[str, str]]:
    """List the officers whom an official may be: people, and not the program itself."""
    rows = conn.execute(
        "SELECT id, coalesce(nama, '') FROM petugas WHERE desa = ? AND coalesce(peran, '') <> 'sistem'"
        " ORDER BY nama, id", (desa,),
    )
    return [(row[0], row[1]) for row in rows]


def list_with_letters(conn: sqlite3.Connection, desa: str, id: str) -> int:
    """Count the letters that an official has signed, whether still valid or not."""
    row = conn.execute("SELECT count(*) FROM surat WHERE desa = ? AND penandatangan = ?", (desa, id)).fetchone()
    return int(row[0])
