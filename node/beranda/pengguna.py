"""Accounts of this computer, for the admin: `/pengguna/`."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import Notes, keep, services
from node.beranda.queries import name_subjects
from node.change import write_drafts
from node.commands import add_petugas
from node.penduduk.queries import name_petugas
from node.roles import OPERATOR
from shared.errors import EnvironmentProblem, UserError
from shared.store.drafts import draft_update
from shared.store.records import load_state
from shared.web.accounts import normalise_name
from shared.web.queries import get_account, list_accounts, list_audit
from shared.web.services import require_user, web

blueprint = Blueprint("pengguna", __name__)
_ACTIONS = {
    "nik_ditampilkan": "Menampilkan NIK dan nomor KK",
    "ekspor": "Mengekspor daftar",
    "impor": "Mengimpor berkas",
    "impor_dibatalkan": "Membatalkan impor",
    "masuk": "Masuk",
    "keluar": "Keluar",
    "akun_dibuat": "Membuat akun",
    "akun_dihentikan": "Menghentikan akun",
    "akun_diaktifkan": "Mengaktifkan akun",
    "kode_sandi": "Membuat kode sandi",
    "sandi_diganti": "Mengganti kata sandi",
    "peran_diganti": "Mengganti peran",
    "komputer_didaftarkan": "Mendaftarkan komputer ke kecamatan",
}
_AUDIT_ROWS = 100


def _codes() -> Notes[tuple[str, str]]:
    return keep("kode_sandi", lambda node: Notes[tuple[str, str]](node, 8))


@blueprint.get("/pengguna/")
def index() -> ResponseReturnValue:
    """List the accounts; once, the code that was just made."""
    return _list_page({}, "", _codes().take(request.args.get("kode")))


@blueprint.post("/pengguna/")
def create() -> ResponseReturnValue:
    """Add an operator; the first password is set with a code that the admin hands over."""
    node, shell, by = services(), web(), require_user().name
    typed = {name: request.form.get(name, "").strip() for name in ("nama", "jabatan", "nama_pengguna")}
    try:
        if not typed["nama"] or len(typed["nama"]) > 100 or len(typed["jabatan"]) > 100:
            raise UserError("Nama lengkap wajib diisi, paling banyak 100 huruf.")
        # Nobody ever learns this password: the owner sets one with the code.
        prepared = shell.accounts.prepare(typed["nama_pengguna"], node.random(32).hex(), OPERATOR.name)
        with node.database.write() as conn:
            petugas = add_petugas(node, typed["nama"], typed["jabatan"], OPERATOR.name)
            no = shell.accounts.add(conn, typed["nama_pengguna"], prepared, OPERATOR.name, petugas, by)
            code = shell.accounts.issue_reset_code(conn, no, by)
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _list_page(typed, error.pesan, None), 400
    return _lead_to_code(normalise_name(typed["nama_pengguna"]), code)


@blueprint.post("/pengguna/<int:no>/kode")
def issue_code(no: int) -> ResponseReturnValue:
    """Make a code with which the owner of an account sets a new password."""
    shell = web()
    with services().database.write() as conn:
        account = get_account(conn, no)
        if account is None:
            abort(404)
        code = shell.accounts.issue_reset_code(conn, no, require_user().name)
    return _lead_to_code(account.name, code)


@blueprint.post("/pengguna/<int:no>/aktif")
def set_active(no: int) -> ResponseReturnValue:
    """Stop an account or let it in again; the officer behind it follows."""
    node, is_active = services(), request.form.get("aktif") == "ya"
    kind = node.catalogue["petugas"]
    with node.database.write() as conn:
        account = get_account(conn, no)
        if account is None:
            abort(404)
        web().accounts.set_active(conn, no, is_active, require_user().name)
        state = load_state(conn, node.catalogue, kind, node.wilayah, account.petugas)
        draft = draft_update(kind, state, account.petugas, {"aktif": is_active}) if state.exists else None
        if draft is not None:
            write_drafts(node, [draft], author=require_user().petugas)
    flash("Akun diaktifkan." if is_active else "Akun dihentikan dan langsung keluar.", "baik")
    return redirect(url_for(".index"), 303)


@blueprint.get("/pengguna/catatan")
def audit() -> ResponseReturnValue:
    """Show who looked at, exported or imported what, the newest first."""
    before = request.args.get("sebelum", "")
    last = int(before) if before.isdecimal() and len(before) < 12 else None
    with services().database.read() as conn:
        rows = list_audit(conn, None, last, _AUDIT_ROWS)
        names = name_subjects(conn, [row[4] for row in rows])
    return render_template(
        "pengguna/catatan.html", rows=rows, names=names, actions=_ACTIONS, has_more=len(rows) == _AUDIT_ROWS
    )


def _lead_to_code(name: str, code: str) -> ResponseReturnValue:
    return redirect(url_for(".index", kode=_codes().put((name, code))), 303)


def _list_page(typed: dict[str, str], problem: str, code: tuple[str, str] | None) -> str:
    with services().database.read() as conn:
        accounts = list_accounts(conn)
        names = name_petugas(conn, [account.petugas for account in accounts])
    return render_template(
        "pengguna/index.html", accounts=accounts, names=names, typed=typed, problem=problem, code=code
    )
