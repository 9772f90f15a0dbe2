"""What the rows of the access audit say, in plain words; pure."""

from __future__ import annotations

import re

from hub.beranda.reveals import REASONS
from hub.roles import ROLES
from shared.web import audit

ACTIONS = {
    **audit.ACTIONS,
    "daftar_dibuka": "Membuka daftar nama",
    "ekspor_teridentifikasi": "Mengambil data beridentitas untuk kabupaten",
}
_CASE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{8}){7}")
_LABELS = {role.name: role.label for role in ROLES}


def is_case(subject: str) -> bool:
    """Tell whether a subject is a case, as it stands in addresses."""
    return _CASE.fullmatch(subject) is not None


def describe_detail(action: str, detail: str) -> str:
    """Say for what something was opened; purposes and roles by their labels."""
    if action == "nik_ditampilkan":
        return REASONS.get(detail, detail)
    if action in ("akun_dibuat", "peran_diganti"):
        return _LABELS.get(detail, detail)
    return "dengan kode dari admin" if action == "sandi_diganti" and detail else detail
