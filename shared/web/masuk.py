"""Logging in and out, a new password, and the first run: `/masuk`, `/keluar`, `/sandi-baru`, `/mulai`."""

from __future__ import annotations

from hashlib import sha256

from flask import (
    Blueprint, Response, flash, make_response, redirect, render_template, request, session, url_for,
)
from flask.typing import ResponseReturnValue

from shared.errors import EnvironmentProblem, UserError
from shared.store.backup.state import read_restored
from shared.web.accounts import FirstPerson, LoginRefused, normalise_name
from shared.web.audit import record_access
from shared.web.guards import UMUM, Guard, is_loopback, safe_target
from shared.web.queries import AccountRow, get_account
from shared.web.services import current_user, web

blueprint = Blueprint("masuk", __name__)
_WAITING = "menunggu_kode"
_WAITING_S = 300
GUARD: Guard = UMUM


@blueprint.get("/masuk")
def masuk() -> ResponseReturnValue:
    """Show the login page; the first-run page while there is no account; home when logged in."""
    if not web().accounts.has_any():
        return redirect(url_for("masuk.mulai"), 303)
    target = safe_target(request.args.get("lanjut"))
    if current_user() is not None:
        return redirect(target or web().home, 303)
    return _login_page(target=target)


@blueprint.post("/masuk")
def log_in() -> ResponseReturnValue:
    """Check name and password and open a session under a new id."""
    name = request.form.get("nama_pengguna", "")
    target = safe_target(request.form.get("lanjut"))
    shell = web()
    try:
        account = shell.accounts.check_login(name, request.form.get("kata_sandi", ""), _address())
    except LoginRefused as refused:
        return _refuse(_login_page(target=target, name=name, problem=refused.pesan), refused)
    with shell.database.read() as conn:
        has_code = shell.accounts.codes.has(conn, account.no)
    if not has_code:
        return open_session(account, target or shell.home)
    session[_WAITING] = [account.no, shell.clock.now_s(), _mark(account), target or ""]
    return redirect(url_for("masuk.ask_code"), 303)


@blueprint.get("/masuk/kode")
def ask_code() -> ResponseReturnValue:
    """Ask for the second factor of somebody whose password was right."""
    if _find_waiting() is None:
        return redirect(url_for("masuk.masuk"), 303)
    return render_template("masuk_kode.html", problem="")


@blueprint.post("/masuk/kode")
def log_in_code() -> ResponseReturnValue:
    """Check the second factor and open the session."""
    waiting = _find_waiting()
    if waiting is None:
        flash("Terlalu lama menunggu kode. Silakan masuk sekali lagi.", "salah")
        return redirect(url_for("masuk.masuk"), 303)
    account, target = waiting
    try:
        web().accounts.check_code(account.no, request.form.get("kode", ""), _address())
    except LoginRefused as refused:
        return _refuse(render_template("masuk_kode.html", problem=refused.pesan), refused)
    session.pop(_WAITING, None)
    return open_session(account, safe_target(target) or web().home)


def _refuse(page: str, refused: LoginRefused) -> Response:
    response = make_response(page)
    response.status_code = 429 if refused.wait_s else 401
    if refused.wait_s:
        response.headers["Retry-After"] = str(refused.wait_s)
    return response


def _find_waiting() -> tuple[AccountRow, str] | None:
    """Find who has typed the right password a moment ago, in this browser, and where that person wanted to go."""
    shell, kept = web(), session.get(_WAITING)
    if not isinstance(kept, list) or len(kept) != 4 or not 0 <= shell.clock.now_s() - kept[1] <= _WAITING_S:
        return None
    with shell.database.read() as conn:
        account = get_account(conn, kept[0])
    if account is None or not account.active or _mark(account) != kept[2]:
        return None
    return account, str(kept[3])


def _mark(account: AccountRow) -> str:
    """Mark the password that was right: another one makes what waits void. The cookie is signed, not secret."""
    return sha256(b"sipande login mark\n" + account.password.encode()).hexdigest()[:16]


@blueprint.post("/keluar")
def log_out() -> ResponseReturnValue:
    """End the session on the server, so that a copy of the cookie is worth nothing."""
    shell = web()
    token, user = shell.sessions.read_cookie(), current_user()
    if token is not None:
        with shell.database.write() as conn:
            shell.sessions.end(conn, token)
            if user is not None:
                record_access(conn, shell.clock, user.name, "keluar", user.petugas)
    session.clear()
    flash("Anda sudah keluar.", "baik")
    response = make_response(redirect(url_for("masuk.masuk"), 303))
    shell.sessions.remove_cookie(response)
    return response


