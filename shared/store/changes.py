"""The logs as stored. :func:`append` is the one function that adds to a log, always inside a transaction.

A change's place is one integer, ``pos = log number << 40 | seq``, so that a log is one stretch of one
B-tree. Leaf hashes stand beside their changes; of the tree above them only the hashes of full 256-leaf
tiles are kept, which makes any proof a few hundred hashes (tlog-tiles has the same heights).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from shared.changelog.change import Header, Sealed
from shared.changelog.tree import (
    TILE_LEAVES,
    CompactRange,
    Subtree,
    SubtreeHasher,
    begin_subtrees,
    consistency_proof,
    split_hashes,
)
from shared.errors import DamageError, ProtocolError
from shared.merge.scope import Role

SEQ_BITS = 40
SEQ_MASK = (1 << SEQ_BITS) - 1


@dataclass(frozen=True)
class Log:
    """One log as this side holds it: ``size`` changes with root ``tree.root()``."""

    no: int
    id: str
    origin: str
    wilayah: str
    peran: Role
    kunci: bytes
    own: bool
    size: int
    tree: CompactRange
    checkpoint: bytes | None
    """The author's newest note; it may be of more changes than are held here, which ``proof`` then proves."""
    proof: tuple[bytes, ...] = ()
    closed: bool = False
    """An own log that is not continued here: it was written on elsewhere."""

    @property
    def base(self) -> int:
        return self.no << SEQ_BITS

    def root(self) -> bytes:
        return self.tree.root()


class Receipt(NamedTuple):
    """The other side's cosignature: it holds the first ``size`` changes since ``time_s`` (hub time)."""

    size: int
    time_s: int
    note: bytes


_LOG_COLUMNS = "no, id, origin, wilayah, peran, kunci, own, size, tree, checkpoint, proof, closed"


def _read_log(row: tuple[object, ...]) -> Log:
    no, id, origin, wilayah, peran, kunci, own, size, tree, checkpoint, proof, closed = row
    assert isinstance(no, int) and isinstance(size, int) and isinstance(tree, bytes) and isinstance(kunci, bytes)
    assert checkpoint is None or isinstance(checkpoint, bytes)
    assert isinstance(proof, bytes)
    return Log(
        no, str(id), str(origin), str(wilayah), read_role(no, str(peran)), kunci, bool(own), size,
        CompactRange.from_bytes(size, tree), checkpoint, tuple(split_hashes(proof)), bool(closed),
    )


def read_role(no: int, peran: str) -> Role:
    """Read the role of a stored log; DamageError when there is none of that name."""
    try:
        return Role(peran)
    except ValueError:
        raise DamageError(f"role of log {no}") from None


def find_log(conn: sqlite3.Connection, id: str) -> Log | None:
    """Find a log by its id."""
    row = conn.execute(f"SELECT {_LOG_COLUMNS} FROM log WHERE id = ?", (id,)).fetchone()
    return None if row is None else _read_log(row)


def list_logs(conn: sqlite3.Connection, wilayah: str | None = None) -> list[Log]:
    """List the logs held here, of one wilayah or all, in the order they were first seen."""
    rows = conn.execute(
        f"SELECT {_LOG_COLUMNS} FROM log WHERE ? IS NULL OR wilayah = ? ORDER BY no", (wilayah, wilayah)
    )
    return [_read_log(row) for row in rows]


def add_log(
    conn: sqlite3.Connection, *, id: str, origin: str, wilayah: str, peran: Role, kunci: bytes, own: bool
) -> Log:
    """Register an empty log."""
    cursor = conn.execute(
        "INSERT INTO log (id, origin, wilayah, peran, kunci, own, size, tree) VALUES (?, ?, ?, ?, ?, ?, 0, x'')",
        (id, origin, wilayah, peran.value, kunci, int(own)),
    )
    return Log(cursor.lastrowid or 0, id, origin, wilayah, peran, kunci, own, 0, CompactRange(), None)


