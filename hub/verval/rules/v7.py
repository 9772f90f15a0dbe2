"""V7: aid for nobody, for one person or family twice, from programmes that exclude each other, over quota.

Every recipient counts whose status is not *berhenti*. The kunci of a double is the first recipient in it, so
that doubles of one programme are judged apart from each other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence, Set
from itertools import combinations

from hub.verval.rule import Berat, Ref, Rule, Subject, Suspicion, TouchedBatch, merge_subjects
from hub.verval.identity import Partition
from hub.verval.rules import queries
from hub.verval.rules.circle import Circle, reach_from_batch
from hub.verval.rules.queries import CountRow, MemberRow, ProgramRow, RecipientRow, ResidentRow
from shared.records.catalogue import Catalogue

ByToken = Mapping[Hashable, Sequence[RecipientRow]]
"""Recipients by those as whom they receive (Circle.tokens)."""

_BERHENTI = "berhenti"
_MENUNJUK_LAIN = (3, 4)  # rumah tangga and kelompok: such recipients may name neither penduduk nor keluarga
_STATUS = {2: "meninggal", 3: "pindah", 4: "hilang", 6: "pergi", 9: "tidak_valid"}
_SUMMARIES = {
    "penduduk_tidak_ada": "Penerima bantuan menunjuk penduduk yang tidak ada di desanya.",
    "keluarga_tidak_ada": "Penerima bantuan menunjuk keluarga yang tidak ada di desanya.",
    "keluarga_kosong": "Penerima bantuan adalah keluarga tanpa anggota aktif.",
    "tanpa_sasaran": "Penerima bantuan tidak menunjuk penduduk atau keluarga.",
    "meninggal": "Penerima bantuan tercatat meninggal.",
    "pindah": "Penerima bantuan tercatat pindah.",
    "hilang": "Penerima bantuan tercatat hilang.",
    "pergi": "Penerima bantuan tercatat pergi.",
    "tidak_valid": "Penerima bantuan tercatat sebagai data tidak valid.",
}


def _has_no_aid(batch: TouchedBatch) -> bool:
    """Tell the commonest case early: nobody receives anything yet."""
    return not batch.of("penerima_bantuan") and queries.is_empty(batch.conn, "penerima_bantuan")


def _strip(keys: Iterable[str]) -> set[str]:
    return {key.split("|", 1)[1] for key in keys}


def _select(rows: Iterable[RecipientRow]) -> list[RecipientRow]:
    """Keep the recipients that count."""
    return [row for row in rows if row.status != _BERHENTI]


def _find_target_keys(batch: TouchedBatch) -> set[str]:
    if _has_no_aid(batch):
        return set()
    conn = batch.conn
    found = batch.ids("penerima_bantuan") | queries.find_recipients_by_penduduk(conn, batch.ids("penduduk"))
    families = batch.ids("keluarga") | batch.values("penduduk", "keluarga")
    found |= queries.find_recipients_by_keluarga(conn, families)
    found |= queries.find_recipients_without_target(conn, batch.ids("program_bantuan"))
    return {f"sasaran|{record}" for record in found}


def _judge_targets(conn: sqlite3.Connection, keys: Set[str], catalogue: Catalogue) -> Iterator[Suspicion]:
    rows = _select(queries.read_recipients(conn, _strip(keys)))
    named = {row.penduduk for row in rows if row.penduduk}
    residents = {(found.desa, found.record): found for found in queries.read_residents(conn, named)}
    wanted = {row.keluarga for row in rows if row.keluarga}
    families = {(family.desa, family.record) for family in queries.read_families(conn, wanted)}
    members = queries.read_members(conn, wanted)
    programs = queries.read_programs(conn, {row.program for row in rows if row.program})
    for row in rows:
        subjects = [Subject(row.desa, "penerima_bantuan", row.record, ("penerima", "status"))]
        reasons = []
        if row.penduduk is not None:
            resident = residents.get((row.desa, row.penduduk))
            reasons += _judge_resident(resident)
            if resident is not None:
                subjects.append(Subject(row.desa, "penduduk", row.penduduk, ("status",)))
        if row.keluarga is not None:
            own = members.get((row.desa, row.keluarga), [])
            reasons += _judge_family(row, (row.desa, row.keluarga) in families, own)
            if (row.desa, row.keluarga) in families:
                subjects.append(Subject(row.desa, "keluarga", row.keluarga))
        if row.penduduk is None and row.keluarga is None:
            program = programs.get(row.program or "")
            if program is None or program.sasaran not in _MENUNJUK_LAIN:
                reasons.append("tanpa_sasaran")
        if reasons:
            yield Suspicion(
                kunci=f"sasaran|{row.record}",
                berat=Berat.BERAT,
                subjects=merge_subjects(subjects),
                bukti={"sebab": reasons, "program": row.program},
                ringkasan=" ".join(_SUMMARIES[reason] for reason in reasons),
            )


def _judge_resident(resident: ResidentRow | None) -> list[str]:
    if resident is None:
        return ["penduduk_tidak_ada"]
    reason = _STATUS.get(resident.status_dasar or 1)
    return [] if reason is None else [reason]


def _judge_family(row: RecipientRow, is_known: bool, members: Sequence[MemberRow]) -> list[str]:
    if not is_known:
        return ["keluarga_tidak_ada"]
    # A recipient who also names a person is judged by that person.
    return ["keluarga_kosong"] if row.penduduk is None and not members else []


def _find_double_keys(batch: TouchedBatch) -> set[str]:
    if _has_no_aid(batch):
        return set()
    circle = reach_from_batch(batch)
    return {f"ganda|{record}" for record in circle.recipients.known}


def _judge_doubles(conn: sqlite3.Connection, keys: Set[str], catalogue: Catalogue) -> Iterator[Suspicion]:
    circle = Circle(conn)
    circle.recipients.add(_strip(keys))
    circle.close()
    rows = _select(circle.recipient_rows)
    persons = circle.persons()
    by_token: dict[Hashable, list[RecipientRow]] = {}
    for row in rows:
        for token in circle.tokens(row, persons):
            by_token.setdefault(token, []).append(row)
    yield from _find_doubles(circle, by_token)
    yield from _find_exclusions(circle, by_token)


def _find_doubles(circle: Circle, by_token: ByToken) -> Iterator[Suspicion]:
    same: Partition[RecipientRow] = Partition()
    for rows in by_token.values():
        lists: dict[tuple[str | None, str | None], list[RecipientRow]] = {}
        for row in rows:
            lists.setdefault((row.program, row.periode), []).append(row)
        for listed in lists.values():
            same.join(listed)
    listed_rows = sorted({row for rows in by_token.values() for row in rows}, key=_place)
    for group in same.sets(listed_rows):
        if len(group) > 1:
            program, periode = group[0].program, group[0].periode
            yield _suspect_double(
                circle, group, {"sebab": "ganda", "program": program, "periode": periode},
                f"Satu orang atau keluarga tercatat {len(group)} kali dalam satu program dan periode.",
            )


def _find_exclusions(circle: Circle, by_token: ByToken) -> Iterator[Suspicion]:
    same: dict[tuple[str, str], Partition[RecipientRow]] = {}
    found: dict[tuple[str, str], set[RecipientRow]] = {}
    for rows in by_token.values():
        for one, other in combinations(rows, 2):
            pair = _find_excluded_pair(circle.programs, one, other)
            if pair is not None:
                same.setdefault(pair, Partition()).join((one, other))
                found.setdefault(pair, set()).update((one, other))
    for pair in sorted(found):
        for group in same[pair].sets(sorted(found[pair], key=_place)):
            yield _suspect_double(
                circle, group, {"sebab": "saling_meniadakan", "program": list(pair)},
                "Satu orang atau keluarga menerima dua program bantuan yang saling meniadakan.",
            )


def _place(row: RecipientRow) -> Ref:
    return row.desa, row.record


def _find_excluded_pair(
    programs: Mapping[str, ProgramRow], one: RecipientRow, other: RecipientRow
) -> tuple[str, str] | None:
    """Give the two programmes, sorted, when one excludes the other and the periods may overlap."""
    if one.program is None or other.program is None or one.program == other.program:
        return None
    first, second = programs.get(one.program), programs.get(other.program)
    excludes = (first is not None and other.program in first.meniadakan) or (
        second is not None and one.program in second.meniadakan
    )
    if not excludes or not _may_overlap(one.periode or "", other.periode or ""):
        return None
    return min(one.program, other.program), max(one.program, other.program)


def _may_overlap(one: str, other: str) -> bool:
    """Compare periods as they are written: 2026 holds 2026-T1, and an empty one holds every other."""
    return one.startswith(other) or other.startswith(one)


def _suspect_double(
    circle: Circle, group: Sequence[RecipientRow], bukti: Mapping[str, object], ringkasan: str
) -> Suspicion:
    subjects = []
    for row in group:
        subjects.append(Subject(row.desa, "penerima_bantuan", row.record, ("penerima", "status")))
        keluarga = circle.family_of(row)
        if row.penduduk is not None and (row.desa, row.penduduk) in circle.resident_rows:
            groups = ("nik", "keluarga") if keluarga is not None and row.keluarga is None else ("nik",)
            subjects.append(Subject(row.desa, "penduduk", row.penduduk, groups))
        if keluarga is not None and (row.desa, keluarga) in circle.family_rows:
            subjects.append(Subject(row.desa, "keluarga", keluarga, ("no_kk",)))
    return Suspicion(f"ganda|{group[0].record}", Berat.BERAT, merge_subjects(subjects), bukti, ringkasan)


def _find_quota_keys(batch: TouchedBatch) -> set[str]:
    programs = batch.ids("program_bantuan") | batch.values("penerima_bantuan", "program")
    return {f"kuota|{program}" for program in programs}


def _judge_quotas(conn: sqlite3.Connection, keys: Set[str], catalogue: Catalogue) -> Iterator[Suspicion]:
    programs = queries.read_programs(conn, _strip(keys))
    limits = {program.record: program.kuota for program in programs.values() if program.kuota is not None}
    for count in queries.count_recipients(conn, limits.keys()):
        if count.total > limits[count.program]:
            desa = queries.read_desa_of_period(conn, count.program, count.periode)
            yield _suspect_quota(programs[count.program], count, desa)


def _suspect_quota(program: ProgramRow, count: CountRow, desa: tuple[str, ...]) -> Suspicion:
    return Suspicion(
        kunci=f"kuota|{program.record}",
        berat=Berat.BERAT,
        subjects=(Subject(program.desa, "program_bantuan", program.record, ("kuota",)),),
        bukti={
            "sebab": "lebih_kuota", "program": program.record, "periode": count.periode,
            "kuota": program.kuota, "penerima": count.total,
        },
        ringkasan=f"Program bantuan punya {count.total} penerima, melebihi kuota {program.kuota}.",
        # What was counted stands for the recipients: thousands of heads would make a new finding every day.
        heads=(f"periode:{count.periode or ''}", f"penerima:{count.total}"),
        desa=desa,
    )


RULES = (
    Rule("V7", _find_target_keys, _judge_targets),
    Rule("V7", _find_double_keys, _judge_doubles),
    Rule("V7", _find_quota_keys, _judge_quotas),
)
