"""V1: concurrent changes of one merge group that do not agree; one finding per record."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Set
from itertools import groupby

from hub.verval.rule import Berat, Rule, Subject, Suspicion, TouchedBatch
from hub.verval.queries import find_keys_among
from hub.verval.rules.queries import ConflictRow, read_conflicts
from shared.records.catalogue import Catalogue
from shared.records.kind import EXISTENCE, Kind


def _find_keys(batch: TouchedBatch) -> set[str]:
    unsettled = {touched.record for touched in batch.touched if touched.unsettled}
    return unsettled | find_keys_among(batch.conn, "V1", {touched.record for touched in batch.touched})


def _evaluate(conn: sqlite3.Connection, keys: Set[str], catalogue: Catalogue) -> Iterator[Suspicion]:
    rows = read_conflicts(conn, keys)
    for _, group in groupby(rows, lambda row: (row.desa, row.record)):
        conflicts = list(group)
        yield _suspect(catalogue[conflicts[0].kind], conflicts)


def _suspect(kind: Kind, conflicts: list[ConflictRow]) -> Suspicion:
    groups = [conflict.grup for conflict in conflicts]
    serious = any(kind.is_protected(group) or group == EXISTENCE for group in groups)
    return Suspicion(
        kunci=conflicts[0].record,
        berat=Berat.BERAT if serious else Berat.SEDANG,
        subjects=(Subject(conflicts[0].desa, kind.name, conflicts[0].record),),
        bukti={
            "grup": groups,
            "kolom": [name for group in groups for name in kind.groups.get(group, ())],
            "kepala": {conflict.grup: conflict.heads for conflict in conflicts},
            "status": {conflict.grup: conflict.status for conflict in conflicts},
        },
        ringkasan=f"{kind.label}: {len(groups)} bagian diisi berbeda secara bersamaan dan menunggu putusan.",
        heads=tuple(head for conflict in conflicts for head in conflict.heads),
    )


RULES = (Rule("V1", _find_keys, _evaluate),)
