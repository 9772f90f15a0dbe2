"""What happens to whole machines: copies put back, computers cloned or stolen, keys changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from hub.commands import make_hub
from hub.pemulihan import revoke
from hub.pemulihan.keys import read_sheet, take_the_place
from hub.pemulihan.keys import take_new_keys as take_new_hub_keys
from node.services import open_node
from node.sinkron.rotate import take_new_keys
from shared.store.changes import list_logs
from simulation import backups, forgery, skew, theft
from simulation.crash import CrashPoint
from simulation.faults import Fault
from simulation.machines import Machine, NodeMachine, watch
from simulation.ports import DeviceClock, make_dice
from simulation.programs import OLD
from simulation.world import World
from tests.support.federation import HUB

KEYS = "kunci"
TWINS_MAX = 1


def strike(world: World) -> None:
    """Let disasters happen at their rates."""
    for fault, act in _ACTS.items():
        if world.plan.strikes(fault):
            world.trace.note(fault.value, act(world))


def _copy_of(machine: Machine) -> Path:
    return machine.folder.with_name(f"{machine.folder.name}.salinan")


def take_copy(world: World) -> str:
    """Copy a machine's whole disk, to be put back one day; an older copy is thrown away."""
    return _take_copy(world.plan.dice.choice(world.machines))


def _take_copy(machine: Machine) -> str:
    machine.services.database.checkpoint()
    shutil.rmtree(_copy_of(machine), ignore_errors=True)
    shutil.copytree(machine.folder, _copy_of(machine), ignore=shutil.ignore_patterns("*-shm", "*-wal"))
    return f"copy {machine.name}"


def restore_node(world: World) -> str:
    """Put an old copy of a node back; what only it held since then is lost, as it would be."""
    node = world.plan.dice.choice(world.nodes)
    if not _copy_of(node).exists():
        return _take_copy(node)
    node.services.close()
    _put_back(world, node)
    world.open_node_again(node)
    world.note_restored()
    return node.name


def restore_hub(world: World) -> str:
    """Put an old copy of the hub back."""
    hub = world.hub
    if not _copy_of(hub).exists():
        return _take_copy(hub)
    hub.services.close()
    _put_back(world, hub)
    world.open_hub_again()
    world.note_restored()
    return "hub"


def _put_back(world: World, machine: Machine) -> None:
    """Replace a folder by its copy; the key folder of today stays where keys have changed, or by chance."""
    copy, keys = _copy_of(machine), machine.folder / KEYS
    has_changed = (copy / KEYS / "kunci.json").read_bytes() != (keys / "kunci.json").read_bytes()
    saved = machine.folder.with_name(f"{machine.folder.name}.kunci")
    shutil.copytree(keys, saved)
    shutil.rmtree(machine.folder)
    shutil.copytree(copy, machine.folder)
    if has_changed or world.plan.dice.random() < 0.5:
        shutil.rmtree(machine.folder / KEYS)
        shutil.copytree(saved, machine.folder / KEYS)
    shutil.rmtree(saved)


def clone_node(world: World) -> str:
    """Set a second computer up from a node's disk: two writers under one key."""
    if len(world.twins) >= TWINS_MAX:
        return "nothing"
    node = world.plan.dice.choice(world.nodes)
    node.services.database.checkpoint()
    name = f"{node.name}k"
    folder = node.folder.with_name(name)
    shutil.copytree(node.folder, folder, ignore=shutil.ignore_patterns("*-shm", "*-wal"))
    clock, chance = DeviceClock(world.time), make_dice(world.plan.dice.randrange(1 << 30), name).randbytes
    services = open_node(folder, clock=clock, random=chance, catalogue=node.catalogue)
    twin = NodeMachine(name, folder, clock, chance, CrashPoint(name, folder), services, node.desa)
    twin.edition = node.edition
    watch(twin, services)
    world.nodes.append(twin)
    world.twins.append(name)
    world.note_restored()
    return name


def steal_node(world: World) -> str:
    """Take a computer away and revoke its key at some receipt; its desa has another one."""
    nodes = [n for n in world.nodes if len(world.siblings(n.desa)) > 1 and n.name not in world.twins]
    if not nodes:
        return "nothing"
    return steal(world, world.plan.dice.choice(nodes))


def steal(world: World, node: NodeMachine) -> str:
    """Take one computer away and revoke its key."""
    hub = world.hub.services
    if Fault.THIEF in world.plan.rates:
        return "nothing" if has_double(world, node) else steal_for_use(world, node)
    with hub.database.read() as conn:
        row = conn.execute(
            "SELECT id FROM simpul WHERE kunci = ? AND status <> 'dicabut'", (node.services.keys.signing.public.hex(),)
        ).fetchone()
        choices = [] if row is None else revoke.list_choices(conn, row[0])
    if row is None or has_double(world, node):
        return "nothing"
    dice = world.plan.dice
    cutoffs = {c.log: dice.choice([size for size, _ in c.receipts]) for c in choices if c.receipts}
    world.nodes.remove(node)
    node.services.close()
    world.note_restored()
    revoke.revoke(hub, row[0], "dicuri", cutoffs, world.hub.officers[0].petugas)
    if world.version > 1:
        buy_another(world, node)
    return node.name


