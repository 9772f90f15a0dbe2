"""Cases of growth: what two programs agree on, how an old change reads today, in which version a new one is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vectors.case import Case

GROWN = {
    "version": 3,
    "fields": [
        {"name": "alamat", "group": "alamat"},
        {"name": "rt", "group": "wilayah_rt", "before": {"2": "alamat"}},
        {"name": "kode_pos", "group": "alamat", "since": 2},
        {"name": "suku", "since": 3},
    ],
}
"""A kind that has got a field into a group, has split that group, and has got a group of its own."""


def version_cases() -> Iterator[Case]:
    def given(own: int, own_min: int, offered: int, offered_min: int) -> dict[str, Any]:
        return {"hub": [own_min, own], "node": [offered_min, offered]}

    yield Case("version", "the same", "nothing to choose", given(1, 1, 1, 1))
    yield Case("version", "a newer node", "the highest that both speak", given(1, 1, 3, 1))
    yield Case("version", "a newer hub", "the highest that both speak", given(3, 1, 2, 1))
    yield Case("version", "node too old", "the hub has given up its version", given(3, 2, 1, 1), "node_too_old")
    yield Case("version", "hub too old", "the node has given up the hub's version", given(1, 1, 3, 2), "hub_too_old")

    yield Case("version", "answer within the offer", "the node goes on", {"node": [1, 2], "agreed": 2})
    yield Case("version", "answer in a version not offered, later", "the node ends the session as 0.8 would",
               {"node": [1, 2], "agreed": 3}, "node_too_old")
    yield Case("version", "answer in a version not offered, earlier", "the node ends the session as 0.8 would",
               {"node": [2, 3], "agreed": 1}, "hub_too_old")


def evolution_cases() -> Iterator[Case]:
    for name, why, more in (
        ("as version 1", "the group was split since: both parts are touched", {"groups": ["alamat"], "written": 1}),
        ("as version 2", "the same", {"groups": ["alamat"], "written": 2}),
        ("as today", "nothing to translate", {"groups": ["alamat"], "written": 3}),
        ("an unknown group", "stays as it is", {"groups": ["sumur"], "written": 1}),
    ):
        yield Case("evolution", f"read {name}", why, {**GROWN, **more})
    for name, why, more in (
        ("creation with an old field", "version 1 says the same", {"groups": [], "sets": ["alamat"]}),
        ("creation with a new field", "the version that brought it", {"groups": [], "sets": ["alamat", "kode_pos"]}),
        ("one part of what was split", "no earlier version can say that", {"groups": ["alamat"], "sets": ["alamat"]}),
        ("existence alone", "every version has it", {"groups": [], "sets": []}),
        ("a group of its own", "the version that brought it", {"groups": ["suku"], "sets": []}),
    ):
        yield Case("evolution", f"write {name}", why, {**GROWN, **more})
    united = {"version": 2, "fields": [
        {"name": "nik", "group": "nik", "before": {"1": "nomor"}},
        {"name": "nama", "group": "nik", "before": {"1": "nama"}},
    ]}
    yield Case("evolution", "groups put together", "an old change wrote one of them only: the other would be lost",
               {**united, "groups": [], "sets": []}, "malformed")


def all_cases() -> Iterator[Case]:
    yield from version_cases()
    yield from evolution_cases()
