"""Cases: what people do with findings. Notices to the desa, answers from it, closing of what is gone.

A case of a finding exists once per desa concerned, under an id that both hash to, so that replays, two
officers at once and rebuilds cannot make twins.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from hub.change import write_to_desa
from hub.pemulihan.state import list_unheard
from hub.services import HubServices
from shared.clock import hashed_uuid
from shared.records.fields import Writer
from shared.records.kind import EXISTENCE
from shared.store.drafts import Draft, draft_create, draft_update
from shared.store.migrations import read_setting
from shared.store.records import load_state

NOTIFIED = ("berat", "sedang")
"""Findings of these weights reach the desa by themselves; lighter ones wait in the hub's list."""

GONE = "Sudah tidak ditemukan lagi setelah data diperbaiki atau diputus."
"""The note of a case that the program itself has closed."""


@dataclass(frozen=True)
class Finding:
    """One row of ``temuan``; ``rekaman`` lists (desa, kind, record id)."""

    id: str
    kode: str
    berat: str
    desa: tuple[str, ...]
    rekaman: tuple[tuple[str, str, str], ...]
    bukti: dict[str, Any]
    ringkasan: str


def kasus_id(finding: str, desa: str) -> str:
    """Give the record id of a finding's case in one desa (UUIDv8 of a hash)."""
    return hashed_uuid(sha256(f"kasus\n{finding}\n{desa}".encode()).digest())


_FINDING_COLUMNS = "id, kode, berat, desa, rekaman, bukti, ringkasan"


def _read_finding(row: Sequence[Any]) -> Finding:
    id, kode, berat, desa, rekaman, bukti, ringkasan = row
    records = tuple((str(d), str(k), str(r)) for d, k, r in json.loads(rekaman))
    return Finding(id, kode, berat, tuple(json.loads(desa)), records, json.loads(bukti), ringkasan)


def find_finding(conn: sqlite3.Connection, id: str) -> Finding | None:
    """Find a finding by id."""
    row = conn.execute(f"SELECT {_FINDING_COLUMNS} FROM temuan WHERE id = ?", (id,)).fetchone()
    return None if row is None else _read_finding(row)


def list_findings(conn: sqlite3.Connection, *, kode: str | None = None) -> list[Finding]:
    """List all findings, or those of one code, in a stable order."""
    rows = conn.execute(
        f"SELECT {_FINDING_COLUMNS} FROM temuan WHERE ? IS NULL OR kode = ? ORDER BY kode, id", (kode, kode)
    )
    return [_read_finding(row) for row in rows]


def update_cases(services: HubServices) -> int:
    """Open cases for new findings, close those whose finding is gone, note answers; return changes written.

    A case that was closed because its finding had gone opens again when the very same finding comes back.
    A hub in recovery leaves the cases of a desa alone until all of its computers have handed over: half of the
    data is no finding, and a case that is still to come back is not written a second time.
    Joins a transaction that is already open, and sees what it has written.
    """
    # Read under the write lock: another snapshot would miss the decision just taken, and two pushes at once
    # would open every case twice.
    with services.database.write() as conn:
        # Settled first and by itself: the steps that follow would write on the same case from the same heads,
        # and be the next conflict of the hub with itself, for ever.
        unheard = list_unheard(conn)
        settled = _write(conn, services, _draft_settlements(conn, services, unheard))
        steps = (_draft_notices, _draft_closings, _draft_reopenings, _draft_answered)
        return settled + _write(conn, services, [draft for step in steps for draft in step(conn, services, unheard)])


def _may_lack(unheard: Set[str], desa: str, others: str | None) -> bool:
    """Tell whether something of the desa of a case or finding may still be missing; ``others`` is a JSON list."""
    return not unheard.isdisjoint((desa, *json.loads(others or "[]")))


def _write(conn: sqlite3.Connection, services: HubServices, drafts: list[tuple[str, Draft]]) -> int:
    by_desa: dict[str, list[Draft]] = {}
    for desa, draft in drafts:
        by_desa.setdefault(desa, []).append(draft)
    author = read_setting(conn, "petugas_sistem") or ""
    for desa, own in sorted(by_desa.items()):
        write_to_desa(services, desa, own, author=author)
    return len(drafts)


def _draft_settlements(
    conn: sqlite3.Connection, services: HubServices, unheard: Set[str]
) -> list[tuple[str, Draft]]:
    """Close the conflicts that a hub has with itself after it was restored and had written on.

    Whether a case is open follows from its finding. What people said of it in one history holds against what
    the program alone has written in the other; of two words of people neither. A proposal that only one of
    two histories knew is taken back, and the officers look again.
    """
    kind = services.catalogue["kasus"]
    rows = conn.execute(
        "SELECT k.desa, k.id, group_concat(c.grup), k.temuan IN (SELECT id FROM temuan), k.desa_lain FROM kasus k"
        " JOIN conflict c ON c.record = k.id AND c.desa = k.desa AND c.kind = 'kasus'"
        " GROUP BY k.desa, k.id ORDER BY k.desa, k.id"
    ).fetchall()
    found = []
    for desa, id, groups, is_found, others in rows:
        if _may_lack(unheard, desa, others):
            continue  # a third history of the case may still be at one of them
        state = load_state(conn, services.catalogue, kind, desa, id)
        changes: dict[str, Any] = {}
        for group in set(groups.split(",")) & {*kind.groups}:
            if kind.writer_of(group) is Writer.DESA:
                continue  # two computers of the desa differ, and only they may say which holds
            values = state.groups[group].versions[0][1]
            changes |= {name: _plain(value) for name, value in zip(kind.groups[group], values, strict=True)}
        if "status" in changes:
            versions = [
                dict(zip(kind.groups["status"], map(_plain, values), strict=True))
                for _, values in state.groups["status"].versions
            ]
            changes |= _settle_status(versions) if is_found else {**_OPENED, "status": "selesai", "catatan": GONE}
        if "usulan" in changes:
            changes |= {"usulan": None, "petugas_pertama": None}
        draft = draft_update(kind, state, id, changes) if changes else None
        found += [] if draft is None else [(desa, draft)]
    return found


