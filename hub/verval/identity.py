"""Which numbers identify anybody, and how sets of one person's records grow together; pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import lru_cache
from typing import Generic, TypeVar

from shared.records.identifiers import check_nik, check_no_kk

# What installations write where there is no number; hundreds share it, so it identifies nobody.
_PLACEHOLDERS = frozenset(
    {"nik_panjang", "nik_angka_sama", "nik_sementara", "kk_panjang", "kk_angka_sama", "kk_sementara"}
)

T = TypeVar("T", bound=Hashable)


@lru_cache(maxsize=4096)
def is_identifying_nik(nik: str) -> bool:
    """Tell whether two penduduk with this NIK may be one person; false for placeholders."""
    return not any(issue.code in _PLACEHOLDERS for issue in check_nik(nik))


@lru_cache(maxsize=4096)
def is_identifying_no_kk(no_kk: str) -> bool:
    """Tell whether two keluarga with this number may be one family; false for placeholders."""
    return not any(issue.code in _PLACEHOLDERS for issue in check_no_kk(no_kk))


class Partition(Generic[T]):
    """Disjoint sets that grow together."""

    def __init__(self) -> None:
        self._above: dict[T, T] = {}

    def find(self, item: T) -> T:
        """Give the item that stands for the whole set of an item."""
        above = self._above
        while (parent := above.get(item, item)) != item:
            above[item] = above.get(parent, parent)
            item = parent
        return item

    def join(self, items: Iterable[T]) -> None:
        """Make one set of all the sets of some items."""
        first: T | None = None
        for item in items:
            if first is None:
                first = item
            else:
                self._above[self.find(item)] = self.find(first)
        if first is not None:
            self._above.setdefault(first, first)

    def sets(self, items: Iterable[T]) -> list[list[T]]:
        """Sort items into their sets, in the order in which they come."""
        found: dict[T, list[T]] = {}
        for item in items:
            found.setdefault(self.find(item), []).append(item)
        return list(found.values())
