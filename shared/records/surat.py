"""Surat: the letters of a desa, the templates it writes them from, the blocks of their numbers, and what comes in.

A draft (``konsep_surat``) is edited and goes through people; signing it makes a ``surat``, which nobody edits: number
and printed data stay as they were. So two computers that sign one draft make two letters with two numbers, and one of
them is cancelled. Books A.7 (agenda) and A.8 (ekspedisi) of Permendagri 47/2016.
"""

from shared.records.fields import (
    Bilangan,
    Daftar,
    Lampiran,
    Nik,
    Panjang,
    Pilihan,
    Rujukan,
    Tanggal,
    Teks,
    Writer,
    Ya,
)
from shared.records.kind import RecordSchema
from shared.records.lampid import LAHIR, MATI, PINDAH

KERTAS = {"F4": "F4 (folio)", "A4": "A4"}
SATUAN_BERLAKU = {"hari": "hari", "minggu": "minggu", "bulan": "bulan", "tahun": "tahun"}
ALUR = {
    "konsep": "Konsep", "diperiksa": "Sudah diperiksa", "disetujui": "Disetujui", "dikembalikan": "Dikembalikan",
    "dibuang": "Tidak jadi",
}
CARA_TANDA_TANGAN = {
    "langsung": "Langsung (kepala desa)", "an": "a.n. (atas nama)", "ub": "u.b. (untuk beliau)",
    "plt": "Plt. (pelaksana tugas)", "plh": "Plh. (pelaksana harian)",
}

BIASA = "biasa"
TENTANG = {
    BIASA: "Bukan tentang peristiwa", LAHIR: "Kelahiran", MATI: "Kematian: orangnya sudah meninggal",
    PINDAH: "Pindah keluar: orangnya pindah dari desa",
}
"""Of which event a letter speaks: it takes over what was told of it, and what became of its person is no surprise."""


class TemplatSuratSchema(RecordSchema):
    """A kind of letter as this desa writes it; ``slug`` is that of a shipped one that it replaces, or a new one.

    ``isi`` is plain text with placeholders in square brackets, ``isian`` the JSON of the extra fields of its form.
    """

    kind = "templat_surat"
    label = "Templat surat"
    indexes = (("slug",),)

    slug = Teks("Nama pendek", group="templat", maks=60, required=True)
    nama = Teks("Nama surat", group="templat", maks=120, required=True)
    judul = Teks("Judul pada surat", group="templat", maks=200)
    isi = Panjang("Isi surat", group="templat", maks=20_000)
    isian = Panjang("Isian tambahan", group="templat", maks=20_000)
    syarat = Daftar("Syarat", group="templat")
    kode_arsip = Teks("Kode arsip", maks=30, help="Kode klasifikasi arsip, misalnya 400.12.2.1.")
    berlaku = Bilangan("Masa berlaku", group="berlaku", dari=1, sampai=120)
    satuan = Pilihan("Satuan masa berlaku", SATUAN_BERLAKU, group="berlaku")
    kertas = Pilihan("Kertas", KERTAS)
    aktif = Ya("Dipakai")
    tentang = Pilihan("Tentang", TENTANG)


class KonsepSuratSchema(RecordSchema):
    """A letter before it is signed. For somebody who is no resident, ``pemohon`` is empty and the fields say who.

    That it was issued is not written here: the letters that name it say so. ``sidik`` is a digest of what was checked
    or approved, so that an approval does not hold for what another computer has changed at the same time.
    Version 2 has ``disetujui``: the JSON of what the letter would have printed when it was approved, numbers masked,
    with a digest of it whole; a program that knows it asks again before it prints anything else.
    """

    kind = "konsep_surat"
    version = 2
    label = "Konsep surat"
    title = "jenis"
    indexes = (("status",), ("pemohon",))

    jenis = Teks("Jenis surat", group="isi", maks=60, required=True)
    pemohon = Rujukan("Penduduk", "penduduk", group="isi")
    nama = Teks("Nama", group="isi", maks=100, personal=True)
    nik = Nik("NIK", group="isi")
    data = Panjang("Data pemohon bukan penduduk", group="isi", maks=8000, personal=True)
    isian = Panjang("Isian", group="isi", maks=20_000, personal=True)
    tujuan = Teks("Ditujukan kepada", group="isi", maks=200)
    keperluan = Panjang("Keperluan", group="isi", maks=1000, personal=True)
    syarat = Daftar("Syarat yang sudah ada", group="isi")
    penandatangan = Rujukan("Penanda tangan", "perangkat", group="tanda_tangan")
    cara = Pilihan("Cara tanda tangan", CARA_TANDA_TANGAN, group="tanda_tangan")
    atas_nama = Rujukan("Atas nama", "perangkat", group="tanda_tangan")
    status = Pilihan("Keadaan", ALUR, group="alur")
    oleh = Rujukan("Oleh", "petugas", group="alur")
    catatan = Panjang("Catatan", group="alur", maks=1000)
    sidik = Teks("Sidik isi", group="alur", maks=64)
    disetujui = Panjang("Isi yang disetujui", maks=40_000, personal=True, since=2)


