"""What must become true once the faults have stopped: liveness, and that all replicas say the same."""

from __future__ import annotations

from sqlite3 import Connection

from hub.pemulihan import revoke
from hub.pemulihan.state import end_recovery, list_unheard
from hub.verval.cases import update_cases
from node.sinkron.report import Report
from shared.store.attachments import list_named
from shared.store.blobs import store_of
from shared.store.branch import list_branches
from shared.store.changes import find_log, list_logs
from shared.store.verdicts import list_key_records
from simulation.effects import list_suspended
from simulation.histories import find_lost
from simulation.claims import Broken, require
from simulation.invariants import View, check_promises, sent_mark, view_desa
from simulation.kabupaten import kabupaten_of
from simulation.machines import NodeMachine
from simulation.programs import NEW, OLD
from simulation.skew import bring_all_up, find_unequal, is_mixed
from simulation.theft import catch, find_stolen_effects
from simulation.world import World
from tests.support.federation import HUB

DAY_S = 86_400
PICTURE_PASSES_MAX = 4
UPDATES_MAX = 5
MIXED = ("sama", "versi")
"""What parity may say where programs are of different ages."""
COUNTED_AT_KABUPATEN = ("keluarga", "penduduk", "penerima_bantuan")


def heal(world: World) -> int:
    """Switch faults off and let everybody meet until nothing is left to say; return the passes needed."""
    world.heal()
    catch(world)
    if world.version > 3 and is_mixed(world):
        drain(world, MIXED)
        for unequal in find_unequal(world):
            raise Broken(unequal)
        bring_all_up(world)
    elif any(machine.edition is NEW for machine in world.machines):
        # Programs of two versions must get along before everybody has the newer one.
        for node in world.nodes:
            report = world.sync(node)
            is_forgotten = report.code == "unknown_key" and world.was_restored
            if _let_follow(world, node, report):
                continue
            is_done = report.outcome.value == "selesai" or is_forgotten
            require(is_done, f"{node.name}: {report.outcome} {report.code} {report.detail}")
        for machine in world.machines:
            if machine.edition is OLD:
                world.change_program(machine)
    passes = drain(world)
    close_recovery(world)
    catch(world)
    for _ in range(UPDATES_MAX):
        # What a settlement leads to is seen by the next look, as the hub takes one with every push.
        if not update_cases(world.hub.services):
            break
        drain(world)
    return passes


def close_recovery(world: World) -> bool:
    """Let a person close a recovery that waits for a computer which will never call again; tell whether one did."""
    with world.hub.services.database.write() as conn:
        is_waiting = bool(list_unheard(conn))
        if is_waiting:
            end_recovery(conn)
    return is_waiting


def drain(world: World, parities: tuple[str, ...] = ("sama",)) -> int:
    """Sync all nodes without faults until nothing moves and parity says so; return the passes needed (L1)."""
    passes_max = bound_passes(world)
    for done in range(1, passes_max + 1):
        reports = [world.sync(node) for node in world.nodes]
        for node, report in zip(world.nodes, reports, strict=True):
            outcome = report.outcome.value
            if report.code == "unknown_key" and world.was_restored and done == 1:
                continue  # a hub that forgot a change of keys is told again by the next session
            if report.code == "unknown_key" and world.was_restored and world.is_forgotten(node):
                world.enrol(node)  # its enrolment was lost with the hub that knew it: people act
                continue
            if _let_follow(world, node, report):
                continue
            require(outcome == "selesai", f"{node.name}: healed session ends {outcome} {report.code} {report.detail}")
            require(report.parity != "beda", f"{node.name}: parity differs in {report.parity_differs}")
        if all(not r.sent and not r.received and r.parity in parities for r in reports):
            return done
    raise Broken(f"queue does not drain in {passes_max} passes: {reports}")


def _let_follow(world: World, node: NodeMachine, report: Report) -> bool:
    """Lift the suspension of a computer that has taken new keys under it, which nobody may follow (step R3).

    True where one is lifted, or was since the computer called: a twin has the same key.
    """
    if report.code != "key_revoked":
        return False
    hub = world.hub.services
    kunci = [key.hex() for key in node.services.keys.publics()]
    with hub.database.read() as conn:
        held = [id for id, key in list_suspended(conn) if key in kunci]
        is_let_in = any(record.status == "aktif" for key in kunci for record in list_key_records(conn, key)[:1])
    for id in held:
        revoke.lift(hub, id, "sudah diperiksa", world.hub.officers[0].petugas)
    return bool(held) or is_let_in


