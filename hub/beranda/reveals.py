"""What is open to whom for a few minutes, and the audit of it: numbers asked for with a reason, lists of names.

A list is written into the audit by the GET that opens it, against the rule that a GET never writes: no name is
shown that was not logged.
"""

from __future__ import annotations

import re

from flask import current_app

from hub.beranda.shell import services
from shared.errors import UserError
from shared.web.audit import record_access
from shared.web.services import require_user

OPEN_S = 5 * 60
_LONG_NUMBER = re.compile(r"[0-9]{10,}")
REASONS = {
    "verval": "Memutuskan kasus verval",
    "cocokkan": "Mencocokkan dengan kartu atau berkas",
    "bantuan": "Memeriksa penerima bantuan",
    "permintaan": "Menjawab permintaan dinas",
}


def reveal(subject: str, reason: str) -> None:
    """Open the numbers of one subject (an id) to the current session and write it into the audit.

    Raises UserError when no reason of the list was chosen.
    """
    if reason not in REASONS:
        raise UserError("Pilih dulu untuk keperluan apa nomornya ditampilkan.", "keperluan_kosong")
    _write("nik_ditampilkan", subject, reason)
    _open(subject)


def is_revealed(subject: str) -> bool:
    """Tell whether the numbers of a subject are open to the current session."""
    end_s = _kept().get((require_user().session, subject), 0.0)
    return services().clock.monotonic_s() < end_s


def note_opening(what: str, which: str, count: int) -> None:
    """Write into the audit that somebody opens a list of names, once for all pages of one list.

    ``what`` names the list, ``which`` the selection in words; neither may name anybody, and a long number in the
    name of a programme is left out.
    """
    which = _LONG_NUMBER.sub("…", which)
    key = f"{what}: {which}"
    if not is_revealed(key):
        _write("daftar_dibuka", what, f"{which}; {count} baris")
        _open(key)


def _write(action: str, subject: str, detail: str) -> None:
    hub = services()
    with hub.database.write() as conn:
        record_access(conn, hub.clock, require_user().name, action, subject, detail)


def _open(subject: str) -> None:
    now_s, until = services().clock.monotonic_s(), _kept()
    for key in [key for key, end_s in until.items() if end_s < now_s]:
        until.pop(key, None)
    until[require_user().session, subject] = now_s + OPEN_S


def _kept() -> dict[tuple[int, str], float]:
    """Give until when what is open, by session and subject."""
    kept: dict[tuple[int, str], float] = current_app.extensions.setdefault("hub_reveals", {})
    return kept
