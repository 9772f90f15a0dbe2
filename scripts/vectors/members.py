"""Says of every message which members it has, what each may be, and what stands for one that is absent."""

from __future__ import annotations

import json
from collections.abc import Iterator

from marshmallow import Schema, fields, validate

from shared.sync import bundle, messages

ENDPOINTS: tuple[tuple[type[messages.Message], str], ...] = (
    (messages.HelloRequest, "8.1, request"),
    (messages.HelloAnswer, "8.1, answer"),
    (messages.PushAnswer, "8.2, answer"),
    (messages.PullRequest, "8.3, request"),
    (messages.ParityRequest, "8.4, request"),
    (messages.EnrolRequest, "8.5, request; 8.11"),
    (messages.EnrolAnswer, "8.5, answer"),
    (messages.BlobHaveRequest, "8.7, request of `blob/have`"),
    (messages.BlobHaveAnswer, "8.7, answer of `blob/have`"),
    (messages.BlobGetRequest, "8.7, request of `blob/get`"),
    (messages.CompareRequest, "8.8, request"),
    (messages.CompareAnswer, "8.8, answer"),
    (messages.RotateRequest, "8.9, request"),
    (messages.RotateAnswer, "8.9, answer"),
    (messages.SucceededRequest, "4.4, request of `succeeded`"),
    (messages.Refusal, "8.0, every refusal"),
    (bundle.BundleUp, "8.10, to the hub"),
    (bundle.BundleDown, "8.10, to the node"),
    (bundle.FileEnrolled, "8.11, answer"),
    (messages.LogHead, "part of others"),
    (messages.LogSize, "part of others"),
    (messages.BlobSize, "part of others"),
    (messages.BlobOffset, "part of others; answer of `blob/put`"),
    (bundle.RefusedLog, "part of others"),
    (bundle.NewKey, "part of others"),
)
_PATTERNS = {
    r"\A[0-9a-f]{64}\Z": "64 hex digits", r"\A[0-9a-f]{32}\Z": "32 hex digits", r"\A[0-9a-f]{10}\Z": "10 hex digits",
    r"\A[0-9a-f]{128}\Z": "128 hex digits", r"\A[A-Za-z0-9_-]{22,64}\Z": "22 to 64 base64url letters",
    r"\A[0-9]{2}\.[0-9]{2}\.[0-9]{2}\.[0-9]{4}\Z": "code of a desa",
}


def list_messages() -> Iterator[tuple[str, str, str, str]]:
    """Give for each message its name, where it stands, the members that must be there and those that may."""
    for schema, where in ENDPOINTS:
        own = _members(schema)
        base = next((one for one, _ in ENDPOINTS if one is not schema and issubclass(schema, one)), None)
        told = {} if base is None else _members(base)
        if not told.keys() <= own.keys():
            base, told = None, {}
        must, may = [], []
        for name, member in own.items():
            if name in told:
                continue
            shape = f"`{name}` {describe(member)}"
            if member.required:
                must.append(shape)
            else:
                may.append(shape + _default(member))
        if base is not None:
            must.insert(0, f"what `{base.__name__}` has")
        yield schema.__name__, where, " · ".join(must) or "–", " · ".join(may) or "–"


def _members(schema: type[Schema]) -> dict[str, fields.Field[object]]:
    return dict(sorted(schema().fields.items()))


def _default(member: fields.Field[object]) -> str:
    value = member.load_default() if callable(member.load_default) else member.load_default
    shown = "" if value is None or isinstance(value, (list, dict)) else f" ({json.dumps(value)})"
    return (", or null" if member.allow_none else "") + shown


def describe(member: fields.Field[object]) -> str:
    """Say what a member may be; ValueError for a check that this table has no words for."""
    if isinstance(member, fields.Nested):
        only = f" ({', '.join(sorted(member.only))} alone)" if member.only else ""
        return f"`{member.schema.__class__.__name__}`{only}"
    if isinstance(member, fields.List):
        return f"list{_bound(member)} of {describe(member.inner)}"
    if isinstance(member, fields.Dict):
        assert member.key_field is not None
        return f"object of any size: {describe(member.key_field)} → [integer, text ≤ 64, text ≤ 64 or absent, …]"
    if isinstance(member, fields.Bool):
        return "truth value"
    return _number(member) if isinstance(member, fields.Int) else _text(member)


def _bound(member: fields.Field[object]) -> str:
    for check in member.validators:
        if isinstance(check, validate.Length) and check.max is not None and check.min is None:
            return f" ≤ {check.max}"
        raise ValueError("check without words")
    return ""


def _number(member: fields.Field[object]) -> str:
    for check in member.validators:
        if isinstance(check, validate.Range):
            return f"integer, {_power(check.min)} to {_power(check.max)}"
        raise ValueError("check without words")
    return "integer"


def _power(value: object) -> str:
    assert isinstance(value, int)
    size = abs(value)
    shown = f"2^{size.bit_length() - 1}" if size > 1 and size & (size - 1) == 0 else str(size)
    return f"−{shown}" if value < 0 else shown


def _text(member: fields.Field[object]) -> str:
    for check in member.validators:
        if isinstance(check, validate.Regexp):
            return _PATTERNS[check.regex.pattern]
        if isinstance(check, validate.OneOf):
            return " or ".join(f"`{choice}`" for choice in check.choices)
        if isinstance(check, validate.Length):
            if check.equal is not None:
                return f"text of {check.equal}"
            return f"text ≤ {check.max}" if not check.min else f"text of {check.min} to {check.max}"
        raise ValueError("check without words")
    return "text"
