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
    """Let the draft take the place of what is there; return where that went, None when nothing was there."""
    write_durably(draft.path / _ASIDE, aside.encode())
    _sync_all(draft.path)
    os.replace(draft.path, folder.path / _READY)
    sync_folder(folder.path)
    _finish(folder)
    kept = folder.path / aside
    return kept if kept.exists() else None


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
        for name in ("-wal", "-shm", ""):
            _put_aside(folder.database.with_name(folder.database.name + name), aside)
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
