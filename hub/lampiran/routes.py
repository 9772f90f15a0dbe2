"""``GET /verval/<temuan>/pindaian/<desa>``: the scan behind a desa's answer to a case, as a picture."""

from __future__ import annotations

import sqlite3

from flask import Blueprint, Response, abort
from flask.blueprints import BlueprintSetupState

from hub.akses.keep import keep_look
from hub.beranda.shell import services
from hub.verval import queue
from hub.verval.queries import list_case_subjects
from shared.store.blobs import store_of
from shared.web.pictures import answer_scan
from shared.web.services import require_user

blueprint = Blueprint("lampiran", __name__)


@blueprint.record_once
def _add_globals(state: BlueprintSetupState) -> None:
    state.app.jinja_env.globals["pindaian_ada"] = has_scan


@blueprint.get("/verval/<temuan>/pindaian/<desa>")
def scan(temuan: str, desa: str) -> Response:
    """Show the scan, and write down who looked at it."""
    hub, finding = services(), queue.read_url_id(temuan)
    with hub.database.read() as conn:
        row = conn.execute(
            "SELECT id, lampiran FROM kasus WHERE temuan = ? AND desa = ? AND lampiran IS NOT NULL", (finding, desa)
        ).fetchone()
        named = [record for record in list_case_subjects(conn, finding) if record[0] == desa]
    if row is None:
        abort(404)

    def keep(conn: sqlite3.Connection) -> None:
        keep_look(conn, hub, require_user(), "pindaian_dilihat", named, tentang="Pindaian pada kasus")

    return answer_scan(hub, desa, row[1], row[0], desa, keep=keep)


def has_scan(desa: str, digest: str) -> bool:
    """Tell whether a scan has arrived; templates ask before they draw the link."""
    return not store_of(services()).find_missing(desa, [digest])
