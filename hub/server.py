"""The running hub: pages for the kecamatan, the protocol, exports; one process on the data folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Flask

from hub.app import make_hub_app
from hub.ingest.gate import Gate
from hub.mulai.app import make_setup_app
from hub.mulai.make import Plan, build_hub
from hub.pemulihan.cadangan import explain, restore_hub
from hub.services import HubServices, open_hub
from hub.verval.daily import judge_today
from shared.clock import SystemClock, spent_s, system_random
from shared.errors import UserError
from shared.store.backup.make import place_backups
from shared.store.backup.restore import Restored
from shared.store.cleaning import clean_when_due
from shared.store.folder import DataFolder
from shared.store.side import has_keys, has_no_data, note_cut_off
from shared.web.akun_pertama import FirstAccount
from shared.web.backup_files import Papers
from shared.web.daily import DailyJob, back_up_when_due, sweep_when_due
from shared.web.mulai import FirstStart, announce, open_pages, take_folder
from shared.web.passwords import Cost
from shared.web.pulihkan import add_restore
from shared.web.replacement import EXTENSION, QUIET_S, Replacement
from shared.web.serve import Switch, serve

TITLE = "Sipande Kecamatan"


def run_server(
    folder: DataFolder, host: str, port: int, say: Callable[[str], None], trusted_proxy: str | None = None,
    cadangan: Path | None = None, automatic: bool = True,
) -> None:
    """Serve until stopped; EnvironmentProblem when another process has the folder or the port is taken.

    A folder without data asks first how the hub begins. ``trusted_proxy`` is the address of the reverse proxy that
    speaks TLS for this hub; ``cadangan`` the folder for backups, where it is not the one beside the data folder.
    Without ``automatic`` no backup is made by itself.
    """
    take_folder(folder)
    office = Office(folder, automatic, cadangan=cadangan)
    try:
        serve(
            office.begin(say), host, port, trusted_proxy=trusted_proxy,
            on_ready=lambda address: office.announce(say, address),
        )
    finally:
        office.close()
        folder.unlock()


class Office:
    """What runs on one data folder: services, app, chores; before there are data, the app of the first start."""

    def __init__(
        self, folder: DataFolder, automatic: bool, cost: Cost = Cost(), cadangan: Path | None = None
    ) -> None:
        self._folder = folder
        self._cost = cost
        self._cadangan = cadangan
        self._clock, self._random = SystemClock(), system_random
        self.services: HubServices | None = None
        chores: list[Callable[[HubServices], object]] = [sweep_when_due, clean_when_due, judge_today]
        if automatic:
            chores.append(back_up_when_due)
        self._daily = DailyJob(*map(self._when_open, chores))
        self._start: FirstStart | None = None
        self._first_code: str | None = None
        self._replacement = Replacement(self, folder, "hub", TITLE, self._clock, self._random)

    def begin(self, say: Callable[[str], None]) -> Switch:
        """Open what the folder holds, or ask for what it shall hold; return what is to be served."""
        if has_no_data(self._folder):
            self._start = FirstStart("hub", TITLE, self._random, say, has_keys(self._folder))
            switch = Switch(self._ask(self._start))
            self._start.serve_with(switch)
        else:
            was_cut_off = self._folder.read_server_file() is not None
            app = self.open_services()
            if was_cut_off and self.services is not None:
                note_cut_off(self.services)
            self._first_code = app.extensions["sipande"].accounts.issue_first_code()
            switch = Switch(app)
        self._replacement.serve_with(switch, say)
        self._daily.start()
        return switch

    def announce(self, say: Callable[[str], None], address: str) -> None:
        """Say on the console where to go, and with which code."""
        announce(say, "kecamatan", address, self._start, self._first_code)

    def close(self) -> None:
        """End the chores and close the folder."""
        self._replacement.stop()
        self._daily.stop()
        self.close_services()

    # What a replacement of the data needs (shared.web.replacement.Office).

    @property
    def open_side(self) -> HubServices | None:
        """The services that are open now."""
        return self.services

    def pause(self) -> None:
        """Let the chores end; UserError where they do not end soon."""
        if not self._daily.pause(QUIET_S):
            raise UserError(
                "Pekerjaan harian hub, misalnya cadangan, masih berjalan. Tunggu beberapa menit, lalu ulangi.",
                "sedang_berjalan",
            )

    def go_on(self) -> None:
        """Let the chores begin again behind a pause."""
        self._daily.go_on()

    def close_services(self) -> None:
        """Close what is open, also what was opened half."""
        if self.services is not None:
            self.services.close()
            self.services = None

    def open_services(self) -> Flask:
        """Open what the folder holds; raises what opening a hub raises."""
        services = open_hub(self._folder.path, clock=self._clock, random=self._random)
        self.services, services.cadangan = services, self._cadangan
        app = make_hub_app(services, self._cost)
        app.extensions["sync_gate"] = Gate(services.clock.monotonic_s, spent_s)
        app.extensions[EXTENSION] = self._replacement
        return app

    def restore(self, source: Path, papers: Papers) -> tuple[Restored, list[str]]:
        """Put a backup in the place of the closed data; give also the sentences for the operator."""
        done = restore_hub(self._folder, source, papers.kode, self._clock, self._random, papers.kunci_pemulihan)
        return done, explain(done)

    def _when_open(self, chore: Callable[[HubServices], object]) -> Callable[[], object]:
        return lambda: None if self.services is None else chore(self.services)

    def _ask(self, start: FirstStart) -> Flask:
        app = make_setup_app(start, self._build, self._clock, self._random)
        add_restore(app, start, self._folder, "hub", place_backups(self._folder, self._cadangan), self._restore)
        open_pages(app)
        return app

    def _build(self, plan: Plan, account: FirstAccount, is_practice: bool) -> tuple[Flask, int]:
        no = build_hub(self._folder, plan, account, is_practice, self._clock, self._random, self._cost)
        return self.open_services(), no

    def _restore(self, source: Path, papers: Papers, take_over: Callable[[Flask], None]) -> tuple[list[str], str]:
        _, sentences = self.restore(source, papers)
        app = self.open_services()
        take_over(app)
        return sentences, app.extensions["sipande"].accounts.issue_first_code() or ""
