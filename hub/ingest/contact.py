"""When each node was last heard, with what clock and queue; for the operator's list, never for merging."""

from __future__ import annotations

from hub.ingest.accept import Sender
from hub.services import HubServices

QUIET_S = 60
"""Contacts closer together than this, with nothing new to say, are not written again."""


def note_contact(services: HubServices, sender: Sender, device_time_s: int, queue: int, parity: str) -> None:
    """Remember a hello."""
    now_s = services.clock.now_s()
    with services.database.read() as conn:
        row = conn.execute("SELECT last_s, queue, parity FROM contact WHERE kunci = ?", (sender.kunci,)).fetchone()
    if row is not None and now_s - row[0] < QUIET_S and row[1:] == (queue, parity):
        return
    with services.database.write() as conn:
        conn.execute(
            "INSERT OR REPLACE INTO contact (kunci, last_s, device_time_s, queue, parity) VALUES (?, ?, ?, ?, ?)",
            (sender.kunci, now_s, device_time_s, queue, parity),
        )
