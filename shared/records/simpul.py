"""Simpul: trust as data. Enrolment and revocation of a node's key are changes in the hub's common channel."""

from shared.records.fields import Daftar, KodeDesa, Panjang, Pilihan, Teks, Writer
from shared.records.kind import RecordSchema


STATUS_SIMPUL = {"aktif": "Aktif", "dicabut": "Dicabut", "ditangguhkan": "Ditangguhkan"}


class SimpulSchema(RecordSchema):
    """One key of one node. ``batas`` lists the cut-offs of a revoked or suspended key as ``log:size``; a log of
    the key that is not listed is cut off at 0. A revoked key is refused; a suspended one is heard, and what it
    writes is quarantined. ``pendahulu`` is the node's record under the key before this one."""

    kind = "simpul"
    label = "Simpul"
    writer = Writer.HUB

    wilayah = KodeDesa("Desa", group="kunci", required=True)
    kunci = Teks("Kunci tanda tangan", group="kunci", maks=64, required=True)
    segel = Teks("Kunci segel", group="kunci", maks=64, required=True)
    pendahulu = Teks("Simpul pendahulu", group="kunci", maks=36)
    nama = Teks("Nama komputer", maks=100)
    status = Pilihan("Status", STATUS_SIMPUL, group="status")
    sebab = Teks("Sebab", group="status")
    batas = Daftar("Batas", group="status")


class KunciHubSchema(RecordSchema):
    """A successor of the hub's key, told under the key before it; ``surat`` is the signed note of it
    (shared.changelog.keychain), which proves it to who has pinned an older key or the recovery key."""

    kind = "kunci_hub"
    label = "Kunci kecamatan"
    title = "kunci"
    writer = Writer.HUB

    kunci = Teks("Kunci tanda tangan", group="kunci", maks=64, required=True)
    segel = Teks("Kunci segel", group="kunci", maks=64, required=True)
    surat = Panjang("Surat kunci", group="kunci", maks=2000, required=True)
