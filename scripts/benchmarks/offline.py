"""Three months offline: 50,000 queued changes over 64 kbit/s that dies every 30 s, in virtual time."""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.drain import Drained, drain_queue
from benchmarks.line import Line, make_line

CHANGES = 50_000
WASTED_PERCENT_MAX = 5.0
LOSS = 0.2


def bench_sync_offline() -> Iterator[Line]:
    """Drain the queue over the dying line, and once more where every fifth exchange is lost as well."""
    for name, loss in (("sync-offline", 0.0), ("sync-offline-loss", LOSS)):
        with tempfile.TemporaryDirectory(prefix="sipande-bench-") as folder:
            done = drain_queue(Path(folder) / "kecamatan", CHANGES, loss=loss)
        yield _line(name, done, None if loss else WASTED_PERCENT_MAX)


def _line(name: str, done: Drained, limit: float | None) -> Line:
    carriage = done.carriage
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return make_line(
        name, carriage.wasted * 100, "% of run bytes sent again", limit=limit, changes=done.changes,
        virtual_hours=done.virtual_s / 3600, sessions=done.sessions, requests=done.requests, drops=carriage.drops,
        losses=carriage.losses, useful_kb=carriage.useful / 1000, again_kb=carriage.again / 1000, cpu_s=done.cpu_s,
        peak_both_mb=peak_mb,
    )
