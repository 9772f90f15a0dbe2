"""All months of the desa, open and closed, kept in memory until a log grows or the day turns."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from node.beranda.desk import keep, services
from node.laporan.queries import list_waiting
from node.services import NodeServices
from shared.clock import today
from shared.lampid.book import write_bulan
from shared.lampid.cells import Vector
from shared.lampid.month import find_first_month, find_last_day, list_open, move_month
from shared.lampid.report import Gerak, Laporan
from shared.lampid.state import Taraf, Tutup
from shared.store.lampid import BukuDesa, read_buku, read_named, read_vectors
from shared.web.forms import write_date


class Halaman(NamedTuple):
    """One month as its page shows it; ``tutup`` is its record, where it was closed once.

    ``is_waiting`` when events of it wait for verval and are therefore not counted.
    """

    laporan: Laporan
    tutup: Tutup | None
    is_open: bool
    is_waiting: bool = False

    @property
    def taraf(self) -> Taraf:
        """Tell how far it has got; one that was closed is open again behind a month that came back."""
        if self.tutup is None:
            return Taraf.BELUM
        if self.is_open and self.tutup.taraf not in (Taraf.DIKEMBALIKAN, Taraf.SENGKETA):
            return Taraf.BELUM
        return self.tutup.taraf

    @property
    def is_nihil(self) -> bool:
        """Tell whether it says, or would say, that nothing was reported; of a closed one its record knows."""
        if self.tutup is not None and not self.is_open:
            return self.tutup.nihil
        return self.laporan.is_nihil and not self.is_waiting


@dataclass(frozen=True)
class Bulanan:
    """The months of one desa; ``hari`` is the day of the calendar (``YYYY-MM-DD``).

    ``tertunda`` is what would count if another version of a status that waits for verval were chosen.
    """

    buku: BukuDesa
    hari: str
    tertunda: Sequence[Gerak] = ()

    @property
    def current(self) -> str:
        """The month that is running, as ``YYYY-MM``."""
        return self.hari[:7]

    @cached_property
    def open(self) -> list[Laporan]:
        """Give the open months; where none was ever closed, also the one before this, which may be the first."""
        if self.buku.keadaan.tutup:
            return list_open(self.buku.keadaan, self.current)
        if self.buku.months:
            return list_open(self.buku.keadaan, self.current, min(self.buku.months))
        first = min(find_first_month(self.buku.keadaan, self.current), move_month(self.current, -1))
        return list_open(self.buku.keadaan, self.current, first)

    @cached_property
    def pages(self) -> Mapping[str, Halaman]:
        """Give every month, the newest first."""
        recorded = self.buku.months
        closed = [Halaman(one.laporan, one, False) for one in self.buku.in_force if one.laporan is not None]
        opened = [
            Halaman(one, recorded.get(one.bulan), True, bool(self.list_waiting(one.bulan))) for one in self.open
        ]
        return {page.laporan.bulan: page for page in reversed([*closed, *opened])}

    @property
    def due(self) -> str:
        """The month that is to be closed next."""
        return self.open[0].bulan

    def may_close(self, bulan: str) -> bool:
        """Tell whether a month may be closed now."""
        return not self.find_closing_problem(bulan)

    def find_closing_problem(self, bulan: str) -> str:
        """Say why a month may not be closed now, or "": months follow each other, and only the first one is free.

        One that is running waits for its last day: what is reported in the rest of it would stand in the next report.
        """
        if bulan != self.due and (self.buku.months or bulan not in self.pages):
            return f"{write_bulan(bulan)} belum dapat ditutup. Tutup dulu {write_bulan(self.due)}."
        last = find_last_day(bulan)
        if self.hari >= last:
            return ""
        return (
            f"{write_bulan(bulan)} belum habis, jadi belum dapat ditutup. Tutup mulai tanggal {write_date(last)};"
            f" menurut komputer ini hari ini {write_date(self.hari)}."
        )

    def list_skipped(self, bulan: str) -> list[Laporan]:
        """List the open months before this one of which something was reported.

        There are some only before the first closing: their events would be history and stand in no report.
        """
        return [one for one in self.open if one.bulan < bulan and not self.is_nihil(one)]

    def list_waiting(self, bulan: str) -> list[Gerak]:
        """List what an open month would count if it did not wait for verval; what is late, in the month due next."""
        return [one for one in self.tertunda if max(one.lapor, self.due) == bulan]

    def is_nihil(self, laporan: Laporan) -> bool:
        """Tell whether an open month may say that nothing was reported: not while something of it waits."""
        return laporan.is_nihil and not self.list_waiting(laporan.bulan)

    def make_closing(self, bulan: str) -> Laporan:
        """Make the report of a month that is closed now."""
        return list_open(self.buku.keadaan, self.current, bulan)[0]


class _Kept:
    def __init__(self, node: NodeServices) -> None:
        self.node = node
        self.lock = threading.Lock()
        self.heads: tuple[int, int, str] | None = None
        self.bulanan: Bulanan | None = None
        self.vectors: tuple[str, bool, Mapping[str, Vector]] | None = None
        self.named: Laporan | None = None


def read_bulanan(node: NodeServices, conn: sqlite3.Connection) -> Bulanan:
    """Read the months as they are in this very transaction."""
    buku = read_buku(conn, node.catalogue, node.wilayah)
    waiting = list_waiting(conn, node.catalogue, node.wilayah, buku)
    return Bulanan(buku, today(node.clock).isoformat(), waiting)


def load_bulanan() -> Bulanan:
    """Give the months; counted again only when a log has grown or another day has begun."""
    kept = keep("laporan", _Kept)
    node = kept.node
    with kept.lock, node.database.read() as conn:
        count, size = conn.execute("SELECT count(*), coalesce(sum(size), 0) FROM log").fetchone()
        heads = int(count), int(size), today(node.clock).isoformat()
        if kept.bulanan is None or kept.heads != heads:
            kept.heads, kept.vectors, kept.named, kept.bulanan = heads, None, None, read_bulanan(node, conn)
        return kept.bulanan


def load_vectors(bulanan: Bulanan, bulan: str, at_start: bool) -> Mapping[str, Vector]:
    """Give how everybody was counted at the end or start of a month; the last answer is kept for its next page."""
    kept, node = keep("laporan", _Kept), services()
    with kept.lock, node.database.read() as conn:
        if kept.bulanan is not bulanan or kept.vectors is None or kept.vectors[:2] != (bulan, at_start):
            found = read_vectors(
                conn, node.catalogue, node.wilayah, bulanan.buku, bulanan.open, bulan, at_start
            )
            kept.vectors = bulan, at_start, found
        return kept.vectors[2]


def load_named(bulanan: Bulanan, bulan: str) -> Laporan:
    """Give the report of a month with the names of all its corrections; the last answer is kept for its next page."""
    kept, node = keep("laporan", _Kept), services()
    closed = [month for month in bulanan.buku.in_force if month.bulan <= bulan]
    if not closed or closed[-1].bulan != bulan:
        return bulanan.pages[bulan].laporan
    with kept.lock, node.database.read() as conn:
        if kept.bulanan is not bulanan or kept.named is None or kept.named.bulan != bulan:
            kept.named = read_named(conn, node.catalogue, node.wilayah, closed[-1], closed[:-1])
        return kept.named
