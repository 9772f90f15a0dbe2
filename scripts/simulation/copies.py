"""Copies of data folders, taken at any instant and put back much later: what a village does after a dead disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from node.services import open_node
from simulation.machines import HubMachine, Machine, NodeMachine, watch
from simulation.world import World

KEYS = "kunci"


@dataclass(frozen=True)
class Copy:
    """The whole disk of one machine at one instant; ``key`` is the signing key that it had, in hex."""

    path: Path
    key: str


def take_copy(machine: Machine, path: Path) -> Copy:
    """Copy a machine's whole disk while it runs."""
    machine.services.database.checkpoint()
    shutil.copytree(machine.folder, path, ignore=shutil.ignore_patterns("*-shm", "*-wal"))
    return Copy(path, machine.services.keys.signing.public.hex())


def put_back_node(node: NodeMachine, copy: Copy, *, keeps_keys: bool, random: Callable[[int], bytes]) -> None:
    """Put a copy in the place of a node; with ``keeps_keys`` only its database, beside the key folder of today.

    ``random`` must be fresh: a machine that starts again does not draw what it drew before.
    """
    _put_back(node, copy, keeps_keys)
    node.random = random
    node.services = open_node(node.folder, clock=node.clock, random=random, catalogue=node.catalogue)
    watch(node, node.services)


def put_back_hub(world: World, copy: Copy, *, keeps_keys: bool, random: Callable[[int], bytes]) -> None:
    """Put a copy in the place of the hub."""
    _put_back(world.hub, copy, keeps_keys)
    world.hub.random = random
    world.open_hub_again()


def _put_back(machine: NodeMachine | HubMachine, copy: Copy, keeps_keys: bool) -> None:
    machine.services.close()
    keys = machine.folder.with_name(f"{machine.folder.name}.kunci")
    shutil.copytree(machine.folder / KEYS, keys)
    shutil.rmtree(machine.folder)
    shutil.copytree(copy.path, machine.folder)
    if keeps_keys:
        shutil.rmtree(machine.folder / KEYS)
        shutil.copytree(keys, machine.folder / KEYS)
    shutil.rmtree(keys)
