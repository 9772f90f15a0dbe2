"""Signed heads and receipts of logs: C2SP signed-note, tlog-checkpoint and tlog-cosignature, Ed25519 only.

A *checkpoint* is an author's signed statement of size and root; a *receipt* is the other side's cosignature
on it, whose timestamp is when that side had all of it. Bytes in, values out: nothing here knows a log, a
clock, or which key ought to be trusted.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from shared.changelog.keys import KEY_BYTES, SigningKey, verify
from shared.changelog.tree import HASH_BYTES, SIZE_MAX
from shared.errors import ProtocolError

NOTE_BYTES_MAX = 1_000_000
NOTE_SIGNATURES_MAX = 16
TIMESTAMP_S_MAX = (1 << 63) - 1

_DASH = "\u2014 "
_KEY_ID_BYTES = 4
_TIMESTAMP_BYTES = 8
_SIGNATURE_BYTES = 64
_CONTROL = re.compile(r"[\x00-\x1f]")
_CONTROL_BUT_NEWLINE = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_KEY_ID_HEX = re.compile(r"[0-9a-f]{8}")


class NoteError(ProtocolError):
    """A note, checkpoint, receipt or verifier key is malformed, or its signature does not verify."""

    def __init__(self, detail: str) -> None:
        super().__init__("bad_note", detail)


class SignatureType(IntEnum):
    """The signature types of signed-note that this project uses."""

    ED25519 = 0x01
    COSIGNATURE_V1 = 0x04


@dataclass(frozen=True)
class Verifier:
    """A public key known under a name, for signatures of one type."""

    name: str
    public: bytes
    type: SignatureType = SignatureType.ED25519

    def __post_init__(self) -> None:
        if not _is_key_name(self.name):
            raise NoteError("key name")
        if len(self.public) != KEY_BYTES:
            raise NoteError("public key is not 32 bytes")

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that, with the name, tell which key made a signature."""
        return sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.public).digest()[:_KEY_ID_BYTES]


@dataclass(frozen=True)
class Signer:
    """A private key known under a name; its use decides the signature type."""

    name: str
    key: SigningKey

    def verifier(self, type: SignatureType = SignatureType.ED25519) -> Verifier:
        """Make the verifier that others need."""
        return Verifier(self.name, self.key.public, type)


@dataclass(frozen=True)
class Checkpoint:
    """The head of a log: its origin (identity), number of leaves and root hash."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or _CONTROL.search(self.origin) or not _is_utf8(self.origin):
            raise NoteError("checkpoint origin")
        if not 0 <= self.size <= SIZE_MAX:
            raise NoteError("checkpoint size")
        if len(self.root) != HASH_BYTES:
            raise NoteError("checkpoint root is not 32 bytes")

    def body(self) -> bytes:
        """Write the note text that is signed: three lines (tlog-checkpoint, "Note text")."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()


@dataclass(frozen=True)
class Cosignature:
    """A witness's statement that at ``timestamp`` (seconds) it had seen the log up to a checkpoint."""

    key_name: str
    timestamp: int
    signature: bytes

    def message(self, body: bytes) -> bytes:
        """Write what is signed, for a checkpoint of this note text, extension lines included."""
        return b"cosignature/v1\ntime %d\n" % self.timestamp + body


@dataclass(frozen=True)
class _Signature:
    name: str
    key_id: bytes
    value: bytes


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_key_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(c.isspace() or c < " " for c in name) and _is_utf8(name)


def _decode_base64(text: str) -> bytes:
    """Decode base64 that has one spelling only: two texts of one value would be two notes of one head."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError("base64") from None
    if base64.b64encode(value).decode() != text:
        raise NoteError("base64 is not canonical")
    return value


def format_vkey(verifier: Verifier) -> str:
    """Write a verifier as one line of text (signed-note, "Verifier keys")."""
    material = base64.b64encode(bytes([verifier.type]) + verifier.public).decode()
    return f"{verifier.name}+{verifier.key_id.hex()}+{material}"


def parse_vkey(text: str) -> Verifier:
    """Read what :func:`format_vkey` writes; NoteError when it is malformed or of a type not used here."""
    name, first, rest = text.partition("+")
    key_id, second, material = rest.partition("+")
    if not first or not second or not _KEY_ID_HEX.fullmatch(key_id):
        raise NoteError("verifier key")
    raw = _decode_base64(material)
    if raw[:1] not in {bytes([known]) for known in SignatureType}:
        raise NoteError("verifier key of unknown type")
    verifier = Verifier(name, raw[1:], SignatureType(raw[0]))
    if verifier.key_id.hex() != key_id:
        raise NoteError("verifier key id")
    return verifier


def parse_body(body: bytes) -> Checkpoint:
    """Read the text of a checkpoint strictly; extension lines are passed over. NoteError names the defect."""
    try:
        lines = body.decode().split("\n")
    except UnicodeDecodeError:
        raise NoteError("checkpoint is not UTF-8") from None
    if len(lines) < 4 or lines.pop() or not all(lines):
        raise NoteError("checkpoint lines")
    origin, size, root = lines[:3]
    if not _SIZE.fullmatch(size):
        raise NoteError("checkpoint size")
    return Checkpoint(origin, int(size), _decode_base64(root))


def _write_note(text: bytes, verifier: Verifier, value: bytes) -> bytes:
    """Join a text and one signature line; NoteError when readers would not find that very text again."""
    line = f"\n{_DASH}{verifier.name} {base64.b64encode(verifier.key_id + value).decode()}\n"
    note = text + line.encode()
    if _split_note(note)[0] != text:
        raise NoteError("note text")
    return note


def _split_note(note: bytes) -> tuple[bytes, list[_Signature]]:
    """Take a note apart strictly into its text and its signatures, none of them verified yet."""
    if len(note) > NOTE_BYTES_MAX:
        raise NoteError("note is too long")
    try:
        text = note.decode()
    except UnicodeDecodeError:
        raise NoteError("note is not UTF-8") from None
    if _CONTROL_BUT_NEWLINE.search(text):
        raise NoteError("control character in note")
    # The last empty line is the border: the text may have empty lines, the signatures may not.
    body, border, tail = text.rpartition("\n\n")
    if not border or not tail.endswith("\n"):
        raise NoteError("note without signatures")
    lines = tail[:-1].split("\n")
    if len(lines) > NOTE_SIGNATURES_MAX:
        raise NoteError("too many signatures")
    return f"{body}\n".encode(), [_parse_signature(line) for line in lines]


def _parse_signature(line: str) -> _Signature:
    if not line.startswith(_DASH):
        raise NoteError("signature line")
    name, _, value = line[len(_DASH):].partition(" ")
    raw = _decode_base64(value)
    if not _is_key_name(name) or len(raw) <= _KEY_ID_BYTES:
        raise NoteError("signature line")
    return _Signature(name, raw[:_KEY_ID_BYTES], raw[_KEY_ID_BYTES:])


def _select_signatures(signatures: list[_Signature], verifier: Verifier, type: SignatureType) -> list[bytes]:
    """Pick what claims to be the verifier's; others, even of the same name or id, are not ours to judge."""
    if verifier.type is not type:
        raise NoteError("verifier of another signature type")
    key_id = verifier.key_id
    mine = [known.value for known in signatures if known.name == verifier.name and known.key_id == key_id]
    if not mine:
        raise NoteError(f"no signature of {verifier.name}")
    return mine


