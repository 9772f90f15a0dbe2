"""Aid programmes as the hub holds them: its own lists, and those of single desa beside them."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from shared.store.changes import SEQ_BITS, SEQ_MASK, Log


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


class PeriodCount(NamedTuple):
    """How many receive, and how many are proposed, in one period of a programme, all desa together."""

    program: str
    periode: str
    aktif: int
    usulan: int


def count_periods(conn: sqlite3.Connection) -> list[PeriodCount]:
    """Count the recipients of every programme by period; who was stopped counts no more (as in rule V7)."""
    rows = conn.execute(
        "SELECT program, coalesce(periode, ''), count(*) FILTER (WHERE coalesce(status, 'aktif') <> 'usulan'),"
        " count(*) FILTER (WHERE status = 'usulan') FROM penerima_bantuan"
        " WHERE program IS NOT NULL AND coalesce(status, '') <> 'berhenti' GROUP BY program, coalesce(periode, '')"
    )
    return [PeriodCount(*row) for row in rows]


def has_recipients(conn: sqlite3.Connection, program: str) -> bool:
    """Tell whether anybody is or was on the list of a programme."""
    return conn.execute("SELECT 1 FROM penerima_bantuan WHERE program = ? LIMIT 1", (program,)).fetchone() is not None


def count_delivered(conn: sqlite3.Connection, record: str, log: Log) -> tuple[int, int]:
    """Count the active nodes, and those that held the newest change of a record in a channel when they called."""
    newest = conn.execute(
        "SELECT max(pos) FROM change WHERE record = ? AND pos >= ? AND pos < ?",
        (record, log.base, log.base + (1 << SEQ_BITS)),
    ).fetchone()[0]
    size = 0 if newest is None else (newest & SEQ_MASK) + 1
    active, delivered = conn.execute(
        "SELECT count(*), count(*) FILTER (WHERE c.common_size >= ?) FROM simpul AS s"
        " LEFT JOIN contact AS c ON c.kunci = s.kunci WHERE coalesce(s.status, 'aktif') = 'aktif'",
        (size,),
    ).fetchone()
    return int(active), int(delivered)
