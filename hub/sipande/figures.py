"""The figures of the kecamatan, computed once and kept until a log grows."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from hub.beranda.shell import list_desa, remember, services
from hub.sipande import queries
from hub.sipande.rules import SEXES, Band, find_band, make_bands
from hub.verval.queries import list_open
from shared.clock import today


PROGRAM_DESA = "Bantuan desa"
"""Under this the public page counts programmes whose names nobody at the kecamatan has read."""


@dataclass(frozen=True)
class DesaFigures:
    """The counts of one desa; ``bands`` by sex and band."""

    kode: str
    nama: str
    penduduk: int
    kelamin: Mapping[int, int]
    keluarga: int
    penerima: int
    kasus: int
    bands: Mapping[tuple[int, int], int]


@dataclass(frozen=True)
class ProgramFigures:
    """How many receive from a programme at present, by desa; ``milik`` is the wilayah whose list it is."""

    id: str
    nama: str
    kuota: int | None
    milik: str
    penerima: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.penerima.values())


@dataclass(frozen=True)
class Figures:
    """All counts of the kecamatan on one day."""

    day: date
    bands: tuple[Band, ...]
    desa: tuple[DesaFigures, ...]
    programs: tuple[ProgramFigures, ...]
    kasus: int
    tercatat_dua: int
    """Persons of open cases of one NIK in two desa; until they are decided each of their records counts."""

    tanpa_lahir: int
    """Penduduk whose birth date is not filled in or lies ahead; they are in no band."""

    @property
    def penduduk(self) -> int:
        return sum(own.penduduk for own in self.desa)

    @property
    def tanpa_kelamin(self) -> int:
        """Count the penduduk whose sex is not filled in."""
        return self.penduduk - sum(sum(own.kelamin.values()) for own in self.desa)

    @property
    def keluarga(self) -> int:
        return sum(own.keluarga for own in self.desa)

    @property
    def penerima(self) -> int:
        return sum(own.penerima for own in self.desa)

    def name_publicly(self, kecamatan: str) -> list[tuple[str, int]]:
        """Name the programmes of the kecamatan with their recipients; what a desa has typed is one line of all."""
        named = [(one.nama, one.total) for one in self.programs if one.milik == kecamatan]
        others = [one.total for one in self.programs if one.milik != kecamatan]
        return [*named, *[(PROGRAM_DESA, sum(others))] * bool(others)]

    def find(self, kode: str) -> DesaFigures | None:
        """Find the figures of a desa."""
        return next((own for own in self.desa if own.kode == kode), None)

    def sum_bands(self, kode: str = "") -> Counter[tuple[int, int]]:
        """Add up the bands of one desa, or of all."""
        total: Counter[tuple[int, int]] = Counter()
        for own in self.desa:
            if kode in ("", own.kode):
                total.update(own.bands)
        return total


def load_figures() -> Figures:
    """Give the figures as the logs stand now."""
    hub = services()
    return remember("figures", lambda conn: compute_figures(conn, hub.wilayah, today(hub.clock)))


def compute_figures(conn: sqlite3.Connection, kecamatan: str, day: date) -> Figures:
    """Count everything."""
    places = list_desa(kecamatan)
    codes = [kode for kode, _ in places]
    bands = make_bands(day)
    sexes = [code for code, _ in SEXES]
    people, by_sex, undated = Counter[str](), Counter[tuple[str, int | None]](), 0
    for (kode, sex), (count, without_date) in queries.count_people(conn, bands).items():
        people[kode] += count
        by_sex[kode, sex] += count
        undated += without_date if kode in codes else 0
    by_band = queries.count_by_band(conn, [kode for kode in codes if kode in people], sexes, bands)
    for kode, sex, born in queries.list_uncounted(conn):
        people[kode] -= 1
        by_sex[kode, sex] -= 1
        band = find_band(bands, born)
        undated -= band is None and kode in codes
        if band is not None and (kode, sex, band) in by_band and sex is not None:
            by_band[kode, sex, band] -= 1
    families, recipients = queries.count_families(conn), queries.count_recipients(conn)
    waiting = list_open(conn)
    cases = Counter(desa for _, concerned in waiting for desa in concerned)
    own = tuple(
        DesaFigures(
            kode, nama, people.get(kode, 0), {sex: by_sex.get((kode, sex), 0) for sex in sexes},
            families.get(kode, 0), sum(count for (_, desa), count in recipients.items() if desa == kode),
            cases[kode], {(sex, no): count for (desa, sex, no), count in by_band.items() if desa == kode},
        )
        for kode, nama in places
    )
    programs = tuple(
        ProgramFigures(
            row.id, row.nama or "Tanpa nama", row.kuota, row.desa,
            {desa: count for (program, desa), count in recipients.items() if program == row.id},
        )
        for row in queries.list_programs(conn)
    )
    twice = sum(1 for kode, _ in waiting if kode == "V2")
    return Figures(day, bands, own, programs, len(waiting), twice, undated)
