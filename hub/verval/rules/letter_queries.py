"""What rule V9 asks of the letters; every question is answered by an index."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple


class LetterRow(NamedTuple):
    """An issued letter as rule V9 sees it."""

    record: str
    nomor: str
    tahun: int
    seri: str
    urut: int


_LETTER = (
    "SELECT id, coalesce(nomor, ''), coalesce(tahun, 0), coalesce(seri, ''), coalesce(urut, 0) FROM surat"
    " WHERE desa = ? AND"
)


def read_letters_of_urut(conn: sqlite3.Connection, desa: str, tahun: int, seri: str, urut: int) -> list[LetterRow]:
    """Read the letters of a desa with one number in one series of a year."""
    rows = conn.execute(
        f"{_LETTER} tahun = ? AND urut = ? AND coalesce(seri, '') = ? ORDER BY id", (desa, tahun, urut, seri)
    )
    return [LetterRow(*row) for row in rows]


def read_letters_of_nomor(conn: sqlite3.Connection, desa: str, nomor: str) -> list[LetterRow]:
    """Read the letters of a desa that carry one number."""
    return [LetterRow(*row) for row in conn.execute(f"{_LETTER} nomor = ? ORDER BY id", (desa, nomor))]
