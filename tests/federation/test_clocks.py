"""Clocks decide nothing: a hundred histories, told by right clocks and by clocks that are ten years wrong."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from shared.store import records  # noqa: E402
from simulation import clocks  # noqa: E402
from tests.support.executed import Note, note  # noqa: E402

NOW_S = 1_790_000_000


@pytest.mark.parametrize("seed", [1, 2])
def test_clocks_ten_years_wrong_change_nothing_but_the_times_shown(
    seed: int, record_property: Note
) -> None:
    done = clocks.play_histories(seed, 50)
    note(record_property, "clocks permuted by ten years", done)
    assert (done["histories"], done["real"]) == (50, 1) and done["changes"] > 300


def test_clocks_run_ahead_behind_backwards_and_before_the_epoch() -> None:
    shown = [clocks.draw_clock(random.Random(seed))(NOW_S) - NOW_S for seed in range(60)]
    assert min(shown) < -NOW_S and max(shown) > 200_000_000 and len(set(shown)) > 40


def test_a_merge_by_device_time_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break the law: of all changes only the latest by its clock stays with its values."""
    real = records.Projector._read_entries

    def by_time(self: Any, *args: Any, **options: Any) -> Any:
        entries = list(real(self, *args, **options))
        latest = max((entry.header.time_s for entry in entries), default=0)
        return [e if e.header.time_s == latest else e._replace(values=None) for e in entries]

    monkeypatch.setattr(records.Projector, "_read_entries", by_time)
    with pytest.raises(AssertionError, match="depends on clocks"):
        clocks.play_histories(1, 20)
