"""What this computer knows of its own office: which record holds, and what holds while computers differ.

Computers of today write one record (shared/records/kantor.py). Before, each wrote one of its own: the oldest of these
goes on being written, so that a desa of that time changes nothing; what another record says stands beside it.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from node.beranda.queries import OFFICE, list_offices, list_own_logs
from shared.merge.fold import RecordState
from shared.records.catalogue import CATALOGUE
from shared.records.kantor import name_office
from shared.store.records import load_state

DESA = CATALOGUE["desa"]


def rank_offices(conn: sqlite3.Connection, desa: str) -> list[dict[str, Any]]:
    """Read the records of the office, the one that holds first: of random ids, the oldest first, then the named one."""
    return sorted(list_offices(conn, desa), key=lambda row: (row["id"] == name_office(desa), row["id"]))


def read_office(conn: sqlite3.Connection, desa: str) -> dict[str, Any]:
    """Read the office: address, telephone, head, pattern of numbers, paper; ``id`` is the record to write, or "".

    What that record leaves empty another one may say. While computers differ about what was never agreed, this one
    goes on with what it has printed so far: its own.
    """
    rows = rank_offices(conn, desa)
    if not rows:
        return dict.fromkeys(("id", *OFFICE), "")
    first = rows[0]
    disputed = [name for name in (first["konflik"] or "").split(",") if name in OFFICE and first[name] is None]
    if disputed:
        state, own = load_state(conn, CATALOGUE, DESA, desa, first["id"]), list_own_logs(conn)
        first |= {name: _choose_own(state, name, own) for name in disputed}
    return {"id": first["id"]} | {
        name: next((row[name] for row in rows if row[name] is not None), None) for name in OFFICE
    }


def is_office_disputed(conn: sqlite3.Connection, desa: str) -> bool:
    """Tell whether any setting of the office has more than one value: versions, or records from before the name."""
    rows = rank_offices(conn, desa)
    return any(row["konflik"] for row in rows[:1]) or any(
        row[name] not in (None, rows[0][name]) for row in rows[1:] for name in OFFICE
    )


def _choose_own(state: RecordState, name: str, own: set[str]) -> Any:
    """Choose among the versions of a field that of this computer, else the first that says anything."""
    told = [(ref.partition(":")[0] not in own, ref, values[0]) for ref, values in state.groups[name].versions]
    return next((value for _, _, value in sorted(told, key=lambda one: one[:2]) if value is not None), None)
