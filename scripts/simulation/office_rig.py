"""A small kecamatan whose machines are copied and put back: work, sessions cut anywhere, sticks, and what must hold."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from hub.pemulihan.revoke import adopt, lift, list_quarantined
from hub.simpul.enrol import confirm_candidate, open_slot
from hub.usb.folder import take_path
from hub.verval.cases import update_cases
from node.commands import finish_session, make_node, refresh_parity
from node.services import NodeServices
from node.sinkron.enrol import enrol
from node.sinkron.handover import InlineExecutor
from node.sinkron.rotate import take_new_keys, tell_new_keys
from node.sinkron.session import Outcome, Report, Session
from node.sinkron.transport import Answer
from node.usb.folder import read_path
from node.usb.send import write_bundle
from shared.errors import TransportError, UserError
from shared.store.outbox import Outbox
from running.memory import make_folder
from simulation.actions import ACTIONS
from simulation.claims import require
from simulation.contact import Contact, Contacts
from simulation.copies import Copy, take_copy
from simulation.crash import CrashPoint
from simulation.effects import list_suspended
from simulation.faults import FaultPlan
from simulation.healing import check_cases, check_healed, close_recovery, drain
from simulation.invariants import check_all
from simulation.link import FaultyLink
from simulation.machines import NodeMachine, watch
from simulation.ports import DeviceClock, make_dice
from simulation.promises import Promises, Side, read_salts
from simulation.run import RoundFailed
from simulation.world import DESA, World
from tests.support.federation import ADDRESS

WORK = [action for action in ACTIONS if action.name != "sync"]
DAY_S = 86_400
UPDATES_MAX = 4


class Carried(NamedTuple):
    """A file to the hub that is still in somebody's bag, and the changes in it."""

    author: str
    path: Path
    salts: frozenset[bytes]


