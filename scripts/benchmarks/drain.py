"""A queue of offline work drains over a bad line, in virtual time, with a real node and a real hub in this process."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.villages import CHUNK, DESA, draft_village, write_edits
from node.change import write_drafts
from node.commands import system_author
from node.services import NodeServices
from node.sinkron.session import Outcome
from shared.sync.limits import limit
from tests.support.federation import Federation
from tests.support.slow_link import Carriage, SlowLink, VirtualClock, arm

SESSIONS_MAX = 500
LINE_BYTES_PER_S, LINE_TRIP_S, LINE_DROP_S = 8_000, 0.6, 30.0
"""64 kbit/s by satellite or at the edge of a cell, dead every half minute."""


@dataclass(frozen=True)
class Drained:
    """What it took until both sides held the same."""

    changes: int
    carriage: Carriage
    virtual_s: float
    cpu_s: float
    sessions: int
    requests: int


def queue_offline_work(node: NodeServices, changes: int, people: int = 0) -> int:
    """Write a village and then months of edits, until about so many changes wait; return how many do.

    The village has so many ``people``, or an eighth as many as there are changes.
    """
    people = people or max(1, changes // 8)
    drafts = draft_village(node, DESA, people, 7)
    author = system_author(node)
    for start in range(0, len(drafts), CHUNK):
        write_drafts(node, drafts[start : start + CHUNK], author=author)
    left, turn = changes - len(drafts), 0
    while left > 0:
        # Each turn another field of each person, as clerks come by them again.
        write_edits(node, min(left, people), shift=turn)
        left, turn = left - people, turn + 1
    with node.database.read() as conn:
        return int(conn.execute("SELECT sum(size) FROM log WHERE own = 1").fetchone()[0])


def drain(federation: Federation, node: NodeServices, link: SlowLink) -> Drained:
    """Run sessions, with the pauses that the background job makes, until one goes through."""
    clock = link.clock
    with node.database.read() as conn:
        changes = int(conn.execute("SELECT sum(size) FROM log WHERE own = 1").fetchone()[0])
    started_s, cpu_s = clock.passed_s, time.process_time()
    delay_s, requests = limit("retry_delay_s_min"), 0
    for sessions in range(1, SESSIONS_MAX + 1):
        report = federation.sync(node, arm(federation.transport(node), link))
        requests += report.requests
        if report.outcome is Outcome.SELESAI:
            spent = time.process_time() - cpu_s
            return Drained(changes, link.carriage, clock.passed_s - started_s, spent, sessions, requests)
        clock.passed_s += delay_s
        delay_s = min(limit("retry_delay_s_max"), limit("retry_delay_s_min") if report.runs else delay_s * 2)
    raise RuntimeError(f"not drained in {SESSIONS_MAX} sessions: {report}")


def drain_queue(folder: Path, changes: int, *, loss: float = 0.0, drop_s: float = LINE_DROP_S) -> Drained:
    """Make a node with a queue, enrol it, and let the queue drain over the line."""
    clock = VirtualClock()
    federation = Federation(folder, clock=clock)
    try:
        node = federation.add_node("a", DESA)
        queue_offline_work(node, changes)
        return drain(federation, node, SlowLink(clock, LINE_BYTES_PER_S, LINE_TRIP_S, drop_s, loss))
    finally:
        federation.close()
