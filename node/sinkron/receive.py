"""What the node does with runs that come from the hub: verify, append, fold, in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Container

from node.change import reissue_branch
from node.impor.places import forget_places, move_places
from node.services import KnownHub, NodeServices
from node.sinkron.hubkey import list_replaced
from node.sinkron.returned import note_returned
from shared.changelog.change import parse_ref
from shared.changelog.genesis import Genesis, read_genesis
from shared.changelog.keychain import read_successor
from shared.changelog.run import RunHeader, open_run
from shared.errors import ProtocolError
from shared.merge.scope import Role
from shared.store.branch import Removed, move_to_branch
from shared.store.changes import Log, add_log, append, close_log, find_log
from shared.store.evidence import note_event
from shared.store.records import Projector
from shared.store.reissue import list_unissued
from shared.sync.checks import ForkError, ReadRun, prove_stored, read_run


def receive_run(
    services: NodeServices, hub: KnownHub, header: RunHeader, sealed: bytes, yielding: Container[str] = ()
) -> int:
    """Store one run from the hub; return how many of its changes were new.

    ``yielding`` names the logs whose second history the hub has already, or that are this node's own: there
    the hub's history takes the place of ours, ours is kept as a branch, and an own one is issued again.
    Raises ProtocolError when the run does not verify, and then nothing of it is stored.
    """
    key = services.keys.find_seal(bytes.fromhex(header.seal))
    if key is None:
        raise ProtocolError("bad_seal", "run is not sealed to this node")
    run = read_run(header, open_run(header, sealed, key.open))
    with services.database.write() as conn:
        log = find_log(conn, header.log) or _add_log(conn, services, hub, run)
        removed: Removed | None = None
        try:
            proven = prove_stored(conn, log, run)
        except ForkError as fork:
            if log.id not in yielding:
                raise
            log, removed = move_to_branch(conn, log, fork.seq, services.clock.now_s())
            proven = prove_stored(conn, log, run)
        if not proven.changes:
            return 0
        append(conn, log, proven.changes, proven.headers, proven.leaves, proven.note, header.proof)
        projector = Projector(conn, services.catalogue)
        if removed is not None:
            projector.refold(log.wilayah, removed.records)
        projector.project(proven.entries)
        _settle(services, conn, log, removed)
        note_returned(conn, proven.entries, has_cut=removed is not None)
    return len(proven.changes)


def _settle(services: NodeServices, conn: sqlite3.Connection, log: Log, removed: Removed | None) -> None:
    """Go on elsewhere where an own log was written on by somebody else, and issue our own history again."""
    now_s = services.clock.now_s()
    if log.own and not log.closed:
        close_log(conn, log)
        note_event(conn, now_s, "pulih", log.id, f"mulai {log.size}")
    if removed is None:
        return
    note_event(conn, now_s, "fork", log.id, f"seq {log.size}")
    if log.own:
        total = 0
        for first, changes in list_unissued(conn, removed.changes):
            count, place = reissue_branch(services, conn, first, changes)
            move_places(conn, log.base + parse_ref(first)[1], count, place)
            total += count
        forget_places(conn, log.base + log.size, len(removed.changes))
        note_event(conn, now_s, "terbit_ulang", log.id, f"{total} perubahan")


def _add_log(conn: sqlite3.Connection, services: NodeServices, hub: KnownHub, run: ReadRun) -> Log:
    """Register a log that is new here: the hub's under a pinned key, a sibling's under an enrolled one."""
    if run.header.start != 0:
        raise ProtocolError("gap", "log unknown here")
    genesis = read_genesis(run.changes[0])
    if genesis.id != run.header.log:
        raise ProtocolError("malformed", "first change names another log")
    if not _is_trusted(conn, services, hub, genesis):
        raise ProtocolError("unknown_key", "log under an unknown key")
    return add_log(
        conn, id=genesis.id, origin=genesis.origin, wilayah=genesis.wilayah, peran=genesis.peran,
        kunci=genesis.kunci, own=services.keys.find_signing(genesis.kunci) is not None,
    )


def _is_trusted(conn: sqlite3.Connection, services: NodeServices, hub: KnownHub, genesis: Genesis) -> bool:
    if genesis.peran is Role.UMUM:
        return _is_hub_key(conn, hub, genesis) and genesis.wilayah == hub.wilayah
    if genesis.wilayah != services.wilayah:
        return False
    if genesis.peran is Role.SALURAN:
        return _is_hub_key(conn, hub, genesis)
    enrolled = conn.execute(
        "SELECT 1 FROM simpul WHERE kunci = ? AND wilayah = ?", (genesis.kunci.hex(), genesis.wilayah)
    ).fetchone()
    return enrolled is not None or services.keys.find_signing(genesis.kunci) is not None


def _is_hub_key(conn: sqlite3.Connection, hub: KnownHub, genesis: Genesis) -> bool:
    """Tell whether a key was pinned, or is named in a channel of the hub: a recovery key leads past some of them."""
    kunci = genesis.kunci.hex()
    if hub.has_key(kunci):
        return True
    # A successor names the key before it and the one that follows.
    steps = (read_successor(row[0]) for row in conn.execute("SELECT surat FROM kunci_hub"))
    is_named = any(step is not None and kunci in (step.lama, step.kunci) for step in steps)
    # What successors prove is asked last: every signature of them is checked.
    return is_named or kunci in list_replaced(conn, hub)
