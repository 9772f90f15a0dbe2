"""Checks the stored successors of the hub's key: each was signed by a key that leads to it, or by the recovery key."""

from __future__ import annotations

import sqlite3

from shared.changelog.checkpoint import NoteError
from shared.changelog.keychain import open_successor, read_successor


def verify_successors(conn: sqlite3.Connection, wilayah: str, pemulihan: str) -> list[str]:
    """Check every note of ``kunci_hub``; ``pemulihan`` is the recovery key in hex. One sentence per problem."""
    problems: list[str] = []
    for id, kunci, segel, surat in conn.execute("SELECT id, kunci, segel, surat FROM kunci_hub ORDER BY id"):
        told = read_successor(surat)
        try:
            step = open_successor(surat or "", wilayah, told.lama if told else "", pemulihan)
        except NoteError:
            problems.append(f"Tabel kunci_hub, {id}: tanda tangan surat penggantian kunci salah.")
            continue
        if (step.kunci, step.segel) != (kunci, segel):
            problems.append(f"Tabel kunci_hub, {id}: kolom kunci atau segel tidak cocok dengan suratnya.")
    return problems
