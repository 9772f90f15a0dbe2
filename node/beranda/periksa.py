"""*Pemeriksaan* of this computer: `/periksa`."""

from __future__ import annotations

from typing import cast

from node.commands import verify_node
from node.services import NodeServices
from shared.web.periksa import make_periksa

blueprint = make_periksa(
    "/periksa", lambda side: verify_node(cast(NodeServices, side)),
    "Jangan hapus apa pun. Catat kalimat di bawah, lalu telepon operator kecamatan; pekerjaan boleh diteruskan. Catatan"
    " yang rusak dapat dipulihkan dari cadangan, dan kecamatan mengembalikan sisanya.",
)
