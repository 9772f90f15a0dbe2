"""What the rules ask of the record tables; every question is about a set of keys and finds them by index.

A query by record ids alone may meet rows of several desa: the caller compares desa where it matters.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence, Set
from typing import Any, NamedTuple

from hub.verval.rule import Ref
from hub.verval.queries import format_ref, to_list
from shared.store.changes import SEQ_BITS
from shared.store.rows import Reason

AKTIF = "coalesce(p.status_dasar, 1) = 1"
_AMONG = "IN (SELECT value FROM json_each(?))"


class ConflictRow(NamedTuple):
    desa: str
    record: str
    kind: str
    grup: str
    status: str
    heads: list[str]


class HeldRow(NamedTuple):
    """A held change; ``ref`` names it."""

    desa: str
    alasan: Reason
    kind: str
    record: str
    ref: str


class NikRow(NamedTuple):
    desa: str
    record: str
    nik: str
    tanggal_lahir: str | None
    jenis_kelamin: int | None


class FamilyCheck(NamedTuple):
    """A family with active members as rule V6 sees it; the birth dates are bounds of its members, as text."""

    desa: str
    keluarga: str
    is_known: int
    heads: int
    head_born: str | None
    child_born_min: str | None
    parent_born_max: str | None


class MemberRow(NamedTuple):
    desa: str
    keluarga: str
    record: str
    hubungan: int | None
    tanggal_lahir: str | None


class RecipientRow(NamedTuple):
    desa: str
    record: str
    program: str | None
    penduduk: str | None
    keluarga: str | None
    periode: str | None
    status: str | None


class ResidentRow(NamedTuple):
    desa: str
    record: str
    nik: str | None
    keluarga: str | None
    status_dasar: int | None


class FamilyRow(NamedTuple):
    desa: str
    record: str
    no_kk: str | None


class ProgramRow(NamedTuple):
    """A programme as the kecamatan counts it: of several rows with one id, that of the common channel."""

    record: str
    desa: str
    sasaran: int | None
    kuota: int | None
    meniadakan: tuple[str, ...]


class CountRow(NamedTuple):
    """How many recipients a programme has in one period."""

    program: str
    periode: str | None
    total: int


def _ask(conn: sqlite3.Connection, sql: str, values: Iterable[Any]) -> Sequence[tuple[Any, ...]]:
    """Run a query whose every ``?`` is the same set of values; nothing is asked about nothing."""
    listed = list(values)
    if not listed:
        return []
    return conn.execute(sql, (to_list(listed),) * sql.count("?")).fetchall()


def is_empty(conn: sqlite3.Connection, table: str) -> bool:
    """Tell whether a table (a name from this package) has no row."""
    return conn.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is None


def read_conflicts(conn: sqlite3.Connection, records: Set[str]) -> list[ConflictRow]:
    """Read the conflicts of some records in the order of desa, record and group."""
    rows = _ask(
        conn,
        "SELECT desa, record, kind, grup, status, heads FROM conflict"
        f" WHERE record {_AMONG} ORDER BY desa, record, grup",
        records,
    )
    return [ConflictRow._make((*row, json.loads(heads))) for *row, heads in rows]


def find_held_places(
    conn: sqlite3.Connection, records: Set[str], reasons: Sequence[str]
) -> set[tuple[str, str]]:
    """Find the desa and reasons for which some records have held changes."""
    rows = _ask(conn, f"SELECT DISTINCT desa, alasan FROM held WHERE record {_AMONG}", records)
    return {(desa, alasan) for desa, alasan in rows if alasan in reasons}


def read_held(conn: sqlite3.Connection, desa: Set[str], reasons: Sequence[str]) -> list[HeldRow]:
    """Read the changes of some desa that are held for some reasons."""
    rows = conn.execute(
        "SELECT h.desa, h.alasan, h.kind, h.record, l.id, h.pos, c.leaf FROM held AS h"
        f" JOIN change AS c ON c.pos = h.pos JOIN log AS l ON l.no = c.pos >> {SEQ_BITS}"
        f" WHERE h.alasan {_AMONG} AND h.desa {_AMONG}",
        (to_list(reasons), to_list(desa)),
    )
    return [HeldRow._make((*row, format_ref(log, pos, leaf))) for *row, log, pos, leaf in rows]


def read_shared_niks(conn: sqlite3.Connection, niks: Set[str]) -> dict[str, list[Ref]]:
    """Read the active penduduk of those of some NIK that more than one of them has, sorted by desa and id."""
    # Asked of the index alone first: nearly every NIK of a batch belongs to one penduduk.
    rows = _ask(
        conn,
        "SELECT k.value FROM json_each(?) AS k"
        " WHERE EXISTS (SELECT 1 FROM penduduk WHERE nik = k.value LIMIT 1 OFFSET 1)",
        niks,
    )
    found = _ask(
        conn,
        f"SELECT p.nik, p.desa, p.id FROM penduduk AS p WHERE p.nik {_AMONG} AND {AKTIF} ORDER BY 1, 2, 3",
        [row[0] for row in rows],
    )
    shared: dict[str, list[Ref]] = {}
    for nik, desa, record in found:
        shared.setdefault(nik, []).append((desa, record))
    return {nik: refs for nik, refs in shared.items() if len(refs) > 1}


def read_links(conn: sqlite3.Connection, records: Set[str]) -> list[tuple[Ref, Ref]]:
    """Read the links in force that have one of some penduduk at one end, once from each such end."""
    rows = _ask(
        conn,
        "SELECT a.desa, a.penduduk, b.desa, b.penduduk FROM tautan AS a JOIN tautan AS b ON b.id = a.id"
        f" WHERE a.penduduk {_AMONG} AND b.desa <> a.desa AND a.aktif = 1 AND b.aktif = 1",
        records,
    )
    return [((row[0], row[1]), (row[2], row[3])) for row in rows]


def read_link_ends(conn: sqlite3.Connection, links: Set[str]) -> set[str]:
    """Read the penduduk that some links name at any end."""
    rows = _ask(conn, f"SELECT penduduk, pasangan FROM tautan WHERE id {_AMONG}", links)
    return {record for row in rows for record in row if record}


def find_links_of(conn: sqlite3.Connection, records: Set[str]) -> dict[str, list[str]]:
    """Find the links, in force or not, that name some penduduk as their end here: penduduk → links."""
    rows = _ask(conn, f"SELECT penduduk, id FROM tautan WHERE penduduk {_AMONG}", records)
    found: dict[str, list[str]] = {}
    for record, link in rows:
        found.setdefault(record, []).append(link)
    return found


def read_niks_of(conn: sqlite3.Connection, records: Set[str]) -> set[str]:
    """Read the NIK of some penduduk."""
    rows = _ask(conn, f"SELECT DISTINCT nik FROM penduduk WHERE id {_AMONG} AND nik IS NOT NULL", records)
    return {row[0] for row in rows}


def read_nik_rows(conn: sqlite3.Connection, records: Set[str]) -> list[NikRow]:
    """Read what rule V5 compares of some penduduk that have a NIK."""
    rows = _ask(
        conn,
        "SELECT desa, id, nik, tanggal_lahir, jenis_kelamin FROM penduduk"
        f" WHERE id {_AMONG} AND nik IS NOT NULL",
        records,
    )
    return [NikRow(*row) for row in rows]


def find_odd_families(conn: sqlite3.Connection, families: Set[str]) -> list[FamilyCheck]:
    """Find those of some families that are unknown, lack one head, or whose bounds of birth dates cross."""
    rows = _ask(
        conn,
        f"""SELECT * FROM (
            SELECT p.desa AS desa, p.keluarga AS keluarga,
                EXISTS (SELECT 1 FROM keluarga WHERE id = p.keluarga AND desa = p.desa) AS is_known,
                sum(p.hubungan IS 1) AS heads,
                max(CASE WHEN p.hubungan = 1 THEN p.tanggal_lahir END) AS head_born,
                min(CASE WHEN p.hubungan IN (4, 6) THEN p.tanggal_lahir END) AS child_born,
                max(CASE WHEN p.hubungan = 7 THEN p.tanggal_lahir END) AS parent_born
            FROM json_each(?) AS k CROSS JOIN penduduk AS p ON p.keluarga = k.value
            WHERE {AKTIF} GROUP BY p.keluarga, p.desa)
        WHERE NOT is_known OR heads <> 1 OR child_born <= head_born OR parent_born >= head_born""",
        families,
    )
    return [FamilyCheck(*row) for row in rows]


def read_members(conn: sqlite3.Connection, families: Set[str]) -> dict[Ref, list[MemberRow]]:
    """Read the active members of some families, sorted by id: family → members."""
    rows = _ask(
        conn,
        "SELECT p.desa, p.keluarga, p.id, p.hubungan, p.tanggal_lahir FROM penduduk AS p"
        f" WHERE p.keluarga {_AMONG} AND {AKTIF} ORDER BY p.id",
        families,
    )
    members: dict[Ref, list[MemberRow]] = {}
    for row in rows:
        member = MemberRow(*row)
        members.setdefault((member.desa, member.keluarga), []).append(member)
    return members


def find_recipients_by_penduduk(conn: sqlite3.Connection, records: Set[str]) -> set[str]:
    """Find the recipients that name some penduduk."""
    return {row[0] for row in _ask(conn, f"SELECT id FROM penerima_bantuan WHERE penduduk {_AMONG}", records)}


def find_recipients_by_keluarga(conn: sqlite3.Connection, families: Set[str]) -> set[str]:
    """Find the recipients that name some families."""
    rows = _ask(conn, f"SELECT id FROM penerima_bantuan WHERE keluarga {_AMONG}", families)
    return {row[0] for row in rows}


def find_recipients_by_program(conn: sqlite3.Connection, programs: Set[str]) -> set[str]:
    """Find the recipients of some programmes."""
    return {row[0] for row in _ask(conn, f"SELECT id FROM penerima_bantuan WHERE program {_AMONG}", programs)}


def find_recipients_without_target(conn: sqlite3.Connection, programs: Set[str]) -> set[str]:
    """Find the recipients of some programmes that name neither penduduk nor keluarga."""
    rows = _ask(
        conn,
        f"SELECT id FROM penerima_bantuan WHERE program {_AMONG} AND penduduk IS NULL AND keluarga IS NULL",
        programs,
    )
    return {row[0] for row in rows}


def find_recipients_among_members(conn: sqlite3.Connection, families: Set[str]) -> set[str]:
    """Find the recipients of programmes for families that name a member of some families."""
    rows = _ask(
        conn,
        "SELECT r.id FROM json_each(?) AS k CROSS JOIN penduduk AS p ON p.keluarga = k.value"
        " CROSS JOIN penerima_bantuan AS r ON r.penduduk = p.id"
        " WHERE EXISTS (SELECT 1 FROM program_bantuan AS g WHERE g.id = r.program AND g.sasaran = 2)",
        families,
    )
    return {row[0] for row in rows}


def find_penduduk_with_aid(conn: sqlite3.Connection, records: Set[str]) -> set[str]:
    """Find those of some penduduk whom a recipient names."""
    rows = _ask(conn, f"SELECT DISTINCT penduduk FROM penerima_bantuan WHERE penduduk {_AMONG}", records)
    return {row[0] for row in rows}


def find_keluarga_with_aid(conn: sqlite3.Connection, families: Set[str]) -> set[str]:
    """Find those of some families which, or a member of which, a recipient names."""
    rows = _ask(
        conn,
        "SELECT k.value FROM json_each(?) AS k"
        " WHERE EXISTS (SELECT 1 FROM penerima_bantuan WHERE keluarga = k.value)"
        " OR EXISTS (SELECT 1 FROM penduduk AS p JOIN penerima_bantuan AS r ON r.penduduk = p.id"
        " WHERE p.keluarga = k.value)",
        families,
    )
    return {row[0] for row in rows}


def read_recipients(conn: sqlite3.Connection, records: Set[str]) -> list[RecipientRow]:
    """Read some recipients, sorted by desa and id."""
    rows = _ask(
        conn,
        "SELECT desa, id, program, penduduk, keluarga, periode, status FROM penerima_bantuan"
        f" WHERE id {_AMONG} ORDER BY desa, id",
        records,
    )
    return [RecipientRow(*row) for row in rows]


def read_residents(conn: sqlite3.Connection, records: Set[str]) -> list[ResidentRow]:
    """Read what rule V7 asks of some penduduk."""
    columns = "desa, id, nik, keluarga, status_dasar"
    rows = _ask(conn, f"SELECT {columns} FROM penduduk WHERE id {_AMONG}", records)
    return [ResidentRow(*row) for row in rows]


def find_residents_by_nik(conn: sqlite3.Connection, niks: Set[str]) -> set[str]:
    """Find the penduduk, active or not, that have some NIK."""
    return {row[0] for row in _ask(conn, f"SELECT id FROM penduduk WHERE nik {_AMONG}", niks)}


def read_families(conn: sqlite3.Connection, records: Set[str]) -> list[FamilyRow]:
    """Read the numbers of some families."""
    rows = _ask(conn, f"SELECT desa, id, no_kk FROM keluarga WHERE id {_AMONG}", records)
    return [FamilyRow(*row) for row in rows]


def find_families_by_no_kk(conn: sqlite3.Connection, numbers: Set[str]) -> set[str]:
    """Find the families that have some nomor KK."""
    return {row[0] for row in _ask(conn, f"SELECT id FROM keluarga WHERE no_kk {_AMONG}", numbers)}


def read_programs(conn: sqlite3.Connection, records: Set[str]) -> dict[str, ProgramRow]:
    """Read some programmes by id; the code of a kecamatan sorts before those of its desa."""
    rows = _ask(
        conn,
        "SELECT id, desa, sasaran, kuota, meniadakan FROM program_bantuan"
        f" WHERE id {_AMONG} ORDER BY id, desa DESC",
        records,
    )
    return {row[0]: ProgramRow._make((*row, tuple(json.loads(listed or "[]")))) for *row, listed in rows}


def count_recipients(conn: sqlite3.Connection, programs: Set[str]) -> list[CountRow]:
    """Count the recipients of some programmes by period, all desa together."""
    rows = _ask(
        conn,
        "SELECT r.program, r.periode, count(*) FROM penerima_bantuan AS r"
        f" WHERE r.program {_AMONG} AND coalesce(r.status, '') <> 'berhenti' GROUP BY r.program, r.periode",
        programs,
    )
    return [CountRow(*row) for row in rows]


def read_desa_of_period(conn: sqlite3.Connection, program: str, periode: str | None) -> tuple[str, ...]:
    """List the desa that have recipients of a programme in a period."""
    rows = conn.execute(
        "SELECT DISTINCT desa FROM penerima_bantuan WHERE program = ? AND periode IS ?"
        " AND coalesce(status, '') <> 'berhenti' ORDER BY desa",
        (program, periode),
    )
    return tuple(row[0] for row in rows)
