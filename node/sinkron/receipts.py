"""What the node does with a receipt, from an answer or from a stick: nothing moves unless it verifies."""

from __future__ import annotations

import sqlite3

from node.services import KnownHub, NodeServices
from shared.changelog.checkpoint import open_receipt_of
from shared.errors import ProtocolError, TransportError
from shared.store.changes import Log, Receipt, add_receipt, find_log, root_at


def count_receipted(conn: sqlite3.Connection, log: Log) -> int:
    """Tell how many changes of a log have a receipt."""
    row = conn.execute("SELECT max(size) FROM receipt WHERE log = ?", (log.no,)).fetchone()
    return row[0] or 0


def keep_receipt(services: NodeServices, hub: KnownHub, note: bytes) -> None:
    """Store a receipt of the pinned hub for bytes that are held here; TransportError when it is anything else."""
    try:
        checkpoint, time_s = open_receipt_of(note, hub.cosigners())
    except ProtocolError:
        raise TransportError("receipt does not verify") from None
    with services.database.write() as conn:
        log = find_log(conn, checkpoint.origin.rsplit("/", 1)[-1])
        if log is None or log.origin != checkpoint.origin or checkpoint.size > log.size:
            raise TransportError("receipt for another log")
        if checkpoint.size and root_at(conn, log, checkpoint.size) != checkpoint.root:
            raise TransportError("receipt for other bytes")
        add_receipt(conn, log, Receipt(checkpoint.size, time_s, note))
