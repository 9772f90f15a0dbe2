"""The running hub: pages for the kecamatan, the protocol, exports; one process on the data folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hub.app import make_hub_app
from hub.ingest.gate import Gate
from hub.services import open_hub
from hub.verval.daily import judge_today
from shared.clock import SystemClock, spent_s, system_random
from shared.store.backup.restore import clean_up
from shared.store.cleaning import clean_when_due
from shared.store.folder import DataFolder
from shared.store.side import note_cut_off, open_folder
from shared.web.daily import DailyJob, back_up_when_due, sweep_when_due
from shared.web.serve import serve


def run_server(
    folder: DataFolder, host: str, port: int, say: Callable[[str], None], trusted_proxy: str | None = None,
    cadangan: Path | None = None, automatic: bool = True,
) -> None:
    """Serve until stopped; EnvironmentProblem when another process has the folder or the port is taken.

    ``trusted_proxy`` is the address of the reverse proxy that speaks TLS for this hub; ``cadangan`` the folder for
    backups, where it is not the one beside the data folder. Without ``automatic`` no backup is made by itself.
    """
    open_folder(folder.path)
    folder.claim()
    clean_up(folder)
    was_cut_off = folder.read_server_file() is not None
    services = open_hub(folder.path, clock=SystemClock(), random=system_random)
    services.cadangan = cadangan
    chores: list[Callable[[], object]] = [
        lambda: sweep_when_due(services), lambda: clean_when_due(services), lambda: judge_today(services),
    ]
    if automatic:
        chores.append(lambda: back_up_when_due(services))
    daily = DailyJob(*chores)
    try:
        if was_cut_off:
            note_cut_off(services)
        daily.start()
        app = make_hub_app(services)
        app.extensions["sync_gate"] = Gate(services.clock.monotonic_s, spent_s)
        code = app.extensions["sipande"].accounts.issue_first_code()
        serve(app, host, port, trusted_proxy=trusted_proxy, on_ready=lambda address: _announce(say, address, code))
    finally:
        daily.stop()
        services.close()
        folder.unlock()


def _announce(say: Callable[[str], None], address: str, code: str | None) -> None:
    say(f"Sipande kecamatan berjalan di {address}")
    if code is not None:
        say(f"Belum ada akun. Buka {address}/mulai dan masukkan kode: {code}")
