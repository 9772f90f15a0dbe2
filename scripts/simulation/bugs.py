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
from math import inf
from pathlib import Path
from typing import NamedTuple


ROOT = Path(__file__).resolve().parents[2]
PATCHES = ROOT / "tests" / "bugs"
SECONDS_MAX = 120
"""A run that lasts longer has noticed nothing; on a quiet machine each takes less than 8."""
COPIED = ("node", "hub", "shared", "scripts")
SEARCHED, ROUNDS, NODES = range(1, 49), 100, 5
WORLD = 3
"""Where bugs are looked for: a later world has more to do in as many rounds, so it shows most of them later."""
TRIED = 3
SOON_S, LATER_S = 4, 40
"""Of processor time: a seed that shows a bug so soon is good enough; how long to look for one in place of another."""


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


class Found(NamedTuple):
    """A story that shows a bug: the processor time it took, the invariant that broke."""

    story: Story
    spent_s: float
    broken: str


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
    """Show that the simulator notices a bug; give the invariant that broke, Survived where none did.

    What a seed tells changes with the program: where those of the patch show nothing any more, others are played.
    """
    with lay_out(bug) as copy:
        for story in bug.stories:
            broken = simulate(copy, story)
            if broken:
                return broken
        for found in _search(copy, LATER_S):
            return found.broken
    raise Survived(f"{bug.name}: nobody noticed in {len(bug.stories)} told kecamatan and {LATER_S} s of others")


def play(seed: int) -> Counter[str]:
    """Play one seed of the long run ``bugs``: one bug after the other."""
    bugs = list_bugs()
    notice(bugs[(seed - 1) % len(bugs)])
    return Counter(noticed=1)


def count_worked_s() -> float:
    """Tell how long the processes begun here have worked; another's work on the machine does not count."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _search(copy: Path, seconds_max: float = inf) -> Iterator[Found]:
    """Look for seeds that show the bug of a copy and that break nothing without it, for some processor time."""
    started_s = count_worked_s()
    for seed in SEARCHED:
        before_s = count_worked_s()
        if before_s - started_s > seconds_max:
            return
        broken = simulate(copy, story := Story(seed, ROUNDS, NODES))
        spent_s = count_worked_s() - before_s
        if broken and not simulate(ROOT, story):
            yield Found(story, spent_s, broken)


def find_story(bug: Bug) -> Found | None:
    """Look for the seed that shows a bug soonest among the first few that do; None where none does."""
    best: Found | None = None
    with lay_out(bug) as copy:
        for tried, found in enumerate(_search(copy), 1):
            best = found if best is None or found.spent_s < best.spent_s else best
            if tried == TRIED or best.spent_s < SOON_S:
                break
    return best


def _main(names: list[str]) -> None:
    for bug in list_bugs():
        if names and bug.name not in names:
            continue
        found = find_story(bug)
        if found is None:
            print(f"{bug.name}: no seed shows it")
            continue
        _, diff = bug.patch.read_text(encoding="utf-8").split("\n\n", 1)
        line = " ".join(f"{name} {value}" for name, value in found.story._asdict().items())
        bug.patch.write_text(f"{bug.what}\nseed: {line.removeprefix('seed ')}\n\n{diff}", encoding="utf-8")
        print(f"{bug.name}: {line}, {found.spent_s:.1f} s, {found.broken}", flush=True)


if __name__ == "__main__":
    _main(sys.argv[1:])
