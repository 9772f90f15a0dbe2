"""Knows a whole kecamatan of invented villages and the facts across them that verval must find.

Facts are planted into persons, always into ones that nobody else's row mentions, and listed by desa and NIK.
Nothing here writes records or aid: whoever uses the list applies it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path

from synthetic.codes import Hubungan, JenisKelamin, StatusDasar, StatusKawin
from synthetic.model import ACUAN, Person, Village
from synthetic.numbers import PREFIX, SERIAL_PLANTED_MIN, encode_birth
from synthetic.villages import generate_village

_SHIFT_DAYS_MAX = 60
_SIBLING_GAP_DAYS = 270


class FactKind(StrEnum):
    """What was planted; the part before the first space is the verval code that must find it."""

    V2_DUA_DESA = "V2 dua_desa"
    V3_NIK_GANDA = "V3 nik_ganda"
    V5_NIK_MUSTAHIL = "V5 nik_mustahil"
    V5_LUNAK = "V5 lunak"
    V7_GANDA = "V7 ganda"
    V7_MATI = "V7 mati"


@dataclass(frozen=True, slots=True)
class PersonRef:
    """Where a person stands: which desa, which NIK, and the name that tells two of one NIK apart."""

    kode_desa: str
    nik: str
    nama: str


@dataclass(frozen=True, slots=True)
class PlantedFact:
    """One fact and the one or two persons it is about."""

    kind: FactKind
    orang: tuple[PersonRef, ...]
    keterangan: str

    @property
    def kode(self) -> str:
        """Return the verval code, such as V2."""
        return self.kind.partition(" ")[0]


@dataclass(frozen=True, slots=True)
class PlantPlan:
    """How many facts of each kind to plant in the whole kecamatan.

    Each V7_GANDA person lives in two desa and is therefore listed as V2_DUA_DESA as well. NIK at odds
    with birth date or sex (V5_LUNAK) are planted on request only.
    """

    v2: int = 1
    v3: int = 1
    v5: int = 1
    v5_lunak: int = 0
    v7_ganda: int = 1
    v7_mati: int = 1


@dataclass(frozen=True, slots=True)
class Kecamatan:
    """All villages by dotted code, and what was planted in them."""

    desa: dict[str, Village]
    facts: tuple[PlantedFact, ...]


def generate_kecamatan(seed: int, plan: Mapping[str, int], plants: PlantPlan = PlantPlan(),
                       acuan: date = ACUAN) -> Kecamatan:
    """Make every village of the plan (kode desa → people, kept exactly) and plant facts across them.

    Raise ValueError for a bad code, for facts across desa with fewer than two desa, or when the villages
    are too small for the facts.
    """
    villages = [generate_village(kode, penduduk, seed, acuan) for kode, penduduk in plan.items()]
    planter = _Planter(random.Random(f"{seed}/kecamatan"), {village.kode: village for village in villages})
    return planter.plant(plants)


def write_facts(facts: Sequence[PlantedFact], path: Path) -> None:
    """Write the facts as JSON, each with its verval code."""
    rows = [{"kode": fact.kode, **asdict(fact)} for fact in facts]
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


class _Planter:
    """Plants facts one after another; never touches a person, or a family, twice."""

    def __init__(self, rng: random.Random, villages: dict[str, Village]) -> None:
        self._rng = rng
        self._villages = villages
        self._codes = sorted(villages)
        self._turn = rng.randrange(len(self._codes)) if self._codes else 0
        self._touched: set[str] = set()
        self._serial = SERIAL_PLANTED_MIN
        # Persons to replace: desa → old NIK → new person.
        self._changed: dict[str, dict[str, Person]] = {kode: {} for kode in villages}
        self._facts: list[PlantedFact] = []

    def plant(self, plants: PlantPlan) -> Kecamatan:
        if (plants.v2 or plants.v7_ganda) and len(self._codes) < 2:
            raise ValueError("facts across desa need at least two desa")
        for _ in range(plants.v2):
            self._copy_person()
        for _ in range(plants.v3):
            self._share_nik()
        for _ in range(plants.v5):
            self._break_nik()
        for _ in range(plants.v5_lunak):
            self._contradict_nik()
        for _ in range(plants.v7_ganda):
            here, there = self._copy_person()
            self._record(FactKind.V7_GANDA, (here, there), "satu program, satu periode, diterima di dua desa")
        for _ in range(plants.v7_mati):
            self._bury_person()
        return Kecamatan({kode: self._apply(kode) for kode in self._villages}, tuple(self._facts))

    def _copy_person(self) -> tuple[PersonRef, PersonRef]:
        """Let a young adult be on the card of relatives in a second desa too, in place of a child there."""
        kode, other = self._next_desa(), self._peek_desa()
        acuan = self._villages[kode].acuan
        person = self._choose(kode, lambda person: person.is_leaf and 19 <= person.age_on(acuan) <= 40)
        place = self._choose(other, lambda person: person.is_leaf)
        copy = replace(person, hubungan=Hubungan.FAMILI_LAIN, ayah_nik="", ibu_nik="", tag_id_card="")
        self._changed[other][place.nik] = copy
        here, there = _refer(kode, person), _refer(other, copy)
        self._record(FactKind.V2_DUA_DESA, (here, there), "orang dan NIK yang sama aktif di dua desa")
        return here, there

    def _share_nik(self) -> None:
        """Give two different people of one desa one NIK, with one birth date so that nothing else is odd."""
        kode = self._next_desa()
        first, second = self._find_pair(kode)
        twin = replace(second, nik=first.nik, tanggal_lahir=first.tanggal_lahir)
        self._changed[kode][second.nik] = twin
        self._record(FactKind.V3_NIK_GANDA, (_refer(kode, first), _refer(kode, twin)),
                     "dua orang berbeda memakai satu NIK")

    def _find_pair(self, kode: str) -> tuple[Person, Person]:
        """Return two children of one sex, of different families and names, born within a few weeks."""
        village = self._villages[kode]
        leaves = sorted(
            ((person, family.no_kk) for family, person in village.iterate()
             if person.is_leaf and family.no_kk not in self._touched),
            key=lambda pair: (pair[0].jenis_kelamin, pair[0].tanggal_lahir, pair[0].nik))
        siblings = {family.no_kk: family.anggota for family in village.keluarga}
        for (first, first_kk), (second, second_kk) in zip(leaves, leaves[1:]):
            if first_kk == second_kk or first.nama == second.nama:
                continue
            if first.jenis_kelamin != second.jenis_kelamin:
                continue
            if (second.tanggal_lahir - first.tanggal_lahir).days > _SHIFT_DAYS_MAX:
                continue
            gaps = [abs((person.tanggal_lahir - first.tanggal_lahir).days) for person in siblings[second_kk]
                    if person is not second]
            if all(gap >= _SIBLING_GAP_DAYS for gap in gaps):
                self._touched.update((first_kk, second_kk))
                return first, second
        raise ValueError(f"{kode} is too small for two people of one NIK")

    def _break_nik(self) -> None:
        """Give somebody a NIK of 16 digits whose date does not exist: 31 February."""
        kode = self._next_desa()
        person = self._choose(kode, lambda person: person.is_leaf)
        day = 71 if person.jenis_kelamin is JenisKelamin.PEREMPUAN else 31
        broken = replace(person, nik=self._make_nik(f"{day}02{person.tanggal_lahir:%y}"))
        self._changed[kode][person.nik] = broken
        self._record(FactKind.V5_NIK_MUSTAHIL, (_refer(kode, broken),), "tanggal di dalam NIK tidak ada")

    def _contradict_nik(self) -> None:
        """Give somebody a well-formed NIK of the other sex."""
        kode = self._next_desa()
        person = self._choose(kode, lambda person: person.is_leaf)
        other_sex = JenisKelamin(3 - person.jenis_kelamin)
        odd = replace(person, nik=self._make_nik(encode_birth(person.tanggal_lahir, other_sex)))
        self._changed[kode][person.nik] = odd
        self._record(FactKind.V5_LUNAK, (_refer(kode, odd),), "jenis kelamin di NIK tidak sesuai biodata")

    def _bury_person(self) -> None:
        """Let an unmarried or widowed adult, never a head, be dead and yet due to receive aid."""
        kode = self._next_desa()
        acuan = self._villages[kode].acuan
        ends = (StatusKawin.BELUM, StatusKawin.CERAI_MATI)
        dead = self._choose(kode, lambda person: person.hubungan is not Hubungan.KEPALA
                            and person.status_kawin in ends and person.age_on(acuan) >= 19)
        self._changed[kode][dead.nik] = replace(dead, status_dasar=StatusDasar.MATI)
        self._record(FactKind.V7_MATI, (_refer(kode, dead),), "sudah meninggal tetapi akan menerima bantuan")

    def _choose(self, kode: str, fits: Callable[[Person], bool]) -> Person:
        """Return a fitting person of a family that carries no fact yet; raise ValueError if there is none."""
        candidates = [(family.no_kk, person) for family, person in self._villages[kode].iterate()
                      if family.no_kk not in self._touched and fits(person)]
        if not candidates:
            raise ValueError(f"{kode} is too small for the facts to plant")
        no_kk, person = self._rng.choice(candidates)
        self._touched.add(no_kk)
        return person

    def _make_nik(self, six_digits: str) -> str:
        """Return a NIK with a serial that no desa uses by itself."""
        if self._serial > 9999:
            raise ValueError("no serials left for planted NIK")
        self._serial += 1
        return f"{PREFIX}{six_digits}{self._serial - 1}"

    def _next_desa(self) -> str:
        """Return the next desa in turn, so that facts spread over the kecamatan."""
        self._turn += 1
        return self._codes[self._turn % len(self._codes)]

    def _peek_desa(self) -> str:
        return self._codes[(self._turn + 1) % len(self._codes)]

    def _record(self, kind: FactKind, orang: tuple[PersonRef, ...], keterangan: str) -> None:
        self._facts.append(PlantedFact(kind, orang, keterangan))

    def _apply(self, kode: str) -> Village:
        village, changed = self._villages[kode], self._changed[kode]
        families = tuple(
            replace(family, anggota=tuple(changed.get(person.nik, person) for person in family.anggota))
            for family in village.keluarga)
        return replace(village, keluarga=families)


def _refer(kode: str, person: Person) -> PersonRef:
    return PersonRef(kode, person.nik, person.nama)
