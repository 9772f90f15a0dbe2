"""One resident as a page shows it: sections of values, family, history, what waits for verval."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from node.bantuan.queries import AidRow, list_aid
from node.lampid.queries import EventRow, list_of_people
from node.penduduk.history import Riwayat, Sengketa, Storyteller, Words
from node.penduduk.naming import name_references
from node.penduduk.queries import is_deleted, list_cases, list_computers, list_dusun, read_row
from node.penduduk.rules import PENDUDUK, SECTIONS, count_age, show_value
from node.services import NodeServices
from node.surat.queries import LetterRow, list_letters_of_person
from shared.clock import today
from shared.records.identifiers import mask_nik
from shared.records.kind import Kind
from shared.store.changes import SEQ_BITS, hub_time_of
from shared.store.erasure import explain_erased
from shared.store.records import Projector, load_history


@dataclass(frozen=True)
class Bagian:
    """One section of the page: a title, and label and text of the fields that have a value."""

    judul: str
    isi: list[tuple[str, str]]


@dataclass(frozen=True)
class Biodata:
    """Everything that the page of one resident needs; ``values`` is None when it is deleted."""

    id: str
    nama: str
    values: Mapping[str, Any] | None
    bagian: list[Bagian]
    umur: int | None
    no_kk: str
    kosong: int
    riwayat: Riwayat
    sengketa: list[Sengketa]
    bantuan: Sequence[AidRow]
    kasus: Sequence[Sequence[Any]]
    peristiwa: Sequence[EventRow]
    surat: Sequence[LetterRow]


def read_biodata(
    node: NodeServices, conn: sqlite3.Connection, id: str, reveal: bool, later: int = 0
) -> Biodata | None:
    """Read one resident; None when this village never had one under that id.

    ``later``: how many of the newest changes the history passes over.
    """
    values = read_row(conn, PENDUDUK, node.wilayah, id)
    if values is None and not is_deleted(conn, "penduduk", node.wilayah, id):
        return None
    dusun = list_dusun(conn, node.wilayah)
    teller = make_teller(node, conn, PENDUDUK, id, reveal)
    shown = values if values is not None else teller.state.values(PENDUDUK)
    family = read_row(conn, node.catalogue["keluarga"], node.wilayah, str(shown.get("keluarga") or ""))
    number = str((family or {}).get("no_kk") or "")
    keluarga = str(shown.get("keluarga") or "")
    filled = sum(1 for _, names in SECTIONS for name in names if shown.get(name) is not None)
    return Biodata(
        id,
        str(shown.get("nama") or "(tanpa nama)"),
        values,
        list_sections(shown, dusun, reveal),
        count_age(shown.get("tanggal_lahir"), today(node.clock)),
        number if reveal or not number else mask_nik(number),
        sum(len(names) for _, names in SECTIONS) - filled,
        teller.tell(later),
        teller.list_disputes(),
        list_aid(conn, node.wilayah, [id], keluarga, today(node.clock)),
        list_cases(conn, node.wilayah, id),
        list_of_people(conn, node.wilayah, [id]),
        list_letters_of_person(conn, node.wilayah, id),
    )


def list_sections(values: Mapping[str, Any], names: Mapping[str, str], reveal: bool) -> list[Bagian]:
    """Write the fields that have a value, section by section."""
    sections = []
    for title, fields in SECTIONS:
        filled = [
            (PENDUDUK.fields[name].info.label, show_value(PENDUDUK.fields[name], values[name], names, reveal))
            for name in fields if values.get(name) is not None
        ]
        if filled:
            sections.append(Bagian(title, filled))
    return sections


def make_teller(
    node: NodeServices, conn: sqlite3.Connection, kind: Kind, id: str, reveal: bool = False, words: Words | None = None
) -> Storyteller:
    """Gather what tells the history of one record; ``words`` write fields that only programs read as they are."""
    entries = load_history(conn, node.catalogue, node.wilayah, id)
    names = name_references(node, conn, kind, entries, reveal)
    computers = list_computers(conn, node)
    receipts = {
        entry.pos: hub_time_of(conn, entry.pos)
        for entry in entries
        if entry.pos >> SEQ_BITS and (c := computers.get(entry.header.log)) is not None and c.is_own
    }
    erased = explain_erased(conn, [entry.pos for entry in entries if entry.values is None])
    return Storyteller(
        kind, entries, Projector(conn, node.catalogue), computers, names, receipts, reveal, erased, words or {}
    )
