"""The ports of the simulated world: its clocks and the trace that two runs of one seed must share.

Nothing here reads the machine's time or randomness; a seed is all that a run depends on.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

START_S = 1_790_000_000
TEN_YEARS_S = 10 * 365 * 86_400


@dataclass
class WorldTime:
    """What the time really is; only the world moves it, and only forward."""

    passed_s: int = 0


@dataclass
class DeviceClock:
    """The clock of one machine: right about durations, wrong about the date by ``wrong_s``."""

    world: WorldTime
    wrong_s: int = 0

    def now_s(self) -> int:
        return START_S + self.world.passed_s + self.wrong_s

    def monotonic_s(self) -> float:
        return float(self.world.passed_s)


@dataclass
class Trace:
    """What happened, as one running SHA-256; ``last`` keeps the end of the story for people."""

    last: list[str] = field(default_factory=list)
    _hash: Any = field(default_factory=sha256)

    def note(self, *words: object) -> None:
        """Add one event."""
        line = " ".join(map(str, words))
        self._hash.update(line.encode() + b"\n")
        self.last = [*self.last[-39:], line]

    def digest(self) -> str:
        return str(self._hash.hexdigest())


def make_dice(seed: int, name: str) -> random.Random:
    """Make a source of chance for one purpose; one more draw here shifts nothing there."""
    return random.Random(f"sipande/{seed}/{name}")
