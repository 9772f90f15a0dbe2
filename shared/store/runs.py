"""Runs built from stored logs, for whoever may read them: the wire form of what ``append`` keeps."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.changelog.change import Sealed
from shared.changelog.checkpoint import Checkpoint, Signer, sign_checkpoint
from shared.changelog.keys import name_seal_key, seal
from shared.changelog.run import (
    RUN_BYTES_MAX,
    RUN_CHANGES_MAX,
    RunHeader,
    deflate,
    encode_run,
    pack_payload,
    salt_bytes,
)
from shared.changelog.tree import CompactRange, consistency_proof
from shared.store.changes import Log, root_at
from shared.store.lines import Line, line_changes, line_hasher

BYTES_PER_CHANGE = 90
"""First guess at the wire size of a change; every built run corrects it."""


@dataclass
class RunSizer:
    """Guesses how many changes make a run of the wanted size, from the runs built before."""

    bytes_per_change: float = BYTES_PER_CHANGE

    def count(self, run_bytes: int) -> int:
        return max(1, min(RUN_CHANGES_MAX, int(run_bytes / self.bytes_per_change)))

    def learn(self, count: int, size: int) -> None:
        if count >= 16:
            self.bytes_per_change = max(8.0, size / count)


def encode_root(root: bytes) -> str:
    """Write a root hash for a message (base64, 44 characters)."""
    return base64.b64encode(root).decode()


def write_head(id: str, size: int, tree: CompactRange) -> dict[str, Any]:
    """Write for a message what is held of a log, or of a second history of it."""
    return {"id": id, "size": size, "root": encode_root(tree.root())}


def sign_size(conn: sqlite3.Connection, log: Log, size: int, signer: Signer) -> bytes:
    """Sign a checkpoint of an own log at ``size``, which may be smaller than the log."""
    return sign_checkpoint(Checkpoint(log.origin, size, root_at(conn, log, size)), signer)


def build_run(
    conn: sqlite3.Connection,
    log: Log,
    start: int,
    end: int,
    *,
    note: bytes,
    note_size: int,
    codec: str,
    receiver: bytes,
    line: Line | None = None,
    sealer: Callable[[bytes, bytes, bytes], bytes] = seal,
) -> bytes:
    """Build the run of changes ``start`` to ``end`` for one receiver (its public seal key).

    ``note`` is the author's checkpoint of ``note_size`` ≥ ``end``; the consistency proof is made here. ``line`` is
    for another history than the one that stands in the log.
    """
    line = line or Line(log)
    return pack_run(
        line_changes(conn, line, start, end), log, start, note=note, codec=codec, receiver=receiver, sealer=sealer,
        proof=tuple(consistency_proof(end, note_size, line_hasher(conn, line))) if note_size > end else (),
    )


def build_fitting_run(
    conn: sqlite3.Connection,
    log: Log,
    start: int,
    end: int,
    *,
    note_for: Callable[[int], tuple[bytes, int]],
    codec: str,
    receiver: bytes,
    line: Line | None = None,
) -> tuple[bytes, int]:
    """Build a run from ``start`` towards ``end`` that a receiver takes as one; also tell where it ends.

    ``note_for`` gives the author's checkpoint for a run that ends somewhere, with its size. Large changes are
    fewer in a run than was guessed; a single one goes alone, whatever its size.
    """
    while True:
        note, note_size = note_for(end)
        run = build_run(
            conn, log, start, end, note=note, note_size=note_size, codec=codec, receiver=receiver, line=line
        )
        if len(run) <= RUN_BYTES_MAX or end - start == 1:
            return run, end
        end = start + (end - start) // 2


def pack_run(
    changes: list[Sealed],
    log: Log,
    start: int,
    *,
    note: bytes,
    proof: tuple[bytes, ...],
    codec: str,
    receiver: bytes,
    sealer: Callable[[bytes, bytes, bytes], bytes] = seal,
) -> bytes:
    """Compress and seal changes that were read already."""
    header = RunHeader(
        log=log.id, start=start, end=start + len(changes), erased=sum(c.body is None for c in changes),
        codec=codec, seal=name_seal_key(receiver).hex(), checkpoint=note, proof=proof,
    )
    packed = deflate(pack_payload(changes), codec, salt_bytes(len(changes), header.erased))
    return encode_run(header, packed, lambda plain, info: sealer(receiver, plain, info))
