"""The road without internet: bundles on the stick of a desa, both ways, and what happens to files on it."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO, cast

from hub.usb.folder import take_path
from node.commands import refresh_parity
from node.usb.folder import read_path
from node.usb.send import write_bundle
from shared.store.outbox import Outbox
from shared.store.stick import NewFile, open_new
from simulation.faults import Fault
from simulation.machines import Machine
from simulation.world import World


def send_stick(world: World) -> str:
    """Write the next bundle of a node onto the stick of its desa."""
    node = world.dice.choice(world.nodes)
    refresh_parity(node.services)
    with _plugged(world, node, node.desa) as stick:
        sent = write_bundle(node.services, stick, new_file=_choose_file(world))
    damage(world, sent.path)
    return f"{node.name} {sent.file.changes}"


def take_stick(world: World) -> str:
    """Bring the stick of a desa to the kecamatan, which answers beside what it takes."""
    desa = world.dice.choice(world.desa)
    hub = world.hub.services
    with _plugged(world, world.hub, desa) as stick:
        outcomes = take_path(hub, stick, Outbox(hub.folder))
    for outcome in outcomes:
        if outcome.answer is not None and outcome.is_beside:
            damage(world, outcome.answer)
    return f"{desa} {[outcome.taken.changes if outcome.taken else -1 for outcome in outcomes]}"


def read_stick(world: World) -> str:
    """Bring the stick home, to one of the computers."""
    node = world.dice.choice(world.nodes)
    with _plugged(world, node, node.desa) as stick:
        done = read_path(node.services, stick)
    refresh_parity(node.services)
    return f"{node.name} {len(done.done)} {len(done.problems)}"


@contextmanager
def _plugged(world: World, machine: Machine, desa: str) -> Iterator[Path]:
    """Put the stick of a desa into a machine; before world 4 what a dying machine had on a stick was tidied up."""
    stick = world.stick(desa)
    with machine.point.plug(stick) if world.version > 3 else nullcontext():
        yield stick


def damage(world: World, path: Path) -> None:
    """Let a file that was just written be lost, cut or changed; keep old ones, and bring one of them back."""
    plan, drawer = world.plan, world.folder / "laci"
    if plan.strikes(Fault.STICK_OLD):
        dice = plan.dice_of(Fault.STICK_OLD)
        drawer.mkdir(exist_ok=True)
        (drawer / path.name).write_bytes(path.read_bytes())
        old = dice.choice(sorted(drawer.iterdir()))
        (world.stick(dice.choice(world.desa)) / old.name).write_bytes(old.read_bytes())
    if plan.strikes(Fault.STICK_CUT):
        path.write_bytes(plan.cut(path.read_bytes(), plan.dice_of(Fault.STICK_CUT)))
    if plan.strikes(Fault.STICK_FLIPPED):
        path.write_bytes(plan.flip(path.read_bytes(), plan.dice_of(Fault.STICK_FLIPPED)))
    if plan.strikes(Fault.STICK_LOST):
        path.unlink()


class _FullFile:
    """A file on a stick that has room for ``left`` more bytes."""

    def __init__(self, file: BinaryIO, left: int) -> None:
        self.file, self.left = file, left

    def write(self, data: bytes) -> int:
        self.left -= len(data)
        if self.left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.file.write(data)

    def __getattr__(self, name: str) -> object:
        return getattr(self.file, name)


def _choose_file(world: World) -> NewFile:
    if not world.plan.strikes(Fault.STICK_FULL):
        return open_new
    left = world.plan.dice_of(Fault.STICK_FULL).randrange(4000)
    return lambda path: cast(BinaryIO, _FullFile(open_new(path), left))
