"""What an event did to places on family cards, as one text a resident in ``peristiwa.akibat``. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

_PARTS = 5


class Tempat(NamedTuple):
    """A place on a family card: record id of the family ("" for none) and code of SHDK (0 for none)."""

    keluarga: str
    hubungan: int


class Akibat(NamedTuple):
    """One resident whom an event has put from one place to another."""

    penduduk: str
    sebelum: Tempat
    sesudah: Tempat

    def write(self) -> str:
        """Write it as it stands in the record."""
        return "|".join(map(str, (self.penduduk, *self.sebelum, *self.sesudah)))


def read_effects(texts: Iterable[str] | None) -> list[Akibat]:
    """Read what stands in a record; what cannot be read is left out, for another program may have written it."""
    found = []
    for text in texts or ():
        parts = text.split("|")
        if len(parts) == _PARTS and parts[2].isdecimal() and parts[4].isdecimal():
            found.append(Akibat(parts[0], Tempat(parts[1], int(parts[2])), Tempat(parts[3], int(parts[4]))))
    return found