@dataclass
class Rig:
    """One seed's kecamatan with its copies, sticks and promises."""

    seed: int
    folder: Path
    world: World = field(init=False)
    dice: random.Random = field(init=False)
    promises: Promises = field(default_factory=Promises)
    copies: dict[str, list[Copy]] = field(default_factory=dict)
    carried: list[Carried] = field(default_factory=list)
    contacts: Contacts = field(default_factory=Contacts)
    """What nodes that were restored have still to notice."""
    by_stick: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    must_tell: bool = False
    has_closed: bool = False
    """The hub was restored from a copy that nodes know to be old: its officers must read it."""
    story: list[str] = field(default_factory=list)
    _fresh: int = 0

    def __post_init__(self) -> None:
        self.dice = make_dice(self.seed, "rig")
        self.world = World.build(self.seed, self.folder, 1, version=1)
        self.world.plan = FaultPlan(make_dice(self.seed, "faults"), {})
        for node in self.world.nodes:
            self.copies[node.name] = []
        count = self.dice.choice((1, 2, 2, 3))
        for at in range(count):
            self.add_node(self.dice.choice(DESA), f"pc{at}")
        self.by_stick = {node.name for node in self.world.nodes if self.dice.random() < 0.15}
        self.note_promises()

    # People --------------------------------------------------------------------------------------------------

    def add_node(self, desa: str, name: str) -> NodeMachine:
        """Set a node up, copy its disk before it is enrolled, and enrol it."""
        clock, chance = DeviceClock(self.world.time), make_dice(self.seed, name).randbytes
        folder = self.folder / name
        services = make_node(folder, desa, name, clock, chance)
        node = NodeMachine(name, folder, clock, chance, CrashPoint(name, folder), services, desa)
        watch(node, services)
        self.copies[name] = []
        self.copy(node)
        self.admit(node)
        self.world.nodes.append(node)
        return node

    def admit(self, node: NodeMachine) -> None:
        """Enrol a node, or one again whose database has forgotten it; under a new key where the old was replaced."""
        hub = self.world.hub
        code = open_slot(hub.services, node.desa, ADDRESS, "simulasi")
        try:
            known, words = enrol(node.services, code, self.world.link(node))
        except UserError as refusal:
            if refusal.kode != "key_revoked":
                raise
            take_new_keys(node.services)
            self.counts["readmitted"] += 1
            known, words = enrol(node.services, code, self.world.link(node))
        if known.status != "aktif":
            confirm_candidate(hub.services, known.simpul, " ".join(words), hub.officers[0].petugas)
        self.counts["enrolled"] += 1

    def copy(self, node: NodeMachine) -> None:
        """Copy a node's disk, to be put back one day."""
        kept = self.copies[node.name]
        kept.append(take_copy(node, self.folder / f"{node.name}.salinan{len(kept)}"))

    def work_at(self, node: NodeMachine, steps: int) -> None:
        """Let one village computer write, and the kecamatan."""
        everybody, self.world.nodes = self.world.nodes, [node]
        try:
            self.work(steps)
        finally:
            self.world.nodes = everybody

    def work(self, steps: int) -> None:
        """Let villages and kecamatan write."""
        world = self.world
        for _ in range(steps):
            world.time.passed_s += self.dice.choice((1, 30, 600, 7200))
            action = world.dice.choices(WORK, [action.weight for action in WORK])[0]
            try:
                self.tell(action.name, action.act(world))
            except UserError as refusal:
                self.tell(action.name, refusal.kode)
            self.counts["work"] += 1
        for node in world.nodes:
            node.written = []
        self.note_promises()

    def note_promises(self) -> None:
        for machine in (self.world.hub, *self.world.nodes):
            self.promises.note(machine.services)

    def tell(self, *words: object) -> None:
        """Add a line to the story of this seed."""
        self.story.append(" ".join(map(str, words)))

    def fresh_random(self) -> random.Random:
        """Give chance that no machine of this seed has drawn from before."""
        self._fresh += 1
        return make_dice(self.seed, f"fresh{self._fresh}")

    def forget_lost(self) -> int:
        """After a machine was put back or is gone: hold nobody to what nobody has any more; tell how much that is."""
        sides: list[Side] = [self.world.hub.services, *(node.services for node in self.world.nodes)]
        self.world.was_restored = True
        return self.promises.keep_possible(sides, [bag.salts for bag in self.carried])

    # Roads ---------------------------------------------------------------------------------------------------

    def contact(self, node: NodeMachine) -> None:
        """Let one node meet the hub by its usual road: whole, cut anywhere, by stick, or a stick that lies about."""
        if node.services.hub() is None:
            self.admit(node)
        if node.name in self.by_stick:
            self.trip(node)
        elif self.dice.random() < 0.35:
            self.cut_session(node)
        else:
            self.check_contact(node, self.sync(node))
        self.note_promises()

    def sync(self, node: NodeMachine, link: FaultyLink | None = None) -> Report:
        """Run a session; a computer whose key was replaced since its disk was copied is admitted under a new one."""
        link = self.world.link(node) if link is None else link
        services = node.services
        self._look_ahead(node)
        report = tell_new_keys(services, link.with_key, InlineExecutor())
        if report is None:
            report = Session(services, link, InlineExecutor()).run()
        finish_session(services, report)
        refresh_parity(services)
        self.counts["sessions"] += 1
        self.tell("sync", node.name, report.outcome.value, report.code, report.detail)
        if report.code == "key_revoked":
            self.admit(node)
            return self.sync(node)
        return report

    def cut_session(self, node: NodeMachine) -> None:
        """Let a session die at a request or an answer, drawn; the link stays dead for the rest of it."""
        link = DyingLink(**vars(self.world.link(node)), left=self.dice.randrange(12), loses=self.dice.random() < 0.5)
        report = self.sync(node, link)
        self.counts["cut"] += report.outcome is not Outcome.SELESAI
        self.check_contact(node, report)

    def trip(self, node: NodeMachine) -> None:
        """Carry a file to the kecamatan and its answer back; now and then it stays in a bag instead."""
        stick = self.folder / f"stik-{node.name}"
        stick.mkdir(exist_ok=True)
        refresh_parity(node.services)
        self._look_ahead(node)
        sent = write_bundle(node.services, stick)
        salts = frozenset(salt for salt, _ in read_salts(node.services, own=True))
        if self.dice.random() < 0.3:
            bag = self.folder / f"tas{self._fresh}-{len(self.story)}"
            bag.mkdir()
            self.carried.append(Carried(node.name, sent.path.rename(bag / sent.path.name), salts))
            self.tell("bag", node.name)
            return
        self.take(sent.path)
        answers = read_path(node.services, stick)
        refresh_parity(node.services)
        self.tell("stick", node.name, answers.sentences())
        self.counts["sticks"] += 1

    def take(self, path: Path) -> None:
        """Let the kecamatan read one file."""
        hub = self.world.hub.services
        for outcome in take_path(hub, path, Outbox(hub.folder)):
            self.tell("taken", outcome.sentences)

    def deliver(self) -> None:
        """Bring every file that still lies in a bag to the kecamatan; the answers are not read by anybody."""
        for item in self.carried:
            self.take(item.path)
            self.counts["late_sticks"] += 1
        self.carried = []

    # What must hold ------------------------------------------------------------------------------------------

    def expect_contact(self, node: NodeMachine) -> None:
        """Note that a node was restored: its next contact must notice what that makes of its logs."""
        self.contacts.expected[node.name] = Contact()

    def _look_ahead(self, node: NodeMachine) -> None:
        if node.name in self.contacts.expected:
            self.contacts.look_ahead(node, self.world.hub.services)

    def check_contact(self, node: NodeMachine, report: Report) -> None:
        """Check that a session that went well has noticed what it must."""
        noticed = self.contacts.check(node, report)
        self.counts.update(forks=len(noticed.forked), behind=len(noticed.behind))

    def heal(self) -> None:
        """Bring everything home: files, sessions, suspended keys, quarantine; then check all that must hold."""
        world, hub = self.world, self.world.hub.services
        self.note_promises()
        self.deliver()
        for node in [*world.nodes, *world.nodes]:
            if node.services.hub() is None:
                self.admit(node)
            report = self.sync(node)
            if report.code == "unknown_key":
                report = self.sync(node)  # the hub forgot a change of keys, and is told again
            if report.code == "unknown_key":
                self.admit(node)  # nobody was left who could tell the hub of this enrolment
                report = self.sync(node)
            self.check_contact(node, report)
        self._release()
        drain(world)
        self._close_recovery()
        for _ in range(UPDATES_MAX):
            # What a settlement leads to is seen by the next look, as the hub takes one with every push.
            if not update_cases(hub):
                break
            drain(world)
        require(not self.contacts.expected, f"never noticed: {self.contacts.expected}")
        self.check()

    def _close_recovery(self) -> None:
        """Let a person close a recovery that waits for a computer which will never call again."""
        if close_recovery(self.world):
            self.has_closed = True
            self.counts.update(closed=1, recoveries=1)

    def _release(self) -> None:
        """Let officers lift suspensions and adopt what is in quarantine, as they do once they have asked."""
        hub, officer = self.world.hub.services, self.world.hub.officers[0].petugas
        with hub.database.read() as conn:
            suspended = list_suspended(conn)
        for simpul, _ in suspended:
            lift(hub, simpul, "sudah ditanyakan", officer)
            self.counts["suspended"] += 1
        with hub.database.read() as conn:
            held = list_quarantined(conn)
        for item in held:
            adopt(hub, item.ref, "sudah dicocokkan", officer)
            self.counts["adopted"] += 1

    def check(self) -> None:
        """Check that all sides hold everything once, that bytes verify, and that tables equal a rebuild."""
        world = self.world
        sides: list[tuple[str, str, Side]] = [("hub", "", world.hub.services)]
        sides += [(node.name, node.desa, node.services) for node in world.nodes]
        for name, desa, side in sides:
            broken = self.promises.list_broken(side, desa)
            require(not broken, f"{name}: {broken}")
            require(not count_held(side, "menunggu_induk"), f"{name}: something waits for what nobody has")
        world.restores = self.counts["restores"]
        check_all(world)
        check_healed(world)
        check_cases(world)

    def close(self) -> None:
        self.world.close()


