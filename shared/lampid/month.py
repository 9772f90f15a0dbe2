"""The open months of a desa, from what its tables say and the months it has closed. Pure; knows no clock.

An event counts in the month of its report (``tanggal_lapor``), unless that month was closed without it: then in the
first open month, and it is late. An event that a month in force lists counts there and nowhere else. What has
changed the count without an event (a duplicate deleted, a sex corrected, a move between dusun) is the difference
of what is now, what was at the last closing and what the events explain: a correction, with the names that it has.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from shared.lampid.cells import Cell, add, make_cell, negate, spread
from shared.lampid.chain import Peristiwa, judge_life
from shared.lampid.report import Gerak, Kolom, Laporan
from shared.records.lampid import DATANG, HILANG, KEMBALI, LAHIR, MATI, PINDAH

_KOLOM = {
    LAHIR: Kolom.LAHIR, MATI: Kolom.MATI, PINDAH: Kolom.PINDAH, HILANG: Kolom.HILANG, DATANG: Kolom.DATANG,
    KEMBALI: Kolom.DATANG,
}


MONTHS_MAX = 240
"""So many months are open at once at most: a date that somebody mistyped by centuries makes no endless list."""


class Jiwa(NamedTuple):
    """One resident as the tables say: where he is counted, None when he is not, and his last event."""

    cell: Cell | None
    peristiwa: str = ""


@dataclass(frozen=True)
class Keadaan:
    """What the tables of one desa say.

    ``tutup`` are the months in force, in order, without a gap. ``dulu`` is how those stood at the last of them whose
    records were written since (None: not at all). ``lama`` are the events that lie before the first month.
    """

    jiwa: Mapping[str, Jiwa]
    peristiwa: Mapping[str, Peristiwa]
    dusun: Mapping[str, str]
    tutup: Sequence[Laporan] = ()
    dulu: Mapping[str, Jiwa | None] = field(default_factory=dict)
    lama: Collection[str] = ()


def move_month(bulan: str, by: int = 1) -> str:
    """Give the month (``YYYY-MM``) so many months later, or earlier."""
    at = int(bulan[:4]) * 12 + int(bulan[5:7]) - 1 + by
    return f"{at // 12:04d}-{at % 12 + 1:02d}"


def find_last_day(bulan: str) -> str:
    """Give the last day (``YYYY-MM-DD``) of a month."""
    return (date.fromisoformat(f"{move_month(bulan)}-01") - timedelta(days=1)).isoformat()


def list_gerak(peristiwa: Mapping[str, Peristiwa], penduduk: str, last: str) -> list[Gerak]:
    """List what the events of a resident are counted as, in the order of his life; a *batal* takes back another."""
    if not last:
        return []
    return [
        Gerak(
            _KOLOM[item.jenis], penduduk,
            make_cell(item.asal.dusun, item.asal.warganegara, item.asal.jenis_kelamin, bool(item.asal.kepala)),
            item.faktor, item.peristiwa.id, item.jenis, item.bulan,
        )
        for item in judge_life(penduduk, last, peristiwa).terhitung if item.faktor
    ]


def find_first_month(keadaan: Keadaan, current: str) -> str:
    """Give the first open month: the one after the last in force, else that of the earliest event."""
    if keadaan.tutup:
        return move_month(keadaan.tutup[-1].bulan)
    lives = (list_gerak(keadaan.peristiwa, id, jiwa.peristiwa) for id, jiwa in keadaan.jiwa.items())
    earliest = min((gerak.lapor for life in lives for gerak in life), default=current)
    return max(min(earliest, current), move_month(current, -MONTHS_MAX // 2))


def list_open(keadaan: Keadaan, current: str, first: str | None = None) -> list[Laporan]:
    """Make the reports of all open months, up to ``current`` (``YYYY-MM``) or the last one with an event.

    ``first`` names the month to begin with where none was ever closed: what was reported before is history then.
    """
    begin = find_first_month(keadaan, current) if keadaan.tutup or first is None else first
    counter = _Counter(keadaan, begin)
    last = max(current, begin, *counter.months())
    months = [begin]
    while months[-1] < last and len(months) < MONTHS_MAX:
        months.append(move_month(months[-1]))
    return counter.make(months)


class _Counter:
    """Sorts what counts into months; ``begin`` is the first open one."""

    def __init__(self, keadaan: Keadaan, begin: str) -> None:
        self.keadaan, self.begin = keadaan, begin
        self.end = move_month(begin, MONTHS_MAX - 1) if begin else ""
        self.listed = {gerak.peristiwa for laporan in keadaan.tutup for gerak in laporan.gerak} | set(keadaan.lama)
        self.open: dict[str, list[Gerak]] = {}
        self.newcomers: set[str] = set()
        """Whose life in this desa begins with an open event."""
        for penduduk, jiwa in keadaan.jiwa.items():
            own, came = self._judge(penduduk, jiwa)
            if own:
                self.open[penduduk] = own
            if came:
                self.newcomers.add(penduduk)

    def _judge(self, penduduk: str, jiwa: Jiwa) -> tuple[list[Gerak], bool]:
        """Give the open movements of a resident, and whether his life here begins with the first of them."""
        life = list_gerak(self.keadaan.peristiwa, penduduk, jiwa.peristiwa)
        own = [gerak for gerak in life if self._is_open(gerak)]
        return own, bool(own) and own[0] is life[0] and own[0].akibat > 0

    def _is_open(self, gerak: Gerak) -> bool:
        return gerak.peristiwa not in self.listed and (bool(self.keadaan.tutup) or gerak.lapor >= self.begin)

    def month_of(self, gerak: Gerak) -> str:
        return min(max(gerak.lapor, self.begin), self.end)

    def months(self) -> set[str]:
        return {self.month_of(gerak) for own in self.open.values() for gerak in own}

    def make(self, months: Sequence[str]) -> list[Laporan]:
        by_month: dict[str, list[Gerak]] = {month: [] for month in months}
        # Who may need a word: who has open events, and whose record was written since the last closing.
        for penduduk in dict.fromkeys((*self.open, *self.keadaan.dulu)):
            own = self.open.get(penduduk, [])
            for gerak in own:
                by_month[self.month_of(gerak)].append(gerak)
            now = _vector(self.keadaan.jiwa.get(penduduk))
            rest = add(now, negate(_sum(own)), negate(self._before(penduduk, now, own)))
            # Somebody who was not there before cannot have been corrected before he came.
            month = self.month_of(own[0]) if penduduk in self.newcomers else months[0]
            by_month[month] += [Gerak(Kolom.PEMBETULAN, penduduk, cell, sign) for cell, sign in spread(rest)]
        start = add(_count_now(self.keadaan.jiwa), *(negate(_sum(own)) for own in by_month.values()))
        if self.keadaan.tutup:
            signed = self.keadaan.tutup[-1].akhir
            # What no name explains: a body that was erased, a log that is not here any more.
            gap = add(start, negate(signed))
            by_month[months[0]] += [Gerak(Kolom.PEMBETULAN, "", cell, sign) for cell, sign in spread(gap)]
            start = dict(signed)
        return self._chain(months, by_month, start)

    def _chain(
        self, months: Sequence[str], by_month: Mapping[str, list[Gerak]], start: dict[Cell, int]
    ) -> list[Laporan]:
        found = []
        for month in months:
            used = {cell.dusun for cell in start} | {gerak.cell.dusun for gerak in by_month[month]}
            laporan = Laporan(month, _order(self.keadaan, used), start, tuple(sorted(by_month[month])))
            found.append(laporan)
            start = laporan.akhir
        return found

    def _before(self, penduduk: str, now: Mapping[Cell, int], own: Sequence[Gerak]) -> dict[Cell, int]:
        """Say where a resident was counted at the end of the last month in force, or at the opening."""
        if not self.keadaan.tutup:
            # Where there is no event, what is now was always; else what the first one found.
            return dict(now) if not own else {} if own[0].akibat > 0 else {own[0].cell: 1}
        if penduduk in self.keadaan.dulu:
            return self.before_of(penduduk, self.keadaan.dulu[penduduk])
        # Nothing of his was written since: what he is now, less what was not counted then.
        return {} if penduduk in self.newcomers else add(now, negate(_sum(own)))

    def before_of(self, penduduk: str, jiwa: Jiwa | None) -> dict[Cell, int]:
        """Say how the months in force have counted a resident who stood so at the last closing."""
        if jiwa is None:
            return {}
        later, came = self._judge(penduduk, jiwa)
        return {} if came else add(_vector(jiwa), negate(_sum(later)))


def list_names(keadaan: Keadaan, at: Mapping[str, Jiwa]) -> dict[str, dict[Cell, int]]:
    """Say who was counted at the end of the last month in force, ``at`` being everybody as they stood then."""
    counter = _Counter(keadaan, "")
    found = ((penduduk, counter.before_of(penduduk, jiwa)) for penduduk, jiwa in at.items())
    return {penduduk: cells for penduduk, cells in found if cells}


def _vector(jiwa: Jiwa | None) -> dict[Cell, int]:
    return {} if jiwa is None or jiwa.cell is None else {jiwa.cell: 1}


def _sum(gerak: Sequence[Gerak]) -> dict[Cell, int]:
    return add(*({one.cell: one.akibat} for one in gerak))


def _count_now(jiwa: Mapping[str, Jiwa]) -> dict[Cell, int]:
    found: dict[Cell, int] = {}
    for one in jiwa.values():
        if one.cell is not None:
            found[one.cell] = found.get(one.cell, 0) + 1
    return found


def _order(keadaan: Keadaan, used: Collection[str]) -> dict[str, str]:
    """Give the hamlets by id in the order of their names; behind them those that are gone, and none at all."""
    known = dict(sorted(keadaan.dusun.items(), key=lambda item: (item[1], item[0])))
    lost = sorted(id for id in used if id and id not in known)
    return {**known, **dict.fromkeys(lost, "Dusun yang sudah dihapus"), **({"": "Tanpa dusun"} if "" in used else {})}
