"""What is too much for every run of the tests comes in turns: another part with every commit, all of it in a series."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]


def read_turn() -> int:
    """Give the number of commits under test, which says whose turn it is.

    It is fixed for a checkout and moves on with every commit, so that a series of commits covers everything; 0
    without a repository.
    """
    asked = subprocess.run(["git", "rev-list", "--count", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return int(asked.stdout) if asked.returncode == 0 else 0


def take_turn(items: Sequence[T], count: int, turn: int) -> list[T]:
    """Take the items whose turn it is: the next turn takes those behind them, and behind the last comes the first."""
    return [items[(turn * count + at) % len(items)] for at in range(min(count, len(items)))]
