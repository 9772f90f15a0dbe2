"""Checks the second histories, and what was noticed between two sides; one Indonesian sentence per problem."""

from __future__ import annotations

import sqlite3
from hashlib import sha256

from shared.changelog.tree import CompactRange, leaf_hash
from shared.errors import SipandeError
from shared.store.branch import list_trees
from shared.store.changes import find_log
from shared.store.marks import find_unmarked


def body_digest(body: bytes | None, digest: bytes | None) -> bytes:
    """Take the kept digest of an erased body, else hash the body; a damaged digest is no digest."""
    if body is None and digest is not None and len(digest) == 32:
        return digest
    return sha256(body or b"").digest()


def verify_branches(conn: sqlite3.Connection) -> list[str]:
    """Re-hash the second histories: each continues its log from where it left it."""
    problems: list[str] = []
    rows = conn.execute("SELECT no, log, start, size, tree FROM branch ORDER BY no").fetchall()
    for no, id, start, size, tree in rows:
        place = f"Tabel branch, riwayat nomor {no}"
        changes = conn.execute(
            "SELECT seq, header, body, digest, leaf FROM branch_change WHERE branch = ? ORDER BY seq", (no,)
        ).fetchall()
        leaves = [leaf_hash(header, body_digest(body, digest)) for _, header, body, digest, _ in changes]
        if len(changes) != size - start or [row[0] for row in changes] != list(range(start, size)):
            problems.append(f"{place}: ada perubahan yang hilang.")
        elif leaves != [row[4] for row in changes]:
            problems.append(f"Tabel branch_change, riwayat nomor {no}: isi tidak cocok dengan hash-nya.")
        else:
            problems += _verify_branch_tree(conn, id, no, start, size, tree, leaves, place)
    problems += [
        f"Tabel branch, riwayat nomor {no}: ada kolom yang berubah sejak riwayat itu disimpan."
        for no in find_unmarked(conn, "branch")
    ]
    return problems


def _verify_branch_tree(
    conn: sqlite3.Connection, id: str, no: int, start: int, size: int, tree: bytes, leaves: list[bytes], place: str
) -> list[str]:
    log = find_log(conn, id)
    try:
        before = [] if log is None else list_trees(conn, log, start, no)
        if not before:
            return [f"{place}: catatan asalnya tidak ada."]
        for whole in before:
            whole.extend(leaves)
        if CompactRange.from_bytes(size, tree).to_bytes() not in [whole.to_bytes() for whole in before]:
            return [f"{place}: akar pohon (tree) tidak cocok dengan perubahan yang tersimpan."]
    except SipandeError:
        return [f"{place}: kolom size atau tree rusak."]
    return []


def verify_events(conn: sqlite3.Connection) -> list[str]:
    """Compare every event with what was written."""
    return [
        f"Tabel evidence, kejadian nomor {no}: ada kolom yang berubah sejak dicatat."
        for no in find_unmarked(conn, "evidence")
    ]
