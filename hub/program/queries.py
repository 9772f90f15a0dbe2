"""Aid programmes as the hub holds them: its own lists, and those of single desa beside them."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple


class ProgramRow(NamedTuple):
    """One programme; ``desa`` is the code of the kecamatan for a list of its own."""

    id: str
    desa: str
    nama: str | None
    sasaran: int | None
    asal_dana: str | None
    mulai: str | None
    selesai: str | None
    kuota: int | None


def list_programs(conn: sqlite3.Connection) -> list[ProgramRow]:
    """List all programmes, those of the kecamatan first, newest period first."""
    rows = conn.execute(
        "SELECT id, desa, nama, sasaran, asal_dana, mulai, selesai, kuota FROM program_bantuan"
        " ORDER BY length(desa), mulai DESC, nama, id"
    )
    return [ProgramRow(*row) for row in rows]


def has_program(conn: sqlite3.Connection, kecamatan: str, id: str) -> bool:
    """Tell whether the kecamatan itself has a programme of that id."""
    row = conn.execute("SELECT 1 FROM program_bantuan WHERE id = ? AND desa = ?", (id, kecamatan)).fetchone()
    return row is not None
