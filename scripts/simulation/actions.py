"""What people do: the village writes, the kecamatan publishes, injects and decides, somebody presses sync."""

from __future__ import annotations

import json
from collections.abc import Callable
from sqlite3 import Connection
from typing import NamedTuple

from hub.change import write_common, write_to_desa
from hub.services import HubServices
from hub.verval import decide
from hub.verval.cases import Finding, list_findings, update_cases
from node.services import NodeServices
from shared.changelog.change import Op
from shared.records.kind import Kind
from shared.store.drafts import (
    Draft,
    draft_create,
    draft_delete,
    draft_restore,
    draft_update,
)
from shared.store.records import load_state
from simulation import people
from simulation.faults import Fault
from simulation.hostile import attack
from simulation.kabupaten import visit
from simulation.later import adopt, erase_record, lift, sweep, take_picture, write_newer, write_unknown
from simulation.machines import NodeMachine
from simulation.stories import TOLD, go_on, pick_tale
from simulation.stick import read_stick, send_stick, take_stick
from simulation.world import World

EDITED = ("penduduk", "penduduk", "penduduk", "keluarga", "penerima_bantuan")


class Action(NamedTuple):
    """Something that one round may do; ``weight`` says how often beside the others."""

    name: str
    weight: int
    act: Callable[[World], str]


def _pick_node(world: World) -> NodeMachine:
    return world.dice.choice(world.nodes)


def _ids(conn: Connection, kind: str, desa: str) -> list[str]:
    return [row[0] for row in conn.execute(f"SELECT id FROM {kind} WHERE desa = ? ORDER BY id", (desa,))]


def _programs(conn: Connection) -> list[str]:
    return [row[0] for row in conn.execute("SELECT id FROM program_bantuan ORDER BY id")]


def create_penduduk(world: World) -> str:
    """Enter a resident, now and then with a new family."""
    node, dice = _pick_node(world), world.dice
    services = node.services
    drafts = []
    with services.database.read() as conn:
        families = _ids(conn, "keluarga", node.desa)
    if not families or dice.random() < 0.3:
        families = [services.new_id()]
        drafts.append(
            draft_create(services.catalogue["keluarga"], families[0], {"no_kk": people.make_no_kk(dice)})
        )
    values = people.make_penduduk(dice, families)
    drafts.append(draft_create(services.catalogue["penduduk"], services.new_id(), values))
    return node.write(drafts)


def create_penerima(world: World) -> str:
    """Give a resident aid."""
    node = _pick_node(world)
    services = node.services
    with services.database.read() as conn:
        programs, residents = _programs(conn), _ids(conn, "penduduk", node.desa)
    if not programs or not residents:
        return "nothing"
    values = people.make_penerima(world.dice, programs, residents)
    return node.write([draft_create(services.catalogue["penerima_bantuan"], services.new_id(), values)])


def update_record(world: World) -> str:
    """Change one to three groups of a record."""
    node, dice = _pick_node(world), world.dice
    services = node.services
    kind = services.catalogue[dice.choice(EDITED)]
    with services.database.write() as conn:
        ids = _ids(conn, kind.name, node.desa)
        if not ids:
            return "nothing"
        id = dice.choice(ids)
        draft = _draft_update(world, conn, services, kind, node.desa, id)
        return node.write([draft])


def _draft_update(
    world: World, conn: Connection, services: NodeServices | HubServices, kind: Kind, desa: str, id: str
) -> Draft | None:
    residents, programs = _ids(conn, "penduduk", desa), _programs(conn)
    families = _ids(conn, "keluarga", desa)
    values = people.make_update(world.dice, kind, families, programs or [id], residents or [id])
    return draft_update(kind, load_state(conn, services.catalogue, kind, desa, id), id, values)


def delete_record(world: World) -> str:
    """Delete a record."""
    node = _pick_node(world)
    services = node.services
    kind = services.catalogue[world.dice.choice(EDITED)]
    with services.database.write() as conn:
        ids = _ids(conn, kind.name, node.desa)
        if not ids:
            return "nothing"
        id = world.dice.choice(ids)
        state = load_state(conn, services.catalogue, kind, node.desa, id)
        return node.write([draft_delete(kind, state, id, "salah masuk")])


