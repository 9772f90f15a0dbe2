"""Reads the SQLite files of all sides, read-only, as a person with a database browser would."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def read_rows(folder: Path, sql: str, *parameters: Any) -> list[Row]:
    """Run one query on the database of a data folder."""
    uri = f"{(folder / 'data.sqlite').absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=30)) as conn:
        conn.row_factory = sqlite3.Row
        return [dict(row) for row in conn.execute(sql, parameters)]
