"""The wire as the puller sees it: a Protocol, the real one over HTTP, and lines out of what comes."""

from __future__ import annotations

import ipaddress
import zlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from shared.clock import Clock
from shared.errors import TransportError, UserError

BLOCK_BYTES = 64 * 1024
CONTENT_TYPE = "application/x-ndjson"
REPLY_BYTES_MAX = 4 << 20
"""Of an answer that is read whole."""


@dataclass(frozen=True)
class PullLimits:
    """The most that one answer may cost; a hub that wants more is refused, whoever speaks in its name."""

    wire_bytes_max: int = 1 << 30
    plain_bytes_max: int = 4 << 30
    line_bytes_max: int = 2 << 20
    seconds_max: float = 3600.0
    packing_max: int = 200
    """Plain bytes per byte on the wire, once ``packing_free_bytes`` have come; lines of text pack 10:1."""
    packing_free_bytes: int = 8 << 20


LIMITS = PullLimits()


@dataclass(frozen=True)
class Answer:
    """What came back, before any decoding; ``blocks`` raise TransportError when the answer breaks off."""

    status: int
    content_type: str
    encoding: str
    blocks: Iterator[bytes]


@dataclass(frozen=True)
class Reply:
    """A short answer, whole."""

    status: int
    body: bytes


class Transport(Protocol):
    """Asks a hub; raises TransportError when no answer came."""

    def open(self, url: str, headers: Mapping[str, str]) -> AbstractContextManager[Answer]: ...


class HttpTransport:
    """HTTP by requests; without redirects, proxies and netrc, so that the token goes nowhere else."""

    def __init__(self, connect_s: float = 10.0, read_s: float = 120.0) -> None:
        self._timeout = (connect_s, read_s)

    @contextmanager
    def open(self, url: str, headers: Mapping[str, str]) -> Iterator[Answer]:
        with requests.Session() as http:
            http.trust_env = False
            try:
                response = http.get(
                    url, headers=dict(headers), timeout=self._timeout, allow_redirects=False, stream=True
                )
            except (requests.RequestException, OSError) as error:
                raise TransportError(type(error).__name__) from None
            with response:
                found = response.headers
                yield Answer(
                    response.status_code, found.get("Content-Type", ""), found.get("Content-Encoding", ""),
                    _read_raw(response),
                )

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Hand over a short message and give the short answer whole; TransportError when none came."""
        try:
            with requests.Session() as http:
                http.trust_env = False
                with http.post(
                    url, data=body, headers={**headers, "Accept-Encoding": "identity"}, timeout=self._timeout,
                    allow_redirects=False, stream=True,
                ) as response:
                    content = b""
                    for block in response.iter_content(BLOCK_BYTES):
                        content += block
                        if len(content) > REPLY_BYTES_MAX:
                            raise TransportError("answer too large")
                    return Reply(response.status_code, content)
        except (requests.RequestException, OSError) as error:
            raise TransportError(type(error).__name__) from None


def _read_raw(response: requests.Response) -> Iterator[bytes]:
    # Raw, because requests would unpack a bomb before anybody could look at its size.
    try:
        yield from response.raw.stream(BLOCK_BYTES, decode_content=False)
    except (HTTPError, requests.RequestException, OSError) as error:
        raise TransportError(type(error).__name__) from None


def check_address(address: str) -> str:
    """Give an address without its trailing slash; UserError when the token would travel in the clear.

    Plain HTTP is taken for this machine and for addresses of a local network only.
    """
    parts = urlsplit(address.strip())
    is_plain = parts.scheme in ("http", "https") and not parts.query and not parts.fragment
    if not is_plain or not parts.hostname or "@" in parts.netloc:
        raise UserError(
            "Alamat kecamatan harus diawali https://, misalnya https://hub.kecamatan.go.id", "alamat_salah"
        )
    if parts.scheme == "http" and not _is_local(parts.hostname):
        raise UserError(
            "Alamat kecamatan harus memakai https:// agar token dan data tidak terbaca di jalan.",
            "alamat_salah",
        )
    return address.strip().rstrip("/")


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        parsed = ipaddress.ip_address(host)
    except ValueError:
        return False
    return parsed.is_loopback or parsed.is_private


@dataclass
class LineReader:
    """Turns the blocks of an answer into lines, newline included, within the limits."""

    answer: Answer
    limits: PullLimits
    clock: Clock
    wire_bytes: int = 0
    plain_bytes: int = 0

    def __iter__(self) -> Iterator[bytes]:
        pending = bytearray()
        for block in self._plain():
            start = len(pending)
            pending += block
            if b"\n" in block:
                end = pending.rindex(b"\n", start) + 1
                whole = bytes(pending[:end])
                del pending[:end]
                for line in whole[:-1].split(b"\n"):
                    yield self._bounded(line + b"\n")
            if len(pending) > self.limits.line_bytes_max:
                raise TransportError("line too long")
        if pending:
            raise TransportError("answer ends inside a line")

    def _bounded(self, line: bytes) -> bytes:
        if len(line) > self.limits.line_bytes_max:
            raise TransportError("line too long")
        return line

    def _plain(self) -> Iterator[bytes]:
        if self.answer.encoding == "gzip":
            yield from self._unpack()
        elif self.answer.encoding in ("", "identity"):
            for block in self._wire():
                yield self._count(block)
        else:
            raise TransportError("content encoding")

    def _wire(self) -> Iterator[bytes]:
        deadline_s = self.clock.monotonic_s() + self.limits.seconds_max
        for block in self.answer.blocks:
            self.wire_bytes += len(block)
            if self.wire_bytes > self.limits.wire_bytes_max or self.clock.monotonic_s() > deadline_s:
                raise TransportError("answer too large or too slow")
            yield block

    def _unpack(self) -> Iterator[bytes]:
        unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            for block in self._wire():
                if unpacker.eof:
                    raise TransportError("bytes after the end")
                # Past the end of the stream zlib takes nothing more, and would be handed the same rest for ever.
                while block and not unpacker.eof:
                    yield self._count(unpacker.decompress(block, BLOCK_BYTES))
                    block = unpacker.unconsumed_tail
                # What zlib still holds back comes with no input left; the window is bounded, so it ends.
                while rest := unpacker.decompress(b"", BLOCK_BYTES) if not unpacker.eof else b"":
                    yield self._count(rest)
        except zlib.error:
            raise TransportError("gzip") from None
        if not unpacker.eof or unpacker.unused_data:
            raise TransportError("answer is cut")

    def _count(self, block: bytes) -> bytes:
        self.plain_bytes += len(block)
        is_bomb = (
            self.plain_bytes > self.limits.packing_free_bytes
            and self.plain_bytes > self.wire_bytes * self.limits.packing_max
        )
        if is_bomb or self.plain_bytes > self.limits.plain_bytes_max:
            raise TransportError("answer too large")
        return block
