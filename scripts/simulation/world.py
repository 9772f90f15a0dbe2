"""The machines of one kecamatan: a hub and its nodes on disk, their clocks, links and crash points."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from flask.testing import FlaskClient

from hub.commands import make_hub
from hub.services import HubServices, open_hub
from hub.simpul.enrol import confirm_candidate, open_slot
from hub.verval.decide import Officer
from node.commands import finish_session, make_node, refresh_parity, system_author
from node.services import NodeServices, open_node
from node.sinkron.enrol import enrol
from node.sinkron.rotate import tell_new_keys
from node.sinkron.session import InlineExecutor, Report, Session
from simulation.crash import Crash, CrashingDatabase, CrashPoint
from simulation.faults import Fault, FaultPlan
from simulation.link import FaultyLink, Memory
from simulation.ports import TEN_YEARS_S, DeviceClock, Trace, WorldTime, make_dice
from tests.support.federation import ADDRESS, HUB, make_officer, make_sync_app

DESA = ("33.03.04.2006", "33.03.04.2001", "33.03.04.2002")
HUB_NAME = "hub"


@dataclass
class Machine:
    """What a node and the hub have in common in the world's eyes."""

    name: str
    folder: Path
    clock: DeviceClock
    random: Callable[[int], bytes]
    point: CrashPoint
    services: NodeServices | HubServices


@dataclass
class NodeMachine(Machine):
    """One computer of a desa.

    ``promised`` are the changes whose author was told that they are saved, ``written`` those of the action
    under way, whose author is told when it is over.
    """

    services: NodeServices
    desa: str
    promised: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    @property
    def author(self) -> str:
        return system_author(self.services)


@dataclass
class HubMachine(Machine):
    """The kecamatan's server with its officers."""

    services: HubServices
    client: FlaskClient
    officers: tuple[Officer, ...] = ()


