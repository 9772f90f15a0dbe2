"""Who takes much of the hub gives way to the others, and is served all the same."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.ingest.gate import Gate
from hub.ingest.quota import STRANGERS, Busy
from hub.ingest.turns import Place, Turns
from shared.sync.limits import limit

FREE_S = limit("turn_free_ms") / 1000
SHARE = limit("turn_share")
FADE_S, PRESENT_S = limit("turn_fade_s"), limit("turn_present_s")
PAUSE_S_MAX, GAP_S_MAX = limit("turn_pause_s_max"), limit("turn_gap_s_max")
WAITING_MAX, WAIT_S_MAX = limit("turn_waiting_max"), limit("turn_wait_s_max")


def make_heavy(turns: Turns, *keys: str, now_s: float = 0.0, cost_s: float = FREE_S * 3) -> None:
    for key in keys:
        turns.end(turns.come(key, now_s), cost_s, now_s)


def wait_for(turns: Turns, place: Place, now_s: float) -> float:
    """Give when the work on a place begins, if nobody else comes or ends."""
    for _ in range(10_000):
        if turns.begin(place, now_s):
            return now_s
        now_s += 0.02
    raise AssertionError("never begins")


costs = st.floats(0.001, 2.0)


@settings(max_examples=30, deadline=None)
@given(st.lists(costs, min_size=1, max_size=30))
def test_nobody_waits_while_nobody_else_is_there(taken: list[float]) -> None:
    turns, now_s = Turns(), 0.0
    for cost_s in taken:
        place = turns.come("a new computer", now_s)
        assert turns.begin(place, now_s)
        now_s += cost_s
        turns.end(place, cost_s, now_s)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(FREE_S * 3, 2.0), min_size=1, max_size=20), st.floats(0.0, PRESENT_S * 0.9))
def test_who_took_little_never_waits(heavy: list[float], pause_s: float) -> None:
    turns, now_s = Turns(), 0.0
    for at, cost_s in enumerate(heavy):
        if not turns._has_taken_much("x", now_s):
            make_heavy(turns, "x", now_s=now_s)
        make_heavy(turns, f"y{at}", now_s=now_s, cost_s=FREE_S * 1000)
        working, waiting = turns.come("x", now_s), turns.come(f"y{at}", now_s)
        now_s = wait_for(turns, working, now_s)
        honest = turns.come("honest", now_s)
        assert not honest.is_heavy and turns.begin(honest, now_s) and not turns.begin(waiting, now_s)
        turns.end(honest, 0.001, now_s)
        turns.end(working, cost_s, now_s := now_s + cost_s)
        turns.give_up(waiting)
        now_s += pause_s


@settings(max_examples=30, deadline=None)
@given(costs, st.integers(1, WAITING_MAX))
def test_nobody_starves(cost_s: float, count: int) -> None:
    """While others are there without end, each that waits has its turn within the bound of its like."""
    turns, now_s = Turns(), 0.0
    keys = [f"k{at}" for at in range(count)]
    make_heavy(turns, *keys, cost_s=FREE_S * 100)
    honest = turns.come("honest", now_s)
    places = [turns.come(key, now_s) for key in keys]
    for done in range(count):
        began_s = now_s
        while not (ready := [place for place in places if turns.begin(place, now_s)]):
            now_s += 0.02
            assert now_s - began_s < PAUSE_S_MAX + GAP_S_MAX + 0.1
        assert len(ready) == 1
        places.remove(ready[0])
        now_s += cost_s
        turns.end(ready[0], cost_s, now_s)
    assert not places
    turns.end(honest, 0.0, now_s)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.01, 0.15))
def test_who_took_much_has_its_share_of_the_time_while_others_are_there(cost_s: float) -> None:
    turns, now_s, worked_s = Turns(), 0.0, 0.0
    make_heavy(turns, "hostile", cost_s=FREE_S * 1000)
    turns.end(turns.come("honest", now_s), 0.001, now_s)
    now_s = 2 * PAUSE_S_MAX
    began_s = now_s
    for _ in range(20):
        turns.end(turns.come("honest", now_s), 0.0, now_s)
        place = turns.come("hostile", now_s)
        while not turns.begin(place, now_s):
            now_s += 0.02
            turns.end(turns.come("honest", now_s), 0.0, now_s)
        now_s += cost_s
        worked_s += cost_s
        turns.end(place, cost_s, now_s)
    share = (worked_s - cost_s) / (now_s - began_s)
    # Never nothing either: who took much may be a village that brings its first records.
    assert 0.5 / SHARE < share < 1.05 / SHARE


def test_of_those_who_wait_who_took_least_is_next() -> None:
    turns = Turns()
    for key, cost_s in (("most", 3.0), ("least", 1.0), ("middle", 2.0)):
        make_heavy(turns, key, cost_s=cost_s)
    now_s = PRESENT_S
    places = {key: turns.come(key, now_s) for key in ("most", "least", "middle")}
    order = []
    for _ in places:
        place = next(place for place in turns._waiting if turns.begin(place, now_s))
        assert not any(turns.begin(other, now_s) for other in list(turns._waiting))
        order.append(place.key)
        turns.end(place, 0.001, now_s)
    assert order == ["least", "middle", "most"]


def test_few_wait_and_of_one_key_no_more_than_may_be_under_way() -> None:
    turns = Turns()
    make_heavy(turns, "a", "b")
    for _ in range(limit("requests_at_once")):
        turns.come("a", 0.0)
    with pytest.raises(Busy):
        turns.come("a", 0.0)
    for _ in range(WAITING_MAX - limit("requests_at_once")):
        turns.come("b", 0.0)
    with pytest.raises(Busy):
        turns.come("b", 0.0)
    assert not turns.come("honest", 0.0).is_heavy


def test_a_turn_that_is_due_waits_a_moment_for_a_gap() -> None:
    turns = Turns()
    make_heavy(turns, "x", cost_s=2.0)
    honest = turns.come("honest", 0.0)
    place = turns.come("x", 0.0)
    assert wait_for(turns, place, 0.0) == pytest.approx(PAUSE_S_MAX + GAP_S_MAX, abs=0.05)
    turns.end(place, 0.01, 20.0)
    turns.end(honest, 0.001, 20.0)
    # Nothing is worked on now, but somebody was there.
    assert wait_for(turns, turns.come("x", 20.0), 20.0) == pytest.approx(20 + 0.01 * (SHARE - 1), abs=0.05)


def test_what_a_key_took_fades_and_is_forgotten() -> None:
    turns = Turns()
    make_heavy(turns, "a")
    assert turns.come("a", 1.0).is_heavy and not turns.come("a", FADE_S * 2).is_heavy
    make_heavy(turns, "b", now_s=FADE_S * 20)
    assert set(turns._taken) == {"b"}


def test_others_count_as_present_for_a_while() -> None:
    turns = Turns()
    make_heavy(turns, "a", "b", cost_s=0.001)
    assert turns.is_anyone_else_present("a", 0.0) and turns.is_anyone_else_present("b", 0.0)
    assert not turns.is_anyone_else_present("a", PRESENT_S)
    place = turns.come("b", PRESENT_S)
    assert turns.is_anyone_else_present("a", PRESENT_S) and not turns.is_anyone_else_present("b", PRESENT_S)
    turns.end(place, 0.001, PRESENT_S)


class Clocks:
    """Time that passes while somebody waits at a gate, and processor time that is spent by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.spent = 0.0
        self.gate = Gate(lambda: self.now, lambda: self.spent)
        self.gate._changed.wait = self.wait  # type: ignore[method-assign]

    def wait(self, timeout: float | None = None) -> bool:
        self.now += timeout or 0.0
        return False

    def work(self, key: str, cost_s: float) -> None:
        with self.gate.pass_through(key):
            self.spent += cost_s
            self.now += cost_s


