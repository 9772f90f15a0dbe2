"""The moves between two desa of the kecamatan, whole or with one end."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import date

from hub.lampid.pairing import Pasangan, join_ends, pair_ends
from hub.lampid.queries import list_ends


def list_pairs(conn: sqlite3.Connection, kecamatan: str, day: date) -> list[Pasangan]:
    """List the moves inside the kecamatan, unpaired ones first, then the newest report; ``day`` judges what is due."""
    found = [
        replace(pair, is_overdue=not pair.is_whole and pair.known.is_overdue(day.isoformat()))
        for group in join_ends(list_ends(conn)) for pair in pair_ends(group)
        if pair.is_whole or pair.known.needs_other
    ]
    found.sort(key=lambda pair: pair.known.lapor, reverse=True)
    return sorted(found, key=lambda pair: (pair.is_whole, not pair.is_overdue))
