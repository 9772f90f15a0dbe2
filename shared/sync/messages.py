"""The JSON messages of a session, as marshmallow schemas; unknown members are ignored, so both sides may grow."""

from __future__ import annotations

import json
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from shared.errors import ProtocolError
from shared.sync.limits import limit

_HASH = validate.Regexp(r"\A[0-9a-f]{64}\Z")
_NONCE = validate.Regexp(r"\A[A-Za-z0-9_-]{22,64}\Z")
"""base64url; it goes into the header of a signature, which takes no other text."""
_TIME = validate.Range(-(1 << 53), 1 << 53)
_LOG_ID = validate.Regexp(r"\A[0-9a-f]{32}\Z")
_VERSION = validate.Range(1, 1 << 30)
_SLOT = validate.Regexp(r"\A[0-9a-f]{10}\Z")

LOGS_MAX = 500
HEADS_MAX = 64
SUCCESSORS_MAX = 100
BRANCHES_MAX = 50


class Message(Schema):
    class Meta:
        unknown = EXCLUDE


class LogHead(Message):
    """What one side holds of a log: ``size`` changes with base64 ``root``."""

    id = fields.Str(required=True, validate=_LOG_ID)
    size = fields.Int(required=True, strict=True, validate=validate.Range(0, 1 << 40))
    root = fields.Str(required=True, validate=validate.Length(equal=44))


class Offer(Message):
    """What every message begins a conversation with: the versions of the protocol that its writer speaks.

    It is read before the rest, which may be of a version that nobody here knows.
    """

    version = fields.Int(required=True, strict=True, validate=_VERSION)
    version_min = fields.Int(load_default=1, strict=True, validate=_VERSION)


class Speaker(Offer):
    """Beside that, for people: ``program`` names the program, ``kinds`` is a digest of the kinds that it knows,
    ``held`` counts the changes that it keeps and cannot show yet."""

    program = fields.Str(load_default="", validate=validate.Length(max=40))
    kinds = fields.Str(load_default="", validate=validate.Length(max=64))
    held = fields.Int(load_default=0, strict=True, validate=validate.Range(0, 1 << 40))


def _branches() -> Any:
    return fields.List(fields.Nested(LogHead), load_default=list, validate=validate.Length(max=BRANCHES_MAX))


