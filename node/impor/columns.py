"""The 43 columns of the resident spreadsheet, declared once, with the other names that they go by.

The machine names and their order are those of the import form that villages already use. Aliases come
from the same data as it is sent to a kecamatan and from the flat file of the civil registry, whose headers
are written in words. Behind the 43 stand three that the form lacks and the databases behind it keep: a file
may have them, none must. A header is compared by its letters and digits only: ``No. KK`` is ``no_kk``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a cell of the column is cleaned."""

    TEKS = "teks"
    NAMA = "nama"
    DUSUN = "dusun"
    RT_RW = "rt_rw"
    NIK = "nik"
    NO_KK = "no_kk"
    TANGGAL = "tanggal"
    KODE = "kode"
    KARTU = "kartu"
    KOORDINAT = "koordinat"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``name`` in the file, ``field`` in a penduduk, ``label`` on the screen.

    ``required`` means that the file must have the column; ``strict`` that an unusable value rejects the
    row instead of emptying the column; ``future_ok`` that a date may lie ahead.
    """

    name: str
    field: str
    label: str
    kind: Kind = Kind.TEKS
    aliases: tuple[str, ...] = ()
    codes: str = ""
    required: bool = False
    strict: bool = False
    future_ok: bool = False
    length_max: int = 200


END_MARKER = "###"
CODE_SHEET = "Kode Data"
REASON_COLUMN = "alasan_ditolak"
ORIGIN_COLUMN = "isi_asal"
"""Hidden in the workbook of rejects: what the source said in the row, so that a correction can be told from it."""

COLUMNS: tuple[Column, ...] = (
    Column("alamat", "alamat", "Alamat"),
    Column("dusun", "dusun", "Dusun", Kind.DUSUN, ("nama_dusun", "kampung"), length_max=100),
    Column("rw", "rw", "RW", Kind.RT_RW, ("no_rw", "nomor_rw"), length_max=10),
    Column("rt", "rt", "RT", Kind.RT_RW, ("no_rt", "nomor_rt"), length_max=10),
    Column("nama", "nama", "Nama", Kind.NAMA, ("nama_lengkap", "nama_penduduk"), required=True, strict=True,
           length_max=100),
    Column("no_kk", "no_kk", "Nomor KK", Kind.NO_KK, ("nomor_kk", "nokk", "nomor_kartu_keluarga"),
           required=True, strict=True),
    Column("nik", "nik", "NIK", Kind.NIK, ("nomor_nik", "no_nik"), strict=True),
    Column("sex", "jenis_kelamin", "Jenis kelamin", Kind.KODE, ("jenis_kelamin", "kelamin", "jk", "lp"),
           "jenis_kelamin", required=True, strict=True),
    Column("tempatlahir", "tempat_lahir", "Tempat lahir", Kind.TEKS, ("tempat_lahir",), length_max=100),
    Column("tanggallahir", "tanggal_lahir", "Tanggal lahir", Kind.TANGGAL,
           ("tanggal_lahir", "tgl_lahir", "tgl_lhr"), required=True, strict=True),
    Column("agama_id", "agama", "Agama", Kind.KODE, ("agama",), "agama"),
    Column("pendidikan_kk_id", "pendidikan", "Pendidikan dalam KK", Kind.KODE,
           ("pendidikan_dlm_kk", "pendidikan_dalam_kk", "pendidikan_kk", "pendidikan"), "pendidikan_kk"),
    Column("pendidikan_sedang_id", "pendidikan_sedang", "Pendidikan yang sedang ditempuh", Kind.KODE,
           ("pendidikan_sdg_ditempuh", "pendidikan_sedang_ditempuh", "pendidikan_sedang"),
           "pendidikan_sedang"),
    Column("pekerjaan_id", "pekerjaan", "Pekerjaan", Kind.KODE, ("pekerjaan",), "pekerjaan"),
    Column("status_kawin", "status_kawin", "Status kawin", Kind.KODE,
           ("kawin", "status_perkawinan", "stat_kwn"), "status_kawin"),
    Column("kk_level", "hubungan", "Hubungan dalam keluarga", Kind.KODE,
           ("hubungan_keluarga", "hubungan_dalam_keluarga", "hubungan", "shdk"), "shdk", strict=True),
    Column("warganegara_id", "warganegara", "Kewarganegaraan", Kind.KODE,
           ("kewarganegaraan", "warganegara"), "warganegara"),
    Column("ayah_nik", "ayah_nik", "NIK ayah", Kind.NIK, ("nik_ayah",)),
    Column("nama_ayah", "ayah_nama", "Nama ayah", Kind.NAMA, ("ayah_nama", "ayah"), length_max=100),
    Column("ibu_nik", "ibu_nik", "NIK ibu", Kind.NIK, ("nik_ibu",)),
    Column("nama_ibu", "ibu_nama", "Nama ibu", Kind.NAMA, ("ibu_nama", "ibu"), length_max=100),
    Column("golongan_darah_id", "golongan_darah", "Golongan darah", Kind.KODE,
           ("gol_darah", "golongan_darah", "gol_drh"), "golongan_darah"),
    Column("akta_lahir", "akta_lahir", "Nomor akta lahir", Kind.TEKS, ("nomor_akta_lahir", "no_akta_lahir"),
           length_max=60),
    Column("dokumen_pasport", "paspor", "Nomor paspor", Kind.TEKS,
           ("nomor_dokumen_pasport", "dokumen_paspor", "nomor_paspor", "no_paspor"), length_max=40),
    Column("tanggal_akhir_paspor", "paspor_berakhir", "Paspor berlaku sampai", Kind.TANGGAL,
           ("tanggal_akhir_pasport",), future_ok=True),
    Column("dokumen_kitas", "kitas", "Nomor KITAS", Kind.TEKS, ("nomor_dokumen_kitas", "nomor_kitas"),
           length_max=40),
    Column("akta_perkawinan", "akta_perkawinan", "Nomor akta perkawinan", Kind.TEKS,
           ("nomor_akta_perkawinan", "nomor_akta_kawin"), length_max=60),
    Column("tanggalperkawinan", "tanggal_perkawinan", "Tanggal perkawinan", Kind.TANGGAL,
           ("tanggal_perkawinan", "tanggal_kwn", "tanggal_kawin")),
    Column("akta_perceraian", "akta_perceraian", "Nomor akta perceraian", Kind.TEKS,
           ("nomor_akta_perceraian", "nomor_akta_cerai"), length_max=60),
    Column("tanggalperceraian", "tanggal_perceraian", "Tanggal perceraian", Kind.TANGGAL,
           ("tanggal_perceraian", "tgl_cerai")),
    Column("cacat_id", "cacat", "Cacat", Kind.KODE, ("cacat",), "cacat"),
    Column("cara_kb_id", "cara_kb", "Cara KB", Kind.KODE, ("cara_kb",), "cara_kb"),
    Column("hamil", "hamil", "Hamil", Kind.KODE, (), "hamil"),
    Column("ktp_el", "ktp_el", "KTP-el", Kind.KODE, (), "ktp_el"),
    Column("status_rekam", "status_rekam", "Status rekam KTP-el", Kind.KODE, (), "status_rekam_ktp"),
    Column("alamat_sekarang", "alamat_sekarang", "Alamat sekarang"),
    Column("status_dasar", "status_dasar", "Status dasar", Kind.KODE, ("status_penduduk", "status"),
           "status_dasar", strict=True),
    Column("suku", "suku", "Suku", length_max=60),
    Column("tag_id_card", "tag_id_card", "Tag ID kartu", Kind.KARTU, length_max=17),
    Column("id_asuransi", "asuransi", "Asuransi", Kind.KODE, ("asuransi",), "asuransi"),
    Column("no_asuransi", "no_asuransi", "Nomor asuransi", Kind.TEKS, ("nomor_asuransi",), length_max=40),
    Column("lat", "lat", "Lintang (lat)", Kind.KOORDINAT, ("latitude", "lintang"), length_max=24),
    Column("lng", "lng", "Bujur (lng)", Kind.KOORDINAT, ("longitude", "bujur", "long"), length_max=24),
    Column("bahasa_id", "membaca", "Dapat membaca huruf", Kind.KODE,
           ("dapat_membaca_huruf", "dapat_membaca", "membaca_huruf"), "kemampuan_baca"),
    Column("tempat_cetak_ktp", "tempat_cetak_ktp", "KTP dikeluarkan di", Kind.TEKS,
           ("tempat_dikeluarkan_ktp", "tempat_penerbitan_ktp", "ktp_dikeluarkan_di"), length_max=100),
    Column("tanggal_cetak_ktp", "tanggal_cetak_ktp", "KTP dikeluarkan tanggal", Kind.TANGGAL,
           ("tgl_cetak_ktp", "tanggal_dikeluarkan_ktp", "tanggal_penerbitan_ktp", "ktp_dikeluarkan_tanggal")),
)

BY_NAME: dict[str, Column] = {column.name: column for column in COLUMNS}
BY_FIELD: dict[str, Column] = {column.field: column for column in COLUMNS}


def header_key(text: str) -> str:
    """Reduce a header to what is compared: lower-case letters and digits."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


_BY_KEY: dict[str, Column] = {
    header_key(alias): column for column in COLUMNS for alias in (*column.aliases, column.name)
}


def find_column(header: str) -> Column | None:
    """Find the column that a header means, by machine name or alias, whatever its case and spaces."""
    return _BY_KEY.get(header_key(header))
