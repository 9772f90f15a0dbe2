"""A hash beside the rows that nobody has signed: what was noticed, and the second histories.

Whoever may write the file can write it anew; it shows a disk that gives back other bytes than it was given.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from hashlib import sha256

MARKED = {
    "branch": ("no", "log", "start", "ref", "size", "tree", "checkpoint", "time_s", "base", "proof"),
    "evidence": ("no", "time_s", "code", "log", "detail", "data"),
}
"""Table → the columns that its mark covers."""


def mark_rows(
    conn: sqlite3.Connection, table: str, no: int | None = None, columns: Sequence[str] = ()
) -> None:
    """Give one row of a table its mark, or all; call it in the transaction that has written them.

    ``columns`` are those that the mark covered in an earlier format.
    """
    rows = conn.execute(
        f"SELECT {', '.join(columns or MARKED[table])} FROM {table} WHERE ? IS NULL OR no = ?", (no, no)
    ).fetchall()
    conn.executemany(f"UPDATE {table} SET mark = ? WHERE no = ?", [(_hash(row), row[0]) for row in rows])


def find_unmarked(conn: sqlite3.Connection, table: str, columns: Sequence[str] = ()) -> list[int]:
    """List the numbers of the rows that are not as they were written."""
    rows = conn.execute(f"SELECT mark, {', '.join(columns or MARKED[table])} FROM {table} ORDER BY no")
    return [row[1] for row in rows if row[0] != _hash(row[1:])]


def _hash(row: tuple[object, ...]) -> bytes:
    return sha256(repr(row).encode("utf-8", "surrogatepass")).digest()
