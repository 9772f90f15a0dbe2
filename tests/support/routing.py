"""Lets the applications of a test run share what Werkzeug compiles for each rule of the same words.

Almost every test of a page makes an application of its own, and half of its time went into compiling the same two
hundred rules again. A program makes one application and gains nothing by it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

_COMPILE = "_compile_builder"


def share_builders() -> None:
    """Remember the functions that build URLs: they depend on a rule's words and defaults alone."""
    compile_builder = getattr(Rule, _COMPILE)
    known: dict[tuple[Any, ...], Callable[..., tuple[str, str]]] = {}

    def look_up(rule: Any, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (tuple(rule._trace), tuple(sorted((rule.defaults or {}).items())), append_unknown)
        if key not in known:
            known[key] = compile_builder(rule, append_unknown)
        return known[key]

    setattr(Rule, _COMPILE, look_up)
