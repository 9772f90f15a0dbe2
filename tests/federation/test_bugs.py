"""The simulator must notice seeded bugs: four of them each time, others after every commit; all in the long run.

Each is killed by an invariant (Broken), never by a test written for it; see scripts/simulation/bugs.py.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from simulation.bugs import Bug, count_worked_s, list_bugs, notice  # noqa: E402
from simulation.turns import read_turn, take_turn  # noqa: E402
from tests.support.executed import Note, note  # noqa: E402

BUGS = list_bugs()
BUGS_MIN, AT_ONCE = 37, 4


def test_there_are_enough_seeded_bugs_and_each_says_what_and_where_it_shows() -> None:
    assert len(BUGS) >= BUGS_MIN
    assert [bug.name for bug in BUGS if not bug.stories or not bug.what.endswith(".")] == []


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_seeded_bug_still_fits_the_program(bug: Bug) -> None:
    checked = subprocess.run(["git", "apply", "--check", str(bug.patch)], cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("bug", take_turn(BUGS, AT_ONCE, read_turn()), ids=lambda bug: bug.name)
def test_the_simulator_notices_a_seeded_bug(bug: Bug, record_property: Note) -> None:
    before_s = count_worked_s()
    assert notice(bug).startswith("Broken: ")
    note(record_property, "seeded bugs", {"killed": 1, "processor seconds": round(count_worked_s() - before_s)})
