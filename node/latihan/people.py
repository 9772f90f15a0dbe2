"""Invents the some sixty people of the practice village; pure, and the same at every call.

Their numbers carry the prefix of a kecamatan that does not exist, so that no living person has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

PREFIX = "330399"
DUSUN = ("KARANGSARI", "SIDAMULYA", "KALIWUNGU")
_L, _P = 1, 2
_KEPALA, _ISTRI, _ANAK, _ORANG_TUA = 1, 3, 4, 7
_MEN = (
    "SLAMET", "WAGIMAN", "SUPARDI", "KREYO", "BEJO", "TUKIMAN", "JUMADI", "SARTONO", "PONIRAN", "RASIMAN",
    "DARSO", "KASMADI", "MULYONO", "SUTRISNO", "WARSITO", "SUWARNO",
)
_WOMEN = (
    "TUMINI", "SARIYEM", "WARTINI", "SUMARNI", "PAINEM", "KUSMIATI", "RUSMINI", "NGATINAH", "LASTRI", "SUPARMI",
    "WAGINAH", "TARSIH", "MURTINI", "ROKHAYAH", "DARSINI", "SUTINAH",
)
_SONS = ("ANDI", "EKO", "AGUS", "RUDI", "DIMAS", "FAJAR", "YOGA", "BAGAS")
_DAUGHTERS = ("RINI", "DEWI", "SITI", "AYU", "LESTARI", "NURUL", "PUTRI", "INTAN")
_SECOND = ("SANTOSO", "WIBOWO", "RAHARJO", "PRASETYO", "UTAMI", "HANDAYANI", "SAPUTRA", "WULANDARI")
_JOBS = (9, 20, 26, 15, 88, 19)


@dataclass(frozen=True)
class Person:
    """The fields of one person as they stand in a change, without the family."""

    values: dict[str, Any]


@dataclass(frozen=True)
class Family:
    """One card: its fields with the place of its dusun in :data:`DUSUN`, and its members, the head first."""

    dusun: int
    values: dict[str, Any]
    members: list[Person] = field(default_factory=list)


def invent_families(day: date) -> list[Family]:
    """Invent sixteen families whose people are of all ages on a day."""
    return [_invent_family(number, day) for number in range(len(_MEN))]


def _invent_family(number: int, day: date) -> Family:
    address = {"alamat": f"JALAN CONTOH {number + 1}", "rw": f"{1 + number % 3:03}", "rt": f"{1 + number % 5:03}"}
    # One family has no number yet, as it happens.
    values: dict[str, Any] = {**address, "no_kk": None if number == 11 else f"{PREFIX}01011000{number + 1:02}"}
    family = Family(number % len(DUSUN), values)
    for role, sex, nama, age in _list_members(number):
        order = len(family.members)
        born = date(day.year - age, 1 + (number * 5 + order * 3) % 12, 1 + (number * 7 + order * 11) % 27)
        if born >= day:
            born = date(day.year - 1, 6, 15)
        family.members.append(Person({
            "nik": None if (number, order) == (6, 2) else _make_nik(born, sex, number * 10 + order),
            "nama": nama, "jenis_kelamin": sex, "tempat_lahir": "PURBALINGGA", "tanggal_lahir": born.isoformat(),
            "hubungan": role, "status_dasar": 1, "agama": 1, "warganegara": 1,
            "status_kawin": 1 if role == _ANAK else 4 if role == _ORANG_TUA else 2,
            "pekerjaan": 1 if age < 6 else 3 if age < 19 else _JOBS[(number + order) % len(_JOBS)], **address,
        }))
    return family


def _list_members(number: int) -> Iterator[tuple[int, int, str, int]]:
    """Give role, sex, name and age of the members of a family."""
    age = 29 + number * 13 % 38
    second = _SECOND[number % len(_SECOND)]
    yield _KEPALA, _L, f"{_MEN[number]} {_SECOND[number * 3 % 4]}", age
    yield _ISTRI, _P, _WOMEN[number], age - 3
    for child in range(1 + number % 3):
        names = _SONS if (number + child) % 2 else _DAUGHTERS
        sex = _L if (number + child) % 2 else _P
        yield _ANAK, sex, f"{names[(number + child) // 2 % 8]} {second}", max(0, age - 26 - 4 * child)
    if number % 4 == 3:
        yield _ORANG_TUA, _P, f"MBAH {_WOMEN[(number + 5) % len(_WOMEN)]}", age + 26


def _make_nik(born: date, sex: int, order: int) -> str:
    day = born.day + (40 if sex == _P else 0)
    return f"{PREFIX}{day:02}{born.month:02}{born.year % 100:02}{order + 1:04}"
