"""A backup takes the place of the data of a running installation, without anybody at the console.

Meanwhile another app asks for patience. Before anything is closed all that works on the data has ended by itself, or
the replacement gives up and the former app goes on. From then on whatever fails opens the former data again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from flask import Flask

from shared.clock import WIB, Clock, Randomness, format_time
from shared.errors import SipandeError, UserError
from shared.explain import explain_error
from shared.store.backup.placing import put_back, take_back
from shared.store.backup.restore import Restored
from shared.store.backup.state import RestoredNote, note_restored
from shared.store.folder import DataFolder
from shared.store.side import Side
from shared.web.audit import record_access
from shared.web.backup_files import Papers, Uploaded
from shared.web.jobs import Jobs
from shared.web.kept import list_kept
from shared.web.mulai import Say, make_waiting_app
from shared.web.serve import Switch

EXTENSION = "penggantian"
"""Where an app of a running installation keeps its :class:`Replacement`."""
QUIET_S = 60.0
"""How long chores and sync may take to end by themselves before a replacement gives up."""
_REQUESTS_S = 10.0
_AGAIN_S = 5.0
_WORDS = (
    "Data di komputer ini sedang dikembalikan dari cadangan. Biasanya selesai dalam beberapa menit; jangan matikan"
    " komputernya."
)
_DEFECT = "Ada gangguan di program. Coba lagi; bila terulang, catat jamnya dan hubungi pengelola program."
_OLD_DATA = "Data yang tadi masih ada dan dipakai lagi, tidak ada yang hilang."
_NOT_YET = (
    "Data di komputer ini belum dapat dibuka lagi; dicoba terus. Tidak ada yang dihapus. Periksa apakah disknya penuh"
    " atau lepas. Bila lama tidak selesai, tutup Sipande lalu nyalakan lagi."
)
_log = logging.getLogger("sipande.web")


class Office(Protocol):
    """What runs on the data folder of a side (node.server, hub.server), as a replacement needs it."""

    @property
    def open_side(self) -> Side | None:
        """The services that are open now."""

    def pause(self) -> None:
        """Let what works by itself end; UserError where something does not end soon. Then :meth:`go_on` follows."""

    def go_on(self) -> None:
        """Let what was paused begin again, on whatever services are open by then."""

    def close_services(self) -> None:
        """Close what is open, also what was opened half."""

    def open_services(self) -> Flask:
        """Open what the folder holds; raises what opening a side raises."""

    def restore(self, source: Path, papers: Papers) -> tuple[Restored, list[str]]:
        """Put a backup in the place of the closed data; give also the sentences for the operator."""


class Order(NamedTuple):
    """What is to be done: the file, what stands on paper, and the name of the account that asks for it."""

    source: Path
    papers: Papers
    name: str


@dataclass(frozen=True)
class Failure:
    """Why the last replacement of this run of the program did not come about, and when that was (seconds)."""

    sentence: str
    time_s: int


class Replacement:
    """Replaces the data of one office, one at a time; ``failure`` says what became of the last where it failed."""

    def __init__(
        self, office: Office, folder: DataFolder, side: str, title: str, clock: Clock, random: Randomness
    ) -> None:
        """``side`` is the package whose templates the waiting page comes from, ``title`` what stands above it."""
        self._office, self._folder = office, folder
        self._side, self._title, self._clock, self._random = side, title, clock, random
        self._at_work = threading.Lock()
        self._stop = threading.Event()
        self._switch: Switch | None = None
        self._say: Say = _say_nothing
        self._words = _WORDS
        self.failure: Failure | None = None
        self.uploaded: Uploaded | None = None
        """What was uploaded for the next one; it stays while something else has to be corrected."""

    def serve_with(self, switch: Switch, say: Say) -> None:
        """Name the switch that leads requests to the app of the office, and what writes on the console."""
        self._switch, self._say = switch, say

    def stop(self) -> None:
        """Give up waiting for a disk that does not open the data: the server ends."""
        self._stop.set()

    def keep_upload(self, uploaded: Uploaded | None) -> None:
        """Keep a file for the next replacement in the place of the one before, which is removed."""
        before, self.uploaded = self.uploaded, uploaded
        if before is not None:
            # Where the disk does not let go of it, the next start removes it.
            with suppress(OSError):
                before.path.unlink(missing_ok=True)

    def begin(self, order: Order) -> None:
        """Lead everybody to the waiting page and begin; returns at once, the work goes on in a thread of its own.

        One that is under way goes on, and this order is forgotten: the button was pushed twice. Raises UserError
        where other long work runs; then nothing has changed.
        """
        assert self._switch is not None
        if not self._at_work.acquire(blocking=False):
            return
        try:
            _refuse_jobs(self._switch.app)
            self.failure, self._words = None, _WORDS
            waiting = make_waiting_app(
                self._side, self._title, self._random, lambda: self._words, gives_back=True
            )
            former = self._switch.lead(waiting)
            threading.Thread(target=self._work, args=(order, former), name="kembalikan", daemon=True).start()
        except BaseException:
            self._at_work.release()
            raise

    def _work(self, order: Order, former: Flask) -> None:
        try:
            self._replace(order, former)
        finally:
            self._at_work.release()

    def _replace(self, order: Order, former: Flask) -> None:
        """Do it all, until an app takes over."""
        assert self._switch is not None
        try:
            self._wait_for_others(former)
        except Exception as error:
            self._note_failure(error)
            self._lead_back(lambda: former)
            return
        former.extensions["sipande"].stopping.set()
        done: Restored | None = None
        try:
            self._office.close_services()
            done, sentences = self._office.restore(order.source, order.papers)
            self._switch.lead(self._open_restored(order, done, sentences))
        except Exception as error:  # noqa: BLE001 - a village must not stay without its data for a defect
            self._note_failure(error)
            self._lead_back(lambda: self._open_former(done))
        else:
            self.keep_upload(None)
            self._office.go_on()

    def _wait_for_others(self, former: Flask) -> None:
        """Wait until nothing works on the data any more; UserError where that takes too long."""
        assert self._switch is not None
        # Commands of this machine hear that the folder is in use, instead of asking an app that knows none.
        self._folder.remove_server_file()
        if not self._switch.wait_until_idle(former, _REQUESTS_S):
            raise UserError(
                "Masih ada permintaan atau perintah lain yang sedang dikerjakan komputer ini. Tunggu sampai selesai,"
                " lalu ulangi.",
                "sedang_berjalan",
            )
        _refuse_jobs(former)
        self._office.pause()

    def _open_restored(self, order: Order, done: Restored, sentences: list[str]) -> Flask:
        app = self._office.open_services()
        side = self._office.open_side
        assert side is not None
        now_s = self._clock.now_s()
        with side.database.write() as conn:
            note_restored(conn, RestoredNote(done.waktu_s, now_s, tuple(sentences)))
            record_access(
                conn, self._clock, order.name, "data_dipulihkan", "cadangan", f"cadangan {format_time(done.waktu_s)}"
            )
        first_code = app.extensions["sipande"].accounts.issue_first_code()
        if first_code is not None:
            self._say(f"Di cadangan ini belum ada akun. Buka /mulai dan masukkan kode: {first_code}")
        return app

    def _open_former(self, done: Restored | None) -> Flask:
        """Open the former data; with ``done`` others stand in their place, and go aside."""
        self._office.close_services()
        if done is None:
            take_back(self._folder)
        elif done.aside is not None:
            stamp = f"{datetime.fromtimestamp(self._clock.now_s(), WIB):%Y%m%d-%H%M%S}"
            put_back(self._folder, done.aside, f"batal-pulih-{stamp}-{self._random(2).hex()}")
        return self._office.open_services()

    def _lead_back(self, find: Callable[[], Flask]) -> None:
        """Let the app of the former data take over, as often as the disk needs to give it, until the server ends."""
        assert self._switch is not None
        while True:
            try:
                self._switch.lead(find())
                self._office.go_on()
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the disk may be better in a moment
                _log.error("the data do not open again: %s", type(error).__name__)
                self._words = _NOT_YET
            if self._stop.wait(_AGAIN_S):
                return

    def _note_failure(self, error: Exception) -> None:
        sentence = explain_error(error) if isinstance(error, SipandeError) else _DEFECT
        if not isinstance(error, UserError):
            # Its kind only: the text of an exception may hold what somebody typed.
            _log.error("defect %s in a replacement", type(error).__name__)
        self.failure = Failure(f"{sentence} {_OLD_DATA}", self._clock.now_s())


def _refuse_jobs(app: Flask) -> None:
    """Refuse while long work runs behind a page."""
    if any(jobs.is_running for jobs in list_kept(app, Jobs)):
        raise UserError(
            "Di komputer ini masih ada pekerjaan panjang yang berjalan: impor, cadangan, pencetakan, pemeriksaan,"
            " sinkronisasi, atau stik. Tunggu sampai selesai, lalu tekan lagi tombolnya.",
            "sedang_berjalan",
        )


def _say_nothing(text: str) -> None:
    return None
