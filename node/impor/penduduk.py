"""Reads a resident spreadsheet from file to clean rows and problems, in one call and without a database."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from node.impor.check import CleanRow, Place, check_rows
from node.impor.clean import CachedCleaner, Value, cell_text
from node.impor.columns import BY_NAME, ORIGIN_COLUMN, Column
from node.impor.messages import write_problem
from node.impor.problems import (
    Akibat, CellProblem, Notice, Problem, Severity, blank, notice, place_problem, reject, remind,
)
from node.impor.reader import RawRow, open_sheet

Progress = Callable[[int, int], None]

LAKI_LAKI = 1

_PROGRESS_ROWS = 250
_NEEDED = ("no_kk", "sex", "tanggallahir", "kk_level")


@dataclass(frozen=True, slots=True)
class Bacaan:
    """What a file gave: rows that may go in, and everything that is wrong, in the order of the file.

    ``to_correct`` holds, as they stood, the rows that were rejected or lost a cell: what ``rejects`` writes.
    ``counts``: rows read, accepted, rejected, emptied (accepted with an emptied cell), families.
    ``is_rejects``: the file is such a workbook, come back.
    """

    rows: list[CleanRow]
    problems: list[Problem]
    counts: dict[str, int]
    notices: list[Notice]
    to_correct: list[RawRow] = field(default_factory=list)
    is_rejects: bool = False


def read_penduduk(
    source: str | os.PathLike[str] | bytes, filename: str, today: date, progress: Progress | None = None
) -> Bacaan:
    """Read, clean and check a file; ``progress`` is told rows done and rows expected at most.

    Raises :class:`ImporError` when the file as a whole cannot be imported.
    """
    reader = open_sheet(source, filename)
    cleaner = CachedCleaner(today)
    raws: list[RawRow] = []
    rows: list[CleanRow] = []
    problems: list[Problem] = []
    letters: dict[str, Mapping[str, str]] = {}
    for raw in reader:
        letters[raw.sheet] = raw.column_letters
        raws.append(raw)
        rows.append(_clean_row(raw, cleaner, problems))
        if progress and len(raws) % _PROGRESS_ROWS == 0:
            progress(len(raws), max(reader.rows_expected, len(raws)))
    problems += check_rows(rows, _places(problems, Akibat.BARIS_DITOLAK), letters)
    rejected = _places(problems, Akibat.BARIS_DITOLAK)
    emptied = _places(problems, Akibat.KOLOM_DIKOSONGKAN) - rejected
    to_correct = rejected | emptied
    order = {row.place: number for number, row in enumerate(rows)}
    problems.sort(key=lambda problem: order[problem.sheet, problem.row])
    accepted = [row for row in rows if row.place not in rejected]
    if progress:
        progress(len(raws), len(raws))
    return Bacaan(
        rows=accepted,
        problems=problems,
        counts={
            "dibaca": len(rows),
            "diterima": len(accepted),
            "ditolak": len(rejected),
            "dikosongkan": len(emptied),
            "keluarga": len({row.values["no_kk"] for row in accepted if "no_kk" in row.values}),
            "tolak": sum(problem.severity is Severity.TOLAK for problem in problems),
            "ingat": sum(problem.severity is Severity.INGAT for problem in problems),
        },
        notices=[notice("berkas_perbaikan"), *reader.notices] if reader.is_rejects else reader.notices,
        to_correct=[raw for raw in raws if (raw.sheet, raw.row) in to_correct],
        is_rejects=reader.is_rejects,
    )


def _places(problems: list[Problem], akibat: Akibat) -> set[Place]:
    return {(problem.sheet, problem.row) for problem in problems if problem.akibat is akibat}


def _clean_row(raw: RawRow, cleaner: CachedCleaner, problems: list[Problem]) -> CleanRow:
    values: dict[str, Value] = {}
    faulty: set[str] = set()
    for name, cell in raw.cells.items():
        column = BY_NAME.get(name)
        if column is None:
            continue
        cleaned = cleaner(cell, column)
        if cleaned.value is not None:
            values[column.field] = cleaned.value
        if cleaned.problem is not None:
            faulty.add(name)
            problems.append(_place(raw, column, cleaned.problem))
    for column, problem in _check_row(raw, values, faulty):
        problems.append(_place(raw, column, problem))
    return CleanRow(raw.sheet, raw.row, values, _find_corrected(raw, values))


def _find_corrected(raw: RawRow, values: Mapping[str, Value]) -> frozenset[str]:
    """Name the fields that differ from what the source said; none where the row does not carry that."""
    if ORIGIN_COLUMN not in raw.cells:
        return frozenset()
    try:
        origin = json.loads(str(raw.cells[ORIGIN_COLUMN]))
    except ValueError:
        return frozenset()
    if not isinstance(origin, dict):
        return frozenset()
    return frozenset(name for name in {*origin, *values} if origin.get(name) != values.get(name))


def _check_row(raw: RawRow, values: dict[str, Value], faulty: set[str]) -> list[tuple[Column, CellProblem]]:
    """Find what is wrong with a row as a whole; takes `hamil` out of the values of a man."""
    found: list[tuple[Column, CellProblem]] = []
    nama = BY_NAME["nama"]
    if raw.is_shifted:
        found.append((nama, reject("kolom_bergeser", write_problem("kolom_bergeser"))))
    if "nama" not in values and "nama" not in faulty:
        found.append((nama, reject("nama_kosong", write_problem("nama_kosong"))))
    for name in _NEEDED:
        column = BY_NAME[name]
        if column.field not in values and name not in faulty and name in raw.column_letters:
            found.append((column, remind("kosong", write_problem("kosong", label=column.label))))
    if "hamil" in values and values.get("jenis_kelamin") == LAKI_LAKI:
        del values["hamil"]
        found.append((BY_NAME["hamil"], blank("hamil_laki_laki", write_problem("hamil_laki_laki"))))
    return found


def _place(raw: RawRow, column: Column, problem: CellProblem) -> Problem:
    value = cell_text(raw.cells.get(column.name, ""))
    letter = raw.column_letters.get(column.name, "")
    return place_problem(problem, (raw.sheet, raw.row), column.name, letter, value)
