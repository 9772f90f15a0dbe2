"""Sticks that somebody rewrites on purpose: files of another desa, old ones as new, parts of two in one, false claims.

Whoever carries a stick may copy what is on it and write other files; an enrolled enemy may sign what he likes with his
own key. The hub, or the node, refuses such a file or takes of it exactly what it proves: of one whose note does not
verify nothing at all, of any other only runs of the desa of its signer, byte for byte as their author signed them.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from hub.usb.folder import take_path
from hub.usb.receive import take_file
from node.services import KnownHub, NodeServices
from node.usb.folder import read_path
from node.usb.send import write_bundle
from shared.changelog.run import take_run
from shared.errors import ProtocolError, UserError
from shared.merge.scope import Role
from shared.store.changes import Log, list_logs
from shared.store.outbox import Outbox
from shared.store.runs import encode_root
from shared.sync import messages
from shared.sync.bundle import Title, read_letter, write_letter
from simulation.claims import require
from simulation.faults import Fault
from simulation.hostile import HUGE
from simulation.machines import HubMachine, NodeMachine
from simulation.world import World
from tests.support.federation import HUB

KEPT_MAX = 12
"""So many files somebody has copied at a time."""


class Forged(NamedTuple):
    """A file as it arrives; ``desa`` is whose logs it may bring something of, empty for nothing at all."""

    data: bytes
    desa: str


class Parts(NamedTuple):
    """A file taken apart: the text of its note, its runs, and what stands behind them."""

    note: bytes
    message: dict[str, Any]
    runs: list[bytes]
    rest: bytes


def forge(world: World) -> str:
    """Let somebody rewrite one file and bring it to the kecamatan, or to a desa."""
    dice = world.plan.dice_of(Fault.STICK_FORGED)
    if len(_list_copied(world)) < 3 or dice.random() < 0.5:
        _copy_one(world, dice)
    is_up = dice.random() < 0.7
    copied = [path for path in _list_copied(world) if path.name.endswith("up" if is_up else "down")]
    act = dice.choice(FORGERIES_UP if is_up else FORGERIES_DOWN)
    victim = dice.choice(world.nodes)
    made = act(world, victim, [path.read_bytes() for path in copied], dice) if copied else None
    if made is None:
        return "nothing"
    stick = world.folder / "stik-palsu"
    stick.mkdir(exist_ok=True)
    for left in stick.iterdir():
        left.unlink()
    name = f"sipande-{'kirim' if is_up else 'jawab'}-{victim.desa}-palsu-20261122-0001.sipande"
    (stick / name).write_bytes(made.data)
    said = _bring_to_hub(world, stick, made) if is_up else _bring_home(world, victim, stick, made)
    return f"{act.__name__} {said}"


def _bring_to_hub(world: World, stick: Path, made: Forged) -> str:
    before = _measure(world.hub)
    taken = [one.taken for one in take_path(world.hub.services, stick, Outbox(world.hub.services.folder))]
    _check_taken(world.hub, before, made)
    for enemy in world.hostile:
        try:
            read_path(enemy.services, stick)
        except UserError:
            continue  # nothing there is for it
        places = {log.wilayah for log in _measure(enemy).values()}
        require(places <= {enemy.desa, HUB}, "an enemy was handed a log of another desa on a stick")
    return str([one.changes if one else -1 for one in taken])


def _bring_home(world: World, node: NodeMachine, stick: Path, made: Forged) -> str:
    before, hub, marks = _measure(node), node.services.hub(), _read_marks(node.services)
    try:
        return str(len(read_path(node.services, stick).done))
    finally:
        _check_taken(node, before, made)
        is_same = _is_same_hub(world, hub, node.services.hub()) and _read_marks(node.services) == marks
        require(bool(made.desa) or is_same, f"{node.name}: a forged answer has changed what it knows of the hub")
        if not world.was_restored:
            _check_marks(world, node)


def _check_taken(machine: HubMachine | NodeMachine, before: dict[str, Log], made: Forged) -> None:
    """Check that nothing has come which the file could not prove; what came verifies (I4) or is found in turns."""
    for log in _measure(machine).values():
        known = before.get(log.id)
        has_grown = known is None or log.size > known.size
        if has_grown and log.peran is Role.DESA:
            require(log.wilayah == made.desa, f"{machine.name}: a forged file has brought a log of {log.wilayah}")
        elif has_grown:
            require(bool(made.desa), f"{machine.name}: a forged file has moved a channel of the hub")


def _is_same_hub(world: World, before: KnownHub | None, now: KnownHub | None) -> bool:
    """Tell whether the hub is known as before, or under a later key of its own.

    The answer to somebody else bears the successors too, each proven by the key before (4.4), and whoever reads it
    follows them: that is no forgery, whoever has brought it.
    """
    if before is None or now is None or before.kunci == now.kunci:
        return before == now
    return bytes.fromhex(now.kunci) in world.hub.publics


def _check_marks(world: World, node: NodeMachine) -> None:
    """Check that no receipt on a stick says more than the hub holds."""
    held = _measure(world.hub)
    for log, mark in _read_marks(node.services).items():
        require(log in held and mark <= held[log].size, f"{node.name}: a forged file confirms what the hub lacks")


def _measure(machine: HubMachine | NodeMachine) -> dict[str, Log]:
    with machine.services.database.read() as conn:
        return {log.id: log for log in list_logs(conn)}


def _read_marks(services: NodeServices) -> dict[str, int]:
    with services.database.read() as conn:
        return dict(conn.execute("SELECT l.id, max(r.size) FROM receipt r JOIN log l ON l.no = r.log GROUP BY l.id"))


# Copies of what travels ----------------------------------------------------------------------------------------


def _list_copied(world: World) -> list[Path]:
    drawer = world.folder / "palsu"
    return sorted(drawer.iterdir()) if drawer.is_dir() else []


def _copy_one(world: World, dice: random.Random) -> None:
    """Copy the next file of somebody, and perhaps the answer that it gets; the original is lost, or arrives."""
    drawer, stick = world.folder / "palsu", world.folder / "stik-disalin"
    drawer.mkdir(exist_ok=True)
    stick.mkdir(exist_ok=True)
    node = dice.choice((*world.nodes, *world.hostile))
    path = write_bundle(node.services, stick).path
    data = path.read_bytes()
    path.unlink()
    _keep(world, dice, data, "up")
    if dice.random() < 0.6:
        taken = take_file(world.hub.services, BytesIO(data))
        _keep(world, dice, b"".join(taken.answer()), "down")


def _keep(world: World, dice: random.Random, data: bytes, ending: str) -> None:
    kept = _list_copied(world)
    if len(kept) >= KEPT_MAX:
        dice.choice(kept).unlink()
    world.counts["copied"] += 1
    (world.folder / "palsu" / f"{world.counts['copied']:06d}.{ending}").write_bytes(data)


def _take_apart(data: bytes) -> Parts:
    _, at = read_letter(data)
    note, runs, start = data[:at], [], at
    while start < len(data):
        try:
            found = take_run(data, start)
        except ProtocolError:
            break
        if found is None:
            break
        runs.append(data[start : found[2]])
        start = found[2]
    return Parts(note, json.loads(note.split(b"\n", 2)[1]), runs, data[start:])


def _put_together(parts: Parts) -> bytes:
    return parts.note + b"".join(parts.runs) + parts.rest


# What is brought to the kecamatan ------------------------------------------------------------------------------

Forgery = Callable[[World, NodeMachine, list[bytes], random.Random], Forged | None]


def bring_other(world: World, victim: NodeMachine, copied: list[bytes], dice: random.Random) -> Forged:
    """Call a file of another computer, of whatever age, the newest of this one."""
    data = dice.choice(copied)
    return Forged(data, _take_apart(data).message["wilayah"])


def mix(world: World, victim: NodeMachine, copied: list[bytes], dice: random.Random) -> Forged:
    """Put the runs of two files behind the note of one, in any order, some twice and some not at all."""
    first, second = (_take_apart(dice.choice(copied)) for _ in range(2))
    runs = [*first.runs, *second.runs]
    drawn = dice.choices(runs, k=dice.randrange(1, 2 * len(runs))) if runs else []
    rest = dice.choice((first.rest, second.rest, b""))
    return Forged(_put_together(first._replace(runs=drawn, rest=rest)), first.message["wilayah"])


def move_runs(world: World, victim: NodeMachine, copied: list[bytes], dice: random.Random) -> Forged:
    """Say in the headers of runs that they are of another log, another place, or under the note of another."""
    parts = _take_apart(dice.choice(copied))
    others = [run for data in copied for run in _take_apart(data).runs]
    runs = [_rewrite_header(run, dice.choice(others), dice) for run in parts.runs]
    return Forged(_put_together(parts._replace(runs=runs)), parts.message["wilayah"])


def _rewrite_header(run: bytes, other: bytes, dice: random.Random) -> bytes:
    (line, _, sealed), (said, _, _) = run.partition(b"\n"), other.partition(b"\n")
    at = line.index(b"{")
    members, found = json.loads(line[at:]), json.loads(said[at:])
    for name in dice.sample(("log", "start", "end", "checkpoint", "proof", "erased"), dice.randrange(1, 4)):
        members[name] = found[name]
    return line[:at] + json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" + sealed


def rewrite_note(world: World, victim: NodeMachine, copied: list[bytes], dice: random.Random) -> Forged | None:
    """Write another number, another size, another name into a note, and leave its signature."""
    parts = _take_apart(dice.choice(copied))
    title, text, signed = parts.note.split(b"\n", 2)
    lied = messages.encode({**parts.message, **_lie(world, parts.message, dice)})
    if lied == text:
        return None
    return Forged(_put_together(parts._replace(note=b"\n".join((title, lied, signed)))), "")


def sign_lies(world: World, victim: NodeMachine, copied: list[bytes], dice: random.Random) -> Forged | None:
    """Let an enrolled enemy sign a note that lies, before runs of anybody."""
    if not world.hostile:
        return None
    enemy = world.hostile[0]
    stick = world.folder / "stik-musuh"
    stick.mkdir(exist_ok=True)
    path = write_bundle(enemy.services, stick).path
    parts = _take_apart(path.read_bytes())
    path.unlink()
    message = {**parts.message, **_lie(world, parts.message, dice)}
    runs = [*parts.runs, *(run for data in copied for run in _take_apart(data).runs)]
    key = enemy.services.keys.previous or enemy.services.keys.signing
    note = write_letter(Title.UP, message, key)
    is_himself = message["sender"] == key.public.hex() and message["wilayah"] == enemy.desa
    drawn = dice.sample(runs, dice.randrange(len(runs) + 1))
    return Forged(_put_together(parts._replace(note=note, runs=drawn)), enemy.desa if is_himself else "")


def _lie(world: World, message: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """Make up some members of the note of a bundle."""
    other = dice.choice(world.nodes)
    heads = [
        {"id": log.id, "size": dice.choice((log.size, log.size + 1, 1, 1 << 39)), "root": _some_root(log, dice)}
        for log in _measure(other).values()
    ]
    lies: dict[str, Any] = {
        "number": dice.choice((0, message["number"] + 1, 1 << 39)), "logs": heads,
        "reaches": [{"id": head["id"], "size": dice.choice((0, HUGE[0]))} for head in heads],
        "wilayah": other.desa, "sender": other.services.keys.signing.public.hex(), "nonce": "x" * dice.randrange(1, 60),
        "receiver": other.services.keys.signing.public.hex(), "time": dice.choice((0, 1 << 39)), "held": 7,
        "rotate": {"kunci": other.services.keys.signing.public.hex(), "segel": "ab" * 32, "bukti": "cd" * 64},
    }
    return {name: lies[name] for name in dice.sample(sorted(lies), dice.randrange(1, 4))}


def _some_root(log: Log, dice: random.Random) -> str:
    return encode_root(log.root() if dice.random() < 0.5 else dice.randbytes(32))


# What is brought home ------------------------------------------------------------------------------------------


def bring_answer(world: World, victim: NodeMachine, copied: list[bytes], dice: random.Random) -> Forged:
    """Bring the answer to somebody else, or an old one."""
    data = dice.choice(copied)
    return Forged(data, _find_reader(victim, _take_apart(data)))


def mix_answers(world: World, victim: NodeMachine, copied: list[bytes], dice: random.Random) -> Forged:
    """Put the runs of two answers behind the note of one."""
    first, second = (_take_apart(dice.choice(copied)) for _ in range(2))
    runs = [*first.runs, *second.runs]
    drawn = dice.choices(runs, k=dice.randrange(1, 2 * len(runs))) if runs else []
    return Forged(_put_together(first._replace(runs=drawn, rest=second.rest)), _find_reader(victim, first))


def rewrite_answer(world: World, victim: NodeMachine, copied: list[bytes], dice: random.Random) -> Forged:
    """Write into an answer whose it is, other receipts, a key to seal to; the signature stays, or is an enemy's."""
    taken_apart = [_take_apart(data) for data in copied]
    other, own = dice.choice(taken_apart), victim.services.keys.signing.public.hex()
    # An answer that the victim waits for is believed most.
    parts = dice.choice([parts for parts in taken_apart if _find_reader(victim, parts)] or taken_apart)
    message = {
        **parts.message, "receiver": own, "wilayah": victim.desa, "number": parts.message["number"] + 1,
        "receipts": other.message.get("receipts", []), "code": dice.choice(("", "key_revoked")), "segel": "ab" * 32,
    }
    if world.hostile and dice.random() < 0.5:
        key = world.hostile[0].services.keys.signing
        if dice.random() < 0.5:
            message["sender"] = key.public.hex()
        note = write_letter(Title.DOWN, message, key)
    else:
        title, _, signed = parts.note.split(b"\n", 2)
        note = b"\n".join((title, messages.encode(message), signed))
    return Forged(_put_together(parts._replace(note=note)), "")


def _find_reader(victim: NodeMachine, parts: Parts) -> str:
    """Tell whose desa an answer may bring something to: that of the victim, if it is for a key of his."""
    keys = {key.hex() for key in victim.services.keys.publics()}
    return victim.desa if parts.message["receiver"] in keys else ""


FORGERIES_UP: tuple[Forgery, ...] = (bring_other, mix, move_runs, rewrite_note, sign_lies)
FORGERIES_DOWN: tuple[Forgery, ...] = (bring_answer, mix_answers, rewrite_answer)
