"""The whole histories that branches belong to: a *line* is what one key once signed from a log's first change on.

A branch leaves its log, or another branch, at a place; with what stands before that place it is a history like that
of the log, and can be proven and handed over like one (sync_protocol.md section 6.5).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from shared.changelog.change import Sealed
from shared.changelog.tree import TILE_LEAVES, CompactRange, Subtree, SubtreeHasher, begin_subtrees
from shared.store.branch import Branch, list_branches, read_branch, read_branch_leaves
from shared.store.changes import Log, hasher_of, note_size, read_changes, read_leaves, read_tile, read_tree, root_at


@dataclass(frozen=True)
class Line:
    """One history: the log up to where the first of ``branches`` leaves it, each of them up to where the next does."""

    log: Log
    branches: tuple[Branch, ...] = ()

    @property
    def size(self) -> int:
        return self.branches[-1].size if self.branches else self.log.size

    @property
    def note(self) -> tuple[bytes, int]:
        """The newest note of the author, and of how many changes it is."""
        note = self.branches[-1].note if self.branches else self.log.checkpoint or b""
        return note, note_size(note)

    def part(self, start: int, end: int) -> Iterator[tuple[Branch | None, int, int]]:
        """Give where changes ``start`` to ``end`` stand, piece by piece; None is the log."""
        lefts = [branch.start for branch in self.branches]
        for branch, low, high in zip((None, *self.branches), (0, *lefts), (*lefts, end), strict=True):
            if max(start, low) < min(end, high):
                yield branch, max(start, low), min(end, high)


def find_line(conn: sqlite3.Connection, log: Log, branch: Branch) -> Line | None:
    """Find the history that a branch is the end of; None when what it leaves is not here.

    What stands before it is one history, wherever it is held: in the log, or in the branch that was cut from there.
    """
    found: list[Branch] = []
    others = list_branches(conn, log.id)
    end: Branch | None = branch
    while end is not None:
        found.insert(0, end)
        base = end.base_bytes
        if end.start <= log.size and read_tree(conn, log, end.start).to_bytes() == base:
            return Line(log, tuple(found))
        start = end.start
        end = next((
            other for other in others
            if other.start < start <= other.size and branch_tree(conn, other, start).to_bytes() == base
        ), None)
    return None


def branch_tree(conn: sqlite3.Connection, branch: Branch, size: int) -> CompactRange:
    """Make the compact range of the first ``size`` changes of the history that a branch is the end of."""
    if size == branch.size:
        return branch.tree
    tree = branch.base
    tree.extend(read_branch_leaves(conn, branch, branch.start, size))
    return tree


def list_roots(conn: sqlite3.Connection, log: Log, sizes: Collection[int]) -> set[tuple[int, bytes]]:
    """List (size, root) of all histories of a log that are held here, at these sizes; each branch is read once."""
    found = {(size, root_at(conn, log, size)) for size in set(sizes) if size <= log.size}
    for branch in list_branches(conn, log.id):
        within = sorted({size for size in sizes if branch.start < size < branch.size})
        tree, leaves = branch.base, read_branch_leaves(conn, branch, branch.start, within[-1]) if within else []
        for size in within:
            tree.extend(leaves[tree.size - branch.start : size - branch.start])
            found.add((size, tree.root()))
        if branch.size in sizes:
            found.add((branch.size, branch.tree.root()))
    return found


def line_leaves(conn: sqlite3.Connection, line: Line, start: int, end: int) -> list[bytes]:
    """Read the leaf hashes of changes ``start`` to ``end`` (exclusive) of a line."""
    leaves: list[bytes] = []
    for branch, low, high in line.part(start, end):
        if branch is None:
            leaves += read_leaves(conn, line.log, low, high)
        else:
            leaves += read_branch_leaves(conn, branch, low, high)
    return leaves


def line_changes(conn: sqlite3.Connection, line: Line, start: int, end: int) -> list[Sealed]:
    """Read the bytes of changes ``start`` to ``end`` (exclusive) of a line."""
    changes: list[Sealed] = []
    for branch, low, high in line.part(start, end):
        if branch is None:
            changes += read_changes(conn, line.log, low, high)
        else:
            changes += read_branch(conn, branch, low, high)
    return changes


def line_hasher(conn: sqlite3.Connection, line: Line) -> Subtree:
    """Give the hashes of a line's subtrees, for proofs: also of the tree that its author signed beyond it."""
    if not line.branches:
        return hasher_of(conn, line.log)
    left, end = line.branches[0].start, line.branches[-1]

    def tile(index: int) -> bytes | None:
        return read_tile(conn, line.log, index) if (index + 1) * TILE_LEAVES <= left else None

    stored = SubtreeHasher(lambda start, end: line_leaves(conn, line, start, end), tile)
    return begin_subtrees(end.size, note_size(end.note), end.proof, stored) if end.proof else stored
