"""What the pages of nodes ask of the database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from shared.codes import wilayah
from shared.store.changes import SEQ_BITS


class NodeRow(NamedTuple):
    """One enrolled node; what was heard of it is None or empty as long as it has not called."""

    id: str
    desa: str
    nama: str
    status: str
    last_s: int | None
    device_time_s: int | None
    queue: int | None
    parity: str
    version: int | None
    result: str
    result_s: int | None
    program: str
    kinds: str
    held: int
    kunci: str


class NodeDetail(NamedTuple):
    """What a single node has handed over, and when it first asked; None where that is not known."""

    received: int
    received_s: int | None
    asked_s: int | None


class SlotRow(NamedTuple):
    """One enrolment slot with the node that asked with its code last; all of that is None where none has."""

    id: str
    desa: str
    status: str
    expires_s: int
    opened_by: str
    nama: str | None
    is_enrolled: int
    refused_s: int | None
    refused_by: str | None
    reason: str | None
    note: str | None


def name_nodes(conn: sqlite3.Connection, ids: Iterable[str]) -> dict[str, str]:
    """Name those of some ids that are computers of a desa, with the desa."""
    rows = conn.execute(
        "SELECT id, nama, wilayah FROM simpul WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
    )
    return {id: ", ".join(filter(None, (nama, wilayah.nama(desa or "")))) for id, nama, desa in rows}


def list_nodes(conn: sqlite3.Connection, desa: str | None = None) -> list[NodeRow]:
    """List the nodes of one desa, or all, by desa and name."""
    rows = conn.execute(
        "SELECT s.id, s.wilayah, coalesce(s.nama, ''), coalesce(s.status, 'aktif'), c.last_s, c.device_time_s,"
        " c.queue, coalesce(c.parity, ''), c.version, coalesce(c.result, ''), c.result_s,"
        " coalesce(c.program, ''), coalesce(c.kinds, ''), coalesce(c.held, 0), coalesce(s.kunci, '')"
        " FROM simpul AS s LEFT JOIN contact AS c ON c.kunci = s.kunci WHERE s.wilayah = coalesce(?, s.wilayah)"
        " ORDER BY s.wilayah, s.nama, s.id",
        (desa,),
    )
    return [NodeRow(*row) for row in rows]


def find_detail(conn: sqlite3.Connection, simpul: str) -> NodeDetail:
    """Count what came from one node; the first change of a log says nothing about the desa."""
    row = conn.execute(
        "SELECT (SELECT coalesce(sum(l.size - 1), 0) FROM log AS l WHERE lower(hex(l.kunci)) = s.kunci),"
        " (SELECT max(r.time_s) FROM receipt AS r JOIN log AS l ON l.no = r.log WHERE lower(hex(l.kunci)) = s.kunci),"
        " (SELECT c.time_s FROM candidate AS c WHERE c.kunci = s.kunci) FROM simpul AS s WHERE s.id = ?",
        (simpul,),
    ).fetchone()
    return NodeDetail(*row)


def find_known_s(conn: sqlite3.Connection, desa: str, kunci: str) -> int | None:
    """Find up to when all is here that a computer of a desa has written; of another of its computers where it is gone.

    ``kunci`` is a signing key, which may have got a successor since. Where the last session did not bring all that
    was announced, it is the newest change that came. None where nothing was ever heard.
    """
    row = conn.execute(
        "WITH RECURSIVE line (id) AS (SELECT id FROM simpul WHERE kunci = ?1 AND wilayah = ?2 UNION"
        " SELECT s.id FROM simpul AS s JOIN line AS n ON s.pendahulu = n.id WHERE s.wilayah = ?2)"
        " SELECT CASE WHEN c.queue = 0 THEN coalesce(c.said_s, c.last_s) ELSE min(c.last_s, coalesce((SELECT"
        " max(json_extract(CAST(h.header AS TEXT), '$[10]')) FROM log AS l JOIN change AS h"
        " ON h.pos = (l.no << ?3) + l.size - 1 WHERE lower(hex(l.kunci)) = s.kunci), 0)) END AS known_s"
        " FROM simpul AS s JOIN contact AS c ON c.kunci = s.kunci WHERE s.wilayah = ?2 ORDER BY"
        " coalesce(s.status, 'aktif') = 'aktif' DESC, s.id IN (SELECT id FROM line) DESC, known_s DESC LIMIT 1",
        (kunci, desa, SEQ_BITS),
    ).fetchone()
    return None if row is None else int(row[0]) or None


def list_slots(conn: sqlite3.Connection, count_max: int, desa: str | None = None) -> list[SlotRow]:
    """List the newest slots, of one desa or of all; those that expire last come first."""
    rows = conn.execute(
        "SELECT s.id, s.wilayah, s.status, s.expires_s, s.opened_by, c.nama,"
        " EXISTS (SELECT 1 FROM simpul AS n WHERE n.kunci = c.kunci), c.refused_s, c.refused_by, c.reason, c.note"
        " FROM slot AS s LEFT JOIN candidate AS c ON c.simpul ="
        " (SELECT d.simpul FROM candidate AS d WHERE d.slot = s.id ORDER BY d.time_s DESC LIMIT 1)"
        " WHERE ? IS NULL OR s.wilayah = ? ORDER BY s.expires_s DESC, s.id LIMIT ?",
        (desa, desa, count_max),
    )
    return [SlotRow(*row) for row in rows]


def name_petugas(conn: sqlite3.Connection, ids: Iterable[str]) -> dict[str, str]:
    """Give the names of officers by record id."""
    rows = conn.execute(
        "SELECT id, nama FROM petugas WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
    )
    return {id: nama or "" for id, nama in rows}
