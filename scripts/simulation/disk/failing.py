"""Every step of an operation on the disk fails once: with a read or write error, or because the disk is full."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from simulation.disk.desk import Desk
from simulation.disk.operations import NAMES, OPERATIONS, Operation
from simulation.disk.stage import Place, copy_stage, make_stage, scratch
from simulation.disk.verdict import judge
from simulation.disk.victims import victims
from simulation.disk.work import read_said

STEPS_MAX = 1000
SLICES = 4
HEALED_EVERY = 8
"""Of how many trials one is taken through sessions to the end."""


class Fault(NamedTuple):
    """How a step fails: once or from then on; a torn write is done by half, and the next one fails.

    ``is_read``: of what is read only.
    """

    name: str
    error: int
    is_lasting: bool = False
    is_torn: bool = False
    is_read: bool = False


FAULTS = (
    Fault("galat", errno.EIO),
    Fault("galat-terus", errno.EIO, True),
    Fault("penuh", errno.ENOSPC),
    Fault("penuh-terus", errno.ENOSPC, True),
    Fault("penuh-separuh", errno.ENOSPC, True, True),
    Fault("galat-baca", errno.EIO, is_read=True),
)


PASS = SLICES * len(OPERATIONS) * len(FAULTS)
"""How many seeds fail every step of every operation in every way."""


class Clumsy(AssertionError):
    """What a failing disk must not do to people: the message says which rule was broken."""


def play(seed: int) -> Counter[str]:
    """Fail every fourth step of one operation in one way; ``PASS`` seeds in a row fail all steps in all ways."""
    number, slice_at = divmod(seed - 1, SLICES)
    turn, which = divmod(number, len(OPERATIONS))
    operation, fault = OPERATIONS[list(OPERATIONS)[which]], FAULTS[turn % len(FAULTS)]
    with scratch() as folder:
        stage, done = make_stage(folder / "awal"), Counter[str](slices=1)
        for at in range(slice_at, STEPS_MAX, SLICES):
            if not fail_one(stage, folder / "uji", operation, fault, at, f"io/{seed}/{at}"):
                return done
            done.update({"faults": 1, operation.name: 1, fault.name: 1})
    raise AssertionError(f"{operation.name} takes more than {STEPS_MAX} steps")


def fail_all(stage: Place, trial: Path, operation: Operation, turn: int) -> Counter[str]:
    """Fail one step after the other until the operation goes through; the faults take turns. Counts them."""
    done: Counter[str] = Counter()
    for at in range(STEPS_MAX):
        # A full disk refuses fewer steps than a broken one, which therefore says where the operation ends.
        for fault in dict.fromkeys((FAULTS[(at + turn) % len(FAULTS)], FAULTS[0])):
            if fail_one(stage, trial, operation, fault, at, f"io/{turn}/{at}"):
                done.update({"faults": 1, fault.name: 1})
                break
        else:
            return done
    raise AssertionError(f"{operation.name} takes more than {STEPS_MAX} steps")


def fail_one(
    stage: Place, trial: Path, operation: Operation, fault: Fault, at: int, seed: str
) -> bool:
    """Let one step fail and check what must hold then; tell whether the operation came that far."""
    place = copy_stage(stage, trial)
    job = {
        "work": "fail", "place": str(place.folder), "operation": operation.name, "at": at, "seed": seed,
        "error": fault.error, "lasting": fault.is_lasting, "torn": fault.is_torn,
        "reads": fault.is_read,
    }
    where = f"{operation.name}, {fault.name}, step {at}"
    try:
        victims().run(job)
        said = read_said(place)
        result = next(line["result"] for line in said if "result" in line)
        check_manners(operation, fault, result)
        judge(Desk(place, f"{seed}/hakim"), said, heals=at % HEALED_EVERY == 0)
    except Exception as error:
        raise Clumsy(f"{where}: {error}") from error
    return bool(result["steps"] > at)


def check_manners(operation: Operation, fault: Fault, result: dict[str, Any]) -> None:
    """All or nothing, a sentence that helps, and the same again once the disk is whole.

    A disk that refuses everything keeps the file that should have been taken away again.
    """
    first = result["first"]
    if first is None:
        assert result["between"] != result["before"], "said to be done, and nothing is there"
        return
    may_stay = fault.is_lasting and fault.error == errno.EIO and operation.leaves_file
    if operation.is_atomic and not may_stay:
        assert result["between"] == result["before"], "said to have failed, and is there"
    check_words(first, fault)
    assert result["second"] is None, f"fails on a whole disk: {result['second']}"
    assert result["after"] != result["before"], "done again, and nothing is there"


def check_words(told: dict[str, Any], fault: Fault) -> None:
    """What is told is a plain sentence of the product, and a form comes back with what was typed.

    What cannot be read looks like damage: SQLite itself takes it for that.
    """
    damage = ("DamageError", "DoubtfulBackup") if fault.is_read else ()
    kinds = ("page", "session", "EnvironmentProblem", "KeyFileError", *damage)
    assert told["kind"] in kinds, f"told as {told['kind']}: {told['text'][-300:]}"
    text = told["text"]
    assert text.strip() and "Traceback" not in text and "Errno" not in text, text[-400:]
    if told["kind"] == "session":
        codes = ("", "disk_full", *(["broken"] if fault.is_read else []))
        assert told["code"] in codes, f"{told['code']} {told['detail']}"
    if told["kind"] == "page":
        assert told["status"] in ((500, 503) if fault.is_read else (503,)), told["status"]
        assert "disk" in text.lower() or "rusak" in text, "no word of the disk"
        assert NAMES[0] in text, "what was typed is gone"


def pick_rotating(count: int, turn: int) -> Iterator[Operation]:
    """Choose some operations, long ones beside short ones; thirteen turns in a row meet every one as often."""
    names = list(OPERATIONS)
    return (OPERATIONS[names[(turn + 3 * at) % len(names)]] for at in range(count))
