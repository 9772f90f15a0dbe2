"""Requests and answers that come late, twice or in another order than they were sent (F104)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest

from node.services import NodeServices
from node.sinkron.session import Outcome
from node.sinkron.transport import Answer
from shared.errors import TransportError
from shared.sync.limits import limit
from tests.federation.test_histories import check_whole, names
from tests.support.federation import Federation, WsgiTransport
from tests.support.office import create, rows, sent_mark

WAITS = "Kecamatan belum dapat dihubungi; pekerjaan Anda aman dan akan dikirim nanti."
SAME = "Sudah sama dengan kecamatan; tidak ada yang perlu dikirim atau diterima."

Sent = tuple[str, bytes, str]


@dataclass
class SlowRoad(WsgiTransport):
    """A line that keeps what goes over it, and may carry none of it in time."""

    sent: list[Sent] = field(default_factory=list)
    loses: Callable[[str], bool] = lambda path: False

    def post(self, path: str, body: bytes, nonce: str) -> Answer:
        self.sent.append((path, body, nonce))
        if self.loses(path):
            raise TransportError("not in time")
        return super().post(path, body, nonce)


@dataclass
class MixedRoad(WsgiTransport):
    """A line that gives, for some requests, the answer to the one before."""

    earlier: dict[str, Answer] = field(default_factory=dict)
    swaps: Callable[[str], bool] = lambda path: False
    given: int = 0
    """How many answers were those to earlier requests."""

    def post(self, path: str, body: bytes, nonce: str) -> Answer:
        answer = super().post(path, body, nonce)
        if self.swaps(path) and path in self.earlier:
            self.given += 1
            return self.earlier[path]
        self.earlier[path] = answer
        return answer


def _road(federation: Federation, node: NodeServices, kind: type[WsgiTransport]) -> WsgiTransport:
    key = node.keys.signing
    return kind(federation.app, key.seed(), key.public.hex(), federation.clock)


def _stored(federation: Federation) -> list[list[tuple[object, ...]]]:
    """Read what a hub holds of logs and receipts."""
    queries = ("SELECT id, size FROM log ORDER BY id", "SELECT pos, header, body FROM change ORDER BY pos",
               "SELECT log, size, note FROM receipt ORDER BY log, size", "SELECT * FROM penduduk ORDER BY id")
    return [rows(federation.hub, query) for query in queries]


@pytest.mark.parametrize("seed", range(4))
def test_requests_that_come_late_and_in_another_order_store_nothing_twice(federation: Federation, seed: int) -> None:
    node = federation.add_node("a")
    road = _road(federation, node, SlowRoad)
    assert isinstance(road, SlowRoad)
    for number in range(3):
        create(node, nama=f"ORANG {number}")
        road.loses = lambda path: path.endswith("/push")
        report = federation.sync(node, road)
        assert (report.outcome, report.sentence()) == (Outcome.TERPUTUS, WAITS)
    pushes = [sent for sent in road.sent if sent[0].endswith("/push")]
    late = WsgiTransport(road.app, road.seed, road.key, road.clock)
    # The last one first: it holds what the others hold, and more.
    assert late.post(*pushes[-1]).status == 200 and names(federation.hub) == {"ORANG 0", "ORANG 1", "ORANG 2"}
    road.loses = lambda path: False
    assert federation.sync(node, road).outcome is Outcome.SELESAI
    before, mark = _stored(federation), sent_mark(node)

    Random(seed).shuffle(road.sent)
    statuses = {late.post(*sent).status for sent in road.sent}
    assert statuses <= {200, 401} and _stored(federation) == before
    assert sent_mark(node) == mark

    create(node, nama="ORANG 3")
    road.sent.clear()
    federation.sync(node, road)
    before = _stored(federation)
    federation.clock.now += limit("session_s_max") + 1
    assert {late.post(*sent).status for sent in road.sent if sent[0].endswith("/push")} == {401}
    assert _stored(federation) == before
    assert federation.sync(node).sentence() == SAME
    check_whole(federation, node)


@pytest.mark.parametrize("path", ["hello", "push", "pull", ""])
def test_answers_to_earlier_requests_prove_nothing_and_the_next_session_heals(
    federation: Federation, path: str
) -> None:
    node, other = federation.add_node("a"), federation.add_node("b")
    road = _road(federation, node, MixedRoad)
    assert isinstance(road, MixedRoad)
    for number in range(2):
        create(node, nama=f"ORANG {number}")
        create(other, nama=f"TETANGGA {number}")
        federation.sync(other)
        assert federation.sync(node, road).outcome is Outcome.SELESAI
    create(node, nama="ORANG 2")
    create(other, nama="TETANGGA 2")
    federation.sync(other)
    mark, held = sent_mark(node), names(node)
    road.swaps = lambda asked: asked.endswith(path)
    report = federation.sync(node, road)
    assert road.given
    if path == "push":  # a true receipt of what went before: it proves that, and not what was just sent
        assert (report.outcome, report.sent) == (Outcome.SELESAI, 0)
    else:
        assert report.sentence() == WAITS and names(node) == held
    assert path == "pull" or sent_mark(node) == mark
    federation.sync_all()
    assert len(names(node)) == len(names(federation.hub)) == 6
    check_whole(federation, node, other)
