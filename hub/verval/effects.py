"""What follows from each decision on a finding, in plain words, before anybody decides."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from hub.beranda.shell import name_place
from hub.services import HubServices
from hub.verval import decide
from hub.verval.cases import Finding
from hub.verval.compare import RecordView
from hub.verval.identity import is_identifying_nik, is_identifying_no_kk
from hub.verval.queries import to_list
from hub.verval.rules.v5 import parse_date
from hub.verval.values import write_value
from shared.merge.fold import RecordState
from shared.records.identifiers import Severity, check_nik, check_nik_against
from shared.records.kind import EXISTENCE, Kind
from shared.store.records import load_state

DECIDED_HERE = ("V1", *decide.PAIRS)
"""Codes that officers of the kecamatan settle themselves; any other goes back to the desa."""

_HIDUP = 1
Values = Mapping[str, Any]


def describe_effects(conn: sqlite3.Connection, finding: Finding, records: Sequence[RecordView]) -> list[str]:
    """Say what else hangs on the records of a finding, and so moves with any decision."""
    effects = []
    aid = sum(record.bantuan for record in records)
    if finding.kode not in DECIDED_HERE:
        return [f"Data ini dipakai oleh {aid} bantuan; periksa juga penerimanya."] if aid else []
    if aid:
        effects.append(f"{aid} bantuan ikut berubah: penerimanya memakai data hasil putusan.")
    members = sum(_count_members(conn, r.desa, r.record) for r in records if r.kind.name == "keluarga")
    if members:
        effects.append(f"{members} anggota keluarga ikut memakai data keluarga hasil putusan.")
    others = _count_other_findings(conn, finding)
    if others:
        effects.append(f"{others} kasus lain menyangkut data yang sama dan diperiksa ulang setelah putusan.")
    return effects


def foresee_versions(
    conn: sqlite3.Connection, services: HubServices, finding: Finding, reveal: bool
) -> dict[str, list[str]]:
    """Say for each version of a V1 finding, by its label, what follows when the whole of it holds."""
    desa, kind_name, record = finding.rekaman[0]
    kind = services.catalogue[kind_name]
    state = load_state(conn, services.catalogue, kind, desa, record)
    found: dict[str, list[str]] = {}
    for version in decide.list_versions(conn, services, finding):
        chosen, gone = _read_version(kind, state, version.refs)
        after = {**state.values(kind), **chosen}
        told = [] if gone is None else [
            "Data ini dihapus dari daftar; riwayatnya tetap tersimpan." if gone else "Data ini tetap ada."
        ]
        if not gone:
            told += _foresee_values(conn, kind, (desa, record), state.values(kind), after, chosen, reveal)
        found[version.label] = told or ["Hanya isian di atas yang berubah."]
    return found


def _read_version(kind: Kind, state: RecordState, refs: Mapping[str, str]) -> tuple[dict[str, Any], bool | None]:
    """Read the values of a version, and whether it deletes the record (None: it does not say)."""
    values: dict[str, Any] = {}
    gone = None
    for group, ref in refs.items():
        own = dict(state.groups[group].versions)[ref]
        if group == EXISTENCE:
            gone = own != (True,)
        else:
            values.update(zip(kind.groups[group], own, strict=True))
    return values, gone


def _foresee_values(
    conn: sqlite3.Connection, kind: Kind, place: tuple[str, str], before: Values, after: Values, chosen: Values,
    reveal: bool,
) -> list[str]:
    if kind.name == "penduduk":
        told = _foresee_nik(conn, place, after, chosen) if {"nik", "tanggal_lahir"} & chosen.keys() else []
        if "status_dasar" in chosen:
            told += _foresee_status(conn, kind, place, before, after)
        if "keluarga" in chosen and after["keluarga"] != before["keluarga"]:
            name = write_value(conn, kind, place[0], "keluarga", after["keluarga"], reveal)
            told.append(f"Orang ini masuk keluarga: {name}." if name else "Orang ini keluar dari keluarganya.")
        return told
    if kind.name == "keluarga" and "no_kk" in chosen:
        number = after["no_kk"]
        others = _list_others(conn, _SAME_KK, number, place) if number and is_identifying_no_kk(number) else ""
        if others:
            return [f"Nomor KK ini juga dipakai {others}."]
    if kind.name == "penerima_bantuan" and "status" in chosen:
        label = write_value(conn, kind, place[0], "status", after["status"])
        return [f"Status bantuannya: {label or 'belum diisi'}."]
    return []


def _foresee_nik(
    conn: sqlite3.Connection, place: tuple[str, str], after: Values, chosen: Values
) -> list[str]:
    nik = after["nik"]
    if nik is None:
        return ["Orang ini menjadi tanpa NIK."] if "nik" in chosen else []
    told = []
    if "nik" in chosen and is_identifying_nik(nik):
        others = _list_others(conn, _SAME_NIK, nik, place)
        if others:
            told.append(f"NIK ini juga dipakai {others}; memilihnya membuka kasus NIK sama.")
    if any(issue.severity is Severity.HARD for issue in check_nik(nik)):
        told.append("NIK ini tidak mungkin benar; memilihnya membuka kasus NIK tidak wajar.")
    elif check_nik_against(nik, parse_date(after["tanggal_lahir"]), after["jenis_kelamin"]):
        told.append("NIK dan tanggal lahir atau jenis kelaminnya tidak cocok; kasusnya dibuka sebagai peringatan.")
    return told


def _foresee_status(
    conn: sqlite3.Connection, kind: Kind, place: tuple[str, str], before: Values, after: Values
) -> list[str]:
    is_active, was_active = ((values["status_dasar"] or _HIDUP) == _HIDUP for values in (after, before))
    if is_active:
        return [] if was_active else ["Orang ini dihitung lagi sebagai penduduk."]
    label = write_value(conn, kind, place[0], "status_dasar", after["status_dasar"])
    told = [f"Orang ini tidak dihitung sebagai penduduk ({label.lower()})."]
    row = conn.execute(
        "SELECT count(*) FROM penerima_bantuan WHERE penduduk = ? AND desa = ? AND coalesce(status, 'aktif') = 'aktif'",
        (place[1], place[0]),
    ).fetchone()
    if row[0]:
        told.append(f"{row[0]} bantuan yang diterimanya menjadi kasus.")
    return told


_SAME_NIK = (
    "SELECT desa, count(*) FROM penduduk WHERE nik = ? AND coalesce(status_dasar, 1) = 1 AND NOT (desa = ? AND id = ?)"
    " GROUP BY desa ORDER BY desa"
)
_SAME_KK = (
    "SELECT desa, count(*) FROM keluarga WHERE no_kk = ? AND NOT (desa = ? AND id = ?) GROUP BY desa ORDER BY desa"
)


def _list_others(conn: sqlite3.Connection, statement: str, number: str | None, place: tuple[str, str]) -> str:
    """List where else a number stands, in words; empty when nowhere."""
    rows = conn.execute(statement, (number, *place))
    return ", ".join(f"{count} data lain di {name_place(desa)}" for desa, count in rows)


def foresee_link(conn: sqlite3.Connection, records: Sequence[RecordView]) -> list[tuple[str, list[str]]]:
    """Say for each desa of two persons what follows when they are one, counted there."""
    found = []
    for counted in dict.fromkeys(record.desa for record in records):
        others = [record for record in records if record.desa != counted] or list(records[1:])
        places = ", ".join(dict.fromkeys(name_place(record.desa) for record in others))
        told = [f"Data di {places} tetap tersimpan, tetapi tidak dihitung lagi: penduduk kecamatan berkurang satu."]
        aid = sum(record.bantuan for record in others)
        if aid:
            told.append(f"{aid} bantuan pada data di {places} tetap tercatat di sana; periksa penerimanya.")
        found.append((counted, told))
    double = _count_common_aid(conn, records)
    if double:
        for _, told in found:
            told.append(f"Kedua data menerima {double} program yang sama: setelah ditautkan itu bantuan ganda.")
    return found


def _count_common_aid(conn: sqlite3.Connection, records: Sequence[RecordView]) -> int:
    row = conn.execute(
        "SELECT count(*) FROM (SELECT 1 FROM penerima_bantuan WHERE penduduk IN (SELECT value FROM json_each(?))"
        " AND coalesce(status, 'aktif') <> 'berhenti' GROUP BY program, periode HAVING count(DISTINCT penduduk) > 1)",
        (to_list(record.record for record in records),),
    ).fetchone()
    return int(row[0])


def _count_members(conn: sqlite3.Connection, desa: str, keluarga: str) -> int:
    row = conn.execute(
        "SELECT count(*) FROM penduduk WHERE keluarga = ? AND desa = ?", (keluarga, desa)
    ).fetchone()
    return int(row[0])


def _count_other_findings(conn: sqlite3.Connection, finding: Finding) -> int:
    records = json.dumps([record for _, _, record in finding.rekaman])
    row = conn.execute(
        "SELECT count(DISTINCT temuan) FROM temuan_rekaman"
        " WHERE record IN (SELECT value FROM json_each(?)) AND temuan <> ?",
        (records, finding.id),
    ).fetchone()
    return int(row[0])
