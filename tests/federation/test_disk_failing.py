"""A disk on which every step fails once, and one that is really full: a sentence, all or nothing, then it goes on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from simulation.disk.failing import FAULTS, PASS, Fault, check_manners, fail_all, pick_rotating  # noqa: E402
from simulation.disk.full import REFUSALS, fill_one, why_no_mounts  # noqa: E402
from simulation.disk.operations import NAMES, OPERATIONS  # noqa: E402
from simulation.disk.stage import Place, make_stage, scratch  # noqa: E402
from simulation.soaks import SOAKS  # noqa: E402
from simulation.turns import read_turn  # noqa: E402

from tests.support.executed import Note, note  # noqa: E402

TURN = read_turn()
OPERATIONS_A_RUN = 4
FILLS = 2


@pytest.fixture(scope="module")
def stage() -> Iterator[Place]:
    with scratch() as folder:
        yield make_stage(folder / "awal")


@pytest.mark.parametrize("place", range(OPERATIONS_A_RUN))
def test_every_failing_step_is_told_and_leaves_all_or_nothing(
    stage: Place, place: int, record_property: Note
) -> None:
    operation = list(pick_rotating(OPERATIONS_A_RUN, TURN))[place]
    done = fail_all(stage, stage.folder.with_name("uji"), operation, TURN)
    assert done["faults"] >= 5, (operation.name, done)
    note(record_property, "n-th I/O failure", {**done, operation.name: done["faults"]})


@pytest.mark.parametrize("seed", range(FILLS))
def test_a_disk_that_is_really_full_loses_nothing_and_goes_on_once_there_is_room(
    stage: Place, seed: int, record_property: Note
) -> None:
    if why_no_mounts():
        pytest.skip(why_no_mounts())
    done = fill_one(stage, stage.folder.with_name("penuh"), f"uji/{seed}")
    assert done["refused"] == REFUSALS
    note(record_property, "full tmpfs", done)


def test_a_series_of_commits_meets_every_operation() -> None:
    met = [operation.name for turn in range(len(OPERATIONS)) for operation in pick_rotating(OPERATIONS_A_RUN, turn)]
    assert {met.count(name) for name in OPERATIONS} == {OPERATIONS_A_RUN}
    assert len(OPERATIONS) >= 12 and SOAKS["io"].goal == PASS


@pytest.mark.parametrize(("result", "words"), [
    ({"first": None, "before": 0, "between": 0}, "nothing is there"),
    ({"first": {"kind": "EnvironmentProblem", "text": "Disk penuh."}, "before": 0, "between": 1}, "and is there"),
    ({"first": {"kind": "OperationalError", "text": "disk I/O error"}, "before": 0, "between": 0}, "told as"),
    ({"first": {"kind": "page", "status": 503, "text": "Disk penuh."}, "before": 0, "between": 0}, "typed is gone"),
    ({"first": {"kind": "page", "status": 500, "text": f"Disk {NAMES[0]}"}, "before": 0, "between": 0}, "500"),
    ({"first": {"kind": "EnvironmentProblem", "text": "Disk penuh."}, "before": 0, "between": 0, "second": {}},
     "on a whole disk"),
])
def test_bad_manners_are_noticed(result: dict[str, object], words: str) -> None:
    fault: Fault = FAULTS[0]
    with pytest.raises(AssertionError, match=words):
        check_manners(OPERATIONS["simpan"], fault, result)
