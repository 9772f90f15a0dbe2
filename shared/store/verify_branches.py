"""Checks the second histories, and what was noticed between two sides; one Indonesian sentence per problem."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from hashlib import sha256

from shared.changelog.checkpoint import Verifier, open_checkpoint
from shared.changelog.tree import CompactRange, leaf_hash, verify_consistency
from shared.errors import SipandeError
from shared.store.branch import Branch, list_branches
from shared.store.changes import Log, find_log
from shared.store.lines import find_line
from shared.store.marks import find_unmarked


def body_digest(body: bytes | None, digest: bytes | None) -> bytes:
    """Take the kept digest of an erased body, else hash the body; a damaged digest is no digest."""
    if body is None and digest is not None and len(digest) == 32:
        return digest
    return sha256(body or b"").digest()


def verify_branches(conn: sqlite3.Connection) -> list[str]:
    """Re-hash the second histories: each continues its log from where it left it."""
    problems: list[str] = []
    for branch in list_branches(conn):
        place = f"Tabel branch, riwayat nomor {branch.no}"
        changes = conn.execute(
            "SELECT seq, header, body, digest, leaf FROM branch_change WHERE branch = ? ORDER BY seq", (branch.no,)
        ).fetchall()
        leaves = [leaf_hash(header, body_digest(body, digest)) for _, header, body, digest, _ in changes]
        count = branch.size - branch.start
        if len(changes) != count or [row[0] for row in changes] != list(range(branch.start, branch.size)):
            problems.append(f"{place}: ada perubahan yang hilang.")
        elif leaves != [row[4] for row in changes]:
            problems.append(f"Tabel branch_change, riwayat nomor {branch.no}: isi tidak cocok dengan hash-nya.")
        else:
            problems += _verify_line(conn, branch, leaves, place)
    problems += [
        f"Tabel branch, riwayat nomor {no}: ada kolom yang berubah sejak riwayat itu disimpan."
        for no in find_unmarked(conn, "branch")
    ]
    return problems


def _verify_line(conn: sqlite3.Connection, branch: Branch, leaves: Sequence[bytes], place: str) -> list[str]:
    log = find_log(conn, branch.log)
    try:
        tree = branch.base
        tree.extend(leaves)
        if tree.to_bytes() != branch.tree_bytes:
            return [f"{place}: akar pohon (tree) tidak cocok dengan perubahan yang tersimpan."]
        if log is None or find_line(conn, log, branch) is None:
            return [f"{place}: catatan asalnya tidak ada."]
    except SipandeError:
        return [f"{place}: kolom size, base atau tree rusak."]
    return _verify_note(log, branch, tree, place)


def _verify_note(log: Log, branch: Branch, tree: CompactRange, place: str) -> list[str]:
    """Check what proves a branch to others; what an earlier program kept may be without."""
    try:
        if branch.note:
            signed = open_checkpoint(branch.note, Verifier(log.origin, log.kunci))
            if branch.is_provable:
                verify_consistency(tree.size, tree.root(), signed.size, signed.root, branch.proof)
    except SipandeError:
        return [f"{place}: kolom checkpoint atau proof rusak."]
    return []


def verify_events(conn: sqlite3.Connection) -> list[str]:
    """Compare every event with what was written."""
    return [
        f"Tabel evidence, kejadian nomor {no}: ada kolom yang berubah sejak dicatat."
        for no in find_unmarked(conn, "evidence")
    ]
