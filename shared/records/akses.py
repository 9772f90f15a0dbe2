"""Akses: what an officer of the kecamatan looked at of one desa in one day, told to that desa."""

from shared.records.fields import Bilangan, Daftar, Tanggal, Teks, Writer
from shared.records.kind import RecordSchema

REKAMAN_MAX = 50
"""So many records are named; how many there were says the number beside them."""


class AksesSchema(RecordSchema):
    """One day, one officer, one kind of act, one list, one purpose; what it concerned of other desa stands elsewhere.

    ``rekaman`` are ids of penduduk and keluarga of this desa, never a name or number of theirs; ``bantuan`` counts what
    was given away of aid without naming whose. In words, not codes: a node of any version shows what it was told. The
    numbers are a group of their own, for of two histories of a hub the larger number holds (hub/akses/tell.py).
    """

    kind = "akses"
    label = "Dilihat kecamatan"
    title = "kegiatan"
    writer = Writer.HUB
    indexes = (("tanggal",),)

    tanggal = Tanggal("Hari", group="akses", required=True)
    nama = Teks("Petugas", group="akses", required=True)
    peran = Teks("Peran", group="akses")
    kegiatan = Teks("Kegiatan", group="akses", required=True)
    tentang = Teks("Daftar", group="akses")
    keperluan = Teks("Keperluan", group="akses", maks=300)
    penduduk = Bilangan("Jumlah penduduk", group="jumlah")
    keluarga = Bilangan("Jumlah keluarga", group="jumlah")
    bantuan = Bilangan("Jumlah data bantuan", group="jumlah")
    rekaman = Daftar("Data yang terkait", group="jumlah", maks=REKAMAN_MAX)
