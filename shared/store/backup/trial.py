"""Reads a backup back from the disk and restores it into a scratch folder: only what came through that counts.

Nothing outside the scratch folder is touched; it is removed at the end, and after a crash at the next run.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from shared.changelog.checkpoint import Verifier
from shared.store.backup.archive import Contents, Unpacker
from shared.store.backup.sealing import Head, damaged, open_pieces, read_head
from shared.store.backup.snapshot import count_rows, measure_logs, open_copy
from shared.store.connection import Database
from shared.store.folder import DataFolder
from shared.store.migrations import apply_migrations
from shared.store.verify import verify_logs

DATABASE = "data.sqlite"
_SCRATCH = "cadangan-coba"


class Unpacked(NamedTuple):
    """A backup that was opened into a folder; ``pictures`` are the files of those inside, by (desa, hash)."""

    head: Head
    contents: Contents
    database: Path
    pictures: dict[tuple[str, str], Path]


@contextmanager
def scratch_folder(folder: DataFolder) -> Iterator[Path]:
    """Give an empty folder, private to its owner, that is gone afterwards."""
    path = folder.path / _SCRATCH
    clear_scratch(folder)
    path.mkdir(mode=0o700)
    try:
        yield path
    finally:
        clear_scratch(folder)


def clear_scratch(folder: DataFolder) -> None:
    """Remove what a run that was killed has left."""
    shutil.rmtree(folder.path / _SCRATCH, ignore_errors=True)


def unpack(source: Path, open_key: Callable[[Head], bytes], target: Path) -> Unpacked:
    """Open a backup into an empty folder and compare everything with its table of contents.

    Raises BackupUnreadable, and OSError where the disk refuses.
    """
    with open(source, "rb") as file:
        head = read_head(file)
        if head.isi != "data":
            raise damaged()
        unpacker = Unpacker(open_pieces(file, head, open_key(head)))
        contents = unpacker.read_contents()
        database = target / DATABASE
        if _write(unpacker, database, contents.data) != contents.sidik:
            raise damaged()
        pictures = {}
        for number, picture in enumerate(contents.gambar):
            if picture.inside:
                path = target / f"gambar-{number}"
                if _write(unpacker, path, picture.size) != picture.hash:
                    raise damaged()
                pictures[picture.desa, picture.hash] = path
        unpacker.finish()
    if (contents.sisi, contents.wilayah, contents.waktu_s) != (head.sisi, head.wilayah, head.waktu_s):
        raise damaged()
    return Unpacked(head, contents, database, pictures)


def _write(unpacker: Unpacker, path: Path, size: int) -> str:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    # Not synced: most of what is unpacked is looked at and thrown away; shared.store.backup.placing syncs the rest.
    with open(os.open(path, flags, 0o600), "wb") as file:
        return unpacker.copy(size, file.write)


def find_problems(
    found: Unpacked, cosigners: Sequence[Verifier] = (), own_keys: Collection[bytes] = ()
) -> list[str]:
    """Check a restored database: readable page by page, rows and logs as counted, every log as it was signed.

    Each problem is one Indonesian sentence. That the rows themselves are those of the snapshot, its hash has shown.
    """
    try:
        with closing(open_copy(found.database)) as conn:
            if conn.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                return ["Basis data di dalam cadangan rusak."]
            if conn.execute("PRAGMA foreign_key_check").fetchone() is not None:
                return ["Ada baris di dalam cadangan yang menunjuk baris yang tidak ada."]
            if count_rows(conn) != found.contents.jumlah or measure_logs(conn) != found.contents.catatan:
                return ["Jumlah baris di dalam cadangan tidak sama dengan yang tercatat."]
        # An older program may have made it: its logs are read as they will be once it is in its place.
        with closing(Database(found.database)) as database:
            apply_migrations(database)
            with database.read() as conn:
                return verify_logs(conn, cosigners, own_keys)
    except sqlite3.DatabaseError:
        return ["Basis data di dalam cadangan tidak dapat dibaca."]
