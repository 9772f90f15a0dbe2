"""One month as a report: what it began with, every movement with whom it moved, and what follows from these.

The end of the month is no member: it is the start plus the movements, in every cell. So a report cannot disagree
with itself, whoever wrote it (domain.md 2.1). How a closed month is stored says shared/lampid/isi.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

from shared.clock import hashed_uuid
from shared.lampid.cells import Cell, Pilih, add

NAMELESS = "?"
"""So begins the name of a resident who is counted in a closed month and not named there; no record id does."""


class Kolom(StrEnum):
    """What a movement is counted as; *hilang* stands in the columns *pindah* of the book, and apart on the screen."""

    LAHIR = "lahir"
    MATI = "mati"
    DATANG = "datang"
    PINDAH = "pindah"
    HILANG = "hilang"
    PEMBETULAN = "pembetulan"

    @property
    def arah(self) -> int:
        """Tell whether one of these adds a resident or takes one away."""
        return -1 if self in (Kolom.MATI, Kolom.PINDAH, Kolom.HILANG) else 1


PERISTIWA = (Kolom.LAHIR, Kolom.MATI, Kolom.DATANG, Kolom.PINDAH, Kolom.HILANG)


class Gerak(NamedTuple):
    """One movement of one resident; ``tanda`` −1 takes back one of an earlier month.

    ``jenis`` is the kind of the event, ``lapor`` the month of its report (``YYYY-MM``); a correction has none, and
    where nobody is left whom it could name, it has no ``penduduk`` either.
    """

    kolom: Kolom
    penduduk: str
    cell: Cell
    tanda: int = 1
    peristiwa: str = ""
    jenis: str = ""
    lapor: str = ""

    @property
    def akibat(self) -> int:
        """Tell by how many the cell grows."""
        return self.tanda * self.kolom.arah


@dataclass(frozen=True)
class Laporan:
    """The report of one month (``YYYY-MM``) of one desa; ``dusun`` are its hamlets by id, in order of the book."""

    bulan: str
    dusun: Mapping[str, str]
    awal: Mapping[Cell, int]
    gerak: Sequence[Gerak]

    @cached_property
    def akhir(self) -> dict[Cell, int]:
        """What the month ends with."""
        return add(self.awal, *({gerak.cell: gerak.akibat} for gerak in self.gerak))

    @cached_property
    def sums(self) -> dict[Kolom, dict[Cell, int]]:
        """What every column counts, by cell."""
        return {
            kolom: add(*({gerak.cell: gerak.tanda} for gerak in self.gerak if gerak.kolom is kolom)) for kolom in Kolom
        }

    @property
    def is_nihil(self) -> bool:
        """Tell whether nothing was reported in this month; corrections are no events."""
        return all(gerak.kolom is Kolom.PEMBETULAN for gerak in self.gerak)

    def count(self, kolom: Sequence[Kolom], pilih: Pilih) -> int:
        """Count the movements of some columns in some cells."""
        return sum(pilih.sum(self.sums[one]) for one in kolom)

    def name(self, kolom: Sequence[Kolom], pilih: Pilih) -> Iterator[Gerak]:
        """Give whom :meth:`count` counts: the signs of these add up to it.

        What cancels itself for one person within the month is left out, as the number leaves it out.
        """
        net: dict[tuple[Kolom, str], int] = {}
        for gerak in self._select(kolom, pilih):
            key = gerak.kolom, gerak.penduduk
            net[key] = net.get(key, 0) + gerak.tanda
        for gerak in self._select(kolom, pilih):
            key = gerak.kolom, gerak.penduduk
            if net[key] and (net[key] > 0) is (gerak.tanda > 0):
                net[key] -= gerak.tanda
                yield gerak

    def _select(self, kolom: Sequence[Kolom], pilih: Pilih) -> Iterator[Gerak]:
        return (gerak for gerak in self.gerak if gerak.kolom in kolom and pilih.takes(gerak.cell))

    def is_late(self, gerak: Gerak) -> bool:
        """Tell whether a movement was reported in an earlier month, which had been closed without it."""
        return bool(gerak.lapor) and gerak.lapor < self.bulan

    @property
    def without_sex(self) -> int:
        """Count who cannot be counted: no sex on record."""
        return Pilih(sex=0).sum(self.akhir)


def name_laporan(desa: str, bulan: str) -> str:
    """Give the record id of a closed month: a hash of desa and month (UUIDv8), so that two computers close one."""
    return hashed_uuid(sha256(f"sipande laporan lampid v1\n{desa}\n{bulan}".encode()).digest())
