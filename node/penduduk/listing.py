"""The list of residents as one table: the same cells for the screen and for the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from node.penduduk.index import PeopleIndex, Person
from node.penduduk.queries import list_dusun, read_rows
from node.penduduk.rules import PENDUDUK, SORTS, Saringan, count_age, narrow, order, show_value
from node.penduduk.tampilan import Tampilan
from node.services import NodeServices
from shared.clock import today
from shared.records.identifiers import mask_nik
from shared.web.policy import has_right

_FROM_INDEX = frozenset({"nik", "jk", "umur", "tanggal_lahir", "hubungan", "no_kk", "dusun", "rt_rw"})
_SEX = {1: "L", 2: "P"}


class Baris(NamedTuple):
    """One resident in a list; ``konflik`` when something waits for verval, cells in order of the columns."""

    id: str
    nama: str
    konflik: bool
    cells: list[str]


def select_people(
    node: NodeServices, conn: sqlite3.Connection, index: PeopleIndex, view: Tampilan[Saringan]
) -> list[Person]:
    """Find whom a view shows, in its order; a search without an order of its own keeps the best first."""
    found = narrow(index.search(view.saringan.teks), view.saringan, today(node.clock))
    if view.urut in SORTS:
        return order(found, view.urut, view.turun, list_dusun(conn, node.wilayah), has_right("nomor_buka"))
    return found


def fill_rows(
    node: NodeServices, conn: sqlite3.Connection, people: Sequence[Person], columns: Sequence[str],
    reveal: bool = False,
) -> list[Baris]:
    """Write the cells of some residents; numbers are masked unless ``reveal``."""
    dusun = list_dusun(conn, node.wilayah)
    rows: Mapping[str, Mapping[str, Any]] = {}
    if not _FROM_INDEX.issuperset(columns):
        rows = read_rows(conn, PENDUDUK, node.wilayah, [person.id for person in people])
    make = _CellMaker(dusun, today(node.clock), reveal)
    empty: Mapping[str, Any] = {}
    return [
        Baris(p.id, p.nama, p.konflik, [make(name, p, rows.get(p.id, empty)) for name in columns])
        for p in people
    ]


@dataclass(frozen=True)
class _CellMaker:
    dusun: Mapping[str, str]
    day: date
    reveal: bool

    def __call__(self, name: str, person: Person, row: Mapping[str, Any]) -> str:
        made = _MAKERS.get(name)
        if made is not None:
            return made(self, person)
        return show_value(PENDUDUK.fields[name], row.get(name), self.dusun, self.reveal)

    def number(self, text: str) -> str:
        return text if self.reveal or not text else mask_nik(text)


_HUBUNGAN = PENDUDUK.fields["hubungan"]
_MAKERS: Mapping[str, Callable[[_CellMaker, Person], str]] = {
    "nik": lambda make, p: make.number(p.nik),
    "no_kk": lambda make, p: make.number(p.no_kk),
    "jk": lambda make, p: _SEX.get(p.jenis_kelamin, ""),
    "umur": lambda make, p: str(age) if (age := count_age(p.tanggal_lahir, make.day)) is not None else "",
    "tanggal_lahir": lambda make, p: show_value(
        PENDUDUK.fields["tanggal_lahir"], p.tanggal_lahir or None, {}
    ),
    "hubungan": lambda make, p: show_value(_HUBUNGAN, p.hubungan or None, {}),
    "dusun": lambda make, p: make.dusun.get(p.dusun, ""),
    "rt_rw": lambda make, p: f"{p.rt}/{p.rw}" if p.rt or p.rw else "",
}
