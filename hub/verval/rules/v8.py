"""V8: a move between two desa of which one end is missing for more than thirty days; activity after death.

Ends are paired by the code on the letter, else by NIK (hub/lampid/pairing.py); who is back has arrived too. The day of
judgement is handed to the engine (findings.judge_until): the rule reads no clock, so a rebuild judges as before.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Set
from datetime import date, timedelta

from hub.lampid import queries as moves
from hub.lampid.pairing import DAYS, Ujung, join_ends, pair_ends
from hub.verval.identity import is_identifying_nik
from hub.verval.queries import read_as_of
from hub.verval.rule import Berat, Rule, Subject, Suspicion, TouchedBatch, merge_subjects
from hub.verval.rules.queries import is_empty, read_link_ends, read_links, read_niks_of
from shared.records.catalogue import Catalogue
from shared.records.lampid import PINDAH

_SUMMARIES = {
    "tanpa_datang": "Pindah ke desa lain di kecamatan ini, tetapi sesudah 30 hari belum tercatat datang di sana.",
    "tanpa_pindah": "Datang dari desa lain di kecamatan ini, tetapi sesudah 30 hari belum tercatat pindah dari sana.",
}


def _strip(keys: Iterable[str]) -> set[str]:
    return {key.split("|", 1)[1] for key in keys}


def _find_move_keys(batch: TouchedBatch) -> set[str]:
    if not batch.of("peristiwa") and is_empty(batch.conn, "peristiwa"):
        return set()
    touched = batch.ids("peristiwa")
    own = touched | moves.list_moves_of(batch.conn, batch.ids("penduduk") | batch.values("peristiwa", "penduduk"))
    kin = moves.find_kin(batch.conn, own, batch.niks, batch.values("peristiwa", "token"))
    return {f"pindah|{id}" for id in touched | own | kin}


def _list_due(conn: sqlite3.Connection, before: str, day: str) -> set[str]:
    """Name the moves whose thirty days have ended between two days."""
    start = _move_day(before, -DAYS - 1) if before else ""
    return {f"pindah|{id}" for id in moves.list_reported(conn, start, _move_day(day, -DAYS))}


def _move_day(day: str, by: int) -> str:
    return (date.fromisoformat(day) + timedelta(by)).isoformat()


def _judge_moves(conn: sqlite3.Connection, keys: Set[str], catalogue: Catalogue) -> Iterator[Suspicion]:
    day, wanted = read_as_of(conn), _strip(keys)
    if not day:
        return
    for group in join_ends(moves.list_ends(conn, moves.find_kin(conn, wanted, (), ()))):
        for pair in pair_ends(group):
            end = pair.known
            if not pair.is_whole and end.id in wanted and end.needs_other and end.is_overdue(day):
                yield _suspect_move(end)


def _suspect_move(end: Ujung) -> Suspicion:
    reason = "tanpa_datang" if end.jenis == PINDAH else "tanpa_pindah"
    return Suspicion(
        kunci=f"pindah|{end.id}",
        berat=Berat.SEDANG,
        subjects=merge_subjects((
            Subject(end.desa, "peristiwa", end.id, ("peristiwa",)),
            Subject(end.desa, "penduduk", end.penduduk, ("status",)),
        )),
        bukti={"sebab": reason, "desa_lain": end.desa_lain, "kolom": ["peristiwa"]},
        ringkasan=_SUMMARIES[reason],
    )


def _find_death_keys(batch: TouchedBatch) -> set[str]:
    conn = batch.conn
    people = batch.ids("penduduk") | batch.values("surat", "penduduk") | batch.values("peristiwa", "penduduk")
    niks = set(batch.niks)
    links = batch.ids("tautan")
    if links:
        ends = read_link_ends(conn, links) | batch.values("tautan", "penduduk", "pasangan")
        niks |= read_niks_of(conn, ends)
    dead = {penduduk for _, penduduk, _, status in moves.list_people_with(conn, niks) if status == 2}
    return {f"mati|{penduduk}" for penduduk in dead | people}


def _judge_dead(conn: sqlite3.Connection, keys: Set[str], catalogue: Catalogue) -> Iterator[Suspicion]:
    dead = moves.list_dead(conn, _strip(keys))
    if not dead:
        return
    alive = [row for row in moves.list_people_with(conn, {one.nik for one in dead}) if row[3] == 1]
    links = read_links(conn, {one.penduduk for one in dead} | {row[1] for row in alive})
    letters = moves.list_letters(conn, {one.penduduk for one in dead})
    for one in dead:
        place = one.desa, one.penduduk
        others = [
            (desa, id) for desa, id, nik, _ in alive
            if desa != one.desa and nik == one.nik and is_identifying_nik(nik)
            and not any(set(ends) == {place, (desa, id)} for ends in links)
        ]
        late = [
            (desa, id) for desa, id, penduduk, day in letters
            if (desa, penduduk) == place and one.tanggal and day > one.tanggal
        ]
        own = [Subject(one.desa, "penduduk", one.penduduk, ("nik", "status"))]
        own += [Subject(desa, "penduduk", id, ("nik", "status")) for desa, id in others]
        own += [Subject(desa, "surat", id, ("surat", "batal")) for desa, id in late]
        reasons = [name for name, found in (("hidup_di_desa_lain", others), ("surat_sesudah_meninggal", late)) if found]
        if reasons:
            yield Suspicion(
                kunci=f"mati|{one.penduduk}", berat=Berat.BERAT, subjects=merge_subjects(own),
                bukti={"sebab": reasons}, ringkasan=_describe(reasons),
            )


def _describe(reasons: Iterable[str]) -> str:
    words = {
        "hidup_di_desa_lain": "Tercatat meninggal di satu desa, tetapi masih hidup di desa lain.",
        "surat_sesudah_meninggal": "Ada surat untuk orang yang sudah meninggal sebelum tanggal surat itu.",
    }
    return " ".join(words[reason] for reason in reasons)


RULES = (Rule("V8", _find_move_keys, _judge_moves, _list_due), Rule("V8", _find_death_keys, _judge_dead))
