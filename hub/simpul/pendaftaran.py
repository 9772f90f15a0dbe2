"""Enrolment of the desa's nodes, for the admin. Forms (POST with csrf_token, answer 303):

``/simpul/pendaftaran`` (``pendaftaran.open_slot``): ``desa``, ``alamat``, ``usb`` (``ya``) → page with the
code, shown once.
``/simpul/pendaftaran/<slot>/tarik`` (``pendaftaran.withdraw``): closes a slot that nobody has used.
``/simpul/calon/<simpul>/setujui`` (``pendaftaran.confirm``): ``kata`` (the six words typed) or ``sama`` = ``ya``.
``/simpul/calon/<simpul>/tolak`` (``pendaftaran.refuse``): ``sebab`` (a key of REASONS), ``catatan``, ``kode`` =
``tutup`` or ``buka``: what becomes of the slot.
"""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from hub.beranda.shell import list_desa, name_place, services
from hub.simpul import enrol, queries
from hub.simpul.refusal import NOTE_MAX, REASONS
from hub.simpul.rules import judge_slot
from shared.errors import EnvironmentProblem, UserError
from shared.sync.limits import limit
from shared.web.audit import record_access
from shared.web.kept import Notes, keep
from shared.web.lan import draw_qr_svg, find_office_url, is_loopback
from shared.web.services import require_user

blueprint = Blueprint("pendaftaran", __name__)
_CODES_MAX, _CODE_SHOWN_S = 8, 900.0
_SLOTS_SHOWN = 50


@blueprint.get("/simpul/pendaftaran")
def index() -> str:
    """Ask for which desa a node is to be enrolled; list the slots that were opened before."""
    return _list_page(request.args.get("desa", ""), _find_own_address(), "")


@blueprint.post("/simpul/pendaftaran")
def open_slot() -> ResponseReturnValue:
    """Open a slot; its code goes to the next page and is kept nowhere."""
    hub, user = services(), require_user()
    desa, address = request.form.get("desa", ""), request.form.get("alamat", "").strip()
    by_file = request.form.get("usb") == "ya"
    try:
        with hub.database.write() as conn:
            code = enrol.open_slot(hub, desa, address, user.petugas, by_file=by_file)
            record_access(conn, hub.clock, user.name, "slot_dibuka", code.slot_id, desa)
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _list_page(desa, address, error.pesan, by_file), 400
    life_s = limit("enrol_file_code_s" if by_file else "enrol_code_s")
    token = _codes().put((code.format(), desa, address, life_s))
    return redirect(url_for("pendaftaran.code", token=token), 303)


@blueprint.get("/simpul/pendaftaran/<token>")
def code(token: str) -> ResponseReturnValue:
    """Show a code, once."""
    hub, shown = services(), _codes().take(token)
    if shown is None:
        flash("Kode pendaftaran hanya tampil satu kali. Bila belum dicatat, buka pendaftaran baru.", "salah")
        return redirect(url_for("pendaftaran.index"), 303)
    text, desa, address, life_s = shown
    return render_template(
        "simpul/kode.html", kode=text, desa=name_place(desa), drawn=Markup(draw_qr_svg(text)),
        until_s=hub.clock.now_s() + life_s, is_local=is_loopback(address),
    )


@blueprint.post("/simpul/pendaftaran/<slot>/tarik")
def withdraw(slot: str) -> ResponseReturnValue:
    """Close a slot whose code nobody has used."""
    hub = services()
    try:
        with hub.database.write() as conn:
            desa = enrol.withdraw_slot(hub, slot)
            record_access(conn, hub.clock, require_user().name, "slot_ditarik", slot, desa)
        flash(f"Pendaftaran untuk {name_place(desa)} ditarik; kodenya tidak berlaku lagi.", "baik")
    except EnvironmentProblem:
        raise
    except UserError as error:
        flash(error.pesan, "salah")
    return redirect(url_for("pendaftaran.index"), 303)