@dataclass
class DyingLink(FaultyLink):
    """A link that dies after ``left`` more requests; the last one, or its answer, is lost with it."""

    left: int = 0
    loses: bool = False

    def post(self, path: str, body: bytes, nonce: str) -> Answer:
        if self.left < 0 or (self.left == 0 and self.loses):
            self.left = -1
            raise TransportError("link is dead")
        self.left -= 1
        answer = super().post(path, body, nonce)
        if self.left < 0:
            raise TransportError("answer lost")
        return answer


def play_rig(seed: int, chapters: int, play_chapter: Callable[[Rig], None]) -> Counter[str]:
    """Play the chapters of one seed, each of which ends whole; RoundFailed tells the story up to what broke."""
    with make_folder() as folder:
        rig = Rig(seed, Path(folder))
        try:
            for _ in range(chapters):
                play_chapter(rig)
                rig.tell("healed")
            return rig.counts
        except Exception as error:
            story = "\n".join(rig.story[-40:])
            raise RoundFailed(f"{story}\n{type(error).__name__}: {error}") from error
        finally:
            rig.close()


def count_held(side: NodeServices | Side, reason: str) -> int:
    """Count the changes that are held for a reason."""
    with side.database.read() as conn:
        return int(conn.execute("SELECT count(*) FROM held WHERE alasan = ?", (reason,)).fetchone()[0])
