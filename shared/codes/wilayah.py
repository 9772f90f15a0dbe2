"""Answers questions about Kemendagri region codes: dotted PP.KK.CC.DDDD, and the names of one edition.

The edition is Kepmendagri 300.2.2-2430/2025 (SOURCES.md). The code is the key and the name only a label:
names are re-spelt between editions, and a code that is unknown here may be real, so callers warn and do not
refuse. BPS codes look alike and are cut differently; they are not known here.

The table stays the bytes of its csv and look-ups are a binary search over its lines: as 91,599 objects it
would take tens of megabytes on the small computer of a village office.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from shared.codes.spelling import APOSTROPHES, collapse_doubled, fold_key, fold_letters, plain

_KODE_LENGTHS = {2: 1, 5: 2, 8: 3, 13: 4}
_KECAMATAN_LENGTH, _DESA_LENGTH = 8, 13
_KODE_QUERY = re.compile(r"[0-9][0-9.]*", re.ASCII)
# What plain() makes a space in a query must be one in the names too, without touching codes and line ends.
_NOT_PLAIN = re.compile(r"[^A-Z0-9.,\n]|(?<=[A-Z])[.,]|\.(?![0-9])")
_CHUNK_BYTES = 65536
_NAME_LENGTH_MIN = 2
_CANDIDATES_MAX = 2000


@dataclass(frozen=True, slots=True)
class Wilayah:
    """A region: its dotted code and its name in the edition at hand."""

    kode: str
    nama: str

    @property
    def tingkat(self) -> int:
        """The level: 1 provinsi, 2 kabupaten or kota, 3 kecamatan, 4 desa or kelurahan."""
        return _KODE_LENGTHS[len(self.kode)]

    @property
    def induk(self) -> str:
        """The code of the region above, empty for a provinsi."""
        return self.kode.rpartition(".")[0]

    @property
    def is_kelurahan(self) -> bool:
        """Whether this is a kelurahan: its last group begins with 1, that of a desa with 2 or 3."""
        return self.tingkat == 4 and self.kode[9] == "1"


@lru_cache(maxsize=4096)
def get(kode: str) -> Wilayah | None:
    """Return the region of a dotted code of any level, or None."""
    key = kode.encode("utf-8", "replace") + b","
    start = _seek(key)
    return _parse(start) if _data().startswith(key, start) else None


def desa(kode: str) -> Wilayah | None:
    """Return the desa or kelurahan of a dotted code; None for other levels and unknown codes."""
    return get(kode) if len(kode) == _DESA_LENGTH else None


def nama(kode: str) -> str | None:
    """Return the name of a region of any level, or None."""
    found = get(kode)
    return None if found is None else found.nama


def kecamatan_of(kode: str) -> Wilayah | None:
    """Return the kecamatan of a desa, found by the code even when the desa is unknown; or None."""
    return get(kode[:_KECAMATAN_LENGTH]) if len(kode) in (_KECAMATAN_LENGTH, _DESA_LENGTH) else None


def children(kode: str = "") -> list[Wilayah]:
    """Return the regions directly below one, in order of code; the provinsi for an empty code."""
    prefix = f"{kode}.".encode("utf-8", "replace") if kode else b""
    found = []
    start = _seek(prefix)
    while start < len(_data()) and _data().startswith(prefix, start):
        child = _parse(start)
        found.append(child)
        # "/" follows "." in ASCII, so this is the first line after all descendants of the child.
        start = _seek(f"{child.kode}/".encode())
    return found


def search_desa(text: str, limit: int = 20) -> list[Wilayah]:
    """Find desa by the start of a code, dotted or not, or by name in any spelling, best first.

    A name may be followed by words of its kecamatan, kabupaten or provinsi ("kreo randudongkal"). Equal
    names come before names that begin with the text, and these before names that hold it.
    """
    return _search(text, limit, _DESA_LENGTH)


def search_kecamatan(text: str, limit: int = 20) -> list[Wilayah]:
    """Find kecamatan as :func:`search_desa` finds desa."""
    return _search(text, limit, _KECAMATAN_LENGTH)


def _search(text: str, limit: int, length: int) -> list[Wilayah]:
    text = text.strip()
    if _KODE_QUERY.fullmatch(text):
        return _search_kode(text, limit, length)
    words = plain(text).split()
    found = _search_nama(fold_key(text), limit, length)
    for size in range(len(words) - 1, 0, -1):
        if found:
            break
        rest = fold_key(" ".join(words[size:]))
        candidates = _search_nama(fold_key(" ".join(words[:size])), _CANDIDATES_MAX, length)
        found = [item for item in candidates if rest in _folded_parents(item.induk)][:limit]
    return found


def _search_kode(text: str, limit: int, length: int) -> list[Wilayah]:
    digits = text.replace(".", "")
    groups = (digits[0:2], digits[2:4], digits[4:6], digits[6:])
    prefix = text if "." in text else ".".join(group for group in groups if group)
    key = prefix.encode()
    found: list[Wilayah] = []
    start = _seek(key)
    while len(found) < limit and _data().startswith(key, start):
        item = _parse(start)
        if len(item.kode) == length:
            found.append(item)
        start = _line_end(start) + 1
    return found


def _search_nama(key: str, limit: int, length: int) -> list[Wilayah]:
    if len(key) < _NAME_LENGTH_MIN:
        return []
    found: dict[str, Wilayah] = {}
    for pattern in (f",{key}\n", f",{key}", key):
        for kode in _folded_matches(pattern.encode(), length):
            if len(found) >= limit:
                return list(found.values())
            item = get(kode)
            if item is not None:
                found.setdefault(kode, item)
    return list(found.values())


def _folded_matches(pattern: bytes, length: int) -> Iterator[str]:
    """Yield the codes of one length in whose folded line a pattern stands."""
    table = _folded()
    at = table.find(pattern)
    while at >= 0:
        start = table.rfind(b"\n", 0, at) + 1
        comma = table.find(b",", start)
        if comma - start == length:
            yield table[start:comma].decode()
        at = table.find(pattern, max(table.find(b"\n", start), at + 1))


def _folded_parents(kode: str) -> str:
    """Return the folded names of a region and all above it."""
    names = []
    while kode:
        names.append(fold_key(nama(kode) or ""))
        kode = kode.rpartition(".")[0]
    return " ".join(names)


@lru_cache(maxsize=1)
def _data() -> bytes:
    return files("shared.codes").joinpath("wilayah.csv").read_bytes()


@lru_cache(maxsize=1)
def _folded() -> bytearray:
    """Return the table with folded names, made at the first search by name (about half a second)."""
    data = _data()
    folded = bytearray(b"\n")
    start = _line_end(0) + 1
    while start < len(data):
        # Piece by piece, so that the passes of the folding do not each copy the whole table.
        end = _line_end(min(start + _CHUNK_BYTES, len(data) - 1)) + 1
        piece = _NOT_PLAIN.sub(" ", data[start:end].decode("utf-8").translate(APOSTROPHES).upper())
        folded += collapse_doubled(fold_letters(piece).replace(" ", "")).encode("ascii")
        start = end
    return folded


def _line_end(start: int) -> int:
    end = _data().find(b"\n", start)
    return len(_data()) if end < 0 else end


def _parse(start: int) -> Wilayah:
    line = _data()[start:_line_end(start)].decode("utf-8").rstrip("\r")
    # The few names with a comma are quoted.
    kode, name = next(csv.reader([line]))
    return Wilayah(kode, name)


def _seek(key: bytes) -> int:
    """Return where the first line begins that does not sort before a key."""
    data = _data()
    low, high = _line_end(0) + 1, len(data)
    while low < high:
        start = data.rfind(b"\n", 0, (low + high) // 2) + 1
        end = _line_end(start)
        if data[start:end] < key:
            low = end + 1
        else:
            high = start
    return low
