"""V5: a NIK that cannot have been issued (berat), or that disagrees with birth date or sex (ringan).

The rules are those of shared.records.identifiers; an unknown kecamatan in a NIK is no finding.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Set
from datetime import date
from functools import lru_cache
from typing import Any

from hub.verval.rule import Berat, Rule, Subject, Suspicion, TouchedBatch
from hub.verval.rules.queries import NikRow, read_nik_rows
from shared.codes import wilayah
from shared.records.catalogue import Catalogue
from shared.records.identifiers import Issue, Severity, check_nik, check_nik_against

_PEREMPUAN = 2


def _find_keys(batch: TouchedBatch) -> set[str]:
    return {
        touched.record
        for touched in batch.of("penduduk")
        if not (is_plain(touched.new) and is_plain(touched.old))
    }


def is_plain(values: Mapping[str, Any] | None) -> bool:
    """Tell in a microsecond that a penduduk has no finding; false means that nothing is known yet.

    Nearly every penduduk passes here; a property test holds it to the full checks.
    """
    if values is None:
        return True
    nik = values.get("nik")
    if nik is None:
        return True
    born, kelamin = values.get("tanggal_lahir"), values.get("jenis_kelamin")
    if born is None or kelamin not in (1, _PEREMPUAN) or len(nik) != 16:
        return False
    if not (nik.isascii() and nik.isdecimal() and _is_date(born)):
        return False
    day = str(int(born[8:10]) + 40) if kelamin == _PEREMPUAN else born[8:10]
    return (
        nik[6:8] == day
        and nik[8:12] == born[5:7] + born[2:4]
        and nik[12:] != "0000"
        and nik.count(nik[0]) < 16
        and _is_provinsi(nik[:2])
    )


@lru_cache(maxsize=128)
def _is_provinsi(kode: str) -> bool:
    return wilayah.get(kode) is not None


def _is_date(text: str) -> bool:
    return parse_date(text) is not None


def parse_date(text: str | None) -> date | None:
    """Read a date as ``YYYY-MM-DD``; what is not one is not compared."""
    if text is None or len(text) != 10 or text[4] + text[7] != "--":
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _evaluate(conn: sqlite3.Connection, keys: Set[str], catalogue: Catalogue) -> Iterator[Suspicion]:
    for row in read_nik_rows(conn, keys):
        hard = [issue for issue in check_nik(row.nik) if issue.severity is Severity.HARD]
        soft = check_nik_against(row.nik, parse_date(row.tanggal_lahir), row.jenis_kelamin)
        if hard or soft:
            yield _suspect(row, hard, soft)


def _suspect(row: NikRow, hard: list[Issue], soft: list[Issue]) -> Suspicion:
    groups = ("nik", "identitas") if soft else ("nik",)
    return Suspicion(
        kunci=row.record,
        berat=Berat.BERAT if hard else Berat.RINGAN,
        subjects=(Subject(row.desa, "penduduk", row.record, groups),),
        bukti={"grup": list(groups), "isu": [issue.code for issue in (*hard, *soft)]},
        ringkasan=" ".join(issue.message for issue in (*hard, *soft)),
    )


RULES = (Rule("V5", _find_keys, _evaluate),)
