"""V10: changes kept without effect: out of scope, of a revoked key, or not to be read by this program."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Set

from hub.verval.rule import Berat, Rule, Subject, Suspicion, TouchedBatch, merge_subjects
from hub.verval.queries import find_keys_of_records
from hub.verval.rules.queries import HeldRow, find_held_places, is_empty, read_held
from shared.records.catalogue import Catalogue
from shared.store.rows import FAILED

HEADS_SHOWN = 20

_SUMMARIES = {
    "lingkup": "{changes} perubahan dari satu desa di luar kewenangannya ditahan ({records} data).",
    "dicabut": "{changes} perubahan dari komputer yang kuncinya dicabut ditahan ({records} data).",
    FAILED: "{changes} perubahan ditahan karena program gagal membacanya ({records} data);"
            " laporkan ke pengelola program.",
}


def _find_keys(batch: TouchedBatch) -> set[str]:
    records = {touched.record for touched in batch.touched}
    keys = find_keys_of_records(batch.conn, "V10", records)
    if not is_empty(batch.conn, "held"):
        keys |= {"|".join(place) for place in find_held_places(batch.conn, records, tuple(_SUMMARIES))}
    return keys


def _evaluate(conn: sqlite3.Connection, keys: Set[str], catalogue: Catalogue) -> Iterator[Suspicion]:
    groups: dict[tuple[str, str], list[HeldRow]] = {}
    for row in read_held(conn, {key.split("|")[0] for key in keys}, tuple(_SUMMARIES)):
        groups.setdefault((row.desa, row.alasan), []).append(row)
    for (desa, alasan), rows in groups.items():
        subjects = merge_subjects(Subject(row.desa, row.kind, row.record) for row in rows)
        refs = sorted(row.ref for row in rows)
        yield Suspicion(
            kunci=f"{desa}|{alasan}",
            berat=Berat.BERAT,
            subjects=subjects,
            bukti={"alasan": alasan, "perubahan": len(rows), "kepala": refs[:HEADS_SHOWN]},
            ringkasan=_SUMMARIES[alasan].format(changes=len(rows), records=len(subjects)),
            heads=tuple(refs),
        )


RULES = (Rule("V10", _find_keys, _evaluate),)
