"""Nodes and accounts, for the admin. Forms (POST with csrf_token, answer 303):

``/simpul`` (``simpul.index``): desa with their nodes, and nodes that wait for their six words.
``/simpul/pendaftaran`` (``simpul.open_enrolment``): ``desa``, ``alamat`` → page with the code, shown once.
``/simpul/calon/<simpul>/setujui`` (``simpul.confirm``): ``kata`` (the six words typed) or ``sama`` = ``ya``.
``/akun`` (``simpul.accounts``, ``simpul.add_account``): ``nama``, ``jabatan``, ``nama_pengguna``, ``peran``,
``kata_sandi``, ``kata_sandi_ulang``. ``/akun/<no>/status`` (``simpul.set_account``): ``aktif`` = ``ya`` or
``tidak``. ``/akun/<no>/kode`` (``simpul.issue_code``) → the page with a code for ``/sandi-baru``, shown once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.beranda.shell import list_desa, name_place, services
from hub.beranda.words import describe_age
from hub.commands import add_petugas
from hub.simpul import queries
from hub.simpul.enrol import confirm_candidate, list_candidates, open_slot
from hub.simpul.rules import describe_clock, describe_parity, describe_queue
from shared.errors import EnvironmentProblem, UserError
from shared.web.queries import get_account
from shared.web.services import require_user, web

blueprint = Blueprint("simpul", __name__)
_CODE_SHOWN_S = 15 * 60


@dataclass(frozen=True)
class _ShownCode:
    """A code on its way to the page that shows it, for the session that asked for it.

    ``subject`` is the desa of a slot, or the account that gets a new password.
    """

    text: str
    subject: str
    session: int
    expires_s: float


@dataclass
class _Codes:
    by_slot: dict[str, _ShownCode] = field(default_factory=dict)


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
    until_s = hub.clock.monotonic_s() + _CODE_SHOWN_S
    _codes().by_slot[code.slot_id] = _ShownCode(code.format(), desa, user.session, until_s)
    return redirect(url_for("simpul.code", slot=code.slot_id), 303)


@blueprint.get("/simpul/pendaftaran/<slot>")
def code(slot: str) -> ResponseReturnValue:
    """Show a code, once."""
    shown = _codes().by_slot.get(slot)
    if shown is None or shown.session != require_user().session:
        flash("Kode pendaftaran hanya tampil satu kali. Bila belum dicatat, buka pendaftaran baru.", "salah")
        return redirect(url_for("simpul.index"), 303)
    del _codes().by_slot[slot]
    return render_template("simpul/kode.html", kode=shown.text, desa=name_place(shown.subject))


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


@blueprint.get("/akun")
def accounts() -> str:
    """List the accounts of this hub."""
    return _accounts_page({}, "")


@blueprint.post("/akun")
def add_account() -> ResponseReturnValue:
    """Add a person with an account."""
    hub, shell, user = services(), web(), require_user()
    names = ("nama", "jabatan", "nama_pengguna", "peran")
    typed = {name: request.form.get(name, "").strip() for name in names}
    password = request.form.get("kata_sandi", "")
    try:
        if not typed["nama"] or len(typed["nama"]) > 100 or len(typed["jabatan"]) > 100:
            raise UserError("Nama lengkap wajib diisi, paling banyak 100 huruf.", "nama_salah")
        if password != request.form.get("kata_sandi_ulang", ""):
            raise UserError("Kedua kata sandi tidak sama. Ketik lagi keduanya.", "sandi_beda")
        prepared = shell.accounts.prepare(typed["nama_pengguna"], password, typed["peran"])
        with hub.database.write() as conn:
            petugas = add_petugas(hub, typed["nama"], typed["jabatan"], typed["peran"])
            shell.accounts.add(conn, typed["nama_pengguna"], prepared, typed["peran"], petugas, by=user.name)
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _accounts_page(typed, error.pesan), 400
    flash("Akun baru sudah dibuat.", "baik")
    return redirect(url_for("simpul.accounts"), 303)


@blueprint.post("/akun/<int:no>/status")
def set_account(no: int) -> ResponseReturnValue:
    """Let an account log in, or stop it."""
    shell, active = web(), request.form.get("aktif") == "ya"
    try:
        with services().database.write() as conn:
            shell.accounts.set_active(conn, no, active, require_user().name)
        flash("Akun sudah diaktifkan." if active else "Akun sudah dihentikan.", "baik")
    except EnvironmentProblem:
        raise
    except UserError as error:
        flash(error.pesan, "salah")
    return redirect(url_for("simpul.accounts"), 303)


@blueprint.post("/akun/<int:no>/kode")
def issue_code(no: int) -> ResponseReturnValue:
    """Make a code with which the owner of an account sets a new password; admins never set one."""
    hub, shell, user = services(), web(), require_user()
    try:
        with hub.database.write() as conn:
            text = shell.accounts.issue_reset_code(conn, no, user.name)
            account = get_account(conn, no)
    except EnvironmentProblem:
        raise
    except UserError as error:
        flash(error.pesan, "salah")
        return redirect(url_for("simpul.accounts"), 303)
    token = hub.random(8).hex()
    until_s = hub.clock.monotonic_s() + _CODE_SHOWN_S
    _codes().by_slot[token] = _ShownCode(text, account.name if account else "", user.session, until_s)
    return redirect(url_for("simpul.password_code", token=token), 303)


@blueprint.get("/akun/kode/<token>")
def password_code(token: str) -> ResponseReturnValue:
    """Show a code for a new password, once."""
    shown = _codes().by_slot.get(token)
    if shown is None or shown.session != require_user().session:
        flash("Kode kata sandi hanya tampil satu kali. Bila belum dicatat, buat kode baru.", "salah")
        return redirect(url_for("simpul.accounts"), 303)
    del _codes().by_slot[token]
    return render_template("simpul/kode_sandi.html", kode=shown.text, nama=shown.subject)


def _enrolment_page(desa: str, address: str, problem: str) -> str:
    return render_template(
        "simpul/pendaftaran.html", pilihan=list_desa(services().wilayah), desa=desa, alamat=address,
        problem=problem,
    )


def _accounts_page(typed: dict[str, str], problem: str) -> str:
    with services().database.read() as conn:
        lines = queries.list_account_lines(conn)
    me = require_user().no
    return render_template("simpul/akun.html", lines=lines, typed=typed, problem=problem, me=me)


def _codes() -> _Codes:
    """Give the codes that wait for their page; those that nobody fetched are forgotten."""
    codes: _Codes = current_app.extensions.setdefault("enrolment_codes", _Codes())
    now_s = services().clock.monotonic_s()
    for slot in [slot for slot, shown in codes.by_slot.items() if shown.expires_s < now_s]:
        del codes.by_slot[slot]
    return codes
