"""One change: header and body, to and from bytes (sync_protocol.md section 5).

A *header* is a canonical JSON array of eleven members; a *body* is a 16-byte random salt followed by a
canonical JSON object. Canonical is RFC 8785 restricted to what the log allows: objects, arrays, strings,
booleans and integers within 2^53, no fractions, no null. The bytes made here are the bytes stored,
hashed and sent; a receiver compares what it parsed with what canonical form would have produced and
refuses anything else, because two parsers that read one leaf differently would be a fork nobody sees.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

from shared.errors import ProtocolError

FORMAT = 1
SALT_BYTES = 16
DIGEST_BYTES = 32


class Op(StrEnum):
    """What a change does to its record."""

    CREATE = "c"
    UPDATE = "u"
    DELETE = "d"
    DECIDE = "p"


class Header(NamedTuple):
    """The members of a header, in order. ``groups`` is empty for create (all groups) and delete (existence)."""

    format: int
    log: str
    seq: int
    kind: str
    kind_version: int
    record: str
    op: str
    groups: list[str]
    parents: list[str]
    author: str
    time_s: int

    def ref(self, leaf: bytes) -> str:
        """Name this change as other changes name it: log, seq, first 8 bytes of the leaf hash."""
        return f"{self.log}:{self.seq}:{leaf[:8].hex()}"


class Sealed(NamedTuple):
    """The bytes of one change as stored. ``body`` is None when it was erased and only its digest is kept."""

    header: bytes
    body: bytes | None
    body_digest: bytes

    def digest(self) -> bytes:
        """Give the SHA-256 of the body; stored changes whose body stands carry none."""
        return self.body_digest or sha256(self.body or b"").digest()


_encode = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True, check_circular=False, allow_nan=False
).encode
_LOG_ID = re.compile(r"[0-9a-f]{32}").fullmatch
_RECORD_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch
_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}").fullmatch
_GROUP = re.compile(r"[a-z_][a-z0-9_]{0,39}").fullmatch
_REF = re.compile(r"[0-9a-f]{32}:(0|[1-9][0-9]{0,14}):[0-9a-f]{16}").fullmatch
_LONG_NUMBER = re.compile(rb"[\[:,]-?[0-9]{16,}")
_INT_MAX = (1 << 53) - 1
PARENTS_MAX = 64
GROUPS_MAX = 64


def is_log_id(text: str) -> bool:
    """Tell whether a text is a log id: 16 bytes in lower-case hex."""
    return _LOG_ID(text) is not None


def parse_ref(ref: str) -> tuple[str, int, bytes]:
    """Split a reference into log id, seq and the first 8 bytes of the leaf hash; ProtocolError otherwise."""
    if not _REF(ref):
        raise ProtocolError("malformed", "reference")
    log, seq, prefix = ref.split(":")
    return log, int(seq), bytes.fromhex(prefix)


def encode_header(header: Header) -> bytes:
    """Write a header in canonical bytes."""
    return _encode(header).encode()


def encode_body(values: Mapping[str, Any], salt: bytes) -> bytes:
    """Write a body: the salt, then the members in canonical form; empty members are left out."""
    if len(salt) != SALT_BYTES:
        raise ValueError("salt must be 16 bytes")
    present = {name: value for name, value in values.items() if value is not None}
    return salt + _encode(present).encode()


def seal_change(header: Header, values: Mapping[str, Any], salt: bytes) -> Sealed:
    """Make the bytes of a change."""
    body = encode_body(values, salt)
    return Sealed(encode_header(header), body, sha256(body).digest())


def _no_fraction(text: str) -> Any:
    raise ProtocolError("malformed", "fraction in change")


_decode = json.JSONDecoder(parse_float=_no_fraction, parse_constant=_no_fraction).decode


def _parse_all(parts: Sequence[bytes], what: str) -> list[Any]:
    """Parse many canonical JSON texts at once; any that is not canonical refuses them all.

    One array is parsed instead of each text alone, which halves the time; the comparison text by text
    afterwards also catches texts that only look right when joined.
    """
    if not parts:
        return []
    joined = b"[" + b",".join(parts) + b"]"
    try:
        parsed = _decode(joined.decode())
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise ProtocolError("malformed", f"{what} is not JSON") from None
    if len(parsed) != len(parts):
        raise ProtocolError("malformed", f"{what} boundaries")
    try:
        for item, part in zip(parsed, parts, strict=True):
            if _encode(item).encode() != part:
                raise ProtocolError("malformed", f"{what} is not canonical")
    except (UnicodeEncodeError, TypeError, RecursionError):
        raise ProtocolError("malformed", f"{what} is not canonical") from None
    if b"null" in joined or not joined.isascii() or _LONG_NUMBER.search(joined):
        _check_members(parsed)
    return list(parsed)


def _check_members(parsed: list[Any]) -> None:
    """Refuse what canonical form cannot: null, integers beyond 2^53, member names that sort differently.

    RFC 8785 sorts names by UTF-16 units, Python by code point; ASCII names sort alike.
    """
    left = list(parsed)
    while left:
        value = left.pop()
        if value is None:
            raise ProtocolError("malformed", "null in change")
        if type(value) is int and not -_INT_MAX <= value <= _INT_MAX:
            raise ProtocolError("malformed", "number beyond 2^53")
        if type(value) is list:
            left.extend(value)
        elif type(value) is dict:
            if not all(map(str.isascii, value)):
                raise ProtocolError("malformed", "member name")
            left.extend(value.values())


def decode_headers(parts: Sequence[bytes]) -> list[Header]:
    """Read headers strictly; ProtocolError names the first defect.

    A header of a later format is kept as long as its first six members stand where format 1 has them.
    """
    headers = []
    for item in _parse_all(parts, "header"):
        if type(item) is not list or len(item) < 6:
            raise ProtocolError("malformed", "header members")
        if type(item[0]) is not int or item[0] != FORMAT:
            item = _read_later_format(item)
        elif len(item) != 11:
            raise ProtocolError("malformed", "header members")
        header = Header(*item)
        _check_header(header)
        headers.append(header)
    return headers


def _read_later_format(item: list[Any]) -> list[Any]:
    if type(item[0]) is not int or item[0] < 1:
        raise ProtocolError("malformed", "header format")
    return [*item[:6], Op.UPDATE.value, [], [], "", 0]


_OPS = frozenset(op.value for op in Op)


def _check_header(header: Header) -> None:
    _, log, seq, kind, version, record, op, groups, parents, author, time_s = header
    if not (
        type(log) is str and _LOG_ID(log)
        and type(seq) is int and seq >= 0
        and type(kind) is str and _KIND(kind)
        and type(version) is int and version >= 1
        and type(record) is str and _RECORD_ID(record)
        and type(op) is str and op in _OPS
        and type(groups) is list and len(groups) <= GROUPS_MAX
        and type(parents) is list and len(parents) <= PARENTS_MAX
        and type(author) is str and len(author) <= 36
        and type(time_s) is int
    ):
        raise ProtocolError("malformed", f"header of seq {seq!r}"[:60])
    if groups:
        if any(type(g) is not str or not _GROUP(g) for g in groups) or sorted(set(groups)) != groups:
            raise ProtocolError("malformed", "header groups")
    if parents:
        if any(type(p) is not str or not _REF(p) for p in parents) or sorted(set(parents)) != parents:
            raise ProtocolError("malformed", "header parents")


def decode_bodies(parts: Sequence[bytes | None]) -> list[dict[str, Any] | None]:
    """Read bodies strictly, in order; an erased body stays None. ProtocolError names the first defect."""
    present = [part for part in parts if part is not None]
    if any(len(part) < SALT_BYTES + 2 for part in present):
        raise ProtocolError("malformed", "body too short")
    parsed = iter(_parse_all([part[SALT_BYTES:] for part in present], "body"))
    bodies: list[dict[str, Any] | None] = []
    for part in parts:
        value = None if part is None else next(parsed)
        if value is not None and type(value) is not dict:
            raise ProtocolError("malformed", "body is not an object")
        bodies.append(value)
    return bodies
