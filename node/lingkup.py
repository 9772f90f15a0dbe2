"""What a kepala dusun sees: the people of the own dusun, on every page that is open to that role.

The index of people is what lists, searches, exports and counts are made of, so it is narrowed there; and a record that
an address names must be of the own dusun, else it is not found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import abort, request
from flask.typing import ResponseReturnValue

from node.beranda.desk import keep
from node.penduduk.index import Family, PeopleIndex, Person, read_number
from node.roles import ROLES
from shared.web.guards import Guard
from shared.web.services import current_user

_HELD = frozenset(role.name for role in ROLES if role.has_area)
NOWHERE = "-"
"""The dusun of an account that was given none: nobody lives there."""


def own_area() -> str:
    """Give the dusun that the current user is held to, empty for everybody else."""
    user = current_user()
    return (user.area or NOWHERE) if user is not None and user.role in _HELD else ""


def people_index() -> PeopleIndex:
    """Give the people whom the current user may see."""
    area = own_area()
    return AreaIndex(_whole_index(), area) if area else _whole_index()


def own_dusun(dusun: Mapping[str, str]) -> dict[str, str]:
    """Keep of all dusun (id → name) those that the current user may choose from."""
    area = own_area()
    return {id: name for id, name in dusun.items() if area in ("", id)}


def _whole_index() -> PeopleIndex:
    return keep("penduduk", PeopleIndex)


def hold_to_area(guard: Guard) -> ResponseReturnValue | None:
    """Let a request pass unless its address names somebody of another dusun: that is not found."""
    area = own_area()
    # Whatever is neither text nor number in an address is the id of a record.
    ids = [str(value) for value in (request.view_args or {}).values() if not isinstance(value, (str, int))]
    if not area or not ids:
        return None
    index = _whole_index()
    families = index.families()
    for id in ids:
        found: Person | Family | None = index.get(id) or families.get(id)
        if found is None or found.dusun != area:
            abort(404)
    return None


def may_see_family(family: str) -> bool:
    """Tell whether the page of a family card opens to the current user, for a link to it."""
    return bool(family) and (not own_area() or family in people_index().families())


class AreaIndex(PeopleIndex):
    """The people of one dusun, out of the index of all."""

    def __init__(self, whole: PeopleIndex, area: str) -> None:
        self._whole, self._area = whole, area

    def people(self) -> Sequence[Person]:
        return self._narrow(self._whole.people())

    def get(self, id: str) -> Person | None:
        person = self._whole.get(id)
        return person if person is not None and person.dusun == self._area else None

    def families(self) -> dict[str, Family]:
        return {id: family for id, family in self._whole.families().items() if family.dusun == self._area}

    def members(self) -> dict[str, list[Person]]:
        groups = {id: self._narrow(group) for id, group in self._whole.members().items()}
        return {id: group for id, group in groups.items() if group}

    def search(self, text: str) -> Sequence[Person]:
        # A part of a number is no way in: figure by figure it would tell a NIK that stays masked for this role.
        return [] if read_number(text) else self._narrow(self._whole.search(text))

    def _narrow(self, people: Sequence[Person]) -> list[Person]:
        return [person for person in people if person.dusun == self._area]
