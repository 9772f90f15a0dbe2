"""Second histories that arrive: the first one stays in the log, the other is kept beside it, whole and proven."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from hub.change import reissue_branch
from hub.pemulihan.settle import settle_trust
from hub.services import HubServices
from shared.changelog.checkpoint import Checkpoint, Verifier, open_checkpoint
from shared.changelog.tree import CompactRange
from shared.errors import ProtocolError
from shared.merge.scope import Role
from shared.store.branch import (
    Branch,
    count_same,
    grow,
    keep,
    list_branches,
    list_unissued,
    read_branch,
    read_branch_leaves,
)
from shared.store.changes import Log, find_log
from shared.store.evidence import note_event
from shared.store.lines import line_tree, list_lines_of, list_roots
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
    with services.database.write() as conn:
        note, proof = run.header.checkpoint, run.header.proof
        if keep(conn, fork.log, fork.seq, run.changes[at:], fork.tree, note, proof, now_s):
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
            held = read_branch_leaves(conn, branch, header.start)
            same = count_same(held, run.leaves)
            tree = _prove_behind(conn, log, branch, run, checkpoint)
            if tree is None:
                continue
            if same < len(run.leaves):
                now_s, changes = services.clock.now_s(), run.changes[same:]
                note, proof = header.checkpoint, header.proof
                if same == len(held):
                    grow(conn, branch, changes, run.leaves[same:], tree, note, proof)
                elif keep(conn, log.id, header.start + same, changes, tree, note, proof, now_s):
                    note_event(conn, now_s, "fork", log.id, f"seq {header.start + same}")
                issue_rest(services, conn, log.id)
            return True
    return False


def _prove_behind(
    conn: sqlite3.Connection, log: Log, branch: Branch, run: ReadRun, checkpoint: Checkpoint
) -> CompactRange | None:
    """Prove a run behind what it shares with a branch; give the tree at its end, None where it is behind another."""
    for line in list_lines_of(conn, log, branch):
        try:
            return prove_tree(line_tree(conn, line, run.header.start), run, checkpoint)
        except ProtocolError:
            continue
    return None


def list_missing(
    conn: sqlite3.Connection, readable: Mapping[str, Log], asked: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """List, of the second histories that a node says it keeps, those that are not held here.

    ``readable`` are the logs that the node may read, by their id; nothing is said of others.
    """
    known = [head for head in asked if head["id"] in readable]
    held = {
        (id, size, encode_root(root))
        for id in {head["id"] for head in known}
        for size, root in list_roots(conn, readable[id], [head["size"] for head in known if head["id"] == id])
    }
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
