"""One's own account: `/akun-saya`: where one is logged in, the password, the second factor.

Forms (POST with csrf_token, answer 303): ``/sandi`` with ``kata_sandi_lama``, ``kata_sandi``, ``kata_sandi_ulang``;
``/perangkat/<no>/keluarkan``; ``/perangkat/lain/keluarkan``; ``/kode/mulai``; ``/kode`` with ``kode``;
``/kode/kertas``; ``/kode/lepas``.
"""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.errors import EnvironmentProblem, UserError
from shared.web import queries
from shared.web.audit import record_access
from shared.web.devices import describe_device
from shared.web.guards import MASUK, Guard
from shared.web.kept import Notes, keep
from shared.web.lan import draw_qr_svg
from shared.web.services import require_user, web
from shared.web.totp import write_uri

blueprint = Blueprint("saya", __name__, url_prefix="/akun-saya")
GUARDS: dict[str, Guard] = {
    name: MASUK.with_proof() for name in ("begin_code", "renew_paper", "remove_code", "end_others")
}
"""What wants a proof beside the login; the change of the password asks for the old one by itself."""
_SHOWN_S = 900.0


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Show the account, its devices and its second factor."""
    return _index_page("")


def _index_page(problem: str) -> str:
    shell, user = web(), require_user()
    with shell.database.read() as conn:
        rows = shell.sessions.list_open(conn, user.no)
        papers = shell.accounts.codes.count_recovery(conn, user.no)
        areas = shell.name_areas(conn) if shell.name_areas is not None else {}
    role = shell.roles.get(user.role)
    return render_template(
        "saya/index.html", sessions=rows, device=describe_device, me=user, papers=papers, problem=problem,
        must_have_code=bool(role and role.needs_code and not shell.is_practice),
        password_min=role.password_min if role else shell.first_role.password_min, area=areas.get(user.area, ""),
    )


@blueprint.post("/sandi")
def change_password() -> ResponseReturnValue:
    """Set a new password; every other device is out."""
    shell, user = web(), require_user()
    new = request.form.get("kata_sandi", "")
    try:
        if new != request.form.get("kata_sandi_ulang", ""):
            raise UserError("Kedua kata sandi baru tidak sama. Ketik lagi keduanya.")
        shell.accounts.check_password(user.no, request.form.get("kata_sandi_lama", ""), request.remote_addr or "-")
        shell.accounts.change_password(user.no, new, user.name, user.session)
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _index_page(error.pesan), 400
    flash("Kata sandi sudah diganti. Semua perangkat lain sudah dikeluarkan.", "baik")
    return redirect(url_for(".index"), 303)


@blueprint.post("/perangkat/<int:no>/keluarkan")
def end_session(no: int) -> ResponseReturnValue:
    """Log one of one's own devices out."""
    shell, user = web(), require_user()
    with shell.database.write() as conn:
        if no not in {row.no for row in queries.list_sessions(conn, user.no)}:
            abort(404)
        shell.sessions.end_one(conn, no)
        record_access(conn, shell.clock, user.name, "sesi_diakhiri", user.petugas)
    flash("Perangkat itu sudah dikeluarkan.", "baik")
    return redirect(url_for(".index"), 303)


@blueprint.post("/perangkat/lain/keluarkan")
def end_others() -> ResponseReturnValue:
    """Log every other device out."""
    shell, user = web(), require_user()
    with shell.database.write() as conn:
        shell.sessions.end_all(conn, user.no, user.session)
        record_access(conn, shell.clock, user.name, "sesi_diakhiri", user.petugas)
    flash("Semua perangkat lain sudah dikeluarkan.", "baik")
    return redirect(url_for(".index"), 303)


@blueprint.get("/kode")
def code() -> ResponseReturnValue:
    """Show how the second factor is set up, the drawn code when it was asked for, or the codes for paper, once."""
    return _code_page("")


def _code_page(problem: str) -> str:
    shell, user = web(), require_user()
    papers = _papers().take(request.args.get("kertas"))
    with shell.database.read() as conn:
        secret = shell.accounts.codes.read_pending(conn, user.no)
    role = shell.roles.get(user.role)
    drawn = draw_qr_svg(write_uri(secret, user.name, shell.title)) if secret and not papers else ""
    return render_template(
        "saya/kode.html", me=user, secret=_spell(secret or ""), drawn=drawn, papers=papers or [], problem=problem,
        must=bool(role and role.needs_code and not shell.is_practice and not user.has_code),
    )


@blueprint.post("/kode/mulai")
def begin_code() -> ResponseReturnValue:
    """Make a secret for the phone; nothing changes before a code of it is typed."""
    shell, user = web(), require_user()
    with shell.database.write() as conn:
        shell.accounts.codes.begin(conn, user.no)
    return redirect(url_for(".code"), 303)


@blueprint.post("/kode")
def confirm_code() -> ResponseReturnValue:
    """Take the phone into use and show the codes for paper."""
    shell, user = web(), require_user()
    with shell.database.write() as conn:
        papers = shell.accounts.codes.confirm(conn, user.no, request.form.get("kode", ""))
        if papers:
            shell.sessions.end_all(conn, user.no, user.session)
            record_access(conn, shell.clock, user.name, "kode_hp_dipasang", user.petugas)
    if not papers:
        return _code_page(
            "Kode tidak cocok. Tunggu sampai HP menampilkan kode baru, lalu ketik. Bila tetap tidak cocok, samakan"
            " dulu jam HP dan jam komputer ini."
        ), 400
    return redirect(url_for(".code", kertas=_papers().put(papers)), 303)


@blueprint.post("/kode/kertas")
def renew_paper() -> ResponseReturnValue:
    """Make new codes for paper; the earlier ones are void."""
    shell, user = web(), require_user()
    if not user.has_code:
        abort(404)
    with shell.database.write() as conn:
        papers = shell.accounts.codes.renew_recovery(conn, user.no)
        record_access(conn, shell.clock, user.name, "kode_kertas_baru", user.petugas)
    return redirect(url_for(".code", kertas=_papers().put(papers)), 303)


@blueprint.post("/kode/lepas")
def remove_code() -> ResponseReturnValue:
    """Go back to the password alone, where the role allows that."""
    shell, user = web(), require_user()
    role = shell.roles.get(user.role)
    if role is not None and role.needs_code and not shell.is_practice:
        raise UserError("Peran Anda selalu memakai kode HP. Untuk HP baru, pakai tombol ganti HP.", "kode_wajib")
    with shell.database.write() as conn:
        shell.accounts.codes.remove(conn, user.no)
        record_access(conn, shell.clock, user.name, "kode_hp_dilepas", user.petugas)
    flash("Kode HP sudah dilepas. Mulai sekarang cukup kata sandi.", "baik")
    return redirect(url_for(".index"), 303)


def _spell(secret: str) -> str:
    return " ".join(secret[at:at + 4] for at in range(0, len(secret), 4))


def _papers() -> Notes[list[str]]:
    shell = web()
    return keep("kode_kertas", lambda: Notes[list[str]](shell, 8, _SHOWN_S))
