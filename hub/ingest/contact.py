"""When each node was last heard, with what clock and queue, and how that went; for people, never for merging."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.ingest.accept import Sender
from hub.services import HubServices
from shared.sync.codes import CODES

QUIET_S = 60
"""Contacts closer together than this, with nothing new to say, are not written again."""
DONE, SENDING = "selesai", "mengirim"
"""Results beside the codes of refusals: all that was announced is here; or it was about to come."""


def note_contact(
    services: HubServices, sender: Sender, asked: Mapping[str, Any], *, queue: int, parity: str, common_size: int,
    said_s: int | None = None,
) -> None:
    """Remember a hello (``asked``); ``common_size`` is how much of the present common channel the node holds.

    ``said_s`` is when it was said, where that was before now: a file on a stick is days under way.
    """
    now_s = services.clock.now_s()
    program = (asked["program"], asked["kinds"], asked["held"])
    said = (queue, parity, SENDING if queue else DONE, common_size, *program)
    with services.database.read() as conn:
        row = conn.execute(
            "SELECT last_s, queue, parity, result, common_size, program, kinds, held FROM contact WHERE kunci = ?",
            (sender.kunci,),
        ).fetchone()
    if row is not None and now_s - row[0] < QUIET_S and row[1:] == said:
        return
    with services.database.write() as conn:
        conn.execute(
            "INSERT OR REPLACE INTO contact (kunci, last_s, device_time_s, version, result_s, queue, parity, result,"
            " common_size, program, kinds, held, said_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (sender.kunci, now_s, asked["time"], asked["version"], now_s, *said,
             now_s if said_s is None else min(said_s, now_s)),
        )


def read_number(services: HubServices, kunci: str) -> int:
    """Give the highest number of a file on a stick that was read from a key; 0 before the first."""
    with services.database.read() as conn:
        row = conn.execute("SELECT number FROM bundle WHERE kunci = ?", (kunci,)).fetchone()
    return 0 if row is None else int(row[0])


def note_number(services: HubServices, kunci: str, number: int) -> None:
    """Remember the number of a file on a stick, where it is the highest of its key."""
    if number > read_number(services, kunci):
        with services.database.write() as conn:
            conn.execute("INSERT OR REPLACE INTO bundle (kunci, number) VALUES (?, ?)", (kunci, number))


def note_handed_over(services: HubServices, sender: Sender) -> None:
    """Remember that all that a node announced is here now."""
    _note_result(services, sender, DONE)


def note_refusal(services: HubServices, sender: Sender, code: str) -> None:
    """Remember a refusal that the node cannot mend by itself; what it repeats at once is no news."""
    if code in CODES and not CODES[code].retry:
        _note_result(services, sender, code)


def _note_result(services: HubServices, sender: Sender, result: str) -> None:
    with services.database.write() as conn:
        conn.execute(
            "UPDATE contact SET result = ?, result_s = ?, queue = CASE WHEN ? THEN 0 ELSE queue END WHERE kunci = ?",
            (result, services.clock.now_s(), result == DONE, sender.kunci),
        )
