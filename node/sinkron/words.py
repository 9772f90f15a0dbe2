"""The six words of the last enrolment, for the page where two people compare them."""

from __future__ import annotations

from node.beranda.desk import keep
from node.services import NodeServices


class SixWords:
    """Only in memory, since they are compared once by telephone."""

    def __init__(self, node: NodeServices) -> None:
        self.words: tuple[str, ...] = ()


def six_words() -> SixWords:
    """Give the words of the current app."""
    return keep("enam_kata", SixWords)
