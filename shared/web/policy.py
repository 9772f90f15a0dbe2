"""The policy of an app: a table of rights by role, and which right each route wants. Default deny.

``node/policy.py`` and ``hub/policy.py`` hold one each, on one screen. Routes ask it through their guards, templates
and views through :func:`has_right`, where a field or a choice hangs on a right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from flask import Blueprint

from shared.web.guards import TANDA_TANGAN, UMUM, Guard, PolicyError, Registration, peran
from shared.web.services import current_user, web

_OPEN = {"umum": UMUM, "tanda_tangan": TANDA_TANGAN}
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Rule(NamedTuple):
    """What a blueprint wants: a right for reading, one for everything else, and others by endpoint.

    ``others`` maps a right to endpoint names; ``proof`` names endpoints that ask for the password or code anew,
    ``*`` stands for all that write. Names are separated by spaces. The rights ``umum`` and ``tanda_tangan`` let
    everybody and signed requests pass.
    """

    read: str
    write: str
    others: Mapping[str, str] = {}
    proof: str = ""


@dataclass(frozen=True)
class Policy:
    """Rights by name with the roles that have them, and rules by name of the blueprint."""

    rights: Mapping[str, frozenset[str]]
    rules: Mapping[str, Rule] = field(default_factory=dict)

    def allows(self, role: str, right: str) -> bool:
        """Tell whether a role has a right; raises PolicyError for a right that nobody has defined."""
        if right not in self.rights:
            raise PolicyError(f"no right is named {right}")
        return role in self.rights[right]

    def register(self, *blueprints: Blueprint) -> tuple[Registration, ...]:
        """Give each blueprint its guards; raises PolicyError for one without a rule."""
        for blueprint in blueprints:
            if blueprint.name not in self.rules:
                raise PolicyError(f"blueprint {blueprint.name} has no rule")
        return tuple(Registration(blueprint, self._guard_of) for blueprint in blueprints)

    def _guard_of(self, blueprint: str, endpoints: Mapping[str, frozenset[str]]) -> Mapping[str, Guard]:
        """Find the guards of all endpoints of a blueprint, given with their methods."""
        rule = self.rules[blueprint]
        wanted = {name: right for right, names in rule.others.items() for name in names.split()}
        proof = set(rule.proof.split()) - {"*"}
        if unknown := (wanted.keys() | proof) - endpoints.keys():
            raise PolicyError(f"{blueprint}: no endpoint named {', '.join(sorted(unknown))}")
        guards = {}
        for name, methods in endpoints.items():
            reads = methods <= _READING
            guard = self._make_guard(wanted.get(name) or (rule.read if reads else rule.write))
            if name in proof or (not reads and "*" in rule.proof.split()):
                guard = guard.with_proof()
            guards[name] = guard
        return guards

    def _make_guard(self, right: str) -> Guard:
        if right in _OPEN:
            return _OPEN[right]
        if right not in self.rights:
            raise PolicyError(f"no right is named {right}")
        return peran(*self.rights[right])


def read_rights(table: str) -> dict[str, frozenset[str]]:
    """Read a drawn table: roles in its first line, then a right and for each role ``x`` for yes or ``.`` for no.

    Raises PolicyError for a line that does not fit.
    """
    first, *lines = (line for line in table.strip().splitlines() if line.strip())
    roles = first.split()
    rights: dict[str, frozenset[str]] = {}
    for line in lines:
        name, *signs = line.split()
        if name in rights or len(signs) != len(roles) or not set(signs) <= {"x", "."}:
            raise PolicyError(f"the table of rights does not fit at {name}")
        rights[name] = frozenset(role for role, sign in zip(roles, signs, strict=True) if sign == "x")
    return rights


def has_right(right: str) -> bool:
    """Tell whether the current user has a right; nobody has any before the login."""
    user, policy = current_user(), web().policy
    return user is not None and policy is not None and policy.allows(user.role, right)
