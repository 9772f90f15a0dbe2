"""What a letter takes over from the event that it is about, so that nobody types it twice: pure.

NIK are among it; the form of a letter masks them (node/surat/forms.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from node.lampid.rules import propose_parents
from node.penduduk.index import Person
from shared.codes import wilayah
from shared.records.lampid import LAHIR, MATI, PINDAH
from shared.surat.fakta import HARI, read_date, write_code
from shared.surat.jenis import JenisSurat

SURAT_PERISTIWA: Mapping[str, str] = {
    MATI: "keterangan-kematian", PINDAH: "pengantar-pindah", LAHIR: "keterangan-kelahiran",
}
"""The shipped letter of each kind of event."""

_PENOLONG = {1: "Dokter", 2: "Bidan atau perawat", 3: "Dukun", 4: "Lainnya"}
_WILAYAH = (("desa_tujuan", 13), ("kecamatan_tujuan", 8), ("kabupaten_tujuan", 5), ("provinsi_tujuan", 2))


def read_isian(
    jenis: JenisSurat, event: Mapping[str, Any], person: Mapping[str, Any], others: Sequence[str], applicant: str
) -> dict[str, Any]:
    """Give the fields of a letter that an event knows: name of the field → value, as a draft keeps them.

    ``person`` is the resident of the event, ``others`` the names of those who were reported with him, ``applicant``
    the name of whom the letter is for. Empty when the letter is not about such an event.
    """
    if event.get("jenis") != jenis.tentang or jenis.tentang not in _READERS:
        return {}
    found = _READERS[str(event["jenis"])](event, person, others, applicant)
    return {name: value for name, value in found.items() if value not in (None, "")}


def read_parents(jenis: JenisSurat, members: Sequence[Person], applicant: str) -> dict[str, Any]:
    """Give what the letter of a birth knows without an event: the parents, from those who live in the family.

    Empty for other letters, and where the applicant is neither of the two: a grandchild is not guessed.
    """
    mother, father = propose_parents(members)
    if jenis.tentang != LAHIR or applicant not in [p.nama for p in (mother, father) if p is not None]:
        return {}
    found = {
        f"{name}_{side}": getattr(parent, name)
        for side, parent in (("ibu", mother), ("ayah", father)) if parent is not None for name in ("nama", "nik")
    }
    found["hubungan"] = "Ayah" if father is not None and applicant == father.nama else "Ibu"
    return {name: value for name, value in found.items() if value}


def add_niks(child: Mapping[str, Any], members: Sequence[Person]) -> dict[str, Any]:
    """Add the NIK of parents of whom the child's record says the name alone and who are on the same card."""
    found = dict(child)
    for side in ("ayah", "ibu"):
        same = [p.nik for p in members if p.nama == child.get(f"{side}_nama") and p.id != child.get("id")]
        if not found.get(f"{side}_nik") and len(same) == 1:
            found[f"{side}_nik"] = same[0]
    return found


def _read_death(event: Mapping[str, Any], _: Mapping[str, Any], __: Sequence[str], ___: str) -> dict[str, Any]:
    return {
        "hari_meninggal": _name_day(event), "tanggal_meninggal": event.get("tanggal_peristiwa"),
        "pukul": _write_time(event), "tempat": event.get("tempat"),
        "sebab": write_code("penyebab_kematian", event.get("penyebab")), "pelapor": event.get("pelapor"),
        "hubungan": event.get("hubungan_pelapor"),
    }


def _read_move(event: Mapping[str, Any], _: Mapping[str, Any], others: Sequence[str], __: str) -> dict[str, Any]:
    code = str(event.get("desa_lain") or "")
    places = {name: wilayah.nama(code[:length]) for name, length in _WILAYAH if code}
    return {
        **places, "alamat_tujuan": event.get("alamat_lain"), "tanggal_pindah": event.get("tanggal_peristiwa"),
        "alasan": str(event.get("alasan") or "").lower(), "pengikut": "\n".join(others),
        "kode_pindah": event.get("token"),
    }


def _read_birth(
    event: Mapping[str, Any], child: Mapping[str, Any], _: Sequence[str], applicant: str
) -> dict[str, Any]:
    size = [
        f"{event[name]} {unit}" for name, unit in (("berat_gram", "gram"), ("panjang_cm", "cm")) if event.get(name)
    ]
    parents = {child.get("ayah_nama"): "Ayah", child.get("ibu_nama"): "Ibu"}
    return {
        "nama_anak": child.get("nama"), "hari_lahir": _name_day(event),
        "jenis_kelamin_anak": {1: "Laki-laki", 2: "Perempuan"}.get(child.get("jenis_kelamin") or 0),
        "tanggal_lahir_anak": event.get("tanggal_peristiwa"), "pukul": _write_time(event),
        "tempat_lahir_anak": event.get("tempat") or child.get("tempat_lahir"), "anak_ke": event.get("anak_ke"),
        "berat_panjang": ", ".join(size), "penolong": _PENOLONG.get(event.get("penolong") or 0),
        "nama_ibu": child.get("ibu_nama"), "nama_ayah": child.get("ayah_nama"),
        "nik_ibu": child.get("ibu_nik"), "nik_ayah": child.get("ayah_nik"),
        "hubungan": parents.get(applicant) or "",
    }


_READERS = {MATI: _read_death, PINDAH: _read_move, LAHIR: _read_birth}


def _name_day(event: Mapping[str, Any]) -> str:
    day = read_date(event.get("tanggal_peristiwa"))
    return HARI[day.weekday()] if day else ""


def _write_time(event: Mapping[str, Any]) -> str:
    return f"{str(event['jam']).replace(':', '.')} WIB" if event.get("jam") else ""
