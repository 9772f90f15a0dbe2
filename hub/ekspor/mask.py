"""What of a row leaves the hub: derived from the declaration of the kinds, closed unless something opens it.

A field that is not declared is hidden: a new NIK is masked because of its type, a new text is left out
until it is declared ``personal`` or written into OPEN_TEXTS, and a value that breaks the rules of its field
is left out too, because an office can type a NIK anywhere.

A birth date leaves as its year. What mask_nik hides of a NIK is the kecamatan and the birth date: beside
the full date, the sex and the desa the number could be written down again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import Any

from shared.records.catalogue import Catalogue
from shared.records.fields import (
    Bilangan,
    Daftar,
    Kode,
    KodeDesa,
    Lampiran,
    Nik,
    NoKk,
    Pilihan,
    RecordField,
    Rujukan,
    Tanggal,
    Teks,
    Ya,
)
from shared.records.identifiers import mask_name, mask_nik
from shared.records.kind import Kind

RULES_VERSION = 1
"""Rises when a rule below changes its result, so that every reader gets everything again."""

OPEN_TEXTS: dict[str, frozenset[str]] = {
    "desa": frozenset({"nama"}),
    "dusun": frozenset({"nama"}),
    "keluarga": frozenset({"rw", "rt"}),
    "penduduk": frozenset({"tempat_lahir", "rw", "rt", "suku"}),
    "program_bantuan": frozenset({"nama", "asal_dana", "meniadakan"}),
    "penerima_bantuan": frozenset({"periode"}),
}
"""The texts and lists that tell nothing of one person; every other text is hidden or declared personal."""

_TYPED = (Kode, Pilihan, Tanggal, Bilangan, Rujukan, KodeDesa, Ya)
_LONG_NUMBER = re.compile(r"(?:[0-9][ .\-/]*){10,}", re.ASCII)


class Hiding(Enum):
    """What becomes of a field in a masked export."""

    TERBUKA = "terbuka"
    NOMOR = "nomor"
    NAMA = "nama"
    TAHUN = "tahun"
    HILANG = "hilang"


def hiding_of(kind: Kind, name: str) -> Hiding:
    """Decide about one field from its type and declaration; HILANG for whatever nobody has decided about."""
    field = kind.fields[name]
    if isinstance(field, Nik | NoKk) or field.info.masked:
        return Hiding.NOMOR
    if field.info.personal:
        if isinstance(field, Tanggal):
            return Hiding.TAHUN
        is_name = isinstance(field, Teks) and "nama" in name.split("_")
        return Hiding.NAMA if is_name else Hiding.HILANG
    if isinstance(field, Teks | Daftar):
        return Hiding.TERBUKA if name in OPEN_TEXTS.get(kind.name, ()) else Hiding.HILANG
    return Hiding.TERBUKA if isinstance(field, _TYPED) else Hiding.HILANG


def sign_rules(catalogue: Catalogue, kinds: Sequence[str]) -> str:
    """Digest what is hidden how; a different digest means that earlier exports were cut differently."""
    text = json.dumps(
        [RULES_VERSION, [(kind, name, hiding_of(catalogue[kind], name).value)
                         for kind in kinds for name in catalogue[kind].fields]]
    )
    return sha256(text.encode()).hexdigest()


_Convert = Callable[[Any], Any]


@dataclass(frozen=True)
class RowShaper:
    """Turns stored rows of one kind into the ``data`` of an export line; empty members are left out."""

    steps: tuple[tuple[int, str, _Convert], ...]
    conflicts_at: int

    def shape(self, row: Sequence[Any]) -> dict[str, Any]:
        """Shape one row, given in the order of shared.store.tables.columns_of."""
        data: dict[str, Any] = {}
        for at, name, convert in self.steps:
            stored = row[at]
            if stored is not None:
                value = convert(stored)
                if value is not None:
                    data[name] = value
        if row[self.conflicts_at]:
            data["konflik"] = row[self.conflicts_at].split(",")
        return data


def make_shaper(kind: Kind, *, identified: bool) -> RowShaper:
    """Make the shaper of one kind, masked or identified."""
    steps: list[tuple[int, str, _Convert]] = []
    for at, (name, field) in enumerate(kind.fields.items(), start=2):
        if isinstance(field, Lampiran):
            continue  # the hash alone says nothing, and the bytes are not exported
        convert = field.from_column if identified else _make_mask(field, hiding_of(kind, name))
        if convert is not None:
            steps.append((at, name, convert))
    return RowShaper(tuple(steps), 2 + len(kind.fields))


def _make_mask(field: RecordField, hiding: Hiding) -> _Convert | None:
    if hiding is Hiding.HILANG:
        return None
    if hiding is Hiding.NOMOR:
        return lambda stored: mask_nik(str(stored))
    if hiding is Hiding.NAMA:
        return lambda stored: mask_name(str(stored))
    is_valid = field.compile()
    if hiding is Hiding.TAHUN:
        return lambda stored: stored[:4] if is_valid(stored) else None
    from_column = field.from_column
    if isinstance(field, Teks):
        return lambda stored: stored if is_valid(stored) and not _LONG_NUMBER.search(stored) else None
    if isinstance(field, Daftar):
        return lambda stored: _open_list(from_column(stored), is_valid)

    def pass_valid(stored: Any) -> Any:
        value = from_column(stored)
        return value if is_valid(value) else None

    return pass_valid


def _open_list(items: Any, is_valid: Callable[[Any], bool]) -> Any:
    """Pass a list of record ids; whatever else stands in it could be a person's number."""
    if not is_valid(items):
        return None
    return [item for item in items if _RECORD_ID.fullmatch(item)] or None


_RECORD_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
