"""A kecamatan to which little else happens than disasters: the small version of the long run ``harsh``."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from simulation import harsh  # noqa: E402

FOUND = (
    21,  # of a hub that was restored and then burned one history had no effect
    424,  # a node handed over its own logs before the channel that admits their key
)


@pytest.mark.parametrize("seed", FOUND)
def test_nothing_is_lost_where_disasters_follow_each_other(seed: int) -> None:
    executed = harsh.play(seed)
    assert executed["rounds"] and executed["faults"]
