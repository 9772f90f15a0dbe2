"""Holds the exchanges of a vector with a hub of its own, and reads from vectors what they are cases of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from vectors.hub_stage import HubStage, read_refusal


def hold_exchange(given: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """Take all steps, one after the other, with a fresh hub; give what came of each."""
    stage = HubStage()
    try:
        return {}, [stage.take(step) for step in given["steps"]]
    finally:
        stage.close()


class Exchange(NamedTuple):
    """One request or file of a vector with its answer; ``code`` is empty where it was not refused."""

    story: str
    step: Mapping[str, Any]
    answer: Mapping[str, Any]
    code: str


def list_exchanges(vectors: Sequence[Mapping[str, Any]]) -> Iterator[Exchange]:
    """Give all exchanges of the vectors, without what people do between them."""
    for vector in vectors:
        for step, answer in zip(vector["input"]["steps"], vector["output"], strict=True):
            if "endpoint" in step:
                yield Exchange(vector["name"], step, answer, read_refusal(answer))
