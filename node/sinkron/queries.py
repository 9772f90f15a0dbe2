"""SQL of the page of synchronisation: what was received, what is held back and why."""

from __future__ import annotations

import sqlite3

from shared.store.verdicts import list_key_records


def count_received(conn: sqlite3.Connection) -> int:
    """Count the changes of other writers that are here: the kecamatan and other computers of the desa."""
    return int(conn.execute("SELECT coalesce(sum(size), 0) FROM log WHERE own = 0").fetchone()[0])


def count_held(conn: sqlite3.Connection) -> list[tuple[str, int]]:
    """Count the changes without effect by reason."""
    rows = conn.execute("SELECT alasan, count(*) FROM held GROUP BY alasan ORDER BY alasan")
    return [(str(row[0]), int(row[1])) for row in rows]


def list_computers(conn: sqlite3.Connection, desa: str) -> list[tuple[str, str, int]]:
    """List the other computers of the desa: name, status, changes that came from them."""
    rows = conn.execute(
        "SELECT coalesce(s.nama, 'Komputer lain'), coalesce(s.status, ''),"
        " (SELECT coalesce(sum(l.size), 0) FROM log l WHERE lower(hex(l.kunci)) = s.kunci AND l.own = 0)"
        " FROM simpul s WHERE s.wilayah = ? ORDER BY s.nama, s.id",
        (desa,),
    )
    return [(str(row[0]), str(row[1]), int(row[2])) for row in rows]


def find_trust(conn: sqlite3.Connection, kunci: str) -> tuple[str, str]:
    """Tell how the kecamatan stands to a key: status and reason; empty where it has not said anything yet."""
    records = list_key_records(conn, kunci)
    return (records[0].status, records[0].sebab) if records else ("", "")
