"""What must be true at every instant, and what must become true once the faults have stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from sqlite3 import Connection

from hub.pemulihan.state import list_former_keys
from hub.verval import queries as finding_queries
from shared.changelog.change import Op, Sealed, decode_bodies, decode_headers, parse_ref
from shared.changelog.genesis import read_genesis
from shared.changelog.tree import leaf_hash
from shared.records.catalogue import CATALOGUE, Catalogue
from shared.store.branch import list_branches, read_branch
from shared.store.changes import SEQ_BITS, SEQ_MASK, Log, find_log, list_logs, read_changes, read_leaves
from shared.store.verify import compare_with_rebuild, hub_cosigners, projection_tables, verify_logs
from simulation.oracle import find_breaches
from simulation.world import NodeMachine, World
from tests.support.federation import HUB

DRAIN_PASSES_MAX = 10
"""Sessions that every node needs at most, without faults, until nothing is left to say."""


View = Mapping[str, list[tuple[object, ...]]]
"""What a desa sees: table → rows, sorted."""


class Broken(AssertionError):
    """An invariant does not hold; the message says which, where."""


def check_step(world: World) -> None:
    """Check what is cheap: no receipt for what the hub lacks, no promise that the disk has forgotten."""
    with world.hub.services.database.read() as hub:
        for node in world.nodes:
            with node.services.database.read() as conn:
                if not world.was_restored:
                    _check_receipts(conn, hub, node)
                _check_promises(conn, node.promised[-3:], node.name, world)


def check_all(world: World) -> None:
    """Check everything that must hold whatever is still under way."""
    hub = world.hub.services
    with hub.database.read() as conn:
        former = list_former_keys(conn)
    cosigners = hub_cosigners(HUB, *hub.keys.publics(), *map(bytes.fromhex, former))
    tables = (*projection_tables(hub.catalogue), *finding_queries.TABLES)
    with hub.database.read() as conn:
        _require(not (found := verify_logs(conn, cosigners)), f"hub: logs do not verify: {found}")
        _check_states(conn, "hub")
        _check_law(conn, hub.catalogue, "hub")
        _check_decisions(conn)
    different = compare_with_rebuild(hub.database, tables, hub.rebuild)
    _require(not different, f"hub: a rebuild gives other rows in {different}")
    for node in world.nodes:
        with node.services.database.read() as conn:
            _require(not (found := verify_logs(conn, cosigners)), f"{node.name}: logs do not verify: {found}")
            _check_states(conn, node.name)
            _check_law(conn, node.services.catalogue, node.name)
            _check_promises(conn, node.promised, node.name, world)
        different = compare_with_rebuild(
            node.services.database, projection_tables(hub.catalogue), node.services.rebuild
        )
        _require(not different, f"{node.name}: a rebuild gives other rows in {different}")


def drain(world: World) -> int:
    """Sync all nodes without faults until nothing moves and parity says so; return the passes needed."""
    for done in range(1, DRAIN_PASSES_MAX + 1):
        reports = [world.sync(node) for node in world.nodes]
        for node, report in zip(world.nodes, reports, strict=True):
            outcome = report.outcome.value
            if report.code == "unknown_key" and world.was_restored and done == 1:
                continue  # a hub that forgot a change of keys is told again by the next session
            _require(outcome == "selesai", f"{node.name}: healed session ends {outcome} {report.detail}")
            _require(report.parity != "beda", f"{node.name}: parity differs in {report.parity_differs}")
        if all(not r.sent and not r.received and r.parity == "sama" for r in reports):
            return done
    raise Broken(f"queue does not drain in {DRAIN_PASSES_MAX} passes: {reports}")


def check_healed(world: World) -> None:
    """Check that everybody holds and shows the same, and that all that was promised is everywhere."""
    with world.hub.services.database.read() as hub:
        for node in world.nodes:
            expected = dict(view_desa(hub, node.desa))
            with node.services.database.read() as conn:
                _check_same(expected, dict(view_desa(conn, node.desa)), node.name)
                for log in list_logs(conn):
                    held = find_log(hub, log.id)
                    same = held is not None and (held.size, held.root()) == (log.size, log.root())
                    _require(same, f"{node.name}: log {log.no} differs from the hub's")
                    if log.own:
                        _require(_sent_mark(conn, log) == log.size, f"{node.name}: sent mark is behind")
            _check_promises(hub, node.promised, f"hub, of {node.name}", world)
            for sibling in world.siblings(node.desa):
                with sibling.services.database.read() as conn:
                    _check_promises(conn, node.promised, f"{sibling.name}, of {node.name}", world)


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
            "SELECT count(*) FROM conflict WHERE kind = 'kasus' AND grup <> 'jawaban'"
        ).fetchone()[0]
        twins = conn.execute("SELECT count(*) - count(DISTINCT temuan || desa) FROM kasus").fetchone()[0]
    _require(not twins, f"hub: {twins} cases have a twin")
    _require(not forgotten, f"hub: {forgotten} findings have no open case")
    _require(not stale, f"hub: {stale} open cases have no finding")
    _require(not contested, f"hub: {contested} groups of cases are in conflict with themselves")


def view_desa(conn: Connection, desa: str) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    """Give every row that a desa sees, table by table; positions are written as log id and seq."""
    places = (desa, HUB)
    for table in projection_tables(CATALOGUE):
        rows = conn.execute(f"SELECT * FROM {table} WHERE desa IN (?, ?)", places).fetchall()
        if table == "held":
            logs = dict(conn.execute("SELECT no, id FROM log"))
            rows = [(logs[pos >> SEQ_BITS], pos & SEQ_MASK, *rest) for pos, *rest in rows]
        yield table, sorted(rows, key=repr)


def _require(holds: bool, problem: str) -> None:
    if not holds:
        raise Broken(problem)


def _check_same(mine: View, theirs: View, who: str) -> None:
    for table, rows in mine.items():
        other = theirs[table]
        if rows != other:
            first = next((a, b) for a, b in zip([*rows, None], [*other, None], strict=False) if a != b)
            raise Broken(f"{who}: table {table} differs from the hub's: hub {first[0]}, node {first[1]}")


def _sent_mark(conn: Connection, log: Log) -> int:
    return int(conn.execute("SELECT max(size) FROM receipt WHERE log = ?", (log.no,)).fetchone()[0] or 0)


def _check_receipts(conn: Connection, hub: Connection, node: NodeMachine) -> None:
    for log in list_logs(conn):
        mark = _sent_mark(conn, log)
        held = find_log(hub, log.id)
        if mark:
            _require(held is not None and held.size >= mark, f"{node.name}: the hub lacks what it receipted")
        size = min(log.size, 0 if held is None else held.size)
        if size and held is not None:
            same = read_leaves(conn, log, size - 1, size) == read_leaves(hub, held, size - 1, size)
            _require(same, f"{node.name}: log {log.no} has two histories")


def _check_promises(conn: Connection, refs: list[str], where: str, world: World) -> None:
    """Check that saved changes are there, at their places or, issued again, at their new ones."""
    missing = [ref for ref in refs if not _is_stored(conn, ref)]
    if not missing:
        return
    moved = find_reissued(world)
    for ref in missing:
        places = moved.get(ref, set())
        if not any(_is_stored(conn, place) for place in places):
            # A node that was restored has still to fetch what the hub keeps for it.
            is_late = world.was_restored and where in {node.name for node in world.nodes}
            _require(is_late and world.plan.rates != {}, f"{where}: a saved change is missing, {ref}")


def _is_stored(conn: Connection, ref: str) -> bool:
    log, seq, prefix = parse_ref(ref)
    row = conn.execute(
        "SELECT c.leaf FROM change c JOIN log l ON c.pos = (l.no << ?) | ? WHERE l.id = ?", (SEQ_BITS, seq, log)
    ).fetchone()
    return row is not None and bytes(row[0][:8]) == prefix


def find_reissued(world: World) -> dict[str, set[str]]:
    """Find where the changes of branches were issued again: old reference → new ones, over several moves."""
    moved: dict[str, set[str]] = {}
    for machine in (world.hub, *world.nodes):
        with machine.services.database.read() as conn:
            for branch in list_branches(conn):
                olds = [_ref_of(change) for change in read_branch(conn, branch)]
                for log in list_logs(conn):
                    first = read_changes(conn, log, 0, 1)
                    if first and read_genesis(first[0]).cabang == branch.ref:
                        news = [_ref_of(change) for change in read_changes(conn, log, 1, 1 + len(olds))]
                        for old, new in zip(olds, news, strict=False):
                            moved.setdefault(old, set()).add(new)
    for old in moved:
        left = list(moved[old])
        while left:
            for further in moved.get(left.pop(), set()) - moved[old]:
                moved[old].add(further)
                left.append(further)
    return moved


def _ref_of(change: Sealed) -> str:
    return decode_headers([change.header])[0].ref(leaf_hash(change.header, change.digest()))


def _check_states(conn: Connection, where: str) -> None:
    """Each change is held with a reason, or stands in a row, in a deletion or in an open conflict."""
    places = dict(conn.execute("SELECT no, wilayah FROM log"))
    held = {row[0] for row in conn.execute("SELECT pos FROM held")}
    deleted = set(conn.execute("SELECT record, desa FROM deleted"))
    contested = set(conn.execute("SELECT record, desa FROM conflict WHERE grup = '_'"))
    live: set[tuple[str, str]] = set()
    for kind in CATALOGUE:
        rows = set(conn.execute(f"SELECT id, desa FROM {kind.name}"))
        _require(not rows & live, f"{where}: a record has rows of two kinds")
        live |= rows
    _require(not live & deleted, f"{where}: a record is live and deleted")
    for pos, record in conn.execute("SELECT pos, record FROM change WHERE kind <> 'log'"):
        place = (record, places[pos >> SEQ_BITS])
        visible = pos in held or place in live or place in deleted or place in contested
        _require(visible, f"{where}: change {pos & SEQ_MASK} of log {pos >> SEQ_BITS} is in no visible state")
        held.discard(pos)
    _require(not held, f"{where}: something is held that is no change")


def _check_law(conn: Connection, catalogue: Catalogue, where: str) -> None:
    """What the tables show is what a second program makes of the same logs."""
    for breach in find_breaches(conn, catalogue):
        raise Broken(f"{where}: {breach}")


def _check_decisions(conn: Connection) -> None:
    """Every decision names its author; one on identity or money names two officers who exist."""
    officers = {row[0] for row in conn.execute("SELECT id FROM petugas WHERE desa = ?", (HUB,))}
    rows = conn.execute(
        "SELECT c.header, c.body FROM change c JOIN log l ON l.no = c.pos >> ? WHERE l.peran <> 'desa'",
        (SEQ_BITS,),
    ).fetchall()
    headers, bodies = decode_headers([row[0] for row in rows]), decode_bodies([row[1] for row in rows])
    for header, body in zip(headers, bodies, strict=True):
        if header.op != Op.DECIDE:
            continue
        kind = CATALOGUE[header.kind]
        signed = set((body or {}).get("petugas", []))
        where = f"decision {header.seq} of log {header.log}"
        _require(header.author in officers & signed, f"{where} has no author")
        if any(kind.is_protected(group) for group in header.groups):
            _require(len(signed & officers) == 2, f"{where} needs two officers")
