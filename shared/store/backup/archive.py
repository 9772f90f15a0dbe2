"""What is inside a sealed backup: a table of contents, the database, the attachments; one compressed stream.

The table of contents comes first, as one line of JSON; what it lists follows end to end.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from shared.store.backup.sealing import damaged

VERSION = 1
_LEVEL = 3
_READ_BYTES = 1 << 18
_CONTENTS_BYTES_MAX = 64 << 20


class Picture(NamedTuple):
    """One attachment; where it is not ``inside`` it stands beside the file (shared.store.backup.pictures)."""

    desa: str
    hash: str
    size: int
    inside: bool


@dataclass(frozen=True)
class Contents:
    """What a backup says of itself.

    ``kunci`` are the public keys (hex) under which this computer writes, today's first; ``data`` and ``sidik`` size
    and SHA-256 of the database; ``jumlah`` rows per table; ``catatan`` size per log.
    """

    sisi: str
    wilayah: str
    nama: str
    waktu_s: int
    kunci: tuple[str, ...]
    data: int
    sidik: str
    jumlah: dict[str, int]
    catatan: dict[str, int]
    gambar: tuple[Picture, ...] = ()

    def encode(self) -> bytes:
        """Write it as a line."""
        members = {"versi": VERSION, **asdict(self), "gambar": [list(picture) for picture in self.gambar]}
        return json.dumps(members, separators=(",", ":")).encode() + b"\n"


def decode_contents(line: bytes) -> Contents:
    """Read the line of :meth:`Contents.encode`; BackupUnreadable when it is none."""
    try:
        members = json.loads(line)
        gambar = tuple(Picture(str(d), str(h), int(size), bool(inside)) for d, h, size, inside in members["gambar"])
        names = ("sisi", "wilayah", "nama", "waktu_s", "data", "sidik", "jumlah", "catatan")
        contents = Contents(
            **{name: members[name] for name in names}, kunci=tuple(map(str, members["kunci"])), gambar=gambar
        )
        if type(contents.data) is not int or contents.data < 0 or any(picture.size < 0 for picture in gambar):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        raise damaged() from None
    return contents


def pack(contents: Contents, data: Path, read_picture: Callable[[Picture], bytes]) -> Iterator[bytes]:
    """Give the compressed stream; ``read_picture`` gives the bytes of those inside."""
    stream = zlib.compressobj(_LEVEL)
    yield stream.compress(contents.encode())
    with open(data, "rb") as file:
        while part := file.read(_READ_BYTES):
            yield stream.compress(part)
    for picture in contents.gambar:
        if picture.inside:
            yield stream.compress(read_picture(picture))
    yield stream.flush()


class Unpacker:
    """Reads the stream again, in order: contents, database, attachments, and then nothing more."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = iter(parts)
        self._stream = zlib.decompressobj()
        self._waiting = bytearray()

    def read_contents(self) -> Contents:
        """Read the table of contents."""
        while (end := self._waiting.find(b"\n")) < 0:
            if len(self._waiting) > _CONTENTS_BYTES_MAX or not self._fill():
                raise damaged()
        line = bytes(self._waiting[:end])
        del self._waiting[: end + 1]
        return decode_contents(line)

    def copy(self, size: int, write: Callable[[bytes], object]) -> str:
        """Hand the next ``size`` bytes on; return their SHA-256 in hex."""
        digest = sha256()
        while size:
            if not self._waiting and not self._fill():
                raise damaged()
            part = bytes(self._waiting[:size])
            del self._waiting[: len(part)]
            digest.update(part)
            write(part)
            size -= len(part)
        return digest.hexdigest()

    def finish(self) -> None:
        """Make sure that nothing follows."""
        while not self._waiting and self._fill():
            pass
        if self._waiting or not self._stream.eof or self._stream.unused_data:
            raise damaged()

    def _fill(self) -> bool:
        """Get more; at most a few hundred kilobytes at once, however well they were compressed."""
        try:
            part = self._stream.unconsumed_tail or next(self._parts, b"")
            if not part and self._stream.eof:
                return False
            opened = self._stream.decompress(part, _READ_BYTES)
        except zlib.error:
            raise damaged() from None
        self._waiting += opened
        return bool(part or opened)
