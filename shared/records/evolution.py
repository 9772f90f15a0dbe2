"""How a kind grows: what its earlier versions looked like, and in which version a change has to be written.

A field says since which version it stands (``since``) and to which group it belonged before
(``groups_before``); nothing else is kept of earlier versions. A version may add fields, and may split a group.
It may not put fields of two groups together: an old change wrote one of them only, and the other's value would
be lost without a word. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from shared.records.fields import FieldInfo

Groups = Mapping[str, tuple[str, ...]]


class Evolution:
    """The groups of all versions of one kind; ``infos`` are its fields in order, ``version`` is today's."""

    def __init__(self, infos: Mapping[str, FieldInfo], version: int) -> None:
        self._infos, self.version = infos, version
        for earlier in range(1, version):
            self._refuse_union(earlier)

    def groups_in(self, version: int) -> Groups:
        """Give group → fields as a version declared them."""
        groups: dict[str, tuple[str, ...]] = {}
        for name, info in self._infos.items():
            if info.since <= version:
                group = info.group_in(version) or name
                groups[group] = groups.get(group, ()) + (name,)
        return groups

    def translate(self, groups: Iterable[str], version: int) -> tuple[str, ...]:
        """Give the groups of today that a change of an earlier version touches; unknown names stay as they are."""
        if version >= self.version:
            return tuple(groups)
        known = self._translations[version]
        return tuple(sorted({today for group in groups for today in known.get(group, (group,))}))

    def oldest_for(self, groups: Iterable[str], fields: Iterable[str]) -> int:
        """Find the first version in which a change of these groups that sets these fields means what it means today."""
        since = max((self._infos[name].since for name in fields if name in self._infos), default=1)
        named = [group for group in groups if group in self._today]
        for version in range(since, self.version):
            known = self._translations[version]
            if all(known.get(group) == (group,) for group in named):
                return version
        return self.version

    @cached_property
    def _today(self) -> Groups:
        return self.groups_in(self.version)

    @cached_property
    def _translations(self) -> Mapping[int, Mapping[str, tuple[str, ...]]]:
        """For each earlier version: its groups → those of today that hold a field of them."""
        home = {name: group for group, names in self._today.items() for name in names}
        return {
            version: {
                group: tuple(sorted({home[name] for name in names})) for group, names in self.groups_in(version).items()
            }
            for version in range(1, self.version)
        }

    def _refuse_union(self, version: int) -> None:
        for group, names in self._today.items():
            old = {self._infos[name].group_in(version) or name for name in names if self._infos[name].since <= version}
            if len(old) > 1:
                raise TypeError(f"group {group} unites groups of version {version}")
