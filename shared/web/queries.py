"""SQL of accounts, sessions, failed logins, one-time codes and the access audit."""

from __future__ import annotations

import sqlite3
from typing import Any, NamedTuple


class AccountRow(NamedTuple):
    """One account; ``password`` is a PHC string, ``petugas`` the record id of the person."""

    no: int
    name: str
    password: str
    role: str
    petugas: str
    active: int
    created_s: int
    area: str = ""


class AccountLine(NamedTuple):
    """One account with the person it belongs to, as a list shows it."""

    no: int
    name: str
    role: str
    active: int
    nama: str
    jabatan: str
    area: str
    has_code: int


class SessionRow(NamedTuple):
    """One open session with the account that it belongs to, as both stand now."""

    no: int
    account: int
    name: str
    role: str
    petugas: str
    created_s: int
    proved_s: int
    seen_s: int
    address: str
    agent: str
    area: str
    has_code: int


_HAS_CODE = "EXISTS (SELECT 1 FROM second_factor f WHERE f.account = a.no AND f.confirmed_s IS NOT NULL)"
_ACCOUNT = "SELECT no, name, password, role, petugas, active, created_s, area FROM account"
_SESSION = (
    "SELECT s.no, a.no, a.name, a.role, a.petugas, s.created_s, s.proved_s, s.seen_s, s.address, s.agent, a.area,"
    f" {_HAS_CODE} FROM session AS s JOIN account AS a ON a.no = s.account"
)


def has_account(conn: sqlite3.Connection) -> bool:
    """Tell whether anybody was ever given an account."""
    return conn.execute("SELECT 1 FROM account LIMIT 1").fetchone() is not None


def count_active(conn: sqlite3.Connection, role: str) -> int:
    """Count the accounts of a role that may log in."""
    row = conn.execute("SELECT count(*) FROM account WHERE role = ? AND active = 1", (role,)).fetchone()
    return int(row[0])


def find_account(conn: sqlite3.Connection, name: str) -> AccountRow | None:
    """Find an account by its normalised name."""
    row = conn.execute(_ACCOUNT + " WHERE name = ?", (name,)).fetchone()
    return None if row is None else AccountRow(*row)


def get_account(conn: sqlite3.Connection, no: int) -> AccountRow | None:
    """Find an account by its number."""
    row = conn.execute(_ACCOUNT + " WHERE no = ?", (no,)).fetchone()
    return None if row is None else AccountRow(*row)


def list_accounts(conn: sqlite3.Connection) -> list[AccountRow]:
    """List all accounts by name."""
    return [AccountRow(*row) for row in conn.execute(_ACCOUNT + " ORDER BY name")]


def list_account_lines(conn: sqlite3.Connection) -> list[AccountLine]:
    """List all accounts with their people, active ones first."""
    rows = conn.execute(
        "SELECT a.no, a.name, a.role, a.active, coalesce(max(p.nama), ''), coalesce(max(p.jabatan), ''), a.area,"
        f" {_HAS_CODE}"
        " FROM account AS a LEFT JOIN petugas AS p ON p.id = a.petugas"
        " GROUP BY a.no ORDER BY a.active DESC, a.name"
    )
    return [AccountLine(*row) for row in rows]


def add_account(
    conn: sqlite3.Connection, name: str, password: str, role: str, petugas: str, now_s: int
) -> int | None:
    """Insert an account and return its number; None when the name is taken."""
    row = conn.execute(
        "INSERT INTO account (name, password, role, petugas, active, created_s) VALUES (?, ?, ?, ?, 1, ?)"
        " ON CONFLICT (name) DO NOTHING RETURNING no",
        (name, password, role, petugas, now_s),
    ).fetchall()
    return int(row[0][0]) if row else None


def set_password(conn: sqlite3.Connection, no: int, password: str) -> None:
    """Replace the stored hash of an account."""
    conn.execute("UPDATE account SET password = ? WHERE no = ?", (password, no))