def has_double(world: World, node: NodeMachine) -> bool:
    """Tell whether another computer that is in use has the key of one."""
    key = node.services.keys.signing.public
    return any(other is not node and other.services.keys.signing.public == key for other in world.nodes)


def buy_another(world: World, node: NodeMachine) -> None:
    """Set up and enrol a computer in the place of one that is gone."""
    with world.calm():
        fresh = world.make_node(node.desa, f"{node.name}b")
        world.sync(fresh)  # people stay until it has come through: from then on it can speak for itself
        world.nodes.append(fresh)


def steal_for_use(world: World, node: NodeMachine) -> str:
    """Let a thief have a computer of which the kecamatan hears at once."""
    stolen = theft.take_away(world, node)
    said = theft.take_key_back(world, stolen, world.plan.dice_of(Fault.THIEF))
    buy_another(world, node)
    return said


def change_node_key(world: World) -> str:
    """A node takes new keys."""
    node = world.plan.dice.choice(world.nodes)
    if world.is_twinned(node):
        return "nothing"
    take_new_keys(node.services)
    return node.name


def change_hub_key(world: World) -> str:
    """The hub takes new keys."""
    take_new_hub_keys(world.hub.services)
    world.note_hub_key()
    return "hub"


def destroy_hub(world: World) -> str:
    """Burn the hub down; a new one takes its place under the recovery key, and the nodes bring the rest."""
    hub = world.hub
    former = hub.services.keys.signing.public.hex()
    pinned = [node.services.hub() for node in world.nodes]
    if not all(known is not None and known.kunci == former for known in pinned):
        # The sheet in the envelope names the key that everybody has pinned; until then nobody can be told.
        return "nothing"
    sheet = former if world.version < 4 else _choose_sheet(world)
    hub.services.close()
    hub.point.renames = None  # one that dies while it is set up is set up anew; disk.killing does that to the command
    shutil.rmtree(hub.folder)
    shutil.rmtree(_copy_of(hub), ignore_errors=True)
    made, _ = make_hub(hub.folder, HUB, hub.clock, hub.random)
    take_the_place(made, read_sheet(hub.recovery, sheet))
    made.close()
    world.open_hub_again()
    world.note_restored()
    return "hub"


def _choose_sheet(world: World) -> str:
    """Choose the sheet of the newest key whose common channel somebody has pulled.

    Who knows only a later one hears from nobody which keys came before it (sync_protocol.md 4.4): what that channel
    said first has burned with the hub. Every older sheet leads on to it.
    """
    held: set[str] = set()
    for node in world.nodes:
        with node.services.database.read() as conn:
            held.update(log.kunci.hex() for log in list_logs(conn, HUB))
    keys = [key.hex() for key in world.hub.publics]
    return next((key for key in reversed(keys) if key in held), keys[0])


def lose_picture(world: World) -> str:
    """Lose the file of one attachment at one side."""
    dice = world.plan.dice_of(Fault.PICTURE_LOST)
    machine = dice.choice(world.machines)
    files = sorted(path for path in (machine.folder / "lampiran").rglob("*") if path.is_file())
    if not files:
        return "nothing"
    dice.choice(files).unlink()
    return machine.name


def change_program(world: World) -> str:
    """Let one machine have the newer program, before others."""
    if world.version > 3:
        return skew.change_program(world)
    old = [machine for machine in world.machines if machine.edition is OLD]
    if not old:
        return "nothing"
    machine = world.plan.dice_of(Fault.PROGRAM_CHANGED).choice(old)
    world.change_program(machine)
    return machine.name


_ACTS: dict[Fault, Callable[[World], str]] = {
    Fault.COPY_TAKEN: take_copy,
    Fault.NODE_RESTORED: restore_node,
    Fault.HUB_RESTORED: restore_hub,
    Fault.NODE_CLONED: clone_node,
    Fault.NODE_STOLEN: steal_node,
    Fault.NODE_KEY: change_node_key,
    Fault.HUB_KEY: change_hub_key,
    Fault.HUB_DESTROYED: destroy_hub,
    Fault.PICTURE_LOST: lose_picture,
    Fault.PROGRAM_CHANGED: change_program,
    Fault.PROGRAM_OLD: skew.replace_old,
    Fault.THIEF: theft.use,
    Fault.STICK_FORGED: forgery.forge,
    Fault.BACKUP: backups.back_up_or_put_back,
}
