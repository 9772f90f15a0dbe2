"""Photos and scans on a stick: which go into the next file, and what the hub's answer says of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from node.services import NodeServices
from node.usb.ledger import Ledger
from shared.store.attachments import confirm, list_carried, list_held
from shared.store.carried import list_present
from shared.store.changes import list_logs


def choose_pictures(services: NodeServices, ledger: Ledger) -> dict[str, int]:
    """Choose what the hub is not known to have, and where it goes on; what it has asked for first, then small ones.

    The line may be paused because it costs money; a stick costs nothing, so that is no matter here.
    """
    due = [
        held for held in list_present(services, services.wilayah)
        if held.confirmed_s is None or held.hash in ledger.lacks
    ]
    due.sort(key=lambda held: held.hash not in ledger.lacks)
    return {held.hash: ledger.lacks.get(held.hash, 0) for held in due}


def note_lacking(services: NodeServices, conn: sqlite3.Connection, ledger: Ledger, message: Mapping[str, Any]) -> None:
    """Note what the hub lacks by its newest answer, in the ledger and of what is here; the caller keeps the ledger.

    What it names and does not lack is there. It names nothing that only changes say which it had not got then,
    and where its list, which is in order, had to end, nothing is known of what would follow.
    """
    if message["code"]:
        return  # it was refused as a whole, and says nothing of attachments
    ledger.takes_pictures = message["lacks"] is not None
    ledger.lacks = {entry["hash"]: entry["offset"] for entry in message["lacks"] or ()}
    if not ledger.takes_pictures:
        return
    sizes = {head["id"]: int(head["size"]) for head in message["logs"]}
    unheard = list_carried(conn, [(log.no, sizes.get(log.id, 0)) for log in list_logs(conn)])
    present = {held.hash for held in list_held(conn, services.wilayah) if held.whole}
    last = max(ledger.lacks, default="") if message["lacks_more"] else _BEHIND_ALL
    there = {digest for digest in present - unheard - ledger.lacks.keys() if digest < last}
    confirm(conn, services.wilayah, there, services.clock.now_s())


_BEHIND_ALL = "g"
"""Stands behind every hash."""
