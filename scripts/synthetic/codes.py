"""Knows the codes of the 43-column form and their printed labels.

The lists are typed here a second time on purpose: a generator that read the tables of the reader it
feeds would agree with every mistake in them.
"""

from __future__ import annotations

from enum import IntEnum

Labels = dict[int, str]


class JenisKelamin(IntEnum):
    """Sex as the form numbers it."""

    LAKI_LAKI = 1
    PEREMPUAN = 2


class Hubungan(IntEnum):
    """Place of a person within the family (SHDK)."""

    KEPALA = 1
    SUAMI = 2
    ISTRI = 3
    ANAK = 4
    MENANTU = 5
    CUCU = 6
    ORANGTUA = 7
    MERTUA = 8
    FAMILI_LAIN = 9
    PEMBANTU = 10
    LAINNYA = 11


class StatusKawin(IntEnum):
    """Marital status."""

    BELUM = 1
    KAWIN = 2
    CERAI_HIDUP = 3
    CERAI_MATI = 4


class StatusDasar(IntEnum):
    """Whether a person still counts as living in the desa."""

    HIDUP = 1
    MATI = 2
    PINDAH = 3
    HILANG = 4
    PERGI = 6
    TIDAK_VALID = 9


JENIS_KELAMIN: Labels = {
    1: "LAKI-LAKI", 2: "PEREMPUAN",
}
AGAMA: Labels = {
    1: "ISLAM", 2: "KRISTEN", 3: "KATHOLIK", 4: "HINDU", 5: "BUDHA", 6: "KHONGHUCU",
    7: "Kepercayaan Terhadap Tuhan YME / Lainnya",
}
PENDIDIKAN_KK: Labels = {
    1: "TIDAK / BELUM SEKOLAH", 2: "BELUM TAMAT SD/SEDERAJAT", 3: "TAMAT SD / SEDERAJAT",
    4: "SLTP/SEDERAJAT", 5: "SLTA / SEDERAJAT", 6: "DIPLOMA I / II", 7: "AKADEMI/ DIPLOMA III/S. MUDA",
    8: "DIPLOMA IV/ STRATA I", 9: "STRATA II", 10: "STRATA III",
}
PENDIDIKAN_SEDANG: Labels = {
    1: "BELUM MASUK TK/KELOMPOK BERMAIN", 2: "SEDANG TK/KELOMPOK BERMAIN", 3: "TIDAK PERNAH SEKOLAH",
    4: "SEDANG SD/SEDERAJAT", 5: "TIDAK TAMAT SD/SEDERAJAT", 6: "SEDANG SLTP/SEDERAJAT",
    7: "SEDANG SLTA/SEDERAJAT", 8: "SEDANG D-1/SEDERAJAT", 9: "SEDANG D-2/SEDERAJAT",
    10: "SEDANG D-3/SEDERAJAT", 11: "SEDANG S-1/SEDERAJAT", 12: "SEDANG S-2/SEDERAJAT",
    13: "SEDANG S-3/SEDERAJAT", 14: "SEDANG SLB A/SEDERAJAT", 15: "SEDANG SLB B/SEDERAJAT",
    16: "SEDANG SLB C/SEDERAJAT", 17: "TIDAK DAPAT MEMBACA DAN MENULIS HURUF LATIN/ARAB",
    18: "TIDAK SEDANG SEKOLAH",
}
PEKERJAAN: Labels = {
    1: "BELUM/TIDAK BEKERJA", 2: "MENGURUS RUMAH TANGGA", 3: "PELAJAR/MAHASISWA", 4: "PENSIUNAN",
    5: "PEGAWAI NEGERI SIPIL (PNS)", 6: "TENTARA NASIONAL INDONESIA (TNI)", 7: "KEPOLISIAN RI (POLRI)",
    8: "PERDAGANGAN", 9: "PETANI/PEKEBUN", 10: "PETERNAK", 11: "NELAYAN/PERIKANAN", 12: "INDUSTRI",
    13: "KONSTRUKSI", 14: "TRANSPORTASI", 15: "KARYAWAN SWASTA", 16: "KARYAWAN BUMN",
    17: "KARYAWAN BUMD", 18: "KARYAWAN HONORER", 19: "BURUH HARIAN LEPAS", 20: "BURUH TANI/PERKEBUNAN",
    21: "BURUH NELAYAN/PERIKANAN", 22: "BURUH PETERNAKAN", 23: "PEMBANTU RUMAH TANGGA",
    24: "TUKANG CUKUR", 25: "TUKANG LISTRIK", 26: "TUKANG BATU", 27: "TUKANG KAYU",
    28: "TUKANG SOL SEPATU", 29: "TUKANG LAS/PANDAI BESI", 30: "TUKANG JAHIT", 31: "TUKANG GIGI",
    32: "PENATA RIAS", 33: "PENATA BUSANA", 34: "PENATA RAMBUT", 35: "MEKANIK", 36: "SENIMAN",
    37: "TABIB", 38: "PARAJI", 39: "PERANCANG BUSANA", 40: "PENTERJEMAH", 41: "IMAM MASJID",
    42: "PENDETA", 43: "PASTOR", 44: "WARTAWAN", 45: "USTADZ/MUBALIGH", 46: "JURU MASAK",
    47: "PROMOTOR ACARA", 48: "ANGGOTA DPR-RI", 49: "ANGGOTA DPD", 50: "ANGGOTA BPK", 51: "PRESIDEN",
    52: "WAKIL PRESIDEN", 53: "ANGGOTA MAHKAMAH KONSTITUSI", 54: "ANGGOTA KABINET KEMENTERIAN",
    55: "DUTA BESAR", 56: "GUBERNUR", 57: "WAKIL GUBERNUR", 58: "BUPATI", 59: "WAKIL BUPATI",
    60: "WALIKOTA", 61: "WAKIL WALIKOTA", 62: "ANGGOTA DPRD PROVINSI",
    63: "ANGGOTA DPRD KABUPATEN/KOTA", 64: "DOSEN", 65: "GURU", 66: "PILOT", 67: "PENGACARA",
    68: "NOTARIS", 69: "ARSITEK", 70: "AKUNTAN", 71: "KONSULTAN", 72: "DOKTER", 73: "BIDAN",
    74: "PERAWAT", 75: "APOTEKER", 76: "PSIKIATER/PSIKOLOG", 77: "PENYIAR TELEVISI",
    78: "PENYIAR RADIO", 79: "PELAUT", 80: "PENELITI", 81: "SOPIR", 82: "PIALANG", 83: "PARANORMAL",
    84: "PEDAGANG", 85: "PERANGKAT DESA", 86: "KEPALA DESA", 87: "BIARAWATI", 88: "WIRASWASTA",
    89: "LAINNYA",
}
STATUS_KAWIN: Labels = {
    1: "BELUM KAWIN", 2: "KAWIN", 3: "CERAI HIDUP", 4: "CERAI MATI",
}
HUBUNGAN: Labels = {
    1: "KEPALA KELUARGA", 2: "SUAMI", 3: "ISTRI", 4: "ANAK", 5: "MENANTU", 6: "CUCU", 7: "ORANGTUA",
    8: "MERTUA", 9: "FAMILI LAIN", 10: "PEMBANTU", 11: "LAINNYA",
}
WARGANEGARA: Labels = {
    1: "WNI", 2: "WNA", 3: "DUA KEWARGANEGARAAN",
}
GOLONGAN_DARAH: Labels = {
    1: "A", 2: "B", 3: "AB", 4: "O", 5: "A+", 6: "A-", 7: "B+", 8: "B-", 9: "AB+", 10: "AB-", 11: "O+",
    12: "O-", 13: "TIDAK TAHU",
}
CACAT: Labels = {
    1: "CACAT FISIK", 2: "CACAT NETRA/BUTA", 3: "CACAT RUNGU/WICARA", 4: "CACAT MENTAL/JIWA",
    5: "CACAT FISIK DAN MENTAL", 6: "CACAT LAINNYA", 7: "TIDAK CACAT",
}
CARA_KB: Labels = {
    1: "Pil", 2: "IUD", 3: "Suntik", 4: "Kondom", 5: "Susuk KB", 6: "Sterilisasi Wanita",
    7: "Sterilisasi Pria", 99: "Lainnya",
}
HAMIL: Labels = {
    1: "Hamil", 2: "Tidak Hamil",
}
KTP_EL: Labels = {
    1: "BELUM", 2: "KTP-EL",
}
STATUS_REKAM: Labels = {
    1: "BELUM WAJIB", 2: "BELUM REKAM", 3: "SUDAH REKAM", 4: "CARD PRINTED", 5: "PRINT READY RECORD",
    6: "CARD SHIPPED", 7: "SENT FOR CARD PRINTING", 8: "CARD ISSUED",
}
STATUS_DASAR: Labels = {
    1: "HIDUP", 2: "MATI", 3: "PINDAH", 4: "HILANG", 6: "PERGI", 9: "TIDAK VALID",
}
ASURANSI: Labels = {
    1: "Tidak/Belum Punya", 2: "BPJS Penerima Bantuan Iuran", 3: "BPJS Non Penerima Bantuan Iuran",
    99: "Asuransi Lainnya",
}
