"""What honest computers feel of one that is broken or hostile: its desa pays, the others do not."""

from __future__ import annotations

import base64
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.line import Line, make_line
from benchmarks.villages import edit_people, make_village
from node.services import NodeServices, open_node
from node.sinkron.session import InlineExecutor, Outcome, Session
from node.sinkron.transport import HttpTransport
from running.processes import Server, enrol_node, scratch, serving, serving_hub, wait_quiet
from shared.clock import SystemClock, system_random
from shared.codes import wilayah as codes
from shared.errors import SipandeError
from shared.store.changes import list_logs
from shared.store.runs import build_run, sign_size
from shared.sync import messages

HONEST = 6
EACH = 600
HOSTILE = 12_000
SECONDS = 25.0
PAUSE_S = 0.25
"""An honest computer begins its next session so long after the last."""
SLOW = 40
"""Connections on which the hostile one sends a byte now and then."""
CALLS_PER_S = 40.0


@dataclass
class Hostile:
    """One enrolled computer that does everything at once that a key can do to a hub."""

    services: NodeServices
    address: str
    stopping: threading.Event = field(default_factory=threading.Event)
    answers: dict[int, int] = field(default_factory=dict)

    def run(self) -> None:
        work: list[Callable[[HttpTransport], None]] = [self._flood, self._flood, self._break]
        threads = [threading.Thread(target=self._repeat, args=(one,), daemon=True) for one in work]
        threads.append(threading.Thread(target=self._trickle, daemon=True))
        for thread in threads:
            thread.start()
        self.stopping.wait()
        for thread in threads:
            thread.join(5)

    def _repeat(self, act: Callable[[HttpTransport], None]) -> None:
        key = self.services.keys.signing
        while not self.stopping.is_set():
            transport = HttpTransport(self.address, key.seed(), key.public.hex(), 0)
            try:
                act(transport)
            except SipandeError:
                pass
            finally:
                transport.close()

    def _flood(self, transport: HttpTransport) -> None:
        """Push the whole village again and again, in the largest bodies that the hub takes."""
        receiver, nonce = self._hello(transport)
        with self.services.database.read() as conn:
            logs = [log for log in list_logs(conn) if log.own]
            for log in logs:
                note = sign_size(conn, log, log.size, self.services.signer(log))
                for start in range(0, log.size, 2000):
                    if self.stopping.is_set():
                        return
                    end = min(log.size, start + 2000)
                    run = build_run(
                        conn, log, start, end, note=note, note_size=log.size, codec="zlib", receiver=receiver
                    )
                    if self._post(transport, "/sync/v1/push", run, nonce) in (401, 429):
                        return
        pull = messages.encode({"logs": [{"id": log.id, "size": 0} for log in logs], "bytes_max": 1 << 20})
        self._post(transport, "/sync/v1/pull", pull, nonce)

    def _break(self, transport: HttpTransport) -> None:
        """Send what cannot be read, what is not signed, and what is too large."""
        nonce = base64.urlsafe_b64encode(system_random(16)).decode().rstrip("=")
        self._post(transport, "/sync/v1/push", b"sipande-run/1 {" * 5000, nonce)
        self._post(transport, "/sync/v1/hello", b"[" * 100_000, nonce)
        self._post(transport, "/sync/v1/pull", system_random(500_000), nonce)

    def _hello(self, transport: HttpTransport) -> tuple[bytes, str]:
        nonce = base64.urlsafe_b64encode(system_random(16)).decode().rstrip("=")
        body = messages.encode({"version": 1, "nonce": nonce, "logs": []})
        answer = transport.post("/sync/v1/hello", body, nonce)
        self._count(answer.status)
        if answer.status != 200:
            return b"\x09" * 32, nonce
        said = messages.decode(messages.HelloAnswer, answer.body)
        return bytes.fromhex(said["segel"]), said["nonce"]

    def _post(self, transport: HttpTransport, path: str, body: bytes, nonce: str) -> int:
        status = transport.post(path, body, nonce).status
        self._count(status)
        return status

    def _count(self, status: int) -> None:
        self.answers[status] = self.answers.get(status, 0) + 1
        # The machine that is measured is also the one that attacks: more would measure the attacker's own work.
        time.sleep(1 / CALLS_PER_S)

    def _trickle(self) -> None:
        host, port = self.address.removeprefix("http://").rsplit(":", 1)
        head = b"POST /sync/v1/push HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n"
        with ExitStack() as stack:
            lines = [stack.enter_context(socket.create_connection((host, int(port)), 5)) for _ in range(SLOW)]
            for line in lines:
                line.sendall(head)
            while not self.stopping.wait(1.0):
                for line in lines:
                    try:
                        line.sendall(b"x")
                    except OSError:
                        continue


