"""What is open to whom for a few minutes, and the audit of it: numbers asked for with a reason, lists of names.

A list is written into the audit by the GET that opens it, against the rule that a GET never writes: no name is
shown that was not logged. Whose data stood on the screen is kept beside it, for each desa to be told (hub/akses).
"""

from __future__ import annotations

import re
from hashlib import sha256

from flask import current_app

from hub.akses.keep import keep_look
from hub.akses.rules import Records
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


def reveal(subject: str, reason: str, records: Records, tentang: str) -> None:
    """Open the numbers of one subject (an id) to the current session and write it into the audit.

    ``records`` are whose numbers they are, and ``tentang`` where they stand, as the desa is told.

    Raises UserError when no reason of the list was chosen.
    """
    if reason not in REASONS:
        raise UserError("Pilih dulu untuk keperluan apa nomornya ditampilkan.", "keperluan_kosong")
    hub, user = services(), require_user()
    with hub.database.write() as conn:
        record_access(conn, hub.clock, user.name, "nik_ditampilkan", subject, reason)
        keep_look(conn, hub, user, "nik_ditampilkan", records, tentang=tentang, keperluan=reason)
    _open(subject)


def is_revealed(subject: str) -> bool:
    """Tell whether the numbers of a subject are open to the current session."""
    end_s = _kept().get((require_user().session, subject), 0.0)
    return services().clock.monotonic_s() < end_s


def note_opening(what: str, which: str, count: int, shown: Records, tentang: str = "") -> None:
    """Write into the audit that somebody opens a list of names, once for all pages of one list.

    ``what`` names the list, ``which`` the selection in words; neither may name anybody, and a long number in the
    name of a programme is left out. ``shown`` are the records on this page: their desa are told, of each page, that
    they were seen in ``tentang`` (``what`` where empty), which says nothing of the selection.
    """
    which = _LONG_NUMBER.sub("…", which)
    _note("daftar_dibuka", what, f"{which}; {count} baris", f"{what}: {which}", shown, tentang or what)


def note_case(subject: str, shown: Records) -> None:
    """Write into the audit that somebody opens a case (as it stands in addresses), which shows the data of persons."""
    _note("kasus_dibuka", subject, "", f"kasus {subject}", shown, "")


def _note(action: str, subject: str, detail: str, key: str, shown: Records, tentang: str) -> None:
    hub, user, records = services(), require_user(), list(shown)
    page = f"{key} {sha256(repr(records).encode()).hexdigest()}"
    if is_revealed(page):
        return
    with hub.database.write() as conn:
        if not is_revealed(key):
            record_access(conn, hub.clock, user.name, action, subject, detail)
        keep_look(conn, hub, user, action, records, tentang=tentang)
    if not is_revealed(key):
        _open(key)
    _open(page)


def _open(subject: str) -> None:
    now_s, until = services().clock.monotonic_s(), _kept()
    for key in [key for key, end_s in until.items() if end_s < now_s]:
        until.pop(key, None)
    until[require_user().session, subject] = now_s + OPEN_S


def _kept() -> dict[tuple[int, str], float]:
    """Give until when what is open, by session and subject."""
    kept: dict[tuple[int, str], float] = current_app.extensions.setdefault("hub_reveals", {})
    return kept
