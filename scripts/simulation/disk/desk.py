"""What one process of a trial has open, and how it tells people what is saved."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from html import unescape
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub.services import HubServices, open_hub
from node.app import make_node_app
from node.commands import finish_session, refresh_parity
from node.services import NodeServices, open_node
from node.sinkron.handover import InlineExecutor
from node.sinkron.rotate import tell_new_keys
from node.sinkron.session import Outcome, Report, Session
from node.sinkron.transport import Answer, Traffic, Transport
from shared.changelog.run import split_runs
from shared.errors import SipandeError
from simulation.disk.shim import Shim
from simulation.disk.stage import CHEAP, PASSWORD, Place
from tests.support.federation import TestClock, WsgiTransport, make_sync_app, seeded


class SessionEnded(SipandeError):
    """A session did not end well; nothing was lost by that."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"{report.outcome.value} {report.code} {report.detail}")
        self.report = report


class PageRefused(SipandeError):
    """A page said that it could not save."""

    def __init__(self, status: int, html: str) -> None:
        super().__init__(f"status {status}")
        self.status, self.html = status, html


@dataclass
class Desk:
    """One process: ``seed`` is where its randomness begins."""

    place: Place
    seed: str
    shim: Shim | None = None
    clock: TestClock = field(default_factory=TestClock)
    kept: dict[str, Any] = field(default_factory=dict)
    """What the steps of an operation hand to each other."""
    _node: NodeServices | None = None
    _second: NodeServices | None = None
    _hub: HubServices | None = None
    _app: Flask | None = None

    @property
    def node(self) -> NodeServices:
        if self._node is None:
            self._node = open_node(self.place.node, clock=self.clock, random=seeded(f"{self.seed}/simpul"))
        return self._node

    @property
    def second(self) -> NodeServices:
        if self._second is None:
            self._second = open_node(self.place.second, clock=self.clock, random=seeded(f"{self.seed}/kedua"))
        return self._second

    @property
    def hub(self) -> HubServices:
        if self._hub is None:
            self._hub = open_hub(self.place.hub, clock=self.clock, random=seeded(f"{self.seed}/hub"))
        return self._hub

    def aside(self) -> AbstractContextManager[None]:
        """Let pass what the trial itself asks of the disk."""
        return nullcontext() if self.shim is None else self.shim.paused()

    @property
    def is_open(self) -> bool:
        """Tell whether any side has been opened."""
        return self._node is not None or self._second is not None or self._hub is not None

    @property
    def sync_app(self) -> Flask:
        if self._app is None:
            self._app = make_sync_app(self.hub)
        return self._app

    def close(self) -> None:
        for side in (self._node, self._second, self._hub):
            if side is not None:
                side.close()
        self._node = self._second = self._hub = self._app = None

    def tell(self, **members: Any) -> None:
        """Tell people something that must be true from now on, whatever happens to this process."""
        line = json.dumps(members, sort_keys=True)
        handle = os.open(self.place.said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(handle, line.encode() + b"\n")
        os.close(handle)
        if self.shim is not None:
            self.shim.note(line)

    def transport(self, node: NodeServices) -> Telling:
        key = node.keys.signing
        return Telling(WsgiTransport(self.sync_app, key.seed(), key.public.hex(), self.clock), self.tell)

    def sync(self, node: NodeServices, transport: Transport | None = None) -> Report:
        """Run one session to its end; SessionEnded when that is not a good one."""
        transport = transport or self.transport(node)
        report = tell_new_keys(node, transport.with_key, InlineExecutor())
        if report is None:
            report = Session(node, transport, InlineExecutor()).run()
        finish_session(node, report)
        refresh_parity(node)
        if report.outcome is not Outcome.SELESAI:
            raise SessionEnded(report)
        return report


@dataclass
class Telling:
    """A transport that notes which signed heads leave the machine, and which receipts come back."""

    inner: Transport
    tell: Callable[..., None]

    @property
    def traffic(self) -> Traffic:
        return self.inner.traffic

    @traffic.setter
    def traffic(self, value: Traffic) -> None:
        self.inner.traffic = value

    def post(self, path: str, body: bytes, nonce: str) -> Answer:
        if path == "/sync/v1/push":
            for header, _ in split_runs(body):
                _, size, *_ = header.checkpoint.decode().split("\n")
                self.tell(head=[header.log, int(size)])
        answer = self.inner.post(path, body, nonce)
        if path == "/sync/v1/push" and answer.status == 200:
            for note in json.loads(answer.body)["receipts"]:
                origin, size, *_ = note.split("\n")
                self.tell(receipt=[origin.rsplit("/", 1)[-1], int(size)])
        return answer

    def with_key(self, seed: bytes, key: str) -> Telling:
        return replace(self, inner=self.inner.with_key(seed, key))

    def close(self) -> None:
        self.inner.close()


class Clerk:
    """A browser at the node, logged in."""

    def __init__(self, node: NodeServices) -> None:
        app = make_node_app(node, CHEAP)
        self._client: FlaskClient = app.test_client()
        self._token = ""
        self.get("/masuk")
        answer = self.post("/masuk", nama_pengguna="siti", kata_sandi=PASSWORD)
        if answer.status_code != 303:
            raise RuntimeError(f"login failed: {answer.status_code}")

    def get(self, path: str) -> TestResponse:
        return self._learn(self._client.get(path))

    def post(self, path: str, **fields: str) -> TestResponse:
        return self._learn(self._client.post(path, data={"csrf_token": self._token, **fields}))

    def _learn(self, answer: TestResponse) -> TestResponse:
        found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
        if found:
            self._token = unescape(found[1])
        return answer
