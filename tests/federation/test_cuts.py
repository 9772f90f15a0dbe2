"""A link that dies at any byte: the next session makes whole what arrived, and little is sent twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from node.services import NodeServices
from node.sinkron.handover import InlineExecutor
from node.sinkron.session import Outcome, Report, Session
from shared.sync.limits import limit
from tests.support.federation import Federation
from tests.support.office import create, own_log, rows, sent_mark
from tests.support.slow_link import Cut, arm

STEP_BYTES = {False: 97, True: 11}
"""A cut that the transport notices is the same everywhere; where a part looks whole, every eleventh byte."""
HELLO_BYTES = 500
"""The beginning of the first answer, which is signed as a whole: a few cuts are enough there."""


def talk(federation: Federation, node: NodeServices, cut: Cut) -> Report:
    """Run one session over a link that is cut somewhere, and nothing after it."""
    return Session(node, arm(federation.transport(node), cut), InlineExecutor()).run()


def whole_state(federation: Federation) -> tuple[object, ...]:
    """Say what every side holds and shows."""
    sides = (federation.hub, *federation.nodes.values())
    asked = ("SELECT id, size, tree FROM log ORDER BY id", "SELECT id, nama FROM penduduk ORDER BY id")
    return tuple(rows(side, sql) for side in sides for sql in asked)


def prepare(federation: Federation) -> tuple[NodeServices, NodeServices]:
    a, b = federation.add_node("a"), federation.add_node("b")
    federation.sync_all(3)
    return a, b


def measure(federation: Federation, node: NodeServices, write: Callable[[], object]) -> tuple[int, int]:
    """Count the bytes of one small session each way."""
    write()
    report = talk(federation, node, Cut(1 << 40, answers=False))
    return report.bytes_sent, report.bytes_received


@pytest.mark.parametrize(("answers", "as_whole"), [(False, False), (True, False), (True, True)])
def test_a_session_cut_at_any_byte_heals_without_loss_or_double(
    federation: Federation, answers: bool, as_whole: bool
) -> None:
    a, b = prepare(federation)
    written = 0

    def write() -> None:
        nonlocal written
        create(a, nama="SITI", telepon=f"{written:04d}")
        create(b, nama="BUDI", telepon=f"{written:04d}")
        talk(federation, b, Cut(1 << 40, answers))
        written += 2

    sent, received = measure(federation, a, write)
    step, total = STEP_BYTES[as_whole], received if answers else sent
    for budget in (*range(0, HELLO_BYTES, 97), *range(HELLO_BYTES, total, step)):
        federation.clock.now += 60
        write()
        talk(federation, a, Cut(budget, answers, as_whole))
        healing = Cut(1 << 40, answers)
        report = talk(federation, a, healing)
        assert report.outcome is Outcome.SELESAI, budget
        assert sent_mark(a) == own_log(a).size, budget
        assert len(healing.pushed) <= 1, "no more than the one run is sent again"
    federation.sync_all()
    for side in (federation.hub, a, b):
        assert rows(side, "SELECT count(*), count(DISTINCT id) FROM penduduk") == [(written, written)]


def test_a_cut_session_and_a_whole_one_end_in_the_same_state(federation: Federation) -> None:
    a, _ = prepare(federation)
    create(a, nama="SITI")
    states = []
    for budget in (900, 1 << 40):
        federation.sync(a, arm(federation.transport(a), Cut(budget, answers=True)))
        federation.sync_all()
        states.append(whole_state(federation))
    assert states[0] == states[1]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.95])
def test_bytes_sent_again_after_a_cut_are_bounded_by_one_run(federation: Federation, share: float) -> None:
    a, _ = prepare(federation)
    with a.database.write():
        for at in range(3000):
            create(a, nama=f"SITI {at}", telepon=f"{at * 7919 % 100_000:05d}")
    size = own_log(a).size
    cut = Cut(int(share * 150_000), answers=False)
    federation.sync(a, arm(federation.transport(a), cut))
    first_mark = sent_mark(a)
    assert 0 < first_mark < size
    rest = Cut(1 << 40, answers=False)
    assert federation.sync(a, arm(federation.transport(a), rest)).outcome is Outcome.SELESAI
    assert sent_mark(a) == size
    starts = [int(body.split(b'"start":', 1)[1].split(b"}", 1)[0].split(b",", 1)[0]) for body in rest.pushed]
    assert starts[0] == first_mark, "it goes on where the hub is, not before"
    assert all(len(body) <= limit("run_bytes_max") for body in rest.pushed)