@blueprint.get("/sandi-baru")
def new_password() -> ResponseReturnValue:
    """Show the form for somebody who was handed a code."""
    return _password_page({}, "")


@blueprint.post("/sandi-baru")
def redeem() -> ResponseReturnValue:
    """Set a password with a code, once."""
    typed = {name: request.form.get(name, "").strip() for name in ("nama_pengguna", "kode")}
    password = request.form.get("kata_sandi", "")
    try:
        if password != request.form.get("kata_sandi_ulang", ""):
            raise UserError("Kedua kata sandi tidak sama. Ketik lagi keduanya.")
        web().accounts.redeem_reset_code(typed["nama_pengguna"], typed["kode"], password, _address())
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _password_page(typed, error.pesan), 400
    flash("Kata sandi baru sudah disimpan. Silakan masuk.", "baik")
    return redirect(url_for("masuk.masuk"), 303)


@blueprint.get("/mulai")
def mulai() -> ResponseReturnValue:
    """Show the first-run page, as long as there is no account."""
    if web().accounts.has_any():
        return redirect(url_for("masuk.masuk"), 303)
    return _first_page({}, None)


@blueprint.post("/mulai")
def start() -> ResponseReturnValue:
    """Turn the code from the console into the first admin account and log it in."""
    shell = web()
    if shell.accounts.has_any():
        return redirect(url_for("masuk.masuk"), 303)
    names = ("kode", "nama", "jabatan", "nama_pengguna")
    typed = {name: request.form.get(name, "").strip() for name in names}
    password = request.form.get("kata_sandi", "")
    try:
        if not typed["nama"] or len(typed["nama"]) > 100 or len(typed["jabatan"]) > 100:
            raise UserError("Nama lengkap wajib diisi, paling banyak 100 huruf.")
        if password != request.form.get("kata_sandi_ulang", ""):
            raise UserError("Kedua kata sandi tidak sama. Ketik lagi keduanya.")
        if shell.enrol_first is None:
            raise UserError("Akun pertama tidak dapat dibuat lewat halaman ini.")
        account = shell.accounts.make_first(
            typed["kode"], typed["nama_pengguna"], password, shell.first_role.name,
            FirstPerson(typed["nama"], typed["jabatan"]), shell.enrol_first,
        )
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _first_page(typed, error.pesan), 400
    flash("Akun pertama sudah dibuat. Selamat bekerja.", "baik")
    return open_session(account, shell.home)


def open_session(account: AccountRow, target: str) -> Response:
    """Log an account in: open its session and lead to ``target``."""
    shell = web()
    with shell.database.write() as conn:
        shell.accounts.note_login(conn, account, _address())
        token = shell.sessions.start(
            conn, account.no, _address(), request.headers.get("User-Agent", ""), shell.sessions.read_cookie()
        )
    # Forms that stand open in other tabs stay good for the same person, who logs in again because the
    # session had ended; for anybody else they are void.
    session.pop(_WAITING, None)
    if session.get("akun") != account.no:
        messages = session.get("_flashes")
        session.clear()
        if messages:
            session["_flashes"] = messages
    session["akun"] = account.no
    response = make_response(redirect(target, 303))
    shell.sessions.write_cookie(response, token)
    return response


def _login_page(*, target: str | None, name: str = "", problem: str | None = None) -> str:
    shell = web()
    with shell.database.read() as conn:
        restored = read_restored(conn, shell.clock.now_s())
    return render_template(
        "masuk.html",
        target=target,
        name=normalise_name(name),
        problem=problem,
        # A browser that still holds the id of a session that is no more.
        is_ended=not problem and restored is None and shell.sessions.read_cookie() is not None,
        # It ended every session, and passwords are those of then.
        restored_s=None if restored is None else restored.waktu_s,
        is_plain=not request.is_secure and not is_loopback(request.remote_addr),
    )


def _password_page(typed: dict[str, str], problem: str) -> str:
    # Whose code it is nobody knows yet, so every length is told.
    roles = web().roles.values()
    shortest = min(role.password_min for role in roles)
    longer = [f"{role.password_min} untuk {role.label.lower()}" for role in roles if role.password_min > shortest]
    length = f"{shortest} huruf" + (f" ({', '.join(longer)})" if longer else "")
    return render_template("sandi_baru.html", typed=typed, problem=problem, panjang=length)


def _first_page(typed: dict[str, str], problem: str | None) -> str:
    return render_template(
        "mulai.html", typed=typed, problem=problem, password_min=web().first_role.password_min
    )


def _address() -> str:
    return request.remote_addr or "-"
