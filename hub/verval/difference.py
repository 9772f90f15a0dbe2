"""Marks by character what of a text differs from another one; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

_ALIKE_MIN = 0.4
_ISLAND_MAX = 2


class Part(NamedTuple):
    """A stretch of text; ``differs`` says that the other text has something else here."""

    text: str
    differs: bool


def mark_differences(text: str, other: str) -> tuple[Part, ...]:
    """Cut a text into parts that stand in the other one as well, and parts that do not."""
    if not text or not other or text == other:
        return (Part(text, text != other),) if text else ()
    matcher = SequenceMatcher(None, other, text, autojunk=False)
    # Two values that have little in common are two values, not one with changes all over it.
    if matcher.ratio() < _ALIKE_MIN:
        return (Part(text, True),)
    return tuple(_join(_sink_islands([
        Part(text[start:end], tag != "equal")
        for tag, _, _, start, end in matcher.get_opcodes()
        if end > start
    ])))


def _sink_islands(parts: Sequence[Part]) -> list[Part]:
    """Mark letters that are equal by chance between two differences as well: nobody reads confetti."""
    last = len(parts) - 1
    return [
        Part(part.text, part.differs or (0 < at < last and len(part.text) <= _ISLAND_MAX))
        for at, part in enumerate(parts)
    ]


def _join(parts: Sequence[Part]) -> Iterator[Part]:
    text, differs = "", False
    for part in parts:
        if part.differs is not differs and text:
            yield Part(text, differs)
            text = ""
        text, differs = text + part.text, part.differs
    if text:
        yield Part(text, differs)
