"""What people do in world 2 beside :mod:`simulation.actions`: pictures, quarantine, the newer program's fields."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from hub.pemulihan import revoke
from hub.penghapusan.erase import erase
from hub.penghapusan.rules import Target
from hub.verval.decide import Officer
from shared.store.blobs import store_of, sweep_side
from shared.store.drafts import draft_create, draft_update
from shared.store.records import load_state
from simulation.effects import list_suspended
from simulation.machines import NodeMachine
from simulation.programs import NEW, NEW_FIELD, NEW_KIND
from simulation.skew import write_of_its_age
from simulation.world import World

PICTURE_BYTES_MAX = 24_000
NAMING = (("penduduk", "foto"), ("kasus", "lampiran"))


def take_picture(world: World) -> str:
    """Put a photo on a resident, or a scan behind a case; now and then one that is there already, or none."""
    node, dice = world.dice.choice(world.nodes), world.dice
    services = node.services
    name, field = dice.choice(NAMING)
    kind = services.catalogue[name]
    if field not in kind.fields:
        return "nothing"
    data = b"\xff\xd8\xff" + dice.randbytes(dice.choice((1, 50, 4_000, dice.randrange(PICTURE_BYTES_MAX))))
    with services.database.read() as conn:
        ids = [row[0] for row in conn.execute(f"SELECT id FROM {name} WHERE desa = ? ORDER BY id", (node.desa,))]
    if not ids:
        return "nothing"
    # The bytes first: a record never names what is not here.
    digest = store_of(services).add(node.desa, data) if dice.random() < 0.9 else None
    with services.database.write() as conn:
        id = dice.choice(ids)
        state = load_state(conn, services.catalogue, kind, node.desa, id)
        if not state.exists:
            return "gone"
        return node.write([draft_update(kind, state, id, {field: digest})])


def sweep(world: World) -> str:
    """Sweep the attachments of one machine, as every day."""
    return str(sweep_side(world.dice.choice(world.machines).services).removed)


def write_unknown(world: World, node: NodeMachine) -> str:
    """Write a kind, or a version of a kind, that nobody here knows."""
    services, known = node.services, node.services.catalogue["keluarga"]
    kind = world.dice.choice((replace(known, name=NEW_KIND), replace(known, version=known.version + 1)))
    return node.write([draft_create(kind, services.new_id(), {"alamat": "dekat balai", "warna": 3})])


def write_newer(world: World) -> str:
    """Write what only the newer program knows: a kind, or a field of a resident."""
    if world.version > 3:
        return write_of_its_age(world)
    nodes = [node for node in world.nodes if node.edition is NEW]
    if not nodes:
        return "nothing"
    node, dice = world.dice.choice(nodes), world.dice
    services = node.services
    if dice.random() < 0.4:
        return node.write([draft_create(services.catalogue[NEW_KIND], services.new_id(), {"alamat": "RT 3"})])
    kind = services.catalogue["penduduk"]
    with services.database.write() as conn:
        rows = conn.execute("SELECT id FROM penduduk WHERE desa = ? ORDER BY id", (node.desa,)).fetchall()
        if not rows:
            return "nothing"
        id = dice.choice(rows)[0]
        state = load_state(conn, services.catalogue, kind, node.desa, id)
        return node.write([draft_update(kind, state, id, {NEW_FIELD: f"catatan {dice.randrange(9)}"})])


def adopt(world: World) -> str:
    """Let one change out of quarantine."""
    hub = world.hub.services
    with hub.database.read() as conn:
        held = revoke.list_quarantined(conn)
    if not held:
        return "nothing"
    chosen = world.dice.choice(held)
    revoke.adopt(hub, chosen.ref, "sudah dicocokkan", _officer(world).petugas)
    return chosen.ref


def erase_record(world: World) -> str:
    """Two officers erase all that a record holds: its body bytes go everywhere, its place in the log stays."""
    hub, dice = world.hub.services, world.dice
    name = dice.choice(("penduduk", "penduduk", "keluarga", "penerima_bantuan"))
    with hub.database.read() as conn:
        rows = conn.execute(f"SELECT desa, id FROM {name} ORDER BY desa, id").fetchall()
    if not rows:
        return "nothing"
    desa, id = dice.choice(rows)
    return erase_target(world, desa, name, id)


def erase_target(world: World, desa: str, kind: str, id: str) -> str:
    """Let two officers erase one record; its bytes are remembered, for they may come again from anywhere."""
    hub = world.hub.services
    with hub.database.read() as conn:
        for (body,) in conn.execute("SELECT body FROM change WHERE record = ? AND body IS NOT NULL", (id,)):
            world.archive[sha256(body).digest()] = body
    officers = [officer.petugas for officer in world.dice.sample(world.hub.officers, 2)]
    return str(erase(hub, [Target(desa, kind, id)], "permintaan", officers).count)


def lift(world: World) -> str:
    """Let a suspended computer write again."""
    hub = world.hub.services
    with hub.database.read() as conn:
        rows = list_suspended(conn)
    if not rows:
        return "nothing"
    id: str = world.dice.choice(rows)[0]
    revoke.lift(hub, id, "sudah diperiksa", _officer(world).petugas)
    return id


def _officer(world: World) -> Officer:
    return world.dice.choice(world.hub.officers)
