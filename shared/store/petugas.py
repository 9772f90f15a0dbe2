"""The people of an office as records, beside their accounts; each side hands in its own writer."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Protocol, TypeVar

from shared.store.drafts import Draft, draft_create, draft_update
from shared.store.records import load_state
from shared.store.side import Side

S = TypeVar("S", bound=Side)
S_contra = TypeVar("S_contra", bound=Side, contravariant=True)


class Write(Protocol[S_contra]):
    """Appends drafts to the log of a side and returns their references."""

    def __call__(self, services: S_contra, drafts: Sequence[Draft], *, author: str) -> list[str]: ...


def add_petugas(services: S, write: Write[S], nama: str, jabatan: str, role: str) -> str:
    """Write a new officer; return the record id."""
    id = services.new_id()
    values = {"nama": nama, "jabatan": jabatan or None, "peran": role, "aktif": True}
    write(services, [draft_create(services.catalogue["petugas"], id, values)], author=id)
    return id


def change_petugas(
    services: S, write: Write[S], conn: sqlite3.Connection, petugas: str, author: str, **changed: object
) -> None:
    """Change fields of an officer, where there is one and they differ."""
    kind = services.catalogue["petugas"]
    state = load_state(conn, services.catalogue, kind, services.wilayah, petugas)
    draft = draft_update(kind, state, petugas, changed) if state.exists else None
    if draft is not None:
        write(services, [draft], author=author)


def list_leader_names(conn: sqlite3.Connection, roles: Sequence[str]) -> list[str]:
    """List the words of the names of whoever has one of these roles here: what a guess would begin with."""
    rows = conn.execute(
        "SELECT nama FROM petugas WHERE peran IN (SELECT value FROM json_each(?))", (json.dumps(list(roles)),)
    )
    return [word for (nama,) in rows for word in (nama or "").split() if len(word) > 3]
