"""The tables that are *not* derived from the log: numbered, append-only migrations, each in its transaction.

Record tables have none: they are made from the catalogue (store.tables) and filled from the log.
"""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database as Tables
from sqlite_utils import Migrations

from shared.changelog.tree import CompactRange
from shared.errors import UserError
from shared.store.connection import Database
from shared.store.marks import MARKED, find_unmarked, mark_rows

shared_migrations = Migrations("sipande")


@shared_migrations(name="0001_log")
def _make_log(db: Tables) -> None:
    # Not executescript: it would commit what is open before it.
    for statement in (
        """CREATE TABLE log (
            no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, origin TEXT NOT NULL, wilayah TEXT NOT NULL,
            peran TEXT NOT NULL, kunci BLOB NOT NULL, own INTEGER NOT NULL, size INTEGER NOT NULL,
            tree BLOB NOT NULL, checkpoint BLOB) STRICT""",
        """CREATE TABLE change (
            pos INTEGER PRIMARY KEY, kind TEXT NOT NULL, record TEXT NOT NULL, header BLOB NOT NULL,
            body BLOB, digest BLOB, leaf BLOB NOT NULL) STRICT""",
        "CREATE INDEX change_record ON change (record)",
        "CREATE TABLE tile (pos INTEGER PRIMARY KEY, hash BLOB NOT NULL) STRICT",
        """CREATE TABLE receipt (
            log INTEGER NOT NULL REFERENCES log (no), size INTEGER NOT NULL, time_s INTEGER NOT NULL,
            note BLOB NOT NULL, PRIMARY KEY (log, size)) STRICT""",
        "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
        """CREATE TABLE evidence (
            no INTEGER PRIMARY KEY, time_s INTEGER NOT NULL, code TEXT NOT NULL, log TEXT NOT NULL,
            detail TEXT NOT NULL, data BLOB) STRICT""",
    ):
        db.conn.execute(statement)


@shared_migrations(name="0002_account")
def _make_account(db: Tables) -> None:
    for statement in (
        """CREATE TABLE account (
            no INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, password TEXT NOT NULL, role TEXT NOT NULL,
            petugas TEXT NOT NULL, active INTEGER NOT NULL, created_s INTEGER NOT NULL) STRICT""",
        # no names a session to people (its list, ending it); id_hash is what the cookie must match.
        """CREATE TABLE session (
            no INTEGER PRIMARY KEY, id_hash BLOB NOT NULL UNIQUE,
            account INTEGER NOT NULL REFERENCES account (no), created_s INTEGER NOT NULL,
            proved_s INTEGER NOT NULL, seen_s INTEGER NOT NULL, address TEXT NOT NULL,
            agent TEXT NOT NULL) STRICT""",
        "CREATE INDEX session_account ON session (account)",
        """CREATE TABLE login_failure (
            subject TEXT PRIMARY KEY, count INTEGER NOT NULL, last_s INTEGER NOT NULL) STRICT""",
        """CREATE TABLE access_audit (
            no INTEGER PRIMARY KEY, time_s INTEGER NOT NULL, account TEXT NOT NULL, action TEXT NOT NULL,
            subject TEXT NOT NULL, detail TEXT NOT NULL, previous BLOB NOT NULL,
            hash BLOB NOT NULL) STRICT""",
        """CREATE TRIGGER access_audit_no_update BEFORE UPDATE ON access_audit
            BEGIN SELECT RAISE(ABORT, 'access_audit is append-only'); END""",
        """CREATE TRIGGER access_audit_no_delete BEFORE DELETE ON access_audit
            BEGIN SELECT RAISE(ABORT, 'access_audit is append-only'); END""",
        """CREATE TABLE one_time_code (
            purpose TEXT PRIMARY KEY, code_hash BLOB NOT NULL, expires_s INTEGER NOT NULL,
            attempts INTEGER NOT NULL) STRICT""",
    ):
        db.conn.execute(statement)


@shared_migrations(name="0003_branch")
def _make_branch(db: Tables) -> None:
    # closed: written on elsewhere (this database was restored, or has a twin); never continued here.
    # branch: the second of two histories that one key has signed; size and tree are those of the whole
    # branch, the shared beginning included, so that it can grow and be proven like a log.
    for statement in (
        "ALTER TABLE log ADD COLUMN closed INTEGER NOT NULL DEFAULT 0",
        """CREATE TABLE branch (
            no INTEGER PRIMARY KEY, log TEXT NOT NULL, start INTEGER NOT NULL, ref TEXT NOT NULL UNIQUE,
            size INTEGER NOT NULL, tree BLOB NOT NULL, checkpoint BLOB NOT NULL, time_s INTEGER NOT NULL) STRICT""",
        """CREATE TABLE branch_change (
            branch INTEGER NOT NULL REFERENCES branch (no), seq INTEGER NOT NULL, header BLOB NOT NULL, body BLOB,
            digest BLOB, leaf BLOB NOT NULL, PRIMARY KEY (branch, seq)) STRICT""",
    ):
        db.conn.execute(statement)


@shared_migrations(name="0004_attachment")
def _make_attachment(db: Tables) -> None:
    # held of size bytes are on disk; whole is 1 once they were hashed. confirmed_s belongs to a node, the last
    # two columns to the sweep.
    db.conn.execute(
        """CREATE TABLE attachment (
            desa TEXT NOT NULL, hash TEXT NOT NULL, size INTEGER NOT NULL, held INTEGER NOT NULL,
            whole INTEGER NOT NULL, confirmed_s INTEGER, unnamed_s INTEGER,
            unnamed_sweeps INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (desa, hash)) STRICT"""
    )


