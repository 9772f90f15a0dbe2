"""The tables of findings and the questions about them, and what the engine asks of the log.

``temuan_desa`` lists the findings of a desa, ``temuan_rekaman`` those of a record. ``temuan.kunci`` may be
a NIK: it never goes into a log line or a page.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence, Set
from typing import Any, NamedTuple

from shared.store.changes import SEQ_BITS, SEQ_MASK
from shared.store.migrations import read_setting, write_setting

TABLES = ("temuan", "temuan_desa", "temuan_rekaman")

_DDL = (
    """CREATE TABLE IF NOT EXISTS temuan (
        id TEXT PRIMARY KEY, kode TEXT NOT NULL, kunci TEXT NOT NULL, berat TEXT NOT NULL, desa TEXT NOT NULL,
        rekaman TEXT NOT NULL, bukti TEXT NOT NULL, ringkasan TEXT NOT NULL) STRICT""",
    "CREATE INDEX IF NOT EXISTS temuan_kunci ON temuan (kode, kunci)",
    """CREATE TABLE IF NOT EXISTS temuan_desa (
        desa TEXT NOT NULL, temuan TEXT NOT NULL, PRIMARY KEY (desa, temuan)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS temuan_rekaman (
        record TEXT NOT NULL, desa TEXT NOT NULL, temuan TEXT NOT NULL,
        PRIMARY KEY (record, desa, temuan)) STRICT, WITHOUT ROWID""",
)


class FindingRow(NamedTuple):
    """One stored finding; ``desa``, ``rekaman`` and ``bukti`` are JSON text."""

    id: str
    kode: str
    kunci: str
    berat: str
    desa: str
    rekaman: str
    bukti: str
    ringkasan: str


class ChangeRow(NamedTuple):
    """Where one change of a record stands, and how other changes name it."""

    pos: int
    record: str
    wilayah: str
    kind: str
    op: str
    ref: str


class Desk(NamedTuple):
    """On whose desk the cases of a finding lie; texts are empty for nobody.

    ``note`` is what was written to the camat, ``holder`` the petugas who works on it, ``proposer`` the one whose
    proposal waits for a second officer.
    """

    is_at_camat: bool
    note: str
    holder: str
    proposer: str
    proposer_role: str


def create_tables(conn: sqlite3.Connection) -> None:
    """Create the tables of findings where they are missing."""
    for statement in _DDL:
        conn.execute(statement)


def remove_tables(conn: sqlite3.Connection) -> None:
    """Drop the tables of findings."""
    for name in TABLES:
        conn.execute(f"DROP TABLE IF EXISTS {name}")


def to_list(values: Iterable[Any]) -> str:
    """Write values for ``IN (SELECT value FROM json_each(?))``."""
    return json.dumps(list(values))


def has_findings(conn: sqlite3.Connection, kode: str) -> bool:
    """Tell whether any finding has this code."""
    return conn.execute("SELECT 1 FROM temuan WHERE kode = ? LIMIT 1", (kode,)).fetchone() is not None


def read_findings_of_keys(conn: sqlite3.Connection, kode: str, keys: Set[str]) -> list[FindingRow]:
    """Read the findings that a code has under some keys."""
    if not has_findings(conn, kode):
        return []
    rows = conn.execute(
        "SELECT * FROM temuan WHERE kode = ? AND kunci IN (SELECT value FROM json_each(?))",
        (kode, to_list(keys)),
    )
    return [FindingRow(*row) for row in rows]


def find_keys_among(conn: sqlite3.Connection, kode: str, keys: Set[str]) -> set[str]:
    """Find those of some keys under which a code has findings."""
    return {row.kunci for row in read_findings_of_keys(conn, kode, keys)}


def find_keys_of_records(conn: sqlite3.Connection, kode: str, records: Set[str]) -> set[str]:
    """Find the keys of the findings of a code that concern some records."""
    if not has_findings(conn, kode):
        return set()
    rows = conn.execute(
        "SELECT DISTINCT t.kunci FROM temuan_rekaman AS r JOIN temuan AS t ON t.id = r.temuan"
        " WHERE r.record IN (SELECT value FROM json_each(?)) AND t.kode = ?",
        (to_list(records), kode),
    )
    return {row[0] for row in rows}


def add_findings(conn: sqlite3.Connection, rows: Sequence[FindingRow]) -> None:
    """Store findings with their lists by desa and record."""
    # Two findings with one id would say the same of the same records; a sync must not fail for that.
    conn.executemany("INSERT OR IGNORE INTO temuan VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    conn.executemany(
        "INSERT OR IGNORE INTO temuan_desa VALUES (?, ?)",
        [(desa, row.id) for row in rows for desa in json.loads(row.desa)],
    )
    conn.executemany(
        "INSERT OR IGNORE INTO temuan_rekaman VALUES (?, ?, ?)",
        [(record, desa, row.id) for row in rows for desa, _, record in json.loads(row.rekaman)],
    )


def remove_findings(conn: sqlite3.Connection, rows: Sequence[FindingRow]) -> None:
    """Delete findings and their lists."""
    conn.executemany("DELETE FROM temuan WHERE id = ?", [(row.id,) for row in rows])
    conn.executemany(
        "DELETE FROM temuan_desa WHERE desa = ? AND temuan = ?",
        [(desa, row.id) for row in rows for desa in json.loads(row.desa)],
    )
    conn.executemany(
        "DELETE FROM temuan_rekaman WHERE record = ? AND desa = ? AND temuan = ?",
        [(record, desa, row.id) for row in rows for desa, _, record in json.loads(row.rekaman)],
    )


def list_findings(
    conn: sqlite3.Connection, *, kode: str | None = None, desa: str | None = None
) -> list[FindingRow]:
    """List findings of one code and one desa, or of all, by code and id."""
    rows = conn.execute(
        "SELECT * FROM temuan WHERE (?1 IS NULL OR kode = ?1)"
        " AND (?2 IS NULL OR id IN (SELECT temuan FROM temuan_desa WHERE desa = ?2)) ORDER BY kode, id",
        (kode, desa),
    )
    return [FindingRow(*row) for row in rows]


def list_findings_of_record(conn: sqlite3.Connection, desa: str, record: str) -> list[FindingRow]:
    """List the findings that concern one record."""
    rows = conn.execute(
        "SELECT t.* FROM temuan_rekaman AS r JOIN temuan AS t ON t.id = r.temuan"
        " WHERE r.record = ? AND r.desa = ? ORDER BY t.kode, t.id",
        (record, desa),
    )
    return [FindingRow(*row) for row in rows]


def read_desk(conn: sqlite3.Connection, finding: str) -> Desk:
    """Read on whose desk the cases of a finding lie."""
    is_at_camat, *texts = conn.execute(
        "SELECT coalesce(max(k.di_camat), 0), max(k.pesan_camat) FILTER (WHERE k.di_camat), max(k.pemegang),"
        " max(k.petugas_pertama) FILTER (WHERE k.status = 'usulan'), max(a.role) FILTER (WHERE k.status = 'usulan')"
        " FROM kasus AS k LEFT JOIN account AS a ON a.petugas = k.petugas_pertama WHERE k.temuan = ?",
        (finding,),
    ).fetchone()
    return Desk(bool(is_at_camat), *(text or "" for text in texts))


def find_proposer(conn: sqlite3.Connection, desa: str, case: str, action: str) -> str | None:
    """Find who has proposed just this action in a case; None when nobody's proposal of it stands."""
    row = conn.execute(
        "SELECT petugas_pertama FROM kasus WHERE id = ? AND desa = ? AND usulan = ? AND status = 'usulan'",
        (case, desa, action),
    ).fetchone()
    return None if row is None else row[0]


def list_case_rows(conn: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """List for the cases of findings that stand: finding, state, day given, when opened, holder, camat, proposer.

    The time is hub time, the last two tell whether it lies with the camat and the role of who proposed.
    """
    return conn.execute(
        "SELECT k.temuan, coalesce(k.status, 'terbuka'), k.batas_waktu,"
        " (SELECT min(json_extract(CAST(c.header AS TEXT), '$[10]')) FROM change AS c"
        " WHERE c.record = k.id AND json_extract(CAST(c.header AS TEXT), '$[6]') = 'c'),"
        " k.pemegang, coalesce(k.di_camat, 0), coalesce(a.role, '')"
        " FROM kasus AS k JOIN temuan AS t ON t.id = k.temuan LEFT JOIN account AS a ON a.petugas = k.petugas_pertama"
    ).fetchall()


def list_open(conn: sqlite3.Connection) -> list[tuple[str, list[str]]]:
    """List code and desa of every finding that is not settled, as queue.judge_status tells it, without the rest."""
    rows = conn.execute(
        "SELECT t.kode, t.desa FROM temuan AS t WHERE NOT EXISTS (SELECT 1 FROM kasus AS k WHERE k.temuan = t.id)"
        " OR EXISTS (SELECT 1 FROM kasus AS k WHERE k.temuan = t.id AND coalesce(k.status, 'terbuka') <> 'selesai')"
    )
    return [(kode, json.loads(desa)) for kode, desa in rows]


# The first receipt that covers change c, as shared.store.changes.hub_time_of reads it for one.
_HUB_TIME = (
    f"SELECT e.time_s FROM receipt AS e WHERE e.log = c.pos >> {SEQ_BITS} AND e.size > (c.pos & {SEQ_MASK})"
    " ORDER BY e.size LIMIT 1"
)


def read_ages(conn: sqlite3.Connection) -> dict[str, int]:
    """Read for findings without a case since when (hub time) the hub has the newest change of their records."""
    rows = conn.execute(
        f"SELECT r.temuan, max(({_HUB_TIME})) FROM temuan_rekaman AS r JOIN change AS c ON c.record = r.record"
        " WHERE NOT EXISTS (SELECT 1 FROM kasus AS k WHERE k.temuan = r.temuan) GROUP BY r.temuan"
    )
    return {finding: int(time_s) for finding, time_s in rows if time_s is not None}


def find_role(conn: sqlite3.Connection, petugas: str) -> str:
    """Find the role of the account of a petugas; empty for one without."""
    row = conn.execute("SELECT role FROM account WHERE petugas = ?", (petugas,)).fetchone()
    return "" if row is None else str(row[0])


def has_active_account(conn: sqlite3.Connection, roles: Sequence[str]) -> bool:
    """Tell whether anybody of some roles may log in."""
    row = conn.execute(
        "SELECT 1 FROM account WHERE role IN (SELECT value FROM json_each(?)) AND active = 1",
        (json.dumps(list(roles)),),
    ).fetchone()
    return row is not None


def list_link_ends(conn: sqlite3.Connection, link: str) -> list[str]:
    """List the desa in which a link holds."""
    return [row[0] for row in conn.execute("SELECT desa FROM tautan WHERE id = ? AND aktif = 1", (link,))]


def list_links_of(conn: sqlite3.Connection, records: Sequence[str]) -> list[tuple[str, str]]:
    """List the links between some penduduk, in force or cancelled, as desa and link."""
    rows = conn.execute(
        "SELECT desa, id FROM tautan WHERE penduduk IN (SELECT value FROM json_each(?1))"
        " OR pasangan IN (SELECT value FROM json_each(?1)) ORDER BY id, desa",
        (to_list(records),),
    )
    return [(desa, link) for desa, link in rows]


def list_active_links(conn: sqlite3.Connection, records: Sequence[str]) -> list[str]:
    """List the links in force between some penduduk."""
    rows = conn.execute(
        "SELECT DISTINCT id FROM tautan WHERE aktif = 1 AND (penduduk IN (SELECT value FROM json_each(?1))"
        " OR pasangan IN (SELECT value FROM json_each(?1))) ORDER BY id",
        (to_list(records),),
    )
    return [row[0] for row in rows]


def list_case_subjects(conn: sqlite3.Connection, finding: str) -> list[tuple[str, str, str]]:
    """List desa, kind and id of the records that the cases of a finding name."""
    rows = conn.execute(
        "SELECT k.desa, coalesce(k.jenis, ''), r.value FROM kasus AS k, json_each(coalesce(k.rekaman, '[]')) AS r"
        " WHERE k.temuan = ? ORDER BY k.desa, r.value",
        (finding,),
    )
    return [(desa, kind, record) for desa, kind, record in rows]


def has_decision(conn: sqlite3.Connection, record: str) -> bool:
    """Tell whether any change of a record id is a decision."""
    row = conn.execute(
        "SELECT 1 FROM change WHERE record = ? AND json_extract(CAST(header AS TEXT), '$[6]') = 'p' LIMIT 1", (record,)
    ).fetchone()
    return row is not None


def list_held(conn: sqlite3.Connection, desa: str, record: str) -> set[int]:
    """List the places of the changes of a record that have no effect."""
    return {pos for (pos,) in conn.execute("SELECT pos FROM held WHERE record = ? AND desa = ?", (record, desa))}


def has_reached(conn: sqlite3.Connection, desa: str, case: str) -> bool:
    """Tell whether a node of a desa has said hello with all that was here after the last change of a case."""
    row = conn.execute(
        "SELECT max(c.last_s) >= (SELECT max(json_extract(CAST(h.header AS TEXT), '$[10]')) FROM change AS h"
        " JOIN log AS l ON l.no = h.pos >> ?3 WHERE h.record = ?1 AND l.peran <> 'desa')"
        # Parity is judged only between sides that hold the same.
        " FROM simpul AS s JOIN contact AS c ON c.kunci = s.kunci WHERE s.wilayah = ?2 AND c.parity <> ''",
        (case, desa, SEQ_BITS),
    ).fetchone()
    return bool(row and row[0])


def find_known_findings(conn: sqlite3.Connection, ids: Iterable[str]) -> set[str]:
    """Find those of some ids of findings that stand or have had cases."""
    rows = conn.execute(
        "SELECT id FROM temuan WHERE id IN (SELECT value FROM json_each(?1))"
        " UNION SELECT temuan FROM kasus WHERE temuan IN (SELECT value FROM json_each(?1))",
        (to_list(ids),),
    )
    return {row[0] for row in rows}


def read_change_rows(conn: sqlite3.Connection, records: Set[str]) -> list[ChangeRow]:
    """Read where all changes of some records stand, without decoding them."""
    rows = conn.execute(
        "SELECT c.pos, c.record, l.wilayah, c.kind,"
        " json_extract(CAST(c.header AS TEXT), '$[6]'), l.id, c.leaf"
        f" FROM change AS c JOIN log AS l ON l.no = c.pos >> {SEQ_BITS}"
        " WHERE c.record IN (SELECT value FROM json_each(?))",
        (to_list(records),),
    )
    return [
        ChangeRow(pos, record, wilayah, kind, op, format_ref(log, pos, leaf))
        for pos, record, wilayah, kind, op, log, leaf in rows
    ]


def format_ref(log: str, pos: int, leaf: bytes) -> str:
    """Name a stored change as parents name it (see Header.ref)."""
    return f"{log}:{pos & SEQ_MASK}:{leaf[:8].hex()}"


_AS_OF = "verval_per"


def read_as_of(conn: sqlite3.Connection) -> str:
    """Read the day (``YYYY-MM-DD``) up to which what waits for days was judged; empty before the first."""
    return read_setting(conn, _AS_OF) or ""


def write_as_of(conn: sqlite3.Connection, day: str) -> None:
    """Note that day."""
    write_setting(conn, _AS_OF, day)
