"""The running node: pages for the office, background sync, one process on the data folder."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

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
from node.sinkron.session import Outcome
from shared.clock import SystemClock, system_random
from shared.store.backup.make import place_backups
from shared.store.folder import DataFolder
from shared.store.side import has_keys, has_no_data, is_empty, note_cut_off
from shared.sync.limits import limit
from shared.web.daily import DailyJob, back_up_when_due, sweep_when_due
from shared.web.mulai import FirstStart, announce, make_waiting_app, open_pages, take_folder
from shared.web.passwords import Cost
from shared.web.pulihkan import Papers, add_restore
from shared.web.secure import SecureWay
from shared.web.serve import Switch, serve

log = logging.getLogger("sipande.node")
SYNC_EVERY_S = 300
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
        self._scheduler = BackgroundScheduler(timezone="Asia/Jakarta")
        self._daily = DailyJob(self._do_chores)
        self._switch: Switch | None = None
        self._start: FirstStart | None = None
        self._first_code: str | None = None

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
        self._daily.stop()
        if self._practice is not None:
            self._practice.close()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        if self.services is not None:
            self.services.close()

    def _do_chores(self) -> None:
        services = self.services
        if services is None:
            return
        sweep_when_due(services)
        clean_erased(services)
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
        if self._automatic:
            self._scheduler.start()
            SyncJob(services, self._scheduler).start()
        return app

    def _ask(self, start: FirstStart) -> Flask:
        app = make_setup_app(start, self._build)
        add_restore(app, start, self._folder, "desa", place_backups(self._folder, self._cadangan), self._restore)
        open_pages(app)
        return app

    def _build(self, answers: Answers) -> tuple[Flask, int]:
        services, account = build_node(self._folder, answers, self._clock, self._random, self._cost)
        return self._open(services), account

    def _restore(self, source: Path, papers: Papers, take_over: Callable[[Flask], None]) -> tuple[list[str], str]:
        done = restore_node(self._folder, source, papers.kode, self._clock, self._random)
        app = self._open(open_node(self._folder.path, clock=self._clock, random=self._random))
        take_over(app)
        return explain(done), app.extensions["sipande"].accounts.issue_first_code() or ""

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
        self._scheduler = scheduler

    def start(self) -> None:
        """Begin; the first session comes soon after the start."""
        self._plan(limit("retry_delay_s_min"))

    def _plan(self, delay_s: float) -> None:
        when = datetime.now().astimezone() + timedelta(seconds=delay_s)
        self._services.next_sync_s = self._services.clock.now_s() + round(delay_s)
        self._scheduler.add_job(self._run, "date", run_date=when, id="sync", replace_existing=True)

    def _run(self) -> None:
        hub = self._services.hub()
        delay_s = float(SYNC_EVERY_S)
        if hub is not None and self._lock.acquire(blocking=False):
            try:
                delay_s = self._sync(hub)
            except Exception as error:
                # Whatever it was (a full disk, a defect): an unplanned end would be the end of all sync.
                log.warning("sync failed: %s", type(error).__name__)
            finally:
                self._lock.release()
        self._plan(delay_s)

    def _sync(self, hub: KnownHub) -> float:
        transport = open_transport(self._services, hub.address, is_office=hub.is_office)
        try:
            report = sync_once(self._services, transport)
        finally:
            transport.close()
        if report.outcome is Outcome.SELESAI:
            self._failures = 0
            refresh_parity(self._services)
            return SYNC_EVERY_S * random.uniform(0.8, 1.2)
        self._failures += 1
        ceiling = min(limit("retry_delay_s_max"), limit("retry_delay_s_min") * 2**self._failures)
        return max(report.retry_s, random.uniform(limit("retry_delay_s_min"), ceiling))
