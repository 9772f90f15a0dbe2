"""Backups of this computer: `/cadangan`."""

from __future__ import annotations

from node.beranda.desk import services
from node.pulihkan.restore import node_kind
from shared.errors import UserError
from shared.web.cadangan import make_cadangan


def _refuse() -> None:
    if services().is_latihan:
        raise UserError("Tempat latihan tidak dicadangkan: isinya karangan.", "latihan")


blueprint = make_cadangan(
    "Pasang Sipande di komputer lain. Saat pertama dibuka, pilih Pulihkan dari cadangan, lalu ketik kode dari kertas."
    " Tanpa cadangan pun semua yang sudah terkirim kembali dari kecamatan: pilih desanya seperti biasa, lalu daftarkan"
    " komputer itu.",
    node_kind, _refuse,
)