class _KindParity(fields.Field[tuple[int, str, str]]):
    """[count, digest, shape]; what later versions add behind them is ignored, the shape may be absent."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[int, str, str]:
        told = [*value, ""] if isinstance(value, list) and len(value) == 2 else value
        if not isinstance(told, list) or len(told) < 3:
            raise ValidationError("not a claim")
        count, digest, shape = told[:3]
        if type(count) is not int or not all(type(text) is str and len(text) <= 64 for text in (digest, shape)):
            raise ValidationError("not a claim")
        return count, digest, shape


class HelloRequest(Speaker):
    """``parity``: kind → [count, digest, shape] of the desa's rows, at the heads that ``parity_at`` is a digest of.

    ``rantai``: successors of the hub's keys that its last answer did not name. The number of kinds in ``parity`` is
    bounded by the size of a message alone: kinds that nobody here knows are passed over, never refused.
    ``branches``: heads of second histories that nobody has issued again and the node keeps.
    """

    nonce = fields.Str(required=True, validate=_NONCE)
    logs = fields.List(fields.Nested(LogHead), required=True, validate=validate.Length(max=LOGS_MAX))
    time = fields.Int(load_default=0, strict=True, validate=_TIME)
    parity_at = fields.Str(load_default="", validate=validate.Length(max=64))
    parity = fields.Dict(
        keys=fields.Str(validate=validate.Length(max=40)),
        values=_KindParity(),
        load_default=dict,
    )
    branches = _branches()
    rantai = fields.List(fields.Str(validate=validate.Length(max=4096)), load_default=list,
                         validate=validate.Length(max=SUCCESSORS_MAX))


class HelloAnswer(Speaker):
    """``version`` is the one agreed on; ``kinds`` is empty where it would be the node's own.

    ``parity_versions``: kinds that cannot be compared. ``differs``: logs of which the node announced another history
    than the hub holds. ``known`` is false to a stranger who may help a restored hub with its common channel only.
    ``rantai``: successors of the hub's key. ``branches``: those of the node's that the hub does not hold.
    """

    nonce = fields.Str(required=True, validate=_NONCE)
    echo = fields.Str(required=True, validate=validate.Length(max=64))
    logs = fields.List(fields.Nested(LogHead), required=True, validate=validate.Length(max=LOGS_MAX))
    time = fields.Int(required=True, strict=True, validate=_TIME)
    segel = fields.Str(required=True, validate=_HASH)
    parity = fields.Str(load_default="", validate=validate.Length(max=20))
    parity_differs = fields.List(fields.Str(), load_default=list)
    parity_versions = fields.List(fields.Str(), load_default=list)
    differs = fields.List(fields.Str(validate=_LOG_ID), load_default=list, validate=validate.Length(max=LOGS_MAX))
    known = fields.Bool(load_default=True)
    branches = _branches()
    rantai = fields.List(fields.Str(validate=validate.Length(max=4096)), load_default=list,
                         validate=validate.Length(max=SUCCESSORS_MAX))


class LogSize(Message):
    id = fields.Str(required=True, validate=_LOG_ID)
    size = fields.Int(required=True, strict=True, validate=validate.Range(0, 1 << 40))


class PushAnswer(Message):
    receipts = fields.List(fields.Str(validate=validate.Length(max=4096)), required=True)
    logs = fields.List(fields.Nested(LogSize), load_default=list)


class PullRequest(Message):
    logs = fields.List(fields.Nested(LogSize), required=True, validate=validate.Length(max=LOGS_MAX))
    bytes_max = fields.Int(load_default=0, strict=True)
    codec = fields.Str(load_default="zlib", validate=validate.OneOf(("zlib", "bz2")))


class CompareRequest(Message):
    """``heads``: what the node's history of one log was at several sizes, to find where it left the hub's."""

    id = fields.Str(required=True, validate=_LOG_ID)
    heads = fields.List(
        fields.Nested(LogHead, only=("size", "root")), required=True, validate=validate.Length(max=HEADS_MAX)
    )


class CompareAnswer(Message):
    """``size``: up to where the hub's log is the same; ``kept``: up to where a second history that it keeps is."""

    size = fields.Int(required=True, strict=True, validate=validate.Range(0, 1 << 40))
    kept = fields.Int(load_default=0, strict=True, validate=validate.Range(0, 1 << 40))


class RotateRequest(Offer):
    nonce = fields.Str(required=True, validate=_NONCE)
    kunci = fields.Str(required=True, validate=_HASH)
    segel = fields.Str(required=True, validate=_HASH)
    bukti = fields.Str(required=True, validate=validate.Regexp(r"\A[0-9a-f]{128}\Z"))


class RotateAnswer(Message):
    version = fields.Int(load_default=1, strict=True, validate=_VERSION)
    simpul = fields.Str(required=True, validate=validate.Length(equal=36))
    kunci = fields.Str(required=True, validate=_HASH)
    echo = fields.Str(required=True, validate=validate.Length(max=64))
    rantai = fields.List(fields.Str(validate=validate.Length(max=4096)), load_default=list,
                         validate=validate.Length(max=SUCCESSORS_MAX))


class SucceededRequest(Message):
    """``rantai``: successors of the key under which a hub has just spoken."""

    rantai = fields.List(fields.Str(validate=validate.Length(max=4096)), required=True,
                         validate=validate.Length(max=SUCCESSORS_MAX))


class ParityRequest(Message):
    kind = fields.Str(required=True, validate=validate.Length(max=40))
    low = fields.Str(load_default="", validate=validate.Length(max=36))
    high = fields.Str(load_default="", validate=validate.Length(max=36))


