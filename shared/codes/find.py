"""Finds the desa that somebody means, however the words of its place are ordered; pure but for the list of regions."""

from __future__ import annotations

from collections.abc import Iterator

from shared.codes import wilayah as codes

_KINDS = frozenset({"desa", "ds", "kelurahan", "kel", "kecamatan", "kec", "kabupaten", "kab", "provinsi", "prov"})


def find_desa(text: str, count_max: int) -> list[codes.Wilayah]:
    """Find desa by name or code; the name may stand among kecamatan, kabupaten and what they are called."""
    for attempt in _attempts(text):
        found = codes.search_desa(attempt, count_max)
        if found:
            return found
    return []


def _attempts(text: str) -> Iterator[str]:
    """Give the text as typed, then without the words for the kinds of places, then beginning at every other word."""
    yield text
    words = [word for word in text.replace(",", " ").split() if word.lower().rstrip(".") not in _KINDS]
    for at in range(len(words)):
        yield " ".join(words[at:] + words[:at])
