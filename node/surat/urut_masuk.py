"""Numbers of the agenda of letters that came in (A.7): given once, when a letter is entered (docs/adr/0016).

Two computers that have not met may give one number: both letters keep theirs, told apart by the computer's name. A
letter from before numbers were kept has its place among those like it, by record id, which nothing moves.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from node.change import write_drafts
from node.penduduk.history import write_reason
from node.penduduk.queries import list_computers, list_deleted
from node.services import NodeServices
from node.surat.queries import IncomingRow, list_incoming
from node.surat.rules import SURAT_MASUK
from shared.changelog.change import Op
from shared.store.drafts import draft_create, draft_update
from shared.store.entries import Entry
from shared.store.records import Projector, iterate_histories, load_state


class Numbered(NamedTuple):
    """A line of the agenda: its number, and how it is written (``2``, or ``2 · PC 2`` where it stands twice)."""

    urut: int
    tertulis: str
    row: IncomingRow


def number_rows(rows: Iterable[IncomingRow]) -> dict[str, int]:
    """Give the number of every line of one year, deleted ones among them, by record id. Pure."""
    found = list(rows)
    without = sorted(row.id for row in found if not row.nomor_agenda)
    places = {id: place for place, id in enumerate(without, 1)}
    return {row.id: row.nomor_agenda or places[row.id] for row in found}


def order_rows(rows: Iterable[IncomingRow], writers: Mapping[str, str]) -> list[Numbered]:
    """Put the lines of one year in the order of their numbers; ``writers`` are computers by record id. Pure."""
    found = list(rows)
    numbers = number_rows(found)
    often = Counter(numbers.values())
    lines = []
    for number, row in sorted((numbers[row.id], row) for row in found):
        by = writers.get(row.id, "") if often[number] > 1 else ""
        lines.append(Numbered(number, f"{number} · {by}" if by else f"{number}", row))
    return lines


def read_agenda(node: NodeServices, conn: sqlite3.Connection, tahun: int) -> list[Numbered]:
    """Read the agenda of a year with its numbers, deleted letters included."""
    rows = _list_all(node, conn, tahun)
    often = Counter((numbers := number_rows(rows)).values())
    return order_rows(rows, _name_writers(node, conn, [id for id, number in numbers.items() if often[number] > 1]))


def find_numbered(node: NodeServices, conn: sqlite3.Connection, id: str, tahun: int) -> Numbered | None:
    """Find one line of the agenda of a year."""
    return next((line for line in read_agenda(node, conn, tahun) if line.row.id == id), None)


def find_lines(node: NodeServices, conn: sqlite3.Connection, found: Iterable[tuple[str, int]]) -> list[Numbered]:
    """Give lines of the agendas of several years in the order of ``found``, record ids with their years."""
    wanted = list(found)
    lines = {line.row.id: line for tahun in {tahun for _, tahun in wanted} for line in read_agenda(node, conn, tahun)}
    return [lines[id] for id, _ in wanted if id in lines]


def enter(node: NodeServices, id: str, values: Mapping[str, Any], author: str) -> int:
    """Write a letter that came in, with the next number of its year that this computer knows of; return the number.

    The number is a change of its own, so that a computer with an older program has the letter at once.
    """
    tahun = int(str(values["tanggal_terima"])[:4])
    with node.database.write() as conn:
        number = max(number_rows(_list_all(node, conn, tahun)).values(), default=0) + 1
        write_drafts(node, [draft_create(SURAT_MASUK, id, values)], author=author)
        state = load_state(conn, node.catalogue, SURAT_MASUK, node.wilayah, id)
        given = draft_update(SURAT_MASUK, state, id, {"tahun_agenda": tahun, "nomor_agenda": number})
        assert given is not None, "a new record has no number"
        write_drafts(node, [given], author=author)
    return number


def read_book_year(values: Mapping[str, Any]) -> int:
    """Tell in the agenda of which year a letter stands; 0 where nothing of it says so."""
    day = str(values.get("tanggal_terima") or "")
    return int(values.get("tahun_agenda") or (day[:4] if day[:4].isdecimal() else 0))


def _list_all(node: NodeServices, conn: sqlite3.Connection, tahun: int) -> list[IncomingRow]:
    return [*list_incoming(conn, node.wilayah, tahun), *_list_removed(node, conn, tahun)]


def _list_removed(node: NodeServices, conn: sqlite3.Connection, tahun: int) -> Iterator[IncomingRow]:
    gone = list_deleted(conn, SURAT_MASUK.name, node.wilayah)
    projector = Projector(conn, node.catalogue)
    for id, entries in iterate_histories(conn, node.catalogue, node.wilayah, gone):
        values = projector.fold_entries(SURAT_MASUK, entries)[0].values(SURAT_MASUK)
        if read_book_year(values) == tahun:
            texts = (str(values[name] or "") for name in IncomingRow._fields[2:10])
            yield IncomingRow._make((id, values["nomor_agenda"] or 0, *texts, False, _find_reason(entries)))


def _find_reason(entries: Iterable[Entry]) -> str:
    """Give the reason of the last deletion; empty where its body was erased."""
    told = [(entry.values or {}).get("alasan") for entry in entries if entry.header.op == Op.DELETE]
    return write_reason(told[-1]) if told else ""


def _name_writers(node: NodeServices, conn: sqlite3.Connection, ids: list[str]) -> dict[str, str]:
    """Name the computers that entered some letters, by record id; alike on all computers of the desa."""
    computers = list_computers(conn, node)
    found = {}
    for id, entries in iterate_histories(conn, node.catalogue, node.wilayah, ids):
        logs = [computers.get(entry.header.log) for entry in entries if entry.header.op == Op.CREATE]
        found[id] = next((node.nama if one.is_own else one.name for one in logs if one is not None), "")
    return found
