"""The pure rules of events: who follows, what cannot be, what is odd, and what is kept for an undo."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.lampid.rules import (
    BENTUK, KINDS_OF_STATUS, STATUS_OF, find_date_problems, find_state_problem, list_date_oddities, list_oddities,
    propose_head, propose_parents, propose_place,
)
from node.penduduk.index import Person
from shared.lampid.chain import ARAH
from shared.lampid.effects import Akibat, Tempat, read_effects
from shared.records.catalogue import CATALOGUE
from shared.records.lampid import BATAL, JENIS_PERISTIWA
from shared.web.forms import write_date

TODAY = "2026-03-05"


def person(id: str, hubungan: int, born: str = "1980-01-01", sex: int = 1, status: int = 1) -> Person:
    return Person(id, id.upper(), "", "", "k", hubungan, sex, born, "", "", "", status, False, "")


def test_every_kind_has_its_form_its_status_and_its_direction() -> None:
    kinds = set(JENIS_PERISTIWA) - {BATAL}
    assert kinds == set(BENTUK) == set(STATUS_OF) == set(ARAH)
    assert {jenis for some in KINDS_OF_STATUS.values() for jenis in some} <= kinds
    for shape in BENTUK.values():
        assert {*shape.fields, *shape.labels, *shape.wajib} <= set(CATALOGUE["peristiwa"].fields)


def test_the_spouse_follows_the_head_and_else_the_eldest() -> None:
    head, wife, mother, son = person("h", 1), person("w", 3, "1985-01-01", 2), person("m", 7, "1940-01-01", 2), \
        person("s", 4, "2010-01-01")
    assert propose_head(head, [son, mother, wife]) == "w"
    assert propose_head(head, [son, mother]) == "m"
    assert propose_head(head, [person("x", 4, ""), son]) == "s", "an unknown birth date is not the oldest"
    assert propose_head(head, []) == ""


def test_parents_are_head_and_spouse_of_either_sex() -> None:
    wife_heads = [person("w", 1, sex=2), person("h", 2), person("s", 4)]
    assert [p and p.id for p in propose_parents(wife_heads)] == ["w", "h"]
    assert propose_parents([person("s", 4), person("d", 4, sex=2)]) == (None, None)


@pytest.mark.parametrize(("place", "child"), [(1, 4), (3, 4), (2, 4), (4, 6), (5, 6), (7, 9), (9, 9)])
def test_a_newborn_stands_where_its_mother_puts_it(place: int, child: int) -> None:
    assert propose_place(person("m", place, sex=2)) == child


@pytest.mark.parametrize(("jenis", "status", "said"), [
    ("mati", 1, ""), ("mati", 3, ""), ("mati", 4, ""), ("mati", 2, "sudah tercatat meninggal pada 01-02-2026"),
    ("pindah", 1, ""), ("pindah", 4, "catat dulu sebagai kembali"), ("hilang", 2, "sudah tercatat meninggal"),
    ("kembali", 1, "masih tinggal di desa"), ("kembali", 6, ""), ("kembali", 2, "sudah tercatat meninggal"),
    ("mati", 9, "tidak valid"), ("mati", None, ""),
])
def test_what_can_happen_to_whom(jenis: str, status: int | None, said: str) -> None:
    problem = find_state_problem(jenis, "SITI", status, "2026-02-01")
    assert said in problem and bool(said) is bool(problem)


def test_dates_that_cannot_be() -> None:
    dates = {"tanggal_peristiwa": "2026-03-02", "tanggal_lapor": "2026-03-01"}
    assert "sesudah tanggal lapor" in find_date_problems(dates, TODAY)["tanggal_peristiwa"]
    same = {"tanggal_peristiwa": "2026-03-01", "tanggal_lapor": "2026-03-01"}
    assert find_date_problems(same, TODAY, {"SITI": "2026-03-01"}) == {}, "who is born may die on that day"
    assert "lahir 02-03-2026" in find_date_problems(same, TODAY, {"SITI": "2026-03-02", "ANI": ""})["tanggal_peristiwa"]


@pytest.mark.parametrize(("today", "known", "is_refused"), [
    ("2026-03-01", "", False), ("2026-02-22", "", False), ("2026-02-21", "", True), ("2026-02-21", "2026-02-20", True),
    # A battery that is empty: the clock was never set, or is behind what the kecamatan has signed.
    ("1990-01-01", "", False), ("1990-01-01", "2026-01-20", False), ("2026-01-03", "2026-02-20", False),
    ("1990-01-01", "2025-02-01", False), ("2026-01-01", "2026-01-20", False),
])
def test_a_report_far_ahead_is_refused_and_the_clock_of_this_computer_named(
    today: str, known: str, is_refused: bool
) -> None:
    dates = {"tanggal_peristiwa": "2026-03-01", "tanggal_lapor": "2026-03-01"}
    said = find_date_problems(dates, today, known=known).get("tanggal_lapor", "")
    assert bool(said) is is_refused
    assert not is_refused or f"Jam komputer ini menunjukkan {write_date(today)}; betulkan dulu bila salah" in said
    assert bool(list_date_oddities(dates, today)) is (today < "2026-03-01")
    assert list_date_oddities(dates, "2026-03-01") == []
    slip = {"tanggal_peristiwa": "2026-03-01", "tanggal_lapor": "2062-03-01"}
    assert ("tanggal_lapor" in find_date_problems(slip, today, known=known)) is (max(today, known) >= "2026-01-01")


def test_oddities_of_one_person() -> None:
    dates = {"tanggal_peristiwa": "2026-03-01", "tanggal_lapor": "2026-03-01"}
    assert list_oddities("mati", dates, born="1950-01-01", status=1) == []
    assert "Umurnya 126 tahun" in list_oddities("mati", dates, born="1900-01-01")[0]
    assert "tidak berkurang lagi" in list_oddities("mati", dates, status=3)[0]
    assert "lebih dulu daripada" in list_oddities("pindah", dates, before="2026-04-01")[0]


PLACES = st.builds(Tempat, st.sampled_from(["", "0192f0c1-0000-7000-8000-000000000001"]), st.integers(0, 11))


@given(st.lists(st.builds(Akibat, st.just("0192f0c1-0000-7000-8000-000000000002"), PLACES, PLACES), max_size=60))
def test_effects_are_read_as_they_were_written(effects: list[Akibat]) -> None:
    texts = [item.write() for item in effects]
    assert read_effects(texts) == effects
    assert CATALOGUE["peristiwa"].fields["akibat"].has_shape(texts)


@given(st.lists(st.text(max_size=60)))
def test_effects_of_anybody_are_survived(texts: list[str]) -> None:
    read_effects(texts)
    assert read_effects(None) == [] and read_effects(["a|b|c|d|e", "x", "||||"]) == []
