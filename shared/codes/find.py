"""Finds the place that somebody means, however the words are ordered, and says where it lies; pure but for the list."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from shared.codes import wilayah as codes

_KINDS = frozenset({"desa", "ds", "kelurahan", "kel", "kecamatan", "kec", "kabupaten", "kab", "provinsi", "prov"})
_PARENTS = ((8, "Kecamatan "), (5, ""), (2, ""))


def find_desa(text: str, count_max: int) -> list[codes.Wilayah]:
    """Find desa by name or code; the name may stand among kecamatan, kabupaten and what they are called."""
    return _find(codes.search_desa, text, count_max)


def find_kecamatan(text: str, count_max: int) -> list[codes.Wilayah]:
    """Find kecamatan by name or code; the name may stand among kabupaten, provinsi and what they are called."""
    return _find(codes.search_kecamatan, text, count_max)


def describe_place(kode: str) -> str:
    """Say where a desa or kecamatan lies: everything above it, the nearest first."""
    above = [(kode[:length], kind) for length, kind in _PARENTS if length < len(kode)]
    return ", ".join(f"{kind}{codes.nama(parent) or '?'}" for parent, kind in above)


def _find(
    search: Callable[[str, int], list[codes.Wilayah]], text: str, count_max: int
) -> list[codes.Wilayah]:
    for attempt in _attempts(text):
        found = search(attempt, count_max)
        if found:
            return found
    return []


def _attempts(text: str) -> Iterator[str]:
    """Give the text as typed, then without the words for the kinds of places, then beginning at every other word."""
    yield text
    words = [word for word in text.replace(",", " ").split() if word.lower().rstrip(".") not in _KINDS]
    for at in range(len(words)):
        yield " ".join(words[at:] + words[:at])
