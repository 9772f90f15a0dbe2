"""Invented people: values from small pools, so that numbers collide. NIK and KK of 330399 only."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from shared.records.kind import Kind

NAMES = ("SITI", "BUDI", "AGUS", "DEWI", "SLAMET", "WAGIMAN", "PARTINI", "EKO")
STREETS = ("JL MELATI", "JL KENANGA", "GANG DAHLIA")
REASONS = ("NIK_GANDA", "ORANG_GANDA", "PINDAH")


def make_nik(dice: random.Random) -> str:
    """Draw one of 16 numbers."""
    day = dice.choice((1, 12, 41, 52))
    return f"330399{day:02d}0190000{dice.randrange(1, 5)}"


def make_no_kk(dice: random.Random) -> str:
    """Draw one of 9 numbers."""
    return f"3303990101{dice.randrange(10, 13)}000{dice.randrange(1, 4)}"


def penduduk_group(dice: random.Random, group: str, keluarga: Sequence[str]) -> dict[str, Any]:
    """Draw the values of one merge group of a penduduk; None empties a field."""
    some = dice.random() < 0.9
    values: Mapping[str, dict[str, Any]] = {
        "nik": {"nik": make_nik(dice) if some else None},
        "identitas": {
            "nama": dice.choice(NAMES), "tempat_lahir": dice.choice(("PURBALINGGA", None)),
            "tanggal_lahir": f"19{dice.randrange(40, 99)}-01-{dice.randrange(1, 28):02d}",
            "jenis_kelamin": dice.choice((1, 2)),
        },
        "keluarga": {
            "keluarga": dice.choice(keluarga) if keluarga and some else None,
            "hubungan": dice.choice((1, 3, 4)),
        },
        "alamat": {
            "alamat": dice.choice(STREETS),
            "rw": f"00{dice.randrange(1, 4)}",
            "rt": f"00{dice.randrange(1, 4)}",
        },
        "status": {
            "status_dasar": dice.choice((1, 1, 1, 2)), "tanggal_status": "2026-01-01", "sebab_status": None
        },
        "telepon": {"telepon": f"08{dice.randrange(100, 105)}" if some else None},
        "agama": {"agama": dice.choice((1, 2))},
    }
    return values[group]


PENDUDUK_GROUPS = ("nik", "identitas", "keluarga", "alamat", "status", "telepon", "agama")


def make_penduduk(dice: random.Random, keluarga: Sequence[str]) -> dict[str, Any]:
    """Draw a whole penduduk."""
    values: dict[str, Any] = {}
    for group in PENDUDUK_GROUPS:
        values |= penduduk_group(dice, group, keluarga)
    return values


def make_update(
    dice: random.Random, kind: Kind, keluarga: Sequence[str], programs: Sequence[str], penduduk: Sequence[str]
) -> dict[str, Any]:
    """Draw new values for one to three groups of a record."""
    if kind.name == "keluarga":
        pool = ({"no_kk": make_no_kk(dice)}, {"alamat": dice.choice(STREETS), "rt": "001"})
        return dict(dice.choice(pool))
    if kind.name == "penerima_bantuan":
        status, note = {"status": dice.choice(("aktif", "berhenti"))}, {"keterangan": dice.choice(NAMES)}
        return dict(dice.choice((status, note, make_penerima(dice, programs, penduduk))))
    values: dict[str, Any] = {}
    for group in dice.sample(PENDUDUK_GROUPS, dice.choice((1, 1, 1, 2, 3))):
        values |= penduduk_group(dice, group, keluarga)
    return values


def make_penerima(dice: random.Random, programs: Sequence[str], penduduk: Sequence[str]) -> dict[str, Any]:
    """Draw a recipient of an aid programme."""
    return {
        "program": dice.choice(programs), "penduduk": dice.choice(penduduk),
        "periode": dice.choice(("2026-T1", "2026-T2")), "status": dice.choice(("usulan", "aktif")),
    }
