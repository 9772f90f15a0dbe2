"""The simulated kecamatan: fixed seeds, every seed that ever found something, and one seed twice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from simulation.crash import Crash, CrashingDatabase, CrashPoint  # noqa: E402
from simulation.faults import Fault, FaultPlan  # noqa: E402
from simulation.ports import make_dice  # noqa: E402
from simulation.run import run_seed  # noqa: E402

from shared.store.connection import Database  # noqa: E402

SEEDS = (1, 2, 3, 5, 7)
ROUNDS = 60


def read_seeds() -> list[tuple[int, int, int]]:
    """Read the seeds that found something: seed, rounds, nodes."""
    found = []
    for line in (ROOT / "tests" / "seeds" / "simulate.txt").read_text(encoding="utf-8").splitlines():
        words = line.split("#")[0].split()
        if words:
            options = dict(zip(words[::2], map(int, words[1::2]), strict=True))
            found.append((options["--seed"], options["--rounds"], options["--nodes"]))
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_a_kecamatan_under_faults_loses_nothing_and_agrees_after_healing(seed: int) -> None:
    assert run_seed(seed, ROUNDS).rounds == ROUNDS


@pytest.mark.parametrize(("seed", "rounds", "nodes"), read_seeds())
def test_a_seed_that_once_found_a_defect_finds_none(seed: int, rounds: int, nodes: int) -> None:
    assert run_seed(seed, rounds, nodes).rounds == rounds


def test_the_same_seed_gives_the_same_trace() -> None:
    assert run_seed(20, 40).trace == run_seed(20, 40).trace


def test_another_seed_gives_another_trace() -> None:
    assert run_seed(1, 5).trace != run_seed(2, 5).trace


def test_the_fixed_seeds_switch_every_fault_family_on_and_off() -> None:
    plans = [FaultPlan.draw(make_dice(seed, "faults")).rates.keys() for seed in SEEDS]
    for fault in Fault:
        assert {fault in plan for plan in plans} == {True, False}, fault


@pytest.mark.parametrize(("after_commit", "kept"), [(False, 0), (True, 1)])
def test_a_crash_keeps_what_was_committed_and_no_more(tmp_path: Path, after_commit: bool, kept: int) -> None:
    point = CrashPoint("x", tmp_path / "x")
    point.folder.mkdir()
    path = point.folder / "data.sqlite"
    database = CrashingDatabase(Database(path), point)
    with database.write() as conn:
        conn.execute("CREATE TABLE t (a)")
    point.arm(0, after_commit)
    with pytest.raises(Crash), database.write() as conn, database.write():
        conn.execute("INSERT INTO t VALUES (1)")
    database.close()
    point.restore_disk()
    again = Database(path)
    with again.read() as conn:
        assert conn.execute("SELECT count(*) FROM t").fetchone() == (kept,)
    again.close()
