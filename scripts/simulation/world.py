"""The machines of one kecamatan: a hub and its nodes on disk, their clocks, links, sticks and crash points."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from hub.commands import make_hub
from hub.services import open_hub
from hub.simpul.enrol import confirm_candidate, open_slot
from hub.verval.decide import Officer
from node.commands import finish_session, make_node, refresh_parity
from node.services import open_node
from node.sinkron.enrol import enrol
from node.sinkron.handover import InlineExecutor
from node.sinkron.rotate import tell_new_keys
from node.sinkron.session import Report, Session
from shared.store.changes import SEQ_BITS, SEQ_MASK
from simulation.contact import Contacts
from simulation.crash import Crash, CrashPoint
from simulation.faults import Fault, FaultPlan
from simulation.link import FaultyLink, Memory
from simulation.machines import HubMachine, Machine, NodeMachine, watch
from simulation.ports import TEN_YEARS_S, DeviceClock, Trace, WorldTime, make_dice
from simulation.programs import LADDER, NEW
from tests.support.editions import Edition
from tests.support.federation import ADDRESS, HUB, make_officer, make_sync_app

if TYPE_CHECKING:
    from simulation.stories import Tale
    from simulation.theft import Stolen

T = TypeVar("T")
DESA = tuple(f"33.03.04.20{number:02d}" for number in (6, 1, 2, 3, 4, 5))
HUB_NAME = "hub"
WORLD = 4
"""Worlds are numbered so that a seed keeps its meaning: 1 has 2 to 3 desa, 4 to 9 nodes and the first
23 families; 3 has stories; 4 has thieves, forged sticks, power cuts between files, and programs of four ages."""
NODES_MIN, NODES_MAX = 5, 20
HABITS = ("stick", "picture", "quarantine", "kabupaten", "erasure")
"""What people of some seeds do and of others do not (actions.LATER)."""
FULL_ROUNDS_MAX, FULL_PAGES_MAX = 25, 6


class Visitor(Protocol):
    """Who comes to the hub from outside, with a folder of its own."""

    def close(self) -> None: ...


@dataclass
class World:
    """Everything of one seed; :meth:`build` sets it up without faults."""

    dice: random.Random
    time: WorldTime
    plan: FaultPlan
    trace: Trace
    hub: HubMachine
    nodes: list[NodeMachine]
    folder: Path
    seed: int = 0
    version: int = WORLD
    hostile: list[NodeMachine] = field(default_factory=list)
    """Enrolled computers in the hands of somebody who means harm; nobody expects them to converge."""
    stolen: list[Stolen] = field(default_factory=list)
    """Computers that a thief uses; from world 4 on (simulation.theft)."""
    habits: tuple[str, ...] = ()
    repertoire: tuple[str, ...] = ()
    """The stories of this seed, and those under way; from world 3 on (simulation.stories)."""
    tales: list[Tale] = field(default_factory=list)
    archive: dict[bytes, bytes] = field(default_factory=dict)
    """The bodies that were erased, by digest: somebody may still have them."""
    erased: set[bytes] = field(default_factory=set)
    """The digest of everything that any verdict has named, whether the hub still knows it or not."""
    kabupaten: Visitor | None = None
    """See simulation.kabupaten; made at its first visit."""
    memory: Memory = field(default_factory=Memory)
    contacts: Contacts = field(default_factory=Contacts)
    counts: Counter[str] = field(default_factory=Counter)
    restores: int = 0
    enrolled: int = 0
    """With how many nodes it began."""
    twins: list[str] = field(default_factory=list)
    """Nodes that were set up from the disk of another."""
    was_restored: bool = False
    """A copy was put back, or a computer is gone: what only it knew is lost, and receipts may be ahead."""

    @classmethod
    def build(cls, seed: int, folder: Path, nodes: int = 0, version: int = WORLD) -> World:
        """Make a hub and ``nodes`` nodes (0: as many as the seed says), all enrolled."""
        dice, time = make_dice(seed, "world"), WorldTime()
        hub = _make_hub(seed, folder / HUB_NAME, time)
        quiet = FaultPlan(make_dice(seed, "faults"), {})
        world = cls(dice, time, quiet, Trace(), hub, [], folder, seed, version)
        if version == 1:
            for desa, name in _plan_first(dice, nodes):
                world.nodes.append(world.make_node(desa, name))
        else:
            world._settle_in(nodes)
        world.plan = FaultPlan.draw(seed, version)
        world.note_hub_key()
        world.enrolled = len(world.nodes)
        return world

    def _settle_in(self, nodes: int) -> None:
        """Enrol nodes and perhaps an enemy, of programs of two versions, and let all meet once."""
        plan, dice = FaultPlan.draw(self.seed, self.version), make_dice(self.seed, "settle")
        for desa, name in _plan_nodes(dice, nodes):
            self.nodes.append(self.make_node(desa, name))
        if Fault.HOSTILE in plan.rates or Fault.STICK_FORGED in plan.rates:
            self.hostile.append(self.make_node(dice.choice(self.desa), "musuh"))
        if Fault.PROGRAM_CHANGED in plan.rates:
            for machine in self.machines:
                if dice.random() < 0.3:
                    self.change_program(machine, NEW if self.version < 4 else LADDER[2])
        if Fault.PROGRAM_OLD in plan.rates:
            ages = make_dice(self.seed, "ages")
            for machine in self.machines:
                if ages.random() < 0.6:
                    self.change_program(machine, ages.choice((LADDER[0], *LADDER)))
        for node in self.nodes:
            self.sync(node)
        self.habits = tuple(name for name in HABITS if dice.random() < 0.6)

    def make_node(self, desa: str, name: str) -> NodeMachine:
        """Set a computer up and enrol it through the real conversation."""
        folder = self.folder / name
        clock, chance = DeviceClock(self.time), make_dice(self.seed, name).randbytes
        services = make_node(folder, desa, name, clock, chance)
        node = NodeMachine(name, folder, clock, chance, CrashPoint(name, folder), services, desa)
        self.enrol(node)
        watch(node, services)
        return node

    def enrol(self, node: NodeMachine) -> None:
        """Enrol a computer with a fresh code; also one that everybody has forgotten."""
        code = open_slot(self.hub.services, node.desa, ADDRESS, "simulasi")
        known, words = enrol(node.services, code, self.link(node))
        confirm_candidate(self.hub.services, known.simpul, " ".join(words), self.hub.officers[0].petugas)

    def is_forgotten(self, node: NodeMachine) -> bool:
        """Tell whether no log that is left anywhere says that a computer was enrolled."""
        kunci = node.services.keys.signing.public.hex()
        for machine in self.machines:
            with machine.services.database.read() as conn:
                if conn.execute("SELECT 1 FROM simpul WHERE kunci = ?", (kunci,)).fetchone() is not None:
                    return False
        return True

    @contextmanager
    def calm(self) -> Iterator[None]:
        """Let nothing break for a while, for what people do side by side until it is done."""
        rates, self.plan.rates = self.plan.rates, {}
        self.disarm()
        self.hub.point.free()
        try:
            yield
        finally:
            self.plan.rates = rates

    @property
    def machines(self) -> list[Machine]:
        """List the hub and its honest nodes."""
        return [self.hub, *self.nodes]

    def change_program(self, machine: Machine, edition: Edition = NEW) -> None:
        """Start a machine again with another program."""
        machine.edition = edition
        self.reopen(machine)

    def stick(self, desa: str) -> Path:
        """Give the stick of a desa."""
        path = self.folder / f"stik-{desa}"
        path.mkdir(exist_ok=True)
        return path

    def link(self, node: NodeMachine) -> FaultyLink:
        """Give a node a fresh link to whatever process the hub is now."""
        key = node.services.keys.signing
        return FaultyLink(
            lambda: self.hub.client, lambda: self.revive(self.hub), key.seed(), key.public.hex(), node.clock,
            self.plan, self.memory,
        )

    def sync(self, node: NodeMachine) -> Report:
        """Run one session of a node to its end; of one that went well, check what it had to notice (I8)."""
        link = self.link(node)
        if self.was_restored:
            self.contacts.look_ahead(node, self.hub.services)
        report = tell_new_keys(node.services, link.with_key, InlineExecutor())
        if report is None:
            report = Session(node.services, link, InlineExecutor()).run()
        finish_session(node.services, report)
        refresh_parity(node.services)
        self.counts["sync"] += 1
        self.counts["request"] += report.requests
        self.counts["forks_met"] += len(self.contacts.check(node, report).forked)
        return report

    def is_twinned(self, node: NodeMachine) -> bool:
        """Tell whether another computer has, or had, a node's disk and key."""
        return node.name in self.twins or f"{node.name}k" in self.twins

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
        for fault in (Fault.CRASH_BEFORE_RENAME, Fault.CRASH_AFTER_RENAME):
            if self.plan.strikes(fault):
                dice = self.plan.dice_of(fault)
                machine = dice.choice(self.machines)
                machine.point.arm_files(dice.randrange(3), fault is Fault.CRASH_AFTER_RENAME, dice.choice((0, 0.5, 1)))
        self._fill_disks()

    def _fill_disks(self) -> None:
        """Let disks become full, and be cleared after a while."""
        for machine in self.machines:
            machine.full_rounds -= 1
            if machine.full_rounds == 0:
                machine.point.free()
        if self.plan.strikes(Fault.DISK_FULL):
            dice = self.plan.dice_of(Fault.DISK_FULL)
            machine = dice.choice(self.machines)
            machine.full_rounds = dice.randrange(1, FULL_ROUNDS_MAX)
            machine.point.fill(dice.randrange(FULL_PAGES_MAX))

    def note_restored(self) -> None:
        """A machine was put back or is gone: forget the promises that nobody can keep any more."""
        self.was_restored = True
        self.restores += 1
        for machine in self.machines:
            machine.promised = self.keep_possible(machine.promised)
        self.hub.told = {}
        # Whoever has forgotten the other history has nothing to notice any more; who has not, still differs.
        self.contacts = Contacts()

    def keep_possible(self, refs: list[str]) -> list[str]:
        """Keep the changes that some machine still holds, in a log or as a branch."""
        held: set[str] = set()
        for machine in (self.hub, *self.nodes):
            with machine.services.database.read() as conn:
                for id, seq, leaf in conn.execute(
                    f"SELECT l.id, c.pos & {SEQ_MASK}, c.leaf FROM change c JOIN log l ON l.no = c.pos >> {SEQ_BITS}"
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
        if self.version > 1:
            self._tell_officers(is_saved)

    def _tell_officers(self, is_saved: bool) -> None:
        """Promise what the hub's own channels have grown by; nothing of an action that did not come back."""
        hub = self.hub
        with hub.services.database.read() as conn:
            for no, id, size in conn.execute("SELECT no, id, size FROM log WHERE own = 1 ORDER BY no").fetchall():
                known = hub.told.get(no, size)
                hub.told[no] = size
                if is_saved and size > known:
                    places = (no << SEQ_BITS | known, no << SEQ_BITS | size)
                    rows = conn.execute("SELECT leaf FROM change WHERE pos >= ? AND pos < ? ORDER BY pos", places)
                    hub.promised += [f"{id}:{known + at}:{leaf[:8].hex()}" for at, (leaf,) in enumerate(rows)]

    def disarm(self) -> None:
        """Let nobody die any more who was chosen and did not yet."""
        for machine in self.machines:
            machine.point.disarm()

    def heal(self) -> None:
        """Switch all faults off; clocks that are wrong stay wrong, for they must not matter."""
        self.disarm()
        self.plan.heal()
        for machine in self.machines:
            machine.point.free()

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
            self.open_node_again(machine)

    def reopen(self, machine: Machine) -> None:
        """Stop a machine in good order and start it again."""
        if isinstance(machine, HubMachine):
            self._reopen_hub()
        elif isinstance(machine, NodeMachine):
            machine.services.close()
            self.open_node_again(machine)

    def open_node_again(self, node: NodeMachine) -> None:
        """Open a node from what its folder holds now."""
        node.services = self._start(node, lambda: open_node(
            node.folder, clock=node.clock, random=node.random, catalogue=node.catalogue
        ))
        watch(node, node.services)

    def close(self) -> None:
        for node in (*self.nodes, *self.hostile, *(stolen.node for stolen in self.stolen)):
            node.services.close()
        if self.kabupaten is not None:
            self.kabupaten.close()
        self.hub.services.close()

    def _reopen_hub(self, crashed: CrashPoint | None = None) -> None:
        self.hub.services.close()
        if crashed is not None:
            crashed.restore_disk()
        self.open_hub_again()

    def open_hub_again(self) -> None:
        """Open the hub from what its folder holds now."""
        hub = self.hub
        hub.services = self._start(hub, lambda: open_hub(
            hub.folder, clock=hub.clock, random=hub.random, catalogue=hub.catalogue
        ))
        watch(hub, hub.services)
        hub.client = make_sync_app(hub.services).test_client()
        self.note_hub_key()

    def _start(self, machine: Machine, start: Callable[[], T]) -> T:
        """Start the program of a machine; where power fails once more meanwhile, start it again."""
        try:
            return start()
        except Crash:
            self.counts["crash"] += 1
            machine.point.restore_disk()
            return start()

    def note_hub_key(self) -> None:
        """Remember every key that the hub ever had; what one of them has signed stays true."""
        public = self.hub.services.keys.signing.public
        if public not in self.hub.publics:
            self.hub.publics.append(public)

    def _pick_machine(self) -> Machine:
        return self.plan.dice.choice(self.machines)

    def _find_node(self, name: str) -> NodeMachine:
        return next(node for node in (*self.nodes, *self.hostile) if node.name == name)


def _plan_nodes(dice: random.Random, nodes: int) -> list[tuple[str, str]]:
    """Choose desa and name of 5 to 20 nodes, mostly few, in 2 to 6 desa."""
    drawn = NODES_MIN + int((NODES_MAX - NODES_MIN + 1) * dice.random() ** 4)
    nodes = nodes or drawn
    desa = DESA[: max(1, min(nodes // 2, dice.randrange(2, len(DESA) + 1)))]
    return [(desa[at % len(desa)], f"simpul{at}") for at in range(nodes)]


def _plan_first(dice: random.Random, nodes: int) -> list[tuple[str, str]]:
    """Choose the nodes of world 1."""
    if nodes:
        desa = DESA[: max(1, min(3, nodes // 2))]
        return [(desa[at % len(desa)], f"simpul{at}") for at in range(nodes)]
    counts = [dice.choice((2, 2, 3)) for _ in range(dice.choice((2, 2, 3)))]
    return [(DESA[at], f"simpul{at}{letter}") for at, count in enumerate(counts) for letter in "abc"[:count]]


def _make_hub(seed: int, folder: Path, time: WorldTime) -> HubMachine:
    clock, chance = DeviceClock(time), make_dice(seed, HUB_NAME).randbytes
    services, recovery = make_hub(folder, HUB, clock, chance)
    officers = tuple(Officer(make_officer(services, name), "wali_data") for name in ("SRI", "JOKO", "TUTI"))
    client = make_sync_app(services).test_client()
    point = CrashPoint(HUB_NAME, folder)
    hub = HubMachine(HUB_NAME, folder, clock, chance, point, services, client, recovery, officers)
    watch(hub, services)
    return hub