class BlobHaveRequest(Message):
    """``hashes``: what the node lacks and would take."""

    hashes = fields.List(
        fields.Str(validate=_HASH), load_default=list, validate=validate.Length(max=limit("blob_have_max"))
    )


class BlobSize(Message):
    hash = fields.Str(required=True, validate=_HASH)
    size = fields.Int(required=True, strict=True, validate=validate.Range(0, 1 << 40))


class BlobOffset(Message):
    hash = fields.Str(required=True, validate=_HASH)
    offset = fields.Int(required=True, strict=True, validate=validate.Range(0, 1 << 40))


class BlobHaveAnswer(Message):
    """``blobs``: what of the hashes can be had; ``wanted``: what the hub lacks; ``more``: it lacks still more."""

    blobs = fields.List(fields.Nested(BlobSize), required=True)
    wanted = fields.List(fields.Nested(BlobOffset), required=True)
    more = fields.Bool(required=True, truthy={True}, falsy={False})


class BlobGetRequest(Message):
    hash = fields.Str(required=True, validate=_HASH)
    offset = fields.Int(required=True, strict=True, validate=validate.Range(0, 1 << 40))
    bytes_max = fields.Int(load_default=0, strict=True)


class EnrolRequest(Speaker):
    slot = fields.Str(required=True, validate=_SLOT)
    wilayah = fields.Str(required=True, validate=validate.Length(max=13))
    kunci = fields.Str(required=True, validate=_HASH)
    segel = fields.Str(required=True, validate=_HASH)
    nama = fields.Str(required=True, validate=validate.Length(min=1, max=100))
    nonce = fields.Str(required=True, validate=_NONCE)
    bukti = fields.Str(required=True, validate=_HASH)


class EnrolAnswer(Message):
    version = fields.Int(load_default=1, strict=True, validate=_VERSION)
    status = fields.Str(required=True, validate=validate.OneOf(("menunggu", "aktif")))
    simpul = fields.Str(required=True, validate=validate.Length(equal=36))
    wilayah = fields.Str(required=True, validate=validate.Length(max=13))
    nama = fields.Str(required=True, validate=validate.Length(max=100))
    segel = fields.Str(required=True, validate=_HASH)
    pemulihan = fields.Str(required=True, validate=_HASH)
    kunci_lama = fields.List(fields.Str(validate=_HASH), load_default=list, validate=validate.Length(max=100))
    echo = fields.Str(required=True, validate=validate.Length(max=64))


class Refusal(Message):
    """What every refusal says; ``size`` with gap and fork, ``run`` (its place in the body) with 409 and 422."""

    code = fields.Str(required=True, validate=validate.Length(max=40))
    detail = fields.Str(load_default="", validate=validate.Length(max=400))
    log = fields.Str(load_default="")
    size = fields.Int(load_default=None, strict=True, allow_none=True)
    run = fields.Int(load_default=None, strict=True, allow_none=True)
    receipts = fields.List(fields.Str(), load_default=list)


def encode(message: dict[str, Any]) -> bytes:
    """Write a message."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def decode(schema: type[Message], data: bytes) -> dict[str, Any]:
    """Read a message strictly; ProtocolError (malformed) names the member that does not fit."""
    if len(data) > limit("message_bytes_max"):
        raise ProtocolError("too_large", schema.__name__)
    try:
        parsed = json.loads(data)
        # A lone surrogate passes as JSON and can be neither stored nor written again.
        json.dumps(parsed, ensure_ascii=False).encode()
        loaded: dict[str, Any] = schema().load(parsed)
    except (ValueError, RecursionError):
        raise ProtocolError("malformed", schema.__name__) from None
    except ValidationError as error:
        names = sorted(error.messages) if isinstance(error.messages, dict) else []
        raise ProtocolError("malformed", f"{schema.__name__}: {', '.join(map(str, names))}"[:200]) from None
    return loaded
