"""Which faults a seed has, and how often: swarm testing. Each family is on or off, with a rate of its own.

The families of world 1 share one source of chance; each later one has its own, so that one more shifts nothing.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from simulation.ports import make_dice


class Fault(StrEnum):
    """The fault families."""

    REQUEST_LOST = "request_lost"
    REQUEST_TWICE = "request_twice"
    REQUEST_OLD = "request_old"
    REQUEST_CUT = "request_cut"
    REQUEST_FLIPPED = "request_flipped"
    ANSWER_LOST = "answer_lost"
    ANSWER_OLD = "answer_old"
    ANSWER_CUT = "answer_cut"
    ANSWER_FLIPPED = "answer_flipped"
    PORTAL = "portal"
    PROXY = "proxy"
    CRASH_BEFORE_COMMIT = "crash_before_commit"
    CRASH_AFTER_COMMIT = "crash_after_commit"
    HUB_RESTART = "hub_restart"
    CLOCK_WRONG = "clock_wrong"
    TIME_JUMP = "time_jump"
    COPY_TAKEN = "copy_taken"
    NODE_RESTORED = "node_restored"
    HUB_RESTORED = "hub_restored"
    NODE_CLONED = "node_cloned"
    NODE_STOLEN = "node_stolen"
    NODE_KEY = "node_key"
    HUB_KEY = "hub_key"
    DISK_FULL = "disk_full"
    STICK_FULL = "stick_full"
    STICK_LOST = "stick_lost"
    STICK_CUT = "stick_cut"
    STICK_FLIPPED = "stick_flipped"
    STICK_OLD = "stick_old"
    PICTURE_LOST = "picture_lost"
    PROGRAM_CHANGED = "program_changed"
    HOSTILE = "hostile"
    HUB_DESTROYED = "hub_destroyed"
    THIEF = "thief"
    PROGRAM_OLD = "program_old"
    CRASH_BEFORE_RENAME = "crash_before_rename"
    CRASH_AFTER_RENAME = "crash_after_rename"
    STICK_FORGED = "stick_forged"
    BACKUP = "backup"


FIRST = tuple(Fault)[:23]
"""The families of world 1; nothing may be put before them or between them."""
SECOND = tuple(Fault)[23:33]
"""Those that worlds 2 and 3 have as well; what stands behind them came with world 4."""
RATE_MIN, RATE_MAX = 0.01, 0.25
DISASTERS = (
    Fault.NODE_RESTORED, Fault.HUB_RESTORED, Fault.NODE_CLONED, Fault.NODE_STOLEN, Fault.NODE_KEY, Fault.HUB_KEY,
    Fault.HUB_DESTROYED, Fault.DISK_FULL, Fault.PICTURE_LOST, Fault.PROGRAM_CHANGED, Fault.PROGRAM_OLD,
    Fault.BACKUP,
)
DISASTER_RATE = 0.2
"""Of the rate drawn: a kecamatan whose machines are restored every hour tests nothing else."""


@dataclass
class FaultPlan:
    """Draws faults at the rates of one seed; after :meth:`heal` there are none."""

    dice: random.Random
    rates: Mapping[Fault, float]
    own_dice: Mapping[Fault, random.Random] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)

    @classmethod
    def draw(cls, seed: int, version: int) -> FaultPlan:
        """Choose the families and rates of a seed, in a world of a version."""
        shared = make_dice(seed, "faults")
        later = [fault for fault in Fault if fault not in FIRST and (version > 3 or fault in SECOND)]
        own = {} if version == 1 else {fault: make_dice(seed, f"fault {fault.value}") for fault in later}
        rates = {}
        for fault in (*FIRST, *own):
            dice = own.get(fault, shared)
            is_on, rate = dice.random() < 0.5, dice.uniform(RATE_MIN, RATE_MAX)
            if is_on:
                rates[fault] = rate * (DISASTER_RATE if fault in DISASTERS else 1)
        return cls(shared, rates, own)

    def dice_of(self, fault: Fault) -> random.Random:
        """Give the source of chance of one family."""
        return self.own_dice.get(fault, self.dice)

    def strikes(self, fault: Fault) -> bool:
        """Tell whether a fault happens now, and count it."""
        rate = self.rates.get(fault)
        if rate is None or self.dice_of(fault).random() >= rate:
            return False
        self.done[fault.value] += 1
        return True

    def heal(self) -> None:
        """Switch every fault off."""
        self.rates = {}

    def cut(self, body: bytes, dice: random.Random | None = None) -> bytes:
        """Keep a beginning of a body, from nothing to all but its last byte."""
        return body[: (dice or self.dice).randrange(len(body))] if body else body

    def flip(self, body: bytes, dice: random.Random | None = None) -> bytes:
        """Turn one bit over."""
        if not body:
            return body
        dice = dice or self.dice
        at, bit = dice.randrange(len(body)), dice.randrange(8)
        return body[:at] + bytes([body[at] ^ 1 << bit]) + body[at + 1 :]
