"""Seeded bugs: defects that a sync could have, kept as patches, each of which the simulator must notice by itself.

A patch in tests/bugs begins with a sentence, then ``seed:`` lines that say which simulated kecamatan shows it. The
patch is applied to a copy of the program; the copy is simulated in a process of its own, and an invariant has to
break. A bug that only makes the program stumble (an exception that is no invariant) is not counted as noticed.

``python -m simulation.bugs [NAME …]`` looks for seeds and writes them into the patches.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from simulation.world import WORLD

ROOT = Path(__file__).resolve().parents[2]
PATCHES = ROOT / "tests" / "bugs"
SECONDS_MAX = 120
"""A run that lasts longer has noticed nothing; on a quiet machine each takes less than 8."""
COPIED = ("node", "hub", "shared", "scripts")
SEARCHED, ROUNDS, NODES = range(1, 49), 100, 5
SOON_S = 4
"""Of processor time: a seed that shows a bug this soon is good enough."""


class Story(NamedTuple):
    """Which kecamatan to simulate."""

    seed: int
    rounds: int
    nodes: int
    world: int = WORLD
    """A seed that was found in an earlier world goes on showing its bug there."""


@dataclass(frozen=True)
class Bug:
    """One seeded bug; ``stories`` are tried in order until one shows it."""

    name: str
    what: str
    stories: tuple[Story, ...]

    @property
    def patch(self) -> Path:
        return PATCHES / f"{self.name}.patch"


class Survived(AssertionError):
    """No invariant broke: the simulator is blind to this bug."""


def list_bugs() -> list[Bug]:
    """Read every seeded bug, by name."""
    return [_read(path) for path in sorted(PATCHES.glob("*.patch"))]


def _read(path: Path) -> Bug:
    lines = path.read_text(encoding="utf-8").split("\n\n", 1)[0].splitlines()
    stories = [Story(*map(int, line.split()[1::2])) for line in lines if line.startswith("seed: ")]
    return Bug(path.stem, lines[0], tuple(stories))


@contextmanager
def lay_out(bug: Bug) -> Iterator[Path]:
    """Make a copy of the program with the bug in it; CalledProcessError where the patch no longer fits."""
    with tempfile.TemporaryDirectory(prefix="sipande-cacat-") as folder:
        copy = Path(folder)
        for name in COPIED:
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / "tests" / "support", copy / "tests" / "support")
        # Outside of any repository, so that paths are those of the copy.
        here = {**os.environ, "GIT_CEILING_DIRECTORIES": str(copy.parent)}
        subprocess.run(["git", "apply", str(bug.patch)], cwd=copy, env=here, check=True)
        yield copy


def simulate(copy: Path, story: Story) -> str:
    """Simulate a copy; give the invariant that broke, empty where none did."""
    words = [f"--{name}={value}" for name, value in story._asdict().items()]
    here = {**os.environ, "PYTHONPATH": f"{copy}{os.pathsep}{copy / 'scripts'}", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "simulation", *words],
            cwd=copy, env=here, capture_output=True, text=True, timeout=SECONDS_MAX,
        )
    except subprocess.TimeoutExpired:
        return ""
    return next((line for line in done.stderr.splitlines() if line.startswith("Broken: ")), "")


def notice(bug: Bug) -> str:
    """Show that the simulator notices a bug; give the invariant that broke, Survived where none did."""
    with lay_out(bug) as copy:
        for story in bug.stories:
            broken = simulate(copy, story)
            if broken:
                return broken
    raise Survived(f"{bug.name}: nobody noticed in {len(bug.stories)} simulated kecamatan")


def play(seed: int) -> Counter[str]:
    """Play one seed of the long run ``bugs``: one bug after the other."""
    bugs = list_bugs()
    notice(bugs[(seed - 1) % len(bugs)])
    return Counter(noticed=1)


def _worked_s() -> float:
    """Tell how long the processes begun here have worked; another's work on the machine does not count."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def find_stories(bug: Bug) -> tuple[Story, float, str] | None:
    """Look for the seed that shows a bug soonest; its processor time in seconds and what broke. None where none does.

    A seed that breaks without the bug as well shows nothing of it.
    """
    found: tuple[Story, float, str] | None = None
    with lay_out(bug) as copy:
        tried = 0
        for seed in SEARCHED:
            started_s = _worked_s()
            broken = simulate(copy, story := Story(seed, ROUNDS, NODES))
            spent_s = _worked_s() - started_s
            if broken and (found is None or spent_s < found[1]) and not simulate(ROOT, story):
                found = story, spent_s, broken
            tried += bool(found)
            if tried > 2 or (found and found[1] < SOON_S):
                break
    return found


def _main(names: list[str]) -> None:
    for bug in list_bugs():
        if names and bug.name not in names:
            continue
        found = find_stories(bug)
        if found is None:
            print(f"{bug.name}: no seed shows it")
            continue
        story, spent_s, broken = found
        _, diff = bug.patch.read_text(encoding="utf-8").split("\n\n", 1)
        line = " ".join(f"{name} {value}" for name, value in story._asdict().items())
        bug.patch.write_text(f"{bug.what}\nseed: {line.removeprefix('seed ')}\n\n{diff}", encoding="utf-8")
        print(f"{bug.name}: {line}, {spent_s:.1f} s, {broken}", flush=True)


if __name__ == "__main__":
    _main(sys.argv[1:])
