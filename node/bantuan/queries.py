"""SQL of aid programmes and their recipients in this desa."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from node.bantuan.rules import describe_status

PAGE_ROWS = 25


class ProgramRow(NamedTuple):
    """One programme; ``is_own`` when this desa made it. Recipients are counted in this desa alone."""

    id: str
    nama: str
    sasaran: int
    asal_dana: str
    mulai: str
    selesai: str
    kuota: int | None
    nilai: int | None
    keterangan: str
    is_own: bool
    konflik: bool
    aktif: int
    usulan: int


class RecipientRow(NamedTuple):
    """One recipient: a resident, or a family under the name of its head."""

    id: str
    program: str
    penduduk: str
    keluarga: str
    nama: str
    dusun: str
    periode: str
    status: str
    alasan: str
    nomor_kartu: str
    keterangan: str
    konflik: bool


class AidRow(NamedTuple):
    """What a resident or a family has of a programme; ``penduduk`` is empty for the family as a whole."""

    id: str
    nama: str
    periode: str
    keadaan: str
    penduduk: str


_PROGRAM = (
    "SELECT p.id, coalesce(p.nama, '(tanpa nama)'), coalesce(p.sasaran, 1), coalesce(p.asal_dana, ''),"
    " coalesce(p.mulai, ''), coalesce(p.selesai, ''), p.kuota, p.nilai, coalesce(p.keterangan, ''),"
    " p.desa = ?, p.konflik IS NOT NULL AND p.desa = ?,"
    " count(*) FILTER (WHERE b.status = 'aktif'), count(*) FILTER (WHERE b.status = 'usulan')"
    " FROM program_bantuan p LEFT JOIN penerima_bantuan b ON b.program = p.id AND b.desa = ?"
)
# The plus keeps SQLite from walking the whole desa for the head of every recipient's family.
_RECIPIENT = """
    SELECT b.id, coalesce(b.program, ''), coalesce(b.penduduk, ''), coalesce(b.keluarga, ''),
        coalesce(s.nama, h.nama, iif(b.penduduk IS NULL, 'Keluarga tanpa kepala', '(terhapus)')),
        coalesce(d.nama, ''), coalesce(b.periode, ''), coalesce(b.status, ''), coalesce(b.alasan_status, ''),
        coalesce(b.nomor_kartu, ''), coalesce(b.keterangan, ''), b.konflik IS NOT NULL
    FROM penerima_bantuan b
    LEFT JOIN penduduk s ON s.id = b.penduduk AND s.desa = b.desa
    LEFT JOIN penduduk h ON b.penduduk IS NULL AND h.keluarga = b.keluarga AND +h.desa = b.desa
        AND h.hubungan = 1
    LEFT JOIN dusun d ON d.id = coalesce(s.dusun, h.dusun) AND d.desa = b.desa
    WHERE b.desa = ?"""


def list_programs(conn: sqlite3.Connection, desa: str) -> list[ProgramRow]:
    """List the programmes of the kecamatan and of this desa by name."""
    rows = conn.execute(f"{_PROGRAM} GROUP BY p.id, p.desa ORDER BY p.nama, p.id", (desa, desa, desa))
    return [_read_program(row) for row in rows]


def find_program(conn: sqlite3.Connection, desa: str, id: str) -> ProgramRow | None:
    """Find one programme."""
    row = conn.execute(f"{_PROGRAM} WHERE p.id = ? GROUP BY p.id, p.desa", (desa, desa, desa, id)).fetchone()
    return None if row is None else _read_program(row)


def count_recipients(conn: sqlite3.Connection, desa: str, program: str) -> int:
    """Count all recipients that a programme ever had here."""
    row = conn.execute(
        "SELECT count(*) FROM penerima_bantuan WHERE desa = ? AND program = ?", (desa, program)
    ).fetchone()
    return int(row[0])


def list_recipients(conn: sqlite3.Connection, desa: str, program: str, page: int) -> list[RecipientRow]:
    """List one page of the recipients: who receives first, then proposals, then who has stopped."""
    rows = conn.execute(
        f"{_RECIPIENT} AND b.program = ? GROUP BY b.id"
        " ORDER BY CASE b.status WHEN 'aktif' THEN 0 WHEN 'usulan' THEN 1 ELSE 2 END, 5, b.id LIMIT ? OFFSET ?",
        (desa, program, PAGE_ROWS, (page - 1) * PAGE_ROWS),
    )
    return [_read_recipient(row) for row in rows]


def find_recipient(conn: sqlite3.Connection, desa: str, id: str) -> RecipientRow | None:
    """Find one recipient."""
    row = conn.execute(f"{_RECIPIENT} AND b.id = ? GROUP BY b.id", (desa, id)).fetchone()
    return None if row is None else _read_recipient(row)


def find_same_recipient(
    conn: sqlite3.Connection, desa: str, program: str, periode: str, penduduk: str, keluarga: str,
    besides: str = "",
) -> bool:
    """Tell whether somebody is on the list of a programme and period already, and has not stopped.

    ``besides`` is the id of a recipient that does not count.
    """
    row = conn.execute(
        "SELECT 1 FROM penerima_bantuan WHERE desa = ? AND program = ? AND coalesce(periode, '') = ?"
        " AND coalesce(status, '') <> 'berhenti' AND id <> ?"
        " AND ((? <> '' AND penduduk = ?) OR (? <> '' AND keluarga = ?))",
        (desa, program, periode, besides, penduduk, penduduk, keluarga, keluarga),
    ).fetchone()
    return row is not None


def has_twin(conn: sqlite3.Connection, desa: str, id: str, values: Mapping[str, Any]) -> bool:
    """Tell whether whom a recipient's values name stands on that list once more, and has not stopped."""
    program, periode, penduduk, keluarga = (
        str(values.get(name) or "") for name in ("program", "periode", "penduduk", "keluarga")
    )
    return find_same_recipient(conn, desa, program, periode, penduduk, keluarga, besides=id)


