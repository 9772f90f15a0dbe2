"""The command line of the simulator; ``scripts/simulate`` calls it."""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections import Counter
from dataclasses import asdict
from typing import NamedTuple

import click

from simulation.run import COUNTED, SEEDS, Result, RoundFailed, run_seed, write_setting
from simulation.soaks import SOAKS, keep_failed, next_seed, note_seed, play_stretch, sum_up, write_stretch
from simulation.world import WORLD

NO_LIMIT_S = float("inf")


@click.command()
@click.option("--seed", type=int, help="The first seed; 1, or for a soak the first that was not played yet.")
@click.option("--seeds", type=click.IntRange(min=1), default=1, show_default=True, help="How many.")
@click.option("--rounds", type=click.IntRange(min=1), default=200, show_default=True, help="Of each seed.")
@click.option("--nodes", type=click.IntRange(min=0), default=0, help="In all; 0 lets the seed choose.")
@click.option("--world", type=click.IntRange(1, WORLD), default=WORLD, show_default=True, help="The rules of a seed.")
@click.option("--twice", is_flag=True, help="Run each seed twice and compare the traces.")
@click.option("--note/--no-note", default=True, help="Add a seed that fails to tests/seeds, where it stays.")
@click.option("--soak", type=click.Choice(list(SOAKS)), help="Play seeds of a long run and note them in its ledger.")
@click.option("--seconds", type=float, default=NO_LIMIT_S, help="Begin no further seed of a soak after this time.")
@click.option("--figures", is_flag=True, help="Print what the long runs have executed so far.")
def main(
    seed: int | None, seeds: int, rounds: int, nodes: int, world: int, twice: bool, soak: str | None, seconds: float,
    figures: bool, note: bool,
) -> None:
    """Simulate a kecamatan under faults: real nodes and a real hub; network, sticks, power, disks and people break.

    Exit 1 with one REPRO line at the first seed that fails.
    """
    if figures:
        for line in sum_up():
            click.echo(json.dumps(line))
    elif soak is not None:
        _play_soak(soak, seed, seeds, seconds, note)
    else:
        _simulate(1 if seed is None else seed, seeds, Setting(rounds, nodes, world), twice, note)


def _play_soak(name: str, seed: int | None, seeds: int, seconds: float, note: bool) -> None:
    stretch, error = play_stretch(SOAKS[name], next_seed(name) if seed is None else seed, seeds, seconds)
    if seed is None:
        write_stretch(stretch)
    click.echo(json.dumps(asdict(stretch)))
    if error is not None:
        traceback.print_exception(error)
        if note and stretch.failed is not None:
            keep_failed(name, stretch.failed, str(error).splitlines()[-1])
        click.echo(f"REPRO scripts/simulate --soak {name} --seed {stretch.failed}")
        sys.exit(1)


class Setting(NamedTuple):
    """What is the same for all seeds of one call."""

    rounds: int
    nodes: int
    world: int

    def line(self, seed: int) -> str:
        """Write the one line that plays a seed again."""
        return write_setting(seed, self.rounds, self.nodes, self.world)


def _simulate(seed: int, seeds: int, setting: Setting, twice: bool, note: bool) -> None:
    total: Counter[str] = Counter()
    started, worked = time.monotonic(), time.process_time()
    for number in range(seed, seed + seeds):
        try:
            result = _run(number, setting, twice, total)
        except RoundFailed as failure:
            if failure.__cause__ is not None:
                traceback.print_exception(failure.__cause__)
            click.echo(str(failure), err=True)
            click.echo(f"REPRO scripts/simulate {setting.line(number)}")
            if note:
                note_seed(SEEDS, setting.line(number), str(failure.__cause__))
            sys.exit(1)
        click.echo(json.dumps({"seed": number, "rounds": setting.rounds, "trace": result.trace, **result.done}))
    spent_s, worked_s = time.monotonic() - started, time.process_time() - worked
    speed = {"seconds": round(spent_s, 1), "rounds_per_cpu_s": round(total["rounds"] / worked_s, 1)}
    summary = {**total, **speed}
    click.echo(json.dumps({"executed": summary}))


def _run(seed: int, setting: Setting, twice: bool, total: Counter[str]) -> Result:
    result = run_seed(seed, *setting)
    runs = [result]
    if twice:
        runs.append(run_seed(seed, *setting))
        if runs[1].trace != result.trace:
            raise RoundFailed(f"two runs of one seed differ: {result.trace}, {runs[1].trace}")
    for run in runs:
        total.update(seeds=1, rounds=run.rounds, failures=0)
        total.update({name: run.done[name] for name in COUNTED})
        total.update(faults=sum(run.done["faults"].values()))
    return result


if __name__ == "__main__":
    main()
