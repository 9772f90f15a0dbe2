"""LAMPID: what happens to the people of a desa, as events that are only added, and the month that was closed.

An event counts while the live status of its person leads to it: ``penduduk.peristiwa`` names the last one, and each
names the one before (``sebelumnya``). Two computers that report two ends of one life write two values of one merge
group, so neither counts until one is chosen. A mistake is voided by an event *batal*, never by an edit.
Columns follow book B.3 of Permendagri 47/2016 and the forms F-2.01 and F-1.03.
"""

from shared.records.fields import (
    Bilangan,
    Daftar,
    Kode,
    KodeDesa,
    Panjang,
    Pilihan,
    Rujukan,
    Tanggal,
    Teks,
    Writer,
    Ya,
)
from shared.records.kind import RecordSchema

LAHIR, MATI, PINDAH, HILANG = "lahir", "mati", "pindah", "hilang"
DATANG, KEMBALI, BATAL = "datang", "kembali", "batal"
JENIS_PERISTIWA = {
    LAHIR: "Lahir", MATI: "Meninggal", PINDAH: "Pindah keluar", HILANG: "Hilang", DATANG: "Pindah masuk",
    KEMBALI: "Kembali", BATAL: "Dibatalkan",
}
STATUS_LAPORAN = {
    "diverval": "Sudah diperiksa kecamatan", "dikembalikan": "Dikembalikan ke desa", "terkunci": "Terkunci",
}


ISI_MAX, RINGKAS_MAX = 400_000, 650_000
"""Characters of a closed month as it is written; a text of the latter, of events alone, still fits one run (250 kB)."""


class PeristiwaSchema(RecordSchema):
    """One event in the life of one resident; nobody edits what was told, so all of it is one group.

    Version 2 has the group *susulan*: what comes weeks after the report, like the number of a certificate of death.
    Nothing is counted by it.

    ``dusun``, ``jenis_kelamin``, ``warganegara`` and ``kepala`` are those of that moment: the month counts by them.
    ``rombongan`` is the first event of those that were reported together, ``dibatalkan`` what a *batal* voids.
    ``token`` stands on the letter of a move; the desa of arrival types it, and the hub pairs both ends by it.
    ``akibat`` says what became of places on family cards, so that *batal* can put them back: one text a resident, with
    id, and family and SHDK before and after, parted by "|" (shared/lampid/effects.py).
    """

    kind = "peristiwa"
    version = 2
    label = "Peristiwa kependudukan"
    title = "jenis"
    indexes = (("penduduk",), ("rombongan",), ("token",))

    jenis = Pilihan("Peristiwa", JENIS_PERISTIWA, group="peristiwa", required=True)
    penduduk = Rujukan("Penduduk", "penduduk", group="peristiwa", required=True)
    tanggal_peristiwa = Tanggal("Tanggal kejadian", group="peristiwa", required=True, personal=True)
    tanggal_lapor = Tanggal("Tanggal lapor", group="peristiwa", required=True)
    sebelumnya = Rujukan("Peristiwa sebelumnya", "peristiwa", group="peristiwa")
    dibatalkan = Rujukan("Peristiwa yang dibatalkan", "peristiwa", group="peristiwa")
    rombongan = Rujukan("Dilaporkan bersama", "peristiwa", group="peristiwa")
    keluarga = Rujukan("Keluarga saat itu", "keluarga", group="peristiwa")
    dusun = Rujukan("Dusun saat itu", "dusun", group="peristiwa")
    jenis_kelamin = Kode("Jenis kelamin", "jenis_kelamin", group="peristiwa")
    warganegara = Kode("Kewarganegaraan", "warganegara", group="peristiwa")
    kepala = Ya("Kepala keluarga saat itu", group="peristiwa")
    tempat = Teks("Tempat kejadian", group="peristiwa", maks=200, personal=True)
    jam = Teks("Jam", group="peristiwa", maks=5, personal=True)
    penyebab = Kode("Penyebab kematian", "penyebab_kematian", group="peristiwa", personal=True)
    yang_menerangkan = Kode("Yang menerangkan", "yang_menerangkan_kematian", group="peristiwa")
    akta = Teks("Nomor akta", group="peristiwa", maks=60, personal=True)
    tempat_dilahirkan = Kode("Tempat dilahirkan", "tempat_dilahirkan", group="peristiwa")
    jenis_kelahiran = Kode("Jenis kelahiran", "jenis_kelahiran", group="peristiwa")
    penolong = Kode("Penolong kelahiran", "penolong_kelahiran", group="peristiwa")
    anak_ke = Bilangan("Anak ke", group="peristiwa", dari=1, sampai=30)
    berat_gram = Bilangan("Berat lahir (gram)", group="peristiwa", dari=200, sampai=9000)
    panjang_cm = Bilangan("Panjang lahir (cm)", group="peristiwa", dari=10, sampai=80)
    jenis_pindah = Kode("Jenis pindah", "jenis_pindah", group="peristiwa")
    alamat_lain = Teks("Alamat asal atau tujuan", group="peristiwa", maks=300, personal=True)
    desa_lain = KodeDesa("Desa asal atau tujuan", group="peristiwa")
    token = Teks("Kode pindah", group="peristiwa", maks=20)
    alasan = Teks("Alasan", group="peristiwa", maks=400, personal=True)
    pelapor = Teks("Pelapor", group="peristiwa", maks=100, personal=True)
    hubungan_pelapor = Teks("Hubungan pelapor", group="peristiwa", maks=60)
    catatan = Panjang("Catatan", group="peristiwa", maks=2000, personal=True)
    akibat = Daftar("Akibat pada keluarga", group="peristiwa", maks=60)
    akta_susulan = Teks(
        "Nomor akta yang terbit kemudian", group="susulan", maks=60, personal=True, since=2,
        help="Misalnya akta kematian, yang biasanya terbit sesudah peristiwanya dilaporkan.",
    )
    keterangan_susulan = Panjang("Keterangan susulan", group="susulan", maks=1000, personal=True, since=2)


