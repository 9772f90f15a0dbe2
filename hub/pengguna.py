"""Accounts of the kecamatan, for the admin: `/akun/`."""

from __future__ import annotations

from hub.change import write_common
from shared.web.pengguna import make_pengguna

blueprint = make_pengguna("/akun", "Akun petugas kecamatan", write_common, audit_page="akses.index")
