"""Real processes killed at a drawn step of what they do to their disk, or at a drawn moment from outside."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from simulation.disk.desk import Desk
from simulation.disk.older import count_migrations
from simulation.disk.operations import NAMES
from simulation.disk.stage import Place, copy_stage, make_stage, scratch
from simulation.disk.verdict import judge, list_promises
from simulation.disk.victims import check_end, victims
from simulation.disk.work import read_said

KINDS = ("simpan", "impor", "kirim", "ambil", "migrasi")
"""Write, import, push, pull, migration."""
STEPS_MAX = {"simpan": 90, "impor": 61, "kirim": 40, "ambil": 42, "migrasi": 140}
"""About how many steps each takes; a kill that is due later does not come."""
_MOMENT_S_MAX = {"simpan": 0.1, "impor": 0.1, "kirim": 0.15, "ambil": 0.15, "migrasi": 0.1}
_FROM_OUTSIDE = 0.2


class Lost(AssertionError):
    """A kill has cost something; the message says where it fell."""


def play(seed: int) -> Counter[str]:
    """Kill each kind of work twice."""
    with scratch() as folder:
        stage = make_stage(folder / "awal")
        done: Counter[str] = Counter()
        for at, kind in enumerate(KINDS * 2):
            done += kill_one(stage, folder / "uji", kind, f"kill/{seed}/{at}", heals=at < len(KINDS))
    return done


def kill_one(stage: Place, trial: Path, kind: str, seed: str, *, heals: bool) -> Counter[str]:
    """Draw a moment and kill there; check what must hold. Counts kills, and those that came too late.

    ``heals``: and let sessions heal it to the end.
    """
    dice = Random(f"{kind}/{seed}")
    place = copy_stage(stage, trial)
    from_outside = dice.random() < _FROM_OUTSIDE
    jobs = _plan(place, kind, seed, dice, dice.randrange(STEPS_MAX[kind]) if not from_outside else -1)
    victim = max(range(len(jobs)), key=lambda at: jobs[at]["at"])
    if from_outside:
        victim = dice.randrange(len(jobs))
    where = f"{kind} {seed} {jobs[victim]['work']} step {jobs[victim]['at']}"
    try:
        pids = victims().start(*jobs)
        if from_outside:
            _kill_later(place, pids[victim], dice.uniform(0, _MOMENT_S_MAX[kind]))
        ended = victims().wait(pids)
        for pid, job in zip(pids, jobs, strict=True):
            check_end(ended[pid], job)
        promises = judge(Desk(place, f"{seed}/hakim"), [*list_promises(stage), *read_said(place)], heals=heals)
    except Exception as error:
        raise Lost(f"{where}: {error}") from error
    was_killed = ended[pids[victim]] == -signal.SIGKILL
    return Counter({"kills": was_killed, "late": not was_killed, kind: was_killed, "promises": promises})


def _plan(place: Place, kind: str, seed: str, dice: Random, at: int) -> list[dict[str, Any]]:
    """Make the jobs; a conversation has two processes, of which one is killed."""
    common: dict[str, Any] = {
        "place": str(place.folder), "operation": kind, "seed": seed, "torn": dice.random() < 0.3,
    }
    if kind not in ("kirim", "ambil"):
        is_hub = dice.random() < 0.4
        kept = {"is_hub": is_hub, "undone": dice.randrange(1, count_migrations("hub" if is_hub else "simpul"))}
        times = len(NAMES) if kind == "simpan" else 1
        return [{**common, "work": "die", "at": at, "kept": kept, "times": times}]
    # Of a pull the hub writes next to nothing; of a push both sides do.
    kills_hub = kind == "kirim" and dice.random() < 0.6
    return [
        {**common, "work": "speak", "at": -1 if kills_hub else at},
        {**common, "work": "answer", "at": at if kills_hub else -1},
    ]


def _kill_later(place: Place, pid: int, delay_s: float) -> None:
    """Kill a process so long after it began with its work; one that is gone stays gone."""
    until_s = time.monotonic() + 20
    while not any("begun" in line for line in read_said(place)) and time.monotonic() < until_s:
        time.sleep(0.002)
    time.sleep(delay_s)
    os.kill(pid, signal.SIGKILL)
