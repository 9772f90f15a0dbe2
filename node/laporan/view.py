"""What the pages of the monthly report show: lists of names, versions of a month that was closed twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

from node.laporan.ledger import Bulanan, load_vectors
from node.laporan.queries import read_dates
from node.penduduk.queries import name_petugas
from node.services import NodeServices
from shared.lampid.book import AWAL, Angka
from shared.lampid.cells import Pilih
from shared.lampid.isi import load_laporan
from shared.lampid.names import Nama, explain, is_of_people, name_gerak, name_people
from shared.lampid.report import PERISTIWA, Kolom, Laporan
from shared.merge.fold import RecordState
from shared.records.identifiers import mask_nik
from shared.records.lampid import JENIS_PERISTIWA
from shared.store.lampid import read_names


class Orang(NamedTuple):
    """One line behind a number; ``id`` is empty where no biodata can be opened."""

    id: str
    nama: str
    nik: str
    dusun: str
    jk: str
    wn: str
    kk: str
    sebab: str
    kejadian: str
    lapor: str
    tanda: int
    is_late: bool


class Versi(NamedTuple):
    """One of several contents of a month, as people compare them."""

    ref: str
    tanggal: str
    oleh: str
    jiwa: int
    peristiwa: int


def list_behind(bulanan: Bulanan, laporan: Laporan, angka: Angka) -> list[Nama]:
    """List whom a number of a month counts; ``laporan`` names its corrections where the number is theirs."""
    if is_of_people(angka):
        return name_people(load_vectors(bulanan, laporan.bulan, angka.apa == AWAL), angka.pilih)
    return name_gerak(laporan, angka)


def fill_names(
    node: NodeServices, conn: sqlite3.Connection, laporan: Laporan, names: Sequence[Nama]
) -> list[Orang]:
    """Write the lines of one page of a list; NIK masked."""
    known = read_names(conn, node.catalogue, node.wilayah, [one.penduduk for one in names])
    dates = read_dates(conn, node.wilayah, [one.gerak.peristiwa for one in names if one.gerak is not None])
    found = []
    for one in names:
        nama, nik, is_here = known.get(one.penduduk, ("", "", False))
        date = dates.get(one.gerak.peristiwa) if one.gerak is not None else None
        found.append(Orang(
            one.penduduk if is_here else "", nama or "Nama tidak tersimpan di sini", mask_nik(nik) if nik else "",
            laporan.dusun.get(one.cell.dusun, ""), " LP"[one.cell.sex].strip(), "WNA" if one.cell.wna else "WNI",
            "Kepala" if one.cell.kepala else "Anggota", _describe(laporan, one), date.peristiwa if date else "",
            date.lapor if date else "", one.tanda, one.gerak is not None and laporan.is_late(one.gerak),
        ))
    return found


def _describe(laporan: Laporan, one: Nama) -> str:
    if one.gerak is None:
        return ""
    if one.gerak.kolom is Kolom.PEMBETULAN:
        return explain(laporan, one.penduduk, laporan.dusun)
    word = JENIS_PERISTIWA.get(one.gerak.jenis, one.gerak.jenis)
    return f"{word} dibatalkan" if one.tanda < 0 else word


def list_versions(conn: sqlite3.Connection, node: NodeServices, state: RecordState, bulan: str) -> list[Versi]:
    """List the contents between which somebody must choose."""
    kind = node.catalogue["laporan_lampid"]
    group = state.groups.get("laporan")
    if group is None or not group.is_conflict:
        return []
    read: list[tuple[str, dict[str, Any]]] = [
        (ref, dict(zip(kind.groups["laporan"], values, strict=True))) for ref, values in group.versions if values
    ]
    officers = name_petugas(conn, {str(values["ditutup_oleh"]) for _, values in read})
    found = []
    for ref, values in read:
        laporan = load_laporan(bulan, values["isi"], values["isi_ringkas"])
        if laporan is not None:
            found.append(Versi(
                ref, values["tanggal_tutup"] or "", officers.get(str(values["ditutup_oleh"]), ""),
                Pilih().sum(laporan.akhir), sum(abs(gerak.tanda) for gerak in laporan.name(PERISTIWA, Pilih())),
            ))
    return found
