"""V3: one NIK on two or more active penduduk of one desa; one finding per desa."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Set

from hub.verval.rule import Berat, Rule, Subject, Suspicion, TouchedBatch
from hub.verval.identity import is_identifying_nik
from hub.verval.rules.queries import read_shared_niks
from shared.records.catalogue import Catalogue


def _find_keys(batch: TouchedBatch) -> Set[str]:
    return batch.niks


def _evaluate(conn: sqlite3.Connection, keys: Set[str], catalogue: Catalogue) -> Iterator[Suspicion]:
    for nik, refs in read_shared_niks(conn, keys).items():
        by_desa: dict[str, list[str]] = {}
        for desa, record in refs:
            by_desa.setdefault(desa, []).append(record)
        for desa, records in by_desa.items():
            if len(records) > 1 and is_identifying_nik(nik):
                yield _suspect(nik, desa, records)


def _suspect(nik: str, desa: str, records: list[str]) -> Suspicion:
    return Suspicion(
        kunci=nik,
        berat=Berat.BERAT,
        subjects=tuple(Subject(desa, "penduduk", record, ("nik", "status")) for record in records),
        bukti={"grup": ["nik", "status"], "kolom": ["nik"]},
        ringkasan=f"Satu NIK dipakai {len(records)} penduduk aktif di satu desa.",
    )


RULES = (Rule("V3", _find_keys, _evaluate),)