def test_the_gate_counts_what_work_costs_and_lets_the_others_pass() -> None:
    clocks = Clocks()
    clocks.work("hostile", FREE_S * 2)
    clocks.work("honest", 0.005)
    before = clocks.now
    clocks.work("honest", 0.005)
    assert clocks.now - before == pytest.approx(0.005)
    clocks.work("hostile", 0.05)
    # After its pause, or where the others have gone before.
    assert clocks.now - before > min(FREE_S * 2 * (SHARE - 1) - 0.01, PRESENT_S)


def test_strangers_hold_nobody_up() -> None:
    turns = Turns()
    make_heavy(turns, "a new computer")
    stranger = turns.come(STRANGERS, 1.0)
    assert turns.begin(turns.come("a new computer", 1.0), 1.0)
    turns.end(stranger, 0.001, 1.0)
    assert not turns.is_anyone_else_present("a new computer", 1.0)


def test_who_waited_too_long_is_told_to_come_again_and_leaves_the_queue() -> None:
    clocks = Clocks()
    clocks.work("a", FREE_S * 2)
    clocks.work("b", FREE_S * 3)
    with clocks.gate.pass_through("a"):
        before = clocks.now
        with pytest.raises(Busy):
            clocks.work("b", 0.1)
        assert clocks.now - before == pytest.approx(WAIT_S_MAX, abs=0.1)
    assert not clocks.gate.turns._waiting
    clocks.work("b", 0.1)


def test_work_that_fails_is_counted_and_gives_its_place_back() -> None:
    clocks = Clocks()
    for _ in range(5):
        with pytest.raises(ValueError), clocks.gate.pass_through("a"):
            clocks.spent += FREE_S
            raise ValueError
    assert clocks.gate.turns._has_taken_much("a", clocks.now) and clocks.gate.turns._working is None


def test_threads_that_took_much_work_one_after_the_other() -> None:
    gate = Gate(time.monotonic, lambda: 0.0)
    make_heavy(gate.turns, "a", "b", "c", now_s=time.monotonic(), cost_s=FREE_S * 100)
    at_once, most = 0, 0
    lock = threading.Lock()

    def work(key: str) -> None:
        nonlocal at_once, most
        with gate.pass_through(key):
            with lock:
                at_once += 1
                most = max(most, at_once)
            time.sleep(0.01)
            with lock:
                at_once -= 1

    threads = [threading.Thread(target=work, args=(key,)) for key in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert most == 1 and not gate.turns._waiting
