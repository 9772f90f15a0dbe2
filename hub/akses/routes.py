"""The access audit, for the admin. ``GET /akses`` (``akses.index``): ``akun``, ``kegiatan``, ``sebelum`` (number of a
row). ``POST /akses/periksa`` (``akses.check``, csrf_token, answer 303): hashes the whole chain again and says so.
"""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.akses.words import ACTIONS, describe_detail, is_case
from hub.beranda.shell import name_place, services
from hub.verval.queries import find_known_findings
from hub.verval.queue import read_url_id
from hub.verval.values import name_known_petugas
from shared.web.audit import verify_audit
from shared.web.queries import list_audit, list_audit_accounts

blueprint = Blueprint("akses", __name__)
PAGE = 100


class AuditLine(NamedTuple):
    """One row as it is read; ``case`` is what leads to the case that it is about, empty where there is none now."""

    no: int
    time_s: int
    account: str
    action: str
    subject: str
    case: str
    detail: str


@blueprint.get("/akses")
def index() -> str:
    """Show who opened what, the newest first."""
    args = request.args
    before = args.get("sebelum", "")
    last = int(before) if before.isdecimal() and len(before) < 12 else None
    kept = {name: args[name] for name in ("akun", "kegiatan") if args.get(name)}
    with services().database.read() as conn:
        rows = list_audit(conn, None, last, PAGE, kept.get("akun"), kept.get("kegiatan"))
        accounts = list_audit_accounts(conn)
        subjects = {row[4] for row in rows}
        names = name_known_petugas(conn, subjects)
        cases = find_known_findings(conn, map(read_url_id, filter(is_case, subjects)))
    lines = [
        AuditLine(
            no, time_s, account, ACTIONS.get(action, action.replace("_", " ").capitalize()),
            "Kasus verval" if is_case(subject) else names.get(subject) or name_place(subject),
            subject if read_url_id(subject) in cases else "", describe_detail(action, detail),
        )
        for no, time_s, account, action, subject, detail in rows
    ]
    return render_template(
        "akses/index.html", lines=lines, accounts=accounts, actions=ACTIONS, kept=kept,
        more=rows[-1][0] if len(rows) == PAGE else None,
    )


@blueprint.post("/akses/periksa")
def check() -> ResponseReturnValue:
    """Tell whether a row was changed, removed or slipped in."""
    with services().database.read() as conn:
        report = verify_audit(conn)
    if report.is_intact:
        flash(f"Catatan akses utuh: {report.rows} baris, tidak ada yang diubah atau hilang.", "baik")
    else:
        flash(
            f"Catatan akses rusak mulai baris {report.broken_at}: ada yang diubah atau hilang di luar Sipande."
            " Simpan cadangan hari ini dan laporkan kepada camat.",
            "salah",
        )
    return redirect(url_for("akses.index"), 303)
