"""Programs of several ages side by side, up to three versions apart, and each brought up to date on another day.

An old node works with a new hub and the other way round. What one of them does not know is kept, relayed and held;
of what both know they say the same, before anybody is brought up to date (sync_protocol.md section 12).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from sqlite3 import Connection

from hub.change import write_common
from shared.changelog.change import decode_headers
from shared.records.catalogue import Catalogue
from shared.records.fields import Writer
from shared.records.kind import Kind
from shared.store.drafts import draft_create, draft_update
from shared.store.records import load_state
from simulation.faults import Fault
from simulation.machines import Machine
from simulation.programs import LADDER, OLD, list_own
from simulation.world import World

NEWEST = LADDER[-1]
BY_HUB = 0.2


def bring_up(world: World, dice: random.Random, steps: int) -> str:
    """Bring one machine up to date by some steps."""
    behind = [machine for machine in world.machines if machine.edition is not NEWEST]
    if not behind:
        return "nothing"
    machine = dice.choice(behind)
    at = min(LADDER.index(machine.edition) + steps, len(LADDER) - 1)
    world.change_program(machine, LADDER[at])
    return f"{machine.name} {at}"


def change_program(world: World) -> str:
    """Let one machine have the next program."""
    return bring_up(world, world.plan.dice_of(Fault.PROGRAM_CHANGED), 1)


def replace_old(world: World) -> str:
    """Let one machine jump to a later program."""
    dice = world.plan.dice_of(Fault.PROGRAM_OLD)
    return bring_up(world, dice, dice.randrange(1, len(LADDER)))


def bring_all_up(world: World) -> None:
    """Let everybody have the newest program."""
    for machine in world.machines:
        if machine.edition is not NEWEST:
            world.change_program(machine, NEWEST)


def is_mixed(world: World) -> bool:
    """Tell whether any machine has, or once had, another program than today's."""
    return any(machine.edition is not OLD for machine in world.machines)


def write_of_its_age(world: World) -> str:
    """Write what not every program knows: a kind, or a field of a resident; the hub at times does so too."""
    dice = world.dice
    if dice.random() < BY_HUB:
        return _publish(world)
    node = dice.choice(world.nodes)
    own = list_own(node.edition)
    if not own:
        return "nothing"
    name, field = dice.choice(own)
    services, kind = node.services, node.catalogue[name]
    if not field:
        title = {kind.title: f"NOMOR {dice.randrange(9)}"}
        return node.write([draft_create(kind, services.new_id(), title)])
    with services.database.write() as conn:
        rows = conn.execute("SELECT id FROM penduduk WHERE desa = ? ORDER BY id", (node.desa,)).fetchall()
        if not rows:
            return "nothing"
        id, text = dice.choice(rows)[0], f"ISI {dice.randrange(9)}"
        value = [text] if kind.fields[field].body_type is list else text
        state = load_state(conn, services.catalogue, kind, node.desa, id)
        return node.write([draft_update(kind, state, id, {field: value})])


def _publish(world: World) -> str:
    """Let the hub write a kind of its program for every desa."""
    hub = world.hub
    own = [name for name, field in list_own(hub.edition, Writer.HUB) if not field]
    if not own:
        return "nothing"
    kind = hub.catalogue[world.dice.choice(own)]
    write_common(hub.services, [draft_create(kind, hub.services.new_id(), {"nama": "KECAMATAN"})], author="")
    return "hub"


def find_unequal(world: World) -> Iterator[str]:
    """Name what a node and the hub show otherwise although both know it; everything has been exchanged."""
    with world.hub.services.database.read() as conn:
        yield from _find_held_in_vain(conn, world.hub)
        for node in world.nodes:
            with node.services.database.read() as own:
                yield from _find_held_in_vain(own, node)
                skipped = _list_newer(conn) | _list_newer(own)
                for kind in node.catalogue:
                    known = world.hub.catalogue.kinds.get(kind.name)
                    if known is None:
                        continue
                    fields = _list_common(kind, known)
                    shown = [_read_rows(side, kind.name, fields, node.desa, skipped) for side in (conn, own)]
                    if shown[0] != shown[1]:
                        yield f"{node.name}: {kind.name} differs from the hub's in what both programs know"


def _list_common(kind: Kind, other: Kind) -> list[str]:
    """List the fields of groups that both programs form alike, but for fields that one of them does not know."""
    return [
        name for group, names in kind.groups.items() for name in names
        if {name for name in names if name in other.fields}
        == {name for name in other.groups.get(group, ()) if name in kind.fields} and name in other.fields
    ]


def _read_rows(
    conn: Connection, table: str, fields: list[str], desa: str, skipped: set[str]
) -> list[tuple[object, ...]]:
    rows = conn.execute(f"SELECT {', '.join(('id', *fields))} FROM {table} WHERE desa = ? ORDER BY id", (desa,))
    return [row for row in rows.fetchall() if row[0] not in skipped]


def _list_newer(conn: Connection) -> set[str]:
    """List the records of which something waits for another program."""
    return {row[0] for row in conn.execute("SELECT DISTINCT record FROM held WHERE alasan = 'jenis_baru'")}


def _find_held_in_vain(conn: Connection, machine: Machine) -> Iterator[str]:
    rows = conn.execute(
        "SELECT record, header FROM change WHERE record IN (SELECT record FROM held WHERE alasan = 'jenis_baru')"
    ).fetchall()
    kinds: dict[str, set[tuple[str, int]]] = {}
    for (record, _), header in zip(rows, decode_headers([row[1] for row in rows]), strict=True):
        kinds.setdefault(record, set()).add((header.kind, header.kind_version))
    for record, found in kinds.items():
        if len({name for name, _ in found}) == 1 and _knows_all(machine.catalogue, found):
            yield f"{machine.name}: {record} waits for a program that knows it, and this one does"


def _knows_all(catalogue: Catalogue, found: set[tuple[str, int]]) -> bool:
    return all(catalogue.get(*one) is not None for one in found)
