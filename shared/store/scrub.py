"""Takes erased bodies out of the databases that a restore has put aside (store.backup.placing): nobody opens them.

Such a copy stays one that can be opened: its logs verify, and its tables are made anew from them.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from shared.errors import SipandeError
from shared.records.catalogue import Catalogue
from shared.store.changes import SEQ_BITS, SEQ_MASK
from shared.store.connection import Database
from shared.store.erasure import KEPT_KINDS, Named, carries_erased, read_named
from shared.store.migrations import write_setting
from shared.store.side import Side
from shared.store.tables import drop_tables

ASIDE = "sebelum-pulih-*"
_log = logging.getLogger("sipande.pembersihan")


def scrub_copies(side: Side) -> int:
    """Take out of every copy put aside what the verdicts known here name; return how many copies held some of it."""
    with side.database.read() as conn:
        named = read_named(conn)
    count = 0
    for path in sorted(side.folder.path.glob(f"{ASIDE}/{side.folder.database.name}")):
        try:
            count += _scrub(path, side.catalogue, named)
        except (SipandeError, sqlite3.DatabaseError) as error:
            # Often the very reason for the restore: a damaged file, of which nothing can be told.
            _log.warning("copy put aside cannot be read: %s", type(error).__name__)
    return count


def _scrub(path: Path, catalogue: Catalogue, named: Named) -> bool:
    with closing(Database(path)) as database:
        with database.write() as conn:
            if not _drop_changes(conn, named) | _drop_branches(conn, named):
                return False
            _drop_derived(conn, catalogue)
        database.compact()
    return True


def _drop_derived(conn: sqlite3.Connection, catalogue: Catalogue) -> None:
    """Drop all tables that follow from the logs, and what imports remember."""
    tables = {row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "import_base" in tables:
        conn.execute("DELETE FROM import_base")
        conn.execute("DELETE FROM import_base_before")
    if "temuan" in tables:
        conn.execute("DELETE FROM temuan")
        conn.execute("DELETE FROM temuan_rekaman")
    drop_tables(conn, catalogue)
    write_setting(conn, "catalogue", "")  # another than that of any program: its tables are made anew


def _drop_changes(conn: sqlite3.Connection, named: Named) -> bool:
    rows = conn.execute(
        f"SELECT c.pos, l.id, c.kind, c.leaf, c.body FROM change c JOIN log l ON l.no = c.pos >> {SEQ_BITS}"
        " WHERE c.body IS NOT NULL AND c.kind NOT IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(KEPT_KINDS)),),
    )
    found = []
    for pos, log, kind, leaf, body in rows:
        digest, ref = sha256(body).digest(), f"{log}:{pos & SEQ_MASK}:{leaf[:8].hex()}"
        if digest in named.bodies or ref in named.refs or (kind == "cabang" and carries_erased(body, named.bodies)):
            found.append((digest, pos))
    conn.executemany("UPDATE change SET body = NULL, digest = ? WHERE pos = ?", found)
    return bool(found)


def _drop_branches(conn: sqlite3.Connection, named: Named) -> bool:
    rows = conn.execute("SELECT branch, seq, body FROM branch_change WHERE body IS NOT NULL")
    digests = [(sha256(body).digest(), branch, seq) for branch, seq, body in rows]
    found = [one for one in digests if one[0] in named.bodies]
    conn.executemany("UPDATE branch_change SET body = NULL, digest = ? WHERE branch = ? AND seq = ?", found)
    return bool(found)
