"""What the hub knows of the letter numbers of a desa."""

from __future__ import annotations

import sqlite3

from shared.surat.numbering import Block


def find_present_log(conn: sqlite3.Connection, desa: str, kunci: str) -> str | None:
    """Find the log that an active key of a desa writes now: its newest; None where there is none."""
    row = conn.execute(
        "SELECT l.id FROM log l WHERE l.wilayah = ? AND l.peran = 'desa' AND l.kunci = ? AND EXISTS"
        " (SELECT 1 FROM simpul s WHERE s.kunci = ? AND s.wilayah = l.wilayah AND s.status = 'aktif')"
        " ORDER BY l.no DESC LIMIT 1",
        (desa, bytes.fromhex(kunci), kunci),
    ).fetchone()
    return None if row is None else str(row[0])


def list_blocks(conn: sqlite3.Connection, desa: str, tahun: int) -> list[Block]:
    """List the blocks of a desa and year."""
    rows = conn.execute(
        "SELECT catatan_log, dari, sampai FROM blok_nomor WHERE desa = ? AND tahun = ? AND dari IS NOT NULL"
        " AND sampai IS NOT NULL ORDER BY dari, id",
        (desa, tahun),
    )
    return [Block(log or "", dari, sampai) for log, dari, sampai in rows]


def list_used(conn: sqlite3.Connection, desa: str, tahun: int) -> list[int]:
    """List the numbers without a series that letters of a desa and year have, as far as they have come here."""
    rows = conn.execute(
        "SELECT urut FROM surat WHERE desa = ? AND tahun = ? AND coalesce(seri, '') = '' AND urut IS NOT NULL",
        (desa, tahun),
    )
    return [row[0] for row in rows]


def has_silent_computer(conn: sqlite3.Connection, desa: str, since_s: int) -> bool:
    """Tell whether a computer of a desa has not handed over, since a moment, all that it announced."""
    row = conn.execute(
        "SELECT 1 FROM simpul s WHERE s.wilayah = ? AND s.status <> 'dicabut' AND NOT EXISTS"
        " (SELECT 1 FROM contact c WHERE c.kunci = s.kunci AND c.last_s >= ? AND c.queue = 0) LIMIT 1",
        (desa, since_s),
    ).fetchone()
    return row is not None
