"""Projections of the log: one row per record and kind, with conflicts and held changes beside them.

:func:`project` is the incremental path; it folds every touched record from all its changes, so it equals
:func:`rebuild` by construction. One short cut is taken, for the commonest case: a record whose only
change is its creation needs no fold (tests/shared_core/test_projection.py holds it to the fold).
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from shared.changelog.change import FORMAT, Op
from shared.errors import DamageError, SipandeError
from shared.merge.fold import FoldChange, RecordState, Standing, fold
from shared.merge.scope import GENESIS_KIND, Role, find_scope_breach
from shared.records.catalogue import Catalogue
from shared.records.kind import Kind
from shared.store.changes import SEQ_BITS, read_role
from shared.store.entries import Entry, decode_rows, read_entries
from shared.store.erasure import drop_arrived, drop_erased
from shared.store.moved import choose_places, find_origins, rename_refs
from shared.store.rows import Observer, Reason, RowWriter
from shared.store.tables import drop_tables, make_tables
from shared.store.verdicts import NO_VERDICTS, VERDICT_KINDS, Verdicts, affected_positions, load_verdicts

BATCH = 2000
_log = logging.getLogger("sipande.tables")


class Place(NamedTuple):
    """What the projection must know of a log: whose records it writes and with what right."""

    wilayah: str
    role: Role
    issues_again: bool = False
    """It begins with the changes of a branch (store.branch)."""


@dataclass
class Projector:
    """Folds touched records into the tables. Make one per transaction: it reads verdicts once."""

    conn: sqlite3.Connection
    catalogue: Catalogue
    observe: Observer | None = None
    verdicts: Verdicts = field(default=NO_VERDICTS)
    places: dict[int, Place] = field(default_factory=dict)
    fresh: bool = False
    """The tables were just made: nothing to read or delete before writing."""
    only_verdicts: bool | None = None
    """Write records of verdict kinds only, or all but those; None writes both."""

    def __post_init__(self) -> None:
        self.places = {
            no: Place(wilayah, read_role(no, peran), bool(issues_again))
            for no, wilayah, peran, issues_again in self.conn.execute(
                "SELECT no, wilayah, peran, (SELECT instr(body, CAST('\"cabang\"' AS BLOB)) FROM change"
                f" WHERE pos = no << {SEQ_BITS}) FROM log"
            )
        }
        if not self.fresh:
            self.verdicts = load_verdicts(self.conn)

    def project(self, entries: Sequence[Entry]) -> None:
        """Bring the tables up to date with changes that were just appended; erased bodies among them go."""
        if not entries:
            return
        entries = drop_arrived(self.conn, self.verdicts, entries)
        self._project_batch(entries)
        if any(entry.header.kind in VERDICT_KINDS for entry in entries):
            self._apply_new_verdicts()

    def refold(self, desa: str, records: Sequence[tuple[str, str]]) -> None:
        """Fold records of one wilayah again after changes were taken out of a log; some may have none left.

        ``records`` are (kind, record) of every change taken out.
        """
        for start in range(0, len(records), BATCH):
            batch = records[start : start + BATCH]
            groups = list(self._load(sorted({record for _, record in batch})))
            left = {
                (entry.header.kind, entry.header.record) for entries in groups for entry in entries
                if self.places[entry.pos >> SEQ_BITS].wilayah == desa
            }
            gone = RowWriter(self.conn, self.catalogue, self.fresh, self.observe)
            for kind, record in batch:
                if (kind, record) not in left:
                    gone.forget(kind, desa, record)
            gone.flush()
            self._write(groups, again=True)
        if any(kind in VERDICT_KINDS for kind, _ in records):
            self._apply_new_verdicts()

    def _apply_new_verdicts(self) -> None:
        """Drop what a new verdict erases, and fold again every record that it speaks of."""
        before, self.verdicts = self.verdicts, load_verdicts(self.conn)
        positions = affected_positions(self.conn, before, self.verdicts) | drop_erased(self.conn, self.verdicts)
        rows = self.conn.execute(
            "SELECT DISTINCT record FROM change WHERE pos IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted(positions)),),
        )
        records = [row[0] for row in rows]
        for start in range(0, len(records), BATCH):
            self._write(self._load(records[start : start + BATCH]), again=True)

    def _project_batch(self, entries: Sequence[Entry]) -> None:
        known = {entry.pos: entry for entry in entries}
        by_record: dict[str, list[Entry]] = {}
        for entry in entries:
            by_record.setdefault(entry.header.record, []).append(entry)
        earlier = self._read_entries(list(by_record), skip=known)
        for entry in earlier:
            by_record[entry.header.record].append(entry)
        self._write(by_record.values())

    def _load(self, records: list[str]) -> Iterator[list[Entry]]:
        by_record: dict[str, list[Entry]] = {}
        for entry in self._read_entries(records, skip={}):
            by_record.setdefault(entry.header.record, []).append(entry)
        yield from by_record.values()

    def _read_entries(self, records: list[str], skip: Mapping[int, Entry]) -> list[Entry]:
        """Read all stored changes of some records, but for the positions already in hand."""
        rows = self.conn.execute(
            "SELECT pos FROM change WHERE record IN (SELECT value FROM json_each(?))", (json.dumps(records),)
        )
        positions = [pos for (pos,) in rows if pos not in skip]
        if not positions:
            return []
        return read_entries(self.conn, positions)

    def _write(self, groups: Iterable[list[Entry]], again: bool = False) -> None:
        """Fold and store some records, each given with all its changes; ``again`` if they may have rows."""
        writer = RowWriter(self.conn, self.catalogue, self.fresh, self.observe)
        for entries in groups:
            by_place: dict[str, list[Entry]] = {}
            for entry in entries:
                if entry.header.kind != GENESIS_KIND:
                    by_place.setdefault(self.places[entry.pos >> SEQ_BITS].wilayah, []).append(entry)
            for desa, own in by_place.items():
                try:
                    self._fold_into(writer, desa, own, again)
                except (sqlite3.Error, MemoryError, SipandeError):
                    raise
                except Exception as error:
                    # A defect of this program must not stop the village behind one record. No value in the log.
                    _log.error("record %s held, defect: %s", own[0].header.record, type(error).__name__)
                    writer.fail(own, desa)
        writer.flush()

    def _fold_into(self, writer: RowWriter, desa: str, entries: list[Entry], again: bool) -> None:
        header = entries[0].header
        record = header.record
        kind = self.catalogue.get(header.kind, header.kind_version)
        if kind is None or len(entries) > 1:
            kind = self._common_kind(entries)
        if self.only_verdicts is not None:
            if (kind is not None and kind.name in VERDICT_KINDS) is not self.only_verdicts:
                return
        if kind is None:
            writer.hold(entries, desa, "jenis_baru")
            return
        if len(entries) == 1 and not again and header.op == Op.CREATE and not header.parents:
            reason = self._find_reason(kind, entries[0])
            values = entries[0].values
            if reason is None and values is not None and not self._is_erased(kind, entries[0]):
                writer.create(kind, desa, record, values)
                return
        state, reasons = self.fold_entries(kind, entries)
        writer.store(kind, desa, record, state, entries, reasons, is_empty=self.is_emptied(kind, entries, reasons))

    def is_emptied(self, kind: Kind, entries: Sequence[Entry], reasons: Mapping[int, str]) -> bool:
        """Tell whether all that ever set fields of a record is erased: then there is nothing to show of it."""
        setting = [
            e for e in entries
            if e.pos not in reasons and (e.header.op == Op.CREATE or (e.header.op == Op.UPDATE and e.header.groups))
        ]
        return bool(setting) and all(self._is_erased(kind, entry) for entry in setting)

    def _common_kind(self, entries: list[Entry]) -> Kind | None:
        """Choose the kind of a record whose changes disagree, in its newest known version; the rest is held.

        The choice is the same on every replica (no positions), and nothing that has no effect chooses
        before what has one. A verdict kind that the hub wrote comes first, whatever the verdicts say:
        they are read from it.
        """
        known = [(e, self.catalogue.get(e.header.kind, e.header.kind_version)) for e in entries]
        if len({entry.header.kind for entry in entries}) == 1:
            return next((kind for _, kind in known if kind is not None), None)
        choices: list[tuple[bool, bool, bool, str, Kind]] = []
        for entry, kind in known:
            if kind is None:
                continue
            header = entry.header
            reason = self._find_reason(kind, entry)
            is_verdict = kind.name in VERDICT_KINDS and reason is None
            choices.append((not is_verdict, reason is not None, bool(header.parents), header.ref(entry.leaf), kind))
        return min(choices, key=lambda choice: choice[:4])[4] if choices else None

    def fold_entries(self, kind: Kind, entries: Sequence[Entry]) -> tuple[RecordState, dict[int, str]]:
        """Fold one record of one wilayah; also tell why a change has no effect, by position."""
        reasons: dict[int, str] = {}
        changes: list[FoldChange] = []
        refs: dict[str, int] = {}
        for entry in entries:
            reason = self._find_reason(kind, entry)
            if reason is not None:
                reasons[entry.pos] = reason
            if reason == "jenis_baru":
                continue
            change = self._as_fold_change(kind, entry, reason)
            refs[change.ref] = entry.pos
            changes.append(change)
        state = fold(changes, kind)
        if (state.waiting or self._may_be_twice(entries)) and self._is_issued_again(entries):
            state = fold(self._gather(entries, changes), kind)
        for ref in state.waiting:
            reasons.setdefault(refs[ref], "menunggu_induk")
        return state, reasons

    def _is_issued_again(self, entries: Sequence[Entry]) -> bool:
        return any(self.places[entry.pos >> SEQ_BITS].issues_again for entry in entries)

    def _may_be_twice(self, entries: Sequence[Entry]) -> bool:
        """Tell whether two changes look as if they were one, from two logs; cheap, and sure only in its no."""
        if len(entries) < 2 or not self._is_issued_again(entries):
            return False
        looks = {(e.header.op, e.header.author, e.header.time_s, tuple(e.header.groups)) for e in entries}
        return len(looks) < len(entries)

    def _gather(self, entries: Sequence[Entry], changes: Sequence[FoldChange]) -> list[FoldChange]:
        """Let one change stand where a branch was issued again twice, and names of earlier places mean it."""
        origins = find_origins(self.conn, [entry.pos for entry in entries])
        standing = {change.ref: change.standing is Standing.KARANTINA for change in changes}
        places = choose_places(origins, standing)
        return [
            replace(
                change, parents=tuple(sorted({places.get(parent, parent) for parent in change.parents})),
                values=rename_refs(change.values, places) if change.op == Op.DECIDE else change.values,
            )
            for change in changes if change.ref not in places
        ]

    def _as_fold_change(self, kind: Kind, entry: Entry, reason: str | None) -> FoldChange:
        header = entry.header
        standing = Standing.TERHAPUS if self._is_erased(kind, entry) else Standing.BERLAKU
        if reason is not None:
            standing = Standing.KARANTINA
        by_hub = self.places[entry.pos >> SEQ_BITS].role is not Role.DESA
        return FoldChange(
            header.ref(entry.leaf), header.op, kind.evolution.translate(header.groups, header.kind_version),
            tuple(header.parents), _decision(kind, entry) if header.op == Op.DECIDE else entry.values or {},
            by_hub, standing,
        )

    def _find_reason(self, kind: Kind, entry: Entry) -> Reason | None:
        """Say why a change has no effect on the fold, or None."""
        header = entry.header
        if header.format != FORMAT or header.kind != kind.name or header.kind_version > kind.version:
            return "jenis_baru"
        if kind.name not in VERDICT_KINDS and self.verdicts.is_revoked(entry.pos):
            return "dicabut"
        place = self.places[entry.pos >> SEQ_BITS]
        # Members are fields only where a change sets fields. One whose body is to be erased is judged as if
        # it were gone, because elsewhere it already is.
        sets_fields = header.op in (Op.CREATE, Op.UPDATE) and not self._is_erased(kind, entry)
        values = entry.values or {} if sets_fields else {}
        groups = kind.evolution.translate(header.groups, header.kind_version)
        if find_scope_breach(place.role, kind, header.op, groups, values):
            return "lingkup"
        if kind.find_shape_defect(values) or not fills_its_groups(kind, header.op, groups, values):
            return "bentuk"
        return None

    def _is_erased(self, kind: Kind, entry: Entry) -> bool:
        """Tell whether a body is gone or must count as gone; verdicts do not speak of verdicts."""
        return entry.values is None or (kind.name not in VERDICT_KINDS and entry.pos in self.verdicts.erased)


def fills_its_groups(kind: Kind, op: str, groups: Sequence[str], values: Mapping[str, Any]) -> bool:
    """Tell whether an update sets only fields of the groups it names; others would be lost without a word."""
    return op != Op.UPDATE or all(kind.group_of[name] in groups for name in values if name in kind.group_of)


def _decision(kind: Kind, entry: Entry) -> Mapping[str, Any]:
    """Give group → reference; of a group that a later version has split, for each of its parts."""
    chosen = (entry.values or {}).get("pilih")
    if not isinstance(chosen, dict):
        return {}
    return {
        today: ref for group, ref in chosen.items() if isinstance(ref, str)
        for today in kind.evolution.translate((group,), entry.header.kind_version)
    }


def rebuild(conn: sqlite3.Connection, catalogue: Catalogue, observe: Observer | None = None) -> int:
    """Drop every projection and fold all logs again; return how many changes were read.

    Verdict kinds come first, because the fold of everything else asks for them. Indexes of what stays are made
    anew as well: through them the fold finds its changes. DamageError where one cannot be.
    """
    drop_tables(conn, catalogue)
    try:
        conn.execute("REINDEX")
    except sqlite3.IntegrityError:
        raise DamageError("a row that may be there once is there twice") from None
    make_tables(conn, catalogue)
    _rebuild_kinds(conn, catalogue, observe, verdicts=True)
    return _rebuild_kinds(conn, catalogue, observe, verdicts=False)


def _rebuild_kinds(
    conn: sqlite3.Connection, catalogue: Catalogue, observe: Observer | None, *, verdicts: bool
) -> int:
    projector = Projector(conn, catalogue, observe, fresh=True, only_verdicts=verdicts)
    if not verdicts:
        projector.verdicts = load_verdicts(conn)
        drop_erased(conn, projector.verdicts)
    count = 0
    batch: list[list[Entry]] = []
    for entries in _stream_records(conn, verdicts):
        count += len(entries)
        batch.append(entries)
        if len(batch) >= BATCH:
            projector._write(batch)
            batch = []
    projector._write(batch)
    return count


def _stream_records(conn: sqlite3.Connection, verdicts: bool) -> Iterator[list[Entry]]:
    """Read the log record by record; only BATCH changes are decoded at a time.

    For the verdicts, what says to be one is enough to look at; who wrote it is asked later.
    """
    marks = ",".join("?" * len(VERDICT_KINDS))
    where = f" WHERE record IN (SELECT record FROM change WHERE kind IN ({marks}))" if verdicts else ""
    cursor = conn.execute(
        f"SELECT pos, header, body, leaf, record FROM change{where} ORDER BY record, pos",
        VERDICT_KINDS if verdicts else (),
    )
    pending: list[Entry] = []
    while rows := cursor.fetchmany(BATCH):
        for entry in decode_rows([row[:4] for row in rows]):
            if pending and pending[0].header.record != entry.header.record:
                yield pending
                pending = []
            pending.append(entry)
    if pending:
        yield pending


def count_newer(conn: sqlite3.Connection, desa: str) -> int:
    """Count the changes of a desa that this program keeps and cannot show before it is brought up to date."""
    row = conn.execute("SELECT count(*) FROM held WHERE alasan = 'jenis_baru' AND desa = ?", (desa,)).fetchone()
    return int(row[0])


def load_state(conn: sqlite3.Connection, catalogue: Catalogue, kind: Kind, desa: str, record: str) -> RecordState:
    """Fold one record as it stands now; what an author asks before writing on it."""
    projector = Projector(conn, catalogue)
    entries = [e for e in projector._read_entries([record], {}) if projector.places[e.pos >> SEQ_BITS].wilayah == desa]
    return projector.fold_entries(kind, entries)[0]


def load_states(
    conn: sqlite3.Connection, catalogue: Catalogue, kind: Kind, desa: str, records: Sequence[str]
) -> dict[str, RecordState]:
    """Fold many records of one kind as they stand now; one that has no changes in this desa is left out."""
    projector = Projector(conn, catalogue)
    histories = iterate_histories(conn, catalogue, desa, records)
    return {record: projector.fold_entries(kind, own)[0] for record, own in histories}


def iterate_histories(
    conn: sqlite3.Connection, catalogue: Catalogue, desa: str, records: Sequence[str]
) -> Iterator[tuple[str, list[Entry]]]:
    """Read all changes of many records in this desa, some hundred records at a time."""
    projector = Projector(conn, catalogue)
    for start in range(0, len(records), BATCH):
        by_record: dict[str, list[Entry]] = {}
        for entry in projector._read_entries(list(records[start : start + BATCH]), {}):
            if projector.places[entry.pos >> SEQ_BITS].wilayah == desa:
                by_record.setdefault(entry.header.record, []).append(entry)
        yield from by_record.items()


def load_history(conn: sqlite3.Connection, catalogue: Catalogue, desa: str, record: str) -> list[Entry]:
    """Read all changes of one record, oldest place first; what the history page shows."""
    projector = Projector(conn, catalogue)
    return [e for e in projector._read_entries([record], {}) if projector.places[e.pos >> SEQ_BITS].wilayah == desa]