class SuratSchema(RecordSchema):
    """An issued letter: number, date, signer and printed data as they were at that moment; only its cancellation, its
    scan and its way to the receiver are added later.

    ``urut`` is the number in its series: the block of ``catatan_log`` for ``tahun`` where ``seri`` is empty, else the
    series of that log alone. ``tentang`` is the event that its kind spoke of on that day (rule V8 asks for it).
    ``cetakan`` is the JSON of what was printed; ``tanda`` the signature over the facts that the QR carries, ``kode``
    the random part that nobody can guess. A letter that was written elsewhere has ``jenis`` ``surat_keluar``, and
    neither person nor ``cetakan`` nor ``tanda``.
    """

    kind = "surat"
    label = "Surat"
    title = "nomor"
    indexes = (("nomor",), ("konsep",), ("penduduk",), ("tahun", "urut", "seri"), ("kode",))

    nomor = Teks("Nomor surat", group="surat", maks=120, required=True)
    urut = Bilangan("Nomor urut", group="surat", dari=1, required=True)
    seri = Teks("Seri", group="surat", maks=12)
    tahun = Bilangan("Tahun", group="surat", dari=2000, sampai=9999, required=True)
    catatan_log = Teks("Catatan yang menerbitkan", group="surat", maks=32)
    kode_arsip = Teks("Kode arsip", group="surat", maks=30)
    jenis = Teks("Jenis surat", group="surat", maks=60, required=True)
    judul = Teks("Judul", group="surat", maks=200)
    tentang = Pilihan("Tentang", TENTANG, group="surat")
    konsep = Rujukan("Konsep", "konsep_surat", group="surat")
    penduduk = Rujukan("Penduduk", "penduduk", group="surat")
    nama = Teks("Nama", group="surat", maks=100, personal=True)
    tujuan = Teks("Ditujukan kepada", group="surat", maks=200)
    ringkasan = Teks("Isi singkat", group="surat", maks=300)
    tanggal = Tanggal("Tanggal surat", group="surat", required=True)
    berlaku_sampai = Tanggal("Berlaku sampai", group="surat")
    penandatangan = Rujukan("Penanda tangan", "perangkat", group="surat")
    disetujui_oleh = Rujukan("Disetujui oleh", "petugas", group="surat")
    cetakan = Panjang("Isi cetakan", group="surat", maks=60_000, personal=True)
    kode = Teks("Kode pemeriksaan", group="surat", maks=40)
    tanda = Teks("Tanda keaslian", group="surat", maks=120)
    kunci = Teks("Kunci", group="surat", maks=64)
    batal = Ya("Dibatalkan", group="batal")
    tanggal_batal = Tanggal("Tanggal batal", group="batal")
    alasan_batal = Panjang("Alasan batal", group="batal", maks=1000)
    dibatalkan_oleh = Rujukan("Dibatalkan oleh", "petugas", group="batal")
    pindaian = Lampiran("Pindaian surat bertanda tangan")
    tanggal_kirim = Tanggal("Tanggal kirim", group="ekspedisi")
    penerima = Teks("Penerima", group="ekspedisi", maks=200)
    keterangan_kirim = Teks("Keterangan", group="ekspedisi", maks=300)


class SuratMasukSchema(RecordSchema):
    """A letter that came in: one line of the agenda (A.7).

    Version 2 has the group *agenda*: the number that the letter was given in the agenda of a year when it was entered,
    as it is stamped on the paper. It is never changed (docs/adr/0016).
    """

    kind = "surat_masuk"
    version = 2
    label = "Surat masuk"
    title = "nomor"
    indexes = (("tanggal_terima",),)

    tanggal_terima = Tanggal("Tanggal terima", group="surat", required=True)
    nomor = Teks("Nomor surat", group="surat", maks=120)
    tanggal_surat = Tanggal("Tanggal surat", group="surat")
    pengirim = Teks("Pengirim", group="surat", maks=200, required=True)
    isi_singkat = Teks("Isi singkat", group="surat", maks=400, required=True)
    keterangan = Teks("Keterangan", maks=300)
    disposisi = Panjang("Disposisi", group="disposisi", maks=1000)
    disposisi_kepada = Rujukan("Diteruskan kepada", "perangkat", group="disposisi")
    pindaian = Lampiran("Pindaian")
    tahun_agenda = Bilangan("Tahun agenda", group="agenda", dari=1900, sampai=9999, since=2)
    nomor_agenda = Bilangan("Nomor agenda", group="agenda", dari=1, since=2)


class BlokNomorSchema(RecordSchema):
    """Numbers that one log alone may give in one year, ``dari`` to ``sampai``; the hub hands them out, none twice."""

    kind = "blok_nomor"
    label = "Jatah nomor surat"
    title = "catatan_log"
    writer = Writer.HUB
    indexes = (("catatan_log", "tahun"),)

    catatan_log = Teks("Catatan", group="blok", maks=32, required=True)
    tahun = Bilangan("Tahun", group="blok", dari=2000, sampai=9999, required=True)
    dari = Bilangan("Dari", group="blok", dari=1, required=True)
    sampai = Bilangan("Sampai", group="blok", dari=1, required=True)
