"""Erasure (UU 27/2022): what a verdict names loses its bytes here; all that was signed stays as it was.

A change keeps its header and the digest of its body, so leaves, tree, checkpoints and receipts verify as
before. The bytes go in the very transaction in which verdict and body first meet, whichever came first, so
no body comes back with an old stick or a restored computer. A body is named twice: by the reference of its
change, and by its digest, which follows it into second histories and wherever these are issued again
(authors keep their salts there, so the digest is the same; sync_protocol.md 9.6).
"""

from __future__ import annotations

import base64
import json
import re
import sqlite3
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from shared.changelog.change import Sealed, parse_ref
from shared.errors import ProtocolError
from shared.merge.scope import GENESIS_KIND
from shared.store.changes import SEQ_BITS, SEQ_MASK
from shared.store.migrations import read_setting, write_setting
from shared.store.verdicts import VERDICT_KINDS, Verdicts

if TYPE_CHECKING:
    from shared.store.entries import Entry

DUE = "pembersihan_sejak"
"""The setting that says since when (any text) bytes that were dropped may still stand in free pages of the file."""
KEPT_KINDS = frozenset((GENESIS_KIND, *VERDICT_KINDS))
"""Kinds that no verdict speaks of: the log could not be read, or the verdict itself would go."""
_PICTURES = re.compile(rb'"([0-9a-f]{64})"')
_SWEEPS_OVER = 1 << 30


class Named(NamedTuple):
    """What all erasure verdicts name: changes by reference, bodies by digest."""

    refs: frozenset[str]
    bodies: frozenset[bytes]


def read_named(conn: sqlite3.Connection) -> Named:
    """Read what the erasure verdicts in force name, wherever it stands; what is no reference or digest is skipped."""
    refs: set[str] = set()
    bodies: set[bytes] = set()
    for perubahan, isi in conn.execute("SELECT perubahan, isi FROM penghapusan"):
        refs.update(ref for ref in json.loads(perubahan or "[]") if is_ref(ref))
        bodies.update(read_digests(isi))
    return Named(frozenset(refs), frozenset(bodies))


def is_ref(text: str) -> bool:
    """Tell whether a text names a change."""
    try:
        parse_ref(text)
    except ProtocolError:
        return False
    return True


def read_digests(text: str | None) -> frozenset[bytes]:
    """Read the digests of a verdict from its column."""
    return frozenset(
        bytes.fromhex(item) for item in json.loads(text or "[]") if re.fullmatch(r"[0-9a-f]{64}", item)
    )


def drop_arrived(conn: sqlite3.Connection, verdicts: Verdicts, entries: Sequence[Entry]) -> Sequence[Entry]:
    """Drop the bodies of changes that were just appended and are erased already; give them as they are now."""
    suspects = {
        entry.pos for entry in entries
        if entry.values is not None and entry.header.kind not in KEPT_KINDS
        and (entry.pos in verdicts.erased or entry.header.record in verdicts.erased_records)
    }
    dropped = _drop(conn, verdicts, _read_bodies(conn, suspects)) if suspects else set()
    return [entry._replace(values=None) if entry.pos in dropped else entry for entry in entries] if dropped else entries


def drop_erased(conn: sqlite3.Connection, verdicts: Verdicts) -> set[int]:
    """Drop every body here that the verdicts name, second histories included; return the positions in logs."""
    if not verdicts.erased and not verdicts.erased_records:
        return set()
    rows = conn.execute(
        "SELECT pos FROM change WHERE record IN (SELECT value FROM json_each(?)) AND body IS NOT NULL",
        (json.dumps(sorted(verdicts.erased_records)),),
    ).fetchall()
    suspects = {row[0] for row in rows} | verdicts.erased
    dropped = _drop(conn, verdicts, _read_bodies(conn, suspects))
    _drop_branches(conn)
    return dropped


class _Body(NamedTuple):
    pos: int
    kind: str
    body: bytes
    desa: str


