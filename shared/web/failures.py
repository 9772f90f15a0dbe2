"""What a browser or a machine is told when a request cannot be carried out.

A page never shows the text of an exception. When the disk fails, what was typed comes back with the page.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from shared.errors import DamageError, EnvironmentProblem, UserError
from shared.explain import explain_error
from shared.web.guards import Access, policy_of
from shared.web.services import web

_log = logging.getLogger("sipande.web")

# Status: title, what to do. Anything else is answered with the general ones.
_ERRORS: Mapping[int, tuple[str, str]] = {
    400: ("Permintaan tidak dapat dibaca", "Kembali ke halaman sebelumnya, muat ulang, lalu coba lagi."),
    401: ("Anda belum masuk", "Silakan masuk lebih dulu, lalu ulangi."),
    403: (
        "Halaman ini bukan untuk akun Anda",
        "Bila Anda memerlukannya untuk bekerja, mintalah admin mengubah peran akun Anda.",
    ),
    404: (
        "Halaman tidak ditemukan",
        "Periksa alamatnya, atau mulai lagi dari halaman depan. Mungkin data ini sudah dipindahkan.",
    ),
    405: ("Permintaan tidak dapat dibaca", "Kembali ke halaman sebelumnya, muat ulang, lalu coba lagi."),
    413: ("Kiriman terlalu besar", "Perkecil berkasnya atau kirim sebagian-sebagian, lalu coba lagi."),
    429: ("Terlalu banyak percobaan", "Tunggu beberapa menit, lalu coba lagi."),
    500: (
        "Ada gangguan di program",
        "Yang belum selesai tidak disimpan. Coba lagi; bila tetap gagal, catat jamnya dan hubungi admin.",
    ),
    503: ("Sedang tidak dapat melayani", "Tunggu sebentar, lalu coba lagi."),
}
_SECRET = ("kata_sandi", "kunci_pemulihan")
_CSRF_ERROR = (
    "Halaman ini sudah terlalu lama terbuka",
    "Demi keamanan isian ini belum disimpan. Kembali, muat ulang halamannya, lalu kirim sekali lagi.",
)


def set_up_errors(app: Flask) -> None:
    """Let an app answer every error with a page, or with a code where a machine asks."""
    app.register_error_handler(CSRFError, _answer_csrf_error)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(UserError, _answer_user_error)
    app.register_error_handler(DamageError, _answer_damage)


def _answer_csrf_error(error: Exception) -> ResponseReturnValue:
    return _error_page(400, *_CSRF_ERROR)


def _answer_http_error(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if status < 400:
        return error  # a redirect to the same address with its stroke
    if _is_machine_route():
        return _answer_machine(status, getattr(error, "original_exception", None) or error)
    title, advice = _ERRORS.get(status, _ERRORS[400 if status < 500 else 500])
    answer = _error_page(status, title, advice)
    if status == 405:
        answer.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    return answer


def _answer_user_error(error: UserError) -> ResponseReturnValue:
    status = 503 if isinstance(error, EnvironmentProblem) else 400
    if _is_machine_route():
        return _answer_machine(status, error)
    typed = give_back_typed() if status == 503 else {}
    return _error_page(status, "Belum dapat dikerjakan", error.pesan, **typed)


def _answer_damage(error: DamageError) -> ResponseReturnValue:
    """Say that stored data cannot be read: SQLite tells a damaged file and a disk that cannot read it alike."""
    _log.error("damage in %s %s", request.method, request.url_rule.rule if request.url_rule else "-")
    if _is_machine_route():
        return _answer_machine(500, error)
    return _error_page(500, "Data tidak dapat dibaca", explain_error(error), **give_back_typed())


def _answer_machine(status: int, error: BaseException) -> ResponseReturnValue:
    shell = web()
    if shell.machine_error is not None and is_signed_route():
        return shell.machine_error(status, error)
    pesan = error.pesan if isinstance(error, UserError) else _ERRORS.get(status, _ERRORS[500])[0] + "."
    kode = error.kode if isinstance(error, UserError) else f"http_{status}"
    answer = jsonify(galat=pesan, kode=kode, exit=getattr(error, "exit_code", 1))
    answer.status_code = status
    return answer


def is_signed_route() -> bool:
    """Tell whether the current route is one of the protocol; so is an address beside them at which nothing is."""
    if request.endpoint is None:
        return any(
            request.path.startswith(rule.rule[: rule.rule.rindex("/") + 1]) for rule in current_app.url_map.iter_rules()
            if _has_access(rule.endpoint, Access.TANDA_TANGAN)
        )
    return _has_access(request.endpoint, Access.TANDA_TANGAN)


def _is_machine_route() -> bool:
    return is_signed_route() or _has_access(request.endpoint or "", Access.LOKAL)


def _has_access(endpoint: str, access: Access) -> bool:
    guard = policy_of(current_app, endpoint)
    return guard is not None and guard.access is access


def give_back_typed() -> dict[str, Any]:
    """Give a page what was typed into a form that could not be saved, so that it can hand it in again.

    Nothing of a form with a password, a recovery key or a file in it: none may, or can, be written into a page.
    """
    if any(name.startswith(_SECRET) for name in request.form) or any(
        file.filename for file in request.files.values()
    ):
        return {}
    typed = [(name, text) for name, text in request.form.items(multi=True) if name != "csrf_token"]
    return {"isian": typed, "alamat_isian": request.full_path.rstrip("?")}


def _error_page(status: int, title: str, advice: str, **more: Any) -> Response:
    try:
        # A broken database must not break the page that says so: nobody is looked up at status 500.
        page = render_template("galat.html", judul=title, saran=advice, tanpa_pengguna=status >= 500, **more)
    except Exception:  # noqa: BLE001 - the last resort has nothing to render with
        page = f"<!doctype html><html lang='id'><title>{title}</title><h1>{title}</h1><p>{advice}</p></html>"
    return Response(page, status)
