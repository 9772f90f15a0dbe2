"""Checks NIK, nomor KK and kode desa, and hides personal data in what people see: pure functions.

The NIK is 16 digits: province, kabupaten and kecamatan of first registration, birth date DDMMYY with 40 added
to the day of women, and a serial from 0001
(https://dukcapil.klaten.go.id/arti-16-digit-nomor-induk-kependudukan-nik). It stays for life, also when it
disagrees with the birth date (PP 40/2019 pasal 30 ayat 2), has no check digit, and proves nothing about
existence. So only a number that cannot have been issued is a hard issue; all else is a warning.

No function derives a birth date or a sex from a NIK, and no message holds any part of the number it is about.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.codes import wilayah

UJI_KECAMATAN = "33.03.99"
"""A kecamatan that does not exist, reserved for test data: no living person has such a NIK."""

_SIXTEEN_DIGITS = re.compile(r"[0-9]{16}", re.ASCII)
_NUMBER_IN_TEXT = re.compile(r"(?<![0-9])[0-9]{16}(?![0-9])")
_KODE_DESA = re.compile(r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}\.[123][0-9]{3}", re.ASCII)
_WOMAN_DAY_OFFSET = 40
_DAYS = {1: 31, 2: 29, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31}
_LAKI_LAKI, _PEREMPUAN = 1, 2
_HIDDEN = "•"


class Severity(StrEnum):
    """What an issue asks for: hard must be corrected first, soft is shown and may be kept."""

    HARD = "hard"
    SOFT = "soft"


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding about an identifier: a stable code, a severity, an Indonesian message for a person."""

    code: str
    severity: Severity
    message: str


NIK_PANJANG = Issue("nik_panjang", Severity.HARD, "NIK harus tepat 16 angka, tanpa spasi, titik, atau huruf.")
NIK_ANGKA_SAMA = Issue(
    "nik_angka_sama", Severity.HARD, "NIK berisi angka yang sama semua. Salin NIK dari KTP-el atau KK."
)
NIK_SEMENTARA = Issue(
    "nik_sementara",
    Severity.HARD,
    "NIK diawali angka nol, jadi ini NIK sementara. Kosongkan NIK dan pilih status belum punya NIK.",
)
NIK_PROVINSI = Issue(
    "nik_provinsi", Severity.HARD, "Dua angka awal NIK bukan kode provinsi. Periksa lagi di KTP-el atau KK."
)
NIK_TANGGAL = Issue(
    "nik_tanggal",
    Severity.HARD,
    "Angka ketujuh sampai kedua belas NIK tidak mungkin sebuah tanggal. Periksa lagi di KTP-el atau KK.",
)
NIK_URUT = Issue(
    "nik_urut", Severity.HARD, "Empat angka akhir NIK tidak boleh nol semua. Periksa lagi di KTP-el atau KK."
)
NIK_KECAMATAN = Issue(
    "nik_kecamatan",
    Severity.SOFT,
    "Enam angka awal NIK bukan kecamatan yang dikenal. Boleh disimpan bila sama dengan KTP-el.",
)
NIK_BEDA_TANGGAL = Issue(
    "nik_beda_tanggal",
    Severity.SOFT,
    "Tanggal lahir berbeda dengan yang tertulis dalam NIK. Boleh disimpan bila sama dengan KTP-el.",
)
NIK_BEDA_KELAMIN = Issue(
    "nik_beda_kelamin",
    Severity.SOFT,
    "Jenis kelamin berbeda dengan yang tertulis dalam NIK. Boleh disimpan bila sama dengan KTP-el.",
)
KK_PANJANG = Issue(
    "kk_panjang", Severity.HARD, "Nomor KK harus tepat 16 angka, tanpa spasi, titik, atau huruf."
)
KK_ANGKA_SAMA = Issue(
    "kk_angka_sama", Severity.HARD, "Nomor KK berisi angka yang sama semua. Salin nomor dari lembar KK."
)
KK_SEMENTARA = Issue(
    "kk_sementara",
    Severity.HARD,
    "Nomor KK diawali angka nol, jadi ini nomor sementara. Kosongkan sampai KK terbit.",
)
KK_PROVINSI = Issue(
    "kk_provinsi", Severity.HARD, "Dua angka awal nomor KK bukan kode provinsi. Periksa lagi di lembar KK."
)
KK_TANGGAL = Issue(
    "kk_tanggal",
    Severity.SOFT,
    "Angka ketujuh sampai kedua belas nomor KK bukan tanggal. Boleh disimpan bila sama dengan lembar KK.",
)
KK_KECAMATAN = Issue(
    "kk_kecamatan",
    Severity.SOFT,
    "Enam angka awal nomor KK bukan kecamatan yang dikenal. Boleh disimpan bila sama dengan lembar KK.",
)
DESA_BENTUK = Issue(
    "desa_bentuk",
    Severity.HARD,
    "Tulis kode desa Kemendagri dengan titik: dua angka provinsi, dua kabupaten, dua kecamatan, empat desa.",
)
DESA_TIDAK_DIKENAL = Issue(
    "desa_tidak_dikenal",
    Severity.SOFT,
    "Kode desa tidak ada dalam daftar wilayah. Periksa lagi; desa hasil pemekaran baru boleh disimpan.",
)


