"""The merge law a second time, as slowly and plainly as sync_protocol.md section 9 says it.

Nothing of shared.merge is used here: two programs that were written from one text, and agree on every record of
every simulated kecamatan, are worth more than one that agrees with itself. Sets instead of bit masks, no short cuts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from shared.records.kind import Kind

EXISTENCE = "_"
CREATE, UPDATE, DELETE, DECIDE = "c", "u", "d", "p"
Values = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Told:
    """One change of a record: what its header and body say, whose log it stands in, and why it is held, if it is."""

    ref: str
    op: str
    groups: frozenset[str]
    parents: frozenset[str]
    body: Mapping[str, Any] | None
    by_hub: bool
    held: str | None


@dataclass(frozen=True)
class Outcome:
    """What section 9.5 says of one group."""

    status: str
    live: Values
    heads: tuple[str, ...]


@dataclass(eq=False)
class Record:
    """All changes of one record of one wilayah, and what follows from them."""

    kind: Kind
    told: Iterable[Told]
    by_ref: dict[str, Told] = field(init=False)

    def __post_init__(self) -> None:
        self.by_ref = {change.ref: change for change in self.told}

    @cached_property
    def placed(self) -> set[str]:
        """9.4.2: a change is placed when all its parents are."""
        placed: set[str] = set()
        while True:
            more = {ref for ref, c in self.by_ref.items() if ref not in placed and c.parents <= placed}
            if not more:
                return placed
            placed |= more

    @property
    def waiting(self) -> set[str]:
        """9.3: what waits for a parent."""
        return self.by_ref.keys() - self.placed

    @property
    def is_emptied(self) -> bool:
        """9.5: everything that set fields of it is erased."""
        setting = [
            c for ref, c in self.by_ref.items()
            if c.held is None and ref in self.placed and (c.op == CREATE or c.op == UPDATE and c.groups)
        ]
        return bool(setting) and all(change.body is None for change in setting)

    @property
    def names(self) -> list[str]:
        return [EXISTENCE, *self.kind.groups]

    def outcome(self, group: str) -> Outcome | None:
        """Give the state of a group; None where no placed change touches it."""
        members = {ref for ref in self.placed if group in self._touched(self.by_ref[ref])}
        return _Group(self, group, members).outcome() if members else None

    @cached_property
    def outcomes(self) -> dict[str, Outcome]:
        found = {group: self.outcome(group) for group in self.names}
        return {group: outcome for group, outcome in found.items() if outcome is not None}

    def _touched(self, change: Told) -> set[str]:
        """9.4.1."""
        if change.op == CREATE:
            return set(self.names)
        if change.op == DELETE:
            return {EXISTENCE}
        known = {group for group in change.groups if group in self.names}
        return known if change.op == DECIDE else known | {EXISTENCE}


@dataclass(eq=False)
class _Group:
    record: Record
    group: str
    members: set[str]
    below: dict[str, set[str]] = field(default_factory=dict)
    values: dict[str, Values | None] = field(default_factory=dict)
    """9.4.3 and 9.4.4: the valued changes; None where an erased one's value is unknown."""

    def __post_init__(self) -> None:
        for ref in self.members:
            self.below[ref] = self._collect(ref)
        for ref in sorted(self.members, key=lambda ref: len(self.below[ref])):
            self._value(ref)

    def _collect(self, ref: str) -> set[str]:
        found: set[str] = set()
        left = [ref]
        while left:
            for parent in self.record.by_ref[left.pop()].parents & self.members - found:
                found.add(parent)
                left.append(parent)
        return found

    def _value(self, ref: str) -> None:
        change = self.record.by_ref[ref]
        if change.held is not None:
            return
        if change.op == DECIDE:
            if change.body is None:
                self.values[ref] = None
                return
            pilih = change.body.get("pilih")
            chosen = pilih.get(self.group) if isinstance(pilih, dict) else None
            if chosen in self.below[ref] and chosen in self.values:
                self.values[ref] = self.values[chosen]
        elif self.group == EXISTENCE:
            self.values[ref] = (change.op != DELETE,)
        elif change.body is None:
            self.values[ref] = None
        else:
            fields = self.record.kind.groups[self.group]
            self.values[ref] = tuple(_plain(change.body.get(name)) for name in fields)

    def _heads_of(self, refs: Iterable[str]) -> set[str]:
        refs = set(refs)
        return {ref for ref in refs if not any(ref in self.below[other] for other in refs)}

    def _known(self, ref: str) -> tuple[set[str], set[Values]]:
        """9.4.6: the heads among what a change descends from, and their known values."""
        heads = self._heads_of(self.below[ref] & self.values.keys())
        return heads, {value for head in heads if (value := self.values[head]) is not None}

    def _is_settled(self, ref: str) -> bool:
        """9.4.7."""
        change, kind = self.record.by_ref[ref], self.record.kind
        if change.op == DECIDE:
            return True
        heads, known = self._known(ref)
        one_settled = len(known) <= 1 and all(self._is_settled(head) for head in heads)
        if change.by_hub and kind.writer_of(self.group).value == "desa":
            return one_settled and known <= {self._empty(), self.values[ref]}
        return one_settled if self.group in kind.protected else True

    def _empty(self) -> Values:
        return (None,) if self.group == EXISTENCE else (None,) * len(self.record.kind.groups[self.group])

    def outcome(self) -> Outcome:
        """9.5."""
        heads = self._heads_of(self.values)
        settled = {ref for ref in self.values if self._is_settled(ref)}
        distinct = {value for head in heads if (value := self.values[head]) is not None}
        decided = any(self.record.by_ref[head].op == DECIDE for head in heads)
        if len(distinct) <= 1 and heads <= settled:
            return Outcome("diputus" if decided else "sepakat", min(distinct, default=self._empty()), _sorted(heads))
        live = self._live(heads, settled, decided)
        return Outcome("konflik" if heads <= settled else "usulan", live, _sorted(heads))

    def _live(self, heads: set[str], settled: set[str], decided: bool) -> Values:
        present = any(self.values[head] == (True,) for head in heads & settled)
        if self.group == EXISTENCE and not decided and present:
            return (True,)
        agreed = self._last_agreed(settled)
        decisions = {
            ref for ref in self.values
            if self.record.by_ref[ref].op == DECIDE and (agreed is None or agreed in self.below[ref] | {ref})
        }
        latest = {self.values[ref] for ref in self._heads_of(decisions)}
        known = {value for value in latest if value is not None}
        if latest and len(known) <= 1:
            return min(known, default=self._empty())
        value = None if agreed is None else self.values[agreed]
        return self._empty() if value is None else value

    def _last_agreed(self, settled: set[str]) -> str | None:
        def is_comparable(ref: str) -> bool:
            return all(o == ref or o in self.below[ref] or ref in self.below[o] for o in self.values)

        return max(filter(is_comparable, settled), key=lambda ref: len(self.below[ref]), default=None)


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _sorted(refs: set[str]) -> tuple[str, ...]:
    return tuple(sorted(refs))
