"""Long work behind a page: it runs in a thread of its own while the page tells how far it is."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shared.clock import Randomness
from shared.errors import SipandeError, UserError
from shared.web.services import require_user, web

_log = logging.getLogger("sipande.web")
_KEPT_MAX = 3  # a finished one may hold a whole file


class JobStopped(SipandeError):
    """The server ends; raised inside the work by its report of progress."""


@dataclass
class Job:
    """One piece of work; ``problem`` (Indonesian) is set when it failed, ``result`` when it did not."""

    id: str
    name: str
    account: int
    stopping: threading.Event
    done: int = 0
    total: int = 0
    result: Any = None
    problem: str = ""
    finished: threading.Event = field(default_factory=threading.Event)

    def report(self, done: int, total: int = 0) -> None:
        """Note how far the work is; stops it when the server ends."""
        if self.stopping.is_set():
            raise JobStopped("the server ends")
        self.done, self.total = done, total

    @property
    def is_running(self) -> bool:
        return not self.finished.is_set()

    @property
    def percent(self) -> int:
        return min(100, 100 * self.done // self.total) if self.total else 0


Work = Callable[[Job], Any]


class Jobs:
    """Runs one job of a name at a time. Its threads live on, since every new one would open a connection."""

    def __init__(self, random: Randomness) -> None:
        self._random = random
        self._jobs: dict[str, Job] = {}
        self._queues: dict[str, queue.SimpleQueue[tuple[Job, Work]]] = {}
        self._lock = threading.Lock()

    def start(self, name: str, work: Work, *, joins: bool = True) -> Job:
        """Start work for the current user; with ``joins`` a second push of the button gives the running job.

        Raises UserError when something else runs under this name.
        """
        account = require_user().no
        with self._lock:
            running = self._find_running(name)
            if running is not None:
                if running.account != account or not joins:
                    raise UserError(
                        "Pekerjaan yang sama masih berjalan di komputer ini. Tunggu sampai selesai, lalu coba"
                        " lagi.",
                        "sedang_berjalan",
                    )
                return running
            job = Job(self._random(8).hex(), name, account, web().stopping)
            self._jobs[job.id] = job
            for old in [item.id for item in self._jobs.values() if not item.is_running][:-_KEPT_MAX]:
                del self._jobs[old]
            self._queue_of(name).put((job, work))
        return job

    def find(self, id: str, name: str) -> Job | None:
        """Find a job of the current user."""
        job = self._jobs.get(id)
        return job if job is not None and job.name == name and job.account == require_user().no else None

    def find_running(self, name: str) -> Job | None:
        """Find what runs under a name now, whoever started it."""
        with self._lock:
            return self._find_running(name)

    @property
    def is_running(self) -> bool:
        """Tell whether anything runs, under whichever name."""
        with self._lock:
            return any(job.is_running for job in self._jobs.values())

    def _find_running(self, name: str) -> Job | None:
        return next((job for job in self._jobs.values() if job.name == name and job.is_running), None)

    def _queue_of(self, name: str) -> queue.SimpleQueue[tuple[Job, Work]]:
        if name not in self._queues:
            self._queues[name] = queue.SimpleQueue()
            threading.Thread(
                target=_work_off, args=(self._queues[name],), name=f"kerja-{name}", daemon=True
            ).start()
        return self._queues[name]


def _work_off(waiting: queue.SimpleQueue[tuple[Job, Work]]) -> None:
    while True:
        job, work = waiting.get()
        try:
            job.result = work(job)
        except UserError as error:
            job.problem = error.pesan
        except JobStopped:
            job.problem = "Pekerjaan dihentikan karena program ditutup. Jalankan lagi."
        except Exception as error:  # noqa: BLE001 - a defect of one job must not end its thread
            # Its kind only: the text of an exception may hold what somebody typed.
            _log.error("defect %s in job %s", type(error).__name__, job.name)
            job.problem = (
                "Ada gangguan di program, jadi pekerjaan ini berhenti. Yang belum selesai tidak disimpan."
                " Coba lagi; bila terulang, catat jamnya dan hubungi admin."
            )
        finally:
            job.finished.set()
