"""What of a look each desa may learn, and what it is told of a day; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from shared.records.akses import REKAMAN_MAX

Records = Iterable[tuple[str, str, str]]
"""Records as pages know them: desa, kind, id."""
PERSONS = ("penduduk", "keluarga")


class Seen(NamedTuple):
    """One resident or family of a desa that is known from the context."""

    jenis: str
    record: str


class Look(NamedTuple):
    """What one officer looked at of one desa in one day by one act; codes, and what was counted and not named.

    ``petugas`` is the record of an officer, or ``pembaca:`` and the name of who takes exports; ``id`` is that of the
    record by which the desa is told.
    """

    id: str
    tanggal: str
    petugas: str
    peran: str
    kegiatan: str
    tentang: str
    keperluan: str
    penduduk: int
    keluarga: int
    bantuan: int


def share_out(records: Records, kecamatan: str) -> dict[str, list[Seen]]:
    """Give each desa its own residents and families among records, each once, and nothing of any other desa.

    What belongs to the whole kecamatan is nobody's data.
    """
    shares: dict[str, dict[Seen, None]] = {}
    for desa, jenis, record in records:
        if jenis in PERSONS and desa != kecamatan:
            shares.setdefault(desa, {})[Seen(jenis, record)] = None
    return {desa: list(seen) for desa, seen in shares.items()}


def summarise(look: Look, seen: Sequence[Seen]) -> dict[str, Any]:
    """Give the numbers of a look and the first of its records; zero is left out."""
    numbers = {
        "penduduk": look.penduduk + sum(one.jenis == "penduduk" for one in seen),
        "keluarga": look.keluarga + sum(one.jenis == "keluarga" for one in seen), "bantuan": look.bantuan,
    }
    named = [one.record for one in seen[:REKAMAN_MAX]]
    return {**{name: number or None for name, number in numbers.items()}, "rekaman": named or None}


def find_larger(versions: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Give which of several accounts of one look holds: nobody is told that less was seen than some history knows."""
    return max(versions, key=lambda version: (
        sum(version[name] or 0 for name in ("penduduk", "keluarga", "bantuan")), sorted(version["rekaman"] or ()),
    ))
