"""Carries out a plan: one transaction, from the first change to the memory of what the source said."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from node.change import write_drafts
from node.impor.check import CleanRow
from node.impor.clean import clean
from node.impor.columns import BY_FIELD
from node.impor.penduduk import Bacaan
from node.impor.plan import Plan, Write, make_plan
from node.impor.problems import Akibat
from node.impor.queries import add_batch, load_snapshot, move_base, read_stamp
from node.services import NodeServices
from shared.changelog.change import parse_ref
from shared.clock import today
from shared.errors import DamageError
from shared.store.changes import find_log
from shared.store.drafts import Draft, draft_create, draft_update
from shared.store.records import load_states

Progress = Callable[[int, int], None]

_IDENTITY = ("nik", "nama", "tanggal_lahir", "ibu_nama", "no_kk")

DRAFTS_MAX = 1000
"""How many changes are written between two signs of progress."""


@dataclass(frozen=True)
class SourceFile:
    """Which file an import came from; ``name`` without its folder."""

    name: str
    sha256: str


@dataclass(frozen=True)
class BatchResult:
    """What an import wrote. ``plan`` is the one that was carried out: a new one if ``is_replanned``.

    The positions bound the changes in the log; they are None when nothing had to be written.
    """

    batch: int
    plan: Plan
    is_replanned: bool
    first_pos: int | None
    last_pos: int | None


def plan_import(services: NodeServices, bacaan: Bacaan, source: str, *, is_partial: bool = False) -> Plan:
    """Plan the import of a file against what stands in the database now."""
    with services.database.read() as conn:
        return _plan(services, conn, bacaan, source, is_partial)


def apply(
    services: NodeServices, plan: Plan, author: str, progress: Progress | None = None,
    *, file: SourceFile = SourceFile("", ""),
) -> BatchResult:
    """Write everything or nothing; ``author`` is the record id of the petugas.

    A plan that was made before something else was written is made anew, so that nobody's work is
    overwritten. ``progress`` is told changes written and changes planned.
    """
    with services.database.write() as conn:
        is_replanned = read_stamp(conn, services.wilayah, plan.source) != plan.stamp
        if is_replanned:
            plan = _plan(services, conn, plan.bacaan, plan.source, plan.is_partial)
        first_pos, last_pos = _write(services, conn, plan.writes, author, progress)
        batch = add_batch(
            conn, source=plan.source, filename=file.name, sha256=file.sha256, time_s=services.clock.now_s(),
            petugas=author, counts=plan.counts, first_pos=first_pos, last_pos=last_pos,
            is_partial=plan.is_partial,
        )
        move_base(conn, plan.source, batch, plan.base, plan.stale)
    return BatchResult(batch, plan, is_replanned, first_pos, last_pos)


def _plan(
    services: NodeServices, conn: sqlite3.Connection, bacaan: Bacaan, source: str, is_partial: bool
) -> Plan:
    snapshot = load_snapshot(conn, services.catalogue, services.wilayah, source)
    rejected = _read_rejected(bacaan, today(services.clock))
    return make_plan(
        bacaan, rejected, snapshot, catalogue=services.catalogue, new_id=services.new_id, source=source,
        is_partial=is_partial,
    )


def _read_rejected(bacaan: Bacaan, day: date) -> list[CleanRow]:
    """Read who stands in the rows that the reader rejected: they are refused, but they are not missing."""
    places = {(p.sheet, p.row) for p in bacaan.problems if p.akibat is Akibat.BARIS_DITOLAK}
    rows: list[CleanRow] = []
    for raw in bacaan.to_correct:
        if (raw.sheet, raw.row) not in places:
            continue
        row = CleanRow(raw.sheet, raw.row)
        for name in _IDENTITY:
            column = BY_FIELD[name]
            value = clean(raw.cells.get(column.name), column, day).value
            if value is not None:
                row.values[name] = value
        rows.append(row)
    return rows


def _write(
    services: NodeServices, conn: sqlite3.Connection, writes: Sequence[Write], author: str,
    progress: Progress | None,
) -> tuple[int | None, int | None]:
    refs: list[str] = []
    first: str | None = None
    done = 0
    for chunk in _chunk(writes):
        refs = write_drafts(services, _draft(services, conn, chunk), author=author)
        first = first or refs[0]
        done += len(chunk)
        if progress:
            progress(done, len(writes))
    if first is None:
        return None, None
    return _find_pos(conn, first), _find_pos(conn, refs[-1])


def _chunk(writes: Sequence[Write]) -> Iterator[Sequence[Write]]:
    for start in range(0, len(writes), DRAFTS_MAX):
        yield writes[start : start + DRAFTS_MAX]


def _draft(services: NodeServices, conn: sqlite3.Connection, writes: Sequence[Write]) -> list[Draft]:
    """Turn planned writes into drafts; an update names what it has seen, so its record is folded first."""
    drafts: list[Draft] = []
    states = {
        kind: load_states(
            conn, services.catalogue, services.catalogue[kind], services.wilayah,
            [write.record for write in writes if write.kind == kind and not write.is_new],
        )
        for kind in {write.kind for write in writes if not write.is_new}
    }
    for kind_name, record, values, is_new in writes:
        kind = services.catalogue[kind_name]
        if is_new:
            drafts.append(draft_create(kind, record, values))
        elif (draft := draft_update(kind, states[kind_name][record], record, values)) is not None:
            drafts.append(draft)
        else:
            raise DamageError("a record table differs from the log it was made from")
    return drafts


def _find_pos(conn: sqlite3.Connection, ref: str) -> int:
    id, seq, _ = parse_ref(ref)
    log = find_log(conn, id)
    assert log is not None
    return log.base + seq
