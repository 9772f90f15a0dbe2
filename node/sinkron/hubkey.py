"""The hub's key may have a successor: followed only along notes that lead there from the pinned keys."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from node.services import KnownHub, NodeServices, write_hub
from shared.changelog.keychain import follow
from shared.errors import TransportError
from shared.store.evidence import note_event
from shared.store.migrations import read_setting, write_setting

_NOTES = "rantai_hub"


def follow_hub(services: NodeServices, hub: KnownHub, notes: Sequence[str], signed_key: str) -> KnownHub:
    """Pin the key that has just signed, if the notes lead to it; TransportError otherwise."""
    steps = follow(notes, hub.wilayah, hub.kunci, hub.pemulihan, signed_key, hub.kunci_lama)
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
        write_setting(conn, _NOTES, json.dumps(list(notes)))
        note_event(conn, services.clock.now_s(), "kunci_hub", "", f"kunci {signed_key[:16]}")
    return pinned


def recall_successors(services: NodeServices) -> list[str]:
    """Give the successors of the hub's keys that are known here, and note that the hub has forgotten them."""
    with services.database.write() as conn:
        rows = conn.execute("SELECT surat FROM kunci_hub WHERE surat IS NOT NULL ORDER BY id").fetchall()
        kept: list[str] = json.loads(read_setting(conn, _NOTES) or "[]")
        note_event(conn, services.clock.now_s(), "hub_lama", "", "kunci lama")
    return list(dict.fromkeys([*kept, *(row[0] for row in rows)]))
