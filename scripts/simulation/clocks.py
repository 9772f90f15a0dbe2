"""One history told twice, the second time by clocks that are up to ten years wrong: all but the times is the same.

Most histories are played on the production store, several records of two desa with verdicts; every so many one is
played by real nodes and a real hub. What is compared: tables, conflicts, what is held, parity, findings, cases.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub.services import HubServices
from hub.verval import findings
from hub.verval.cases import update_cases
from hub.verval.queries import list_findings
from node.services import NodeServices
from running.memory import make_folder
from shared.merge.scope import Role
from shared.records.catalogue import CATALOGUE
from shared.store.changes import SEQ_BITS
from shared.store.parity import compute_parity
from shared.store.tables import columns_of
from tests.support.federation import Federation
from tests.support.histories import DESA, DESA_LAIN, TEN_YEARS_S, Step
from tests.support.office import create, delete, live, rows, update
from tests.support.replica import Replica, World, interleave

HISTORIES = 50
"""Of one seed of the long run."""
REAL_EVERY = 50
"""Every so many histories one is played by real nodes and a real hub."""
STEPS_MAX = 24
_LEAF = re.compile(r"([0-9a-f]{32}:\d+):[0-9a-f]{16}")
_DIGEST = re.compile(r'"[0-9a-f]{64}"')

Clock = Callable[[int], int]
View = dict[str, Any]


def play(seed: int) -> Counter[str]:
    """Play one seed of the long run ``clocks``; AssertionError where a clock decided something."""
    return play_histories(seed, HISTORIES)


def play_histories(seed: int, count: int) -> Counter[str]:
    """Play ``count`` histories of a seed, each by right clocks and by wrong ones."""
    dice, done = random.Random(f"clocks/{seed}"), Counter[str]()
    for number in range(count):
        told = _tell_really if number % REAL_EVERY == REAL_EVERY - 1 else _tell_on_the_store
        script, order = dice.randbytes(16), dice.randbytes(16)
        with make_folder() as folder:
            right = told(Path(folder, "benar"), script, order, lambda name: lambda time_s: time_s)
        clocks = {name: draw_clock(dice) for name in range(16)}
        # The wrong clocks come with another order of arrival where the store is played: neither may matter.
        with make_folder() as folder:
            wrong = told(Path(folder, "salah"), script, dice.randbytes(16), lambda name: clocks[name % 16])
        for part, rows_of in right.items():
            assert wrong[part] == rows_of, f"seed {seed}, history {number}: {part} depends on clocks"
        done.update(histories=1, changes=right["changes"], real=told is _tell_really)
    return done


def draw_clock(dice: random.Random) -> Clock:
    """Draw a clock: moved, running backwards, standing still, jumping, before 1970, or forgetful at every start."""
    shift, start, pace = dice.randint(-TEN_YEARS_S, TEN_YEARS_S), dice.randint(0, TEN_YEARS_S), dice.randint(2, 9)
    jumps = random.Random(dice.random())
    return dice.choice((
        lambda time_s: time_s + shift,
        lambda time_s: 2 * start - time_s,
        lambda time_s: start,
        lambda time_s: time_s + jumps.randint(-TEN_YEARS_S, TEN_YEARS_S),
        lambda time_s: -(time_s % start) - 1 if start else -1,
        lambda time_s: time_s % (pace * 86_400),
    ))


# On the store ------------------------------------------------------------------------------------------------


def _tell_on_the_store(folder: Path, script: bytes, order: bytes, clock: Callable[[int], Clock]) -> View:
    """Let many write on several records, each by its clock, and give what a hub shows once it has all."""
    folder.mkdir()
    dice, world = random.Random(script), World()
    for at, buku in enumerate(world.buku):
        buku.clock = clock(at)
    for _ in range(dice.randint(4, STEPS_MAX)):
        world.play(dice.randrange(256), draw_step(dice))
    dealt = random.Random(order)
    with Replica(folder / "hub.sqlite", observe=findings.observe) as replica:
        with replica.database.write() as conn:
            findings.make_tables(conn)
        for delivery in interleave(world.buku, [dealt.randrange(1000) for _ in range(60)]):
            replica.deliver(delivery)
        with replica.database.read() as conn:
            return {
                "tables": _plain(replica.tables()),
                "parity": [compute_parity(conn, CATALOGUE, desa).kinds for desa in (DESA, DESA_LAIN)],
                "findings": sorted((row.kode, row.desa, row.rekaman) for row in list_findings(conn)),
                "history": [(change.buku.id, change.header.seq) for change in world.order],
                "changes": len(world.order),
            }


def draw_step(dice: random.Random) -> Step:
    """Draw what happens next, as the strategies of tests/support/histories.py do."""
    return Step(dice.randrange(4), dice.randrange(256), dice.randrange(16), dice.randrange(16), dice.randrange(4))


def _plain(value: object) -> str:
    """Write a value without the hashes in references: they cover the time, the places do not.

    An erasure also lists the digests of bodies, and the body of a decision names references.
    """
    return _DIGEST.sub("", _LEAF.sub(r"\1", repr(value)))


# By real nodes and a real hub ----------------------------------------------------------------------------------


class _Wrong:
    """A clock of one machine."""

    def __init__(self, true: Any, shown: Clock) -> None:
        self._true, self._shown = true, shown

    def now_s(self) -> int:
        # The time of a record's id has no sign.
        return max(0, self._shown(self._true.now_s()))

    def monotonic_s(self) -> float:
        return float(self._true.monotonic_s())


def _tell_really(folder: Path, script: bytes, order: bytes, clock: Callable[[int], Clock]) -> View:
    """Let two computers of a desa and a hub work a day, each by its clock; ids are told by who was made when."""
    dice = random.Random(script)
    folder.mkdir()
    federation = Federation(folder)
    made: list[str] = []
    try:
        nodes = [federation.add_node(name) for name in "ab"]
        for at, side in enumerate((*nodes, federation.hub)):
            side.clock = _Wrong(federation.clock, clock(at))
            side.new_id._clock = side.clock
        for _ in range(20):
            federation.clock.now += dice.choice((1, 60, 86_400))
            _work(federation, dice, made)
        federation.sync_all(3)
        update_cases(federation.hub)
        federation.sync_all(2)
        return _view_really(federation, made)
    finally:
        federation.close()


def _work(federation: Federation, dice: random.Random, made: list[str]) -> None:
    node, what, text = dice.choice(list(federation.nodes.values())), dice.randrange(8), f"{dice.randrange(5):03d}"
    known = [record for record in made if live(node, record, "id")]
    if what < 2 or not known:
        made.append(create(node, nama=f"WARGA {text}", nik=f"33039901019000{dice.randrange(2, 5):02d}"))
    elif what < 5:
        record, name = dice.choice(known), dice.choice(("telepon", "rt", "nik"))
        value = text if name != "nik" else f"3303990101900{text}"
        if live(node, record, name) != value:
            update(node, record, **{name: value})
    elif what == 5 and len(known) > 2:
        delete(node, dice.choice(known))
    else:
        federation.sync(node)


def _view_really(federation: Federation, made: list[str]) -> View:
    names = {id: f"#{at}" for at, id in enumerate(made)}

    def rename(text: object) -> str:
        plain = repr(text)
        for id, name in names.items():
            plain = plain.replace(id, name)
        return plain

    columns = ",".join(columns_of(CATALOGUE["penduduk"]))
    sides: tuple[HubServices | NodeServices, ...] = (federation.hub, *federation.nodes.values())
    found: View = {
        f"penduduk {at}": sorted(map(rename, rows(side, f"SELECT {columns} FROM penduduk")))
        for at, side in enumerate(sides)
    }
    found["deleted"] = sorted(rename(row) for row in rows(federation.hub, "SELECT record FROM deleted"))
    found["cases"] = sorted(rename(row) for row in rows(federation.hub, "SELECT kode, status FROM kasus"))
    found["findings"] = sorted(rename(row) for row in rows(federation.hub, "SELECT kode, desa FROM temuan"))
    # A hub gives numbers of letters for the year that it believes to be in.
    found["places"] = rows(
        federation.hub, f"SELECT l.peran, count(*) - (l.peran = '{Role.SALURAN}') * (SELECT count(*) FROM blok_nomor)"
        f" FROM change c JOIN log l ON l.no = c.pos >> {SEQ_BITS} GROUP BY l.no ORDER BY l.no",
    )
    found["changes"] = sum(row[1] for row in found["places"])
    return found
