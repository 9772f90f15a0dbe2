"""Spoils good bytes: blindly, or by knowing that they are JSON, lines, a run, or an archive of XML.

Pure: bytes, dice and other good bytes in, bytes out. What is spoilt here is the *inside*; whoever feeds it
seals and signs it anew, so that the damage reaches the checks behind the signature.
"""

from __future__ import annotations

import bz2
import gzip
import json
import random
import zlib
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cache
from typing import Any

from simulation.junk.archive import spoil_archive

BYTES_MAX = 1 << 20
"""No spoilt input is larger; what is larger is refused by its size alone, and tests nothing."""


class Form(StrEnum):
    """What a good input is made of, and so what can be spoilt in it besides its bytes."""

    JSON = "json"
    HEADED = "headed"
    """A line with magic and JSON, then bytes: a run, a chunk."""
    LINES = "lines"
    ARCHIVE = "archive"
    PACKED = "packed"
    """A stream of zlib, bz2 or gzip."""
    CHANGES = "changes"
    """Lines of canonical JSON: headers and bodies of a log in turn."""
    BYTES = "bytes"


Spoiler = Callable[[random.Random, bytes, Sequence[bytes]], bytes]

_TEXTS = (
    "", " ", "\0", "\n", "a\nb", "\u2028", "\ufeff", "\U0001f600", "\ud800", "x" * 40, "x" * 5000, "../../etc/passwd",
    "%s%n", "'; DROP TABLE log;--", "0" * 64, "f" * 64, "F" * 64, " " + "0" * 62 + " ", "0" * 32, "-1", "1e9", "NaN",
    "sipande/33.03.04/umum/" + "0" * 32, "33.03.04.2006", "33.03.04", "\u0663\u0663", "null", "1970-02-30",
    "9999-12-31", "0000-00-00", "True", "A" * 44, "A" * 43 + "=", "é" * 22, "01990000-0000-7000-8000-000000000001",
    "0" * 32 + ":0:" + "0" * 16, "0" * 32 + ":999999999999999:" + "f" * 16, "c", "u", "d", "p", "_", "log", "simpul",
)
_NUMBERS = (
    0, 1, -1, 2, 7, 63, 64, 127, 255, 256, 65535, 65536, (1 << 31) - 1, 1 << 31, 1 << 32, (1 << 40) - 1, 1 << 40,
    (1 << 53) - 1, 1 << 53, (1 << 63) - 1, 1 << 63, -(1 << 63), -(1 << 63) - 1, 1 << 64, 10**30, 10**400,
)
_ODD: tuple[Any, ...] = (None, True, False, 0.5, -0.0, 1e308, [], {}, [[]], [None], {"": ""}, ["a", "a"])


def spoil(dice: random.Random, form: Form, data: bytes, others: Sequence[bytes]) -> bytes:
    """Spoil one good input, once or a few times over; ``others`` are good ones to splice with."""
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        known = _SPOILERS.get(form)
        blind = 0.05 if form is Form.CHANGES else 0.2
        spoiler = known if known is not None and dice.random() >= blind else spoil_bytes
        data = spoiler(dice, data, others)[:BYTES_MAX]
    return data


