"""Attachments in the database: the table of what is held, and who names what.

The bytes are files (shared/store/blobs.py). The table is not derived from the log: it says how much of each
is here. Who names a hash follows from the record tables and the log, and is asked anew each time.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from shared.records.catalogue import Catalogue
from shared.records.fields import Lampiran
from shared.store.changes import SEQ_BITS
from shared.store.tables import _name

_DIGESTS = re.compile(rb'"([0-9a-f]{64})"')


class Held(NamedTuple):
    """What is here of one attachment of one desa: ``held`` of ``size`` bytes; whole once it was verified."""

    desa: str
    hash: str
    size: int
    held: int
    whole: int
    confirmed_s: int | None
    """On a node: when the hub last said that it has it too."""
    unnamed_s: int | None
    """Since when nothing names it, and in how many sweeps that was seen."""
    unnamed_sweeps: int


_COLUMNS = "desa, hash, size, held, whole, confirmed_s, unnamed_s, unnamed_sweeps"


def find_held(conn: sqlite3.Connection, desa: str, digest: str) -> Held | None:
    """Find what the table says of one attachment."""
    row = conn.execute(f"SELECT {_COLUMNS} FROM attachment WHERE desa = ? AND hash = ?", (desa, digest)).fetchone()
    return None if row is None else Held(*row)


def list_held(conn: sqlite3.Connection, desa: str | None = None) -> list[Held]:
    """List the attachments of one desa or of all."""
    rows = conn.execute(
        f"SELECT {_COLUMNS} FROM attachment WHERE ? IS NULL OR desa = ? ORDER BY desa, hash", (desa, desa)
    )
    return [Held(*row) for row in rows]


def write_held(conn: sqlite3.Connection, desa: str, digest: str, size: int, held: int, whole: bool) -> None:
    """Note how much of an attachment is here."""
    conn.execute(
        "INSERT INTO attachment (desa, hash, size, held, whole) VALUES (?, ?, ?, ?, ?) ON CONFLICT (desa, hash)"
        " DO UPDATE SET size = excluded.size, held = excluded.held, whole = excluded.whole",
        (desa, digest, size, held, int(whole)),
    )


def forget_held(conn: sqlite3.Connection, desa: str, digest: str) -> None:
    """Forget an attachment whose bytes are gone."""
    conn.execute("DELETE FROM attachment WHERE desa = ? AND hash = ?", (desa, digest))


def write_unnamed(conn: sqlite3.Connection, held: Held, since_s: int | None, sweeps: int) -> None:
    """Note since when nothing names an attachment; None as soon as something does."""
    if (since_s, sweeps) != (held.unnamed_s, held.unnamed_sweeps):
        conn.execute(
            "UPDATE attachment SET unnamed_s = ?, unnamed_sweeps = ? WHERE desa = ? AND hash = ?",
            (since_s, sweeps, held.desa, held.hash),
        )


def confirm(conn: sqlite3.Connection, desa: str, digests: Iterable[str], now_s: int) -> None:
    """Note on a node that the hub has these."""
    conn.executemany(
        "UPDATE attachment SET confirmed_s = ? WHERE desa = ? AND hash = ? AND whole = 1",
        [(now_s, desa, digest) for digest in digests],
    )


def count_bytes(conn: sqlite3.Connection, desa: str) -> int:
    """Sum the sizes of a desa's attachments, those under way in full."""
    return int(conn.execute("SELECT coalesce(sum(size), 0) FROM attachment WHERE desa = ?", (desa,)).fetchone()[0])


