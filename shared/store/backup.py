"""Writes a backup of a database under the running program: whole or not at all, and read once more before it counts.

The keys are not in the database, so no backup holds them; the anchor beside them is what proves a restore
(sync_protocol.md 6.3). A backup is not encrypted yet: it is as secret as the database.
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from shared.clock import WIB
from shared.errors import DamageError, EnvironmentProblem, SipandeError, UserError
from shared.explain import explain_error
from shared.store.connection import sync_folder
from shared.store.migrations import read_setting, write_setting
from shared.store.side import Side

KEEP_DEFAULT = 14
LAST_BACKUP = "cadangan_terakhir"
"""The setting with the time of the last good backup, in seconds."""
_LAST_FILE = "cadangan_berkas"
_LAST_FAILURE = "cadangan_gagal"
_NOON_H = 12
# What the timer of an installation takes at most after noon to make the day's backup.
_TIMER_S_MAX = 30 * 60

_MAGIC = b"SQLite format 3\0"
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Backup:
    """One good backup; ``removed`` counts the older ones that made room for it."""

    path: Path
    size: int
    removed: int

    def dump(self) -> dict[str, Any]:
        return {"berkas": str(self.path), "byte": self.size, "dihapus": self.removed}


@dataclass(frozen=True)
class BackupState:
    """The last good backup, and the failure since then, if there was one, as a sentence for people."""

    last_s: int | None
    path: str
    failed_s: int | None
    problem: str


def read_backup_state(conn: sqlite3.Connection) -> BackupState:
    """Read how it stands with backups."""
    last = read_setting(conn, LAST_BACKUP)
    failed_s, _, problem = (read_setting(conn, _LAST_FAILURE) or "").partition(" ")
    return BackupState(
        int(last) if last else None, read_setting(conn, _LAST_FILE) or "", int(failed_s) if failed_s else None, problem
    )


def is_backup_due(last_s: int | None, now_s: int) -> bool:
    """Tell whether the backup of the last noon (WIB) is missing; a time to come proves none."""
    day = datetime.fromtimestamp(now_s - _TIMER_S_MAX, WIB)
    noon = day.replace(hour=_NOON_H, minute=0, second=0)
    if noon > day:
        noon -= timedelta(days=1)
    return last_s is None or not noon.timestamp() <= last_s <= now_s + _TIMER_S_MAX


def back_up(
    side: Side, sisi: str, wilayah: str, target: Path, keep: int, *, makes_folder: bool = False
) -> Backup:
    """Write a backup to a file, or into a folder under a name of its own, where the newest ``keep`` stay.

    With ``makes_folder`` the target is a folder that is made where it is missing. Raises UserError for a target
    that must not be overwritten, EnvironmentProblem when it cannot be written, DamageError when the copy does
    not read well; then what stood there before still stands.
    """
    try:
        if makes_folder:
            _make_folder(target)
        return _back_up(side, sisi, wilayah, target, keep)
    except (EnvironmentProblem, DamageError) as error:
        _note_failure(side, explain_error(error))
        raise


def _back_up(side: Side, sisi: str, wilayah: str, target: Path, keep: int) -> Backup:
    with _one_at_a_time:
        now_s = side.clock.now_s()
        prefix = f"sipande-{sisi}-{wilayah}-"
        into_folder = target.is_dir()
        if into_folder:
            target = target / f"{prefix}{datetime.fromtimestamp(now_s, WIB):%Y%m%d-%H%M%S}.sqlite"
        _check_target(side, target)
        size = _write(side.folder.database, target)
        removed = _remove_old(target.parent, prefix, keep) if into_folder else 0
        with side.database.write() as conn:
            write_setting(conn, LAST_BACKUP, str(now_s))
            write_setting(conn, _LAST_FILE, str(target.absolute()))
            write_setting(conn, _LAST_FAILURE, "")
        return Backup(target, size, removed)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable() from error


def _note_failure(side: Side, sentence: str) -> None:
    try:
        with side.database.write() as conn:
            write_setting(conn, _LAST_FAILURE, f"{side.clock.now_s()} {sentence}")
    except SipandeError:
        pass  # the disk that took no backup may not take this either; whoever asked is told


def back_up_by_command(side: Side, sisi: str, wilayah: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out the command ``cadangan`` of either side."""
    return back_up(side, sisi, wilayah, Path(str(args["tujuan"])), int(args["simpan"])).dump()


def _check_target(side: Side, target: Path) -> None:
    if target.parent.resolve() in (side.folder.path.resolve(), side.folder.keys.resolve()):
        raise UserError(
            "Cadangan tidak boleh di dalam folder data itu sendiri. Pilih folder lain, sebaiknya di disk lain.",
            "cadangan_di_data",
        )
    try:
        with open(target, "rb") as file:
            is_backup = file.read(len(_MAGIC)) == _MAGIC
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unwritable() from error
    if not is_backup:
        raise UserError(
            "Berkas tujuan sudah ada dan bukan cadangan Sipande. Pilih nama lain.", "cadangan_menimpa"
        )


def _write(database: Path, target: Path) -> int:
    temporary = target.with_name(target.name + ".baru")
    try:
        temporary.unlink(missing_ok=True)
        # Made here and not by SQLite, so that nobody else can read it from its first byte on.
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            _copy(database, temporary)
            _check_copy(temporary)
            with open(temporary, "rb+") as file:
                os.fsync(file.fileno())
            size = temporary.stat().st_size
            os.replace(temporary, target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(target.parent)
    except OSError as error:
        raise _unwritable() from error
    return size


def _copy(database: Path, temporary: Path) -> None:
    """Copy one moment of the database; writers go on beside it."""
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as conn:
            conn.execute("VACUUM INTO ?", (str(temporary),))
    except sqlite3.DatabaseError as error:
        if "malformed" in str(error) or "not a database" in str(error):
            raise DamageError("database cannot be copied") from error
        raise _unwritable() from error


def _check_copy(temporary: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{temporary.absolute().as_uri()}?mode=ro", uri=True)) as conn:
            found = conn.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise DamageError("backup cannot be read") from error
    if found != "ok":
        raise DamageError("backup does not read well")


def _remove_old(folder: Path, prefix: str, keep: int) -> int:
    """Remove all but the newest backups, and what a power cut left half-written."""
    pattern = re.compile(re.escape(prefix) + r"\d{8}-\d{6}\.sqlite(\.baru)?")
    names = sorted(name for name in os.listdir(folder) if pattern.fullmatch(name))
    whole = [name for name in names if not name.endswith(".baru")]
    old = whole[:-keep] if keep > 0 else []
    for name in (*old, *(set(names) - set(whole))):
        (folder / name).unlink(missing_ok=True)
    return len(old)


def _unwritable() -> EnvironmentProblem:
    return EnvironmentProblem(
        "Cadangan tidak dapat ditulis di tempat itu. Periksa apakah foldernya ada, boleh ditulisi, dan masih"
        " cukup ruang di disknya; lalu ulangi. Data tidak berubah.",
        "cadangan_gagal",
    )
