"""The accounts of an installation, for its admin: add, stop, let in again, a code for a new password,
roles, devices.

Forms (POST with csrf_token, answer 303) under the address that an app chooses: ``/`` with ``nama``, ``jabatan``,
``nama_pengguna``, ``peran``, ``bagian``; ``/<no>/kode``; ``/<no>/aktif`` with ``aktif`` = ``ya`` or ``tidak``;
``/<no>/peran`` with ``peran``, ``bagian``; ``/<no>/kode-hp``; ``/<no>/perangkat/<sesi>``.
Nobody but its owner ever knows a password: the admin hands over a code that is shown once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, cast

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.errors import EnvironmentProblem, UserError
from shared.store.petugas import Write, add_petugas, change_petugas
from shared.store.side import Side
from shared.web.accounts import normalise_name
from shared.web.audit import record_access
from shared.web.devices import describe_device
from shared.web.kept import Notes, keep
from shared.web.headers import OFFICE_TLS
from shared.web.lan import find_office_url, is_loopback
from shared.web.queries import AccountRow, get_account, list_account_lines
from shared.web.services import require_user, web

_CODES_MAX, _CODE_SHOWN_S = 8, 900.0


def make_pengguna(
    url_prefix: str, heading: str, write: Write[Any], audit_page: str
) -> Blueprint:
    """Make the blueprint of the accounts; ``write`` appends a petugas to the log of this side.

    ``audit_page`` is the endpoint of the access audit.
    """
    blueprint = Blueprint("pengguna", __name__, url_prefix=url_prefix)

    @blueprint.get("/")
    def index() -> ResponseReturnValue:
        """List the accounts; once, the code that was just made."""
        return _list_page({}, "", _codes().take(request.args.get("kode")))

    @blueprint.post("/")
    def create() -> ResponseReturnValue:
        """Add a person; the first password is set with a code that the admin hands over."""
        side, shell, by = _side(), web(), require_user().name
        names = ("nama", "jabatan", "nama_pengguna", "peran", "bagian")
        typed = {name: request.form.get(name, "").strip() for name in names}
        try:
            if not typed["nama"] or len(typed["nama"]) > 100 or len(typed["jabatan"]) > 100:
                raise UserError("Nama lengkap wajib diisi, paling banyak 100 huruf.")
            # Nobody ever learns this password: the owner sets one with the code.
            prepared = shell.accounts.prepare(typed["nama_pengguna"], side.random(32).hex(), typed["peran"])
            with side.database.write() as conn:
                area = _read_area(conn, typed["peran"], typed["bagian"])
                petugas = add_petugas(side, write, typed["nama"], typed["jabatan"], typed["peran"])
                no = shell.accounts.add(conn, typed["nama_pengguna"], prepared, typed["peran"], petugas, by)
                shell.accounts.set_area(conn, no, area, by)
                code = shell.accounts.issue_reset_code(conn, no, by)
        except EnvironmentProblem:
            raise
        except UserError as error:
            return _list_page(typed, error.pesan, None), 400
        return _lead_to_code(normalise_name(typed["nama_pengguna"]), code)

    @blueprint.post("/<int:no>/kode")
    def issue_code(no: int) -> ResponseReturnValue:
        """Make a code with which the owner of an account sets a new password."""
        with _side().database.write() as conn:
            account = _require_account(conn, no)
            code = web().accounts.issue_reset_code(conn, no, require_user().name)
        return _lead_to_code(account.name, code)

    @blueprint.post("/<int:no>/aktif")
    def set_active(no: int) -> ResponseReturnValue:
        """Stop an account or let it in again; the officer behind it follows."""
        side, is_active = _side(), request.form.get("aktif") == "ya"
        try:
            with side.database.write() as conn:
                account = _require_account(conn, no)
                web().accounts.set_active(conn, no, is_active, require_user().name)
                change_petugas(side, write, conn, account.petugas, require_user().petugas, aktif=is_active)
            flash("Akun diaktifkan." if is_active else "Akun dihentikan dan langsung keluar.", "baik")
        except EnvironmentProblem:
            raise
        except UserError as error:
            flash(error.pesan, "salah")
        return redirect(url_for(".index"), 303)

    @blueprint.get("/<int:no>")
    def show(no: int) -> ResponseReturnValue:
        """Show one account: its role, its devices, its second factor."""
        return _account_page(no, "")

    @blueprint.post("/<int:no>/peran")
    def set_role(no: int) -> ResponseReturnValue:
        """Give an account another role, and the part of the place that goes with it."""
        side, shell, user = _side(), web(), require_user()
        role, area = request.form.get("peran", ""), request.form.get("bagian", "")
        try:
            with side.database.write() as conn:
                account = _require_account(conn, no)
                area = _read_area(conn, role, area)
                if role != account.role:
                    shell.accounts.set_role(conn, no, role, user.name)
                    change_petugas(side, write, conn, account.petugas, user.petugas, peran=role)
                shell.accounts.set_area(conn, no, area, user.name)
        except EnvironmentProblem:
            raise
        except UserError as error:
            return _account_page(no, error.pesan), 400
        flash("Peran sudah disimpan. Akun itu harus masuk lagi.", "baik")
        return redirect(url_for(".show", no=no), 303)

    @blueprint.post("/<int:no>/kode-hp")
    def forget_code(no: int) -> ResponseReturnValue:
        """Take the second factor of somebody away whose phone and paper are lost."""
        with _side().database.write() as conn:
            _require_account(conn, no)
            web().accounts.forget_code(conn, no, require_user().name)
        flash("Kode HP akun itu sudah dilepas. Orangnya memasang yang baru saat masuk.", "baik")
        return redirect(url_for(".show", no=no), 303)

    @blueprint.post("/<int:no>/perangkat/<int:sesi>")
    def end_session(no: int, sesi: int) -> ResponseReturnValue:
        """Log one device of an account out."""
        shell = web()
        with _side().database.write() as conn:
            account = _require_account(conn, no)
            if sesi not in {row.no for row in shell.sessions.list_open(conn, no)}:
                abort(404)
            shell.sessions.end_one(conn, sesi)
            record_access(conn, shell.clock, require_user().name, "sesi_diakhiri", account.petugas)
        flash("Perangkat itu sudah dikeluarkan.", "baik")
        return redirect(url_for(".show", no=no), 303)

    def _account_page(no: int, problem: str) -> str:
        shell = web()
        with _side().database.read() as conn:
            _require_account(conn, no)
            line = next(line for line in list_account_lines(conn) if line.no == no)
            rows, areas = shell.sessions.list_open(conn, no), _name_areas(conn)
            papers = shell.accounts.codes.count_recovery(conn, no)
        return render_template(
            "pengguna/satu.html", akun=line, sessions=rows, device=describe_device, areas=areas, papers=papers,
            problem=problem, me=require_user(),
        )

    def _list_page(typed: Mapping[str, str], problem: str, code: tuple[str, str] | None) -> str:
        with _side().database.read() as conn:
            accounts, areas = list_account_lines(conn), _name_areas(conn)
        # The first role manages accounts; the second is the one that most people have.
        usual = list(web().roles)[:2][-1]
        return render_template(
            "pengguna/index.html", heading=heading, accounts=accounts, typed=typed, problem=problem, code=code,
            usual=usual, me=require_user().no, audit_page=audit_page, areas=areas, sandi_baru=_find_password_url(),
        )

    return blueprint


def _name_areas(conn: sqlite3.Connection) -> Mapping[str, str]:
    name = web().name_areas
    return name(conn) if name is not None else {}


def _read_area(conn: sqlite3.Connection, role: str, typed: str) -> str:
    """Check which part of the place was chosen; empty for a role that sees all of it."""
    known = web().roles.get(role)
    if known is None or not known.has_area:
        return ""
    if typed not in _name_areas(conn):
        raise UserError(f"Pilih dusun yang boleh dilihat {known.label.lower()} ini.", "bagian_kosong")
    return typed


def _find_password_url() -> str:
    """Give the address at which a code is used, as the owner of the code reaches it; empty if only at this machine."""
    own = url_for("masuk.new_password", _external=True)
    # Who is new has no certificate of the office yet; the plain address leads to it.
    if not is_loopback(own) and OFFICE_TLS not in request.environ:
        return own
    office = find_office_url(web().folder)
    return office + url_for("masuk.new_password") if office else ""


def _side() -> Side:
    return cast(Side, current_app.extensions["services"])


def _codes() -> Notes[tuple[str, str]]:
    return keep("kode_sandi", lambda: Notes[tuple[str, str]](_side(), _CODES_MAX, _CODE_SHOWN_S))


def _require_account(conn: sqlite3.Connection, no: int) -> AccountRow:
    account = get_account(conn, no)
    if account is None:
        abort(404)
    return account


def _lead_to_code(name: str, code: str) -> ResponseReturnValue:
    return redirect(url_for("pengguna.index", kode=_codes().put((name, code))), 303)