def bench_hostile() -> Iterator[Line]:
    """p95 of sessions with one edit, of six honest computers, alone and beside a hostile one."""
    desa = [item.kode for item in codes.children("33.03.04")]
    with scratch() as base, serving_hub(base / "hub") as hub:
        for at in range(HONEST):
            make_village(base / f"n{at}", desa[at + 1], EACH, seed=100 + at)
            _enrol(hub, base / f"n{at}", desa[at + 1])
        make_village(base / "lawan", desa[0], HOSTILE, seed=99)
        _enrol(hub, base / "lawan", desa[0])
        wait_quiet(1.0)
        quiet = _measure(base, hub)
        services = open_node(base / "lawan", clock=SystemClock(), random=system_random)
        with closing(services):
            hostile = Hostile(services, hub.address)
            attack = threading.Thread(target=hostile.run, daemon=True)
            before, began_s = hub.cpu_s(), time.perf_counter()
            attack.start()
            first = _measure(base, hub)
            later = _measure(base, hub)
            busy = (hub.cpu_s() - before) / (time.perf_counter() - began_s)
            hostile.stopping.set()
            attack.join(10)
    for name, samples in (("hostile-first", first), ("hostile", later)):
        yield make_line(
            name, _p95(samples), "s, p95 of honest sessions", "the same hub alone", _p95(samples) / _p95(quiet),
            limit=1.2, median=statistics.median(samples), quiet_p95=_p95(quiet), sessions=len(samples),
            errors=sum(sample == float("inf") for sample in samples), hub_cpu=busy,
            answers={str(status): count for status, count in sorted(hostile.answers.items())},
        )


def _enrol(hub: Server, folder: Path, desa: str) -> None:
    with serving("sipande-node", folder, "--tanpa-otomatis") as node:
        enrol_node(hub, node, desa)
        if folder.name != "lawan":
            node.call("sync")


def _measure(base: Path, hub: Server) -> list[float]:
    """Let every honest computer write one thing and sync it, again and again; give the seconds of each session."""
    end_s = time.perf_counter() + SECONDS
    with ThreadPoolExecutor(HONEST) as pool:
        jobs = [pool.submit(_work, base / f"n{at}", hub.address, at, end_s) for at in range(HONEST)]
        return [sample for job in jobs for sample in job.result()]


def _work(folder: Path, address: str, at: int, end_s: float) -> list[float]:
    found = []
    time.sleep(PAUSE_S * at / HONEST)
    number = 0
    while time.perf_counter() < end_s:
        edit_people(folder, 1, int(time.time() * 10) % (EACH // 2) + number % 7)
        number += 1
        services = open_node(folder, clock=SystemClock(), random=system_random)
        key = services.keys.signing
        transport = HttpTransport(address, key.seed(), key.public.hex(), services.clock.now_s())
        began_s = time.perf_counter()
        report = Session(services, transport, InlineExecutor()).run()
        took_s = time.perf_counter() - began_s
        transport.close()
        services.close()
        found.append(took_s if report.outcome is Outcome.SELESAI else float("inf"))
        time.sleep(PAUSE_S)
    return found


def _p95(samples: list[float]) -> float:
    return sorted(samples)[int(len(samples) * 0.95)]
