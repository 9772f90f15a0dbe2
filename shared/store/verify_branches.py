"""Checks the second histories, and what was noticed between two sides; one Indonesian sentence per problem."""

from __future__ import annotations

import sqlite3
from hashlib import sha256

from shared.changelog.checkpoint import Verifier, open_checkpoint
from shared.changelog.tree import leaf_hash, verify_consistency
from shared.errors import SipandeError
from shared.store.branch import Branch, find_branch
from shared.store.changes import Log, find_log
from shared.store.lines import find_line, list_lines, read_proof
from shared.store.marks import find_unmarked


def body_digest(body: bytes | None, digest: bytes | None) -> bytes:
    """Take the kept digest of an erased body, else hash the body; a damaged digest is no digest."""
    if body is None and digest is not None and len(digest) == 32:
        return digest
    return sha256(body or b"").digest()


def verify_branches(conn: sqlite3.Connection) -> list[str]:
    """Re-hash the second histories: each continues its log from where it left it."""
    problems: list[str] = []
    rows = conn.execute("SELECT no, log, start, ref, size FROM branch ORDER BY no").fetchall()
    for no, id, start, ref, size in rows:
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
            problems += _verify_line(conn, id, ref, place)
    problems += [
        f"Tabel branch, riwayat nomor {no}: ada kolom yang berubah sejak riwayat itu disimpan."
        for no in find_unmarked(conn, "branch")
    ]
    return problems


def _verify_line(conn: sqlite3.Connection, id: str, ref: str, place: str) -> list[str]:
    log = find_log(conn, id)
    try:
        branch = find_branch(conn, ref)
        if log is None or branch is None or not list_lines(conn, log, branch.start):
            return [f"{place}: catatan asalnya tidak ada."]
        if find_line(conn, log, branch) is None:
            return [f"{place}: akar pohon (tree) tidak cocok dengan perubahan yang tersimpan."]
    except SipandeError:
        return [f"{place}: kolom size atau tree rusak."]
    return _verify_note(conn, log, branch, place)


def _verify_note(conn: sqlite3.Connection, log: Log, branch: Branch, place: str) -> list[str]:
    """Check what proves a branch to others; what an earlier program kept may be without."""
    try:
        note, proof = read_proof(conn, branch)
        if not note:
            return []
        signed = open_checkpoint(note, Verifier(log.origin, log.kunci))
        if proof or signed.size == branch.size:
            verify_consistency(branch.size, branch.tree.root(), signed.size, signed.root, proof)
    except SipandeError:
        return [f"{place}: kolom checkpoint atau proof rusak."]
    return []


def verify_events(conn: sqlite3.Connection) -> list[str]:
    """Compare every event with what was written."""
    return [
        f"Tabel evidence, kejadian nomor {no}: ada kolom yang berubah sejak dicatat."
        for no in find_unmarked(conn, "evidence")
    ]
