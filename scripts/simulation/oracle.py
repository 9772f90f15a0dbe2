"""Holds the tables of a side against the law (law.py), read from its logs alone: nothing entered is lost or moved.

Looks at every record whose changes agree on a kind that is known here; what follows from the verdicts is read again
as well. Its findings name table, record and group, and no value.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import replace
from sqlite3 import Connection
from typing import Any, NamedTuple

from shared.changelog.change import FORMAT, Header, decode_bodies, decode_headers
from shared.records.catalogue import Catalogue
from shared.records.kind import Kind
from shared.store.changes import SEQ_BITS, SEQ_MASK
from shared.store.moved import choose_places, find_origins, rename_refs
from simulation.law import CREATE, DECIDE, DELETE, EXISTENCE, UPDATE, Record, Told

VERDICTS = ("simpul", "adopsi", "penghapusan")


class Place(NamedTuple):
    """Of the log that a change stands in."""

    id: str
    wilayah: str
    peran: str
    kunci: str


class Stored(NamedTuple):
    """One change as it lies in the table of the log."""

    pos: int
    leaf: bytes
    header: Header
    body: dict[str, Any] | None

    @property
    def ref(self) -> str:
        return f"{self.header.log}:{self.header.seq}:{self.leaf[:8].hex()}"


class Trust(NamedTuple):
    """The verdicts in force: log id → cut-off, references adopted, references erased."""

    cutoffs: dict[str, int]
    adopted: frozenset[str]
    erased: frozenset[str]


def find_breaches(conn: Connection, catalogue: Catalogue, only: Collection[str] | None = None) -> Iterator[str]:
    """Name everything in the tables that does not follow from the logs; with ``only`` of some records."""
    places = {row[0]: Place(*row[1:]) for row in conn.execute("SELECT no, id, wilayah, peran, hex(kunci) FROM log")}
    trust = _read_trust(conn, places)
    for (desa, record), stored in _read_records(conn, places, only).items():
        kind = _find_kind(catalogue, stored)
        if kind is not None:
            told = [_tell(kind, change, places[change.pos >> SEQ_BITS], trust) for change in stored]
            held = {change.ref: change.held for change in told}
            yield from _compare(conn, kind, desa, record, stored, held, Record(kind, _gather(conn, stored, told)))


def _read_records(
    conn: Connection, places: dict[int, Place], only: Collection[str] | None
) -> dict[tuple[str, str], list[Stored]]:
    rows = conn.execute(
        "SELECT pos, leaf, header, body FROM change WHERE kind <> 'log'"
        + ("" if only is None else " AND record IN (SELECT value FROM json_each(?))"),
        () if only is None else (json.dumps(sorted(only)),),
    ).fetchall()
    headers, bodies = decode_headers([row[2] for row in rows]), decode_bodies([row[3] for row in rows])
    records: dict[tuple[str, str], list[Stored]] = {}
    for row, header, body in zip(rows, headers, bodies, strict=True):
        key = (places[row[0] >> SEQ_BITS].wilayah, header.record)
        records.setdefault(key, []).append(Stored(row[0], row[1], header, body))
    return records


def _find_kind(catalogue: Catalogue, stored: list[Stored]) -> Kind | None:
    """Find the kind of a record; None where its changes disagree or are newer than this program."""
    kinds = {(change.header.kind, change.header.kind_version) for change in stored}
    if len({name for name, _ in kinds}) > 1 or any(change.header.format != FORMAT for change in stored):
        return None
    found = [catalogue.get(*kind) for kind in kinds]
    return found[0] if None not in found else None


def _read_trust(conn: Connection, places: dict[int, Place]) -> Trust:
    """Sections 4.3 and 9.6: of two cut-offs the smaller, of a log that is not listed 0."""
    cutoffs: dict[str, int] = {}
    for kunci, batas in conn.execute("SELECT kunci, batas FROM simpul WHERE status IN ('dicabut', 'ditangguhkan')"):
        listed: dict[str, list[int]] = {}
        for item in json.loads(batas or "[]"):
            log, _, size = item.partition(":")
            if size.isdecimal():
                listed.setdefault(log, []).append(int(size))
        for place in places.values():
            if place.kunci.lower() == kunci:
                at = min(listed.get(place.id, [0]))
                cutoffs[place.id] = min(at, cutoffs.get(place.id, at))
    return Trust(cutoffs, _read_refs(conn, "adopsi"), _read_refs(conn, "penghapusan"))


def _read_refs(conn: Connection, table: str) -> frozenset[str]:
    rows = conn.execute(f"SELECT perubahan FROM {table}")
    return frozenset(ref for (text,) in rows for ref in json.loads(text or "[]"))


def _read_as_today(kind: Kind, change: Stored) -> Stored:
    """Section 12.3: a change of an earlier version touches every group that holds a field of those that it names."""
    header, body = change.header, change.body
    if header.kind_version >= kind.version:
        return change
    groups = {today for group in header.groups for today in _find_today(kind, group, header.kind_version)}
    if header.op == DECIDE and body is not None and isinstance(body.get("pilih"), dict):
        chosen = body["pilih"].items()
        body = {**body, "pilih": {
            today: ref for group, ref in chosen for today in _find_today(kind, group, header.kind_version)
        }}
    return change._replace(header=header._replace(groups=sorted(groups)), body=body)


def _find_today(kind: Kind, group: str, version: int) -> set[str]:
    members = {
        kind.group_of[name] for name, field in kind.fields.items()
        if field.info.since <= version and (field.info.group_in(version) or name) == group
    }
    return members or {group}


def _tell(kind: Kind, change: Stored, place: Place, trust: Trust) -> Told:
    ref, change = change.ref, _read_as_today(kind, change)
    header, is_verdict = change.header, kind.name in VERDICTS
    is_erased = change.body is None or (ref in trust.erased and not is_verdict)
    body = None if is_erased else change.body
    cutoff = trust.cutoffs.get(place.id)
    held = None
    if not is_verdict and cutoff is not None and header.seq >= cutoff and ref not in trust.adopted:
        held = "dicabut"
    elif _breaks_scope(kind, header, body or {}, place.peran):
        held = "lingkup"
    elif header.op in (CREATE, UPDATE) and body and _breaks_shape(kind, header, body):
        held = "bentuk"
    return Told(
        ref, header.op, frozenset(header.groups), frozenset(header.parents), body, place.peran != "desa", held
    )


def _gather(conn: Connection, stored: list[Stored], told: list[Told]) -> list[Told]:
    """Section 6.5 item 5: what was issued again has one place, whatever it is called by."""
    origins = find_origins(conn, [change.pos for change in stored])
    places = choose_places(origins, {change.ref: change.held is not None for change in told})

    def move(change: Told) -> Told:
        body = rename_refs(change.body, places) if change.op == DECIDE else change.body
        return replace(change, parents=frozenset(places.get(ref, ref) for ref in change.parents), body=body)

    return [move(change) for change in told if change.ref not in places]


def _breaks_scope(kind: Kind, header: Header, body: dict[str, Any], peran: str) -> bool:
    """Section 9.2, from its table."""
    fills = {kind.group_of[name] for name in body if name in kind.group_of} if header.op != DECIDE else set()
    writers = {kind.writer_of(group).value for group in {*header.groups, *fills}}
    if peran == "desa":
        makes = header.op in (CREATE, DELETE) and kind.writer.value == "hub"
        return header.op == DECIDE or makes or "hub" in writers
    if header.op == DECIDE:
        return False
    if kind.writer.value == "desa":
        return header.op == DELETE
    return "desa" in writers


def _breaks_shape(kind: Kind, header: Header, body: dict[str, Any]) -> bool:
    strays = header.op == UPDATE and any(
        kind.group_of[name] not in header.groups for name in body if name in kind.group_of
    )
    return strays or kind.find_shape_defect(body) is not None


def _compare(
    conn: Connection, kind: Kind, desa: str, id: str, stored: list[Stored], held: dict[str, str | None], record: Record
) -> Iterator[str]:
    where = f"{kind.name} {id} of {desa}"
    outcomes = record.outcomes
    expected = {
        (group, outcome.status, outcome.heads)
        for group, outcome in outcomes.items()
        if outcome.status in ("konflik", "usulan") and not record.is_emptied
    }
    rows = conn.execute("SELECT grup, status, heads FROM conflict WHERE record = ? AND desa = ?", (id, desa))
    told = {(group, status, tuple(json.loads(heads))) for group, status, heads in rows}
    if told != expected:
        yield f"{where}: conflicts in {sorted(g for g, _, _ in told ^ expected)} are not those of the law"
    yield from _compare_held(conn, where, stored, held, record)
    existence = outcomes.get(EXISTENCE)
    live = None if existence is None else existence.live[0]
    row = conn.execute(f"SELECT {', '.join(kind.fields)} FROM {kind.name} WHERE id = ? AND desa = ?", (id, desa))
    yield from _compare_row(where, kind, record, row.fetchone(), live is True and not record.is_emptied)
    gone = conn.execute("SELECT 1 FROM deleted WHERE record = ? AND desa = ?", (id, desa)).fetchone() is not None
    if gone != (live is False):
        yield f"{where}: its deletion is not what the law says"


def _compare_held(
    conn: Connection, where: str, stored: list[Stored], held: dict[str, str | None], record: Record
) -> Iterator[str]:
    told = dict(conn.execute("SELECT pos, alasan FROM held WHERE record = ?", (stored[0].header.record,)))
    for change in stored:
        waits = "menunggu_induk" if change.ref in record.waiting else None
        expected = held[change.ref] or waits
        if told.get(change.pos) != expected:
            place = f"change {change.pos & SEQ_MASK} of log {change.pos >> SEQ_BITS}"
            yield f"{where}: {place} is held as {told.get(change.pos)}, by the law as {expected}"


def _compare_row(where: str, kind: Kind, record: Record, row: tuple[Any, ...] | None, is_live: bool) -> Iterator[str]:
    if (row is not None) != is_live:
        yield f"{where}: it {'stands' if row else 'does not stand'} in its table against the law"
    if row is None or not is_live:
        return
    shown = dict(zip(kind.fields, row, strict=True))
    for group, fields in kind.groups.items():
        outcome = record.outcomes.get(group)
        values = (None,) * len(fields) if outcome is None else outcome.live
        for name, value in zip(fields, values, strict=True):
            expected = list(value) if isinstance(value, tuple) else value
            if shown[name] != (None if expected is None else kind.fields[name].to_column(expected)):
                yield f"{where}: {name} shows another value than the law"
