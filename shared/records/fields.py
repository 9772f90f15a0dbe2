"""The field types of record kinds: marshmallow fields that also know label, merge group and masking.

A field's *body type* is what stands in a change body (JSON): ``str``, ``int``, ``bool`` or a list of
``str``. ``None`` never stands in a body: an absent member of a touched group means empty.
``fast`` tells in one plain call whether marshmallow would accept the value; a property test holds both
to the same answers (marshmallow costs seventeen times as much on the accepting path).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

from marshmallow import ValidationError
from marshmallow import fields as ma

from shared.codes import code_list
from shared.records import identifiers


class Writer(Enum):
    """Who may write a group: the desa's nodes, the hub, or both."""

    DESA = "desa"
    HUB = "hub"
    KEDUANYA = "keduanya"


@dataclass(frozen=True)
class FieldInfo:
    """What the house knows about a field beside its type; ``group`` is empty for a group of its own.

    ``personal`` says that the value tells who or where a person is, so it leaves the hub veiled or not at all
    (hub/ekspor/mask.py). ``since`` is the version of the kind that has brought the field, ``groups_before`` pairs
    a version with the group up to it, where a later one has split that group (shared/records/evolution.py).
    """

    label: str
    group: str = ""
    help: str = ""
    masked: bool = False
    writer: Writer | None = None
    indexed: bool = False
    personal: bool = False
    since: int = 1
    groups_before: tuple[tuple[int, str], ...] = ()

    def group_in(self, version: int) -> str:
        """Name the group that a version of the kind has put the field in; empty for one of its own."""
        earlier = [(last, group) for last, group in self.groups_before if version <= last]
        return min(earlier)[1] if earlier else self.group


