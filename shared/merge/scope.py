"""What a log may write: one pure function, whichever way a change came.

The fold asks it of what push, pull or bundle brought; nothing else reaches the tables that exports read.

The fold set of a record is the changes of its id *within one wilayah* (the desa of the log), so writing
another desa's records is impossible by construction. What is left to check is kinds, groups and
operations, from the header and the members of the body alone; every replica therefore agrees.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from shared.changelog.change import Op
from shared.records.fields import Writer
from shared.records.kind import EXISTENCE, Kind

GENESIS_KIND = "log"


class Role(StrEnum):
    """Whose log it is and how far it is read."""

    DESA = "desa"  # a node of one desa
    UMUM = "umum"  # the hub's common channel, read by every desa
    SALURAN = "saluran"  # the hub's channel for one desa

    @property
    def turn(self) -> int:
        """When a log of this role is handed over: trust first, then the verdicts on what comes after them.

        Whoever holds a log without an erased body thus has the verdict that says so, wherever a session is cut.
        """
        return _TURNS.index(self)


_TURNS = (Role.UMUM, Role.SALURAN, Role.DESA)


def find_scope_breach(role: Role, kind: Kind, op: str, groups: Iterable[str], members: Iterable[str]) -> str | None:
    """Name the group (or ``op``) that this log may not write; None when all of it is in scope.

    ``members`` are the body's field names: a create touches every group but writes only what it fills.
    """
    if op == Op.DECIDE:
        return None if role is not Role.DESA else "op"
    if role is not Role.DESA:
        return _find_hub_breach(kind, op, groups, members)
    if op in (Op.CREATE, Op.DELETE) and kind.writer is Writer.HUB:
        return EXISTENCE
    for group in groups:
        if kind.writer_of(group) is Writer.HUB:
            return group
    if kind.hub_fields.isdisjoint(members):
        return None
    return min(kind.group_of[name] for name in members if name in kind.hub_fields)


def _find_hub_breach(kind: Kind, op: str, groups: Iterable[str], members: Iterable[str]) -> str | None:
    """The hub may inject into a desa's records (create, fill), and never deletes them or answers for them."""
    if kind.writer is Writer.DESA:
        return EXISTENCE if op == Op.DELETE else None
    for group in (*groups, *(kind.group_of[name] for name in members if name in kind.group_of)):
        if kind.writer_of(group) is Writer.DESA:
            return group
    return None
