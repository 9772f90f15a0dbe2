"""SQL of what officers looked at: whose it was, what is not told yet, what a desa was told."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from hub.akses.rules import Look, Records, Seen
from shared.store.changes import SEQ_BITS

_AMONG = "IN (SELECT value FROM json_each(?))"
_BEHIND = {
    "penerima_bantuan": f"SELECT desa, id, penduduk, keluarga FROM penerima_bantuan WHERE id {_AMONG}",
    "surat": f"SELECT desa, id, penduduk, NULL FROM surat WHERE id {_AMONG}",
    "peristiwa": f"SELECT desa, id, penduduk, NULL FROM peristiwa WHERE id {_AMONG}",
    "tautan": f"SELECT desa, id, penduduk, NULL FROM tautan WHERE id {_AMONG}",
}
"""Records that are about a resident or a family of the same desa: desa, id, penduduk, keluarga."""
COUNTED = ("penduduk", "keluarga", "penerima_bantuan")
"""Kinds of which is counted what leaves without being named."""
_COLUMNS = "id, tanggal, petugas, peran, kegiatan, tentang, keperluan, penduduk, keluarga, bantuan"


def find_persons(conn: sqlite3.Connection, records: Records) -> list[tuple[str, str, str]]:
    """Put in the place of letters, events, links and aid the residents and families that they are about."""
    records = list(records)
    behind: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for kind, statement in _BEHIND.items():
        ids = [id for _, jenis, id in records if jenis == kind]
        rows = conn.execute(statement, (json.dumps(ids),)).fetchall() if ids else ()
        for desa, id, penduduk, keluarga in rows:
            found = [(desa, "penduduk", penduduk)] if penduduk else []
            behind[desa, id] = found + ([(desa, "keluarga", keluarga)] if keluarga else [])
    return [
        person for desa, kind, id in records
        for person in (behind.get((desa, id), []) if kind in _BEHIND else [(desa, kind, id)])
    ]


def find_look(conn: sqlite3.Connection, desa: str, key: Sequence[str], fresh: str) -> str:
    """Find the look of a desa by its day, officer, role, act, list and purpose; make it where there is none."""
    conn.execute(
        "INSERT INTO look (id, desa, tanggal, petugas, peran, kegiatan, tentang, keperluan)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (fresh, desa, *key),
    )
    row = conn.execute(
        "SELECT id FROM look WHERE desa = ? AND tanggal = ? AND petugas = ? AND peran = ? AND kegiatan = ?"
        " AND tentang = ? AND keperluan = ?",
        (desa, *key),
    ).fetchone()
    return str(row[0])


def add_seen(conn: sqlite3.Connection, look: str, seen: Iterable[Seen]) -> None:
    """Note what was seen in a look; what was noted before counts once."""
    conn.executemany(
        "INSERT INTO look_record (look, jenis, record) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(look, *one) for one in seen],
    )


def add_counts(conn: sqlite3.Connection, look: str, counts: Mapping[str, int]) -> None:
    """Count what left without being named, by kind."""
    conn.execute(
        "UPDATE look SET penduduk = penduduk + ?, keluarga = keluarga + ?, bantuan = bantuan + ? WHERE id = ?",
        (*(counts.get(kind, 0) for kind in COUNTED), look),
    )


def list_due(conn: sqlite3.Connection, desa: str, day: str, limit: int) -> list[Look]:
    """List the looks of a desa of any day but this one, the oldest first: a clock may have been ahead."""
    rows = conn.execute(
        f"SELECT {_COLUMNS} FROM look WHERE desa = ? AND tanggal <> ? ORDER BY tanggal, id LIMIT ?", (desa, day, limit)
    )
    return [Look(*row) for row in rows]


def list_seen(conn: sqlite3.Connection, look: str) -> list[Seen]:
    """List what was seen in a look, in the order in which it stood on the screen."""
    rows = conn.execute("SELECT jenis, record FROM look_record WHERE look = ? ORDER BY no", (look,))
    return [Seen(*row) for row in rows]


def drop_looks(conn: sqlite3.Connection, ids: Iterable[str]) -> None:
    """Forget looks that were told; the access audit keeps them."""
    conn.execute(f"DELETE FROM look WHERE id {_AMONG}", (json.dumps(list(ids)),))


def list_told(conn: sqlite3.Connection, desa: str, ids: Iterable[str]) -> set[str]:
    """List which of some looks stand in the channel of a desa, as their changes say: a row may be held back."""
    rows = conn.execute(
        f"SELECT DISTINCT c.record FROM change c JOIN log l ON l.no = c.pos >> {SEQ_BITS}"
        f" WHERE c.record {_AMONG} AND l.wilayah = ?",
        (json.dumps(list(ids)), desa),
    )
    return {row[0] for row in rows}


def list_disputed(conn: sqlite3.Connection, desa: str) -> list[str]:
    """List the looks of a desa of which two histories of this hub tell different numbers."""
    rows = conn.execute(
        "SELECT DISTINCT record FROM conflict WHERE kind = 'akses' AND desa = ? ORDER BY record", (desa,)
    )
    return [row[0] for row in rows]
