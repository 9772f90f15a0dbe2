"""A state machine over sync: real nodes and a real hub, whose sessions and sticks meet faults, step by step."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from hub.change import write_common
from hub.usb.folder import take_path
from node.services import NodeServices
from node.sinkron.session import Outcome
from node.sinkron.transport import Answer
from node.usb.folder import read_path
from node.usb.send import write_bundle
from running.memory import make_folder
from shared.errors import TransportError, UserError
from shared.store.drafts import draft_create
from shared.store.outbox import Outbox
from simulation.machine_merge import EXECUTED
from tests.support.federation import Federation, make_sync_app
from tests.support.office import create, delete, live, rows, sent_mark, sizes, update, value

NODES = ("a", "b")
_FAULTS = ("request_lost", "answer_lost", "answer_cut", "answer_flipped", "portal")

who = st.sampled_from(NODES)


class SyncMachine(RuleBasedStateMachine):
    """Two computers of one desa and their hub; what somebody was told is saved, or received, stays so."""

    def __init__(self) -> None:
        super().__init__()
        self._made = make_folder()
        self.folder = Path(self._made.name)
        self.federation = Federation(self.folder)
        for name in NODES:
            self.federation.add_node(name)
        self.federation.sync_all(1)
        self.records: list[str] = []
        self.marks = dict.fromkeys(NODES, 0)

    def teardown(self) -> None:
        """Without faults everything drains: nothing left to say, parity everywhere, every record at the hub."""
        try:
            self._drain()
        finally:
            self.federation.close()
            self._made.cleanup()

    @rule(name=who, number=st.integers(0, 999))
    def write(self, name: str, number: int) -> None:
        EXECUTED["sync_write"] += 1
        self.records.append(create(self._node(name), nama=f"WARGA {number}", telepon=str(number)))

    @rule(
        name=who, which=st.integers(0, 99), what=st.sampled_from(("telepon", "nama", "rt")), number=st.integers(0, 99)
    )
    def change(self, name: str, which: int, what: str, number: int) -> None:
        EXECUTED["sync_change"] += 1
        node = self._node(name)
        known = [record for record in self.records if live(node, record, "id")]
        if known:
            record = known[which % len(known)]
            text = f"{number:03d}"
            if live(node, record, what) != text:
                update(node, record, **{what: text})

    @rule(name=who, which=st.integers(0, 99))
    def delete(self, name: str, which: int) -> None:
        EXECUTED["sync_delete"] += 1
        node = self._node(name)
        known = [record for record in self.records if live(node, record, "id")]
        if len(known) > 2:
            delete(node, known[which % len(known)])

    @rule(number=st.integers(0, 99))
    def announce(self, number: int) -> None:
        EXECUTED["sync_announce"] += 1
        hub = self.federation.hub
        draft = draft_create(hub.catalogue["program_bantuan"], hub.new_id(), {"nama": f"BLT {number}"})
        write_common(hub, [draft], author="")

    @rule(name=who)
    def sync(self, name: str) -> None:
        EXECUTED["sync_session"] += 1
        report = self.federation.sync(self._node(name))
        assert report.outcome is Outcome.SELESAI, f"{name}: {report.outcome} {report.code} {report.detail}"
        assert report.parity != "beda", f"{name}: {report.parity_differs}"
        self._check(name)

    @rule(name=who, fault=st.sampled_from(_FAULTS), at=st.integers(0, 5), place=st.integers(0, 1 << 16),
          lasts=st.booleans())
    def sync_badly(self, name: str, fault: str, at: int, place: int, lasts: bool) -> None:
        """Run a session in which one request, or every one from there on, meets a fault."""
        EXECUTED["sync_fault"] += 1
        node = self._node(name)
        transport = self.federation.transport(node)
        seen = 0

        def strikes() -> bool:
            return seen > at if lasts else seen == at + 1

        def before(path: str, body: bytes) -> None:
            nonlocal seen
            seen += 1
            if fault == "request_lost" and strikes():
                raise TransportError("lost")

        def after(path: str, answer: Answer) -> Answer:
            return _spoil(fault, answer, place) if strikes() else answer

        transport.before, transport.after = before, after
        self.federation.sync(node, transport)
        self._check(name)

    @rule(name=who, cut=st.one_of(st.none(), st.integers(0, 1 << 16)))
    def carry(self, name: str, cut: int | None) -> None:
        """Carry a stick to the kecamatan and back; at times the file is cut on the way."""
        EXECUTED["sync_stick"] += 1
        node, stick = self._node(name), Path(tempfile.mkdtemp(dir=self.folder))
        path = write_bundle(node, stick).path
        if cut is not None:
            content = path.read_bytes()
            path.write_bytes(content[: cut % (len(content) + 1)])
        try:
            take_path(self.federation.hub, stick, Outbox(self.federation.hub.folder))
            read_path(node, stick)
        except UserError:
            assert cut is not None, "a whole file is refused"
        self._check(name)

    @rule()
    def restart_hub(self) -> None:
        """Start the hub's program anew: sessions are forgotten, nothing else."""
        EXECUTED["sync_restart"] += 1
        self.federation.app = make_sync_app(self.federation.hub)

    def _node(self, name: str) -> NodeServices:
        return self.federation.nodes[name]

    def _check(self, name: str) -> None:
        """Receipts only grow, and none covers more than the hub holds."""
        node = self._node(name)
        mark = sent_mark(node)
        assert mark >= self.marks[name], "a receipt was forgotten"
        self.marks[name] = mark
        held = sizes(self.federation.hub)
        own = rows(node, "SELECT l.id, max(r.size) FROM receipt r JOIN log l ON l.no = r.log GROUP BY l.id")
        assert all(held.get(id, 0) >= size for id, size in own), "a receipt covers what the hub lacks"

    def _drain(self) -> None:
        for _ in range(4):
            for name in NODES:
                report = self.federation.sync(self._node(name))
                assert report.outcome is Outcome.SELESAI, f"{name}: {report.outcome} {report.code} {report.detail}"
        assert report.parity == "sama", f"parity {report.parity!r}"
        expected = self._view(self.federation.hub)
        for name in NODES:
            assert self._view(self._node(name)) == expected, f"{name} shows something else than the hub"
            assert sizes(self._node(name)) == sizes(self.federation.hub), f"{name} holds other logs"
        for record in self.records:
            found = value(self.federation.hub, "SELECT count(*) FROM change WHERE record = ?", record)
            assert found, "a saved record never came to the hub"

    @staticmethod
    def _view(side: Any) -> list[tuple[Any, ...]]:
        return sorted(rows(side, "SELECT id, nama, telepon, rt, konflik FROM penduduk"))


def _spoil(fault: str, answer: Answer, place: int) -> Answer:
    """Lose, cut or flip an answer, or put a portal's page in its place."""
    body = answer.body
    if fault == "answer_lost":
        raise TransportError("lost")
    if fault == "answer_cut":
        return Answer(answer.status, body[: place % (len(body) + 1)], None)
    if fault == "answer_flipped" and body:
        at = place % len(body)
        return Answer(answer.status, body[:at] + bytes([body[at] ^ 1 << place % 8]) + body[at + 1 :], None)
    if fault == "portal":
        return Answer(200, b"<html>Masuk ke Wi-Fi</html>", None)
    return answer
