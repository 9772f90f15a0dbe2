"""Who works on a case, and its way to the camat and back: changes of the case that decide nothing."""

from __future__ import annotations

from hub.roles import LEADERS
from hub.services import HubServices
from hub.verval import queries
from hub.verval.decide import Officer, Outcome, change_cases, need_finding
from hub.verval.values import name_petugas
from shared.errors import UserError


def claim_case(services: HubServices, finding_id: str, officer: Officer) -> Outcome:
    """Say that an officer works on a case; UserError when somebody else does."""
    with services.database.write() as conn:
        need_finding(conn, finding_id)
        holder = queries.read_desk(conn, finding_id).holder
        if holder not in ("", officer.petugas):
            raise UserError(
                f"Kasus ini sudah dikerjakan {name_petugas(conn, holder)}. Lepaskan dulu bila Anda yang meneruskan.",
                "sudah_dikerjakan",
            )
        change_cases(services, finding_id, {"pemegang": officer.petugas}, officer)
    return Outcome.DICATAT


def release_case(services: HubServices, finding_id: str, officer: Officer) -> Outcome:
    """Say that nobody works on a case any more; whoever releases it for an absent colleague is on record."""
    change_cases(services, finding_id, {"pemegang": None}, officer)
    return Outcome.DICATAT


def escalate(services: HubServices, finding_id: str, officer: Officer, alasan: str) -> Outcome:
    """Pass a case on to the camat; UserError when it lies there already, or no camat could open it."""
    with services.database.write() as conn:
        need_finding(conn, finding_id)
        if not queries.has_active_account(conn, LEADERS):
            raise UserError(
                "Belum ada akun camat atau sekcam yang aktif. Minta admin membuatnya di halaman Akun petugas.",
                "camat_tidak_ada",
            )
        if queries.read_desk(conn, finding_id).is_at_camat:
            raise UserError("Kasus ini sudah diteruskan ke camat.", "di_camat")
        change_cases(services, finding_id, {"di_camat": True, "pesan_camat": alasan}, officer)
    return Outcome.DICATAT


def hand_back(services: HubServices, finding_id: str, officer: Officer, alasan: str) -> Outcome:
    """Give a case back to the wali data: the camat with a word for them, or they who take it back themselves."""
    with services.database.write() as conn:
        need_finding(conn, finding_id)
        if not queries.read_desk(conn, finding_id).is_at_camat:
            raise UserError("Kasus ini tidak sedang menunggu camat.", "tidak_di_camat")
        change_cases(services, finding_id, {"di_camat": False, "pesan_camat": alasan}, officer)
    return Outcome.DICATAT
