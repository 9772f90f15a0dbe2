"""Backups of this hub, for its admin: `/cadangan`."""

from __future__ import annotations

from hub.pemulihan.cadangan import hub_kind
from shared.web.cadangan import make_cadangan

blueprint = make_cadangan(
    "Pasang Sipande di komputer lain, lalu jalankan sipande-hub pulihkan dengan berkas cadangan, kode dari kertas, dan"
    " kunci pemulihan dari amplop tersegel. Tanpa cadangan: sipande-hub ambil-alih; komputer desa mengembalikan"
    " datanya.",
    hub_kind,
)
