"""The office and its people: desa, petugas, dusun."""

from hashlib import sha256

from shared.clock import hashed_uuid
from shared.records.fields import KodeDesa, Pilihan, Teks, Writer, Ya
from shared.records.kind import RecordSchema
from shared.records.surat import KERTAS


class DesaSchema(RecordSchema):
    """The village office itself; one record per desa (:func:`name_office`), written by its own nodes.

    It has no creation: that would write every group, and dispute with nothing what another computer has typed.
    Version 2 has the paper of letters.
    """

    kind = "desa"
    version = 2
    label = "Desa"

    kode = KodeDesa("Kode desa", required=True)
    nama = Teks("Nama desa", required=True, maks=100)
    alamat = Teks("Alamat kantor")
    telepon = Teks("Telepon kantor", maks=30)
    email = Teks("Surel", maks=100)
    kepala_desa = Teks("Kepala desa", maks=100)
    pola_nomor = Teks("Pola nomor surat", maks=120, help="Misalnya [kode]/[nomor]/[kode desa]/[bulan romawi]/[tahun].")
    kertas = Pilihan(
        "Kertas surat", KERTAS, since=2,
        help="Untuk semua surat yang kertasnya tidak diatur sendiri di Templat surat. Kosong berarti F4.",
    )


def name_office(desa: str) -> str:
    """Give the record id of the office of a desa: a hash of its code (UUIDv8), so that all its computers write one.

    sync_protocol.md 9.14.
    """
    return hashed_uuid(sha256(f"sipande desa v1\n{desa}".encode()).digest())


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
