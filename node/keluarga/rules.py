"""Pure rules of the pages of keluarga: which families a list shows, and what a move has to say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from node.penduduk.index import Family, Person
from node.penduduk.rules import HIDUP, KEPALA

ONLY = {
    "": "Semua keluarga",
    "tanpa_kepala": "Tanpa kepala keluarga",
    "tanpa_nomor": "Belum bernomor KK",
    "kosong": "Tanpa anggota",
}


class FamilyRow(NamedTuple):
    """One family in a list; ``kepala`` is empty when nobody heads it."""

    family: Family
    kepala: str
    jiwa: int
    members: int


def find_head(members: Iterable[Person]) -> Person | None:
    """Find who heads a family now: alive, and first on the card."""
    return next((p for p in members if p.hubungan == KEPALA and p.status == HIDUP), None)


def list_families(
    families: Mapping[str, Family], members: Mapping[str, list[Person]], found: Sequence[Person] | None,
    number: str, only: str,
) -> list[FamilyRow]:
    """List families by their heads; ``found`` are the residents that a search means, None without one."""
    wanted: set[str] | None = None
    if found is not None:
        wanted = {person.keluarga for person in found if person.keluarga}
        if number:
            wanted |= {id for id, family in families.items() if number in family.no_kk}
    rows = []
    for id, family in families.items():
        if wanted is not None and id not in wanted:
            continue
        group = members.get(id, [])
        head = find_head(group)
        row = FamilyRow(family, head.nama if head else "", sum(p.status == HIDUP for p in group), len(group))
        if _is_shown(row, only):
            rows.append(row)
    return sorted(rows, key=lambda row: (row.kepala or "~", row.family.no_kk, row.family.id))


def _is_shown(row: FamilyRow, only: str) -> bool:
    if only == "tanpa_kepala":
        return row.jiwa > 0 and not row.kepala
    if only == "tanpa_nomor":
        return not row.family.no_kk
    return row.members == 0 if only == "kosong" else True


def find_move_problem(moving: Mapping[str, int], joining: Sequence[Person]) -> str:
    """Say what a move would make wrong, or ""; ``moving`` maps residents to their place on the new card."""
    if not moving:
        return "Pilih dulu siapa yang pindah."
    heads = sum(place == KEPALA for place in moving.values()) + (find_head(joining) is not None)
    if heads > 1:
        return "Satu keluarga hanya punya satu kepala keluarga. Ubah hubungan salah satunya."
    if not joining and heads == 0:
        return "Keluarga ini belum punya kepala keluarga. Pilih satu orang sebagai kepala keluarga."
    return ""
