"""``POST /witness/v1/exchange`` for the kabupaten, and the page of its witness for the operators.

``GET /saksi`` (``saksi.index``): which keys are known, up to where each channel is witnessed.
``POST /saksi/<reader>/lupakan`` (``saksi.forget``): unpin a key, for a kabupaten that has a new one.
"""

from __future__ import annotations

import json

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.beranda.shell import services
from hub.ekspor.routes import ExportRefused, admit, refuse
from hub.saksi import queries
from hub.saksi.exchange import OtherKey, exchange
from hub.saksi.view import describe_witnesses, list_contradictions, name_origin
from shared.errors import EnvironmentProblem, ProtocolError, UserError
from shared.sync.limits import limit
from shared.web.audit import record_access
from shared.web.services import require_user

blueprint = Blueprint("witness", __name__, url_prefix="/witness/v1")
pages = Blueprint("saksi", __name__, url_prefix="/saksi")
NOTES_MAX = 1000


@blueprint.post("/exchange")
def swap() -> Response:
    """Take cosigned notes, give offers."""
    hub = services()
    try:
        reader = admit(hub)
        vkey, notes = _read_request()
        done = exchange(hub, reader.name, vkey, notes)
    except ExportRefused as error:
        return refuse(error)
    except EnvironmentProblem as error:
        return refuse(ExportRefused(507, error.kode, error.pesan, retry_s=600))
    except OtherKey as error:
        return refuse(ExportRefused(409, error.kode, error.pesan))
    except UserError as error:
        return refuse(ExportRefused(400, error.kode, error.pesan))
    except ProtocolError as error:
        return refuse(ExportRefused(422, error.code, "Tanda saksi tidak cocok dengan catatan kecamatan."))
    answer = {"offers": [offer.decode() for offer in done.offers], "witnessed": done.witnessed}
    body = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    return Response(body, content_type="application/json", headers={"Cache-Control": "no-store"})


def _read_request() -> tuple[str, list[str]]:
    malformed = ExportRefused(400, "masukan_salah", "Permintaan saksi tidak dapat dibaca.")
    if (request.content_length or 0) > limit("push_bytes_max"):
        raise ExportRefused(413, "terlalu_besar", "Permintaan saksi terlalu besar.")
    try:
        members = json.loads(request.get_data(cache=False))
        vkey, notes = members["vkey"], members["notes"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise malformed from None
    is_shaped = isinstance(vkey, str) and isinstance(notes, list) and len(notes) <= NOTES_MAX
    if not is_shaped or not all(isinstance(note, str) for note in notes):
        raise malformed
    return vkey, notes


@pages.get("")
def index() -> str:
    """Show who witnesses this hub, up to where, and what was proven against it."""
    hub = services()
    return render_template(
        "saksi/index.html", witnesses=describe_witnesses(hub), evidence=list_contradictions(hub),
        name_origin=name_origin,
    )


@pages.post("/<reader>/lupakan")
def forget(reader: str) -> ResponseReturnValue:
    """Unpin the key of a witness; the next one that calls with this token is pinned instead."""
    hub = services()
    with hub.database.write() as conn:
        if queries.forget_witness(conn, reader):
            record_access(conn, hub.clock, require_user().name, "kunci_saksi_dilupakan", hub.wilayah, reader)
            flash("Kunci saksi itu dilupakan. Kunci yang menghubungi berikutnya akan tercatat di sini.", "baik")
    return redirect(url_for("saksi.index"), 303)
