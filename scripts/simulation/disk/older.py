"""A database as an older program has left it: fewer migrations, another catalogue, the same logs."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database as Tables
from sqlite_utils import Migrations

from hub.migrations import hub_migrations
from node.migrations import node_migrations
from shared.store.migrations import shared_migrations


def count_migrations(sisi: str) -> int:
    """Tell how many migrations an up-to-date database of a side has had."""
    return sum(len(migrations._migrations) for migrations in _sets(sisi))


def make_older(path: Path, undone: int) -> None:
    """Write a database again as it was before its last ``undone`` migrations (all but the first, at most).

    What came with them is lost, as it never was; records and logs stay. Its catalogue is no longer today's.
    """
    with closing(sqlite3.connect(path)) as conn:
        sisi = conn.execute("SELECT value FROM setting WHERE name = 'sisi'").fetchone()[0]
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    older = path.with_name("lama.sqlite")
    with closing(sqlite3.connect(older, isolation_level=None)) as conn:
        conn.execute("PRAGMA journal_mode=WAL")
        conn.execute("BEGIN")
        for migrations in _cut(_sets(sisi), undone):
            migrations.apply(Tables(conn, recursive_triggers=False, execute_plugins=False))
        conn.execute("COMMIT")
        conn.execute("ATTACH ? AS kini", (str(path),))
        _copy_rows(conn)
        if conn.execute("SELECT 1 FROM main.sqlite_master WHERE name = 'access_audit'").fetchone() is None:
            conn.execute("DELETE FROM main.setting WHERE name = 'access_audit_head'")
        conn.execute("UPDATE setting SET value = 'lama' WHERE name = 'catalogue'")
    for name in (path.name + "-wal", path.name + "-shm", older.name + "-wal", older.name + "-shm"):
        path.with_name(name).unlink(missing_ok=True)
    os.replace(older, path)


def _sets(sisi: str) -> Sequence[Migrations]:
    return shared_migrations, hub_migrations if sisi == "hub" else node_migrations


def _cut(sets: Sequence[Migrations], undone: int) -> list[Migrations]:
    """Leave out the last migrations: first of the side's own, then of the shared ones."""
    cut = []
    for migrations in reversed(sets):
        kept = max(1, len(migrations._migrations) - undone)
        undone -= len(migrations._migrations) - kept
        shorter = Migrations(migrations.name)
        shorter._migrations = list(migrations._migrations[:kept])
        cut.append(shorter)
    return list(reversed(cut))


def _copy_rows(conn: sqlite3.Connection) -> None:
    tables = [
        row[0] for row in conn.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")
        if not row[0].startswith(("_sqlite", "sqlite_"))
    ]
    conn.execute("PRAGMA foreign_keys=OFF")
    for table in tables:
        known = {row[1] for row in conn.execute(f"PRAGMA kini.table_info({table})")}
        columns = ", ".join(row[1] for row in conn.execute(f"PRAGMA main.table_info({table})") if row[1] in known)
        conn.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM kini.{table}")
