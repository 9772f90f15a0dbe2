"""The village's own writing: the node's one writer. Every form, import and answer ends here."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from node.services import NodeServices
from shared.merge.scope import Role
from shared.store.changes import Log, add_log, append, find_log
from shared.store.drafts import Draft, seal_drafts
from shared.store.records import Projector


def write_drafts(services: NodeServices, drafts: Sequence[Draft], *, author: str) -> list[str]:
    """Append drafts to this node's log and fold them, in one transaction; return their references.

    ``author`` is the record id of the petugas. Joins a transaction that is already open.
    """
    if not drafts:
        return []
    with services.database.write() as conn:
        log = current_log(services, conn)
        batch = seal_drafts(
            log, drafts, author=author, time_s=services.clock.now_s(), random=services.random
        )
        append(conn, log, batch.changes, batch.headers, batch.leaves)
        Projector(conn, services.catalogue).project(batch.entries)
    return [header.ref(leaf) for header, leaf in zip(batch.headers, batch.leaves, strict=True)]


def current_log(services: NodeServices, conn: sqlite3.Connection) -> Log:
    """Find the log this node writes to now; open one where there is none, or where the old is behind.

    A database that holds less than was once signed was restored from a copy: writing on in the same log
    would be a second history, so the new log names the old head and goes its own way.
    """
    row = conn.execute("SELECT id FROM log WHERE own = 1 ORDER BY no DESC LIMIT 1").fetchone()
    log = None if row is None else find_log(conn, row[0])
    if log is not None and log.kunci == services.keys.signing.public and not services.was_restored(log):
        return log
    return _open_log(services, conn, log)


def _open_log(services: NodeServices, conn: sqlite3.Connection, before: Log | None) -> Log:
    genesis, batch = services.begin_batch(services.wilayah, Role.DESA, before)
    log = add_log(
        conn, id=genesis.id, origin=genesis.origin, wilayah=genesis.wilayah, peran=genesis.peran,
        kunci=genesis.kunci, own=True,
    )
    return append(conn, log, batch.changes, batch.headers, batch.leaves)
