"""A hub's database in memory, filled with changes of invented desa; what the tests of findings stand on.

Logs are written in one order (by :class:`Writer`) and delivered in any other (by :meth:`HubDb.deliver`), as
nodes and hub do. People here are invented; every NIK begins with 330399.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Any

from sqlite_utils import Database as Tables

from hub.verval import findings
from hub.verval.queries import FindingRow, list_findings
from shared.changelog.change import FORMAT, Header, Op, Sealed, seal_change
from shared.changelog.tree import leaf_hash
from shared.merge.scope import Role
from shared.records.catalogue import CATALOGUE
from shared.store.changes import add_log, append, find_log
from shared.store.migrations import shared_migrations
from shared.store.entries import Entry
from shared.store.records import Projector, rebuild
from shared.store.rows import Observer, Touched
from shared.store.tables import columns_of, make_tables

KECAMATAN = "33.03.99"
DESA = ("33.03.99.2001", "33.03.99.2002", "33.03.99.2003")


@cache
def record_id(label: str) -> str:
    """Make a record id out of a word."""
    digits = sha256(label.encode()).hexdigest()
    return f"01990000-{digits[:4]}-7{digits[4:7]}-8{digits[7:10]}-{digits[10:22]}"


@dataclass(frozen=True)
class Change:
    """One sealed change, not yet delivered."""

    writer: Writer
    header: Header
    sealed: Sealed
    leaf: bytes
    values: Mapping[str, Any]

    @property
    def ref(self) -> str:
        return self.header.ref(self.leaf)


@dataclass(eq=False)
class Writer:
    """One log while it is being written."""

    name: str
    wilayah: str
    role: Role = Role.DESA
    size: int = 0

    @property
    def id(self) -> str:
        return sha256(self.name.encode()).hexdigest()[:32]

    @property
    def kunci(self) -> bytes:
        return sha256(b"kunci" + self.name.encode()).digest()

    def write(
        self, kind: str, label: str, op: Op, values: Mapping[str, Any], parents: Iterable[str] = (),
        groups: Iterable[str] = (),
    ) -> Change:
        """Seal the next change of this log; ``label`` becomes the record id."""
        header = Header(
            FORMAT, self.id, self.size, kind, 1, record_id(label), op.value, sorted(set(groups)),
            sorted(set(parents)), "", 0,
        )
        present = {name: value for name, value in values.items() if value is not None}
        sealed = seal_change(header, present, sha256(f"{self.name}:{self.size}".encode()).digest()[:16])
        self.size += 1
        return Change(self, header, sealed, leaf_hash(sealed.header, sealed.body_digest), present)

    def create(self, kind: str, label: str, **values: Any) -> Change:
        """Create a record."""
        return self.write(kind, label, Op.CREATE, values)

    def update(self, kind: str, label: str, parents: Sequence[Change], **values: Any) -> Change:
        """Write fields, having seen ``parents``; the caller gives all fields of the groups it touches."""
        groups = {CATALOGUE[kind].group_of[name] for name in values}
        return self.write(kind, label, Op.UPDATE, values, [change.ref for change in parents], groups)

    def delete(self, kind: str, label: str, parents: Sequence[Change]) -> Change:
        """Delete a record, having seen ``parents``."""
        return self.write(kind, label, Op.DELETE, {}, [change.ref for change in parents])


def desa_writer(number: int, name: str = "kantor") -> Writer:
    """Make the log of a node of one of the desa."""
    return Writer(f"{name}-{number}", DESA[number])


def channel_writer(number: int) -> Writer:
    """Make the hub's channel for one of the desa."""
    return Writer(f"saluran-{number}", DESA[number], Role.SALURAN)


def common_writer() -> Writer:
    """Make the hub's common channel."""
    return Writer("umum", KECAMATAN, Role.UMUM)


@dataclass
class HubDb:
    """An empty hub; ``observe`` may be None, to look at the record tables alone."""

    observe: Observer | None = findings.observe
    conn: sqlite3.Connection = field(init=False)

    def __post_init__(self) -> None:
        self.conn = sqlite3.connect(":memory:", isolation_level=None)
        shared_migrations.apply(Tables(self.conn, recursive_triggers=False, execute_plugins=False))
        make_tables(self.conn, CATALOGUE)
        findings.make_tables(self.conn)

    def deliver(self, *changes: Change) -> None:
        """Append changes (each log in its own order) and project them as one batch."""
        by_writer: dict[Writer, list[Change]] = {}
        for change in changes:
            by_writer.setdefault(change.writer, []).append(change)
        entries: list[Entry] = []
        for writer, own in by_writer.items():
            log = find_log(self.conn, writer.id) or add_log(
                self.conn, id=writer.id, origin=writer.name, wilayah=writer.wilayah, peran=writer.role,
                kunci=writer.kunci, own=False,
            )
            base = log.base + log.size
            append(self.conn, log, [c.sealed for c in own], [c.header for c in own], [c.leaf for c in own])
            entries += [Entry(base + at, c.header, dict(c.values), c.leaf) for at, c in enumerate(own)]
        Projector(self.conn, CATALOGUE, self.observe).project(entries)

    def rebuild(self) -> None:
        """Drop all projections and fold the logs again, judging once at the end."""
        findings.drop_tables(self.conn)
        findings.make_tables(self.conn)
        deferred = findings.DeferredFindings()
        rebuild(self.conn, CATALOGUE, deferred.observe)
        deferred.settle(self.conn)

    def judge_from_scratch(self) -> None:
        """Judge the record tables as they are, every record at once, having forgotten all findings."""
        findings.drop_tables(self.conn)
        findings.make_tables(self.conn)
        findings.observe(self.conn, list(self._touch_everything()))

    def _touch_everything(self) -> Iterable[Touched]:
        rows = self.conn.execute("SELECT DISTINCT record, desa, kind FROM conflict").fetchall()
        unsettled = {(record, desa) for record, desa, _ in rows}
        for kind in CATALOGUE:
            names = columns_of(kind)[2:-1]
            for id, desa, *values in self.conn.execute(f"SELECT * FROM {kind.name}").fetchall():
                new = dict(zip(names, values[:-1], strict=True))
                yield Touched(kind.name, desa, id, None, new, (id, desa) in unsettled)
        for record, desa, kind in rows + self.conn.execute("SELECT record, desa, kind FROM held").fetchall():
            yield Touched(kind, desa, record, None, None, (record, desa) in unsettled)

    def findings(self, kode: str | None = None, desa: str | None = None) -> list[FindingRow]:
        """List the findings that stand now."""
        return list_findings(self.conn, kode=kode, desa=desa)

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Read everything that the engine keeps, sorted."""
        names = ("temuan", "temuan_desa", "temuan_rekaman")
        return {name: sorted(self.conn.execute(f"SELECT * FROM {name}")) for name in names}
