"""The one writer of what comes in. Reading and hashing happen outside the write lock; compare head,
append, fold, store head and receipt are one transaction (C2SP tlog-witness has the same rule)."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from hub.ingest.branches import fork_ref, grow_branch, issue_rest, keep_branch
from hub.pemulihan.settle import settle_trust
from hub.pemulihan.state import begin_recovery, is_hub_key
from hub.services import HubServices
from hub.verval import findings
from shared.changelog.checkpoint import Checkpoint, cosign
from shared.changelog.genesis import Genesis, read_genesis
from shared.changelog.run import RunHeader, open_run
from shared.errors import ProtocolError
from shared.merge.scope import Role
from shared.store.branch import Removed, find_branch, move_to_branch
from shared.store.changes import (
    Log,
    Receipt,
    add_log,
    add_receipt,
    append,
    close_log,
    find_log,
    last_receipt,
)
from shared.store.records import Projector
from shared.sync.checks import ForkError, ReadRun, prove_stored, read_run


@dataclass(frozen=True)
class Sender:
    """The enrolled node that hands a run over."""

    simpul: str
    wilayah: str
    kunci: str


def accept_run(services: HubServices, sender: Sender, header: RunHeader, sealed: bytes) -> bytes:
    """Store one run and return the receipt (a cosigned note) for all that is now held of its log.

    Raises ProtocolError with the code that the sender acts on (gap, fork, bad_note, bad_proof, bad_seal,
    malformed, out_of_scope, unknown_key); then nothing of the run is stored, but evidence of a fork is.
    """
    key = services.keys.find_seal(_seal_id(header))
    if key is None:
        raise ProtocolError("bad_seal", "run is not sealed to this hub")
    run = read_run(header, open_run(header, sealed, key.open))
    try:
        with services.database.write() as conn:
            log = find_log(conn, header.log) or _add_log(conn, services, sender, run)
            if log.wilayah != sender.wilayah and log.peran is not Role.UMUM:
                raise ProtocolError("out_of_scope", "log of another desa")
            grown = _store(conn, services, log, run)
            return _receipt(conn, services, grown)
    except ForkError as fork:
        keep_branch(services, fork)
        raise
    except ProtocolError as error:
        if error.code in ("gap", "bad_proof") and grow_branch(services, run):
            raise ProtocolError("fork", "continues a kept branch") from None
        raise


def _seal_id(header: RunHeader) -> bytes:
    try:
        return bytes.fromhex(header.seal)
    except ValueError:
        raise ProtocolError("malformed", "seal id") from None


def _store(conn: sqlite3.Connection, services: HubServices, log: Log, run: ReadRun) -> Log:
    """Prove a run and append what is new in it; of a channel of this hub, what it has once signed takes its place."""
    removed: Removed | None = None
    try:
        proven = prove_stored(conn, log, run)
    except ForkError as fork:
        # Nobody else can issue a history of this hub again, nor what the hub had signed whose place this one took.
        if log.peran is Role.DESA or find_branch(conn, fork_ref(fork)) is not None:
            raise
        log, removed = move_to_branch(conn, log, fork.seq, services.clock.now_s())
        proven = prove_stored(conn, log, run)
    if not proven.changes:
        return log
    grown = append(conn, log, proven.changes, proven.headers, proven.leaves, proven.note, run.header.proof)
    projector = Projector(conn, services.catalogue, findings.observe)
    if removed is not None:
        projector.refold(log.wilayah, removed.records)
    projector.project(proven.entries)
    if log.own:
        # Only a database that was restored has to be given its own words back.
        close_log(conn, log)
        begin_recovery(conn, services.clock.now_s())
    if removed is not None:
        issue_rest(services, conn, log.id)
    if log.peran is not Role.DESA:
        # What the hub said before it forgot may disagree with what it has said since: no key gets in between the two.
        settle_trust(conn, services)
    return grown


def _receipt(conn: sqlite3.Connection, services: HubServices, log: Log) -> bytes:
    """Give the receipt of a size: a repeated push gets the very bytes of the first answer."""
    last = last_receipt(conn, log)
    if last is not None and last.size == log.size:
        return last.note
    time_s = services.clock.now_s()
    note = cosign(Checkpoint(log.origin, log.size, log.root()), services.cosigner, time_s)
    add_receipt(conn, log, Receipt(log.size, time_s, note))
    return note


def _add_log(conn: sqlite3.Connection, services: HubServices, sender: Sender, run: ReadRun) -> Log:
    """Register a log that is new here; its key must be enrolled for the desa that its first change names."""
    if run.header.start != 0:
        raise ProtocolError("gap", "log unknown here")
    genesis = read_genesis(run.changes[0])
    if genesis.id != run.header.log:
        raise ProtocolError("malformed", "first change names another log")
    own = services.keys.find_signing(genesis.kunci) is not None
    if is_hub_key(conn, services, genesis.kunci) and genesis.peran is not Role.DESA:
        _check_own(services, genesis)
    elif not _is_enrolled(conn, genesis):
        raise ProtocolError("unknown_key", "log under a key that is not enrolled")
    return add_log(
        conn, id=genesis.id, origin=genesis.origin, wilayah=genesis.wilayah, peran=genesis.peran,
        kunci=genesis.kunci, own=own,
    )


def _check_own(services: HubServices, genesis: Genesis) -> None:
    """A channel of this hub that it no longer has comes back from a node (the hub was restored)."""
    expected = services.wilayah if genesis.peran is Role.UMUM else genesis.wilayah
    if genesis.wilayah != expected:
        raise ProtocolError("out_of_scope", "first change of a channel")


def _is_enrolled(conn: sqlite3.Connection, genesis: Genesis) -> bool:
    if genesis.peran is not Role.DESA:
        return False
    row = conn.execute(
        "SELECT 1 FROM simpul WHERE kunci = ? AND wilayah = ?", (genesis.kunci.hex(), genesis.wilayah)
    ).fetchone()
    return row is not None
