"""Writes what the fold gives into the tables: rows, conflicts, held changes, deletions; and tells observers."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

from shared.merge.fold import RecordState
from shared.records.catalogue import Catalogue
from shared.records.kind import EXISTENCE, Kind
from shared.store.entries import Entry
from shared.store.tables import columns_of, insert_sql

Reason = Literal["jenis_baru", "dicabut", "lingkup", "bentuk", "menunggu_induk", "galat"]
"""Why a change has no effect (sync_protocol.md 9.3)."""
REASONS: tuple[Reason, ...] = get_args(Reason)
PASSING: frozenset[Reason] = frozenset({"jenis_baru", "menunggu_induk"})
"""Those that end by themselves: with an upgrade, or when what is under way arrives. The others wait for people."""
FAILED: Reason = "galat"
"""Held because folding the record met a defect of this program; tried again whenever the data are opened."""


class Touched(NamedTuple):
    """A record that the projection has just written: live values before and after, None where absent."""

    kind: str
    desa: str
    record: str
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None
    unsettled: bool


Observer = Callable[[sqlite3.Connection, Sequence[Touched]], None]


class RowWriter:
    """Collects rows of one batch and stores them kind by kind with executemany."""

    def __init__(
        self, conn: sqlite3.Connection, catalogue: Catalogue, fresh: bool, observe: Observer | None
    ) -> None:
        self.conn, self.catalogue, self.fresh, self.observe = conn, catalogue, fresh, observe
        self.rows: dict[str, list[tuple[Any, ...]]] = {}
        self.news: dict[str, list[tuple[str, str, Mapping[str, Any] | None, bool]]] = {}
        self.conflicts: list[tuple[Any, ...]] = []
        self.holds: list[tuple[Any, ...]] = []
        self.deletions: list[tuple[str, str, str]] = []
        self.stale: list[tuple[str, str]] = []
        self.strays: set[tuple[str, str, str]] = set()
        """(record, desa, kind) that must have no row: deleted, never created, or now of another kind."""

    def create(self, kind: Kind, desa: str, record: str, values: Mapping[str, Any]) -> None:
        """Store a record that has one change, its creation."""
        row: list[Any] = [record, desa, *map(values.get, kind.fields), None]
        live = None if self.observe is None else dict(zip(kind.fields, row[2:-1], strict=True))
        self._convert(kind, row)
        if live is not None:
            self.news.setdefault(kind.name, []).append((desa, record, live, False))
        self.rows.setdefault(kind.name, []).append(tuple(row))

    def store(
        self, kind: Kind, desa: str, record: str, state: RecordState, entries: list[Entry],
        reasons: dict[int, str], *, is_empty: bool = False,
    ) -> None:
        """Store a folded record, its conflicts and what is held of it; of one that is empty no row is shown."""
        conflicts = ",".join(state.conflicts) or None
        values: dict[str, Any] | None = None
        if state.exists and not is_empty:
            values = {name: list(v) if isinstance(v, tuple) else v for name, v in state.values(kind).items()}
            row = [record, desa, *values.values(), conflicts]
            self._convert(kind, row)
        self.stale.append((record, desa))
        for entry in entries:
            if entry.pos in reasons:
                self.holds.append((entry.pos, desa, record, entry.header.kind, reasons[entry.pos]))
        for group in () if is_empty else state.conflicts:
            found = state.groups[group]
            heads = json.dumps(found.heads, separators=(",", ":"))
            self.conflicts.append((desa, record, kind.name, group, found.status.value, heads))
        for other in {e.header.kind for e in entries} & self.catalogue.kinds.keys() - {kind.name}:
            self.strays.add((record, desa, other))
            self.news.setdefault(other, []).append((desa, record, None, False))
        if values is None:
            self.strays.add((record, desa, kind.name))
            if EXISTENCE in state.groups and state.groups[EXISTENCE].live == (False,):
                self.deletions.append((record, desa, kind.name))
            unsettled = bool(state.conflicts) and not is_empty
            self.news.setdefault(kind.name, []).append((desa, record, None, unsettled))
            return
        self.rows.setdefault(kind.name, []).append(tuple(row))
        self.news.setdefault(kind.name, []).append((desa, record, values, bool(conflicts)))

    def forget(self, kind: str, desa: str, record: str) -> None:
        """Take away all that is shown of a record that has no changes left."""
        self.stale.append((record, desa))
        if kind in self.catalogue.kinds:
            self.strays.add((record, desa, kind))
            self.news.setdefault(kind, []).append((desa, record, None, False))

    def fail(self, entries: list[Entry], desa: str) -> None:
        """Hold every change of a record that this program cannot fold, and show nothing of it."""
        for kind in sorted({entry.header.kind for entry in entries}):
            self.forget(kind, desa, entries[0].header.record)
        self.hold(entries, desa, FAILED)

    def hold(self, entries: list[Entry], desa: str, reason: Reason) -> None:
        """Note changes that this program cannot project yet."""
        self.stale.append((entries[0].header.record, desa))
        self.holds.extend((e.pos, desa, e.header.record, e.header.kind, reason) for e in entries)

    def _convert(self, kind: Kind, row: list[Any]) -> None:
        for at, name in kind.special_columns:
            if row[at] is not None:
                row[at] = kind.fields[name].to_column(row[at])

    def flush(self) -> None:
        """Write everything collected; observers see old and new rows of what was touched."""
        touched = self._collect_touched()
        if not self.fresh:
            self._clear_stale()
        for name, rows in self.rows.items():
            verb = "INSERT" if self.fresh else "INSERT OR REPLACE"
            self.conn.executemany(insert_sql(self.catalogue[name], verb), rows)
        self.conn.executemany("INSERT INTO conflict VALUES (?, ?, ?, ?, ?, ?)", self.conflicts)
        self.conn.executemany("INSERT OR REPLACE INTO held VALUES (?, ?, ?, ?, ?)", self.holds)
        self.conn.executemany("INSERT OR REPLACE INTO deleted VALUES (?, ?, ?)", self.deletions)
        if self.observe is not None and touched:
            self.observe(self.conn, touched)

    def _clear_stale(self) -> None:
        self.conn.executemany("DELETE FROM conflict WHERE record = ? AND desa = ?", self.stale)
        self.conn.executemany("DELETE FROM held WHERE record = ? AND desa = ?", self.stale)
        self.conn.executemany("DELETE FROM deleted WHERE record = ? AND desa = ?", self.stale)
        for record, desa, name in self.strays:
            self.conn.execute(
                f"DELETE FROM {self.catalogue[name].name} WHERE id = ? AND desa = ?", (record, desa)
            )

    def _collect_touched(self) -> list[Touched]:
        if self.observe is None:
            return []
        touched: list[Touched] = []
        for name, news in self.news.items():
            kind = self.catalogue[name]
            old = {} if self.fresh else self._read_old(kind, [record for _, record, _, _ in news])
            touched += [
                Touched(name, desa, record, old.get((record, desa)), new, unsettled)
                for desa, record, new, unsettled in news
            ]
        return touched

    def _read_old(self, kind: Kind, records: list[str]) -> dict[tuple[str, str], dict[str, Any]]:
        rows = self.conn.execute(
            f"SELECT * FROM {kind.name} WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(records),)
        )
        columns = columns_of(kind)
        special = kind.special_columns
        old: dict[tuple[str, str], dict[str, Any]] = {}
        for row in map(list, rows):
            for at, name in special:
                row[at] = kind.fields[name].from_column(row[at])
            old[row[0], row[1]] = dict(zip(columns[2:-1], row[2:-1], strict=True))
        return old
