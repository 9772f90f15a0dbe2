"""One key's share of the hub: it waits, others do not."""

from __future__ import annotations

import pytest

from hub.ingest.quota import KEYS_MAX, STRANGERS, Busy, Quota
from shared.sync.limits import limit


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def ask(quota: Quota, key: str, size: int = 100) -> None:
    with quota.spend(key, size):
        pass


def test_a_key_that_asks_too_often_waits_and_another_does_not() -> None:
    quota = Quota(clock := Clock())
    for _ in range(limit("requests_burst")):
        ask(quota, "a")
    with pytest.raises(Busy) as busy:
        ask(quota, "a")
    ask(quota, "b")
    clock.now += busy.value.wait_s
    ask(quota, "a")


def test_bytes_count_like_requests() -> None:
    quota = Quota(clock := Clock())
    ask(quota, "a", limit("bytes_burst"))
    with pytest.raises(Busy) as busy:
        ask(quota, "a", limit("bytes_per_s") * 7)
    assert busy.value.wait_s in (7, 8)
    clock.now += busy.value.wait_s
    ask(quota, "a", limit("bytes_per_s") * 7)


def test_what_a_request_cost_beyond_its_size_is_charged_and_others_do_not_pay() -> None:
    quota = Quota(clock := Clock())
    ask(quota, "a")
    quota.charge("a", limit("bytes_burst") + limit("bytes_per_s") * 5)
    with pytest.raises(Busy) as busy:
        ask(quota, "a")
    ask(quota, "b")
    assert 5 <= busy.value.wait_s <= 7
    clock.now += busy.value.wait_s
    ask(quota, "a")


def test_few_requests_of_a_key_are_under_way_at_once() -> None:
    quota = Quota(Clock())
    held = [quota.spend("a", 1) for _ in range(limit("requests_at_once"))]
    for one in held:
        one.__enter__()
    with pytest.raises(Busy):
        ask(quota, "a")
    ask(quota, "b")
    held[0].__exit__(None, None, None)
    ask(quota, "a")


def test_a_broken_request_costs_more() -> None:
    quota = Quota(Clock())
    for _ in range(limit("requests_burst") // limit("requests_fine") + 1):
        quota.fine("a")
    with pytest.raises(Busy):
        ask(quota, "a")


def test_a_request_that_fails_gives_its_place_back() -> None:
    quota = Quota(Clock())
    for _ in range(limit("requests_at_once") + 1):
        with pytest.raises(ValueError), quota.spend("a", 1):
            raise ValueError


def test_keys_without_end_do_not_fill_the_memory() -> None:
    quota = Quota(Clock())
    for number in range(KEYS_MAX + 10):
        ask(quota, str(number))
    assert len(quota._purses) <= KEYS_MAX and STRANGERS == ""