def _read_bodies(conn: sqlite3.Connection, positions: Iterable[int]) -> list[_Body]:
    rows = conn.execute(
        f"SELECT c.pos, c.kind, c.body, l.wilayah FROM change c JOIN log l ON l.no = c.pos >> {SEQ_BITS}"
        " WHERE c.body IS NOT NULL AND c.pos IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(positions)),),
    )
    return [_Body(*row) for row in rows]


def _drop(conn: sqlite3.Connection, verdicts: Verdicts, found: Sequence[_Body]) -> set[int]:
    dropped: set[int] = set()
    for one in found:
        digest = sha256(one.body).digest()
        if one.kind in KEPT_KINDS or (one.pos not in verdicts.erased and digest not in verdicts.erased_bodies):
            continue
        conn.execute("UPDATE change SET body = NULL, digest = ? WHERE pos = ?", (digest, one.pos))
        _end_grace(conn, one)
        dropped.add(one.pos)
    if dropped:
        note_due(conn)
    return dropped


def _end_grace(conn: sqlite3.Connection, one: _Body) -> None:
    """Let the next sweep remove what this body carried, unless something else names it."""
    conn.executemany(
        "UPDATE attachment SET unnamed_s = 0, unnamed_sweeps = ? WHERE desa = ? AND hash = ?",
        [(_SWEEPS_OVER, one.desa, digest.decode()) for digest in _PICTURES.findall(one.body)],
    )


def _drop_branches(conn: sqlite3.Connection) -> None:
    named = read_named(conn)
    rows = conn.execute(
        "SELECT c.branch, c.seq, b.log, c.body, c.leaf FROM branch_change c JOIN branch b ON b.no = c.branch"
        " WHERE c.body IS NOT NULL"
    ).fetchall()
    for branch, seq, log, body, leaf in rows:
        digest = sha256(body).digest()
        if digest in named.bodies or f"{log}:{seq}:{leaf[:8].hex()}" in named.refs:
            conn.execute(
                "UPDATE branch_change SET body = NULL, digest = ? WHERE branch = ? AND seq = ?", (digest, branch, seq)
            )
            note_due(conn)


def strip_erased(
    conn: sqlite3.Connection, log: str, start: int, changes: Sequence[Sealed], leaves: Sequence[bytes]
) -> list[Sealed]:
    """Take the erased bodies out of changes that are about to be kept as a second history of ``log``."""
    named = read_named(conn)
    if not named.refs and not named.bodies:
        return list(changes)
    return [
        Sealed(change.header, None, change.digest())
        if change.digest() in named.bodies or f"{log}:{start + at}:{leaf[:8].hex()}" in named.refs
        else change
        for at, (change, leaf) in enumerate(zip(changes, leaves, strict=True))
    ]


def note_due(conn: sqlite3.Connection) -> None:
    """Note that what was dropped has to be cleaned out of the file."""
    write_setting(conn, DUE, "ya")


def is_due(conn: sqlite3.Connection) -> bool:
    """Tell whether dropped bytes may still stand in the file."""
    return read_setting(conn, DUE) is not None


class Told(NamedTuple):
    """A verdict of erasure as people read it: when (hub time, seconds), why, and which changes it names."""

    time_s: int
    alasan: str
    refs: frozenset[str]
    bodies: frozenset[bytes]


def list_verdicts(conn: sqlite3.Connection, record: str | None = None) -> list[Told]:
    """List the erasure verdicts in force, on one record or all, oldest first."""
    rows = conn.execute(
        "SELECT p.perubahan, p.isi, coalesce(p.alasan, ''), min(json_extract(c.header, '$[10]'))"
        " FROM penghapusan p JOIN change c ON c.record = p.id"
        " WHERE ? IS NULL OR EXISTS (SELECT 1 FROM json_each(coalesce(p.rekaman, '[]')) WHERE value = ?)"
        " GROUP BY p.id, p.desa ORDER BY p.id",
        (record, record),
    )
    return [
        Told(int(time_s), alasan, frozenset(json.loads(refs or "[]")), read_digests(isi))
        for refs, isi, alasan, time_s in rows
    ]


