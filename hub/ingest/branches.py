"""Second histories that arrive: the first one stays in the log, the other is kept beside it, whole and proven."""

from __future__ import annotations

import sqlite3

from hub.change import reissue_branch
from hub.pemulihan.settle import settle_trust
from hub.services import HubServices
from shared.changelog.checkpoint import Verifier, open_checkpoint
from shared.errors import ProtocolError
from shared.merge.scope import Role
from shared.store.branch import grow, keep, list_branches, list_unissued, read_branch
from shared.store.changes import find_log
from shared.store.evidence import note_event
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
        if keep(conn, fork.log, fork.seq, run.changes[at:], fork.tree, run.header.checkpoint, now_s):
            note_event(conn, now_s, "fork", fork.log, f"seq {fork.seq}")
        issue_rest(services, conn, fork.log)


def grow_branch(services: HubServices, run: ReadRun) -> bool:
    """Add a run that continues a kept branch to it; False when it continues none, or does not prove that."""
    with services.database.write() as conn:
        log = find_log(conn, run.header.log)
        if log is None:
            return False
        for branch in list_branches(conn, log.id):
            if not branch.start <= run.header.start <= branch.size:
                continue
            if run.header.end <= branch.size:
                return True
            try:
                checkpoint = open_checkpoint(run.header.checkpoint, Verifier(log.origin, log.kunci))
                if run.header.start == branch.size:
                    tree = prove_tree(branch.tree, run, checkpoint)
                    grow(conn, branch, run.changes, run.leaves, tree, run.header.checkpoint)
                    issue_rest(services, conn, log.id)
                    return True
            except ProtocolError:
                continue
    return False


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
