"""What the node does with runs that come from the hub: verify, append, fold, in one transaction."""

from __future__ import annotations

import sqlite3

from node.services import KnownHub, NodeServices
from shared.changelog.genesis import Genesis, read_genesis
from shared.changelog.run import RunHeader, open_run
from shared.errors import ProtocolError
from shared.merge.scope import Role
from shared.store.changes import Log, add_log, append, find_log, read_leaves
from shared.store.records import Projector
from shared.sync.checks import ReadRun, prove_run, read_run


def receive_run(services: NodeServices, hub: KnownHub, header: RunHeader, sealed: bytes) -> int:
    """Store one run from the hub; return how many of its changes were new.

    Raises ProtocolError when it does not verify, and then nothing of it is stored.
    """
    key = services.keys.find_seal(bytes.fromhex(header.seal))
    if key is None:
        raise ProtocolError("bad_seal", "run is not sealed to this node")
    run = read_run(header, open_run(header, sealed, key.open))
    with services.database.write() as conn:
        log = find_log(conn, header.log) or _add_log(conn, services, hub, run)
        held = read_leaves(conn, log, header.start, min(log.size, header.end))
        proven = prove_run(log, run, held)
        if not proven.changes:
            return 0
        note = proven.note if proven.checkpoint.size <= header.end else None
        append(conn, log, proven.changes, proven.headers, proven.leaves, note)
        Projector(conn, services.catalogue).project(proven.entries)
    return len(proven.changes)


def _add_log(conn: sqlite3.Connection, services: NodeServices, hub: KnownHub, run: ReadRun) -> Log:
    """Register a log that is new here: the hub's under the pinned key, a sibling's under an enrolled one."""
    if run.header.start != 0:
        raise ProtocolError("gap", "log unknown here")
    genesis = read_genesis(run.changes[0])
    if genesis.id != run.header.log:
        raise ProtocolError("malformed", "first change names another log")
    if not _is_trusted(conn, services, hub, genesis):
        raise ProtocolError("unknown_key", "log under an unknown key")
    return add_log(
        conn, id=genesis.id, origin=genesis.origin, wilayah=genesis.wilayah, peran=genesis.peran,
        kunci=genesis.kunci, own=genesis.kunci == services.keys.signing.public,
    )


def _is_trusted(conn: sqlite3.Connection, services: NodeServices, hub: KnownHub, genesis: Genesis) -> bool:
    if genesis.peran is Role.UMUM:
        return genesis.kunci.hex() == hub.kunci and genesis.wilayah == hub.wilayah
    if genesis.wilayah != services.wilayah:
        return False
    if genesis.peran is Role.SALURAN:
        return genesis.kunci.hex() == hub.kunci
    enrolled = conn.execute(
        "SELECT 1 FROM simpul WHERE kunci = ? AND wilayah = ?", (genesis.kunci.hex(), genesis.wilayah)
    ).fetchone()
    return enrolled is not None or genesis.kunci == services.keys.signing.public
