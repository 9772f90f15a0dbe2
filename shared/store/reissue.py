"""What of second histories somebody has issued again, and how that is done (sync_protocol.md section 6.5).

Whoever has the key gives the changes of a branch new places at the end of another log; which were given some is read
off the logs themselves, by whoever holds them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Container, Mapping, Sequence

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
from shared.merge.scope import GENESIS_KIND
from shared.store.branch import Branch, count_same, read_branch
from shared.store.changes import Log, find_log, list_logs, read_changes, read_leaves
from shared.store.drafts import Batch
from shared.store.entries import Entry
from shared.store.moved import rename_refs
from shared.store.returned import list_returned, name_changes


def list_reissues(conn: sqlite3.Connection) -> dict[str, list[Log]]:
    """List the logs held here that issue a branch again, by the reference of its first change that they begin with."""
    found: dict[str, list[Log]] = {}
    for log in list_logs(conn):
        try:
            cabang = read_genesis(read_changes(conn, log, 0, 1)[0]).cabang
        except (ProtocolError, IndexError):
            continue
        if cabang:
            found.setdefault(cabang, []).append(log)
    return found


Named = tuple[Header, bytes]
"""What of a change stays when it is issued again, and its salt; of one that was erased there is none."""


def _find_issuing(reissues: Mapping[str, Sequence[Log]], ref: str) -> list[tuple[int, Log]]:
    """List the logs that may hold a change of a branch again, with how many of its kin stand before it there.

    They begin with it, or with what it comes after: a branch of a branch is issued again with what both share.
    """
    id, seq, _ = parse_ref(ref)
    found: list[tuple[int, Log]] = []
    for cabang, logs in reissues.items():
        other, start, _ = parse_ref(cabang)
        if cabang == ref or (other == id and start < seq):
            found += [(seq - start, log) for log in logs]
    return found


def _count_issued(conn: sqlite3.Connection, issuing: Sequence[tuple[int, Log]], names: Sequence[Named]) -> int:
    """Count how many of a branch's changes, from their first on, stand in one of the logs that issue them again.

    Such a log is written on afterwards like any other: what is in it says so, and not how long it is.
    """
    counts = [0]
    for before, log in issuing:
        again = read_changes(conn, log, 1 + before, 1 + before + len(names))
        counts.append(count_same(names, _name(again, _headers(again)), _is_same))
    return max(counts)


def is_issued_whole(conn: sqlite3.Connection, branch: Branch, reissues: Mapping[str, Sequence[Log]]) -> bool:
    """Tell, without reading all of a branch at every hello, whether one of the logs has issued its last change too."""
    row = conn.execute(
        "SELECT header, body, coalesce(digest, x'') FROM branch_change WHERE branch = ? ORDER BY seq DESC LIMIT 1",
        (branch.no,),
    ).fetchone()
    last = [Sealed(*row)]
    ends = [(before + branch.size - branch.start - 1, log) for before, log in _find_issuing(reissues, branch.ref)]
    return _count_issued(conn, ends, _name(last, _headers(last))) == 1


def _headers(changes: Sequence[Sealed]) -> list[Header]:
    return decode_headers([change.header for change in changes])


def _name(changes: Sequence[Sealed], headers: Sequence[Header]) -> list[Named]:
    return [
        (header._replace(log="", seq=0, parents=[]), b"" if change.body is None else change.body[:SALT_BYTES])
        for change, header in zip(changes, headers, strict=True)
    ]


def _is_same(one: Named, other: Named) -> bool:
    return one[0] == other[0] and (one[1] == other[1] or not (one[1] and other[1]))


def list_unissued(
    conn: sqlite3.Connection, changes: Sequence[Sealed], returned: Container[str] = ()
) -> list[tuple[str, list[Sealed]]]:
    """List the stretches of a branch that nobody has issued again yet, each with the reference of its first change.

    A branch comes in runs, from several sides: part of it may be issued again before the rest is known. What stands
    in its log, at its place, is no branch here. ``returned`` are the references of what was handed back already.
    """
    reissues, refs = list_reissues(conn), name_changes(changes)
    names = _name(changes, _headers(changes))
    done = {at for at, ref in enumerate(refs) if ref in returned or _stands(conn, ref)}
    for at, ref in enumerate(refs):
        issuing = [(0, log) for log in reissues.get(ref, ())] if at else _find_issuing(reissues, ref)
        if issuing:
            done.update(range(at, at + _count_issued(conn, issuing, names[at:])))
    stretches: list[tuple[str, list[Sealed]]] = []
    for at, (ref, change) in enumerate(zip(refs, changes, strict=True)):
        if at in done:
            continue
        if not at or at - 1 in done:
            stretches.append((ref, []))
        stretches[-1][1].append(change)
    return stretches


def _stands(conn: sqlite3.Connection, ref: str) -> bool:
    id, seq, prefix = parse_ref(ref)
    log = find_log(conn, id)
    return log is not None and [leaf[: len(prefix)] for leaf in read_leaves(conn, log, seq, seq + 1)] == [prefix]


def list_left(
    conn: sqlite3.Connection, branches: Sequence[Branch], desa: str
) -> list[tuple[Branch, list[tuple[str, list[Sealed]]]]]:
    """List the branches of which something was neither issued again nor handed back to the desa, with what that is.

    Most sessions ask this; where all is issued again none of the changes is read but the last.
    """
    reissues = list_reissues(conn) if branches else {}
    waiting = [branch for branch in branches if not is_issued_whole(conn, branch, reissues)]
    returned = list_returned(conn, desa) if waiting else set()
    found = [(branch, list_unissued(conn, read_branch(conn, branch), returned)) for branch in waiting]
    return [(branch, stretches) for branch, stretches in found if stretches]


def reissue(changes: Sequence[Sealed], log: Log) -> Batch:
    """Give changes new places at the end of a log.

    Authors, times, values and salts stay; what named a change among them names its new place, in parents
    and in bodies alike (a decision names what it chooses).
    """
    batch = Batch([], [], [], [])
    moved: dict[str, str] = {}
    headers = decode_headers([change.header for change in changes])
    bodies = decode_bodies([change.body for change in changes])
    for change, header, values in zip(changes, headers, bodies, strict=True):
        if header.kind == GENESIS_KIND:
            continue
        seq = log.size + len(batch.changes)
        parents = sorted({moved.get(parent, parent) for parent in header.parents})
        fresh = header._replace(log=log.id, seq=seq, parents=parents)
        if change.body is None or values is None:
            sealed = Sealed(encode_header(fresh), None, change.body_digest)
        else:
            values = rename_refs(values, moved)
            sealed = seal_change(fresh, values, change.body[:SALT_BYTES])
        leaf = leaf_hash(sealed.header, sealed.body_digest)
        moved[header.ref(leaf_hash(change.header, change.digest()))] = fresh.ref(leaf)
        batch.changes.append(sealed)
        batch.headers.append(fresh)
        batch.leaves.append(leaf)
        batch.entries.append(Entry(log.base + seq, fresh, values, leaf))
    return batch
