"""Checks that need the whole file: one NIK twice, two heads, a misspelt dusun. Pure; a row is never changed.

Rows that were rejected for a cell take part: the head of a family whose row has a bad date is still its head.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from node.impor.clean import Value
from node.impor.columns import BY_FIELD
from node.impor.messages import write_problem
from node.impor.problems import CellProblem, Problem, place_problem, reject, remind
from shared.records.names import is_probable_misspelling, normalise_name

KEPALA_KELUARGA = 1
HIDUP = 1

_ROWS_NAMED_MAX = 5
# Dusun are few; a file with more distinct values has addresses in that column, and pairs would explode.
_DUSUN_MAX = 80


@dataclass(frozen=True, slots=True)
class CleanRow:
    """A row of clean values by field name; what was empty or emptied is absent.

    ``corrected`` are the fields that a hand has changed since the row was handed out to be corrected.
    """

    sheet: str
    row: int
    values: dict[str, Value] = field(default_factory=dict)
    corrected: frozenset[str] = frozenset()

    @property
    def place(self) -> tuple[str, int]:
        """Name the row within its file."""
        return self.sheet, self.row


Place = tuple[str, int]
Letters = Mapping[str, Mapping[str, str]]


def name_rows(here: CleanRow, rows: Iterable[CleanRow]) -> str:
    """Name other rows, never what stands in them: "baris 7, baris 12 di lembar 'X', dan 3 baris lain"."""
    others = [row for row in rows if row.place != here.place]
    parts = [
        f"baris {row.row}" + (f" di lembar '{row.sheet}'" if row.sheet != here.sheet else "")
        for row in others[:_ROWS_NAMED_MAX]
    ]
    if len(others) > _ROWS_NAMED_MAX:
        parts.append(f"dan {len(others) - _ROWS_NAMED_MAX} baris lain")
    return ", ".join(parts)


def check_rows(
    rows: Sequence[CleanRow], rejected: Set[Place] = frozenset(), letters: Letters | None = None
) -> list[Problem]:
    """Find what is wrong between rows; ``rejected`` are the places that a cell already keeps out.

    ``letters`` maps a sheet to its column letters by machine name.
    """
    make = _Maker(letters or {})
    families = _group(rows, "no_kk")
    problems: list[Problem] = []
    problems += _check_same_nik(rows, make)
    problems += _check_same_person(rows, make)
    problems += _check_heads(families, rejected, make)
    problems += _check_family_dusun(families, make)
    problems += _check_dusun(rows, make)
    return problems


class _Maker:
    """Puts a problem in its place."""

    def __init__(self, letters: Letters) -> None:
        self._letters = letters

    def __call__(self, row: CleanRow, name: str, problem: CellProblem) -> Problem:
        column = BY_FIELD[name].name
        letter = self._letters.get(row.sheet, {}).get(column, "")
        value = str(row.values.get(name, ""))
        return place_problem(problem, row.place, column, letter, value)


def _group(rows: Iterable[CleanRow], name: str) -> dict[Value, list[CleanRow]]:
    groups: dict[Value, list[CleanRow]] = defaultdict(list)
    for row in rows:
        if (value := row.values.get(name)) is not None:
            groups[value].append(row)
    return groups


def _is_living(row: CleanRow) -> bool:
    return row.values.get("status_dasar", HIDUP) == HIDUP


def _check_same_nik(rows: Iterable[CleanRow], make: _Maker) -> Iterator[Problem]:
    for group in _group(rows, "nik").values():
        if len(group) > 1:
            for row in group:
                pesan = write_problem("nik_ganda", baris=name_rows(row, group))
                yield make(row, "nik", reject("nik_ganda", pesan))


def _check_same_person(rows: Iterable[CleanRow], make: _Maker) -> Iterator[Problem]:
    """Find one person on several rows when a row has no NIK to tell them apart."""
    groups: dict[tuple[str, Value], list[CleanRow]] = defaultdict(list)
    for row in rows:
        if (nama := row.values.get("nama")) and (lahir := row.values.get("tanggal_lahir")):
            groups[normalise_name(str(nama)), lahir].append(row)
    for group in groups.values():
        if len(group) > 1:
            mothers = {row.place: normalise_name(str(row.values.get("ibu_nama", ""))) for row in group}
            for row in group:
                # A row with a NIK stands for itself; those without one must give way.
                if "nik" not in row.values and (problem := _find_twin(row, group, mothers)):
                    yield make(row, "nama", problem)


def _find_twin(row: CleanRow, group: list[CleanRow], mothers: Mapping[Place, str]) -> CellProblem | None:
    mother = mothers[row.place]
    same = [other for other in group if mother and mothers[other.place] == mother]
    if len(same) > 1:
        return reject("orang_ganda", write_problem("orang_ganda", baris=name_rows(row, same)))
    maybe = [other for other in group if not mother or not mothers[other.place]]
    if any(other.place != row.place for other in maybe):
        pesan = write_problem("orang_mungkin_ganda", baris=name_rows(row, group if not mother else maybe))
        return remind("orang_mungkin_ganda", pesan)
    return None


def _check_heads(
    families: Mapping[Value, list[CleanRow]], rejected: Set[Place], make: _Maker
) -> Iterator[Problem]:
    """Find families with two living heads or none; a member whose row is rejected may be the head."""
    for members in families.values():
        living = [row for row in members if _is_living(row)]
        heads = [row for row in living if row.values.get("hubungan") == KEPALA_KELUARGA]
        if len(heads) > 1:
            for row in heads:
                pesan = write_problem("kepala_ganda", baris=name_rows(row, heads))
                yield make(row, "hubungan", reject("kepala_ganda", pesan))
        elif living and not heads and not any(row.place in rejected for row in living):
            yield make(living[0], "no_kk", remind("tanpa_kepala", write_problem("tanpa_kepala")))


def _check_family_dusun(families: Mapping[Value, list[CleanRow]], make: _Maker) -> Iterator[Problem]:
    for members in families.values():
        named = [row for row in members if "dusun" in row.values]
        odd = next((row for row in named if row.values["dusun"] != named[0].values["dusun"]), None)
        if odd is not None:
            pesan = write_problem("dusun_keluarga_beda", baris=name_rows(odd, named[:1]))
            yield make(odd, "dusun", remind("dusun_keluarga_beda", pesan))


def _check_dusun(rows: Sequence[CleanRow], make: _Maker) -> Iterator[Problem]:
    groups = {str(name): group for name, group in _group(rows, "dusun").items()}
    # The name with more rows is taken to be right; sorting is stable, so the first one wins a tie.
    names = sorted(groups, key=lambda name: -len(groups[name]))
    if len(names) > _DUSUN_MAX:
        pesan = write_problem("dusun_terlalu_banyak", jumlah=len(names))
        yield make(next(iter(groups.values()))[0], "dusun", remind("dusun_terlalu_banyak", pesan))
        return
    for index, name in enumerate(names):
        better = next((other for other in names[:index] if is_probable_misspelling(name, other)), None)
        if better is not None:
            pesan = write_problem(
                "dusun_mirip", dusun=name, jumlah=len(groups[name]), lain=better,
                jumlah_lain=len(groups[better]),
            )
            yield make(groups[name][0], "dusun", remind("dusun_mirip", pesan))
