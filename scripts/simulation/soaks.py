"""The long runs, one per row of what must be proven: which there are, how far each has come, and how to go on.

A soak plays numbered seeds; a seed is played whole or not at all. The ledger, one JSON line a stretch, says which
seeds were played at which commit, so a soak goes on where it stopped, on any day. Only executed counts are written.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.clock import WIB
from simulation.run import SEEDS, SOAK_ROUNDS, write_setting

ROOT = Path(__file__).resolve().parents[2]
LEDGER = ROOT / "tests" / "seeds" / "soaks.jsonl"

Play = Callable[[int], Counter[str]]
"""Play one seed to its end; give what was executed. Any exception is a failure of that seed."""


@dataclass(frozen=True)
class Soak:
    """One kind of long run: ``module`` has ``play(seed)``; ``unit`` is the count that ``goal`` speaks of."""

    name: str
    module: str
    unit: str
    goal: int

    def load(self) -> Play:
        """Import what plays it; only then, because some need a compiler or a browser."""
        play: Play = importlib.import_module(self.module).play
        return play


SOAKS = {
    soak.name: soak
    for soak in (
        Soak("kecamatan", "simulation.run", "rounds", 300_000),
        Soak("harsh", "simulation.harsh", "rounds", 100_000),
        Soak("bugs", "simulation.bugs", "noticed", 37),
        Soak("kill", "simulation.disk.killing", "kills", 5_000),
        Soak("power", "simulation.disk.power", "states", 20_000),
        # 13 operations, 6 ways to fail, every fourth step of one each time: all of them once.
        Soak("io", "simulation.disk.failing", "slices", 312),
        Soak("tmpfs", "simulation.disk.full", "fills", 200),
        Soak("node-restored", "simulation.node_restored", "restores", 5_000),
        Soak("hub-restored", "simulation.hub_restored", "restores", 1_000),
        Soak("hub-rebuilt", "simulation.hub_rebuilt", "rebuilds", 20),
        Soak("malformed", "simulation.junk.play", "inputs", 100_000),
        Soak("stateful", "simulation.stateful", "steps", 1_000_000),
        Soak("clocks", "simulation.clocks", "histories", 20_000),
        Soak("letters", "simulation.letters", "letters", 100_000),
        Soak("fuzz", "simulation.junk.fuzz", "seconds", 7_200),
    )
}


@dataclass(frozen=True)
class Stretch:
    """Seeds ``first`` to ``last`` of one soak, played in a row at one commit; ``failed`` names a seed, or is None."""

    soak: str
    commit: str
    day: str
    first: int
    last: int
    executed: dict[str, int]
    seconds: float
    failed: int | None = None


def read_ledger(ledger: Path = LEDGER) -> list[Stretch]:
    """Read every stretch that was played, oldest first."""
    if not ledger.exists():
        return []
    return [Stretch(**json.loads(line)) for line in ledger.read_text(encoding="utf-8").splitlines()]


def write_stretch(stretch: Stretch, ledger: Path = LEDGER) -> None:
    """Add one stretch to the ledger."""
    with ledger.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(stretch), sort_keys=True) + "\n")


def next_seed(name: str, ledger: Path = LEDGER) -> int:
    """Tell where a soak goes on: behind the highest seed that was ever played."""
    return max((stretch.last for stretch in read_ledger(ledger) if stretch.soak == name), default=0) + 1


def sum_up(ledger: Path = LEDGER) -> Iterator[dict[str, Any]]:
    """Give for each soak what was executed in all, beside its goal."""
    stretches = read_ledger(ledger)
    for soak in SOAKS.values():
        mine = [stretch for stretch in stretches if stretch.soak == soak.name]
        executed: Counter[str] = Counter()
        for stretch in mine:
            executed.update(stretch.executed)
        yield {
            "soak": soak.name, "unit": soak.unit, "goal": soak.goal, "done": executed[soak.unit],
            "failed": [stretch.failed for stretch in mine if stretch.failed is not None],
            "seconds": round(sum(stretch.seconds for stretch in mine), 1), "executed": dict(sorted(executed.items())),
        }


def note_seed(file: Path, line: str, why: str) -> None:
    """Add the line of a seed that has found something to those that are played for ever."""
    if line not in file.read_text(encoding="utf-8"):
        with file.open("a", encoding="utf-8") as lines:
            lines.write(f"{line}   # {why.splitlines()[0][:100] if why else 'no word'}\n")


def keep_failed(name: str, seed: int, why: str) -> None:
    """Let a failed seed of a long run join tests/seeds, where tests play it for ever."""
    if name == "kecamatan":
        note_seed(SEEDS, write_setting(seed, SOAK_ROUNDS), why)
    else:
        note_seed(SEEDS.with_name("soaks.txt"), f"{name} {seed}", why)


def play_stretch(soak: Soak, first: int, seeds: int, seconds: float) -> tuple[Stretch, Exception | None]:
    """Play seeds in a row until they, or the time, are at an end, or one fails."""
    play, executed, started = soak.load(), Counter[str](), time.monotonic()
    last, failed, error = first - 1, None, None
    for seed in range(first, first + seeds):
        try:
            executed.update(play(seed))
        except Exception as caught:  # whatever a seed raises is what the soak looks for
            failed, error = seed, caught
        last = seed
        if failed is not None or time.monotonic() - started >= seconds:
            break
    spent_s = round(time.monotonic() - started, 1)
    day = datetime.now(WIB).date().isoformat()
    return Stretch(soak.name, read_commit(), day, first, last, dict(sorted(executed.items())), spent_s, failed), error


def read_commit() -> str:
    """Read the commit under test, with a ``+`` where files differ from it."""
    def ask(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    return ask("rev-parse", "--short", "HEAD") + ("+" if ask("status", "--porcelain", "-uno") else "")
