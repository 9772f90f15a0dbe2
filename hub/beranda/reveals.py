"""Which numbers are open to whom: masked until asked for with a reason, for a few minutes, audited."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import current_app

from hub.beranda.shell import services
from shared.errors import UserError
from shared.web.audit import record_access
from shared.web.services import require_user

OPEN_S = 5 * 60
REASONS = {
    "verval": "Memutuskan kasus verval",
    "cocokkan": "Mencocokkan dengan kartu atau berkas",
    "bantuan": "Memeriksa penerima bantuan",
    "permintaan": "Menjawab permintaan dinas",
}


@dataclass
class _Reveals:
    until: dict[tuple[int, str], float] = field(default_factory=dict)


def reveal(subject: str, reason: str) -> None:
    """Open the numbers of one subject (an id) to the current session and write it into the audit.

    Raises UserError when no reason of the list was chosen.
    """
    if reason not in REASONS:
        raise UserError("Pilih dulu untuk keperluan apa nomornya ditampilkan.", "keperluan_kosong")
    hub, user = services(), require_user()
    with hub.database.write() as conn:
        record_access(conn, hub.clock, user.name, "nik_ditampilkan", subject, reason)
    now_s = hub.clock.monotonic_s()
    until = _reveals().until
    for key in [key for key, end_s in until.items() if end_s < now_s]:
        until.pop(key, None)
    until[user.session, subject] = now_s + OPEN_S


def is_revealed(subject: str) -> bool:
    """Tell whether the numbers of a subject are open to the current session."""
    end_s = _reveals().until.get((require_user().session, subject), 0.0)
    return services().clock.monotonic_s() < end_s


def _reveals() -> _Reveals:
    reveals: _Reveals = current_app.extensions.setdefault("hub_reveals", _Reveals())
    return reveals
