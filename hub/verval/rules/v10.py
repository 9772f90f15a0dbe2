"""V10: changes kept without effect: out of scope, of a revoked key, or not to be read by this program."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Set

from hub.verval.rule import Berat, Rule, Subject, Suspicion, TouchedBatch, merge_subjects
from hub.verval.queries import find_keys_of_records
from hub.verval.rules.queries import HeldRow, find_held_places, is_empty, read_held
from shared.records.catalogue import Catalogue
from shared.store.rows import FAILED, Reason

HEADS_SHOWN = 20

SUMMARIES: Mapping[Reason, str] = {
    "lingkup": "{changes} perubahan dari satu desa di luar kewenangannya ditahan ({records} data).",
    "dicabut": "{changes} perubahan dari komputer yang kuncinya dicabut ditahan ({records} data).",
    "bentuk": "{changes} perubahan ditahan karena isinya tidak terbaca ({records} data); program di salah satu komputer"
              " desa itu mungkin rusak.",
    FAILED: "{changes} perubahan ditahan karena program gagal membacanya ({records} data);"
            " laporkan ke pengelola program.",
}
"""A sentence for every reason that does not end by itself; of the others the page of the computer tells."""


def _find_keys(batch: TouchedBatch) -> set[str]:
    records = {touched.record for touched in batch.touched}
    keys = find_keys_of_records(batch.conn, "V10", records)
    if not is_empty(batch.conn, "held"):
        keys |= {"|".join(place) for place in find_held_places(batch.conn, records, tuple(SUMMARIES))}
    return keys


def _evaluate(conn: sqlite3.Connection, keys: Set[str], catalogue: Catalogue) -> Iterator[Suspicion]:
    groups: dict[tuple[str, Reason], list[HeldRow]] = {}
    for row in read_held(conn, {key.split("|")[0] for key in keys}, tuple(SUMMARIES)):
        groups.setdefault((row.desa, row.alasan), []).append(row)
    for (desa, alasan), rows in groups.items():
        subjects = merge_subjects(Subject(row.desa, row.kind, row.record) for row in rows)
        refs = sorted(row.ref for row in rows)
        yield Suspicion(
            kunci=f"{desa}|{alasan}",
            berat=Berat.BERAT,
            subjects=subjects,
            bukti={"alasan": alasan, "perubahan": len(rows), "kepala": refs[:HEADS_SHOWN]},
            ringkasan=SUMMARIES[alasan].format(changes=len(rows), records=len(subjects)),
            heads=tuple(refs),
        )


RULES = (Rule("V10", _find_keys, _evaluate),)
