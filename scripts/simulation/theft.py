"""A stolen computer in the hands of somebody who uses it: writes on, calls the hub, leaves sticks, takes new keys.

Between the theft and the day on which the kecamatan hears of it the thief is any other computer of the desa. From the
revocation on: what lies beyond the cut-off counts nowhere unless an officer adopts it, what the hub has taken of it is
lost nowhere, the other computers of the desa notice nothing, and nothing that the hub has said since reaches the thief.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from sqlite3 import Connection

from hub.pemulihan import revoke
from hub.pemulihan.rotation import REPLACED
from hub.usb.folder import take_path
from node.commands import finish_session
from node.sinkron.handover import InlineExecutor
from node.sinkron.report import Outcome, Report
from node.sinkron.rotate import take_new_keys, tell_new_keys
from node.sinkron.session import Session
from node.usb.folder import read_path
from node.usb.send import write_bundle
from shared.changelog.change import decode_headers
from shared.errors import UserError
from shared.store.changes import SEQ_BITS, SEQ_MASK, list_logs
from shared.store.drafts import draft_create, draft_delete, draft_update
from shared.store.outbox import Outbox
from shared.store.records import load_state
from simulation import people
from simulation.claims import require
from simulation.effects import read_adopted
from simulation.faults import Fault
from simulation.machines import NodeMachine
from simulation.world import World

REVOKED_AGAIN = 0.2
"""How soon people notice that a hub which was put back has forgotten a revocation."""
WRITTEN_MAX = 3


@dataclass
class Stolen:
    """One computer of a thief."""

    node: NodeMachine
    ends: dict[str, int] = field(default_factory=dict)
    """Log id → the cut-off that the officers chose; of several revocations the highest."""
    said: dict[str, int] | None = None
    """How much of every log there was to be read when the key was revoked; None while the hub does not know it."""
    heard: dict[str, int] = field(default_factory=dict)
    """How much there was while the hub did not know it, which a hub that was put back may hold no more: sticks do."""
    was_free: bool = True
    """Whether the hub did not know it when that was last noted."""
    kept: set[str] = field(default_factory=set)
    """What the hub has taken of its logs."""


def take_away(world: World, node: NodeMachine) -> Stolen:
    """Let a computer fall into the hands of a thief; nobody keeps its promises from here on."""
    world.nodes.remove(node)
    node.point.disarm()
    node.point.free()
    stolen = Stolen(node)
    world.stolen.append(stolen)
    world.note_restored()
    return stolen


def find_simpul(world: World, node: NodeMachine) -> str | None:
    """Find the record under which the hub knows a computer; None when no key of it is in force."""
    with world.hub.services.database.read() as conn:
        for key in node.services.keys.publics():
            row = conn.execute("SELECT id FROM simpul WHERE kunci = ? AND status <> 'dicabut'", (key.hex(),)).fetchone()
            if row is not None:
                return str(row[0])
    return None


def take_key_back(world: World, stolen: Stolen, dice: random.Random) -> str:
    """Revoke the key of a stolen computer at some receipt of each of its logs."""
    hub, simpul = world.hub.services, find_simpul(world, stolen.node)
    if simpul is None:
        return "unknown"
    with hub.database.read() as conn:
        choices = revoke.list_choices(conn, simpul)
    ends = {choice.log: choice.size for choice in choices}
    ends |= {c.log: dice.choice([size for size, _ in c.receipts]) for c in choices if c.receipts}
    revoke.revoke(hub, simpul, "dicuri", ends, world.hub.officers[0].petugas)
    stolen.ends = {log: max(size, stolen.ends.get(log, 0)) for log, size in ends.items()} | {
        log: size for log, size in stolen.ends.items() if log not in ends
    }
    stolen.said = _read_sizes(world, stolen)
    return stolen.node.name


def use(world: World) -> str:
    """Let a thief do one thing, if there is one."""
    if not world.stolen:
        return "nothing"
    dice = world.plan.dice_of(Fault.THIEF)
    stolen = dice.choice(world.stolen)
    if not _is_revoked(world, stolen):
        stolen.heard = _join(stolen.heard, stolen.said or {})
        stolen.said = None  # a hub that was put back has forgotten it; whoever has noticed revokes again
        if stolen.ends and dice.random() < REVOKED_AGAIN:
            take_key_back(world, stolen, dice)
    elif stolen.said is None:
        stolen.said = _read_sizes(world, stolen)
    name = dice.choices(tuple(_ACTS), [weight for weight, _ in _ACTS.values()])[0]
    try:
        said = _ACTS[name][1](world, stolen, dice)
    except UserError as refusal:
        said = refusal.kode
    _check(world, stolen)
    return f"{stolen.node.name} {name} {said}"


def note_heard(world: World) -> None:
    """Remember what a hub has had to say to thieves whom it does not know as such, or has not known a moment ago.

    A hub that was put back learns of the revocation again from whoever calls; what it has answered before that may lie
    on a stick, and what was said then may be gone from the hub once more.
    """
    for stolen in world.stolen:
        is_free = not _is_revoked(world, stolen)
        if is_free or stolen.was_free:
            stolen.heard = _read_sizes(world, stolen)
        stolen.was_free = is_free


def write_on(world: World, stolen: Stolen, dice: random.Random) -> str:
    """Enter residents, change what is there, delete it."""
    services, kind = stolen.node.services, stolen.node.services.catalogue["penduduk"]
    with services.database.write() as conn:
        ids = [row[0] for row in conn.execute("SELECT id FROM penduduk ORDER BY id")]
        drafts = [draft_create(kind, services.new_id(), people.make_penduduk(dice, ()))]
        for id in dice.sample(ids, min(len(ids), dice.randrange(WRITTEN_MAX))):
            state = load_state(conn, services.catalogue, kind, stolen.node.desa, id)
            values = people.penduduk_group(dice, dice.choice(people.PENDUDUK_GROUPS), ())
            change = draft_update(kind, state, id, values) if dice.random() < 0.7 else None
            drafts.append(change or draft_delete(kind, state, id, "dihapus"))
        stolen.node.write(drafts)
    stolen.node.written = []  # nobody has promised a thief anything
    return str(len(drafts))


def call(world: World, stolen: Stolen, dice: random.Random) -> str:
    """Run a session, over a line that breaks as everybody's does; under a revoked key it must come to nothing."""
    services, link = stolen.node.services, world.link(stolen.node)
    is_revoked = _is_revoked(world, stolen)
    report: Report | None = tell_new_keys(services, link.with_key, InlineExecutor())
    if report is None:
        report = Session(services, link, InlineExecutor()).run()
    finish_session(services, report)
    require(not (is_revoked and report.outcome is Outcome.SELESAI), "the hub spoke with a computer that was stolen")
    return f"{report.outcome.value} {report.code}"


