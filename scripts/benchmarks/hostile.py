"""What honest computers feel of a hostile one, in virtual time: the hub's work alone, on any machine, however busy."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from random import Random

from flask import Flask

from benchmarks.attack import Attack
from benchmarks.line import Line, make_line
from benchmarks.stage import Stage
from benchmarks.villages import make_village, write_edits
from hub.app import make_hub_app
from hub.commands import make_hub
from hub.ingest.quota import STRANGERS
from hub.services import HubServices
from hub.simpul.enrol import confirm_candidate, open_slot
from node.services import NodeServices, open_node
from node.sinkron.enrol import enrol
from node.sinkron.handover import InlineExecutor
from node.sinkron.session import Outcome, Session
from node.sinkron.transport import Answer, Traffic, Transport, _read_signature
from running.processes import KECAMATAN, scratch
from shared.clock import system_random
from shared.codes import wilayah as codes
from shared.sync import signature
from shared.sync.limits import limit

ADDRESS = "https://hub.uji"
PERIOD_S = 40.0
PAUSE_S = 2.0
"""Between two sessions of an honest computer, on average: hundreds of times what a village does."""
CLIENT_S = 0.02
"""What a hostile connection needs between an answer and its next request: the way through the internet."""
CALM_S = 15.0
PARTS = ("quiet", "burst", "after")

Act = Callable[[Attack, Transport], None]
ATTACKS: dict[str, tuple[Act, ...]] = {
    "flood": (Attack.flood,) * 3,
    "all": (Attack.flood, Attack.pull, Attack.greet, Attack.send_junk),
    "strangers": (Attack.flood, *(Attack.knock,) * 3),
}
"""Each from a computer that did nothing before: its connections, and what is done on each of them."""


@dataclass(frozen=True)
class Size:
    """How many honest computers, residents of each village, and which attacks."""

    honest: int = 6
    each: int = 300
    hostile: int = 6_000
    attacks: tuple[str, ...] = tuple(ATTACKS)


@dataclass
class StageTransport:
    """Carries requests to the app on a stage; what signs and reads is the caller's own work and takes no time."""

    stage: Stage
    app: Flask
    seed: bytes
    key: str
    purse: str
    traffic: Traffic = field(default_factory=Traffic)

    def post(self, path: str, body: bytes, nonce: str) -> Answer:
        now_s = self.stage.clock.now_s()
        request = signature.RequestMessage("POST", ADDRESS + path)
        headers = signature.sign(request, body, self.seed, self.key, nonce, now_s)
        client = self.app.test_client()
        said: dict[str, str] = {}

        def work() -> Answer:
            response = client.post(path, data=body, headers=headers, base_url=ADDRESS)
            said.update(response.headers)
            return Answer(response.status_code, response.data, None)

        answer = self.stage.ask(self.purse, len(body), work)
        return replace(answer, signed=_read_signature(answer.status, said, answer.body))

    def with_key(self, seed: bytes, key: str) -> StageTransport:
        return replace(self, seed=seed, key=key, purse=STRANGERS)

    def close(self) -> None:
        return None


