"""Runs built from stored logs, for whoever may read them: the wire form of what ``append`` keeps."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from shared.changelog.change import Sealed
from shared.changelog.checkpoint import Checkpoint, Signer, sign_checkpoint
from shared.changelog.keys import name_seal_key, seal
from shared.changelog.run import RUN_CHANGES_MAX, RunHeader, deflate, encode_run, pack_payload, salt_bytes
from shared.changelog.tree import consistency_proof
from shared.store.changes import Log, hasher_of, read_changes, root_at

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
    sealer: Callable[[bytes, bytes, bytes], bytes] = seal,
) -> bytes:
    """Build the run of changes ``start`` to ``end`` for one receiver (its public seal key).

    ``note`` is the author's checkpoint of ``note_size`` ≥ ``end``; the consistency proof is made here.
    """
    changes = read_changes(conn, log, start, end)
    return pack_run(
        changes, log, start, note=note, codec=codec, receiver=receiver, sealer=sealer,
        proof=tuple(consistency_proof(end, note_size, hasher_of(conn, log))) if note_size > end else (),
    )


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
