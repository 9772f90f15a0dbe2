"""Who speaks, and whether the speaker's tables are ours: the same for a request and for a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from hub.ingest.accept import Sender
from hub.pemulihan.state import read_recovery
from hub.services import HubServices
from shared.errors import ProtocolError
from shared.merge.scope import Role
from shared.store.changes import Log, list_logs, root_at
from shared.store.parity import (
    Comparison,
    ParityCheck,
    claim_parity,
    compare_parity,
    compute_parity,
    name_heads,
    store_parity,
)
from shared.store.records import count_newer
from shared.store.runs import encode_root
from shared.store.verdicts import list_key_records


def look_up_sender(services: HubServices, key: str) -> Sender:
    """Find the enrolled node behind a key; ProtocolError when it may not speak."""
    with services.database.read() as conn:
        records = list_key_records(conn, key)
        asked = conn.execute("SELECT refused_s FROM candidate WHERE kunci = ?", (key,)).fetchone()
    if not records and asked is not None:
        raise ProtocolError("not_confirmed" if asked[0] is None else "not_admitted")
    if not records:
        raise ProtocolError("unknown_key")
    if records[0].status == "dicabut":
        raise ProtocolError("key_revoked")
    return Sender(records[0].id, records[0].wilayah, key)


def look_up_helper(services: HubServices, key: str, announced: Sequence[Mapping[str, Any]]) -> Sender | None:
    """Tell whether a stranger may hand over the common channel, and nothing else.

    A hub that was restored may have forgotten the enrolment of the very node that can bring it back. What
    is handed over proves itself: the hub's own key has signed it.
    """
    with services.database.read() as conn:
        held = {log.id: log for log in list_logs(conn, services.wilayah) if log.peran is Role.UMUM}
        is_evidence = read_recovery(conn) is not None or any(
            _knows_otherwise(conn, held[head["id"]], head) for head in announced if head["id"] in held
        )
    return Sender("", services.wilayah, key) if is_evidence else None


def _knows_otherwise(conn: sqlite3.Connection, log: Log, head: Mapping[str, Any]) -> bool:
    """Tell whether a head says more of a log than is held here, or another history of it."""
    if head["size"] > log.size:
        return True
    return bool(head["size"]) and encode_root(root_at(conn, log, head["size"])) != str(head["root"])


def describe_program(services: HubServices, sender: Sender, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Give the members that tell a node of another age what this program is, and what of its desa waits here."""
    with services.database.read() as conn:
        held = count_newer(conn, sender.wilayah)
    own = services.kinds
    if asked["kinds"] == own and not held:
        return {}
    kinds = {"kinds": own} if asked["kinds"] != own else {}
    return {"program": services.program.name, **kinds, **({"held": held} if held else {})}


def judge_parity(services: HubServices, sender: Sender, asked: Mapping[str, Any]) -> Comparison:
    """Compare counts and digests where both sides stand at the same heads; otherwise say nothing."""
    if not asked["parity_at"]:
        return Comparison()
    with services.database.read() as conn:
        if name_heads(conn, sender.wilayah) != asked["parity_at"]:
            return Comparison()
        mine = claim_parity(conn, services.catalogue, sender.wilayah)
        fresh = mine if mine.at else compute_parity(conn, services.catalogue, sender.wilayah)
    if not mine.at:
        with services.database.write() as conn:
            store_parity(conn, sender.wilayah, fresh)
    theirs = ParityCheck(asked["parity_at"], asked["parity"])
    return compare_parity(fresh, theirs, same_kinds=asked["kinds"] in ("", services.kinds))
