"""Pure rules of events: what each form asks, what cannot be, what is odd, who may head the family next."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from node.penduduk.index import Person
from node.penduduk.rules import HIDUP, KEPALA, TIDAK_VALID, count_age
from shared.records.lampid import DATANG, HILANG, KEMBALI, LAHIR, MATI, PINDAH
from shared.web.forms import write_date

STATUS_MATI, STATUS_PINDAH, STATUS_HILANG, STATUS_PERGI = 2, 3, 4, 6
STATUS_OF: Mapping[str, int] = {
    LAHIR: HIDUP, MATI: STATUS_MATI, PINDAH: STATUS_PINDAH, HILANG: STATUS_HILANG, DATANG: HIDUP, KEMBALI: HIDUP,
}
"""Code of status_dasar that an event leaves."""

AWAY = frozenset({STATUS_PINDAH, STATUS_HILANG, STATUS_PERGI})
LEAVING = (MATI, PINDAH, HILANG)
SPOUSES = (2, 3)
ANAK, MENANTU, CUCU, FAMILI_LAIN = 4, 5, 6, 9
HEAD_AGE_MIN = 17
PARENT_AGE_MIN, MOTHER_AGE_MAX, DEATH_AGE_MAX = 12, 55, 110
LATE_DAYS, AHEAD_DAYS = 365, 7
CLOCK_SET_FROM = "2026-01-01"
"""A clock that shows an earlier day was never set: this program is younger."""
LAPORAN = ("tanggal_lapor", "pelapor", "hubungan_pelapor", "catatan")


@dataclass(frozen=True)
class Bentuk:
    """What the form of one kind asks: ``fields`` of the event, and what the date and others are called there."""

    judul: str
    tombol: str
    keterangan: str
    fields: tuple[str, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    wajib: tuple[str, ...] = ()


LATER_FIELDS = ("akta_susulan", "keterangan_susulan")
"""What may be written after an event was reported; the number of a certificate of birth belongs to the biodata."""

BENTUK: Mapping[str, Bentuk] = {
    LAHIR: Bentuk(
        "Kelahiran", "Catat kelahiran", "Bayi menjadi penduduk baru dan masuk ke keluarga ibunya. NIK boleh menyusul.",
        ("tanggal_peristiwa", "jam", "tempat_dilahirkan", "penolong", "jenis_kelahiran", "anak_ke", "berat_gram",
         "panjang_cm", "akta"),
        {"tanggal_peristiwa": "Tanggal lahir", "jam": "Jam lahir", "akta": "Nomor akta lahir"},
    ),
    MATI: Bentuk(
        "Kematian", "Catat kematian", "Datanya tidak dihapus: statusnya menjadi meninggal dan riwayatnya tetap ada.",
        ("tanggal_peristiwa", "jam", "tempat", "penyebab", "yang_menerangkan", "akta"),
        {"tanggal_peristiwa": "Tanggal meninggal", "tempat": "Tempat meninggal", "akta": "Nomor akta kematian"},
    ),
    PINDAH: Bentuk(
        "Pindah keluar desa", "Catat pindah keluar", "Untuk orang atau keluarga yang pindah ke luar desa.",
        ("tanggal_peristiwa", "jenis_pindah", "desa_lain", "alamat_lain", "alasan"),
        {"tanggal_peristiwa": "Tanggal pindah", "desa_lain": "Desa tujuan, bila satu kecamatan",
         "alamat_lain": "Alamat tujuan", "alasan": "Alasan pindah", "jenis_pindah": "Pindah sejauh apa"},
        ("jenis_pindah",),
    ),
    HILANG: Bentuk(
        "Orang hilang", "Catat orang hilang", "Bila kelak ditemukan, catat sebagai kembali atau meninggal.",
        ("tanggal_peristiwa", "tempat", "alasan"),
        {"tanggal_peristiwa": "Tanggal terakhir diketahui", "tempat": "Tempat terakhir diketahui",
         "alasan": "Keterangan"},
    ),
    DATANG: Bentuk(
        "Pindah masuk", "Catat pindah masuk", "Untuk orang atau keluarga yang baru menjadi penduduk desa.",
        ("tanggal_peristiwa", "token", "jenis_pindah", "desa_lain", "alamat_lain", "alasan"),
        {"tanggal_peristiwa": "Tanggal datang", "token": "Kode pindah pada surat",
         "jenis_pindah": "Datang dari mana", "desa_lain": "Desa asal, bila satu kecamatan",
         "alamat_lain": "Alamat asal", "alasan": "Alasan pindah"},
    ),
    KEMBALI: Bentuk(
        "Kembali", "Catat kembali", "Untuk orang yang dulu tercatat pindah, hilang, atau pergi. Datanya dipakai lagi.",
        ("tanggal_peristiwa", "token", "alamat_lain"),
        {"tanggal_peristiwa": "Tanggal kembali", "token": "Kode pindah pada surat", "alamat_lain": "Datang dari"},
    ),
}
CHILD_FIELDS = ("nama", "jenis_kelamin", "tempat_lahir", "nik", "agama", "warganegara", "hubungan")
ARRIVAL_FIELDS = ("nama", "nik", "jenis_kelamin", "tempat_lahir", "tanggal_lahir", "hubungan",
                  "status_tinggal", "agama", "status_kawin", "pendidikan", "pekerjaan", "warganegara", "ayah_nama",
                  "ibu_nama")
HOME_FIELDS = ("no_kk", "alamat", "dusun", "rw", "rt")
KINDS_OF_STATUS: Mapping[int, tuple[str, ...]] = {
    HIDUP: (MATI, PINDAH, HILANG), STATUS_PINDAH: (KEMBALI, MATI), STATUS_HILANG: (KEMBALI, MATI),
    STATUS_PERGI: (KEMBALI, MATI),
}
"""Which kinds can be reported of somebody, by status."""


def find_state_problem(jenis: str, nama: str, status: int | None, since: str | None) -> str:
    """Say why an event cannot happen to somebody whose status is this, or ""."""
    status = status or HIDUP
    if jenis in KINDS_OF_STATUS.get(status, ()):
        return ""
    day = f" pada {write_date(since)}" if since else ""
    if status == STATUS_MATI:
        return (
            f"{nama} sudah tercatat meninggal{day}. Bila itu keliru, buka peristiwanya di biodata lalu tekan Batalkan."
        )
    if status == TIDAK_VALID:
        again = " Bila ia memang datang, catat lagi sebagai pindah masuk." if jenis == KEMBALI else ""
        return f"Data {nama} berstatus tidak valid, jadi tidak dapat diberi peristiwa. Periksa dulu datanya.{again}"
    if jenis == KEMBALI:
        return f"{nama} tercatat masih tinggal di desa, jadi tidak perlu dicatat kembali."
    return f"{nama} sudah tidak tercatat tinggal di desa{day}. Bila sudah pulang, catat dulu sebagai kembali."


def find_date_problems(
    values: Mapping[str, Any], today: str, born: Mapping[str, str] | None = None, known: str = ""
) -> dict[str, str]:
    """Say per field what cannot be true of the dates; ``born`` maps names to birth dates.

    ``today`` is what this computer believes, ``known`` the last day that the kecamatan has signed. A report of next
    year is a slip, or this clock is wrong: both are to be mended first, for every month up to it would stand open.
    """
    happened, reported = values.get("tanggal_peristiwa") or "", values.get("tanggal_lapor") or ""
    found: dict[str, str] = {}
    if reported and _is_far_ahead(reported, today, known):
        found["tanggal_lapor"] = (
            f"Tanggal lapor masih jauh di depan. Jam komputer ini menunjukkan {write_date(today)}; betulkan dulu bila"
            " salah."
        )
    if happened and reported and happened > reported:
        found["tanggal_peristiwa"] = "Tanggal kejadian sesudah tanggal lapor. Periksa keduanya."
    for nama, day in (born or {}).items():
        if happened and day and happened < day and "tanggal_peristiwa" not in found:
            found["tanggal_peristiwa"] = f"{nama} lahir {write_date(day)}; kejadiannya tidak mungkin sebelum itu."
    return found


def _is_far_ahead(reported: str, today: str, known: str) -> bool:
    """Tell whether a day is ahead of all that may be today.

    A clock that was never set, or is behind what the kecamatan has signed, says nothing: an old PC with an empty
    battery keeps nobody from work, and a slip of the year is still a year.
    """
    if max(today, known) < CLOCK_SET_FROM:
        return False
    return _count_days(known, reported) > LATE_DAYS if today < known else _count_days(today, reported) > AHEAD_DAYS


def list_oddities(
    jenis: str, values: Mapping[str, Any], *, born: str | None = None, status: int | None = None,
    before: str | None = None,
) -> list[str]:
    """List what is seldom so of one person but may be true: people are asked, nothing is refused.

    ``before`` is the date of the last event of the same person.
    """
    happened, found = values.get("tanggal_peristiwa") or "", []
    if happened and before and happened < before:
        found.append(f"Kejadian ini lebih dulu daripada peristiwa terakhirnya ({write_date(before)}).")
    if jenis == MATI and status in AWAY:
        found.append("Orang ini sudah tidak terhitung sebagai penduduk, jadi jumlah penduduk tidak berkurang lagi.")
    age = count_age(born, date.fromisoformat(happened)) if happened and born else None
    if jenis == MATI and age is not None and age > DEATH_AGE_MAX:
        found.append(f"Umurnya {age} tahun.")
    return found


def list_date_oddities(values: Mapping[str, Any], today: str) -> list[str]:
    """List what is seldom so of the dates. ``today`` is what this computer believes; its clock may be years off."""
    happened, reported = values.get("tanggal_peristiwa") or "", values.get("tanggal_lapor") or ""
    found = []
    if reported > today:
        found.append(f"Tanggal lapor belum tiba; menurut komputer ini hari ini {write_date(today)}.")
    if happened and reported and _count_days(happened, reported) > LATE_DAYS:
        found.append("Kejadiannya lebih dari setahun sebelum dilaporkan.")
    return found


def list_birth_oddities(born: str, mother: Person | None, father: Person | None) -> list[str]:
    """List what is seldom so of a birth on a day."""
    found = []
    for parent, word in ((mother, "Ibu"), (father, "Ayah")):
        if parent is None or not parent.tanggal_lahir or not born:
            continue
        age = count_age(parent.tanggal_lahir, date.fromisoformat(born))
        if age is None or age < PARENT_AGE_MIN:
            found.append(f"{word} baru berumur {age or 0} tahun pada hari itu.")
        elif parent is mother and age > MOTHER_AGE_MAX:
            found.append(f"Ibu berumur {age} tahun pada hari itu.")
    return found


def list_head_oddities(head: Person | None, day: str) -> list[str]:
    """List what is seldom so of whoever is to head a family from a day on."""
    age = count_age(head.tanggal_lahir, date.fromisoformat(day)) if head is not None and day else None
    if head is None or age is None or age >= HEAD_AGE_MIN:
        return []
    return [f"Kepala keluarga yang baru, {head.nama}, baru berumur {age} tahun."]


def propose_head(leaving: Person, staying: Sequence[Person]) -> str:
    """Propose who heads the family next: the spouse, else the eldest; "" when nobody stays."""
    if not staying:
        return ""
    spouse = next((p for p in staying if p.hubungan in SPOUSES), None)
    if spouse is not None and leaving.hubungan == KEPALA:
        return spouse.id
    return min(staying, key=lambda p: (p.tanggal_lahir or "9", p.hubungan or 99, p.nama)).id


def propose_place(mother: Person | None) -> int:
    """Propose the place of a newborn on its mother's card."""
    if mother is None or mother.hubungan in (KEPALA, *SPOUSES):
        return ANAK
    return CUCU if mother.hubungan in (ANAK, MENANTU) else FAMILI_LAIN


def is_named(text: str, nama: str) -> bool:
    """Tell whether the stored text of a letter names somebody, whole words only."""
    return bool(nama) and re.search(rf"(?<!\w){re.escape(nama)}(?!\w)", text.replace("\\n", "\n")) is not None


def propose_parents(members: Sequence[Person]) -> tuple[Person | None, Person | None]:
    """Propose mother and father of a newborn: head and spouse, by their sex; a child of the house is not guessed."""
    couple = [p for p in members if p.hubungan in (KEPALA, *SPOUSES)]
    mother = next((p for p in couple if p.jenis_kelamin == 2), None)
    return mother, next((p for p in couple if p.jenis_kelamin == 1), None)


def split_parents(members: Sequence[Person]) -> tuple[list[Person], list[Person]]:
    """Part a family into who may be mother and who father, likeliest first: head and spouse, then by age."""
    likely = sorted(members, key=lambda p: (p.hubungan not in (KEPALA, *SPOUSES), p.tanggal_lahir or "9"))
    return [p for p in likely if p.jenis_kelamin != 1], [p for p in likely if p.jenis_kelamin != 2]


def _count_days(start: str, end: str) -> int:
    return (date.fromisoformat(end) - date.fromisoformat(start)).days
