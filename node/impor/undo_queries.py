"""SQL of the list of imports and of taking one back: batches, their records, what came later, what points there."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.records.catalogue import Catalogue
from shared.records.fields import Rujukan

_SELECT = (
    "SELECT b.id, b.source, b.filename, b.time_s, b.petugas, b.counts, b.first_pos, b.last_pos, b.heads,"
    " b.sebagian, u.time_s, u.petugas, u.alasan, u.changes"
    " FROM import_batch b LEFT JOIN import_undo u ON u.batch = b.id"
)


@dataclass(frozen=True)
class Batch:
    """One import as it is remembered; the ``undone`` fields are empty while it stands."""

    id: int
    source: str
    filename: str
    time_s: int
    petugas: str
    counts: Mapping[str, int]
    first_pos: int | None
    last_pos: int | None
    heads: Mapping[int, int] = field(repr=False)
    is_partial: bool
    undone_s: int | None
    undone_by: str
    undone_reason: str
    undone_changes: int

    @property
    def size(self) -> int:
        """How many changes it wrote."""
        return 0 if self.first_pos is None or self.last_pos is None else self.last_pos - self.first_pos + 1

    @property
    def is_undone(self) -> bool:
        return self.undone_s is not None

    def holds(self, pos: int) -> bool:
        """Tell whether a change is one of this batch."""
        return self.first_pos is not None and self.last_pos is not None and self.first_pos <= pos <= self.last_pos


def list_batches(conn: sqlite3.Connection, limit: int = 200) -> list[Batch]:
    """List the imports, the newest first."""
    return [_read(row) for row in conn.execute(f"{_SELECT} ORDER BY b.id DESC LIMIT ?", (limit,))]


def find_batch(conn: sqlite3.Connection, id: int) -> Batch | None:
    """Find one import."""
    row = conn.execute(f"{_SELECT} WHERE b.id = ?", (id,)).fetchone()
    return None if row is None else _read(row)


def _read(row: tuple[Any, ...]) -> Batch:
    id, source, filename, time_s, petugas, counts, first_pos, last_pos, heads, partial, *undone = row
    undone_s, by, reason, changes = undone
    return Batch(
        id, source, filename, time_s, petugas, json.loads(counts), first_pos, last_pos,
        {int(no): size for no, size in json.loads(heads or "{}").items()}, bool(partial),
        undone_s, by or "", reason or "", changes or 0,
    )


def find_next(conn: sqlite3.Connection, batch: Batch) -> int | None:
    """Find the newest later import of the same source that stands and has written or learnt anything."""
    row = conn.execute(
        "SELECT max(b.id) FROM import_batch b WHERE b.source = ? AND b.id > ?"
        " AND NOT EXISTS (SELECT 1 FROM import_undo u WHERE u.batch = b.id) AND (b.first_pos IS NOT NULL"
        " OR EXISTS (SELECT 1 FROM import_base i WHERE i.source = b.source AND i.batch = b.id)"
        " OR EXISTS (SELECT 1 FROM import_base_before f WHERE f.batch = b.id))",
        (batch.source, batch.id),
    ).fetchone()
    return None if row[0] is None else int(row[0])


def list_records(conn: sqlite3.Connection, batch: Batch) -> dict[str, list[str]]:
    """List the records that a batch has written, by kind, in the order of writing."""
    found: dict[str, list[str]] = {}
    for kind, record in conn.execute(
        "SELECT kind, record FROM change WHERE pos BETWEEN ? AND ? GROUP BY record ORDER BY min(pos)",
        (batch.first_pos, batch.last_pos),
    ):
        found.setdefault(kind, []).append(record)
    return found


def iterate_other(conn: sqlite3.Connection, batch: Batch) -> Iterator[tuple[str, int, int]]:
    """Give record, log number and seq of every change outside a batch that touches a record of it."""
    return iter(conn.execute(
        "SELECT DISTINCT c.record, c.pos >> 40, c.pos & 1099511627775 FROM change b JOIN change c"
        " ON c.record = b.record WHERE b.pos BETWEEN ? AND ? AND NOT c.pos BETWEEN ? AND ?",
        (batch.first_pos, batch.last_pos, batch.first_pos, batch.last_pos),
    ))


def count_pointing(
    conn: sqlite3.Connection, catalogue: Catalogue, wilayah: str, made: frozenset[str], own: Collection[str]
) -> int:
    """Count the records of this desa, other than ``own``, that point to one of ``made``.

    A case of the kecamatan points to none: a doubt about a wrong import is no reason to keep it.
    """
    count = 0
    for kind in catalogue:
        names = [name for name, spec in kind.fields.items() if isinstance(spec, Rujukan)]
        if names:
            rows = conn.execute(f"SELECT id, {', '.join(names)} FROM {kind.name} WHERE desa = ?", (wilayah,))
            count += sum(1 for id, *values in rows if id not in own and not made.isdisjoint(values))
    return count


def restore_base(conn: sqlite3.Connection, batch: Batch) -> None:
    """Let a source have said what it had said before a batch."""
    conn.execute("DELETE FROM import_base WHERE source = ? AND batch = ?", (batch.source, batch.id))
    conn.execute(
        "INSERT INTO import_base (source, kind, key, record, fields, batch)"
        " SELECT ?, kind, key, record, fields, base_batch FROM import_base_before WHERE batch = ?",
        (batch.source, batch.id),
    )
    conn.execute("DELETE FROM import_base_before WHERE batch = ?", (batch.id,))


def add_undo(
    conn: sqlite3.Connection, batch: Batch, *, time_s: int, petugas: str, alasan: str, changes: int
) -> None:
    """Note that a batch was taken back."""
    conn.execute(
        "INSERT INTO import_undo (batch, time_s, petugas, alasan, changes) VALUES (?, ?, ?, ?, ?)",
        (batch.id, time_s, petugas, alasan, changes),
    )
