"""Backups as a person chooses them on a page, to restore one: those on sticks and on this computer, or one uploaded."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path, PurePath
from typing import NamedTuple

from flask import request

from shared.clock import WIB, Randomness, format_time
from shared.errors import UserError
from shared.store.backup.make import ENDING
from shared.store.backup.pictures import open_private
from shared.store.backup.restore import UPLOAD, explaining
from shared.store.folder import DataFolder
from shared.store.stick import list_sticks

UPLOAD_BYTES_MAX = 2_000_000_000
_SHOWN_MAX = 40
_TYPED_MAX = 300
_NAME_MAX = 100
_STAMP = re.compile(r"-(\d{8}-\d{6})(?!\d)")


class Papers(NamedTuple):
    """What was typed from paper: the code of backups, and the recovery key where the page of a side asks for it."""

    kode: str
    kunci_pemulihan: str


class Found(NamedTuple):
    """A backup that lies on this computer: what the form sends, what the person reads, when it was made."""

    token: str
    label: str
    path: Path
    waktu: str = ""


class Uploaded(NamedTuple):
    """A file that came with the browser, as it lies in the data folder, and its name there."""

    path: Path
    name: str

    def offer(self) -> Found:
        """Give it as a choice, for who has to correct something else and need not send it again."""
        return Found(_token(self.path), f"{self.name} (baru saja diunggah)", self.path, _read_time(self.name))


def list_files(sisi: str, beside: Path) -> list[Found]:
    """List the backups of a side on sticks and in ``beside``, the folder of backups of this computer; newest first."""
    found = [
        Found(_token(path), _write(f"{path.name} ({where})"), path, _read_time(path.name))
        for where, folders in _list_places(beside) for folder in folders
        for path in _list_backups(folder, f"sipande-{sisi}-*{ENDING}")
    ]
    return sorted(found, key=lambda item: item.path.name, reverse=True)[:_SHOWN_MAX]


def find_file(files: Sequence[Found], chosen: str) -> Path:
    """Find the file that a form names; UserError where it names none of them."""
    for item in files:
        if item.token == chosen:
            return item.path
    raise UserError("Pilih dulu berkas cadangannya.")


def read_papers() -> Papers:
    """Read what was typed from paper."""
    return Papers(*(request.form.get(name, "")[:_TYPED_MAX] for name in Papers._fields))


def take_upload(folder: DataFolder, random: Randomness) -> Uploaded | None:
    """Keep what was uploaded; None where nothing was. EnvironmentProblem says what the disk refuses.

    It was chosen on purpose, while a file of the list is chosen by the form itself.
    """
    file = request.files.get("unggahan")
    if file is None or not file.filename:
        return None
    path = folder.path / f"{UPLOAD}{random(6).hex()}"
    try:
        with explaining(), open_private(path) as copy:
            file.save(copy, 1 << 20)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    # A path that an old browser sends along is nobody's business.
    return Uploaded(path, PurePath(file.filename.replace("\\", "/")).name[:_NAME_MAX])


def _list_places(beside: Path) -> list[tuple[str, list[Path]]]:
    """Name the places to look in; of a stick its own folder and those in it."""
    places = [("folder cadangan komputer ini", [beside])]
    for stick in list_sticks():
        try:
            folders = [stick.path, *(path for path in stick.path.iterdir() if path.is_dir())]
        except OSError:
            continue
        places.append((f"stik {stick.path.name or stick.path}", folders))
    return places


def _list_backups(folder: Path, pattern: str) -> Sequence[Path]:
    try:
        return list(folder.glob(pattern))
    except OSError:
        return ()


def _read_time(name: str) -> str:
    """Read from the name of a backup when it was made; empty where somebody has given it another name."""
    found = _STAMP.search(name)
    try:
        moment = datetime.strptime(found[1], "%Y%m%d-%H%M%S").replace(tzinfo=WIB) if found else None
    except ValueError:
        moment = None
    return "" if moment is None else format_time(int(moment.timestamp()))


def _write(name: str) -> str:
    """Write a name of the disk, which may be in any encoding."""
    return os.fsencode(name).decode("utf-8", "replace")


def _token(path: Path) -> str:
    return sha256(os.fsencode(path)).hexdigest()[:16]
