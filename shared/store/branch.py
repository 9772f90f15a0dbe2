"""Second histories of one log: kept whole as *branches*, and issued again by whoever has the key.

A log has two histories when its key has signed other bytes for one place: a machine was restored from an
old copy and written on, or has a twin. The one that the other side holds stays in the log. The other moves
here, byte for byte, with its tree and the author's note; nothing of it is lost, and :func:`reissue` gives
its changes new places at the end of another log (sync_protocol.md section 6.5).
"""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Callable, Container, Mapping, Sequence
from operator import eq
from typing import Any, NamedTuple, TypeVar

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
from shared.changelog.tree import CompactRange, leaf_hash, split_hashes
from shared.errors import ProtocolError
from shared.merge.scope import GENESIS_KIND
from shared.store.changes import (
    Log,
    cut,
    find_log,
    list_logs,
    note_size,
    read_changes,
    read_leaves,
    read_tree,
    remove_log,
)
from shared.store.drafts import Batch
from shared.store.erasure import strip_erased
from shared.store.marks import mark_rows
from shared.store.moved import rename_refs
from shared.store.entries import Entry

T = TypeVar("T")


class Branch(NamedTuple):
    """One kept history: it leaves the log at ``start`` and ends at ``size``; ``ref`` names its first change."""

    no: int
    log: str
    start: int
    ref: str
    size: int
    base_bytes: bytes
    tree_bytes: bytes
    note: bytes
    """The author's; empty on our own words."""
    proof: tuple[bytes, ...]
    """It leads from ``size`` to as much as ``note`` is of, where that is more."""
    time_s: int

    @property
    def base(self) -> CompactRange:
        """What stands before ``start``, whose history this continues; DamageError where that cannot be read."""
        return CompactRange.from_bytes(self.start, self.base_bytes)

    @property
    def tree(self) -> CompactRange:
        """The whole branch, the shared beginning included; DamageError where that cannot be read."""
        return CompactRange.from_bytes(self.size, self.tree_bytes)

    @property
    def is_provable(self) -> bool:
        """Whether it can be proven to others, whole: what an earlier program kept may lack the proof."""
        signed = note_size(self.note)
        return signed == self.size or (signed > self.size and bool(self.proof))


_COLUMNS = "no, log, start, ref, size, base, tree, checkpoint, proof, time_s"


def _read(row: tuple[Any, ...]) -> Branch:
    no, log, start, ref, size, base, tree, note, proof, time_s = row
    return Branch(no, log, start, ref, size, base, tree, note, tuple(split_hashes(proof)), time_s)


def list_branches(conn: sqlite3.Connection, log: str | None = None) -> list[Branch]:
    """List the branches kept here, of one log or all, oldest first."""
    rows = conn.execute(f"SELECT {_COLUMNS} FROM branch WHERE ? IS NULL OR log = ? ORDER BY no", (log, log))
    return [_read(row) for row in rows]


def find_branch(conn: sqlite3.Connection, ref: str) -> Branch | None:
    """Find a branch by its first change."""
    row = conn.execute(f"SELECT {_COLUMNS} FROM branch WHERE ref = ?", (ref,)).fetchone()
    return None if row is None else _read(row)


def read_branch(conn: sqlite3.Connection, branch: Branch, start: int = 0, end: int | None = None) -> list[Sealed]:
    """Read the bytes of a branch's changes, from a place in it on, to its end or up to ``end``."""
    rows = conn.execute(
        "SELECT header, body, coalesce(digest, x'') FROM branch_change WHERE branch = ? AND seq >= ? AND seq < ?"
        " ORDER BY seq", (branch.no, start, branch.size if end is None else end),
    )
    return [Sealed(*row) for row in rows]


