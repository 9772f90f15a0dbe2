"""Takes a whole import back while nobody has built on it: new changes, never a removal from the log.

What the import made is deleted with a reason, what it changed gets its former values, and what the source
had said last is what it had said before; all of it or nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from node.change import write_drafts
from node.impor.queries import KINDS
from node.impor.undo_queries import (
    Batch, add_undo, count_pointing, find_batch, find_next, iterate_other, list_records, restore_base,
)
from node.services import NodeServices
from shared.changelog.change import Op
from shared.errors import UserError
from shared.records.kind import Kind
from shared.store.drafts import Draft, draft_delete, draft_update
from shared.store.entries import Entry
from shared.store.records import Projector, iterate_histories
from shared.web.forms import write_number

Progress = Callable[[int, int], None]

DRAFTS_MAX = 1000
"""How many changes are written between two signs of progress."""


def find_obstacle(services: NodeServices, conn: sqlite3.Connection, batch: Batch) -> str | None:
    """Say in Indonesian why a batch cannot be taken back, and what stands in the way; None when it can."""
    if batch.is_undone:
        return "Impor ini sudah dibatalkan."
    if find_next(conn, batch) is not None:
        return "Sesudah impor ini sudah ada impor lain. Batalkan dulu impor yang paling baru, lalu coba lagi."
    if batch.first_pos is None:
        return None
    other = list(iterate_other(conn, batch))
    changed = {record for record, log, seq in other if seq >= batch.heads.get(log, 0)}
    own = {record for records in list_records(conn, batch).values() for record in records}
    # What has no change but those of the batch was made by it.
    made = frozenset(own.difference(record for record, _, _ in other))
    pointing = count_pointing(conn, services.catalogue, services.wilayah, made, own)
    reasons = []
    if changed:
        reasons.append(f"{write_number(len(changed))} data dari impor ini sudah diubah sesudahnya")
    if pointing:
        reasons.append(f"{write_number(pointing)} data lain sudah memakai data dari impor ini")
    if not reasons:
        return None
    return (
        f"Impor ini tidak dapat dibatalkan lagi: {' dan '.join(reasons)}."
        " Perbaiki data yang keliru satu per satu, atau impor lagi berkas yang benar."
    )


def undo_batch(
    services: NodeServices, id: int, alasan: str, author: str, progress: Progress | None = None
) -> int:
    """Take a batch back in one transaction; return how many changes that took.

    Raises UserError when there is no such batch, no reason, or an obstacle.
    """
    alasan = " ".join(alasan.split())[:400]
    if not alasan:
        raise UserError("Tuliskan dulu alasannya, misalnya: salah berkas.", "alasan_kosong")
    with services.database.write() as conn:
        batch = find_batch(conn, id)
        if batch is None:
            raise UserError("Impor itu tidak ada. Muat ulang daftar impor.", "impor_tidak_ada")
        obstacle = find_obstacle(services, conn, batch)
        if obstacle is not None:
            raise UserError(obstacle, "impor_tetap")
        changes = _write_back(services, conn, batch, alasan, author, progress)
        restore_base(conn, batch)
        add_undo(
            conn, batch, time_s=services.clock.now_s(), petugas=author, alasan=alasan, changes=changes
        )
    return changes


def _write_back(
    services: NodeServices, conn: sqlite3.Connection, batch: Batch, alasan: str, author: str,
    progress: Progress | None,
) -> int:
    if batch.first_pos is None:
        return 0
    records = list_records(conn, batch)
    total, done, written = sum(map(len, records.values())), 0, 0
    # People go before the families and the families before the dusun that they point to.
    for name in reversed(KINDS):
        for start in range(0, len(records.get(name, ())), DRAFTS_MAX):
            chunk = records[name][start : start + DRAFTS_MAX]
            drafts = _draft(services, conn, batch, services.catalogue[name], chunk, alasan)
            write_drafts(services, drafts, author=author)
            written, done = written + len(drafts), done + len(chunk)
            if progress:
                progress(done, total)
    return written


def _draft(
    services: NodeServices, conn: sqlite3.Connection, batch: Batch, kind: Kind, records: list[str], alasan: str
) -> list[Draft]:
    projector = Projector(conn, services.catalogue)
    drafts: list[Draft] = []
    for record, entries in iterate_histories(conn, services.catalogue, services.wilayah, records):
        draft = _draft_one(projector, batch, kind, record, entries, f"Impor dibatalkan: {alasan}")
        if draft is not None:
            drafts.append(draft)
    return drafts


def _draft_one(
    projector: Projector, batch: Batch, kind: Kind, record: str, entries: list[Entry], alasan: str
) -> Draft | None:
    state = projector.fold_entries(kind, entries)[0]
    own = [entry for entry in entries if batch.holds(entry.pos)]
    if any(entry.header.op == Op.CREATE.value for entry in own):
        return draft_delete(kind, state, record, alasan)
    before = projector.fold_entries(kind, [entry for entry in entries if not batch.holds(entry.pos)])[0]
    groups = {group for entry in own for group in entry.header.groups}
    return draft_update(kind, state, record, _values_of(kind, before.values(kind), groups))


def _values_of(kind: Kind, values: Mapping[str, Any], groups: set[str]) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items() if kind.group_of[name] in groups
    }
