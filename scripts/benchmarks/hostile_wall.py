"""What honest computers feel of a hostile one over real HTTP, on a machine that plays all of them at once.

So the attacker's own work is in it, and all else that the machine does: see hostile.py for what the hub does.
"""

from __future__ import annotations

import socket
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from benchmarks.attack import Attack
from benchmarks.line import Line, make_line
from benchmarks.villages import edit_people, make_village
from node.services import NodeServices, open_node
from node.sinkron.handover import InlineExecutor
from node.sinkron.session import Outcome, Session
from node.sinkron.transport import HttpTransport, Transport
from running.processes import Server, enrol_node, scratch, serving, serving_hub, wait_quiet
from shared.clock import SystemClock, system_random
from shared.codes import wilayah as codes

HONEST = 6
EACH = 600
HOSTILE = 12_000
SECONDS = 25.0
PAUSE_S = 1.0
"""An honest computer begins its next session so long after the last."""
SLOW = 40
"""Connections on which the hostile one sends a byte now and then."""
CALLS_PER_S = 40.0


@contextmanager
def attacking(services: NodeServices, address: str) -> Iterator[Counter[int]]:
    """Attack a hub with all that a key can do while the block runs; give how often it answered what."""
    stopping, key = threading.Event(), services.keys.signing
    # The machine that is measured is also the one that attacks: more would measure the attacker's own work.
    attack = Attack(services, stopping.is_set, lambda status: time.sleep(1 / CALLS_PER_S))
    known = services.hub()
    assert known is not None
    attack.prepare(bytes.fromhex(known.segel))

    def lead(act: Callable[[Transport], None]) -> None:
        with closing(HttpTransport(address, key.seed(), key.public.hex(), 0)) as transport:
            attack.lead(act, transport)

    threads = [threading.Thread(target=lead, args=(act,), daemon=True)
               for act in (attack.flood, attack.flood, attack.pull, attack.send_junk)]
    threads.append(threading.Thread(target=_trickle, args=(address, stopping), daemon=True))
    for thread in threads:
        thread.start()
    yield attack.answers
    stopping.set()
    for thread in threads:
        thread.join(5)


def _trickle(address: str, stopping: threading.Event) -> None:
    """Hold many connections on which a byte comes now and then."""
    host, port = address.removeprefix("http://").rsplit(":", 1)
    head = b"POST /sync/v1/push HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n"
    with ExitStack() as stack:
        lines = [stack.enter_context(socket.create_connection((host, int(port)), 5)) for _ in range(SLOW)]
        for line in lines:
            line.sendall(head)
        while not stopping.wait(1.0):
            for line in lines:
                with suppress(OSError):
                    line.sendall(b"x")


def bench_hostile_wall() -> Iterator[Line]:
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
        with closing(open_node(base / "lawan", clock=SystemClock(), random=system_random)) as services:
            before, began_s = hub.cpu_s(), time.perf_counter()
            with attacking(services, hub.address) as answers:
                first, later = _measure(base, hub), _measure(base, hub)
                busy = (hub.cpu_s() - before) / (time.perf_counter() - began_s)
    for name, samples in (("hostile-wall-first", first), ("hostile-wall", later)):
        yield make_line(
            name, _p95(samples), "s, p95 of honest sessions", "the same hub alone", _p95(samples) / _p95(quiet),
            median=statistics.median(samples), quiet_p95=_p95(quiet), sessions=len(samples),
            errors=sum(sample == float("inf") for sample in samples), hub_cpu=busy,
            answers={str(status): count for status, count in sorted(answers.items())},
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