def keep(
    conn: sqlite3.Connection, log: str, base: CompactRange, changes: Sequence[Sealed], note: bytes,
    proof: Sequence[bytes], time_s: int,
) -> bool:
    """Keep the changes behind ``base`` of a second history; tell whether it was unknown so far.

    ``proof`` leads from their end to what the author's ``note`` is of: with it whoever keeps this can prove it to
    anybody. Of the same branch the longer one stays. One that parts from it further on, as a copy that was put back
    for the second time makes, is a branch of its own from where it parts.
    """
    leaves = [leaf_hash(change.header, change.digest()) for change in changes]
    ref = decode_headers([changes[0].header])[0].ref(leaves[0])
    known = find_branch(conn, ref)
    if known is None:
        tree = base.copy()
        tree.extend(leaves)
        cursor = conn.execute(
            "INSERT INTO branch (log, start, ref, size, base, tree, checkpoint, proof, time_s)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (log, base.size, ref, tree.size, base.to_bytes(), tree.to_bytes(), note, b"".join(proof), time_s),
        )
        _insert(conn, cursor.lastrowid or 0, log, base.size, changes, leaves)
        mark_rows(conn, "branch", cursor.lastrowid)
        return True
    same = count_same(read_branch_leaves(conn, known, base.size), leaves)
    if same < len(changes) and base.size + same < known.size:
        base = base.copy()
        base.extend(leaves[:same])
        return keep(conn, log, base, changes[same:], note, proof, time_s)
    if same < len(changes) or (base.size + same == known.size and not known.is_provable):
        grow(conn, known, changes[same:], leaves[same:], note, proof)
    return False


def read_branch_leaves(conn: sqlite3.Connection, branch: Branch, start: int, end: int | None = None) -> list[bytes]:
    """Read the leaf hashes of a branch from a place in it on, to its end or up to ``end``."""
    rows = conn.execute(
        "SELECT leaf FROM branch_change WHERE branch = ? AND seq >= ? AND seq < ? ORDER BY seq",
        (branch.no, start, branch.size if end is None else end),
    )
    return [row[0] for row in rows]


def count_same(some: Sequence[T], others: Sequence[T], is_same: Callable[[T, T], bool] = eq) -> int:
    """Count how far two histories are the same."""
    parts = (at for at, (one, other) in enumerate(zip(some, others, strict=False)) if not is_same(one, other))
    return next(parts, min(len(some), len(others)))


def grow(
    conn: sqlite3.Connection, branch: Branch, changes: Sequence[Sealed], leaves: Sequence[bytes], note: bytes,
    proof: Sequence[bytes],
) -> None:
    """Add proven changes to the end of a branch; ``note`` and ``proof`` are as in :func:`keep`."""
    tree = branch.tree
    tree.extend(leaves)
    _insert(conn, branch.no, branch.log, branch.size, changes, leaves)
    conn.execute(
        "UPDATE branch SET size = ?, tree = ?, checkpoint = ?, proof = ? WHERE no = ?",
        (tree.size, tree.to_bytes(), note, b"".join(proof), branch.no),
    )
    mark_rows(conn, "branch", branch.no)


def _insert(
    conn: sqlite3.Connection, branch: int, log: str, start: int, changes: Sequence[Sealed], leaves: Sequence[bytes]
) -> None:
    changes = strip_erased(conn, log, start, changes, leaves)
    conn.executemany(
        "INSERT INTO branch_change (branch, seq, header, body, digest, leaf) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (branch, start + at, c.header, c.body, c.body_digest if c.body is None else None, leaf)
            for at, (c, leaf) in enumerate(zip(changes, leaves, strict=True))
        ],
    )


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
    reissues, headers = list_reissues(conn), _headers(changes)
    names = _name(changes, headers)
    refs = [_ref(header, change) for header, change in zip(headers, changes, strict=True)]
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


def _ref(header: Header, change: Sealed) -> str:
    return header.ref(leaf_hash(change.header, change.digest()))


