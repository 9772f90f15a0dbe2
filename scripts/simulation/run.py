"""One seed from its first to its last round: act, break, check; then heal and check that all became well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.errors import UserError
from running.memory import make_folder
from simulation.actions import pick_action
from simulation.crash import Crash, watching_files
from simulation.disasters import strike
from simulation.healing import (
    check_branches,
    check_cases,
    check_healed,
    check_pictures,
    check_sums,
    count_forks,
    heal,
)
from simulation.invariants import check_all, check_step, view_desa
from simulation.machines import Machine
from simulation.replay import check_clocks, check_redelivery
from simulation.stories import choose_repertoire
from simulation.theft import note_heard
from simulation.world import WORLD, World

CHECK_ALL_EVERY = 60
SOAK_ROUNDS = 300
COUNTED = ("changes", "sessions", "requests", "crashes", "forks")
SEEDS = Path(__file__).resolve().parents[2] / "tests" / "seeds" / "simulate.txt"


@dataclass(frozen=True)
class Result:
    """What one seed did; ``trace`` is equal whenever the seed is."""

    seed: int
    rounds: int
    trace: str
    done: dict[str, Any]


class RoundFailed(Exception):
    """Something broke; the cause says what, the message where in the story."""


def run_seed(seed: int, rounds: int, nodes: int = 0, version: int = WORLD) -> Result:
    """Play one seed; RoundFailed when an invariant breaks or the product raises what it should not."""
    with make_folder() as folder:
        world = World.build(seed, Path(folder), nodes, version)
        if version > 2:
            world.repertoire = choose_repertoire(world)
        return play_world(world, seed, rounds)


def play_world(world: World, seed: int, rounds: int) -> Result:
    """Play a world that was built from a seed, and close it; RoundFailed as of :func:`run_seed`."""
    try:
        with watching_files(lambda: [machine.point for machine in world.machines]):
            return _play(world, seed, rounds)
    except Exception as error:
        story = "\n".join(world.trace.last)
        raise RoundFailed(f"{story}\n{type(error).__name__}: {error}") from error
    finally:
        world.close()


def read_seeds() -> list[tuple[int, int, int, int]]:
    """Read the seeds that once found something: world, seed, rounds, nodes."""
    found = []
    for line in SEEDS.read_text(encoding="utf-8").splitlines():
        words = line.split("#")[0].split()
        if words:
            options = dict(zip(words[::2], map(int, words[1::2]), strict=True))
            found.append((options["--world"], options["--seed"], options["--rounds"], options["--nodes"]))
    return found


def write_setting(seed: int, rounds: int, nodes: int = 0, world: int = WORLD) -> str:
    """Write the options that play a seed again."""
    return f"--world {world} --seed {seed} --rounds {rounds} --nodes {nodes}"


def play(seed: int) -> Counter[str]:
    """Play one seed of the long run ``kecamatan``; RoundFailed as of :func:`run_seed`."""
    return count(run_seed(seed, SOAK_ROUNDS))


def count(result: Result) -> Counter[str]:
    """Give the counts of a seed, as the ledger of the long runs keeps them."""
    named = {name: result.done[name] for name in COUNTED}
    return Counter({"rounds": result.rounds, "faults": sum(result.done["faults"].values()), **named})


def _play(world: World, seed: int, rounds: int) -> Result:
    actions: Counter[str] = Counter()
    for number in range(1, rounds + 1):
        world.let_time_pass()
        _act(world, strike_disasters)
        note_heard(world)
        action = pick_action(world)
        world.trace.note(number, action.name, _act(world, action.act))
        note_heard(world)
        actions[action.name] += 1
        check_step(world)
        if number % CHECK_ALL_EVERY == 0:
            world.disarm()
            check_all(world, _take_turns(world, number // CHECK_ALL_EVERY))
    passes = heal(world)
    check_all(world)
    check_healed(world)
    check_cases(world)
    check_branches(world)
    done = _report(world, actions, passes)
    if world.version > 1:
        done["forks"] = count_forks(world)
        check_pictures(world)
        check_sums(world)
        check_clocks(world)
        check_redelivery(world)
    return Result(seed, rounds, _close_trace(world, passes), done)


def _take_turns(world: World, turn: int) -> Sequence[Machine]:
    """Choose whom to check whole this time: the hub and, of many nodes, two."""
    nodes = world.nodes
    if world.version == 1:
        return world.machines
    return [world.hub, *(nodes[at % len(nodes)] for at in range(2 * turn, 2 * turn + 2))]


def strike_disasters(world: World) -> str:
    strike(world)
    return ""


def _act(world: World, act: Callable[[World], str]) -> str:
    is_saved = False
    try:
        said = str(act(world))
        is_saved = True
        return said
    except UserError as refusal:
        return refusal.kode
    except Crash as crash:
        world.revive_side(crash)
        return f"crash {crash.side}"
    finally:
        world.tell_authors(is_saved)


def _close_trace(world: World, passes: int) -> str:
    """Add the final state of every side to the trace."""
    world.trace.note("healed", passes)
    for machine in world.machines:
        with machine.services.database.read() as conn:
            for desa in world.desa:
                world.trace.note(machine.name, desa, list(view_desa(conn, desa, machine.catalogue)))
            world.trace.note(conn.execute("SELECT id, size, tree FROM log ORDER BY id").fetchall())
    return world.trace.digest()


def _report(world: World, actions: Counter[str], passes: int) -> dict[str, Any]:
    with world.hub.services.database.read() as conn:
        changes = conn.execute("SELECT count(*) FROM change").fetchone()[0]
        findings = conn.execute("SELECT count(*) FROM temuan").fetchone()[0]
    return {
        "nodes": world.enrolled, "changes": changes, "findings": findings, "sessions": world.counts["sync"],
        "requests": world.counts["request"], "crashes": world.counts["crash"], "drain_passes": passes, "forks": 0,
        "forks_met": world.counts["forks_met"],
        "faults": dict(sorted(world.plan.done.items())), "actions": dict(sorted(actions.items())),
    }
