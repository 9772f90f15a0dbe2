"""Spoils spreadsheets, which are archives of XML: bombs, lies about sizes, entities, and cells that are none."""

from __future__ import annotations

import io
import random
import re
import zipfile
import zlib
from collections.abc import Callable, Sequence

Blind = Callable[[random.Random, bytes, Sequence[bytes]], bytes]

_ENTITIES = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaaaaaaaa">'
    + b"".join(
        b'<!ENTITY %c "%s">' % (letter, b"&%c;" % (letter - 1) * 10) for letter in range(ord("b"), ord("k"))
    )
    + b"]>"
)
_EXTERNAL = b'<!DOCTYPE x [<!ENTITY j SYSTEM "file:///etc/passwd">]>'
_CELLS: tuple[tuple[bytes, bytes], ...] = (
    (rb' r="[A-Z]+\d+"', b' r="XFD1048576"'),
    (rb' r="\d+"', b' r="4294967297"'),
    (rb'ref="[^"]+"', b'ref="A1:XFD1048576"'),
    (rb' t="s"', b' t="e"'),
    (rb"<v>[^<]*</v>", b"<v>99999999999</v>"),
    (rb"<v>[^<]*</v>", b"<v>-1</v>"),
    (rb"<v>[^<]*</v>", b"<v>1e308</v>"),
    (rb"<v>[^<]*</v>", b"<v>NaN</v>"),
    (rb' t="s"', b' t="b"'),
    (rb"</t>", b"&#x0;</t>"),
    (rb"</t>", b"&j;</t>"),
    (rb"</row>", b"</row></row>"),
    (rb"table:number-columns-repeated=\"\d+\"", b'table:number-columns-repeated="2000000000"'),
    (rb"<table:table-row", b'<table:table-row table:number-rows-repeated="1048576"'),
)


def spoil_archive(dice: random.Random, data: bytes, blind: Blind) -> bytes:
    """Spoil one part of an archive, the archive as a whole, or only its bytes."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, RuntimeError, NotImplementedError, zlib.error):
        return blind(dice, data, ())
    if not parts:
        return blind(dice, data, ())
    sheets = [name for name in parts if "sheet" in name or "content" in name or "Strings" in name]
    name = dice.choice(sheets or list(parts)) if dice.random() < 0.8 else dice.choice(list(parts))
    match dice.randrange(9):
        case 0:
            del parts[name]
        case 1:
            parts[name] = _ENTITIES + parts[name].replace(b"</t>", b"&j;</t>", 3)
        case 2:
            parts[name] = _EXTERNAL + parts[name].replace(b"</t>", b"&j;</t>", 1)
        case 3:
            parts[name] = parts[name][:1_000_000] + bytes(dice.choice((1, 30)) * 1_000_000)
        case 4:
            parts |= {f"xl/media/{at}.bin": b"x" for at in range(dice.choice((5, 300)))}
        case 5:
            parts[name] = blind(dice, parts[name], ())
        case 6:
            depth = dice.choice((100, 20_000))
            parts[name] = parts[name].replace(b"<row", b"<a>" * depth + b"<row", 1)
        case _:
            for _ in range(dice.choice((1, 1, 3))):
                pattern, value = dice.choice(_CELLS)
                parts[name] = re.sub(pattern, lambda match: value, parts[name], count=dice.choice((0, 1, 1)))
    return _pack(dice, parts)


def _pack(dice: random.Random, parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    packed = bytearray(buffer.getvalue())
    if dice.random() < 0.1:
        # The size that the directory promises is a lie: a reader that believes it reserves as much, or reads over.
        at = packed.find(b"PK\x01\x02")
        packed[at + 24 : at + 28] = dice.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\x10"))
    return bytes(packed)
