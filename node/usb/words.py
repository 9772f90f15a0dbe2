"""What people read about files from and for the kecamatan; pure."""

from __future__ import annotations

from collections.abc import Collection

from node.usb.ledger import Ledger, Written
from shared.clock import format_time
from shared.errors import UserError
from shared.sync.codes import CODES
from shared.web.forms import write_number

_FILES = {
    "malformed": "Berkas ini bukan jawaban kecamatan, atau bagian awalnya terpotong. Pilih berkas yang namanya"
    " diawali sipande-jawab, atau salin ulang dari stik.",
    "too_large": "Berkas ini bukan jawaban kecamatan. Pilih berkas yang namanya diawali sipande-jawab.",
    "bad_signature": "Berkas ini rusak atau diubah di jalan: tanda tangannya tidak cocok. Salin ulang dari stik, atau"
    " minta kecamatan menulis ulang. Tidak ada yang berubah di sini.",
    "unknown_key": "Berkas ini bukan dari kecamatan tempat komputer ini terdaftar. Tidak ada yang diambil; pilih"
    " berkas dari kecamatan Anda.",
    "wrong_receiver": "Berkas ini jawaban untuk komputer lain. Bawa ke komputer yang menulis kirimannya.",
    "wrong_desa": "Berkas ini jawaban untuk desa lain. Tidak ada yang diambil; kembalikan ke desanya.",
    "up": "Berkas ini kiriman dari desa, belum jawaban kecamatan. Bawa dulu ke kecamatan; jawabannya bernama"
    " sipande-jawab.",
    "enrol": "Berkas ini permintaan pendaftaran dari desa, belum jawaban kecamatan. Bawa dulu ke kecamatan; jawabannya"
    " bernama sipande-terdaftar.",
    "not_enrolled": "Komputer ini belum terdaftar di kecamatan, jadi jawabannya belum dapat dibaca. Daftarkan dulu,"
    " dengan internet atau lewat USB.",
}
_TOO_OLD = ("node_too_old", "hub_too_old")
_REFUSED = {
    "gap": "Ada bagian sebelumnya yang belum ada di kecamatan; bagian itu ikut pada kiriman berikutnya.",
    "malformed": "Sebagian kiriman rusak di jalan; bagian itu ikut lagi pada kiriman berikutnya.",
    "bad_seal": "Sebagian kiriman tidak dapat dibuka kecamatan; bagian itu ikut lagi pada kiriman berikutnya.",
}
_PICTURES = {
    "quota_full": "Sebagian foto tidak diambil: tempat untuk foto di komputer ini sudah penuh.",
    "disk_penuh": "Sebagian foto belum diambil: disk komputer ini penuh. Kosongkan disk, lalu baca jawabannya lagi.",
    "disk_rusak": "Sebagian foto belum diambil: foldernya tidak dapat ditulis. Periksa disk, lalu baca jawabannya"
    " lagi.",
    "hub_quota_full": "Sebagian foto tidak diterima kecamatan: jatah foto desa ini di sana sudah penuh. Hubungi"
    " operator kecamatan; datanya sudah diterima.",
    "hub_disk_full": "Sebagian foto belum diterima: disk kecamatan penuh. Foto itu ikut lagi pada kiriman berikutnya.",
}
_PICTURES_DAMAGED = "Ada foto yang rusak di jalan dan tidak diambil; ia ikut lagi pada kiriman atau jawaban berikutnya."


def explain_pictures(codes: Collection[str]) -> list[str]:
    """Say why photos or scans were kept out, here or (``hub_…``) at the kecamatan, each reason once."""
    return list(dict.fromkeys(_PICTURES.get(code, _PICTURES_DAMAGED) for code in codes))


def refuse_file(code: str) -> UserError:
    """Word why a file was not read."""
    if code in _TOO_OLD:
        return UserError(CODES[code].sentence, f"usb_{code}")
    return UserError(_FILES.get(code, _FILES["malformed"]), f"usb_{code}")


