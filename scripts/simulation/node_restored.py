"""The long run of nodes that were restored: any older copy, put back at any time, twice in a row, half enrolled."""

from __future__ import annotations

from collections import Counter

from hub.pemulihan.revoke import revoke
from node.sinkron.rotate import take_new_keys
from simulation.copies import put_back_node
from simulation.machines import NodeMachine
from simulation.office_rig import DAY_S, Rig, play_rig

CHAPTERS = 4


def play(seed: int) -> Counter[str]:
    """Play one seed of the long run ``node-restored``; RoundFailed when anything is lost, doubled or not told."""
    return play_rig(seed, CHAPTERS, play_chapter)


def play_chapter(rig: Rig) -> None:
    """Work, copies, sessions; then one or two copies put back; then work or none, until all is whole again."""
    dice = rig.dice
    for _ in range(dice.randrange(2, 6)):
        rig.work(dice.randrange(1, 5))
        node = dice.choice(rig.world.nodes)
        if dice.random() < 0.6:
            rig.copy(node)
        if dice.random() < 0.6:
            rig.contact(dice.choice(rig.world.nodes))
    if dice.random() < 0.15:
        take_new_keys(dice.choice(rig.world.nodes).services)
        rig.counts["new_keys"] += 1
    if dice.random() < 0.1:
        retire(rig)
    for _ in range(dice.choice((1, 1, 1, 2))):
        node = dice.choice(rig.world.nodes)
        restore(rig, node)
        rig.work_at(node, dice.choice((0, 0, 1, 4, 9)))
        rig.work(dice.choice((0, 0, 2)))
        if dice.random() < 0.5:
            rig.contact(dice.choice(rig.world.nodes))
    rig.world.time.passed_s += dice.choice((0, DAY_S, 40 * DAY_S))
    rig.heal()


def restore(rig: Rig, node: NodeMachine) -> None:
    """Put a random older copy of a node back, sometimes while it was in the middle of a session."""
    dice = rig.dice
    if dice.random() < 0.2 and node.services.hub() is not None:
        rig.cut_session(node)
        rig.note_promises()
    if not rig.copies[node.name]:
        rig.copy(node)
    copy, keeps_keys = dice.choice(rig.copies[node.name]), dice.random() < 0.5
    # A database beside keys older than itself is no computer: what restores a backup takes its logs for another's.
    keeps_keys &= copy.key in {key.hex() for key in node.services.keys.publics()}
    put_back_node(node, copy, keeps_keys=keeps_keys, random=rig.fresh_random().randbytes)
    lost = rig.forget_lost()
    rig.tell("restored", node.name, copy.path.name, "keys kept" if keeps_keys else "whole disk", f"lost {lost}")
    rig.counts.update(restores=1, lost=lost, whole_disk=not keeps_keys)
    rig.expect_contact(node)


def retire(rig: Rig) -> None:
    """A computer whose desa has another one dies, and its key is revoked at all that the hub holds of it."""
    world = rig.world
    nodes = [node for node in world.nodes if len(world.siblings(node.desa)) > 1 and node.services.hub() is not None]
    if not nodes:
        return
    node = rig.dice.choice(nodes)
    with world.hub.services.database.read() as conn:
        row = conn.execute(
            "SELECT id FROM simpul WHERE kunci = ? AND status = 'aktif'", (node.services.keys.signing.public.hex(),)
        ).fetchone()
    if row is None:
        return
    world.nodes.remove(node)
    node.services.close()
    rig.contacts.expected.pop(node.name, None)
    # Nobody reads a file of a revoked key.
    rig.carried = [bag for bag in rig.carried if bag.author != node.name]
    revoke(world.hub.services, row[0], "rusak", {}, world.hub.officers[0].petugas)
    rig.note_promises()
    rig.forget_lost()
    rig.tell("retired", node.name)
    rig.counts["retired"] += 1
