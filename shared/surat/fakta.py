"""The facts that a letter prints, as words: a resident, the office, the letter, the extra fields. Pure."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from shared.codes import code_list
from shared.codes import wilayah as codes
from shared.surat.jenis import JenisSurat

PERSON_FACTS = {
    "nama": "Nama", "nik": "NIK", "no_kk": "Nomor KK", "ttl": "Tempat, tanggal lahir", "tempat_lahir": "Tempat lahir",
    "tanggal_lahir": "Tanggal lahir", "umur": "Umur", "jenis_kelamin": "Jenis kelamin", "agama": "Agama",
    "status_kawin": "Status perkawinan", "pekerjaan": "Pekerjaan", "pendidikan": "Pendidikan",
    "warganegara": "Kewarganegaraan", "golongan_darah": "Golongan darah", "alamat": "Alamat lengkap",
    "hubungan": "Hubungan dalam keluarga", "kepala_keluarga": "Nama kepala keluarga", "ayah": "Nama ayah",
    "ibu": "Nama ibu",
}
LETTER_FACTS = {
    "keperluan": "Keperluan", "tujuan": "Ditujukan kepada", "nomor": "Nomor surat", "hari": "Hari surat ditulis",
    "tanggal_surat": "Tanggal surat", "tahun": "Tahun surat", "berlaku_sampai": "Berlaku sampai",
    "penandatangan": "Nama penanda tangan", "jabatan": "Jabatan penanda tangan",
}
OFFICE_FACTS = {
    "desa": "Nama desa", "sebutan_desa": "Desa atau Kelurahan", "jabatan_kepala": "Kepala Desa atau Lurah",
    "kecamatan": "Nama kecamatan",
    "kabupaten": "Kabupaten atau kota", "provinsi": "Provinsi", "alamat_kantor": "Alamat kantor",
}
HARI = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
BULAN = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November",
    "Desember",
)
_CODED = {
    "jenis_kelamin": "jenis_kelamin", "agama": "agama", "status_kawin": "status_kawin", "pekerjaan": "pekerjaan",
    "pendidikan": "pendidikan_kk", "warganegara": "warganegara", "golongan_darah": "golongan_darah",
    "hubungan": "shdk",
}
# What stays in capitals when a label is written as on a letter.
_CAPITALS = {"PNS", "TNI", "POLRI", "WNI", "WNA", "SD", "SLTP", "SLTA", "SMP", "SMA", "BUMN", "BUMD", "DPRD", "DPD",
             "DPR-RI", "BPK", "RT", "RW", "II", "III", "IV", "A", "B", "AB", "O", "A+", "A-", "B+", "B-", "AB+", "AB-",
             "O+", "O-"}


def person_facts(
    row: Mapping[str, Any], *, today: date, desa: str, dusun: str = "", no_kk: str = "", kepala: str = ""
) -> dict[str, str]:
    """Write a ``penduduk`` row (or the data of somebody else, under the same names) as printed words.

    ``desa`` is the code of the office, which ends the address; for somebody from elsewhere hand in "".
    """
    born = read_date(row.get("tanggal_lahir"))
    facts = {
        "nama": str(row.get("nama") or ""), "nik": str(row.get("nik") or ""), "no_kk": no_kk,
        "tempat_lahir": write_place(row.get("tempat_lahir")),
        "tanggal_lahir": write_date(born) if born else "",
        "umur": f"{count_years(born, today)} tahun" if born and born <= today else "",
        "alamat": write_address(row, dusun, desa), "kepala_keluarga": kepala,
        "ayah": str(row.get("ayah_nama") or ""), "ibu": str(row.get("ibu_nama") or ""),
    }
    facts["ttl"] = ", ".join(part for part in (facts["tempat_lahir"], facts["tanggal_lahir"]) if part)
    for name, listed in _CODED.items():
        facts[name] = write_code(listed, row.get(name))
    return facts


def office_facts(desa: str, alamat: str = "") -> dict[str, str]:
    """Write whose letter it is: names of desa, kecamatan, kabupaten and provinsi from the code of the desa."""
    kecamatan, kabupaten, provinsi = (codes.nama(desa[:length]) or "" for length in (8, 5, 2))
    return {
        "desa": codes.nama(desa) or desa, "sebutan_desa": name_kind(desa), "kecamatan": kecamatan,
        "jabatan_kepala": "Lurah" if name_kind(desa) == "Kelurahan" else "Kepala Desa",
        "kabupaten": kabupaten, "provinsi": provinsi, "alamat_kantor": alamat,
    }


def name_kind(desa: str) -> str:
    """Say what a code names; the last four digits of a kelurahan begin with 1."""
    return "Kelurahan" if desa.rpartition(".")[2].startswith("1") else "Desa"


def letter_facts(jenis: JenisSurat, tanggal: date, **facts: str) -> dict[str, str]:
    """Write the letter's own facts: dates in words beside ``keperluan``, ``tujuan``, ``nomor`` and the signer."""
    until = valid_until(jenis, tanggal)
    return {
        **dict.fromkeys(LETTER_FACTS, ""), **facts, "hari": HARI[tanggal.weekday()],
        "tanggal_surat": write_date(tanggal), "tahun": str(tanggal.year),
        "berlaku_sampai": write_date(until) if until else "",
    }


