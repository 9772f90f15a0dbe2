"""What the pages of one running node share: its services, who is at the keyboard, things kept in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

from flask import current_app

from node.services import NodeServices
from shared.web.services import require_user

T = TypeVar("T")
_KEPT = "sipande_kept"
_lock = threading.Lock()


def services() -> NodeServices:
    """Give the open node behind the current request."""
    return cast(NodeServices, current_app.extensions["services"])


def author() -> str:
    """Give the record id of the petugas who is logged in."""
    return require_user().petugas


def keep(name: str, make: Callable[[NodeServices], T]) -> T:
    """Give the one object of this app under a name; made at first use, gone when the program ends."""
    with _lock:
        kept: dict[str, Any] = current_app.extensions.setdefault(_KEPT, {})
        if name not in kept:
            kept[name] = make(services())
        return cast(T, kept[name])


class Notes(Generic[T]):
    """Values that a page needs again and that must not stand in a URL, under tokens that say nothing.

    A note belongs to one session and is lost when the program ends; the oldest make room for new ones.
    """

    def __init__(self, node: NodeServices, count_max: int = 400) -> None:
        self._random = node.random
        self._count_max = count_max
        self._notes: OrderedDict[str, tuple[int, T]] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, value: T) -> str:
        """Keep a value for the current session; return its token."""
        session = require_user().session
        token = self._random(8).hex()
        with self._lock:
            self._notes[token] = (session, value)
            while len(self._notes) > self._count_max:
                self._notes.popitem(last=False)
        return token

    def get(self, token: str | None) -> T | None:
        """Find a value of the current session; None when it is gone or somebody else's."""
        with self._lock:
            found = self._notes.get(token or "")
        if found is None or found[0] != require_user().session:
            return None
        return found[1]

    def take(self, token: str | None) -> T | None:
        """Find a value of the current session and forget it."""
        value = self.get(token)
        with self._lock:
            if value is not None:
                self._notes.pop(token or "", None)
        return value
