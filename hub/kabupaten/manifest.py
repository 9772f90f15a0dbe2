"""The manifest of an export: what a hub signs about the lines that it hands over. One form for both sides.

The text of a C2SP signed note under the key name ``sipande/<kecamatan>/ekspor``, one value a line::

    sipande-ekspor/1
    <kecamatan>
    <cursor the lines begin at, "-" for none>
    <cursor they lead to>
    <number of lines>
    <SHA-256 of the lines with their newlines, hex>
    <hub time, seconds since 1970 UTC>
    tersamar | teridentifikasi
    lengkap | perubahan
    <origin> <size> <base64 root>        one per log, sorted by origin

``lengkap`` lines replace all earlier ones, ``perubahan`` lines continue them.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from shared.changelog.checkpoint import Checkpoint, NoteError

FORMAT = "sipande-ekspor/1"
NO_CURSOR = "-"
CURSOR_CHARACTERS_MAX = 32_000

_VEIL = {False: "tersamar", True: "teridentifikasi"}
_EXTENT = {False: "perubahan", True: "lengkap"}
_HUB = re.compile(r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}", re.ASCII)
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_CURSOR = re.compile(r"[A-Za-z0-9_-]+")
_FIXED_LINES = 9


@dataclass(frozen=True)
class Manifest:
    """One delivery of a hub; cursors are opaque to everybody but the hub, ``heads`` are those of its logs."""

    hub: str
    cursor_from: str
    cursor_to: str
    count: int
    digest: str
    time_s: int
    is_identified: bool
    is_full: bool
    heads: tuple[Checkpoint, ...]

    def text(self) -> bytes:
        """Write the text that is signed."""
        lines = [
            FORMAT, self.hub, self.cursor_from or NO_CURSOR, self.cursor_to, str(self.count), self.digest,
            str(self.time_s), _VEIL[self.is_identified], _EXTENT[self.is_full],
        ]
        lines += [
            f"{head.origin} {head.size} {encode_hash(head.root)}"
            for head in sorted(self.heads, key=lambda head: head.origin)
        ]
        return "".join(f"{line}\n" for line in lines).encode()


def parse_manifest(text: bytes) -> Manifest:
    """Read what :meth:`Manifest.text` writes, strictly; NoteError when it is anything else."""
    try:
        lines = text.decode().split("\n")
    except UnicodeDecodeError:
        raise NoteError("manifest is not UTF-8") from None
    if lines[-1] or len(lines) <= _FIXED_LINES or lines[0] != FORMAT:
        raise NoteError("manifest form")
    _, hub, cursor_from, cursor_to, count, digest, time_s, veil, extent = lines[:_FIXED_LINES]
    if not (
        _HUB.fullmatch(hub) and _NUMBER.fullmatch(count) and _DIGEST.fullmatch(digest)
        and _NUMBER.fullmatch(time_s)
        and veil in _VEIL.values() and extent in _EXTENT.values()
        and is_cursor(cursor_to) and is_cursor(cursor_from)
    ):
        raise NoteError("manifest member")
    manifest = Manifest(
        hub, "" if cursor_from == NO_CURSOR else cursor_from, cursor_to, int(count), digest, int(time_s),
        veil == _VEIL[True], extent == _EXTENT[True], tuple(map(_parse_head, lines[_FIXED_LINES:-1])),
    )
    # One manifest has one spelling, and no log stands in it twice.
    if manifest.text() != text or len({head.origin for head in manifest.heads}) != len(manifest.heads):
        raise NoteError("manifest spelling")
    return manifest


def is_cursor(text: str) -> bool:
    """Tell whether a text could be a cursor: base64url of a bounded length."""
    return len(text) <= CURSOR_CHARACTERS_MAX and _CURSOR.fullmatch(text) is not None


def name_key(hub: str) -> str:
    """Give the name under which a hub signs its exports."""
    return f"sipande/{hub}/ekspor"


def find_hub(key_name: str) -> str | None:
    """Tell whose exports a key of this name signs; None when it is no export key."""
    hub = key_name.removeprefix("sipande/").removesuffix("/ekspor")
    return hub if _HUB.fullmatch(hub) and name_key(hub) == key_name else None


def encode_hash(value: bytes) -> str:
    """Write a hash in base64."""
    return base64.b64encode(value).decode()


def decode_hash(text: str) -> bytes:
    """Read a hash; NoteError when it is not base64 in its one spelling."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError("base64") from None
    if encode_hash(value) != text:
        raise NoteError("base64 is not canonical")
    return value


def _parse_head(line: str) -> Checkpoint:
    parts = line.split(" ")
    if len(parts) != 3 or not _NUMBER.fullmatch(parts[1]):
        raise NoteError("manifest head")
    return Checkpoint(parts[0], int(parts[1]), decode_hash(parts[2]))
