"""All months of the desa, open and closed, kept in memory until a log grows or the month turns."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from node.beranda.desk import keep, services
from node.services import NodeServices
from shared.clock import today
from shared.lampid.cells import Vector
from shared.lampid.month import find_first_month, list_open, move_month
from shared.lampid.report import Laporan
from shared.lampid.state import Taraf, Tutup
from shared.store.lampid import BukuDesa, read_buku, read_vectors


class Halaman(NamedTuple):
    """One month as its page shows it; ``tutup`` is its record, where it was closed once."""

    laporan: Laporan
    tutup: Tutup | None
    is_open: bool

    @property
    def taraf(self) -> Taraf:
        """Tell how far it has got; one that was closed is open again behind a month that came back."""
        if self.tutup is None:
            return Taraf.BELUM
        if self.is_open and self.tutup.taraf not in (Taraf.DIKEMBALIKAN, Taraf.SENGKETA):
            return Taraf.BELUM
        return self.tutup.taraf


@dataclass(frozen=True)
class Bulanan:
    """The months of one desa; ``current`` is that of the calendar (``YYYY-MM``)."""

    buku: BukuDesa
    current: str

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
        opened = [Halaman(one, recorded.get(one.bulan), True) for one in self.open]
        return {page.laporan.bulan: page for page in reversed([*closed, *opened])}

    @property
    def due(self) -> str:
        """The month that is to be closed next."""
        return self.open[0].bulan

    def may_close(self, bulan: str) -> bool:
        """Tell whether a month may be closed now: months follow each other, and only the first one is free."""
        if bulan > self.current:
            return False
        return bulan == self.due or (not self.buku.months and bulan in self.pages)

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


def read_bulanan(node: NodeServices, conn: sqlite3.Connection) -> Bulanan:
    """Read the months as they are in this very transaction."""
    buku = read_buku(conn, node.catalogue, node.wilayah)
    return Bulanan(buku, today(node.clock).isoformat()[:7])


def load_bulanan() -> Bulanan:
    """Give the months; counted again only when a log has grown or another month has begun."""
    kept = keep("laporan", _Kept)
    node = kept.node
    with kept.lock, node.database.read() as conn:
        count, size = conn.execute("SELECT count(*), coalesce(sum(size), 0) FROM log").fetchone()
        heads = int(count), int(size), today(node.clock).isoformat()[:7]
        if kept.bulanan is None or kept.heads != heads:
            kept.heads, kept.vectors, kept.bulanan = heads, None, read_bulanan(node, conn)
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
