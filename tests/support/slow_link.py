"""Links that are slow, far and die: in virtual time, so that a night over 64 kbit/s takes seconds.

Both kinds hang on the two hooks of :class:`tests.support.federation.WsgiTransport`, :func:`arm` puts them there.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Protocol

from node.sinkron.transport import Answer
from shared.changelog.run import RunHeader, split_runs
from shared.errors import ProtocolError, TransportError
from tests.support.federation import START_S, TestClock, WsgiTransport

REQUEST_HEAD_BYTES, ANSWER_HEAD_BYTES = 700, 450
"""What HTTP and TLS add to a body, signature included, as measured on a real connection."""
HANDSHAKE_BYTES = 5_000
"""Certificates and keys of a TLS 1.3 handshake, mostly towards the node."""
HANDSHAKE_TRIPS = 2


class Hooks(Protocol):
    """What a link does to a request before it arrives, and to its answer."""

    def before(self, path: str, body: bytes) -> None: ...

    def after(self, path: str, answer: Answer) -> Answer: ...


def arm(transport: WsgiTransport, link: Hooks) -> WsgiTransport:
    """Put a link between a node and the hub."""
    transport.before, transport.after = link.before, link.after
    return transport


@dataclass
class Cut:
    """Lets bodies through until ``budget`` bytes have passed in one direction, then the link is dead."""

    budget: int
    answers: bool
    as_whole: bool = False
    """What arrived looks complete to the receiver, as behind a proxy that closes the connection."""
    pushed: list[bytes] = field(default_factory=list)

    def before(self, path: str, body: bytes) -> None:
        if path.endswith("/push"):
            self.pushed.append(body)
        if not self.answers:
            self._spend(body)

    def after(self, path: str, answer: Answer) -> Answer:
        if not self.answers:
            return answer
        left = self.budget
        try:
            self._spend(answer.body)
        except TransportError:
            if not self.as_whole or left < 0:
                raise
            return replace(answer, body=answer.body[:left], signed=None)
        return answer

    def _spend(self, body: bytes) -> None:
        left, self.budget = self.budget, self.budget - len(body)
        if self.budget < 0:
            self.budget = min(self.budget, -1)
            raise TransportError(f"cut after {max(0, left)} bytes")


@dataclass
class VirtualClock(TestClock):
    """A clock that stands still while programs work and moves while bytes travel."""

    passed_s: float = 0.0

    def now_s(self) -> int:
        return START_S + int(self.passed_s)

    def monotonic_s(self) -> float:
        return self.passed_s


@dataclass
class Carriage:
    """What a link has carried: bytes of runs that arrived and were new, and those that went in vain or twice."""

    useful: int = 0
    again: int = 0
    drops: int = 0
    losses: int = 0
    largest: int = 0

    @property
    def wasted(self) -> float:
        """Bytes of runs sent again, as a share of the useful ones."""
        return self.again / self.useful if self.useful else 0.0


@dataclass
class SlowLink:
    """A line of ``bytes_per_s`` each way and ``trip_s`` there and back, on which nothing overlaps.

    Every ``drop_every_s`` of virtual time the connection dies with what is in flight; a share ``loss`` of the
    exchanges dies as well, half of them on the way back.
    """

    clock: VirtualClock
    bytes_per_s: float
    trip_s: float
    drop_every_s: float = 0.0
    loss: float = 0.0
    dice: random.Random = field(default_factory=lambda: random.Random("slow link"))
    carriage: Carriage = field(default_factory=Carriage)
    is_open: bool = False
    begun: dict[str, float] = field(default_factory=dict)
    """When each path was first asked for, in virtual seconds."""
    _held: dict[str, int] = field(default_factory=dict)

    def before(self, path: str, body: bytes) -> None:
        self.begun.setdefault(path, self.clock.passed_s)
        if not self.is_open:
            self._pass(HANDSHAKE_TRIPS * self.trip_s + HANDSHAKE_BYTES / self.bytes_per_s)
            self.is_open = True
        if self.loss and self.dice.random() < self.loss / 2:
            self.carriage.losses += 1
            self._waste(path, int(len(body) * self.dice.random()))
            self._die("request lost")
        started_s = self.clock.passed_s
        try:
            self._pass((REQUEST_HEAD_BYTES + len(body)) / self.bytes_per_s + self.trip_s / 2)
        except TransportError:
            sent = int((self.clock.passed_s - started_s) * self.bytes_per_s) - REQUEST_HEAD_BYTES
            self._waste(path, max(0, min(len(body), sent)))
            raise
        if path.endswith("/push"):
            self._count(body)

    def after(self, path: str, answer: Answer) -> Answer:
        is_pull = path.endswith("/pull")
        if self.loss and self.dice.random() < self.loss / 2:
            self.carriage.losses += 1
            self.carriage.again += is_pull * int(len(answer.body) * self.dice.random())
            self._die("answer lost")
        started_s = self.clock.passed_s
        try:
            self._pass(self.trip_s / 2 + (ANSWER_HEAD_BYTES + len(answer.body)) / self.bytes_per_s)
        except TransportError:
            got = int((self.clock.passed_s - started_s - self.trip_s / 2) * self.bytes_per_s) - ANSWER_HEAD_BYTES
            self.carriage.again += is_pull * max(0, min(len(answer.body), got))
            raise
        if is_pull:
            self._count(answer.body)
        return answer

    def _waste(self, path: str, size: int) -> None:
        if path.endswith("/push"):
            self.carriage.again += size

    def _count(self, body: bytes) -> None:
        """Count whole runs that have arrived: what they bring for the first time is useful."""
        try:
            runs = split_runs(body)
        except ProtocolError:
            return
        for header, sealed in runs:
            self._count_run(header, len(sealed))

    def _count_run(self, header: RunHeader, size: int) -> None:
        held = self._held.get(header.log, 0)
        fresh = max(0, header.end - max(held, header.start)) / (header.end - header.start)
        self._held[header.log] = max(held, header.end)
        self.carriage.useful += int(size * fresh)
        self.carriage.again += size - int(size * fresh)
        self.carriage.largest = max(self.carriage.largest, size)

    def _pass(self, seconds: float) -> None:
        """Let time pass; when the line drops meanwhile, it is dead at that instant."""
        now = self.clock.passed_s
        if self.drop_every_s:
            drop = (now // self.drop_every_s + 1) * self.drop_every_s
            if now + seconds >= drop:
                self.clock.passed_s = drop
                self.carriage.drops += 1
                self._die("line dropped")
        self.clock.passed_s = now + seconds

    def _die(self, why: str) -> None:
        self.is_open = False
        raise TransportError(why)


class CutAfterPush:
    """A line that is dead as soon as one push has arrived."""

    is_dead = False

    def __call__(self, path: str, answer: Answer) -> Answer:
        self.is_dead |= path.endswith("push") and answer.status == 200
        if self.is_dead:
            raise TransportError("cut")
        return answer
