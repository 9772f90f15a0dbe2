"""The simulated kecamatan: fixed seeds, every seed that ever found something, and one seed twice."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from simulation.crash import Crash, CrashingDatabase, CrashPoint, watching_files  # noqa: E402
from simulation.faults import FIRST, SECOND, Fault, FaultPlan  # noqa: E402
from simulation.run import Result, read_seeds, run_seed  # noqa: E402
from simulation.stories import STORIES, choose_repertoire  # noqa: E402
from simulation.turns import read_turn, take_turn  # noqa: E402
from simulation.world import HABITS, WORLD, World  # noqa: E402

from shared.errors import EnvironmentProblem  # noqa: E402
from shared.store.connection import Database, write_durably  # noqa: E402
from shared.store.stick import write_file  # noqa: E402
from tests.support.executed import Note, note  # noqa: E402

SEEDS = tuple(range(1, 13))
ROUNDS = 100
ROUNDS_IN_ALL, NODES_MIN = 2_000, 5
"""So many rounds, of kecamatan with at least so many computers."""
LONG = 200
SHORT_AT_ONCE, LONG_AT_ONCE = 3, 3
"""Seeds of fewer rounds and of so many come in turns, each among its like."""
executed: Counter[str] = Counter()


def play(seed: int, rounds: int, nodes: int = 0, version: int = WORLD) -> Result:
    """Play one seed and count what was executed."""
    result = run_seed(seed, rounds, nodes, version)
    counted = "rounds" if result.done["nodes"] >= NODES_MIN else "rounds of fewer nodes"
    executed.update({counted: result.rounds, "seeds": 1, f"world {version}": result.rounds})
    executed.update({name: result.done[name] for name in ("changes", "sessions", "crashes", "forks")})
    return result


def pick_seeds(turn: int) -> list[tuple[int, int, int, int]]:
    """Pick those seeds that once found a defect whose turn it is."""
    seeds = read_seeds()
    short, long = [seed for seed in seeds if seed[2] < LONG], [seed for seed in seeds if seed[2] >= LONG]
    return take_turn(short, SHORT_AT_ONCE, turn) + take_turn(long, LONG_AT_ONCE, turn)


@pytest.fixture(autouse=True)
def _note_executed(record_property: Note) -> Iterator[None]:
    """Note what was executed, not what was planned: 0 lost, 0 doubled, 0 undetected forks, or the test had failed."""
    executed.clear()
    yield
    if executed:
        note(record_property, "simulated rounds", executed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_kecamatan_under_faults_loses_nothing_and_agrees_after_healing(seed: int) -> None:
    assert play(seed, ROUNDS).rounds == ROUNDS
    assert executed["rounds"] == ROUNDS, "of five nodes or more"


@pytest.mark.parametrize(("world", "seed", "rounds", "nodes"), pick_seeds(read_turn()))
def test_a_seed_that_once_found_a_defect_finds_none(world: int, seed: int, rounds: int, nodes: int) -> None:
    assert play(seed, rounds, nodes, world).rounds == rounds
    assert world == 1 or executed["rounds"] == rounds


def test_the_number_of_nodes_can_be_given() -> None:
    assert play(9, 5, 20).done["nodes"] == 20


def test_the_same_seed_gives_the_same_trace() -> None:
    assert play(20, 40).trace == play(20, 40).trace


def test_another_seed_gives_another_trace() -> None:
    assert play(21, 5).trace != play(22, 5).trace


def test_all_of_it_is_as_many_rounds_as_promised_whoever_has_the_turn() -> None:
    turns = range(len(read_seeds()))
    counted = [
        len(SEEDS) * ROUNDS + sum(rounds for world, _, rounds, _ in pick_seeds(turn) if world > 1) for turn in turns
    ]
    assert min(counted) >= ROUNDS_IN_ALL, "kecamatan of world 1 may have four nodes"


def test_every_seed_has_its_turn_and_stands_there_once() -> None:
    seeds = read_seeds()
    assert {seed for turn in range(len(seeds)) for seed in pick_seeds(turn)} == set(seeds)
    assert len(seeds) == len(set(seeds))


def test_the_fixed_seeds_switch_every_fault_family_on_and_off() -> None:
    plans = [FaultPlan.draw(seed, WORLD).rates.keys() for seed in SEEDS]
    for fault in Fault:
        assert {fault in plan for plan in plans} == {True, False}, fault


def test_the_fixed_seeds_have_every_habit_and_story(tmp_path: Path) -> None:
    found: set[str] = set()
    for seed in SEEDS:
        world = World.build(seed, tmp_path / str(seed), 2)
        found |= {*world.habits, *choose_repertoire(world)}
        world.close()
    assert found == {*HABITS, *(story.name for story in STORIES)}


def test_a_later_fault_family_leaves_the_first_ones_as_they_were() -> None:
    for seed in SEEDS:
        first, now = FaultPlan.draw(seed, 1).rates, FaultPlan.draw(seed, WORLD).rates
        assert first == {fault: rate for fault, rate in now.items() if fault in FIRST}
        for version in (2, 3):
            before = FaultPlan.draw(seed, version).rates
            assert before == {fault: rate for fault, rate in now.items() if fault in (*FIRST, *SECOND)}


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


@pytest.mark.parametrize(("after_rename", "written", "kept", "aside"), [
    (False, 0.5, b"old", b"ne"), (False, 1, b"old", b"new."), (True, 1, b"new.", None),
])
def test_a_crash_between_files_keeps_the_file_that_was_or_the_one_that_came(
    tmp_path: Path, after_rename: bool, written: float, kept: bytes, aside: bytes | None
) -> None:
    point, stick = CrashPoint("x", tmp_path / "x"), tmp_path / "stick"
    point.folder.mkdir()
    stick.mkdir()
    for folder in (point.folder, stick):
        (folder / "kept").write_bytes(b"old")
        point.arm_files(1, after_rename, written)
        with watching_files(lambda: [point]), point.plug(stick):
            write_durably(tmp_path / "of nobody", b"is not counted")
            write_durably(point.folder / "first", b"passes")
            with pytest.raises(Crash):
                write_file(folder / "kept", [b"new."], replace=True)
        (folder / "kept").write_bytes(b"what tidying up makes of it")
        point.restore_disk()
        left = folder / ".kept.baru"
        assert (folder / "kept").read_bytes() == kept
        assert (left.read_bytes() if left.exists() else None) == aside
    assert (point.folder / "first").read_bytes() == b"passes"


def test_a_full_disk_refuses_at_the_statement_that_needs_a_page_and_takes_it_again_when_freed(tmp_path: Path) -> None:
    point = CrashPoint("x", tmp_path)
    database = CrashingDatabase(Database(tmp_path / "data.sqlite"), point)
    with database.write() as conn:
        conn.execute("CREATE TABLE t (a)")
    point.fill(1)
    with pytest.raises(EnvironmentProblem, match="Disk komputer penuh"), database.write() as conn:
        for number in range(9):
            conn.execute("INSERT INTO t VALUES (zeroblob(2000))")
    assert 0 < number < 8
    point.free()
    with database.write() as conn:
        assert conn.execute("SELECT count(*) FROM t").fetchone() == (0,)
        conn.execute("INSERT INTO t VALUES (zeroblob(90000))")
    database.close()