def append(
    conn: sqlite3.Connection,
    log: Log,
    changes: Sequence[Sealed],
    headers: Sequence[Header],
    leaves: Sequence[bytes],
    checkpoint: bytes | None = None,
    proof: Sequence[bytes] = (),
) -> Log:
    """Add consecutive changes to a log and move its head; the only function that does.

    Its four callers are node/change.py, node/sinkron/receive.py, hub/change.py and hub/ingest/accept.py.
    The caller has verified the leaves against a signed checkpoint, or made them itself. ``proof`` leads from where
    they end to a checkpoint of more: with it whoever holds this much of a log can prove it to anybody. Raises
    ProtocolError when the changes do not begin where the log ends.
    """
    if any(h.seq != log.size + at or h.log != log.id for at, h in enumerate(headers)):
        raise ProtocolError("gap", f"log ends at {log.size}")
    base = log.base + log.size
    conn.executemany(
        "INSERT INTO change (pos, kind, record, header, body, digest, leaf) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (base + at, h.kind, h.record, c.header, c.body, c.body_digest if c.body is None else None, leaf)
            for at, (c, h, leaf) in enumerate(zip(changes, headers, leaves, strict=True))
        ],
    )
    tree = log.tree.copy()
    conn.executemany(
        "INSERT INTO tile (pos, hash) VALUES (?, ?)",
        [(log.base | tile.number, tile.hash) for tile in tree.extend(leaves)],
    )
    if checkpoint is None:
        # Our own words: what proved the beginning of a log proves it no longer once it is written on.
        checkpoint = None if log.proof else log.checkpoint
    return _move_head(conn, log, tree, checkpoint, tuple(proof))


def _move_head(
    conn: sqlite3.Connection, log: Log, tree: CompactRange, checkpoint: bytes | None, proof: tuple[bytes, ...]
) -> Log:
    conn.execute(
        "UPDATE log SET size = ?, tree = ?, checkpoint = ?, proof = ? WHERE no = ?",
        (tree.size, tree.to_bytes(), checkpoint, b"".join(proof), log.no),
    )
    return replace(log, size=tree.size, tree=tree, checkpoint=checkpoint, proof=proof)


def close_log(conn: sqlite3.Connection, log: Log) -> None:
    """Never continue an own log here: changes of it came from elsewhere."""
    conn.execute("UPDATE log SET closed = 1, closed_again = 1 WHERE no = ?", (log.no,))


def find_open_log(conn: sqlite3.Connection, wilayah: str, peran: Role, kunci: bytes) -> Log | None:
    """Find the newest own log of a key that is still continued here."""
    row = conn.execute(
        "SELECT id FROM log WHERE own = 1 AND closed = 0 AND wilayah = ? AND peran = ? AND kunci = ?"
        " ORDER BY no DESC LIMIT 1",
        (wilayah, peran.value, kunci),
    ).fetchone()
    return None if row is None else find_log(conn, row[0])


def find_last_log(conn: sqlite3.Connection, wilayah: str, peran: Role) -> Log | None:
    """Find the newest own log, which a new one continues; None where there never was one."""
    row = conn.execute(
        "SELECT id FROM log WHERE own = 1 AND wilayah = ? AND peran = ? ORDER BY no DESC LIMIT 1",
        (wilayah, peran.value),
    ).fetchone()
    return None if row is None else find_log(conn, row[0])


