"""A data folder that was prepared takes the place of the present one, whole or not at all.

::

    pulih-baru/     being prepared; worthless after a crash
    pulih-siap/     prepared and on the disk: from here on it happens, also after a crash, at the next start
    sebelum-pulih-…/  what stood there before: nothing is ever overwritten

What is prepared has the names of the data folder: ``data.sqlite``, ``kunci/`` where the keys are new, ``lampiran/``.
Attachments are added to those that are there: a name is a hash, so none can be another.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from shared.store.connection import sync_folder, write_durably
from shared.store.folder import DataFolder

_DRAFT, _READY, _ASIDE = "pulih-baru", "pulih-siap", "tempat"
ATTACHMENTS = "lampiran"


def begin_draft(folder: DataFolder) -> DataFolder:
    """Give an empty folder in which a data folder is prepared."""
    drop_draft(folder)
    draft = DataFolder(folder.path / _DRAFT)
    draft.path.mkdir(mode=0o700)
    return draft


def drop_draft(folder: DataFolder) -> None:
    """Remove what was being prepared."""
    shutil.rmtree(folder.path / _DRAFT, ignore_errors=True)


def put_in_place(folder: DataFolder, draft: DataFolder, aside: str) -> Path | None:
    """Let the draft take the place of what is there; return where that went, None when nothing was there.

    Raises OSError where the disk refuses; then everything is as before, as far as the disk takes that.
    """
    # Attachments that a disk did not take the time before.
    _complete(folder)
    write_durably(draft.path / _ASIDE, aside.encode())
    _sync_all(draft.path)
    os.replace(draft.path, folder.path / _READY)
    sync_folder(folder.path)
    try:
        _finish(folder)
    except OSError:
        if take_back(folder):
            raise
        # The data are in their place. Attachments that are not yet follow at the next start.
    kept = folder.path / aside
    return kept if kept.exists() else None


def take_back(folder: DataFolder) -> bool:
    """Undo a move that the disk has broken off; False where nothing waits, or the new data are in their place already.

    For whoever has the folder locked, and never behind :func:`put_back`, whose data are no draft. Raises OSError where
    the disk refuses this too; a power cut in between ends with what was ready in its place (:func:`heal`).
    """
    ready = folder.path / _READY
    if not (ready / folder.database.name).exists():
        return False
    aside = folder.path / (ready / _ASIDE).read_text("ascii")
    if (aside / folder.keys.name).exists():
        if folder.keys.exists():
            os.replace(folder.keys, ready / folder.keys.name)
        os.replace(aside / folder.keys.name, folder.keys)
    for path in _list_database(DataFolder(aside)):
        if path.exists():
            os.replace(path, folder.path / path.name)
    sync_folder(folder.path)
    drop_draft(folder)
    os.replace(ready, folder.path / _DRAFT)
    sync_folder(folder.path)
    if aside.exists() and not any(aside.iterdir()):
        aside.rmdir()
    return True


def put_back(folder: DataFolder, aside: Path, name: str) -> None:
    """Let data that were put aside take their place again; what stands there now goes aside under ``name``.

    For whoever has the folder locked; nothing has either database open. Raises OSError where the disk refuses, and
    sqlite3.Error where the database does not close. What was put aside is still there then, or ready: the same call
    goes on with it, and so does :func:`heal`. It is never a draft, which a start would throw away.
    """
    _complete(folder)
    if not aside.exists():
        return
    _fold_journal(DataFolder(aside))
    write_durably(aside / _ASIDE, name.encode())
    _sync_all(aside)
    os.replace(aside, folder.path / _READY)
    sync_folder(folder.path)
    _finish(folder)


def _complete(folder: DataFolder) -> None:
    """Finish what is ready, if anything is; for whoever has the folder locked."""
    if (folder.path / _READY).exists():
        _finish(folder)


def _fold_journal(folder: DataFolder) -> None:
    """Bring what stands in the write-ahead log into the file: only the file is moved."""
    journal = folder.database.with_name(f"{folder.database.name}-wal")
    if journal.exists():
        with closing(sqlite3.connect(folder.database)) as conn:
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if journal.exists() and journal.stat().st_size:
            raise sqlite3.OperationalError("disk i/o: the write-ahead log stays")


def _list_database(folder: DataFolder) -> list[Path]:
    """List the files of a database, there or not, in the order in which they are moved."""
    return [folder.database.with_name(folder.database.name + ending) for ending in ("-wal", "-shm", "")]


def _sync_all(folder: Path) -> None:
    """Bring everything in a folder to the disk, and once for all where the system can: photos come by the thousand."""
    if hasattr(os, "sync"):
        os.sync()
        return
    for path in folder.rglob("*"):  # pragma: no cover - Windows
        if path.is_file():
            with open(path, "rb+") as file:
                os.fsync(file.fileno())


def heal(folder: DataFolder) -> None:
    """Finish what a crash has interrupted; whoever has the folder locked is at work himself, and is left alone."""
    if not (folder.path / _READY).exists():
        return
    own = DataFolder(folder.path)
    if own.lock():
        try:
            if (folder.path / _READY).exists():
                _finish(own)
        finally:
            own.unlock()


def _finish(folder: DataFolder) -> None:
    """Move what is ready; every step can be repeated, and the database comes last of what names this computer."""
    ready = folder.path / _READY
    aside = folder.path / (ready / _ASIDE).read_text("ascii")
    if (ready / folder.database.name).exists():
        for path in _list_database(folder):
            _put_aside(path, aside)
        if (ready / folder.keys.name).exists():
            if not (aside / folder.keys.name).exists():
                _put_aside(folder.keys, aside)
            os.replace(ready / folder.keys.name, folder.keys)
        sync_folder(folder.path)
        os.replace(ready / folder.database.name, folder.database)
    for path in sorted((ready / ATTACHMENTS).glob("*/*/*")):
        target = folder.path / path.relative_to(ready)
        for parent in reversed(target.parents):
            parent.mkdir(mode=0o700, exist_ok=True)
        if not target.exists():
            os.replace(path, target)
            sync_folder(target.parent)
    sync_folder(folder.path)
    shutil.rmtree(ready)


def _put_aside(path: Path, aside: Path) -> None:
    if not path.exists():
        return
    if path.is_dir() and not any(path.iterdir()):
        path.rmdir()
        return
    aside.mkdir(mode=0o700, exist_ok=True)
    os.replace(path, aside / path.name)
