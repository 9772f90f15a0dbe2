"""The hub's verdicts on changes: revoked keys, adoptions, erasures; the second argument of the fold."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from shared.changelog.change import parse_ref
from shared.errors import ProtocolError
from shared.store.changes import SEQ_BITS, SEQ_MASK

VERDICT_KINDS = ("simpul", "adopsi", "penghapusan")
PREFIX_BYTES = 8
"""Of a leaf stand in a reference."""
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Verdicts:
    """``cutoffs``: log number → first seq that is quarantined; the sets hold positions (see store.changes).

    ``erased_bodies`` are digests of erased bodies, ``erased_records`` the records whose changes may have them.
    """

    cutoffs: dict[int, int]
    adopted: frozenset[int]
    erased: frozenset[int]
    erased_bodies: frozenset[bytes] = frozenset()
    erased_records: frozenset[str] = frozenset()

    def is_revoked(self, pos: int) -> bool:
        """Tell whether a change lies beyond the cut-off of a revoked key and was not adopted."""
        cutoff = self.cutoffs.get(pos >> SEQ_BITS)
        return cutoff is not None and pos & ((1 << SEQ_BITS) - 1) >= cutoff and pos not in self.adopted


NO_VERDICTS = Verdicts({}, frozenset(), frozenset())


def load_verdicts(conn: sqlite3.Connection) -> Verdicts:
    """Read the verdicts in force from the projections of the verdict kinds.

    What is not a reference, or names a change by another hash than it has, says nothing. Of two cut-offs
    of one log the stricter holds, so that the order in which they came does not matter.
    """
    logs: dict[str, tuple[int, str]] = {
        id: (no, kunci.hex()) for no, id, kunci in conn.execute("SELECT no, id, kunci FROM log")
    }
    cutoffs: dict[int, int] = {}
    for kunci, batas in conn.execute("SELECT kunci, batas FROM simpul WHERE status IN ('dicabut', 'ditangguhkan')"):
        listed = _read_cutoffs(batas)
        for id, (no, log_kunci) in logs.items():
            if log_kunci == kunci:
                cutoffs[no] = min(cutoffs.get(no, SEQ_MASK), listed.get(id, 0))
    return Verdicts(
        cutoffs,
        _positions(conn, conn.execute("SELECT perubahan FROM adopsi"), logs),
        _positions(conn, conn.execute("SELECT perubahan FROM penghapusan"), logs),
        frozenset(
            bytes.fromhex(item) for item in _items(conn.execute("SELECT isi FROM penghapusan"))
            if _DIGEST.fullmatch(item)
        ),
        frozenset(_items(conn.execute("SELECT rekaman FROM penghapusan"))),
    )


class KeyRecord(NamedTuple):
    """One record in which the hub has admitted a key; ``status`` is empty where it says none."""

    id: str
    wilayah: str
    nama: str
    status: str
    sebab: str


def list_key_records(conn: sqlite3.Connection, kunci: str) -> list[KeyRecord]:
    """List the records of a key, the one that decides first: any that takes it back, then any that suspends it.

    There are several where a rebuilt hub has admitted a computer anew before its channel of then came back.
    """
    rows = conn.execute(
        "SELECT id, coalesce(wilayah, ''), coalesce(nama, ''), coalesce(status, ''), coalesce(sebab, '') FROM simpul"
        " WHERE kunci = ? ORDER BY status = 'dicabut' DESC, status = 'ditangguhkan' DESC, id",
        (kunci,),
    )
    return [KeyRecord._make(row) for row in rows]


def read_ends(conn: sqlite3.Connection, kunci: str) -> dict[str, int] | None:
    """Read how much of each log of a revoked key counts, of a log that is not named nothing; None where it is not."""
    listed = [
        _read_cutoffs(batas)
        for (batas,) in conn.execute("SELECT batas FROM simpul WHERE kunci = ? AND status = 'dicabut'", (kunci,))
    ]
    logs = {log for cutoffs in listed for log in cutoffs}
    return {log: min(cutoffs.get(log, 0) for cutoffs in listed) for log in logs} if listed else None


def _items(rows: Iterable[tuple[str | None]]) -> Iterator[str]:
    for (text,) in rows:
        yield from json.loads(text or "[]")


def _read_cutoffs(text: str | None) -> dict[str, int]:
    """Read ``log:size`` items; of two for one log the smaller counts."""
    cutoffs: dict[str, int] = {}
    for item in json.loads(text or "[]"):
        log, _, size = item.rpartition(":")
        if log and size.isascii() and size.isdigit() and len(size) <= 15:
            cutoffs[log] = min(cutoffs.get(log, SEQ_MASK), int(size))
    return cutoffs


def _positions(
    conn: sqlite3.Connection, rows: Iterable[tuple[str | None]], logs: Mapping[str, tuple[int, str]]
) -> frozenset[int]:
    wanted: dict[int, set[bytes]] = {}
    for ref in _items(rows):
        try:
            log, seq, prefix = parse_ref(ref)
        except ProtocolError:
            continue
        if log in logs and seq <= SEQ_MASK:
            wanted.setdefault(logs[log][0] << SEQ_BITS | seq, set()).add(prefix)
    if not wanted:
        return frozenset()
    leaves = conn.execute(
        "SELECT pos, leaf FROM change WHERE pos IN (SELECT value FROM json_each(?))", (json.dumps(sorted(wanted)),)
    )
    return frozenset(pos for pos, leaf in leaves if leaf[:PREFIX_BYTES] in wanted[pos])


def affected_positions(conn: sqlite3.Connection, before: Verdicts, after: Verdicts) -> set[int]:
    """Find every change whose standing differs between two sets of verdicts."""
    changed = set(before.adopted ^ after.adopted) | set(before.erased ^ after.erased)
    for no in before.cutoffs.keys() | after.cutoffs.keys():
        old, new = before.cutoffs.get(no), after.cutoffs.get(no)
        if old != new:
            first = min(cutoff for cutoff in (old, new) if cutoff is not None)
            rows = conn.execute(
                "SELECT pos FROM change WHERE pos >= ? AND pos < ?",
                (no << SEQ_BITS | first, (no + 1) << SEQ_BITS),
            )
            changed.update(row[0] for row in rows)
    return changed
