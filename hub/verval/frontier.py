"""Finds the heads of merge groups of many records at once; the frontier in the id of a finding."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from hub.verval.rule import Subject
from hub.verval.queries import ChangeRow, read_change_rows
from shared.changelog.change import Op
from shared.merge.scope import GENESIS_KIND
from shared.records.catalogue import Catalogue
from shared.store.entries import read_entries
from shared.store.records import Projector


def read_frontiers(
    conn: sqlite3.Connection, catalogue: Catalogue, subjects: Iterable[Subject]
) -> Mapping[Subject, tuple[str, ...]]:
    """Read the heads of the groups of every subject; its record must exist in the tables.

    A record whose only change is its creation needs no fold: that change is the head of every group.
    """
    wanted = {subject for subject in subjects if subject.groups}
    changes: dict[tuple[str, str], list[ChangeRow]] = {}
    for row in read_change_rows(conn, {subject.record for subject in wanted}):
        if row.kind != GENESIS_KIND:
            changes.setdefault((row.wilayah, row.record), []).append(row)
    frontiers: dict[Subject, tuple[str, ...]] = {}
    projector: Projector | None = None
    for subject in wanted:
        rows = changes.get((subject.desa, subject.record), [])
        if len(rows) == 1 and rows[0].op == Op.CREATE:
            frontiers[subject] = (rows[0].ref,)
            continue
        projector = projector or Projector(conn, catalogue)
        entries = read_entries(conn, [row.pos for row in rows])
        state, _ = projector.fold_entries(catalogue[subject.kind], entries)
        frontiers[subject] = state.frontier(subject.groups)
    return frontiers
