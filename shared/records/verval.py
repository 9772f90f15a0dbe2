"""Verval: what the hub writes about other people's records, and what the desa answers.

A *temuan* (finding) is a projection and has no record; a *kasus* is what people do with it. Both
copies of a case that concerns two desa are separate records, so neither desa sees the other's rows.
"""

from shared.records.fields import (
    Bilangan,
    Daftar,
    KodeDesa,
    Lampiran,
    Panjang,
    Pilihan,
    Rujukan,
    Tanggal,
    Teks,
    Writer,
    Ya,
)
from shared.records.kind import RecordSchema

STATUS_KASUS = {
    "terbuka": "Menunggu kecamatan",
    "dikembalikan": "Dikembalikan ke desa",
    "dijawab": "Sudah dijawab desa",
    "usulan": "Menunggu petugas kedua",
    "selesai": "Selesai",
}
BUKAN_GANDA, DATA_BENAR = "BUKAN_GANDA", "DATA_BENAR"
ALASAN_SELESAI = {BUKAN_GANDA: "Bukan data ganda", DATA_BENAR: "Sudah dicek, data benar"}
"""Why officers settled a case whose finding stands; other reasons are codes of the list verval_alasan."""


class KasusSchema(RecordSchema):
    """A verval case as one desa sees it; id is a hash of the finding and the desa (UUIDv8).

    Version 2 has the groups *pemegang* (who works on it), *camat* (whether it waits for the camat, and what was
    written to or by him) and *lampiran*.
    """

    kind = "kasus"
    version = 2
    label = "Kasus verval"
    title = "kode"
    writer = Writer.HUB
    indexes = (("temuan",), ("status",))

    temuan = Teks("Temuan", group="temuan", maks=64, required=True)
    kode = Teks("Kode", group="temuan", maks=4, required=True)
    jenis = Teks("Jenis data", group="temuan", maks=40)
    rekaman = Daftar("Data yang terkait", group="temuan")
    ringkasan = Panjang("Ringkasan", group="temuan")
    desa_lain = Daftar("Desa lain", group="temuan")
    status = Pilihan("Status", STATUS_KASUS, group="status")
    alasan = Teks("Kode alasan", group="status", maks=40)
    catatan = Panjang("Catatan", group="status")
    batas_waktu = Tanggal("Batas waktu", group="status")
    usulan = Panjang("Usulan putusan", group="usulan", maks=8000)
    petugas_pertama = Rujukan("Petugas pertama", "petugas", group="usulan")
    jawaban = Panjang("Jawaban desa", group="jawaban", writer=Writer.DESA)
    dijawab_oleh = Rujukan("Dijawab oleh", "petugas", group="jawaban", writer=Writer.DESA)
    pemegang = Rujukan("Dikerjakan oleh", "petugas", since=2)
    di_camat = Ya("Menunggu camat", group="camat", since=2)
    pesan_camat = Panjang("Pesan untuk atau dari camat", group="camat", since=2)
    lampiran = Lampiran("Pindaian", writer=Writer.DESA, since=2)


class TautanSchema(RecordSchema):
    """One end of a link between two records of one person; the other end has the same record id in the
    channel of the other desa, so that the hub can pair them and a desa learns only a name and a reason."""

    kind = "tautan"
    label = "Tautan orang yang sama"
    title = "alasan"
    writer = Writer.HUB
    indexes = (("penduduk",),)

    penduduk = Rujukan("Penduduk", "penduduk", group="tautan", required=True)
    pasangan = Rujukan("Data pasangan", "penduduk", group="tautan")
    desa_lain = KodeDesa("Desa lain", group="tautan")
    dihitung = Ya("Dihitung di sini", group="tautan")
    aktif = Ya("Berlaku", group="tautan")
    alasan = Teks("Alasan", group="tautan", maks=400)


class CabangSchema(RecordSchema):
    """A piece of a branch that only the hub holds, handed back to the desa, whose node issues it again.

    ``cabang`` names its first change; ``isi`` has a line for each: header, tab, base64 of the body, or
    ``#`` and the digest of an erased one.
    """

    kind = "cabang"
    label = "Riwayat kedua"
    title = "cabang"
    writer = Writer.HUB
    indexes = (("cabang",),)

    cabang = Teks("Cabang", group="cabang", maks=80, required=True)
    bagian = Bilangan("Bagian", group="cabang", required=True)
    dari = Bilangan("Dari", group="cabang", required=True)
    isi = Panjang("Isi", group="cabang", maks=400_000, required=True)


class AdopsiSchema(RecordSchema):
    """A verdict: one quarantined change is adopted after all."""

    kind = "adopsi"
    label = "Adopsi dari karantina"
    title = "alasan"
    writer = Writer.HUB

    perubahan = Daftar("Perubahan", group="adopsi", required=True)
    alasan = Teks("Alasan", group="adopsi", maks=400)
    petugas = Daftar("Petugas", group="adopsi")


class PenghapusanSchema(RecordSchema):
    """A verdict: the bodies of these changes are erased (UU 27/2022), with reason and two officers.

    ``isi`` are the digests of their bodies in hex, by which the verdict follows a change that is issued again
    elsewhere; ``rekaman`` are the records concerned. With ``seluruh`` it was the whole record that was meant,
    so that what comes of it later is shown to the kecamatan.
    """

    kind = "penghapusan"
    label = "Penghapusan isi"
    title = "alasan"
    writer = Writer.HUB

    perubahan = Daftar("Perubahan", group="penghapusan", required=True)
    isi = Daftar("Isi", group="penghapusan")
    rekaman = Daftar("Data", group="penghapusan")
    seluruh = Ya("Seluruh data", group="penghapusan")
    alasan = Teks("Alasan", group="penghapusan", maks=400)
    petugas = Daftar("Petugas", group="penghapusan")
