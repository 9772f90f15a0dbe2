"""V9: one number on two letters of a desa and year. The product cannot write it (sync_protocol.md 9.11): what is found
was written by something else, or by one computer that was copied whole."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from hub.verval.rule import Berat, Rule, Subject, Suspicion, TouchedBatch
from hub.verval.rules.letter_queries import LetterRow, read_letters_of_nomor, read_letters_of_urut
from shared.records.catalogue import Catalogue

_GROUPS = ("surat",)


def _find_keys(batch: TouchedBatch) -> Set[str]:
    found: set[str] = set()
    for touched in batch.of("surat"):
        for row in (touched.old, touched.new):
            if row is not None:
                found.update(_keys_of(touched.desa, row))
    return found


def _keys_of(desa: str, row: Mapping[str, Any]) -> Iterator[str]:
    if row.get("nomor"):
        yield _write_key("nomor", desa, row["nomor"])
    if row.get("urut") and row.get("tahun"):
        yield _write_key("urut", desa, row["tahun"], row.get("seri") or "", row["urut"])


def _write_key(*parts: object) -> str:
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def _evaluate(conn: sqlite3.Connection, keys: Set[str], catalogue: Catalogue) -> Iterator[Suspicion]:
    for key in sorted(keys):
        what, desa, *rest = json.loads(key)
        if what == "urut":
            rows = read_letters_of_urut(conn, desa, *rest)
            if len(rows) > 1:
                yield _suspect(key, desa, rows, "nomor urut yang sama dalam satu tahun")
        else:
            rows = read_letters_of_nomor(conn, desa, *rest)
            # Where the number in the series is the same as well, that is what is said, once.
            if len(rows) > 1 and len({(row.tahun, row.seri, row.urut) for row in rows}) > 1:
                yield _suspect(key, desa, rows, "nomor surat yang sama")


def _suspect(key: str, desa: str, rows: Sequence[LetterRow], what: str) -> Suspicion:
    return Suspicion(
        kunci=key,
        berat=Berat.BERAT,
        subjects=tuple(Subject(desa, "surat", row.record, _GROUPS) for row in rows),
        bukti={"grup": list(_GROUPS), "kolom": ["nomor"]},
        ringkasan=f"{len(rows)} surat di satu desa memakai {what}.",
    )


RULES = (Rule("V9", _find_keys, _evaluate),)
