"""Perangkat: the officials of a desa, book A.4 of Permendagri 47/2016, with their terms and the right to sign."""

from shared.records.fields import Kode, Lampiran, Pilihan, Rujukan, Tanggal, Teks, Ya
from shared.records.kind import RecordSchema

JABATAN = {
    "kades": "Kepala Desa", "sekdes": "Sekretaris Desa", "kaur": "Kepala Urusan", "kasi": "Kepala Seksi",
    "kadus": "Kepala Dusun", "staf": "Staf", "lainnya": "Lainnya",
}


class PerangkatSchema(RecordSchema):
    """One term of one official: a second term is a second record, so letters name who signed in what office.

    ``jabatan`` is the kind of office, ``sebutan`` what it is called on paper; ``dusun`` is that of a kadus. A user of
    the program is linked by ``petugas``.
    """

    kind = "perangkat"
    label = "Perangkat desa"
    indexes = (("penduduk",), ("petugas",))

    nama = Teks("Nama", group="identitas", maks=100, required=True, personal=True)
    penduduk = Rujukan("Data penduduk", "penduduk", group="identitas")
    jenis_kelamin = Kode("Jenis kelamin", "jenis_kelamin", group="identitas")
    tempat_lahir = Teks("Tempat lahir", group="identitas", maks=100)
    tanggal_lahir = Tanggal("Tanggal lahir", group="identitas", personal=True)
    agama = Kode("Agama", "agama")
    pendidikan = Kode("Pendidikan", "pendidikan_kk")
    niap = Teks("NIAP", group="nomor", maks=40, help="Nomor induk aparat pemerintah desa.")
    nip = Teks("NIP", group="nomor", maks=40, help="Hanya bila pegawai negeri.")
    pangkat = Teks("Pangkat atau golongan", maks=60)
    jabatan = Pilihan("Jabatan", JABATAN, group="jabatan", required=True)
    sebutan = Teks("Sebutan jabatan", group="jabatan", maks=100, help="Misalnya Kepala Urusan Keuangan.")
    dusun = Rujukan("Dusun", "dusun", group="jabatan")
    sk_angkat = Teks("Nomor SK pengangkatan", group="angkat", maks=100)
    tanggal_angkat = Tanggal("Tanggal SK pengangkatan", group="angkat")
    mulai = Tanggal("Mulai menjabat", group="angkat")
    sampai = Tanggal("Menjabat sampai", group="angkat")
    sk_henti = Teks("Nomor SK pemberhentian", group="henti", maks=100)
    tanggal_henti = Tanggal("Tanggal SK pemberhentian", group="henti")
    boleh_tanda_tangan = Ya("Boleh menandatangani surat", group="tanda_tangan")
    petugas = Rujukan("Akun petugas", "petugas")
    foto = Lampiran("Foto")
    keterangan = Teks("Keterangan", maks=300)
