"""The history of a case, oldest first: found, notified, claimed, proposed, returned, answered, decided, closed.

Everything is read from the log: the changes of the case in each desa, decisions on its records, links between
them. Times are hub time. Nothing here is stored.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hub.beranda.shell import name_place
from hub.roles import LEADERS
from hub.services import HubServices
from hub.verval import queries
from hub.verval.cases import GONE, Finding
from hub.verval.frontier import read_frontiers
from hub.verval.rule import Subject
from hub.verval.values import name_group, name_petugas
from hub.verval.view import CaseLine, read_origin
from shared.changelog.change import Op
from shared.codes import text_code_list
from shared.records.kind import Kind
from shared.records.verval import ALASAN_SELESAI
from shared.store.changes import SEQ_BITS, hub_time_of
from shared.store.entries import Entry
from shared.store.records import load_history
from shared.web.forms import write_date

CLOSED, OPENED_AGAIN = "Ditutup", "Dibuka lagi"
"""What the program itself does to a case, in the second in which a decision makes it do so."""


@dataclass(frozen=True)
class Event:
    """One thing that happened to a case; ``desa`` names those that it happened for, where that matters."""

    time_s: int
    what: str
    who: str
    details: tuple[str, ...] = ()
    desa: tuple[str, ...] = ()


def read_timeline(
    conn: sqlite3.Connection, services: HubServices, finding: Finding | None, id: str, cases: Sequence[CaseLine]
) -> list[Event]:
    """Read what happened to the cases of a finding; ``finding`` is None when it is gone."""
    subjects = _list_subjects(conn, finding, id)
    events = [] if finding is None else _find_cause(conn, services, finding)
    for case in cases:
        events += _read_case(conn, services, case)
    events += _read_decisions(conn, services, id, subjects)
    events += _read_links(conn, services, subjects)
    # What one person did in one second of a case in two desa is one event.
    merged: dict[tuple[Any, ...], Event] = {}
    for event in sorted(events, key=lambda event: (event.time_s, event.what in (CLOSED, OPENED_AGAIN))):
        key = (event.time_s, event.what, event.who, event.details)
        before = merged.get(key)
        merged[key] = event if before is None else replace(before, desa=(*before.desa, *event.desa))
    return list(merged.values())


def list_reached(conn: sqlite3.Connection, cases: Sequence[CaseLine]) -> list[str]:
    """List the desa of which some computer is known to hold the case as it stands now."""
    return [case.desa for case in cases if queries.has_reached(conn, case.desa, case.id)]


def _list_subjects(
    conn: sqlite3.Connection, finding: Finding | None, id: str
) -> Sequence[tuple[str, str, str]]:
    """List the records as the finding has them, or its cases where it is gone."""
    return finding.rekaman if finding is not None else queries.list_case_subjects(conn, id)


def _find_cause(conn: sqlite3.Connection, services: HubServices, finding: Finding) -> list[Event]:
    """Tell by which change a finding came to be: the last of its heads to reach the hub."""
    subjects = [
        Subject(desa, kind, record, tuple(groups))
        for (desa, kind, record), groups in zip(finding.rekaman, finding.bukti.get("bagian", ()))
        if kind in services.catalogue.kinds
    ]
    refs = {ref for heads in read_frontiers(conn, services.catalogue, subjects).values() for ref in heads}
    refs.update(_list_refs(finding.bukti.get("kepala", ())))
    origins = [origin for ref in refs if (origin := read_origin(conn, ref)) and origin.hub_s is not None]
    if not origins:
        return []
    last = max(origins, key=lambda origin: (origin.hub_s or 0, origin.petugas))
    return [Event(last.hub_s or 0, "Ditemukan", last.petugas, (f"Dari perubahan di {last.simpul}.",), finding.desa)]


def _list_refs(heads: Mapping[str, Sequence[str]] | Sequence[str]) -> Iterable[str]:
    """List the heads that a rule has noted, by group or at once."""
    return [ref for own in heads.values() for ref in own] if isinstance(heads, Mapping) else heads


def _read_case(conn: sqlite3.Connection, services: HubServices, case: CaseLine) -> Iterator[Event]:
    """Read what happened to one desa's case, change by change."""
    kind = services.catalogue["kasus"]
    held: dict[str, dict[str, Any]] = {}
    for entry in _load_effective(conn, services, case.desa, case.id):
        header, values = entry.header, entry.values or {}
        event = Event(_time_of(conn, entry), "", name_petugas(conn, header.author))
        if header.op == Op.CREATE:
            yield replace(event, what="Diberitahukan ke desa", desa=(case.desa,))
            groups: Sequence[str] = tuple(kind.groups)
        else:
            groups = header.groups
            yield from (
                replace(event, what=what, details=tuple(filter(None, details)), desa=desa)
                for what, details, desa in _tell_update(conn, case.desa, entry, held)
            )
        for group in groups:
            held[group] = {name: values.get(name) for name in kind.groups.get(group, ())}


Told = tuple[str, Sequence[str], tuple[str, ...]]
"""What an event says: what happened, details, desa."""


