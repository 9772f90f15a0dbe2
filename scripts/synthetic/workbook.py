"""Knows how a sheet is written to disk as .xlsx, .xlsm or .csv.

The same sheet always gives the same bytes: the time of making, which Excel files carry, is fixed.
"""

from __future__ import annotations

import csv
import gc
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from synthetic import codes
from synthetic.sheet import COLUMN_NAMES, Cell, Format, Sheet

END_MARKER = "###"
SHEET_DATA = "Data Penduduk"
SHEET_CODES = "Kode Data"

# Text below the marker is for people; a reader that goes on past the marker stumbles over it.
_NOTES = (
    "Baris bertanda ### adalah akhir data. Apa pun di bawahnya tidak dibaca.",
    "NIK dan nomor KK ditulis sebagai teks, 16 angka. Tulis 0 bila belum punya NIK.",
)
_CODE_LISTS: tuple[tuple[str, codes.Labels], ...] = (
    ("Jenis Kelamin", codes.JENIS_KELAMIN), ("Agama", codes.AGAMA), ("Pendidikan KK", codes.PENDIDIKAN_KK),
    ("Pendidikan Sedang", codes.PENDIDIKAN_SEDANG), ("Pekerjaan", codes.PEKERJAAN),
    ("Status Kawin", codes.STATUS_KAWIN), ("Hubungan", codes.HUBUNGAN), ("Warganegara", codes.WARGANEGARA),
    ("Golongan Darah", codes.GOLONGAN_DARAH), ("Cacat", codes.CACAT), ("Cara KB", codes.CARA_KB),
    ("Hamil", codes.HAMIL), ("KTP-el", codes.KTP_EL), ("Status Rekam", codes.STATUS_REKAM),
    ("Status Dasar", codes.STATUS_DASAR), ("Asuransi", codes.ASURANSI),
)


def write_sheet(sheet: Sheet, path: Path) -> None:
    """Write a sheet in the format of its layout; the folder must exist."""
    if sheet.layout.format is Format.CSV:
        _write_csv(sheet, path)
    else:
        with _paused_gc():
            _write_workbook(sheet, path)


@contextmanager
def _paused_gc() -> Iterator[None]:
    """Keep the cyclic collector from walking millions of live cells again and again.

    That would be a quarter of the time of writing.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _write_csv(sheet: Sheet, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=sheet.layout.pemisah)
        blank = [""] * len(COLUMN_NAMES)
        writer.writerow(COLUMN_NAMES)
        baris = 2
        for row in sheet.rows:
            while baris < row.baris:
                writer.writerow(blank)
                baris += 1
            writer.writerow(["" if cell is None else cell for cell in row.cells])
            baris += 1
        for text in (END_MARKER, *_NOTES):
            writer.writerow(["", text, *blank[2:]])


def _write_workbook(sheet: Sheet, path: Path) -> None:
    # Written to memory first: by name, xlsxwriter would refuse an .xlsm that carries no macros.
    buffer = io.BytesIO()
    workbook = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_numbers": False})
    workbook.set_properties({"created": datetime.combine(sheet.desa.acuan, time())})
    date_format = workbook.add_format({"num_format": "dd-mm-yyyy"})
    data = workbook.add_worksheet(SHEET_DATA)
    for index, name in enumerate(COLUMN_NAMES):
        data.write_string(0, index, name)
    for row in sheet.rows:
        for index, cell in enumerate(row.cells):
            if type(cell) is str:
                data.write_string(row.baris - 1, index, cell)
            elif cell is not None:
                _write_typed(data, row.baris - 1, index, cell, date_format)
    for offset, text in enumerate((END_MARKER, *_NOTES)):
        data.write_string(sheet.baris_akhir - 1 + offset, 1, text)
    _write_codes(workbook.add_worksheet(SHEET_CODES))
    workbook.close()
    path.write_bytes(buffer.getvalue())


def _write_typed(data: Worksheet, row: int, column: int, cell: Cell, date_format: object) -> None:
    if isinstance(cell, date):
        data.write_datetime(row, column, cell, date_format)
    elif isinstance(cell, int):
        data.write_number(row, column, cell)


def _write_codes(worksheet: Worksheet) -> None:
    for position, (title, labels) in enumerate(_CODE_LISTS):
        worksheet.write_string(0, 2 * position, title)
        worksheet.write_string(0, 2 * position + 1, "Kode")
        for row, (code, label) in enumerate(labels.items(), start=1):
            worksheet.write_string(row, 2 * position, label)
            worksheet.write_number(row, 2 * position + 1, code)
