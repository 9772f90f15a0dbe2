"""One sync session: hello, push, pull (sync_protocol.md section 7). Safe to stop and repeat at any byte.

What follows on what is the table of shared/sync/states.py; here stands what is done in each state.
Nothing here remembers where a session was: after any trouble the next hello asks the hub what it holds,
and that alone says what is missing. Only a verified receipt moves the sent mark.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from node.services import KnownHub, NodeServices
from node.sinkron.blobs import exchange_blobs
from node.sinkron.branches import find_common, find_lines
from node.sinkron.handover import hand_over
from node.sinkron.hello import say_hello
from node.sinkron.histories import find_forked, order_commons
from node.sinkron.hubkey import follow_hub, is_replaced, keep_successors, list_untold, recall_successors
from node.sinkron.link import Link, load_link, save_link
from node.sinkron.program import note_hub_program
from node.sinkron.receipts import count_receipted, keep_receipt
from node.sinkron.receive import receive_run
from node.sinkron.refusal import Refused, check_version, read_refusal
from node.sinkron.report import Outcome, Report
from node.sinkron.returned import issue_returned
from node.sinkron.transport import Answer, Transport
from shared.changelog.run import split_runs
from shared.errors import ProtocolError, TransportError
from shared.merge.scope import Role
from shared.store.changes import Log, list_logs, reach_of
from shared.store.lines import Line
from shared.store.runs import RunSizer
from shared.sync import messages
from shared.sync.codes import CODES
from shared.sync.states import Event, State, advance

Progress = Callable[["Report"], None]
TROUBLES_MAX = 6
"""Failures in a row, without anything having moved, that end a session."""
SILENCES_MAX = 2
"""The same while no signed hello has come at all: who waits at the screen must not wait for minutes."""
REPEATS_MAX = 16
"""Rounds in one session that end well and still leave something to say: an honest hub needs two."""


@dataclass
class Session:
    """One session: what each state of shared/sync/states.py does; make it, call :meth:`run`, read the report."""

    services: NodeServices
    transport: Transport
    executor: Executor
    progress: Progress = lambda report: None
    report: Report = field(default_factory=Report)
    sizer: RunSizer = field(default_factory=RunSizer)
    link: Link = field(init=False)
    hub: KnownHub = field(init=False)
    """The hub as it is pinned now."""
    answer: dict[str, Any] = field(default_factory=dict)
    """What the hub has said to the last hello; ``receiver`` is its seal key."""
    receiver: bytes = b""
    wanted: dict[str, int] = field(default_factory=dict)
    """What the hub holds of each log, as far as this session knows."""
    nonce: str = ""
    speaker: bytes = b""
    """The former key that speaks, to hand over what it has signed; the hub does not know the later ones yet."""
    yielding: dict[str, int] = field(default_factory=dict)
    """Logs whose history here gives way to the hub's, and a size up to which both are the same."""
    _repeats: int = 0
    _troubles: int = 0
    _moved: int = 0
    _has_helped: bool = False
    _has_told: bool = False

    def __post_init__(self) -> None:
        self.link = load_link(self.services.database)

    def run(self) -> Report:
        """Talk to the hub until both sides hold the same, or until nothing moves any more."""
        known = self.services.hub()
        if known is None:
            self.report.outcome = Outcome.BELUM_TERDAFTAR
            return self.report
        self.hub = known
        state = State.GREETING
        while not state.is_final:
            state = advance(state, self._act(state))
        self.report.outcome = Outcome(state.value)
        save_link(self.services.database, self.link)
        traffic = self.transport.traffic
        self.report.requests = traffic.requests
        self.report.bytes_sent, self.report.bytes_received = traffic.sent, traffic.received
        return self.report

    def _act(self, state: State) -> Event:
        """Do what a state is for and tell what came of it; trouble is an event like any other."""
        acts: dict[State, Callable[[], Event]] = {
            State.GREETING: self._greet, State.HELPING: self._help, State.SETTLING: self._settle,
            State.PUSHING: self._push, State.PULLING: self._pull, State.ATTACHING: self._attach,
        }
        try:
            return acts[state]()
        except (TransportError, ProtocolError) as error:
            # What cannot be read or does not verify is no answer: a portal's page, a cut or damaged body.
            self.report.code, self.report.detail = "", str(error)
            self.link.shrink()
            self.transport.close()
            return self._count_trouble(Event.NO_ANSWER)
        except Refused as error:
            self.report.code, self.report.detail = error.code, error.refusal["detail"]
            self.report.retry_s = error.retry_s
            if error.code == "too_large":
                self.link.shrink()
            if not CODES[error.code].retry or error.code in _WAITING:
                return Event.REFUSED
            return self._count_trouble(Event.FOR_NOW)

    def _count_trouble(self, event: Event) -> Event:
        """Give up after too many failures between which nothing has moved."""
        moved = self.report.sent + self.report.received + self.report.runs
        self._troubles = 0 if moved > self._moved else self._troubles + 1
        self._moved, self._has_helped = moved, False
        return Event.GAVE_UP if self._troubles >= (TROUBLES_MAX if self.nonce else SILENCES_MAX) else event

    def _greet(self) -> Event:
        self.hub, self.answer = self._hello(self.hub)
        untold = [] if self._has_told else list_untold(self.services, self.answer["rantai"])
        if untold:
            # It took the place of a hub of which it knows only what stands on the sheet.
            self._has_told = True
            self.hub, self.answer = self._hello(self.hub, untold)
        self.receiver = bytes.fromhex(self.answer["segel"])
        self.wanted = {head["id"]: head["size"] for head in self.answer["logs"]}
        if self.answer["known"]:
            return Event.KNOWN
        if self._has_helped:
            raise Refused(401, {"code": "unknown_key", "detail": "not known after the common channel"})
        return Event.STRANGER

    def _help(self) -> Event:
        """Give a hub that was restored, and forgot this node, its own common channel back."""
        self._has_helped = True
        # Of a log that the hub has written on since, all is handed over: where both part, the hub sees itself.
        held = self.wanted | {log.id: 0 for log in find_forked(self.services, self.answer)}
        with self.services.database.read() as conn:
            logs = list_logs(conn)
        for log in order_commons(self.hub, logs):
            try:
                self._push_known([log], held)
            except Refused as error:
                # Of a log with two histories it has kept this one beside the log.
                if error.code != "fork":
                    raise
        return Event.HANDED_OVER

    def _settle(self) -> Event:
        """Deal with logs that have two histories.

        The hub gets ours of every log that is not our own, and keeps it; then the hub's takes its place here.
        Its own channel the hub itself sets right, when it sees what it has once signed.
        """
        event = Event.AGREED
        forked = find_forked(self.services, self.answer)
        if any(not log.own for log in forked):
            # What stands in a second history may be erased already: its verdict goes before it.
            self._push_trust({log.id for log in forked})
        for log in sorted(forked, key=lambda log: log.peran.turn):
            size, kept = self._find_common(Line(log))
            if size >= log.size:
                raise TransportError("compare contradicts hello")
            if not log.own and kept < reach_of(log):
                try:
                    self._push_log(log, max(size, kept))
                    event = Event.HANDED_OVER
                    continue
                except Refused as error:
                    if error.code != "fork":
                        raise
            self.yielding[log.id] = size
        return event

    def _find_common(self, line: Line) -> tuple[int, int]:
        return find_common(self.services, line, lambda body: self._post("/sync/v1/compare", body, self.nonce).body)

    def _hello(self, hub: KnownHub, successors: Sequence[str] = ()) -> tuple[KnownHub, dict[str, Any]]:
        """Say what is held here, learn what the hub holds; anything else than a signed answer is no answer.

        ``successors`` are those of the hub's keys that it seems not to know. Also gives back the hub as it is
        pinned now: its key may have a successor.
        """
        nonce = base64.urlsafe_b64encode(self.services.random(16)).decode().rstrip("=")
        more = {"rantai": list(successors)} if successors else {}
        body = messages.encode(say_hello(self.services) | {"nonce": nonce, **more})
        answer = self._post("/sync/v1/hello", body, nonce)
        if answer.signed is None or answer.signed.nonce != nonce:
            raise TransportError("answer is not signed by the hub")
        loaded = messages.decode(messages.HelloAnswer, answer.body)
        if answer.signed.key != hub.kunci:
            if is_replaced(self.services, hub, answer.signed.key):
                self._tell_succeeded(nonce)
            hub = follow_hub(self.services, hub, loaded["rantai"], answer.signed.key)
        if loaded["echo"] != nonce:
            raise TransportError("answer to another hello")
        keep_successors(self.services, loaded["rantai"])
        check_version(self.services, loaded["version"])
        note_hub_program(self.services, loaded)
        self.nonce = loaded["nonce"]
        self.report.hub_time_s = loaded["time"]
        self.report.parity, self.report.parity_differs = loaded["parity"], loaded["parity_differs"]
        self.report.parity_versions = loaded["parity_versions"]
        return hub, loaded

    def _tell_succeeded(self, nonce: str) -> None:
        """Show a hub that was put back to an old key what followed it; it cannot be talked to until people act."""
        body = messages.encode({"rantai": recall_successors(self.services)[: messages.SUCCESSORS_MAX]})
        try:
            self._post("/sync/v1/succeeded", body, nonce)
        except Refused as error:
            detail = error.code
        else:
            detail = "200"
        raise Refused(503, {"code": "succeeded", "detail": detail})

    def _push(self) -> Event:
        """Hand over what the hub lacks, trust first, then own logs; note what the hub is known to hold after it."""
        self._push_trust(self.yielding)
        with self.services.database.read() as conn:
            logs = [log for log in list_logs(conn) if log.peran is Role.DESA]
        for log in sorted(logs, key=lambda log: (not log.own, log.no)):
            size = self.wanted.get(log.id, 0)
            if log.id in self.yielding or self._is_untold(log):
                continue
            if not log.own:
                self._push_known([log], self.wanted)
            elif size < log.size:
                self._push_log(log, size)
            elif size == log.size and self._sent_mark(log) < size:
                # The answer to the last push was lost; its last change alone brings the receipt again.
                self._push_log(log, size - 1)
        self._push_branches()
        return Event.ALL_SENT

    def _push_trust(self, without: Collection[str]) -> None:
        """Hand over what the hub lacks of its own channels: who is trusted, then its verdicts on what comes next."""
        with self.services.database.read() as conn:
            logs = list_logs(conn)
        channels = [log for log in logs if log.peran is Role.SALURAN]
        trusted = [*order_commons(self.hub, logs), *channels]
        self._push_known([log for log in trusted if log.id not in without], self.wanted)

    def _push_branches(self) -> None:
        """Hand over again what the hub has lost of the second histories that are kept here; it waits for nothing."""
        for line in find_lines(self.services, self.answer["branches"]):
            try:
                self._push_log(line.log, max(self._find_common(line)), line)
            except Refused as error:
                if error.code not in _KEPT_OR_NEVER:
                    raise

    def _push_known(self, logs: Sequence[Log], held: dict[str, int]) -> None:
        """Hand over logs of others; of one whose key the hub does not know the rest of the village must not wait.

        ``held`` says what the hub holds, and is brought up to date.
        """
        for log in logs:
            if held.get(log.id, 0) < log.size:
                try:
                    self._push_log(log, held.get(log.id, 0))
                    held[log.id] = max(held.get(log.id, 0), reach_of(log))
                except Refused as error:
                    if error.code != "unknown_key":
                        raise

    def _is_untold(self, log: Log) -> bool:
        """Tell whether the hub cannot know the key of a log yet."""
        keys = [*self.services.keys.publics()[1:], self.services.keys.signing.public]
        if not self.speaker or log.kunci not in keys:
            return False
        return keys.index(log.kunci) > keys.index(self.speaker)

    def _push_log(self, log: Log, start: int, line: Line | None = None) -> None:
        """Send one log from ``start`` on, or a second history of it."""
        hand_over(
            self.services, log, start, link=self.link, sizer=self.sizer, receiver=self.receiver,
            send=lambda run: self.executor.submit(self._post_run, run), line=line,
            keep=self._finish_push if line is None else self._finish_line,
        )

    def _post_run(self, run: bytes) -> Answer:
        """Send one run; what is lost with a broken connection is counted, it will go out again."""
        try:
            return self._post("/sync/v1/push", run, self.nonce)
        except TransportError:
            self.report.run_bytes_resent += len(run)
            raise

    def _finish_line(self, log: Log, answer: Answer | None) -> None:
        """Count a run of a second history; what was taken in the place of ours shows at the next hello."""
        self.report.runs += 1
        self.link.grow()
        self.progress(self.report)

    def _finish_push(self, log: Log, answer: Answer | None) -> None:
        """Keep the receipts of a push; a receipt that does not verify is no answer."""
        if answer is None:
            return self._finish_line(log, answer)
        loaded = messages.decode(messages.PushAnswer, answer.body)
        if not loaded["receipts"]:
            raise TransportError("push without receipt")
        before = self._sent_mark(log)
        for note in loaded["receipts"]:
            keep_receipt(self.services, self.hub, note.encode())
        self.report.sent += max(0, self._sent_mark(log) - before)
        self._finish_line(log, answer)
        self.wanted.update((entry["id"], entry["size"]) for entry in loaded["logs"])

    def _lacks_receipts(self) -> bool:
        with self.services.database.read() as conn:
            return any(
                log.own and count_receipted(conn, log) < log.size <= self.wanted.get(log.id, 0)
                for log in list_logs(conn)
            )

    def _sent_mark(self, log: Log) -> int:
        with self.services.database.read() as conn:
            return count_receipted(conn, log)

    def _pull(self) -> Event:
        """Fetch what the hub holds and this node lacks, until nothing is missing."""
        try:
            while self._pull_once():
                pass
        except ProtocolError as error:
            if error.code != "bad_seal" or not self.speaker:
                raise
            # Sealed to what this computer has forgotten since: under its key of today it is sealed anew.
            return Event.ALL_HERE
        if issue_returned(self.services) or self.yielding or self._lacks_receipts():
            # What came back or gave way is issued again in a new log; what came of an own log has no receipt yet.
            self.yielding = {}
            self._repeats += 1
            if self._repeats > REPEATS_MAX:
                self.report.detail = "hub never holds what it says"
                return Event.GAVE_UP
            return Event.MORE
        return Event.ALL_HERE

    def _pull_once(self) -> bool:
        """Ask once for what is missing; tell whether anything came."""
        with self.services.database.read() as conn:
            logs = list_logs(conn)
        held = {log.id: log.size for log in logs} | self.yielding
        missing = [{"id": id, "size": held.get(id, 0)} for id, size in self.wanted.items() if held.get(id, 0) < size]
        if not missing:
            return False
        # An own history that gives way comes last: what is issued again must not stand in another log already.
        last = {log.id for log in logs if log.own}.intersection(self.yielding)
        others = [log for log in missing if log["id"] not in last]
        asked = {"logs": others or missing, "bytes_max": self.link.run_bytes * 2, "codec": self.link.codec}
        answer = self._post("/sync/v1/pull", messages.encode(asked), self.nonce)
        runs = split_runs(answer.body)
        if not runs:
            return False
        before = self.report.received, sum(self.yielding.values())
        for header, sealed in runs:
            self.report.received += receive_run(self.services, self.hub, header, sealed, self.yielding)
            if header.log in self.yielding:
                self.yielding[header.log] = max(self.yielding[header.log], header.end)
        if (self.report.received, sum(self.yielding.values())) == before:
            # Asked again, a hub that hands out what is held here would do so for ever.
            raise TransportError("runs that bring nothing")
        self.link.grow()
        self.progress(self.report)
        return True

    def _attach(self) -> Event:
        """Exchange attachments, which change no outcome."""
        exchange_blobs(
            self.services, lambda path, body: self._post(path, body, self.nonce), self.receiver, self.link.run_bytes
        )
        return Event.DONE

    def _post(self, path: str, body: bytes, nonce: str) -> Answer:
        """Send one request; a refusal becomes Refused, anything that is not ours becomes no answer."""
        answer = self.transport.post(path, body, nonce)
        if answer.status == 200:
            return answer
        raise read_refusal(answer)


_KEPT_OR_NEVER = frozenset({"fork", "gap", "bad_proof", "unknown_key", "out_of_scope", "not_found"})
_WAITING = frozenset({"not_confirmed", "too_many", "disk_full", "broken", "succeeded"})


__all__ = ["Outcome", "Refused", "Report", "Session"]
