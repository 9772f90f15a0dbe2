"""What an issued letter keeps of itself: everything that was printed, so that it can be printed again as it was.

It is stored as JSON in ``surat.cetakan`` and drawn by ``node/cetak/cetakan.py``; nothing of it is looked up again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict, cast

from shared.errors import DamageError

FORMAT = 1


class KopSurat(TypedDict):
    """The head of the sheet; ``desa`` with what it is (Desa Selakambang), ``kode`` dotted."""

    kode: str
    kabupaten: str
    kecamatan: str
    desa: str
    alamat: str
    telepon: str
    email: str


class TandaTangan(TypedDict):
    """Who signs: ``jabatan`` are the lines above the name (``a.n. Kepala Desa Selakambang``, ``Sekretaris Desa``)."""

    cara: str
    jabatan: list[str]
    nama: str
    nip: str


class Cetakan(TypedDict):
    """One letter as it stands on paper. ``bagian`` is the body as ``shared.surat.isi.fill`` makes it. Dates are ISO.

    ``nomor`` is empty on a concept, and ``kode`` and ``tanda`` are missing there. ``nama`` is whom the letter is for.
    """

    format: int
    jenis: str
    judul: str
    nomor: str
    kertas: str
    kop: KopSurat
    bagian: list[dict[str, Any]]
    mengetahui_camat: bool
    nama: str
    tempat: str
    tanggal: str
    berlaku_sampai: str
    tanda_tangan: TandaTangan
    kode: NotRequired[str]
    tanda: NotRequired[str]


def write_cetakan(cetakan: Cetakan) -> str:
    """Write a snapshot as it is stored."""
    return json.dumps(cetakan, ensure_ascii=False, separators=(",", ":"))


def read_cetakan(text: str) -> Mapping[str, Any]:
    """Read a stored snapshot; DamageError when it is none."""
    try:
        found = json.loads(text)
        if not isinstance(found, dict) or not isinstance(found.get("bagian"), list):
            raise ValueError
    except ValueError:
        raise DamageError("printed data of a letter cannot be read") from None
    return cast(Mapping[str, Any], found)