def isian_facts(
    jenis: JenisSurat, values: Mapping[str, Any], persons: Mapping[str, Mapping[str, str]] | None = None
) -> dict[str, str]:
    """Write the extra fields; ``persons`` has the facts of each other resident, by the name of its field."""
    facts: dict[str, str] = {}
    for one in jenis.isian:
        if one.tipe == "penduduk":
            facts |= {f"isian.{one.nama}.{name}": text for name, text in (persons or {}).get(one.nama, {}).items()}
            continue
        raw = str(values.get(one.nama) or "").strip()
        moment = read_date(raw) if one.tipe == "tanggal" else None
        if moment:
            raw = write_date(moment)
        elif one.tipe == "bilangan" and raw.lstrip("-").isdecimal():
            raw = write_number(int(raw))
        facts[f"isian.{one.nama}"] = raw
    return facts


def valid_until(jenis: JenisSurat, tanggal: date) -> date | None:
    """Compute the last day on which a letter of this date is valid; None: without end."""
    if not jenis.berlaku:
        return None
    if jenis.satuan in ("hari", "minggu"):
        return tanggal + timedelta(days=jenis.berlaku * (7 if jenis.satuan == "minggu" else 1))
    months = tanggal.year * 12 + tanggal.month - 1 + jenis.berlaku * (12 if jenis.satuan == "tahun" else 1)
    year, month = divmod(months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(tanggal.day, calendar.monthrange(year, month + 1)[1]))


def read_date(value: Any) -> date | None:
    """Read a stored date (ISO text or date); None when there is none."""
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)) if value else None
    except ValueError:
        return None


def write_date(value: date) -> str:
    """Write a date as on letters: 1 Januari 2026."""
    return f"{value.day} {BULAN[value.month - 1]} {value.year}"


def write_number(value: int) -> str:
    """Write a whole number with the dots of Indonesian notation."""
    return f"{value:,}".replace(",", ".")


def count_years(born: date, today: date) -> int:
    """Count the whole years between two days."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def write_code(listed: str, value: Any) -> str:
    """Write the label of a coded value as on a letter; text that is no code is printed as it is."""
    if value is None or value == "":
        return ""
    label = code_list(listed).label(int(value)) if str(value).isdecimal() else str(value)
    if label is None:
        return ""
    if label.upper() in ("TIDAK TAHU", "-"):
        return ""
    return " ".join(_write_word(word) for word in label.split())


def write_place(value: Any) -> str:
    """Write the name of a place with capital initials when it was stored in capitals alone."""
    text = str(value or "").strip()
    return text.title() if text.isupper() else text


_NAMES_RT = re.compile(r"\bRT\b[ .:]*[0-9]", re.I)


def write_address(row: Mapping[str, Any], dusun: str, desa: str) -> str:
    """Write an address in one line: street, RT and RW, dusun, and the places of the office."""
    street = str(row.get("alamat") or "").strip()
    parts = [street]
    rt, rw = (str(row.get(name) or "").strip() for name in ("rt", "rw"))
    # Many villages have typed RT and RW into the street, too.
    if (rt or rw) and not _NAMES_RT.search(street):
        parts.append(" ".join(part for part in (f"RT {rt}" if rt else "", f"RW {rw}" if rw else "") if part))
    if dusun:
        parts.append(dusun if dusun.lower().startswith("dusun") else f"Dusun {write_place(dusun)}")
    if desa:
        office = office_facts(desa)
        parts += [f"{office['sebutan_desa']} {office['desa']}", f"Kecamatan {office['kecamatan']}", office["kabupaten"]]
    return ", ".join(part for part in parts if part)


def _write_word(word: str) -> str:
    if word.strip("()").upper() in _CAPITALS:
        return word.upper()
    return "/".join(part[:1].upper() + part[1:].lower() for part in word.split("/"))
