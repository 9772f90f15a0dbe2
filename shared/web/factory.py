"""Makes the Flask app of a side: guards, headers, templates, secret key. Nothing starts here."""

from __future__ import annotations

import hmac
import logging
import sqlite3
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any

from flask import Flask, Response, current_app, g, request, send_from_directory
from flask.sessions import SecureCookieSessionInterface
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined
from werkzeug.exceptions import NotFound

from shared.clock import Clock, Randomness, format_time
from shared.store.connection import Database, write_private
from shared.store.folder import DataFolder
from shared.store.migrations import read_setting, write_setting
from shared.web import masuk, saya
from shared.web.accounts import Accounts, ContextWords, FirstPerson, Role
from shared.web.bytecode import TemplateStore
from shared.web.failures import is_signed_route, set_up_errors
from shared.web.forms import write_date, write_number
from shared.web.guards import (
    LOKAL, MASUK, UMUM, Registration, add_check, check_policies, enforce, may_open, note_denied, policy_of, register,
    set_policy,
)
from shared.web.headers import MACHINE_HEADERS, OFFICE_TLS, SECURITY_HEADERS, STRICT_TRANSPORT
from shared.web.local import Command, make_local_blueprint
from shared.web.menu import list_menu
from shared.web.passwords import Cost, Hasher
from shared.web.policy import Policy, has_right
from shared.web.proof import ask_for_code, ask_for_proof, audit_denied
from shared.web.pwa import set_up_pwa
from shared.web.services import NameAreas, NavItem, Web, current_user, web
from shared.web.sessions import ABSOLUTE_S, IDLE_S, Sessions
from shared.web.throttle import Throttle
from shared.web.totp import SecondFactors

UPLOAD_BYTES_MAX = 26_000_000
_HERE = Path(__file__).parent
_SECRET_BYTES = 32
_PRACTICE = "percobaan"
_log = logging.getLogger("sipande.web")


class SipandeFlask(Flask):
    """A Flask app that logs defects without the values in them: a message may hold a NIK."""

    def log_exception(
        self,
        exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None],
    ) -> None:
        kind, _, trace = exc_info
        frames = " < ".join(
            f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
            for frame in reversed(traceback.extract_tb(trace)[-12:])
        )
        rule = request.url_rule.rule if request.url_rule else "-"
        _log.error("defect %s in %s %s: %s", kind.__name__ if kind else "-", request.method, rule, frames)


class _FormCookie(SecureCookieSessionInterface):
    """The signed cookie that carries CSRF token and messages; it names nobody.

    Its cookie is Lax: with Strict a link from outside would come without it and a new one would void
    all forms that stand open.
    """

    def __init__(self, suffix: str) -> None:
        self._suffix = suffix

    def get_cookie_name(self, app: Flask) -> str:
        return f"{'__Host-' if request.is_secure else ''}sipande_isian_{self._suffix}"

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure

    def get_cookie_samesite(self, app: Flask) -> str:
        return "Lax"


