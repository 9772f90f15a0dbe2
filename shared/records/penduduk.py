"""Penduduk: a resident. NIK is an attribute with history, never a key (architecture.md 3.2).

Fields follow the resident forms of Dukcapil (F-1.01) and the 43-column spreadsheet that villages have.
"""

from shared.records.fields import Kode, Lampiran, Nik, Pilihan, Rujukan, Tanggal, Teks
from shared.records.kind import RecordSchema

TIDAK_TETAP = "tidak_tetap"
"""Who only stays for a while: in book B.4 and in no other (Permendagri 47/2016)."""


class PendudukSchema(RecordSchema):
    """A resident. Version 2 says in the group *status* which event has made it (shared/records/lampid.py).

    It also brings what books B.1 and B.5 of Permendagri 47/2016 ask and the spreadsheet lacks: which letters somebody
    reads, where and when the KTP was issued. These are groups of their own, so a change of the others stays as old.
    """

    kind = "penduduk"
    version = 2
    label = "Penduduk"
    protected = frozenset({"nik", "identitas"})
    indexes = (("nik",), ("keluarga",), ("desa", "nama"))

    nik = Nik("NIK", group="nik", help="16 angka; kosongkan bila belum punya.")
    nama = Teks("Nama lengkap", group="identitas", maks=100, required=True, personal=True)
    tempat_lahir = Teks("Tempat lahir", group="identitas", maks=100)
    tanggal_lahir = Tanggal("Tanggal lahir", group="identitas", personal=True)
    jenis_kelamin = Kode("Jenis kelamin", "jenis_kelamin", group="identitas")
    keluarga = Rujukan("Keluarga", "keluarga", group="keluarga")
    hubungan = Kode("Hubungan dalam keluarga", "shdk", group="keluarga")
    alamat = Teks("Alamat", group="alamat", personal=True)
    dusun = Rujukan("Dusun", "dusun", group="alamat")
    rw = Teks("RW", group="alamat", maks=10)
    rt = Teks("RT", group="alamat", maks=10)
    status_dasar = Kode("Status dasar", "status_dasar", group="status")
    tanggal_status = Tanggal("Tanggal status", group="status")
    sebab_status = Teks("Sebab", group="status", personal=True)
    peristiwa = Rujukan("Peristiwa", "peristiwa", group="status", since=2)
    agama = Kode("Agama", "agama")
    pendidikan = Kode("Pendidikan dalam KK", "pendidikan_kk")
    pendidikan_sedang = Kode("Pendidikan sedang ditempuh", "pendidikan_sedang")
    pekerjaan = Kode("Pekerjaan", "pekerjaan")
    status_kawin = Kode("Status perkawinan", "status_kawin")
    warganegara = Kode("Kewarganegaraan", "warganegara")
    ayah_nik = Nik("NIK ayah", group="ayah")
    ayah_nama = Teks("Nama ayah", group="ayah", maks=100, personal=True)
    ibu_nik = Nik("NIK ibu", group="ibu")
    ibu_nama = Teks("Nama ibu", group="ibu", maks=100, personal=True)
    golongan_darah = Kode("Golongan darah", "golongan_darah")
    akta_lahir = Teks("Nomor akta lahir", maks=60, personal=True)
    paspor = Teks("Nomor paspor", group="paspor", maks=40, personal=True)
    paspor_berakhir = Tanggal("Paspor berlaku sampai", group="paspor")
    kitas = Teks("Nomor KITAS", maks=40, personal=True)
    akta_perkawinan = Teks("Nomor akta perkawinan", group="perkawinan", maks=60, personal=True)
    tanggal_perkawinan = Tanggal("Tanggal perkawinan", group="perkawinan")
    akta_perceraian = Teks("Nomor akta perceraian", group="perceraian", maks=60, personal=True)
    tanggal_perceraian = Tanggal("Tanggal perceraian", group="perceraian")
    cacat = Kode("Disabilitas", "cacat")
    cara_kb = Kode("Cara KB", "cara_kb")
    hamil = Kode("Kehamilan", "hamil")
    ktp_el = Kode("KTP-el", "ktp_el", group="ktp")
    status_rekam = Kode("Status rekam KTP-el", "status_rekam_ktp", group="ktp")
    tag_id_card = Teks("Tag KTP-el", group="ktp", maks=20, personal=True)
    alamat_sekarang = Teks("Alamat sekarang", personal=True)
    suku = Teks("Suku", maks=60)
    asuransi = Kode("Asuransi kesehatan", "asuransi", group="asuransi")
    no_asuransi = Teks("Nomor asuransi", group="asuransi", maks=40, personal=True)
    lat = Teks("Lintang", group="lokasi", maks=24, personal=True)
    lng = Teks("Bujur", group="lokasi", maks=24, personal=True)
    telepon = Teks("Nomor telepon", maks=30, personal=True)
    status_tinggal = Pilihan(
        "Status tinggal", {"tetap": "Tetap", TIDAK_TETAP: "Tidak tetap"},
        help="Tidak tetap: menumpang, mengontrak, atau bekerja untuk sementara. Masuk buku B.4, dan tidak terhitung di"
        " laporan bulanan.",
    )
    foto = Lampiran("Foto")
    membaca = Kode("Dapat membaca huruf", "kemampuan_baca", since=2)
    tempat_cetak_ktp = Teks("KTP dikeluarkan di", group="cetak_ktp", maks=100, personal=True, since=2)
    tanggal_cetak_ktp = Tanggal("KTP dikeluarkan tanggal", group="cetak_ktp", personal=True, since=2)
