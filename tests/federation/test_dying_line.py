"""A queue drains over a slow line that dies every half minute, in virtual time, and little of it travels twice."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from benchmarks.drain import (  # noqa: E402
    LINE_BYTES_PER_S,
    LINE_DROP_S,
    LINE_TRIP_S,
    Drained,
    drain,
    drain_queue,
    queue_offline_work,
)
from benchmarks.newpc import LINE_S_MAX, LOOPBACK_S_MAX, fetch_all  # noqa: E402

from node.sinkron.session import Outcome  # noqa: E402
from shared.errors import TransportError  # noqa: E402
from tests.support.executed import Note, note  # noqa: E402
from tests.support.federation import Federation  # noqa: E402
from tests.support.office import own_log, sent_mark, value  # noqa: E402
from tests.support.slow_link import Carriage, SlowLink, VirtualClock, arm  # noqa: E402

CHANGES, PENDUDUK, FEW = 50_000, 5_000, 1_500
SAME = 1_500
"""Edits among them, at the most, that say what was said already: nobody writes those."""
WASTED_MAX = 0.10


@pytest.fixture(scope="module")
def drained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Federation, Drained]]:
    """A kecamatan whose village has brought years of work over the dying line."""
    clock = VirtualClock()
    federation = Federation(tmp_path_factory.mktemp("antrean"), clock=clock)
    node = federation.add_node("a")
    queue_offline_work(node, CHANGES + SAME, PENDUDUK)
    yield federation, drain(federation, node, SlowLink(clock, LINE_BYTES_PER_S, LINE_TRIP_S, LINE_DROP_S))
    federation.close()


def test_a_queue_drains_over_a_line_that_dies_every_half_minute(
    drained: tuple[Federation, Drained], record_property: Note
) -> None:
    _, done = drained
    note(record_property, "queue over 64 kbit/s", {
        "changes": done.changes, "drops": done.carriage.drops, "bytes": done.carriage.useful,
        "bytes sent again": done.carriage.again,
    })
    assert done.changes >= CHANGES and done.carriage.drops > 20
    assert done.carriage.wasted < WASTED_MAX, done.carriage


def test_a_new_pc_gets_all_of_it_back_in_a_minute_and_over_a_line_in_three(
    drained: tuple[Federation, Drained], record_property: Note
) -> None:
    """A minute of the processor for both sides: what the wall says depends on what else the machine does."""
    federation, _ = drained
    began_s = time.process_time()
    done = fetch_all(federation)
    spent_s = time.process_time() - began_s
    note(record_property, "new PC", {
        "residents": PENDUDUK, "changes": done.changes, "virtual seconds": round(done.changes_s),
        "processor seconds": round(spent_s),
    })
    assert done.changes >= CHANGES and spent_s < LOOPBACK_S_MAX and done.changes_s < LINE_S_MAX
    assert value(federation.nodes["baru"], "SELECT count(*) FROM penduduk") == PENDUDUK


def test_a_queue_drains_where_every_fifth_exchange_is_lost_as_well(tmp_path: Path) -> None:
    done = drain_queue(tmp_path / "kecamatan", FEW, loss=0.2)
    assert done.carriage.losses and done.changes > FEW * 0.8


def test_a_session_over_the_line_leaves_both_sides_equal(tmp_path: Path) -> None:
    clock = VirtualClock()
    federation = Federation(tmp_path / "kecamatan", clock=clock)
    node = federation.add_node("a")
    queue_offline_work(node, 1_500)
    line = SlowLink(clock, LINE_BYTES_PER_S, LINE_TRIP_S, LINE_DROP_S / 3)
    while federation.sync(node, arm(federation.transport(node), line)).outcome is not Outcome.SELESAI:
        clock.passed_s += 5
    assert line.carriage.drops >= 1 and sent_mark(node) == own_log(node).size
    assert federation.sync(node).parity == "sama"
    counts = [value(side, "SELECT count(*) FROM penduduk") for side in (node, federation.hub)]
    assert counts[0] == counts[1] > 100
    federation.close()


def test_the_line_takes_the_time_that_its_bytes_need_and_dies_on_time() -> None:
    clock = VirtualClock()
    line = SlowLink(clock, bytes_per_s=8_000, trip_s=0.6, drop_every_s=30)
    line.before("/sync/v1/hello", bytes(8_000))
    handshake_s, request_s = 2 * 0.6 + 5_000 / 8_000, 0.3 + 8_700 / 8_000
    assert clock.passed_s == pytest.approx(handshake_s + request_s)
    with pytest.raises(TransportError):
        line.before("/sync/v1/push", bytes(400_000))
    assert clock.passed_s == 30 and not line.is_open
    sent = (30 - handshake_s - request_s) * 8_000 - 700
    assert line.carriage == Carriage(again=int(sent), drops=1)
