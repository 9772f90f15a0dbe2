"""Opens a spreadsheet of residents and hands out its rows; it knows headers, not what a cell means.

Accepted are .xlsx, .xlsm, .xls, .ods and .csv, told apart by content, never by name. Cells are handed out as
they stand: cleaning is the business of ``clean``.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePath

from python_calamine import (
    CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum,
)

from node.impor import csvfile, guard
from node.impor.columns import BY_NAME, CODE_SHEET, END_MARKER, header_key
from node.impor.extent import check_extent
from node.impor.header import (
    HEADER_ROWS_MAX, Cell, Header, check_required, column_letter, count_known, find_header, is_header_again,
    join_labels, note_header, refuse_register_print,
)
from node.impor.problems import ImporError, Notice, file_error, notice

__all__ = ["Cell", "RawRow", "SheetReader", "open_sheet"]


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as it stands: ``row`` as Excel shows it, ``cells`` by machine name, empty cells left out.

    A column that is not ours is kept under its own header. ``column_letters`` is shared by a whole sheet.
    ``is_shifted`` says that a CSV row has more filled cells than the header has names.
    """

    sheet: str
    row: int
    cells: dict[str, Cell]
    column_letters: Mapping[str, str]
    is_shifted: bool = False


@dataclass(frozen=True, slots=True)
class _Table:
    """One sheet that will be read; ``first_column`` is the sheet column of the first cell of each row."""

    title: str
    header: Header
    rows: Callable[[], Iterator[list[Cell]]]
    first_column: int = 0
    errors: Mapping[tuple[int, int], str] | None = None
    is_csv: bool = False


class SheetReader:
    """The rows of a file, once: iterate it. ``rows_expected`` is an upper bound for showing progress.

    ``notices`` may grow while rows are read. ``is_rejects`` says that ``rejects`` has written the file.
    """

    def __init__(self, tables: list[_Table], notices: list[Notice], rows_expected: int) -> None:
        self._tables = tables
        self.notices = notices
        self.rows_expected = rows_expected
        self.is_rejects = any(table.header.has_reasons for table in tables)

    def __iter__(self) -> Iterator[RawRow]:
        while self._tables:
            # A sheet is let go as soon as it has been read.
            yield from _read_table(self._tables.pop(0), self.notices)


def open_sheet(source: str | os.PathLike[str] | bytes, filename: str) -> SheetReader:
    """Open a file and find its headers; raises :class:`ImporError` with what the operator should do.

    ``filename`` only names the table of a CSV file, which has no sheets.
    """
    judged = guard.judge_file(source)
    if judged.kind is guard.FileKind.CSV:
        return _open_csv(judged.data, PurePath(filename).name)
    try:
        return _open_workbook(judged)
    except ImporError:
        raise
    except PasswordError as error:
        raise file_error("terkunci") from error
    except (CalamineError, ValueError, OSError) as error:
        raise file_error("berkas_rusak") from error
    except BaseException as error:
        # A panic in the library is not an Exception; a damaged file must not end the process.
        if type(error).__module__ == "pyo3_runtime":
            raise file_error("berkas_rusak") from None
        raise


def _open_csv(data: bytes, filename: str) -> SheetReader:
    rows: list[list[Cell]] = []
    for record in csvfile.split_rows(csvfile.decode_text(data), count_known):
        check_extent(len(rows) + 1, len(record))
        rows.append(list(record))
    header = find_header(rows[:HEADER_ROWS_MAX])
    if header is None:
        raise file_error("tanpa_judul")
    check_required(header)
    table = _Table(filename, header, rows.__iter__, is_csv=True)
    return SheetReader([table], note_header(filename, header), len(rows))


def _open_workbook(judged: guard.Judged) -> SheetReader:
    workbook = CalamineWorkbook.from_object(io.BytesIO(judged.data))
    tables: list[_Table] = []
    partial: list[tuple[str, Header]] = []
    notices: list[Notice] = []
    heads: list[list[Cell]] = []
    rows_expected = 0
    for meta in workbook.sheets_metadata:
        if meta.typ is not SheetTypeEnum.WorkSheet or header_key(meta.name) == header_key(CODE_SHEET):
            continue
        sheet = workbook.get_sheet_by_name(meta.name)
        if sheet.start is None:
            continue
        rows_expected += sheet.total_height + 1
        check_extent(rows_expected, sheet.total_width + 1)
        head = _look_ahead(sheet)
        heads += head
        header = find_header(head, sheet.start[1])
        if header is None:
            notices.append(notice("lembar_tanpa_judul", lembar=meta.name))
        elif header.missing:
            partial.append((meta.name, header))
        else:
            notices += note_header(meta.name, header)
            if meta.visible is not SheetVisibleEnum.Visible:
                notices.append(notice("lembar_tersembunyi", lembar=meta.name))
            errors = judged.errors.get(meta.name)
            tables.append(_Table(meta.name, header, sheet.iter_rows, sheet.start[1], errors))
    if not tables:
        refuse_register_print(heads)
        if partial:
            check_required(partial[0][1])
        raise file_error("tanpa_judul")
    for title, header in partial:
        notices.append(notice("lembar_kurang_kolom", lembar=title, kolom=join_labels(header.missing)))
    return SheetReader(tables, notices, rows_expected)


def _look_ahead(sheet: CalamineSheet) -> list[list[Cell]]:
    """Take the rows in which a header may stand; the library pads them from row 0 with empty ones."""
    first_row = sheet.start[0] if sheet.start else 0
    return list(islice(sheet.iter_rows(), first_row + HEADER_ROWS_MAX))


def _read_table(table: _Table, notices: list[Notice]) -> Iterator[RawRow]:
    header = table.header
    errors = table.errors or {}
    error_rows = {row for row, _ in errors}
    width = max(header.covered) + 1
    nameless: set[int] = set()
    for number, cells in enumerate(table.rows()):
        if number <= header.row:
            continue
        if END_MARKER in cells or _has_padded_marker(cells, 1 - table.first_column):
            break
        count = len(cells)
        found = {name: cells[index] for index, name in header.columns if index < count and cells[index] != ""}
        if number in error_rows:
            # The library hands out a formula error as an empty cell; it must be seen.
            for index, name in header.columns:
                if text := errors.get((number, table.first_column + index)):
                    found[name] = text
        if _is_blank(found) or is_header_again(found):
            continue
        is_shifted = False
        if count > len(header.covered):
            outside = {index for index in range(count) if cells[index] != "" and index not in header.covered}
            nameless |= outside
            is_shifted = table.is_csv and any(index >= width for index in outside)
        yield RawRow(table.title, number + 1, found, header.letters, is_shifted)
    if nameless:
        letters = ", ".join(column_letter(table.first_column + index) for index in sorted(nameless)[:12])
        notices.append(notice("kolom_tanpa_judul", lembar=table.title, kolom=letters))


def _has_padded_marker(cells: list[Cell], index: int) -> bool:
    """Tell whether column B, where forms carry the end marker, holds it between spaces."""
    return 0 <= index < len(cells) and str(cells[index]).strip() == END_MARKER


def _is_blank(cells: Mapping[str, Cell]) -> bool:
    """Tell whether none of our columns is filled; a running number beside an empty row is no person."""
    return all(name not in BY_NAME or _is_empty(cell) for name, cell in cells.items())


def _is_empty(cell: Cell) -> bool:
    return isinstance(cell, str) and not cell.strip()
