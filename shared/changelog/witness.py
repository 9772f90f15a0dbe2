"""What a witness is offered and when it may cosign: C2SP tlog-witness, ``add-checkpoint``, turned round.

There the log calls the witness; here the witness calls the log, so an *offer* (the body of ``add-checkpoint``)
is an answer and the signature lines travel as the next request. Bytes in, values out: nothing here knows a
network, a file or a clock.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass

from shared.changelog.checkpoint import NOTE_BYTES_MAX, Checkpoint, NoteError, Verifier, open_checkpoint
from shared.changelog.tree import EMPTY_ROOT, HASH_BYTES, verify_consistency
from shared.errors import ProtocolError

OFFER_HASHES_MAX = 63
"""A consistency proof between trees of fewer than 2^63 leaves has no more (tlog-witness)."""

_OLD = re.compile(rb"old (0|[1-9][0-9]{0,18})")
_BORDER = b"\n\n"


@dataclass(frozen=True)
class Offer:
    """A checkpoint that a log hands over, and the proof that it continues a tree of ``old`` leaves."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes

    def encode(self) -> bytes:
        """Write the body of ``add-checkpoint``: old size, proof, an empty line, the signed note."""
        lines = [b"old %d" % self.old, *map(base64.b64encode, self.proof)]
        return b"\n".join(lines) + _BORDER + self.note


def parse_offer(data: bytes) -> Offer:
    """Read what :meth:`Offer.encode` writes, strictly; the note and the proof are not verified yet."""
    head, border, note = data.partition(_BORDER)
    first, *hashes = head.split(b"\n")
    old = _OLD.fullmatch(first)
    if old is None or not border or not note or len(note) > NOTE_BYTES_MAX or len(hashes) > OFFER_HASHES_MAX:
        raise ProtocolError("malformed", "offer")
    return Offer(int(old[1]), tuple(map(_decode_hash, hashes)), note)


def _decode_hash(line: bytes) -> bytes:
    try:
        value = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        value = b""
    if len(value) != HASH_BYTES or base64.b64encode(value) != line:
        raise ProtocolError("malformed", "hash of an offer")
    return value


def open_offer(offer: Offer, origin: str, keys: Iterable[bytes]) -> Checkpoint:
    """Read the checkpoint of an offer under one of the keys that are trusted for its log; NoteError otherwise."""
    for key in keys:
        try:
            checkpoint = open_checkpoint(offer.note, Verifier(origin, key))
        except NoteError:
            continue
        if checkpoint.origin == origin:
            return checkpoint
    raise NoteError("checkpoint under no key that is trusted for it")


def judge_offer(offer: Offer, checkpoint: Checkpoint, last: Checkpoint | None) -> None:
    """Tell whether a witness may cosign: only what is proven to continue the ``last`` that it cosigned.

    Raises ProtocolError: ``malformed`` (tlog-witness 400) where the offer says that the log shrank since
    ``old``; ``fork`` (409) for a smaller log, or another root at one size, than was cosigned; ``gap`` (409)
    where ``old`` is not the size that was cosigned; ``bad_proof`` (422) where the proof does not verify.
    """
    size, root = (last.size, last.root) if last else (0, EMPTY_ROOT)
    if checkpoint.size < size:
        raise ProtocolError("fork", f"log shrank from {size} to {checkpoint.size}")
    if offer.old > checkpoint.size:
        raise ProtocolError("malformed", "old size is larger than the checkpoint")
    if offer.old != size:
        raise ProtocolError("gap", f"cosigned up to {size}")
    if checkpoint.size == size and checkpoint.root != root:
        raise ProtocolError("fork", f"two roots of size {size}")
    verify_consistency(size, root, checkpoint.size, checkpoint.root, offer.proof)


def add_signatures(note: bytes, signed: bytes) -> bytes:
    """Give a note with the signature lines of another note of the same text behind its own."""
    if note.rpartition(_BORDER)[0] != signed.rpartition(_BORDER)[0]:
        raise NoteError("signatures of another text")
    return note + signed.rpartition(_BORDER)[2]
