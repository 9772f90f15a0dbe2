"""SQL of letters: numbers, drafts, issued letters, what came in."""

from __future__ import annotations

import sqlite3

from shared.surat.numbering import Block


def list_blocks(conn: sqlite3.Connection, desa: str, tahun: int) -> list[Block]:
    """List the blocks of numbers that the hub has given in a year, to whichever log of the desa."""
    rows = conn.execute(
        "SELECT catatan_log, dari, sampai FROM blok_nomor WHERE desa = ? AND tahun = ? AND dari IS NOT NULL"
        " AND sampai IS NOT NULL ORDER BY dari, id",
        (desa, tahun),
    )
    return [Block(log or "", dari, sampai) for log, dari, sampai in rows]


def list_used(conn: sqlite3.Connection, desa: str, tahun: int) -> list[int]:
    """List the numbers without a series of the letters of a year that are known here."""
    rows = conn.execute(
        "SELECT urut FROM surat WHERE desa = ? AND tahun = ? AND coalesce(seri, '') = '' AND urut IS NOT NULL",
        (desa, tahun),
    )
    return [row[0] for row in rows]


def list_own_series(conn: sqlite3.Connection, log: str, tahun: int) -> list[int]:
    """List the numbers that a log has given in its own series in a year."""
    rows = conn.execute(
        "SELECT urut FROM surat WHERE tahun = ? AND catatan_log = ? AND coalesce(seri, '') <> ''"
        " AND urut IS NOT NULL",
        (tahun, log),
    )
    return [row[0] for row in rows]
