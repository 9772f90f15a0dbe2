"""What the records are called that another record points to; who was deleted keeps the last name."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from node.penduduk.queries import name_petugas, read_titles
from node.services import NodeServices
from shared.records.fields import Rujukan
from shared.records.identifiers import mask_nik
from shared.records.kind import Kind
from shared.records.lampid import JENIS_PERISTIWA
from shared.store.entries import Entry
from shared.store.records import Projector, load_history


def name_references(
    node: NodeServices, conn: sqlite3.Connection, kind: Kind, entries: Sequence[Entry], reveal: bool
) -> dict[str, str]:
    """Name everything that some changes of one kind point to, and the officers behind them."""
    names = name_petugas(conn, _list_officers(entries))
    for field, own in kind.fields.items():
        if isinstance(own, Rujukan) and own.kind is not None:
            pointed = {value for entry in entries if isinstance(value := (entry.values or {}).get(field), str)}
            names |= _name_records(node, conn, node.catalogue[own.kind], pointed, reveal)
    return names


def name_deleted(node: NodeServices, conn: sqlite3.Connection, kind: Kind, id: str) -> str:
    """Give the last name of a record that is not there any more; empty when its changes do not tell."""
    entries = load_history(conn, node.catalogue, node.wilayah, id)
    state, _ = Projector(conn, node.catalogue).fold_entries(kind, entries)
    return str(state.values(kind)[kind.title] or "")


def _name_records(
    node: NodeServices, conn: sqlite3.Connection, kind: Kind, ids: Iterable[str], reveal: bool
) -> dict[str, str]:
    wanted = set(ids)
    titles = read_titles(conn, kind, wanted)
    titles |= {id: title for id in wanted - titles.keys() if (title := name_deleted(node, conn, kind, id))}
    if kind.name == "peristiwa":
        return {id: JENIS_PERISTIWA.get(jenis, jenis) for id, jenis in titles.items()}
    if kind.name != "keluarga":
        return titles
    return {
        id: f"KK {number if reveal else mask_nik(number)}" if number else "Keluarga tanpa nomor KK"
        for id, number in titles.items()
    }


def _list_officers(entries: Iterable[Entry]) -> set[str]:
    people = set()
    for entry in entries:
        people.add(entry.header.author)
        deciders = (entry.values or {}).get("petugas")
        if isinstance(deciders, list):
            people.update(id for id in deciders if isinstance(id, str))
    return people
