"""Whom findings are about, in words: the persons, families or programmes behind their records, numbers masked."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from hub.verval.queries import to_list
from shared.records.identifiers import mask_nik

SHOWN_MAX = 3
_KINDS = ("penduduk", "keluarga", "penerima_bantuan", "program_bantuan", "surat")
_HEAD = (
    "(SELECT min(h.nama) FROM penduduk AS h WHERE h.keluarga = {family} AND h.desa = {desa} AND h.hubungan = 1"
    " AND coalesce(h.status_dasar, 1) = 1)"
)
_AMONG = "IN (SELECT value FROM json_each(?))"
_NAMES = {
    "penduduk": f"SELECT desa, id, nama, nik FROM penduduk WHERE id {_AMONG}",
    "keluarga": (
        f"SELECT k.desa, k.id, 'Keluarga ' || {_HEAD.format(family='k.id', desa='k.desa')}, k.no_kk"
        f" FROM keluarga AS k WHERE k.id {_AMONG}"
    ),
    "penerima_bantuan": (
        f"SELECT r.desa, r.id, coalesce(p.nama, 'Keluarga ' || {_HEAD.format(family='r.keluarga', desa='r.desa')}),"
        " p.nik FROM penerima_bantuan AS r LEFT JOIN penduduk AS p ON p.id = r.penduduk AND p.desa = r.desa"
        f" WHERE r.id {_AMONG}"
    ),
    "program_bantuan": f"SELECT desa, id, nama, NULL FROM program_bantuan WHERE id {_AMONG}",
    "surat": f"SELECT desa, id, nomor, NULL FROM surat WHERE id {_AMONG}",
}

Records = Sequence[tuple[str, str, str]]
"""Records as findings name them: desa, kind, id."""


class Named(NamedTuple):
    """One subject of a finding: its name, and its number as far as it may be shown."""

    nama: str
    nomor: str


class Subjects(NamedTuple):
    """The first few subjects of a finding, and how many there are beside them."""

    shown: tuple[Named, ...]
    more: int


def name_subjects(conn: sqlite3.Connection, findings: Mapping[str, Records]) -> dict[str, Subjects]:
    """Name whom each finding is about: its persons; where it has none its families, else what it has."""
    chosen = {id: _choose(records) for id, records in findings.items()}
    names = _read_names(conn, (record for records in chosen.values() for record in records))
    return {id: _name(records, names) for id, records in chosen.items()}


def list_shown(records: Records) -> Records:
    """Give the records of a finding that :func:`name_subjects` names."""
    return _choose(records)[:SHOWN_MAX]


def _choose(records: Records) -> Records:
    for kind in _KINDS:
        own = [record for record in records if record[1] == kind]
        if own:
            return own
    return ()


def _read_names(conn: sqlite3.Connection, records: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str], Named]:
    wanted: dict[str, list[str]] = {}
    for _, kind, id in records:
        wanted.setdefault(kind, []).append(id)
    return {
        (desa, id): Named(nama, mask_nik(number) if number else "")
        for kind, ids in wanted.items()
        for desa, id, nama, number in conn.execute(_NAMES[kind], (to_list(ids),))
        if nama
    }


def _name(records: Records, names: Mapping[tuple[str, str], Named]) -> Subjects:
    known = [names[desa, id] for desa, _, id in records if (desa, id) in names]
    found = list(dict.fromkeys(known))
    return Subjects(tuple(found[:SHOWN_MAX]), max(0, len(found) - SHOWN_MAX))


def find_by_name(conn: sqlite3.Connection, text: str) -> frozenset[str]:
    """Find the findings about persons in whose name every word of a text stands, families and aid included."""
    words = text.split()[:6]
    matches = " AND ".join("p.nama LIKE ? ESCAPE '!'" for _ in words) or "0"
    patterns = [f"%{_escape(word)}%" for word in words]
    rows = conn.execute(_SEARCH.format(matches=matches), patterns * 3)
    return frozenset(row[0] for row in rows)


_SEARCH = (
    "SELECT t.temuan FROM temuan_rekaman AS t JOIN penduduk AS p ON p.id = t.record AND p.desa = t.desa"
    " WHERE {matches} UNION"
    " SELECT t.temuan FROM temuan_rekaman AS t JOIN keluarga AS k ON k.id = t.record AND k.desa = t.desa"
    " JOIN penduduk AS p ON p.keluarga = k.id AND p.desa = k.desa WHERE {matches} UNION"
    " SELECT t.temuan FROM temuan_rekaman AS t JOIN penerima_bantuan AS r ON r.id = t.record AND r.desa = t.desa"
    " JOIN penduduk AS p ON p.id = r.penduduk AND p.desa = r.desa WHERE {matches}"
)


def _escape(text: str) -> str:
    """Take the letters of a pattern as they are."""
    for letter in "!%_":
        text = text.replace(letter, f"!{letter}")
    return text
