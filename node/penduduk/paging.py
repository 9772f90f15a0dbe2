"""Which page of a list an address asks for."""

from __future__ import annotations

from flask import request


def read_page(total: int, rows_max: int) -> tuple[int, int]:
    """Read the page that is asked for (``?hal=``), the last one at most, and how many there are."""
    pages = max(1, -(-total // rows_max))
    text = request.args.get("hal", "")
    return min(max(1, int(text)) if text.isdecimal() and len(text) < 7 else 1, pages), pages
