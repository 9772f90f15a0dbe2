"""Which part of the branches kept here nobody has issued again: that goes back to whoever has the key.

A branch may come in parts, by several sticks: what was handed back, or issued again, is then only its beginning.
The rest is handed back as a history of its own, named by its first change (sync_protocol.md section 6.5).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from shared.changelog.change import SALT_BYTES, Sealed, decode_headers
from shared.changelog.genesis import read_genesis
from shared.changelog.tree import leaf_hash
from shared.errors import ProtocolError
from shared.store.branch import Branch, list_branches, read_branch
from shared.store.changes import Log, list_logs, read_changes


class Lost(NamedTuple):
    """Changes of a second history that stand in no log: ``ref`` names the first, ``seq`` is its place in ``log``."""

    log: str
    seq: int
    ref: str
    changes: list[Sealed]


def list_keys(conn: sqlite3.Connection, kunci: str) -> set[str]:
    """List a computer's key and those that it has followed: it still has them, and what they have signed is its own."""
    rows = conn.execute(
        "WITH RECURSIVE line (kunci, pendahulu) AS (SELECT kunci, pendahulu FROM simpul WHERE kunci = ?"
        " UNION SELECT s.kunci, s.pendahulu FROM simpul s JOIN line ON s.id = line.pendahulu) SELECT kunci FROM line",
        (kunci,),
    )
    return {kunci, *(row[0] for row in rows)}


def list_lost(conn: sqlite3.Connection, own: Iterable[str]) -> list[Lost]:
    """List what of the branches of these logs nobody has issued again and was not handed back yet."""
    logs = {*own}
    branches = [branch for branch in list_branches(conn) if branch.log in logs]
    if not branches:
        return []
    issued, returned = _read_issued(conn), _count_returned(conn)
    found = []
    for branch in branches:
        if _is_whole(conn, branch, issued, returned):
            continue
        changes = read_branch(conn, branch)
        headers = decode_headers([change.header for change in changes])
        refs = [
            header.ref(leaf_hash(change.header, change.digest()))
            for header, change in zip(headers, changes, strict=True)
        ]
        at = 0
        while at < len(refs):
            passed = max(
                returned.get(refs[at], 0),
                *(_count_same(conn, log, changes[at:]) for log in issued.get(refs[at], ())), 0,
            )
            if not passed:
                found.append(Lost(branch.log, branch.start + at, refs[at], changes[at:]))
                break
            at += passed
    return found


def _is_whole(
    conn: sqlite3.Connection, branch: Branch, issued: Mapping[str, Sequence[Log]], returned: Mapping[str, int]
) -> bool:
    """Tell, without reading all of a branch at every hello, whether its last change has been dealt with as well."""
    count = branch.size - branch.start
    if returned.get(branch.ref) == count:
        return True
    row = conn.execute(
        "SELECT header, body, coalesce(digest, x'') FROM branch_change WHERE branch = ? ORDER BY seq DESC LIMIT 1",
        (branch.no,),
    ).fetchone()
    return any(
        log.size > count and _is_same(Sealed(*row), read_changes(conn, log, count, count + 1)[0])
        for log in issued.get(branch.ref, ())
    )


def _read_issued(conn: sqlite3.Connection) -> dict[str, list[Log]]:
    """Map the first change of every branch that was issued again to the logs that did so."""
    found: dict[str, list[Log]] = {}
    for log in list_logs(conn):
        first = read_changes(conn, log, 0, 1)
        try:
            cabang = read_genesis(first[0]).cabang if first else ""
        except ProtocolError:
            continue
        if cabang:
            found.setdefault(cabang, []).append(log)
    return found


def _count_returned(conn: sqlite3.Connection) -> dict[str, int]:
    """Count the changes that were handed back, by the first of each history: a line of text each."""
    return dict(conn.execute(
        "SELECT cabang, sum(1 + length(isi) - length(replace(isi, char(10), ''))) FROM cabang GROUP BY cabang"
    ).fetchall())


def _count_same(conn: sqlite3.Connection, log: Log, changes: Sequence[Sealed]) -> int:
    """Count with how many of these changes a log begins that has issued them again; it may have gone on since."""
    news = read_changes(conn, log, 1, min(log.size, 1 + len(changes)))
    pairs = list(zip(changes, news, strict=False))
    for at, (old, new) in enumerate(pairs):
        if not _is_same(old, new):
            return at
    return len(pairs)


def _is_same(old: Sealed, new: Sealed) -> bool:
    """Compare what issuing again leaves as it is; the salt where neither body was erased."""
    before, after = decode_headers([old.header, new.header])
    if old.body is not None and new.body is not None and old.body[:SALT_BYTES] != new.body[:SALT_BYTES]:
        return False
    return before._replace(log="", seq=0, parents=[]) == after._replace(log="", seq=0, parents=[])
