"""Hands blocks of letter numbers to the logs of a desa (sync_protocol.md 9.11).

Called when a computer has just handed over all that it announced: whatever the hub once said and forgot is back by
then. A block is never taken back; a log that is not continued leaves the rest of its own unused.
"""

from __future__ import annotations

import sqlite3
from datetime import date

from hub.change import write_to_desa
from hub.nomor.queries import find_present_log
from hub.pemulihan.state import list_silent, read_last_recovery, read_recovery
from hub.services import HubServices
from shared.clock import today
from shared.store.drafts import draft_create
from shared.store.migrations import read_setting
from shared.surat.numbering import BLOCK_SIZE, Block, count_left, next_block
from shared.surat.queries import list_blocks, list_used

DECEMBER = 12


def hand_out_numbers(services: HubServices, desa: str, kunci: str) -> int:
    """Give the present log of a key a block for each year in which fewer than half of one is left to it.

    Returns how many blocks were given. Joins a transaction that is already open.
    """
    day = today(services.clock)
    with services.database.read() as conn:
        if not _find_wanting(conn, desa, kunci, day):
            return 0
    with services.database.write() as conn:
        # Looked at again under the lock: two calls at once must not give one number twice.
        log, years = find_present_log(conn, desa, kunci), _find_wanting(conn, desa, kunci, day)
        if log is None or not years or _may_have_forgotten(conn, desa):
            return 0
        for year in years:
            block = next_block(log, list_blocks(conn, desa, year), list_used(conn, desa, year))
            _write(services, conn, desa, year, block)
        return len(years)


def _find_wanting(conn: sqlite3.Connection, desa: str, kunci: str, day: date) -> list[int]:
    """Find the years in which the present log of a key has fewer than half a block left."""
    log = find_present_log(conn, desa, kunci)
    if log is None:
        return []
    years = [day.year, day.year + 1] if day.month == DECEMBER else [day.year]
    return [
        year for year in years
        if 2 * count_left(log, list_blocks(conn, desa, year), list_used(conn, desa, year)) < BLOCK_SIZE
    ]


def _may_have_forgotten(conn: sqlite3.Connection, desa: str) -> bool:
    """Tell whether blocks of a desa may be missing here: this hub was restored, and not all its computers have called.

    A person may end the recovery while some are silent; a block that only such a one knows must not be given again.
    """
    since_s = read_last_recovery(conn)
    return read_recovery(conn) is not None or (since_s is not None and desa in list_silent(conn, since_s))


def _write(services: HubServices, conn: sqlite3.Connection, desa: str, year: int, block: Block) -> None:
    values = {"catatan_log": block.log, "tahun": year, "dari": block.dari, "sampai": block.sampai}
    draft = draft_create(services.catalogue["blok_nomor"], services.new_id(), values)
    write_to_desa(services, desa, [draft], author=read_setting(conn, "petugas_sistem") or "")
