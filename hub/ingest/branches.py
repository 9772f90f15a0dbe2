"""Second histories that arrive: the first one stays in the log, the other is kept beside it, whole and proven."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from hub.change import reissue_branch
from hub.pemulihan.settle import settle_trust
from hub.services import HubServices
from shared.changelog.checkpoint import Verifier, open_checkpoint
from shared.errors import DamageError, ProtocolError
from shared.merge.scope import Role
from shared.store.branch import count_same, grow, keep, list_branches, read_branch, read_branch_leaves
from shared.store.changes import Log, find_log
from shared.store.evidence import note_event
from shared.store.lines import branch_tree, list_roots
from shared.store.reissue import list_unissued
from shared.store.runs import encode_root
from shared.sync.checks import ForkError, ReadRun, prove_tree


def fork_ref(fork: ForkError) -> str:
    """Name the first change of the other history."""
    at = fork.seq - fork.run.header.start
    return fork.run.headers[at].ref(fork.run.leaves[at])


def keep_branch(services: HubServices, fork: ForkError) -> None:
    """Keep the history that did not come first, whole and proven, beside the log."""
    run, at = fork.run, fork.seq - fork.run.header.start
    now_s = services.clock.now_s()
    note, proof = run.header.checkpoint, run.header.proof
    with services.database.write() as conn:
        if keep(conn, fork.log, fork.base, run.changes[at:], note, proof, now_s):
            note_event(conn, now_s, "fork", fork.log, f"seq {fork.seq}")
        issue_rest(services, conn, fork.log)


def grow_branch(services: HubServices, run: ReadRun) -> bool:
    """Take a run that continues a kept branch, or leaves it; False when it does neither, or does not prove that."""
    header = run.header
    with services.database.write() as conn:
        log = find_log(conn, header.log)
        if log is None:
            return False
        try:
            checkpoint = open_checkpoint(header.checkpoint, Verifier(log.origin, log.kunci))
        except ProtocolError:
            return False
        for branch in list_branches(conn, log.id):
            if not branch.start <= header.start <= branch.size:
                continue
            try:
                base = branch_tree(conn, branch, header.start)
                prove_tree(base, run, checkpoint)
            except (ProtocolError, DamageError):
                continue
            held = read_branch_leaves(conn, branch, header.start)
            same = count_same(held, run.leaves)
            if same < len(run.leaves):
                now_s, changes = services.clock.now_s(), run.changes[same:]
                if same == len(held):
                    grow(conn, branch, changes, run.leaves[same:], header.checkpoint, header.proof)
                else:
                    base.extend(run.leaves[:same])
                    if keep(conn, log.id, base, changes, header.checkpoint, header.proof, now_s):
                        note_event(conn, now_s, "fork", log.id, f"seq {base.size}")
                issue_rest(services, conn, log.id)
            return True
    return False


def list_missing(
    conn: sqlite3.Connection, readable: Mapping[str, Log], asked: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """List, of the second histories that a node says it keeps, those that are not held here.

    ``readable`` are the logs that the node may read, by their id; nothing is said of others. What is damaged here is
    not asked for: verify tells.
    """
    known = [head for head in asked if head["id"] in readable]
    try:
        held = {
            (id, size, encode_root(root))
            for id in {head["id"] for head in known}
            for size, root in list_roots(conn, readable[id], [head["size"] for head in known if head["id"] == id])
        }
    except DamageError:
        return []
    return [head for head in known if (head["id"], head["size"], head["root"]) not in held]


def issue_rest(services: HubServices, conn: sqlite3.Connection, id: str) -> None:
    """Issue again what the branches of a channel of this hub hold, under whichever of its keys, and no log has yet.

    A desa's branches are for the desa to issue again (pemulihan.watch).
    """
    log = find_log(conn, id)
    if log is None or log.peran is Role.DESA:
        return
    count = 0
    for branch in list_branches(conn, log.id):
        for ref, changes in list_unissued(conn, read_branch(conn, branch)):
            count += reissue_branch(services, conn, log, ref, changes)
    if count:
        note_event(conn, services.clock.now_s(), "terbit_ulang", log.id, f"{count} perubahan")
        settle_trust(conn, services)