def make_app(
    import_name: str,
    *,
    title: str,
    database: Database,
    folder: DataFolder,
    clock: Clock,
    random: Randomness,
    roles: Sequence[Role],
    registry: Sequence[Registration],
    navigation: Sequence[NavItem] = (),
    home: str = "/",
    enrol_first: Callable[[sqlite3.Connection, FirstPerson], str] | None = None,
    context_words: ContextWords | None = None,
    check_signature: Callable[[], ResponseReturnValue | None] | None = None,
    machine_error: Callable[[int, BaseException], ResponseReturnValue] | None = None,
    commands: Mapping[str, Command] | None = None,
    command_services: Any = None,
    cost: Cost = Cost(),
    upload_bytes_max: int = UPLOAD_BYTES_MAX,
    big_uploads: Mapping[str, int] | None = None,
    idle_s: int = IDLE_S,
    absolute_s: int = ABSOLUTE_S,
    policy: Policy | None = None,
    name_areas: NameAreas | None = None,
) -> Flask:
    """Make an app from its list of blueprints and guards; ``import_name`` is the package of the app.

    ``roles``: the first one manages accounts. ``enrol_first(conn, FirstPerson)`` writes the first petugas and
    returns its record id. ``check_signature()`` answers None when the signature of the current request holds
    and a refusal otherwise. ``machine_error(status, error)`` words errors of signed routes. ``name_areas(conn)``
    lists the parts of the place that an account can be held to.
    Raises PolicyError when a route has no policy.
    """
    app = SipandeFlask(import_name, static_folder=None, template_folder=None)
    secret = read_secret(folder, random)
    suffix = sha256(b"cookie name\n" + secret).hexdigest()[:6]
    by_name = {role.name: role for role in roles}
    shell = Web(
        title=title, database=database, folder=folder, clock=clock, random=random, roles=by_name,
        accounts=make_accounts(folder, database, clock, random, roles, context_words, cost),
        sessions=Sessions(database, clock, random, suffix, idle_s, absolute_s),
        navigation=navigation, home=home, enrol_first=enrol_first, check_signature=check_signature,
        machine_error=machine_error, policy=policy, is_practice=_is_practice(database), name_areas=name_areas,
    )
    app.extensions["sipande"] = shell
    app.config.update(
        SECRET_KEY=hmac.digest(secret, b"form cookie", "sha256"),
        MAX_CONTENT_LENGTH=upload_bytes_max,
        BIG_UPLOADS=dict(big_uploads or {}),
        SESSION_COOKIE_HTTPONLY=True,
        # guards.enforce asks for the check itself, so that exemption follows the policy and nothing else.
        WTF_CSRF_CHECK_DEFAULT=False,
        # A clerk may leave a form open over lunch; the token ends with the browser.
        WTF_CSRF_TIME_LIMIT=None,
        # It would want a Referer, which our own Referrer-Policy takes away.
        WTF_CSRF_SSL_STRICT=False,
    )
    app.session_interface = _FormCookie(suffix)
    app.before_request(_start_timer)
    app.before_request(_allow_big_upload)
    app.before_request(enforce)
    app.after_request(_finish)
    CSRFProtect(app)
    _set_up_templates(app, shell)
    _set_up_static(app)
    set_up_pwa(app)
    set_up_errors(app)
    note_denied(app, audit_denied)
    add_check(app, ask_for_code)
    add_check(app, ask_for_proof)
    register(app, masuk.blueprint, masuk.GUARD)
    register(app, saya.blueprint, MASUK, saya.GUARDS)
    if commands is not None:
        register(app, make_local_blueprint(commands, command_services), LOKAL)
    for line in registry:
        register(app, line.blueprint, line.guard, line.overrides)
    check_policies(app, by_name)
    return app


def make_bare_app(import_name: str, *, title: str, random: Randomness) -> Flask:
    """Make an app without database and accounts, for what comes before there is a data folder.

    Forms carry their CSRF token; the key of the cookie lives as long as the process.
    """
    app = SipandeFlask(import_name, static_folder=None, template_folder=None)
    app.config.update(
        SECRET_KEY=random(_SECRET_BYTES), MAX_CONTENT_LENGTH=UPLOAD_BYTES_MAX, SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_NAME="sipande_siapkan", WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False, BIG_UPLOADS={},
    )
    app.before_request(_allow_big_upload)
    CSRFProtect(app)
    _set_up_loader(app)
    app.jinja_env.globals.update(
        judul_aplikasi=title, pengguna=lambda: None, navigasi=lambda: [], beranda="/", peran_aplikasi={}
    )
    app.after_request(_finish_bare)
    _set_up_static(app)
    set_up_errors(app)
    return app


def _finish_bare(response: Response) -> Response:
    for name, value in SECURITY_HEADERS:
        response.headers[name] = value
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response


def make_accounts(
    folder: DataFolder,
    database: Database,
    clock: Clock,
    random: Randomness,
    roles: Sequence[Role],
    context_words: ContextWords | None = None,
    cost: Cost = Cost(),
) -> Accounts:
    """Make what manages accounts; commands use it without an app."""
    secret = read_secret(folder, random)
    throttle = Throttle(clock, hmac.digest(secret, b"throttle", "sha256"))
    codes = SecondFactors(clock, random, hmac.digest(secret, b"second factor", "sha256"))
    by_name = {role.name: role for role in roles}
    return Accounts(database, clock, random, Hasher(random, cost), throttle, by_name, context_words, codes)


