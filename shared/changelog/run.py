"""A run: consecutive changes of one log on the wire, compressed and sealed (sync_protocol.md section 6).

The same bytes travel in an HTTP body and in a file on a stick::

    sipande-run/1 <canonical JSON header>\\n<sealed payload>

The header is bound to the payload as HPKE ``info``. The payload, unsealed, is the salts of all bodies end
to end, then compressed: for each change a line with its header and a line with the rest of its body (JSON
text has no raw line feed), or ``#`` and the hex digest where the body was erased. Salts stand apart and
uncompressed because bytes that nothing compresses cost 6 % more among bytes that do.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from shared.changelog.change import DIGEST_BYTES, SALT_BYTES, Sealed, is_log_id
from shared.errors import ProtocolError

MAGIC = b"sipande-run/1 "
RUN_BYTES_MAX = 256 * 1024
RUN_PLAIN_BYTES_MAX = 8 * 1024 * 1024
RUN_CHANGES_MAX = 10_000
RUN_HEADER_BYTES_MAX = 8 * 1024

Sealer = Callable[[bytes, bytes], bytes]
"""(plaintext, info) -> sealed bytes, or back; HPKE of shared.changelog.keys."""


@dataclass(frozen=True)
class RunHeader:
    """What stands in clear before the sealed payload.

    The run holds changes ``start`` to ``end`` (exclusive) of ``log``, ``erased`` of them without body;
    ``checkpoint`` is the author's signed note of size ``end`` or larger and ``proof`` the RFC 6962
    consistency proof from ``end`` to that size. ``seal`` is the id of the receiver's key, ``length``
    the number of sealed bytes that follow.
    """

    log: str
    start: int
    end: int
    erased: int
    codec: str
    seal: str
    checkpoint: bytes
    proof: tuple[bytes, ...]
    length: int = 0

    def encode(self) -> bytes:
        """Write the header line, magic and line feed included."""
        members = {
            "checkpoint": self.checkpoint.decode(),
            "codec": self.codec,
            "end": self.end,
            "erased": self.erased,
            "length": self.length,
            "log": self.log,
            "proof": [base64.b64encode(node).decode() for node in self.proof],
            "seal": self.seal,
            "start": self.start,
        }
        return MAGIC + json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    def info(self) -> bytes:
        """Give the HPKE info: everything but the length, which sealing itself decides."""
        clear = (self.log, str(self.start), str(self.end), str(self.erased), self.codec, self.seal)
        return b"\n".join((MAGIC.strip(), *(part.encode() for part in clear), self.checkpoint, *self.proof))


def deflate(payload: bytes, codec: str, clear: int = 0) -> bytes:
    """Compress all but the first ``clear`` bytes; zlib is quick, bz2 a quarter smaller for seven times the work."""
    if codec == "bz2":
        return payload[:clear] + bz2.compress(payload[clear:], 9)
    stream = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS, 9)
    return payload[:clear] + stream.compress(payload[clear:]) + stream.flush()


def inflate(packed: bytes, codec: str, limit: int = RUN_PLAIN_BYTES_MAX, clear: int = 0) -> bytes:
    """Undo :func:`deflate`, for at most ``limit`` bytes; ProtocolError on a bomb, a cut stream or trailing bytes."""
    if codec not in ("zlib", "bz2"):
        raise ProtocolError("malformed", "codec")
    stream: Any = zlib.decompressobj() if codec == "zlib" else bz2.BZ2Decompressor()
    try:
        payload: bytes = stream.decompress(packed[clear:], limit)
    except (zlib.error, OSError, ValueError):
        raise ProtocolError("malformed", "compressed payload") from None
    if not stream.eof or stream.unused_data:
        raise ProtocolError("malformed", "compressed payload is cut, too large or followed by more")
    return packed[:clear] + payload


def salt_bytes(count: int, erased: int) -> int:
    """Tell how many bytes of salts stand before the lines of a run; they are left uncompressed."""
    return SALT_BYTES * (count - erased)


def pack_payload(changes: Sequence[Sealed]) -> bytes:
    """Lay changes out for compression."""
    salts: list[bytes] = []
    lines: list[bytes] = []
    for header, body, digest in changes:
        lines.append(header)
        if body is None:
            lines.append(b"#" + digest.hex().encode())
        else:
            salts.append(body[:SALT_BYTES])
            lines.append(body[SALT_BYTES:])
    return b"".join(salts) + b"\n".join(lines)


def unpack_payload(payload: bytes, count: int, erased: int) -> list[Sealed]:
    """Undo :func:`pack_payload` for ``count`` changes of which ``erased`` have no body."""
    lines = payload[salt_bytes(count, erased) :].split(b"\n")
    if len(lines) != 2 * count or sum(line[:1] == b"#" for line in lines[1::2]) != erased:
        raise ProtocolError("malformed", "run payload")
    changes: list[Sealed] = []
    at = 0
    for header, rest in zip(lines[::2], lines[1::2], strict=True):
        if rest[:1] == b"#":
            changes.append(Sealed(header, None, _read_digest(rest[1:])))
        else:
            body = payload[at : at + SALT_BYTES] + rest
            at += SALT_BYTES
            changes.append(Sealed(header, body, sha256(body).digest()))
    return changes


def _read_digest(text: bytes) -> bytes:
    try:
        digest = binascii.unhexlify(text)
    except binascii.Error:
        raise ProtocolError("malformed", "erased digest") from None
    if len(digest) != DIGEST_BYTES:
        raise ProtocolError("malformed", "erased digest")
    return digest


def encode_run(header: RunHeader, packed: bytes, seal: Sealer) -> bytes:
    """Seal a compressed payload and put the finished header before it."""
    sealed = seal(packed, header.info())
    finished = RunHeader(
        header.log, header.start, header.end, header.erased, header.codec, header.seal,
        header.checkpoint, header.proof, len(sealed),
    )
    return finished.encode() + sealed


def split_runs(data: bytes) -> list[tuple[RunHeader, bytes]]:
    """Cut a body or a file into runs; what follows the last whole run must be nothing.

    Raises ProtocolError at the first defect. Use :func:`split_whole_runs` where half a file is welcome.
    """
    runs, rest = split_whole_runs(data)
    if rest:
        raise ProtocolError("malformed", "bytes after the last run")
    return runs


def split_whole_runs(data: bytes) -> tuple[list[tuple[RunHeader, bytes]], bytes]:
    """Cut off as many whole runs as there are; also give back the bytes of a run that is not whole."""
    runs: list[tuple[RunHeader, bytes]] = []
    at = 0
    while (found := take_run(data, at)) is not None:
        runs.append(found[:2])
        at = found[2]
    return runs, data[at:]


def take_run(data: bytes, at: int) -> tuple[RunHeader, bytes, int] | None:
    """Read the run that begins at a place, and where it ends; None when it is not whole.

    Raises ProtocolError when what stands there is no run.
    """
    line_end = data.find(b"\n", at, at + RUN_HEADER_BYTES_MAX)
    if line_end < 0:
        if len(data) - at >= RUN_HEADER_BYTES_MAX:
            raise ProtocolError("malformed", "run header too long")
        return None
    header = decode_run_header(data[at:line_end])
    end = line_end + 1 + header.length
    return None if end > len(data) else (header, data[line_end + 1 : end], end)


def decode_run_header(line: bytes) -> RunHeader:
    """Read a header line (without line feed); ProtocolError on any defect, unknown members are ignored."""
    if not line.startswith(MAGIC):
        raise ProtocolError("malformed", "not a run")
    try:
        members = json.loads(line[len(MAGIC) :])
        header = RunHeader(
            log=members["log"],
            start=members["start"],
            end=members["end"],
            erased=members["erased"],
            codec=members["codec"],
            seal=members["seal"],
            checkpoint=members["checkpoint"].encode(),
            proof=tuple(base64.b64decode(node, validate=True) for node in members["proof"]),
            length=members["length"],
        )
        numbers = (header.start, header.end, header.erased, header.length)
        texts = (header.log, header.codec, header.seal)
        bytes.fromhex(header.seal)
        "".join(texts).encode()  # a lone surrogate passes as JSON and would fail later, as info
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ProtocolError("malformed", "run header") from None
    if (
        any(type(number) is not int or number < 0 for number in numbers)
        or any(type(text) is not str for text in texts)
        or not is_log_id(header.log)
        or any(len(node) != DIGEST_BYTES for node in header.proof)
        or not 0 < header.end - header.start <= RUN_CHANGES_MAX
        or header.erased > header.end - header.start
        or header.length > RUN_BYTES_MAX
    ):
        raise ProtocolError("malformed", "run header")
    return header


def open_run(header: RunHeader, sealed: bytes, unseal: Sealer) -> list[Sealed]:
    """Unseal, inflate and cut a run into its changes; nothing in them has been verified yet."""
    count = header.end - header.start
    payload = inflate(unseal(sealed, header.info()), header.codec, clear=salt_bytes(count, header.erased))
    return unpack_payload(payload, count, header.erased)
