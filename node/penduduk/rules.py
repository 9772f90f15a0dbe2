"""Pure rules of the pages of penduduk: which field stands where, how a value is written, who is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any

from node.penduduk.index import Person
from shared.codes import code_list
from shared.records import fields as record_fields
from shared.records.catalogue import CATALOGUE
from shared.records.fields import RecordField
from shared.records.identifiers import mask_nik
from shared.web.forms import write_date, write_misshapen, write_number

PENDUDUK = CATALOGUE["penduduk"]
LABELS: Mapping[str, Mapping[int, str]] = {
    "status_rekam": {
        1: "BELUM WAJIB", 2: "BELUM REKAM", 3: "SUDAH REKAM", 4: "SUDAH DICETAK", 5: "SIAP CETAK",
        6: "DALAM PENGIRIMAN", 7: "DIKIRIM UNTUK DICETAK", 8: "SUDAH DITERIMA WARGA",
    }
}
"""Words for codes whose official label is English; files between systems keep the official one."""

KEPALA = 1
HIDUP = 1
TIDAK_VALID = 9

STATUS_HINT = "Meninggal, pindah, atau hilang tidak dipilih di sini: catat peristiwanya, supaya masuk laporan bulanan."
STATUS_FIELDS = ("status_dasar", "tanggal_status", "sebab_status")
SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Identitas", ("nik", "nama", "jenis_kelamin", "tempat_lahir", "tanggal_lahir", "agama", "warganegara",
                   "status_kawin", "golongan_darah", "suku", "telepon")),
    ("Keluarga dan alamat", ("hubungan", "alamat", "dusun", "rw", "rt", "status_tinggal", "alamat_sekarang")),
    ("Orang tua", ("ayah_nama", "ayah_nik", "ibu_nama", "ibu_nik")),
    ("Status", STATUS_FIELDS),
    ("Pendidikan dan pekerjaan", ("pendidikan", "pendidikan_sedang", "membaca", "pekerjaan")),
    ("Dokumen", ("ktp_el", "status_rekam", "tag_id_card", "tempat_cetak_ktp", "tanggal_cetak_ktp", "akta_lahir",
                 "akta_perkawinan", "tanggal_perkawinan", "akta_perceraian", "tanggal_perceraian", "paspor",
                 "paspor_berakhir", "kitas")),
    ("Kesehatan dan jaminan", ("cacat", "hamil", "cara_kb", "asuransi", "no_asuransi")),
    ("Letak rumah", ("lat", "lng")),
)
"""Every field but ``keluarga``, which people change on the family card, and ``foto``, which has a form of its own."""

FORM_FIELDS: tuple[str, ...] = tuple(name for _, names in SECTIONS for name in names)

COLUMNS: Mapping[str, str] = {
    "nik": "NIK",
    "jk": "L/P",
    "umur": "Umur",
    "tanggal_lahir": "Tanggal lahir",
    "tempat_lahir": "Tempat lahir",
    "hubungan": "Hubungan",
    "no_kk": "Nomor KK",
    "alamat": "Alamat",
    "dusun": "Dusun",
    "rt_rw": "RT/RW",
    "agama": "Agama",
    "status_kawin": "Status kawin",
    "pendidikan": "Pendidikan",
    "membaca": "Membaca huruf",
    "pekerjaan": "Pekerjaan",
    "golongan_darah": "Gol. darah",
    "ayah_nama": "Nama ayah",
    "ibu_nama": "Nama ibu",
    "status_dasar": "Status",
    "ktp_el": "KTP-el",
    "tempat_cetak_ktp": "KTP dikeluarkan di",
    "tanggal_cetak_ktp": "KTP dikeluarkan tanggal",
    "telepon": "Telepon",
}
"""What a list may show beside the name, in order."""

DEFAULT_COLUMNS = ("nik", "jk", "umur", "hubungan", "no_kk", "dusun", "rt_rw")
SORTS: Mapping[str, str] = {
    "nama": "Nama",
    "nik": "NIK",
    "jk": "L/P",
    "umur": "Umur",
    "tanggal_lahir": "Tanggal lahir",
    "hubungan": "Hubungan",
    "no_kk": "Nomor KK",
    "dusun": "Dusun",
    "rt_rw": "RT/RW",
}
STATUSES: Mapping[str, str] = {
    "hidup": "Hidup, tinggal di desa",
    "lain": "Meninggal, pindah, dan lainnya",
    "semua": "Semua",
}
ONLY: Mapping[str, str] = {"": "Semua penduduk", "konflik": "Menunggu verval", "tanpa_nik": "Belum ber-NIK",
                           "tanpa_kk": "Belum masuk keluarga"}


@dataclass(frozen=True)
class Saringan:
    """What a list is narrowed down to; ``teks`` is what was typed into the search."""

    teks: str = ""
    dusun: str = ""
    rw: str = ""
    rt: str = ""
    jenis_kelamin: int = 0
    umur_dari: int | None = None
    umur_sampai: int | None = None
    status: str = "hidup"
    hanya: str = ""

    @property
    def is_narrow(self) -> bool:
        """Tell whether anything but the search text narrows the list."""
        return self != Saringan(teks=self.teks)


def read_saringan(form: Mapping[str, str]) -> Saringan:
    """Read what was typed; anything that makes no sense is left out."""
    sex, only = form.get("jenis_kelamin", ""), form.get("hanya", "")
    # What waits for verval is waited for whether the person lives here or not.
    status = form.get("status", "semua" if only == "konflik" else "hidup")
    return Saringan(
        teks=" ".join(form.get("teks", "").split())[:100],
        dusun=form.get("dusun", "")[:36],
        rw=form.get("rw", "").strip()[:10],
        rt=form.get("rt", "").strip()[:10],
        jenis_kelamin=int(sex) if sex in ("1", "2") else 0,
        umur_dari=_read_age(form.get("umur_dari", "")),
        umur_sampai=_read_age(form.get("umur_sampai", "")),
        status=status if status in STATUSES else "hidup",
        hanya=only if only in ONLY else "",
    )


def narrow(people: Iterable[Person], by: Saringan, today: date) -> list[Person]:
    """Keep whom the filters let through, in the order given."""
    kept = list(people)
    if by.status != "semua":
        kept = [p for p in kept if (p.status == HIDUP) is (by.status == "hidup")]
    if by.dusun:
        kept = [p for p in kept if p.dusun == by.dusun]
    if by.rw or by.rt:
        kept = [p for p in kept if is_same_rt(by.rw, p.rw) and is_same_rt(by.rt, p.rt)]
    if by.jenis_kelamin:
        kept = [p for p in kept if p.jenis_kelamin == by.jenis_kelamin]
    if by.umur_dari is not None:
        latest = _years_before(today, by.umur_dari)
        kept = [p for p in kept if p.tanggal_lahir and p.tanggal_lahir <= latest]
    if by.umur_sampai is not None:
        earliest = _years_before(today, by.umur_sampai + 1)
        kept = [p for p in kept if p.tanggal_lahir > earliest]
    if by.hanya == "konflik":
        kept = [p for p in kept if p.konflik]
    elif by.hanya == "tanpa_nik":
        kept = [p for p in kept if not p.nik]
    elif by.hanya == "tanpa_kk":
        kept = [p for p in kept if not p.keluarga]
    return kept


def is_same_rt(typed: str, stored: str) -> bool:
    """Tell whether an RT or RW is meant: 2 means 002; nothing typed means any."""
    return not typed or typed.lstrip("0").upper() == stored.lstrip("0").upper()


def order(
    people: list[Person], by: str, is_falling: bool, dusun: Mapping[str, str], is_open: bool
) -> list[Person]:
    """Put a list in order; what has no value comes last either way.

    Unless ``is_open`` the order tells no more of a NIK or nomor KK than its masked form does.
    """
    key = _ORDERS.get(by, _ORDERS["nama"])
    keyed = [(key(person if is_open else _mask(person), dusun), person) for person in people]
    is_turned = is_falling is not (by == "umur")
    known = sorted((pair for pair in keyed if pair[0][0]), key=itemgetter(0), reverse=is_turned)
    return [person for _, person in known] + [person for found, person in keyed if not found[0]]


def _mask(person: Person) -> Person:
    return person._replace(nik=mask_nik(person.nik), no_kk=mask_nik(person.no_kk))


# The first member tells whether there is a value; ages rise as birth dates fall.
_ORDERS: Mapping[str, Callable[[Person, Mapping[str, str]], tuple[Any, ...]]] = {
    "nama": lambda p, dusun: (p.nama,),
    "nik": lambda p, dusun: (p.nik,),
    "jk": lambda p, dusun: (p.jenis_kelamin,),
    "umur": lambda p, dusun: (p.tanggal_lahir,),
    "tanggal_lahir": lambda p, dusun: (p.tanggal_lahir,),
    "hubungan": lambda p, dusun: (p.hubungan,),
    "no_kk": lambda p, dusun: (p.no_kk, p.hubungan or 99),
    "dusun": lambda p, dusun: (dusun.get(p.dusun, ""), p.rw, p.rt, p.nama),
    "rt_rw": lambda p, dusun: (p.rw or p.rt, p.rw, p.rt, p.nama),
}


def count_age(born: str | None, today: date) -> int | None:
    """Count full years; None without a date that is one, or with one to come."""
    try:
        start = date.fromisoformat(born or "")
    except ValueError:
        return None
    years = today.year - start.year - ((today.month, today.day) < (start.month, start.day))
    return years if years >= 0 else None


def show_value(own: RecordField, value: Any, names: Mapping[str, str], reveal: bool = False) -> str:
    """Write a value for people: labels for codes, names for references, masked unless ``reveal``."""
    if value is None:
        return ""
    if misshapen := write_misshapen(own, value):
        return misshapen
    if own.info.masked:
        return str(value) if reveal else mask_nik(str(value))
    if isinstance(own, record_fields.Kode):
        if own.daftar == "status_rekam_ktp":
            return LABELS["status_rekam"].get(value) or f"{value} (tidak ada dalam daftar)"
        return code_list(own.daftar).items.get(value) or f"{value} (tidak ada dalam daftar)"
    if isinstance(own, record_fields.Pilihan):
        return own.pilihan.get(value, str(value))
    if isinstance(own, record_fields.Ya):
        return "Ya" if value else "Tidak"
    if isinstance(own, record_fields.Tanggal):
        return write_date(str(value))
    if isinstance(own, record_fields.Rupiah):
        return f"Rp{write_number(value)}"
    if isinstance(own, record_fields.Lampiran):
        return f"gambar {str(value)[:4]}"
    if isinstance(own, record_fields.Rujukan):
        return names.get(str(value), "(data yang sudah tidak ada)")
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _read_age(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) <= 3 else None


def _years_before(day: date, years: int) -> str:
    try:
        return day.replace(year=max(1, day.year - years)).isoformat()
    except ValueError:  # 29 February
        return day.replace(year=max(1, day.year - years), day=28).isoformat()


def list_statuses(live: int | None) -> list[tuple[str, str]]:
    """List what the form of a resident offers as status: as it stands, alive, not valid. The rest are events."""
    offered = {live or HIDUP, HIDUP, TIDAK_VALID}
    return [(str(code), label) for code, label in sorted(code_list("status_dasar").items.items()) if code in offered]
