"""The whole histories that branches belong to: a *line* is what one key once signed from a log's first change on.

A branch leaves its log, or another branch, at a place; with what stands before that place it is a history like that
of the log, and can be proven and handed over like one (sync_protocol.md section 6.5).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from shared.changelog.change import Sealed
from shared.changelog.tree import TILE_LEAVES, CompactRange, Subtree, SubtreeHasher, begin_subtrees, split_hashes
from shared.store.branch import Branch, list_branches, read_branch_leaves
from shared.store.changes import Log, hasher_of, note_size, read_changes, read_leaves, read_tile, read_tree, root_at


@dataclass(frozen=True)
class Line:
    """One history: the log up to where the first of ``branches`` leaves it, each of them up to where the next does."""

    log: Log
    branches: tuple[Branch, ...] = ()

    @property
    def start(self) -> int:
        """Where the last of the branches leaves what is before it."""
        return self.branches[-1].start if self.branches else 0

    @property
    def size(self) -> int:
        return self.branches[-1].size if self.branches else self.log.size

    def part(self, start: int, end: int) -> Iterator[tuple[Branch | None, int, int]]:
        """Give where changes ``start`` to ``end`` stand, piece by piece; None is the log."""
        lefts = [branch.start for branch in self.branches]
        for branch, low, high in zip((None, *self.branches), (0, *lefts), (*lefts, end), strict=True):
            if max(start, low) < min(end, high):
                yield branch, max(start, low), min(end, high)


def list_lines(conn: sqlite3.Connection, log: Log, size: int) -> list[Line]:
    """List the histories of a log that are held here up to ``size`` changes: its own, and those of its branches."""
    found = [Line(log)] if size <= log.size else []
    for branch in list_branches(conn, log.id):
        if branch.start < size <= branch.size:
            found += list_lines_of(conn, log, branch)
    return found


def list_lines_of(conn: sqlite3.Connection, log: Log, branch: Branch) -> list[Line]:
    """List the histories that a branch may be the end of: several may be held where it leaves."""
    return [Line(log, (*line.branches, branch)) for line in list_lines(conn, log, branch.start)]


def find_line(conn: sqlite3.Connection, log: Log, branch: Branch) -> Line | None:
    """Find the history that a branch is the end of, by its tree; None when what it leaves is not here."""
    return next((
        line for line in list_lines_of(conn, log, branch)
        if line_tree(conn, line, branch.size).to_bytes() == branch.tree.to_bytes()
    ), None)


def line_tree(conn: sqlite3.Connection, line: Line, size: int) -> CompactRange:
    """Make the compact range of the first ``size`` changes of a line."""
    left = min([size, *(branch.start for branch in line.branches)])
    tree = read_tree(conn, line.log, left)
    tree.extend(line_leaves(conn, line, left, size))
    return tree


def list_roots(conn: sqlite3.Connection, log: Log, sizes: Collection[int]) -> set[tuple[int, bytes]]:
    """List (size, root) of all histories of a log that are held here, at these sizes; each branch is read once."""
    found = {(size, root_at(conn, log, size)) for size in sizes if size <= log.size}
    for branch in list_branches(conn, log.id):
        within = sorted({size for size in sizes if branch.start < size <= branch.size})
        leaves = read_branch_leaves(conn, branch, branch.start, within[-1]) if within else []
        for line in list_lines_of(conn, log, branch) if within else ():
            tree = line_tree(conn, line, branch.start)
            for size in within:
                tree.extend(leaves[tree.size - branch.start : size - branch.start])
                found.add((size, tree.root()))
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
            continue
        rows = conn.execute(
            "SELECT header, body, coalesce(digest, x'') FROM branch_change"
            " WHERE branch = ? AND seq >= ? AND seq < ? ORDER BY seq", (branch.no, low, high),
        )
        changes += [Sealed(*row) for row in rows]
    return changes


def line_hasher(conn: sqlite3.Connection, line: Line) -> Subtree:
    """Give the hashes of a line's subtrees, for proofs: also of the tree that its author signed beyond it."""
    if not line.branches:
        return hasher_of(conn, line.log)
    left = line.branches[0].start

    def tile(index: int) -> bytes | None:
        return read_tile(conn, line.log, index) if (index + 1) * TILE_LEAVES <= left else None

    stored = SubtreeHasher(lambda start, end: line_leaves(conn, line, start, end), tile)
    note, proof = read_proof(conn, line.branches[-1])
    return begin_subtrees(line.size, note_size(note), proof, stored) if proof else stored


def read_note(conn: sqlite3.Connection, line: Line) -> tuple[bytes, int]:
    """Read the newest note of the author on a line, and of how many changes it is."""
    note = read_proof(conn, line.branches[-1])[0] if line.branches else line.log.checkpoint or b""
    return note, note_size(note)


def read_proof(conn: sqlite3.Connection, branch: Branch) -> tuple[bytes, list[bytes]]:
    """Read the author's note on a branch, and the proof that leads from the end of the branch to it."""
    note, proof = conn.execute("SELECT checkpoint, proof FROM branch WHERE no = ?", (branch.no,)).fetchone()
    return note, split_hashes(proof)


def is_provable(conn: sqlite3.Connection, branch: Branch) -> bool:
    """Tell whether a branch can be proven to others, whole: what an earlier program kept may lack the proof."""
    note, proof = read_proof(conn, branch)
    size = note_size(note)
    return size == branch.size or (size > branch.size and bool(proof))
