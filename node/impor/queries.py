"""SQL of the import: what it compares a file with, and what it remembers of a file afterwards."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from node.impor.columns import BY_FIELD
from shared.records.catalogue import Catalogue
from shared.records.kind import Kind
from shared.store.parity import name_heads

Row = tuple[Any, ...]

KINDS = ("dusun", "keluarga", "penduduk")
"""The kinds that an import writes, in dependency order."""


class BaseRow(NamedTuple):
    """What a source said last of one record: ``text`` is JSON, read only when it is asked for."""

    record: str
    text: str

    def values(self) -> dict[str, Any]:
        """Read the values by field name."""
        found: dict[str, Any] = json.loads(self.text)
        return found


class BaseWrite(NamedTuple):
    """One row of the base as it stands after the import."""

    kind: str
    key: str
    record: str
    text: str


@dataclass(frozen=True)
class LiveTable:
    """The records of one kind as they stand; ``conflicts`` holds the groups in conflict, by record.

    Rows are tuples in the order of ``names``: a village as dictionaries would cost ten times the memory.
    """

    names: tuple[str, ...]
    rows: Mapping[str, Row]
    conflicts: Mapping[str, frozenset[str]]
    places: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", {name: at for at, name in enumerate(self.names)})

    def get(self, record: str, name: str) -> Any:
        """Give one live value, None where it is empty."""
        return self.rows[record][self.places[name]]

    def group_by(self, name: str) -> dict[Any, list[str]]:
        """Give the records of each value of a field, in the order of their ids; empty values are left out."""
        at = self.places[name]
        groups: dict[Any, list[str]] = {}
        for record, row in self.rows.items():
            if row[at] is not None:
                groups.setdefault(row[at], []).append(record)
        return groups


@dataclass(frozen=True)
class Snapshot:
    """What a plan is made against; ``stamp`` changes when any of it may have changed."""

    stamp: str
    live: Mapping[str, LiveTable]
    base: Mapping[str, Mapping[str, BaseRow]]


def read_stamp(conn: sqlite3.Connection, wilayah: str, source: str) -> str:
    """Name the state of the desa's logs and of what is remembered of a source."""
    batch, undone = conn.execute(
        "SELECT max(b.id), count(u.batch) FROM import_batch b LEFT JOIN import_undo u ON u.batch = b.id"
        " WHERE b.source = ?",
        (source,),
    ).fetchone()
    return f"{name_heads(conn, wilayah)}:{batch or 0}:{undone}"


def load_snapshot(conn: sqlite3.Connection, catalogue: Catalogue, wilayah: str, source: str) -> Snapshot:
    """Read the live records of a desa and the base of a source."""
    base: dict[str, dict[str, BaseRow]] = {name: {} for name in KINDS}
    for kind, key, record, text in conn.execute(
        "SELECT kind, key, record, fields FROM import_base WHERE source = ?", (source,)
    ):
        base[kind][key] = BaseRow(record, text)
    live = {name: _load_live(conn, catalogue[name], wilayah) for name in KINDS}
    return Snapshot(read_stamp(conn, wilayah, source), live, base)


def _load_live(conn: sqlite3.Connection, kind: Kind, wilayah: str) -> LiveTable:
    """Read what the import may compare: the fields of its columns, which are all stored as they stand."""
    if kind.name == "penduduk":
        names = tuple(name for name in kind.fields if name in BY_FIELD or name == "keluarga")
    else:
        names = tuple(kind.fields)
    rows: dict[str, Row] = {}
    conflicts: dict[str, frozenset[str]] = {}
    for record, konflik, *values in conn.execute(
        f"SELECT id, konflik, {', '.join(names)} FROM {kind.name} WHERE desa = ? ORDER BY id", (wilayah,)
    ):
        rows[record] = tuple(values)
        if konflik:
            conflicts[record] = frozenset(konflik.split(","))
    return LiveTable(names, rows, conflicts)


def add_batch(
    conn: sqlite3.Connection, *, source: str, filename: str, sha256: str, time_s: int, petugas: str,
    counts: Mapping[str, int], first_pos: int | None, last_pos: int | None, is_partial: bool,
) -> int:
    """Keep what an import was, where its changes stand and where all logs ended then; return its id."""
    heads = {str(no): size for no, size in conn.execute("SELECT no, size FROM log")}
    cursor = conn.execute(
        "INSERT INTO import_batch (source, filename, sha256, time_s, petugas, counts, first_pos, last_pos, heads,"
        " sebagian) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            source, filename, sha256, time_s, petugas, json.dumps(counts), first_pos, last_pos,
            json.dumps(heads), int(is_partial),
        ),
    )
    return cursor.lastrowid or 0


def move_base(
    conn: sqlite3.Connection, source: str, batch: int,
    rows: Iterable[BaseWrite], stale: Iterable[tuple[str, str]],
) -> None:
    """Bring the base of a source up to what it has just said; what stood there is kept beside the batch.

    ``stale`` are the (kind, key) of records that the file now knows by another key.
    """
    written = list(rows)
    gone = list(stale)
    touched = dict.fromkeys([*gone, *((row.kind, row.key) for row in written)])
    conn.executemany(
        "INSERT INTO import_base_before SELECT ?, kind, key, record, fields, batch FROM import_base"
        " WHERE source = ? AND kind = ? AND key = ?",
        [(batch, source, kind, key) for kind, key in touched],
    )
    conn.executemany(
        "DELETE FROM import_base WHERE source = ? AND kind = ? AND key = ?",
        [(source, kind, key) for kind, key in gone],
    )
    conn.executemany(
        "INSERT OR REPLACE INTO import_base (source, kind, key, record, fields, batch)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [(source, *row, batch) for row in written],
    )


_ERASED = "(SELECT r.value FROM penghapusan p, json_each(coalesce(p.rekaman, '[]')) r)"


def forget_erased(conn: sqlite3.Connection) -> None:
    """Forget what sources said of records that a verdict of erasure concerns; the next import compares anew."""
    conn.execute("DELETE FROM import_base WHERE record IN " + _ERASED)
    conn.execute("DELETE FROM import_base_before WHERE record IN " + _ERASED)
