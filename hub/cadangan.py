"""Backups of this hub, for its admin: `/cadangan`."""

from __future__ import annotations

from hub.pemulihan.cadangan import hub_kind
from shared.web.cadangan import make_cadangan

blueprint = make_cadangan(
    "Pasang Sipande kecamatan di komputer lain dan buka di peramban. Pilih Pulihkan dari cadangan: berkas cadangan,"
    " kode dari kertas, dan kunci pemulihan dari amplop tersegel. Tanpa cadangan: Ganti hub yang hilang; komputer desa"
    " mengembalikan datanya.",
    hub_kind,
)
