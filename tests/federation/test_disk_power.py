"""Power cuts at any step of a working day: sectors that were not synced are lost or torn, promises are kept."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from simulation.disk import states  # noqa: E402
from simulation.disk.power import Lost, cut_day  # noqa: E402

from tests.support.executed import Note, note  # noqa: E402

STATES = 40


@pytest.mark.parametrize("day", range(5))
def test_a_power_cut_at_any_step_leaves_all_that_was_acknowledged(day: int, record_property: Note) -> None:
    done = cut_day(f"uji/{day}", STATES)
    assert done["states"] == STATES and done["promises"]
    note(record_property, "power cut", done)


def test_a_program_that_does_not_sync_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    # As if no fsync had ever been asked for.
    monkeypatch.setattr(states.Disk, "_sync", lambda self, handle: None)
    with pytest.raises(Lost):
        for day in range(5):
            cut_day(f"lupa/{day}", STATES)
