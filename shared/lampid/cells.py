"""The cells that a month is counted in: dusun, citizenship, sex, head of a family or member.

Every resident alive stands in one cell. A report adds and subtracts cells and nothing else, so what holds for them
(the end is the start and all that happened) holds for every sum of them: dusun, desa, sex, citizenship, KK.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

KEPALA = 1
"""The code of *kepala keluarga* in the list shdk."""
WNA = 2
SEXES = (1, 2)
"""Laki-laki and perempuan; 0 stands for who has none on record, whom no column of the book can count."""


class Cell(NamedTuple):
    """Where one resident is counted; ``dusun`` is a record id, empty for none."""

    dusun: str
    wna: bool
    sex: int
    kepala: bool


Vector = Mapping[Cell, int]
"""How many, by cell; what is absent is nought."""


def make_cell(dusun: str | None, warganegara: int | None, jenis_kelamin: int | None, kepala: bool) -> Cell:
    """Make the cell of a resident; without citizenship on record he is WNI, as with two."""
    sex = jenis_kelamin if jenis_kelamin in SEXES else 0
    return Cell(dusun or "", warganegara == WNA, sex, kepala)


@dataclass(frozen=True)
class Pilih:
    """Which cells a number counts; None takes all. Without ``sex`` those who have none on record stay out."""

    dusun: str | None = None
    wna: bool | None = None
    sex: int | None = None
    kepala: bool | None = None

    def takes(self, cell: Cell) -> bool:
        """Tell whether a cell is counted."""
        return (
            (cell.sex in SEXES if self.sex is None else cell.sex == self.sex)
            and (self.dusun is None or cell.dusun == self.dusun)
            and (self.wna is None or cell.wna == self.wna)
            and (self.kepala is None or cell.kepala == self.kepala)
        )

    def sum(self, vector: Vector) -> int:
        """Add what a vector has in these cells."""
        return sum(count for cell, count in vector.items() if self.takes(cell))


def add(*vectors: Vector) -> dict[Cell, int]:
    """Add vectors; cells of nought are left out."""
    total: Counter[Cell] = Counter()
    for vector in vectors:
        for cell, count in vector.items():
            total[cell] += count
    return {cell: count for cell, count in total.items() if count}


def negate(vector: Vector) -> dict[Cell, int]:
    """Turn a vector around."""
    return {cell: -count for cell, count in vector.items()}


def spread(vector: Vector) -> Iterator[tuple[Cell, int]]:
    """Give a vector as single steps of one up or one down."""
    for cell in sorted(vector):
        count = vector[cell]
        for _ in range(abs(count)):
            yield cell, 1 if count > 0 else -1


def count_cells(cells: Iterable[Cell]) -> dict[Cell, int]:
    """Count cells."""
    return dict(Counter(cells))
