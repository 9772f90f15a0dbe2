"""``GET /verval/<temuan>/pindaian/<desa>``: the scan behind a desa's answer to a case, as a picture."""

from __future__ import annotations

from flask import Blueprint, Response, abort
from flask.blueprints import BlueprintSetupState

from hub.beranda.shell import services
from hub.verval import queue
from shared.store.blobs import store_of
from shared.web.pictures import answer_scan

blueprint = Blueprint("lampiran", __name__)


@blueprint.record_once
def _add_globals(state: BlueprintSetupState) -> None:
    state.app.jinja_env.globals["pindaian_ada"] = has_scan


@blueprint.get("/verval/<temuan>/pindaian/<desa>")
def scan(temuan: str, desa: str) -> Response:
    """Show the scan, and write down who looked at it."""
    hub = services()
    with hub.database.read() as conn:
        row = conn.execute(
            "SELECT id, lampiran FROM kasus WHERE temuan = ? AND desa = ? AND lampiran IS NOT NULL",
            (queue.read_url_id(temuan), desa),
        ).fetchone()
    if row is None:
        abort(404)
    return answer_scan(hub, desa, row[1], row[0], desa)


def has_scan(desa: str, digest: str) -> bool:
    """Tell whether a scan has arrived; templates ask before they draw the link."""
    return not store_of(services()).find_missing(desa, [digest])
