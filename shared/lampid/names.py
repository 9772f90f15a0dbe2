"""The names behind the numbers of a month: who is counted, with which sign, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from shared.lampid.book import AKHIR, APA, AWAL, Angka
from shared.lampid.cells import Cell, Pilih, Vector, add, negate
from shared.lampid.isi import write_pattern
from shared.lampid.report import NAMELESS, Gerak, Kolom, Laporan

Vectors = Mapping[str, Vector]
"""How each resident is counted, by record id; what nobody can be named for stands under the empty one."""


class Nama(NamedTuple):
    """One line of a list: who, where he is counted, and by how much; ``gerak`` is the movement, if it is one."""

    penduduk: str
    cell: Cell
    tanda: int
    gerak: Gerak | None = None


def is_of_people(angka: Angka) -> bool:
    """Tell whether a number counts residents at a moment, and not movements."""
    return angka.apa in (AWAL, AKHIR)


def name_gerak(laporan: Laporan, angka: Angka) -> list[Nama]:
    """List the movements that a number counts."""
    return [Nama(one.penduduk, one.cell, one.tanda, one) for one in laporan.name(APA[angka.apa], angka.pilih)]


def name_people(vectors: Vectors, pilih: Pilih) -> list[Nama]:
    """List the residents that a number counts; the signs add up to it."""
    found: list[Nama] = []
    for penduduk, vector in vectors.items():
        net = pilih.sum(vector)
        for cell in sorted(vector):
            while net and pilih.takes(cell) and (net > 0) is (vector[cell] > 0):
                found.append(Nama(penduduk, cell, 1 if net > 0 else -1))
                net -= found[-1].tanda
    return found


def take_back(vectors: Vectors, gerak: Iterable[Gerak]) -> dict[str, dict[Cell, int]]:
    """Say how everybody was counted before some movements."""
    found = {penduduk: dict(vector) for penduduk, vector in vectors.items()}
    for one in gerak:
        found[one.penduduk] = add(found.get(one.penduduk, {}), {one.cell: -one.akibat})
    return found


def add_nameless(vectors: Vectors, counted: Vector) -> dict[str, Vector]:
    """Add what was counted and has no name any more, under the empty id."""
    gap = add(counted, *(negate(vector) for vector in vectors.values()))
    return {**vectors, **({"": add(vectors.get("", {}), gap)} if gap else {})}


def has_nameless(laporan: Laporan) -> bool:
    """Tell whether corrections of a closed month are counted in its record and not named (shared/lampid/isi.py)."""
    return any(gerak.penduduk.startswith(NAMELESS) for gerak in laporan.gerak)


def name_corrections(laporan: Laporan, start: Vectors, end: Vectors) -> Laporan:
    """Name who was corrected in a month: whoever its events do not bring from where he was counted to where he is.

    ``start`` and ``end`` say how everybody was counted at the closing before it and at its own. Who can be told no
    more, because his body was erased since, stays without a name.
    """
    moved: dict[str, dict[Cell, int]] = {}
    lacking: dict[str, dict[Cell, int]] = {}
    for gerak in laporan.gerak:
        own = (lacking if gerak.penduduk.startswith(NAMELESS) else moved).setdefault(gerak.penduduk, {})
        own[gerak.cell] = own.get(gerak.cell, 0) + gerak.akibat
    known: dict[tuple[tuple[Cell, int], ...], list[str]] = {}
    for id in sorted({*start, *end, *moved} - {""}, reverse=True):
        rest = add(end.get(id, {}), negate(start.get(id, {})), negate(moved.get(id, {})))
        if rest:
            known.setdefault(write_pattern(rest), []).append(id)
    names = {}
    for nameless, own in lacking.items():
        found = known.get(write_pattern(own))
        if found:
            names[nameless] = found.pop()
    named = (one._replace(penduduk=names.get(one.penduduk, one.penduduk)) for one in laporan.gerak)
    return replace(laporan, gerak=tuple(sorted(named)))


def explain(laporan: Laporan, penduduk: str, dusun: Mapping[str, str]) -> str:
    """Say in words what a correction has corrected."""
    own = [g for g in laporan.gerak if g.kolom is Kolom.PEMBETULAN and g.penduduk == penduduk]
    before, after = [g.cell for g in own if g.tanda < 0], [g.cell for g in own if g.tanda > 0]
    if not penduduk:
        return "Data orangnya sudah tidak ada di sini"
    if before and after:
        return "; ".join(_compare(before[0], after[0], dusun)) or "Diperbaiki"
    if after:
        return "Ditambahkan tanpa peristiwa, atau kini penduduk tetap"
    return "Dihapus, statusnya diubah tanpa peristiwa, atau kini penduduk tidak tetap"


def _compare(before: Cell, after: Cell, dusun: Mapping[str, str]) -> Sequence[str]:
    found = []
    if before.dusun != after.dusun:
        found.append(f"Pindah dusun: {dusun.get(before.dusun, '?')} → {dusun.get(after.dusun, '?')}")
    if before.sex != after.sex:
        found.append("Jenis kelamin diperbaiki")
    if before.wna != after.wna:
        found.append("Kewarganegaraan diperbaiki")
    if before.kepala != after.kepala:
        found.append("Menjadi kepala keluarga" if after.kepala else "Tidak lagi kepala keluarga")
    return found