def spoil_bytes(dice: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Flip, cut, double, insert, splice: what wires and sticks do, and what a blind attacker tries."""
    if not data:
        return dice.randbytes(dice.randrange(1, 64))
    at = dice.randrange(len(data))
    end = min(len(data), at + dice.choice((1, 2, 4, 8, 64, 1000)))
    match dice.randrange(9):
        case 0:
            return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]
        case 1:
            return data[:at]
        case 2:
            return data[at:]
        case 3:
            return data[:at] + data[end:]
        case 4:
            return data[:end] + data[at:]
        case 5:
            return data[:at] + dice.randbytes(end - at) + data[end:]
        case 6:
            filler = dice.choice((b"\0", b"\xff", b"\n", b"[", b"9", b"\xed\xa0\x80"))
            return data[:at] + filler * (end - at) + data[end:]
        case 7:
            other = dice.choice(others) if others else data
            return data[:at] + other[dice.randrange(len(other) + 1) :]
        case _:
            value = dice.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)).to_bytes(4, dice.choice(("big", "little")))
            return data[:at] + value + data[at + 4 :]


def spoil_json(dice: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Change members of a JSON text, or write it in a way that parsers read differently."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return spoil_bytes(dice, data, others)
    if dice.random() < 0.75:
        for _ in range(dice.choice((1, 1, 2, 4))):
            value = _change(dice, value)
    text = json.dumps(value, ensure_ascii=dice.random() < 0.3, sort_keys=dice.random() < 0.9,
                      separators=dice.choice(((",", ":"), (",", ":"), (", ", ": "))))
    if dice.random() < 0.3:
        text = _misspell(dice, text)
    return text.encode("utf-8", "surrogatepass")


def _change(dice: random.Random, value: Any) -> Any:
    """Replace, drop, add or wrap something somewhere in a value."""
    inside = list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if _is_list(value) else []
    if inside and dice.random() < 0.85:
        name, item = dice.choice(inside)
        what = dice.random()
        if what < 0.15:
            return _without(value, name)
        copy: Any = dict(value) if isinstance(value, dict) else list(value)
        if what < 0.25:
            copy[name] = dice.choice(inside)[1]
        elif what < 0.3 and isinstance(copy, list):
            copy = copy * dice.choice((2, 100)) if len(copy) < 100 else copy
        else:
            copy[name] = _change(dice, item)
        return copy
    return make_odd(dice, value)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _without(value: Any, name: Any) -> Any:
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if key != name}
    return [item for at, item in enumerate(value) if at != name]


def make_odd(dice: random.Random, value: Any = None) -> Any:
    """Make a value of the kind that programs forget: huge, empty, of another type, nested, half a letter."""
    what = dice.random()
    if isinstance(value, str) and value and what < 0.35:
        at = dice.randrange(len(value))
        letter = dice.choice(("", value[at].swapcase(), "0", " ", "\n", "\ud800", value[at] * 2))
        return value[:at] + letter + value[at + 1 :]
    if type(value) is int and what < 0.35:
        return value + dice.choice((-1, 1, -(1 << 32), 1 << 32, 1 << 64))
    if what < 0.6:
        return dice.choice(_TEXTS)
    if what < 0.85:
        return dice.choice(_NUMBERS)
    if what < 0.97:
        return dice.choice(_ODD)
    nested: Any = 1
    for _ in range(dice.choice((10, 100, 900))):
        nested = [nested] if dice.random() < 0.5 else {"a": nested}
    return nested


def _misspell(dice: random.Random, text: str) -> str:
    """Write a JSON text as no honest program does."""
    match dice.randrange(8):
        case 0:
            return text.replace(":", ":NaN,\"x\":", 1)
        case 1:
            return text.replace("1", dice.choice(("1e999", "-0", "01", "1.0", "9" * 5000, "1e5")), 1)
        case 2 if text.startswith("{\""):
            name = text[2:].partition('"')[0]
            return text[:-1] + f',"{name}":{json.dumps(make_odd(dice, ""))}}}'
        case 3:
            return "[" * dice.choice((500, 100_000)) + text
        case 4:
            return text + dice.choice((" ", "\n", "\0", text, "//"))
        case 5:
            return "\ufeff" + text
        case 6:
            return text.replace('"', '"\\ud83d', 1) if dice.random() < 0.5 else text.replace("a", "\\u0061", 1)
        case _:
            return text.replace(",", ",,", 1)


def spoil_lines(dice: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Drop, double, swap or replace whole lines, or spoil what stands in one."""
    lines = data.split(b"\n")
    at, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    match dice.randrange(8):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, lines[other])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case 3:
            lines[at:at] = [lines[at]] * dice.choice((2, 20, 300))
        case 4:
            lines[at] = str(make_odd(dice, lines[at].decode("utf-8", "replace"))).encode("utf-8", "surrogatepass")
        case 5 | 6:
            lines[at] = spoil_json(dice, lines[at], others)
        case _:
            words = lines[at].split(b" ")
            words[dice.randrange(len(words))] = str(make_odd(dice)).encode("utf-8", "surrogatepass")
            lines[at] = b" ".join(words)
    return b"\n".join(lines)


def spoil_changes(dice: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Spoil a header or a body and write it in canonical form again, so that what it says is judged."""
    lines = data.split(b"\n")
    if dice.random() < 0.1:
        return spoil_lines(dice, data, others)
    at = dice.randrange(len(lines))
    if dice.random() < 0.5:
        # Bodies more often: a header that is odd is mostly refused before its body is looked at.
        at = min(at | 1, len(lines) - 1)
    try:
        value = _change(dice, json.loads(lines[at]))
    except (ValueError, RecursionError):
        return spoil_lines(dice, data, others)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    lines[at] = text.encode("utf-8", "surrogatepass")
    return b"\n".join(lines)


def spoil_headed(dice: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Lie in the header line, put another's body behind it, or make it endless."""
    line, feed, body = data.partition(b"\n")
    magic, space, members = line.partition(b" ")
    match dice.randrange(6):
        case 0 | 1 | 2:
            return magic + space + spoil_json(dice, members, others) + feed + body
        case 3:
            other = dice.choice(others) if others else data
            return line + feed + other.partition(b"\n")[2]
        case 4:
            return magic + space + members[:-1] + b',"x":"' + b"x" * dice.choice((100, 9000)) + b'"}' + feed + body
        case _:
            return line + feed + spoil_bytes(dice, body, others)


def spoil_packed(dice: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Turn a packed stream into a bomb, a cut one, one followed by more, or one of another codec."""
    match dice.randrange(7):
        case 0 | 1 | 2:
            bomb = _make_bomb(dice.choice(("zlib", "bz2", "gzip", "twice")), dice.choice((1, 9, 24)))
            return data[: dice.choice((0, 16))] + bomb
        case 3:
            return data + dice.randbytes(dice.randrange(1, 40))
        case 4:
            return data + data
        case _:
            return spoil_bytes(dice, data, others)


@cache
def _make_bomb(codec: str, megabytes: int) -> bytes:
    """Pack zeros; what it takes to unpack them is the question."""
    large = bytes(megabytes << 20)
    if codec == "bz2":
        return bz2.compress(large, 1)
    if codec == "gzip":
        return gzip.compress(large, 1, mtime=0)
    return zlib.compress(zlib.compress(large, 1) if codec == "twice" else large, 1)


_SPOILERS: dict[Form, Spoiler] = {
    Form.JSON: spoil_json, Form.HEADED: spoil_headed, Form.LINES: spoil_lines,
    Form.CHANGES: spoil_changes, Form.PACKED: spoil_packed,
    Form.ARCHIVE: lambda dice, data, others: spoil_archive(dice, data, spoil_bytes),
}