@blueprint.post("/simpul/calon/<simpul>/setujui")
def confirm(simpul: str) -> ResponseReturnValue:
    """Enrol a node whose six words somebody has compared."""
    hub, user = services(), require_user()
    words = " ".join(request.form.get("kata", "").lower().split())
    if not words and request.form.get("sama") == "ya":
        words = next((str(found["kata"]) for found in enrol.list_candidates(hub) if found["simpul"] == simpul), "")
    try:
        if not words:
            raise UserError("Ketik keenam kata dari desa, atau centang bila sama persis.", "kata_kosong")
        with hub.database.write() as conn:
            enrol.confirm_candidate(hub, simpul, words, user.petugas)
            record_access(conn, hub.clock, user.name, "calon_disetujui", simpul)
        flash("Komputer desa sudah terdaftar dan boleh mengirim data.", "baik")
    except EnvironmentProblem:
        raise
    except UserError as error:
        flash(error.pesan, "salah")
    return redirect(url_for("simpul.index"), 303)


@blueprint.get("/simpul/calon/<simpul>/tolak")
def refusal(simpul: str) -> ResponseReturnValue:
    """Ask why a node that waits is refused."""
    return _refusal_page(simpul, {}, "")


@blueprint.post("/simpul/calon/<simpul>/tolak")
def refuse(simpul: str) -> ResponseReturnValue:
    """Send a node that waits away; it is told so when it calls."""
    hub, user = services(), require_user()
    typed = {name: request.form.get(name, "").strip() for name in ("sebab", "catatan", "kode")}
    try:
        with hub.database.write() as conn:
            enrol.refuse_candidate(
                hub, simpul, typed["sebab"], typed["catatan"], user.petugas, reopen=typed["kode"] == "buka"
            )
            record_access(conn, hub.clock, user.name, "calon_ditolak", simpul, REASONS[typed["sebab"]])
        flash("Komputer itu ditolak. Di layarnya tertulis demikian saat ia menghubungi lagi.", "baik")
        return redirect(url_for("simpul.index"), 303)
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _refusal_page(simpul, typed, error.pesan)


def _refusal_page(simpul: str, typed: dict[str, str], problem: str) -> ResponseReturnValue:
    hub = services()
    found = next((found for found in enrol.list_candidates(hub) if found["simpul"] == simpul), None)
    if found is None:
        flash("Komputer itu tidak menunggu lagi: sudah disetujui atau ditolak.", "salah")
        return redirect(url_for("simpul.index"), 303)
    page = render_template(
        "simpul/tolak.html", calon=found, desa=name_place(str(found["wilayah"])), reasons=REASONS, typed=typed,
        problem=problem, note_max=NOTE_MAX,
        until_s=found["expires_s"] if found["expires_s"] > hub.clock.now_s() else None,
    )
    return page, 400 if problem else 200


def _list_page(desa: str, address: str, problem: str, by_file: bool = False) -> str:
    hub = services()
    with hub.database.read() as conn:
        slots = queries.list_slots(conn, _SLOTS_SHOWN)
        people = queries.name_petugas(conn, [by or "" for slot in slots for by in (slot.opened_by, slot.refused_by)])
    return render_template(
        "simpul/pendaftaran.html", pilihan=list_desa(hub.wilayah), desa=desa, alamat=address, problem=problem,
        usb=by_file,
        slots=[(slot, judge_slot(slot.status, slot.expires_s, hub.clock.now_s())) for slot in slots], people=people,
        reasons=REASONS, name_place=name_place, is_local=is_loopback(address),
    )


def _find_own_address() -> str:
    """Find under which address a desa reaches this hub: the one of this page, unless it is good here alone."""
    address = request.host_url.rstrip("/")
    return (find_office_url(services().folder) or address) if is_loopback(address) else address


def _codes() -> Notes[tuple[str, str, str, int]]:
    """Give the codes on their way to the page that shows them, each with its desa, address and life in seconds."""
    return keep("kode_pendaftaran", lambda: Notes[tuple[str, str, str, int]](services(), _CODES_MAX, _CODE_SHOWN_S))
