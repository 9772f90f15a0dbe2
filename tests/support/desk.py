"""A desk to write tiny histories at: each author says what it had seen, the default is everything."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shared.changelog.change import Op
from shared.merge.fold import GroupState, RecordState
from shared.records.catalogue import CATALOGUE
from shared.store.drafts import (
    Draft,
    draft_create,
    draft_decision,
    draft_delete,
    draft_restore,
    draft_update,
)
from tests.support.histories import RECORD, History, Written, make_buku

Saw = Iterable[Written] | None


class Desk:
    """One record of one desa; ``a``, ``b``, ``c`` are its nodes, ``hub`` is the hub's channel for it."""

    def __init__(self, kind: str = "penduduk") -> None:
        self.kind = CATALOGUE[kind]
        self.history = History(self.kind, make_buku(3))
        self.buku = dict(zip(("a", "b", "c", "hub"), self.history.buku, strict=True))

    def create(self, who: str, **values: Any) -> Written:
        return self.write(who, draft_create(self.kind, RECORD, values))

    def update(self, who: str, *, saw: Saw = None, **changed: Any) -> Written:
        draft = draft_update(self.kind, self.seen(saw), RECORD, changed)
        assert draft is not None, "nothing differs"
        return self.write(who, draft)

    def delete(self, who: str, *, saw: Saw = None) -> Written:
        return self.write(who, draft_delete(self.kind, self.seen(saw), RECORD, "ganda"))

    def restore(self, who: str, *, saw: Saw = None) -> Written:
        return self.write(who, draft_restore(self.kind, self.seen(saw), RECORD))

    def decide(self, *, by: str = "hub", saw: Saw = None, **chosen: Written) -> Written:
        """Decide groups; the group of existence is written ``ada``."""
        refs = {"_" if group == "ada" else group: change.ref for group, change in chosen.items()}
        return self.write(by, draft_decision(self.kind, self.seen(saw), RECORD, refs))

    def raw(
        self, who: str, op: Op, groups: Iterable[str] = (), parents: Iterable[Written] = (), **values: Any
    ) -> Written:
        """Write what no honest program writes."""
        refs = tuple(sorted(parent.ref for parent in parents))
        return self.write(who, Draft(self.kind, RECORD, op, tuple(sorted(groups)), values, refs))

    def write(self, who: str, draft: Draft) -> Written:
        return self.history.write(self.buku[who], draft)

    def seen(self, saw: Saw) -> RecordState:
        """Fold what an author had: these changes and all that they build on."""
        if saw is None:
            return self.history.fold()
        wanted = list(saw)
        have = {change.ref for change in wanted}
        for change in wanted:
            for parent in self.history.changes:
                if parent.ref in change.header.parents and parent.ref not in have:
                    have.add(parent.ref)
                    wanted.append(parent)
        return self.history.fold(wanted)

    def revoke(self, who: str, size: int = 0) -> None:
        """Quarantine a log from a size on."""
        self.history.cutoffs[self.buku[who].no] = size

    def adopt(self, change: Written) -> None:
        self.history.adopted.add(change.entry.pos)

    def erase(self, change: Written) -> None:
        self.history.erased.add(change.entry.pos)

    @property
    def state(self) -> RecordState:
        return self.history.fold()

    def group(self, name: str) -> GroupState:
        return self.state.groups[name]

    def live(self, name: str) -> Any:
        """Give the live value of one field."""
        return self.state.values(self.kind)[name]

    def reason(self, change: Written) -> str | None:
        """Say why a change has no effect."""
        return self.history.fold_with_reasons()[1].get(change.entry.pos)
