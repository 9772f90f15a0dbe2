"""A node changes its key: the old key asks, the new key proves itself, the hub countersigns by writing it down."""

from __future__ import annotations

import sqlite3
from typing import Any

from hub.change import write_common
from hub.pemulihan.state import list_successors
from hub.services import HubServices
from shared.changelog.keys import verify
from shared.errors import ProtocolError
from shared.store.changes import list_logs
from shared.store.drafts import draft_create, draft_update
from shared.store.records import load_state
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
        ).fetchone()
        if known is not None and known[1] == old_key:
            simpul = known[0]
        elif known is not None:
            raise ProtocolError("out_of_scope", "key of another node")
        else:
            simpul = _rotate(conn, services, old_key, request)
        notes = list_successors(conn)
    answer = {"simpul": simpul, "kunci": request["kunci"], "echo": request["nonce"]}
    return answer | ({"rantai": notes} if notes else {})


def _rotate(conn: sqlite3.Connection, services: HubServices, old_key: str, request: dict[str, Any]) -> str:
    row = conn.execute("SELECT id, wilayah, nama, status FROM simpul WHERE kunci = ?", (old_key,)).fetchone()
    if row is None:
        raise ProtocolError("unknown_key")
    old, wilayah, nama, status = row
    if status != "aktif":
        raise ProtocolError("key_revoked")
    text = rotation_text(wilayah, old_key, request["kunci"], request["segel"])
    if not verify(bytes.fromhex(request["kunci"]), bytes.fromhex(request["bukti"]), text):
        raise ProtocolError("bad_signature", "new key does not prove itself")
    kind, simpul = services.catalogue["simpul"], services.new_id()
    drafts = [
        draft_create(kind, simpul, {
            "wilayah": wilayah, "kunci": request["kunci"], "segel": request["segel"], "pendahulu": old,
            "nama": nama, "status": "aktif",
        }),
        draft_update(kind, load_state(conn, services.catalogue, kind, services.wilayah, old), old, {
            "status": "dicabut", "sebab": REPLACED, "batas": list_cutoffs(conn, wilayah, old_key),
        }),
    ]
    write_common(services, [draft for draft in drafts if draft is not None], author="")
    return simpul


def list_cutoffs(conn: sqlite3.Connection, wilayah: str, kunci: str) -> list[str]:
    """Write the cut-offs of a key at what is held of its logs now."""
    return [f"{log.id}:{log.size}" for log in list_logs(conn, wilayah) if log.kunci.hex() == kunci]


def list_former_keys(conn: sqlite3.Connection, simpul: str) -> list[str]:
    """List the keys that the key of a node has followed, one after the other: what they have signed is its own."""
    rows = conn.execute(
        # UNION ends where records name each other in a ring.
        "WITH RECURSIVE line(id, kunci) AS ("
        " SELECT o.id, o.kunci FROM simpul s JOIN simpul o ON o.id = s.pendahulu WHERE s.id = ?"
        " UNION SELECT o.id, o.kunci FROM line l JOIN simpul s ON s.id = l.id JOIN simpul o ON o.id = s.pendahulu"
        ") SELECT kunci FROM line",
        (simpul,),
    )
    return [str(row[0]) for row in rows]
