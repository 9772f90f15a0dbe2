"""The table of a session's states: everybody can get out of every state, and only what it says can follow."""

from __future__ import annotations

import pytest

from shared.sync.states import STATES, STEPS, TROUBLES, Event, State, advance


def test_every_state_is_reached_and_has_a_way_to_an_end() -> None:
    reached, before = {State.GREETING}, set()
    while before != reached:
        before = set(reached)
        reached |= {step.next for step in STEPS if step.state in before}
    assert reached == set(State)
    good = {step.state: {s.next for s in STEPS if s.state is step.state and s.event not in TROUBLES} for step in STEPS}
    ends = {State.SELESAI}
    while more := {state for state, following in good.items() if following & ends} - ends:
        ends |= more
    assert ends >= good.keys()


def test_a_state_and_an_event_lead_to_one_state_only() -> None:
    pairs = [(step.state, step.event) for step in STEPS]
    assert len(pairs) == len(set(pairs))
    assert {step.state for step in STEPS} == {row.state for row in STATES} == {s for s in State if not s.is_final}


@pytest.mark.parametrize("state", [row.state for row in STATES])
def test_trouble_may_come_in_every_state(state: State) -> None:
    assert [advance(state, event) for event in (Event.NO_ANSWER, Event.FOR_NOW, Event.REFUSED, Event.GAVE_UP)] == [
        State.GREETING, State.GREETING, State.DITOLAK, State.TERPUTUS
    ]


@pytest.mark.parametrize(("state", "event"), [
    (State.GREETING, Event.ALL_HERE), (State.PUSHING, Event.DONE), (State.SELESAI, Event.KNOWN),
])
def test_what_the_table_does_not_say_cannot_follow(state: State, event: Event) -> None:
    with pytest.raises(KeyError):
        advance(state, event)
