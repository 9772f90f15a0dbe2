"""Reads what the pages of erasure show: a record and its changes in plain words, proposals, what is done."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from hub.beranda.shell import name_place
from hub.penghapusan import queries
from hub.penghapusan.erase import find_contents
from hub.penghapusan.queries import Content, Proposal, Related
from hub.penghapusan.rules import Target, describe_op, may_be_chosen, may_go_whole, names_person
from hub.services import HubServices
from hub.verval.people import name_subjects
from hub.verval.values import name_group, name_petugas, write_value, write_values
from hub.verval.view import Origin, read_origin
from shared.changelog.change import decode_bodies
from shared.records.kind import Kind

LABELS = {"cabang": "Riwayat kedua yang dikembalikan ke desa"}


@dataclass(frozen=True)
class ChangeLine:
    """One change that an officer may choose: what it did, where it comes from, what it says, numbers masked."""

    ref: str
    what: str
    origin: Origin | None
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Subject:
    """The record that a page is about; ``total`` counts its changes with content, ``lines`` those to choose from."""

    desa: str
    kind: str
    record: str
    label: str
    nama: str
    nomor: str
    total: int
    lines: tuple[ChangeLine, ...]
    related: tuple[Related, ...]
    parents: int
    may_go_whole: bool
    letters: tuple[str, ...]
    """Numbers of the letters that name the person and stay."""


def read_subject(
    conn: sqlite3.Connection, services: HubServices, desa: str, kind_name: str, record: str
) -> Subject | None:
    """Read one record; None when nothing of it has content here."""
    kind = services.catalogue.kinds.get(kind_name)
    contents = queries.list_contents(conn, desa, record)
    if kind is None or not any(content.header.kind == kind_name for content in contents):
        return None
    is_person = kind_name == "penduduk"
    nama, nomor = _name(conn, desa, kind_name, record)
    related, letters = _list_related(conn, services, desa, record) if is_person else ([], [])
    return Subject(
        desa, kind_name, record, kind.label, nama, nomor, len(contents),
        tuple(_read_line(conn, services, desa, content) for content in contents if _may(services, content)),
        tuple(one for one in related if find_contents(conn, services, as_target(conn, services, one))),
        queries.count_parents(conn, desa, record) if is_person else 0, may_go_whole(kind), tuple(letters),
    )


_NOTES = {
    "peristiwa": "Laporan bulanan yang sudah ditutup tetap; di bulan yang belum ditutup peristiwa ini tidak dihitung"
                 " lagi.",
    "perangkat": "Jabatannya hilang dari daftar perangkat desa.",
}


def _list_related(
    conn: sqlite3.Connection, services: HubServices, desa: str, record: str
) -> tuple[list[Related], list[str]]:
    """List what names a person and may go with him, and the numbers of the letters that stay."""
    related = queries.list_related(conn, desa, record)
    known = {(one.kind, one.record) for one in related}
    letters: list[str] = []
    kinds = {kind.name: kind for kind in services.catalogue if names_person(kind)}
    for kind_name, id, is_own in queries.list_naming(conn, desa, record, kinds):
        kind = kinds[kind_name]
        if not may_go_whole(kind):
            letters.append(queries.read_title(conn, kind, desa, id) or kind.label)
        elif (kind_name, id) not in known:
            note = _NOTES.get(kind_name, "") if is_own else "Data orang lain, yang menuliskan NIK orang ini."
            related.append(Related(desa, kind_name, id, _label(conn, kind, desa, id), note))
    return related, letters


def _label(conn: sqlite3.Connection, kind: Kind, desa: str, record: str) -> str:
    """Name a record by what stands in its title; one that the desa has deleted still has contents."""
    title = queries.read_title(conn, kind, desa, record)
    return f"{kind.label}: {write_value(conn, kind, desa, kind.title, title)}" if title else kind.label


def as_target(conn: sqlite3.Connection, services: HubServices, one: Related) -> Target:
    """Say what goes of a record that names a person: all of it, of a case what people typed."""
    if may_go_whole(services.catalogue.kinds.get(one.kind)):
        return Target(one.desa, one.kind, one.record)
    contents = queries.list_contents(conn, one.desa, one.record)
    refs = tuple(content.ref for content in contents if _may(services, content))
    # A reference that names nothing: empty would mean the whole.
    return Target(one.desa, one.kind, one.record, refs or ("-",))


def _may(services: HubServices, content: Content) -> bool:
    kind = services.catalogue.kinds.get(content.header.kind)
    return kind is not None and may_be_chosen(kind, content.header)


def _name(conn: sqlite3.Connection, desa: str, kind: str, record: str) -> tuple[str, str]:
    shown = name_subjects(conn, {record: [(desa, kind, record)]})[record].shown
    return (shown[0].nama, shown[0].nomor) if shown else ("", "")


def _read_line(conn: sqlite3.Connection, services: HubServices, desa: str, content: Content) -> ChangeLine:
    header, kind = content.header, services.catalogue[content.header.kind]
    values = decode_bodies([content.body])[0] or {}
    groups = [name_group(kind, group) for group in header.groups]
    what = describe_op(header.op, header.groups) + (f": {', '.join(groups)}" if groups else "")
    if content.is_branch:
        what += " (dari riwayat kedua)"
    return ChangeLine(content.ref, what, read_origin(conn, content.ref), write_values(conn, kind, desa, values))


@dataclass(frozen=True)
class ProposalView:
    """A proposal in words; ``targets`` say what it is about, ``count`` how many contents would go now."""

    id: str
    targets: tuple[str, ...]
    alasan: str
    nama: str
    time_s: int
    status: str
    ended: str
    ended_s: int | None
    note: str
    count: int
    is_own: bool


def view_proposal(conn: sqlite3.Connection, services: HubServices, one: Proposal, me: str) -> ProposalView:
    """Put a proposal into words for the officer who looks at it."""
    count = 0
    if one.status == queries.WAITING:
        count = sum(len(find_contents(conn, services, target)) for target in one.targets)
    return ProposalView(
        one.id, tuple(describe_target(conn, services, target) for target in one.targets), one.alasan,
        name_petugas(conn, one.petugas), one.time_s, one.status,
        name_petugas(conn, one.ended_by) if one.ended_by else "", one.ended_s, one.note, count, one.petugas == me,
    )


def describe_target(conn: sqlite3.Connection, services: HubServices, target: Target) -> str:
    """Say what a target is: how much of which record of which desa."""
    amount = "semua isi" if target.is_whole else f"isi {len(target.refs)} perubahan"
    return f"{describe_record(conn, services, target.desa, target.kind, target.record)}: {amount}"


def describe_record(conn: sqlite3.Connection, services: HubServices, desa: str, kind: str, record: str) -> str:
    """Name a record as far as it can be named; of one whose content is gone only what it was."""
    own = services.catalogue.kinds.get(kind)
    label = LABELS.get(kind) or (own.label if own is not None else "Data")
    nama, nomor = _name(conn, desa, kind, record)
    if own is not None and not nama and names_person(own):
        label = _label(conn, own, desa, record)
    named = " ".join(part for part in (nama, f"({nomor})" if nomor else "") if part)
    return f"{label}{f' {named}' if named else ''}, {name_place(desa)}"


def list_erasable(
    conn: sqlite3.Connection, services: HubServices, records: Sequence[tuple[str, str, str]]
) -> list[tuple[str, str, str, str]]:
    """List which of some records have content that may go as a whole: desa, kind, id and their name."""
    return [
        (desa, kind, record, describe_record(conn, services, desa, kind, record))
        for desa, kind, record in records
        if may_go_whole(services.catalogue.kinds.get(kind)) and queries.list_contents(conn, desa, record)
    ]


def kinds_of(conn: sqlite3.Connection, records: Sequence[str]) -> list[str]:
    """Name the kinds of some records, each once."""
    found = []
    for record in records:
        row = conn.execute("SELECT kind FROM change WHERE record = ? LIMIT 1", (record,)).fetchone()
        if row is not None and row[0] not in found:
            found.append(row[0])
    return found
