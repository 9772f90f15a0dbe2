"""Branches that come back from the kecamatan: work of this key that only the hub holds, issued again here.

A stick may arrive after its computer was restored and had written on: then the hub holds two histories of
one log, and the computer only one. The hub hands the other back as records of kind *cabang*.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence

from node.change import reissue_branch
from node.services import NodeServices
from shared.store.branch import list_unissued, read_returned
from shared.store.evidence import note_event
from shared.store.entries import Entry


def take_returned(services: NodeServices, conn: sqlite3.Connection, entries: Sequence[Entry]) -> int:
    """Issue again what has come back whole among new changes and nobody has issued yet; return how many."""
    refs = {str(entry.values.get("cabang")) for entry in entries if entry.header.kind == "cabang" and entry.values}
    return _issue(services, conn, refs)


def take_rest(services: NodeServices, conn: sqlite3.Connection, log: str) -> int:
    """Issue again what had come back of a log while it still stood in it here in part; return how many.

    A twin may have written more on top of what this computer holds: its own part is issued again as it is cut out.
    """
    rows = conn.execute("SELECT DISTINCT cabang FROM cabang WHERE substr(cabang, 1, length(?)) = ?", (log, log))
    return _issue(services, conn, {str(row[0]) for row in rows.fetchall()})


def _issue(services: NodeServices, conn: sqlite3.Connection, refs: Collection[str]) -> int:
    count = 0
    for ref in sorted(refs):
        if not _is_own(conn, services, ref):
            continue
        for first, changes in list_unissued(conn, read_returned(conn, ref)):
            issued, _ = reissue_branch(services, conn, first, changes)
            note_event(conn, services.clock.now_s(), "terbit_ulang", ref.split(":")[0], f"{issued} perubahan")
            count += issued
    return count


def _is_own(conn: sqlite3.Connection, services: NodeServices, ref: str) -> bool:
    row = conn.execute("SELECT kunci FROM log WHERE id = ?", (ref.split(":")[0],)).fetchone()
    return row is not None and services.keys.find_signing(row[0]) is not None
