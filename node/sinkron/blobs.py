"""Attachments both ways, after the changes and never before (sync_protocol.md 8.7).

The hub's answer says what it lacks, the own tables say what this node lacks; nothing here remembers where a
transfer was. Whatever goes wrong ends this part alone: the changes are over there already, the rest comes with
the next session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from node.services import NodeServices
from node.sinkron.transport import Answer
from shared.changelog.keys import name_seal_key, seal
from shared.errors import EnvironmentProblem, ProtocolError, SipandeError, TransportError
from shared.store.attachments import confirm, list_held, list_named
from shared.store.blobs import BlobStore, store_of
from shared.store.migrations import read_setting, write_setting
from shared.sync import messages
from shared.sync.chunk import ChunkHeader, encode_chunk, open_chunk, split_chunk
from shared.sync.limits import limit

PAUSED = "lampiran_jeda"
"""The setting that keeps attachments at home; changes go on."""
CHECKED = "lampiran_diperiksa"
"""When the hub was last asked what it lacks, in seconds of this computer's clock."""
TROUBLE = "lampiran_gangguan"
"""The code of what ended the last attempt; empty after one that was not stopped."""
TROUBLES_MAX = 5
"""Pieces in a row that got lost, each half the one before, until the rest waits for the next session."""

Post = Callable[[str, bytes], Answer]
"""(path, body) -> the hub's answer; raises the session's refusal or TransportError."""


@dataclass(frozen=True)
class Backlog:
    """How many attachments records name, how many of them are only here, and how many are not here."""

    named: int
    to_send: int
    to_fetch: int
    is_paused: bool
    trouble: str

    def dump(self) -> dict[str, Any]:
        return {
            "jumlah": self.named, "menunggu_dikirim": self.to_send, "menunggu_diterima": self.to_fetch,
            "dijeda": self.is_paused, "gangguan": self.trouble,
        }


@dataclass
class _Budget:
    """What one session may spend on attachments."""

    ends_s: float
    bytes_left: int

    def is_spent(self, now_s: float) -> bool:
        return now_s >= self.ends_s or self.bytes_left <= 0


