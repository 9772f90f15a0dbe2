"""A node changes its key: the old key asks, the new key proves itself, the hub countersigns by writing it down."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hub.change import write_common
from hub.pemulihan.state import name_successors
from hub.services import HubServices
from shared.changelog.keys import verify
from shared.errors import ProtocolError
from shared.store.changes import list_logs
from shared.store.drafts import Draft, draft_create, draft_update
from shared.store.records import load_state
from shared.store.verdicts import list_key_records
from shared.sync.enrolment import rotation_text

REPLACED = "diganti kunci baru"


def accept_rotation(services: HubServices, old_key: str, request: dict[str, Any]) -> dict[str, Any]:
    """Enrol the key that follows ``old_key`` and cut the old one off at what is held of it.

    Asking again gives the same answer, although the old key is revoked by then. Raises ProtocolError:
    unknown_key, key_revoked, bad_signature.
    """
    with services.database.write() as conn:
        known = conn.execute(
            "SELECT s.id, o.kunci FROM simpul s LEFT JOIN simpul o ON o.id = s.pendahulu WHERE s.kunci = ?",
            (request["kunci"],),
        ).fetchall()
        followers = [id for id, before in known if before == old_key]
        if followers:
            simpul = followers[0]
        elif known:
            raise ProtocolError("out_of_scope", "key of another node")
        else:
            simpul = _rotate(conn, services, old_key, request)
        notes = name_successors(conn)
    answer = {"simpul": simpul, "kunci": request["kunci"], "echo": request["nonce"]}
    return answer | ({"rantai": notes} if notes else {})


def _rotate(conn: sqlite3.Connection, services: HubServices, old_key: str, request: dict[str, Any]) -> str:
    records = list_key_records(conn, old_key)
    if not records:
        raise ProtocolError("unknown_key")
    old, wilayah, nama, status, _ = records[0]
    if status != "aktif":
        raise ProtocolError("key_revoked")
    text = rotation_text(wilayah, old_key, request["kunci"], request["segel"])
    if not verify(bytes.fromhex(request["kunci"]), bytes.fromhex(request["bukti"]), text):
        raise ProtocolError("bad_signature", "new key does not prove itself")
    kind, simpul = services.catalogue["simpul"], services.new_id()
    made = draft_create(kind, simpul, {
        "wilayah": wilayah, "kunci": request["kunci"], "segel": request["segel"], "pendahulu": old, "nama": nama,
        "status": "aktif",
    })
    ended = {"status": "dicabut", "sebab": REPLACED, "batas": list_cutoffs(conn, wilayah, old_key)}
    write_common(services, [made, *draft_records(conn, services, [one.id for one in records], ended)], author="")
    return simpul


def draft_records(
    conn: sqlite3.Connection, services: HubServices, ids: Sequence[str], changed: Mapping[str, Any]
) -> list[Draft]:
    """Change records of computers alike: what is said of a key is said in all records that it has."""
    kind = services.catalogue["simpul"]
    drafts = [
        draft_update(kind, load_state(conn, services.catalogue, kind, services.wilayah, id), id, changed) for id in ids
    ]
    return [draft for draft in drafts if draft is not None]


def list_cutoffs(conn: sqlite3.Connection, wilayah: str, kunci: str) -> list[str]:
    """Write the cut-offs of a key at what is held of its logs now."""
    return [f"{log.id}:{log.size}" for log in list_logs(conn, wilayah) if log.kunci.hex() == kunci]


def list_line(conn: sqlite3.Connection, simpul: str) -> list[str]:
    """List the keys that a computer has had, the newest first; none where there is no such record."""
    rows = conn.execute(
        # UNION ends where records name each other in a ring. A key may have several records.
        "WITH RECURSIVE line(id) AS (SELECT ? UNION SELECT other.id FROM line JOIN simpul s ON s.id = line.id"
        " JOIN simpul other ON other.id = s.pendahulu OR other.pendahulu = s.id OR other.kunci = s.kunci)"
        " SELECT s.kunci FROM line JOIN simpul s ON s.id = line.id WHERE s.kunci IS NOT NULL"
        " ORDER BY s.id DESC",
        (simpul,),
    )
    return list(dict.fromkeys(row[0] for row in rows))


class Former(NamedTuple):
    """A key that another one of the same node has followed; ``batas`` are the cut-offs of its logs, and None where a
    person has revoked it."""

    simpul: str
    kunci: str
    batas: tuple[str, ...] | None


def list_former(conn: sqlite3.Connection, simpul: str) -> list[Former]:
    """List the keys that the key of a node has followed, one after the other: what they have signed is its own."""
    rows = conn.execute(
        # UNION ends where records name each other in a ring.
        "WITH RECURSIVE line(id) AS (SELECT pendahulu FROM simpul WHERE id = ?"
        " UNION SELECT s.pendahulu FROM line JOIN simpul s ON s.id = line.id)"
        " SELECT s.id, s.kunci, s.status = 'dicabut' AND s.sebab = ?, s.batas"
        " FROM line JOIN simpul s ON s.id = line.id",
        (simpul, REPLACED),
    )
    return [
        Former(id, kunci, tuple(json.loads(batas or "[]")) if is_replaced else None)
        for id, kunci, is_replaced, batas in rows
    ]


def find_raised(conn: sqlite3.Connection, wilayah: str, former: Sequence[Former]) -> dict[str, list[str]]:
    """Find the keys that were followed, and of whose logs more is held now than when they were: simpul → cut-offs."""
    raised = {}
    for key in former:
        ends = {log: int(size) for log, _, size in (item.rpartition(":") for item in key.batas or ())}
        held = {log.id: log.size for log in list_logs(conn, wilayah) if log.kunci.hex() == key.kunci}
        if key.batas is not None and any(size > ends.get(log, 0) for log, size in held.items()):
            ends |= {log: max(size, ends.get(log, 0)) for log, size in held.items()}
            raised[key.simpul] = [f"{log}:{size}" for log, size in sorted(ends.items())]
    return raised


def raise_cutoffs(conn: sqlite3.Connection, services: HubServices, raised: Mapping[str, list[str]]) -> None:
    """Let what a followed key had signed before take effect; the hub, or the node, had lost it when the key changed."""
    drafts: list[Draft] = []
    for simpul, batas in raised.items():
        (kunci,) = conn.execute("SELECT kunci FROM simpul WHERE id = ?", (simpul,)).fetchone()
        ids = [one.id for one in list_key_records(conn, kunci) if (one.status, one.sebab) == ("dicabut", REPLACED)]
        drafts += draft_records(conn, services, ids, {"status": "dicabut", "sebab": REPLACED, "batas": batas})
    write_common(services, drafts, author="")
