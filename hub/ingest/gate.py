"""Lets each request wait for its turn: :mod:`hub.ingest.turns` for the threads of the server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hub.ingest.quota import Busy
from hub.ingest.turns import Turns
from shared.sync.limits import limit

_LOOK_S = 0.02
"""Time alone opens the way too, and nobody notifies of that."""


@dataclass
class Gate:
    """``now_s`` is a monotonic clock; ``spent_s`` the processor time of the calling thread, both in seconds."""

    now_s: Callable[[], float]
    spent_s: Callable[[], float]
    turns: Turns = field(default_factory=Turns)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def pass_through(self, key: str) -> Iterator[None]:
        """Work on one request of a key when its turn has come; Busy when too many wait, or it waited too long."""
        with self._changed:
            place = self.turns.come(key, self.now_s())
            end_s = self.now_s() + limit("turn_wait_s_max")
            while not self.turns.begin(place, self.now_s()):
                if self.now_s() >= end_s:
                    self.turns.give_up(place)
                    raise Busy(2)
                self._changed.wait(_LOOK_S)
        began_s = self.spent_s()
        try:
            yield
        finally:
            with self._changed:
                self.turns.end(place, max(0.0, self.spent_s() - began_s), self.now_s())
                self._changed.notify_all()

    def is_anyone_else_present(self, key: str) -> bool:
        """Tell whether others than this key would feel a long request now."""
        with self._changed:
            return self.turns.is_anyone_else_present(key, self.now_s())
