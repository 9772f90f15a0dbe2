"""Power cuts: a working day is written down step by step, and its disks taken as a cut may leave them."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from random import Random

from simulation.disk.desk import Desk
from simulation.disk.stage import Place, copy_stage, make_stage, scratch
from simulation.disk.states import Disk, Step, read_record
from simulation.disk.verdict import judge
from simulation.disk.victims import victims

STATES = 40
ACTS = 12
HEALED_EVERY = 4
"""Of how many states one is taken through sessions to the end."""
_WHO = (("simpul",), ("hub",), ("simpul", "hub"), ("simpul", "kedua", "hub"))


class Lost(AssertionError):
    """A power cut has cost something; the message says where it fell."""


def play(seed: int) -> Counter[str]:
    """Live through one day and cut the power at many instants of it."""
    return cut_day(f"power/{seed}", STATES)


def cut_day(seed: str, states: int) -> Counter[str]:
    """Draw a day, and states of its disks; check each. Counts states and promises."""
    with scratch() as folder:
        stage = make_stage(folder / "awal")
        day = copy_stage(stage, folder / "hari")
        disk, at = Disk.load(day.folder), 0
        victims().run({"work": "live", "place": str(day.folder), "seed": seed, "acts": ACTS})
        steps = read_record(day.record)
        done: Counter[str] = Counter()
        dice = Random(f"{seed}/saat")
        for number, instant in enumerate(sorted(dice.randrange(1, len(steps) + 1) for _ in range(states))):
            while at < instant:
                disk.do(steps[at])
                at += 1
            done += _check_state(disk, folder / "padam", f"{seed}/{number}", number % HEALED_EVERY == 0, steps[at - 1])
        return done


def _check_state(disk: Disk, folder: Path, seed: str, heals: bool, step: Step) -> Counter[str]:
    """Take the power from one side, or from several, and look at what is left."""
    dice = Random(seed)
    without = dice.choice(_WHO)
    cut, whole = disk.draw(dice), disk.now()
    state = {path: data for path, data in whole.items() if path.split("/")[0] not in without}
    state |= {path: data for path, data in cut.items() if path.split("/")[0] in without}
    place = Place(folder)
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("simpul", "kedua", "hub", "stik", "cadangan"):
        (folder / name).mkdir(parents=True)
    for path, data in state.items():
        if not path.endswith("-shm"):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            target.chmod(0o600)
    said = [json.loads(note) for note in disk.notes]
    try:
        promises = judge(Desk(place, f"{seed}/hakim"), said, heals=heals)
    except Exception as error:
        raise Lost(f"{seed}: power off at {'+'.join(without)} after {step.kind}: {error}") from error
    return Counter({"states": 1, "promises": promises, "healed": heals})
