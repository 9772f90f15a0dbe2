"""State machines over merge and sync: at least ten thousand executed steps, the same ones in every run."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis.stateful import RuleBasedStateMachine

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from shared.merge import fold as merge  # noqa: E402
from shared.store import records  # noqa: E402
from simulation.machine_merge import MergeMachine  # noqa: E402
from simulation.machine_sync import SyncMachine  # noqa: E402
from simulation.stateful import run_machine  # noqa: E402
from tests.support.executed import Note, note  # noqa: E402

MERGE_STEPS, SYNC_STEPS = 9_400, 600


def play_steps(machine: type[RuleBasedStateMachine], examples: int, steps: int) -> Counter[str]:
    """Play seeds 1, 2, … until so many steps are executed; count them, not what was planned."""
    done, seed = Counter[str](), 0
    while done.total() < steps:
        seed += 1
        done += run_machine(machine, seed, examples)
    return done


@pytest.mark.parametrize(
    ("machine", "examples", "steps"), [(MergeMachine, 60, MERGE_STEPS), (SyncMachine, 6, SYNC_STEPS)]
)
def test_no_order_of_steps_breaks_a_law(
    machine: type[RuleBasedStateMachine], examples: int, steps: int, record_property: Note
) -> None:
    done = play_steps(machine, examples, steps)
    note(record_property, f"stateful steps, {machine.__name__}", {"steps": done.total(), **done})
    assert done.total() >= steps and MERGE_STEPS + SYNC_STEPS >= 10_000
    assert len(done) >= 5, "a rule was never chosen"


def test_the_same_seed_plays_the_same_steps() -> None:
    assert run_machine(MergeMachine, 7, 4) == run_machine(MergeMachine, 7, 4)


def test_a_merge_that_goes_by_the_clock_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break the law: what waits for its parents is folded at once."""
    real = merge.fold

    def hasty(changes: Any, kind: Any) -> Any:
        return real([change._replace(parents=()) for change in changes][:2], kind)

    monkeypatch.setattr(records, "fold", hasty)
    with pytest.raises(Exception):  # noqa: B017 - whichever law it breaks first
        run_machine(MergeMachine, 1, 30)
