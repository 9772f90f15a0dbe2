"""The village's own writing: the node's one writer. Every form, import and answer ends here."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from node.services import NodeServices
from shared.changelog.change import Sealed
from shared.merge.scope import Role
from shared.store.changes import Log, add_log, append, find_last_log
from shared.store.drafts import Draft, refuse_misshapen, seal_drafts
from shared.store.records import Projector
from shared.store.reissue import reissue


def write_drafts(services: NodeServices, drafts: Sequence[Draft], *, author: str) -> list[str]:
    """Append drafts to this node's log and fold them, in one transaction; return their references.

    ``author`` is the record id of the petugas. Joins a transaction that is already open. Raises UserError for a value
    that no replica would store.
    """
    if not drafts:
        return []
    refuse_misshapen(drafts)
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
    return services.find_writable_log(conn, services.wilayah, Role.DESA) or _open_log(services, conn)


def reissue_branch(
    services: NodeServices, conn: sqlite3.Connection, ref: str, changes: Sequence[Sealed]
) -> tuple[int, int]:
    """Issue the changes of a branch again in a new log, in the transaction of the caller.

    Returns how many they are and the place (see store.changes) of the first.
    """
    log = _open_log(services, conn, ref)
    batch = reissue(changes, log)
    append(conn, log, batch.changes, batch.headers, batch.leaves)
    Projector(conn, services.catalogue).project(batch.entries)
    return len(batch.changes), log.base + log.size


def _open_log(services: NodeServices, conn: sqlite3.Connection, cabang: str = "") -> Log:
    before = find_last_log(conn, services.wilayah, Role.DESA)
    genesis, batch = services.begin_batch(services.wilayah, Role.DESA, before, cabang)
    log = add_log(
        conn, id=genesis.id, origin=genesis.origin, wilayah=genesis.wilayah, peran=genesis.peran,
        kunci=genesis.kunci, own=True,
    )
    return append(conn, log, batch.changes, batch.headers, batch.leaves)
