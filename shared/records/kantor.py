"""The office and its people: desa, petugas, dusun."""

from shared.records.fields import KodeDesa, Pilihan, Teks, Writer, Ya
from shared.records.kind import RecordSchema


class DesaSchema(RecordSchema):
    """The village office itself; one record per desa, written by its own nodes."""

    kind = "desa"
    label = "Desa"

    kode = KodeDesa("Kode desa", required=True)
    nama = Teks("Nama desa", required=True, maks=100)
    alamat = Teks("Alamat kantor")
    telepon = Teks("Telepon kantor", maks=30)
    email = Teks("Surel", maks=100)
    kepala_desa = Teks("Kepala desa", maks=100)
    pola_nomor = Teks("Pola nomor surat", maks=120, help="Misalnya [kode]/[nomor]/[kode desa]/[bulan romawi]/[tahun].")


class PetugasSchema(RecordSchema):
    """A person who writes changes; the account (password, role here) is never part of the log."""

    kind = "petugas"
    label = "Petugas"
    writer = Writer.KEDUANYA

    nama = Teks("Nama", required=True, maks=100)
    jabatan = Teks("Jabatan", maks=100)
    peran = Pilihan(
        "Peran",
        {
            "admin": "Admin", "kades": "Kepala Desa", "sekdes": "Sekretaris Desa", "kasi": "Kasi atau kaur",
            "operator": "Operator", "kadus": "Kepala dusun", "wali_data": "Wali data", "camat": "Camat",
            "sekcam": "Sekcam", "pengamat": "Pengamat", "sistem": "Sistem",
        },
    )
    aktif = Ya("Aktif")


class DusunSchema(RecordSchema):
    """A hamlet; residents and families point to it by record id, so a corrected name moves nobody."""

    kind = "dusun"
    label = "Dusun"

    nama = Teks("Nama dusun", required=True, maks=100)
    kepala_dusun = Teks("Kepala dusun", maks=100)
