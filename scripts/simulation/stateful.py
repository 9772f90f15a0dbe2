"""Hypothesis state machines over merge and sync: how many steps, from which seed; ``play`` is the long run.

A step is one rule that was executed. Nothing is kept between runs: a seed alone says what is played.
"""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, Phase, Verbosity, seed as seeded, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from simulation.machine_merge import EXECUTED, MergeMachine
from simulation.machine_sync import SyncMachine

MERGE_EXAMPLES, SYNC_EXAMPLES = 60, 3
"""Of one seed of the long run."""
STEPS = 50
"""Of one example, at most."""


def run_machine(machine: type[RuleBasedStateMachine], seed: int, examples: int) -> Counter[str]:
    """Play examples of a machine from a seed; give the executed steps by rule. Raises what a broken law raises."""
    before = Counter(EXECUTED)
    chosen = seeded(seed)(type(machine.__name__, (machine,), {}))
    run_state_machine_as_test(
        chosen,
        settings=settings(
            max_examples=examples, stateful_step_count=STEPS, database=None, deadline=None, derandomize=False,
            print_blob=False, verbosity=Verbosity.normal, suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        ),
    )
    return EXECUTED - before


def play(seed: int) -> Counter[str]:
    """Play one seed of the long run ``stateful``."""
    merge = run_machine(MergeMachine, seed, MERGE_EXAMPLES)
    sync = run_machine(SyncMachine, seed, SYNC_EXAMPLES)
    return Counter(steps=merge.total() + sync.total(), merge_steps=merge.total(), sync_steps=sync.total())
