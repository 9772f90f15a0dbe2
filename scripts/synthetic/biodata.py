"""Knows what school, work, documents and health are plausible for a person of a given age and sex.

Must not know about families: who is married to whom is decided in families.py and handed in.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import accumulate

from synthetic.codes import JenisKelamin, StatusKawin


class Weighted:
    """A choice among codes with shares that need not add up to anything."""

    def __init__(self, shares: Mapping[int, float]) -> None:
        self._codes = tuple(shares)
        self._sums = tuple(accumulate(shares.values()))

    def draw(self, rng: random.Random) -> int:
        """Return one code."""
        return rng.choices(self._codes, cum_weights=self._sums)[0]


# Last year of birth → schooling completed, as schools spread over the country.
_SCHOOLING = (
    (1949, Weighted({1: 35, 2: 25, 3: 30, 4: 6, 5: 3, 8: 1})),
    (1964, Weighted({1: 10, 2: 18, 3: 50, 4: 11, 5: 8, 7: 1, 8: 2})),
    (1979, Weighted({1: 2, 2: 6, 3: 48, 4: 23, 5: 17, 6: 0.5, 7: 1.5, 8: 3, 9: 0.2})),
    (1994, Weighted({2: 1.5, 3: 26, 4: 32, 5: 31, 6: 0.5, 7: 3, 8: 6, 9: 0.4})),
    (9999, Weighted({2: 0.5, 3: 10, 4: 26, 5: 52, 7: 3, 8: 8.5})),
)
_WORK_MEN = Weighted({
    9: 26, 19: 18, 20: 13, 88: 12, 15: 12, 84: 5, 26: 3, 27: 2, 81: 3, 10: 2, 13: 2, 12: 1.5, 14: 1, 35: 1,
    11: 0.5, 18: 1, 30: 0.5, 36: 0.2, 29: 0.5, 6: 0.4, 7: 0.3, 89: 0.6,
})
_WORK_WOMEN = Weighted({
    2: 50, 20: 9, 9: 8, 15: 9, 19: 7, 84: 7, 88: 6, 30: 2, 23: 2, 12: 1, 32: 0.3, 46: 0.4, 38: 0.1, 89: 0.5,
})
_WORK_GRADUATES = Weighted({
    5: 20, 65: 26, 15: 20, 88: 14, 18: 9, 16: 2, 64: 1, 72: 0.5, 71: 0.5, 6: 0.5, 7: 0.5,
})
_GOLONGAN_DARAH = Weighted({13: 58, 1: 10.5, 2: 12, 3: 3, 4: 16, 11: 0.5})
_CARA_KB = Weighted({3: 52, 1: 20, 2: 9, 5: 12, 6: 6, 99: 1})
_ASURANSI = Weighted({1: 37, 2: 42, 3: 19, 99: 2})
_CACAT = Weighted({1: 45, 2: 12, 3: 15, 4: 17, 5: 4, 6: 7})
_TEMPAT = (("PURBALINGGA", 82), ("BANYUMAS", 6), ("BANJARNEGARA", 4), ("CILACAP", 2), ("JAKARTA", 2),
           ("PEMALANG", 1), ("BANDUNG", 1), ("KEBUMEN", 1), ("TEGAL", 1))
_TEMPAT_NAMES = tuple(name for name, _ in _TEMPAT)
_TEMPAT_SUMS = tuple(accumulate(share for _, share in _TEMPAT))
_SUKU = ("JAWA", "SUNDA", "MADURA", "BATAK", "BETAWI")
_RANTAU = ("JAKARTA TIMUR", "BEKASI", "TANGERANG", "BANDUNG", "BOGOR", "SURABAYA", "BATAM")


def draw_schooling(rng: random.Random, umur: int, tahun_lahir: int, is_single: bool) -> tuple[int, int]:
    """Return (pendidikan_kk, pendidikan_sedang): highest on the card, and attended now."""
    if umur < 4:
        return 1, 1
    if umur < 7:
        return 1, 2 if rng.random() < 0.75 else 1
    if umur < 13:
        return 2, 4
    if umur < 16:
        return 3, 6 if rng.random() < 0.97 else 18
    if umur < 19:
        return 4, 7 if is_single and rng.random() < 0.86 else 18
    level = next(shares for last_year, shares in _SCHOOLING if tahun_lahir <= last_year).draw(rng)
    if umur < 24 and level > 5:
        return 5, 11 if is_single else 18
    if level == 1:
        return 1, 3 if rng.random() < 0.7 else 17
    return level, 5 if level == 2 else 18


def draw_work(rng: random.Random, umur: int, jenis_kelamin: JenisKelamin, sekolah: tuple[int, int],
              is_single: bool) -> int:
    """Return the code of a job that fits age, sex and schooling."""
    if umur < 6:
        return 1
    if sekolah[1] in (2, 4, 6, 7, 11):
        return 3
    if umur < 16 or rng.random() < _share_without_work(umur):
        return 1
    if umur >= 60 and sekolah[0] >= 5 and rng.random() < 0.55:
        return 4
    if sekolah[0] >= 7:
        job = _WORK_GRADUATES.draw(rng)
        # Past retirement age nobody is still paid by the state.
        return 4 if umur > 60 and job in (5, 6, 7, 64, 65) else job
    job = (_WORK_MEN if jenis_kelamin is JenisKelamin.LAKI_LAKI else _WORK_WOMEN).draw(rng)
    if job == 2 and is_single:
        return 15 if umur < 45 else 9
    return 88 if umur > 58 and job in (6, 7, 15, 18) else job


def draw_golongan_darah(rng: random.Random) -> int:
    """Return a blood group, unknown for most."""
    return _GOLONGAN_DARAH.draw(rng)


def draw_cacat(rng: random.Random, umur: int) -> int:
    """Return a kind of disability, none for nearly all."""
    return _CACAT.draw(rng) if rng.random() < (0.03 if umur > 65 else 0.01) else 7


def draw_kb_hamil(rng: random.Random, umur: int, jenis_kelamin: JenisKelamin,
                  status: StatusKawin) -> tuple[int | None, int | None]:
    """Return (cara_kb, hamil); both empty for those whom the form does not ask."""
    if status is not StatusKawin.KAWIN or umur > 49:
        return None, None
    if jenis_kelamin is JenisKelamin.LAKI_LAKI:
        return (rng.choice((4, 4, 4, 7)) if rng.random() < 0.02 else None), None
    if umur < 42 and rng.random() < 0.05:
        return None, 1
    return (_CARA_KB.draw(rng) if rng.random() < 0.6 else None), 2


def draw_ktp(rng: random.Random, umur: int) -> tuple[int, int]:
    """Return (ktp_el, status_rekam): nobody under 17 has a card."""
    if umur < 17:
        return 1, 1
    if rng.random() < (0.4 if umur < 18 else 0.02):
        return 1, 2
    return 2, rng.choices((8, 4, 3, 5, 7), (86, 5, 6, 2, 1))[0]


def draw_tempat(rng: random.Random) -> str:
    """Return a place of birth."""
    return rng.choices(_TEMPAT_NAMES, cum_weights=_TEMPAT_SUMS)[0]


def draw_suku(rng: random.Random) -> str:
    """Return an ethnic group."""
    return "JAWA" if rng.random() < 0.96 else rng.choice(_SUKU)


def draw_asuransi(rng: random.Random) -> tuple[int, str]:
    """Return (asuransi, number of the card); uninsured people have no number."""
    code = _ASURANSI.draw(rng)
    return code, "" if code == 1 else f"00099{rng.randrange(10**8):08}"


def draw_paspor(rng: random.Random, umur: int, acuan: date) -> tuple[str, date | None]:
    """Return (number, expiry) of a passport, or two empties for nearly everybody."""
    if not 18 <= umur <= 60 or rng.random() > 0.012:
        return "", None
    return f"X{rng.randrange(10**7):07}", acuan + timedelta(days=rng.randint(-700, 1800))


def draw_telepon(rng: random.Random, umur: int) -> str:
    """Return a number that no operator gives out, or nothing."""
    if umur < 15 or rng.random() > (0.75 if umur < 60 else 0.35):
        return ""
    digits = f"{rng.randrange(10**6):06}"
    return f"0800-00{digits[:2]}-{digits[2:]}"


def draw_alamat_sekarang(rng: random.Random, umur: int) -> str:
    """Return the town where somebody works for now, empty for those who are at home."""
    return rng.choice(_RANTAU) if 19 <= umur <= 50 and rng.random() < 0.04 else ""


def _share_without_work(umur: int) -> float:
    if umur < 24:
        return 0.25
    if umur < 65:
        return 0.03
    return 0.15 if umur < 75 else 0.5
