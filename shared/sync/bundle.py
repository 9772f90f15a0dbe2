"""A bundle: what a session says, in a file that people carry (sync_protocol.md 8.10 and 8.11).

First a signed note in clear, whose text is a title and one JSON message, each on a line of its own; then runs
exactly as on the wire; then chunks of attachments, to the end of the file. Bytes in, values out: nothing here
knows a disk, a log, or which key ought to be trusted. A file is read piece by piece and never held as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, BinaryIO, TypeVar

from marshmallow import EXCLUDE, fields, validate

from shared.changelog.checkpoint import NOTE_SIGNATURES_MAX, NoteError, Signer, Verifier, open_note, sign_note
from shared.changelog.keys import SigningKey
from shared.changelog.run import RUN_BYTES_MAX, RunHeader, take_run
from shared.errors import ProtocolError
from shared.sync import messages
from shared.sync.chunk import ChunkHeader, take_chunk
from shared.sync.limits import limit

_SIGNATURE_LINE = "\u2014 ".encode()
_SIGNATURE_LINE_BYTES_MAX = 1024
_TITLE_BYTES_MAX = 64
_PIECE_BYTES = RUN_BYTES_MAX
H = TypeVar("H")

_KEY = validate.Regexp(r"\A[0-9a-f]{64}\Z")
_DESA = validate.Regexp(r"\A[0-9]{2}\.[0-9]{2}\.[0-9]{2}\.[0-9]{4}\Z")
_COUNT = validate.Range(0, 1 << 40)


class Title(StrEnum):
    """What a file says it is, in its first line."""

    UP = "sipande-bundle-up/1"
    """From a node to its hub."""
    DOWN = "sipande-bundle-down/1"
    """The hub's answer to it."""
    ENROL = "sipande-enrol/1"
    """A node asks for admission."""
    ENROLLED = "sipande-enrolled/1"
    """The hub's answer to it."""

    @property
    def is_by_hub(self) -> bool:
        return self in (Title.DOWN, Title.ENROLLED)


def _sizes() -> Any:
    return fields.List(
        fields.Nested(messages.LogSize), load_default=list, validate=validate.Length(max=messages.LOGS_MAX)
    )


def _lacking() -> Any:
    """Attachments that the writer has not whole, with what it has; None from a program that carries none."""
    return fields.List(
        fields.Nested(messages.BlobOffset), load_default=None, allow_none=True,
        validate=validate.Length(max=limit("blob_bundle_have_max")),
    )


class NewKey(messages.RotateRequest):
    """The key that shall follow the sender's, once what that has signed is here (8.10)."""

    class Meta:
        unknown = EXCLUDE
        exclude = ("version", "version_min", "nonce")


class BundleUp(messages.HelloRequest):
    """A hello that nobody answers at once: ``sender`` signs it, ``receiver`` is the hub's key, ``number`` rises.

    With the runs that follow, the hub holds of each log what ``reaches`` says; else the file was cut.
    """

    sender = fields.Str(required=True, validate=_KEY)
    receiver = fields.Str(required=True, validate=_KEY)
    wilayah = fields.Str(required=True, validate=_DESA)
    number = fields.Int(required=True, strict=True, validate=_COUNT)
    reaches = _sizes()
    lacks = _lacking()
    rotate = fields.Nested(NewKey, load_default=None, allow_none=True)


class RefusedLog(messages.Message):
    """The first run of a log that was refused; those after it in the file were left out."""

    log = fields.Str(required=True, validate=validate.Regexp(r"\A[0-9a-f]{32}\Z"))
    start = fields.Int(required=True, strict=True, validate=_COUNT)
    code = fields.Str(required=True, validate=validate.Length(max=40))


class BundleDown(messages.HelloAnswer):
    """The answer to hello and to all pushes at once; ``code`` says why a bundle was refused as a whole.

    ``echo`` and ``number`` are those of the bundle answered; ``wilayah`` is the desa that it came from. With the
    runs that follow, the node holds of each log what ``reaches`` says; else the file was cut.
    """

    sender = fields.Str(required=True, validate=_KEY)
    receiver = fields.Str(required=True, validate=_KEY)
    wilayah = fields.Str(required=True, validate=_DESA)
    number = fields.Int(required=True, strict=True, validate=_COUNT)
    code = fields.Str(load_default="", validate=validate.Length(max=40))
    receipts = fields.List(
        fields.Str(validate=validate.Length(max=4096)), load_default=list,
        validate=validate.Length(max=messages.LOGS_MAX),
    )
    refused = fields.List(fields.Nested(RefusedLog), load_default=list, validate=validate.Length(max=messages.LOGS_MAX))
    reaches = _sizes()
    lacks = _lacking()
    lacks_code = fields.Str(load_default="", validate=validate.Length(max=40))
    lacks_more = fields.Bool(load_default=False, truthy={True}, falsy={False})
    rotated = fields.Str(load_default="", validate=validate.Length(max=64))
    simpul = fields.Str(load_default="", validate=validate.Length(max=36))


class FileEnrolled(messages.EnrolAnswer):
    """The answer to enrolment with the key that signs it and the key that it is for."""

    sender = fields.Str(required=True, validate=_KEY)
    receiver = fields.Str(required=True, validate=_KEY)


_SCHEMAS: Mapping[Title, type[messages.Message]] = {
    Title.UP: BundleUp, Title.DOWN: BundleDown, Title.ENROL: messages.EnrolRequest, Title.ENROLLED: FileEnrolled,
}


