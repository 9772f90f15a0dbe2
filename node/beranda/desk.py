"""What the pages of one running node share: its services, who is at the keyboard, things kept in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from flask import current_app

from node.services import NodeServices
from shared.web.kept import Notes
from shared.web.kept import keep as keep_in_app
from shared.web.services import require_user

__all__ = ["Notes", "author", "keep", "services"]

T = TypeVar("T")


def services() -> NodeServices:
    """Give the open node behind the current request."""
    return cast(NodeServices, current_app.extensions["services"])


def author() -> str:
    """Give the record id of the petugas who is logged in."""
    return require_user().petugas


def keep(name: str, make: Callable[[NodeServices], T]) -> T:
    """Give the one object of this app under a name; made at first use, gone when the program ends."""
    return keep_in_app(name, lambda: make(services()))
