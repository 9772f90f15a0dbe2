"""Real node and real hub in one process, joined by a link that a test can break.

The hub's Flask app is called through its WSGI interface; nothing is mocked but the wire, the clock and
the source of randomness.
"""

from __future__ import annotations

import random as random_module
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from flask import Flask

from hub.change import write_common
from hub.commands import make_hub
from hub.ingest.blobs import blueprint as blob_blueprint
from hub.ingest.routes import blueprint as sync_blueprint
from hub.services import HubServices, open_hub
from hub.simpul.enrol import confirm_candidate, open_slot
from node.commands import finish_session, make_node, refresh_parity, system_author
from node.services import NodeServices, open_node
from node.sinkron.enrol import enrol
from node.sinkron.handover import InlineExecutor
from node.sinkron.rotate import tell_new_keys
from node.sinkron.session import Report, Session
from node.sinkron.transport import Answer, Traffic, _read_signature
from shared.errors import TransportError
from shared.store.drafts import draft_create
from shared.sync import signature
from tests.support.editions import NOW, Edition

ADDRESS = "https://hub.uji"
HUB = "33.03.04"
DESA = "33.03.04.2006"
START_S = 1_790_000_000


@dataclass
class TestClock:
    """A clock that only a test moves."""

    __test__ = False
    now: int = START_S

    def now_s(self) -> int:
        return self.now

    def monotonic_s(self) -> float:
        return float(self.now)


def seeded(seed: int | str) -> Callable[[int], bytes]:
    """Randomness that a seed repeats."""
    return random_module.Random(seed).randbytes


Fault = Callable[[str, bytes], None]


@dataclass
class WsgiTransport:
    """Carries requests to an app in this process; ``before`` and ``after`` may raise TransportError."""

    app: Flask
    seed: bytes
    key: str
    clock: TestClock
    before: Fault = lambda path, body: None
    after: Callable[[str, Answer], Answer] = lambda path, answer: answer
    traffic: Traffic = field(default_factory=Traffic)

    def post(self, path: str, body: bytes, nonce: str) -> Answer:
        url = ADDRESS + path
        headers = signature.sign(
            signature.RequestMessage("POST", url), body, self.seed, self.key, nonce, self.clock.now_s()
        )
        self.traffic.requests += 1
        self.traffic.sent += len(body)
        self.traffic.bodies_sent += len(body)
        self.before(path, body)
        response = self.app.test_client().post(path, data=body, headers=headers, base_url=ADDRESS)
        answer = Answer(
            response.status_code, response.data,
            _read_signature(response.status_code, dict(response.headers), response.data),
        )
        self.traffic.received += len(answer.body)
        return self.after(path, answer)

    def with_key(self, seed: bytes, key: str) -> WsgiTransport:
        return replace(self, seed=seed, key=key)

    def close(self) -> None:
        return None


@dataclass
class Federation:
    """One hub and its nodes, by name."""

    folder: Path
    seed: int = 0
    clock: TestClock = field(default_factory=TestClock)
    nodes: dict[str, NodeServices] = field(default_factory=dict)
    edition: Edition = NOW
    """The program of the hub, and of nodes that are made without another."""
    hub: HubServices = field(init=False)
    app: Flask = field(init=False)

    def __post_init__(self) -> None:
        self.hub, _ = make_hub(
            self.folder / "hub", HUB, self.clock, seeded(f"{self.seed}/hub"), self.edition.catalogue,
            is_practice=True,
        )
        self.hub.program = self.edition.program
        self.app = make_sync_app(self.hub)

    def add_node(self, name: str, desa: str = DESA, edition: Edition | None = None) -> NodeServices:
        """Make a node and enrol it through the real conversation."""
        made = edition or self.edition
        node = make_node(self.folder / name, desa, name, self.clock, seeded(f"{self.seed}/{name}"), made.catalogue)
        node.program = made.program
        self.nodes[name] = node
        code = open_slot(self.hub, desa, ADDRESS, "uji")
        known, words = enrol(node, code, self.transport(node))
        confirm_candidate(self.hub, known.simpul, " ".join(words), "")
        return node

    def transport(self, node: NodeServices) -> WsgiTransport:
        key = node.keys.signing
        return WsgiTransport(self.app, key.seed(), key.public.hex(), self.clock)

    def sync(self, node: NodeServices, transport: WsgiTransport | None = None) -> Report:
        """Run one session to its end."""
        transport = transport or self.transport(node)
        report = tell_new_keys(node, transport.with_key, InlineExecutor())
        if report is None:
            report = Session(node, transport, InlineExecutor()).run()
        finish_session(node, report)
        refresh_parity(node)
        return report

    def sync_all(self, rounds: int = 2) -> None:
        """Let every node talk to the hub until all have seen all."""
        for _ in range(rounds):
            for node in self.nodes.values():
                self.sync(node)

    def upgrade_node(self, name: str, edition: Edition) -> NodeServices:
        """Close a node and open its folder with another program."""
        self.nodes[name].close()
        node = open_node(
            self.folder / name, clock=self.clock, random=seeded(f"{self.seed}/{name}/{edition.program.name}"),
            catalogue=edition.catalogue,
        )
        node.program = edition.program
        self.nodes[name] = node
        return node

    def upgrade_hub(self, edition: Edition) -> HubServices:
        """Close the hub and open its folder with another program."""
        self.hub.close()
        self.hub = open_hub(
            self.folder / "hub", clock=self.clock, random=seeded(f"{self.seed}/hub/{edition.program.name}"),
            catalogue=edition.catalogue,
        )
        self.hub.program = edition.program
        self.app = make_sync_app(self.hub)
        return self.hub

    def author(self, node: NodeServices) -> str:
        return system_author(node)

    def close(self) -> None:
        """Close all sides; their folders stay and may be opened by anybody."""
        for node in self.nodes.values():
            node.close()
        self.hub.close()


def make_sync_app(hub: HubServices) -> Flask:
    """The hub's sync endpoints alone, without pages."""
    app = Flask("hub")
    app.extensions["services"] = hub
    app.register_blueprint(sync_blueprint)
    app.register_blueprint(blob_blueprint)
    return app


def make_officer(hub: HubServices, name: str) -> str:
    """Add a petugas of the hub; return the record id."""
    id = hub.new_id()
    values = {"nama": name, "peran": "wali_data", "aktif": True}
    write_common(hub, [draft_create(hub.catalogue["petugas"], id, values)], author=id)
    return id


def refuse_all(path: str, body: bytes) -> None:
    """A link that is down."""
    raise TransportError("link down")