@shared_migrations(name="0005_erased_body")
def _make_erased_index(db: Tables) -> None:
    # Few changes lose their body, and pages ask which did.
    db.conn.execute("CREATE INDEX change_erased ON change (pos) WHERE body IS NULL")


@shared_migrations(name="0006_second_factor")
def _make_second_factor(db: Tables) -> None:
    # area: what of the place an account sees, where its role sees one part alone. secret and pending are sealed with
    # a key of the key folder; pending becomes secret once a code of it was typed. last_step: no code counts twice.
    for statement in (
        "ALTER TABLE account ADD COLUMN area TEXT NOT NULL DEFAULT ''",
        """CREATE TABLE second_factor (
            account INTEGER PRIMARY KEY REFERENCES account (no), secret BLOB, pending BLOB,
            confirmed_s INTEGER, last_step INTEGER NOT NULL DEFAULT 0) STRICT""",
        """CREATE TABLE recovery_code (
            account INTEGER NOT NULL REFERENCES account (no), code_hash BLOB NOT NULL,
            PRIMARY KEY (account, code_hash)) STRICT""",
    ):
        db.conn.execute(statement)


@shared_migrations(name="0007_log_proof")
def _make_log_proof(db: Tables) -> None:
    # Hashes end to end: the consistency proof from size to the size of checkpoint, empty where that is no larger.
    db.conn.execute("ALTER TABLE log ADD COLUMN proof BLOB NOT NULL DEFAULT x''")


_BRANCH_8 = ("no", "log", "start", "ref", "size", "tree", "checkpoint", "time_s")


@shared_migrations(name="0008_marks")
def _add_marks(db: Tables) -> None:
    # What no signature covers is covered here, so that verify sees one flipped bit of it too (store.marks).
    db.conn.execute("ALTER TABLE log ADD COLUMN closed_again INTEGER NOT NULL DEFAULT 0")
    db.conn.execute("UPDATE log SET closed_again = closed")
    for table, columns in {**MARKED, "branch": _BRANCH_8}.items():
        db.conn.execute(f"ALTER TABLE {table} ADD COLUMN mark BLOB NOT NULL DEFAULT x''")
        mark_rows(db.conn, table, columns=columns)


@shared_migrations(name="0009_branch_base")
def _make_branch_base(db: Tables) -> None:
    # base: the tree of what stands before start. proof: as in log, from size to the size of checkpoint.
    damaged = find_unmarked(db.conn, "branch", _BRANCH_8)
    db.conn.execute("ALTER TABLE branch ADD COLUMN base BLOB NOT NULL DEFAULT x''")
    db.conn.execute("ALTER TABLE branch ADD COLUMN proof BLOB NOT NULL DEFAULT x''")
    find_bases(db.conn)
    for (no,) in db.conn.execute("SELECT no FROM branch").fetchall():
        if no not in damaged:
            mark_rows(db.conn, "branch", no)


def find_bases(conn: sqlite3.Connection) -> None:
    """Write of every branch what stands before it: that beginning of its log, or of another branch, that fits its tree.

    Plain SQL, as every step of a migration: the tables of later formats are not there yet.
    """
    known: list[tuple[str, CompactRange, list[bytes]]] = []
    rows = conn.execute(
        "SELECT b.no, b.log, b.start, b.tree, l.no << 40 FROM branch b JOIN log l ON l.id = b.log ORDER BY b.start"
    ).fetchall()
    for no, log, start, tree, first in rows:
        leaves = [row[0] for row in conn.execute("SELECT leaf FROM branch_change WHERE branch = ? ORDER BY seq", (no,))]
        held = [row[0] for row in conn.execute(
            "SELECT leaf FROM change WHERE pos >= ? AND pos < ? ORDER BY pos", (first, first + start)
        )]
        beginnings = [(CompactRange(), held), *((base, rest) for id, base, rest in known if id == log)]
        for base, rest in beginnings:
            before = base.copy()
            before.extend(rest[: max(0, start - base.size)])
            whole = before.copy()
            whole.extend(leaves)
            if before.size == start and whole.to_bytes() == tree:
                conn.execute("UPDATE branch SET base = ? WHERE no = ?", (before.to_bytes(), no))
                known.append((log, before, leaves))
                break


def apply_migrations(database: Database, *sets: Migrations) -> None:
    """Bring the file up to this program's version; refuse a file that a newer program has written.

    Raises UserError with what to do when the database is newer than the program.
    """
    with database.write() as conn:
        tables = Tables(conn, recursive_triggers=False, execute_plugins=False)
        for migrations in (shared_migrations, *sets):
            known = {migration.name for migration in migrations._migrations}
            unknown = [m.name for m in migrations.applied(tables) if m.name not in known]
            if unknown:
                raise UserError(
                    "Data ini sudah dibuka oleh versi Sipande yang lebih baru, jadi versi ini tidak"
                    " membukanya agar tidak ada yang rusak. Pasang versi Sipande terbaru, lalu jalankan lagi."
                    " Data Anda tidak berubah.",
                    "basis_data_lebih_baru",
                )
            migrations.apply(tables)


def read_setting(conn: sqlite3.Connection, name: str) -> str | None:
    """Read one setting of this installation; None when it was never set."""
    row = conn.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def write_setting(conn: sqlite3.Connection, name: str, value: str) -> None:
    """Write one setting of this installation."""
    conn.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (name, value))