def leave_stick(world: World, stolen: Stolen, dice: random.Random) -> str:
    """Write a file for the hub onto the stick of the desa, or of another, which somebody will carry there."""
    desa = stolen.node.desa if dice.random() < 0.8 else dice.choice(world.desa)
    return str(write_bundle(stolen.node.services, world.stick(desa)).file.changes)


def read_stick(world: World, stolen: Stolen, dice: random.Random) -> str:
    """Look through the stick of the desa for answers."""
    return str(len(read_path(stolen.node.services, world.stick(stolen.node.desa)).done))


def change_keys(world: World, stolen: Stolen, dice: random.Random) -> str:
    """Take new keys, to be somebody else before the kecamatan knows."""
    take_new_keys(stolen.node.services)
    return stolen.node.services.keys.signing.public.hex()[:8]


def send_courier(world: World, stolen: Stolen, dice: random.Random) -> str:
    """Write onto a stick of one's own, which some stranger brings to the kecamatan and back, at once or much later."""
    stick = world.folder / f"stik-{stolen.node.name}"
    stick.mkdir(exist_ok=True)
    write_bundle(stolen.node.services, stick)
    if dice.random() < 0.4:
        return "waits"
    is_revoked = _is_revoked(world, stolen)
    taken = [outcome.taken for outcome in take_path(world.hub.services, stick, Outbox(world.hub.services.folder))]
    is_heard = any(one is not None and not one.refusal for one in taken)
    require(not (is_revoked and is_heard), "the hub took a stick of a computer that was stolen")
    return f"{is_heard} {len(read_path(stolen.node.services, stick).done)}"


