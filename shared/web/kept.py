"""What one running app keeps in memory between requests; all of it is gone when the program ends."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from math import inf
from typing import Any, Generic, Protocol, TypeVar, cast

from flask import Flask, current_app

from shared.clock import Clock, Randomness
from shared.web.services import require_user

T = TypeVar("T")
_KEPT = "sipande_kept"
_lock = threading.Lock()


def keep(name: str, make: Callable[[], T]) -> T:
    """Give the one object of this app under a name; made at first use."""
    with _lock:
        kept: dict[str, Any] = current_app.extensions.setdefault(_KEPT, {})
        if name not in kept:
            kept[name] = make()
        return cast(T, kept[name])


def list_kept(app: Flask, kind: type[T]) -> list[T]:
    """List what an app keeps that is of one kind, under whichever name; also from outside of a request."""
    with _lock:
        return [item for item in app.extensions.get(_KEPT, {}).values() if isinstance(item, kind)]


class Means(Protocol):
    """What notes need of a side or of the web shell."""

    @property
    def clock(self) -> Clock: ...

    @property
    def random(self) -> Randomness: ...


class Notes(Generic[T]):
    """Values that a page needs again and that must not stand in a URL, under tokens that say nothing.

    A note belongs to one session; the oldest make room for new ones, and after ``valid_s`` it is forgotten.
    """

    def __init__(self, side: Means, count_max: int = 400, valid_s: float = inf) -> None:
        self._random, self._clock = side.random, side.clock
        self._count_max, self._valid_s = count_max, valid_s
        self._notes: OrderedDict[str, tuple[int, float, T]] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, value: T, token: str = "") -> str:
        """Keep a value for the current session; return its token, a new one unless it has one already."""
        session = require_user().session
        token, now_s = token or self._random(8).hex(), self._clock.monotonic_s()
        with self._lock:
            self._notes[token] = (session, now_s + self._valid_s, value)
            while len(self._notes) > self._count_max or next(iter(self._notes.values()))[1] < now_s:
                self._notes.popitem(last=False)
        return token

    def get(self, token: str | None) -> T | None:
        """Find a value of the current session; None when it is gone or somebody else's."""
        with self._lock:
            found = self._notes.get(token or "")
        if found is None or found[0] != require_user().session or found[1] < self._clock.monotonic_s():
            return None
        return found[2]

    def take(self, token: str | None) -> T | None:
        """Find a value of the current session and forget it."""
        value = self.get(token)
        with self._lock:
            if value is not None:
                self._notes.pop(token or "", None)
        return value
