"""The law of LAMPID: which events of a resident count, in which month, and as what.

``penduduk.peristiwa`` names the last event of a life and each event the one before (``sebelumnya``): that chain alone
counts. Two computers that report two ends of one life write two values of one merge group, so the chain is that of
the last agreed value until one of them is chosen, and never holds both. Along the chain nobody leaves who is not
there and nobody comes who is: such an event is kept, shown, and counts as nothing (somebody who moved away and of
whose death the desa hears later). An event *batal* takes back the last one that was not taken back yet, in its own
month: minus one of the same kind, dusun, sex and citizenship, so that a month once reported never changes. What was
taken back before the month of its report had come (a year mistyped) counts in that of the *batal*, and leaves nothing.

Pure: rows in, counted events out. What does not fit (a circle, a link that is missing, another person's event) ends
the chain there and raises nothing: verval shows it, the month is still written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from shared.records.lampid import BATAL, DATANG, HILANG, KEMBALI, LAHIR, MATI, PINDAH

ARAH: Mapping[str, int] = {LAHIR: 1, DATANG: 1, KEMBALI: 1, MATI: -1, PINDAH: -1, HILANG: -1}
"""What one event of a kind does to the number of residents (domain.md 2.1)."""


class Peristiwa(NamedTuple):
    """What the law needs of one event; the names are the columns of the table ``peristiwa``, NULL as None or ""."""

    id: str
    jenis: str
    penduduk: str
    tanggal_peristiwa: str
    tanggal_lapor: str
    sebelumnya: str | None = None
    dibatalkan: str | None = None
    dusun: str | None = None
    jenis_kelamin: int | None = None
    warganegara: int | None = None
    kepala: bool | int | None = None
    keluarga: str | None = None


COLUMNS: Sequence[str] = Peristiwa._fields


class Terhitung(NamedTuple):
    """One event as a month counts it; of a *batal*, ``asal`` is what it takes back, and ``faktor`` is -1.

    ``faktor`` is 0 for an event that stands in the chain but changes nothing. ``batal`` is the day on which it was
    taken back, where that was before its own report.
    """

    peristiwa: Peristiwa
    asal: Peristiwa
    faktor: int
    batal: str = ""

    @property
    def bulan(self) -> str:
        """Give the month it counts in, as 2026-11: that of the report, not of what happened (domain.md 2.2)."""
        return (self.batal or self.peristiwa.tanggal_lapor)[:7]

    @property
    def jenis(self) -> str:
        """Give the kind it counts under."""
        return self.asal.jenis

    @property
    def jiwa(self) -> int:
        """Give by how many the residents rise (+1), fall (-1) or neither (0)."""
        return self.faktor * ARAH.get(self.asal.jenis, 0)


class Riwayat(NamedTuple):
    """The judged chain of one life, oldest first.

    ``terakhir`` is the last event that nobody has taken back: the one that *batal* would void. ``hadir`` tells
    whether the chain leaves the person in the village; None where it says nothing.
    """

    terhitung: tuple[Terhitung, ...] = ()
    terakhir: Peristiwa | None = None
    hadir: bool | None = None


def follow_chain(penduduk: str, start: str | None, events: Mapping[str, Peristiwa]) -> list[Peristiwa]:
    """List the events of one resident, oldest first, from ``penduduk.peristiwa`` back as far as the links lead."""
    chain: list[Peristiwa] = []
    seen: set[str] = set()
    at = start
    while at and at not in seen:
        seen.add(at)
        event = events.get(at)
        if event is None or event.penduduk != penduduk:
            break
        chain.append(event)
        at = event.sebelumnya
    chain.reverse()
    return chain


def judge_chain(chain: Iterable[Peristiwa]) -> Riwayat:
    """Say of each event of a chain, oldest first, whether it counts; a *batal* that voids no last event is left out."""
    counted: list[Terhitung] = []
    # What stands: the place of each event among the counted, with its factor and with what was true before it.
    standing: list[tuple[int, int, bool]] = []
    present: bool | None = None
    for event in chain:
        if event.jenis == BATAL:
            if standing and counted[standing[-1][0]].asal.id == event.dibatalkan:
                at, factor, present = standing.pop()
                asal = counted[at].asal
                if event.tanggal_lapor < asal.tanggal_lapor:
                    counted[at] = Terhitung(asal, asal, factor, event.tanggal_lapor)
                counted.append(Terhitung(event, asal, -factor))
            continue
        arah = ARAH.get(event.jenis)
        if arah is None:
            continue  # a kind that a newer program knows
        arrives = arah > 0
        # The first event of a chain says where the person was before it.
        before = present if present is not None else not arrives
        factor = int(before is not arrives)
        standing.append((len(counted), factor, before))
        counted.append(Terhitung(event, event, factor))
        present = arrives
    return Riwayat(tuple(counted), counted[standing[-1][0]].asal if standing else None, present)


def judge_life(penduduk: str, start: str | None, events: Mapping[str, Peristiwa]) -> Riwayat:
    """Follow and judge the chain of one resident."""
    return judge_chain(follow_chain(penduduk, start, events))


def list_history(events: Mapping[str, Peristiwa], bulan: str) -> set[str]:
    """List the events that were reported before a month (``YYYY-MM``), and those that were taken back before it."""
    early = {id for id, event in events.items() if event.tanggal_lapor[:7] < bulan}
    voided = {str(events[id].dibatalkan) for id in early if events[id].jenis == BATAL}
    return early | (voided & events.keys())


def count_events(starts: Iterable[tuple[str, str | None]], events: Iterable[Peristiwa]) -> list[Terhitung]:
    """List all events of a village that count, by report month and id.

    ``starts`` are the live residents as (id, ``penduduk.peristiwa``); an event that no live status leads to is not
    in the answer, and none is there twice.
    """
    by_id = {event.id: event for event in events}
    found = [
        item for penduduk, start in starts if start for item in judge_life(penduduk, start, by_id).terhitung
        if item.faktor
    ]
    return sorted(found, key=lambda item: (item.bulan, item.peristiwa.id))
