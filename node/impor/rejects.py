"""Writes the rows that need a hand into a workbook that can be corrected and imported again as it is.

Cells stand as they stood: a NIK that Excel cut short stays a number, so that importing the file uncorrected
finds the same problem again instead of taking the cut number for good. A hidden column says what the source
said, so that a correction by hand is not taken for its word.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any

import xlsxwriter

from node.impor.clean import CachedCleaner
from node.impor.columns import BY_NAME, COLUMNS, ORIGIN_COLUMN, REASON_COLUMN, Kind
from node.impor.header import Cell
from node.impor.problems import Akibat, Problem
from node.impor.reader import RawRow

SHEET = "Data Penduduk"

_CELL_CHARACTERS_MAX = 32_767
_EXCEL_FIRST_DAY = date(1900, 1, 1)
_COLUMN_WIDTH = 16
_REASON_WIDTH = 80


def write_rejects(rows: Iterable[RawRow], problems: Iterable[Problem], today: date) -> bytes:
    """Write the workbook: the 43 columns with the original cells, then hidden what they said, then why.

    Reasons are the problems that keep a row out or empty one of its cells; plain reminders are left out.
    ``today`` bounds dates, as where the rows were read.
    """
    reasons: dict[tuple[str, int], list[Problem]] = defaultdict(list)
    for problem in problems:
        if problem.akibat is not Akibat.HANYA_DIINGATKAN:
            reasons[problem.sheet, problem.row].append(problem)
    stream = BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = book.add_worksheet(SHEET)
    formats = _Formats(book)
    sheet.freeze_panes(1, 0)
    for index, column in enumerate(COLUMNS):
        # Text format: a NIK typed into such a cell keeps its sixteen digits.
        sheet.set_column(index, index, _COLUMN_WIDTH, None if column.kind is Kind.TANGGAL else formats.text)
        sheet.write_string(0, index, column.name, formats.title)
    origin, reason = len(COLUMNS), len(COLUMNS) + 1
    sheet.set_column(origin, origin, None, formats.text, {"hidden": True})
    sheet.write_string(0, origin, ORIGIN_COLUMN, formats.title)
    sheet.set_column(reason, reason, _REASON_WIDTH)
    sheet.write_string(0, reason, REASON_COLUMN, formats.title)
    cleaner = CachedCleaner(today)
    for number, row in enumerate(rows, 1):
        found = reasons.get((row.sheet, row.row), [])
        marked = {problem.column for problem in found}
        for index, column in enumerate(COLUMNS):
            if (cell := row.cells.get(column.name)) is not None:
                _write_cell(sheet, number, index, cell, formats, column.name in marked)
            elif column.name in marked:
                sheet.write_blank(number, index, None, formats.text_marked)
        sheet.write_string(number, origin, _write_origin(row, cleaner), formats.text)
        text = "; ".join(f"{_label(problem.column)}: {problem.pesan}" for problem in found)
        sheet.write_string(number, reason, text[:_CELL_CHARACTERS_MAX])
    book.close()
    return stream.getvalue()


def _write_origin(row: RawRow, cleaner: CachedCleaner) -> str:
    """Write what the source said of a person; a row that is corrected for the second time has it already."""
    if ORIGIN_COLUMN in row.cells:
        return str(row.cells[ORIGIN_COLUMN])[:_CELL_CHARACTERS_MAX]
    values = {
        column.field: value for column in COLUMNS
        if (value := cleaner(row.cells.get(column.name, ""), column).value) is not None
    }
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


class _Formats:
    """The few cell formats of the workbook; a marked cell has a problem."""

    def __init__(self, book: Any) -> None:
        mark = {"bg_color": "#FFE699"}
        self.title = book.add_format({"bold": True, "num_format": "@"})
        self.text = book.add_format({"num_format": "@"})
        self.text_marked = book.add_format({"num_format": "@", **mark})
        self.date = book.add_format({"num_format": "dd-mm-yyyy"})
        self.date_marked = book.add_format({"num_format": "dd-mm-yyyy", **mark})
        self.general = book.add_format({})
        self.general_marked = book.add_format(mark)


def _write_cell(sheet: Any, row: int, index: int, cell: Cell, formats: _Formats, is_marked: bool) -> None:
    text = formats.text_marked if is_marked else formats.text
    general = formats.general_marked if is_marked else formats.general
    if isinstance(cell, str):
        # Never write(): it would turn "=1+1" into a formula.
        sheet.write_string(row, index, cell[:_CELL_CHARACTERS_MAX], text)
    elif isinstance(cell, bool):
        sheet.write_boolean(row, index, cell, general)
    elif isinstance(cell, int | float):
        sheet.write_number(row, index, cell, text)
    elif isinstance(cell, timedelta | time) or _first_day(cell) < _EXCEL_FIRST_DAY:
        sheet.write_string(row, index, str(cell), text)
    else:
        sheet.write_datetime(row, index, cell, formats.date_marked if is_marked else formats.date)


def _first_day(cell: date) -> date:
    return cell.date() if isinstance(cell, datetime) else cell


def _label(name: str) -> str:
    return BY_NAME[name].label if name in BY_NAME else name
