"""How a check of the simulator says that something does not hold."""

from __future__ import annotations

from collections.abc import Collection


class Broken(AssertionError):
    """An invariant does not hold; the message says which, where."""


def require(holds: Collection[object] | bool, problem: str) -> None:
    """Raise Broken unless something holds."""
    if not holds:
        raise Broken(problem)
