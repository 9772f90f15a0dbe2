"""The running node: pages for the office, background sync, one process on the data folder."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from node.app import make_node_app
from node.commands import open_transport, refresh_parity, sync_once
from node.latihan.make import make_practice, remake_practice
from node.latihan.place import PracticePlace
from node.latihan.routes import AGAIN, PLACE
from node.mulai.app import make_setup_app
from node.mulai.make import Answers, build_node
from node.pulihkan.restore import explain, restore_node
from node.services import KnownHub, NodeServices, Ports, open_node
from node.sinkron.clean import clean_erased
from node.sinkron.session import Outcome, Report
from shared.clock import SystemClock, system_random
from shared.errors import UserError
from shared.store.backup.make import place_backups
from shared.store.backup.restore import Restored
from shared.store.folder import DataFolder
from shared.store.side import has_keys, has_no_data, is_empty, note_cut_off
from shared.sync.limits import limit
from shared.web.backup_files import Papers
from shared.web.daily import DailyJob, back_up_when_due, sweep_when_due
from shared.web.jobs import JobStopped
from shared.web.mulai import FirstStart, announce, make_waiting_app, open_pages, take_folder
from shared.web.passwords import Cost
from shared.web.pulihkan import add_restore
from shared.web.replacement import EXTENSION, QUIET_S, Replacement
from shared.web.secure import SecureWay
from shared.web.serve import Switch, serve

log = logging.getLogger("sipande.node")
SYNC_EVERY_S = 300
_SYNC = "sync"
TITLE = "Sipande Desa"


def run_server(
    folder: DataFolder, host: str, port: int, automatic: bool, say: Callable[[str], None], latihan: bool = False,
    cadangan: Path | None = None, secure: SecureWay | None = None,
) -> None:
    """Serve until stopped; EnvironmentProblem when another process has the folder or the port is taken.

    An empty folder asks first for desa, logo, computer and account; with ``latihan`` it becomes a practice
    village. One that has lost its data and not its keys asks how they come back. ``cadangan`` is the folder for
    backups, where it is not the one beside the data folder. ``secure``: the way in by TLS for other devices.
    """
    take_folder(folder)
    office = Office(folder, automatic, cadangan=cadangan)
    try:
        serve(
            office.begin(say, latihan), host, port, secure=secure,
            on_ready=lambda address: office.announce(say, address),
        )
    finally:
        office.close()
        folder.unlock()


class Office:
    """What runs on one data folder: services, app, background jobs; other services may follow in their place."""

    def __init__(
        self, folder: DataFolder, automatic: bool, cost: Cost = Cost(), cadangan: Path | None = None,
        desa_ports: Ports | None = None,
    ) -> None:
        self._folder = folder
        self._automatic = automatic
        self._cost = cost
        self._cadangan = cadangan
        self._desa_ports = desa_ports
        self._clock, self._random = SystemClock(), system_random
        self.services: NodeServices | None = None
        self._practice: PracticePlace | None = None
        self._sync: SyncJob | None = None
        self._scheduler = BackgroundScheduler(timezone="Asia/Jakarta")
        self._daily = DailyJob(*map(self._when_open, (sweep_when_due, clean_erased, self._back_up)))
        self._switch: Switch | None = None
        self._start: FirstStart | None = None
        self._first_code: str | None = None
        self._replacement = Replacement(self, folder, "node", TITLE, self._clock, self._random)

    def begin(self, say: Callable[[str], None], latihan: bool = False) -> Switch:
        """Open what the folder holds, or ask for what it shall hold; return what is to be served."""
        if has_no_data(self._folder) and not latihan:
            self._start = FirstStart("node", TITLE, self._random, say, has_keys(self._folder))
            app = self._ask(self._start)
        elif is_empty(self._folder):
            app = self._open(make_practice(self._folder.path, self._clock, self._random))
        else:
            was_cut_off = self._folder.read_server_file() is not None
            services = open_node(self._folder.path, clock=self._clock, random=self._random)
            if was_cut_off:
                note_cut_off(services)
            app = self._open(services)
        self._switch = Switch(app)
        self._replacement.serve_with(self._switch, say)
        if self._start is None:
            self._first_code = app.extensions["sipande"].accounts.issue_first_code()
        else:
            self._start.serve_with(self._switch)
        self._daily.start()
        return self._switch

    def announce(self, say: Callable[[str], None], address: str) -> None:
        """Say on the console where to go, and with which code."""
        announce(say, "desa", address, self._start, self._first_code)

    def close(self) -> None:
        """End the background jobs and close the folder."""
        self._replacement.stop()
        self._daily.stop()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        self.close_services()

    # What a replacement of the data needs (shared.web.replacement.Office).

    @property
    def open_side(self) -> NodeServices | None:
        """The services that are open now."""
        return self.services

    def pause(self) -> None:
        """Let chores, sync and the practice end; UserError where one of them does not end soon."""
        if not self._daily.pause(QUIET_S):
            raise UserError(
                "Pekerjaan harian komputer ini, misalnya cadangan, masih berjalan. Tunggu beberapa menit, lalu ulangi.",
                "sedang_berjalan",
            )
        if self._sync is not None and not self._sync.stop(QUIET_S):
            raise UserError(
                "Sinkronisasi dengan kecamatan masih berjalan. Tunggu sampai selesai, lalu ulangi.", "sedang_berjalan"
            )
        if self._practice is not None:
            self._practice.close()

    def go_on(self) -> None:
        """Let chores and sync begin again behind a pause."""
        self._daily.go_on()
        if self.services is not None and self._sync is not None and self._sync.is_stopped:
            self._start_sync(self.services)

    def close_services(self) -> None:
        """Close what is open, also what was opened half."""
        if self._sync is not None:
            self._sync.stop(0)
        if self._practice is not None:
            self._practice.close()
            self._practice = None
        if self.services is not None:
            self.services.close()
            self.services = None

    def open_services(self) -> Flask:
        """Open what the folder holds; raises what opening a node raises."""
        return self._open(open_node(self._folder.path, clock=self._clock, random=self._random))

    def restore(self, source: Path, papers: Papers) -> tuple[Restored, list[str]]:
        """Put a backup in the place of the closed data; give also the sentences for the operator."""
        done = restore_node(self._folder, source, papers.kode, self._clock, self._random)
        return done, explain(done)

    def _when_open(self, chore: Callable[[NodeServices], object]) -> Callable[[], object]:
        return lambda: None if self.services is None else chore(self.services)

    def _back_up(self, services: NodeServices) -> None:
        if self._automatic and not services.is_latihan:
            back_up_when_due(services)

    def _open(self, services: NodeServices) -> Flask:
        self.services = services
        services.cadangan, services.desa_ports = self._cadangan, self._desa_ports
        app = make_node_app(services, self._cost)
        if services.is_latihan:
            app.extensions[AGAIN] = self._practise_again
            return app
        self._practice = PracticePlace(
            services, lambda folder, ports: Office(folder, False, self._cost, desa_ports=ports)
        )
        app.extensions[PLACE] = self._practice
        app.extensions[EXTENSION] = self._replacement
        if self._automatic:
            self._start_sync(services)
        return app

    def _start_sync(self, services: NodeServices) -> None:
        if not self._scheduler.running:
            self._scheduler.start()
        self._sync = SyncJob(services, self._scheduler)
        self._sync.start()

    def _ask(self, start: FirstStart) -> Flask:
        app = make_setup_app(start, self._build)
        add_restore(app, start, self._folder, "desa", place_backups(self._folder, self._cadangan), self._restore)
        open_pages(app)
        return app

    def _build(self, answers: Answers) -> tuple[Flask, int]:
        services, account = build_node(self._folder, answers, self._clock, self._random, self._cost)
        return self._open(services), account

    def _restore(self, source: Path, papers: Papers, take_over: Callable[[Flask], None]) -> tuple[list[str], str]:
        _, sentences = self.restore(source, papers)
        app = self.open_services()
        take_over(app)
        return sentences, app.extensions["sipande"].accounts.issue_first_code() or ""

    def _take_over(self, app: Flask) -> None:
        assert self._switch is not None
        self._switch.change(app)

    def _practise_again(self) -> None:
        assert self.services is not None
        # Meanwhile nobody may reach the app whose database is closed.
        self._take_over(make_waiting_app("node", TITLE, self._random))
        self._take_over(self._open(remake_practice(self.services)))


class SyncJob:
    """Background sync with full jitter and exponential delay after failures; work never waits for it."""

    def __init__(self, services: NodeServices, scheduler: BackgroundScheduler) -> None:
        self._services = services
        self._failures = 0
        self._lock = threading.Lock()
        self._planning = threading.Lock()
        self._stopped = threading.Event()
        self._scheduler = scheduler

    @property
    def is_stopped(self) -> bool:
        return self._stopped.is_set()

    def start(self) -> None:
        """Begin; the first session comes soon after the start."""
        self._plan(limit("retry_delay_s_min"))

    def stop(self, wait_s: float) -> bool:
        """Begin no further session, for good; False where one is under way and not over in ``wait_s`` seconds."""
        with self._planning:
            if not self._stopped.is_set():
                self._stopped.set()
                self._services.next_sync_s = None
                with suppress(JobLookupError):
                    self._scheduler.remove_job(_SYNC)
        if not self._lock.acquire(timeout=wait_s):
            return False
        self._lock.release()
        return True

    def _plan(self, delay_s: float) -> None:
        when = datetime.now().astimezone() + timedelta(seconds=delay_s)
        with self._planning:
            # Whoever has stopped this job may have closed its services, and begun another one under the same name.
            if self._stopped.is_set():
                return
            self._services.next_sync_s = self._services.clock.now_s() + round(delay_s)
            self._scheduler.add_job(self._run, "date", run_date=when, id=_SYNC, replace_existing=True)

    def _run(self) -> None:
        delay_s = float(SYNC_EVERY_S)
        if self._lock.acquire(blocking=False):
            try:
                hub = None if self._stopped.is_set() else self._services.hub()
                if hub is not None:
                    delay_s = self._sync(hub)
            except Exception as error:
                # Whatever it was (a full disk, a defect): an unplanned end would be the end of all sync.
                log.warning("sync failed: %s", type(error).__name__)
            finally:
                self._lock.release()
        self._plan(delay_s)

    def _go_on(self, report: Report) -> None:
        """End a session between two runs when the job was stopped; what was sent and received so far stays."""
        if self._stopped.is_set():
            raise JobStopped("sync was stopped")

    def _sync(self, hub: KnownHub) -> float:
        transport = open_transport(self._services, hub.address, is_office=hub.is_office)
        try:
            report = sync_once(self._services, transport, self._go_on)
        finally:
            transport.close()
        if report.outcome is Outcome.SELESAI:
            self._failures = 0
            refresh_parity(self._services)
            return SYNC_EVERY_S * random.uniform(0.8, 1.2)
        self._failures += 1
        ceiling = min(limit("retry_delay_s_max"), limit("retry_delay_s_min") * 2**self._failures)
        return max(report.retry_s, random.uniform(limit("retry_delay_s_min"), ceiling))
