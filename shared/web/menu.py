"""The main menu: what a person may open, and in which of its areas the page is that stands open."""

from __future__ import annotations

from typing import NamedTuple

from flask import current_app, request, url_for

from shared.web.guards import may_open
from shared.web.services import web


class MenuLine(NamedTuple):
    """One entry as it is drawn; ``current`` is the value of ``aria-current``, empty outside its area."""

    label: str
    url: str
    current: str


def list_menu() -> list[MenuLine]:
    """List the entries that the current person may open."""
    here = find_area(request.url_rule.rule) if request.url_rule else ""
    return [
        MenuLine(item.label, url_for(item.endpoint), _mark(item.endpoint, here))
        for item in web().navigation if may_open(item.endpoint)
    ]


def find_area(rule: str) -> str:
    """Find the entry (its endpoint) that a page belongs to: the one whose address begins the address of the page.

    An entry may name areas that lie elsewhere; the longest beginning wins. Empty for a page that no entry leads to.
    """
    path, found, length = _close(rule), "", 0
    for item in web().navigation:
        for endpoint in (item.endpoint, *item.also):
            start = _close(next(current_app.url_map.iter_rules(endpoint)).rule)
            # Everything begins with the address of the front page: it is an area of one page.
            if len(start) > length and (path == start or start != "/" and path.startswith(start)):
                found, length = item.endpoint, len(start)
    return found


def _mark(endpoint: str, area: str) -> str:
    if endpoint != area:
        return ""
    return "page" if request.endpoint == endpoint else "true"


def _close(rule: str) -> str:
    return rule.rstrip("/") + "/"