def read_returned(conn: sqlite3.Connection, ref: str) -> list[Sealed]:
    """Put the pieces of what was handed back together (kind *cabang*); empty while one is missing or unreadable.

    A piece may be there more than once, the last one longer: a hub that had lost some has handed them back anew.
    """
    pieces: dict[int, dict[int, str]] = {}
    for number, count, text in conn.execute("SELECT bagian, dari, isi FROM cabang WHERE cabang = ?", (ref,)):
        known = pieces.setdefault(count, {})
        known[number] = max(known.get(number, ""), text or "", key=len)
    found: list[Sealed] = []
    for count, known in pieces.items():
        if sorted(known) == list(range(1, count + 1)):
            changes = _read_lines("\n".join(known[number] for number in sorted(known)), ref)
            found = max(found, changes, key=len)
    return found


def list_returned(conn: sqlite3.Connection, desa: str) -> set[str]:
    """List the references of the changes that were handed back to a desa, of what is here whole."""
    rows = conn.execute("SELECT DISTINCT cabang FROM cabang WHERE desa = ?", (desa,)).fetchall()
    found: set[str] = set()
    for changes in (read_returned(conn, ref) for (ref,) in rows if ref):
        found.update(_ref(header, change) for header, change in zip(_headers(changes), changes, strict=True))
    return found


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


def _read_lines(text: str, ref: str) -> list[Sealed]:
    """Read changes that begin with ``ref`` and follow each other; empty when they are anything else."""
    try:
        changes = [read_line(line) for line in text.split("\n")]
        log, seq, _ = parse_ref(ref)
        headers = decode_headers([change.header for change in changes])
        follow = all((header.log, header.seq) == (log, seq + at) for at, header in enumerate(headers))
        return changes if follow and _ref(_headers(changes[:1])[0], changes[0]) == ref else []
    except (ValueError, ProtocolError):
        return []


def write_line(change: Sealed) -> str:
    """Write a change as one line of text, in its very bytes, to hand it back inside a record."""
    body = f"#{change.body_digest.hex()}" if change.body is None else base64.b64encode(change.body).decode()
    return f"{change.header.decode()}\t{body}"


def read_line(line: str) -> Sealed:
    """Read what :func:`write_line` writes; ValueError when it is something else."""
    header, _, body = line.partition("\t")
    if body.startswith("#"):
        return Sealed(header.encode(), None, bytes.fromhex(body[1:]))
    return Sealed(header.encode(), base64.b64decode(body, validate=True), b"")


class Removed(NamedTuple):
    """What a cut took out of a log: its changes, and the records that must be folded again."""

    ref: str
    changes: list[Sealed]
    records: list[tuple[str, str]]
    """(kind, record id) of every change taken out."""


def move_to_branch(conn: sqlite3.Connection, log: Log, at: int, time_s: int) -> tuple[Log, Removed]:
    """Cut a log at ``at`` and keep what stood behind it as a branch.

    The tables still show it: the caller folds ``records`` again (Projector.refold).
    """
    changes = read_changes(conn, log, at, log.size)
    leaves = read_leaves(conn, log, at, log.size)
    headers = decode_headers([change.header for change in changes])
    keep(conn, log.id, read_tree(conn, log, at), changes, log.checkpoint or b"", log.proof, time_s)
    records = sorted({(header.kind, header.record) for header in headers if header.kind != GENESIS_KIND})
    return cut(conn, log, at), Removed(headers[0].ref(leaves[0]), changes, records)


def withdraw(conn: sqlite3.Connection, log: Log) -> Removed | None:
    """Take a log out of the database that nobody else has ever seen; None when it held nothing but its opening.

    Its changes are to be issued again; the tables still show them.
    """
    removed = move_to_branch(conn, log, 1, 0)[1] if log.size > 1 else None
    conn.execute("DELETE FROM branch_change WHERE branch IN (SELECT no FROM branch WHERE log = ?)", (log.id,))
    conn.execute("DELETE FROM branch WHERE log = ?", (log.id,))
    remove_log(conn, log)
    return removed


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