def sign_note(text: bytes, signer: Signer) -> bytes:
    """Sign a text that ends in a newline; the note with the one signature comes back."""
    return _write_note(text, signer.verifier(), signer.key.sign(text))


def open_note(note: bytes, verifier: Verifier) -> bytes:
    """Return the text of a note once a signature of the verifier, and every one it claims, is verified."""
    text, signatures = _split_note(note)
    for value in _select_signatures(signatures, verifier, SignatureType.ED25519):
        if not verify(verifier.public, value, text):
            raise NoteError(f"signature of {verifier.name}")
    return text


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """Sign the head of one's own log; a signed note comes back."""
    return sign_note(checkpoint.body(), signer)


def open_checkpoint(note: bytes, verifier: Verifier) -> Checkpoint:
    """Read a checkpoint that the verifier's key signed; NoteError when it is anything else.

    The origin is what the author wrote: whether this key may speak for that log is the caller's question.
    """
    return parse_body(open_note(note, verifier))


def is_signed(note: bytes, verifier: Verifier) -> bool:
    """Tell whether a note is a checkpoint that this key has signed."""
    try:
        open_checkpoint(note, verifier)
    except NoteError:
        return False
    return True


def cosign(checkpoint: Checkpoint, cosigner: Signer, timestamp: int) -> bytes:
    """Make the receipt of a checkpoint at a time in seconds: its text with the cosignature as only signature.

    The caller has verified the checkpoint and holds everything that it covers; that is what this states.
    """
    if not 0 <= timestamp <= TIMESTAMP_S_MAX:
        raise NoteError("cosignature timestamp")
    body = checkpoint.body()
    signature = cosigner.key.sign(Cosignature(cosigner.name, timestamp, b"").message(body))
    stamp = timestamp.to_bytes(_TIMESTAMP_BYTES)
    return _write_note(body, cosigner.verifier(SignatureType.COSIGNATURE_V1), stamp + signature)


def _parse_cosignature(name: str, value: bytes) -> Cosignature:
    timestamp = int.from_bytes(value[:_TIMESTAMP_BYTES])
    if len(value) != _TIMESTAMP_BYTES + _SIGNATURE_BYTES or timestamp > TIMESTAMP_S_MAX:
        raise NoteError(f"cosignature of {name}")
    return Cosignature(name, timestamp, value[_TIMESTAMP_BYTES:])


def open_receipt(note: bytes, verifier: Verifier) -> tuple[Checkpoint, int]:
    """Read a checkpoint that the verifier's key cosigned, and the time in seconds; NoteError otherwise.

    Of several cosignatures of the key the earliest time counts, whatever the order of their lines: it is
    when the witness first had the checkpoint.
    """
    body, signatures = _split_note(note)
    times = []
    for value in _select_signatures(signatures, verifier, SignatureType.COSIGNATURE_V1):
        cosignature = _parse_cosignature(verifier.name, value)
        if not verify(verifier.public, cosignature.signature, cosignature.message(body)):
            raise NoteError(f"cosignature of {verifier.name}")
        times.append(cosignature.timestamp)
    return parse_body(body), min(times)


def open_receipt_of(note: bytes, verifiers: Sequence[Verifier]) -> tuple[Checkpoint, int]:
    """Read a receipt under whichever of a witness's keys, newest first, has signed it; NoteError otherwise."""
    for verifier in verifiers[:-1]:
        try:
            return open_receipt(note, verifier)
        except NoteError:
            continue
    return open_receipt(note, verifiers[-1])