def set_active(conn: sqlite3.Connection, no: int, active: bool) -> None:
    """Let an account log in, or stop it."""
    conn.execute("UPDATE account SET active = ? WHERE no = ?", (int(active), no))


def set_role(conn: sqlite3.Connection, no: int, role: str) -> None:
    """Give an account another role."""
    conn.execute("UPDATE account SET role = ? WHERE no = ?", (role, no))


def set_area(conn: sqlite3.Connection, no: int, area: str) -> None:
    """Say which part of the place an account sees."""
    conn.execute("UPDATE account SET area = ? WHERE no = ?", (area, no))


def find_session(conn: sqlite3.Connection, id_hash: bytes) -> SessionRow | None:
    """Find the session of an active account by the hash of its id."""
    row = conn.execute(_SESSION + " WHERE s.id_hash = ? AND a.active = 1", (id_hash,)).fetchone()
    return None if row is None else SessionRow(*row)


def list_sessions(conn: sqlite3.Connection, account: int | None) -> list[SessionRow]:
    """List the open sessions of one account, or of all, latest use first."""
    return [
        SessionRow(*row)
        for row in conn.execute(
            _SESSION + " WHERE ? IS NULL OR s.account = ? ORDER BY s.seen_s DESC, s.no DESC",
            (account, account),
        )
    ]


def add_session(
    conn: sqlite3.Connection, id_hash: bytes, account: int, now_s: int, address: str, agent: str
) -> None:
    """Open a session whose owner has just typed the password."""
    conn.execute(
        "INSERT INTO session (id_hash, account, created_s, proved_s, seen_s, address, agent)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (id_hash, account, now_s, now_s, now_s, address, agent),
    )


def touch_session(conn: sqlite3.Connection, no: int, now_s: int) -> None:
    """Note that a session was used; an earlier time than the stored one changes nothing."""
    conn.execute("UPDATE session SET seen_s = max(seen_s, ?) WHERE no = ?", (now_s, no))


def prove_session(conn: sqlite3.Connection, no: int, now_s: int) -> None:
    """Note that the owner of a session has typed the password again."""
    conn.execute("UPDATE session SET proved_s = ?, seen_s = ? WHERE no = ?", (now_s, now_s, no))


def end_session(conn: sqlite3.Connection, no: int) -> None:
    """End one session."""
    conn.execute("DELETE FROM session WHERE no = ?", (no,))


def end_session_by_hash(conn: sqlite3.Connection, id_hash: bytes) -> None:
    """End the session that a cookie names."""
    conn.execute("DELETE FROM session WHERE id_hash = ?", (id_hash,))


def end_sessions(conn: sqlite3.Connection, account: int, keep: int | None) -> None:
    """End all sessions of an account but one."""
    conn.execute("DELETE FROM session WHERE account = ? AND no IS NOT ?", (account, keep))


def end_old_sessions(conn: sqlite3.Connection, account: int, seen_before_s: int, created_before_s: int,
                     keep_count: int) -> None:
    """End what has expired, and the longest unused sessions of an account beyond a number."""
    conn.execute("DELETE FROM session WHERE seen_s < ? OR created_s < ?", (seen_before_s, created_before_s))
    conn.execute(
        "DELETE FROM session WHERE account = ? AND no NOT IN"
        " (SELECT no FROM session WHERE account = ? ORDER BY seen_s DESC, no DESC LIMIT ?)",
        (account, account, keep_count),
    )


def read_failures(conn: sqlite3.Connection, subject: str) -> tuple[int, int]:
    """Read how often a subject failed and when last; (0, 0) when never."""
    row = conn.execute("SELECT count, last_s FROM login_failure WHERE subject = ?", (subject,)).fetchone()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


def write_failures(conn: sqlite3.Connection, subject: str, count: int, last_s: int) -> None:
    """Store how often a subject failed; a count of zero forgets it."""
    if count <= 0:
        conn.execute("DELETE FROM login_failure WHERE subject = ?", (subject,))
    else:
        conn.execute("INSERT OR REPLACE INTO login_failure VALUES (?, ?, ?)", (subject, count, last_s))


