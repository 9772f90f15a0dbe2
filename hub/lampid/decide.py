"""What an officer says of a reported month, written into the channel of its desa."""

from __future__ import annotations

import sqlite3

from hub.change import write_to_desa
from hub.lampid.rules import NOTE_MAX, find_bar, list_unlocked
from hub.services import HubServices
from shared.errors import UserError
from shared.lampid.state import Tutup, is_open_again
from shared.store.bulan import list_locked, read_months
from shared.store.drafts import draft_update
from shared.store.records import load_state
from shared.web.audit import record_access


def examine(
    hub: HubServices, desa: str, bulan: str, act: str, note: str, seen: str, *, author: str, account: str
) -> None:
    """Say that a month is right, send it back with what is wrong, or lock it; UserError says why not.

    ``seen`` is the digest of the content that the officer has looked at.
    """
    kind = hub.catalogue["laporan_lampid"]
    note = note.strip()[:NOTE_MAX]
    with hub.database.write() as conn:
        month, reopened, unlocked = _read(conn, hub, desa, bulan)
        bar = find_bar(
            month, act, note, seen, is_reopened=reopened, unlocked_before=unlocked,
            locked_after=[one for one in list_locked(conn, hub.catalogue, desa) if one > bulan],
        )
        if bar is not None or month is None:
            raise UserError(bar or "Laporan ini tidak ada.", "laporan_berubah")
        state = load_state(conn, hub.catalogue, kind, desa, month.id)
        values = {"status": act, "isi_diperiksa": month.digest, "catatan": note or None, "diperiksa_oleh": author}
        draft = draft_update(kind, state, month.id, values)
        if draft is not None:
            write_to_desa(hub, desa, [draft], author=author)
        record_access(conn, hub.clock, account, "lampid_diperiksa", month.id, f"{desa} {bulan} {act}")


def _read(
    conn: sqlite3.Connection, hub: HubServices, desa: str, bulan: str
) -> tuple[Tutup | None, bool, list[str]]:
    """Read a month, whether one before it has opened it again, and which of those before are not locked."""
    months = read_months(conn, hub.catalogue, desa, bulan)
    month = next((month for month in months if month.bulan == bulan), None)
    return month, month is not None and is_open_again(month, months), list_unlocked(months, bulan)
