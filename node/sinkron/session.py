"""One sync session: hello, push, pull (sync_protocol.md section 7). Safe to stop and repeat at any byte.

Nothing here remembers where a session was: after any trouble the next hello asks the hub what it holds,
and that alone says what is missing. Only a verified receipt moves the sent mark.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from node.services import KnownHub, NodeServices
from node.sinkron.blobs import exchange_blobs
from node.sinkron.hubkey import follow_hub, recall_successors
from node.sinkron.receipts import keep_receipt
from node.sinkron.receive import receive_run
from node.sinkron.transport import Answer, Transport
from shared.changelog.run import split_runs
from shared.errors import ProtocolError, SipandeError, TransportError
from shared.merge.scope import Role
from shared.store.changes import Log, list_logs, root_at
from shared.store.migrations import read_setting, write_setting
from shared.store.parity import ParityCheck, claim_parity
from shared.store.runs import RunSizer, build_run, encode_root, sign_size
from shared.sync import messages
from shared.sync.codes import CODES
from shared.sync.limits import PROTOCOL_VERSION, limit

Progress = Callable[["Report"], None]
TROUBLES_MAX = 6
"""Failures in a row, without anything having moved, that end a session."""
REPEATS_MAX = 16
"""Rounds in one session that end well and still leave something to say: an honest hub needs two."""
SILENCES_MAX = 2
"""The same while no signed hello has come at all: who waits at the screen must not wait for minutes."""


class Outcome(StrEnum):
    """How a session ended, for the status page."""

    SELESAI = "selesai"
    TERPUTUS = "terputus"
    DITOLAK = "ditolak"
    BELUM_TERDAFTAR = "belum_terdaftar"


@dataclass
class Report:
    """What a session did. Bytes are HTTP bytes of both ways; ``code`` names a refusal."""

    outcome: Outcome = Outcome.TERPUTUS
    sent: int = 0
    received: int = 0
    runs: int = 0
    requests: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    run_bytes_resent: int = 0
    code: str = ""
    detail: str = ""
    retry_s: int = 0
    hub_time_s: int = 0
    parity: str = ""
    parity_differs: list[str] = field(default_factory=list)

    def sentence(self) -> str:
        """Say in one Indonesian sentence how it went."""
        if self.outcome is Outcome.SELESAI:
            if not self.sent and not self.received:
                return "Sudah sama dengan kecamatan; tidak ada yang perlu dikirim atau diterima."
            return f"Sinkronisasi selesai: {self.sent} perubahan terkirim, {self.received} diterima."
        if self.outcome is Outcome.BELUM_TERDAFTAR:
            return "Komputer ini belum terdaftar di kecamatan."
        if self.outcome is Outcome.DITOLAK:
            return CODES[self.code].sentence if self.code in CODES else "Kecamatan menolak sambungan ini."
        return "Kecamatan belum dapat dihubungi; pekerjaan Anda aman dan akan dikirim nanti."


class Refused(SipandeError):
    """The hub refused, with one of the protocol's codes."""

    def __init__(self, status: int, refusal: dict[str, Any], retry_s: int = 0) -> None:
        super().__init__(refusal["code"])
        self.status = status
        self.retry_s = retry_s
        self.code: str = refusal["code"]
        self.refusal = refusal


