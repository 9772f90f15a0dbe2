"""Backups of this computer: `/cadangan`."""

from __future__ import annotations

from node.beranda.desk import services
from node.beranda.state import read_sync_state
from node.pulihkan.restore import node_kind
from shared.errors import UserError
from shared.web.cadangan import make_cadangan
from shared.web.forms import write_number
from shared.web.kembalikan import SideWords


def _refuse() -> None:
    if services().is_latihan:
        raise UserError("Tempat latihan tidak dicadangkan: isinya karangan.", "latihan")


def _warn() -> list[str]:
    """Say what of the work of this computer is in no backup, and whether it comes back by itself."""
    node = services()
    with node.database.read() as conn:
        state = read_sync_state(conn, node)
    if not state.is_enrolled:
        return [
            "Komputer ini belum terdaftar di kecamatan, jadi yang ditulis sesudah cadangan itu dibuat tidak kembali"
            " sendiri."
        ]
    back = "Yang ditulis sesudah cadangan itu dibuat dan sudah terkirim ke kecamatan kembali sendiri saat sinkron."
    if not state.waiting:
        return [back]
    return [
        f"Sekarang {write_number(state.waiting)} perubahan belum terkirim ke kecamatan. Yang belum terkirim tidak"
        " kembali sendiri: kalau bisa, sinkronkan dulu.",
        back,
    ]


_WORDS = SideWords(
    "sipande-node pulihkan BERKAS", _warn,
    "Cadangan itu dibuat komputer lain. Bila tetap dipakai, komputer ini mendapat kunci baru dan harus didaftarkan lagi"
    " ke kecamatan.",
)
blueprint = make_cadangan(
    "Pasang Sipande di komputer lain. Saat pertama dibuka, pilih Pulihkan dari cadangan, lalu ketik kode dari kertas."
    " Tanpa cadangan pun semua yang sudah terkirim kembali dari kecamatan: pilih desanya seperti biasa, lalu daftarkan"
    " komputer itu.",
    node_kind, _WORDS, _refuse,
)
