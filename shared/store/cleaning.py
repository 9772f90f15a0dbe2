"""After bodies were dropped: cleans what remains of them out of the files of one side, until that is done.

The database says that it is due (store.erasure), so a crash, a full disk or a reader that holds old pages
only puts it off.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from shared.store.blobs import sweep_side
from shared.store.erasure import DUE, is_due
from shared.store.outbox import Outbox
from shared.store.scrub import scrub_copies
from shared.store.side import Side


def clean_when_due(side: Side, forget: Callable[[sqlite3.Connection], object] | None = None) -> bool:
    """Clean the files of a side where bodies were dropped since the last time; tell whether that is done now.

    ``forget`` takes out what this side keeps beside the logs. Bundles that wait to be fetched and attachments that
    only erased changes named go first, then what restores have put aside is cleaned, and the database written anew.
    Not inside a transaction.
    EnvironmentProblem when the disk is full.
    """
    with side.database.read() as conn:
        if not is_due(conn):
            return False
    if forget is not None:
        with side.database.write() as conn:
            forget(conn)
    Outbox(side.folder).empty()
    sweep_side(side)
    scrub_copies(side)
    if not side.database.compact():
        return False
    with side.database.write() as conn:
        conn.execute("DELETE FROM setting WHERE name = ?", (DUE,))
    return True
