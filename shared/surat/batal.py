"""Says whether a letter is cancelled, also while two computers have cancelled it with different words.

The law of the merge leaves the last agreed value live while versions differ (sync_protocol.md 9.5), and of a letter
that is *not cancelled*. Nobody has said that: every version says the opposite, only the reason is in dispute. So who
asks whether a letter holds asks here, never the column ``batal`` alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from shared.merge.fold import RecordState
from shared.records.catalogue import CATALOGUE
from shared.store.records import load_states

GROUP = "batal"
_SURAT = CATALOGUE["surat"]


def is_disputed(konflik: str | None) -> bool:
    """Tell from the column ``konflik`` whether the cancellation of a letter has several versions."""
    return GROUP in (konflik or "").split(",")


def find_cancellation(state: RecordState) -> dict[str, Any]:
    """Give the fields of a letter's cancellation; {} where no version says that it is cancelled. Pure.

    Of several versions the earliest day holds, and all reasons stand one behind the other until one is chosen.
    """
    group = state.groups.get(GROUP)
    if group is None:
        return {}
    names = _SURAT.groups[GROUP]
    told = [dict(zip(names, values, strict=True)) for values in (group.live, *(one for _, one in group.versions))]
    cancelled = [one for one in told if one["batal"]]
    if not cancelled or cancelled[0] is told[0]:
        return dict(cancelled[0]) if cancelled else {}
    first = min(cancelled, key=lambda one: str(one["tanggal_batal"] or "9"))
    reasons = dict.fromkeys(str(one["alasan_batal"]) for one in cancelled if one["alasan_batal"])
    return {**first, "alasan_batal": " / ".join(reasons) or None}


def take_cancellation(conn: sqlite3.Connection, desa: str, id: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Read a letter's row as it counts: cancelled as soon as one of its versions says so."""
    return {**row, **read_cancellations(conn, desa, [id] if is_disputed(row.get("konflik")) else []).get(id, {})}


def read_cancellations(conn: sqlite3.Connection, desa: str, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Read the cancellation of letters in dispute (:func:`is_disputed`), by record id; who is not cancelled is none."""
    states = load_states(conn, CATALOGUE, _SURAT, desa, list(ids))
    return {id: found for id, state in states.items() if (found := find_cancellation(state))}
