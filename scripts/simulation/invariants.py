"""What must be true at every instant, whatever is still under way (reference: offline.md 7.2).

=====  ==============================================  ====================================================
I1     no acknowledged change is missing               check_promises, after every step; healing.check_healed
I2     none is applied twice                           _check_new, after every step; _check_doubles
I3     each change is in exactly one visible state     _check_new, after every step; _check_states
I4     logs, trees and receipts verify                 verify_logs; _check_receipts, after every step
I5     nothing of a revoked or unfit key has effect    effects.find_effects
I6     a decision names who decided, two where it must _check_decisions
I7     live tables = rebuild from the logs             compare_with_rebuild
I8     a second history is flagged at first contact    contact.Contacts, at every session; kabupaten.visit
I9     sums at desa = hub = kabupaten                  healing.check_sums
I10    device clocks decide nothing                    replay.check_clocks
I11    order, splits and repeats decide nothing        replay.check_redelivery
       erased bodies stand nowhere, in no log or branch find_erased_bytes, also in replay.check_redelivery
       no body is gone that nobody has erased          histories.find_stripped
       second histories are issued again, whole        histories.find_misissued; healing.check_branches
       what a thief wrote counts up to his cut-off,    theft.find_stolen_effects; check_promises
       and nothing that was taken of it is lost
       he hears nothing after the revocation           theft.use, at each of his contacts
       a forged file brings what it proves, no more    forgery.forge, at each file
       programs of any ages agree on what both know    skew.find_unequal, before anybody is brought up to date
I12    one seed, one trace                             __main__ --twice; tests/federation/test_simulation.py
L1     the queue drains in 3 * changes / 500 + 10      healing.drain
L2     all projections are equal                       healing.check_healed
L3     what is held blocks nothing else                healing.drain: every session ends well beside what is held
=====  ==============================================  ====================================================

After every step the machines where something was committed are checked for what that was (:func:`check_step`): the
newest promises, receipts, and the rows of the records that were touched against the law. The whole
(:func:`check_side`) is checked in turns and, everywhere, at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from sqlite3 import Connection

from hub.pemulihan.state import read_recovery
from hub.verval import queries as finding_queries
from shared.changelog.change import SALT_BYTES, Op, Sealed, decode_bodies, decode_headers, parse_ref
from shared.changelog.checkpoint import Verifier
from shared.changelog.genesis import read_genesis
from shared.changelog.tree import leaf_hash
from shared.records.catalogue import CATALOGUE, Catalogue
from shared.store.branch import list_branches, read_branch
from shared.store.changes import SEQ_BITS, SEQ_MASK, Log, find_log, list_logs, reach_of, read_changes, read_leaves
from shared.store.erasure import find_erased_bytes
from shared.store.verify import compare_with_rebuild, hub_cosigners, projection_tables, verify_logs
from simulation.claims import Broken, require
from simulation.effects import find_effects
from simulation.histories import find_misissued, find_stripped, note_erased
from simulation.machines import HubMachine, Machine, NodeMachine
from simulation.oracle import find_breaches
from simulation.world import World
from tests.support.federation import HUB

NEW_RECORDS_MAX = 20
"""So many of the records that a step has touched are held against the law at once; all of them in turns."""

View = Mapping[str, list[tuple[object, ...]]]
"""What a desa sees: table → rows, sorted."""


def check_step(world: World) -> None:
    """Check what is cheap, where something was committed: receipts that the hub can honour, promises kept."""
    hub = world.hub
    has_reopened = hub.checked < 0
    with hub.services.database.read() as conn:
        check_promises(conn, hub.promised[-3:], hub.name, world)
        for node in world.nodes:
            if has_reopened or node.checked != node.services.database.generation:
                with node.services.database.read() as own:
                    if not world.was_restored:
                        _check_receipts(own, conn, node)
                    check_promises(own, node.promised[-3:], node.name, world)
                    _check_new(own, node, world)
                node.checked = node.services.database.generation
        if hub.checked != hub.services.database.generation:
            _check_new(conn, hub, world)
    if hub.checked != hub.services.database.generation:
        note_erased(world)
    hub.checked = hub.services.database.generation


def check_all(world: World, machines: Sequence[Machine] = ()) -> None:
    """Check everything that must hold whatever is under way, at all machines or at some."""
    cosigners = hub_cosigners(HUB, *world.hub.publics)
    for machine in machines or world.machines:
        check_side(world, machine, cosigners)


def check_side(world: World, machine: Machine, cosigners: tuple[Verifier, ...]) -> None:
    """Check one machine."""
    services, name = machine.services, machine.name
    tables = projection_tables(services.catalogue)
    with services.database.read() as conn:
        require(not (found := verify_logs(conn, cosigners)), f"{name}: logs do not verify: {found}")
        for log in list_logs(conn):
            require(reach_of(log) == log.size, f"{name}: what it holds of {log.id} it cannot prove")
        _check_states(conn, services.catalogue, name)
        _check_doubles(conn, name, world.restores + len(world.twins))
        _check_law(conn, services.catalogue, name)
        check_promises(conn, machine.promised, name, world)
        require(not (left := find_erased_bytes(conn)), f"{name}: erased bodies still stand: {left}")
        for problem in chain(
            find_effects(conn, services.catalogue), find_misissued(conn), find_stripped(conn, world)
        ):
            raise Broken(f"{name}: {problem}")
        if isinstance(machine, HubMachine):
            tables = (*tables, *finding_queries.TABLES)
            if read_recovery(conn) is None:
                _check_decisions(conn, services.catalogue, not world.was_restored)
    with machine.point.with_room():
        different = compare_with_rebuild(services.database, tables, services.rebuild)
    require(not different, f"{name}: a rebuild gives other rows in {different}")


def view_desa(
    conn: Connection, desa: str, catalogue: Catalogue = CATALOGUE
) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    """Give every row that a desa sees, table by table; positions are written as log id and seq."""
    places = (desa, HUB)
    for table in projection_tables(catalogue):
        rows = conn.execute(f"SELECT * FROM {table} WHERE desa IN (?, ?)", places).fetchall()
        if table == "held":
            logs = dict(conn.execute("SELECT no, id FROM log"))
            rows = [(logs[pos >> SEQ_BITS], pos & SEQ_MASK, *rest) for pos, *rest in rows]
        yield table, sorted(rows, key=repr)


def sent_mark(conn: Connection, log: Log) -> int:
    return int(conn.execute("SELECT max(size) FROM receipt WHERE log = ?", (log.no,)).fetchone()[0] or 0)


def _check_receipts(conn: Connection, hub: Connection, node: NodeMachine) -> None:
    for log in list_logs(conn):
        mark = sent_mark(conn, log)
        held = find_log(hub, log.id)
        if mark:
            require(held is not None and held.size >= mark, f"{node.name}: the hub lacks what it receipted")
        size = min(log.size, 0 if held is None else held.size)
        if size and held is not None:
            same = read_leaves(conn, log, size - 1, size) == read_leaves(hub, held, size - 1, size)
            require(same, f"{node.name}: log {log.no} has two histories")


def check_promises(conn: Connection, refs: list[str], where: str, world: World) -> None:
    """Check that saved changes are there, at their places or, issued again, at their new ones."""
    missing = [ref for ref in refs if not is_stored(conn, ref)]
    if not missing:
        return
    moved = find_reissued(world)
    for ref in missing:
        places = moved.get(ref, set())
        if not any(is_stored(conn, place) for place in places):
            # A node that was restored has still to fetch what the hub keeps for it.
            is_late = world.was_restored and where in {machine.name for machine in world.machines}
            require(is_late and world.plan.rates != {}, f"{where}: a saved change is missing, {ref}")


def is_stored(conn: Connection, ref: str) -> bool:
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
                olds = read_branch(conn, branch)
                places = {_ref_of(change): at for at, change in enumerate(olds)}
                for log in list_logs(conn):
                    first = read_changes(conn, log, 0, 1)
                    at = places.get(read_genesis(first[0]).cabang) if first else None
                    if at is not None:
                        # What came of a branch later is issued again by itself.
                        for one, again in zip(olds[at:], read_changes(conn, log, 1, 1 + len(olds)), strict=False):
                            if _is_again(one, again):
                                moved.setdefault(_ref_of(one), set()).add(_ref_of(again))
    for old in moved:
        left = list(moved[old])
        while left:
            for further in moved.get(left.pop(), set()) - moved[old]:
                moved[old].add(further)
                left.append(further)
    return moved


def _is_again(old: Sealed, new: Sealed) -> bool:
    """Tell whether a change is another one, issued again: the salt stays; of an erased one record and time are left."""
    if old.body is not None and new.body is not None:
        return old.body[:SALT_BYTES] == new.body[:SALT_BYTES]
    before, after = decode_headers([old.header, new.header])
    return (before.record, before.time_s) == (after.record, after.time_s)


def _ref_of(change: Sealed) -> str:
    return decode_headers([change.header])[0].ref(leaf_hash(change.header, change.digest()))


def _check_states(conn: Connection, catalogue: Catalogue, where: str) -> None:
    """Each change is held with a reason, or stands in a row, in a deletion or in an open conflict.

    What the hub has decided about a record of which all else is held stands where its choices do: in quarantine.
    """
    places = dict(conn.execute("SELECT no, wilayah FROM log"))
    held = {row[0] for row in conn.execute("SELECT pos FROM held")}
    # What was erased has no row any more; that its bytes are gone is asked elsewhere.
    erased = set(conn.execute(
        "SELECT c.record, l.wilayah FROM change c JOIN log l ON l.no = c.pos >> ? WHERE c.body IS NULL", (SEQ_BITS,)
    ))
    deleted = set(conn.execute("SELECT record, desa FROM deleted"))
    contested = set(conn.execute("SELECT record, desa FROM conflict WHERE grup = '_'"))
    live: set[tuple[str, str]] = set()
    for kind in catalogue:
        rows = set(conn.execute(f"SELECT id, desa FROM {kind.name}"))
        require(not rows & live, f"{where}: a record has rows of two kinds")
        live |= rows
    require(not live & deleted, f"{where}: a record is live and deleted")
    visible_places = live | deleted | contested | erased
    changes = [
        (pos, (record, places[pos >> SEQ_BITS]), op)
        for pos, record, op in conn.execute(
            "SELECT pos, record, json_extract(CAST(header AS TEXT), '$[6]') FROM change WHERE kind <> 'log'"
        )
    ]
    said = {place for pos, place, op in changes if op != Op.DECIDE and pos not in held}
    for pos, place, op in changes:
        visible = pos in held or place in visible_places or op == Op.DECIDE and place not in said
        require(visible, f"{where}: change {pos & SEQ_MASK} of log {pos >> SEQ_BITS} is in no visible state")
        held.discard(pos)
    require(not held, f"{where}: something is held that is no change")


def _check_new(conn: Connection, machine: Machine, world: World) -> None:
    """Hold what has just come against the law: records of which changes were appended, a few of many."""
    sizes = dict(conn.execute("SELECT no, size FROM log"))
    known, machine.sizes = machine.sizes, sizes
    ranges = [(no << SEQ_BITS | known.get(no, 0), no << SEQ_BITS | size) for no, size in sizes.items()]
    found: set[str] = set()
    for first, end in ranges:
        if first < end:
            found.update(row[0] for row in conn.execute(
                "SELECT record FROM change WHERE pos >= ? AND pos < ? AND kind <> 'log'", (first, end)
            ))
    for breach in find_breaches(conn, machine.catalogue, sorted(found)[:NEW_RECORDS_MAX]) if found else ():
        raise Broken(f"{machine.name}: {breach}")


def _check_law(conn: Connection, catalogue: Catalogue, where: str) -> None:
    """What the tables show is what a second program makes of the same logs."""
    for breach in find_breaches(conn, catalogue):
        raise Broken(f"{where}: {breach}")


def _check_doubles(conn: Connection, where: str, restores: int) -> None:
    """No bytes of a change stand twice: bodies carry a salt, and issuing again keeps it.

    After two restores a history that was issued again may itself come back, and two computers with one key may both
    issue it again; then the fold must bear the double.
    """
    rows = conn.execute(
        "SELECT group_concat(DISTINCT pos >> ?) FROM change WHERE body IS NOT NULL GROUP BY body HAVING count(*) > 1",
        (SEQ_BITS,),
    ).fetchall()
    if rows and restores > 1:
        again = {log.no for log in list_logs(conn) if read_genesis(read_changes(conn, log, 0, 1)[0]).cabang}
        rows = [row for row in rows if again.isdisjoint(map(int, row[0].split(",")))]
    require(not rows, f"{where}: {len(rows)} changes stand twice")


def _check_decisions(conn: Connection, catalogue: Catalogue, is_whole: bool) -> None:
    """Every decision names its author, one on identity or money two officers who exist; and what it has seen.

    ``is_whole``: no machine lost anything, so whatever was seen once is still there.
    """
    officers = {row[0] for row in conn.execute("SELECT id FROM petugas WHERE desa = ?", (HUB,))}
    rows = conn.execute(
        "SELECT c.header, c.body FROM change c JOIN log l ON l.no = c.pos >> ? WHERE l.peran <> 'desa'",
        (SEQ_BITS,),
    ).fetchall()
    headers, bodies = decode_headers([row[0] for row in rows]), decode_bodies([row[1] for row in rows])
    for header, body in zip(headers, bodies, strict=True):
        if header.op != Op.DECIDE:
            continue
        kind = catalogue[header.kind]
        if body is None:  # erased with the record that it was about
            continue
        signed = set(body.get("petugas", []))
        where = f"decision {header.seq} of log {header.log}"
        require(header.author in officers & signed, f"{where} has no author")
        if any(kind.is_protected(group) for group in header.groups):
            require(len(signed & officers) == 2, f"{where} needs two officers")
        chosen = body.get("pilih", {})
        require(set(chosen) <= set(header.groups), f"{where} decides more than it says")
        if is_whole:
            seen = all(is_stored(conn, ref) for ref in (*header.parents, *chosen.values()))
            require(seen, f"{where} was taken on unseen data")
