"""Knows how a village looks on the 43-column form of OpenSID, clean or as careless typists leave it.

Turns people into cells and does no writing. Dirt added here must still be read as the same values; what
must be refused is planted in faults.py.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum, StrEnum

from synthetic import codes
from synthetic.codes import Labels
from synthetic.model import Family, Person, Village

Cell = str | int | date | None
NBSP = "\u00a0"
FIRST_DATA_ROW = 2


class Format(StrEnum):
    """The files that villages send."""

    XLSX = "xlsx"  # every value is text
    XLSM = "xlsm"  # codes are numbers and dates are dates
    CSV = "csv"  # text, utf-8


class Kind(Enum):
    """What a column holds, which decides how it can be typed carelessly."""

    TEXT = "text"
    NAME = "name"
    DUSUN = "dusun"
    RT_RW = "rt_rw"
    NUMBER = "number"  # 16 digits
    DATE = "date"
    CODE = "code"  # code or label
    CODE_ONLY = "code_only"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a sheet is to be written."""

    format: Format = Format.XLSX
    label: bool = False  # some cells hold labels instead of codes
    kotor: bool = False
    pemisah: str = ","  # of csv

    @property
    def is_typed(self) -> bool:
        """Codes are numbers and dates are dates, not text."""
        return self.format is Format.XLSM


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its machine name, what it holds, where the value comes from."""

    name: str
    kind: Kind
    read: Callable[[Family, Person], Cell]
    labels: Labels | None = None


@dataclass(slots=True)
class SheetRow:
    """One person's row; faults.py overwrites cells of it."""

    baris: int  # 1-based row of the spreadsheet, or line of the csv
    cells: list[Cell]
    family: Family
    person: Person


@dataclass(frozen=True, slots=True)
class Sheet:
    """All rows of a village and the row of the end marker."""

    desa: Village
    layout: Layout
    rows: list[SheetRow]
    baris_akhir: int


COLUMNS: tuple[Column, ...] = (
    Column("alamat", Kind.TEXT, lambda f, p: f.alamat),
    Column("dusun", Kind.DUSUN, lambda f, p: f.dusun),
    Column("rw", Kind.RT_RW, lambda f, p: f.rw),
    Column("rt", Kind.RT_RW, lambda f, p: f.rt),
    Column("nama", Kind.NAME, lambda f, p: p.nama),
    Column("no_kk", Kind.NUMBER, lambda f, p: f.no_kk),
    Column("nik", Kind.NUMBER, lambda f, p: p.nik),
    Column("sex", Kind.CODE, lambda f, p: int(p.jenis_kelamin), codes.JENIS_KELAMIN),
    Column("tempatlahir", Kind.TEXT, lambda f, p: p.tempat_lahir),
    Column("tanggallahir", Kind.DATE, lambda f, p: p.tanggal_lahir),
    Column("agama_id", Kind.CODE, lambda f, p: p.agama, codes.AGAMA),
    Column("pendidikan_kk_id", Kind.CODE, lambda f, p: p.pendidikan_kk, codes.PENDIDIKAN_KK),
    Column("pendidikan_sedang_id", Kind.CODE, lambda f, p: p.pendidikan_sedang, codes.PENDIDIKAN_SEDANG),
    Column("pekerjaan_id", Kind.CODE, lambda f, p: p.pekerjaan, codes.PEKERJAAN),
    Column("status_kawin", Kind.CODE, lambda f, p: int(p.status_kawin), codes.STATUS_KAWIN),
    Column("kk_level", Kind.CODE, lambda f, p: int(p.hubungan), codes.HUBUNGAN),
    Column("warganegara_id", Kind.CODE, lambda f, p: p.warganegara, codes.WARGANEGARA),
    Column("ayah_nik", Kind.NUMBER, lambda f, p: p.ayah_nik),
    Column("nama_ayah", Kind.NAME, lambda f, p: p.nama_ayah),
    Column("ibu_nik", Kind.NUMBER, lambda f, p: p.ibu_nik),
    Column("nama_ibu", Kind.NAME, lambda f, p: p.nama_ibu),
    Column("golongan_darah_id", Kind.CODE, lambda f, p: p.golongan_darah, codes.GOLONGAN_DARAH),
    Column("akta_lahir", Kind.TEXT, lambda f, p: p.akta_lahir),
    Column("dokumen_pasport", Kind.TEXT, lambda f, p: p.paspor),
    Column("tanggal_akhir_paspor", Kind.DATE, lambda f, p: p.tanggal_akhir_paspor),
    Column("dokumen_kitas", Kind.TEXT, lambda f, p: p.kitas),
    Column("akta_perkawinan", Kind.TEXT, lambda f, p: p.akta_perkawinan),
    Column("tanggalperkawinan", Kind.DATE, lambda f, p: p.tanggal_perkawinan),
    Column("akta_perceraian", Kind.TEXT, lambda f, p: p.akta_perceraian),
    Column("tanggalperceraian", Kind.DATE, lambda f, p: p.tanggal_perceraian),
    Column("cacat_id", Kind.CODE, lambda f, p: p.cacat, codes.CACAT),
    Column("cara_kb_id", Kind.CODE, lambda f, p: p.cara_kb, codes.CARA_KB),
    Column("hamil", Kind.CODE, lambda f, p: p.hamil, codes.HAMIL),
    Column("ktp_el", Kind.CODE, lambda f, p: p.ktp_el, codes.KTP_EL),
    Column("status_rekam", Kind.CODE, lambda f, p: p.status_rekam, codes.STATUS_REKAM),
    Column("alamat_sekarang", Kind.TEXT, lambda f, p: p.alamat_sekarang),
    Column("status_dasar", Kind.CODE, lambda f, p: int(p.status_dasar), codes.STATUS_DASAR),
    Column("suku", Kind.TEXT, lambda f, p: p.suku),
    Column("tag_id_card", Kind.TEXT, lambda f, p: p.tag_id_card),
    Column("id_asuransi", Kind.CODE_ONLY, lambda f, p: p.asuransi, codes.ASURANSI),
    Column("no_asuransi", Kind.TEXT, lambda f, p: p.no_asuransi),
    Column("lat", Kind.TEXT, lambda f, p: f.lat),
    Column("lng", Kind.TEXT, lambda f, p: f.lng),
)
COLUMN_NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)
COLUMN_INDEX: dict[str, int] = {name: index for index, name in enumerate(COLUMN_NAMES)}

