"""What the hub knows of the letter numbers of a desa."""

from __future__ import annotations

import sqlite3


def find_present_log(conn: sqlite3.Connection, desa: str, kunci: str) -> str | None:
    """Find the log that an active key of a desa writes now: its newest; None where there is none."""
    row = conn.execute(
        "SELECT l.id FROM log l WHERE l.wilayah = ? AND l.peran = 'desa' AND l.kunci = ? AND"
        # Of several records of a key any that is not active decides.
        " (SELECT min(s.status = 'aktif') FROM simpul s WHERE s.kunci = ? AND s.wilayah = l.wilayah)"
        " ORDER BY l.no DESC LIMIT 1",
        (desa, bytes.fromhex(kunci), kunci),
    ).fetchone()
    return None if row is None else str(row[0])
