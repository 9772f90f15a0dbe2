"""Which arrival belongs to which departure, between two desa of one kecamatan. Pure; knows no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from hub.verval.identity import is_identifying_nik
from shared.codes.spelling import fold_key
from shared.records.lampid import DATANG, KEMBALI, PINDAH

ARRIVALS = (DATANG, KEMBALI)
"""Who once lived in the desa that he comes to is recorded there as back, with the code of the same letter."""
DAYS = 30
"""After so many days without the other end a move is a finding (V8)."""
_APART_DAYS_MAX = 400
_KECAMATAN = 8


def read_code(token: str) -> str:
    """Read the code of a letter, however it was typed: without hyphens, points and spaces, in capitals."""
    return token.replace("-", "").replace(" ", "").replace(".", "").upper()


class Ujung(NamedTuple):
    """One end of a move: the event, of whom, between which desa; dates ``YYYY-MM-DD``."""

    desa: str
    id: str
    jenis: str
    penduduk: str
    nama: str
    nik: str
    tanggal: str
    lapor: str
    desa_lain: str
    token: str

    @property
    def code(self) -> str:
        """Give the code of the letter as it is compared."""
        return read_code(self.token)

    @property
    def needs_other(self) -> bool:
        """Tell whether the other end must be in this kecamatan too: it is named, or an arrival has its code.

        Of who is back nobody asks where he was, so his code alone may be of any kecamatan.
        """
        inside = self.desa_lain[:_KECAMATAN] == self.desa[:_KECAMATAN] and self.desa_lain != self.desa
        return inside or (self.jenis == DATANG and bool(self.code) and not self.desa_lain)

    def is_overdue(self, day: str) -> bool:
        """Tell whether more than thirty days have passed since the report, on a day that is handed in."""
        try:
            return date.fromisoformat(day) > date.fromisoformat(self.lapor) + timedelta(DAYS)
        except (ValueError, OverflowError):
            return False


@dataclass(frozen=True)
class Pasangan:
    """A move with both ends, or with the one that is known."""

    pindah: Ujung | None
    datang: Ujung | None
    is_overdue: bool = False

    @property
    def is_whole(self) -> bool:
        return self.pindah is not None and self.datang is not None

    @property
    def known(self) -> Ujung:
        """Give the end that is known, the departure where both are."""
        found = self.pindah or self.datang
        assert found is not None
        return found


def pair_ends(ends: Iterable[Ujung]) -> list[Pasangan]:
    """Pair departures and arrivals: by the code of the letter first, then by NIK, the nearest dates first.

    A family moves on one letter: among those with one code the same NIK pairs first, then the same name.
    """
    listed = sorted(set(ends), key=lambda end: (end.desa, end.id))
    departures = [end for end in listed if end.jenis == PINDAH]
    arrivals = [end for end in listed if end.jenis in ARRIVALS]
    taken: dict[Ujung, Ujung] = {}
    for is_match in (_is_one_person, _has_same_name, _has_same_code, _has_same_nik):
        choices = sorted(
            (apart, left.id, came.id, left, came) for left in departures for came in arrivals
            if left.desa != came.desa and is_match(left, came) and (apart := _count_days(left, came)) is not None
        )
        for _, _, _, left, came in choices:
            if left not in taken and came not in taken:
                taken[left], taken[came] = came, left
    pairs = [Pasangan(left, taken.get(left)) for left in departures]
    return pairs + [Pasangan(None, came) for came in arrivals if came not in taken]


def _has_same_code(left: Ujung, came: Ujung) -> bool:
    return bool(left.code) and left.code == came.code


def _is_one_person(left: Ujung, came: Ujung) -> bool:
    return _has_same_code(left, came) and _has_same_nik(left, came)


def _has_same_name(left: Ujung, came: Ujung) -> bool:
    """Tell whether the code is the same and the name too, however it is spelt."""
    return _has_same_code(left, came) and bool(left.nama) and fold_key(left.nama) == fold_key(came.nama)


def _has_same_nik(left: Ujung, came: Ujung) -> bool:
    return bool(left.nik) and left.nik == came.nik and is_identifying_nik(left.nik)


def _count_days(left: Ujung, came: Ujung) -> int | None:
    """Count the days between both ends; None where they cannot be one move."""
    try:
        days = abs((date.fromisoformat(came.tanggal) - date.fromisoformat(left.tanggal)).days)
    except ValueError:
        return _APART_DAYS_MAX if _has_same_code(left, came) else None
    return days if days <= _APART_DAYS_MAX or _has_same_code(left, came) else None


def join_ends(ends: Sequence[Ujung]) -> list[list[Ujung]]:
    """Sort ends into groups that may be paired with each other, so that not all is compared with all."""
    groups: dict[str, list[Ujung]] = {}
    where: dict[str, str] = {}
    for end in ends:
        names = [name for name in (end.code and f"kode {end.code}", end.nik and f"nik {end.nik}") if name]
        own = next((where[name] for name in names if name in where), end.id)
        for name in names:
            other = where.setdefault(name, own)
            if other != own:
                for moved in groups.pop(other, []):
                    groups.setdefault(own, []).append(moved)
                where = {key: own if group == other else group for key, group in where.items()}
        groups.setdefault(own, []).append(end)
    return list(groups.values())
