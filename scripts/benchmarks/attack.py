"""What one hostile computer can send to its hub: large pushes, large pulls, greetings without end, junk, strangers."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from node.services import NodeServices
from node.sinkron.transport import Transport
from shared.changelog.keys import SigningKey
from shared.clock import system_random
from shared.errors import SipandeError
from shared.store.changes import list_logs
from shared.store.runs import build_run, sign_size
from shared.sync import messages
from shared.sync.limits import limit

RUN_CHANGES = limit("turn_changes_max")
"""In each push of the flood: as much as is let through while others are there."""
JUNK = b"sipande-run/1 {" * 5000


@dataclass
class Attack:
    """One attack on one hub. ``pause`` is called between two requests of a connection, with the status of the last."""

    services: NodeServices
    is_over: Callable[[], bool]
    pause: Callable[[int], None]
    answers: Counter[int] = field(default_factory=Counter)
    _runs: dict[tuple[bytes, str, int], bytes] = field(default_factory=dict)

    def prepare(self, receiver: bytes) -> None:
        """Build what is pushed before anything is measured; ``receiver`` is the hub's seal key."""
        with self.services.database.read() as conn:
            for log in (log for log in list_logs(conn) if log.own):
                note = sign_size(conn, log, log.size, self.services.signer(log))
                for start in range(0, log.size, RUN_CHANGES):
                    self._runs[receiver, log.id, start] = build_run(
                        conn, log, start, min(log.size, start + RUN_CHANGES), note=note, note_size=log.size,
                        codec="zlib", receiver=receiver,
                    )

    def lead(self, act: Callable[[Transport], None], transport: Transport) -> None:
        """Do one thing again and again, over one connection, until the attack is over."""
        while not self.is_over():
            try:
                act(transport)
            except SipandeError:
                self.pause(0)

    def flood(self, transport: Transport) -> None:
        """Push the whole village again and again, in large bodies."""
        _, nonce = self._hello(transport)
        for run in self._runs.values():
            if self.is_over() or self._post(transport, "/sync/v1/push", run, nonce) in (401, 429):
                return

    def pull(self, transport: Transport) -> None:
        """Ask for all that there is, from the start."""
        _, nonce = self._hello(transport)
        with self.services.database.read() as conn:
            logs = [{"id": log.id, "size": 0} for log in list_logs(conn)]
        body = messages.encode({"logs": logs, "bytes_max": 1 << 20})
        while not self.is_over() and self._post(transport, "/sync/v1/pull", body, nonce) == 200:
            pass

    def greet(self, transport: Transport) -> None:
        """Say hello, and nothing after it."""
        self._hello(transport)

    def send_junk(self, transport: Transport) -> None:
        """Send what cannot be read, and what is too large."""
        _, nonce = self._hello(transport)
        self._post(transport, "/sync/v1/push", JUNK, nonce)
        self._post(transport, "/sync/v1/hello", b"[" * 100_000, nonce)
        self._post(transport, "/sync/v1/pull", bytes(500_000), nonce)

    def knock(self, transport: Transport) -> None:
        """Come as somebody whom nobody knows."""
        key = SigningKey(system_random(32))
        self._hello(transport.with_key(key.seed(), key.public.hex()))

    def _hello(self, transport: Transport) -> tuple[bytes, str]:
        nonce = base64.urlsafe_b64encode(system_random(16)).decode().rstrip("=")
        body = messages.encode({"version": 1, "nonce": nonce, "logs": []})
        answer = transport.post("/sync/v1/hello", body, nonce)
        self._count(answer.status)
        if answer.status != 200:
            return b"", nonce
        said = messages.decode(messages.HelloAnswer, answer.body)
        return bytes.fromhex(said["segel"]), said["nonce"]

    def _post(self, transport: Transport, path: str, body: bytes, nonce: str) -> int:
        status = transport.post(path, body, nonce).status
        self._count(status)
        return status

    def _count(self, status: int) -> None:
        self.answers[status] += 1
        self.pause(status)