_ALIASES: dict[str, dict[int, tuple[str, ...]]] = {
    "sex": {1: ("L", "LK", "laki-laki"), 2: ("P", "Pr", "perempuan")},
    "status_kawin": {1: ("BK",), 2: ("K",), 3: ("CH",), 4: ("CM",)},
}


def render_sheet(desa: Village, layout: Layout) -> Sheet:
    """Return the rows of a village in the order of its families; with dirt, a few rows stay blank."""
    rng = random.Random(f"{desa.seed}/{desa.kode}/sheet")
    rows: list[SheetRow] = []
    baris = FIRST_DATA_ROW
    for family, person in desa.iterate():
        if layout.kotor and rows and rng.random() < 0.005:
            baris += 1
        cells = [_render_cell(rng, column, column.read(family, person), layout) for column in COLUMNS]
        rows.append(SheetRow(baris, cells, family, person))
        baris += 1
    return Sheet(desa, layout, rows, baris)


def render_code(code: int, layout: Layout) -> Cell:
    """Return a code as the format writes it: number or text."""
    return code if layout.is_typed else str(code)


def render_date(day: date, layout: Layout) -> Cell:
    """Return a date as the format writes it: date or ISO text."""
    return day if layout.is_typed else day.isoformat()


def _render_cell(rng: random.Random, column: Column, value: Cell, layout: Layout) -> Cell:
    if value is None or value == "":
        return "-" if layout.kotor and rng.random() < 0.25 else None
    if isinstance(value, date):
        return _soil_date(rng, value) if layout.kotor else render_date(value, layout)
    if isinstance(value, int):
        if column.labels is not None and column.kind is Kind.CODE:
            if layout.kotor and rng.random() < (0.8 if layout.label else 0.5):
                return _soil_label(rng, column, value)
            if layout.label and rng.random() < 0.7:
                return column.labels[value]
        return render_code(value, layout)
    return _soil_text(rng, column.kind, value) if layout.kotor else value


def _soil_date(rng: random.Random, day: date) -> str:
    return rng.choice((day.isoformat(), f"{day:%d-%m-%Y}", f"{day:%d/%m/%Y}"))


def _soil_label(rng: random.Random, column: Column, code: int) -> str:
    """Return a label in other letters, without its spaces, or by one of its short forms."""
    assert column.labels is not None
    label = column.labels[code]
    aliases = _ALIASES.get(column.name, {}).get(code, ())
    return rng.choice((label, label.lower(), label.replace(" ", ""), label.lower().replace(" ", ""),
                       f" {label.title()}{NBSP}", *aliases))


def _soil_text(rng: random.Random, kind: Kind, text: str) -> str:
    if kind is Kind.NUMBER:
        return rng.choice((text, text, f"'{text}", f"{text}{NBSP}", f" {text}",
                           f"{text[:2]}.{text[2:6]}.{text[6:12]}.{text[12:]}",
                           f"{text[:4]} {text[4:8]} {text[8:12]} {text[12:]}"))
    if kind is Kind.RT_RW:
        return rng.choice((text, text, f"'{text}"))
    if kind is Kind.DUSUN:
        return rng.choice((text, text, f"DUSUN {text}", f"Dusun {text.title()}", f"{text.lower()} ",
                           text.replace(" ", NBSP)))
    if kind is Kind.NAME:
        return rng.choice((text, text, text, f"{text} ", f"{NBSP}{text}", text.replace(" ", NBSP),
                           text.replace(" ", "  ")))
    return rng.choice((text, text, text, f"{text}{NBSP}"))
