"""SQL of the pages of penduduk: rows for a list, names behind ids, who wrote from which computer."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from node.services import NodeServices
from shared.merge.scope import Role
from shared.records.kind import Kind
from shared.store.tables import columns_of

_AMONG = " IN (SELECT value FROM json_each(?))"


class Computer(NamedTuple):
    """Where a change was written: ``confirmed`` changes of an own log are with the kecamatan."""

    name: str
    is_own: bool
    is_hub: bool
    confirmed: int
    handed_out: int


def list_dusun(conn: sqlite3.Connection, desa: str) -> dict[str, str]:
    """List the hamlets of a desa by id, in the order of their names."""
    rows = conn.execute("SELECT id, coalesce(nama, '') FROM dusun WHERE desa = ? ORDER BY nama, id", (desa,))
    return {row[0]: row[1] for row in rows}


def read_row(conn: sqlite3.Connection, kind: Kind, desa: str, id: str) -> dict[str, Any] | None:
    """Read one record as it stands; None when there is none."""
    return read_rows(conn, kind, desa, [id]).get(id)


def read_rows(
    conn: sqlite3.Connection, kind: Kind, desa: str, ids: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """Read some records of a kind by id, values as in a body."""
    listed = json.dumps(list(ids))
    columns = columns_of(kind)
    rows = conn.execute(
        f"SELECT {','.join(columns)} FROM {kind.name} WHERE desa = ? AND id{_AMONG}", (desa, listed)
    ).fetchall()
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        values = dict(zip(columns, row, strict=True))
        for name, own in kind.fields.items():
            values[name] = own.from_column(values[name])
        found[row[0]] = values
    return found


def read_titles(conn: sqlite3.Connection, kind: Kind, ids: Iterable[str]) -> dict[str, str]:
    """Give the fields that name some records of a kind, by id; programmes of the kecamatan too."""
    rows = conn.execute(
        f"SELECT id, coalesce({kind.title}, '') FROM {kind.name} WHERE id{_AMONG}", (json.dumps(list(ids)),)
    )
    return {row[0]: str(row[1]) for row in rows}


def list_deleted(conn: sqlite3.Connection, kind: str, desa: str) -> list[str]:
    """List the records of a kind that were deleted here."""
    rows = conn.execute("SELECT record FROM deleted WHERE kind = ? AND desa = ? ORDER BY record", (kind, desa))
    return [row[0] for row in rows]


def has_conflict(conn: sqlite3.Connection, desa: str, id: str) -> bool:
    """Tell whether any group of a record has several values."""
    return conn.execute("SELECT 1 FROM conflict WHERE record = ? AND desa = ?", (id, desa)).fetchone() is not None


def is_deleted(conn: sqlite3.Connection, kind: str, desa: str, id: str) -> bool:
    """Tell whether a record was deleted here, or the kecamatan has erased its content; only its history is left."""
    row = conn.execute(
        "SELECT 1 FROM deleted WHERE record = ? AND desa = ? AND kind = ? UNION ALL"
        " SELECT 1 FROM penghapusan p, json_each(coalesce(p.rekaman, '[]')) r"
        " WHERE r.value = ? AND p.desa = ? AND EXISTS (SELECT 1 FROM change WHERE record = r.value AND kind = ?)"
        " LIMIT 1",
        (id, desa, kind, id, desa, kind),
    ).fetchone()
    return row is not None


def name_petugas(conn: sqlite3.Connection, ids: Iterable[str]) -> dict[str, str]:
    """Give the names of officers, of the desa and of the kecamatan, by record id."""
    rows = conn.execute(f"SELECT id, nama FROM petugas WHERE id{_AMONG}", (json.dumps(list(ids)),))
    return {row[0]: row[1] or "" for row in rows}


def list_computers(conn: sqlite3.Connection, node: NodeServices) -> dict[str, Computer]:
    """List the logs held here by id, each with the computer that writes it."""
    heads = node.anchor.load().heads
    rows = conn.execute(
        "SELECT l.id, l.own, l.peran,"
        " coalesce((SELECT s.nama FROM simpul s WHERE s.kunci = lower(hex(l.kunci)) LIMIT 1), ''),"
        " coalesce((SELECT max(r.size) FROM receipt r WHERE r.log = l.no), 0) FROM log l"
    ).fetchall()
    return {
        id: Computer(
            _name_computer(node, bool(own), peran, name), bool(own), peran != Role.DESA.value, confirmed,
            heads.get(id, (0, ""))[0],
        )
        for id, own, peran, name, confirmed in rows
    }


def _name_computer(node: NodeServices, is_own: bool, peran: str, name: str) -> str:
    if peran != Role.DESA.value:
        return "Kecamatan"
    if is_own:
        return f"{node.nama} (komputer ini)"
    return name or "Komputer lain di desa"


def list_cases(conn: sqlite3.Connection, desa: str, record: str) -> list[Sequence[Any]]:
    """List the open cases about a record: id, summary, status."""
    return conn.execute(
        "SELECT id, coalesce(ringkasan, kode), status FROM kasus WHERE desa = ? AND status <> 'selesai'"
        " AND EXISTS (SELECT 1 FROM json_each(kasus.rekaman) r WHERE r.value = ?) ORDER BY id",
        (desa, record),
    ).fetchall()
