"""SQL of the exports: rows of a kind, rows touched since given places of the logs, and the readers."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from shared.records.kind import Kind
from shared.store.changes import SEQ_BITS
from shared.store.tables import columns_of


class Stretch(NamedTuple):
    """Changes of one log from ``low`` to ``high`` (positions, exclusive), and whose records they write."""

    low: int
    high: int
    wilayah: str


def each_row(conn: sqlite3.Connection, kind: Kind) -> Iterator[tuple[Any, ...]]:
    """Read all rows of a kind as its columns say, by desa and id."""
    columns = ",".join(columns_of(kind))
    yield from conn.execute(f"SELECT {columns} FROM {kind.name} ORDER BY desa, id")


def each_touched(
    conn: sqlite3.Connection, kind: Kind, stretches: Iterable[Stretch]
) -> Iterator[tuple[Any, ...]]:
    """Read (desa, id, then the columns of the row or None) of every record that the stretches touch.

    A record counts for a kind when it has a row there now, or when any of its changes says that kind: the
    kind of a record whose changes disagree can change with a late arrival.
    """
    columns = ",".join(f"k.{column}" for column in columns_of(kind))
    yield from conn.execute(
        f"""WITH touched (record, desa) AS MATERIALIZED (
            SELECT DISTINCT c.record, json_extract(s.value, '$[2]')
            FROM json_each(?) s CROSS JOIN change c
            WHERE c.pos >= json_extract(s.value, '$[0]') AND c.pos < json_extract(s.value, '$[1]'))
        SELECT t.desa, t.record, {columns}
        FROM touched t LEFT JOIN {kind.name} k ON k.id = t.record AND k.desa = t.desa
        WHERE k.id IS NOT NULL OR EXISTS (
            SELECT 1 FROM change c JOIN log l ON l.no = c.pos >> {SEQ_BITS}
            WHERE c.record = t.record AND c.kind = ? AND l.wilayah = t.desa)
        ORDER BY t.desa, t.record""",
        (json.dumps([list(stretch) for stretch in stretches]), kind.name),
    )


def list_log_ids(conn: sqlite3.Connection) -> dict[int, str]:
    """Map log numbers, which only this file knows, to log ids, which every replica knows."""
    return dict(conn.execute("SELECT no, id FROM log"))


def add_reader(
    conn: sqlite3.Connection, name: str, token_hash: bytes, created_s: int, identified: bool
) -> bool:
    """Store a reader; False when the name is taken."""
    cursor = conn.execute(
        "INSERT OR IGNORE INTO export_reader (name, token_hash, created_s, identified) VALUES (?, ?, ?, ?)",
        (name, token_hash, created_s, int(identified)),
    )
    return cursor.rowcount == 1


def remove_reader(conn: sqlite3.Connection, name: str) -> bool:
    """Remove a reader; False when there is none of that name."""
    return conn.execute("DELETE FROM export_reader WHERE name = ?", (name,)).rowcount == 1


def list_readers(conn: sqlite3.Connection) -> list[tuple[str, int, int]]:
    """List name, time of making and flag of all readers."""
    return conn.execute("SELECT name, created_s, identified FROM export_reader ORDER BY name").fetchall()


def find_reader(conn: sqlite3.Connection, token_hash: bytes) -> tuple[str, int, int] | None:
    """Find name, time of making and flag of the reader with this token."""
    row: tuple[str, int, int] | None = conn.execute(
        "SELECT name, created_s, identified FROM export_reader WHERE token_hash = ?", (token_hash,)
    ).fetchone()
    return row
