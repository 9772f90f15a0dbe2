"""The bytes of a sealed file: a line in clear, then pieces that open one after the other or not at all.

::

    sipande-cadangan/1 {"isi":…,"kunci":…,"segel":…,"sisi":…,"waktu":…,"wilayah":…}\\n
    piece 0 · piece 1 · … · last piece

``segel`` is the key of this one file, 32 random bytes: sealed (HPKE, RFC 9180) to the key of the kode cadangan whose
id is ``kunci``; in clear, with ``kunci`` empty, as long as there is no code. Pieces are those of age (STREAM):
ChaCha20-Poly1305 over at most 64 KiB, the nonce an 11-byte counter and a byte that is 1 for the last, so that none
can be cut off, added, moved or changed. Their key follows from the file's key and the whole line in clear. The line
names a desa and a time, and no person.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.changelog.keys import KEY_BYTES, SealError, SealKey, name_seal_key, seal
from shared.clock import Randomness
from shared.errors import UserError

PIECE_BYTES = 64 * 1024
FORMAT = 1
_MAGIC = b"sipande-cadangan/"
_TAG_BYTES = 16
_LINE_BYTES_MAX = 4096
_PIECES_MAX = 1 << 32
_KEY_ID = re.compile(r"([0-9a-f]{16})?")


class BackupUnreadable(UserError):
    """A backup cannot be used; the message says why and what to do. Nothing was changed."""


class WrongCode(BackupUnreadable):
    """The code that was typed, or none, does not open this backup."""


@dataclass(frozen=True)
class Head:
    """The line in clear. ``isi`` says what the file holds: ``data`` or ``lampiran``."""

    isi: str
    sisi: str
    wilayah: str
    waktu_s: int
    kunci: str
    segel: bytes

    def encode(self) -> bytes:
        """Write the line, line feed included."""
        members = {
            "isi": self.isi, "kunci": self.kunci, "segel": base64.b64encode(self.segel).decode(),
            "sisi": self.sisi, "waktu": self.waktu_s, "wilayah": self.wilayah,
        }
        return _MAGIC + b"%d " % FORMAT + json.dumps(members, separators=(",", ":")).encode() + b"\n"

    @property
    def is_sealed(self) -> bool:
        return bool(self.kunci)

    def open_key(self, code: SealKey | None) -> bytes:
        """Give the key of the file; WrongCode when it takes another code, or one at all."""
        if not self.is_sealed:
            return self.segel
        if code is None:
            raise WrongCode("Cadangan ini tersegel. Ketik kode cadangan dari lembar yang dicetak.", "perlu_kode")
        if code.key_id.hex() != self.kunci:
            raise WrongCode(
                "Kode itu benar tulisannya, tetapi bukan kode untuk cadangan ini. Pakai lembar kode yang berlaku saat"
                " cadangan ini dibuat.",
                "kode_lain",
            )
        try:
            return code.open(self.segel, self._info())
        except SealError:
            raise damaged() from None

    def _info(self) -> bytes:
        return "\n".join(
            ("sipande-cadangan/1", self.isi, self.sisi, self.wilayah, str(self.waktu_s), self.kunci)
        ).encode()


def damaged() -> BackupUnreadable:
    """Word what is said of a file that does not verify."""
    return BackupUnreadable(
        "Berkas cadangan ini rusak atau terpotong, jadi tidak dipakai. Salin lagi dari tempat asalnya, atau pakai"
        " cadangan lain.",
        "cadangan_rusak",
    )


def make_head(
    isi: str, sisi: str, wilayah: str, waktu_s: int, public: bytes | None, random: Randomness
) -> tuple[Head, bytes]:
    """Make the line of a new file and the key of its pieces, sealed to ``public`` where there is a code."""
    key = random(KEY_BYTES)
    if public is None:
        return Head(isi, sisi, wilayah, waktu_s, "", key), key
    bare = Head(isi, sisi, wilayah, waktu_s, name_seal_key(public).hex(), b"")
    segel = seal(public, key, bare._info())
    return Head(isi, sisi, wilayah, waktu_s, bare.kunci, segel), key


def seal_parts(head: Head, key: bytes, parts: Iterable[bytes]) -> Iterator[bytes]:
    """Give the bytes of a file, from its line to its last piece."""
    yield head.encode()
    cipher = _cipher(head, key)
    waiting = bytearray()
    number = 0
    for part in parts:
        waiting += part
        while len(waiting) > PIECE_BYTES:
            yield cipher.encrypt(_nonce(number, False), bytes(waiting[:PIECE_BYTES]), None)
            del waiting[:PIECE_BYTES]
            number += 1
    yield cipher.encrypt(_nonce(number, True), bytes(waiting), None)


def read_head(file: BinaryIO) -> Head:
    """Read the line at the beginning of a file; BackupUnreadable when it is no backup, or a newer one."""
    line = file.readline(_LINE_BYTES_MAX)
    if not line.startswith(_MAGIC):
        raise BackupUnreadable(
            "Berkas itu bukan cadangan Sipande. Pilih berkas yang namanya berakhir dengan .cadangan.", "bukan_cadangan"
        )
    number, _, text = line[len(_MAGIC):].partition(b" ")
    if number != b"%d" % FORMAT and number.isdigit():
        raise BackupUnreadable(
            "Cadangan ini dibuat versi Sipande yang lebih baru. Pasang versi terbaru di komputer ini, lalu ulangi.",
            "cadangan_lebih_baru",
        )
    try:
        members = json.loads(text)
        head = Head(
            members["isi"], members["sisi"], members["wilayah"], members["waktu"], members["kunci"],
            base64.b64decode(members["segel"], validate=True),
        )
        is_whole = (
            type(head.waktu_s) is int and bool(_KEY_ID.fullmatch(head.kunci)) and head.encode() == line
            and (head.is_sealed or len(head.segel) == KEY_BYTES)
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise damaged() from None
    if not is_whole:
        raise damaged()
    return head


def open_pieces(file: BinaryIO, head: Head, key: bytes) -> Iterator[bytes]:
    """Give what the pieces hold; each is proven before it is given. BackupUnreadable where one is not right."""
    cipher = _cipher(head, key)
    piece = file.read(PIECE_BYTES + _TAG_BYTES)
    for number in range(_PIECES_MAX):
        following = file.read(PIECE_BYTES + _TAG_BYTES)
        try:
            opened = cipher.decrypt(_nonce(number, not following), piece, None)
        except (InvalidTag, ValueError):
            raise damaged() from None
        # Only an empty file has an empty piece: there is one way to write each.
        if not opened and number:
            raise damaged()
        yield opened
        if not following:
            return
        piece = following


def _cipher(head: Head, key: bytes) -> ChaCha20Poly1305:
    salt = sha256(head.encode()).digest()
    return ChaCha20Poly1305(HKDF(SHA256(), KEY_BYTES, salt, b"sipande-cadangan/1 isi").derive(key))


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11) + bytes([is_last])
