"""Who acts where no browser has logged in: a command names an account, which needs the right of the page it does."""

from __future__ import annotations

import sqlite3

from hub.policy import POLICY
from hub.services import HubServices
from hub.verval.decide import Officer
from shared.errors import UserError
from shared.web.audit import record_access
from shared.web.queries import find_account, list_accounts

COMMAND = "perintah"
"""Who acted, in the record of access, where a command names nobody."""


def find_officer(services: HubServices, name: str, right: str = "") -> Officer:
    """Find the active account that acts; UserError when there is none of that name, or it may not do this."""
    with services.database.read() as conn:
        account = find_account(conn, name)
    if account is None or not account.active:
        raise UserError(
            "Petugas itu tidak punya akun aktif di hub ini. Periksa nama akunnya (--petugas).", "petugas_tidak_ada"
        )
    if right and not POLICY.allows(account.role, right):
        raise UserError(
            "Peran akun itu tidak boleh melakukan ini. Sebutkan akun admin (--petugas).", "peran_tidak_boleh"
        )
    return Officer(account.petugas, account.role)


def has_left(conn: sqlite3.Connection, petugas: str, right: str) -> bool:
    """Tell whether somebody had an account here and has none any more that may do this."""
    accounts = [account for account in list_accounts(conn) if account.petugas == petugas]
    return bool(accounts) and not any(one.active and POLICY.allows(one.role, right) for one in accounts)


def note_act(services: HubServices, account: str, action: str, subject: str = "") -> None:
    """Write down who did what to trust or recovery, as the pages and the commands do it."""
    with services.database.write() as conn:
        record_access(conn, services.clock, account, action, subject)
