"""Simpul: trust as data. Enrolment and revocation of a node's key are changes in the hub's common channel."""

from shared.records.fields import Daftar, KodeDesa, Pilihan, Teks, Writer
from shared.records.kind import RecordSchema


class SimpulSchema(RecordSchema):
    """One key of one node. ``batas`` lists the cut-offs of a revoked key as ``log:size``; a log of the key
    that is not listed is cut off at 0."""

    kind = "simpul"
    label = "Simpul"
    writer = Writer.HUB

    wilayah = KodeDesa("Desa", group="kunci", required=True)
    kunci = Teks("Kunci tanda tangan", group="kunci", maks=64, required=True)
    segel = Teks("Kunci segel", group="kunci", maks=64, required=True)
    pendahulu = Teks("Simpul pendahulu", group="kunci", maks=36)
    nama = Teks("Nama komputer", maks=100)
    status = Pilihan("Status", {"aktif": "Aktif", "dicabut": "Dicabut"}, group="status")
    sebab = Teks("Sebab", group="status")
    batas = Daftar("Batas", group="status")
