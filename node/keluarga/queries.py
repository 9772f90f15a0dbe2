"""SQL of the pages of dusun: who and what points to one."""

from __future__ import annotations

import sqlite3

from shared.records.catalogue import Catalogue
from shared.records.fields import Rujukan
from shared.records.kind import Kind


def list_pointing(
    conn: sqlite3.Connection, catalogue: Catalogue, desa: str, kind: Kind, id: str
) -> dict[str, list[tuple[str, str, str]]]:
    """List what points to a record, by kind: id, the field that points, the groups in conflict."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for other in catalogue:
        for name, own in other.fields.items():
            if isinstance(own, Rujukan) and own.kind == kind.name:
                rows = conn.execute(
                    f"SELECT id, coalesce(konflik, '') FROM {other.name} WHERE desa = ? AND {name} = ? ORDER BY id",
                    (desa, id),
                )
                found.setdefault(other.name, []).extend((row[0], name, row[1]) for row in rows)
    return {name: rows for name, rows in found.items() if rows}
