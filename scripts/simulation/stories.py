"""Stories: what takes several people and several days, one step a round.

Rounds are drawn without memory. That two computers give one person two names, meet, and one of them settles it alone,
or that a stick from before a restore arrives after it, they bring about once in some thousand rounds. A story has
its cast and its steps; between two of them everybody else goes on, and every fault may strike. A step that is
refused, or dies, ends its story there: that is how stories end in a village too.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from hub.pemulihan.watch import suspend
from hub.usb.folder import take_path
from node.sinkron.rotate import take_new_keys
from node.usb.send import write_bundle
from shared.records.kind import Kind
from shared.store.drafts import draft_create, draft_update
from shared.store.outbox import Outbox
from shared.store.records import load_state
from simulation import people, theft
from simulation.copies import Copy, put_back_node, take_copy
from simulation.disasters import buy_another, has_double, steal
from simulation.faults import Fault
from simulation.later import erase_target, write_unknown
from simulation.machines import NodeMachine
from simulation.ports import make_dice
from simulation.world import World

AT_ONCE = 2
TOLD = 0.35
"""The share of rounds that belong to stories."""
GROUPS = (("penduduk", "nik"), ("penduduk", "identitas"), ("keluarga", "no_kk"), ("penduduk", "alamat"))
"""What computers disagree about: mostly what only the kecamatan may settle."""

Steps = Iterator[str]


@dataclass
class Tale:
    """A story under way; it ends when one of its cast is gone."""

    name: str
    cast: list[NodeMachine]
    steps: Steps


class Story(NamedTuple):
    """How a story is told; ``fault`` is the family without which it does not happen."""

    name: str
    cast: int
    tell: Callable[[World, list[NodeMachine]], Steps]
    fault: Fault | None = None
    since: int = 3
    """The world that brought it."""


def choose_repertoire(world: World) -> tuple[str, ...]:
    """Choose the stories of a seed."""
    dice = make_dice(world.seed, "stories")
    return tuple(
        story.name for story in STORIES if story.since <= world.version
        and dice.random() < 0.6 and (story.fault is None or story.fault in world.plan.rates)
    )


def pick_tale(world: World) -> Tale | None:
    """Choose the story that goes on in this round, or begin one; None where nobody is there to play it."""
    tales: list[Tale] = world.tales
    tales[:] = [tale for tale in tales if all(node in world.nodes for node in tale.cast)]
    if len(tales) < AT_ONCE and (not tales or world.dice.random() < 0.2):
        story = world.dice.choice([story for story in STORIES if story.name in world.repertoire])
        cast = _pick_cast(world, story)
        if cast:
            tales.append(Tale(story.name, cast, story.tell(world, cast)))
    return world.dice.choice(tales) if tales else None


def go_on(world: World, tale: Tale) -> str:
    """Play the next step of a story."""
    said = next(tale.steps, None)
    if said is None:
        world.tales.remove(tale)
    return said or "end"


def _pick_cast(world: World, story: Story) -> list[NodeMachine]:
    """Choose computers of one desa, the first of which is nobody's twin."""
    desa = [desa for desa in world.desa if len(world.siblings(desa)) >= story.cast]
    siblings = world.siblings(world.dice.choice(desa)) if desa else []
    first = [node for node in siblings if not world.is_twinned(node)]
    if not first:
        return []
    chosen = world.dice.choice(first)
    return [chosen, *world.dice.sample([node for node in siblings if node is not chosen], story.cast - 1)]


def _values(dice: random.Random, group: str) -> dict[str, Any]:
    return {"no_kk": people.make_no_kk(dice)} if group == "no_kk" else people.penduduk_group(dice, group, ())


def _enter(world: World, node: NodeMachine, name: str) -> str:
    """Enter a new record; return its id."""
    values = people.make_penduduk(world.dice, ()) if name == "penduduk" else _values(world.dice, "no_kk")
    id = node.services.new_id()
    node.write([draft_create(node.services.catalogue[name], id, values)])
    return id


def _edit(world: World, node: NodeMachine, name: str, id: str, group: str) -> str:
    """Write other values into a group of a record, as the computer sees it."""
    kind: Kind = node.services.catalogue[name]
    with node.services.database.write() as conn:
        state = load_state(conn, node.services.catalogue, kind, node.desa, id)
        drafts = (draft_update(kind, state, id, _values(world.dice, group)) for _ in range(9))
        return node.write([next(filter(None, drafts), None)]) if state.exists else "gone"


def _write_on(world: World, node: NodeMachine) -> str:
    """Enter a resident and correct it at once: changes that build on each other. Return its id."""
    id = _enter(world, node, "penduduk")
    for group in world.dice.choices(("nik", "identitas", "alamat", "telepon"), k=world.dice.randrange(1, 4)):
        _edit(world, node, "penduduk", id, group)
    return id


def _meet(world: World, *nodes: NodeMachine) -> str:
    return " ".join(f"{node.name} {world.sync(node).outcome.value}" for node in nodes)


def disagree(world: World, cast: list[NodeMachine]) -> Steps:
    """Two computers give one record two values; one of them sees both, and settles it."""
    first, second = cast
    name, group = world.dice.choice(GROUPS)
    id = _enter(world, first, name)
    yield _meet(world, first, second)
    _edit(world, first, name, id, group)
    yield _edit(world, second, name, id, group)
    yield _meet(world, first, second, first)
    for node in world.dice.choices(cast, k=2):
        _edit(world, node, name, id, group)
        yield _meet(world, node)


