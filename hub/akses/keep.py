"""Keeps what officers look at until its desa is told; called in the transaction of the row in the access audit."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from hub.akses import queries
from hub.akses.rules import Records, share_out
from hub.services import HubServices
from shared.clock import today
from shared.web.sessions import User


def keep_look(
    conn: sqlite3.Connection, hub: HubServices, user: User, action: str, records: Records, *, tentang: str,
    keperluan: str = "",
) -> None:
    """Note for each desa which of its residents and families an officer has on the screen.

    ``tentang`` names the list and never a desa: who is told must not learn what else was looked for. ``keperluan`` is
    the code of the purpose.
    """
    key = (today(hub.clock).isoformat(), user.petugas, user.role, action, tentang, keperluan)
    for desa, seen in share_out(queries.find_persons(conn, records), hub.wilayah).items():
        queries.add_seen(conn, queries.find_look(conn, desa, key, hub.new_id()), seen)


def keep_export(
    conn: sqlite3.Connection, hub: HubServices, reader: str, action: str, counts: Mapping[tuple[str, str], int],
    reason: str,
) -> None:
    """Note for each desa how much of it leaves in an export that names persons, by (desa, kind)."""
    key = (today(hub.clock).isoformat(), f"pembaca:{reader}", "pembaca", action, "", reason)
    by_desa: dict[str, dict[str, int]] = {}
    for (desa, kind), count in counts.items():
        if kind in queries.COUNTED and desa != hub.wilayah:
            by_desa.setdefault(desa, {})[kind] = count
    for desa, own in by_desa.items():
        queries.add_counts(conn, queries.find_look(conn, desa, key, hub.new_id()), own)
