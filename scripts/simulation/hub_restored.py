"""The long run of a hub that was restored: any older copy, with work before, between and after, at every side.

The hub's keys stay the same all the time: a copy from before a change of them is another story.
"""

from __future__ import annotations

from collections import Counter

from hub.pemulihan.state import end_recovery, read_recovery
from shared.store.changes import find_log, list_logs
from shared.store.evidence import list_events
from simulation import node_restored
from simulation.claims import require
from simulation.contact import EVENTS_MAX
from simulation.copies import put_back_hub, take_copy
from simulation.office_rig import DAY_S, Rig, play_rig
from simulation.world import HUB_NAME

CHAPTERS = 3


def play(seed: int) -> Counter[str]:
    """Play one seed of the long run ``hub-restored``; RoundFailed when anything is lost, doubled or not told."""
    return play_rig(seed, CHAPTERS, play_chapter)


def play_chapter(rig: Rig) -> None:
    """Work, copies of the hub, sessions; then one of the copies, or two in a row; then work, until all is whole."""
    dice = rig.dice
    copy(rig)
    for _ in range(dice.randrange(2, 6)):
        rig.work(dice.randrange(1, 6))
        if dice.random() < 0.4:
            copy(rig)
        if dice.random() < 0.7:
            rig.contact(dice.choice(rig.world.nodes))
    if dice.random() < 0.15:
        rig.add_node(dice.choice(rig.world.desa), f"baru{len(rig.copies)}")
    if dice.random() < 0.1:
        node_restored.retire(rig)
    for _ in range(dice.choice((1, 1, 1, 2))):
        restore(rig)
        for _ in range(dice.choice((0, 1, 2))):
            rig.work(dice.choice((1, 3, 8)))
            rig.contact(dice.choice(rig.world.nodes))
    if dice.random() < 0.2:
        node_restored.restore(rig, dice.choice(rig.world.nodes))
        # Perhaps nobody else knew what the hub has once said.
        rig.must_tell = rig.must_tell and is_known_to_be_old(rig)
    rig.world.time.passed_s += dice.choice((0, DAY_S, 40 * DAY_S))
    rig.heal()
    check_told(rig)


def copy(rig: Rig) -> None:
    """Copy the hub's disk, to be put back one day."""
    kept = rig.copies.setdefault(HUB_NAME, [])
    kept.append(take_copy(rig.world.hub, rig.folder / f"{HUB_NAME}.salinan{len(kept)}"))


def restore(rig: Rig) -> None:
    """Put a random older copy of the hub back; a session that was under way dies with the old one."""
    dice = rig.dice
    if dice.random() < 0.2:
        rig.cut_session(dice.choice(rig.world.nodes))
        rig.note_promises()
    chosen, keeps_keys = dice.choice(rig.copies[HUB_NAME]), dice.random() < 0.5
    put_back_hub(rig.world, chosen, keeps_keys=keeps_keys, random=rig.fresh_random().randbytes)
    # What travels in a bag begins where the hub was: it does not fit a hub that is older than that.
    rig.carried = []
    lost = rig.forget_lost()
    rig.tell("hub restored", chosen.path.name, "keys kept" if keeps_keys else "whole disk", f"lost {lost}")
    rig.counts.update(restores=1, lost=lost, whole_disk=not keeps_keys)
    rig.must_tell = is_known_to_be_old(rig)
    rig.counts["behind"] += rig.must_tell


def is_known_to_be_old(rig: Rig) -> bool:
    """Tell whether a node holds more of the hub's channels than the hub itself."""
    with rig.world.hub.services.database.read() as hub:
        for node in rig.world.nodes:
            with node.services.database.read() as conn:
                for log in list_logs(conn):
                    held = find_log(hub, log.id)
                    if log.peran != "desa" and (held is None or held.size < log.size):
                        return True
    return False


def check_told(rig: Rig) -> None:
    """Check that the hub went into recovery, told it, and has heard everybody by now; then its officer ends it."""
    hub = rig.world.hub.services
    with hub.database.write() as conn:
        recovery = read_recovery(conn)
        told = {event.code for event in list_events(conn, EVENTS_MAX)}
        if rig.must_tell:
            is_told = recovery is not None or rig.has_closed
            require(is_told, "hub: not recovering although nodes knew more of its own words")
            require("pulih" in told, "hub: a restore was not told")
        if recovery is not None:
            rig.counts["recoveries"] += 1
            end_recovery(conn)
    rig.must_tell = rig.has_closed = False
