"""The three-way merge of one record's fields: what the file says, what its source said before, what stands here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from node.impor.queries import LiveTable
from shared.records.kind import Kind


class Conflict(NamedTuple):
    """A field that the file and this computer have both changed; the value here stays."""

    name: str
    mine: Any
    is_disputed: bool


def merge_fields(
    theirs: Mapping[str, Any], base: Mapping[str, Any], live: LiveTable, record: str, kind: Kind
) -> tuple[dict[str, Any], list[Conflict]]:
    """Merge the fields of one record three-way; ``theirs`` holds no empty value, so nothing is erased.

    Without a base the file fills what is empty here. A group in conflict between computers is left to those
    who decide it: a value from a file would close it unseen.
    """
    changed: dict[str, Any] = {}
    conflicts: list[Conflict] = []
    disputed = live.conflicts.get(record, frozenset())
    for name, value in theirs.items():
        if base.get(name) == value:
            continue
        mine = live.get(record, name)
        if mine == value:
            continue
        if kind.group_of[name] in disputed:
            conflicts.append(Conflict(name, mine, True))
        elif mine == base.get(name):
            changed[name] = value
        else:
            conflicts.append(Conflict(name, mine, False))
    return changed, conflicts
