"""Changes of a branch that a hub has handed back to their desa, as text inside records of kind *cabang*.

The hub writes them in pieces; whoever has the key puts these together and issues them again (sync_protocol.md 6.5).
"""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Sequence

from shared.changelog.change import Sealed, decode_headers, parse_ref
from shared.changelog.tree import leaf_hash
from shared.errors import ProtocolError


def name_changes(changes: Sequence[Sealed]) -> list[str]:
    """Give the references of changes."""
    headers = decode_headers([change.header for change in changes])
    return [
        header.ref(leaf_hash(change.header, change.digest()))
        for header, change in zip(headers, changes, strict=True)
    ]


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
        found.update(name_changes(changes))
    return found


def _read_lines(text: str, ref: str) -> list[Sealed]:
    """Read changes that begin with ``ref`` and follow each other; empty when they are anything else."""
    try:
        changes = [read_line(line) for line in text.split("\n")]
        log, seq, _ = parse_ref(ref)
        headers = decode_headers([change.header for change in changes])
        follow = all((header.log, header.seq) == (log, seq + at) for at, header in enumerate(headers))
        return changes if follow and name_changes(changes[:1]) == [ref] else []
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