def list_other_aid(
    conn: sqlite3.Connection, desa: str, penduduk: str, keluarga: str, today: str
) -> list[str]:
    """List what a family and its members receive on a day, as names of programmes."""
    rows = conn.execute(
        "SELECT DISTINCT coalesce(p.nama, '') FROM penerima_bantuan b"
        " LEFT JOIN program_bantuan p ON p.id = b.program WHERE b.desa = ? AND b.status = 'aktif'"
        " AND coalesce(p.selesai, '9') >= ?"
        " AND (b.penduduk = ? OR (? <> '' AND (b.keluarga = ? OR b.penduduk IN"
        " (SELECT id FROM penduduk WHERE keluarga = ? AND desa = b.desa)))) ORDER BY 1",
        (desa, today, penduduk, keluarga, keluarga, keluarga),
    )
    return [row[0] for row in rows]


def list_aid(
    conn: sqlite3.Connection, desa: str, people: Iterable[str], keluarga: str, today: date
) -> list[AidRow]:
    """List what some residents get, and their family when one is named."""
    rows = conn.execute(
        "SELECT b.id, coalesce(p.nama, '(program tidak dikenal)'), coalesce(b.periode, ''),"
        " coalesce(b.status, ''), coalesce(p.selesai, ''), coalesce(b.penduduk, '') FROM penerima_bantuan b"
        " LEFT JOIN program_bantuan p ON p.id = b.program WHERE b.desa = ? AND"
        " (b.penduduk IN (SELECT value FROM json_each(?)) OR (b.keluarga = ? AND ? <> ''))"
        " ORDER BY b.status, p.nama, b.periode",
        (desa, json.dumps(list(people)), keluarga, keluarga),
    )
    return [
        AidRow(id, nama, periode, describe_status(status, selesai, today), penduduk)
        for id, nama, periode, status, selesai, penduduk in rows
    ]


def _read_program(row: Sequence[Any]) -> ProgramRow:
    return ProgramRow._make((*row[:9], bool(row[9]), bool(row[10]), int(row[11]), int(row[12])))


def _read_recipient(row: Sequence[Any]) -> RecipientRow:
    return RecipientRow._make((*row[:11], bool(row[11])))
