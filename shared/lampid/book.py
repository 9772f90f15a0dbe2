"""Book B.3 of Permendagri 47/2016 (33 columns) and the short monthly form of it: every number with what it counts.

Rows of corrections are ours: the regulation has none, and without them no village's report adds up (column 33 names
them in the book; *hilang* counts as *pindah* there, for the regulation has no column for it either).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from shared.tata import Lajur, Sel, Tata
from shared.lampid.cells import Pilih
from shared.lampid.report import Kolom, Laporan
from shared.records.lampid import KEMBALI

AWAL, AKHIR, KELUAR = "awal", "akhir", "keluar"
APA: Mapping[str, tuple[Kolom, ...]] = {
    **{kolom.value: (kolom,) for kolom in Kolom}, KELUAR: (Kolom.PINDAH, Kolom.HILANG),
}
"""What a number may count beside start and end."""
SEBUTAN: Mapping[str, str] = {
    AWAL: "Penduduk awal bulan", "lahir": "Lahir", "mati": "Meninggal", "datang": "Datang", "pindah": "Pindah",
    "hilang": "Hilang", KELUAR: "Pindah dan hilang", "pembetulan": "Pembetulan", AKHIR: "Penduduk akhir bulan",
}
_NONE = "-"
_BULAN = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November",
    "Desember",
)


class Angka(NamedTuple):
    """One number of a report: what it counts and where; ``address`` is the query that opens the names."""

    nilai: int
    apa: str
    pilih: Pilih

    @property
    def address(self) -> dict[str, str]:
        """Write what is counted as the members of an address."""
        found = {"angka": self.apa}
        pilih = self.pilih
        if pilih.dusun is not None:
            found["dusun"] = pilih.dusun or _NONE
        if pilih.wna is not None:
            found["wn"] = "wna" if pilih.wna else "wni"
        if pilih.sex is not None:
            found["jk"] = str(pilih.sex)
        if pilih.kepala is not None:
            found["kk"] = "kepala" if pilih.kepala else "anggota"
        return found


class Baris(NamedTuple):
    """One row of a table of numbers."""

    judul: str
    angka: Sequence[Angka]
    ket: str = ""


def write_bulan(bulan: str) -> str:
    """Write ``2026-11`` as people say it."""
    return f"{_BULAN[int(bulan[5:7]) - 1]} {int(bulan[:4])}"


def is_bulan(text: str) -> bool:
    """Tell whether a text is a month, as ``2026-11``."""
    return (
        len(text) == 7 and text[4] == "-" and text[:4].isdecimal() and text[5:].isdecimal() and text.isascii()
        and "1900" <= text[:4] and "01" <= text[5:] <= "12"
    )


def read_angka(laporan: Laporan, asked: Mapping[str, str]) -> Angka | None:
    """Read which number an address means; None for what no table has."""
    apa, dusun = asked.get("angka", ""), asked.get("dusun")
    wn, jk, kk = asked.get("wn"), asked.get("jk"), asked.get("kk")
    if apa not in SEBUTAN or wn not in (None, "wna", "wni") or kk not in (None, "kepala", "anggota"):
        return None
    if jk not in (None, "0", "1", "2"):
        return None
    pilih = Pilih(
        None if dusun is None else "" if dusun == _NONE else dusun, None if wn is None else wn == "wna",
        None if jk is None else int(jk), None if kk is None else kk == "kepala",
    )
    return count(laporan, apa, pilih)


def count(laporan: Laporan, apa: str, pilih: Pilih) -> Angka:
    """Count one number of a report."""
    if apa == AWAL:
        return Angka(pilih.sum(laporan.awal), apa, pilih)
    if apa == AKHIR:
        return Angka(pilih.sum(laporan.akhir), apa, pilih)
    return Angka(laporan.count(APA[apa], pilih), apa, pilih)


def describe(angka: Angka, dusun: Mapping[str, str]) -> str:
    """Say in words what a number counts."""
    pilih, parts = angka.pilih, [SEBUTAN[angka.apa]]
    if pilih.dusun is not None:
        parts.append(dusun.get(pilih.dusun, "dusun lain"))
    if pilih.wna is not None:
        parts.append("WNA" if pilih.wna else "WNI")
    if pilih.sex is not None:
        parts.append({0: "jenis kelamin belum diisi", 1: "laki-laki", 2: "perempuan"}[pilih.sex])
    if pilih.kepala is not None:
        parts.append("kepala keluarga" if pilih.kepala else "anggota keluarga")
    return ", ".join(parts)


_SEXES = {1: "L", 2: "P"}
SHORT_FORM: tuple[Pilih, ...] = (
    Pilih(wna=False, sex=1), Pilih(wna=False, sex=2), Pilih(wna=True, sex=1), Pilih(wna=True, sex=2),
    Pilih(sex=1), Pilih(sex=2), Pilih(), Pilih(sex=1, kepala=True), Pilih(sex=2, kepala=True), Pilih(kepala=True),
)
SHORT_HEAD: tuple[tuple[str, int], ...] = (("WNI", 2), ("WNA", 2), ("Jumlah", 3), ("KK", 3))
SHORT_TITLES = ("WNI L", "WNI P", "WNA L", "WNA P", "Jumlah L", "Jumlah P", "Jumlah L+P", "KK L", "KK P", "KK L+P")
_SHORT_ROWS = (AWAL, "lahir", "mati", "datang", "pindah", "hilang", "pembetulan", AKHIR)
_SHORT_LABELS = {"datang": "Pendatang", "lahir": "Kelahiran", "mati": "Kematian"}


def make_short(laporan: Laporan, dusun: str | None = None) -> list[Baris]:
    """Make the rows of the short form (domain.md 2.1), of the desa or of one hamlet."""
    return [
        Baris(_SHORT_LABELS.get(apa, SEBUTAN[apa]),
              [count(laporan, apa, Pilih(dusun, one.wna, one.sex, one.kepala)) for one in SHORT_FORM])
        for apa in _SHORT_ROWS
    ]


def make_long(laporan: Laporan) -> tuple[list[Baris], Baris]:
    """Make book B.3: one row a hamlet (columns 3 to 32, and 33 in words), and the sum below."""
    rows = [
        Baris(nama, list(_count_row(laporan, id)), describe_ket(laporan, id)) for id, nama in laporan.dusun.items()
    ]
    return rows, Baris("Jumlah", list(_count_row(laporan, None)), describe_ket(laporan, None))


def _count_row(laporan: Laporan, dusun: str | None) -> Iterator[Angka]:
    yield from _count_people(laporan, AWAL, dusun)
    yield from _count_souls(laporan, AWAL, dusun)
    for apa in ("lahir", "datang", "mati", KELUAR):
        yield from _count_people(laporan, apa, dusun)
    yield from _count_people(laporan, AKHIR, dusun)
    yield from _count_souls(laporan, AKHIR, dusun)


def _count_people(laporan: Laporan, apa: str, dusun: str | None) -> Iterator[Angka]:
    for wna in (True, False):
        for sex in _SEXES:
            yield count(laporan, apa, Pilih(dusun, wna, sex))


def _count_souls(laporan: Laporan, apa: str, dusun: str | None) -> Iterator[Angka]:
    yield count(laporan, apa, Pilih(dusun, kepala=True))
    yield count(laporan, apa, Pilih(dusun, kepala=False))
    yield count(laporan, apa, Pilih(dusun))


def describe_ket(laporan: Laporan, dusun: str | None) -> str:
    """Write column 33: what the other columns cannot say."""
    pilih = Pilih(dusun)
    parts = []
    for kolom, word in ((Kolom.HILANG, "hilang"), (Kolom.DATANG, KEMBALI)):
        named = [gerak for gerak in laporan.name([kolom], pilih) if gerak.jenis == word]
        if named:
            parts.append(f"{word} {sum(gerak.tanda for gerak in named)}")
    late = sum(laporan.is_late(gerak) for gerak in laporan.name(list(Kolom), pilih))
    if late:
        parts.append(f"terlambat {late}")
    fixes = [gerak.tanda for gerak in laporan.name([Kolom.PEMBETULAN], pilih)]
    if fixes:
        up, down = sum(sign > 0 for sign in fixes), sum(sign < 0 for sign in fixes)
        parts.append("pembetulan" + (f" +{up}" if up else "") + (f" −{down}" if down else ""))
    return "; ".join(parts)


def _group(title: str) -> Sel:
    return Sel(title, 4)


_WNA_WNI = (Sel("WNA", 2), Sel("WNI", 2))
_L_P = (Sel("L"), Sel("P"), Sel("L"), Sel("P"))
_SOULS = (Lajur(1.2, "kanan"), Lajur(1.6, "kanan"), Lajur(1.5, "kanan"))
B3 = Tata(
    "B.3", "Rekapitulasi Jumlah Penduduk",
    (
        (Sel("Nomor urut", tinggi=4), Sel("Dusun", tinggi=4), Sel("Jumlah penduduk awal bulan", 7),
         Sel("Tambahan bulan ini", 8), Sel("Pengurangan bulan ini", 8), Sel("Jumlah penduduk akhir bulan", 7),
         Sel("Ket", tinggi=4)),
        (*_WNA_WNI, Sel("Jml KK", tinggi=3), Sel("Jml anggota keluarga", tinggi=3), Sel("Jml jiwa (7+8)", tinggi=3),
         _group("Lahir"), _group("Datang"), _group("Meninggal"), _group("Pindah"),
         *_WNA_WNI, Sel("Jml KK", tinggi=3), Sel("Jml anggota keluarga", tinggi=3), Sel("Jml jiwa (30+31)", tinggi=3)),
        (*(Sel(letter, tinggi=2) for letter in "LPLP"), *_WNA_WNI, *_WNA_WNI, *_WNA_WNI, *_WNA_WNI,
         *(Sel(letter, tinggi=2) for letter in "LPLP")),
        (*_L_P, *_L_P, *_L_P, *_L_P),
    ),
    (Lajur(1.1, "tengah"), Lajur(2.8), *(Lajur(1, "kanan"),) * 4, *_SOULS, *(Lajur(0.85, "kanan"),) * 16,
     *(Lajur(1, "kanan"),) * 4, *_SOULS, Lajur(3)),
    besar=6.5,
)


def write_long(laporan: Laporan) -> tuple[list[list[str | int]], list[list[str | int]]]:
    """Write book B.3 as rows of cells, and the row of the sum."""
    rows, total = make_long(laporan)
    body: list[list[str | int]] = [
        [at, row.judul, *(angka.nilai for angka in row.angka), row.ket] for at, row in enumerate(rows, 1)
    ]
    return body, [["", total.judul, *(angka.nilai for angka in total.angka), total.ket]]