def mark_practice(conn: sqlite3.Connection) -> None:
    """Mark an installation as one for trying things out: nobody must have a second factor, and every page says so."""
    write_setting(conn, _PRACTICE, "ya")


def _is_practice(database: Database) -> bool:
    with database.read() as conn:
        return read_setting(conn, _PRACTICE) == "ya"


def read_secret(folder: DataFolder, random: Randomness) -> bytes:
    """Read the secret of the web shell from the key folder; made at the first start, for its owner alone."""
    path = folder.keys / "web.key"
    try:
        secret = path.read_bytes()
        if len(secret) == _SECRET_BYTES:
            return secret
    except FileNotFoundError:
        pass
    secret = random(_SECRET_BYTES)
    write_private(path, secret)
    return secret


def _set_up_templates(app: Flask, shell: Web) -> None:
    _set_up_loader(app)
    env = app.jinja_env
    env.bytecode_cache = TemplateStore(shell.folder.path / "templat")
    env.globals.update(
        judul_aplikasi=shell.title, pengguna=current_user, boleh=may_open, berhak=has_right,
        peran_aplikasi=shell.roles, percobaan=shell.is_practice,
        navigasi=list_menu, beranda=shell.home,
    )


def _set_up_loader(app: Flask) -> None:
    folders = [_root_of(app) / "templates", _HERE / "templates"]
    app.jinja_loader = ChoiceLoader([FileSystemLoader(folder) for folder in folders])
    env = app.jinja_env
    env.undefined = StrictUndefined
    env.trim_blocks = env.lstrip_blocks = True
    env.filters.update(waktu=format_time, tanggal=write_date, ribuan=write_number)


def _set_up_static(app: Flask) -> None:
    folders = [folder for folder in (_root_of(app) / "static", _HERE / "static") if folder.is_dir()]

    @lru_cache(maxsize=256)
    def version_of(filename: str) -> str:
        for folder in folders:
            path = folder / filename
            if path.is_file():
                return sha256(path.read_bytes()).hexdigest()[:10]
        return ""

    def serve_static(filename: str) -> Response:
        for folder in folders:
            try:
                # With its version in the URL a file never changes; without, it is asked for again.
                age_s = 31536000 if request.args.get("v") == version_of(filename) else 0
                return send_from_directory(folder, filename, max_age=age_s)
            except NotFound:
                continue
        raise NotFound

    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and "filename" in values:
            values.setdefault("v", version_of(values["filename"]) or None)

    app.add_url_rule("/aset/<path:filename>", "static", serve_static)
    set_policy(app, "static", UMUM)
    app.url_defaults(add_version)


def _root_of(app: Flask) -> Path:
    module = sys.modules.get(app.import_name)
    # A test may make an app in the name of a module that is no package; then it has no files of its own.
    return Path(app.root_path) if module is not None and hasattr(module, "__path__") else _HERE


def _start_timer() -> None:
    g.started_s = web().clock.monotonic_s()


def _allow_big_upload() -> None:
    """Raise the limit of one route before anything reads the body: the check of the form's token does."""
    bytes_max = current_app.config["BIG_UPLOADS"].get(request.endpoint)
    if bytes_max is not None:
        request.max_content_length = bytes_max


def _finish(response: Response) -> Response:
    for name, value in MACHINE_HEADERS if is_signed_route() else SECURITY_HEADERS:
        response.headers[name] = value
    if request.is_secure and OFFICE_TLS not in request.environ:
        response.headers[STRICT_TRANSPORT[0]] = STRICT_TRANSPORT[1]
    if not _may_be_cached(response):
        response.headers["Cache-Control"] = "no-store"
    now_s = web().clock.monotonic_s()
    # Neither path nor query nor address: only the rule says what was asked for.
    _log.info(
        "%s %s %d %.0f ms", request.method, request.url_rule.rule if request.url_rule else "-",
        response.status_code, 1000 * (now_s - g.get("started_s", now_s)),
    )
    return response


def _may_be_cached(response: Response) -> bool:
    """Tell whether an answer may be kept: static files, and what a view open to all marks as public."""
    if response.status_code not in (200, 206, 304):
        return False
    if request.endpoint == "static":
        return True
    return bool(response.cache_control.public) and policy_of(current_app, request.endpoint or "") == UMUM
