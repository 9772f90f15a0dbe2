"""The law of LAMPID (shared/lampid/chain.py): what counts, once, whatever order the world told it in."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.changelog.change import Op
from shared.lampid.chain import ARAH, Peristiwa, count_events, follow_chain, judge_chain, judge_life
from shared.merge.fold import FoldChange, fold
from shared.records.catalogue import CATALOGUE
from shared.records.kind import EXISTENCE
from shared.records.lampid import BATAL, DATANG, HILANG, KEMBALI, LAHIR, MATI, PINDAH

PENDUDUK = CATALOGUE["penduduk"]


def event(id: str, jenis: str, before: str | None = None, **more: Any) -> Peristiwa:
    day = more.pop("lapor", "2026-11-05")
    return Peristiwa(id, jenis, more.pop("penduduk", "p"), more.pop("terjadi", day), day, before, **more)


def test_the_chain_is_followed_from_the_live_status_back() -> None:
    events = {e.id: e for e in (event("a", DATANG), event("b", PINDAH, "a"), event("c", MATI, "a"))}
    assert [e.id for e in follow_chain("p", "b", events)] == ["a", "b"]
    assert follow_chain("p", None, events) == []


def test_an_event_that_no_live_status_names_does_not_count() -> None:
    events = [event("a", DATANG), event("b", PINDAH, "a"), event("c", MATI, "a")]
    assert [item.peristiwa.id for item in count_events([("p", "c"), ("q", None)], events)] == ["a", "c"]


def test_a_circle_a_missing_link_and_anothers_event_end_the_chain() -> None:
    circle = {e.id: e for e in (event("a", MATI, "b"), event("b", DATANG, "a"))}
    assert [e.id for e in follow_chain("p", "a", circle)] == ["b", "a"]
    assert [e.id for e in follow_chain("p", "x", {"x": event("x", MATI, "gone")})] == ["x"]
    foreign = {e.id: e for e in (event("a", DATANG, penduduk="q"), event("b", MATI, "a"))}
    assert [e.id for e in follow_chain("p", "b", foreign)] == ["b"]


def test_an_event_counts_in_the_month_of_its_report() -> None:
    late = event("a", MATI, terjadi="2026-08-30", lapor="2026-11-02")
    (item,) = count_events([("p", "a")], [late])
    assert (item.bulan, item.jenis, item.jiwa) == ("2026-11", MATI, -1)


def test_batal_takes_back_in_its_own_month_and_under_the_kind_it_voids() -> None:
    events = [
        event("a", MATI, lapor="2026-09-02", dusun="d1", jenis_kelamin=1),
        event("b", BATAL, "a", dibatalkan="a", lapor="2026-11-02"),
    ]
    found = count_events([("p", "b")], events)
    assert [(i.bulan, i.jenis, i.faktor, i.jiwa, i.asal.dusun) for i in found] == [
        ("2026-09", MATI, 1, -1, "d1"), ("2026-11", MATI, -1, 1, "d1"),
    ]


def test_what_is_taken_back_before_its_report_had_come_counts_in_the_month_of_the_undo() -> None:
    chain = [event("a", DATANG, lapor="2026-01-03"), event("b", MATI, "a", lapor="2062-09-20"),
             event("c", BATAL, "b", dibatalkan="b", lapor="2026-09-21")]
    assert [(item.asal.id, item.bulan, item.faktor) for item in judge_chain(chain).terhitung] == [
        ("a", "2026-01", 1), ("b", "2026-09", 1), ("b", "2026-09", -1),
    ]
    assert [item.bulan for item in judge_chain(chain[:2]).terhitung] == ["2026-01", "2062-09"]


def test_after_batal_the_life_goes_on_from_where_it_was() -> None:
    chain = [event("a", DATANG), event("b", MATI, "a"), event("c", BATAL, "b", dibatalkan="b"), event("d", PINDAH, "c")]
    life = judge_chain(chain)
    assert [i.jiwa for i in life.terhitung] == [1, -1, 1, -1]
    assert life.terakhir == chain[3] and life.hadir is False
    undone = judge_chain(chain[:3])
    assert undone.terakhir == chain[0] and undone.hadir is True


@pytest.mark.parametrize("dibatalkan", ["a", "z", None])
def test_batal_of_anything_but_the_last_event_is_nothing(dibatalkan: str | None) -> None:
    chain = [event("a", DATANG), event("b", MATI, "a"), event("c", BATAL, "b", dibatalkan=dibatalkan)]
    assert [i.jiwa for i in judge_chain(chain).terhitung] == [1, -1]


def test_whoever_moved_away_and_died_leaves_once() -> None:
    life = judge_chain([event("a", PINDAH), event("b", MATI, "a")])
    assert [i.faktor for i in life.terhitung] == [1, 0] and life.terakhir is not None
    assert count_events([("p", "b")], [event("a", PINDAH), event("b", MATI, "a")])[0].jenis == PINDAH


def test_undoing_what_counted_as_nothing_counts_as_nothing() -> None:
    chain = [event("a", PINDAH), event("b", MATI, "a"), event("c", BATAL, "b", dibatalkan="b")]
    life = judge_chain(chain)
    assert [i.jiwa for i in life.terhitung] == [-1, 0, 0] and life.hadir is False


def test_a_kind_of_a_newer_program_stays_out() -> None:
    assert judge_chain([event("a", "menikah"), event("b", MATI, "a")]).hadir is False


# What people can do with one life, one after the other; "undo" voids the last that stands.
STEPS = st.lists(st.sampled_from([LAHIR, DATANG, KEMBALI, MATI, PINDAH, HILANG, "undo"]), max_size=12)


def make_chain(steps: list[str]) -> list[Peristiwa]:
    chain: list[Peristiwa] = []
    for at, step in enumerate(steps):
        before = chain[-1].id if chain else None
        month = f"2026-{at + 1:02d}-03"
        if step != "undo":
            chain.append(event(f"e{at}", step, before, lapor=month))
            continue
        last = judge_chain(chain).terakhir
        if last is not None:
            chain.append(event(f"e{at}", BATAL, before, dibatalkan=last.id, lapor=month))
    return chain


@given(STEPS)
def test_a_life_never_counts_more_than_once(steps: list[str]) -> None:
    """At any moment of any life the sum is that of one person who is here or is not."""
    chain = make_chain(steps)
    total, present = 0, None
    for at in range(len(chain)):
        life = judge_chain(chain[: at + 1])
        total = sum(item.jiwa for item in life.terhitung)
        present = life.hadir
        assert abs(total) <= 1
        was_here = 1 if ARAH[chain[0].jenis] < 0 else 0
        assert was_here + total in (0, 1)
        if present is not None:
            assert was_here + total == int(present)


@given(STEPS)
def test_what_is_undone_leaves_nothing_behind(steps: list[str]) -> None:
    chain = make_chain(steps)
    while (last := judge_chain(chain).terakhir) is not None:
        chain.append(event(f"u{len(chain)}", BATAL, chain[-1].id, dibatalkan=last.id))
    sums: Counter[str] = Counter()
    for item in judge_chain(chain).terhitung:
        sums[item.jenis] += item.faktor
    assert not any(sums.values())


@given(STEPS)
def test_months_reported_stay_as_they_were(steps: list[str]) -> None:
    """Whatever is added later, what counted before counts as it did: only new months gain."""
    chain = make_chain(steps)
    whole = judge_chain(chain).terhitung
    for at in range(len(chain) + 1):
        part = judge_chain(chain[:at]).terhitung
        assert whole[: len(part)] == part


@given(st.lists(st.builds(
    Peristiwa, st.sampled_from("abcdef"), st.sampled_from([*ARAH, BATAL, "lain"]), st.sampled_from("pq"),
    st.just("2026-01-01"), st.just("2026-01-01"), st.one_of(st.none(), st.sampled_from("abcdefz")),
    st.one_of(st.none(), st.sampled_from("abcdefz")),
), max_size=6), st.sampled_from("abcdefz"), st.sampled_from("abcdefz"))
def test_any_tangle_of_links_is_survived_and_nothing_counts_twice(
    events: list[Peristiwa], first: str, second: str
) -> None:
    found = count_events([("p", first), ("q", second)], events)
    assert len({item.peristiwa.id for item in found}) == len(found)
    for person in "pq":
        assert abs(sum(item.jiwa for item in found if item.peristiwa.penduduk == person)) <= 1


# Two computers of one desa, apart, on one life: each writes events and the status that names them.

class Computer:
    """Writes the status group of one resident as the node does: parents are the heads it has seen."""

    def __init__(self, name: str, seen: list[FoldChange], events: list[Peristiwa]) -> None:
        self.name, self.seen, self.events, self.count = name, list(seen), list(events), 0

    def live(self) -> str | None:
        value = fold(self.seen, PENDUDUK).values(PENDUDUK)["peristiwa"]
        return None if value is None else str(value)

    def report(self, step: str, day: str) -> None:
        by_id = {e.id: e for e in self.events}
        before = self.live()
        life = judge_life("p", before, by_id)
        self.count += 1
        id = f"{self.name}{self.count}"
        if step == "undo":
            if life.terakhir is None:
                return
            made = event(id, BATAL, before, dibatalkan=life.terakhir.id, lapor=day)
        else:
            made = event(id, step, before, lapor=day)
        state = fold(self.seen, PENDUDUK)
        self.events.append(made)
        self.seen.append(FoldChange(
            f"{self.name}:{self.count}:0000000000000000", Op.UPDATE.value, ("status",),
            state.frontier(("status", EXISTENCE)), {"status_dasar": 1 + self.count % 4, "peristiwa": id},
        ))


CREATED = FoldChange("a:0:0000000000000000", Op.CREATE.value, (), (), {"nama": "SITI", "status_dasar": 1})


@settings(max_examples=150)
@given(STEPS, STEPS, STEPS, st.integers(0, 10**6))
def test_two_computers_that_report_two_ends_of_one_life_never_count_twice(
    before: list[str], left: list[str], right: list[str], seed: int
) -> None:
    first = Computer("a", [CREATED], [])
    for step in before[:4]:
        first.report(step, "2026-01-03")
    second = Computer("b", first.seen, first.events)
    for computer, steps, month in ((first, left, "02"), (second, right, "03")):
        for step in steps[:4]:
            computer.report(step, f"2026-{month}-03")
    changes = list({c.ref: c for c in [*first.seen, *second.seen]}.values())
    events = list({e.id: e for e in [*first.events, *second.events]}.values())
    answers = set()
    for shuffle in range(4):
        chance = random.Random(seed + shuffle)
        chance.shuffle(changes)
        chance.shuffle(events)
        live = fold(changes, PENDUDUK).values(PENDUDUK)["peristiwa"]
        answers.add(tuple(count_events([("p", live)], events)))
    assert len(answers) == 1, "the order of merging decides nothing"
    (found,) = answers
    assert abs(sum(item.jiwa for item in found)) <= 1
    was_left = {i.peristiwa.id for i in found} - {e.id for e in first.events}
    was_right = {i.peristiwa.id for i in found} - {e.id for e in second.events}
    assert not (was_left and was_right), "events of both sides of a contradiction counted"


def test_a_death_and_a_move_told_apart_count_as_neither_until_one_is_chosen() -> None:
    first = Computer("a", [CREATED], [])
    second = Computer("b", first.seen, first.events)
    first.report(MATI, "2026-02-03")
    second.report(PINDAH, "2026-02-04")
    changes, events = [*first.seen, second.seen[-1]], [*first.events, *second.events]
    state = fold(changes, PENDUDUK)
    assert state.conflicts == ("status",)
    live = state.values(PENDUDUK)["peristiwa"]
    assert count_events([("p", None if live is None else str(live))], events) == []
    chosen = FoldChange("a:9:0000000000000000", Op.UPDATE.value, ("status",), state.frontier(("status", EXISTENCE)),
                        {"status_dasar": 2, "peristiwa": "a1"})
    live = fold([*changes, chosen], PENDUDUK).values(PENDUDUK)["peristiwa"]
    assert [i.jenis for i in count_events([("p", str(live))], events)] == [MATI]
