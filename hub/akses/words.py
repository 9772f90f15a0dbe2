"""What the rows of the access audit say, in plain words, here and to the desa."""

from __future__ import annotations

import re
import sqlite3

from hub.beranda.reveals import REASONS
from hub.roles import ROLES
from hub.verval.values import name_petugas
from shared.codes import wilayah
from shared.lampid.book import write_bulan
from shared.web import audit

ACTIONS = {
    **audit.ACTIONS,
    "kasus_dibuka": "Membuka kasus verval",
    "ekspor_teridentifikasi": "Mengambil data beridentitas untuk kabupaten",
}
_THINGS = {
    "slot_dibuka": "Pendaftaran komputer", "slot_ditarik": "Pendaftaran komputer",
    "calon_disetujui": "Komputer desa", "calon_ditolak": "Komputer desa", "kunci_dicabut": "Komputer desa",
    "kunci_dipulihkan": "Komputer desa", "karantina_diambil": "Komputer desa", "lampid_diperiksa": "Laporan LAMPID",
    "hapus_diusulkan": "Penghapusan isi", "hapus_disetujui": "Penghapusan isi", "hapus_ditolak": "Penghapusan isi",
    "hapus_susulan": "Penghapusan isi", "pindaian_dilihat": "Pindaian pada kasus", "kasus_dibuka": "Kasus verval",
}
"""What an act is about where its subject is a number that nobody knows by heart."""
_ID = re.compile(r"[0-9a-f]{10}|[0-9a-f-]{32,}")
_LAMPID = re.compile(r"([0-9.]+) ([0-9]{4}-[0-9]{2}) (\w+)")
_CASE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{8}){7}")
_LABELS = {role.name: role.label for role in ROLES}
_READER = "pembaca:"


def is_case(subject: str) -> bool:
    """Tell whether a subject is a case, as it stands in addresses."""
    return _CASE.fullmatch(subject) is not None


def describe_subject(action: str, subject: str) -> str:
    """Name what an act is about when it is neither a person nor a computer that is known here."""
    if _ID.fullmatch(subject):
        return _THINGS.get(action, "")
    return wilayah.nama(subject) or subject


def describe_detail(action: str, detail: str) -> str:
    """Say for what something was opened; purposes and roles by their labels."""
    if action == "nik_ditampilkan":
        return REASONS.get(detail, detail)
    if action in ("akun_dibuat", "peran_diganti"):
        return _LABELS.get(detail, detail)
    if month := _LAMPID.fullmatch(detail):
        desa, bulan, taraf = month.groups()
        return f"{wilayah.nama(desa) or desa}, {write_bulan(bulan)}: {taraf}"
    if action.startswith(("slot_", "pindaian_")):
        return wilayah.nama(detail) or detail
    return "dengan kode dari admin" if action == "sandi_diganti" and detail else detail


def describe_act(action: str) -> str:
    """Name an act."""
    return ACTIONS.get(action, action.replace("_", " ").capitalize())


def describe_purpose(purpose: str) -> str:
    """Name a purpose that was chosen; one that was typed stands as it is."""
    return REASONS.get(purpose, purpose)


def describe_who(conn: sqlite3.Connection, petugas: str, role: str) -> tuple[str, str]:
    """Name who looked, and as what, as it stands on the screens here: an officer, or a reader of exports."""
    if petugas.startswith(_READER):
        return petugas.removeprefix(_READER), "Pembaca ekspor, kabupaten"
    return name_petugas(conn, petugas), _LABELS.get(role, "")
