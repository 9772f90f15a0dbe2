"""Parity: count and digest of a desa's rows per kind, so that two sides know that they show the same.

Both sides fold the same logs by the same law; parity proves that the tables agree too, and where they do
not, :func:`list_range` leads down to the record. Digests are cached by what they were computed from.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

from shared.records.catalogue import Catalogue
from shared.records.kind import Kind
from shared.store.migrations import read_setting, write_setting
from shared.store.tables import columns_of

DIGEST_LETTERS = 20
"""80 bits: parity finds accidents between two honest tables; the tree is there for the rest."""


@dataclass(frozen=True)
class ParityCheck:
    """``at`` names the log heads that the counts and digests were computed at; empty when there are none.

    ``kinds`` gives count, digest and shape of each kind that has rows.
    """

    at: str
    kinds: dict[str, tuple[int, str, str]]

    def message(self) -> dict[str, Any]:
        """Give the members of a hello; nothing when nothing is known."""
        if not self.at:
            return {}
        return {"parity_at": self.at, "parity": {name: list(told) for name, told in sorted(self.kinds.items())}}


class Verdict(StrEnum):
    """What a comparison has shown; empty where there was nothing to compare."""

    NONE = ""
    SAMA = "sama"
    BEDA = "beda"
    VERSI = "versi"
    """What both know in one version is the same; the rest waits for an upgrade."""


class Comparison(NamedTuple):
    """The kinds that differ, and those that cannot be compared between two programs."""

    verdict: Verdict = Verdict.NONE
    differs: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()

    def message(self) -> dict[str, Any]:
        """Give the members of an answer to hello."""
        names = {"parity_versions": list(self.versions)} if self.versions else {}
        return {"parity": self.verdict.value, "parity_differs": list(self.differs), **names}


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
    at, kinds = json.loads(text)[:2]
    if at != name_heads(conn, wilayah) or _is_of_another_program(conn, text):
        return NO_PARITY
    return ParityCheck(at, {kind: (count, digest, shape) for kind, (count, digest, shape) in kinds.items()})


def _is_of_another_program(conn: sqlite3.Connection, text: str) -> bool:
    """Tell whether a claim was computed from tables of another catalogue; the logs are the same, the rows are not."""
    stored: list[Any] = json.loads(text)
    return len(stored) < 3 or stored[2] != read_setting(conn, "catalogue")


def is_claim_stale(conn: sqlite3.Connection, wilayah: str) -> bool:
    """Tell whether the parity of a desa has to be computed again for its present logs."""
    text = read_setting(conn, f"paritas:{wilayah}")
    if text is None or _is_of_another_program(conn, text):
        return True
    return bool(json.loads(text)[0] != name_heads(conn, wilayah))


def compute_parity(conn: sqlite3.Connection, catalogue: Catalogue, wilayah: str) -> ParityCheck:
    """Compute the parity of all kinds of a desa that have rows; reads every row."""
    kinds = {}
    for kind in catalogue:
        count, digest = digest_range(conn, kind, wilayah, "", "")
        if count:
            kinds[kind.name] = (count, digest, kind.shape)
    return ParityCheck(name_heads(conn, wilayah), kinds)


def store_parity(conn: sqlite3.Connection, wilayah: str, parity: ParityCheck) -> None:
    """Remember a computed parity."""
    write_setting(conn, f"paritas:{wilayah}", json.dumps([parity.at, parity.kinds, read_setting(conn, "catalogue")]))


def compare_parity(mine: ParityCheck, theirs: ParityCheck, *, same_kinds: bool) -> Comparison:
    """Compare counts and digests of the kinds that both sides know in one shape.

    Where not all kinds are the same (``same_kinds``), one of which only one side has rows may be unknown to the
    other: it is not compared.
    """
    differs: list[str] = []
    versions: list[str] = []
    for kind in sorted(mine.kinds.keys() | theirs.kinds.keys()):
        own, other = mine.kinds.get(kind), theirs.kinds.get(kind)
        if own is None or other is None:
            (differs if same_kinds else versions).append(kind)
        elif own[2] != other[2]:
            versions.append(kind)
        elif own != other:
            differs.append(kind)
    verdict = Verdict.BEDA if differs else Verdict.VERSI if versions else Verdict.SAMA
    return Comparison(verdict, tuple(differs), tuple(versions))


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
