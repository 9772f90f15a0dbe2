"""What a rule is given and what it gives back; knows no table and no rule.

A rule owns findings by *kunci*, the key under which it can judge a subject alone: a NIK, a family, a
recipient. After every change the engine asks it which keys may be judged differently now, and replaces
what it said of them. A rule reads no clock: findings are projections of the log and of the day up to which the
hub has judged (:func:`hub.verval.findings.judge_until`), which is handed in.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from shared.records.catalogue import Catalogue
from shared.store.rows import Touched

Ref = tuple[str, str]
"""A row of a record table: its desa and record id."""


class Berat(StrEnum):
    """How serious a finding is."""

    BERAT = "berat"
    SEDANG = "sedang"
    RINGAN = "ringan"


class Subject(NamedTuple):
    """A record that a finding concerns; ``groups`` are the merge groups that the rule looked at."""

    desa: str
    kind: str
    record: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A finding before it has its id.

    ``bukti`` and ``ringkasan`` carry no personal data. ``heads`` adds to the frontier what needs no fold:
    refs that the rule has read itself, or a count. ``desa`` overrides the desa of the subjects. Suspicions
    that are equal in all else have equal ``heads`` as long as their subjects are not touched.
    """

    kunci: str
    berat: Berat
    subjects: tuple[Subject, ...]
    bukti: Mapping[str, Any]
    ringkasan: str
    heads: tuple[str, ...] = ()
    desa: tuple[str, ...] = ()


class TouchedBatch:
    """The records that the projection has just written, sorted out once for all rules."""

    def __init__(self, conn: sqlite3.Connection, touched: Sequence[Touched]) -> None:
        self.conn = conn
        self.touched = touched

    def of(self, kind: str) -> Sequence[Touched]:
        """Give the touched records of one kind."""
        return self._by_kind.get(kind, ())

    def values(self, kind: str, *names: str) -> set[str]:
        """Give every value, before or after, that some text fields have in the touched records of a kind."""
        found: set[str] = set()
        for touched in self.of(kind):
            for row in (touched.old, touched.new):
                if row is not None:
                    found.update(filter(None, map(row.get, names)))
        return found

    def ids(self, kind: str) -> set[str]:
        """Give the ids of the touched records of one kind."""
        return {touched.record for touched in self.of(kind)}

    @cached_property
    def niks(self) -> set[str]:
        """Every NIK that a touched penduduk had or has."""
        return self.values("penduduk", "nik")

    @cached_property
    def refs(self) -> set[Ref]:
        """Where every touched record stands."""
        return {(touched.desa, touched.record) for touched in self.touched}

    @cached_property
    def _by_kind(self) -> Mapping[str, list[Touched]]:
        by_kind: dict[str, list[Touched]] = {}
        for touched in self.touched:
            by_kind.setdefault(touched.kind, []).append(touched)
        return by_kind


Keys = Callable[[TouchedBatch], Set[str]]
Evaluate = Callable[[sqlite3.Connection, Set[str], Catalogue], Iterable[Suspicion]]
Due = Callable[[sqlite3.Connection, str, str], Set[str]]


@dataclass(frozen=True)
class Rule:
    """One rule of a code.

    ``keys`` names every kunci whose judgement may differ after a batch (more is allowed, less is not);
    ``evaluate`` judges them by the tables as they are; what it says of other keys is ignored. ``due`` names every
    kunci whose judgement may differ because the day of judgement has moved from one to another (``YYYY-MM-DD``).
    """

    kode: str
    keys: Keys
    evaluate: Evaluate
    due: Due | None = None


def merge_subjects(subjects: Iterable[Subject]) -> tuple[Subject, ...]:
    """Sort subjects, each record once with all its groups."""
    groups: dict[tuple[str, str, str], set[str]] = {}
    for subject in subjects:
        groups.setdefault(subject[:3], set()).update(subject.groups)
    return tuple(Subject(*place, tuple(sorted(groups[place]))) for place in sorted(groups))
