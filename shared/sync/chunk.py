"""A piece of an attachment on the wire: a header line in clear, then the piece sealed to the receiver.

In an HTTP body it ends where the body does; in a file, where others follow, its header says how long it is.

Sealed like a run, for the same reason: villages sit behind boxes that break TLS, and a photo of a resident is
as private as the record that names it. The header is bound to the piece as HPKE ``info``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

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
    """Which piece it is: it begins at ``offset`` of ``size`` bytes; ``seal`` names the receiver's key.

    ``length`` is the number of sealed bytes that follow in a file, 0 in an HTTP body.
    """

    hash: str
    offset: int
    size: int
    seal: str
    length: int = 0

    def encode(self) -> bytes:
        """Write the header line, magic and line feed included."""
        length = {"length": self.length} if self.length else {}
        members = {"hash": self.hash, **length, "offset": self.offset, "seal": self.seal, "size": self.size}
        return MAGIC + json.dumps(members, separators=(",", ":")).encode() + b"\n"

    def info(self) -> bytes:
        """Give the HPKE info: all of the header but the length, which the seal proves by itself."""
        parts = (MAGIC.decode().strip(), self.hash, str(self.offset), str(self.size), self.seal)
        return "\n".join(parts).encode()


def encode_chunk(header: ChunkHeader, piece: bytes, seal: Sealer, *, is_one_of_many: bool = False) -> bytes:
    """Seal a piece and put its header before it; one of many in a file also says how long it is."""
    sealed = seal(piece, header.info())
    return replace(header, length=len(sealed) if is_one_of_many else 0).encode() + sealed


def split_chunk(data: bytes) -> tuple[ChunkHeader, bytes]:
    """Part a body into header and sealed piece; ProtocolError on any defect, nothing is opened yet."""
    line, feed, _ = data[:CHUNK_HEADER_BYTES_MAX].partition(b"\n")
    if not feed:
        raise ProtocolError("malformed", "not a chunk")
    sealed = data[len(line) + 1 :]
    return decode_chunk_header(line, len(sealed)), sealed


def take_chunk(data: bytes, at: int) -> tuple[ChunkHeader, bytes, int] | None:
    """Read the chunk that begins at a place of a file, and where it ends; None when it is not whole.

    Raises ProtocolError when what stands there is no chunk, or does not say how long it is.
    """
    line_end = data.find(b"\n", at, at + CHUNK_HEADER_BYTES_MAX)
    if line_end < 0:
        if len(data) - at >= CHUNK_HEADER_BYTES_MAX:
            raise ProtocolError("malformed", "chunk header too long")
        return None
    header = decode_chunk_header(data[at:line_end], None)
    end = line_end + 1 + header.length
    return None if end > len(data) else (header, data[line_end + 1 : end], end)


def decode_chunk_header(line: bytes, length: int | None) -> ChunkHeader:
    """Read a header line (without line feed) before so many sealed bytes; None: it says itself how many.

    Raises ProtocolError on any defect; unknown members are ignored.
    """
    if not line.startswith(MAGIC):
        raise ProtocolError("malformed", "not a chunk")
    try:
        members = json.loads(line[len(MAGIC) :])
        told = members["length"] if length is None else 0
        header = ChunkHeader(members["hash"], members["offset"], members["size"], members["seal"], told)
        is_named = _HASH.fullmatch(header.hash) and _SEAL.fullmatch(header.seal)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ProtocolError("malformed", "chunk header") from None
    numbers = (header.offset, header.size, header.length)
    if not is_named or any(type(number) is not int or number < 0 for number in numbers):
        raise ProtocolError("malformed", "chunk header")
    sealed_bytes = header.length if length is None else length
    if header.size > limit("blob_bytes_max") or sealed_bytes > limit("blob_chunk_bytes_max") + SEAL_BYTES:
        raise ProtocolError("too_large", "attachment")
    if header.offset >= header.size or sealed_bytes <= SEAL_BYTES:
        raise ProtocolError("malformed", "chunk without bytes")
    return header


def open_chunk(header: ChunkHeader, sealed: bytes, unseal: Sealer) -> bytes:
    """Open a piece; ProtocolError (bad_seal, malformed) when it is not what its header says."""
    piece = unseal(sealed, header.info())
    if header.offset + len(piece) > header.size:
        raise ProtocolError("malformed", "chunk longer than its attachment")
    return piece
