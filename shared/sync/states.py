"""The states of a session and what leads from one to another, as a table; a node's session runs by it.

sync_protocol.md section 7 is written from here. Pure: what is done in a state is the node's (node/sinkron/session.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """Where a session stands. The last three end it; their values are what the node notes as its outcome."""

    GREETING = "greeting"
    HELPING = "helping"
    SETTLING = "settling"
    PUSHING = "pushing"
    PULLING = "pulling"
    ATTACHING = "attaching"
    SELESAI = "selesai"
    TERPUTUS = "terputus"
    DITOLAK = "ditolak"

    @property
    def is_final(self) -> bool:
        return self in (State.SELESAI, State.TERPUTUS, State.DITOLAK)


class Event(StrEnum):
    """What came of a state."""

    KNOWN = "known"
    STRANGER = "stranger"
    HANDED_OVER = "handed over"
    AGREED = "agreed"
    ALL_SENT = "all sent"
    MORE = "more to say"
    ALL_HERE = "all here"
    DONE = "done"
    NO_ANSWER = "no answer"
    FOR_NOW = "refused for now"
    REFUSED = "refused"
    GAVE_UP = "gave up"


@dataclass(frozen=True)
class StateRow:
    """What is done in a state, for the document: ``stored`` is what a crash in it leaves behind."""

    state: State
    does: str
    stored: str


@dataclass(frozen=True)
class Step:
    """From a state, by an event, to the next one."""

    state: State
    event: Event
    next: State
    when: str


TROUBLES = frozenset((Event.NO_ANSWER, Event.FOR_NOW, Event.REFUSED, Event.GAVE_UP))
"""What may come of any state."""
STATES = (
    StateRow(State.GREETING, "hello (8.1)", "nothing but what the signed answer says of the hub's key and program"),
    StateRow(State.HELPING, "a recovering hub that forgot this node gets its common channel (6.6)", "–"),
    StateRow(State.SETTLING, "of each log with two histories: the common size (8.8), and ours to the hub (6.5)", "–"),
    StateRow(State.PUSHING,
             "per log: runs the hub lacks; channels first (8.2)", "receipts"),
    StateRow(State.PULLING, "runs this node lacks, until none is (8.3)", "whole runs"),
    StateRow(State.ATTACHING, "attachments (8.7); whatever comes of it, the session is done", "pieces"),
)

_ALWAYS = tuple(
    step
    for row in STATES
    for step in (
        Step(row.state, Event.NO_ANSWER, State.GREETING, "what came proves nothing; runs are halved"),
        Step(row.state, Event.FOR_NOW, State.GREETING, "a code with *retry* (10.2)"),
        Step(row.state, Event.REFUSED, State.DITOLAK, "any other code, or one to wait for (10.2)"),
        Step(row.state, Event.GAVE_UP, State.TERPUTUS, "`TROUBLES_MAX` or `SILENCES_MAX` reached"),
    )
)
STEPS = (
    Step(State.GREETING, Event.KNOWN, State.SETTLING, "a signed answer to the node's nonce, `known`"),
    Step(State.GREETING, Event.STRANGER, State.HELPING, "the same, `known` false; a second time is `unknown_key`"),
    Step(State.HELPING, Event.HANDED_OVER, State.GREETING, "all of it has a receipt"),
    Step(State.SETTLING, Event.AGREED, State.PUSHING, "no log of others has two histories any more"),
    Step(State.SETTLING, Event.HANDED_OVER, State.GREETING, "the hub was given another history"),
    Step(State.PUSHING, Event.ALL_SENT, State.PULLING, "every run has a receipt"),
    Step(State.PULLING, Event.ALL_HERE, State.ATTACHING, "nothing is missing"),
    Step(State.PULLING, Event.MORE, State.GREETING, "own changes came back, or were issued again: they lack receipts"),
    Step(State.ATTACHING, Event.DONE, State.SELESAI, "always"),
    *_ALWAYS,
)
_NEXT: Mapping[tuple[State, Event], State] = MappingProxyType({(step.state, step.event): step.next for step in STEPS})


def advance(state: State, event: Event) -> State:
    """Find the state that follows; KeyError is a defect of the caller: such an event cannot come there."""
    return _NEXT[state, event]
