"""Reads a date in any dress a spreadsheet gives it, and never guesses.

What cannot be read is said to be unreadable: it does not become 1970-01-01, and 31-02 does not roll over to
March. Day and month are never swapped, because 03-04 would then mean two days.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta
from enum import StrEnum

YEAR_MIN = 1850

# Serial numbers below this are small counts or bare years (1996 would be 18-06-1905).
_SERIAL_MIN = 3_654
_EPOCH = date(1899, 12, 30)

_TIME = re.compile(
    r"[T\s]\s*\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\s*(am|pm|z|wib|[+-]\d{2}:?\d{2})?$", re.IGNORECASE
)
_WEEKDAY = re.compile(r"^(senin|selasa|rabu|kamis|jum'?at|sabtu|minggu|ahad)\s*,?\s+", re.IGNORECASE)
_YEAR_FIRST = re.compile(r"(\d{4})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{1,2})", re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})(?:\s*[-/.]\s*|\s+)(\d{1,2})(?:\s*[-/.]\s*|\s+)(\d{4}|\d{2})", re.ASCII)
_NAMED = re.compile(r"(\d{1,2})[\s\-/.]*([a-z]{3,9})\.?[\s\-/.,]*(\d{4}|\d{2})", re.ASCII | re.IGNORECASE)
_COMPACT = re.compile(r"\d{8}", re.ASCII)
_SERIAL = re.compile(r"(\d{4,5})(?:[.,]\d+)?", re.ASCII)

_MONTH_NAMES = (
    "jan januari january",
    "feb peb februari pebruari february",
    "mar mrt maret march",
    "apr april",
    "mei may",
    "jun juni june",
    "jul juli july",
    "agu ags agt agus agust agustus aug august",
    "sep sept september",
    "okt oct oktober october",
    "nov nop november nopember",
    "des dec desember december",
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}


class DateFault(StrEnum):
    """Why a cell gives no date."""

    TIDAK_TERBACA = "tanggal_tidak_terbaca"
    MUSTAHIL = "tanggal_mustahil"
    TAHUN_DUA_ANGKA = "tahun_dua_angka"
    TERLALU_LAMA = "tanggal_terlalu_lama"
    MASA_DEPAN = "tanggal_masa_depan"


def read_date(raw: object, today: date, future_ok: bool = False) -> date | DateFault:
    """Read a cell as a date of 1850 or later and, unless ``future_ok``, of today at the latest."""
    found = _read(raw)
    if isinstance(found, DateFault):
        return found
    if found.year < YEAR_MIN:
        return DateFault.TERLALU_LAMA
    if found > today and not future_ok:
        return DateFault.MASA_DEPAN
    return found


def _read(raw: object) -> date | DateFault:
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    if isinstance(raw, bool):
        return DateFault.TIDAK_TERBACA
    if isinstance(raw, int | float):
        return _read_number(float(raw)) if math.isfinite(raw) else DateFault.TIDAK_TERBACA
    if isinstance(raw, str):
        return _read_text(raw)
    return DateFault.TIDAK_TERBACA


def _read_number(number: float) -> date | DateFault:
    if number == int(number) and 10_000_000 <= number <= 99_999_999:
        return _read_compact(str(int(number)))
    return _read_serial(int(number))


def _read_serial(days: int) -> date | DateFault:
    """Read the day count of Excel; one beyond this century is a typing error, not a date."""
    if not _SERIAL_MIN <= days < 73_051:
        return DateFault.TIDAK_TERBACA
    return _EPOCH + timedelta(days=days)


def _read_text(raw: str) -> date | DateFault:
    text = _WEEKDAY.sub("", _TIME.sub("", raw.strip()))
    if match := _YEAR_FIRST.fullmatch(text):
        return _make(match[1], match[2], match[3])
    if match := _DAY_FIRST.fullmatch(text):
        return _make(match[3], match[2], match[1])
    if match := _NAMED.fullmatch(text):
        month = _MONTHS.get(match[2].lower())
        return _make(match[3], str(month), match[1]) if month else DateFault.TIDAK_TERBACA
    if _COMPACT.fullmatch(text):
        return _read_compact(text)
    if match := _SERIAL.fullmatch(text):
        return _read_serial(int(match[1]))
    return DateFault.TIDAK_TERBACA


def _read_compact(text: str) -> date | DateFault:
    """Read eight digits; no year from 1850 to 2099 lets both orders be valid at once."""
    year_first = _make(text[:4], text[4:6], text[6:])
    if isinstance(year_first, date) and YEAR_MIN <= year_first.year < 2100:
        return year_first
    day_first = _make(text[4:], text[2:4], text[:2])
    if isinstance(day_first, date) and YEAR_MIN <= day_first.year < 2100:
        return day_first
    return DateFault.TIDAK_TERBACA


def _make(year: str, month: str, day: str) -> date | DateFault:
    if len(year) == 2:
        return DateFault.TAHUN_DUA_ANGKA
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return DateFault.MUSTAHIL
