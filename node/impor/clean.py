"""Turns one cell into the value of one column, or says what is wrong with it; nothing is lost in silence.

Pure: a cell, its column and today's date decide. What a cleaner would have to drop to make a value fit
(letters in a NIK, digits in a name) is a problem, not a clean value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from node.impor.columns import Column, Kind
from node.impor.dates import DateFault, read_date
from node.impor.header import Cell
from node.impor.messages import write_problem
from node.impor.problems import CellProblem, blank, reject, remind
from shared.codes import code_list
from shared.records.identifiers import Severity, check_nik, check_no_kk

Value = str | int


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What a cell gave: a value, or nothing; a problem may stand beside either."""

    value: Value | None = None
    problem: CellProblem | None = None


EMPTY = Cleaned()

_NOTHING = frozenset({"", "-", "--", "'", "''"})
_SPACES = re.compile(r"\s+")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
_CONTROL = re.compile(r"_x000[DA9]_|[\x00-\x1f\x7f]")
_FORMULA_ERRORS = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#GETTING_DATA"}
)
_APOSTROPHES = dict.fromkeys(map(ord, "’‘`´ʼʻ"), "'")
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—−"), "-")
_NAME_MARKS = frozenset(" .,'-")

_SEPARATORS = re.compile(r"[.\s'’‘`]")
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d+)?\s*[eE]\s*\+?\d+", re.ASCII)
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_FLOAT_TEXT = re.compile(r"(\d{16})[.,]0+", re.ASCII)
# Above 2 ** 53 a floating-point number no longer holds every whole number; NIK of Papua are larger.
_EXACT_MAX = 2 ** 53

_DUSUN_PREFIX = re.compile(r"(?:DUSUN|DSN|DK)(?:\s*[.:]\s*|\s+)(?=\S)")
_RT_RW_PREFIX = re.compile(r"R[TW](?:\s*[.:]\s*|\s+)?(?=\d)")
_RT_RW = re.compile(r"[A-Z0-9]{1,10}", re.ASCII)
_NULL_DATES = frozenset({"0000-00-00", "0000-00-00 00:00:00", "00-00-0000", "00/00/0000", "0", "0.0"})
_COORDINATE = re.compile(r"[+-]?\d{1,3}(?:\.\d+)?", re.ASCII)
_COORDINATE_MAX = {"lat": 90.0, "lng": 180.0}
_CARD_LENGTH_MIN = 10


def clean(raw: Cell | None, column: Column, today: date) -> Cleaned:
    """Clean a cell of a column; an empty cell and a lone dash give no value and no problem."""
    if raw is None or isinstance(raw, str) and _tidy(raw) in _NOTHING:
        return EMPTY
    if isinstance(raw, str) and raw.strip() in _FORMULA_ERRORS:
        return _fail(column, "rumus_galat")
    if column.kind is Kind.TANGGAL:
        return _clean_date(raw, column, today)
    cleaned = _CLEANERS[column.kind](raw, column)
    if isinstance(cleaned.value, str) and len(cleaned.value) > column.length_max:
        return _fail(column, "terlalu_panjang", maks=column.length_max)
    return cleaned


def cell_text(raw: Cell) -> str:
    """Write a cell as a person would: 8.0 is ``8``, a long number has no exponent, a date is ISO."""
    if isinstance(raw, str):
        return raw
    if isinstance(raw, float):
        return str(int(raw)) if raw.is_integer() and abs(raw) < 1e18 else repr(raw)
    if isinstance(raw, datetime):
        return raw.isoformat(" ")
    if isinstance(raw, date | time):
        return raw.isoformat()
    return str(raw)


class CachedCleaner:
    """Cleans the cells of one file; equal cells of a column are cleaned once."""

    SEEN_MAX = 50_000

    def __init__(self, today: date) -> None:
        self._today = today
        self._seen: dict[tuple[str, type, Cell], Cleaned] = {}

    def __call__(self, raw: Cell, column: Column) -> Cleaned:
        # 1, 1.0 and True are equal keys but different cells.
        key = (column.name, type(raw), raw)
        cleaned = self._seen.get(key)
        if cleaned is None:
            cleaned = clean(raw, column, self._today)
            if len(self._seen) < self.SEEN_MAX:
                self._seen[key] = cleaned
        return cleaned


def _tidy(text: str) -> str:
    """Trim, join all kinds of space into one, drop what cannot be seen and the text mark of Excel."""
    # NFC keeps a letter and its accent together; a lone combining mark would not be a letter.
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.translate(_INVISIBLE))
    text = _SPACES.sub(" ", _CONTROL.sub(" ", text)).strip()
    return text[1:].lstrip() if text.startswith("'") else text


def _fail(column: Column, kode: str, pesan: str = "", **values: object) -> Cleaned:
    """Give no value but a problem: it rejects the row or, in an optional column, empties the cell."""
    pesan = pesan or write_problem(kode, label=column.label, **values)
    return Cleaned(None, reject(kode, pesan) if column.strict else blank(kode, pesan))


def _clean_text(raw: Cell, column: Column) -> Cleaned:
    text = _tidy(cell_text(raw))
    if isinstance(raw, date | time | timedelta):
        return Cleaned(text, remind("sel_tanggal", write_problem("sel_tanggal", label=column.label)))
    return Cleaned(text or None)


