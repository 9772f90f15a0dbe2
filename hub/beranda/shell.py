"""What the pages of the hub share: its services, names of its desa, figures kept until a log grows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar, cast

from flask import current_app

from hub.services import HubServices
from shared.clock import today
from shared.codes import wilayah as codes

_CACHE = "sipande_figures"
T = TypeVar("T")


def services() -> HubServices:
    """Give the open services of the current app."""
    return cast(HubServices, current_app.extensions["services"])


@lru_cache(maxsize=8)
def list_desa(kecamatan: str) -> tuple[tuple[str, str], ...]:
    """List code and name of every desa of a kecamatan, by code."""
    return tuple((place.kode, place.nama) for place in codes.children(kecamatan))


def name_place(kode: str) -> str:
    """Name a desa or kecamatan; its code where the name is not known."""
    return codes.nama(kode) or kode


def read_page(text: str | None) -> int:
    """Read the number of a page from an address; anything odd is the first page."""
    return max(1, int(text)) if text is not None and text.isdecimal() and len(text) < 7 else 1


@dataclass
class _Kept:
    """One figure with what it was computed from."""

    generation: int
    heads: tuple[int, int, date]
    value: Any


@dataclass
class _Cache:
    kept: dict[str, _Kept] = field(default_factory=dict)


def remember(name: str, compute: Callable[[sqlite3.Connection], T]) -> T:
    """Give what follows from the record tables and the date; computed again only when a log has grown.

    Logins and contacts commit as well, so an equal generation spares even the look at the logs, and another
    one alone is no reason to compute again.
    """
    hub = services()
    cache = current_app.extensions.setdefault(_CACHE, _Cache())
    kept = cache.kept.get(name)
    generation, day = hub.database.generation, today(hub.clock)
    if kept is not None and kept.generation == generation and kept.heads[2] == day:
        return cast(T, kept.value)
    with hub.database.read() as conn:
        count, size = conn.execute("SELECT count(*), coalesce(sum(size), 0) FROM log").fetchone()
        heads = (int(count), int(size), day)
        value = kept.value if kept is not None and kept.heads == heads else compute(conn)
    cache.kept[name] = _Kept(generation, heads, value)
    return cast(T, value)