class LaporanLampidSchema(RecordSchema):
    """The closed month of one desa; the id is a hash of desa and month (UUIDv8), so two computers close one record.

    ``ukuran`` are the sizes of the logs that were counted, as ``log:size``: what stands behind them and was reported
    in this month is late, whatever any clock says. ``isi`` is the JSON of the month: its start by dusun, citizenship,
    sex and head, and every movement (shared/lampid/isi.py). ``isi_diperiksa`` is the digest of what the kecamatan
    has examined: a month that was closed again is to be examined again.

    Version 2 has ``isi_ringkas``, which stands in place of an ``isi`` that would be too long: corrections are counted
    there and not named, for the logs say whose they are (shared/lampid/isi.py).
    """

    kind = "laporan_lampid"
    version = 2
    label = "Laporan LAMPID"
    title = "bulan"
    indexes = (("bulan",),)

    bulan = Teks("Bulan", group="laporan", maks=7, required=True, help="Tahun dan bulan, misalnya 2026-11.")
    isi = Panjang("Isi laporan", group="laporan", maks=ISI_MAX)
    isi_ringkas = Panjang("Isi laporan yang besar", group="laporan", maks=RINGKAS_MAX, since=2)
    ukuran = Daftar("Ukuran catatan", group="laporan")
    nihil = Ya("Nihil", group="laporan")
    tanggal_tutup = Tanggal("Tanggal ditutup", group="laporan")
    ditutup_oleh = Rujukan("Ditutup oleh", "petugas", group="laporan")
    status = Pilihan("Keadaan di kecamatan", STATUS_LAPORAN, group="periksa", writer=Writer.HUB)
    isi_diperiksa = Teks("Isi yang diperiksa", group="periksa", maks=64, writer=Writer.HUB)
    catatan = Panjang("Catatan kecamatan", group="periksa", writer=Writer.HUB)
    diperiksa_oleh = Rujukan("Diperiksa oleh", "petugas", group="periksa", writer=Writer.HUB)