def restore_record(world: World) -> str:
    """Bring a deleted record back."""
    node = _pick_node(world)
    services = node.services
    with services.database.write() as conn:
        rows = conn.execute(
            "SELECT kind, record FROM deleted WHERE desa = ? ORDER BY record", (node.desa,)
        ).fetchall()
        if not rows:
            return "nothing"
        name, id = world.dice.choice(rows)
        kind = services.catalogue[name]
        state = load_state(conn, services.catalogue, kind, node.desa, id)
        return node.write([draft_restore(kind, state, id)])


def write_unknown_kind(world: World) -> str:
    """Write as a newer program would: a kind, or a version of a kind, that nobody here knows."""
    return write_unknown(world, _pick_node(world))


def write_out_of_scope(world: World) -> str:
    """Write as a broken program would: a case, or a decision, in a village's log."""
    node = _pick_node(world)
    services = node.services
    case = {"temuan": "0" * 64, "kode": "V1", "status": "selesai"}
    with services.database.write() as conn:
        ids = _ids(conn, "penduduk", node.desa)
        if ids and world.dice.random() < 0.5:
            id = world.dice.choice(ids)
            state = load_state(conn, services.catalogue, services.catalogue["penduduk"], node.desa, id)
            # Nobody may have written this group of whom a newer program has brought in.
            heads = state.frontier(("nik",))
            if heads:
                values = {"pilih": {"nik": heads[0]}}
                return node.write([Draft(services.catalogue["penduduk"], id, Op.DECIDE, ("nik",), values, heads)])
        return node.write([draft_create(services.catalogue["kasus"], services.new_id(), case)])


def answer_case(world: World) -> str:
    """Answer a case that came back from the kecamatan, or comment on any other."""
    node = _pick_node(world)
    services = node.services
    kind = services.catalogue["kasus"]
    with services.database.write() as conn:
        rows = conn.execute(
            "SELECT id FROM kasus WHERE desa = ? ORDER BY status = 'dikembalikan' DESC, id", (node.desa,)
        ).fetchall()
        if not rows:
            return "nothing"
        id = rows[0][0]
        state = load_state(conn, services.catalogue, kind, node.desa, id)
        values = {"jawaban": f"Sudah diperiksa ({world.dice.randrange(100)}).", "dijawab_oleh": node.author}
        return node.write([draft_update(kind, state, id, values)])


def publish_program(world: World) -> str:
    """Publish an aid programme to every desa."""
    hub = world.hub.services
    values = {"nama": f"BLT {world.dice.randrange(100)}", "kuota": world.dice.randrange(1, 5)}
    draft = draft_create(hub.catalogue["program_bantuan"], hub.new_id(), values)
    write_common(hub, [draft], author=world.dice.choice(world.hub.officers).petugas)
    return "1"


def inject(world: World) -> str:
    """Bring in data from another source: a new resident, or values for one that is there."""
    hub, dice = world.hub.services, world.dice
    desa, kind = dice.choice(world.desa), hub.catalogue["penduduk"]
    officer = dice.choice(world.hub.officers).petugas
    with hub.database.write() as conn:
        ids = _ids(conn, "penduduk", desa)
        draft: Draft | None
        if not ids or dice.random() < 0.2:
            draft = draft_create(kind, hub.new_id(), people.make_penduduk(dice, _ids(conn, "keluarga", desa)))
        else:
            draft = _draft_update(world, conn, hub, kind, desa, dice.choice(ids))
        return str(len(write_to_desa(hub, desa, [draft] if draft else [], author=officer)))


def _pick_finding(world: World, *codes: str) -> Finding | None:
    with world.hub.services.database.read() as conn:
        found = [finding for code in codes for finding in list_findings(conn, kode=code)]
    return world.dice.choice(found) if found else None


def decide_version(world: World) -> str:
    """Decide a conflict with one officer, mostly followed by a second one."""
    finding = _pick_finding(world, "V1")
    if finding is None:
        return "nothing"
    hub, dice = world.hub.services, world.dice
    with hub.database.read() as conn:
        versions, seen = decide.list_versions(conn, hub, finding), decide.list_heads(conn, hub, finding)
    chosen: dict[str, str] = {}
    for version in versions:
        for group, ref in sorted(version.refs.items()):
            if group not in chosen or dice.random() < 0.5:
                chosen[group] = ref
    return _by_officers(
        world, lambda officer: decide.hold_versions(hub, finding.id, chosen, seen, officer, "sesuai KTP-el")
    )


