"""Keluarga: a family card. ``no_kk`` lives here alone; its head is the member whose hubungan is 1."""

from shared.records.fields import NoKk, Rujukan, Teks
from shared.records.kind import RecordSchema


class KeluargaSchema(RecordSchema):
    kind = "keluarga"
    label = "Keluarga"
    title = "no_kk"
    protected = frozenset({"no_kk"})
    indexes = (("no_kk",),)

    no_kk = NoKk("Nomor KK", help="16 angka; kosongkan bila belum punya.")
    alamat = Teks("Alamat", group="alamat", personal=True)
    dusun = Rujukan("Dusun", "dusun", group="alamat")
    rw = Teks("RW", group="alamat", maks=10)
    rt = Teks("RT", group="alamat", maks=10)
