"""The engine of findings: keeps table ``temuan`` equal to what the rules say of the record tables.

:func:`observe` is given to the projector and follows it change by change; whatever the order of arrival, the
result equals one judgement of the final tables (tests/hub_app/test_findings_incremental.py). What people
do with a finding is no concern of this module: those are changes.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from hub.verval import queries
from hub.verval.rule import Ref, Rule, Suspicion, TouchedBatch
from hub.verval.frontier import read_frontiers
from hub.verval.queries import FindingRow
from hub.verval.rules import RULES
from shared.records.catalogue import CATALOGUE
from shared.store.rows import Touched

KEYS_AT_ONCE = 5000
_log = logging.getLogger("sipande.findings")

Face = tuple[str, ...]
"""A finding but for its id and code: kunci, berat, desa, rekaman, bukti, ringkasan as they are stored."""


def make_tables(conn: sqlite3.Connection) -> None:
    """Create the tables of findings where they are missing."""
    queries.create_tables(conn)


def drop_tables(conn: sqlite3.Connection) -> None:
    """Drop the tables of findings; do it, and make them again, before every rebuild."""
    queries.remove_tables(conn)


def observe(conn: sqlite3.Connection, touched: Sequence[Touched]) -> None:
    """Bring the findings up to date with records that were just written; an ``Observer``."""
    batch = TouchedBatch(conn, touched)
    for rule in RULES:
        keys = _find_keys(conn, rule, touched, batch)
        if keys:
            _refresh(conn, rule, keys, batch)


def judge_until(conn: sqlite3.Connection, day: str) -> None:
    """Move the day of judgement (``YYYY-MM-DD``) and judge what has become due; it never moves back."""
    before = queries.read_as_of(conn)
    if day <= before:
        return
    queries.write_as_of(conn, day)
    for rule in RULES:
        keys = set() if rule.due is None else set(rule.due(conn, before, day))
        if keys:
            _refresh(conn, rule, keys, None)


class DeferredFindings:
    """Follows a long projection (a rebuild) and judges once at its end, so that nothing half there is judged.

    Give ``observe`` to the projector, then call ``settle`` in the same transaction.
    """

    def __init__(self) -> None:
        self._keys: list[set[str]] = [set() for _ in RULES]

    def observe(self, conn: sqlite3.Connection, touched: Sequence[Touched]) -> None:
        """Remember what must be judged; an ``Observer``."""
        batch = TouchedBatch(conn, touched)
        for rule, keys in zip(RULES, self._keys, strict=True):
            keys |= _find_keys(conn, rule, touched, batch)

    def settle(self, conn: sqlite3.Connection) -> None:
        """Judge everything that was remembered."""
        for rule, keys in zip(RULES, self._keys, strict=True):
            ordered = sorted(keys)
            for start in range(0, len(ordered), KEYS_AT_ONCE):
                _refresh(conn, rule, set(ordered[start : start + KEYS_AT_ONCE]), None)
            keys.clear()


def _find_keys(conn: sqlite3.Connection, rule: Rule, touched: Sequence[Touched], batch: TouchedBatch) -> set[str]:
    """Ask a rule what to judge; where it fails on all, record by record, so that one does not stop a village."""
    try:
        return set(rule.keys(batch))
    except sqlite3.Error:
        raise
    except Exception:
        found: set[str] = set()
        for one in touched:
            with _contained(rule):
                found |= rule.keys(TouchedBatch(conn, [one]))
        return found


def _evaluate(conn: sqlite3.Connection, rule: Rule, keys: Set[str]) -> list[Suspicion]:
    """Let a rule judge; where it fails on all, key by key: what it cannot judge is no finding."""
    try:
        return list(rule.evaluate(conn, keys, CATALOGUE))
    except sqlite3.Error:
        raise
    except Exception:
        found: list[Suspicion] = []
        for key in sorted(keys):
            with _contained(rule):
                found += rule.evaluate(conn, {key}, CATALOGUE)
        return found


@contextmanager
def _contained(rule: Rule) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error:
        raise
    except Exception as error:
        # Without its text: that may carry a value.
        _log.error("rule %s, defect: %s", rule.kode, type(error).__name__)


def _refresh(conn: sqlite3.Connection, rule: Rule, keys: Set[str], batch: TouchedBatch | None) -> None:
    """Replace the findings of a rule under some keys; what would come out the same is left alone."""
    present = queries.read_findings_of_keys(conn, rule.kode, keys)
    found = {_face(item): item for item in _evaluate(conn, rule, keys) if item.kunci in keys}
    if not present and not found:
        return
    if batch is None:
        kept = set()
    else:
        # What is stored already and concerns no touched record has the frontier that it had.
        stored = {row[2:] for row in present}
        kept = {face for face, item in found.items() if face in stored and not _concerns(item, batch.refs)}
    fresh = set(_complete(conn, rule.kode, {face: item for face, item in found.items() if face not in kept}))
    stale = {row for row in present if row[2:] not in kept}
    queries.remove_findings(conn, sorted(stale - fresh))
    queries.add_findings(conn, sorted(fresh - stale))


def _concerns(item: Suspicion, refs: Set[Ref]) -> bool:
    return any((subject.desa, subject.record) in refs for subject in item.subjects)


def _face(item: Suspicion) -> Face:
    """Write a suspicion as it is stored, but for id and code."""
    desa = sorted(item.desa or {subject.desa for subject in item.subjects})
    subjects = sorted(item.subjects)
    rekaman = [subject[:3] for subject in subjects]
    # Which groups were looked at belongs to the face: the id rests on their heads, and a programme that
    # changes whom it is for changes them without touching any of the records.
    bukti = {**item.bukti, "bagian": [sorted(subject.groups) for subject in subjects]}
    return item.kunci, item.berat.value, _encode(desa), _encode(rekaman), _encode(bukti), item.ringkasan


def _complete(conn: sqlite3.Connection, kode: str, found: Mapping[Face, Suspicion]) -> Iterator[FindingRow]:
    """Give suspicions their ids."""
    subjects = (subject for item in found.values() for subject in item.subjects)
    frontiers = read_frontiers(conn, CATALOGUE, subjects)
    for face, item in found.items():
        refs = set(item.heads)
        for subject in item.subjects:
            refs.update(frontiers.get(subject, ()))
        yield FindingRow(name_finding(kode, face[3], refs), kode, *face)


def name_finding(kode: str, rekaman: str, refs: Iterable[str]) -> str:
    """Give the id of a finding: the hash of canonical JSON of [kode, rekaman, frontier] (sync_protocol.md 9.9).

    ``rekaman`` is that member as it is stored: the sorted [desa, kind, record id] in canonical JSON.
    """
    return sha256(f"[{_encode(kode)},{rekaman},{_encode(sorted(refs))}]".encode()).hexdigest()


def _encode(value: Any) -> str:
    """Write canonical JSON, in which equal values are equal bytes."""
    return _encode_json(value)


_encode_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
