"""The hub's own tables that are not derived from the log."""

from __future__ import annotations

from sqlite_utils import Database as Tables
from sqlite_utils import Migrations

hub_migrations = Migrations("hub")


@hub_migrations(name="0001_slot")
def _make_slot(db: Tables) -> None:
    for statement in (
        """CREATE TABLE slot (
            id TEXT PRIMARY KEY, wilayah TEXT NOT NULL, secret BLOB NOT NULL, expires_s INTEGER NOT NULL,
            attempts INTEGER NOT NULL, status TEXT NOT NULL, opened_by TEXT NOT NULL) STRICT""",
        """CREATE TABLE candidate (
            simpul TEXT PRIMARY KEY, slot TEXT NOT NULL REFERENCES slot (id), wilayah TEXT NOT NULL,
            kunci TEXT NOT NULL UNIQUE, segel TEXT NOT NULL, nama TEXT NOT NULL, kata TEXT NOT NULL,
            time_s INTEGER NOT NULL) STRICT""",
        """CREATE TABLE contact (
            kunci TEXT PRIMARY KEY, last_s INTEGER NOT NULL, device_time_s INTEGER NOT NULL,
            queue INTEGER NOT NULL, parity TEXT NOT NULL) STRICT""",
        """CREATE TABLE export_reader (
            name TEXT PRIMARY KEY, token_hash BLOB NOT NULL, created_s INTEGER NOT NULL,
            identified INTEGER NOT NULL) STRICT""",
    ):
        db.conn.execute(statement)


@hub_migrations(name="0002_restored")
def _make_restored(db: Tables) -> None:
    # mark is what the hub held of the logs that the caller was behind on: the same gap counts once.
    db.conn.execute(
        """CREATE TABLE restored (
            no INTEGER PRIMARY KEY, kunci TEXT NOT NULL, time_s INTEGER NOT NULL, mark INTEGER NOT NULL) STRICT"""
    )


@hub_migrations(name="0003_refused_candidate")
def _add_refusal(db: Tables) -> None:
    # Who refused a candidate, when, and why (a key of hub.simpul.rules.REASONS, a note); empty for all others.
    for statement in (
        "ALTER TABLE candidate ADD COLUMN refused_s INTEGER",
        "ALTER TABLE candidate ADD COLUMN refused_by TEXT",
        "ALTER TABLE candidate ADD COLUMN reason TEXT",
        "ALTER TABLE candidate ADD COLUMN note TEXT",
    ):
        db.conn.execute(statement)


@hub_migrations(name="0004_contact_result")
def _add_result(db: Tables) -> None:
    # How the last session went as far as the hub saw it (hub.ingest.contact), in which version of the protocol,
    # and how much of the common channel the node had when it called.
    for statement in (
        "ALTER TABLE contact ADD COLUMN version INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE contact ADD COLUMN result TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE contact ADD COLUMN result_s INTEGER",
        "ALTER TABLE contact ADD COLUMN common_size INTEGER NOT NULL DEFAULT 0",
    ):
        db.conn.execute(statement)


@hub_migrations(name="0005_witness")
def _make_witness(db: Tables) -> None:
    # reader names a reader of exports. A cosignature outlives its reader and the pinning of its key: it is
    # evidence, for or against this hub.
    for statement in (
        """CREATE TABLE witness (
            reader TEXT PRIMARY KEY, vkey TEXT NOT NULL, pinned_s INTEGER NOT NULL,
            is_first_use INTEGER NOT NULL) STRICT""",
        """CREATE TABLE cosignature (
            log INTEGER NOT NULL REFERENCES log (no), vkey TEXT NOT NULL, size INTEGER NOT NULL,
            time_s INTEGER NOT NULL, note BLOB NOT NULL, PRIMARY KEY (log, vkey)) STRICT""",
    ):
        db.conn.execute(statement)


@hub_migrations(name="0006_erasure")
def _make_erasure(db: Tables) -> None:
    # What the first officer asks for, until a second one confirms it (a change of the channel then); and what came
    # of an erased record later and was left as it is: count says how much of it an officer has seen.
    for statement in (
        """CREATE TABLE erasure_proposal (
            id TEXT PRIMARY KEY, targets TEXT NOT NULL, alasan TEXT NOT NULL, petugas TEXT NOT NULL,
            time_s INTEGER NOT NULL, status TEXT NOT NULL, ended_by TEXT NOT NULL DEFAULT '', ended_s INTEGER,
            note TEXT NOT NULL DEFAULT '') STRICT""",
        """CREATE TABLE erasure_left (
            desa TEXT NOT NULL, record TEXT NOT NULL, count INTEGER NOT NULL, petugas TEXT NOT NULL,
            time_s INTEGER NOT NULL, PRIMARY KEY (desa, record)) STRICT""",
    ):
        db.conn.execute(statement)


@hub_migrations(name="0007_contact_program")
def _add_program(db: Tables) -> None:
    # Which program a node runs, the digest of the kinds that it knows, and how many changes wait there for an upgrade.
    for statement in (
        "ALTER TABLE contact ADD COLUMN program TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE contact ADD COLUMN kinds TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE contact ADD COLUMN held INTEGER NOT NULL DEFAULT 0",
    ):
        db.conn.execute(statement)


@hub_migrations(name="0008_look")
def _make_look(db: Tables) -> None:
    # What officers looked at of one desa and was not told to it yet (hub/akses): the id is that of the record to be.
    # The numbers count what no look_record names, because it left as a file.
    for statement in (
        """CREATE TABLE look (
            id TEXT PRIMARY KEY, desa TEXT NOT NULL, tanggal TEXT NOT NULL, petugas TEXT NOT NULL,
            peran TEXT NOT NULL, kegiatan TEXT NOT NULL, tentang TEXT NOT NULL, keperluan TEXT NOT NULL,
            penduduk INTEGER NOT NULL DEFAULT 0, keluarga INTEGER NOT NULL DEFAULT 0,
            bantuan INTEGER NOT NULL DEFAULT 0,
            UNIQUE (desa, tanggal, petugas, peran, kegiatan, tentang, keperluan)) STRICT""",
        """CREATE TABLE look_record (
            no INTEGER PRIMARY KEY, look TEXT NOT NULL REFERENCES look (id) ON DELETE CASCADE, jenis TEXT NOT NULL,
            record TEXT NOT NULL, UNIQUE (look, record)) STRICT""",
    ):
        db.conn.execute(statement)


@hub_migrations(name="0009_contact_said")
def _add_said(db: Tables) -> None:
    # When the node said what was heard last: over the line at once, by stick when the file was written.
    db.conn.execute("ALTER TABLE contact ADD COLUMN said_s INTEGER")


@hub_migrations(name="0010_flood")
def _make_flood(db: Tables) -> None:
    # Who asked so much, or so much that was broken, that it had to be held back; kunci is empty for all strangers.
    db.conn.execute(
        """CREATE TABLE flood (
            kunci TEXT PRIMARY KEY, since_s INTEGER NOT NULL, last_s INTEGER NOT NULL, broken INTEGER NOT NULL,
            early INTEGER NOT NULL) STRICT"""
    )


@hub_migrations(name="0011_bundle")
def _make_bundle(db: Tables) -> None:
    # The highest number of a file on a stick that was read from each key: one computer never goes back behind it.
    db.conn.execute("CREATE TABLE bundle (kunci TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT")