@dataclass(frozen=True)
class Letter:
    """The note of a file: read strictly, and its signature verified under the key that the message names."""

    title: Title
    message: dict[str, Any]

    @property
    def key(self) -> str:
        """The key (hex) that has signed."""
        return name_key(self.title, self.message)


def name_key(title: Title, message: Mapping[str, Any]) -> str:
    """Give the key (hex) under which a message must be signed."""
    return str(message["kunci" if title is Title.ENROL else "sender"])


def name_signer(title: Title, wilayah: str) -> str:
    """Name the key of a note: that of a node of a desa, or that of the hub of its kecamatan."""
    return f"sipande/{'.'.join(wilayah.split('.')[:3])}/hub" if title.is_by_hub else f"sipande/{wilayah}/simpul"


def write_letter(title: Title, message: Mapping[str, Any], key: SigningKey) -> bytes:
    """Sign a message as the beginning of a file."""
    text = f"{title.value}\n".encode() + messages.encode(dict(message)) + b"\n"
    return sign_note(text, Signer(name_signer(title, message["wilayah"]), key))


def read_letter(data: bytes) -> tuple[Letter, int]:
    """Read the note at the beginning of a file; also tell where it ends.

    Whether that key may speak is the caller's question. Raises ProtocolError: ``malformed`` when no note stands
    there or it is cut, ``bad_signature`` when it does not verify, ``hub_too_old`` or ``node_too_old`` when it is of
    a format that this program is too old for.
    """
    title_end = data.find(b"\n", 0, _TITLE_BYTES_MAX)
    message_end = data.find(b"\n", title_end + 1, title_end + 2 + limit("message_bytes_max"))
    title = _read_title(data[: max(0, title_end)])
    end = _end_of_note(data, message_end)
    message = messages.decode(_SCHEMAS[title], data[title_end + 1 : message_end])
    letter = Letter(title, message)
    try:
        verifier = Verifier(name_signer(title, message["wilayah"]), bytes.fromhex(letter.key))
        text = open_note(data[:end], verifier)
    except NoteError:
        raise ProtocolError("bad_signature", "note of a file") from None
    if text != data[: message_end + 1]:
        raise ProtocolError("bad_signature", "note of a file")
    return letter, end


def _read_title(line: bytes) -> Title:
    """Read the first line; of a later format only who has to be brought up to date is known: the reader."""
    try:
        return Title(line.decode())
    except ValueError:
        pass
    name, _, number = line.partition(b"/")
    for title in Title:
        if title.value.encode().partition(b"/")[0] == name and number.isdigit() and number > b"1":
            raise ProtocolError("node_too_old" if title.is_by_hub else "hub_too_old", "format of a file")
    raise ProtocolError("malformed", "title")


def _end_of_note(data: bytes, message_end: int) -> int:
    """Find where the signatures end: before the first line that is none."""
    if message_end < 0 or data[message_end + 1 : message_end + 2] != b"\n":
        raise ProtocolError("malformed", "no note")
    at = first = message_end + 2
    while data.startswith(_SIGNATURE_LINE, at):
        line_end = data.find(b"\n", at, at + _SIGNATURE_LINE_BYTES_MAX)
        if line_end < 0:
            break
        at = line_end + 1
    if at == first:
        raise ProtocolError("malformed", "note without signature")
    return at


class Runs:
    """The whole runs of a file, one after the other, and then its whole chunks.

    What is cut or damaged ends them and spoils none before it.
    """

    def __init__(self, file: BinaryIO, begun: bytes) -> None:
        self._file = file
        self._data = begun
        self._is_at_end = False
        self.bytes_read = len(begun)
        self.is_whole = False
        """Set at the end of the file when nothing was left over."""

    def __iter__(self) -> Iterator[tuple[RunHeader, bytes]]:
        return self._take_all(take_run)

    def chunks(self) -> Iterator[tuple[ChunkHeader, bytes]]:
        """Give the chunks that follow the runs, once these were read to their end."""
        return self._take_all(take_chunk)

    def _take_all(self, take: Callable[[bytes, int], tuple[H, bytes, int] | None]) -> Iterator[tuple[H, bytes]]:
        """Give what can be taken from here on; what is something else stays to be taken as that."""
        at = 0
        while True:
            try:
                found = take(self._data, at) if at < len(self._data) else None
            except ProtocolError:
                self._data = self._data[at:]
                return
            if found is not None:
                at = found[2]
                yield found[:2]
                continue
            self._data, at = self._data[at:], 0
            if not self._read_on():
                return

    def _read_on(self) -> bool:
        try:
            piece = b"" if self._is_at_end else self._file.read(_PIECE_BYTES)
        except OSError:
            self._is_at_end = True
            return False  # the stick was pulled out, or is broken there
        if not piece:
            self.is_whole = self.is_whole or (not self._is_at_end and not self._data)
            self._is_at_end = True
            return False
        self.bytes_read += len(piece)
        self._data += piece
        return True


def open_file(file: BinaryIO) -> tuple[Letter, Runs]:
    """Read the note of a file and get ready for its runs; raises what :func:`read_letter` raises, and OSError."""
    data = file.read(_head_bytes_max())
    letter, end = read_letter(data)
    return letter, Runs(file, data[end:])


def _head_bytes_max() -> int:
    return _TITLE_BYTES_MAX + limit("message_bytes_max") + 2 + NOTE_SIGNATURES_MAX * _SIGNATURE_LINE_BYTES_MAX
