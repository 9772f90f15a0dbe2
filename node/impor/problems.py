"""What can be wrong with a spreadsheet: with the file as a whole, or with one cell of it.

The texts are for the operator. An :class:`ImporError` never carries a cell's content, because exceptions
end up in logs; a :class:`Problem` does, because the operator has to find the cell again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from node.impor import messages
from shared.errors import UserError


class ImporError(UserError):
    """The file cannot be imported at all; ``pesan`` says why and what to do, ``kode`` is for tests."""

    def __init__(self, pesan: str, kode: str) -> None:
        super().__init__(pesan, kode)


class Severity(StrEnum):
    """Whether a problem keeps the row out (`tolak`) or is only shown (`ingat`)."""

    TOLAK = "tolak"
    INGAT = "ingat"


class Akibat(StrEnum):
    """What happens because of a problem, in the words that the operator reads."""

    BARIS_DITOLAK = "baris ditolak"
    KOLOM_DIKOSONGKAN = "kolom dikosongkan"
    HANYA_DIINGATKAN = "hanya diingatkan"


@dataclass(frozen=True, slots=True)
class CellProblem:
    """A problem before it is known in which row the cell stands."""

    kode: str
    pesan: str
    akibat: Akibat
    severity: Severity


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem in its place: ``row`` as Excel shows it, ``column`` the machine name, ``value`` the cell."""

    sheet: str
    row: int
    column: str
    column_letter: str
    value: str
    kode: str
    pesan: str
    akibat: Akibat
    severity: Severity


@dataclass(frozen=True, slots=True)
class Notice:
    """A remark about the file that changes nothing: an unknown column, a sheet that was skipped."""

    kode: str
    pesan: str


def file_error(kode: str, **values: object) -> ImporError:
    """Make the error of a code in ``messages.FILE_ERRORS``; values are places, never a cell's content."""
    return ImporError(messages.FILE_ERRORS[kode].format(**values), kode)


def notice(kode: str, **values: object) -> Notice:
    """Make the remark of a code in ``messages.NOTICES``."""
    return Notice(kode, messages.NOTICES[kode].format(**values))


def reject(kode: str, pesan: str) -> CellProblem:
    """Make a problem that keeps the whole row out."""
    return CellProblem(kode, pesan, Akibat.BARIS_DITOLAK, Severity.TOLAK)


def blank(kode: str, pesan: str) -> CellProblem:
    """Make a problem that empties one column and says so; the row still goes in."""
    return CellProblem(kode, messages.write_blanked(pesan), Akibat.KOLOM_DIKOSONGKAN, Severity.INGAT)


def remind(kode: str, pesan: str) -> CellProblem:
    """Make a problem that changes nothing; the operator should look."""
    return CellProblem(kode, pesan, Akibat.HANYA_DIINGATKAN, Severity.INGAT)


def place_problem(
    problem: CellProblem, place: tuple[str, int], column: str, column_letter: str, value: str
) -> Problem:
    """Put a problem in its place: sheet and row, machine name and letter of the column, the cell as text."""
    return Problem(
        *place, column, column_letter, value, problem.kode, problem.pesan, problem.akibat, problem.severity
    )
