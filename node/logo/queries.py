"""SQL of the logo: one row or none."""

from __future__ import annotations

import sqlite3

from node.logo.image import Logo


def read_stored_logo(conn: sqlite3.Connection) -> Logo | None:
    """Read the logo of this computer; None when nobody has chosen one."""
    row = conn.execute("SELECT png, width, height FROM logo").fetchone()
    return None if row is None else Logo(bytes(row[0]), row[1], row[2])


def store_logo(conn: sqlite3.Connection, logo: Logo | None) -> None:
    """Put a logo in the place of the former one; None takes it away."""
    conn.execute("DELETE FROM logo")
    if logo is not None:
        conn.execute("INSERT INTO logo (no, png, width, height) VALUES (1, ?, ?, ?)",
                     (logo.png, logo.width, logo.height))
