"""Second histories of one log: kept whole as *branches* beside it.

A log has two histories when its key has signed other bytes for one place: a machine was restored from an
old copy and written on, or has a twin. The one that the other side holds stays in the log. The other moves
here, byte for byte, with its tree and the author's note; nothing of it is lost, and store.reissue gives
its changes new places at the end of another log (sync_protocol.md section 6.5).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from operator import eq
from typing import Any, NamedTuple, TypeVar

from shared.changelog.change import Sealed, decode_headers
from shared.changelog.tree import CompactRange, leaf_hash, split_hashes
from shared.merge.scope import GENESIS_KIND
from shared.store.changes import Log, cut, note_size, read_changes, read_leaves, read_tree, remove_log
from shared.store.erasure import strip_erased
from shared.store.marks import mark_rows

T = TypeVar("T")


class Branch(NamedTuple):
    """One kept history: it leaves the log at ``start`` and ends at ``size``; ``ref`` names its first change."""

    no: int
    log: str
    start: int
    ref: str
    size: int
    base_bytes: bytes
    tree_bytes: bytes
    note: bytes
    """The author's; empty on our own words."""
    proof: tuple[bytes, ...]
    """It leads from ``size`` to as much as ``note`` is of, where that is more."""
    time_s: int

    @property
    def base(self) -> CompactRange:
        """What stands before ``start``, whose history this continues; DamageError where that cannot be read."""
        return CompactRange.from_bytes(self.start, self.base_bytes)

    @property
    def tree(self) -> CompactRange:
        """The whole branch, the shared beginning included; DamageError where that cannot be read."""
        return CompactRange.from_bytes(self.size, self.tree_bytes)

    @property
    def is_provable(self) -> bool:
        """Whether it can be proven to others, whole: what an earlier program kept may lack the proof."""
        signed = note_size(self.note)
        return signed == self.size or (signed > self.size and bool(self.proof))


_COLUMNS = "no, log, start, ref, size, base, tree, checkpoint, proof, time_s"


def _read(row: tuple[Any, ...]) -> Branch:
    no, log, start, ref, size, base, tree, note, proof, time_s = row
    return Branch(no, log, start, ref, size, base, tree, note, tuple(split_hashes(proof)), time_s)


def list_branches(conn: sqlite3.Connection, log: str | None = None) -> list[Branch]:
    """List the branches kept here, of one log or all, oldest first."""
    rows = conn.execute(f"SELECT {_COLUMNS} FROM branch WHERE ? IS NULL OR log = ? ORDER BY no", (log, log))
    return [_read(row) for row in rows]


def find_branch(conn: sqlite3.Connection, ref: str) -> Branch | None:
    """Find a branch by its first change."""
    row = conn.execute(f"SELECT {_COLUMNS} FROM branch WHERE ref = ?", (ref,)).fetchone()
    return None if row is None else _read(row)


def read_branch(conn: sqlite3.Connection, branch: Branch, start: int = 0, end: int | None = None) -> list[Sealed]:
    """Read the bytes of a branch's changes, from a place in it on, to its end or up to ``end``."""
    rows = conn.execute(
        "SELECT header, body, coalesce(digest, x'') FROM branch_change WHERE branch = ? AND seq >= ? AND seq < ?"
        " ORDER BY seq", (branch.no, start, branch.size if end is None else end),
    )
    return [Sealed(*row) for row in rows]


def keep(
    conn: sqlite3.Connection, log: str, base: CompactRange, changes: Sequence[Sealed], note: bytes,
    proof: Sequence[bytes], time_s: int,
) -> bool:
    """Keep the changes behind ``base`` of a second history; tell whether it was unknown so far.

    ``proof`` leads from their end to what the author's ``note`` is of: with it whoever keeps this can prove it to
    anybody. Of the same branch the longer one stays. One that parts from it further on, as a copy that was put back
    for the second time makes, is a branch of its own from where it parts.
    """
    leaves = [leaf_hash(change.header, change.digest()) for change in changes]
    ref = decode_headers([changes[0].header])[0].ref(leaves[0])
    known = find_branch(conn, ref)
    if known is None:
        tree = base.copy()
        tree.extend(leaves)
        cursor = conn.execute(
            "INSERT INTO branch (log, start, ref, size, base, tree, checkpoint, proof, time_s)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (log, base.size, ref, tree.size, base.to_bytes(), tree.to_bytes(), note, b"".join(proof), time_s),
        )
        _insert(conn, cursor.lastrowid or 0, log, base.size, changes, leaves)
        mark_rows(conn, "branch", cursor.lastrowid)
        return True
    same = count_same(read_branch_leaves(conn, known, base.size), leaves)
    if same < len(changes) and base.size + same < known.size:
        base = base.copy()
        base.extend(leaves[:same])
        return keep(conn, log, base, changes[same:], note, proof, time_s)
    if same < len(changes) or (base.size + same == known.size and not known.is_provable):
        grow(conn, known, changes[same:], leaves[same:], note, proof)
    return False


