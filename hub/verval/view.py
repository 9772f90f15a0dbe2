"""Reads what the page of a case shows: versions of a contested record and their origin, proposal, state of cases."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.beranda.shell import name_place
from hub.services import HubServices
from hub.verval import decide
from hub.verval.cases import Finding
from hub.verval.difference import Part, mark_differences
from hub.verval.values import EMPTY, OFFICE, name_group, name_petugas, write_value
from shared.changelog.change import parse_ref
from shared.merge.fold import RecordState
from shared.records.fields import Kode, Pilihan, Rujukan, Ya
from shared.records.kind import EXISTENCE, Kind
from shared.store.changes import SEQ_BITS, hub_time_of
from shared.store.records import load_state

CHOSEN = (Kode, Pilihan, Rujukan, Ya)
"""What is chosen from a list differs as a whole: two labels share letters by chance."""


@dataclass(frozen=True)
class Origin:
    """Where a value comes from; times in seconds, None when not known."""

    petugas: str
    simpul: str
    device_s: int | None
    hub_s: int | None

    @property
    def is_ahead(self) -> bool:
        """Tell that the device says it was written after the hub had it: its clock is wrong."""
        return self.device_s is not None and self.hub_s is not None and self.device_s > self.hub_s + 600


@dataclass(frozen=True)
class Cell:
    """A value in one column, cut where it differs."""

    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts)


@dataclass(frozen=True)
class FieldRow:
    """One differing field: last agreed value, and that of each version (None: this version left it alone)."""

    label: str
    agreed: Cell
    versions: tuple[Cell | None, ...]
    is_hidden: bool
    """Masked values that differ only where it cannot be seen."""


@dataclass(frozen=True)
class GroupView:
    """One merge group in conflict; ``options`` pairs label and reference of each version that wrote it."""

    name: str
    label: str
    is_protected: bool
    status: str
    rows: tuple[FieldRow, ...]
    origins: tuple[Origin | None, ...]
    options: tuple[tuple[str, str], ...]
    agreed_origin: Origin | None


@dataclass(frozen=True)
class Versions:
    """All that is contested in one record."""

    labels: tuple[str, ...]
    groups: tuple[GroupView, ...]

    @property
    def is_protected(self) -> bool:
        return any(group.is_protected for group in self.groups)


@dataclass(frozen=True)
class Proposal:
    """What the first officer wants; ``fields`` are the form fields that say the same again."""

    petugas: str
    nama: str
    jenis: str
    text: tuple[str, ...]
    alasan: str
    fields: tuple[tuple[str, str], ...]
    is_stale: bool


@dataclass(frozen=True)
class CaseLine:
    """One desa's case of a finding; ``id`` is its record."""

    desa: str
    id: str
    kode: str
    ringkasan: str
    status: str
    alasan: str | None
    catatan: str | None
    batas_waktu: str | None
    jawaban: str | None
    dijawab_oleh: str | None
    lampiran: str | None


def read_origin(conn: sqlite3.Connection, ref: str) -> Origin | None:
    """Read who wrote a change, on which node, when by its clock and when by the hub's."""
    log, seq, _ = parse_ref(ref)
    row = conn.execute(
        "SELECT l.no, l.wilayah, l.peran, l.kunci, c.header FROM log AS l JOIN change AS c"
        f" ON c.pos = (l.no << {SEQ_BITS}) + ? WHERE l.id = ?",
        (seq, log),
    ).fetchone()
    if row is None:
        return None
    no, _, peran, kunci, header = row
    members = json.loads(header)
    if peran != "desa":
        # What the hub writes it holds at once; there is no receipt for it.
        return Origin(name_petugas(conn, members[9]), OFFICE[1], members[10], members[10])
    node = conn.execute("SELECT nama FROM simpul WHERE kunci = ?", (kunci.hex(),)).fetchone()
    name = (node[0] if node else None) or "komputer tanpa nama"
    hub_s = hub_time_of(conn, (no << SEQ_BITS) + seq)
    return Origin(name_petugas(conn, members[9]), name, members[10], hub_s)


def load_versions(
    conn: sqlite3.Connection, services: HubServices, finding: Finding, reveal: bool
) -> Versions:
    """Read the versions of a V1 finding, only the fields in which they differ."""
    desa, kind_name, record = finding.rekaman[0]
    kind = services.catalogue[kind_name]
    state = load_state(conn, services.catalogue, kind, desa, record)
    versions = decide.list_versions(conn, services, finding)
    groups = tuple(
        _view_group(conn, kind, desa, group, state, versions, reveal) for group in state.conflicts
    )
    return Versions(tuple(version.label for version in versions), groups)


