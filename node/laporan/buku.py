"""The rows of the population books, each a projection of residents and events: nothing is typed for them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from node.laporan.queries import Perjalanan, list_temporary, read_perjalanan
from node.laporan.tata_buku import B1, B2, B4, B5
from node.penduduk.index import PeopleIndex, Person
from node.penduduk.queries import list_dusun, read_rows
from node.penduduk.rules import HIDUP, KEPALA, PENDUDUK, count_age, show_value
from node.services import NodeServices
from shared.clock import today
from shared.codes import code_list
from shared.records.identifiers import mask_nik
from shared.records.lampid import DATANG, HILANG, KEMBALI, LAHIR, MATI, PINDAH
from shared.tata import Cell, Tata
from shared.web.forms import write_date


@dataclass(frozen=True)
class Sumber:
    """What every book is read from; numbers are masked unless ``is_open``."""

    node: NodeServices
    conn: sqlite3.Connection
    index: PeopleIndex
    is_open: bool = False

    @property
    def day(self) -> date:
        return today(self.node.clock)

    def number(self, text: str | None) -> str:
        return (text if self.is_open else mask_nik(text)) if text else ""

    def rows(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        return read_rows(self.conn, PENDUDUK, self.node.wilayah, ids)


class Entri(NamedTuple):
    """One line of a book before it is written: whose it is, and which event it is about, if any."""

    penduduk: str
    jalan: Perjalanan | None = None


Pilihan = Mapping[str, str]
"""What narrows a book: ``dusun`` by id, ``tahun``."""


@dataclass(frozen=True)
class Buku:
    """One book: which lines it has, and how a page of them is written (numbered from ``first``)."""

    slug: str
    tata: Tata
    ringkas: str
    gather: Callable[[Sumber, Pilihan], Sequence[Entri]]
    write: Callable[[Sumber, Sequence[Entri], int], list[list[Cell]]]
    has_years: bool = False


def _list_residents(source: Sumber, chosen: Pilihan) -> list[Entri]:
    """List the permanent residents by dusun, family and place in it."""
    temporary = list_temporary(source.conn, source.node.wilayah)
    dusun = list_dusun(source.conn, source.node.wilayah)
    places = {id: at for at, id in enumerate(dusun)}
    wanted = chosen.get("dusun", "")
    found = [
        person for person in source.index.people()
        if person.status == HIDUP and person.id not in temporary and wanted in ("", person.dusun)
    ]
    found.sort(key=lambda p: (places.get(p.dusun, len(places)), p.rw, p.rt, p.no_kk, p.keluarga, p.hubungan or 99))
    return [Entri(person.id) for person in found]


class _Words:
    """Writes the cells of residents in words."""

    def __init__(self, source: Sumber, entries: Sequence[Entri]) -> None:
        self.source = source
        self.rows = source.rows([entry.penduduk for entry in entries])
        self.dusun = list_dusun(source.conn, source.node.wilayah)

    def value(self, id: str, name: str) -> str:
        return show_value(PENDUDUK.fields[name], self.rows.get(id, {}).get(name), self.dusun)

    def person(self, id: str) -> Person | None:
        return self.source.index.get(id)

    def sex(self, id: str) -> str:
        return {1: "L", 2: "P"}.get(self.rows.get(id, {}).get("jenis_kelamin") or 0, "")

    def address(self, id: str) -> str:
        person = self.person(id)
        if person is None:
            return ""
        place = f"RT {person.rt or '–'} RW {person.rw or '–'}" if person.rt or person.rw else ""
        return ", ".join(filter(None, (self.value(id, "alamat"), self.dusun.get(person.dusun, ""), place)))

    def born(self, id: str) -> str:
        return ", ".join(filter(None, (self.value(id, "tempat_lahir"), self.value(id, "tanggal_lahir"))))

    def issued(self, id: str) -> str:
        return ", ".join(filter(None, (self.value(id, "tempat_cetak_ktp"), self.value(id, "tanggal_cetak_ktp"))))

    def letters(self, id: str) -> str:
        """Write what somebody reads as the book abbreviates it: L, D, A, AL, AD, ALD."""
        code = self.rows.get(id, {}).get("membaca")
        return code_list("kemampuan_baca").extra.get(code, {}).get("singkatan", "") if code is not None else ""

    def nationality(self, id: str) -> str:
        return self.value(id, "warganegara") or "WNI"


def _write_b1(source: Sumber, entries: Sequence[Entri], first: int) -> list[list[Cell]]:
    words = _Words(source, entries)
    found: list[list[Cell]] = []
    for at, (id, _) in enumerate(entries, first):
        person, value = words.person(id), words.value
        found.append([
            at, value(id, "nama"), words.sex(id), value(id, "status_kawin"), value(id, "tempat_lahir"),
            value(id, "tanggal_lahir"), value(id, "agama"), value(id, "pendidikan"), value(id, "pekerjaan"),
            words.letters(id), words.nationality(id), words.address(id), value(id, "hubungan"),
            source.number(person.nik if person else ""), source.number(person.no_kk if person else ""), "",
        ])
    return found


def _list_mutasi(source: Sumber, chosen: Pilihan) -> list[Entri]:
    """List the events of permanent residents that count, by date of report; what was taken back stands in no book."""
    year, dusun = chosen.get("tahun", ""), chosen.get("dusun", "")
    temporary = list_temporary(source.conn, source.node.wilayah)
    return [
        Entri(jalan.penduduk, jalan) for jalan in read_perjalanan(source.conn, source.node.wilayah)
        if jalan.lapor.startswith(year) and dusun in ("", jalan.dusun) and jalan.penduduk not in temporary
    ]


def _write_b2(source: Sumber, entries: Sequence[Entri], first: int) -> list[list[Cell]]:
    words = _Words(source, entries)
    found: list[list[Cell]] = []
    for at, (id, jalan) in enumerate(entries, first):
        assert jalan is not None
        day = write_date(jalan.tanggal)
        came, left, died = (jalan.jenis in kinds for kinds in ((DATANG, KEMBALI), (PINDAH,), (MATI,)))
        note = {LAHIR: f"Lahir {day}", HILANG: f"Hilang {day}", KEMBALI: "Kembali"}.get(jalan.jenis, "")
        found.append([
            at, words.value(id, "nama"), words.value(id, "tempat_lahir"), words.value(id, "tanggal_lahir"),
            words.sex(id), words.nationality(id), *_two(came, jalan.alamat, day), *_two(left, jalan.alamat, day),
            *_two(died, jalan.tempat, day), note,
        ])
    return found


def _two(is_so: bool, place: str, day: str) -> tuple[str, str]:
    return (place, day) if is_so else ("", "")


def _list_sementara(source: Sumber, chosen: Pilihan) -> list[Entri]:
    wanted, temporary = chosen.get("dusun", ""), list_temporary(source.conn, source.node.wilayah)
    people = [p for p in source.index.people() if p.id in temporary and wanted in ("", p.dusun)]
    return [Entri(person.id) for person in people]


def _write_b4(source: Sumber, entries: Sequence[Entri], first: int) -> list[list[Cell]]:
    words, members = _Words(source, entries), source.index.members()
    lives = _read_lives(source, entries)
    found: list[list[Cell]] = []
    for at, (id, _) in enumerate(entries, first):
        person, life = words.person(id), lives.get(id, [])
        came = next((one for one in life if one.jenis in (DATANG, KEMBALI)), None)
        left = next((one for one in reversed(life) if one.jenis in (PINDAH, HILANG, MATI)), None)
        home = members.get(person.keluarga, []) if person and person.keluarga else []
        host = next((p.nama for p in home if p.hubungan == KEPALA and p.id != id), "")
        age = count_age(person.tanggal_lahir, source.day) if person else None
        sex = words.sex(id)
        found.append([
            at, words.value(id, "nama"), "√" if sex == "L" else "", "√" if sex == "P" else "",
            source.number(person.nik if person else ""),
            words.born(id) + (f" / {age} tahun" if age is not None else ""), words.value(id, "pekerjaan"),
            words.nationality(id), words.value(id, "suku"), came.alamat if came else "", came.alasan if came else "",
            ", ".join(filter(None, (host, words.address(id)))), write_date(came.tanggal) if came else "",
            write_date(left.tanggal) if left else "", "",
        ])
    return found


def _read_lives(source: Sumber, entries: Sequence[Entri]) -> dict[str, list[Perjalanan]]:
    wanted = {entry.penduduk for entry in entries}
    lives: dict[str, list[Perjalanan]] = {}
    for one in read_perjalanan(source.conn, source.node.wilayah, wanted):
        lives.setdefault(one.penduduk, []).append(one)
    return lives


def _write_b5(source: Sumber, entries: Sequence[Entri], first: int) -> list[list[Cell]]:
    words, lives = _Words(source, entries), _read_lives(source, entries)
    found: list[list[Cell]] = []
    for at, (id, _) in enumerate(entries, first):
        person, value, life = words.person(id), words.value, lives.get(id, [])
        since = next((one.tanggal for one in life if one.jenis in (LAHIR, DATANG)), "")
        found.append([
            at, source.number(person.no_kk if person else ""), value(id, "nama"),
            source.number(person.nik if person else ""), words.sex(id), words.born(id), value(id, "golongan_darah"),
            value(id, "agama"), value(id, "pendidikan"), value(id, "pekerjaan"), words.address(id),
            value(id, "status_kawin"), words.issued(id), value(id, "hubungan"), words.nationality(id),
            value(id, "ayah_nama"), value(id, "ibu_nama"), write_date(since), "",
        ])
    return found


BUKU: Mapping[str, Buku] = {
    buku.slug: buku for buku in (
        Buku("b1", B1, "Semua penduduk tetap.", _list_residents, _write_b1),
        Buku("b2", B2, "Lahir, datang, pindah, dan meninggal.", _list_mutasi, _write_b2, has_years=True),
        Buku("b4", B4, "Penduduk yang tinggal tidak tetap.", _list_sementara, _write_b4),
        Buku("b5", B5, "Isi KTP dan kartu keluarga.", _list_residents, _write_b5),
    )
}
"""The books that are kept by themselves; B.3 is the monthly report."""
