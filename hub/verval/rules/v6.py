"""V6: a family that is unknown in its desa, has no head or two, or whose members' birth dates cannot be.

Only active members count. Ages are compared within the family, never with today: a rule reads no clock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence, Set

from hub.verval.rule import Berat, Rule, Subject, Suspicion, TouchedBatch
from hub.verval.rules.queries import FamilyCheck, MemberRow, find_odd_families, read_members
from shared.records.catalogue import Catalogue

_KEPALA, _ANAK, _CUCU, _ORANGTUA = 1, 4, 6, 7


def _find_keys(batch: TouchedBatch) -> set[str]:
    return batch.values("penduduk", "keluarga") | batch.ids("keluarga")


def _evaluate(conn: sqlite3.Connection, keys: Set[str], catalogue: Catalogue) -> Iterator[Suspicion]:
    odd = find_odd_families(conn, keys)
    members = read_members(conn, {check.keluarga for check in odd})
    for check in odd:
        suspicion = _judge(check, members[check.desa, check.keluarga])
        if suspicion is not None:
            yield suspicion


def _judge(check: FamilyCheck, members: Sequence[MemberRow]) -> Suspicion | None:
    if not check.is_known:
        return _suspect(check, members, "keluarga_tidak_dikenal", Berat.SEDANG, ("keluarga", "status"))
    heads = [member for member in members if member.hubungan == _KEPALA]
    if not heads:
        return _suspect(check, members, "tanpa_kepala", Berat.SEDANG, ("keluarga", "status"))
    if len(heads) > 1:
        return _suspect(check, heads, "dua_kepala", Berat.SEDANG, ("keluarga", "status"))
    impossible = [member for member in members if _is_impossible(member, heads[0])]
    if impossible:
        concerned = [*heads, *impossible]
        return _suspect(check, concerned, "umur_mustahil", Berat.RINGAN, ("identitas", "keluarga", "status"))
    return None


def _is_impossible(member: MemberRow, head: MemberRow) -> bool:
    """Tell whether a child or grandchild is not younger than the head, or a parent not older."""
    born, head_born = member.tanggal_lahir, head.tanggal_lahir
    # Only whole dates can be compared as text; another text is for the check of its own field.
    if born is None or head_born is None or len(born) != 10 or len(head_born) != 10:
        return False
    if member.hubungan in (_ANAK, _CUCU):
        return born <= head_born
    return member.hubungan == _ORANGTUA and born >= head_born


def _suspect(
    check: FamilyCheck, members: Sequence[MemberRow], sebab: str, berat: Berat, groups: tuple[str, ...]
) -> Suspicion:
    subjects = [Subject(row.desa, "penduduk", row.record, groups) for row in members]
    if check.is_known:
        subjects.append(Subject(check.desa, "keluarga", check.keluarga))
    return Suspicion(
        kunci=check.keluarga,
        berat=berat,
        subjects=tuple(subjects),
        bukti={"sebab": sebab, "keluarga": check.keluarga, "grup": list(groups)},
        ringkasan=_SUMMARIES[sebab].format(count=len(members)),
    )


_SUMMARIES = {
    "keluarga_tidak_dikenal": "{count} penduduk aktif menunjuk keluarga yang tidak ada di desanya.",
    "tanpa_kepala": "Satu keluarga dengan {count} anggota aktif tidak punya kepala keluarga.",
    "dua_kepala": "Satu keluarga punya {count} kepala keluarga yang aktif.",
    "umur_mustahil": "Tanggal lahir dalam satu keluarga tidak mungkin: anak lebih tua, atau orang tua"
    " lebih muda, daripada kepala keluarga.",
}

RULES = (Rule("V6", _find_keys, _evaluate),)
