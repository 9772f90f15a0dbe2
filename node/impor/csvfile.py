"""Comma-separated files: which alphabet, which delimiter, and where a stray quote breaks the table."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from itertools import islice

from node.impor.problems import file_error

DELIMITERS = (";", ",", "\t", "|")
_SNIFFED_ROWS = 40


def decode_text(data: bytes) -> str:
    """Decode UTF-8, UTF-16 with its mark, or the Windows alphabet that older Excel writes.

    A byte that no alphabet has becomes U+FFFD, which the cleaners report; nothing is dropped.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def split_rows(text: str, count_known: Callable[[list[str]], int]) -> Iterator[list[str]]:
    """Yield the records of a text; ``count_known`` scores a row by the headers it knows.

    The delimiter is the one with which some early row shows the most known headers: letters and digits of
    the data itself never decide. Raises :class:`ImporError` at a quote that never ends.
    """
    mark = re.match(r'"?sep=(.)"?\r?\n', text)
    if mark:
        # Excel obeys this first line and does not show it; row numbers start after it.
        return _records(text[mark.end():], mark[1])
    best = max(DELIMITERS, key=lambda delimiter: _score(text, delimiter, count_known))
    return _records(text, best)


def _score(text: str, delimiter: str, count_known: Callable[[list[str]], int]) -> int:
    rows = csv.reader(_lines(text), delimiter=delimiter)
    try:
        return max((count_known(row) for row in islice(rows, _SNIFFED_ROWS)), default=0)
    except csv.Error:
        return 0


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    number = 0
    try:
        for number, record in enumerate(csv.reader(_lines(text), delimiter=delimiter, strict=True), 1):
            yield record
    except csv.Error as error:
        raise file_error("csv_kutip", baris=number + 1) from error


def _lines(text: str) -> Iterator[str]:
    """Yield lines one at a time; ``splitlines`` would also break at characters inside a cell."""
    start = 0
    for match in re.finditer(r"\r\n|\n|\r", text):
        yield text[start:match.end()]
        start = match.end()
    if start < len(text):
        yield text[start:]
