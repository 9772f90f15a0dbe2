"""Numbers of letters: which one comes next, how it is written, and what the gaps in a book of numbers are. Pure.

A number is given when a letter is signed. It comes from a block that the hub has given to the very log that the
letter is written into, for the year of its date; a log without a free one counts in a series of its own, which its
log id names. So no two logs can give one number, with or without a line between them, and a log that follows another
continues nothing of it (sync_protocol.md 9.11).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from shared.crockford import BITS, write_letters

SERI_LETTERS = 6
DIGITS = 3
BLOCK_SIZE = 50
URUT_MAX = 1_000_000
"""What lies above is no number that a letter was ever given; a foreign hand wrote it, and it moves nothing."""
POLA = "[kode]/[nomor]/[kode desa]/[bulan romawi]/[tahun]"
POLA_MAX = 120
NOMOR_MAX, KODE_MAX = 120, 30
"""What a letter's record takes of its number and of its archive code (shared/records/surat.py)."""

ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
ISIAN_POLA = {
    "kode": "kode arsip jenis suratnya", "nomor": "nomor urut (wajib ada)", "kode desa": "kode desa",
    "bulan romawi": "bulan dengan angka romawi", "bulan": "bulan dengan dua angka", "tahun": "tahun (wajib ada)",
}


class Block(NamedTuple):
    """The numbers ``dari`` to ``sampai`` of one year, given to one log."""

    log: str
    dari: int
    sampai: int


@dataclass(frozen=True)
class Number:
    """A number in its series; ``seri`` is empty where it comes from a block."""

    urut: int
    seri: str = ""

    def write(self) -> str:
        """Write it as it stands on paper: ``007``, or ``001-K7QXM2`` in a series of its own."""
        return f"{self.urut:0{DIGITS}d}-{self.seri}" if self.seri else f"{self.urut:0{DIGITS}d}"


def name_seri(log: str) -> str:
    """Name the own series of a log (32 hex digits) by six letters of its id."""
    bits = BITS * SERI_LETTERS
    return write_letters(int(log, 16) >> (4 * len(log) - bits), SERI_LETTERS)


def find_next(
    log: str, blocks: Iterable[Block], used: Iterable[int], used_own: Iterable[int]
) -> Number:
    """Find the number that a log gives next in one year.

    ``blocks`` are all blocks of desa and year that are known here, ``used`` the numbers without a series that are
    known to be used, by whomever, ``used_own`` those of the log's own series. A number that a second log was given
    as well is passed over: that can only come from a hub that forgot, and both logs pass over it.
    """
    mine = sorted(block for block in blocks if block.log == log)
    others = [block for block in blocks if block.log != log]
    taken = {number for number in used if number <= URUT_MAX}
    ours = [number for number in taken if any(block.dari <= number <= block.sampai for block in mine)]
    last = max(ours, default=0)
    for block in mine:
        for number in range(max(block.dari, last + 1), block.sampai + 1):
            if number not in taken and not any(other.dari <= number <= other.sampai for other in others):
                return Number(number)
    return Number(max((number for number in used_own if number <= URUT_MAX), default=0) + 1, name_seri(log))


def count_left(log: str, blocks: Iterable[Block], used: Iterable[int]) -> int:
    """Count the numbers that a log may still give from its blocks of a year."""
    mine = [block for block in blocks if block.log == log]
    last = max((n for n in used if any(block.dari <= n <= block.sampai for block in mine)), default=0)
    return sum(max(0, block.sampai - max(block.dari - 1, last)) for block in mine)


def next_block(log: str, blocks: Iterable[Block], used: Iterable[int], size: int = BLOCK_SIZE) -> Block:
    """Make the block that follows all blocks and all numbers known of a desa and year."""
    end = max((block.sampai for block in blocks if block.sampai <= URUT_MAX), default=0)
    end = max(end, max((number for number in used if number <= URUT_MAX), default=0))
    return Block(log, end + 1, end + size)


def find_pola_problem(pola: str) -> str:
    """Say in Indonesian what is wrong with a pattern of numbers; empty when it may be used."""
    if len(pola) > POLA_MAX:
        return f"Pola nomor paling panjang {POLA_MAX} huruf."
    for name in ("nomor", "tahun"):
        if f"[{name}]" not in pola:
            return f"Pola nomor harus memuat [{name}]; tanpa itu nomor tidak dapat dibedakan."
    rest = pola
    for name in ISIAN_POLA:
        rest = rest.replace(f"[{name}]", "")
    if "[" in rest or "]" in rest:
        return "Ada isian yang tidak dikenal. Yang dikenal: " + ", ".join(f"[{name}]" for name in ISIAN_POLA) + "."
    longest = write_nomor(
        pola, Number(URUT_MAX, "X" * SERI_LETTERS), kode="4" * KODE_MAX, desa="33.03.04.2006", day=date(2026, 8, 1)
    )
    if len(longest) > NOMOR_MAX:
        return (
            f"Dengan pola ini nomor surat dapat menjadi {len(longest)} huruf, padahal paling panjang {NOMOR_MAX}."
            " Singkatkan polanya."
        )
    return ""


def write_nomor(pola: str, number: Number, *, kode: str, desa: str, day: date) -> str:
    """Write the whole number of a letter after the pattern of its office; ``desa`` is the dotted code."""
    values = {
        "kode": kode, "nomor": number.write(), "kode desa": desa, "bulan romawi": ROMAN[day.month - 1],
        "bulan": f"{day.month:02d}", "tahun": f"{day.year}",
    }
    for name, value in values.items():
        pola = pola.replace(f"[{name}]", value)
    # Without an archive code its place falls out, and its stroke with it.
    return pola.strip("/ ") if kode else pola.replace("//", "/").strip("/ ")


@dataclass(frozen=True)
class Gap:
    """Numbers of a book that no letter here has, and why."""

    dari: int
    sampai: int
    why: str


_CLOSED = (
    "tidak dibagikan lagi sejak catatan komputer itu berganti; bila nomor ini ada di kertas, suratnya hilang bersama"
    " data lama"
)


def explain_gaps(
    used: Iterable[int], blocks: Sequence[Block], names: Mapping[str, str], closed: Iterable[str] = ()
) -> list[Gap]:
    """Say why numbers are missing from the book of a year; sorted, none overlaps.

    ``names`` are the computers by log, ``closed`` logs that give no number any more.
    """
    have, over, found = set(used), set(closed), []
    end = 0
    for block in sorted(blocks, key=lambda block: (block.dari, block.sampai)):
        if block.dari > end + 1:
            found += _runs(end + 1, block.dari - 1, have, "nomor ini tidak pernah dibagikan")
        name = names.get(block.log) or "komputer lain"
        last = max((n for n in have if block.dari <= n <= block.sampai), default=block.dari - 1)
        start = max(block.dari, end + 1)
        found += _runs(start, last, have, f"jatah {name}, suratnya belum sampai di sini")
        # A copy that was put back may lack letters that were printed after it was made.
        rest = _CLOSED if block.log in over else "belum dipakai"
        found += _runs(max(start, last + 1), block.sampai, have, f"jatah {name}, {rest}")
        end = max(end, block.sampai)
    return found


def _runs(dari: int, sampai: int, have: set[int], why: str) -> list[Gap]:
    """Give the stretches of a range that nothing is in."""
    found: list[Gap] = []
    start = None
    for number in range(dari, sampai + 2):
        is_free = number <= sampai and number not in have
        if is_free and start is None:
            start = number
        elif not is_free and start is not None:
            found.append(Gap(start, number - 1, why))
            start = None
    return found
