"""The projection tables, made from the catalogue; all of them can be dropped and filled again from the log."""

from __future__ import annotations

import json
import sqlite3
from hashlib import sha256

from sqlite_utils import Database as Tables

from shared.records.catalogue import Catalogue
from shared.records.fields import Lampiran
from shared.records.kind import Kind
from shared.store.migrations import read_setting, write_setting

FIXED = ("conflict", "held", "deleted")
_MADE = "kinds_made"


def make_tables(conn: sqlite3.Connection, catalogue: Catalogue) -> bool:
    """Create what is missing; tell whether a rebuild is due because the catalogue has changed."""
    _make_fixed(conn)
    tables = Tables(conn, recursive_triggers=False, execute_plugins=False)
    for kind in catalogue:
        _make_kind_table(conn, tables, kind)
    signature = _sign_catalogue(catalogue)
    before = read_setting(conn, "catalogue")
    write_setting(conn, "catalogue", signature)
    write_setting(conn, _MADE, json.dumps(sorted({*_list_made(conn), *catalogue.kinds})))
    return before is not None and before != signature


def drop_tables(conn: sqlite3.Connection, catalogue: Catalogue) -> None:
    """Drop every projection of the shared core; a side drops its own beside this.

    Also those of kinds that an earlier program had: nothing would ever empty them again.
    """
    for name in (*FIXED, *sorted({*_list_made(conn), *catalogue.kinds})):
        conn.execute(f"DROP TABLE IF EXISTS {_name(name)}")
    write_setting(conn, _MADE, "[]")


def _list_made(conn: sqlite3.Connection) -> list[str]:
    """Name the kinds that have a table here."""
    text = read_setting(conn, _MADE)
    names: list[str] = [] if text is None else json.loads(text)
    return names


def columns_of(kind: Kind) -> tuple[str, ...]:
    """Name the columns of a kind's table, in order."""
    return ("id", "desa", *kind.fields, "konflik")


def insert_sql(kind: Kind, verb: str) -> str:
    """Write the statement that stores one row; ``verb`` is INSERT or INSERT OR REPLACE."""
    columns = columns_of(kind)
    marks = ",".join("?" * len(columns))
    return f"{verb} INTO {_name(kind.name)} ({','.join(columns)}) VALUES ({marks})"


def _name(name: str) -> str:
    """Pass a table or column name that comes from the catalogue; nothing a person typed gets here."""
    if not name.replace("_", "").isalnum():
        raise ValueError(name)
    return name


def _make_fixed(conn: sqlite3.Connection) -> None:
    for statement in (
        """CREATE TABLE IF NOT EXISTS conflict (
            desa TEXT NOT NULL, record TEXT NOT NULL, kind TEXT NOT NULL, grup TEXT NOT NULL,
            status TEXT NOT NULL, heads TEXT NOT NULL, PRIMARY KEY (record, desa, grup)) STRICT""",
        """CREATE TABLE IF NOT EXISTS held (
            pos INTEGER PRIMARY KEY, desa TEXT NOT NULL, record TEXT NOT NULL, kind TEXT NOT NULL,
            alasan TEXT NOT NULL) STRICT""",
        "CREATE INDEX IF NOT EXISTS held_record ON held (record)",
        """CREATE TABLE IF NOT EXISTS deleted (
            record TEXT NOT NULL, desa TEXT NOT NULL, kind TEXT NOT NULL, PRIMARY KEY (record, desa)) STRICT""",
    ):
        conn.execute(statement)


def _make_kind_table(conn: sqlite3.Connection, tables: Tables, kind: Kind) -> None:
    name = _name(kind.name)
    table = tables.table(name)
    if not table.exists():
        columns = ["id TEXT NOT NULL", "desa TEXT NOT NULL"]
        columns += [f"{_name(field)} {spec.sql_type}" for field, spec in kind.fields.items()]
        columns += ["konflik TEXT", "PRIMARY KEY (id, desa)"]
        conn.execute(f"CREATE TABLE {name} ({', '.join(columns)}) STRICT")
    else:
        present = set(table.columns_dict)
        for field, spec in kind.fields.items():
            if field not in present:
                conn.execute(f"ALTER TABLE {name} ADD COLUMN {_name(field)} {spec.sql_type}")
    for field, spec in kind.fields.items():
        if isinstance(spec, Lampiran):
            # Partial: hardly any row has one, and every session asks which do.
            conn.execute(
                f"CREATE INDEX IF NOT EXISTS {_name(f'{name}_{field}')} ON {name} (desa, {_name(field)})"
                f" WHERE {_name(field)} IS NOT NULL"
            )
    for columns_indexed in kind.indexes:
        index = "_".join((name, *columns_indexed))
        listed = ", ".join(map(_name, columns_indexed))
        conn.execute(f"CREATE INDEX IF NOT EXISTS {_name(index)} ON {name} ({listed})")


def _sign_catalogue(catalogue: Catalogue) -> str:
    """Digest what the projections depend on: kinds, fields, groups, protection."""
    text = repr(
        [
            (k.name, k.version, k.writer.value, sorted(k.protected), k.indexes)
            + tuple((n, type(f).__name__, f.sql_type, f.length_max, k.group_of[n]) for n, f in k.fields.items())
            for k in catalogue
        ]
    )
    return sha256(text.encode()).hexdigest()
