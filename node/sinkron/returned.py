"""Branches that come back from the kecamatan: work of this key that only the hub holds, issued again here.

A stick may arrive after its computer was restored and had written on: then the hub holds two histories of
one log, and the computer only one. The hub hands the other back as records of kind *cabang*.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from node.change import reissue_branch
from node.services import NodeServices
from shared.changelog.change import Sealed
from shared.store.branch import issued_branches, read_line
from shared.store.evidence import note_event
from shared.store.entries import Entry


def take_returned(services: NodeServices, conn: sqlite3.Connection, entries: Sequence[Entry]) -> int:
    """Issue again what has come back whole among new changes and nobody has issued yet; return how many."""
    refs = {str(entry.values.get("cabang")) for entry in entries if entry.header.kind == "cabang" and entry.values}
    count = 0
    for ref in sorted(refs):
        if ref in issued_branches(conn) or not _is_own(conn, services, ref):
            continue
        changes = read_returned(conn, ref)
        if changes:
            issued, _ = reissue_branch(services, conn, ref, changes)
            note_event(conn, services.clock.now_s(), "terbit_ulang", ref.split(":")[0], f"{issued} perubahan")
            count += issued
    return count


def read_returned(conn: sqlite3.Connection, ref: str) -> list[Sealed]:
    """Put the pieces of a branch together; empty as long as one is missing or cannot be read."""
    rows = conn.execute(
        "SELECT bagian, dari, isi FROM cabang WHERE cabang = ? ORDER BY bagian", (ref,)
    ).fetchall()
    if not rows or [row[0] for row in rows] != list(range(1, rows[0][1] + 1)):
        return []
    try:
        return [read_line(line) for row in rows for line in str(row[2]).split("\n")]
    except ValueError:
        return []


def _is_own(conn: sqlite3.Connection, services: NodeServices, ref: str) -> bool:
    row = conn.execute("SELECT kunci FROM log WHERE id = ?", (ref.split(":")[0],)).fetchone()
    return row is not None and services.keys.find_signing(row[0]) is not None
