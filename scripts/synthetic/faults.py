"""Knows the mistakes that people make in such sheets, plants them, and remembers where.

A family carries one fault at most, so that none hides another, and heads are spared where a refused row would
leave a family without one. Only cells change; the village stays right.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from synthetic.codes import Hubungan
from synthetic.numbers import PREFIX
from synthetic.sheet import (
    COLUMN_INDEX, COLUMNS, Cell, Format, Layout, Sheet, SheetRow, render_code, render_date,
)


class FaultKind(StrEnum):
    """What can be wrong with a row; `tanpa_nik` alone is no fault, only somebody who has no NIK yet."""

    TANGGAL_MUSTAHIL = "tanggal_mustahil"
    TANGGAL_TAK_TERBACA = "tanggal_tak_terbaca"
    LAHIR_DI_MASA_DEPAN = "lahir_di_masa_depan"
    KODE_TAK_DIKENAL = "kode_tak_dikenal"
    NIK_SALAH = "nik_salah"
    NIK_TERPOTONG = "nik_terpotong"
    KK_SALAH = "kk_salah"
    NIK_GANDA = "nik_ganda"
    KEPALA_GANDA = "kepala_ganda"
    DUSUN_SALAH_EJA = "dusun_salah_eja"
    NAMA_KOSONG = "nama_kosong"
    TANPA_NIK = "tanpa_nik"


@dataclass(frozen=True, slots=True)
class Fault:
    """One planted fault and the cell that shows it."""

    kode: FaultKind
    baris: int  # 1-based
    kolom: str  # machine name of the column
    nilai_asli: str  # the true value, plain: code, ISO date, digits
    nilai_tertulis: str | int | None  # what stands in the cell instead
    keterangan: str
    baris_lain: int | None = None  # the other row of a pair, which is right as it stands


_Groups = Iterator[list[SheetRow]]
_CODES = (("agama_id", 9), ("pekerjaan_id", "ASTRONOT"), ("pendidikan_kk_id", 14), ("golongan_darah_id", "Z"))
_UNREADABLE = ("tahun 1960", "sekitar 1975", "lupa", "19-Agst-86?")


def plant_faults(sheet: Sheet, count: int) -> list[Fault]:
    """Plant that many faults of each kind into the cells and return them by row.

    Raise ValueError when the village has too few families.
    """
    rng = random.Random(f"{sheet.desa.seed}/{sheet.desa.kode}/cacat")
    groups = _group_families(sheet.rows)
    rng.shuffle(groups)
    used: set[str] = set()
    faults: list[Fault] = []
    for number in range(count):
        for kind, plant in _PLANTERS.items():
            free = (group for group in groups if group[0].family.no_kk not in used)
            fault, rows = plant(free, number, sheet)
            used.update(row.family.no_kk for row in rows)
            faults.append(fault)
            assert fault.kode is kind
    return sorted(faults, key=lambda fault: fault.baris)


def write_faults(faults: list[Fault], path: Path) -> None:
    """Write the list that stands beside the sheet."""
    path.write_text(json.dumps([asdict(fault) for fault in faults], ensure_ascii=False, indent=1) + "\n",
                    encoding="utf-8")


def _group_families(rows: list[SheetRow]) -> list[list[SheetRow]]:
    groups: dict[str, list[SheetRow]] = {}
    for row in rows:
        groups.setdefault(row.family.no_kk, []).append(row)
    return list(groups.values())


def _pick(groups: _Groups, fits: Callable[[SheetRow], bool]) -> SheetRow:
    """Return a row of the first family that has one; raise ValueError when the families run out."""
    for group in groups:
        for row in group:
            if fits(row):
                return row
    raise ValueError("too few families for that many faults")


def _is_head(row: SheetRow) -> bool:
    return row.person.hubungan is Hubungan.KEPALA


def _overwrite(kind: FaultKind, row: SheetRow, kolom: str, cell: Cell, keterangan: str,
               other: SheetRow | None = None) -> Fault:
    index = COLUMN_INDEX[kolom]
    true = COLUMNS[index].read(row.family, row.person)
    row.cells[index] = cell
    written = cell.isoformat() if isinstance(cell, date) else cell
    return Fault(kind, row.baris, kolom, "" if true is None else str(true), written, keterangan,
                 other.baris if other else None)


_Planted = tuple[Fault, tuple[SheetRow, ...]]


def _plant_impossible_date(groups: _Groups, number: int, sheet: Sheet) -> _Planted:
    row = _pick(groups, lambda row: not _is_head(row))
    year = row.person.tanggal_lahir.year
    text = (f"31-02-{year}", f"{year}-02-30", f"31/04/{year}", f"{year}-13-01")[number % 4]
    return _overwrite(FaultKind.TANGGAL_MUSTAHIL, row, "tanggallahir", text, "hari itu tidak ada"), (row,)


def _plant_unreadable_date(groups: _Groups, number: int, sheet: Sheet) -> _Planted:
    row = _pick(groups, lambda row: not _is_head(row))
    text = _UNREADABLE[number % len(_UNREADABLE)]
    return _overwrite(FaultKind.TANGGAL_TAK_TERBACA, row, "tanggallahir", text, "bukan tanggal"), (row,)


def _plant_future_birth(groups: _Groups, number: int, sheet: Sheet) -> _Planted:
    """Put the birth into the wrong century, as two-digit years do; the NIK does not contradict."""
    first = sheet.desa.acuan.year - 99
    row = _pick(groups, lambda row: not _is_head(row) and row.person.tanggal_lahir.year >= first
                and (row.person.tanggal_lahir.month, row.person.tanggal_lahir.day) != (2, 29)
                and row.person.age_on(sheet.desa.acuan) >= 20)
    born = row.person.tanggal_lahir
    cell = render_date(born.replace(year=born.year + 100), sheet.layout)
    note = "lahir sesudah hari ini"
    return _overwrite(FaultKind.LAHIR_DI_MASA_DEPAN, row, "tanggallahir", cell, note), (row,)


def _plant_unknown_code(groups: _Groups, number: int, sheet: Sheet) -> _Planted:
    row = _pick(groups, lambda row: not _is_head(row))
    kolom, value = _CODES[number % len(_CODES)]
    cell = render_code(value, sheet.layout) if isinstance(value, int) else value
    return _overwrite(FaultKind.KODE_TAK_DIKENAL, row, kolom, cell, "kode di luar daftar"), (row,)


def _plant_wrong_nik(groups: _Groups, number: int, sheet: Sheet) -> _Planted:
    row = _pick(groups, lambda row: row.person.is_leaf)
    nik = row.person.nik
    text, note = (
        (nik[:-1], "15 angka"),
        (nik.replace("0", "O", 1), "huruf O di tempat angka 0"),
        (nik + "1", "17 angka"),
        # A reader that drops whatever is no digit is left with 15 here, and must not pad them.
        (nik[:8] + "l" + nik[9:], "huruf l di tempat satu angka"),
    )[number % 4]
    return _overwrite(FaultKind.NIK_SALAH, row, "nik", text, note), (row,)


def _plant_rounded_nik(groups: _Groups, number: int, sheet: Sheet) -> _Planted:
    row = _pick(groups, lambda row: row.person.is_leaf and not row.person.nik.endswith("0"))
    value = _round_like_excel(row.person.nik, sheet.layout)
    note = "sel angka: digit ke-16 hilang menjadi 0"
    return _overwrite(FaultKind.NIK_TERPOTONG, row, "nik", value, note), (row,)


def _round_like_excel(nik: str, layout: Layout) -> str | int:
    """Return what a spreadsheet, which keeps 15 digits, makes of a NIK typed as a number."""
    if layout.format is not Format.CSV:
        return int(nik[:15] + "0")
    point = "," if layout.pemisah == ";" else "."
    return f"{nik[0]}{point}{nik[1:6]}E+15"


def _plant_wrong_kk(groups: _Groups, number: int, sheet: Sheet) -> _Planted:
    row = _pick(groups, lambda row: not _is_head(row))
    no_kk = row.family.no_kk
    text, note = (
        (no_kk[:-1], "15 angka"),
        (PREFIX, "hanya 6 angka"),
        (no_kk.replace("0", "O", 1), "huruf O di tempat angka 0"),
    )[number % 3]
    return _overwrite(FaultKind.KK_SALAH, row, "no_kk", text, note), (row,)


def _plant_shared_nik(groups: _Groups, number: int, sheet: Sheet) -> _Planted:
    """Give a child the NIK of somebody in an earlier row, where most readers meet it first."""
    first = _pick(groups, lambda row: row.person.is_leaf)
    second = _pick(groups, lambda row: row.person.is_leaf)
    first, second = sorted((first, second), key=lambda row: row.baris)
    fault = _overwrite(FaultKind.NIK_GANDA, second, "nik", first.person.nik, "NIK milik baris lain", first)
    return fault, (first, second)


def _plant_second_head(groups: _Groups, number: int, sheet: Sheet) -> _Planted:
    adult = (Hubungan.ISTRI, Hubungan.ANAK)
    for group in groups:
        for row in group[1:]:
            if row.person.hubungan in adult and row.person.age_on(sheet.desa.acuan) >= 17:
                cell = render_code(Hubungan.KEPALA.value, sheet.layout)
                note = "kepala keluarga kedua pada satu KK"
                return _overwrite(FaultKind.KEPALA_GANDA, row, "kk_level", cell, note, group[0]), (row,)
    raise ValueError("too few families for that many faults")


def _plant_misspelt_dusun(groups: _Groups, number: int, sheet: Sheet) -> _Planted:
    row = _pick(groups, _is_head)
    text = misspell_dusun(row.family.dusun, number)
    return _overwrite(FaultKind.DUSUN_SALAH_EJA, row, "dusun", text, "dusun tidak ada; salah eja"), (row,)


def misspell_dusun(name: str, number: int) -> str:
    """Return a near miss of a dusun: the space lost or gained, a vowel lost, a letter doubled."""
    if number % 3 == 0:
        if " " in name:
            return name.replace(" ", "")
        return f"{name[:len(name) // 2]} {name[len(name) // 2:]}"
    # An I is left alone: doubled at the end of a word it would be a Roman two.
    vowels = [index for index, letter in enumerate(name) if index and letter in "AUEO"]
    index = vowels[len(vowels) // 2]
    return name[:index] + name[index + 1:] if number % 3 == 1 else name[:index] + name[index] + name[index:]


def _plant_empty_name(groups: _Groups, number: int, sheet: Sheet) -> _Planted:
    row = _pick(groups, lambda row: row.person.is_leaf)
    value = (None, "-")[number % 2]
    return _overwrite(FaultKind.NAMA_KOSONG, row, "nama", value, "nama tidak diisi"), (row,)


def _plant_no_nik(groups: _Groups, number: int, sheet: Sheet) -> _Planted:
    row = _pick(groups, lambda row: row.person.is_leaf and row.person.age_on(sheet.desa.acuan) < 12)
    value = ("0", None)[number % 2]
    return _overwrite(FaultKind.TANPA_NIK, row, "nik", value, "belum punya NIK; bukan kesalahan"), (row,)


_PLANTERS: dict[FaultKind, Callable[[_Groups, int, Sheet], _Planted]] = {
    FaultKind.TANGGAL_MUSTAHIL: _plant_impossible_date,
    FaultKind.TANGGAL_TAK_TERBACA: _plant_unreadable_date,
    FaultKind.LAHIR_DI_MASA_DEPAN: _plant_future_birth,
    FaultKind.KODE_TAK_DIKENAL: _plant_unknown_code,
    FaultKind.NIK_SALAH: _plant_wrong_nik,
    FaultKind.NIK_TERPOTONG: _plant_rounded_nik,
    FaultKind.KK_SALAH: _plant_wrong_kk,
    FaultKind.NIK_GANDA: _plant_shared_nik,
    FaultKind.KEPALA_GANDA: _plant_second_head,
    FaultKind.DUSUN_SALAH_EJA: _plant_misspelt_dusun,
    FaultKind.NAMA_KOSONG: _plant_empty_name,
    FaultKind.TANPA_NIK: _plant_no_nik,
}
