"""The figure of the monthly report: counted from ten years of events of a village of 5,000."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.line import Line, make_line
from node.change import write_drafts
from node.commands import make_node
from node.laporan.closing import close_month, mark
from node.laporan.ledger import Bulanan, read_bulanan
from node.laporan.ragu import find_ragu
from node.services import NodeServices
from running.processes import scratch
from shared.clock import SystemClock
from shared.lampid.book import write_long
from shared.lampid.month import move_month
from shared.store.drafts import Draft, draft_create, draft_update
from shared.store.records import load_states

RESIDENTS, YEARS, DUSUN = 5000, 10, 8
LIMIT_MS = 300
_BORN, _DEAD, _CAME, _LEFT = 0.016, 0.008, 0.01, 0.01
_ROUNDS, _SEED = 7, 20261122
DESA = "33.03.04.2006"


class _Start(SystemClock):
    """The clock of a village that stands in the last month of its events."""

    def now_s(self) -> int:
        return 1_795_000_000


def bench_lampid() -> Iterator[Line]:
    """Count the month from the tables, first with no month closed, then with all but the last."""
    with scratch() as base:
        node = make_node(base / "desa", DESA, "Kantor", _Start(), random.Random(_SEED).randbytes)
        events = fill_village(node)
        yield _measure(node, "lampid", events)
        closed = 0
        while (due := _read(node)).due < due.current and closed < 12:
            with node.database.read() as conn:
                seen = mark(due.open[0], find_ragu(node, conn, due, due.open[0]))
            close_month(node, due.due, seen, author=node.new_id(), account="bench")
            closed += 1
        yield _measure(node, "lampid-closed", events, closed=closed)
        node.close()


def _measure(node: NodeServices, name: str, events: int, **more: Any) -> Line:
    taken, cpu = [], []
    for _ in range(_ROUNDS):
        start, cpu_start = time.perf_counter(), time.process_time()
        pages = _read(node).pages
        month = next(iter(pages.values())).laporan
        rows, totals = write_long(month)
        taken.append(1000 * (time.perf_counter() - start))
        cpu.append(1000 * (time.process_time() - cpu_start))
    return make_line(
        name, statistics.median(taken), "ms", limit=LIMIT_MS, residents=int(totals[0][31]), events=events,
        months=len(pages), rows=len(rows), cpu_ms=statistics.median(cpu), worst_ms=max(taken), **more,
    )


def _read(node: NodeServices) -> Bulanan:
    with node.database.read() as conn:
        return read_bulanan(node, conn)


def fill_village(node: NodeServices) -> int:
    """Write the residents and ten years of what happens to them; return how many events there are."""
    chance, author = random.Random(_SEED), node.new_id()
    kind = {name: node.catalogue[name] for name in ("dusun", "penduduk", "peristiwa")}
    dusun = [node.new_id() for _ in range(DUSUN)]
    drafts = [draft_create(kind["dusun"], id, {"nama": f"Dusun {at + 1}"}) for at, id in enumerate(dusun)]
    people: dict[str, dict[str, Any]] = {}
    for at in range(RESIDENTS):
        people[node.new_id()] = _make_person(chance, dusun, 1 if at % 3 == 0 else 4)
    drafts += [draft_create(kind["penduduk"], id, values) for id, values in people.items()]
    write_drafts(node, drafts, author=author)
    month, count = move_month("2026-11", -12 * YEARS), 0
    while month < "2026-11":
        month = move_month(month)
        count += _live_a_month(node, chance, month, people, dusun, author)
    return count


def _make_person(chance: random.Random, dusun: list[str], hubungan: int) -> dict[str, Any]:
    return {
        "nama": f"ORANG {chance.randrange(10**6)}", "dusun": chance.choice(dusun), "hubungan": hubungan,
        "jenis_kelamin": chance.choice((1, 2)), "warganegara": 2 if chance.random() < 0.003 else 1, "status_dasar": 1,
    }


def _live_a_month(
    node: NodeServices, chance: random.Random, month: str, people: dict[str, dict[str, Any]], dusun: list[str],
    author: str,
) -> int:
    rates = (("lahir", _BORN), ("mati", _DEAD), ("datang", _CAME), ("pindah", _LEFT))
    happens = [jenis for jenis, rate in rates for _ in range(round(RESIDENTS * rate / 12))]
    kind, event_kind = node.catalogue["penduduk"], node.catalogue["peristiwa"]
    drafts: list[Draft] = []
    leaving: dict[str, tuple[str, int]] = {}
    present = list(people)
    chance.shuffle(present)
    for jenis in happens:
        event = node.new_id()
        if jenis in ("lahir", "datang"):
            person, values = node.new_id(), _make_person(chance, dusun, 4)
            people[person] = values
            drafts.append(draft_create(kind, person, {**values, "peristiwa": event}))
        else:
            person = present.pop()
            values = people.pop(person)
            leaving[person] = event, 2 if jenis == "mati" else 3
        day = f"{month}-{chance.randrange(1, 28):02d}"
        drafts.append(draft_create(event_kind, event, {
            "jenis": jenis, "penduduk": person, "tanggal_peristiwa": day, "tanggal_lapor": day,
            "dusun": values["dusun"], "jenis_kelamin": values["jenis_kelamin"], "warganegara": values["warganegara"],
            "kepala": values["hubungan"] == 1,
        }))
    with node.database.read() as conn:
        states = load_states(conn, node.catalogue, kind, node.wilayah, list(leaving))
    for person, (event, status) in leaving.items():
        change = draft_update(kind, states[person], person, {"status_dasar": status, "peristiwa": event})
        assert change is not None
        drafts.append(change)
    write_drafts(node, drafts, author=author)
    return len(happens)
