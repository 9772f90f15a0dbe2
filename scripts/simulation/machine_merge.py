"""A state machine over the merge: replicas of the production store that receive logs in any order, step by step.

Hypothesis chooses what is written, by whom and having seen what, what arrives where, what is decided, revoked,
adopted, erased, and when a replica is rebuilt. After every step what was touched is shown as the fold says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from running.memory import make_folder
from shared.records.catalogue import CATALOGUE
from tests.support.histories import Buku, Step, Written, steps
from tests.support.replica import Replica, World

REPLICAS = 2
EXECUTED: Counter[str] = Counter()
"""Steps that were executed by any machine of this process, by rule; whoever counts clears it."""

replicas = st.integers(0, REPLICAS - 1)
choices = st.integers(0, 255)


class MergeMachine(RuleBasedStateMachine):
    """Two desa with a hub, and replicas that hold all of it, each as far as it has come."""

    def __init__(self) -> None:
        super().__init__()
        self._made = make_folder()
        self.folder = Path(self._made.name)
        self.world = World()
        self.replicas = [Replica(self.folder / f"{at}.sqlite") for at in range(REPLICAS)]
        self.sizes: list[dict[Buku, int]] = [dict.fromkeys(self.world.buku, 0) for _ in self.replicas]

    def teardown(self) -> None:
        """Hand everything to everybody: all replicas show the same, and would after a rebuild."""
        try:
            for at in range(REPLICAS):
                self._hand_over(at, [c for buku in self.world.buku for c in buku.written[self.sizes[at][buku] :]])
            tables = [replica.tables() for replica in self.replicas]
            assert all(found == tables[0] for found in tables), "replicas with the same logs differ"
            self.replicas[0].rebuild()
            assert self.replicas[0].tables() == tables[0], "a rebuild gives other rows"
        finally:
            for replica in self.replicas:
                replica.database.close()
            self._made.cleanup()

    @initialize(plot=st.lists(st.tuples(choices, steps), min_size=3, max_size=6))
    def begin(self, plot: Sequence[tuple[int, Step]]) -> None:
        for which, step in plot:
            self.world.play(which, step)

    @rule(which=choices, step=steps)
    def write(self, which: int, step: Step) -> None:
        """Let an author write on what it saw, or the hub give a verdict."""
        EXECUTED["write"] += 1
        self.world.play(which, step)
        history = self.world.histories[which % len(self.world.histories)]
        changes = history.changes
        again = history.fold([*reversed(changes), *changes[: step.value]])
        assert again == history.fold(), "order or repetition counts"

    @rule(at=replicas, which=choices, count=st.integers(1, 6))
    def deliver(self, at: int, which: int, count: int) -> None:
        """Bring the next changes of one log to a replica."""
        EXECUTED["deliver"] += 1
        waiting = [buku for buku in self.world.buku if len(buku.written) > self.sizes[at][buku]]
        if waiting:
            buku = waiting[which % len(waiting)]
            start = self.sizes[at][buku]
            self._hand_over(at, buku.written[start : start + count])

    @rule(at=replicas)
    def catch_up(self, at: int) -> None:
        """Bring everything to a replica, the logs one after the other; then it equals the other, if that has all."""
        EXECUTED["catch_up"] += 1
        self._hand_over(at, [c for buku in self.world.buku for c in buku.written[self.sizes[at][buku] :]])
        others = [other for other in range(REPLICAS) if other != at and self.sizes[other] == self.sizes[at]]
        for other in others:
            assert self.replicas[other].tables() == self.replicas[at].tables(), "equal logs, other tables"

    @rule(which=choices, step=steps, at=replicas)
    def write_and_deliver(self, which: int, step: Step, at: int) -> None:
        """Let somebody write and a replica hear of it, if it holds what stands before it in that log."""
        EXECUTED["write_and_deliver"] += 1
        before = len(self.world.order)
        self.world.play(which, step)
        for change in self.world.order[before:]:
            if self.sizes[at][change.buku] == change.header.seq:
                self._hand_over(at, [change])

    @rule(at=replicas, chance=choices)
    def rebuild(self, at: int, chance: int) -> None:
        """Rebuild a replica now and then: the same rows."""
        EXECUTED["rebuild"] += 1
        if chance < 32:
            before = self.replicas[at].tables()
            self.replicas[at].rebuild()
            assert self.replicas[at].tables() == before, "a rebuild gives other rows"

    def _hand_over(self, at: int, changes: Sequence[Written]) -> None:
        if not changes:
            return
        self.replicas[at].deliver(changes)
        for change in changes:
            self.sizes[at][change.buku] += 1
        for place in sorted({(c.header.kind, c.header.record, c.buku.wilayah) for c in changes}):
            self._check_record(self.replicas[at], *place)

    def _check_record(self, replica: Replica, kind: str, record: str, desa: str) -> None:
        """A row stands where the fold says that a record is, with the values and conflicts that it says."""
        state = replica.state(kind, record, desa)
        row = replica.row(kind, record, desa)
        exists = state.exists and not replica.is_emptied(kind, record, desa)
        assert (row is not None) == exists, f"{kind}: shown {row is not None}, exists {exists}"
        if row is None:
            return
        assert tuple(filter(None, (row["konflik"] or "").split(","))) == tuple(
            group for group in state.conflicts
        ), f"{kind}: conflicts {row['konflik']} but {state.conflicts}"
        values = state.values(CATALOGUE[kind])
        different = [name for name, value in values.items() if not _is_same(row[name], value)]
        assert not different, f"{kind}: {different} differ from the fold"


def _is_same(stored: Any, folded: Any) -> bool:
    """Compare a column with a value; lists and booleans are stored in their own way."""
    return stored == folded if folded is None or isinstance(folded, (str, int)) else stored is not None
