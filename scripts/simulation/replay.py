"""The same changes under other clocks, and in another order: nothing of either may show (I10, I11)."""

from __future__ import annotations

import random

from shared.store.changes import SEQ_BITS
from shared.store.entries import Entry, read_entries
from shared.store.erasure import find_erased_bytes
from shared.store.records import Projector
from simulation.claims import Broken
from simulation.invariants import view_desa
from simulation.ports import TEN_YEARS_S, make_dice
from simulation.world import World
from tests.support.redelivery import redeliver


def check_clocks(world: World) -> None:
    """Fold every record of the hub again with device times drawn anew, ten years to either side.

    What was issued again twice keeps its author and its time: both copies are moved alike.
    """
    moved: dict[tuple[str, int], int] = {}
    dice, services = make_dice(world.seed, "clocks"), world.hub.services
    with services.database.read() as conn:
        positions = [row[0] for row in conn.execute("SELECT pos FROM change WHERE kind <> 'log' ORDER BY pos")]
        projector = Projector(conn, services.catalogue)
        groups: dict[tuple[str, str], list[Entry]] = {}
        for entry in read_entries(conn, positions):
            wilayah = projector.places[entry.pos >> SEQ_BITS].wilayah
            groups.setdefault((wilayah, entry.header.record), []).append(entry)
        for entries in groups.values():
            kind = projector._common_kind(entries)
            if kind is not None and projector.fold_entries(kind, entries) != projector.fold_entries(
                kind, [_move_clock(entry, dice, moved) for entry in entries]
            ):
                raise Broken(f"device times decide about a {kind.name}")


def _move_clock(entry: Entry, dice: random.Random, moved: dict[tuple[str, int], int]) -> Entry:
    said = (entry.header.author, entry.header.time_s)
    time_s = moved.setdefault(said, entry.header.time_s + dice.randrange(-TEN_YEARS_S, TEN_YEARS_S))
    return entry._replace(header=entry.header._replace(time_s=time_s))


def check_redelivery(world: World) -> None:
    """Hand all logs of the hub to an empty database, in pieces and in another order; the rows must be the hub's.

    What was erased comes with the bytes that it once had, as from an old stick: they may not stay.
    """
    services = world.hub.services
    path = world.folder / "ulang"
    with services.database.read() as conn:
        expected = {desa: dict(view_desa(conn, desa, services.catalogue)) for desa in world.desa}
        fresh = redeliver(conn, services.catalogue, path, make_dice(world.seed, "redelivery"), world.archive)
    try:
        with fresh.read() as conn:
            if left := find_erased_bytes(conn):
                raise Broken(f"erased bodies came back with an old copy: {left}")
            for desa, view in expected.items():
                found = dict(view_desa(conn, desa, services.catalogue))
                for table, rows in view.items():
                    if rows != found[table]:
                        raise Broken(f"{table} of {desa} depends on the order of delivery")
    finally:
        fresh.close()
