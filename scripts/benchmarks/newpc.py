"""A new PC gets everything back: 5,000 residents and five years of history, over loopback and over 1 Mbit/s."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.browser import Browser
from benchmarks.history import Past, is_same, make_past
from benchmarks.line import Line, make_line
from benchmarks.offices import PASSWORD
from benchmarks.villages import DESA
from node.commands import make_node
from node.sinkron.blobs import read_backlog
from node.sinkron.session import Outcome
from running.processes import enrol_node, run_command, scratch, serving, wait_quiet
from shared.clock import SystemClock, system_random
from shared.sync.limits import limit
from tests.support.federation import Federation
from tests.support.slow_link import SlowLink, VirtualClock, arm

LINE_BYTES_PER_S, LINE_TRIP_S = 125_000, 0.1
"""1 Mbit/s."""
LOOPBACK_S_MAX, LINE_S_MAX = 60.0, 180.0
SESSIONS_MAX = 60
NAME = "petugas"


@dataclass(frozen=True)
class Fetched:
    """What a new PC took over the line, in virtual seconds; ``photos_s`` includes the pauses between sessions."""

    changes: int
    received_kb: float
    changes_s: float
    photos_s: float
    sessions: int
    session_kb_max: float


def fetch_all(federation: Federation, name: str = "baru") -> Fetched:
    """Enrol a new PC and sync until nothing is missing, photos included; RuntimeError when that does not end."""
    clock = federation.clock
    assert isinstance(clock, VirtualClock)
    pc = federation.add_node(name)
    line = SlowLink(clock, LINE_BYTES_PER_S, LINE_TRIP_S)
    started_s, largest, total = clock.passed_s, 0, 0
    for sessions in range(1, SESSIONS_MAX + 1):
        report = federation.sync(pc, arm(federation.transport(pc), line))
        if report.outcome is not Outcome.SELESAI:
            raise RuntimeError(f"session over a whole line: {report}")
        total, largest = total + report.bytes_received, max(largest, report.bytes_received)
        if not read_backlog(pc).to_fetch:
            break
        clock.passed_s += limit("retry_delay_s_min")
    changes_s = line.begun.get("/sync/v1/blob/have", clock.passed_s) - started_s
    photos_s = clock.passed_s - started_s - changes_s
    if not is_same(federation, pc) or read_backlog(pc).to_fetch:
        raise RuntimeError("the new PC does not hold everything")
    with pc.database.read() as conn:
        changes = int(conn.execute("SELECT sum(size) FROM log").fetchone()[0])
    return Fetched(changes, total / 1000, changes_s, photos_s, sessions, largest / 1000)


def bench_new_pc() -> Iterator[Line]:
    """Make the past, fetch it in virtual time, then with real processes over loopback."""
    past = Past()
    with scratch() as base:
        federation = make_past(base / "kecamatan", past)
        done = fetch_all(federation)
        federation.close()
        yield make_line(
            "new-pc-line", done.changes_s, "virtual s", limit=LINE_S_MAX, changes=done.changes,
            received_kb=done.received_kb, sessions=done.sessions,
        )
        yield make_line(
            "new-pc-photos", done.photos_s, "virtual s after the changes", photos=past.photos,
            session_kb=done.session_kb_max, budget_kb=limit("blob_session_bytes_max") / 1000,
        )
        yield _over_loopback(base, base / "kecamatan" / "hub", past)


def _over_loopback(base: Path, hub_folder: Path, past: Past) -> Line:
    """Time a new PC from its first sync to equal tables and a page, with two processes and HTTP."""
    shutil.rmtree(hub_folder.with_name("kantor"))
    folder = base / "baru"
    make_node(folder, DESA, "PC baru", SystemClock(), system_random).close()
    account = ("akun", NAME, "--nama", "PETUGAS BENCH", "--peran", "admin")
    run_command("sipande-node", folder, *account, stdin=PASSWORD + "\n")
    with serving("sipande-hub", hub_folder) as hub, serving("sipande-node", folder, "--tanpa-otomatis") as node:
        enrol_node(hub, node, DESA)
        browser = Browser(node.address)
        wait_quiet()
        cpu_s, started_s = node.cpu_s() + hub.cpu_s(), time.perf_counter()
        first = node.call("sync")
        node.call("paritas")
        second = node.call("sync")
        browser.log_in(NAME, PASSWORD)
        page = browser.get("/penduduk/")
        wall_s = time.perf_counter() - started_s
        spent_s = node.cpu_s() + hub.cpu_s() - cpu_s
        held = node.call("status")["jumlah"]["penduduk"]
        peak_mb = node.peak_mb()
    if (first["hasil"], second["paritas"], held, page.status) != ("selesai", "sama", past.penduduk, 200):
        raise RuntimeError(f"not whole: {first}, {second}, {held} residents, page {page.status}")
    return make_line(
        "new-pc", wall_s, "s", limit=LOOPBACK_S_MAX, changes=first["diterima"], cpu_s=spent_s, peak_node_mb=peak_mb,
    )
