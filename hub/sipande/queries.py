"""The counts of Sipande and the rows behind them: each pair says the same condition once.

Counted as penduduk is who is active (status dasar *hidup*) and not linked to a record that counts instead.
The index ``penduduk_sipande`` holds just what counting needs; without it answers are the same, but slower.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from hub.sipande.rules import Band

_ACTIVE = "coalesce(p.status_dasar, 1) = 1"
_UNCOUNTED = (
    "EXISTS (SELECT 1 FROM tautan AS t WHERE t.desa = p.desa AND t.aktif = 1"
    " AND ((t.penduduk = p.id AND t.dihitung = 0) OR t.pasangan = p.id))"
)
_RECEIVING = "coalesce(r.status, 'aktif') = 'aktif'"


@dataclass(frozen=True)
class Selection:
    """Which penduduk are meant; ``kelamin`` and ``umur`` None for all, 0 and -1 for what is not filled in."""

    desa: tuple[str, ...]
    kelamin: int | None = None
    umur: int | None = None


class PersonRow(NamedTuple):
    """One penduduk in a list; numbers are masked by the page."""

    desa: str
    id: str
    nama: str | None
    nik: str | None
    jenis_kelamin: int | None
    tanggal_lahir: str | None
    dusun: str | None
    rw: str | None
    rt: str | None


class FamilyRow(NamedTuple):
    """One keluarga in a list, with its head and how many active members it has."""

    desa: str
    id: str
    no_kk: str | None
    kepala: str | None
    anggota: int
    dusun: str | None
    rw: str | None
    rt: str | None


class RecipientRow(NamedTuple):
    """One recipient in a list: a penduduk by name, or a keluarga by its head."""

    desa: str
    id: str
    program: str | None
    periode: str | None
    nama: str | None
    kepala: str | None
    keluarga: str | None


def make_index(conn: sqlite3.Connection) -> None:
    """Create the index that makes counting quick, where it is missing; it is derived like the table."""
    conn.execute(
        "CREATE INDEX IF NOT EXISTS penduduk_sipande ON penduduk (desa, jenis_kelamin, tanggal_lahir)"
        " WHERE coalesce(status_dasar, 1) = 1"
    )


def _select(chosen: Selection, bands: Sequence[Band]) -> tuple[str, list[Any]]:
    """Write the condition of a selection, without links."""
    parts = [f"p.desa IN ({','.join('?' * len(chosen.desa))})", _ACTIVE]
    values: list[Any] = list(chosen.desa)
    if chosen.kelamin == 0:
        parts.append("(p.jenis_kelamin IS NULL OR p.jenis_kelamin NOT IN (1, 2))")
    elif chosen.kelamin is not None:
        parts.append("p.jenis_kelamin = ?")
        values.append(chosen.kelamin)
    if chosen.umur == -1:
        # An empty text counts as not filled in as well: it is in no band.
        parts.append("(p.tanggal_lahir IS NULL OR p.tanggal_lahir = '' OR p.tanggal_lahir > ?)")
        values.append(bands[0].until)
    elif chosen.umur is not None:
        parts.append("p.tanggal_lahir > ? AND p.tanggal_lahir <= ?")
        values += [bands[chosen.umur].after, bands[chosen.umur].until]
    return " AND ".join(parts), values


def count_selection(conn: sqlite3.Connection, chosen: Selection, bands: Sequence[Band]) -> dict[str, int]:
    """Count the penduduk of a selection by desa."""
    where, values = _select(chosen, bands)
    counts: dict[str, int] = dict(
        conn.execute(f"SELECT p.desa, count(*) FROM penduduk AS p WHERE {where} GROUP BY p.desa", values)
    )
    # The few linked ones are taken off afterwards: asking about each penduduk would read every row.
    for desa, count in conn.execute(
        f"SELECT p.desa, count(*) FROM {_LINKED} WHERE {where} AND {_UNCOUNTED} GROUP BY p.desa", values
    ):
        counts[desa] -= count
    return {desa: int(counts.get(desa, 0)) for desa in chosen.desa}


# CROSS JOIN keeps the order: from the few links to their penduduk.
_LINKED = (
    "(SELECT penduduk AS id FROM tautan UNION SELECT pasangan FROM tautan WHERE pasangan IS NOT NULL) AS l"
    " CROSS JOIN penduduk AS p ON p.id = l.id"
)


class Slice(NamedTuple):
    """What part of the rows of one desa a page shows."""

    desa: str
    limit: int
    offset: int


def cut_page(counts: Mapping[str, int], limit: int, offset: int) -> list[Slice]:
    """Find which rows of which desa stand on a page of rows that are sorted by desa first.

    So that a page far back costs no more than one of its own desa.
    """
    slices = []
    for desa, count in counts.items():
        if offset >= count:
            offset -= count
            continue
        taken = min(limit, count - offset)
        slices.append(Slice(desa, taken, offset))
        limit, offset = limit - taken, 0
        if not limit:
            break
    return slices


def list_selection(
    conn: sqlite3.Connection, chosen: Selection, bands: Sequence[Band], part: Slice
) -> list[PersonRow]:
    """List penduduk of a selection in one desa, by name."""
    where, values = _select(replace(chosen, desa=(part.desa,)), bands)
    rows = conn.execute(
        "SELECT p.desa, p.id, p.nama, p.nik, p.jenis_kelamin, p.tanggal_lahir,"
        " (SELECT d.nama FROM dusun AS d WHERE d.id = p.dusun AND d.desa = p.desa), p.rw, p.rt"
        f" FROM penduduk AS p WHERE {where} AND NOT {_UNCOUNTED} ORDER BY p.nama, p.id LIMIT ? OFFSET ?",
        (*values, part.limit, part.offset),
    )
    return [PersonRow(*row) for row in rows]


def count_by_band(
    conn: sqlite3.Connection, desa: Sequence[str], sexes: Sequence[int], bands: Sequence[Band]
) -> dict[tuple[str, int, int], int]:
    """Count active penduduk by desa, sex and band, linked ones included: each a range of the index."""
    statement = (
        "SELECT count(*) FROM penduduk AS p WHERE p.desa = ? AND p.jenis_kelamin = ?"
        f" AND p.tanggal_lahir > ? AND p.tanggal_lahir <= ? AND {_ACTIVE}"
    )
    return {
        (kode, sex, band.no): int(conn.execute(statement, (kode, sex, band.after, band.until)).fetchone()[0])
        for kode in desa
        for sex in sexes
        for band in bands
    }


def count_people(
    conn: sqlite3.Connection, bands: Sequence[Band]
) -> dict[tuple[str, int | None], tuple[int, int]]:
    """Count active penduduk by desa and sex, linked ones included: all of them, and those in no band.

    One walk over the index gives both; at 90,000 penduduk each walk more is a tenth of the first page.
    """
    rows = conn.execute(
        "SELECT p.desa, p.jenis_kelamin, count(*),"
        " count(*) FILTER (WHERE p.tanggal_lahir > '' AND p.tanggal_lahir <= ?)"
        f" FROM penduduk AS p WHERE {_ACTIVE} GROUP BY p.desa, p.jenis_kelamin",
        (bands[0].until,),
    )
    return {(desa, sex): (int(count), int(count) - int(dated)) for desa, sex, count, dated in rows}


def list_uncounted(conn: sqlite3.Connection) -> list[tuple[str, int | None, str | None]]:
    """List desa, sex and birth date of the active penduduk who are counted by another record."""
    rows = conn.execute(
        f"SELECT p.desa, p.jenis_kelamin, p.tanggal_lahir FROM {_LINKED} WHERE {_ACTIVE} AND {_UNCOUNTED}"
    )
    return [(desa, sex, born) for desa, sex, born in rows]


def count_families(conn: sqlite3.Connection) -> dict[str, int]:
    """Count keluarga by desa."""
    rows = conn.execute("SELECT desa, count(*) FROM keluarga GROUP BY desa")
    return {desa: int(count) for desa, count in rows}


# The plus keeps SQLite from walking all names of a desa for the smallest one.
_HEAD = (
    "(SELECT min(p.nama) FROM penduduk AS p WHERE p.keluarga = {family} AND +p.desa = {desa}"
    f" AND p.hubungan = 1 AND {_ACTIVE})"
)


def list_families(conn: sqlite3.Connection, part: Slice) -> list[FamilyRow]:
    """List keluarga of one desa in the order in which they were written down."""
    rows = conn.execute(
        f"SELECT k.desa, k.id, k.no_kk, {_HEAD.format(family='k.id', desa='k.desa')},"
        f" (SELECT count(*) FROM penduduk AS p WHERE p.keluarga = k.id AND +p.desa = k.desa AND {_ACTIVE}),"
        " (SELECT d.nama FROM dusun AS d WHERE d.id = k.dusun AND d.desa = k.desa), k.rw, k.rt"
        " FROM (SELECT * FROM keluarga WHERE desa = ? ORDER BY id LIMIT ? OFFSET ?) AS k ORDER BY k.id",
        part,
    )
    return [FamilyRow(*row) for row in rows]


def count_recipients(conn: sqlite3.Connection) -> dict[tuple[str | None, str], int]:
    """Count who receives at present, by programme and desa."""
    rows = conn.execute(
        f"SELECT r.program, r.desa, count(*) FROM penerima_bantuan AS r WHERE {_RECEIVING}"
        " GROUP BY r.program, r.desa"
    )
    return {(program, desa): int(count) for program, desa, count in rows}


def list_recipients(conn: sqlite3.Connection, program: str | None, part: Slice) -> list[RecipientRow]:
    """List who receives at present in one desa, of one programme or all, by name."""
    rows = conn.execute(
        "SELECT r.desa, r.id, r.program, r.periode,"
        " (SELECT p.nama FROM penduduk AS p WHERE p.id = r.penduduk AND p.desa = r.desa) AS nama,"
        f" {_HEAD.format(family='r.keluarga', desa='r.desa')} AS kepala, r.keluarga"
        f" FROM penerima_bantuan AS r WHERE {_RECEIVING} AND r.desa = ? AND (? IS NULL OR r.program IS ?)"
        " ORDER BY coalesce(nama, kepala), r.id LIMIT ? OFFSET ?",
        (part.desa, program, program, part.limit, part.offset),
    )
    return [RecipientRow(*row) for row in rows]


class ProgramRow(NamedTuple):
    """One programme; ``desa`` is the code of the kecamatan for a list of its own."""

    id: str
    nama: str | None
    kuota: int | None
    desa: str


def list_programs(conn: sqlite3.Connection) -> list[ProgramRow]:
    """List every programme by name; of rows with one id that of the shortest wilayah counts."""
    rows = conn.execute(
        "SELECT id, nama, kuota, desa, min(length(desa)) FROM program_bantuan GROUP BY id ORDER BY nama, id"
    )
    return [ProgramRow(*row[:4]) for row in rows]