PASSING = ("usulan", "petugas_pertama", "pemegang", "di_camat", "pesan_camat")
"""What does not count again once a finding has gone: the proposal of an officer, and whose desk the case lay on."""
_OPENED: Mapping[str, Any] = {"status": "terbuka", "alasan": None, "catatan": None, "batas_waktu": None}
"""The group *status* of a case on which nobody has worked yet."""


def _settle_status(versions: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Give what holds of a case that is found: the one word of people, or none, and the case is open."""
    said: list[Mapping[str, Any]] = []
    for version in versions:
        is_by_program = version == _OPENED or (version["status"], version["catatan"]) == ("selesai", GONE)
        if not is_by_program and version not in said:
            said.append(version)
    return said[0] if len(said) == 1 else _OPENED


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _draft_notices(
    conn: sqlite3.Connection, services: HubServices, unheard: Set[str]
) -> list[tuple[str, Draft]]:
    rows = conn.execute(
        "SELECT t.id, t.kode, t.berat, t.desa, t.rekaman, t.bukti, t.ringkasan, d.value"
        " FROM temuan t, json_each(t.desa) d LEFT JOIN kasus k ON k.temuan = t.id AND k.desa = d.value"
        f" WHERE k.id IS NULL AND t.berat IN ({','.join('?' * len(NOTIFIED))}) AND d.value <> ?",
        (*NOTIFIED, services.wilayah),
    ).fetchall()
    return [
        (row[7], draft_case(services, _read_finding(row[:7]), row[7]))
        for row in rows if not _may_lack(unheard, row[7], row[3])
    ]


def draft_case(services: HubServices, finding: Finding, desa: str) -> Draft:
    """Write the case as one desa may see it: its own records, the names of the others, no more."""
    own = [(kind, record) for d, kind, record in finding.rekaman if d == desa]
    others = sorted({d for d in finding.desa if d not in (desa, services.wilayah)})
    values = {
        "temuan": finding.id, "kode": finding.kode, "ringkasan": finding.ringkasan, "status": "terbuka",
        "jenis": own[0][0] if own else None, "rekaman": [record for _, record in own],
        "desa_lain": others or None,
    }
    return draft_create(services.catalogue["kasus"], kasus_id(finding.id, desa), values)


def _draft_closings(
    conn: sqlite3.Connection, services: HubServices, unheard: Set[str]
) -> list[tuple[str, Draft]]:
    rows = conn.execute(
        "SELECT k.desa, k.id, k.desa_lain FROM kasus k LEFT JOIN temuan t ON t.id = k.temuan"
        " WHERE t.id IS NULL AND k.status <> 'selesai'"
    ).fetchall()
    return _draft_updates(conn, services, unheard, rows, {"status": "selesai", "catatan": GONE})


def _draft_reopenings(
    conn: sqlite3.Connection, services: HubServices, unheard: Set[str]
) -> list[tuple[str, Draft]]:
    """A record that is deleted and restored has the same heads, hence the same finding and the same case."""
    rows = conn.execute(
        "SELECT k.desa, k.id, k.desa_lain FROM kasus k JOIN temuan t ON t.id = k.temuan"
        " WHERE k.status = 'selesai' AND k.catatan = ?",
        (GONE,),
    ).fetchall()
    changes = {**_OPENED, **dict.fromkeys(PASSING)}
    return _draft_updates(conn, services, unheard, rows, changes)


def _draft_answered(
    conn: sqlite3.Connection, services: HubServices, unheard: Set[str]
) -> list[tuple[str, Draft]]:
    rows = conn.execute(
        "SELECT k.desa, k.id, k.desa_lain FROM kasus k JOIN temuan t ON t.id = k.temuan"
        " WHERE k.status = 'dikembalikan' AND k.jawaban IS NOT NULL"
    ).fetchall()
    answered = (row for row in rows if _is_answered(conn, services, row[0], row[1]))
    return _draft_updates(conn, services, unheard, answered, {"status": "dijawab"})


def _is_answered(conn: sqlite3.Connection, services: HubServices, desa: str, id: str) -> bool:
    """Tell whether the desa wrote after it had seen the return; an earlier answer does not count."""
    kind = services.catalogue["kasus"]
    groups = load_state(conn, services.catalogue, kind, desa, id).groups
    return set(groups["status"].heads).isdisjoint(groups[EXISTENCE].heads)


def _draft_updates(
    conn: sqlite3.Connection, services: HubServices, unheard: Set[str],
    cases: Iterable[tuple[str, str, str | None]], changes: Mapping[str, Any],
) -> list[tuple[str, Draft]]:
    """Change some fields of cases (desa, id, other desa), but of none where something may still be missing."""
    return [
        found for desa, id, others in cases
        if not _may_lack(unheard, desa, others)
        and (found := draft_case_update(conn, services, desa, id, changes))
    ]


def draft_case_update(
    conn: sqlite3.Connection, services: HubServices, desa: str, id: str, changes: Mapping[str, Any]
) -> tuple[str, Draft] | None:
    """Change some fields of a case."""
    kind = services.catalogue["kasus"]
    draft = draft_update(kind, load_state(conn, services.catalogue, kind, desa, id), id, changes)
    return None if draft is None else (desa, draft)
