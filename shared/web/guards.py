"""Who may call a route: default deny, one policy per route, checked before every request.

An app lists its blueprints with their guards once (``app.py``). A route that nobody gave a policy keeps
the app from starting; should one appear later, it answers 403.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import cast

from flask import Blueprint, Flask, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, CSRFProtect

from shared.web.services import current_user, web

_POLICIES = "sipande_policies"
_CHECKS = "sipande_checks"
_DENIED = "sipande_denied"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
RESUME_BYTES_MAX = 400_000
PROOF_FIELDS = ("bukti_sandi", "bukti_kode")
RECOVERY_FIELD = "kunci_pemulihan"
"""What stands in the sealed envelope: written back into no page, also where other fields are."""
"""The fields with which a form that wants a proof comes again (shared.web.proof)."""


class Access(Enum):
    """The ways in."""

    UMUM = "umum"
    MASUK = "masuk"
    PERAN = "peran"
    TANDA_TANGAN = "tanda_tangan"
    LOKAL = "lokal"


@dataclass(frozen=True)
class Guard:
    """The policy of a route; ``roles`` only with PERAN.

    ``proof``: what changes something here wants a password or code of the last ten minutes (ASVS 7.5.1).
    """

    access: Access
    roles: frozenset[str] = frozenset()
    proof: bool = False

    @property
    def is_machine(self) -> bool:
        """Tell whether programs call this, with proof of their own instead of session and CSRF token."""
        return self.access in (Access.TANDA_TANGAN, Access.LOKAL)

    def admits(self, role: str | None) -> bool:
        """Tell whether a person of this role (None: not logged in) may pass."""
        if self.access is Access.UMUM:
            return True
        if role is None or self.is_machine:
            return False
        return self.access is Access.MASUK or role in self.roles

    def with_proof(self) -> Guard:
        """Make the same guard that asks who is there once more."""
        return replace(self, proof=True)


UMUM = Guard(Access.UMUM)
MASUK = Guard(Access.MASUK)
TANDA_TANGAN = Guard(Access.TANDA_TANGAN)
LOKAL = Guard(Access.LOKAL)


def peran(*names: str) -> Guard:
    """Make the guard that lets these roles pass."""
    if not names:
        raise ValueError("a guard by role names at least one role")
    return Guard(Access.PERAN, frozenset(names))


Choose = Callable[[str, Mapping[str, frozenset[str]]], Mapping[str, Guard]]
"""Gives the guards of all endpoints of a blueprint: its name, and each endpoint with the methods it answers."""


@dataclass(frozen=True)
class Registration:
    """One blueprint with its guard, or what chooses the guards of its endpoints (shared.web.policy).

    ``overrides`` maps endpoints of the blueprint to other guards.
    """

    blueprint: Blueprint
    guard: Guard | Choose
    overrides: Mapping[str, Guard] = field(default_factory=dict)


class PolicyError(RuntimeError):
    """A route without policy, or a policy that names nothing: a defect, the app must not start."""


def register(
    app: Flask, blueprint: Blueprint, guard: Guard | Choose, overrides: Mapping[str, Guard] | None = None
) -> None:
    """Register a blueprint with its guard; ``overrides`` by endpoint name inside the blueprint.

    Raises PolicyError for an override that names no endpoint.
    """
    app.register_blueprint(blueprint)
    left = dict(overrides or {})
    prefix = f"{blueprint.name}."
    found: dict[str, frozenset[str]] = {}
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(prefix):
            name = rule.endpoint.removeprefix(prefix)
            found[name] = found.get(name, frozenset()) | (rule.methods or frozenset())
    guards = dict.fromkeys(found, guard) if isinstance(guard, Guard) else guard(blueprint.name, found)
    for name in sorted(found):
        set_policy(app, prefix + name, left.pop(name, guards[name]))
    if left:
        raise PolicyError(f"{blueprint.name}: no endpoint named {', '.join(sorted(left))}")


def set_policy(app: Flask, endpoint: str, guard: Guard) -> None:
    """Give one endpoint its policy."""
    app.extensions.setdefault(_POLICIES, {})[endpoint] = guard


def policy_of(app: Flask, endpoint: str) -> Guard | None:
    """Find the policy of an endpoint; None means that nobody passes."""
    return cast("Guard | None", app.extensions.get(_POLICIES, {}).get(endpoint))


def check_policies(app: Flask, roles: Iterable[str]) -> None:
    """Raise PolicyError unless every route has a policy that can be enforced."""
    known = set(roles)
    shell = app.extensions["sipande"]
    for rule in app.url_map.iter_rules():
        guard = policy_of(app, rule.endpoint)
        if guard is None:
            raise PolicyError(f"route {rule.rule} ({rule.endpoint}) has no policy")
        if guard.access is Access.TANDA_TANGAN and shell.check_signature is None:
            raise PolicyError(f"route {rule.rule} wants a signature and nothing checks it")
        if not guard.roles <= known:
            raise PolicyError(f"route {rule.rule} names unknown roles: {sorted(guard.roles - known)}")


def may_open(endpoint: str) -> bool:
    """Tell whether the current user may open an endpoint; templates ask before they draw a link."""
    guard = policy_of(current_app, endpoint)
    if guard is None:
        return False
    if guard.access is Access.UMUM:
        return True
    user = current_user()
    return guard.admits(user.role if user else None)


def enforce() -> ResponseReturnValue | None:
    """Let a request pass or answer it; runs before everything else of the app."""
    if request.endpoint is None:
        return None  # no such route: the error handler answers
    guard = policy_of(current_app, request.endpoint)
    if guard is None:
        abort(403)
    if guard.access is Access.LOKAL:
        return None if _is_local_call() else abort(403)
    if guard.access is Access.TANDA_TANGAN:
        check = web().check_signature
        return check() if check is not None else abort(403)
    if guard.access is not Access.UMUM:
        user = current_user()
        if user is None:
            return _ask_to_log_in()
        if not guard.admits(user.role):
            for note in current_app.extensions.get(_DENIED, ()):
                note()
            abort(403)
    if request.method not in _SAFE_METHODS:
        _check_csrf()
    if guard.access is Access.UMUM:
        return None
    for check in current_app.extensions.get(_CHECKS, ()):
        refusal = check(guard)
        if refusal is not None:
            return cast(ResponseReturnValue, refusal)
    return None


def note_denied(app: Flask, note: Callable[[], None]) -> None:
    """Let an app write down that somebody who is logged in was refused a route."""
    app.extensions.setdefault(_DENIED, []).append(note)


def add_check(app: Flask, check: Callable[[Guard], ResponseReturnValue | None]) -> None:
    """Let an app ask more of a logged-in user whom the guard of a route admits; an answer ends the request."""
    app.extensions.setdefault(_CHECKS, []).append(check)


def safe_target(target: str | None) -> str | None:
    """Give back a path inside this site, or None; what comes from a URL must not lead elsewhere."""
    if not target or len(target) > 500 or not target.startswith("/") or target.startswith("//"):
        return None
    return None if "\\" in target or any(ord(letter) < 33 for letter in target) else target


def _check_csrf() -> None:
    # Browsers say so themselves on https and loopback. Origin and Referer cannot be used: our own
    # Referrer-Policy makes them empty.
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise CSRFError("The request comes from another site.")
    cast(CSRFProtect, current_app.extensions["csrf"]).protect()


def _ask_to_log_in() -> ResponseReturnValue:
    if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        abort(401)  # a script asked; a login page would only confuse it
    if request.method in _SAFE_METHODS:
        # Without the query: it may hold a name that was searched for.
        target = request.path if request.path != "/" else None
        return redirect(url_for("masuk.masuk", lanjut=target), 303)
    size = request.content_length or 0
    if request.mimetype == "application/x-www-form-urlencoded" and size <= RESUME_BYTES_MAX:
        _check_csrf()
        return render_template("lanjutkan.html", typed=typed_fields(), target=request.path), 401
    return redirect(url_for("masuk.masuk"), 303)


def typed_fields() -> Sequence[tuple[str, str]]:
    """List what was typed, so that a session that ended meanwhile loses nobody's work."""
    return [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name != "csrf_token" and "sandi" not in name and name not in (*PROOF_FIELDS, RECOVERY_FIELD)
    ]


def _is_local_call() -> bool:
    content = web().folder.read_server_file() or {}
    token = content.get("token")
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if not isinstance(token, str) or len(token) < 32 or scheme != "Bearer":
        return False
    if not is_loopback(request.remote_addr):
        return False
    return hmac.compare_digest(token.encode(), given.encode("utf-8", "replace"))


def is_loopback(address: str | None) -> bool:
    """Tell whether an address is this machine itself."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)
