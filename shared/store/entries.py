"""Stored changes, read: where each stands, what its header and its body say."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from shared.changelog.change import Header, decode_bodies, decode_headers
from shared.errors import DamageError, ProtocolError


class Entry(NamedTuple):
    """One stored change, read: where it is, its header and body members (None when erased)."""

    pos: int
    header: Header
    values: dict[str, Any] | None
    leaf: bytes


def read_entries(conn: sqlite3.Connection, positions: Iterable[int]) -> list[Entry]:
    """Read and decode changes by position, in order."""
    rows = conn.execute(
        "SELECT pos, header, body, leaf FROM change WHERE pos IN (SELECT value FROM json_each(?)) ORDER BY pos",
        (json.dumps(list(positions)),),
    ).fetchall()
    return decode_rows(rows)


def decode_rows(rows: Sequence[tuple[int, bytes, bytes | None, bytes]]) -> list[Entry]:
    """Decode rows of position, header, body and leaf; DamageError, for each was read before it was stored."""
    try:
        headers = decode_headers([row[1] for row in rows])
        bodies = decode_bodies([row[2] for row in rows])
    except ProtocolError as error:
        raise DamageError(f"stored change: {error.detail}") from None
    return [Entry(row[0], h, b, row[3]) for row, h, b in zip(rows, headers, bodies, strict=True)]
