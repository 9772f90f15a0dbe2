"""The merge law: the changes of one record and the hub's verdicts on them give its state and conflicts.

Pure, and indifferent to arrival order and clocks: order comes from ``parents`` alone, per merge group.
sync_protocol.md section 9 states the laws; tests/shared_core/test_merge_laws.py holds this function to
them. Terms, for one group:

* a change is *placed* when all its parents are placed; until then it waits (*menunggu induk*);
* *valued* changes are placed and not quarantined; an erased one is valued but its value is gone (not so
  whether the record exists: the operation stands in the header, which erasure leaves);
* *heads* are the valued changes that no other valued change descends from;
* a change is *settled* unless it closes, without the right to, what only the hub may close.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from shared.changelog.change import Op
from shared.records.kind import EXISTENCE, Kind

Values = tuple[Any, ...]


class Standing(Enum):
    """What the verdicts say of a change; both others keep its causal place and take its value."""

    BERLAKU = "berlaku"
    KARANTINA = "karantina"
    TERHAPUS = "terhapus"


@dataclass(frozen=True, slots=True)
class FoldChange:
    """One change as the fold sees it; ``values`` is the body: field values, or group → ref in a decision."""

    ref: str
    op: str
    groups: tuple[str, ...]
    parents: tuple[str, ...]
    values: Mapping[str, Any]
    by_hub: bool = False
    standing: Standing = Standing.BERLAKU


class GroupStatus(Enum):
    """How sure the live value is."""

    SEPAKAT = "sepakat"  # one value, nobody disagrees
    DIPUTUS = "diputus"  # the hub decided, and nothing came after
    KONFLIK = "konflik"  # several values, none closes the others
    USULAN = "usulan"  # somebody closed it who may only propose


class GroupState(NamedTuple):
    """One merge group of a record. ``versions`` are the heads' values by ref; ``live_ref`` may be None.

    A named tuple, not a dataclass: a record has thirty of them and a rebuild a million.
    """

    live: Values
    live_ref: str | None
    heads: tuple[str, ...]
    status: GroupStatus
    versions: tuple[tuple[str, Values], ...] = ()

    @property
    def is_conflict(self) -> bool:
        return self.status in (GroupStatus.KONFLIK, GroupStatus.USULAN)


@dataclass(frozen=True, slots=True)
class RecordState:
    """All groups of one record; ``waiting`` are the refs of changes whose parents are unknown here."""

    groups: Mapping[str, GroupState]
    waiting: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    is_merged: bool = False
    conflicts: tuple[str, ...] = ()

    @property
    def exists(self) -> bool:
        """Tell whether the record is there; in an edit-against-delete conflict it still is."""
        state = self.groups.get(EXISTENCE)
        return state is not None and state.live == (True,)

    def values(self, kind: Kind) -> dict[str, Any]:
        """Give the live value of every field; None where it is empty."""
        groups: Mapping[str, GroupState] = self.groups
        values: dict[str, Any] = dict.fromkeys(kind.fields)
        if isinstance(groups, _Groups):
            values = {name: _hashable(value) for name, value in zip(values, map(groups.base.values.get, values))}
            groups = groups.folded
        for group, state in groups.items():
            for name, value in zip(kind.groups.get(group, ()), state.live):
                values[name] = value
        return values

    def frontier(self, groups: Iterable[str]) -> tuple[str, ...]:
        """Give the parents that a change of these groups must name: their heads, sorted."""
        refs: set[str] = set()
        for group in groups:
            state = self.groups.get(group)
            if state is not None:
                refs.update(state.heads)
        return tuple(sorted(refs))


@dataclass(frozen=True, slots=True, eq=False)
class _Groups(Mapping[str, GroupState]):
    """The groups of a record that one plain change created: ``folded`` are those that others touched too.

    The rest, nearly all, is made from the creation when somebody asks for it.
    """

    base: FoldChange
    kind: Kind
    folded: dict[str, GroupState]

    def __getitem__(self, group: str) -> GroupState:
        state = self.folded.get(group)
        if state is None:
            if group != EXISTENCE and group not in self.kind.groups:
                raise KeyError(group)
            state = _fold_last(group, self.kind, self.base)
        return state

    def __iter__(self) -> Iterator[str]:
        return iter((EXISTENCE, *self.kind.groups))

    def __len__(self) -> int:
        return 1 + len(self.kind.groups)


def touched_groups(change: FoldChange, kind: Kind) -> frozenset[str]:
    """Name every group that a change writes, the existence of the record included."""
    if change.op == Op.CREATE:
        return frozenset((*kind.groups, EXISTENCE))
    if change.op == Op.DELETE:
        return frozenset((EXISTENCE,))
    known = frozenset(group for group in change.groups if group in kind.groups or group == EXISTENCE)
    return known if change.op == Op.DECIDE else known | {EXISTENCE}


def fold(changes: Iterable[FoldChange], kind: Kind) -> RecordState:
    """Fold all changes of one record. Duplicates by ref are one change; order does not matter."""
    by_ref = {change.ref: change for change in changes}
    order, waiting = _place(by_ref)
    base = _find_base(by_ref, order)
    members: dict[str, list[str]] = {}
    for ref in order:
        if ref != base:
            for group in touched_groups(by_ref[ref], kind):
                members.setdefault(group, [] if base is None else [base]).append(ref)
    folded = {
        group: _fold_group(group, kind, by_ref, members[group]) for group in (EXISTENCE, *kind.groups)
        if group in members
    }
    groups: Mapping[str, GroupState] = folded if base is None else _Groups(by_ref[base], kind, folded)
    held = tuple(sorted(ref for ref in order if by_ref[ref].standing is Standing.KARANTINA))
    conflicts = tuple(sorted(group for group, state in folded.items() if state.is_conflict))
    return RecordState(groups, waiting, held, _is_merged(groups), conflicts)


def _find_base(by_ref: Mapping[str, FoldChange], order: list[str]) -> str | None:
    """Find the one plain creation that everything else of a record came after; None where it is not so plain."""
    creations = [ref for ref in order if by_ref[ref].op == Op.CREATE]
    if len(creations) != 1 or order[0] != creations[0]:
        return None
    return creations[0] if by_ref[creations[0]].standing is Standing.BERLAKU else None


def _fold_group(group: str, kind: Kind, by_ref: Mapping[str, FoldChange], members: list[str]) -> GroupState:
    if _stand_in_a_row([by_ref[ref] for ref in members]):
        return _fold_last(group, kind, by_ref[members[-1]])
    return _GroupFold(group, kind, by_ref, members).state()


def _stand_in_a_row(changes: list[FoldChange]) -> bool:
    """Tell whether each of these builds on the one before, and none decides, injects, is erased or held."""
    above: tuple[str, ...] | None = None
    for change in reversed(changes):
        if above is not None and change.ref not in above:
            return False
        if change.by_hub or change.op == Op.DECIDE or change.standing is not Standing.BERLAKU:
            return False
        above = change.parents
    return True


def _fold_last(group: str, kind: Kind, change: FoldChange) -> GroupState:
    """Fold a group whose changes stand in a row, as in nearly all groups of nearly all records: the last one counts.

    A short cut only: :class:`_GroupFold` gives the same (property-tested) and costs ten times as much.
    """
    if group == EXISTENCE:
        value: Values = (change.op != Op.DELETE,)
    else:
        value = tuple(map(change.values.get, kind.groups[group]))
        if list in map(type, value):
            value = tuple(map(_hashable, value))
    return GroupState(value, change.ref, (change.ref,), GroupStatus.SEPAKAT)


def _place(by_ref: Mapping[str, FoldChange]) -> tuple[list[str], tuple[str, ...]]:
    """Sort the changes so that parents come first; what cannot be reached from known parents waits."""
    children: dict[str, list[str]] = {}
    missing: dict[str, int] = {}
    for ref, change in by_ref.items():
        missing[ref] = len(set(change.parents))
        for parent in set(change.parents):
            children.setdefault(parent, []).append(ref)
    ready = sorted(ref for ref, count in missing.items() if count == 0)
    order: list[str] = []
    while ready:
        ref = ready.pop()
        order.append(ref)
        for child in children.get(ref, ()):
            missing[child] -= 1
            if missing[child] == 0:
                ready.append(child)
    return order, tuple(sorted(by_ref.keys() - set(order)))


def _is_merged(groups: Mapping[str, GroupState]) -> bool:
    """Tell whether concurrent changes of different groups stand side by side (*digabung otomatis*)."""
    existence = groups.get(EXISTENCE)
    return existence is not None and len(existence.heads) > 1 and not existence.is_conflict


@dataclass
class _GroupFold:
    """The fold of one group; ancestor sets are bit masks over ``members`` (parents come first)."""

    group: str
    kind: Kind
    by_ref: Mapping[str, FoldChange]
    members: list[str]
    index: dict[str, int] = field(init=False)
    ancestors: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.index = {ref: at for at, ref in enumerate(self.members)}
        self.ancestors = []
        for ref in self.members:
            mask = 0
            for parent in self.by_ref[ref].parents:
                at = self.index.get(parent)
                if at is not None:
                    mask |= self.ancestors[at] | 1 << at
            self.ancestors.append(mask)

    def state(self) -> GroupState:
        values = self._read_values()
        valued = [at for at in range(len(self.members)) if at in values]
        heads = self._maximal(valued)
        settled = self._find_settled(valued, values)
        versions = tuple(sorted((self.members[at], values[at] or self._empty()) for at in heads))
        distinct = {values[at] for at in heads if values[at] is not None}
        refs = tuple(ref for ref, _ in versions)
        if len(distinct) <= 1 and all(settled[at] for at in heads):
            return self._agreed(heads, values, refs)
        live_at = self._find_visible(heads, values, settled)
        if live_at is None:
            live_at = self._find_live(valued, values, settled)
        live = self._empty() if live_at is None else values[live_at] or self._empty()
        proposal = any(not settled[at] for at in heads)
        status = GroupStatus.USULAN if proposal else GroupStatus.KONFLIK
        return GroupState(live, None if live_at is None else self.members[live_at], refs, status, versions)

    def _agreed(self, heads: list[int], values: Mapping[int, Values | None], refs: tuple[str, ...]) -> GroupState:
        holders = sorted(self.members[at] for at in heads if values[at] is not None)
        decided = any(self.by_ref[self.members[at]].op == Op.DECIDE for at in heads)
        status = GroupStatus.DIPUTUS if decided else GroupStatus.SEPAKAT
        if not holders:
            return GroupState(self._empty(), None, refs, status)
        live = values[self.index[holders[0]]]
        assert live is not None
        return GroupState(live, holders[0], refs, status)

    def _empty(self) -> Values:
        return (None,) if self.group == EXISTENCE else (None,) * len(self.kind.groups[self.group])

    def _read_values(self) -> dict[int, Values | None]:
        """Read the value each change gives the group; quarantined ones and empty decisions are absent."""
        values: dict[int, Values | None] = {}
        for at, ref in enumerate(self.members):
            change = self.by_ref[ref]
            if change.standing is Standing.KARANTINA:
                continue
            if self.group == EXISTENCE and change.op != Op.DECIDE:
                # Written in the header, so that erasing one body never takes the whole record away.
                values[at] = (change.op != Op.DELETE,)
            elif change.standing is Standing.TERHAPUS:
                values[at] = None
            elif change.op == Op.DECIDE:
                chosen = self.index.get(change.values.get(self.group, ""))
                if chosen is not None and chosen in values and self.ancestors[at] >> chosen & 1:
                    values[at] = values[chosen]
            else:
                names = self.kind.groups[self.group]
                values[at] = tuple(_hashable(change.values.get(name)) for name in names)
        return values

    def _maximal(self, positions: Iterable[int]) -> list[int]:
        """Keep the positions that no other of them descends from."""
        chosen = list(positions)
        below = 0
        for at in chosen:
            below |= self.ancestors[at]
        return [at for at in chosen if not below >> at & 1]

    def _find_settled(self, valued: list[int], values: Mapping[int, Values | None]) -> dict[int, bool]:
        settled: dict[int, bool] = {}
        for at in valued:
            change = self.by_ref[self.members[at]]
            before = self._maximal(p for p in valued if self.ancestors[at] >> p & 1)
            known = {values[p] for p in before if values[p] is not None}
            if change.op == Op.DECIDE:
                settled[at] = True
            elif change.by_hub and self.kind.writer_of(self.group).value == "desa":
                # Injection may fill what is empty; over anything else it is a case for people. What is in
                # conflict is not empty, and a second injection does not agree with the first one's proposal.
                is_agreed = len(known) <= 1 and all(settled[p] for p in before)
                settled[at] = is_agreed and known <= {self._empty(), values[at]}
            elif self.kind.is_protected(self.group):
                settled[at] = len(known) <= 1 and all(settled[p] for p in before)
            else:
                settled[at] = True
        return settled

    def _find_visible(
        self, heads: list[int], values: Mapping[int, Values | None], settled: Mapping[int, bool]
    ) -> int | None:
        """Find the edit that keeps a record visible while edit and delete are in conflict, undecided."""
        if self.group != EXISTENCE or any(self.by_ref[self.members[at]].op == Op.DECIDE for at in heads):
            return None
        edits = [at for at in heads if settled[at] and values[at] == (True,)]
        return min(edits, key=lambda at: self.members[at], default=None)

    def _find_live(
        self, valued: list[int], values: Mapping[int, Values | None], settled: Mapping[int, bool]
    ) -> int | None:
        """Find what stays live in a conflict: the latest decision on it, else the last agreed change."""
        agreed = [at for at in valued if settled[at] and self._is_comparable_with_all(at, valued)]
        last_agreed = max(agreed, key=lambda at: self.ancestors[at].bit_count(), default=None)
        decisions = [
            at
            for at in valued
            if self.by_ref[self.members[at]].op == Op.DECIDE
            and (last_agreed is None or at == last_agreed or self.ancestors[at] >> last_agreed & 1)
        ]
        latest = self._maximal(decisions)
        kept = [at for at in latest if values[at] is not None]
        if latest and len({values[at] for at in kept}) <= 1:
            return min(kept or latest, key=lambda at: self.members[at])
        return last_agreed

    def _is_comparable_with_all(self, at: int, valued: list[int]) -> bool:
        others = sum(1 << other for other in valued if other != at and not self.ancestors[at] >> other & 1)
        return all(self.ancestors[other] >> at & 1 for other in valued if others >> other & 1)


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
