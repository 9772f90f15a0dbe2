"""Knows how invented NIK, nomor KK and certificate numbers are counted out.

Every number starts with 330399, a kecamatan that does not exist, so that none can be a living person's.
Must not use chance: the same births in the same order always get the same numbers.
"""

from __future__ import annotations

import re
from datetime import date

from synthetic.codes import JenisKelamin

PREFIX = "330399"
SERIALS_PER_DESA = 100
SERIAL_PLANTED_MIN = 9901

_KODE_DESA = re.compile(r"(\d{2})\.?(\d{2})\.?(\d{2})\.?([12]\d{3})")
_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


def parse_kode_desa(text: str) -> str:
    """Return a kode desa in its dotted form; raise ValueError when it is not one."""
    match = _KODE_DESA.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a kode desa: {text!r}")
    return ".".join(match.groups())


def find_serial_block(kode_desa: str) -> int:
    """Return the first serial of the hundred that only this desa of its kecamatan may use.

    Desa 2001-2066 and kelurahan 1001-1033 have a block each; 9901 and above stay free for planted
    numbers. Raise ValueError for a code beyond that. Blocks repeat in the next kecamatan.
    """
    kind, number = kode_desa[-4], int(kode_desa[-3:])
    if kind == "2" and 1 <= number <= 66:
        slot = number - 1
    elif kind == "1" and 1 <= number <= 33:
        slot = 66 + number - 1
    else:
        raise ValueError(f"no block of serials for {kode_desa}")
    return 1 + slot * SERIALS_PER_DESA


def encode_birth(tanggal_lahir: date, jenis_kelamin: JenisKelamin) -> str:
    """Return the six digits of a NIK that say birth date and sex (PP 40/2019; women add 40 to the day)."""
    day = tanggal_lahir.day + (40 if jenis_kelamin is JenisKelamin.PEREMPUAN else 0)
    return f"{day:02}{tanggal_lahir:%m%y}"


class Numbers:
    """Counts out the numbers of one desa.

    NIK and nomor KK share the counters, so that no number is both: a search by number then finds one thing.
    """

    def __init__(self, kode_desa: str) -> None:
        self._first = find_serial_block(kode_desa)
        self._taken: dict[str, int] = {}
        self._akta = 0

    def next_nik(self, tanggal_lahir: date, jenis_kelamin: JenisKelamin) -> str:
        """Return an unused NIK; raise ValueError when the block of that day is used up."""
        return self._next(encode_birth(tanggal_lahir, jenis_kelamin))

    def next_no_kk(self, tanggal_catat: date) -> str:
        """Return an unused nomor KK of the day of recording; raise ValueError when there is none left."""
        return self._next(f"{tanggal_catat:%d%m%y}")

    def next_akta_lahir(self, tanggal_catat: date, is_late: bool) -> str:
        """Return a birth certificate number: LU in time, LT late; region 3399 does not exist."""
        self._akta += 1
        return f"3399-{'LT' if is_late else 'LU'}-{tanggal_catat:%d%m%Y}-{self._akta % 10000:04}"

    def next_akta_perkawinan(self, tanggal: date) -> str:
        """Return a marriage certificate number as a KUA writes it."""
        self._akta += 1
        return f"{self._akta % 1000:04}/{self._akta % 77 + 1:03}/{_ROMAN[tanggal.month - 1]}/{tanggal.year}"

    def next_akta_perceraian(self, tanggal: date) -> str:
        """Return a divorce certificate number as a religious court writes it."""
        self._akta += 1
        return f"{self._akta % 10000:04}/AC/{tanggal.year}/PA.UJI"

    def _next(self, six_digits: str) -> str:
        used = self._taken.get(six_digits, 0)
        if used == SERIALS_PER_DESA:
            raise ValueError(f"more than {SERIALS_PER_DESA} numbers for one day in one desa")
        self._taken[six_digits] = used + 1
        return f"{PREFIX}{six_digits}{self._first + used:04}"