def work_under_suspicion(world: World, cast: list[NodeMachine]) -> Steps:
    """The kecamatan suspends a computer, which writes on and sends: it is heard, and nothing of it counts."""
    node = cast[0]
    _write_on(world, node)
    yield _meet(world, node)
    hub = world.hub.services
    with hub.database.write() as conn:
        row = conn.execute(
            "SELECT id FROM simpul WHERE kunci = ? AND status = 'aktif'", (node.services.keys.signing.public.hex(),)
        ).fetchone()
        if row is None:
            return
        suspend(conn, hub, row[0], "diperiksa")
    yield node.name
    for _ in range(world.dice.randrange(1, 3)):
        _write_on(world, node)
        yield _meet(world, node)
    if len(cast) > 1:
        yield _meet(world, cast[1])


def steal_late(world: World, cast: list[NodeMachine]) -> Steps:
    """A computer is stolen after it has sent a good deal; its key ends at an earlier receipt."""
    node, other = cast
    for _ in range(2):
        _write_on(world, node)
        yield _meet(world, node)
    cast.clear()
    yield steal(world, node)
    if other in world.nodes:
        yield _meet(world, other)


def steal_slowly(world: World, cast: list[NodeMachine]) -> Steps:
    """A thief uses a computer for days before the kecamatan hears of it, and goes on when it has."""
    node, other = cast
    _write_on(world, node)
    yield _meet(world, node)
    if has_double(world, node):
        return
    cast[:] = [other]
    stolen = theft.take_away(world, node)
    yield node.name
    for _ in range(world.dice.randrange(2, 5)):
        yield theft.use(world)
    yield _meet(world, other)
    yield theft.take_key_back(world, stolen, world.plan.dice_of(Fault.THIEF))
    buy_another(world, node)
    yield _meet(world, other)
    for _ in range(world.dice.randrange(2, 5)):
        yield theft.use(world)
    yield _meet(world, other)


def write_newer_kinds(world: World, cast: list[NodeMachine]) -> Steps:
    """A computer of a later release writes what nobody here knows, between what everybody knows."""
    node, other = cast
    _enter(world, node, "penduduk")
    write_unknown(world, node)
    _write_on(world, node)
    yield _meet(world, node, other)
    write_unknown(world, other)
    yield _meet(world, other, node)


def write_second_history(world: World, cast: list[NodeMachine]) -> Steps:
    """A computer is put back to an old copy and writes on; both histories meet at the hub, at once or by stick."""
    node = cast[0]
    copy = take_copy(node, _path(world, "salinan"))
    yield node.name
    _write_on(world, node)
    if world.dice.random() < 0.5:
        yield from _meet_after(world, node, copy)
    else:
        yield from _send_before(world, node, copy)


def _meet_after(world: World, node: NodeMachine, copy: Copy) -> Steps:
    """The hub has the first history; the second is issued again, and perhaps once more after it was erased."""
    yield _meet(world, node)
    yield _put_back(world, node, copy)
    id = _write_on(world, node)
    later = take_copy(node, _path(world, "salinan"))
    yield id
    yield _meet(world, node)
    if world.dice.random() < 0.5:
        yield erase_target(world, node.desa, "penduduk", id)
        yield _put_back(world, node, later)
        yield _meet(world, node)


def _send_before(world: World, node: NodeMachine, copy: Copy) -> Steps:
    """The first history travels on sticks; when they arrive, the hub has the second one."""
    sticks = [_send(world, node)]
    if world.dice.random() < 0.5:
        yield node.name
        _write_on(world, node)
        sticks.append(_send(world, node))
    yield _put_back(world, node, copy)
    _write_on(world, node)
    yield _meet(world, node)
    for stick in sticks:
        yield str([outcome.taken.changes if outcome.taken else -1 for outcome in take_path(
            world.hub.services, stick, Outbox(world.hub.services.folder))])
        wants_keys = world.dice.random() < 0.2 and Fault.NODE_KEY in world.plan.rates
        if wants_keys and not world.is_twinned(node):  # it may have been copied since the story began
            take_new_keys(node.services)
        yield _meet(world, node)


def _path(world: World, what: str) -> Path:
    world.counts["path"] += 1
    return world.folder / f"{what}{world.counts['path']}"


def _send(world: World, node: NodeMachine) -> Path:
    """Write everything for the hub onto a stick of its own, which somebody carries."""
    stick = _path(world, "stik")
    stick.mkdir()
    write_bundle(node.services, stick)
    return stick


def _put_back(world: World, node: NodeMachine, copy: Copy) -> str:
    """Put the whole disk back, or, where the keys are others by now, all but them."""
    world.tell_authors(True)  # what was just written was saved all the same
    has_changed = copy.key != node.services.keys.signing.public.hex()
    put_back_node(node, copy, keeps_keys=has_changed, random=node.random)
    world.note_restored()
    return node.name


STORIES = (
    Story("disagree", 2, disagree),
    Story("work_under_suspicion", 2, work_under_suspicion),
    Story("steal_late", 2, steal_late, Fault.NODE_STOLEN),
    Story("write_newer_kinds", 2, write_newer_kinds),
    Story("write_second_history", 1, write_second_history, Fault.NODE_RESTORED),
    Story("steal_slowly", 2, steal_slowly, Fault.THIEF, 4),
)
