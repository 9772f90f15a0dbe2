"""One month of all desa at once, kept until a log grows; and the names behind its numbers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from hub.beranda.shell import list_desa, name_place, remember, services
from hub.lampid.rules import name_state
from shared.lampid.book import AWAL, SHORT_FORM, Angka, Baris, make_short
from shared.lampid.cells import Pilih
from shared.lampid.names import Nama, has_nameless, is_of_people, name_gerak, name_people
from shared.lampid.report import Kolom, Laporan
from shared.lampid.state import Taraf, Tutup, is_open_again
from shared.records.identifiers import mask_nik
from shared.store.bulan import read_months
from shared.store.lampid import read_buku, read_named, read_names, read_vectors


class BulanDesa(NamedTuple):
    """The month of one desa: its record, if it was closed; ``state`` is what people call it here.

    ``is_reopened`` when an earlier month was sent back, or closed anew, so that this one will be closed again.
    """

    kode: str
    nama: str
    tutup: Tutup | None
    state: str
    is_reopened: bool

    @property
    def laporan(self) -> Laporan | None:
        """Give the report that counts in the sum; one in dispute or to be closed again does not."""
        if self.tutup is None or self.is_reopened or self.tutup.taraf in (Taraf.SENGKETA, Taraf.DIKEMBALIKAN):
            return None
        return self.tutup.laporan


class Warga(NamedTuple):
    """One line behind a number."""

    desa: str
    id: str
    nama: str
    nik: str
    dusun: str
    jk: str
    kk: str
    sebab: str
    tanda: int
    is_late: bool


def load_month(bulan: str) -> list[BulanDesa]:
    """Give a month of every desa of the kecamatan, by code."""
    hub = services()

    def read(conn: sqlite3.Connection) -> list[BulanDesa]:
        return [_read_one(conn, kode, nama, bulan) for kode, nama in list_desa(hub.wilayah)]

    return remember(f"lampid {bulan}", read)


def _read_one(conn: sqlite3.Connection, kode: str, nama: str, bulan: str) -> BulanDesa:
    months = read_months(conn, services().catalogue, kode, bulan)
    tutup = next((month for month in months if month.bulan == bulan), None)
    is_reopened = tutup is not None and is_open_again(tutup, months)
    return BulanDesa(kode, nama, tutup, name_state(tutup, is_reopened), is_reopened)


def sum_short(reports: Iterable[Laporan]) -> list[Baris]:
    """Add the short forms of several desa; every number counts the same in each."""
    forms = [make_short(laporan) for laporan in reports]
    if not forms:
        return []
    return [
        Baris(rows[0].judul, [
            Angka(sum(row.angka[at].nilai for row in rows), rows[0].angka[at].apa, rows[0].angka[at].pilih)
            for at in range(len(SHORT_FORM))
        ])
        for rows in zip(*forms, strict=True)
    ]


def list_behind(conn: sqlite3.Connection, own: BulanDesa, apa: str, pilih: Pilih) -> list[Nama]:
    """List whom a number of one desa counts; nobody where its month does not count."""
    hub, laporan = services(), own.laporan
    if laporan is None:
        return []
    angka = Angka(0, apa, pilih)
    if not is_of_people(angka) and not (apa == Kolom.PEMBETULAN and has_nameless(laporan)):
        return name_gerak(laporan, angka)
    if not is_of_people(angka):
        # Kept for the next page of the list: thousands are folded for it.
        return name_gerak(remember(f"lampid nama {own.kode} {laporan.bulan}", lambda held: _name(held, own)), angka)
    buku = read_buku(conn, hub.catalogue, own.kode)
    return name_people(
        read_vectors(conn, hub.catalogue, own.kode, buku, (), laporan.bulan, apa == AWAL), pilih
    )


def _name(conn: sqlite3.Connection, own: BulanDesa) -> Laporan:
    assert own.tutup is not None
    in_force = read_buku(conn, services().catalogue, own.kode).in_force
    before = [month for month in in_force if month.bulan < own.tutup.bulan]
    return read_named(conn, services().catalogue, own.kode, own.tutup, before)


def fill_names(
    conn: sqlite3.Connection, own: BulanDesa, names: Sequence[Nama], describe: Mapping[str, str]
) -> list[Warga]:
    """Write lines of a list; NIK masked."""
    hub, laporan = services(), own.laporan
    assert laporan is not None
    known = read_names(conn, hub.catalogue, own.kode, [one.penduduk for one in names])
    found = []
    for one in names:
        nama, nik, _ = known.get(one.penduduk, ("", "", False))
        word = describe.get(one.gerak.jenis, "Pembetulan") if one.gerak is not None else ""
        found.append(Warga(
            name_place(own.kode), one.penduduk, nama or "Nama tidak tersimpan di sini", mask_nik(nik) if nik else "",
            laporan.dusun.get(one.cell.dusun, ""), " LP"[one.cell.sex].strip(),
            "Kepala" if one.cell.kepala else "Anggota",
            f"{word} dibatalkan" if word and one.tanda < 0 and one.gerak and one.gerak.jenis else word, one.tanda,
            one.gerak is not None and laporan.is_late(one.gerak),
        ))
    return found