def link_records(world: World) -> str:
    """Say that two records are one person."""
    finding = _pick_finding(world, "V2", "V3")
    if finding is None:
        return "nothing"
    hub = world.hub.services
    with hub.database.read() as conn:
        seen = decide.list_heads(conn, hub, finding)
    counted = world.dice.choice(finding.desa)
    return _by_officers(
        world, lambda officer: decide.link_records(hub, finding.id, counted, seen, officer, "orang yang sama")
    )


def _by_officers(world: World, act: Callable[[decide.Officer], decide.Outcome]) -> str:
    first, second = world.dice.sample(world.hub.officers, 2)
    outcome = act(first)
    if outcome is decide.Outcome.MENUNGGU_PETUGAS_KEDUA and world.dice.random() < 0.7:
        outcome = act(second)
    return outcome.value


def rule_out(world: World) -> str:
    """Close a finding as no duplicate."""
    finding = _pick_finding(world, "V2", "V3")
    if finding is None:
        return "nothing"
    return decide.rule_out(world.hub.services, finding.id, world.dice.choice(world.hub.officers), "").value


def return_case(world: World) -> str:
    """Send a finding back to a desa."""
    finding = _pick_finding(world, "V1", "V2", "V3", "V5", "V6")
    if finding is None:
        return "nothing"
    hub = world.hub.services
    desa, reason = world.dice.choice(finding.desa), world.dice.choice(people.REASONS)
    officer = world.dice.choice(world.hub.officers)
    return decide.return_to_desa(hub, finding.id, desa, reason, "2026-12-05", officer, "").value


def refresh_cases(world: World) -> str:
    """Bring the cases up to date, as the hub's clock does."""
    return str(update_cases(world.hub.services))


def sync(world: World) -> str:
    """Sync one node."""
    node = _pick_node(world)
    report = world.sync(node)
    words = (report.outcome.value, report.code, report.sent, report.received, report.requests, report.parity)
    return json.dumps([node.name, *words])


ACTIONS = (
    Action("create_penduduk", 12, create_penduduk),
    Action("create_penerima", 4, create_penerima),
    Action("update_record", 22, update_record),
    Action("delete_record", 5, delete_record),
    Action("restore_record", 4, restore_record),
    Action("write_unknown_kind", 1, write_unknown_kind),
    Action("write_out_of_scope", 1, write_out_of_scope),
    Action("answer_case", 3, answer_case),
    Action("publish_program", 1, publish_program),
    Action("inject", 3, inject),
    Action("decide_version", 6, decide_version),
    Action("link_records", 2, link_records),
    Action("rule_out", 1, rule_out),
    Action("return_case", 3, return_case),
    Action("refresh_cases", 1, refresh_cases),
    Action("sync", 31, sync),
)


LATER = {
    "stick": (
        Action("send_stick", 5, send_stick), Action("take_stick", 5, take_stick), Action("read_stick", 4, read_stick),
    ),
    "picture": (Action("take_picture", 4, take_picture), Action("sweep", 1, sweep)),
    "quarantine": (Action("adopt", 3, adopt), Action("lift", 2, lift)),
    "kabupaten": (Action("visit", 3, visit),),
    "erasure": (Action("erase_record", 2, erase_record),),
}
"""The actions of world 2, by the habit that a seed has or has not."""


def pick_action(world: World) -> Action:
    """Draw what this round does."""
    if world.repertoire and world.dice.random() < TOLD:
        tale = pick_tale(world)
        if tale is not None:
            return Action(f"story {tale.name}", 0, lambda world: go_on(world, tale))
    actions = [*ACTIONS, *(action for habit in world.habits for action in LATER[habit])]
    if world.hostile and (world.version < 4 or Fault.HOSTILE in world.plan.rates):
        actions.append(Action("attack", 9, attack))
    if not world.plan.rates.keys().isdisjoint((Fault.PROGRAM_CHANGED, Fault.PROGRAM_OLD)):
        actions.append(Action("write_newer", 4, write_newer))
    return world.dice.choices(actions, [action.weight for action in actions])[0]
