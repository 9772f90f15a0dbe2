"""A queue drains over a slow line that dies every half minute, in virtual time, and little of it travels twice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from benchmarks.drain import LINE_BYTES_PER_S, LINE_DROP_S, LINE_TRIP_S, drain_queue, queue_offline_work  # noqa: E402

from node.sinkron.session import Outcome  # noqa: E402
from shared.errors import TransportError  # noqa: E402
from tests.support.federation import Federation  # noqa: E402
from tests.support.office import own_log, sent_mark, value  # noqa: E402
from tests.support.slow_link import Carriage, SlowLink, VirtualClock, arm  # noqa: E402

CHANGES = 6_000
WASTED_MAX = 0.10


def test_a_queue_drains_over_a_line_that_dies_every_half_minute(tmp_path: Path) -> None:
    done = drain_queue(tmp_path / "kecamatan", CHANGES)
    assert done.changes > CHANGES * 0.9 and done.carriage.drops >= 1
    assert done.carriage.wasted < WASTED_MAX, done.carriage


def test_a_queue_drains_where_every_fifth_exchange_is_lost_as_well(tmp_path: Path) -> None:
    done = drain_queue(tmp_path / "kecamatan", CHANGES // 4, loss=0.2)
    assert done.carriage.losses and done.changes > CHANGES // 5


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