def forget_failures(conn: sqlite3.Connection, before_s: int) -> None:
    """Forget what failed long ago."""
    conn.execute("DELETE FROM login_failure WHERE last_s < ?", (before_s,))


def write_code(conn: sqlite3.Connection, purpose: str, code_hash: bytes, expires_s: int) -> None:
    """Store the hash of a new code; an earlier code for the same purpose is void."""
    conn.execute("INSERT OR REPLACE INTO one_time_code VALUES (?, ?, ?, 0)", (purpose, code_hash, expires_s))


def read_code(conn: sqlite3.Connection, purpose: str) -> tuple[bytes, int, int] | None:
    """Read hash, expiry and wrong attempts of the code for a purpose."""
    row: Any = conn.execute(
        "SELECT code_hash, expires_s, attempts FROM one_time_code WHERE purpose = ?", (purpose,)
    ).fetchone()
    return None if row is None else (bytes(row[0]), int(row[1]), int(row[2]))


def count_attempt(conn: sqlite3.Connection, purpose: str) -> None:
    """Count a wrong code."""
    conn.execute("UPDATE one_time_code SET attempts = attempts + 1 WHERE purpose = ?", (purpose,))


def remove_code(conn: sqlite3.Connection, purpose: str) -> None:
    """Void the code for a purpose."""
    conn.execute("DELETE FROM one_time_code WHERE purpose = ?", (purpose,))


def add_audit(
    conn: sqlite3.Connection, no: int, time_s: int, account: str, action: str, subject: str, detail: str,
    previous: bytes, digest: bytes,
) -> None:
    """Append a row to the access audit."""
    conn.execute(
        "INSERT INTO access_audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (no, time_s, account, action, subject, detail, previous, digest),
    )


def last_audit(conn: sqlite3.Connection) -> tuple[int, bytes] | None:
    """Read number and hash of the last row of the access audit."""
    row = conn.execute("SELECT no, hash FROM access_audit ORDER BY no DESC LIMIT 1").fetchone()
    return None if row is None else (int(row[0]), bytes(row[1]))


def each_audit(conn: sqlite3.Connection) -> sqlite3.Cursor:
    """Go through the access audit in order: no, time_s, account, action, subject, detail, previous, hash."""
    return conn.execute(
        "SELECT no, time_s, account, action, subject, detail, previous, hash FROM access_audit ORDER BY no"
    )


class AuditFilter(NamedTuple):
    """What narrows the access audit; None lets everything through. ``start_s`` counts, ``end_s`` does not.

    ``actions`` is a list of acts, ``subjects`` one of record ids, both in JSON.
    """

    account: str | None = None
    actions: str | None = None
    subjects: str | None = None
    start_s: int | None = None
    end_s: int | None = None


def list_audit(conn: sqlite3.Connection, by: AuditFilter, before: int | None, limit: int) -> list[Any]:
    """List rows of the access audit, newest first: no, time_s, account, action, subject, detail."""
    return conn.execute(
        "SELECT no, time_s, account, action, subject, detail FROM access_audit"
        " WHERE (?1 IS NULL OR account = ?1) AND (?2 IS NULL OR action IN (SELECT value FROM json_each(?2)))"
        " AND (?3 IS NULL OR subject IN (SELECT value FROM json_each(?3)))"
        " AND (?4 IS NULL OR time_s >= ?4) AND (?5 IS NULL OR time_s < ?5) AND (?6 IS NULL OR no < ?6)"
        " ORDER BY no DESC LIMIT ?7",
        (*by, before, limit),
    ).fetchall()


def list_audit_accounts(conn: sqlite3.Connection) -> list[str]:
    """List whoever has a row in the access audit, accounts and programs alike."""
    return [row[0] for row in conn.execute("SELECT DISTINCT account FROM access_audit ORDER BY account")]
