"""The access audit as an office reads it: who saw, printed or exported whose data, when and for what.

``GET`` (``index``): ``akun``, ``kegiatan`` (an act, or a sort of acts), ``hari`` (dd-mm-yyyy), ``tentang`` (an id),
``sebelum`` (number of a row).
Forms (POST with csrf_token): ``/periksa`` hashes the whole chain again and says so (303); ``/ekspor`` gives what the
page shows, all of it, as xlsx.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.clock import WIB, format_time, today
from shared.web.audit import ACTIONS, find_actions, list_groups, record_access, verify_audit
from shared.web.queries import AuditFilter, list_audit, list_audit_accounts
from shared.web.services import require_user, web
from shared.web.tables import MIME, write_table

PAGE = 100
EXPORT_ROWS_MAX = 50_000


class AuditLine(NamedTuple):
    """One row as it is read; ``url`` is the page of what it is about, empty where there is none now."""

    no: int
    time_s: int
    account: str
    action: str
    subject: str
    url: str
    detail: str


NO_PARTS: Mapping[str, str] = {}
Describe = Callable[[sqlite3.Connection, Sequence[Sequence[Any]]], list[AuditLine]]
"""Words rows of the audit (no, time_s, account, action, subject, detail)."""
Widen = Callable[[sqlite3.Connection, str], list[str]]
"""Gives the ids of the records that show somebody or something (an id), itself among them."""


def make_catatan(
    name: str, url_prefix: str, describe: Describe, tell: str, actions: Mapping[str, str] = ACTIONS, *,
    note: str = "", parts: Mapping[str, str] = NO_PARTS, widen: Widen = lambda conn, id: [id],
) -> Blueprint:
    """Make the blueprint of the access audit; ``tell`` says to whom a broken chain is reported.

    ``note`` is what a reader of this side is to know beside, ``parts`` maps the pages of the audit to their names where
    there are several. ``widen`` gives what a look at somebody may have been written down as, beside the own id.
    """
    blueprint = Blueprint(name, __name__, url_prefix=url_prefix)

    @blueprint.get("")
    def index() -> ResponseReturnValue:
        """Show who opened what, the newest first."""
        kept, before = _read_kept(), request.args.get("sebelum", "")
        last = int(before) if before.isdecimal() and len(before) < 12 else None
        with web().database.read() as conn:
            rows = list_audit(conn, _make_filter(conn, kept, actions, widen), last, PAGE)
            lines, accounts = describe(conn, rows), list_audit_accounts(conn)
            about = ""
            if "tentang" in kept:
                about = describe(conn, [(0, 0, "", "", kept["tentang"], "")])[0].subject or "data itu"
        return render_template(
            "catatan/index.html", lines=lines, accounts=accounts, actions=actions, kept=kept, name=name, about=about,
            groups=list_groups(actions), more=rows[-1][0] if len(rows) == PAGE else None, note=note, parts=parts,
        )

    @blueprint.post("/periksa")
    def check() -> ResponseReturnValue:
        """Tell whether a row was changed, removed or slipped in."""
        with web().database.read() as conn:
            report = verify_audit(conn)
        if report.is_intact:
            flash(f"Catatan akses utuh: {report.rows} baris, tidak ada yang diubah atau hilang.", "baik")
        else:
            flash(
                f"Catatan akses rusak mulai baris {report.broken_at}: ada yang diubah atau hilang di luar Sipande."
                f" Simpan cadangan hari ini dan laporkan kepada {tell}.",
                "salah",
            )
        return redirect(url_for(".index"), 303)

    @blueprint.post("/ekspor")
    def export() -> ResponseReturnValue:
        """Give what the page shows as a file, and write that down."""
        shell, kept = web(), _read_kept()
        with shell.database.read() as conn:
            lines = describe(conn, list_audit(conn, _make_filter(conn, kept, actions, widen), None, EXPORT_ROWS_MAX))
        with shell.database.write() as conn:
            record_access(conn, shell.clock, require_user().name, "catatan_diekspor", "", f"{len(lines)} baris")
        titles = ("Nomor", "Waktu", "Akun", "Kegiatan", "Tentang", "Keterangan")
        cells = (
            (str(line.no), format_time(line.time_s), line.account, line.action, line.subject, line.detail)
            for line in lines
        )
        return send_list("catatan-akses", titles, cells)

    return blueprint


def send_list(name: str, titles: Sequence[str], cells: Iterable[Sequence[str]]) -> Response:
    """Give a list as an xlsx file of this day."""
    filename = f"{name}-{today(web().clock).isoformat()}.xlsx"
    return Response(
        write_table("xlsx", titles, cells), mimetype=MIME["xlsx"],
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )


def _read_kept() -> dict[str, str]:
    """Read what narrows the page; a day that is none is left out."""
    kept = {name: text[:200] for name in ("akun", "kegiatan", "tentang") if (text := request.values.get(name))}
    day = read_day(request.values.get("hari", ""))
    return {**kept, "hari": day.strftime("%d-%m-%Y")} if day is not None else kept


def _make_filter(
    conn: sqlite3.Connection, kept: Mapping[str, str], actions: Mapping[str, str], widen: Widen
) -> AuditFilter:
    day = read_day(kept.get("hari", ""))
    start_s = end_s = None
    if day is not None:
        start = datetime(day.year, day.month, day.day, tzinfo=WIB)
        start_s, end_s = int(start.timestamp()), int((start + timedelta(days=1)).timestamp())
    chosen = json.dumps(find_actions(kept["kegiatan"], actions)) if "kegiatan" in kept else None
    about = json.dumps(widen(conn, kept["tentang"])) if "tentang" in kept else None
    return AuditFilter(kept.get("akun"), chosen, about, start_s, end_s)


def read_day(text: str) -> date | None:
    """Read a day as it is typed into the filter; None for what is none."""
    try:
        day = datetime.strptime(text, "%d-%m-%Y").date()
    except ValueError:
        return None
    return day if 1990 < day.year < 9000 else None