@dataclass
class Scene:
    """One hub on a stage, its honest computers, and a hostile one for each kind of attack."""

    stage: Stage
    app: Flask
    hub: HubServices
    honest: list[NodeServices]
    hostile: dict[str, NodeServices]
    each: int
    samples: list[float] = field(default_factory=list)
    attacking: str = ""
    answers: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        for at, node in enumerate(self.honest):
            self.stage.add_caller(lambda node=node, at=at: self._work(node, Random(at)))  # type: ignore[misc]
        for name, node in self.hostile.items():
            attack = Attack(node, lambda name=name: self.attacking != name, self._pause, self.answers)  # type: ignore
            attack.prepare(self.hub.seal_key.public)
            for act in ATTACKS[name]:
                self.stage.add_caller(lambda a=attack, n=name, do=act: self._attack(a, n, do))  # type: ignore[misc]

    def play(self, seconds: float, attacking: str = "") -> list[float]:
        """Play on, with or without an attack; give the seconds of each honest session that ended."""
        self.samples, self.attacking = [], attacking
        self.stage.play(seconds)
        return self.samples

    def empty_purse(self, name: str) -> None:
        """Let a hostile computer have used up its share, as it has some minutes later."""
        self.app.extensions["sync_quota"].charge(self.hostile[name].keys.signing.public.hex(), limit("bytes_burst"))

    def _work(self, node: NodeServices, random: Random) -> None:
        """Write one thing and sync it, again and again."""
        number = 0
        while True:
            self.stage.sleep(random.expovariate(1 / PAUSE_S))
            write_edits(node, 1, number % self.each, number // self.each)
            began_s = self.stage.clock.passed_s
            report = Session(node, self._transport(node), InlineExecutor()).run()
            took_s = self.stage.clock.passed_s - began_s
            self.samples.append(took_s if report.outcome is Outcome.SELESAI else float("inf"))
            number += 1

    def _attack(self, attack: Attack, name: str, act: Act) -> None:
        while True:
            while self.attacking != name:
                self.stage.sleep(0.5)
            attack.lead(lambda transport: act(attack, transport), self._transport(attack.services))

    def _transport(self, node: NodeServices) -> StageTransport:
        return open_transport(self.stage, self.app, node)

    def _pause(self, status: int) -> None:
        self.stage.sleep(CLIENT_S)


def bench_hostile() -> Iterator[Line]:
    """p95 of sessions with one edit, of six honest computers: during an attack, after its burst, and between attacks.

    Only what the hub takes is in it. The worst attack is played once more on a hub that lets everybody in as he comes.
    """
    found, answers = measure_scene(Stage())
    plain, _ = measure_scene(Stage(has_turns=False), Size(attacks=("flood",)))
    for name in PARTS[1:]:
        ratio = find_p95(found[name]) / find_p95(found["quiet"])
        yield make_line(
            f"hostile-{name}", find_p95(found[name]), "s, p95 of what the hub takes for an honest session",
            "the same without an attack", ratio, limit=1.2, quiet_p95=find_p95(found["quiet"]),
            median=statistics.median(found[name]), quiet_median=statistics.median(found["quiet"]),
            longest=max(found[name]), sessions=len(found[name]),
            without_turns=round(find_p95(plain[name]) / find_p95(plain["quiet"]), 2),
            errors=sum(sample == float("inf") for sample in found[name]),
            answers={str(status): count for status, count in sorted(answers.items())},
        )


def measure_scene(stage: Stage, size: Size = Size()) -> tuple[dict[str, list[float]], Counter[int]]:
    """Play each attack between quiet times; give the honest sessions of each part, and what the attackers were told."""
    found: dict[str, list[float]] = {part: [] for part in PARTS}
    with open_scene(stage, size) as scene:
        scene.play(CALM_S)
        for name in scene.hostile:
            found["quiet"] += scene.play(PERIOD_S)
            found["burst"] += scene.play(PERIOD_S, name)
            scene.play(CALM_S)
            found["quiet"] += scene.play(PERIOD_S)
            scene.empty_purse(name)
            found["after"] += scene.play(PERIOD_S, name)
            scene.play(CALM_S)
    return found, scene.answers


@contextmanager
def open_scene(stage: Stage, size: Size = Size()) -> Iterator[Scene]:
    """Make a hub and its computers in a folder that goes away, all enrolled."""
    desa = [item.kode for item in codes.children(KECAMATAN)]
    with scratch() as base, ExitStack() as stack:
        hub, _ = make_hub(base / "hub", KECAMATAN, stage.clock, system_random)
        stack.enter_context(closing(hub))
        app = make_hub_app(hub)
        app.extensions["sync_gate"] = stage.gate

        def make(at: int, residents: int) -> NodeServices:
            make_village(base / f"n{at}", desa[at], residents, seed=at)
            node = open_node(base / f"n{at}", clock=stage.clock, random=system_random)
            _enrol(stage, app, hub, stack.enter_context(closing(node)))
            return node

        honest = [make(at, size.each) for at in range(size.honest)]
        hostile = {name: make(size.honest + at, size.hostile) for at, name in enumerate(size.attacks)}
        yield Scene(stage, app, hub, honest, hostile, size.each)


def open_transport(stage: Stage, app: Flask, node: NodeServices) -> StageTransport:
    """Give the way of an enrolled node to the app on a stage."""
    key = node.keys.signing
    return StageTransport(stage, app, key.seed(), key.public.hex(), key.public.hex())


def _enrol(stage: Stage, app: Flask, hub: HubServices, node: NodeServices) -> None:
    def begin() -> None:
        known, words = enrol(node, open_slot(hub, node.wilayah, ADDRESS, "bench"), open_transport(stage, app, node))
        confirm_candidate(hub, known.simpul, " ".join(words), "")

    stage.add_caller(begin)
    stage.play(CALM_S)


def find_p95(samples: list[float]) -> float:
    """Give what 95 of 100 samples do not exceed."""
    return sorted(samples)[int(len(samples) * 0.95)]
