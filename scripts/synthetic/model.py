"""Knows what an invented person, family and village consist of.

The words *person*, *family* and *village* are kept apart from *penduduk*, *keluarga* and *desa* on purpose:
the latter are the records of the system under test, these are the truth that was put into it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TypedDict

from synthetic.codes import Hubungan, JenisKelamin, StatusDasar, StatusKawin

ACUAN = date(2026, 11, 1)


@dataclass(frozen=True, slots=True)
class Person:
    """One invented person; codes are those of the 43-column form, empty text and None are "not filled in"."""

    nik: str  # 16 digits, always at one with birth date and sex unless a fault was planted
    nama: str  # capitals, one to three words, seldom a title
    jenis_kelamin: JenisKelamin
    tempat_lahir: str
    tanggal_lahir: date  # before the reference date of the village
    agama: int
    pendidikan_kk: int  # highest schooling on the family card
    pendidikan_sedang: int  # school attended now
    pekerjaan: int
    status_kawin: StatusKawin
    hubungan: Hubungan
    nama_ayah: str
    nama_ibu: str
    ayah_nik: str = ""  # filled when the father lives in the same family
    ibu_nik: str = ""  # filled when the mother lives in the same family
    warganegara: int = 1
    golongan_darah: int = 13
    akta_lahir: str = ""
    paspor: str = ""
    tanggal_akhir_paspor: date | None = None
    kitas: str = ""
    akta_perkawinan: str = ""
    tanggal_perkawinan: date | None = None
    akta_perceraian: str = ""
    tanggal_perceraian: date | None = None
    cacat: int = 7
    cara_kb: int | None = None  # married women of 15-49 and a few men
    hamil: int | None = None  # married women of 15-49 only
    ktp_el: int = 1
    status_rekam: int = 1
    alamat_sekarang: str = ""  # only for those who stay elsewhere
    status_dasar: StatusDasar = StatusDasar.HIDUP
    suku: str = "JAWA"
    tag_id_card: str = ""  # unique where filled
    asuransi: int = 1
    no_asuransi: str = ""  # empty without insurance
    telepon: str = ""  # starts with 0800-00; not a column of the form

    @property
    def is_leaf(self) -> bool:
        """Nobody else's row mentions this person: safe to change or replace without touching another row."""
        return self.hubungan in (Hubungan.ANAK, Hubungan.CUCU) and self.status_kawin is StatusKawin.BELUM

    def age_on(self, day: date) -> int:
        """Return the full years lived on a day."""
        return count_years(self.tanggal_lahir, day)


@dataclass(frozen=True, slots=True)
class Family:
    """One family card: where it lives and who is on it, the head first."""

    no_kk: str  # 16 digits
    alamat: str
    dusun: str
    rw: str  # three digits
    rt: str  # three digits, counted from 001 within the rw
    lat: str  # decimal degrees, invented; empty for most
    lng: str
    anggota: tuple[Person, ...]

    @property
    def kepala(self) -> Person:
        """Return the head."""
        return self.anggota[0]


@dataclass(frozen=True, slots=True)
class Village:
    """One invented village, complete and free of faults; faults are planted in a sheet or a kecamatan."""

    kode: str  # dotted: 33.03.04.2006
    nama: str
    seed: int
    acuan: date  # the day on which all ages and documents are right
    dusun: tuple[str, ...]
    keluarga: tuple[Family, ...]  # ordered by dusun, rw, rt

    @property
    def person_count(self) -> int:
        """Return how many people there are, whatever their status."""
        return sum(len(family.anggota) for family in self.keluarga)

    def iterate(self) -> Iterator[tuple[Family, Person]]:
        """Yield every person with the family, in the order of the sheet."""
        for family in self.keluarga:
            for person in family.anggota:
                yield family, person


class FlatPerson(TypedDict):
    """The 22 fields that make a resident without a spreadsheet: codes are int, the date is ISO text."""

    kode_desa: str
    no_kk: str
    nik: str
    nama: str
    jenis_kelamin: int
    tempat_lahir: str
    tanggal_lahir: str
    agama: int
    pendidikan_kk: int
    pendidikan_sedang: int
    pekerjaan: int
    status_kawin: int
    hubungan: int
    warganegara: int
    golongan_darah: int
    nama_ayah: str
    nama_ibu: str
    alamat: str
    dusun: str
    rw: str
    rt: str
    status_dasar: int


def people(desa: Village) -> Iterator[FlatPerson]:
    """Yield each person of a village as one flat row, in the order of the sheet."""
    for family, person in desa.iterate():
        yield {
            "kode_desa": desa.kode,
            "no_kk": family.no_kk,
            "nik": person.nik,
            "nama": person.nama,
            "jenis_kelamin": int(person.jenis_kelamin),
            "tempat_lahir": person.tempat_lahir,
            "tanggal_lahir": person.tanggal_lahir.isoformat(),
            "agama": person.agama,
            "pendidikan_kk": person.pendidikan_kk,
            "pendidikan_sedang": person.pendidikan_sedang,
            "pekerjaan": person.pekerjaan,
            "status_kawin": int(person.status_kawin),
            "hubungan": int(person.hubungan),
            "warganegara": person.warganegara,
            "golongan_darah": person.golongan_darah,
            "nama_ayah": person.nama_ayah,
            "nama_ibu": person.nama_ibu,
            "alamat": family.alamat,
            "dusun": family.dusun,
            "rw": family.rw,
            "rt": family.rt,
            "status_dasar": int(person.status_dasar),
        }


def count_years(start: date, end: date) -> int:
    """Return the full years between two days."""
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))