_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_HASH = re.compile(r"[0-9a-f]{64}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def is_encodable(text: str) -> bool:
    """Tell whether a text can be stored: a lone surrogate (half of a broken character) cannot."""
    return text.isascii() or not _SURROGATE.search(text)


class RecordField(ma.Field[Any]):
    """Common base: strict about the body type, empty allowed unless ``required``.

    ``sql_type`` is the column type in a STRICT table; a list is stored as its JSON text.
    """

    body_type: type = str
    sql_type = "TEXT"
    length_max = 200

    def __init__(
        self,
        label: str,
        *,
        group: str = "",
        help: str = "",
        masked: bool = False,
        writer: Writer | None = None,
        indexed: bool = False,
        personal: bool = False,
        required: bool = False,
        since: int = 1,
        groups_before: Mapping[int, str] | None = None,
    ) -> None:
        super().__init__(required=required)
        before = tuple(sorted((groups_before or {}).items()))
        self.info = FieldInfo(label, group, help, masked, writer, indexed, personal, since, before)
        self.error_messages["required"] = f"{label} wajib diisi."
        self.error_messages["null"] = f"{label} tidak boleh kosong."

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not self.has_shape(value):
            raise ValidationError(f"{self.info.label} tidak dapat dibaca; isi ulang bidang ini.")
        problem = self.find_problem(value)
        if problem:
            raise ValidationError(problem)
        return value

    def has_shape(self, value: Any) -> bool:
        """Tell whether the value is of the body type and storable; the domain is not asked."""
        if type(value) is not self.body_type:
            return False
        return not isinstance(value, str) or (len(value) <= self.length_max and is_encodable(value))

    def find_problem(self, value: Any) -> str | None:
        """Say in Indonesian what hard rule the value breaks, or None."""
        return None

    def compile(self) -> Callable[[Any], bool]:
        """Make the plain predicate that accepts exactly what marshmallow accepts."""
        has_shape, find_problem = self.has_shape, self.find_problem
        if type(self).find_problem is RecordField.find_problem:
            return has_shape
        return lambda value: has_shape(value) and find_problem(value) is None

    def to_column(self, value: Any) -> Any:
        """Turn a body value into what SQLite stores."""
        return value

    def from_column(self, value: Any) -> Any:
        """Turn a stored value back into the body value."""
        return value


class Teks(RecordField):
    """Free text in one line; ``maks`` characters."""

    def __init__(self, label: str, *, maks: int = 200, **options: Any) -> None:
        super().__init__(label, **options)
        self.length_max = maks

    def find_problem(self, value: str) -> str | None:
        if not value or value.isspace():
            return f"{self.info.label} tidak boleh hanya spasi."
        return None


class Panjang(Teks):
    """Text of several lines."""

    def __init__(self, label: str, *, maks: int = 4000, **options: Any) -> None:
        super().__init__(label, maks=maks, **options)


class Nik(RecordField):
    """Nomor Induk Kependudukan; hard rules of shared.records.identifiers."""

    length_max = 40

    def __init__(self, label: str, **options: Any) -> None:
        super().__init__(label, masked=True, **options)

    def find_problem(self, value: str) -> str | None:
        for issue in identifiers.check_nik(value):
            if issue.severity == "hard":
                return issue.message
        return None


class NoKk(RecordField):
    """Nomor Kartu Keluarga; hard rules of shared.records.identifiers."""

    length_max = 40

    def __init__(self, label: str, **options: Any) -> None:
        super().__init__(label, masked=True, **options)

    def find_problem(self, value: str) -> str | None:
        for issue in identifiers.check_no_kk(value):
            if issue.severity == "hard":
                return issue.message
        return None


class Kode(RecordField):
    """A code of one of the reference lists in shared/codes/ref."""

    body_type = int
    sql_type = "INTEGER"

    def __init__(self, label: str, daftar: str, **options: Any) -> None:
        super().__init__(label, **options)
        self.daftar = daftar

    def has_shape(self, value: Any) -> bool:
        return type(value) is int and 0 <= value < 1 << 31

    def find_problem(self, value: int) -> str | None:
        if value not in code_list(self.daftar).items:
            return f"Kode {value} tidak ada dalam daftar {self.info.label.lower()}; pilih dari daftar."
        return None

    def compile(self) -> Callable[[Any], bool]:
        known = frozenset(code for code in code_list(self.daftar).items if type(code) is int)
        return lambda value: type(value) is int and value in known


class Pilihan(RecordField):
    """One of a few fixed words."""

    def __init__(self, label: str, pilihan: dict[str, str], **options: Any) -> None:
        super().__init__(label, **options)
        self.pilihan = pilihan

    def find_problem(self, value: str) -> str | None:
        if value not in self.pilihan:
            return f"{self.info.label}: pilih salah satu dari daftar."
        return None


class Tanggal(RecordField):
    """A calendar date as ``YYYY-MM-DD``."""

    length_max = 10

    def find_problem(self, value: str) -> str | None:
        if not _DATE.fullmatch(value):
            return f"{self.info.label} harus ditulis tahun-bulan-tanggal."
        try:
            date.fromisoformat(value)
        except ValueError:
            return f"{self.info.label} bukan tanggal yang ada di kalender."
        return None


class Bilangan(RecordField):
    """A whole number from ``dari`` to ``sampai``."""

    body_type = int
    sql_type = "INTEGER"

    def __init__(self, label: str, *, dari: int = 0, sampai: int = 10**9, **options: Any) -> None:
        super().__init__(label, **options)
        self.dari, self.sampai = dari, sampai

    def has_shape(self, value: Any) -> bool:
        return type(value) is int and -(1 << 53) < value < 1 << 53

    def find_problem(self, value: int) -> str | None:
        if not self.dari <= value <= self.sampai:
            return f"{self.info.label} harus antara {self.dari} dan {self.sampai}."
        return None


class Rupiah(Bilangan):
    """Money in whole rupiah."""

    def __init__(self, label: str, **options: Any) -> None:
        super().__init__(label, dari=0, sampai=10**15, **options)


class Ya(RecordField):
    """Yes or no."""

    body_type = bool
    sql_type = "INTEGER"

    def to_column(self, value: Any) -> Any:
        return None if value is None else int(value)

    def from_column(self, value: Any) -> Any:
        return None if value is None else bool(value)


class Rujukan(RecordField):
    """The id of another record; ``kind`` names what it points to (``None``: any kind)."""

    length_max = 36

    def __init__(self, label: str, kind: str | None, **options: Any) -> None:
        super().__init__(label, **options)
        self.kind = kind

    def find_problem(self, value: str) -> str | None:
        if not _UUID.fullmatch(value):
            return f"{self.info.label} harus menunjuk data yang ada; pilih dari daftar."
        return None


class KodeDesa(RecordField):
    """Dotted Kemendagri code of a desa."""

    length_max = 13

    def find_problem(self, value: str) -> str | None:
        for issue in identifiers.check_kode_desa(value):
            if issue.severity == "hard":
                return issue.message
        return None


class Lampiran(RecordField):
    """An attachment, named by the SHA-256 of its bytes in hex; the bytes travel apart (shared/store/blobs.py).

    Nothing else has its shape: the name of a file is made of it.
    """

    length_max = 64

    def __init__(self, label: str, **options: Any) -> None:
        super().__init__(label, personal=True, **options)

    def has_shape(self, value: Any) -> bool:
        return type(value) is str and _HASH.fullmatch(value) is not None


class Daftar(RecordField):
    """A list of short texts (ids, references), stored as JSON text."""

    body_type = list
    item_length_max = 200

    def __init__(self, label: str, *, maks: int = 1000, **options: Any) -> None:
        super().__init__(label, **options)
        self.items_max = maks

    def has_shape(self, value: Any) -> bool:
        return (
            type(value) is list
            and len(value) <= self.items_max
            and all(type(item) is str and len(item) <= self.item_length_max and is_encodable(item) for item in value)
        )

    def to_column(self, value: Any) -> Any:
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def from_column(self, value: Any) -> Any:
        return None if value is None else json.loads(value)
