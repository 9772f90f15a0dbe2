"""Who is worked on next when the hub has more to do than it can at once: who has taken much gives way. Pure.

The purses (:mod:`hub.ingest.quota`) bound what a key takes in an hour; this bounds what the others feel meanwhile.
A hub works on one thing at a time, whatever its threads: one interpreter, one writer. So a request of one key may be
in the way of another's for as long as it is worked on, and what can be kept small is how often that happens.

A key that took little of the processor of late begins at once. One that took much works alone among its like: at once
while nobody else is about, and else for one part in ``turn_share`` of the time. Of several that wait, the one goes
first that took least. All times are seconds; ``now_s`` is a monotonic clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from hub.ingest.quota import STRANGERS, Busy
from shared.sync.limits import limit

FORGOTTEN_S = 0.001


@dataclass(eq=False)
class Place:
    """One request, from its coming to its end; ``is_heavy`` when it has to wait for a turn."""

    key: str
    is_heavy: bool


@dataclass
class _Taken:
    cost_s: float
    at_s: float


@dataclass
class Turns:
    """What each key took of late, who is worked on and who waits."""

    _taken: dict[str, _Taken] = field(default_factory=dict)
    _seen: list[tuple[str, float]] = field(default_factory=list)
    """When the last two keys that took little were here: one of them is not the one who asks."""
    _light: list[Place] = field(default_factory=list)
    _waiting: list[Place] = field(default_factory=list)
    _working: Place | None = None
    _due_s: float = float("-inf")

    def come(self, key: str, now_s: float) -> Place:
        """Take a place for one request; Busy when too many wait, of this key or of all."""
        place = Place(key, self._has_taken_much(key, now_s))
        if not place.is_heavy:
            self._light.append(place)
        elif len(self._waiting) >= limit("turn_waiting_max") or self._count_waiting(key) >= limit("requests_at_once"):
            raise Busy(2)
        else:
            self._waiting.append(place)
        return place

    def begin(self, place: Place, now_s: float) -> bool:
        """Tell whether the work on a request may begin; if so it has, until :meth:`end`."""
        if place.is_heavy:
            if not self._is_next(place, now_s):
                return False
            self._waiting.remove(place)
            self._working = place
        return True

    def give_up(self, place: Place) -> None:
        """Leave a place whose turn did not come in time."""
        self._waiting.remove(place)

    def end(self, place: Place, cost_s: float, now_s: float) -> None:
        """Note what the work on a request took of the processor, and let the next one come."""
        if place is self._working:
            self._working = None
        else:
            self._light.remove(place)
            if place.key != STRANGERS:
                self._seen = [*[seen for seen in self._seen if seen[0] != place.key][-1:], (place.key, now_s)]
        self._taken = {key: taken for key, taken in self._taken.items() if self._read(key, now_s) > FORGOTTEN_S}
        self._taken[place.key] = _Taken(self._read(place.key, now_s) + cost_s, now_s)
        if self._has_taken_much(place.key, now_s):
            pause_s = min(cost_s * (limit("turn_share") - 1), limit("turn_pause_s_max"))
            self._due_s = max(self._due_s, now_s + pause_s)

    def is_anyone_else_present(self, key: str, now_s: float) -> bool:
        """Tell whether others, who took little, would feel what is done for this key now.

        Not strangers: anybody may come as one, and none of them shall hold a village up.
        """
        return self._is_other_worked_on(key) or any(
            other != key and now_s - seen_s < limit("turn_present_s") for other, seen_s in self._seen
        )

    def _is_next(self, place: Place, now_s: float) -> bool:
        if self._working is not None or place is not min(self._waiting, key=lambda one: self._read(one.key, now_s)):
            return False
        if not self.is_anyone_else_present(place.key, now_s):
            return True
        gap_s = 0.0 if not self._is_other_worked_on(place.key) else limit("turn_gap_s_max")
        return now_s >= self._due_s + gap_s

    def _count_waiting(self, key: str) -> int:
        return sum(other.key == key for other in self._waiting)

    def _is_other_worked_on(self, key: str) -> bool:
        return any(other.key not in (key, STRANGERS) for other in self._light)

    def _has_taken_much(self, key: str, now_s: float) -> bool:
        return self._read(key, now_s) * 1000 > limit("turn_free_ms")

    def _read(self, key: str, now_s: float) -> float:
        taken = self._taken.get(key)
        return 0.0 if taken is None else taken.cost_s * math.exp(min(0.0, taken.at_s - now_s) / limit("turn_fade_s"))
