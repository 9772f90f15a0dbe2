"""After two histories of the hub have met: of what both say about a key, the stricter holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from hub.change import write_common
from hub.pemulihan.rotation import REPLACED, draft_records
from hub.services import HubServices
from shared.store.drafts import Draft, draft_update
from shared.store.records import load_state

_STRICT = ("dicabut", "ditangguhkan", "aktif")


FOLLOWED_REVOKED = "mengikuti kunci yang sudah dicabut"


def settle_trust(conn: sqlite3.Connection, services: HubServices) -> None:
    """Close the conflicts about the status of keys, in the transaction of the caller.

    A key that has followed one which a person has revoked is revoked too: with the old key, whoever had it could
    take the new one. All that it has signed is in quarantine, where officers find what is honest.
    """
    _close_conflicts(conn, services)
    while drafts := _revoke_followers(conn, services):
        write_common(services, drafts, author="")


def _close_conflicts(conn: sqlite3.Connection, services: HubServices) -> None:
    kind = services.catalogue["simpul"]
    rows = conn.execute("SELECT record FROM conflict WHERE kind = 'simpul' AND grup = 'status'").fetchall()
    drafts = []
    for (record,) in rows:
        state = load_state(conn, services.catalogue, kind, services.wilayah, record)
        versions = [dict(zip(kind.groups["status"], values, strict=True)) for _, values in
                    state.groups["status"].versions]
        strictest = min(versions, key=_how_lenient)
        batas = [list(version["batas"] or ()) for version in versions if version["status"] == strictest["status"]]
        changes = {**strictest, "batas": _lowest(batas)}
        draft = draft_update(kind, state, record, changes)
        drafts += [] if draft is None else [draft]
    write_common(services, drafts, author="")


def _revoke_followers(conn: sqlite3.Connection, services: HubServices) -> list[Draft]:
    """Draft the revocation of every key that has followed a revoked one directly."""
    rows = conn.execute(
        "SELECT DISTINCT s.id FROM simpul s JOIN simpul o ON o.id = s.pendahulu JOIN simpul r ON r.kunci = o.kunci"
        " WHERE s.status IS NOT 'dicabut' AND r.status = 'dicabut' AND r.sebab IS NOT ? ORDER BY s.id", (REPLACED,)
    )
    changed = {"status": "dicabut", "sebab": FOLLOWED_REVOKED, "batas": None}
    return draft_records(conn, services, [row[0] for row in rows], changed)


def _how_lenient(version: Mapping[str, Any]) -> tuple[int, bool]:
    """Order what is said about a key, the strictest first: a person's word before that of a change of keys."""
    return _STRICT.index(version["status"] or "aktif"), version["sebab"] == REPLACED


def _lowest(lists: list[list[str]]) -> list[str] | None:
    """Of two cut-offs of one log keep the smaller; a log that one list does not name is cut off at 0."""
    parsed = [{log: int(size) for log, _, size in (item.rpartition(":") for item in items)} for items in lists]
    logs = sorted({log for cutoffs in parsed for log in cutoffs})
    found = [f"{log}:{min(cutoffs.get(log, 0) for cutoffs in parsed)}" for log in logs]
    return found or None