def explain_erased(conn: sqlite3.Connection, positions: Iterable[int]) -> dict[int, Told]:
    """Find the verdict behind each change without body; one whose verdict is not here yet is left out."""
    rows = conn.execute(
        f"SELECT c.pos, l.id, c.leaf, c.digest FROM change c JOIN log l ON l.no = c.pos >> {SEQ_BITS}"
        " WHERE c.body IS NULL AND c.pos IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(positions)),),
    ).fetchall()
    told = list_verdicts(conn) if rows else []
    found: dict[int, Told] = {}
    for pos, log, leaf, digest in rows:
        ref = f"{log}:{pos & SEQ_MASK}:{leaf[:8].hex()}"
        verdict = next((one for one in told if digest in one.bodies or ref in one.refs), None)
        if verdict is not None:
            found[pos] = verdict
    return found


class Erased(NamedTuple):
    """How many bodies are gone here by a verdict, and how many came without body and without a verdict."""

    by_verdict: int
    unexplained: int


def count_erased(conn: sqlite3.Connection) -> Erased:
    """Count the bodies that are not here."""
    named = read_named(conn)
    rows = conn.execute(
        f"SELECT l.id, c.pos & {SEQ_MASK}, c.leaf, c.digest FROM change c JOIN log l ON l.no = c.pos >> {SEQ_BITS}"
        " WHERE c.body IS NULL"
    )
    counts = [0, 0]
    for log, seq, leaf, digest in rows:
        is_named = digest in named.bodies or f"{log}:{seq}:{leaf[:8].hex()}" in named.refs
        counts[not is_named] += 1
    return Erased(*counts)


def find_erased_bytes(conn: sqlite3.Connection) -> list[str]:
    """Name every place where a body still stands although a verdict in force names it; the invariant of erasure."""
    named = read_named(conn)
    if not named.refs and not named.bodies:
        return []
    logs: dict[int, str] = dict(conn.execute("SELECT no, id FROM log"))
    found = []
    rows = conn.execute("SELECT pos, kind, body, leaf FROM change WHERE body IS NOT NULL ORDER BY pos")
    for pos, kind, body, leaf in rows:
        log, seq = logs.get(pos >> SEQ_BITS, ""), pos & SEQ_MASK
        if kind in KEPT_KINDS:
            continue
        if f"{log}:{seq}:{leaf[:8].hex()}" in named.refs or sha256(body).digest() in named.bodies:
            found.append(f"Tabel change, log nomor {pos >> SEQ_BITS}, urutan {seq}: isi yang sudah diputus dihapus"
                         " masih ada.")
        elif kind == "cabang" and carries_erased(body, named.bodies):
            found.append(f"Tabel change, log nomor {pos >> SEQ_BITS}, urutan {seq}: memuat isi yang sudah diputus"
                         " dihapus.")
    rows = conn.execute(
        "SELECT c.branch, c.seq, b.log, c.body, c.leaf FROM branch_change c JOIN branch b ON b.no = c.branch"
        " WHERE c.body IS NOT NULL"
    )
    for branch, seq, log, body, leaf in rows:
        if sha256(body).digest() in named.bodies or f"{log}:{seq}:{leaf[:8].hex()}" in named.refs:
            found.append(f"Tabel branch_change, riwayat nomor {branch}, urutan {seq}: isi yang sudah diputus dihapus"
                         " masih ada.")
    return found


_BASE64 = re.compile(rb"\\t([A-Za-z0-9+/=]{24,})")


def carries_erased(body: bytes, bodies: frozenset[bytes]) -> bool:
    """Tell whether the body of a *cabang* carries one of these bodies as text (store.returned.write_line)."""
    return any(digest in bodies for digest in list_carried(body))


def list_carried(body: bytes) -> list[bytes]:
    """List the digests of the bodies that the body of a *cabang* carries as text."""
    found = []
    for text in _BASE64.findall(body):
        try:
            found.append(sha256(base64.b64decode(text, validate=True)).digest())
        except ValueError:
            continue
    return found