def read_branch_leaves(conn: sqlite3.Connection, branch: Branch, start: int, end: int | None = None) -> list[bytes]:
    """Read the leaf hashes of a branch from a place in it on, to its end or up to ``end``."""
    rows = conn.execute(
        "SELECT leaf FROM branch_change WHERE branch = ? AND seq >= ? AND seq < ? ORDER BY seq",
        (branch.no, start, branch.size if end is None else end),
    )
    return [row[0] for row in rows]


def count_same(some: Sequence[T], others: Sequence[T], is_same: Callable[[T, T], bool] = eq) -> int:
    """Count how far two histories are the same."""
    parts = (at for at, (one, other) in enumerate(zip(some, others, strict=False)) if not is_same(one, other))
    return next(parts, min(len(some), len(others)))


def grow(
    conn: sqlite3.Connection, branch: Branch, changes: Sequence[Sealed], leaves: Sequence[bytes], note: bytes,
    proof: Sequence[bytes],
) -> None:
    """Add proven changes to the end of a branch; ``note`` and ``proof`` are as in :func:`keep`."""
    tree = branch.tree
    tree.extend(leaves)
    _insert(conn, branch.no, branch.log, branch.size, changes, leaves)
    conn.execute(
        "UPDATE branch SET size = ?, tree = ?, checkpoint = ?, proof = ? WHERE no = ?",
        (tree.size, tree.to_bytes(), note, b"".join(proof), branch.no),
    )
    mark_rows(conn, "branch", branch.no)


def _insert(
    conn: sqlite3.Connection, branch: int, log: str, start: int, changes: Sequence[Sealed], leaves: Sequence[bytes]
) -> None:
    changes = strip_erased(conn, log, start, changes, leaves)
    conn.executemany(
        "INSERT INTO branch_change (branch, seq, header, body, digest, leaf) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (branch, start + at, c.header, c.body, c.body_digest if c.body is None else None, leaf)
            for at, (c, leaf) in enumerate(zip(changes, leaves, strict=True))
        ],
    )


class Removed(NamedTuple):
    """What a cut took out of a log: its changes, and the records that must be folded again."""

    ref: str
    changes: list[Sealed]
    records: list[tuple[str, str]]
    """(kind, record id) of every change taken out."""


def move_to_branch(conn: sqlite3.Connection, log: Log, at: int, time_s: int) -> tuple[Log, Removed]:
    """Cut a log at ``at`` and keep what stood behind it as a branch.

    The tables still show it: the caller folds ``records`` again (Projector.refold).
    """
    changes = read_changes(conn, log, at, log.size)
    leaves = read_leaves(conn, log, at, log.size)
    headers = decode_headers([change.header for change in changes])
    keep(conn, log.id, read_tree(conn, log, at), changes, log.checkpoint or b"", log.proof, time_s)
    records = sorted({(header.kind, header.record) for header in headers if header.kind != GENESIS_KIND})
    return cut(conn, log, at), Removed(headers[0].ref(leaves[0]), changes, records)


def withdraw(conn: sqlite3.Connection, log: Log) -> Removed | None:
    """Take a log out of the database that nobody else has ever seen; None when it held nothing but its opening.

    Its changes are to be issued again; the tables still show them.
    """
    removed = move_to_branch(conn, log, 1, 0)[1] if log.size > 1 else None
    conn.execute("DELETE FROM branch_change WHERE branch IN (SELECT no FROM branch WHERE log = ?)", (log.id,))
    conn.execute("DELETE FROM branch WHERE log = ?", (log.id,))
    remove_log(conn, log)
    return removed
