"""One seed of junk: so many spoilt inputs through all doors, in a process whose memory is measured.

A child process plays the seed: what a bomb takes of memory shows in its peak, and what kills it does not kill
whoever asked. An input that breaks the law is kept as a file; moved to tests/seeds/malformed it is played for ever.
"""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from running.memory import make_folder
from simulation.claims import Broken
from simulation.junk.mutate import spoil
from simulation.junk.stage import Stage
from simulation.junk.target import Target, hand_in

INPUTS = 500
"""Of one seed."""
CPU_S_MAX = 2.0
"""What one input may take; no input that people send takes a tenth of it."""
MEMORY_BYTES_MAX = 256 * 1000 * 1000
"""Peak of the whole process, interpreter and product included."""
_CHILD_S_MAX = 900
_ROOT = Path(__file__).resolve().parents[3]
KEPT = Path(tempfile.gettempdir()) / "sipande-malformed"
"""Where inputs are kept that broke the law."""


class Hang(BaseException):
    """An input took more than its time; no ``except Exception`` on the way may swallow it."""


class JunkFailed(AssertionError):
    """An input broke the law; the message names the door, the input and what happened."""


def play(seed: int) -> Counter[str]:
    """Play one seed of the long run ``malformed`` in a process of its own; JunkFailed when the law is broken."""
    return run_child([str(seed), str(INPUTS)])


def run_child(words: list[str]) -> Counter[str]:
    """Play in a child process and check its peak of memory; give what was executed."""
    paths = os.pathsep.join((str(_ROOT), str(_ROOT / "scripts")))
    env = {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(
        [sys.executable, "-m", "simulation.junk.play", *words], cwd=_ROOT, env=env, capture_output=True, text=True,
        timeout=_CHILD_S_MAX,
    )
    if ended.returncode != 0:
        raise JunkFailed(f"exit {ended.returncode}: {ended.stderr[-3000:]}")
    told = json.loads(ended.stdout.splitlines()[-1])
    peak = told.pop("peak_bytes")
    if peak > MEMORY_BYTES_MAX:
        raise JunkFailed(f"seed {words[0]} took {peak // 1_000_000} MB of memory")
    return Counter(told)


@contextmanager
def open_stage() -> Iterator[tuple[Stage, list[Target]]]:
    """Set up a stage with all its doors in a folder that goes away."""
    # Late, because the doors import all of the product.
    from simulation.junk.files import make_file_targets
    from simulation.junk.wire import make_wire_targets

    logging.disable(logging.CRITICAL)
    with make_folder() as folder:
        stage = Stage(Path(folder))
        try:
            yield stage, [*make_wire_targets(stage), *make_file_targets(stage)]
        finally:
            stage.close()
            logging.disable(logging.NOTSET)


def run_seed(seed: int, inputs: int) -> Counter[str]:
    """Play one seed in this process; JunkFailed when an input breaks the law."""
    from simulation.junk.aftermath import check_aftermath

    dice, done = random.Random(f"junk/{seed}"), Counter[str]()
    with open_stage() as (stage, targets):
        weights = [target.weight for target in targets]
        for target in dice.choices(targets, weights, k=inputs):
            data = spoil(dice, target.form, dice.choice(target.seeds), target.seeds)
            outcome = feed(target, data)
            done.update(inputs=1, taken=outcome.startswith("ok"), bytes=len(data))
        try:
            done.update(check_aftermath(stage))
        except Exception as error:
            raise JunkFailed(f"after seed {seed}: {type(error).__name__}: {error}") from error
    return done


def feed(target: Target, data: bytes) -> str:
    """Feed one input within its time; JunkFailed, and the input is kept, when it breaks the law."""
    started = time.process_time()
    try:
        with _limited():
            outcome = hand_in(target, data)
        spent_s = time.process_time() - started
        if spent_s > CPU_S_MAX:
            raise Broken(f"took {spent_s:.1f} CPU-s")
        return outcome
    except (Exception, Hang) as error:
        KEPT.mkdir(exist_ok=True)
        path = KEPT / f"{target.name.replace('/', '-')}.{sha256(data).hexdigest()[:12]}"
        path.write_bytes(data)
        raise JunkFailed(f"{target.name}: {type(error).__name__}: {error}; input kept as {path}") from error


@contextmanager
def _limited() -> Iterator[None]:
    """Interrupt what takes too long of the processor."""
    def interrupt(number: int, frame: object) -> None:
        raise Hang("no end within its time")

    before = signal.signal(signal.SIGPROF, interrupt)
    signal.setitimer(signal.ITIMER_PROF, CPU_S_MAX + 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def replay(path: Path) -> str:
    """Feed a kept input to its door again; give what became of it, JunkFailed when the law is still broken."""
    with open_stage() as (_, targets):
        name = path.name.partition(".")[0]
        target = next(target for target in targets if target.name.replace("/", "-") == name)
        return feed(target, path.read_bytes())


def main() -> None:
    """Play one seed and print what was executed, with the peak of memory."""
    seed, inputs = map(int, sys.argv[1:3])
    done = run_seed(seed, inputs)
    # Not ru_maxrss: that begins with the memory of whoever started this process.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    peak = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
    print(json.dumps({**done, "peak_bytes": peak}))


if __name__ == "__main__":
    main()