def cut(conn: sqlite3.Connection, log: Log, size: int) -> Log:
    """Shorten a log to ``size`` changes, of which the rest is kept as a branch; only store.branch calls this."""
    if not 0 < size <= log.size:
        raise ValueError(f"log of {log.size} cannot be cut at {size}")
    tree = read_tree(conn, log, size)
    # Whoever signed the whole has signed this beginning.
    signed = signed_size(log)
    proof = consistency_proof(size, signed, hasher_of(conn, log)) if signed > size else ()
    above = (log.base + size, log.base + (1 << SEQ_BITS))
    conn.execute("DELETE FROM change WHERE pos >= ? AND pos < ?", above)
    conn.execute("DELETE FROM tile WHERE pos >= ? AND pos < ?", (log.base | size // TILE_LEAVES, above[1]))
    conn.execute("DELETE FROM receipt WHERE log = ? AND size > ?", (log.no, size))
    return _move_head(conn, log, tree, log.checkpoint, tuple(proof))


def remove_log(conn: sqlite3.Connection, log: Log) -> None:
    """Remove a log with all that is stored of it; only store.branch calls this."""
    places = (log.base, log.base + (1 << SEQ_BITS))
    conn.execute("DELETE FROM change WHERE pos >= ? AND pos < ?", places)
    conn.execute("DELETE FROM tile WHERE pos >= ? AND pos < ?", places)
    conn.execute("DELETE FROM receipt WHERE log = ?", (log.no,))
    conn.execute("DELETE FROM log WHERE no = ?", (log.no,))


def read_tree(conn: sqlite3.Connection, log: Log, size: int) -> CompactRange:
    """Make the compact range of the first ``size`` changes of a stored log."""
    hasher = hasher_of(conn, log)
    hashes, lo = [], 0
    for bit in reversed(range(size.bit_length())):
        if size >> bit & 1:
            hashes.append(hasher(lo, lo + (1 << bit)))
            lo += 1 << bit
    return CompactRange(size, hashes)


def read_leaves(conn: sqlite3.Connection, log: Log, start: int, end: int) -> list[bytes]:
    """Read the leaf hashes of changes ``start`` to ``end`` (exclusive)."""
    rows = conn.execute(
        "SELECT leaf FROM change WHERE pos >= ? AND pos < ? ORDER BY pos", (log.base + start, log.base + end)
    )
    return [row[0] for row in rows]


def hasher_of(conn: sqlite3.Connection, log: Log) -> Subtree:
    """Give the hashes of a stored log's subtrees, for proofs: also of the tree that its author signed beyond it."""

    stored = SubtreeHasher(
        lambda start, end: read_leaves(conn, log, start, end), lambda index: read_tile(conn, log, index)
    )
    return begin_subtrees(log.size, signed_size(log), log.proof, stored) if log.proof else stored


def read_tile(conn: sqlite3.Connection, log: Log, index: int) -> bytes | None:
    """Read the stored hash of a full tile of a log; None where there is none."""
    row = conn.execute("SELECT hash FROM tile WHERE pos = ?", (log.base | index,)).fetchone()
    return None if row is None else row[0]


def signed_size(log: Log) -> int:
    """Read of how many changes the author's newest note is, which was verified before it was stored; 0 without one.

    DamageError when that cannot be read.
    """
    return note_size(log.checkpoint or b"")


def note_size(note: bytes) -> int:
    """Read of how many changes a stored note of an author is; 0 where there is none. DamageError when it is broken."""
    try:
        return int(note.split(b"\n", 2)[1]) if note else 0
    except (IndexError, ValueError):
        raise DamageError("stored checkpoint") from None


def provable_size(log: Log) -> int:
    """Tell how many of the changes held here the author's note proves to others."""
    return min(log.size, signed_size(log))


def reach_of(log: Log) -> int:
    """Tell how many changes can be handed on: of our own log, which we sign, all; of another what is proven."""
    return log.size if log.own else provable_size(log)


def root_at(conn: sqlite3.Connection, log: Log, size: int) -> bytes:
    """Compute the root of the first ``size`` changes of a stored log."""
    return log.root() if size == log.size else hasher_of(conn, log)(0, size)


def read_changes(conn: sqlite3.Connection, log: Log, start: int, end: int) -> list[Sealed]:
    """Read the bytes of changes ``start`` to ``end`` (exclusive); the digest is empty where a body stands."""
    rows = conn.execute(
        "SELECT header, body, coalesce(digest, x'') FROM change WHERE pos >= ? AND pos < ? ORDER BY pos",
        (log.base + start, log.base + end),
    )
    return [Sealed(*row) for row in rows]


def add_receipt(conn: sqlite3.Connection, log: Log, receipt: Receipt) -> None:
    """Keep a receipt; one per size, the first stays (its time is when the hub first had it)."""
    conn.execute(
        "INSERT OR IGNORE INTO receipt (log, size, time_s, note) VALUES (?, ?, ?, ?)", (log.no, *receipt)
    )


def last_receipt(conn: sqlite3.Connection, log: Log) -> Receipt | None:
    """Find the highest receipt of a log."""
    row = conn.execute(
        "SELECT size, time_s, note FROM receipt WHERE log = ? ORDER BY size DESC LIMIT 1", (log.no,)
    ).fetchone()
    return None if row is None else Receipt(*row)


def hub_time_of(conn: sqlite3.Connection, pos: int) -> int | None:
    """Tell when the hub first held a change (seconds), from the first receipt that covers it."""
    row = conn.execute(
        "SELECT time_s FROM receipt WHERE log = ? AND size > ? ORDER BY size LIMIT 1",
        (pos >> SEQ_BITS, pos & SEQ_MASK),
    ).fetchone()
    return None if row is None else int(row[0])
