"""A list as a file: xlsx or csv, every cell a text, so that no number is cut and no cell is a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import BytesIO, StringIO

import xlsxwriter

FORMATS = {"xlsx": "Excel (xlsx)", "csv": "Teks (csv)"}
MIME = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_table(kind: str, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Write a table in one of the formats."""
    return _write_xlsx(titles, rows) if kind == "xlsx" else _write_csv(titles, rows)


def _write_xlsx(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    stream = BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = book.add_worksheet("Daftar")
    text, title = book.add_format({"num_format": "@"}), book.add_format({"num_format": "@", "bold": True})
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, max(0, len(titles) - 1), 20, text)
    for at, name in enumerate(titles):
        sheet.write_string(0, at, name, title)
    for number, row in enumerate(rows, 1):
        for at, cell in enumerate(row):
            # Never write(): it would turn "=1+1" into a formula and a NIK into a number.
            sheet.write_string(number, at, cell, text)
    book.close()
    return stream.getvalue()


def _write_csv(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    stream = StringIO()
    writer = csv.writer(stream, delimiter=";")  # what Excel with Indonesian settings opens as columns
    writer.writerow(titles)
    for row in rows:
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row])
    return b"\xef\xbb\xbf" + stream.getvalue().encode()
