"""Gives the number of a letter, in the transaction that writes it (sync_protocol.md 9.11)."""

from __future__ import annotations

import sqlite3
from datetime import date
from typing import Any, NamedTuple

from node.change import current_log
from node.services import NodeServices
from node.surat.queries import list_own_series
from shared.errors import UserError
from shared.store.changes import find_log
from shared.store.migrations import read_setting, write_setting
from shared.store.runs import encode_root
from shared.surat.numbering import NOMOR_MAX, POLA, Number, find_next, write_nomor
from shared.surat.queries import list_blocks, list_used


class Given(NamedTuple):
    """A number that was just given, and the log that gave it."""

    log: str
    tahun: int
    number: Number


def take_number(node: NodeServices, conn: sqlite3.Connection, day: date) -> Given:
    """Give the next number of this node's present log for the year of a letter's date.

    The letter must be written in the same transaction; the log is the one that it will be written into.
    """
    log = current_log(node, conn).id
    used, own = set(list_used(conn, node.wilayah, day.year)), set(list_own_series(conn, log, day.year))
    blocks = list_blocks(conn, node.wilayah, day.year)
    # A letter whose content was erased by law shows no number any more; it is not given again for that.
    used.update(_read_marks(conn, log, day.year, ""))
    own.update(_read_marks(conn, log, day.year, "-"))
    number = find_next(log, blocks, used, own)
    write_setting(conn, _mark(log, day.year, number.seri and "-"), str(number.urut))
    return Given(log, day.year, number)


def write_own_nomor(pola: Any, given: Given, *, kode: str, desa: str, day: date) -> str:
    """Write a number after the pattern of the office, "" or None for the usual one. Raises UserError if too long.

    A pattern may come from another computer, or from before its length was asked for.
    """
    nomor = write_nomor(str(pola or POLA), given.number, kode=kode, desa=desa, day=day)
    if len(nomor) > NOMOR_MAX:
        raise UserError(
            f"Nomor surat menjadi lebih dari {NOMOR_MAX} huruf. Singkatkan dulu Pola nomor surat di Pengaturan surat.",
            "nomor_panjang",
        )
    return nomor


def secure_number(node: NodeServices, given: Given) -> None:
    """Make sure that the number is never given again, before the paper leaves this computer.

    The anchor remembers how far the log went: a database that is behind it was restored, and opens another log.
    """
    with node.database.read() as conn:
        log = find_log(conn, given.log)
    assert log is not None, "the log that gave the number"
    node.anchor.raise_to(log.id, log.size, encode_root(log.root()))


def _read_marks(conn: sqlite3.Connection, log: str, tahun: int, series: str) -> list[int]:
    text = read_setting(conn, _mark(log, tahun, series))
    return [] if text is None else [int(text)]


def _mark(log: str, tahun: int, series: str) -> str:
    return f"nomor{series}:{tahun}:{log}"
