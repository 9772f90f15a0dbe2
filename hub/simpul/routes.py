"""The nodes of the desa, for the admin. Forms (POST with csrf_token, answer 303):

``/simpul`` (``simpul.index``): desa with their nodes, and nodes that wait for their six words.
``/simpul/pendaftaran`` (``simpul.open_enrolment``): ``desa``, ``alamat`` → page with the code, shown once.
``/simpul/calon/<simpul>/setujui`` (``simpul.confirm``): ``kata`` (the six words typed) or ``sama`` = ``ya``.
"""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.beranda.shell import list_desa, name_place, services
from hub.beranda.words import describe_age
from hub.simpul import queries
from hub.simpul.enrol import confirm_candidate, list_candidates, open_slot
from hub.simpul.rules import describe_clock, describe_parity, describe_queue
from shared.errors import EnvironmentProblem, UserError
from shared.web.kept import Notes, keep
from shared.web.services import require_user

blueprint = Blueprint("simpul", __name__)
_CODES_MAX, _CODE_SHOWN_S = 8, 900.0


@blueprint.get("/simpul")
def index() -> str:
    """List every desa of the kecamatan with its nodes, and the nodes that wait."""
    hub = services()
    with hub.database.read() as conn:
        nodes = queries.list_nodes(conn)
        slots = queries.list_open_slots(conn, hub.clock.now_s())
    return render_template(
        "simpul/index.html",
        desa=[
            (kode, nama, [node for node in nodes if node.desa == kode], [s for s in slots if s.desa == kode])
            for kode, nama in list_desa(hub.wilayah)
        ],
        candidates=list_candidates(hub),
        name_place=name_place,
        age=lambda then_s: describe_age(hub.clock.now_s(), then_s),
        clock=describe_clock, queue=describe_queue, parity=describe_parity,
    )


@blueprint.get("/simpul/pendaftaran")
def enrolment() -> str:
    """Ask for which desa a node is to be enrolled."""
    return _enrolment_page(request.args.get("desa", ""), request.host_url.rstrip("/"), "")


@blueprint.post("/simpul/pendaftaran")
def open_enrolment() -> ResponseReturnValue:
    """Open a slot; its code goes to the next page and is kept nowhere."""
    hub, user = services(), require_user()
    desa, address = request.form.get("desa", ""), request.form.get("alamat", "").strip()
    try:
        code = open_slot(hub, desa, address, user.petugas)
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _enrolment_page(desa, address, error.pesan), 400
    return redirect(url_for("simpul.code", token=_codes().put((code.format(), desa))), 303)


@blueprint.get("/simpul/pendaftaran/<token>")
def code(token: str) -> ResponseReturnValue:
    """Show a code, once."""
    shown = _codes().take(token)
    if shown is None:
        flash("Kode pendaftaran hanya tampil satu kali. Bila belum dicatat, buka pendaftaran baru.", "salah")
        return redirect(url_for("simpul.index"), 303)
    return render_template("simpul/kode.html", kode=shown[0], desa=name_place(shown[1]))


@blueprint.post("/simpul/calon/<simpul>/setujui")
def confirm(simpul: str) -> ResponseReturnValue:
    """Enrol a node whose six words somebody has compared."""
    hub = services()
    words = " ".join(request.form.get("kata", "").lower().split())
    if not words and request.form.get("sama") == "ya":
        words = next((str(found["kata"]) for found in list_candidates(hub) if found["simpul"] == simpul), "")
    try:
        if not words:
            raise UserError("Ketik keenam kata dari desa, atau centang bila sama persis.", "kata_kosong")
        confirm_candidate(hub, simpul, words, require_user().petugas)
        flash("Komputer desa sudah terdaftar dan boleh mengirim data.", "baik")
    except EnvironmentProblem:
        raise
    except UserError as error:
        flash(error.pesan, "salah")
    return redirect(url_for("simpul.index"), 303)


def _enrolment_page(desa: str, address: str, problem: str) -> str:
    return render_template(
        "simpul/pendaftaran.html", pilihan=list_desa(services().wilayah), desa=desa, alamat=address,
        problem=problem,
    )


def _codes() -> Notes[tuple[str, str]]:
    """Give the enrolment codes on their way to the page that shows them, each with its desa."""
    return keep("kode_pendaftaran", lambda: Notes[tuple[str, str]](services(), _CODES_MAX, _CODE_SHOWN_S))