def _tell_update(
    conn: sqlite3.Connection, desa: str, entry: Entry, held: Mapping[str, Mapping[str, Any]]
) -> Iterator[Told]:
    groups, values = entry.header.groups, entry.values or {}
    status = values.get("status") if "status" in groups else None
    if status == "terbuka":
        yield OPENED_AGAIN, ["Temuan yang sama muncul kembali."], (desa,)
        return  # what else it says only clears the desk
    if status is not None:
        yield from _tell_status(desa, status, values)
    if "jawaban" in groups and values.get("jawaban"):
        yield "Dijawab desa", [values["jawaban"]], (desa,)
    if "pemegang" in groups and values.get("pemegang") != held.get("pemegang", {}).get("pemegang"):
        yield ("Mulai dikerjakan" if values.get("pemegang") else "Dilepas"), [], ()
    if "camat" in groups:
        by_camat = queries.find_role(conn, entry.header.author) in LEADERS
        back = "Dikembalikan camat kepada wali data" if by_camat else "Ditarik kembali dari camat"
        yield ("Diteruskan ke camat" if values.get("di_camat") else back), [values.get("pesan_camat") or ""], ()


def _tell_status(desa: str, status: str, values: Mapping[str, Any]) -> Iterator[Told]:
    note = values.get("catatan") or ""
    reason = values.get("alasan") or ""
    if status == "usulan":
        yield "Diusulkan, menunggu petugas kedua", [_describe_action(values.get("usulan")), note], ()
    elif status == "dikembalikan":
        label = text_code_list("verval_alasan").label(reason) or reason
        due = write_date(values.get("batas_waktu") or "")
        yield "Dikembalikan ke desa", [label.partition(" (")[0], note, f"Batas {due}." if due else ""], (desa,)
    elif status == "selesai" and note == GONE:
        yield CLOSED, [GONE], ()
    elif status == "selesai":
        label = ALASAN_SELESAI.get(reason, "selesai").lower()
        yield f"Diputus: {label}", [note], ()


def _describe_action(text: str | None) -> str:
    """Say what was proposed where it can be said in words; versions have no labels any more later on."""
    action = json.loads(text or "{}")
    if action.get("jenis") == "tautkan":
        return f"Satu orang yang sama, dihitung di {name_place(action['dihitung'])}."
    return ""


def _read_decisions(
    conn: sqlite3.Connection, services: HubServices, id: str, subjects: Sequence[tuple[str, str, str]]
) -> Iterator[Event]:
    """Read the decisions on the records of a finding that were made for it."""
    for desa, kind_name, record in subjects:
        kind = services.catalogue.kinds.get(kind_name)
        if kind is None or not queries.has_decision(conn, record):
            continue
        for entry in _load_effective(conn, services, desa, record):
            values = entry.values or {}
            if entry.header.op == Op.DECIDE and values.get("temuan") == id:
                names = [name_petugas(conn, by) for by in values.get("petugas") or [entry.header.author]]
                chosen = [_tell_choice(conn, kind, *choice) for choice in sorted(values["pilih"].items())]
                details = (*chosen, f"Alasan: {values['alasan']}" if values.get("alasan") else "")
                yield Event(
                    _time_of(conn, entry), "Diputus", " dan ".join(names), tuple(filter(None, details)), (desa,)
                )


def _tell_choice(conn: sqlite3.Connection, kind: Kind, group: str, ref: str) -> str:
    origin = read_origin(conn, ref)
    whose = "" if origin is None else f" isian {origin.petugas} di {origin.simpul}"
    return f"{name_group(kind, group)}: yang berlaku{whose}."


def _read_links(
    conn: sqlite3.Connection, services: HubServices, subjects: Sequence[tuple[str, str, str]]
) -> Iterator[Event]:
    """Read how the persons of a finding were linked, and how links were cancelled."""
    for desa, link in queries.list_links_of(conn, [record for _, kind, record in subjects if kind == "penduduk"]):
        for entry in _load_effective(conn, services, desa, link):
            values = entry.values or {}
            reason = (f"Alasan: {values['alasan']}",) if values.get("alasan") else ()
            who = name_petugas(conn, entry.header.author)
            event = Event(_time_of(conn, entry), "Tautan dibatalkan", who, reason, (desa,))
            if entry.header.op == Op.CREATE:
                counted = desa if values.get("dihitung") else values.get("desa_lain", desa)
                where = f"Satu orang yang sama, dihitung di {name_place(counted)}."
                event = replace(event, what="Diputus: ditautkan", details=(where, *reason))
            yield event


def _load_effective(conn: sqlite3.Connection, services: HubServices, desa: str, record: str) -> list[Entry]:
    """Read the changes of a record but for those that have no effect: they did not happen to it, and say anything."""
    held = queries.list_held(conn, desa, record)
    return [entry for entry in load_history(conn, services.catalogue, desa, record) if entry.pos not in held]


def _time_of(conn: sqlite3.Connection, entry: Entry) -> int:
    """Give hub time: of the receipt for what a desa wrote, its own for what the hub wrote."""
    own = conn.execute("SELECT peran <> 'desa' FROM log WHERE no = ?", (entry.pos >> SEQ_BITS,)).fetchone()
    received_s = None if own is None or own[0] else hub_time_of(conn, entry.pos)
    return entry.header.time_s if received_s is None else received_s
