"""One measured figure as the JSON object that ``scripts/bench`` prints."""

from __future__ import annotations

from typing import Any

Line = dict[str, Any]


def make_line(
    name: str, value: float, unit: str, ratio_to: str | None = None, ratio: float | None = None, *,
    limit: float | None = None, **more: Any,
) -> Line:
    """Make a line; ``reached`` says whether the figure (or its ratio) is within the limit that an issue names."""
    measured = ratio if ratio is not None else value
    line: Line = {"name": name, "value": round(value, 4), "unit": unit, "ratio_to": ratio_to,
                  "ratio": None if ratio is None else round(ratio, 2)}
    if limit is not None:
        line.update(limit=limit, reached=measured <= limit)
    line.update({key: round(v, 4) if isinstance(v, float) else v for key, v in more.items()})
    return line
