"""A piece of an attachment on the wire: a header line in clear, then the piece sealed to the receiver.

Sealed like a run, for the same reason: villages sit behind boxes that break TLS, and a photo of a resident is
as private as the record that names it. The header is bound to the piece as HPKE ``info``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from shared.errors import ProtocolError
from shared.sync.limits import limit

MAGIC = b"sipande-chunk/1 "
CHUNK_HEADER_BYTES_MAX = 1024
SEAL_BYTES = 48
"""What sealing adds: the encapsulated key and the tag."""

Sealer = Callable[[bytes, bytes], bytes]
"""(plaintext, info) -> sealed bytes, or back; HPKE of shared.changelog.keys."""

_HASH = re.compile(r"[0-9a-f]{64}")
_SEAL = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class ChunkHeader:
    """Which piece it is: it begins at ``offset`` of ``size`` bytes; ``seal`` names the receiver's key."""

    hash: str
    offset: int
    size: int
    seal: str

    def encode(self) -> bytes:
        """Write the header line, magic and line feed included."""
        members = {"hash": self.hash, "offset": self.offset, "seal": self.seal, "size": self.size}
        return MAGIC + json.dumps(members, separators=(",", ":")).encode() + b"\n"

    def info(self) -> bytes:
        """Give the HPKE info: all of the header."""
        parts = (MAGIC.decode().strip(), self.hash, str(self.offset), str(self.size), self.seal)
        return "\n".join(parts).encode()


def encode_chunk(header: ChunkHeader, piece: bytes, seal: Sealer) -> bytes:
    """Seal a piece and put its header before it."""
    return header.encode() + seal(piece, header.info())


def split_chunk(data: bytes) -> tuple[ChunkHeader, bytes]:
    """Part a body into header and sealed piece; ProtocolError on any defect, nothing is opened yet."""
    line, feed, sealed = data[:CHUNK_HEADER_BYTES_MAX].partition(b"\n")
    if not line.startswith(MAGIC) or not feed:
        raise ProtocolError("malformed", "not a chunk")
    sealed = data[len(line) + 1 :]
    try:
        members = json.loads(line[len(MAGIC) :])
        header = ChunkHeader(members["hash"], members["offset"], members["size"], members["seal"])
        is_named = _HASH.fullmatch(header.hash) and _SEAL.fullmatch(header.seal)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ProtocolError("malformed", "chunk header") from None
    numbers = (header.offset, header.size)
    if not is_named or any(type(number) is not int or number < 0 for number in numbers):
        raise ProtocolError("malformed", "chunk header")
    if header.size > limit("blob_bytes_max") or len(sealed) > limit("blob_chunk_bytes_max") + SEAL_BYTES:
        raise ProtocolError("too_large", "attachment")
    if header.offset >= header.size or len(sealed) <= SEAL_BYTES:
        raise ProtocolError("malformed", "chunk without bytes")
    return header, sealed


def open_chunk(header: ChunkHeader, sealed: bytes, unseal: Sealer) -> bytes:
    """Open a piece; ProtocolError (bad_seal, malformed) when it is not what its header says."""
    piece = unseal(sealed, header.info())
    if header.offset + len(piece) > header.size:
        raise ProtocolError("malformed", "chunk longer than its attachment")
    return piece
