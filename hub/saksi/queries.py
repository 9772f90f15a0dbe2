"""SQL of the witnesses: whose key is pinned for which reader, and what each has cosigned last."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from shared.store.evidence import add_event


class Pinned(NamedTuple):
    """The key of one witness; ``is_first_use`` where no operator handed it over before."""

    reader: str
    vkey: str
    pinned_s: int
    is_first_use: int


class Witnessed(NamedTuple):
    """The cosignature that a witness gave last on one log (its number here)."""

    log: int
    size: int
    time_s: int
    note: bytes


def pin_witness(conn: sqlite3.Connection, pinned: Pinned) -> None:
    """Pin the key of a reader's witness; the reader has none yet."""
    conn.execute(
        "INSERT INTO witness (reader, vkey, pinned_s, is_first_use) VALUES (?, ?, ?, ?)", pinned
    )


def find_witness(conn: sqlite3.Connection, reader: str) -> Pinned | None:
    """Find the key that is pinned for a reader."""
    row = conn.execute(
        "SELECT reader, vkey, pinned_s, is_first_use FROM witness WHERE reader = ?", (reader,)
    ).fetchone()
    return None if row is None else Pinned(*row)


def list_witnesses(conn: sqlite3.Connection) -> list[Pinned]:
    """List the pinned keys by reader."""
    rows = conn.execute("SELECT reader, vkey, pinned_s, is_first_use FROM witness ORDER BY reader")
    return [Pinned(*row) for row in rows]


def forget_witness(conn: sqlite3.Connection, reader: str) -> bool:
    """Unpin a reader's key; False when there is none. What it cosigned stays as evidence."""
    return conn.execute("DELETE FROM witness WHERE reader = ?", (reader,)).rowcount == 1


def keep_cosignature(conn: sqlite3.Connection, vkey: str, found: Witnessed) -> None:
    """Keep a cosignature unless a larger or later one of the same key on the same log is here."""
    conn.execute(
        "INSERT INTO cosignature (log, vkey, size, time_s, note) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (log, vkey) DO UPDATE SET size = excluded.size, time_s = excluded.time_s,"
        " note = excluded.note WHERE (excluded.size, excluded.time_s) > (size, time_s)",
        (found.log, vkey, found.size, found.time_s, found.note),
    )


def list_cosignatures(conn: sqlite3.Connection, vkey: str) -> dict[int, Witnessed]:
    """Give what a key has cosigned last, by log."""
    rows = conn.execute("SELECT log, size, time_s, note FROM cosignature WHERE vkey = ?", (vkey,))
    return {row[0]: Witnessed(*row) for row in rows}


def list_keys(conn: sqlite3.Connection) -> list[str]:
    """List the keys that have cosigned anything, those no longer pinned among them."""
    return [str(row[0]) for row in conn.execute("SELECT DISTINCT vkey FROM cosignature ORDER BY vkey")]


def keep_evidence(conn: sqlite3.Connection, time_s: int, code: str, origin: str, detail: str, data: bytes) -> None:
    """Keep a note that contradicts what is held here, once."""
    known = conn.execute("SELECT 1 FROM evidence WHERE log = ? AND data = ?", (origin, data)).fetchone()
    if known is None:
        add_event(conn, time_s, code, origin, detail, data)


def list_evidence(conn: sqlite3.Connection) -> list[tuple[int, str, bytes]]:
    """List time, code and note of what a witness has proven against this hub, newest first."""
    return conn.execute(
        "SELECT time_s, code, data FROM evidence WHERE code IN ('saksi_mundur', 'saksi_cabang') ORDER BY no DESC"
    ).fetchall()
