"""Where changes stood before they were issued again: what named them there is not lost on anybody.

A change that was written on top of a second history, in another log, names it by its first place. That
place is in no log any more; only who keeps the branch has its bytes. But issuing again is a rule without
choice (store.reissue.reissue), so anybody who holds the new log can take it back (sync_protocol.md 6.5).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from shared.changelog.change import (
    SALT_BYTES,
    Header,
    Sealed,
    decode_bodies,
    decode_headers,
    encode_header,
    parse_ref,
    seal_change,
)
from shared.changelog.genesis import read_genesis
from shared.changelog.tree import leaf_hash
from shared.errors import ProtocolError
from shared.store.changes import SEQ_BITS


def find_origins(conn: sqlite3.Connection, positions: Sequence[int]) -> dict[str, list[str]]:
    """Map the references of stored changes of one record to those that they had before, newest first.

    ``positions`` are those of all its changes (see store.changes). Only what was issued again has earlier places;
    more than one where that happened more than once.
    """
    logs = _Logs(conn)
    origins: dict[str, list[str]] = {}
    waiting: dict[int, list[_Stood]] = {}
    for pos in positions:
        header, sealed = logs.read(pos)
        now = header.ref(leaf_hash(sealed.header, sealed.digest()))
        waiting.setdefault(logs.depth_of(header.log), []).append(_Stood(now, now, header, sealed))
    # One step at a time, the latest logs first: a change may name any other of the log that it is taken back into,
    # whichever log has brought that one here. So no arrival order decides.
    for depth in range(max(waiting, default=0), 0, -1):
        older: dict[str, dict[str, str]] = {}
        for one in sorted(waiting.get(depth, ()), key=lambda one: (one.header.log, one.header.seq, one.now)):
            log, seq = one.header.log, one.header.seq
            if not seq:
                continue
            # Only what stands in the same log was renamed when that log issued it again.
            names = older.setdefault(log, {})
            header, sealed = take_back(one.header, one.sealed, logs.branch_of(log), names)
            names[one.ref] = ref = header.ref(leaf_hash(sealed.header, sealed.digest()))
            origins.setdefault(one.now, []).append(ref)
            if logs.depth_of(header.log) < depth:
                waiting.setdefault(logs.depth_of(header.log), []).append(_Stood(one.now, ref, header, sealed))
    return origins


def choose_places(origins: Mapping[str, Sequence[str]], standing: Mapping[str, bool]) -> dict[str, str]:
    """Map every reference of a change that has several to the one that stands for it.

    ``standing`` says of each present reference whether it is held. Of a change that was issued again twice, one
    that is not held stands for both, and of those the least: no arrival order decides.
    """
    kin: dict[str, set[str]] = {}
    for now, earlier in origins.items():
        same = set[str]().union(*(kin.get(ref, {ref}) for ref in (now, *earlier)))
        kin.update(dict.fromkeys(same, same))
    chosen: dict[str, str] = {}
    for ref, same in kin.items():
        present = [other for other in same if other in standing]
        best = min(present, key=lambda other: (standing[other], other), default=ref)
        if best != ref:
            chosen[ref] = best
    return chosen


def take_back(header: Header, sealed: Sealed, cabang: str, older: dict[str, str]) -> tuple[Header, Sealed]:
    """Make the change again that stood in the branch ``cabang``; ``older`` gives the earlier places of its kin."""
    log, start, _ = parse_ref(cabang)
    parents = sorted({older.get(parent, parent) for parent in header.parents})
    before = header._replace(log=log, seq=start + header.seq - 1, parents=parents)
    if sealed.body is None:
        return before, Sealed(encode_header(before), None, sealed.body_digest)
    values: dict[str, Any] = decode_bodies([sealed.body])[0] or {}
    return before, seal_change(before, rename_refs(values, older), sealed.body[:SALT_BYTES])


def rename_refs(value: Any, names: Mapping[str, str]) -> Any:
    """Write a value anew with other references, however deep they stand in it."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, dict):
        return {name: rename_refs(item, names) for name, item in value.items()}
    if isinstance(value, list):
        return [rename_refs(item, names) for item in value]
    return value


class _Stood(NamedTuple):
    """Where the change that is now called ``now`` stood once, and what it was called there."""

    now: str
    ref: str
    header: Header
    sealed: Sealed


class _Logs:
    """Reads changes by position, and which branch a log issues again; each log is looked up once."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._branches: dict[str, str] = {}

    def read(self, pos: int) -> tuple[Header, Sealed]:
        row = self._conn.execute(
            "SELECT header, body, coalesce(digest, x'') FROM change WHERE pos = ?", (pos,)
        ).fetchone()
        return decode_headers([row[0]])[0], Sealed(*row)

    def depth_of(self, log: str) -> int:
        """Count how often what stands in a log was issued again; a ring, which only an enemy writes, is cut."""
        passed: list[str] = []
        while log not in passed and (cabang := self.branch_of(log)):
            passed.append(log)
            log = parse_ref(cabang)[0]
        return len(passed)

    def branch_of(self, log: str) -> str:
        if log not in self._branches:
            row = self._conn.execute(
                "SELECT header, body, coalesce(digest, x'') FROM change c JOIN log l ON c.pos = l.no << ?"
                " WHERE l.id = ?",
                (SEQ_BITS, log),
            ).fetchone()
            try:
                self._branches[log] = "" if row is None else read_genesis(Sealed(*row)).cabang
            except ProtocolError:
                self._branches[log] = ""
        return self._branches[log]
