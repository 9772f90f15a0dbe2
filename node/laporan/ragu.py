"""What a month cannot count for sure: events that wait for verval, newborns and arrivals who may be one person.

Two computers that report one life apart write two ends of it, and neither counts until one is chosen (shared/lampid/
chain.py). A birth or an arrival that both have recorded is two records instead, and counts twice. Whoever closes the
month is told.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from node.laporan.ledger import Bulanan
from node.laporan.queries import Bayi, Pendatang, list_look_alikes, list_newborns
from node.penduduk.index import fold_words
from node.services import NodeServices
from shared.lampid.report import Gerak, Kolom, Laporan
from shared.records.lampid import JENIS_PERISTIWA
from shared.store.lampid import read_names


class Tertunda(NamedTuple):
    """A resident whose status waits for verval; ``jenis`` are the events that therefore do not count, in words."""

    penduduk: str
    nama: str
    jenis: Sequence[str]
    lapor: Sequence[str]


class Ragu(NamedTuple):
    """What a month cannot count for sure; ``lapor`` above are months (``YYYY-MM``)."""

    tertunda: Sequence[Tertunda] = ()
    kembar: Sequence[tuple[Bayi, Bayi]] = ()
    ganda: Sequence[tuple[Pendatang, Pendatang]] = ()

    @property
    def is_any(self) -> bool:
        return bool(self.tertunda or self.kembar or self.ganda)

    @property
    def marks(self) -> list[str]:
        """Give what is to be known before the month is closed, so that nobody signs what he was not shown."""
        return sorted([
            *(f"{one.penduduk} {' '.join(one.jenis)}" for one in self.tertunda),
            *(f"{one.penduduk} {other.penduduk}" for one, other in self.kembar),
            *(f"{one.penduduk} {other.penduduk}" for one, other in self.ganda),
        ])


def find_ragu(node: NodeServices, conn: sqlite3.Connection, bulanan: Bulanan, laporan: Laporan) -> Ragu:
    """Find what an open month cannot count for sure."""
    waiting = bulanan.list_waiting(laporan.bulan)
    names = read_names(conn, node.catalogue, node.wilayah, [one.penduduk for one in waiting])
    births, arrivals = (
        {one.penduduk for one in laporan.gerak if one.kolom is kolom and one.tanda > 0}
        for kolom in (Kolom.LAHIR, Kolom.DATANG)
    )
    newborns = list_newborns(conn, node.wilayah, births) if births else []
    alike = list_look_alikes(conn, node.wilayah, arrivals) if arrivals else []
    return Ragu(
        _group(waiting, {id: found[0] for id, found in names.items()}), pair_newborns(newborns, births),
        pair_arrivals(alike, arrivals),
    )


def _group(waiting: Iterable[Gerak], names: Mapping[str, str]) -> list[Tertunda]:
    found: dict[str, list[Gerak]] = {}
    for one in waiting:
        found.setdefault(one.penduduk, []).append(one)
    return sorted(
        (
            Tertunda(
                id, names.get(id) or "Tanpa nama", sorted({JENIS_PERISTIWA.get(one.jenis, one.jenis) for one in own}),
                sorted({one.lapor for one in own}),
            )
            for id, own in found.items()
        ),
        key=lambda one: (one.nama, one.penduduk),
    )


def pair_newborns(newborns: Sequence[Bayi], births: Iterable[str]) -> list[tuple[Bayi, Bayi]]:
    """Pair newborns who may be one child, one of each pair at least being among ``births``."""
    wanted = set(births)
    return [
        (one, other) for one, other in combinations(newborns, 2)
        if (one.penduduk in wanted or other.penduduk in wanted) and _may_be_one(one, other)
    ]


def _may_be_one(one: Bayi, other: Bayi) -> bool:
    if one.penduduk == other.penduduk or one.lahir != other.lahir:
        return False
    if fold_words(one.nama) == fold_words(other.nama):
        return True
    is_home = bool(one.keluarga) and one.keluarga == other.keluarga
    is_mother = bool(one.ibu_nik) and one.ibu_nik == other.ibu_nik
    # Whoever recorded twins has said so, of both.
    return (is_home or is_mother) and not (one.is_twin and other.is_twin)


def pair_arrivals(people: Sequence[Pendatang], arrivals: Iterable[str]) -> list[tuple[Pendatang, Pendatang]]:
    """Pair residents who may be one person: the same NIK, or name and birth date where a NIK is missing.

    One of each pair at least is among ``arrivals``. Everybody is compared with his like only: there may be thousands.
    """
    wanted = set(arrivals)
    likes: dict[tuple[str, ...], list[Pendatang]] = {}
    for person in people:
        if person.nik:
            likes.setdefault(("nik", person.nik), []).append(person)
        if person.lahir and person.nama:
            likes.setdefault((person.lahir, *fold_words(person.nama)), []).append(person)
    found = {
        (one, other): None for group in likes.values() for one, other in combinations(group, 2)
        if (one.penduduk in wanted or other.penduduk in wanted)
        and (one.nik == other.nik or not (one.nik and other.nik))
    }
    return sorted(found, key=lambda pair: (pair[0].nama, pair[0].penduduk, pair[1].penduduk))
