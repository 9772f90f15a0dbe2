"""What the pages of nodes ask of the database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import NamedTuple


class NodeRow(NamedTuple):
    """One enrolled node; what was heard of it is None as long as it has not called."""

    id: str
    desa: str
    nama: str
    status: str
    last_s: int | None
    device_time_s: int | None
    queue: int | None
    parity: str


class SlotRow(NamedTuple):
    """One enrolment slot that still waits for its node."""

    desa: str
    expires_s: int


def list_nodes(conn: sqlite3.Connection) -> list[NodeRow]:
    """List all nodes by desa and name."""
    rows = conn.execute(
        "SELECT s.id, s.wilayah, coalesce(s.nama, ''), coalesce(s.status, 'aktif'), c.last_s,"
        " c.device_time_s, c.queue, coalesce(c.parity, '')"
        " FROM simpul AS s LEFT JOIN contact AS c ON c.kunci = s.kunci"
        " ORDER BY s.wilayah, s.nama, s.id"
    )
    return [NodeRow(*row) for row in rows]


def list_open_slots(conn: sqlite3.Connection, now_s: int) -> list[SlotRow]:
    """List the slots whose codes may still be used."""
    rows = conn.execute(
        "SELECT wilayah, expires_s FROM slot WHERE status = 'terbuka' AND expires_s > ?"
        " ORDER BY wilayah, expires_s",
        (now_s,),
    )
    return [SlotRow(*row) for row in rows]


def name_petugas(conn: sqlite3.Connection, ids: Iterable[str]) -> dict[str, str]:
    """Give the names of officers by record id."""
    rows = conn.execute(
        "SELECT id, nama FROM petugas WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
    )
    return {id: nama or "" for id, nama in rows}
