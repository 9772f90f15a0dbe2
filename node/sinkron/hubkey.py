"""The hub's key may have a successor: followed only along notes that lead there from the pinned keys."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import replace

from node.services import KnownHub, NodeServices, write_hub
from shared.changelog.keychain import find_former, follow
from shared.errors import TransportError
from shared.store.evidence import note_event
from shared.store.migrations import read_setting, write_setting
from shared.sync.messages import SUCCESSORS_MAX

_NOTES = "rantai_hub"


def follow_hub(services: NodeServices, hub: KnownHub, notes: Sequence[str], signed_key: str) -> KnownHub:
    """Pin the key that has just signed, if the notes lead to it; TransportError otherwise.

    A note of the recovery key leads to its key from any other, so notes alone would lead back too: no key that is
    known here to have been followed is pinned again, also one that this node has never met.
    """
    with services.database.read() as conn:
        former = list_replaced(conn, hub)
    steps = follow(notes, hub.wilayah, hub.kunci, hub.pemulihan, signed_key, former)
    if steps is None:
        raise TransportError("answer is not signed by the hub")
    # A note of the recovery key leads past keys that this node never met; what they have signed it will still meet.
    before = (*hub.kunci_lama, hub.kunci, *(key for step in steps for key in (step.lama, step.kunci)))
    pinned = replace(
        hub, kunci=signed_key, segel=steps[-1].segel,
        kunci_lama=tuple(key for key in dict.fromkeys(before) if key != signed_key),
    )
    with services.database.write() as conn:
        write_hub(conn, pinned)
        _keep(conn, notes)
        note_event(conn, services.clock.now_s(), "kunci_hub", "", f"kunci {signed_key[:16]}")
    return pinned


def keep_successors(services: NodeServices, notes: Sequence[str]) -> None:
    """Keep the successors that a hub has named; writes only what is news."""
    with services.database.read() as conn:
        is_known = set(notes) <= set(_read_kept(conn))
    if not is_known:
        with services.database.write() as conn:
            _keep(conn, notes)


def list_untold(services: NodeServices, told: Collection[str]) -> list[str]:
    """List the successors that are known here and that a hub has not named."""
    with services.database.read() as conn:
        return [note for note in _list_known(conn) if note not in told][:SUCCESSORS_MAX]


def recall_successors(services: NodeServices) -> list[str]:
    """Give the successors of the hub's keys that are known here, and note that the hub has forgotten them."""
    with services.database.write() as conn:
        note_event(conn, services.clock.now_s(), "hub_lama", "", "kunci lama")
        return _list_known(conn)


def list_replaced(conn: sqlite3.Connection, hub: KnownHub) -> set[str]:
    """List the keys that were the hub's before the one that is pinned: met here, or proven by successors known here."""
    keys, _ = find_former(_list_known(conn), hub.wilayah, hub.kunci, hub.pemulihan, hub.kunci_lama)
    return {*hub.kunci_lama, *keys}


def is_replaced(services: NodeServices, hub: KnownHub, kunci: str) -> bool:
    """Tell whether a key was the hub's before the one that is pinned."""
    with services.database.read() as conn:
        return kunci in list_replaced(conn, hub)


def _keep(conn: sqlite3.Connection, notes: Sequence[str]) -> None:
    kept = dict.fromkeys([*_read_kept(conn), *notes])
    write_setting(conn, _NOTES, json.dumps(list(kept)[-SUCCESSORS_MAX:]))


def _read_kept(conn: sqlite3.Connection) -> list[str]:
    kept: list[str] = json.loads(read_setting(conn, _NOTES) or "[]")
    return kept


def _list_known(conn: sqlite3.Connection) -> list[str]:
    rows = conn.execute("SELECT surat FROM kunci_hub WHERE surat IS NOT NULL ORDER BY id").fetchall()
    return list(dict.fromkeys([*_read_kept(conn), *(row[0] for row in rows)]))
