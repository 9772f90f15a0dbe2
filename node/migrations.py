"""The node's own tables that are not derived from the log."""

from __future__ import annotations

from sqlite_utils import Database as Tables
from sqlite_utils import Migrations

node_migrations = Migrations("node")


@node_migrations(name="0001_import")
def _make_import(db: Tables) -> None:
    # first_pos and last_pos bound the changes of a batch in the log; both are empty when it wrote none.
    # import_base is what a source said last, import_base_before what a batch has overwritten there (a row
    # that a batch added has no such row): with both, a batch can be taken back as a whole.
    for statement in (
        """CREATE TABLE import_batch (
            id INTEGER PRIMARY KEY, source TEXT NOT NULL, filename TEXT NOT NULL, sha256 TEXT NOT NULL,
            time_s INTEGER NOT NULL, petugas TEXT NOT NULL, counts TEXT NOT NULL,
            first_pos INTEGER, last_pos INTEGER) STRICT""",
        """CREATE TABLE import_base (
            source TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, record TEXT NOT NULL,
            fields TEXT NOT NULL, batch INTEGER NOT NULL REFERENCES import_batch (id),
            PRIMARY KEY (source, kind, key)) STRICT""",
        """CREATE TABLE import_base_before (
            batch INTEGER NOT NULL REFERENCES import_batch (id), kind TEXT NOT NULL, key TEXT NOT NULL,
            record TEXT NOT NULL, fields TEXT NOT NULL, base_batch INTEGER NOT NULL,
            PRIMARY KEY (batch, kind, key)) STRICT""",
    ):
        db.conn.execute(statement)


@node_migrations(name="0002_import_undo")
def _make_import_undo(db: Tables) -> None:
    # heads is JSON, log number → size when the batch was written: what stands behind it came later. It is
    # empty for a batch that is older than this column.
    for statement in (
        "ALTER TABLE import_batch ADD COLUMN heads TEXT",
        """CREATE TABLE import_undo (
            batch INTEGER PRIMARY KEY REFERENCES import_batch (id), time_s INTEGER NOT NULL,
            petugas TEXT NOT NULL, alasan TEXT NOT NULL, changes INTEGER NOT NULL) STRICT""",
    ):
        db.conn.execute(statement)


@node_migrations(name="0003_logo")
def _make_logo(db: Tables) -> None:
    db.conn.execute(
        """CREATE TABLE logo (
            no INTEGER PRIMARY KEY CHECK (no = 1), png BLOB NOT NULL, width INTEGER NOT NULL,
            height INTEGER NOT NULL) STRICT"""
    )


@node_migrations(name="0004_import_sebagian")
def _make_import_sebagian(db: Tables) -> None:
    # 1: the file named only some of the people, so that who was not in it was not missed.
    db.conn.execute("ALTER TABLE import_batch ADD COLUMN sebagian INTEGER NOT NULL DEFAULT 0")