def summarise(conn: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """Count the whole attachments of every desa and their bytes."""
    rows = conn.execute("SELECT desa, count(*), sum(size) FROM attachment WHERE whole = 1 GROUP BY desa ORDER BY desa")
    return {desa: (count, size) for desa, count, size in rows}


@lru_cache(maxsize=8)
def attachment_fields(catalogue: Catalogue) -> tuple[tuple[str, str], ...]:
    """Name kind and field of everything that can be an attachment."""
    return tuple(
        (kind.name, name) for kind in catalogue for name, field in kind.fields.items() if isinstance(field, Lampiran)
    )


def list_named(conn: sqlite3.Connection, catalogue: Catalogue, desa: str) -> set[str]:
    """Name what live records of a desa carry, and every version of records whose attachment is in conflict."""
    found: set[str] = set()
    for kind, field in attachment_fields(catalogue):
        rows = conn.execute(
            f"SELECT {_name(field)} FROM {_name(kind)} WHERE desa = ? AND {_name(field)} IS NOT NULL", (desa,)
        )
        found.update(row[0] for row in rows)
    return found | _list_disputed(conn, catalogue, desa)


def is_named(conn: sqlite3.Connection, catalogue: Catalogue, desa: str, digest: str) -> bool:
    """Tell whether :func:`list_named` holds a hash."""
    for kind, field in attachment_fields(catalogue):
        if conn.execute(
            f"SELECT 1 FROM {_name(kind)} WHERE desa = ? AND {_name(field)} = ?", (desa, digest)
        ).fetchone():
            return True
    return digest in _list_disputed(conn, catalogue, desa)


def _list_disputed(conn: sqlite3.Connection, catalogue: Catalogue, desa: str) -> set[str]:
    groups = [(kind, catalogue[kind].group_of[field]) for kind, field in attachment_fields(catalogue)]
    rows = conn.execute(
        "SELECT record FROM conflict WHERE desa = ? AND (kind || ' ' || grup) IN (SELECT value FROM json_each(?))",
        (desa, json.dumps([f"{kind} {group}" for kind, group in groups])),
    )
    return list_written(conn, desa, (row[0] for row in rows))


def list_written(conn: sqlite3.Connection, desa: str, records: Iterable[str]) -> set[str]:
    """Name whatever looks like an attachment in any change of some records of a desa."""
    listed = json.dumps(sorted(set(records)))
    if listed == "[]":
        return set()
    return _read_digests(conn.execute(
        f"SELECT c.body FROM change c JOIN log l ON l.no = c.pos >> {SEQ_BITS} WHERE l.wilayah = ?"
        " AND c.body IS NOT NULL AND c.record IN (SELECT value FROM json_each(?))",
        (desa, listed),
    ))


def list_carried(conn: sqlite3.Connection, starts: Iterable[tuple[int, int]]) -> set[str]:
    """Name whatever looks like an attachment in some logs (by their numbers), from a place of each on."""
    found: set[str] = set()
    for no, start in starts:
        found |= _read_digests(conn.execute(
            "SELECT body FROM change WHERE pos >= ? AND pos < ? AND body IS NOT NULL",
            ((no << SEQ_BITS) + start, (no + 1) << SEQ_BITS),
        ))
    return found


def list_kept(conn: sqlite3.Connection, catalogue: Catalogue, desa: str) -> set[str]:
    """Name what must not be removed: what is named, what held changes say, all that records in open cases had.

    A held change may come into force (adoption, a missing parent, an upgrade), a case may be decided for an
    earlier version.
    """
    held = conn.execute(
        "SELECT c.body FROM held h JOIN change c ON c.pos = h.pos WHERE h.desa = ? AND c.body IS NOT NULL", (desa,)
    )
    cases = conn.execute(
        "SELECT r.value FROM kasus k, json_each(coalesce(k.rekaman, '[]')) r"
        " WHERE k.desa = ? AND coalesce(k.status, '') <> 'selesai'",
        (desa,),
    )
    named = list_named(conn, catalogue, desa) | _read_digests(held)
    return named | list_written(conn, desa, (str(row[0]) for row in cases))


def _read_digests(rows: Iterable[tuple[bytes]]) -> set[str]:
    return {digest.decode() for (body,) in rows for digest in _DIGESTS.findall(body)}