@dataclass
class World:
    """Everything of one seed; :meth:`build` sets it up without faults."""

    dice: random.Random
    time: WorldTime
    plan: FaultPlan
    trace: Trace
    hub: HubMachine
    nodes: list[NodeMachine]
    memory: Memory = field(default_factory=Memory)
    counts: Counter[str] = field(default_factory=Counter)
    twins: list[str] = field(default_factory=list)
    """Nodes that were set up from the disk of another."""
    was_restored: bool = False
    """A copy was put back, or a computer is gone: what only it knew is lost, and receipts may be ahead."""

    @classmethod
    def build(cls, seed: int, folder: Path, nodes: int = 0) -> World:
        """Make a hub and ``nodes`` nodes (0: two or three for each of two or three desa), all enrolled."""
        dice, time = make_dice(seed, "world"), WorldTime()
        hub = _make_hub(seed, folder / HUB_NAME, time)
        world = cls(dice, time, FaultPlan(make_dice(seed, "faults"), {}), Trace(), hub, [])
        for desa, name in _plan_nodes(dice, nodes):
            world.add_node(seed, folder / name, desa, name)
        world.plan = FaultPlan.draw(make_dice(seed, "faults"))
        return world

    def add_node(self, seed: int, folder: Path, desa: str, name: str) -> None:
        clock, chance = DeviceClock(self.time), make_dice(seed, name).randbytes
        services = make_node(folder, desa, name, clock, chance)
        node = NodeMachine(name, folder, clock, chance, CrashPoint(name, folder), services, desa)
        code = open_slot(self.hub.services, desa, ADDRESS, "simulasi")
        known, words = enrol(services, code, self.link(node))
        confirm_candidate(self.hub.services, known.simpul, " ".join(words), self.hub.officers[0].petugas)
        watch(node, services)
        self.nodes.append(node)

    def link(self, node: NodeMachine) -> FaultyLink:
        """Give a node a fresh link to whatever process the hub is now."""
        key = node.services.keys.signing
        return FaultyLink(
            lambda: self.hub.client, lambda: self.revive(self.hub), key.seed(), key.public.hex(), node.clock,
            self.plan, self.memory,
        )

    def sync(self, node: NodeMachine) -> Report:
        """Run one session of a node to its end."""
        link = self.link(node)
        report = tell_new_keys(node.services, link.with_key, InlineExecutor())
        if report is None:
            report = Session(node.services, link, InlineExecutor()).run()
        finish_session(node.services, report)
        refresh_parity(node.services)
        self.counts["sync"] += 1
        self.counts["request"] += report.requests
        return report

    def siblings(self, desa: str) -> list[NodeMachine]:
        return [node for node in self.nodes if node.desa == desa]

    @property
    def desa(self) -> list[str]:
        return sorted({node.desa for node in self.nodes})

    def let_time_pass(self) -> None:
        """Move the time, break clocks, restart the hub and choose who is to die soon."""
        self.time.passed_s += self.dice.choice((1, 30, 600, 7200))
        if self.plan.strikes(Fault.TIME_JUMP):
            self.time.passed_s += self.plan.dice.randrange(400 * 86_400)
        if self.plan.strikes(Fault.CLOCK_WRONG):
            self._pick_machine().clock.wrong_s = self.plan.dice.randrange(-TEN_YEARS_S, TEN_YEARS_S)
        if self.plan.strikes(Fault.HUB_RESTART):
            self._reopen_hub()
        for fault in (Fault.CRASH_BEFORE_COMMIT, Fault.CRASH_AFTER_COMMIT):
            if self.plan.strikes(fault):
                machine = self._pick_machine()
                machine.point.arm(self.plan.dice.randrange(6), fault is Fault.CRASH_AFTER_COMMIT)

    def note_restored(self) -> None:
        """A machine was put back or is gone: forget the promises that nobody can keep any more."""
        self.was_restored = True
        for node in self.nodes:
            node.promised = self.keep_possible(node.promised)

    def keep_possible(self, refs: list[str]) -> list[str]:
        """Keep the changes that some machine still holds, in a log or as a branch."""
        held: set[str] = set()
        for machine in (self.hub, *self.nodes):
            with machine.services.database.read() as conn:
                for id, seq, leaf in conn.execute(
                    "SELECT l.id, c.pos & 1099511627775, c.leaf FROM change c JOIN log l ON l.no = c.pos >> 40"
                    " UNION ALL SELECT b.log, c.seq, c.leaf FROM branch_change c JOIN branch b ON b.no = c.branch"
                ):
                    held.add(f"{id}:{seq}:{leaf[:8].hex()}")
        return [ref for ref in refs if ref in held]

    def tell_authors(self, is_saved: bool) -> None:
        """End an action: what it wrote is promised, unless it did not come back."""
        for node in self.nodes:
            if is_saved:
                node.promised += node.written
            node.written = []

    def disarm(self) -> None:
        """Let nobody die any more who was chosen and did not yet."""
        for machine in (self.hub, *self.nodes):
            machine.point.disarm()

    def heal(self) -> None:
        """Switch all faults off; clocks that are wrong stay wrong, for they must not matter."""
        self.disarm()
        self.plan.heal()

    def revive_side(self, crash: Crash) -> None:
        """Start the machine that has just crashed again."""
        self.revive(self.hub if crash.side == HUB_NAME else self._find_node(crash.side))

    def revive(self, machine: Machine) -> None:
        """Open a crashed side from what was on its disk at that instant."""
        self.counts["crash"] += 1
        if isinstance(machine, HubMachine):
            self._reopen_hub(machine.point)
        elif isinstance(machine, NodeMachine):
            machine.services.close()
            machine.point.restore_disk()
            machine.services = open_node(machine.folder, clock=machine.clock, random=machine.random)
            watch(machine, machine.services)

    def close(self) -> None:
        for node in self.nodes:
            node.services.close()
        self.hub.services.close()

    def _reopen_hub(self, crashed: CrashPoint | None = None) -> None:
        self.hub.services.close()
        if crashed is not None:
            crashed.restore_disk()
        self.open_hub_again()

    def open_hub_again(self) -> None:
        """Open the hub from what its folder holds now."""
        hub = self.hub
        hub.services = open_hub(hub.folder, clock=hub.clock, random=hub.random)
        watch(hub, hub.services)
        hub.client = make_sync_app(hub.services).test_client()

    def _pick_machine(self) -> Machine:
        machines: list[Machine] = [self.hub, *self.nodes]
        return self.plan.dice.choice(machines)

    def _find_node(self, name: str) -> NodeMachine:
        return next(node for node in self.nodes if node.name == name)


def _plan_nodes(dice: random.Random, nodes: int) -> list[tuple[str, str]]:
    if nodes:
        desa = DESA[: max(1, min(len(DESA), nodes // 2))]
        return [(desa[at % len(desa)], f"simpul{at}") for at in range(nodes)]
    counts = [dice.choice((2, 2, 3)) for _ in range(dice.choice((2, 2, 3)))]
    return [(DESA[at], f"simpul{at}{letter}") for at, count in enumerate(counts) for letter in "abc"[:count]]


def _make_hub(seed: int, folder: Path, time: WorldTime) -> HubMachine:
    clock, chance = DeviceClock(time), make_dice(seed, HUB_NAME).randbytes
    services, _ = make_hub(folder, HUB, clock, chance)
    officers = tuple(Officer(make_officer(services, name), "wali_data") for name in ("SRI", "JOKO", "TUTI"))
    client = make_sync_app(services).test_client()
    point = CrashPoint(HUB_NAME, folder)
    hub = HubMachine(HUB_NAME, folder, clock, chance, point, services, client, officers)
    watch(hub, services)
    return hub


def watch(machine: Machine, services: NodeServices | HubServices) -> None:
    """Put the crash point between a side and its database."""
    services.database = CrashingDatabase(services.database, machine.point)
