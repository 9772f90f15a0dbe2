"""Backups by the product's own hand: made while work goes on, and put back beside the key folder of today."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from node.pulihkan.restore import restore_node
from shared.errors import UserError
from shared.store.backup.make import ENDING, backup_folder, make_daily_backup
from shared.store.folder import DataFolder
from simulation.crash import Crash
from simulation.faults import Fault
from simulation.machines import NodeMachine
from simulation.world import World

PUT_BACK = 0.4


def back_up_or_put_back(world: World) -> str:
    """Make a backup of one node, or put one of its backups back; power may fail at any file that either writes."""
    dice = world.plan.dice_of(Fault.BACKUP)
    node = dice.choice(world.nodes)
    folder = backup_folder(node.services)
    folder.mkdir(exist_ok=True)
    made = sorted(folder.glob(f"*{ENDING}"))
    with node.point.plug(folder):
        if made and dice.random() < PUT_BACK:
            return _put_back(world, node, made, dice)
        return f"{node.name} {make_daily_backup(node.services).pictures}"


def _put_back(world: World, node: NodeMachine, made: list[Path], dice: random.Random) -> str:
    node.services.close()
    try:
        done = restore_node(DataFolder(node.folder), dice.choice(made), "", node.clock, node.random)
        if done.aside is not None:
            shutil.rmtree(node.folder / done.aside.name)
    except Crash:
        # Half of it may have happened, and starting the program finishes it: the node was restored, or it was not.
        world.revive(node)
        world.note_restored()
        return f"{node.name} crash"
    except UserError:
        world.open_node_again(node)
        raise
    world.open_node_again(node)
    world.note_restored()
    return f"{node.name} {done.keeps_keys}"
