"""How it stands with the backups of this computer: the last good one, the failure since then, the code in force."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.clock import WIB
from shared.errors import SipandeError
from shared.store.migrations import read_setting, write_setting
from shared.store.side import Side

LAST_BACKUP = "cadangan_terakhir"
"""The setting with the time of the last good backup, in seconds."""
TOLD_S = 3 * 24 * 3600
"""How long people are told that their data came out of a backup: who was away over a weekend hears it too."""
_LAST_FILE = "cadangan_berkas"
_LAST_FAILURE = "cadangan_gagal"
_CODE_KEY = "cadangan_kunci"
_CODE_TIME = "cadangan_kode_dibuat"
_TRIED = "cadangan_diuji"
_RESTORED = "dipulihkan"
_NOON_H = 12
# What the timer of an installation takes at most after noon to make the day's backup.
_TIMER_S_MAX = 30 * 60


@dataclass(frozen=True)
class BackupState:
    """The last good backup, and the failure since then, if there was one, as a sentence for people.

    ``code_s`` says since when the code in force is on paper, None without one; ``tried_s`` when that paper last
    opened a backup. ``is_restored``: the data came out of one while the program ran.
    """

    last_s: int | None
    path: str
    failed_s: int | None
    problem: str
    code_s: int | None = None
    tried_s: int | None = None
    is_restored: bool = False


@dataclass(frozen=True)
class RestoredNote:
    """That the data of a running installation came out of a backup: its time, when that was done, what people read."""

    waktu_s: int
    done_s: int
    sentences: tuple[str, ...]


def read_backup_state(conn: sqlite3.Connection) -> BackupState:
    """Read how it stands with backups."""
    last, code, tried = (read_setting(conn, name) for name in (LAST_BACKUP, _CODE_TIME, _TRIED))
    failed_s, _, problem = (read_setting(conn, _LAST_FAILURE) or "").partition(" ")
    return BackupState(
        int(last) if last else None, read_setting(conn, _LAST_FILE) or "", int(failed_s) if failed_s else None, problem,
        int(code) if code else None, int(tried) if tried else None, read_setting(conn, _RESTORED) is not None,
    )


def is_backup_due(last_s: int | None, now_s: int) -> bool:
    """Tell whether the backup of the last noon (WIB) is missing; a time to come proves none."""
    day = datetime.fromtimestamp(now_s - _TIMER_S_MAX, WIB)
    noon = day.replace(hour=_NOON_H, minute=0, second=0)
    if noon > day:
        noon -= timedelta(days=1)
    return last_s is None or not noon.timestamp() <= last_s <= now_s + _TIMER_S_MAX


def read_code_key(conn: sqlite3.Connection) -> bytes | None:
    """Read the public key that backups are sealed to; None as long as there is no code."""
    text = read_setting(conn, _CODE_KEY)
    return bytes.fromhex(text) if text else None


def adopt_code(conn: sqlite3.Connection, public: bytes, now_s: int) -> None:
    """Seal to the key of a new code from now on; whoever calls has seen that the code is on paper."""
    write_setting(conn, _CODE_KEY, public.hex())
    write_setting(conn, _CODE_TIME, str(now_s))
    write_setting(conn, _TRIED, "")


def note_success(side: Side, path: str, now_s: int) -> None:
    """Note a good backup."""
    with side.database.write() as conn:
        write_setting(conn, LAST_BACKUP, str(now_s))
        write_setting(conn, _LAST_FILE, path)
        write_setting(conn, _LAST_FAILURE, "")


def note_failure(side: Side, sentence: str) -> None:
    """Note that a backup did not succeed, if that can be noted."""
    try:
        with side.database.write() as conn:
            write_setting(conn, _LAST_FAILURE, f"{side.clock.now_s()} {sentence}")
    except SipandeError:
        pass  # the disk that took no backup may not take this either; whoever asked is told


def note_trial(side: Side) -> None:
    """Note that the paper has opened a backup."""
    with side.database.write() as conn:
        write_setting(conn, _TRIED, str(side.clock.now_s()))


def note_restored(conn: sqlite3.Connection, note: RestoredNote) -> None:
    """Keep what the people are told who log in after their data were replaced."""
    write_setting(conn, _RESTORED, json.dumps([note.waktu_s, note.done_s, note.sentences]))


def read_restored(conn: sqlite3.Connection, now_s: int) -> RestoredNote | None:
    """Read what is to be told about a replacement; None where there was none within ``TOLD_S``."""
    text = read_setting(conn, _RESTORED)
    if text is None:
        return None
    waktu_s, done_s, sentences = json.loads(text)
    return RestoredNote(waktu_s, done_s, tuple(sentences)) if 0 <= now_s - done_s < TOLD_S else None


def forget_backups(conn: sqlite3.Connection) -> None:
    """Forget the backups of another time or computer, and what came out of one then; the code stays in force."""
    for name in (LAST_BACKUP, _LAST_FILE, _LAST_FAILURE, _RESTORED):
        conn.execute("DELETE FROM setting WHERE name = ?", (name,))