_ACTS = {
    "write": (4, write_on), "call": (4, call), "leave": (2, leave_stick), "read": (2, read_stick),
    "courier": (3, send_courier), "keys": (1, change_keys),
}
"""What a thief does, and how often."""


def catch(world: World) -> None:
    """Let people revoke what nobody came to, or what a hub that was put back has let in again."""
    for stolen in world.stolen:
        take_key_back(world, stolen, world.plan.dice_of(Fault.THIEF))


def find_stolen_effects(world: World) -> Iterator[str]:
    """Name what counts although it lies beyond what the officers said themselves; I5 asks the hub's tables for that."""
    for stolen in world.stolen:
        for machine in (world.hub, *world.siblings(stolen.node.desa)):
            with machine.services.database.read() as conn:
                for log, size in stolen.ends.items():
                    if count := _count_in_force(conn, log, size):
                        yield f"{machine.name}: {count} changes of a thief count"


def _count_in_force(conn: Connection, log: str, end: int) -> int:
    rows = conn.execute(
        "SELECT c.header, c.leaf FROM change c JOIN log l ON l.no = c.pos >> ? LEFT JOIN held h ON h.pos = c.pos"
        " WHERE l.id = ? AND c.pos & ? >= ? AND c.kind <> 'log' AND h.pos IS NULL", (SEQ_BITS, log, SEQ_MASK, end),
    ).fetchall()
    adopted = read_adopted(conn)
    headers = decode_headers([header for header, _ in rows])
    return sum(header.ref(leaf) not in adopted for header, (_, leaf) in zip(headers, rows, strict=True))


def _check(world: World, stolen: Stolen) -> None:
    """Check that a thief has learned nothing that was said since; what the hub holds of him is kept from here on."""
    own = _own(stolen)
    if stolen.said is not None:
        known = _join(stolen.said, stolen.heard)
        for log, size in _measure(stolen.node).items():
            is_known = size <= known.get(log, 0) or log in own
            require(is_known, f"{stolen.node.name}: a thief was given what was said after his key was revoked")
    with world.hub.services.database.read() as conn:
        rows = conn.execute(
            "SELECT l.id, c.pos & ?, c.leaf FROM change c JOIN log l ON l.no = c.pos >> ?", (SEQ_MASK, SEQ_BITS)
        ) if own else ()
        refs = [f"{id}:{seq}:{leaf[:8].hex()}" for id, seq, leaf in rows if id in own]
    world.hub.promised += [ref for ref in refs if ref not in stolen.kept]
    stolen.kept.update(refs)


def _is_revoked(world: World, stolen: Stolen) -> bool:
    """Tell whether the hub knows now, by the word of a person, that no key of a computer may speak."""
    keys = [key.hex() for key in stolen.node.services.keys.publics()]
    with world.hub.services.database.read() as conn:
        asked = "SELECT status, sebab FROM simpul WHERE kunci = ?"
        found = [row for key in keys for row in conn.execute(asked, (key,)).fetchall()]
    by_people = any(status == "dicabut" and sebab != REPLACED for status, sebab in found)
    return by_people and all(status == "dicabut" for status, _ in found)


def _own(stolen: Stolen) -> set[str]:
    keys = set(stolen.node.services.keys.publics())
    with stolen.node.services.database.read() as conn:
        return {log.id for log in list_logs(conn) if log.kunci in keys}


def _measure(machine: NodeMachine) -> dict[str, int]:
    with machine.services.database.read() as conn:
        return {log.id: log.size for log in list_logs(conn)}


def _read_sizes(world: World, stolen: Stolen) -> dict[str, int]:
    """Read how much there is of every log: at the hub, in the hands of the thief, or on a stick from before."""
    with world.hub.services.database.read() as conn:
        sizes = {log.id: log.size for log in list_logs(conn)}
    return _join(sizes, _join(_measure(stolen.node), stolen.heard))


def _join(some: Mapping[str, int], others: Mapping[str, int]) -> dict[str, int]:
    return {log: max(some.get(log, 0), others.get(log, 0)) for log in (*some, *others)}
