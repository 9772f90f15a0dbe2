"""Reads the code lists of package data and finds the code that a cell of a spreadsheet means.

Lists are keyed by number, except the few that installations store as text (`TEXT_LISTS`). Labels in the
wild differ in case, spaces, strokes and abbreviations; `alias.csv` names the other spellings. Matching never
guesses: a text that could mean two codes means none. Only a label that a list itself repeats (suku) finds the
first of its codes.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Generic, TypeVar

from shared.codes.spelling import plain

TEXT_LISTS = frozenset({"asal_dana_bantuan", "verval_alasan"})

# Labels of these lists differ by a plus or minus sign only (A, A+, A-), which plain() would remove.
_SIGNED_LISTS = frozenset({"golongan_darah"})

# Spreadsheets hand over codes as "2", "02", "2.0", "2,0" and, when a cell was forced to text, "'2".
_NUMBER = re.compile(r"\s*'?([0-9]{1,9})(?:[.,]0+)?\s*", re.ASCII)
_NOT_SIGNED = re.compile(r"[^A-Z0-9+-]+")
_DASHES = str.maketrans("‐‑‒–—−", "------")

# Distinct texts remembered per list; free text in a column must not grow memory without end.
_SEEN_MAX = 4096

K = TypeVar("K", int, str)


class UnknownCodeList(LookupError):
    """Raised for a list name that is not in package data, or is of the other kind: a bug of the caller."""


class _LabelIndex(Generic[K]):
    """Finds the code of a label, first with the spaces between its words, then without any.

    Two passes because "DIPLOMA I / II" and "DIPLOMA III" are different codes and the same letters.
    """

    def __init__(self, signed: bool, labels: Iterable[tuple[str, K]]) -> None:
        self._signed = signed
        self._spaced: dict[str, K] = {}
        # None marks letters that two codes share.
        self._squeezed: dict[str, K | None] = {}
        for label, code in labels:
            key = self.key(label)
            if key in self._spaced:
                continue
            self._spaced[key] = code
            tight = key.replace(" ", "")
            self._squeezed[tight] = code if self._squeezed.get(tight, code) == code else None

    def key(self, label: str) -> str:
        """Return the form under which a label is filed."""
        if self._signed:
            return _NOT_SIGNED.sub("", label.translate(_DASHES).upper())
        return plain(label)

    def find(self, text: str) -> K | None:
        """Return the code that a text names, or None when it names none or more than one."""
        key = self.key(text)
        found = self._spaced.get(key)
        return self._squeezed.get(key.replace(" ", "")) if found is None else found


@dataclass(frozen=True, slots=True, eq=False)
class CodeList:
    """A list whose codes are numbers; `extra` holds the columns after `kode,nama`, empty for most lists."""

    name: str
    items: Mapping[int, str]
    extra: Mapping[int, Mapping[str, str]] = field(repr=False)
    _index: _LabelIndex[int] = field(repr=False)
    _seen: dict[str, int | None] = field(repr=False, default_factory=dict)

    def label(self, code: int) -> str | None:
        """Return the label of a code, or None for a code that the list does not have."""
        return self.items.get(code)

    def match(self, raw: str | int | float) -> int | None:
        """Return the code that a cell means: a code in any dress, a label or an alias; otherwise None."""
        if isinstance(raw, str):
            try:
                return self._seen[raw]
            except KeyError:
                return self._remember(raw)
        # A ticked box is no code, although Python counts True as 1.
        if isinstance(raw, bool) or raw not in self.items:
            return None
        return int(raw)

    def _remember(self, raw: str) -> int | None:
        number = _NUMBER.fullmatch(raw)
        if number is None:
            code = self._index.find(raw)
        else:
            code = int(number[1]) if int(number[1]) in self.items else None
        if len(self._seen) < _SEEN_MAX:
            self._seen[raw] = code
        return code


@dataclass(frozen=True, slots=True, eq=False)
class TextCodeList:
    """A list whose codes are text; `extra` holds the columns after `kode,nama`."""

    name: str
    items: Mapping[str, str]
    extra: Mapping[str, Mapping[str, str]] = field(repr=False)
    _index: _LabelIndex[str] = field(repr=False)

    def label(self, code: str) -> str | None:
        """Return the label of a code, or None for a code that the list does not have."""
        return self.items.get(code)

    def match(self, raw: str) -> str | None:
        """Return the code that a cell means: a code, a label or an alias; None when it means none."""
        return raw if raw in self.items else self._index.find(raw)


@lru_cache(maxsize=None)
def code_list_names() -> tuple[str, ...]:
    """Return the names of all lists in package data, those of `TEXT_LISTS` included, sorted."""
    folder = files("shared.codes").joinpath("ref")
    return tuple(sorted(item.name[:-4] for item in folder.iterdir() if item.name.endswith(".csv")))


@lru_cache(maxsize=None)
def code_list(name: str) -> CodeList:
    """Return a list keyed by numbers, read once. Raises UnknownCodeList."""
    rows = _rows(name, text=False)
    codes = {int(row["kode"]): row for row in rows}
    labels = [(row["nama"], code) for code, row in codes.items()]
    labels += [(alias, int(code)) for alias, code in _aliases().get(name, ())]
    return CodeList(name, _labels(codes), _extra(codes), _LabelIndex(name in _SIGNED_LISTS, labels))


@lru_cache(maxsize=None)
def text_code_list(name: str) -> TextCodeList:
    """Return a list keyed by text, read once. Raises UnknownCodeList."""
    codes = {row["kode"]: row for row in _rows(name, text=True)}
    labels = [(code, code) for code in codes]
    labels += [(row["nama"], code) for code, row in codes.items()]
    labels += _aliases().get(name, ())
    return TextCodeList(name, _labels(codes), _extra(codes), _LabelIndex(False, labels))


def _rows(name: str, text: bool) -> list[dict[str, str]]:
    if name not in code_list_names() or (name in TEXT_LISTS) is not text:
        raise UnknownCodeList(name)
    return _read_csv(f"ref/{name}.csv")


def _labels(codes: Mapping[K, Mapping[str, str]]) -> Mapping[K, str]:
    return MappingProxyType({code: row["nama"] for code, row in codes.items()})


def _extra(codes: Mapping[K, Mapping[str, str]]) -> Mapping[K, Mapping[str, str]]:
    return MappingProxyType(
        {
            code: MappingProxyType({k: v for k, v in row.items() if k not in ("kode", "nama")})
            for code, row in codes.items()
        }
    )


@lru_cache(maxsize=1)
def _aliases() -> Mapping[str, list[tuple[str, str]]]:
    """Return alias and code text per list."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in _read_csv("alias.csv"):
        found.setdefault(row["daftar"], []).append((row["alias"], row["kode"]))
    return found


def _read_csv(path: str) -> list[dict[str, str]]:
    """Read a table of package data; labels in them carry stray spaces at their ends."""
    text = files("shared.codes").joinpath(path).read_text(encoding="utf-8")
    return [{k: v.strip() for k, v in row.items()} for row in csv.DictReader(text.splitlines())]
