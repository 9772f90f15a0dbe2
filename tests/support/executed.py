"""Counts what tests have executed, so that the run can print it: executed counts, not planned ones."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

PREFIX = "dijalankan "
Note = Callable[[str, object], None]


def note(record_property: Note, row: str, counts: Mapping[str, int]) -> None:
    """Note what one test has executed of a row of the table of proofs."""
    record_property(PREFIX + row, dict(counts))


def sum_up(reports: Iterable[Any]) -> dict[str, Counter[str]]:
    """Add up what the reports of tests say that was executed, by row."""
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for report in reports:
        for name, counts in getattr(report, "user_properties", ()):
            if name.startswith(PREFIX):
                rows[name.removeprefix(PREFIX)].update(counts)
    return dict(rows)
