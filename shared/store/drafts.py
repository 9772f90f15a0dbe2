"""From what a person wants written to the bytes of changes: which groups, which parents, in what order.

Pure but for the fold state handed in; appending is the caller's (node/change.py, hub/change.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from shared.changelog.change import FORMAT, SALT_BYTES, Header, Op, Sealed, seal_change
from shared.changelog.tree import leaf_hash
from shared.errors import UserError
from shared.merge.fold import RecordState
from shared.records.kind import EXISTENCE, Kind
from shared.store.changes import Log
from shared.store.entries import Entry


@dataclass(frozen=True)
class Draft:
    """One change before it has a place in a log."""

    kind: Kind
    record: str
    op: Op
    groups: tuple[str, ...]
    values: Mapping[str, Any]
    parents: tuple[str, ...] = ()

    def written_version(self) -> int:
        """Give the oldest version of the kind that says the same: nobody has to wait for what he can read."""
        if self.kind.version == 1:
            return 1
        # Members of a deletion or decision are no fields, though they may be called like one.
        fields = self.values if self.op in (Op.CREATE, Op.UPDATE) else ()
        return self.kind.evolution.oldest_for(self.groups, fields)


class Batch(NamedTuple):
    """Sealed changes that continue one log, ready for ``append`` and the projector."""

    changes: list[Sealed]
    headers: list[Header]
    leaves: list[bytes]
    entries: list[Entry]


def draft_create(kind: Kind, record: str, values: Mapping[str, Any]) -> Draft:
    """Create a record; absent and None members are empty."""
    return Draft(kind, record, Op.CREATE, (), {name: v for name, v in values.items() if v is not None})


def draft_update(kind: Kind, state: RecordState, record: str, changed: Mapping[str, Any]) -> Draft | None:
    """Change some fields (None empties one); None when nothing differs from the live values.

    A change that touches a group writes all of it (architecture.md 4). Touching a group in conflict
    counts as a difference even where the value is the live one: it is how a desa closes the conflict.
    """
    live = {name: list(v) if isinstance(v, tuple) else v for name, v in state.values(kind).items()}
    groups = sorted(
        {
            kind.group_of[name]
            for name, value in changed.items()
            if live[name] != value or kind.group_of[name] in state.conflicts
        }
    )
    if not groups:
        return None
    values: dict[str, Any] = {}
    for group in groups:
        for name in kind.groups[group]:
            value = changed.get(name, live[name]) if name in changed else live[name]
            if value is not None:
                values[name] = value
    return Draft(kind, record, Op.UPDATE, tuple(groups), values, state.frontier((*groups, EXISTENCE)))


def draft_delete(kind: Kind, state: RecordState, record: str, alasan: str) -> Draft:
    """Delete a record, with the reason; a concurrent edit makes it a conflict, never a loss."""
    return Draft(kind, record, Op.DELETE, (), {"alasan": alasan}, state.frontier((EXISTENCE,)))


def draft_restore(kind: Kind, state: RecordState, record: str) -> Draft:
    """Bring a deleted record back."""
    return Draft(kind, record, Op.UPDATE, (), {}, state.frontier((EXISTENCE,)))


def draft_decision(
    kind: Kind, state: RecordState, record: str, chosen: Mapping[str, str], **reason: Any
) -> Draft:
    """Decide conflicts: group → the change whose value holds. Parents are the heads that were seen."""
    groups = tuple(sorted(chosen))
    values = {"pilih": dict(chosen), **{name: v for name, v in reason.items() if v is not None}}
    return Draft(kind, record, Op.DECIDE, groups, values, state.frontier(groups))


def seal_drafts(
    log: Log, drafts: Sequence[Draft], *, author: str, time_s: int, random: Callable[[int], bytes]
) -> Batch:
    """Give drafts their places at the end of a log and make their bytes, salts and leaf hashes."""
    salts = random(SALT_BYTES * len(drafts))
    batch = Batch([], [], [], [])
    for at, draft in enumerate(drafts):
        seq = log.size + at
        header = Header(
            FORMAT, log.id, seq, draft.kind.name, draft.written_version(), draft.record, draft.op.value,
            list(draft.groups), list(draft.parents), author, time_s,
        )
        sealed = seal_change(header, draft.values, salts[at * SALT_BYTES : (at + 1) * SALT_BYTES])
        leaf = leaf_hash(sealed.header, sealed.body_digest)
        batch.changes.append(sealed)
        batch.headers.append(header)
        batch.leaves.append(leaf)
        batch.entries.append(Entry(log.base + seq, header, dict(draft.values), leaf))
    return batch


def refuse_misshapen(drafts: Iterable[Draft]) -> None:
    """Raise UserError for a value that every replica would refuse to store: it must not stand in a log as saved.

    Forms name what is too long beside the field; this is the guard behind all of them.
    """
    for draft in drafts:
        name = draft.kind.find_shape_defect(draft.values) if draft.op in (Op.CREATE, Op.UPDATE) else None
        if name is not None:
            label = draft.kind.fields[name].info.label
            raise UserError(
                f"Belum disimpan: {label} ({draft.kind.label.lower()}) terlalu panjang atau tidak berbentuk yang benar."
                " Perpendek atau betulkan isian itu, lalu simpan lagi.",
                "bentuk_salah",
            )


def list_problems(drafts: Iterable[Draft]) -> list[tuple[str, str]]:
    """Say which hard rules drafts break, as (field, Indonesian sentence); empty when all may be written."""
    found: list[tuple[str, str]] = []
    for draft in drafts:
        if draft.op in (Op.CREATE, Op.UPDATE):
            required = draft.op == Op.CREATE
            problems = draft.kind.find_problems(draft.values)
            found += [(n, p) for n, p in problems.items() if required or n in draft.values or _touches(draft, n)]
    return found


def _touches(draft: Draft, name: str) -> bool:
    return draft.kind.group_of.get(name) in draft.groups
