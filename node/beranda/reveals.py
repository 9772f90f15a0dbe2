"""Which numbers are open to whom: masked until asked for with a purpose, for a few minutes, audited."""

from __future__ import annotations

from flask import flash, request

from node.beranda.desk import keep, services
from node.services import NodeServices
from shared.errors import UserError
from shared.web.audit import record_access
from shared.web.services import require_user

OPEN_S = 5 * 60
PURPOSES = {
    "layanan": "Melayani warga yang bersangkutan",
    "surat": "Membuat surat",
    "perbaikan": "Memperbaiki data",
    "verval": "Menjawab kasus dari kecamatan",
    "bantuan": "Mengurus bantuan",
    "laporan": "Membuat laporan dinas",
}


class _Reveals:
    def __init__(self, node: NodeServices) -> None:
        self.until: dict[tuple[int, str], float] = {}


def reveal(record: str) -> None:
    """Open the numbers of one record to the current session for the purpose that was sent; logged.

    Without a purpose of the list the next page says what is missing.
    """
    purpose = request.form.get("keperluan", "")
    try:
        check_purpose(purpose)
    except UserError as error:
        flash(error.pesan, "salah")
        return
    node, user = services(), require_user()
    with node.database.write() as conn:
        record_access(conn, node.clock, user.name, "nik_ditampilkan", record, purpose)
    now_s = node.clock.monotonic_s()
    until = keep("reveals", _Reveals).until
    for key in [key for key, end_s in until.items() if end_s < now_s]:
        until.pop(key, None)
    until[user.session, record] = now_s + OPEN_S


def conceal(record: str) -> None:
    """Mask the numbers of a record again."""
    keep("reveals", _Reveals).until.pop((require_user().session, record), None)


def is_revealed(record: str) -> bool:
    """Tell whether the numbers of a record are open to the current session."""
    end_s = keep("reveals", _Reveals).until.get((require_user().session, record), 0.0)
    return services().clock.monotonic_s() < end_s


def check_purpose(purpose: str) -> None:
    """Raise UserError unless the purpose is one of the list."""
    if purpose not in PURPOSES:
        raise UserError("Pilih dulu untuk keperluan apa nomornya ditampilkan.", "keperluan_kosong")
