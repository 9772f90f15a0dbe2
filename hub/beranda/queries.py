"""What the first page asks: how many are there, what waits, and when the nodes were heard."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple


class NodeContact(NamedTuple):
    """One active node and when it was last heard; None for never."""

    desa: str
    nama: str
    last_s: int | None
    kunci: str


def list_contacts(conn: sqlite3.Connection) -> list[NodeContact]:
    """List the active nodes, the longest silent first."""
    rows = conn.execute(
        "SELECT s.wilayah, coalesce(s.nama, ''), c.last_s, coalesce(s.kunci, '')"
        " FROM simpul AS s LEFT JOIN contact AS c ON c.kunci = s.kunci"
        " WHERE coalesce(s.status, 'aktif') <> 'dicabut' AND s.wilayah IS NOT NULL"
        " ORDER BY c.last_s IS NOT NULL, c.last_s, s.wilayah, s.nama"
    )
    return [NodeContact(*row) for row in rows]


def count_candidates(conn: sqlite3.Connection) -> int:
    """Count the nodes that wait for somebody to compare their six words."""
    row = conn.execute(
        "SELECT count(*) FROM candidate c WHERE NOT EXISTS (SELECT 1 FROM simpul s WHERE s.kunci = c.kunci)"
    ).fetchone()
    return int(row[0])
