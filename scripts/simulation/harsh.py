"""The long run of a kecamatan to which little else happens than disasters: machines put back, burned, cloned, stolen.

In the other worlds they are rare, so that the rest is tested too; what takes three of them in a row is met here.
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from running.memory import make_folder
from simulation.faults import Fault
from simulation.run import count, play_world
from simulation.world import World

DISASTERS = (
    Fault.NODE_RESTORED, Fault.HUB_RESTORED, Fault.NODE_STOLEN, Fault.NODE_KEY, Fault.HUB_KEY, Fault.HUB_DESTROYED,
    Fault.COPY_TAKEN, Fault.NODE_CLONED,
)
BESIDE = (
    (Fault.ANSWER_LOST, 0.3, 0.1), (Fault.REQUEST_CUT, 0.3, 0.2), (Fault.STICK_OLD, 0.2, 0.2),
    (Fault.STICK_LOST, 0.2, 0.2), (Fault.CRASH_BEFORE_COMMIT, 0.15, 0.05), (Fault.CRASH_AFTER_COMMIT, 0.15, 0.05),
    (Fault.HUB_RESTART, 0.1, 0.05),
)
"""What else may happen: how likely in a seed, and how often then."""
NODES_MIN, NODES_MAX = 2, 5
RULES = 2
"""The world whose rules give these seeds their meaning."""
ROUNDS = (40, 80, 120, 160)


def play(seed: int) -> Counter[str]:
    """Play one seed of the long run ``harsh``; RoundFailed as of :func:`simulation.run.run_seed`."""
    dice = random.Random(f"harsh {seed}")
    rates = {fault: dice.uniform(0.01, 0.08) for fault in DISASTERS if dice.random() < 0.6}
    # Nothing is put back of which there is no copy.
    rates[Fault.COPY_TAKEN] = 0.1
    rates |= {fault: rate for fault, chance, rate in BESIDE if dice.random() < chance}
    nodes, rounds = dice.randrange(NODES_MIN, NODES_MAX + 1), dice.choice(ROUNDS)
    with make_folder() as folder:
        world = World.build(seed, Path(folder), nodes, RULES)
        world.plan.rates = rates
        for enemy in world.hostile:
            enemy.services.close()
        world.hostile.clear()
        return count(play_world(world, seed, rounds))
