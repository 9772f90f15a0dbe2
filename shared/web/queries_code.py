"""SQL of second factors: secrets as they are sealed, the last step that was used, hashes of recovery codes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple


class CodeRow(NamedTuple):
    """The second factor of an account; ``secret`` and ``pending`` are sealed, ``last_step`` was used last."""

    secret: bytes | None
    pending: bytes | None
    confirmed_s: int | None
    last_step: int


def find_factor(conn: sqlite3.Connection, account: int) -> CodeRow | None:
    """Find the second factor of an account, confirmed or not."""
    row = conn.execute(
        "SELECT secret, pending, confirmed_s, last_step FROM second_factor WHERE account = ?", (account,)
    ).fetchone()
    return None if row is None else CodeRow(*row)


def write_pending(conn: sqlite3.Connection, account: int, pending: bytes) -> None:
    """Store the secret that waits for its first code."""
    conn.execute(
        "INSERT INTO second_factor (account, pending) VALUES (?, ?)"
        " ON CONFLICT (account) DO UPDATE SET pending = excluded.pending",
        (account, pending),
    )


def confirm_pending(conn: sqlite3.Connection, account: int, now_s: int, step: int) -> None:
    """Let the waiting secret be the one that counts."""
    conn.execute(
        "UPDATE second_factor SET secret = pending, pending = NULL, confirmed_s = ?, last_step = ? WHERE account = ?",
        (now_s, step, account),
    )


def use_step(conn: sqlite3.Connection, account: int, step: int) -> bool:
    """Use up a step of the clock; tell whether it was still free."""
    changed = conn.execute(
        "UPDATE second_factor SET last_step = ? WHERE account = ? AND last_step < ? RETURNING account",
        (step, account, step),
    ).fetchall()
    return bool(changed)


def remove_factor(conn: sqlite3.Connection, account: int) -> None:
    """Take the second factor of an account away, its recovery codes with it."""
    conn.execute("DELETE FROM second_factor WHERE account = ?", (account,))
    conn.execute("DELETE FROM recovery_code WHERE account = ?", (account,))


def replace_recovery(conn: sqlite3.Connection, account: int, hashes: Iterable[bytes]) -> None:
    """Store new recovery codes; the earlier ones are void."""
    conn.execute("DELETE FROM recovery_code WHERE account = ?", (account,))
    conn.executemany("INSERT INTO recovery_code VALUES (?, ?)", [(account, digest) for digest in hashes])


def use_recovery(conn: sqlite3.Connection, account: int, digest: bytes) -> bool:
    """Use up a recovery code; tell whether there was one."""
    gone = conn.execute(
        "DELETE FROM recovery_code WHERE account = ? AND code_hash = ? RETURNING account", (account, digest)
    ).fetchall()
    return bool(gone)


def count_recovery(conn: sqlite3.Connection, account: int) -> int:
    """Count the recovery codes that are left."""
    return int(conn.execute("SELECT count(*) FROM recovery_code WHERE account = ?", (account,)).fetchone()[0])
