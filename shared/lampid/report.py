"""One month as a report: what it began with, every movement with whom it moved, and what follows from these.

The end of the month is no member: it is the start plus the movements, in every cell. So a report cannot disagree
with itself, whoever wrote it (domain.md 2.1). A closed month is stored as :func:`dump_laporan`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple

from shared.clock import hashed_uuid
from shared.lampid.cells import Cell, Pilih, add

FORMAT = 1


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


def digest_laporan(isi: str | None, ukuran: Sequence[str] | None) -> str:
    """Digest what was closed (64 hex digits): an examination at the kecamatan says which one it has seen."""
    return sha256(json.dumps([isi or "", list(ukuran or ())], separators=(",", ":")).encode()).hexdigest()


def dump_laporan(laporan: Laporan) -> str:
    """Write a report as JSON; equal reports are equal texts."""
    places = {id: at for at, id in enumerate(laporan.dusun)}
    return json.dumps(
        {
            "format": FORMAT,
            "dusun": list(laporan.dusun.items()),
            "awal": [[*_write_cell(cell, places), laporan.awal[cell]] for cell in sorted(laporan.awal)],
            "gerak": [
                [gerak.kolom.value, gerak.penduduk, *_write_cell(gerak.cell, places), gerak.tanda, gerak.peristiwa,
                 gerak.jenis, gerak.lapor]
                for gerak in sorted(laporan.gerak)
            ],
        },
        ensure_ascii=False, separators=(",", ":"),
    )


def load_laporan(bulan: str, isi: str | None) -> Laporan | None:
    """Read a report; None for what is none, whoever wrote it."""
    try:
        members = json.loads(isi or "")
        dusun = {str(id): str(nama) for id, nama in members["dusun"]}
        places = list(dusun)
        awal = add(*({_read_cell(row, places): _whole(row[4])} for row in members["awal"]))
        gerak = tuple(
            Gerak(Kolom(row[0]), str(row[1]), _read_cell(row[2:], places), _sign(row[6]), *map(str, row[7:10]))
            for row in members["gerak"]
        )
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    return Laporan(bulan, dusun, awal, gerak)


def _write_cell(cell: Cell, places: Mapping[str, int]) -> tuple[int, int, int, int]:
    return places[cell.dusun], int(cell.wna), cell.sex, int(cell.kepala)


def _read_cell(row: Sequence[Any], places: Sequence[str]) -> Cell:
    at, wna, sex, kepala = map(_whole, row[:4])
    if at < 0 or wna not in (0, 1) or sex not in (0, 1, 2) or kepala not in (0, 1):
        raise ValueError("no cell")
    return Cell(places[at], bool(wna), sex, bool(kepala))


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise ValueError("no whole number")
    return value


def _sign(value: Any) -> int:
    if value not in (1, -1):
        raise ValueError("no sign")
    return _whole(value)
