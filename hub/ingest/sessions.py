"""The sessions under way: what was said in each hello, as long as this process lives."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from flask import current_app

from hub.ingest.accept import Sender
from shared.errors import ProtocolError
from shared.sync.limits import limit


@dataclass(frozen=True)
class SyncSession:
    """Whose session, until when (monotonic seconds), the sizes that the node announced and those it was told."""

    key: str
    expires_s: float
    sender: Sender
    announced: dict[str, int]
    told: dict[str, int]


@dataclass
class SessionTable:
    """Nonces that this process gave out, by key; forgotten at restart, and then the node says hello again."""

    sessions: dict[str, SyncSession] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, nonce: str, session: SyncSession) -> None:
        with self.lock:
            mine = [n for n, known in self.sessions.items() if known.key == session.key]
            for old in mine[: max(0, len(mine) - limit("sessions_per_key_max") + 1)]:
                del self.sessions[old]
            self.sessions[nonce] = session

    def find(self, nonce: str, key: str, now_s: float) -> SyncSession:
        """Find the session of a nonce; ProtocolError session_expired when it is not this key's or too old."""
        with self.lock:
            found = self.sessions.get(nonce)
        if found is None or found.key != key or found.expires_s < now_s:
            raise ProtocolError("session_expired")
        return found


def sessions() -> SessionTable:
    """Give the table of the present app."""
    table: SessionTable = current_app.extensions.setdefault("sync_sessions", SessionTable())
    return table
