"""Tells a desa what the kecamatan looked at of its residents: one record a day, officer, act, list and purpose.

A day is told when it is over, so that an idle sync stays silent. What is kept and what is told change places in one
transaction, under the id that the look has had from its first moment: a hub that was restored from an old copy finds
its own word in the channel that the nodes bring back, and says nothing twice.
"""

from __future__ import annotations

import sqlite3

from hub.akses import queries
from hub.akses.rules import Look, find_larger, summarise
from hub.akses.words import describe_act, describe_purpose, describe_who
from hub.change import write_to_desa
from hub.pemulihan.state import list_unheard
from hub.services import HubServices
from shared.clock import today
from shared.store.drafts import Draft, draft_create, draft_update
from shared.store.migrations import read_setting
from shared.store.records import load_state

LOOKS_PER_CALL = 100
"""What is left after months of silence follows with the next calls."""


def tell_looks(services: HubServices, desa: str) -> int:
    """Write what is due into the channel of a desa; return how many changes that were.

    A hub in recovery waits until all computers of the desa have handed over: it may have told already. Joins a
    transaction that is already open.
    """
    day = today(services.clock).isoformat()
    with services.database.read() as conn:
        if not queries.list_due(conn, desa, day, 1) and not queries.list_disputed(conn, desa):
            return 0
    with services.database.write() as conn:
        if desa in list_unheard(conn):
            return 0
        due = queries.list_due(conn, desa, day, LOOKS_PER_CALL)
        told = queries.list_told(conn, desa, (look.id for look in due))
        drafts = [_draft(conn, services, look) for look in due if look.id not in told]
        drafts += _settle(conn, services, desa)
        write_to_desa(services, desa, drafts, author=read_setting(conn, "petugas_sistem") or "")
        queries.drop_looks(conn, (look.id for look in due))
        return len(drafts)


def _draft(conn: sqlite3.Connection, services: HubServices, look: Look) -> Draft:
    nama, peran = describe_who(conn, look.petugas, look.peran)
    values = {
        "tanggal": look.tanggal, "nama": nama, "peran": peran or None, "kegiatan": describe_act(look.kegiatan),
        "tentang": look.tentang or None, "keperluan": describe_purpose(look.keperluan) or None,
        **summarise(look, queries.list_seen(conn, look.id)),
    }
    return draft_create(services.catalogue["akses"], look.id, values)


def _settle(conn: sqlite3.Connection, services: HubServices, desa: str) -> list[Draft]:
    """Close what a hub that was restored and had told on says differently of one look."""
    kind = services.catalogue["akses"]
    drafts = []
    for id in queries.list_disputed(conn, desa):
        state = load_state(conn, services.catalogue, kind, desa, id)
        changes: dict[str, object] = {}
        for group in set(state.conflicts) & {*kind.groups}:
            told = [values for _, values in state.groups[group].versions]
            versions = [dict(zip(kind.groups[group], values, strict=True)) for values in told]
            held = find_larger(versions) if group == "jumlah" else versions[0]
            changes |= {name: list(value) if isinstance(value, tuple) else value for name, value in held.items()}
        draft = draft_update(kind, state, id, changes) if changes else None
        drafts += [] if draft is None else [draft]
    return drafts
