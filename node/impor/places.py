"""Keeps imports pointing at their changes when these were issued again in another log."""

from __future__ import annotations

import json
import sqlite3

from shared.store.changes import SEQ_BITS, SEQ_MASK


def move_places(conn: sqlite3.Connection, old: int, count: int, new: int) -> None:
    """Let imports whose changes stood at ``old`` and the ``count`` places from there point to ``new``.

    What stood in other logs at the time of an import stays as it was noted.
    """
    rows = conn.execute(
        "SELECT id, first_pos, last_pos, heads FROM import_batch WHERE last_pos >= ? AND last_pos < ?",
        (old, old + count),
    ).fetchall()
    for id, first, last, heads in rows:
        if first < old:
            # Cannot be: an import is one transaction, and no copy of a database holds half of it.
            conn.execute("UPDATE import_batch SET first_pos = NULL, last_pos = NULL WHERE id = ?", (id,))
            continue
        first, last = first - old + new, last - old + new
        sizes = json.loads(heads or "{}")
        if sizes:
            sizes[str(old >> SEQ_BITS)] = old & SEQ_MASK
            sizes[str(new >> SEQ_BITS)] = (last & SEQ_MASK) + 1
        conn.execute(
            "UPDATE import_batch SET first_pos = ?, last_pos = ?, heads = ? WHERE id = ?",
            (first, last, json.dumps(sizes) if sizes else heads, id),
        )


def forget_places(conn: sqlite3.Connection, old: int, count: int) -> None:
    """Let imports whose changes stood at ``old`` and the ``count`` places from there point nowhere.

    So it is with what was issued again already, before a copy of the computer was put back: such an import stays.
    """
    conn.execute(
        "UPDATE import_batch SET first_pos = NULL, last_pos = NULL WHERE last_pos >= ? AND last_pos < ?",
        (old, old + count),
    )
