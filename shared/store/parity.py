"""Parity: count and digest of a desa's rows per kind, so that two sides know that they show the same.

Both sides fold the same logs by the same law; parity proves that the tables agree too, and where they do
not, :func:`list_range` leads down to the record. Digests are cached by what they were computed from.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from shared.records.catalogue import Catalogue
from shared.records.kind import Kind
from shared.store.migrations import read_setting, write_setting
from shared.store.tables import columns_of

DIGEST_LETTERS = 20
"""80 bits: parity finds accidents between two honest tables; the tree is there for the rest."""


@dataclass(frozen=True)
class ParityCheck:
    """``at`` names the log heads that the counts and digests were computed at; empty when there are none."""

    at: str
    kinds: dict[str, tuple[int, str]]

    def message(self) -> dict[str, Any]:
        """Give the members of a hello; nothing when nothing is known."""
        if not self.at:
            return {}
        return {"parity_at": self.at, "parity": {k: [n, d] for k, (n, d) in sorted(self.kinds.items())}}


NO_PARITY = ParityCheck("", {})


def name_heads(conn: sqlite3.Connection, wilayah: str) -> str:
    """Digest the heads of all logs that a desa's rows depend on: its own and the common channel's verdicts."""
    rows = conn.execute("SELECT id, size FROM log WHERE wilayah = ? OR peran = 'umum' ORDER BY id", (wilayah,))
    text = json.dumps([list(row) for row in rows])
    return sha256(text.encode()).hexdigest()[:DIGEST_LETTERS]


def claim_parity(conn: sqlite3.Connection, catalogue: Catalogue, wilayah: str) -> ParityCheck:
    """Give the last computed parity of a desa if it still holds for its logs; never computes."""
    text = read_setting(conn, f"paritas:{wilayah}")
    if text is None:
        return NO_PARITY
    at, kinds = json.loads(text)
    if at != name_heads(conn, wilayah):
        return NO_PARITY
    return ParityCheck(at, {kind: (count, digest) for kind, (count, digest) in kinds.items()})


def is_claim_stale(conn: sqlite3.Connection, wilayah: str) -> bool:
    """Tell whether the parity of a desa has to be computed again for its present logs."""
    text = read_setting(conn, f"paritas:{wilayah}")
    return text is None or json.loads(text)[0] != name_heads(conn, wilayah)


def compute_parity(conn: sqlite3.Connection, catalogue: Catalogue, wilayah: str) -> ParityCheck:
    """Compute the parity of all kinds of a desa that have rows; reads every row."""
    kinds = {}
    for kind in catalogue:
        count, digest = digest_range(conn, kind, wilayah, "", "")
        if count:
            kinds[kind.name] = (count, digest)
    return ParityCheck(name_heads(conn, wilayah), kinds)


def store_parity(conn: sqlite3.Connection, wilayah: str, parity: ParityCheck) -> None:
    """Remember a computed parity."""
    write_setting(conn, f"paritas:{wilayah}", json.dumps([parity.at, parity.kinds]))


def compare_parity(mine: ParityCheck, theirs: ParityCheck) -> list[str]:
    """Name the kinds whose count or digest differ."""
    return sorted(
        kind for kind in mine.kinds.keys() | theirs.kinds.keys() if mine.kinds.get(kind) != theirs.kinds.get(kind)
    )


def digest_range(conn: sqlite3.Connection, kind: Kind, wilayah: str, low: str, high: str) -> tuple[int, str]:
    """Count and digest the rows of one kind with ``low`` ≤ id < ``high`` (empty: no bound)."""
    count, digest = 0, sha256()
    for _, row_digest in _digest_rows(conn, kind, wilayah, low, high):
        count += 1
        digest.update(row_digest)
    return count, digest.hexdigest()[:DIGEST_LETTERS]


def list_range(conn: sqlite3.Connection, kind: Kind, wilayah: str, low: str, high: str) -> list[tuple[str, str]]:
    """List (id, digest) of every row in a range."""
    return [(id, digest.hex()[:DIGEST_LETTERS]) for id, digest in _digest_rows(conn, kind, wilayah, low, high)]


def _digest_rows(
    conn: sqlite3.Connection, kind: Kind, wilayah: str, low: str, high: str
) -> Iterator[tuple[str, bytes]]:
    columns = ",".join(columns_of(kind))
    rows = conn.execute(
        f"SELECT {columns} FROM {kind.name} WHERE desa = ? AND id >= ? AND (? = '' OR id < ?) ORDER BY id",
        (wilayah, low, high, high),
    )
    for row in rows:
        yield row[0], sha256(json.dumps(row, ensure_ascii=False).encode()).digest()
