"""Records of a finding side by side: what differs or is in doubt with its origin, the rest folded away."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from hub.services import HubServices
from hub.verval.cases import Finding
from hub.verval.values import EMPTY, name_group, write_value
from hub.verval.view import CHOSEN, Cell, Origin, mark_value, plain_value, read_origin
from shared.merge.fold import RecordState
from shared.records.fields import Rujukan
from shared.records.kind import Kind
from shared.store.records import load_state

SHOWN = {
    "penduduk": (
        "nik", "nama", "tempat_lahir", "tanggal_lahir", "jenis_kelamin", "status_dasar", "tanggal_status",
        "keluarga", "hubungan", "alamat", "dusun", "rw", "rt", "ayah_nama", "ibu_nama", "pekerjaan",
    ),
    "keluarga": ("no_kk", "alamat", "dusun", "rw", "rt"),
    "penerima_bantuan": ("program", "periode", "status", "penduduk", "keluarga", "nomor_kartu"),
    "program_bantuan": ("nama", "sasaran", "mulai", "selesai", "kuota"),
    # Not what was printed: it bears the whole NIK.
    "surat": ("nomor", "urut", "seri", "tahun", "tanggal", "judul", "nama", "batal"),
}
RECORDS_SHOWN = 12

_KIND_ORDER = {"penerima_bantuan": 0, "program_bantuan": 1, "penduduk": 2, "keluarga": 3}


@dataclass(frozen=True)
class RecordView:
    """One record as it stands: the text of its fields, and in how many aids it is; empty when it is gone."""

    desa: str
    kind: Kind
    record: str
    state: RecordState
    texts: Mapping[str, str]
    bantuan: int

    def is_same(self, other: RecordView, name: str) -> bool:
        """Tell whether a field has one value in two records; masked numbers may look alike and differ."""
        if isinstance(self.kind.fields[name], Rujukan):
            # The ids of one dusun differ from desa to desa.
            return self.texts[name] == other.texts[name]
        return bool(self.live(name) == other.live(name))

    def live(self, name: str) -> Any:
        """Give the live value of a field; None too where all changes of the record are held."""
        group = self.kind.group_of[name]
        state = self.state.groups.get(group)
        return None if state is None else state.live[self.kind.groups[group].index(name)]


@dataclass(frozen=True)
class CompareRow:
    """One field in every record; ``is_hidden`` where masked numbers differ but look alike."""

    label: str
    cells: tuple[Cell, ...]
    differs: bool
    is_hidden: bool


@dataclass(frozen=True)
class CompareGroup:
    """A merge group that differs or that the finding is about, with who wrote it in each record."""

    label: str
    rows: tuple[CompareRow, ...]
    origins: tuple[Origin | None, ...]


@dataclass(frozen=True)
class Comparison:
    """Records of one kind side by side; ``rest`` is what is filled in beside the groups that matter."""

    label: str
    records: tuple[RecordView, ...]
    groups: tuple[CompareGroup, ...]
    rest: tuple[CompareRow, ...]


def load_records(
    conn: sqlite3.Connection, services: HubServices, finding: Finding, reveal: bool
) -> list[RecordView]:
    """Read the first records of a finding as they stand; those of kinds unknown here are left out."""
    return [
        _load_record(conn, services, desa, services.catalogue[kind], record, reveal)
        for desa, kind, record in finding.rekaman[:RECORDS_SHOWN]
        if kind in services.catalogue.kinds
    ]


def _load_record(
    conn: sqlite3.Connection, services: HubServices, desa: str, kind: Kind, record: str, reveal: bool
) -> RecordView:
    state = load_state(conn, services.catalogue, kind, desa, record)
    values = state.values(kind) if state.exists else {}
    names = SHOWN.get(kind.name, tuple(kind.fields))
    texts = {name: write_value(conn, kind, desa, name, values.get(name), reveal) for name in names}
    return RecordView(desa, kind, record, state, texts, _count_aid(conn, desa, kind, record))


def _count_aid(conn: sqlite3.Connection, desa: str, kind: Kind, record: str) -> int:
    if kind.name not in ("penduduk", "keluarga"):
        return 0
    row = conn.execute(
        f"SELECT count(*) FROM penerima_bantuan WHERE {kind.name} = ? AND desa = ?"
        " AND coalesce(status, 'aktif') <> 'berhenti'",
        (record, desa),
    ).fetchone()
    return int(row[0])


def compare_records(
    conn: sqlite3.Connection, finding: Finding, records: Sequence[RecordView], reveal: bool
) -> list[Comparison]:
    """Put records of one kind beside each other, kind by kind."""
    by_kind: dict[str, list[RecordView]] = {}
    for record in records:
        by_kind.setdefault(record.kind.name, []).append(record)
    doubted = _list_doubted(finding)
    return [
        _compare(conn, own, doubted.get(kind, frozenset()), reveal)
        for kind, own in sorted(by_kind.items(), key=lambda item: _KIND_ORDER.get(item[0], len(_KIND_ORDER)))
    ]


def _list_doubted(finding: Finding) -> Mapping[str, Set[str]]:
    """List for each kind the merge groups that the rule looked at."""
    found: dict[str, set[str]] = {}
    for (_, kind, _), groups in zip(finding.rekaman, finding.bukti.get("bagian", ())):
        found.setdefault(kind, set()).update(groups)
    return found


def _compare(
    conn: sqlite3.Connection, records: Sequence[RecordView], doubted: Set[str], reveal: bool
) -> Comparison:
    kind = records[0].kind
    rows: dict[str, list[CompareRow]] = {}
    for name in records[0].texts:
        if any(record.texts[name] for record in records):
            rows.setdefault(kind.group_of[name], []).append(_compare_field(records, name, reveal))
    matters = {group for group, own in rows.items() if group in doubted or any(row.differs for row in own)}
    groups = tuple(
        CompareGroup(name_group(kind, group), tuple(own), tuple(_find_origin(conn, r, group) for r in records))
        for group, own in rows.items()
        if group in matters
    )
    rest = tuple(row for group, own in rows.items() if group not in matters for row in own)
    return Comparison(kind.label, tuple(records), groups, rest)


def _compare_field(records: Sequence[RecordView], name: str, reveal: bool) -> CompareRow:
    own = records[0].kind.fields[name]
    first = records[0]
    differs = not all(record.is_same(first, name) for record in records)
    if not differs:
        cells = tuple(plain_value(record.texts[name] or EMPTY) for record in records)
        return CompareRow(own.info.label, cells, False, False)
    # Against the first record; that one against the next that has something else.
    other = next((record.texts[name] for record in records if record.texts[name] != first.texts[name]), "")
    cells = tuple(
        mark_value(record.texts[name], other if record is first else first.texts[name], isinstance(own, CHOSEN))
        for record in records
    )
    return CompareRow(own.info.label, cells, True, own.info.masked and not reveal)


def _find_origin(conn: sqlite3.Connection, record: RecordView, group: str) -> Origin | None:
    state = record.state.groups.get(group)
    return None if state is None or state.live_ref is None else read_origin(conn, state.live_ref)
