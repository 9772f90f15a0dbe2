"""*Pemeriksaan* of the kecamatan, for the admin: `/keamanan/periksa`."""

from __future__ import annotations

from typing import cast

from hub.commands import verify_hub
from hub.services import HubServices
from shared.web.periksa import make_periksa

blueprint = make_periksa(
    "/keamanan/periksa", lambda side: verify_hub(cast(HubServices, side)),
    "Jangan hapus apa pun. Catat kalimat di bawah, lalu hubungi pengelola program; desa dapat terus bekerja. Catatan"
    " yang rusak dapat dipulihkan dari cadangan, dan komputer desa mengembalikan sisanya.",
)