def explain_refusals(codes: Collection[str]) -> str:
    """Say what the hub did not take and why, each reason once; empty when it took all."""
    sentences = [_REFUSED[code] if code in _REFUSED else CODES[code].sentence for code in codes if code in CODES]
    return " ".join(dict.fromkeys(sentences))


def count_changes(count: int) -> str:
    """Write a number of changes."""
    return f"{write_number(count)} perubahan"


def describe_pictures(packed: int, left: int) -> str:
    """Say how many photos and scans are in a file and how many wait for the next; empty where there are none."""
    if not packed and not left:
        return ""
    if not left:
        return f"{write_number(packed)} foto atau pindaian ikut di dalamnya."
    begin = f"{write_number(packed)} foto atau pindaian ikut" if packed else "Belum ada foto atau pindaian yang ikut"
    return f"{begin}; {write_number(left)} menunggu kiriman berikutnya."


def describe_state(
    ledger: Ledger, waiting: int, *, enrolled: bool, admitted: bool, pictures: int = 0
) -> tuple[str, str]:
    """Say in one sentence where things stand, and in another what to do next; ``pictures`` wait on either side."""
    last = ledger.last
    if not enrolled:
        if ledger.requests:
            return (
                f"Permintaan pendaftaran sudah ditulis ({format_time(ledger.requests[-1].time_s)}); menunggu jawaban"
                " kecamatan.",
                "Bawa berkasnya ke kecamatan. Sesudah kembali, baca jawabannya di bawah.",
            )
        return (
            "Komputer ini belum terdaftar di kecamatan; pekerjaan tersimpan di sini.",
            "Minta kode pendaftaran dari operator kecamatan, lalu tulis permintaannya di bawah.",
        )
    if last is None:
        if not admitted:
            return (
                "Kecamatan sudah dikenal, tetapi komputer ini belum disetujui di sana.",
                "Cocokkan enam kata lewat telepon, lalu tulis kiriman pertama dan bawa ke kecamatan.",
            )
        said = f"{count_changes(waiting)} menunggu dikirim" if waiting else "tidak ada yang menunggu dikirim"
        return f"Belum pernah mengirim lewat USB; {said}.", "Tulis kiriman ke stik, lalu bawa ke kecamatan."
    if not last.answered_s:
        return (
            f"Kiriman nomor {last.number} sudah ditulis ({format_time(last.time_s)}, {count_changes(last.changes)});"
            " menunggu jawaban kecamatan.",
            "Bawa berkasnya ke kecamatan. Sesudah kembali, baca jawabannya di bawah. Sementara itu Anda boleh bekerja"
            " dan menulis kiriman baru.",
        )
    if last.is_cut:
        return (
            f"Jawaban untuk kiriman nomor {last.number} terpotong atau rusak; yang utuh sudah diambil.",
            "Salin ulang berkas jawabannya dan baca lagi, atau tulis kiriman baru.",
        )
    if last.codes:
        return (
            f"Kiriman nomor {last.number} sudah dijawab, tetapi tidak semuanya diterima."
            f" {explain_refusals(last.codes)}".rstrip(),
            "Tulis kiriman baru dan bawa ke kecamatan. Bila terulang, hubungi operator kecamatan.",
        )
    return (
        f"Kiriman nomor {last.number} sudah diterima kecamatan ({format_time(last.answered_s)}, jam kecamatan).",
        _advise(waiting, pictures),
    )


def _advise(waiting: int, pictures: int) -> str:
    if waiting:
        return f"Sejak itu ada {count_changes(waiting)} baru; tulis kiriman berikutnya bila akan ke kecamatan."
    if pictures:
        return "Datanya sudah ada di kecamatan, tetapi masih ada foto yang menunggu; tulis kiriman berikutnya."
    return "Semua pekerjaan sudah ada di kecamatan; tidak ada yang perlu dilakukan."


def describe_file(file: Written) -> str:
    """Say how one file fared, in a word or two."""
    if not file.answered_s:
        return "Menunggu jawaban"
    if file.is_cut:
        return "Jawaban terpotong"
    return "Diterima sebagian" if file.codes else "Diterima"
