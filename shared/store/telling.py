"""Lets a check go on where what it reads is damaged: the damage becomes one of its sentences, and never an error."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import ParamSpec

from shared.errors import SipandeError, TransportError, UserError

_UNREADABLE = (
    SipandeError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError, MemoryError,
    sqlite3.Error,
)
"""What reading damaged bytes can raise."""
_DAMAGED = ("decode", "no such table", "no such column", "has no column")
"""Signs of text that is none, and of a schema that was changed: its names are stored in the file like all else."""
P = ParamSpec("P")


def is_damage(error: BaseException) -> bool:
    """Tell whether an error comes from what is stored, and not from a person, the machine or the line."""
    if isinstance(error, (UserError, TransportError)):
        return False
    if isinstance(error, sqlite3.OperationalError):
        return any(sign in str(error).lower() for sign in _DAMAGED)  # else locked, full or broken off
    return isinstance(error, _UNREADABLE)


def listing(sentence: str, check: Callable[P, Iterable[str]], *args: P.args, **kwargs: P.kwargs) -> list[str]:
    """List what a check finds, and ``sentence`` where what it reads is too damaged to be read."""
    found: list[str] = []
    try:
        found.extend(check(*args, **kwargs))
    except _UNREADABLE as error:
        if not is_damage(error):
            raise
        found.append(sentence)
    return found


@contextmanager
def reading_any_text(conn: sqlite3.Connection) -> Iterator[None]:
    """Read text that is none as well: with marks in it, so that it fits nothing that was signed."""
    before = conn.text_factory
    conn.text_factory = lambda raw: raw.decode(errors="replace")
    try:
        yield
    finally:
        conn.text_factory = before
