"""Branches that come back from the kecamatan: work of this key that only the hub holds, issued again here.

A stick may arrive after its computer was restored and had written on: then the hub holds two histories of
one log, and the computer only one. The hub hands the other back as records of kind *cabang*. That is issued again only
when all that the hub holds is here: a computer that was restored once more may have issued it before, in a log that
comes after it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from node.change import reissue_branch
from node.services import NodeServices
from shared.store.reissue import list_unissued
from shared.store.evidence import note_event
from shared.store.entries import Entry
from shared.store.migrations import read_setting, write_setting
from shared.store.returned import read_returned


_WAITS = "cabang_menunggu"


def note_returned(conn: sqlite3.Connection, entries: Sequence[Entry], has_cut: bool) -> None:
    """Remember, with the changes that brought it, that something may be there to issue again.

    What had come back while it still stood in an own log here in part is there once that log was cut.
    """
    if has_cut or any(entry.header.kind == "cabang" for entry in entries):
        write_setting(conn, _WAITS, "1")


def issue_returned(services: NodeServices) -> int:
    """Issue again what has come back whole and nobody has issued yet; return how many changes.

    To be called when everything that the hub holds has come.
    """
    with services.database.read() as conn:
        if read_setting(conn, _WAITS) != "1":
            return 0
    count = 0
    with services.database.write() as conn:
        for ref, in conn.execute("SELECT DISTINCT cabang FROM cabang ORDER BY cabang").fetchall():
            if not _is_own(conn, services, ref):
                continue
            for first, changes in list_unissued(conn, read_returned(conn, ref)):
                issued, _ = reissue_branch(services, conn, first, changes)
                note_event(conn, services.clock.now_s(), "terbit_ulang", ref.split(":")[0], f"{issued} perubahan")
                count += issued
        write_setting(conn, _WAITS, "")
    return count


def _is_own(conn: sqlite3.Connection, services: NodeServices, ref: str) -> bool:
    row = conn.execute("SELECT kunci FROM log WHERE id = ?", (ref.split(":")[0],)).fetchone()
    return row is not None and services.keys.find_signing(row[0]) is not None
