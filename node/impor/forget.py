"""Takes out of the memory of imports what the kecamatan has erased: what a file once said of these records."""

from __future__ import annotations

import sqlite3


def forget_erased(conn: sqlite3.Connection) -> None:
    """Forget what sources said of records that a verdict of erasure concerns; the next import compares anew."""
    for table in ("import_base", "import_base_before"):
        conn.execute(
            f"DELETE FROM {table} WHERE record IN"
            " (SELECT r.value FROM penghapusan p, json_each(coalesce(p.rekaman, '[]')) r)"
        )
