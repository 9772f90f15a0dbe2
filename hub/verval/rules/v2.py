"""V2: one NIK active in two or more desa, unless links say that all of them are one person."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence, Set

from hub.verval.rule import Berat, Ref, Rule, Subject, Suspicion, TouchedBatch
from hub.verval.identity import Partition, is_identifying_nik
from hub.verval.rules.queries import read_link_ends, read_links, read_niks_of, read_shared_niks
from shared.records.catalogue import Catalogue


def _find_keys(batch: TouchedBatch) -> Set[str]:
    links = batch.ids("tautan")
    if not links:
        return batch.niks
    ends = read_link_ends(batch.conn, links) | batch.values("tautan", "penduduk", "pasangan")
    return batch.niks | read_niks_of(batch.conn, ends)


def _evaluate(conn: sqlite3.Connection, keys: Set[str], catalogue: Catalogue) -> Iterator[Suspicion]:
    shared = {
        nik: refs
        for nik, refs in read_shared_niks(conn, keys).items()
        if len({desa for desa, _ in refs}) > 1 and is_identifying_nik(nik)
    }
    links = read_links(conn, {record for refs in shared.values() for _, record in refs})
    for nik, refs in shared.items():
        # Links through a penduduk with another NIK do not count here: an officer links what is reported.
        if not _is_one_person(refs, links):
            yield _suspect(nik, refs)


def _is_one_person(refs: Sequence[Ref], links: Sequence[tuple[Ref, Ref]]) -> bool:
    """Tell whether links between some penduduk hold them all together."""
    persons: Partition[Ref] = Partition()
    for ends in links:
        if ends[0] in refs and ends[1] in refs:
            persons.join(ends)
    return len(persons.sets(refs)) == 1


def _suspect(nik: str, refs: Sequence[Ref]) -> Suspicion:
    count = len({desa for desa, _ in refs})
    return Suspicion(
        kunci=nik,
        berat=Berat.BERAT,
        subjects=tuple(Subject(desa, "penduduk", record, ("nik", "status")) for desa, record in refs),
        bukti={"grup": ["nik", "status"], "kolom": ["nik"]},
        ringkasan=f"Satu NIK tercatat aktif di {count} desa.",
    )


RULES = (Rule("V2", _find_keys, _evaluate),)
