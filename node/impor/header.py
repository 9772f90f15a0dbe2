"""Finds the header of a table and says what it lacks; it never looks at the data below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from node.impor.columns import BY_NAME, COLUMNS, ORIGIN_COLUMN, REASON_COLUMN, find_column, header_key
from node.impor.problems import Notice, file_error, notice

Cell = int | float | str | bool | time | date | datetime | timedelta

HEADER_ROWS_MAX = 50
HEADER_MATCHES_MIN = 3

_ANCHORS = frozenset({"nama", "nik", "no_kk"})
_REQUIRED = tuple(column.name for column in COLUMNS if column.required)
_UNKNOWN_SHOWN_MAX = 12


@dataclass(frozen=True, slots=True)
class Header:
    """Where the columns stand; ``row`` and the indexes count from 0.

    ``covered`` holds every index under a header, also one that is not handed out. ``has_reasons`` says that
    the table is the workbook of rejects.
    """

    row: int
    columns: tuple[tuple[int, str], ...]
    letters: Mapping[str, str]
    covered: frozenset[int]
    unknown: tuple[str, ...]
    missing: tuple[str, ...]
    has_reasons: bool


def find_header(rows: Iterable[list[Cell]], first_column: int = 0) -> Header | None:
    """Find the first row that names our columns; the order, case and spaces of the names are free.

    ``first_column`` is the sheet column of the first cell of each row. Raises :class:`ImporError` when a
    column is there twice.
    """
    for number, cells in enumerate(rows):
        if count_known(cells) >= HEADER_MATCHES_MIN:
            return _make_header(number, cells, first_column)
    return None


def count_known(cells: Iterable[Cell]) -> int:
    """Count the columns that a row names; 0 when it lacks nama, nik and no_kk alike."""
    found = {column.name for cell in cells if isinstance(cell, str) and (column := find_column(cell))}
    return len(found) if found & _ANCHORS else 0


def is_header_again(cells: Mapping[str, Cell]) -> bool:
    """Tell whether a row repeats the header, as when two sheets were pasted below each other."""
    return all(
        isinstance(cell := cells.get(name), str) and find_column(cell) is BY_NAME[name]
        for name in ("no_kk", "nama")
    )


def column_letter(index: int) -> str:
    """Name a column, counted from 0, as Excel does: ``0`` is A, ``26`` is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def check_required(header: Header) -> None:
    """Raise :class:`ImporError` when the file lacks a column without which no row can go in."""
    if header.missing:
        raise file_error("kolom_wajib", kolom=join_labels(header.missing), baris=header.row + 1)


def refuse_register_print(rows: Iterable[list[Cell]]) -> None:
    """Raise :class:`ImporError` for a printed register (BIP), which has blocks instead of one table."""
    text = " ".join(cell for cells in rows for cell in cells if isinstance(cell, str)).upper()
    if any(mark in text for mark in ("BUKU INDUK", "NAMA.KK", "WJB KTP", "NO. KK :")):
        raise file_error("bentuk_lain")


def note_header(title: str, header: Header) -> list[Notice]:
    """List the remarks about a header: unknown columns, and columns whose absence matters."""
    notices: list[Notice] = []
    if header.unknown:
        shown = ", ".join(f"'{text[:40]}'" for text in header.unknown[:_UNKNOWN_SHOWN_MAX])
        more = len(header.unknown) - _UNKNOWN_SHOWN_MAX
        shown += f", dan {more} kolom lain" if more > 0 else ""
        notices.append(notice("kolom_asing", lembar=title, kolom=shown))
    absent = tuple(name for name in ("nik", "kk_level", "dusun") if name not in header.letters)
    if absent:
        notices.append(notice("kolom_tidak_ada", lembar=title, kolom=join_labels(absent)))
    return notices


def join_labels(names: Iterable[str]) -> str:
    """Write columns for a person: label, and machine name in brackets."""
    return ", ".join(f"{BY_NAME[name].label} ({name})" for name in names)


def _make_header(row: int, cells: list[Cell], first_column: int) -> Header:
    columns: list[tuple[int, str]] = []
    letters: dict[str, str] = {}
    covered: set[int] = set()
    unknown: list[str] = []
    has_reasons = False
    for index, cell in enumerate(cells):
        text = str(cell).strip()
        if not text:
            continue
        covered.add(index)
        if header_key(text) == header_key(REASON_COLUMN):
            has_reasons = True
            continue
        if header_key(text) == header_key(ORIGIN_COLUMN):
            columns.append((index, ORIGIN_COLUMN))
            continue
        column = find_column(text)
        name = column.name if column else text
        letter = column_letter(first_column + index)
        if name in letters:
            if column is None:
                continue
            raise file_error("kolom_ganda", kolom=column.label, satu=letters[name], dua=letter)
        if column is None:
            unknown.append(text)
        columns.append((index, name))
        letters[name] = letter
    missing = tuple(name for name in _REQUIRED if name not in letters)
    return Header(
        row, tuple(columns), letters, frozenset(covered), tuple(unknown), missing, has_reasons
    )