class InlineExecutor(Executor):
    """Runs at once in the calling thread; for the simulator and small sessions."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


@dataclass
class Session:
    """State of one session; make it, call :meth:`run`, read the report."""

    services: NodeServices
    transport: Transport
    executor: Executor
    progress: Progress = lambda report: None
    report: Report = field(default_factory=Report)
    sizer: RunSizer = field(default_factory=RunSizer)
    run_bytes: int = 0
    nonce: str = ""
    speaker: bytes = b""
    """The former key that speaks, to hand over what it has signed; the hub does not know the later ones yet."""
    yielding: dict[str, int] = field(default_factory=dict)
    """Logs whose history here gives way to the hub's, and a size up to which both are the same."""
    _repeats: int = 0
    _successes: int = 0
    _grow_after: int = 0

    def run(self) -> Report:
        """Talk to the hub until both sides hold the same, or until nothing moves any more."""
        hub = self.services.hub()
        if hub is None:
            self.report.outcome = Outcome.BELUM_TERDAFTAR
            return self.report
        self._load_link()
        troubles = 0
        while True:
            moved = self.report.sent + self.report.received + self.report.runs
            try:
                self._talk(hub)
                self.report.outcome = Outcome.SELESAI
                break
            except (TransportError, ProtocolError) as error:
                # What cannot be read or does not verify is no answer: a portal's page, a cut or damaged body.
                self.report.detail = str(error)
                self._shrink()
                self.transport.close()
            except Refused as error:
                self.report.code, self.report.detail = error.code, error.refusal["detail"]
                self.report.retry_s = error.retry_s
                if error.code == "too_large":
                    self._shrink()
                if error.code not in CODES or not CODES[error.code].retry or error.code in _WAITING:
                    self.report.outcome = Outcome.DITOLAK
                    break
            troubles = 0 if self.report.sent + self.report.received + self.report.runs > moved else troubles + 1
            if troubles >= (TROUBLES_MAX if self.nonce else SILENCES_MAX) or self._repeats > REPEATS_MAX:
                break
        self._save_link()
        traffic = self.transport.traffic
        self.report.requests = traffic.requests
        self.report.bytes_sent, self.report.bytes_received = traffic.sent, traffic.received
        return self.report

    def _talk(self, hub: KnownHub) -> None:
        hub, answer = self._hello(hub)
        receiver = bytes.fromhex(answer["segel"])
        if not answer["known"]:
            self._help_hub(hub, answer, receiver)
            hub, answer = self._hello(hub)
            if not answer["known"]:
                raise Refused(401, {"code": "unknown_key", "detail": "not known after the common channel"})
        if self._settle_forks(hub, answer, receiver):
            hub, answer = self._hello(hub)
        heads = {head["id"]: head for head in answer["logs"]}
        grown = self._push(hub, heads, receiver)
        wanted = {head["id"]: head["size"] for head in answer["logs"]}
        wanted.update(grown)
        self._pull(hub, wanted)
        if self.yielding or self._lacks_receipts(wanted):
            # What gave way was issued again in a new log; what came back of an own log has no receipt yet.
            self.yielding = {}
            self._repeats += 1
            if self._repeats > REPEATS_MAX:
                raise TransportError("hub never holds what it says")
            self._talk(hub)
            return
        exchange_blobs(
            self.services, lambda path, body: self._post(path, body, self.nonce), bytes.fromhex(answer["segel"]),
            self.run_bytes,
        )

    def _help_hub(self, hub: KnownHub, answer: dict[str, Any], receiver: bytes) -> None:
        """Give a hub that was restored, and forgot this node, its own common channel back."""
        held = {head["id"]: head["size"] for head in answer["logs"]}
        with self.services.database.read() as conn:
            logs = [log for log in list_logs(conn) if log.peran is Role.UMUM]
        for log in logs:
            if held.get(log.id, 0) < log.size:
                self._push_log(hub, log, held.get(log.id, 0), receiver)

    def _settle_forks(self, hub: KnownHub, answer: dict[str, Any], receiver: bytes) -> bool:
        """Deal with logs that have two histories; tell whether the hub must be greeted again.

        The hub gets ours of every log that is not our own, and keeps it; then the hub's takes its place here.
        Its own channel the hub itself sets right, when it sees what it has once signed.
        """
        again = False
        for log in self._find_forked(answer):
            size = self._find_common(log)
            if not log.own:
                try:
                    self._push_log(hub, log, size, receiver)
                    again = True
                    continue
                except Refused as error:
                    if error.code != "fork":
                        raise
            self.yielding[log.id] = size
        return again

    def _find_forked(self, answer: dict[str, Any]) -> list[Log]:
        """List the logs of which the hub's history and ours differ, at the smaller of both sizes."""
        told = set(answer["differs"])
        heads = {head["id"]: head for head in answer["logs"]}
        found = []
        with self.services.database.read() as conn:
            for log in list_logs(conn):
                head = heads.get(log.id)
                if head is None or not head["size"]:
                    continue
                if log.id in told or (
                    head["size"] <= log.size and encode_root(root_at(conn, log, head["size"])) != head["root"]
                ):
                    found.append(log)
        return found

    def _find_common(self, log: Log) -> int:
        """Find a size up to which the hub's history of a log is ours; near the largest, in one request."""
        with self.services.database.read() as conn:
            sizes = [log.size - (1 << bit) for bit in range(log.size.bit_length()) if 1 << bit < log.size]
            heads = [{"size": size, "root": encode_root(root_at(conn, log, size))} for size in sizes]
        body = messages.encode({"id": log.id, "heads": heads})
        answer = messages.decode(messages.CompareAnswer, self._post("/sync/v1/compare", body, self.nonce).body)
        if answer["size"] not in (0, *sizes):
            raise TransportError("compared size was not asked for")
        size: int = answer["size"]
        return size

    def _hello(self, hub: KnownHub) -> tuple[KnownHub, dict[str, Any]]:
        """Say what is held here, learn what the hub holds; anything else than a signed answer is no answer.

        Also gives back the hub as it is pinned now: its key may have a successor.
        """
        nonce = base64.urlsafe_b64encode(self.services.random(16)).decode().rstrip("=")
        with self.services.database.read() as conn:
            parity = claim_parity(conn, self.services.catalogue, self.services.wilayah)
            logs = [_head(log) for log in list_logs(conn)]
        body = messages.encode(
            {
                "version": PROTOCOL_VERSION, "nonce": nonce, "logs": logs,
                "time": self.services.clock.now_s(), **parity.message(),
            }
        )
        answer = self._post("/sync/v1/hello", body, nonce)
        if answer.signed is None or answer.signed.nonce != nonce:
            raise TransportError("answer is not signed by the hub")
        loaded = messages.decode(messages.HelloAnswer, answer.body)
        if answer.signed.key in hub.kunci_lama:
            self._tell_succeeded(nonce)
        if answer.signed.key != hub.kunci:
            hub = follow_hub(self.services, hub, loaded["rantai"], answer.signed.key)
        if loaded["echo"] != nonce:
            raise TransportError("answer to another hello")
        self.nonce = loaded["nonce"]
        self.report.hub_time_s = loaded["time"]
        self.report.parity, self.report.parity_differs = loaded["parity"], loaded["parity_differs"]
        return hub, loaded

    def _tell_succeeded(self, nonce: str) -> None:
        """Show a hub that was put back to an old key what followed it; it cannot be talked to until people act."""
        body = messages.encode({"rantai": recall_successors(self.services)[:100]})
        try:
            self._post("/sync/v1/succeeded", body, nonce)
        except Refused as error:
            detail = error.code
        else:
            detail = "200"
        raise Refused(503, {"code": "succeeded", "detail": detail})

    def _push(self, hub: KnownHub, heads: dict[str, dict[str, Any]], receiver: bytes) -> dict[str, int]:
        """Hand over what the hub lacks, own logs first; return logs that grew at the hub meanwhile."""
        grown: dict[str, int] = {}
        with self.services.database.read() as conn:
            logs = list_logs(conn)
        for log in sorted(logs, key=lambda log: (not log.own, log.no)):
            head = heads.get(log.id)
            size = head["size"] if head else 0
            if log.id in self.yielding or self._is_untold(log):
                continue
            if size < log.size:
                grown.update(self._push_log(hub, log, size, receiver))
            elif log.own and size == log.size and self._sent_mark(log) < size:
                # The answer to the last push was lost; its last change alone brings the receipt again.
                grown.update(self._push_log(hub, log, size - 1, receiver))
        return grown

    def _is_untold(self, log: Log) -> bool:
        """Tell whether the hub cannot know the key of a log yet."""
        keys = [*self.services.keys.publics()[1:], self.services.keys.signing.public]
        if not self.speaker or log.kunci not in keys:
            return False
        return keys.index(log.kunci) > keys.index(self.speaker)

    def _push_log(self, hub: KnownHub, log: Log, start: int, receiver: bytes) -> dict[str, int]:
        """Send one log from ``start`` on; the next run is built while the hub works on the last."""
        grown: dict[str, int] = {}
        end_max = log.size
        if log.own:
            self.services.anchor.raise_to(log.id, log.size, encode_root(log.root()))
        elif log.checkpoint is None:
            return grown
        else:
            # Of somebody else's log only what its author has signed can be proven to the hub.
            end_max = _signed_size(log.checkpoint)
        in_flight: Future[Answer] | None = None
        try:
            while start < end_max or in_flight is not None:
                run = None
                if start < end_max:
                    end = min(end_max, start + self.sizer.count(self.run_bytes))
                    run = self._build(log, start, end, receiver)
                    self.sizer.learn(end - start, len(run))
                answer = None if in_flight is None else in_flight.result()
                in_flight = None if run is None else self.executor.submit(self._post_run, run)
                if run is not None:
                    start = end
                if answer is not None:
                    # The receipt is checked and stored while the hub works on the next run already.
                    grown.update(self._finish_push(hub, log, answer))
        finally:
            if in_flight is not None:
                in_flight.exception()  # nothing else may use the connection before it has come back
        return grown

    def _post_run(self, run: bytes) -> Answer:
        """Send one run; what is lost with a broken connection is counted, it will go out again."""
        try:
            return self._post("/sync/v1/push", run, self.nonce)
        except TransportError:
            self.report.run_bytes_resent += len(run)
            raise

    def _build(self, log: Log, start: int, end: int, receiver: bytes) -> bytes:
        codec = "bz2" if self.run_bytes <= limit("run_bytes_start") // 2 else "zlib"
        with self.services.database.read() as conn:
            if log.own:
                note, note_size = sign_size(conn, log, end, self.services.signer(log)), end
            else:
                assert log.checkpoint is not None
                note, note_size = log.checkpoint, _signed_size(log.checkpoint)
            return build_run(
                conn, log, start, end, note=note, note_size=note_size, codec=codec, receiver=receiver
            )

    def _finish_push(self, hub: KnownHub, log: Log, answer: Answer) -> dict[str, int]:
        """Keep the receipts of a push; a receipt that does not verify is no answer."""
        loaded = messages.decode(messages.PushAnswer, answer.body)
        if not loaded["receipts"]:
            raise TransportError("push without receipt")
        before = self._sent_mark(log)
        for note in loaded["receipts"]:
            keep_receipt(self.services, hub, note.encode())
        self.report.sent += max(0, self._sent_mark(log) - before)
        self.report.runs += 1
        self._grow()
        self.progress(self.report)
        return {entry["id"]: entry["size"] for entry in loaded["logs"]}

    def _lacks_receipts(self, wanted: dict[str, int]) -> bool:
        with self.services.database.read() as conn:
            own = [log for log in list_logs(conn) if log.own and wanted.get(log.id, 0) >= log.size]
        return any(self._sent_mark(log) < log.size for log in own)

    def _sent_mark(self, log: Log) -> int:
        with self.services.database.read() as conn:
            row = conn.execute("SELECT max(size) FROM receipt WHERE log = ?", (log.no,)).fetchone()
        return row[0] or 0

    def _pull(self, hub: KnownHub, wanted: dict[str, int]) -> None:
        """Fetch what the hub holds and this node lacks, until nothing is missing."""
        while True:
            with self.services.database.read() as conn:
                held = {log.id: log.size for log in list_logs(conn)}
            held.update(self.yielding)
            missing = [{"id": id, "size": held.get(id, 0)} for id, size in wanted.items() if held.get(id, 0) < size]
            if not missing:
                return
            codec = "bz2" if self.run_bytes <= limit("run_bytes_start") // 2 else "zlib"
            body = messages.encode({"logs": missing, "bytes_max": self.run_bytes * 2, "codec": codec})
            answer = self._post("/sync/v1/pull", body, self.nonce)
            runs = split_runs(answer.body)
            if not runs:
                return
            before = (self.report.received, sum(self.yielding.values()))
            for header, sealed in runs:
                self.report.received += receive_run(self.services, hub, header, sealed, self.yielding)
                if header.log in self.yielding:
                    self.yielding[header.log] = max(self.yielding[header.log], header.end)
            if (self.report.received, sum(self.yielding.values())) == before:
                # Asked again, a hub that hands out what is held here would do so for ever.
                raise TransportError("runs that bring nothing")
            self._grow()
            self.progress(self.report)

    def _post(self, path: str, body: bytes, nonce: str) -> Answer:
        """Send one request; a refusal becomes Refused, anything that is not ours becomes no answer."""
        answer = self.transport.post(path, body, nonce)
        if answer.status == 200:
            return answer
        raise read_refusal(answer)

    def _grow(self) -> None:
        self._successes += 1
        whole = self.run_bytes >= limit("run_bytes_start")
        if self._successes >= (limit("run_grow_after") if whole else self._grow_after):
            self.run_bytes = min(limit("run_bytes_max"), self.run_bytes * 2)
            self._successes = 0

    def _shrink(self) -> None:
        """Halve the runs after a failure, and be slower to grow again: a dying link stays one for a while."""
        self.run_bytes = max(limit("run_bytes_min"), self.run_bytes // 2)
        self._successes, self._grow_after = 0, min(limit("run_grow_after"), self._grow_after * 2)

    def _load_link(self) -> None:
        with self.services.database.read() as conn:
            text = read_setting(conn, "run_bytes")
        self.run_bytes = int(text) if text else limit("run_bytes_start")
        self._grow_after = limit("run_mend_after")

    def _save_link(self) -> None:
        with self.services.database.read() as conn:
            before = read_setting(conn, "run_bytes")
        if before != str(self.run_bytes):
            with self.services.database.write() as conn:
                write_setting(conn, "run_bytes", str(self.run_bytes))


def read_refusal(answer: Answer) -> Refused:
    """Read an answer that is not 200; TransportError when it is no refusal of ours."""
    try:
        refusal = messages.decode(messages.Refusal, answer.body)
    except ProtocolError:
        raise TransportError(f"status {answer.status}") from None
    if refusal["code"] not in CODES:
        raise TransportError(f"status {answer.status}")
    return Refused(answer.status, refusal, answer.retry_s)


_WAITING = frozenset({"not_confirmed", "too_many", "disk_full", "broken", "succeeded"})


def _signed_size(note: bytes) -> int:
    """Read the size of a stored checkpoint, which was verified before it was stored."""
    return int(note.split(b"\n", 2)[1])


def _head(log: Log) -> dict[str, Any]:
    return {"id": log.id, "size": log.size, "root": encode_root(log.root())}


__all__ = ["InlineExecutor", "Outcome", "ParityCheck", "Refused", "Report", "Session"]
