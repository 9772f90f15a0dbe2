"""What a receiver checks in a run, in order, before anything of it is stored (sync_protocol.md 8.2)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from shared.changelog.change import Header, Sealed, decode_bodies, decode_headers
from shared.changelog.checkpoint import Checkpoint, Verifier, open_checkpoint
from shared.changelog.run import RunHeader
from shared.changelog.tree import CompactRange, leaf_hash, verify_consistency
from shared.errors import ProtocolError
from shared.store.changes import Log, read_leaves, read_tree
from shared.store.entries import Entry


class ReadRun(NamedTuple):
    """A run whose bytes were read strictly; nothing of it is proven yet."""

    header: RunHeader
    changes: list[Sealed]
    headers: list[Header]
    bodies: list[dict[str, Any] | None]
    leaves: list[bytes]


class ProvenRun(NamedTuple):
    """The part of a run that is new here, proven to be the author's; ``checkpoint`` is the signed note."""

    changes: list[Sealed]
    headers: list[Header]
    leaves: list[bytes]
    entries: list[Entry]
    checkpoint: Checkpoint
    note: bytes


class ForkError(ProtocolError):
    """The author's key signed other bytes at a place that is already held here.

    The run is proven: it continues what is held before ``seq``, and the author's checkpoint covers it.
    ``base`` is the history that both share, which ends at ``seq``.
    """

    def __init__(self, log: str, seq: int, run: ReadRun, base: CompactRange) -> None:
        super().__init__("fork", f"seq {seq}")
        self.log = log
        self.seq = seq
        self.run = run
        self.base = base


def read_run(header: RunHeader, changes: list[Sealed]) -> ReadRun:
    """Decode a run strictly and compute its leaves; ProtocolError when its members do not agree."""
    headers = decode_headers([change.header for change in changes])
    if any(h.log != header.log or h.seq != header.start + at for at, h in enumerate(headers)):
        raise ProtocolError("malformed", "changes are not consecutive in one log")
    bodies = decode_bodies([change.body for change in changes])
    leaves = [leaf_hash(change.header, change.body_digest) for change in changes]
    return ReadRun(header, changes, headers, bodies, leaves)


def prove_run(
    log: Log, run: ReadRun, held: Sequence[bytes], tree_at: Callable[[int], CompactRange]
) -> ProvenRun:
    """Prove a run against the log as held: ``held`` are the stored leaves from the run's start on.

    ``tree_at`` gives the tree of the first n changes held; it is asked for where there are two histories.
    Raises ProtocolError ``gap`` (run begins after the held size), ``bad_note`` or ``bad_proof``, and
    ForkError when the author has signed something else for a place held here.
    """
    header = run.header
    if header.start > log.size:
        raise ProtocolError("gap", f"log ends at {log.size}")
    checkpoint = open_checkpoint(header.checkpoint, Verifier(log.origin, log.kunci))
    if checkpoint.origin != log.origin:
        raise ProtocolError("bad_note", "checkpoint of another log")
    if checkpoint.size < header.end:
        raise ProtocolError("bad_proof", "checkpoint smaller than the run")
    overlap = min(log.size, header.end) - header.start
    for at, (mine, theirs) in enumerate(zip(held[:overlap], run.leaves, strict=False)):
        if mine != theirs:
            base = tree_at(header.start)
            prove_tree(base, run, checkpoint)
            base.extend(run.leaves[:at])
            raise ForkError(log.id, header.start + at, run, base)
    tree = log.tree.copy()
    tree.extend(run.leaves[overlap:])
    if tree.size == header.end:
        verify_consistency(header.end, tree.root(), checkpoint.size, checkpoint.root, header.proof)
    entries = [
        Entry(log.base + header.start + at, run.headers[at], run.bodies[at], run.leaves[at])
        for at in range(overlap, len(run.headers))
    ]
    return ProvenRun(
        run.changes[overlap:], run.headers[overlap:], run.leaves[overlap:], entries, checkpoint, header.checkpoint
    )


def prove_stored(conn: sqlite3.Connection, log: Log, run: ReadRun) -> ProvenRun:
    """Prove a run against the log as it is stored; the errors are those of ``prove_run``."""
    held = read_leaves(conn, log, run.header.start, min(log.size, run.header.end))
    return prove_run(log, run, held, lambda size: read_tree(conn, log, size))


def prove_tree(before: CompactRange, run: ReadRun, checkpoint: Checkpoint) -> None:
    """Raise ProtocolError ``bad_proof`` unless the checkpoint covers what stands before a run, and the run."""
    tree = before.copy()
    tree.extend(run.leaves)
    verify_consistency(tree.size, tree.root(), checkpoint.size, checkpoint.root, run.header.proof)
