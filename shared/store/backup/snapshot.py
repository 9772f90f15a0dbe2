"""One moment of the database as a file of its own, in which every own log is signed to its end.

Signed, because the key may be gone when the file is needed: what nobody has signed, another key could not prove to
the kecamatan. The anchor is raised first, as before anything else that leaves the machine.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from shared.changelog.checkpoint import Signer
from shared.errors import DamageError
from shared.store.changes import list_logs
from shared.store.runs import encode_root, sign_size
from shared.store.side import Side
from shared.store.tables import _name


def take_snapshot(side: Side, target: Path) -> None:
    """Copy one moment of the database into a new file for its owner alone; writers go on beside it.

    Raises DamageError when the database cannot be read, OSError and sqlite3.DatabaseError when the copy
    cannot be written.
    """
    # Made here and not by SQLite, so that nobody else can read it from its first byte on.
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(open_copy(side.folder.database)) as conn:
            conn.execute("VACUUM INTO ?", (str(target),))
        _sign_heads(side, target)
    except sqlite3.DatabaseError as error:
        if "malformed" in str(error) or "not a database" in str(error):
            raise DamageError("database cannot be copied") from error
        raise


def open_copy(path: Path) -> sqlite3.Connection:
    """Open a database for reading alone."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30, isolation_level=None)


def _sign_heads(side: Side, copy: Path) -> None:
    with closing(sqlite3.connect(copy, isolation_level=None)) as conn:
        for log in list_logs(conn):
            key = side.keys.find_signing(log.kunci)
            if not log.own or key is None or not log.size:
                continue
            side.anchor.raise_to(log.id, log.size, encode_root(log.root()))
            note = sign_size(conn, log, log.size, Signer(log.origin, key))
            conn.execute("UPDATE log SET checkpoint = ?, proof = x'' WHERE no = ?", (note, log.no))


def count_rows(conn: sqlite3.Connection) -> dict[str, int]:
    """Count the rows of every table."""
    names = [
        str(row[0]) for row in conn.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        )
    ]
    return {name: int(conn.execute(f"SELECT count(*) FROM {_name(name)}").fetchone()[0]) for name in names}


def measure_logs(conn: sqlite3.Connection) -> dict[str, int]:
    """Tell the size of every log."""
    return dict(conn.execute("SELECT id, size FROM log ORDER BY no").fetchall())