@dataclass
class Exchange:
    """One attempt; ``piece_bytes`` follows the link: half after a loss, double after a success."""

    services: NodeServices
    post: Post
    receiver: bytes
    piece_bytes: int
    budget: _Budget = field(init=False)
    store: BlobStore = field(init=False)
    troubles: int = 0
    tried: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        now_s = self.services.clock.monotonic_s()
        self.budget = _Budget(now_s + limit("blob_session_s_max"), limit("blob_session_bytes_max"))
        self.store = store_of(self.services)
        self.piece_bytes = max(limit("run_bytes_min"), min(self.piece_bytes, limit("blob_chunk_bytes_max")))

    def run(self) -> None:
        """Ask, send what the hub lacks, fetch what is missing here; until both are done or the budget is spent."""
        services, desa = self.services, self.services.wilayah
        with services.database.read() as conn:
            named = list_named(conn, services.catalogue, desa)
        missing = self.store.find_missing(desa, named)
        mine = named - set(missing)
        count = limit("blob_have_max")
        slices = [missing[at : at + count] for at in range(0, len(missing), count)] or [[]]
        while slices:
            answer = self._ask(slices.pop(0))
            wanted = {entry["hash"]: entry["offset"] for entry in answer["wanted"]}
            if not answer["more"]:
                self._confirm(mine - wanted.keys())
            fresh = [digest for digest in wanted if digest in mine and digest not in self.tried]
            for digest in fresh:
                if not self._send(digest, wanted[digest]):
                    return
            for entry in answer["blobs"]:
                if entry["hash"] in missing and not self._fetch(entry["hash"], entry["size"]):
                    return
            if answer["more"] and fresh and not slices:
                slices = [[]]

    def _ask(self, hashes: list[str]) -> dict[str, Any]:
        answer = self.post("/sync/v1/blob/have", messages.encode({"hashes": hashes}))
        told = messages.decode(messages.BlobHaveAnswer, answer.body)
        with self.services.database.write() as conn:
            write_setting(conn, CHECKED, str(self.services.clock.now_s()))
        return told

    def _confirm(self, digests: Iterable[str]) -> None:
        with self.services.database.write() as conn:
            confirm(conn, self.services.wilayah, digests, self.services.clock.now_s())

    def _send(self, digest: str, offset: int) -> bool:
        """Hand over one attachment from where the hub stands; False when the session is to end here."""
        self.tried.add(digest)
        data = self.store.read(self.services.wilayah, digest)
        while data is not None and offset < len(data):
            if self.budget.is_spent(self.services.clock.monotonic_s()):
                return False
            piece = data[offset : offset + self.piece_bytes]
            header = ChunkHeader(digest, offset, len(data), name_seal_key(self.receiver).hex())
            chunk = encode_chunk(header, piece, lambda plain, info: seal(self.receiver, plain, info))
            self.budget.bytes_left -= len(chunk)
            try:
                told = messages.decode(messages.BlobOffset, self.post("/sync/v1/blob/put", chunk).body)
                if told["hash"] != digest or not offset < told["offset"] <= len(data):
                    raise ProtocolError("malformed", "answer to a chunk")
                offset = told["offset"]
                self._succeed()
            except SipandeError as error:
                code = code_of(error)
                if code in _SKIPPED:
                    _write(self.services, TROUBLE, code)
                    return True
                self._stumble(error)
                if code == "gap":
                    offset = max(0, int(getattr(error, "refusal", {}).get("size") or 0))
        if data is not None:
            self._confirm([digest])
        return True

    def _fetch(self, digest: str, size: int) -> bool:
        """Fetch one attachment from where this node stands; False when the session is to end here."""
        services = self.services
        offset = self.store.count_held(services.wilayah, digest)
        while offset < size:
            if self.budget.is_spent(services.clock.monotonic_s()):
                return False
            body = messages.encode({"hash": digest, "offset": offset, "bytes_max": self.piece_bytes})
            try:
                answer = self.post("/sync/v1/blob/get", body)
                self.budget.bytes_left -= len(answer.body)
                piece = self._open(answer.body, digest, offset, size)
                offset = self.store.put(
                    services.wilayah, digest, size, offset, piece, quota=limit("blob_desa_bytes_max")
                )
                self._succeed()
            except SipandeError as error:
                if code_of(error) in _SKIPPED:
                    _write(services, TROUBLE, code_of(error))
                    return True
                self._stumble(error)
        self._confirm([digest])
        return True

    def _open(self, body: bytes, digest: str, offset: int, size: int) -> bytes:
        header, sealed = split_chunk(body)
        if (header.hash, header.offset, header.size) != (digest, offset, size):
            raise ProtocolError("malformed", "another chunk than was asked for")
        key = self.services.keys.find_seal(bytes.fromhex(header.seal))
        if key is None:
            raise ProtocolError("bad_seal", "chunk is not sealed to this node")
        return open_chunk(header, sealed, key.open)

    def _succeed(self) -> None:
        self.troubles = 0
        self.piece_bytes = min(limit("blob_chunk_bytes_max"), self.piece_bytes * 2)

    def _stumble(self, error: SipandeError) -> None:
        """Try again with a smaller piece; what stays lost, or cannot be mended by trying, is raised again."""
        self.troubles += 1
        self.piece_bytes = max(limit("run_bytes_min"), self.piece_bytes // 2)
        is_loss = isinstance(error, (TransportError, ProtocolError)) or code_of(error) in _REPEATED
        if not is_loss or self.troubles >= TROUBLES_MAX:
            raise error


_SKIPPED = frozenset({"quota_full", "bad_proof", "not_found", "too_large"})
"""Codes that speak of one attachment: the next one may do better."""
_REPEATED = frozenset({"bad_signature", "bad_seal", "gap", "malformed"})
"""Refusals of a chunk that was damaged on the way, or that began elsewhere."""


def exchange_blobs(services: NodeServices, post: Post, receiver: bytes, piece_bytes: int) -> None:
    """Exchange attachments where there is anything to exchange; raises nothing but defects.

    ``receiver`` is the hub's seal key, ``piece_bytes`` what the link has carried of late.
    """
    if not _is_due(services):
        return
    try:
        _write(services, TROUBLE, "")
        Exchange(services, post, receiver, piece_bytes).run()
    except SipandeError as error:
        _write(services, TROUBLE, code_of(error))


def read_backlog(services: NodeServices) -> Backlog:
    """Count what waits, for the status page."""
    with services.database.read() as conn:
        named = list_named(conn, services.catalogue, services.wilayah)
        unconfirmed = {row.hash for row in list_held(conn, services.wilayah) if row.whole and row.confirmed_s is None}
        is_paused = bool(read_setting(conn, PAUSED))
        trouble = read_setting(conn, TROUBLE) or ""
    missing = store_of(services).find_missing(services.wilayah, named)
    to_send = len(named & unconfirmed - set(missing))
    return Backlog(len(named), to_send, len(missing), is_paused, trouble)


def set_paused(services: NodeServices, paused: bool) -> None:
    """Let attachments wait, or go again."""
    _write(services, PAUSED, "1" if paused else "")


def _is_due(services: NodeServices) -> bool:
    """Tell whether to ask the hub: something waits, or it was not asked for long; never where nothing is named."""
    backlog = read_backlog(services)
    if backlog.is_paused or not backlog.named:
        return False
    with services.database.read() as conn:
        age_s = services.clock.now_s() - int(read_setting(conn, CHECKED) or 0)
    # A clock that was set back must not end the asking.
    return bool(backlog.to_send or backlog.to_fetch) or not 0 <= age_s < limit("blob_check_s")


def _write(services: NodeServices, name: str, value: str) -> None:
    with services.database.read() as conn:
        if (read_setting(conn, name) or "") == value:
            return
    try:
        with services.database.write() as conn:
            write_setting(conn, name, value)
    except EnvironmentProblem:
        pass  # a full disk has been told by what led here


def code_of(error: SipandeError) -> str:
    """Name what went wrong: the code of a refusal, of our own finding, or no answer."""
    if isinstance(error, EnvironmentProblem):
        return error.kode
    return str(getattr(error, "code", "") or "tidak_ada_jawaban")
