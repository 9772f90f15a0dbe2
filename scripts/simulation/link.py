"""The link of one node to the hub's app, in this process, with everything that breaks on the way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from flask.testing import FlaskClient

from node.sinkron.transport import Answer, Traffic, _read_signature
from shared.errors import TransportError
from shared.sync import signature
from simulation.crash import Crash
from simulation.faults import Fault, FaultPlan
from simulation.ports import DeviceClock
from tests.support.federation import ADDRESS

PORTAL_PAGE = b"<!doctype html><html><title>Wi-Fi Balai Desa</title><form method=post>Masuk</form></html>"
PROXY_PAGE = b"<html><h1>502 Bad Gateway</h1></html>"


class Raw(NamedTuple):
    """A request or an answer as it travelled."""

    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Memory:
    """What the network still has in its buffers, of all links: old requests and answers, to come again."""

    requests: deque[Raw] = field(default_factory=lambda: deque(maxlen=40))
    answers: deque[Raw] = field(default_factory=lambda: deque(maxlen=40))


@dataclass
class FaultyLink:
    """A transport over WSGI; ``hub_died`` reopens the hub from disk after a crash in mid-request."""

    client: Callable[[], FlaskClient]
    hub_died: Callable[[], None]
    seed: bytes
    key: str
    clock: DeviceClock
    plan: FaultPlan
    memory: Memory
    traffic: Traffic = field(default_factory=Traffic)

    def post(self, path: str, body: bytes, nonce: str) -> Answer:
        message = signature.RequestMessage("POST", ADDRESS + path)
        headers = signature.sign(message, body, self.seed, self.key, nonce, self.clock.now_s())
        self.traffic.requests += 1
        self.traffic.sent += len(body)
        raw = self._exchange(Raw(path, 0, headers, body))
        self.traffic.received += len(raw.body)
        return Answer(raw.status, raw.body, _read_signature(raw.status, dict(raw.headers), raw.body))

    def with_key(self, seed: bytes, key: str) -> FaultyLink:
        return replace(self, seed=seed, key=key)

    def close(self) -> None:
        return None

    def _exchange(self, request: Raw) -> Raw:
        plan, memory = self.plan, self.memory
        if plan.strikes(Fault.REQUEST_LOST):
            raise TransportError("request lost")
        if plan.strikes(Fault.PORTAL):
            return Raw(request.path, 200, {}, PORTAL_PAGE)
        if memory.requests and plan.strikes(Fault.REQUEST_OLD):
            self._deliver(plan.dice.choice(memory.requests))
        old = [answer for answer in memory.answers if answer.path == request.path]
        if old and plan.strikes(Fault.ANSWER_OLD):
            return plan.dice.choice(old)
        answer = self._deliver(self._damage(request))
        if plan.strikes(Fault.REQUEST_TWICE):
            answer = self._deliver(request)
        memory.requests.append(request)
        memory.answers.append(answer)
        return self._damage_answer(answer)

    def _damage(self, request: Raw) -> Raw:
        if self.plan.strikes(Fault.REQUEST_CUT):
            request = request._replace(body=self.plan.cut(request.body))
        if self.plan.strikes(Fault.REQUEST_FLIPPED):
            request = request._replace(body=self.plan.flip(request.body))
        return request

    def _damage_answer(self, answer: Raw) -> Raw:
        plan = self.plan
        if plan.strikes(Fault.ANSWER_LOST):
            raise TransportError("answer lost")
        if plan.strikes(Fault.PROXY):
            return Raw(answer.path, 502, {}, PROXY_PAGE)
        if plan.strikes(Fault.ANSWER_CUT):
            answer = answer._replace(body=plan.cut(answer.body))
        if plan.strikes(Fault.ANSWER_FLIPPED):
            answer = answer._replace(body=plan.flip(answer.body))
        return answer

    def _deliver(self, request: Raw) -> Raw:
        try:
            response = self.client().post(
                request.path, data=request.body, headers=dict(request.headers), base_url=ADDRESS
            )
        except Crash:
            self.hub_died()
            raise TransportError("connection reset") from None
        return Raw(request.path, response.status_code, dict(response.headers), response.data)