def check_nik(text: str) -> list[Issue]:
    """Return what is wrong with a NIK as text, hard issues first; an empty list when nothing is.

    The text must be the bare digits. A number that begins with nol is the placeholder that installations give
    people without a NIK, and is refused so that it never leaves a desa as if it were one.
    """
    if not _SIXTEEN_DIGITS.fullmatch(text):
        return [NIK_PANJANG]
    if len(set(text)) == 1:
        return [NIK_ANGKA_SAMA]
    if text[0] == "0":
        return [NIK_SEMENTARA]
    issues = []
    has_provinsi = wilayah.get(text[:2]) is not None
    if not has_provinsi:
        issues.append(NIK_PROVINSI)
    day, month, year = _date_digits(text)
    if not _is_possible_date(day - _WOMAN_DAY_OFFSET if day > _WOMAN_DAY_OFFSET else day, month, year):
        issues.append(NIK_TANGGAL)
    if text.endswith("0000"):
        issues.append(NIK_URUT)
    if has_provinsi and not _is_kecamatan(text):
        issues.append(NIK_KECAMATAN)
    return issues


def check_nik_against(nik: str, tanggal_lahir: date | None, jenis_kelamin: int | None) -> list[Issue]:
    """Return warnings where a NIK disagrees with the birth date or the code of jenis_kelamin.

    What is unknown (None) is not compared, and a NIK without a possible date part is left to check_nik. A
    person's data are never corrected from the NIK: the number is issued once and keeps its error for life.
    """
    if {NIK_PANJANG, NIK_ANGKA_SAMA, NIK_SEMENTARA, NIK_TANGGAL}.intersection(check_nik(nik)):
        return []
    day, month, year = _date_digits(nik)
    is_woman = day > _WOMAN_DAY_OFFSET
    issues = []
    if tanggal_lahir is not None:
        written = (day - _WOMAN_DAY_OFFSET if is_woman else day, month, year)
        if written != (tanggal_lahir.day, tanggal_lahir.month, tanggal_lahir.year % 100):
            issues.append(NIK_BEDA_TANGGAL)
    if jenis_kelamin == (_LAKI_LAKI if is_woman else _PEREMPUAN):
        issues.append(NIK_BEDA_KELAMIN)
    return issues


def check_no_kk(text: str) -> list[Issue]:
    """Return what is wrong with a nomor KK as text, hard issues first.

    Its date is that of recording the family, so nothing is added for women; its place is that of issue, and
    one outside the kabupaten is legal
    (https://serayunews.com/dindukcapil-banyumas-verifikasi-temuan-33-nik-ganda-di-kpu-banyumas).
    """
    if not _SIXTEEN_DIGITS.fullmatch(text):
        return [KK_PANJANG]
    if len(set(text)) == 1:
        return [KK_ANGKA_SAMA]
    if text[0] == "0":
        return [KK_SEMENTARA]
    issues = []
    has_provinsi = wilayah.get(text[:2]) is not None
    if not has_provinsi:
        issues.append(KK_PROVINSI)
    if not _is_possible_date(*_date_digits(text)):
        issues.append(KK_TANGGAL)
    if has_provinsi and not _is_kecamatan(text):
        issues.append(KK_KECAMATAN)
    return issues


def check_kode_desa(text: str) -> list[Issue]:
    """Return what is wrong with a dotted Kemendagri code of a desa or kelurahan, NN.NN.NN.NNNN.

    The last group begins with 1 for a kelurahan, 2 for a desa and 3 for a desa adat.
    """
    if not _KODE_DESA.fullmatch(text):
        return [DESA_BENTUK]
    if wilayah.desa(text) is None and not text.startswith(UJI_KECAMATAN):
        return [DESA_TIDAK_DIKENAL]
    return []


def clean_number(text: str) -> str:
    """Take the grouping out of a number that was read off a card, and write the digits of other scripts as 0–9."""
    bare = "".join(text.split()).replace(".", "").replace("-", "")
    return "".join(str(unicodedata.decimal(letter, letter)) for letter in bare)


def mask_nik(nik: str) -> str:
    """Return a NIK or nomor KK with its first and last four digits only; anything else is hidden whole."""
    if _SIXTEEN_DIGITS.fullmatch(nik):
        return f"{nik[:4]}{_HIDDEN * 8}{nik[-4:]}"
    return _HIDDEN * min(len(nik), 16)


def mask_numbers(text: str) -> str:
    """Return a text with every NIK or nomor KK in it masked, whatever stands around it."""
    return _NUMBER_IN_TEXT.sub(lambda found: mask_nik(found[0]), text)


def mask_name(name: str) -> str:
    """Return the first letter of each word of a name; the length of the words is hidden as well."""
    return " ".join(word[0] + _HIDDEN * 3 for word in name.split())


def _date_digits(number: str) -> tuple[int, int, int]:
    return int(number[6:8]), int(number[8:10]), int(number[10:12])


def _is_possible_date(day: int, month: int, year: int) -> bool:
    """Tell whether day and month exist in 19YY or 20YY; the century is not known, 1900 had no 29 February."""
    if not 1 <= day <= _DAYS.get(month, 0):
        return False
    return (day, month) != (29, 2) or year % 4 == 0


def _is_kecamatan(number: str) -> bool:
    kode = f"{number[:2]}.{number[2:4]}.{number[4:6]}"
    return kode == UJI_KECAMATAN or wilayah.get(kode) is not None
