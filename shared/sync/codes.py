"""Every refusal of the protocol: status, meaning, what the sender does next. Retired codes stay listed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """One refusal. ``sentence`` (Indonesian) is what the operator of the node reads."""

    name: str
    status: int
    meaning: str
    sender: str
    retry: bool
    sentence: str


_ALL = (
    Code("malformed", 400, "body or member cannot be read", "stops; a defect to report", False,
         "Data yang dikirim tidak dikenali kecamatan. Perbarui program, lalu coba lagi."),
    Code("bad_signature", 401, "request signature or body digest does not verify",
         "sends again: damage on the way", True, "Kiriman rusak di jalan; dikirim ulang."),
    Code("unknown_key", 401, "no node with this key", "stops until enrolled", False,
         "Komputer ini belum terdaftar di kecamatan. Daftarkan dengan kode dari operator kecamatan."),
    Code("session_expired", 401, "session nonce unknown or too old", "says hello again", True,
         "Sesi dengan kecamatan habis; sambungan diulang."),
    Code("not_confirmed", 403, "enrolled, the hub's operator has not confirmed yet", "waits, asks again", True,
         "Menunggu operator kecamatan mencocokkan enam kata."),
    Code("not_admitted", 403, "enrolled, and the hub's operator refused", "stops; asks for a new code", False,
         "Kecamatan menolak pendaftaran komputer ini; telepon operator kecamatan, dan minta kode baru bila perlu."),
    Code("key_revoked", 403, "the key was revoked", "stops; works on locally", False,
         "Kunci komputer ini sudah dicabut kecamatan. Pekerjaan tetap bisa dilanjutkan; hubungi operator kecamatan."),
    Code("out_of_scope", 403, "the log is not one this node may hand over", "stops; a defect to report", False,
         "Kecamatan menolak catatan yang bukan milik desa ini."),
    Code("slot_closed", 403, "enrolment slot used, expired or closed", "asks for a new code", False,
         "Kode pendaftaran sudah dipakai, kedaluwarsa, atau ditutup. Minta kode baru ke operator kecamatan."),
    Code("wrong_code", 403, "enrolment code does not fit the slot", "types it again", False,
         "Kode pendaftaran salah. Periksa lagi huruf dan angkanya; setelah lima kali salah kode ditutup."),
    Code("wrong_desa", 403, "the slot is for another desa", "asks for a code of its own desa", False,
         "Kode pendaftaran ini untuk desa lain. Minta kode untuk desa Anda."),
    Code("not_found", 404, "no such thing here", "stops", False, "Alamat kecamatan tidak dikenali. Periksa alamatnya."),
    Code("gap", 409, "run begins after the hub's size; the size is in the answer", "sends from there", True,
         "Kecamatan meminta sebagian catatan dikirim ulang."),
    Code("fork", 409, "other bytes at a place that the hub already holds; they are kept beside it",
         "says hello again, takes the hub's history, issues its own again in a new log", True,
         "Catatan komputer ini bercabang (mungkin dipulihkan dari salinan lama); keduanya disimpan."),
    Code("too_large", 413, "body larger than allowed", "halves its runs", True,
         "Kiriman terlalu besar; dipecah lebih kecil."),
    Code("wrong_receiver", 421, "the file is for another hub or another node", "hands it to whom it is for", False,
         "Berkas kiriman ini untuk kecamatan lain."),
    Code("node_too_old", 426, "no version of the protocol in common: the node's program is too old",
         "stops until it was brought up to date; works on locally", False,
         "Program di komputer ini terlalu lama untuk program kecamatan. Pekerjaan Anda aman di sini; perbarui program"
         " Sipande di komputer ini, lalu sinkronkan lagi."),
    Code("hub_too_old", 426, "no version of the protocol in common: the hub's program is too old",
         "stops until the hub was brought up to date; works on locally", False,
         "Program kecamatan terlalu lama untuk program di komputer ini. Pekerjaan Anda aman di sini; minta operator"
         " kecamatan memperbarui programnya."),
    Code("bad_proof", 422, "tree, checkpoint or proof of a run does not verify; names the run", "reads its bytes again",
         False, "Catatan yang dikirim tidak cocok dengan segelnya. Jalankan pemeriksaan (verify) di komputer ini."),
    Code("bad_note", 422, "a checkpoint or receipt is malformed or not signed by the log's key",
         "reads its bytes again", False,
         "Segel catatan tidak cocok dengan kuncinya. Jalankan pemeriksaan (verify) di komputer ini."),
    Code("bad_seal", 422, "the run is not sealed to a key of the receiver", "fetches the key by hello", True,
         "Kiriman tidak dapat dibuka kecamatan; kuncinya diperbarui."),
    Code("too_many", 429, "asked too often; Retry-After says when", "waits", True,
         "Kecamatan sedang sibuk; dicoba lagi."),
    Code("broken", 500, "a defect of the receiver; nothing was stored", "tries later", True,
         "Ada gangguan di kecamatan; dicoba lagi nanti."),
    Code("succeeded", 503, "the hub was put back to a day before its last change of keys; it speaks under an old one",
         "waits; the hub's operator acts", True,
         "Hub kecamatan dipulihkan dari salinan lama dan belum memakai kuncinya yang terbaru. Pekerjaan Anda aman dan"
         " dapat diteruskan; beri tahu operator kecamatan."),
    Code("quota_full", 507, "the attachments of this desa fill what its hub has for them", "goes on with the rest",
         False, "Jatah foto dan pindaian desa ini di kecamatan sudah penuh. Data lain tetap terkirim; hubungi operator"
         " kecamatan."),
    Code("disk_full", 507, "the receiver cannot store", "waits", True,
         "Disk di kecamatan penuh, jadi kiriman belum tersimpan di sana. Pekerjaan Anda aman dan dikirim lagi nanti;"
         " beri tahu operator kecamatan."),
)

CODES: dict[str, Code] = {code.name: code for code in _ALL}
