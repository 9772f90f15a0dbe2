"""Everything the hub authors: trust, programme lists, injections, cases, decisions. The hub's one writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from hub.services import HubServices
from hub.verval import findings
from shared.changelog.change import Sealed
from shared.changelog.keys import SigningKey
from shared.merge.scope import Role
from shared.store.changes import Log, add_log, append, find_last_log
from shared.store.drafts import Draft, refuse_misshapen, seal_drafts
from shared.store.records import Projector
from shared.store.reissue import reissue


def write_common(services: HubServices, drafts: Sequence[Draft], *, author: str) -> list[str]:
    """Append drafts to the common channel, which every desa reads; return their references."""
    return _write(services, services.wilayah, Role.UMUM, drafts, author)


def write_to_desa(services: HubServices, desa: str, drafts: Sequence[Draft], *, author: str) -> list[str]:
    """Append drafts to the hub's channel for one desa; return their references.

    What the whole kecamatan shares belongs to the common channel: its own code is no desa that anybody reads.
    """
    if desa == services.wilayah:
        return write_common(services, drafts, author=author)
    return _write(services, desa, Role.SALURAN, drafts, author)


def _write(services: HubServices, wilayah: str, peran: Role, drafts: Sequence[Draft], author: str) -> list[str]:
    if not drafts:
        return []
    refuse_misshapen(drafts)
    with services.database.write() as conn:
        log = current_log(services, conn, wilayah, peran)
        batch = seal_drafts(log, drafts, author=author, time_s=services.clock.now_s(), random=services.random)
        append(conn, log, batch.changes, batch.headers, batch.leaves)
        Projector(conn, services.catalogue, findings.observe).project(batch.entries)
    return [header.ref(leaf) for header, leaf in zip(batch.headers, batch.leaves, strict=True)]


def current_log(services: HubServices, conn: sqlite3.Connection, wilayah: str, peran: Role) -> Log:
    """Find the channel to write to now; open one where there is none or where the old is behind its anchor."""
    return services.find_writable_log(conn, wilayah, peran) or _open_log(services, conn, wilayah, peran)


def reissue_branch(
    services: HubServices, conn: sqlite3.Connection, before: Log, ref: str, changes: Sequence[Sealed]
) -> int:
    """Issue the changes of a branch of ``before`` again in a new channel, in the caller's transaction."""
    log = _open_log(services, conn, before.wilayah, before.peran, ref)
    batch = reissue(changes, log)
    append(conn, log, batch.changes, batch.headers, batch.leaves)
    Projector(conn, services.catalogue, findings.observe).project(batch.entries)
    return len(batch.changes)


def append_successor(services: HubServices, conn: sqlite3.Connection, draft: Draft, previous: SigningKey) -> None:
    """Append the last change of the common channel under the previous key: it names the key that follows."""
    kunci = previous.public
    log = services.find_log_of(conn, services.wilayah, Role.UMUM, kunci)
    log = log or _open_log(services, conn, services.wilayah, Role.UMUM, kunci=kunci)
    batch = seal_drafts(log, [draft], author="", time_s=services.clock.now_s(), random=services.random)
    append(conn, log, batch.changes, batch.headers, batch.leaves)
    Projector(conn, services.catalogue, findings.observe).project(batch.entries)


def _open_log(
    services: HubServices, conn: sqlite3.Connection, wilayah: str, peran: Role, cabang: str = "", kunci: bytes = b""
) -> Log:
    before = find_last_log(conn, wilayah, peran)
    genesis, batch = services.begin_batch(wilayah, peran, before, cabang, kunci)
    fresh = add_log(
        conn, id=genesis.id, origin=genesis.origin, wilayah=wilayah, peran=peran, kunci=genesis.kunci, own=True
    )
    return append(conn, fresh, batch.changes, batch.headers, batch.leaves)
