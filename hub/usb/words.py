"""What people of the kecamatan read about files from the villages; pure."""

from __future__ import annotations

from collections.abc import Collection

from shared.errors import UserError

_FILES = {
    "malformed": "Berkas ini bukan kiriman dari desa, atau bagian awalnya terpotong. Pilih berkas yang namanya diawali"
    " sipande-kirim atau sipande-daftar, atau salin ulang dari stik.",
    "too_large": "Berkas ini bukan kiriman dari desa. Pilih berkas yang namanya diawali sipande-kirim atau"
    " sipande-daftar.",
    "bad_signature": "Berkas ini rusak atau diubah di jalan: tanda tangannya tidak cocok. Salin ulang dari stik, atau"
    " minta desa menulis ulang. Tidak ada yang disimpan.",
    "wrong_receiver": "Berkas ini untuk kecamatan lain. Tidak ada yang disimpan; kembalikan ke desanya.",
    "other_key": "Berkas ini dari desa kecamatan ini, tetapi untuk kunci hub yang tidak dikenal di sini. Mungkin hub"
    " ini dipulihkan dari salinan lama; buka Kunci dan pemulihan. Tidak ada yang disimpan.",
    "succeeded": "Hub ini masih memakai kunci lama, jadi kiriman belum dapat diterima. Buka Kunci dan pemulihan dulu;"
    " berkas ini tetap berlaku.",
    "down": "Berkas ini jawaban untuk desa, bukan kiriman dari desa. Serahkan ke desanya.",
    "unknown_key": "Komputer yang menulis berkas ini tidak terdaftar di sini. Tidak ada yang disimpan; daftarkan dulu"
    " lewat menu Simpul.",
    "forgotten": "Hub ini sedang dipulihkan dan belum mengenal lagi komputer yang menulis berkas ini. Belum ada yang"
    " disimpan; bawa jawabannya pulang ke desa. Kiriman berikutnya membawa kembali pendaftarannya.",
    "not_confirmed": "Komputer yang menulis berkas ini belum disetujui. Cocokkan dulu enam katanya di menu Simpul, lalu"
    " baca berkas ini lagi.",
    "key_revoked": "Kunci komputer yang menulis berkas ini sudah dicabut, jadi tidak ada yang disimpan. Pekerjaan di"
    " desa tidak hilang; jawabannya memberi tahu desa.",
    "not_admitted": "Komputer yang menulis berkas ini sudah ditolak di sini, jadi tidak ada yang disimpan. Bila itu"
    " keliru, minta desa mendaftar lagi dengan kode baru.",
    "out_of_scope": "Berkas ini mengaku dari desa lain daripada desa komputernya. Tidak ada yang disimpan.",
    "hub_too_old": "Berkas ini ditulis program yang lebih baru daripada program di sini. Tidak ada yang hilang;"
    " perbarui program di sini, lalu baca berkas ini lagi.",
    "node_too_old": "Berkas ini ditulis program yang terlalu lama. Tidak ada yang hilang; minta desa memperbarui"
    " programnya, lalu menulis kiriman baru.",
    "slot_closed": "Kode pendaftarannya sudah dipakai, kedaluwarsa, atau ditutup. Buat kode baru di menu Simpul.",
    "wrong_code": "Kode pendaftaran di berkas ini salah. Minta desa mengetik kodenya lagi; setelah lima kali salah kode"
    " ditutup.",
    "wrong_desa": "Kode pendaftaran ini untuk desa lain. Buat kode untuk desa itu di menu Simpul.",
}
_RUNS = {
    "gap": "Ada bagian sebelumnya yang belum sampai; desa mengirimnya lagi pada kiriman berikutnya.",
    "fork": "Catatan komputer itu bercabang (mungkin dipulihkan dari salinan lama); keduanya disimpan.",
    "unknown_key": "Ada catatan dari komputer yang tidak terdaftar di sini.",
    "out_of_scope": "Ada catatan yang bukan milik desa itu.",
    "bad_seal": "Ada bagian yang tidak dapat dibuka: rusak di jalan, atau disegel untuk kunci lain.",
    "quota_full": "Sebagian foto tidak disimpan: jatah foto desa itu di sini sudah penuh. Datanya tersimpan.",
    "disk_penuh": "Sebagian foto belum disimpan: disk komputer ini penuh. Datanya tersimpan; kosongkan disk, lalu baca"
    " berkas ini lagi.",
    "disk_rusak": "Sebagian foto belum disimpan: foldernya tidak dapat ditulis. Datanya tersimpan; periksa disk, lalu"
    " baca berkas ini lagi.",
    "bad_proof": "Ada foto yang rusak dan tidak disimpan; desa mengirimnya lagi pada kiriman berikutnya.",
}
_DAMAGED = "Ada bagian yang rusak di jalan; desa mengirimnya lagi pada kiriman berikutnya."


def refuse_file(code: str) -> UserError:
    """Word why a file was not taken."""
    return UserError(_FILES.get(code, _FILES["malformed"]), f"usb_{code}")


def explain_refusals(codes: Collection[str]) -> list[str]:
    """Say why parts of a file were not taken, each reason once."""
    return list(dict.fromkeys(_RUNS.get(code, _DAMAGED) for code in codes))
