"""Three months without a line, then a slow one that drops: the work of months drains and little is sent twice."""

from __future__ import annotations

from dataclasses import dataclass

from node.change import write_drafts
from node.sinkron.session import Outcome
from node.sinkron.transport import Answer
from shared.errors import TransportError
from shared.store.drafts import draft_create
from tests.federation.test_histories import check_whole
from tests.support.federation import Federation
from tests.support.office import value

CHANGES = 16_000
BYTES_PER_S = 8_000
"""64 kbit/s."""
DROP_EVERY_S = 30


@dataclass
class SlowLine:
    """A line in virtual time: every thirty seconds the connection dies, whatever is on it."""

    spent_s: float = 0.0
    drops: int = 0
    sent: int = 0

    def before(self, path: str, body: bytes) -> None:
        self.sent += len(body)
        self._pass(len(body))

    def after(self, path: str, answer: Answer) -> Answer:
        self._pass(len(answer.body))
        return answer

    def _pass(self, size: int) -> None:
        before = int(self.spent_s / DROP_EVERY_S)
        self.spent_s += (size + 400) / BYTES_PER_S
        if int(self.spent_s / DROP_EVERY_S) > before:
            self.drops += 1
            raise TransportError("line dropped")


def test_months_of_work_drain_over_a_slow_line_that_drops(federation: Federation) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    kind = a.catalogue["penduduk"]
    for start in range(0, CHANGES, 2000):
        write_drafts(
            a,
            [
                draft_create(kind, a.new_id(), {"nama": f"WARGA {number:05d}", "telepon": f"0800-{number:06d}"})
                for number in range(start, start + 2000)
            ],
            author=federation.author(a),
        )
    line, again, sessions = SlowLine(), 0, 0
    while value(federation.hub, "SELECT count(*) FROM penduduk") < CHANGES:
        transport = federation.transport(a)
        transport.before, transport.after = line.before, line.after
        again += federation.sync(a, transport).run_bytes_resent
        sessions += 1
        assert sessions < 40
    assert line.drops >= 2 and again < line.sent / 10, (line, again)
    report = federation.sync(a)
    assert report.outcome is Outcome.SELESAI and "Sudah sama" in federation.sync(a).sentence()
    check_whole(federation, a)
