"""Says what a proof of a letter is worth, from what this machine knows. Pure: keys and record are handed in.

What can be proven where: a signature under a key that belongs to the desa proves the printed facts anywhere the key is
known. Whether the letter was cancelled since is known only where its record is; so every answer says as of when.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from shared.surat.tanda import Facts, Signed, facts_of


class Finding(Enum):
    """The answers, with what they are called."""

    ASLI = "Asli"
    BELUM_SAMPAI = "Tanda tangannya asli"
    KEDALUWARSA = "Asli, tetapi masa berlakunya habis"
    DIBATALKAN = "Sudah dibatalkan"
    TIDAK_DIKENAL = "Tidak dikenal"
    PALSU = "Palsu"


class Key(NamedTuple):
    """A signing key that this machine knows: 32 bytes, the desa it writes for, whether it was taken back."""

    public: bytes
    desa: str
    is_revoked: bool


class Record(NamedTuple):
    """The record of a letter as it is here: its fields, and the desa it belongs to."""

    values: Mapping[str, Any]
    desa: str


@dataclass(frozen=True)
class Answer:
    """What is said of a proof. ``facts`` are there only when they are proven; ``batal`` is ISO or empty.

    ``known_s``: up to when (seconds) what the computer that issued it has written is here; None where nobody knows.
    """

    finding: Finding
    kalimat: str
    facts: Facts | None = None
    batal: str = ""
    known_s: int | None = None


def judge(proof: Signed | str, record: Record | None, keys: Sequence[Key], today: str) -> Answer:
    """Judge a proof. ``record`` is the letter of the same code that is here, ``keys`` those of the same id.

    ``today`` is ISO.
    """
    known = None if record is None else facts_of(record.values, record.desa)
    if isinstance(proof, str):
        return _UNKNOWN_CODE if record is None or known is None else _judge_record(record, known, today)
    facts = proof.facts
    signer = next((key for key in keys if proof.is_signed_by(key.public)), None)
    if signer is None:
        return _judge_unsigned(facts, bool(keys))
    if signer.desa != facts.desa:
        return Answer(Finding.PALSU, "Tanda tangannya dibuat komputer desa lain, bukan desa yang tertulis.")
    if record is not None and known is not None:
        # The record went through the law of the log: written before a cut-off, it stands although its key was revoked.
        if known != facts:
            return Answer(Finding.PALSU, "Isinya lain dari surat berkode sama yang tercatat di desa.")
        return _judge_record(record, known, today)
    if signer.is_revoked:
        return Answer(
            Finding.TIDAK_DIKENAL,
            "Kunci komputer yang menandatanganinya sudah dicabut, dan surat ini tidak ada dalam catatan yang diakui."
            " Tanyakan kepada kantor desanya.",
        )
    return Answer(
        Finding.KEDALUWARSA if _is_late(facts, today) else Finding.BELUM_SAMPAI,
        "Catatan surat ini belum sampai ke sini, jadi belum diketahui apakah sudah dibatalkan.",
        facts,
    )


def _judge_unsigned(facts: Facts, has_key: bool) -> Answer:
    if has_key:
        return Answer(
            Finding.PALSU, "Isi QR ini tidak cocok dengan tanda tangannya: ada yang diubah. Surat ini tidak sah."
        )
    return Answer(
        Finding.TIDAK_DIKENAL,
        "Kunci yang menandatanganinya tidak dikenal di sini. Bila surat ini dari desa di kecamatan lain, periksalah di"
        " desa atau kecamatan itu.",
    )


_UNKNOWN_CODE = Answer(
    Finding.TIDAK_DIKENAL,
    "Tidak ada surat berkode itu dalam catatan yang sampai ke sini. Periksa lagi ketikannya, atau pindai QR-nya: dengan"
    " QR, surat yang catatannya belum sampai pun dapat diperiksa.",
)


def _judge_record(record: Record, facts: Facts, today: str) -> Answer:
    if record.values.get("batal"):
        return Answer(
            Finding.DIBATALKAN, "Surat ini pernah terbit, lalu dibatalkan oleh desa. Jangan dipakai lagi.", facts,
            str(record.values.get("tanggal_batal") or ""),
        )
    if _is_late(facts, today):
        return Answer(Finding.KEDALUWARSA, "Surat ini asli, tetapi masa berlakunya sudah habis.", facts)
    return Answer(Finding.ASLI, "Surat ini benar diterbitkan oleh desa.", facts)


def _is_late(facts: Facts, today: str) -> bool:
    return bool(facts.sampai) and facts.sampai < today