def bound_passes(world: World) -> int:
    """Bound the sessions of every node by what there is to say (offline.md 7.2, L1)."""
    with world.hub.services.database.read() as conn:
        held = conn.execute("SELECT sum(size) FROM log").fetchone()[0] or 0
    queued = 0
    for node in world.nodes:
        with node.services.database.read() as conn:
            queued += conn.execute("SELECT sum(size) FROM log WHERE own = 1").fetchone()[0] or 0
    return 3 * (max(held, queued) // 500) + 10


def check_healed(world: World) -> None:
    """Check that everybody holds and shows the same, and that all that was promised is everywhere."""
    with world.hub.services.database.read() as hub:
        for node in world.nodes:
            expected = dict(view_desa(hub, node.desa, world.hub.catalogue))
            with node.services.database.read() as conn:
                _check_same(expected, dict(view_desa(conn, node.desa, node.catalogue)), node.name)
                for log in list_logs(conn):
                    held = find_log(hub, log.id)
                    same = held is not None and (held.size, held.root()) == (log.size, log.root())
                    require(same, f"{node.name}: log {log.no} differs from the hub's")
                    if log.own:
                        require(sent_mark(conn, log) == log.size, f"{node.name}: sent mark is behind")
            check_promises(hub, node.promised, f"hub, of {node.name}", world)
            for sibling in world.siblings(node.desa):
                with sibling.services.database.read() as conn:
                    check_promises(conn, node.promised, f"{sibling.name}, of {node.name}", world)
        check_promises(hub, world.hub.promised, "hub, of itself", world)
    for effect in find_stolen_effects(world):
        raise Broken(effect)


def check_pictures(world: World) -> None:
    """Check that every picture which a live record names, and anybody still has, reaches everybody."""
    if "picture" not in world.habits:
        return
    lacking: list[str] = []
    for _ in range(PICTURE_PASSES_MAX):
        world.time.passed_s += DAY_S + 1
        for node in world.nodes:
            world.sync(node)
        lacking = [text for desa in world.desa for text in _find_lacking(world, desa)]
        if not lacking:
            return
    raise Broken(f"pictures did not arrive: {lacking}")


def _find_lacking(world: World, desa: str) -> list[str]:
    machines = [world.hub, *world.siblings(desa)]
    with world.hub.services.database.read() as conn:
        named = list_named(conn, world.hub.services.catalogue, desa)
    lacking = {machine.name: set(store_of(machine.services).find_missing(desa, named)) for machine in machines}
    gone = set.intersection(*lacking.values())
    return [f"{name}: {digest[:8]}" for name, digests in lacking.items() for digest in sorted(digests - gone)]


def count_forks(world: World) -> int:
    """Count places of a log for which two changes were promised; Broken where nobody has noticed (I8)."""
    promised: dict[str, set[str]] = {}
    for machine in world.machines:
        for ref in machine.promised:
            place, _, leaf = ref.rpartition(":")
            promised.setdefault(place, set()).add(leaf)
    forks = {place for place, leaves in promised.items() if len(leaves) > 1}
    noticed: set[str] = set()
    for machine in world.machines:
        with machine.services.database.read() as conn:
            noticed |= {branch.log for branch in list_branches(conn)}
    missed = sorted(place for place in forks if place.partition(":")[0] not in noticed)
    require(not missed, f"undetected forks: {missed}")
    return len({place.partition(":")[0] for place in forks})


def check_sums(world: World) -> None:
    """Check that desa, hub and kabupaten count the same (I9)."""
    if "kabupaten" not in world.habits:
        return
    with world.hub.services.database.read() as conn:
        at_hub = {kind: _count(conn, kind) for kind in COUNTED_AT_KABUPATEN}
    pulled = kabupaten_of(world).count()
    for kind, counts in at_hub.items():
        told = dict(pulled.get(kind, {}))
        require(told == counts, f"kabupaten: {kind} {told}, hub {counts}")
        for node in world.nodes:
            with node.services.database.read() as conn:
                mine = _count(conn, kind).get(node.desa, 0)
            require(mine == counts.get(node.desa, 0), f"{node.name}: {kind} {mine}, hub {counts}")


def _count(conn: Connection, kind: str) -> dict[str, int]:
    return dict(conn.execute(f"SELECT desa, count(*) FROM {kind} GROUP BY desa").fetchall())


def check_branches(world: World) -> None:
    """Check that nothing of a second history is lost to those who have its key."""
    for lost in find_lost(world):
        raise Broken(lost)


def check_cases(world: World) -> None:
    """Check that what is found is open for people, and that nothing is open that is no longer found."""
    with world.hub.services.database.read() as conn:
        forgotten = conn.execute(
            "SELECT count(*) FROM temuan t, json_each(t.desa) d"
            " LEFT JOIN kasus k ON k.temuan = t.id AND k.desa = d.value"
            " WHERE t.berat <> 'ringan' AND d.value <> ?"
            " AND (k.id IS NULL OR k.status = 'selesai' AND k.alasan IS NOT 'BUKAN_GANDA')",
            (HUB,),
        ).fetchone()[0]
        stale = conn.execute(
            "SELECT count(*) FROM kasus WHERE status <> 'selesai' AND temuan NOT IN (SELECT id FROM temuan)"
        ).fetchone()[0]
        contested = conn.execute(
            "SELECT count(*) FROM conflict WHERE kind = 'kasus' AND grup NOT IN ('jawaban', 'lampiran')"
        ).fetchone()[0]
        twins = conn.execute("SELECT count(*) - count(DISTINCT temuan || desa) FROM kasus").fetchone()[0]
    require(not twins, f"hub: {twins} cases have a twin")
    require(not forgotten, f"hub: {forgotten} findings have no open case")
    require(not stale, f"hub: {stale} open cases have no finding")
    require(not contested, f"hub: {contested} groups of cases are in conflict with themselves")


def _check_same(mine: View, theirs: View, who: str) -> None:
    for table, rows in mine.items():
        other = theirs[table]
        if rows != other:
            first = next((a, b) for a, b in zip([*rows, None], [*other, None], strict=False) if a != b)
            raise Broken(f"{who}: table {table} differs from the hub's: hub {first[0]}, node {first[1]}")
