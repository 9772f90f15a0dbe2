"""What both sides have: a data folder with its database, keys, own logs and anchor, opened and checked.

Opening migrates, makes the projection tables, rebuilds them when the catalogue has changed, and opens a
new log where the anchor proves that the database was restored.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, TypeVar

from sqlite_utils import Migrations

from shared.changelog.checkpoint import Signer, Verifier
from shared.changelog.genesis import Genesis, predecessor
from shared.changelog.keys import KeySet, SealKey, SigningKey, load_keys, save_keys
from shared.changelog.tree import leaf_hash
from shared.clock import Clock, Randomness, RecordIds
from shared.errors import DamageError, EnvironmentProblem, UserError
from shared.explain import explain_system
from shared.merge.scope import Role
from shared.records.catalogue import CATALOGUE, Catalogue
from shared.store.anchor import AnchorFile
from shared.store.backup.placing import begin_draft, drop_draft, heal, put_in_place
from shared.store.changes import Log, find_last_log, find_open_log
from shared.store.connection import Database
from shared.store.drafts import Batch
from shared.store.evidence import note_event
from shared.store.folder import DataFolder
from shared.store.migrations import apply_migrations, read_setting
from shared.store.entries import Entry
from shared.store.records import rebuild
from shared.store.rows import FAILED
from shared.store.runs import encode_root, sign_size
from shared.store.tables import make_tables
from shared.sync.versions import THIS_PROGRAM, Program, name_kinds

KEY_FILE = "kunci.json"
T = TypeVar("T")


@dataclass
class Side:
    """One open data folder. Time and randomness come in from outside.

    ``wilayah`` is the dotted code of its desa or kecamatan, ``nama`` what people call it, ``sisi`` which side it is.
    """

    sisi: ClassVar[str] = ""
    own_tables: ClassVar[tuple[str, ...]] = ()
    """Projections that only this side has."""

    folder: DataFolder
    database: Database
    keys: KeySet
    clock: Clock
    random: Randomness
    catalogue: Catalogue = CATALOGUE
    wilayah: str = ""
    nama: str = ""
    cadangan: Path | None = None
    """The folder for backups where one was named; without, it stands beside the data folder."""
    program: Program = THIS_PROGRAM
    new_id: RecordIds = field(init=False)
    anchor: AnchorFile = field(init=False)

    def __post_init__(self) -> None:
        self.new_id = RecordIds(self.clock, self.random)
        self.anchor = AnchorFile(self.folder.keys)

    def cosigners(self) -> Sequence[Verifier]:
        """Give the verifiers of the receipts held here; none where no hub is known."""
        return ()

    def find_known_s(self, conn: sqlite3.Connection, desa: str, kunci: str) -> int | None:
        """Tell up to when (seconds) what the computer of a desa with this key has written is here; None: not known."""
        return None

    @property
    def kinds(self) -> str:
        """The digest of the kinds that this side knows."""
        return name_kinds(self.catalogue)

    def sign_head(self, log: Log) -> bytes:
        """Sign the present head of an own log; the anchor is on disk before anybody sees the signature."""
        self.anchor.raise_to(log.id, log.size, encode_root(log.root()))
        with self.database.read() as conn:
            return sign_size(conn, log, log.size, self.signer(log))

    def signer(self, log: Log) -> Signer:
        """Give the key that signs the heads of an own log; DamageError when it is not in the key file."""
        key = self.keys.find_signing(log.kunci)
        if key is None:
            raise DamageError("no key for an own log")
        return Signer(log.origin, key)

    def begin_batch(
        self, wilayah: str, peran: Role, before: Log | None = None, cabang: str = "", kunci: bytes = b""
    ) -> tuple[Genesis, Batch]:
        """Make the genesis of a new own log, which continues ``before`` where there is one.

        ``cabang`` names the first change of the branch that it issues again, if it does; ``kunci`` is the
        public key of the log, where it is not the one of today.
        """
        pendahulu = "" if before is None else predecessor(before.id, before.size, before.root())
        genesis = Genesis(self.random(16).hex(), wilayah, peran, kunci or self.keys.signing.public, pendahulu, cabang)
        header, sealed = genesis.seal(self.random(16), self.clock.now_s())
        leaf = leaf_hash(sealed.header, sealed.body_digest)
        return genesis, Batch([sealed], [header], [leaf], [Entry(0, header, {}, leaf)])

    def find_writable_log(self, conn: sqlite3.Connection, wilayah: str, peran: Role) -> Log | None:
        """Find the own log that is continued here; None where a new one must be opened.

        A log is not continued under another key, when it was written on elsewhere, or when the database
        holds less of it than was once signed: a second history would begin.
        """
        return self.find_log_of(conn, wilayah, peran, self.keys.signing.public)

    def find_log_of(self, conn: sqlite3.Connection, wilayah: str, peran: Role, kunci: bytes) -> Log | None:
        """Find the log of one of our keys that may be continued."""
        log = find_open_log(conn, wilayah, peran, kunci)
        return None if log is None or self.was_restored(log) else log

    def was_restored(self, log: Log) -> bool:
        """Tell whether the database holds less of an own log than was once signed."""
        return self.anchor.load().is_ahead_of(log.id, log.size)

    def replace_keys(self, keys: KeySet) -> None:
        """Put other keys in the place of the present ones; they are on disk before anything uses them."""
        save_keys(self.folder.keys / KEY_FILE, keys, replace=True)
        self.keys = keys

    def rebuild(self) -> int:
        """Drop every projection and fold the logs again; return the number of changes read."""
        with self.database.write() as conn:
            return rebuild(conn, self.catalogue)

    def close(self) -> None:
        self.database.close()


def is_empty(folder: DataFolder) -> bool:
    """Tell whether a folder holds neither data nor the keys of an installation."""
    return has_no_data(folder) and not has_keys(folder)


def has_no_data(folder: DataFolder) -> bool:
    """Tell whether a folder holds no data: then a side begins there, or is restored where its keys are still there."""
    return not folder.database.exists()


def has_keys(folder: DataFolder) -> bool:
    """Tell whether a folder holds the keys of an installation, with or without its data."""
    return (folder.keys / KEY_FILE).exists()


def generate_keys(random: Randomness) -> KeySet:
    """Make the keys of an installation, and store them nowhere."""
    return KeySet(SigningKey.generate(random), SealKey.generate(random))


def make_keys(folder: DataFolder, random: Randomness, keys: KeySet | None = None) -> KeySet:
    """Make the keys of a new installation, or store those given; UserError when the folder already has some."""
    refuse_used(folder)
    folder.make()
    keys = keys or generate_keys(random)
    save_keys(folder.keys / KEY_FILE, keys)
    return keys


def refuse_used(folder: DataFolder) -> None:
    """Raise UserError where a folder is not empty: nothing is ever made over data or keys."""
    if not is_empty(folder):
        raise UserError(
            f"Folder data {folder.path} sudah berisi data Sipande. Pakai perintah serve untuk membukanya,"
            " atau pilih folder lain dengan --data.",
            "sudah_ada",
        )


def make_in_place(folder: DataFolder, make: Callable[[DataFolder], T], keys_aside: str = "") -> T:
    """Make an installation beside an empty folder and put it in its place, whole or not at all.

    ``make`` fills the draft and closes what it has opened. With ``keys_aside`` the folder may hold keys without data:
    they go into a folder of that name, for under a key that has signed no log begins anew. Raises UserError where the
    folder holds more, and what ``make`` raises; then everything is as before.
    """
    if not (keys_aside and has_no_data(folder)):
        refuse_used(folder)
    folder.make()
    draft = begin_draft(folder)
    try:
        made = make(draft)
        journal = draft.database.with_name(f"{draft.database.name}-wal")
        if journal.exists() and journal.stat().st_size:
            raise EnvironmentProblem(
                "Data belum sampai seluruhnya di disk, jadi belum ada yang dibuat. Periksa disk komputer, lalu ulangi.",
                "disk_rusak",
            )
        put_in_place(folder, draft, keys_aside or "sebelum-mulai")
    except OSError as error:
        drop_draft(folder)
        raise EnvironmentProblem(explain_system(error), "disk_rusak") from error
    except BaseException:
        drop_draft(folder)
        raise
    return made


def open_database(
    folder: DataFolder,
    catalogue: Catalogue,
    migrations: Sequence[Migrations],
    *,
    sisi: str = "",
    fold_again: Callable[[sqlite3.Connection, Catalogue], int] = rebuild,
) -> Database:
    """Open the database of a folder, up to date in migrations and projection tables.

    ``sisi`` is whose it must be; UserError when it is the other side's, DamageError when it is nobody's.
    ``fold_again`` rebuilds the projections of this side where the catalogue has changed.
    """
    database = Database(folder.database)
    try:
        if sisi:
            _check_side(database, sisi)
        apply_migrations(database, *migrations)
        with database.write() as conn:
            if make_tables(conn, catalogue) or _has_failed(conn):
                fold_again(conn, catalogue)
    except BaseException:
        database.close()
        raise
    return database


def _has_failed(conn: sqlite3.Connection) -> bool:
    """Tell whether a record is held for a defect; a later program may fold it."""
    return conn.execute("SELECT 1 FROM held WHERE alasan = ? LIMIT 1", (FAILED,)).fetchone() is not None


def _check_side(database: Database, sisi: str) -> None:
    """Refuse a wrong folder before anything in it is migrated."""
    with database.read() as conn:
        table = conn.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'setting'").fetchone()
        found = read_setting(conn, "sisi") if table else None
    if found is None:
        raise DamageError("database without its first settings")
    if found != sisi:
        owner = "hub kecamatan" if found == "hub" else "simpul desa"
        raise UserError(
            f"Folder data ini milik {owner}, bukan untuk perintah ini. Periksa --data.", "folder_sisi_lain"
        )


def open_folder(path: Path) -> tuple[DataFolder, KeySet]:
    """Find the keys of an existing installation; UserError when there is none."""
    folder = DataFolder(path)
    heal(folder)
    if not folder.database.exists() and (folder.keys / KEY_FILE).exists():
        raise UserError(
            f"Kunci komputer ini ada di {path}, tetapi datanya tidak. Jalankan perintah serve: halamannya menunjukkan"
            " cara memulihkannya. Atau pulihkan dari cadangan dengan perintah pulihkan, atau kembalikan berkas"
            " data.sqlite.",
            "data_hilang",
        )
    if not folder.database.exists():
        raise UserError(
            f"Belum ada data Sipande di {path}. Jalankan perintah init lebih dulu, atau periksa --data.",
            "belum_ada",
        )
    return folder, load_keys(folder.keys / KEY_FILE)


def find_own_log(side: Side, wilayah: str, peran: Role) -> Log | None:
    """Find the newest own log of one role."""
    with side.database.read() as conn:
        return find_last_log(conn, wilayah, peran)


def note_cut_off(side: Side) -> None:
    """Note that the last run of the server did not end by itself: power, a kill, a crash."""
    with side.database.write() as conn:
        note_event(conn, side.clock.now_s(), "mati", "", f"dibuka lagi {side.clock.now_s()}")
