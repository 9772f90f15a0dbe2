"""Asks once more who is at the keyboard before what is dangerous, and for a second factor where a role needs one.

The form that was sent comes back inside the question and goes on with the answer, so that nothing typed is lost and no
script is needed.
"""

from __future__ import annotations

import re
from math import inf

from flask import abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.web.accounts import LoginRefused
from shared.web.audit import record_access
from shared.web.guards import PROOF_FIELDS, RECOVERY_FIELD, Guard, typed_fields
from shared.web.kept import keep
from shared.web.services import forget_current_user, require_user, web
from shared.web.sessions import User

_PLACE = re.compile(r"<[^>]+>")
_DENIED_AGAIN_S, _DENIED_MAX = 600.0, 1000
_WITHOUT_CODE = ("saya", "panduan")
"""The blueprints that are open to somebody who has still to set up the second factor."""


def ask_for_proof(guard: Guard) -> ResponseReturnValue | None:
    """Let a request pass that needs no proof, has one, or brings it along; else ask."""
    if not guard.proof or request.method in ("GET", "HEAD", "OPTIONS"):
        return None
    shell, user = web(), require_user()
    if shell.sessions.is_proved(user):
        return None
    password, code = (request.form.get(name, "") for name in PROOF_FIELDS)
    if not password and not code:
        return _ask(user, "")
    try:
        shell.accounts.prove(user.no, password, code, request.remote_addr or "-")
    except LoginRefused as refused:
        return _ask(user, refused.pesan)
    with shell.database.write() as conn:
        shell.sessions.prove(conn, user)
    forget_current_user()
    return None


def ask_for_code(guard: Guard) -> ResponseReturnValue | None:
    """Lead people whose role works only with a second factor to its set-up page, until they have one."""
    shell, user = web(), require_user()
    role = shell.roles.get(user.role)
    if role is None or not role.needs_code or user.has_code or shell.is_practice:
        return None
    if (request.endpoint or "").partition(".")[0] in _WITHOUT_CODE:
        return None
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        abort(403)
    return redirect(url_for("saya.code"), 303)


def audit_denied() -> None:
    """Write down which route somebody was refused; once in ten minutes a route and device, so that nobody fills a disk.

    It is written by a GET as well: nobody is refused in silence (ASVS 16.3.2).
    """
    shell, user, endpoint = web(), require_user(), request.endpoint or ""
    noted = keep("ditolak", lambda: dict[tuple[int, str], float]())
    now_s = shell.clock.monotonic_s()
    if now_s - noted.get((user.session, endpoint), -inf) < _DENIED_AGAIN_S:
        return
    if len(noted) > _DENIED_MAX:
        noted.clear()
    noted[user.session, endpoint] = now_s
    # The rule and not the address: what stands in it may name somebody.
    page = _PLACE.sub("…", request.url_rule.rule) if request.url_rule else ""
    with shell.database.write() as conn:
        record_access(conn, shell.clock, user.name, "ditolak", user.petugas, f"halaman {page}")


def _ask(user: User, problem: str) -> ResponseReturnValue:
    """Draw the question with the whole form inside."""
    page = render_template(
        "buktikan.html", typed=typed_fields(), target=request.full_path.rstrip("?"), problem=problem,
        has_code=user.has_code, has_files=any(file.filename for file in request.files.values()),
        has_recovery=bool(request.form.get(RECOVERY_FIELD)),
    )
    return make_response(page, 401)