def _clean_name(raw: Cell, column: Column) -> Cleaned:
    text = _tidy(cell_text(raw).translate(_APOSTROPHES).translate(_DASHES))
    lost = sorted({character for character in text if not (character.isalpha() or character in _NAME_MARKS)})
    if lost:
        shown = " ".join("?" if character == "\ufffd" else character for character in lost[:8])
        return _fail(column, "nama_karakter", tanda=shown)
    if not any(character.isalpha() for character in text):
        return _fail(column, "nama_tanpa_huruf")
    return Cleaned(text)


def _clean_dusun(raw: Cell, column: Column) -> Cleaned:
    text = _tidy(cell_text(raw).replace("_", " ")).upper()
    text = _DUSUN_PREFIX.sub("", text, count=1) if _DUSUN_PREFIX.match(text) else text
    return EMPTY if text in _NOTHING else Cleaned(text)


def _clean_rt_rw(raw: Cell, column: Column) -> Cleaned:
    text = _tidy(cell_text(raw)).upper()
    text = re.sub(r"^(\d+)[.,]0+$", r"\1", _RT_RW_PREFIX.sub("", text, count=1), flags=re.ASCII)
    if isinstance(raw, date | time | timedelta | bool) or not _RT_RW.fullmatch(text):
        return _fail(column, "rt_rw_tidak_terbaca")
    if not text.isdigit():
        return Cleaned(text)
    number = int(text)
    # The civil registry prints 000 for a village without RW.
    return Cleaned(f"{number:03d}") if number else EMPTY


def _clean_digits(raw: Cell, column: Column) -> Cleaned:
    what = "kk" if column.kind is Kind.NO_KK else "nik"
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        return _fail(column, f"{what}_bukan_angka")
    text = _tidy(cell_text(raw))
    is_number = not isinstance(raw, str)
    if match := _FLOAT_TEXT.fullmatch(text):
        text, is_number = match[1], True
    if _SCIENTIFIC.fullmatch(text):
        return _fail(column, f"{what}_ilmiah")
    digits = _SEPARATORS.sub("", text)
    if not digits.strip("0"):
        # A person who has no NIK yet is written 0, in one or many zeros.
        return EMPTY
    if not _DIGITS.fullmatch(digits):
        return _fail(column, f"{what}_huruf")
    if is_number and len(digits) == 16 and (digits.endswith("0") or int(digits) > _EXACT_MAX):
        return _fail(column, "nik_digit_hilang")
    return _check_digits(digits, column)


def _check_digits(digits: str, column: Column) -> Cleaned:
    issues = check_no_kk(digits) if column.kind is Kind.NO_KK else check_nik(digits)
    for issue in issues:
        if issue.code in ("nik_sementara", "kk_sementara"):
            # Other applications number people who have none yet; that is no fault of the row.
            return Cleaned(None, blank(issue.code, write_problem(issue.code, label=column.label)))
        if issue.code in ("nik_panjang", "kk_panjang"):
            return _fail(column, issue.code, panjang=len(digits))
        if issue.severity is Severity.HARD:
            return _fail(column, issue.code, issue.message)
    for issue in issues:
        return Cleaned(digits, remind(issue.code, issue.message))
    return Cleaned(digits)


def _clean_code(raw: Cell, column: Column) -> Cleaned:
    code = None
    if isinstance(raw, str | int | float):
        code = code_list(column.codes).match(_tidy(raw) if isinstance(raw, str) else raw)
    if code is None:
        return _fail(column, "kode_tak_dikenal")
    return Cleaned(code)


def _clean_card(raw: Cell, column: Column) -> Cleaned:
    text = _tidy(cell_text(raw)).replace(" ", "")
    if not _CARD_LENGTH_MIN <= len(text) <= column.length_max:
        return _fail(column, "tag_kartu_salah")
    return Cleaned(text)


def _clean_coordinate(raw: Cell, column: Column) -> Cleaned:
    text = _tidy(cell_text(raw)).translate(_DASHES).replace(",", ".").replace(" ", "")
    if isinstance(raw, float) and "e" in text:
        text = f"{raw:.8f}"
    if not _COORDINATE.fullmatch(text) or abs(float(text)) > _COORDINATE_MAX[column.field]:
        return _fail(column, "koordinat_salah")
    return Cleaned(text)


def _clean_date(raw: Cell, column: Column, today: date) -> Cleaned:
    value = _tidy(raw) if isinstance(raw, str) else raw
    if not column.strict and (value in _NULL_DATES or value == 0):
        # Databases export "no date" like this.
        return EMPTY
    found = read_date(value, today, column.future_ok)
    if isinstance(found, DateFault):
        return _fail(column, found.value)
    if column.strict and found == date(1970, 1, 1):
        pesan = write_problem("tanggal_1970", label=column.label)
        return Cleaned(found.isoformat(), remind("tanggal_1970", pesan))
    return Cleaned(found.isoformat())


_CLEANERS: dict[Kind, Callable[[Cell, Column], Cleaned]] = {
    Kind.TEKS: _clean_text,
    Kind.NAMA: _clean_name,
    Kind.DUSUN: _clean_dusun,
    Kind.RT_RW: _clean_rt_rw,
    Kind.NIK: _clean_digits,
    Kind.NO_KK: _clean_digits,
    Kind.KODE: _clean_code,
    Kind.KARTU: _clean_card,
    Kind.KOORDINAT: _clean_coordinate,
}
