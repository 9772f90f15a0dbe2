"""What the web shell of one app is made of, reachable from every request as :func:`web`."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, cast

from flask import current_app, g, request
from flask.typing import ResponseReturnValue

from shared.clock import Clock, Randomness
from shared.store.connection import Database
from shared.store.folder import DataFolder
from shared.web.accounts import Accounts, FirstPerson, Role
from shared.web.sessions import Sessions, User

if TYPE_CHECKING:
    from shared.web.policy import Policy


NameAreas = Callable[[sqlite3.Connection], Mapping[str, str]]
"""Lists the parts of the place by record id."""


class NavItem(NamedTuple):
    """One entry of the main menu; it is shown to those whom the guard of its endpoint admits.

    Pages whose address begins with that of the endpoint are of its area; ``also`` names endpoints of further areas.
    """

    label: str
    endpoint: str
    also: tuple[str, ...] = ()


@dataclass
class Web:
    """The parts of the shell; made once by shared.web.factory."""

    title: str
    database: Database
    folder: DataFolder
    clock: Clock
    random: Randomness
    roles: Mapping[str, Role]
    accounts: Accounts
    sessions: Sessions
    navigation: Sequence[NavItem]
    home: str
    enrol_first: Callable[[sqlite3.Connection, FirstPerson], str] | None
    check_signature: Callable[[], ResponseReturnValue | None] | None
    machine_error: Callable[[int, BaseException], ResponseReturnValue] | None
    policy: Policy | None = None
    name_areas: NameAreas | None = None
    is_practice: bool = False
    """Set up for trying things out with invented people: nobody must have a second factor."""
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when the server ends; long commands stop at their next report of progress."""

    @property
    def first_role(self) -> Role:
        """The role that manages accounts; the first account has it."""
        return next(iter(self.roles.values()))


def web() -> Web:
    """Give the shell of the current app."""
    return cast(Web, current_app.extensions["sipande"])


def current_user() -> User | None:
    """Tell who is logged in for this request; looked up once."""
    if "sipande_user" not in g:
        sessions = web().sessions
        may_write = request.method not in ("GET", "HEAD", "OPTIONS")
        g.sipande_user = sessions.find(sessions.read_cookie(), may_write)
    return cast("User | None", g.sipande_user)


def forget_current_user() -> None:
    """Look the user up again when asked next: the session has changed."""
    g.pop("sipande_user", None)


def require_user() -> User:
    """Give the logged-in user behind a guard that let nobody else through."""
    user = current_user()
    if user is None:
        raise RuntimeError("require_user() was called on a route that is open to everybody")
    return user
