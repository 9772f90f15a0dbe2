"""Chores of a running server: looked at every ten minutes, done once a day, whenever the computer is on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from apscheduler.schedulers.background import BackgroundScheduler

from shared.store.backup.make import make_daily_backup
from shared.store.backup.state import is_backup_due, read_backup_state
from shared.store.blobs import sweep_side
from shared.store.migrations import read_setting, write_setting
from shared.store.side import Side

DAY_S = 86_400
SWEPT = "lampiran_disapu"
"""The setting with the time of the last sweep, in seconds."""
_LOOK_MINUTES = 10
_AGAIN_S = 3600
_log = logging.getLogger("sipande.harian")


def sweep_when_due(side: Side) -> bool:
    """Sweep the attachments unless that was done within a day; tell whether it was done now."""
    now_s = side.clock.now_s()
    with side.database.read() as conn:
        last_s = int(read_setting(conn, SWEPT) or 0)
    # A clock that was set back must not end the sweeping.
    if 0 <= now_s - last_s < DAY_S:
        return False
    sweep_side(side)
    with side.database.write() as conn:
        write_setting(conn, SWEPT, str(now_s))
    return True


def back_up_when_due(side: Side) -> bool:
    """Make the backup of the day if no timer and no hand has; tell whether it was made now.

    A failure is noted for the front page and tried again an hour later.
    """
    now_s = side.clock.now_s()
    with side.database.read() as conn:
        state = read_backup_state(conn)
    has_just_failed = state.failed_s is not None and 0 <= now_s - state.failed_s < _AGAIN_S
    if has_just_failed or not is_backup_due(state.last_s, now_s):
        return False
    make_daily_backup(side)
    return True


class DailyJob:
    """Runs chores in the background; one that fails is logged and tried again at the next look."""

    def __init__(self, *chores: Callable[[], object]) -> None:
        self._chores = chores
        self._scheduler = BackgroundScheduler(timezone="Asia/Jakarta")
        self._at_work = threading.Lock()
        self._is_paused = False

    def start(self) -> None:
        self._scheduler.add_job(self.run, "interval", minutes=_LOOK_MINUTES)
        self._scheduler.start()

    def stop(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def pause(self, wait_s: float) -> bool:
        """Let no chore begin until :meth:`go_on`; False where one is at work and not done in ``wait_s`` seconds."""
        if not self._is_paused:
            self._is_paused = self._at_work.acquire(timeout=wait_s)
        return self._is_paused

    def go_on(self) -> None:
        """Let chores begin again behind a pause, if there was one."""
        if self._is_paused:
            self._is_paused = False
            self._at_work.release()

    def run(self) -> None:
        """Do what is due; nothing during a pause."""
        if not self._at_work.acquire(blocking=False):
            return
        try:
            for chore in self._chores:
                self._try(chore)
        finally:
            self._at_work.release()

    def _try(self, chore: Callable[[], object]) -> None:
        try:
            chore()
        except Exception as error:
            # A full disk or a defect today must not be the end of all chores.
            _log.warning("daily chore failed: %s", type(error).__name__)