def _view_group(
    conn: sqlite3.Connection, kind: Kind, desa: str, group: str, state: RecordState,
    versions: Sequence[decide.Version], reveal: bool,
) -> GroupView:
    own = state.groups[group]
    by_ref = dict(own.versions)
    refs = [version.refs.get(group) for version in versions]
    names = ("_",) if group == EXISTENCE else kind.groups[group]
    rows = []
    for at, name in enumerate(names):
        values = [None if ref is None else by_ref[ref][at] for ref in refs]
        present = [value for value, ref in zip(values, refs, strict=True) if ref is not None]
        if all(value == own.live[at] for value in present):
            continue
        rows.append(_view_field(conn, kind, desa, name, own.live[at], values, refs, reveal))
    options = tuple((version.label, ref) for version, ref in zip(versions, refs, strict=True) if ref)
    return GroupView(
        group, name_group(kind, group), kind.is_protected(group), own.status.value, tuple(rows),
        tuple(None if ref is None else read_origin(conn, ref) for ref in refs), options,
        None if own.live_ref is None else read_origin(conn, own.live_ref),
    )


def _view_field(
    conn: sqlite3.Connection, kind: Kind, desa: str, name: str, agreed: Any, values: Sequence[Any],
    refs: Sequence[str | None], reveal: bool,
) -> FieldRow:
    if name == "_":
        cells = tuple(
            None if ref is None else plain_value(_write_existence(value))
            for value, ref in zip(values, refs, strict=True)
        )
        return FieldRow("Data ini", plain_value(_write_existence(agreed)), cells, False)
    before = write_value(conn, kind, desa, name, agreed, reveal)
    written = [
        None if ref is None else write_value(conn, kind, desa, name, value, reveal)
        for value, ref in zip(values, refs, strict=True)
    ]
    present = [text for text in written if text is not None]
    own = kind.fields[name]
    # Against the last agreed value; where there is none, against each other.
    marked = tuple(
        None if text is None
        else mark_value(text, before or next((t for t in present if t != text), ""), isinstance(own, CHOSEN))
        for text in written
    )
    return FieldRow(own.info.label, plain_value(before or EMPTY), marked, own.info.masked and not reveal)


def _write_existence(value: Any) -> str:
    return "Tetap ada" if value else "Dihapus"


def mark_value(text: str, other: str, is_whole: bool) -> Cell:
    """Mark what of a value differs from another one: by character, or the whole of it."""
    if not text or is_whole:
        return Cell((Part(text or EMPTY, text != other),))
    return Cell(mark_differences(text, other))


def plain_value(text: str) -> Cell:
    """Write a value without marks."""
    return Cell((Part(text, False),))


def list_cases(conn: sqlite3.Connection, finding: str) -> list[CaseLine]:
    """List the cases of a finding, one for each desa that was told."""
    rows = conn.execute(
        "SELECT desa, id, coalesce(kode, ''), coalesce(ringkasan, ''), coalesce(status, 'terbuka'), alasan, catatan,"
        " batas_waktu, jawaban, dijawab_oleh, lampiran FROM kasus WHERE temuan = ? ORDER BY desa",
        (finding,),
    ).fetchall()
    return [
        CaseLine(
            desa, id, kode, told, status, alasan, catatan, due, jawaban, name_petugas(conn, by) if by else None,
            lampiran,
        )
        for desa, id, kode, told, status, alasan, catatan, due, jawaban, by, lampiran in rows
    ]


def find_proposal(
    conn: sqlite3.Connection, finding: Finding, heads: Sequence[str], versions: Versions | None
) -> Proposal | None:
    """Find the proposal of a first officer that waits for a second one."""
    row = conn.execute(
        "SELECT usulan, petugas_pertama, catatan FROM kasus"
        " WHERE temuan = ? AND status = 'usulan' AND usulan IS NOT NULL AND petugas_pertama IS NOT NULL"
        " LIMIT 1",
        (finding.id,),
    ).fetchone()
    if row is None:
        return None
    action = json.loads(row[0])
    if action["jenis"] == "tautkan":
        fields = [("dihitung", action["dihitung"])]
        text = [f"Kedua data adalah satu orang, dihitung di {name_place(action['dihitung'])}."]
    else:
        fields = [(f"pilih__{group}", ref) for group, ref in action["pilih"].items()]
        text = _describe_choice(action["pilih"], versions)
    return Proposal(
        row[1], name_petugas(conn, row[1]), action["jenis"], tuple(text), row[2] or "", tuple(fields),
        sorted(action["kepala"]) != sorted(heads),
    )


def _describe_choice(chosen: Mapping[str, str], versions: Versions | None) -> list[str]:
    text = []
    for group in () if versions is None else versions.groups:
        label = next((label for label, ref in group.options if ref == chosen.get(group.name)), None)
        if label is not None:
            text.append(f"{group.label}: Versi {label}.")
    return text
