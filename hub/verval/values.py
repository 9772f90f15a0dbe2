"""Writes stored values as an officer reads them: labels for codes, names for references, masked numbers."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Set
from typing import Any

from hub.verval.queries import to_list
from shared.codes import code_list
from shared.codes import wilayah as codes
from shared.records import fields
from shared.records.identifiers import mask_nik
from shared.records.kind import EXISTENCE, Kind
from shared.web.forms import write_date, write_misshapen, write_number

EMPTY = "(kosong)"
GROUPS = {
    EXISTENCE: "Keberadaan data",
    "nik": "NIK",
    "identitas": "Nama, tempat dan tanggal lahir, jenis kelamin",
    "keluarga": "Keluarga dan hubungan",
    "alamat": "Alamat",
    "status": "Status dasar",
    "ayah": "Ayah",
    "ibu": "Ibu",
    "no_kk": "Nomor KK",
    "penerima": "Penerima, program, periode",
    "ktp": "KTP-el",
    "masa": "Masa program",
}
OFFICE = ("Kecamatan", "Komputer kecamatan")


def name_group(kind: Kind, group: str) -> str:
    """Name a merge group for people."""
    if group in GROUPS:
        return GROUPS[group]
    names = kind.groups.get(group, ())
    return ", ".join(kind.fields[name].info.label for name in names) or group


def write_value(
    conn: sqlite3.Connection, kind: Kind, desa: str, name: str, value: Any, reveal: bool = False
) -> str:
    """Write the value of a field; empty text for an empty one. Masked fields stay masked unless revealed."""
    if value is None:
        return ""
    own = kind.fields[name]
    if misshapen := write_misshapen(own, value):
        return misshapen
    if own.info.masked:
        return str(value) if reveal else mask_nik(str(value))
    if isinstance(own, fields.Kode):
        return code_list(own.daftar).label(value) or str(value)
    if isinstance(own, fields.Pilihan):
        return own.pilihan.get(value, str(value))
    if isinstance(own, fields.Tanggal):
        return write_date(value)
    if isinstance(own, fields.Ya):
        return "Ya" if value else "Tidak"
    if isinstance(own, fields.KodeDesa):
        return codes.nama(value) or str(value)
    if isinstance(own, fields.Rupiah):
        return f"Rp {write_number(value)}"
    if isinstance(own, fields.Lampiran):
        return f"gambar {str(value)[:8]}"
    if isinstance(own, fields.Rujukan):
        return name_reference(conn, own.kind, desa, value, reveal)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return str(value)


def write_values(
    conn: sqlite3.Connection, kind: Kind | None, desa: str, values: Mapping[str, Any]
) -> tuple[tuple[str, str], ...]:
    """Write what a change says, value by value behind its label; nothing of a kind that is not known here."""
    return () if kind is None else tuple(
        (kind.fields[name].info.label, write_value(conn, kind, desa, name, value))
        for name, value in values.items() if name in kind.fields
    )


def name_reference(
    conn: sqlite3.Connection, kind: str | None, desa: str, record: str, reveal: bool = False
) -> str:
    """Name the record that a reference points to, as far as it is known here."""
    if kind == "keluarga":
        return _name_family(conn, desa, record, reveal)
    if kind in ("penduduk", "dusun", "petugas", "program_bantuan"):
        # A programme or an officer may stand in the kecamatan's own channel.
        row = conn.execute(
            f"SELECT nama FROM {kind} WHERE id = ? ORDER BY desa = ? DESC LIMIT 1", (record, desa)
        ).fetchone()
        return (row[0] or "Tanpa nama") if row is not None else "(data yang dirujuk tidak ada)"
    return "(data lain)"


def _name_family(conn: sqlite3.Connection, desa: str, record: str, reveal: bool) -> str:
    row = conn.execute("SELECT no_kk FROM keluarga WHERE id = ? AND desa = ?", (record, desa)).fetchone()
    if row is None:
        return "(keluarga itu tidak ada)"
    head = conn.execute(
        "SELECT min(nama) FROM penduduk WHERE keluarga = ? AND desa = ? AND hubungan = 1"
        " AND coalesce(status_dasar, 1) = 1",
        (record, desa),
    ).fetchone()
    number = "tanpa nomor KK" if row[0] is None else f"KK {row[0] if reveal else mask_nik(row[0])}"
    return f"{number}, kepala {head[0]}" if head and head[0] else number


def name_petugas(conn: sqlite3.Connection, petugas: str) -> str:
    """Name the person who wrote something."""
    if not petugas:
        return "tidak tercatat"
    row = conn.execute(
        "SELECT nama FROM petugas WHERE id = ? ORDER BY length(desa) LIMIT 1", (petugas,)
    ).fetchone()
    return str(row[0]) if row is not None and row[0] else "petugas yang tidak dikenal"


def name_known_petugas(conn: sqlite3.Connection, ids: Set[str]) -> dict[str, str]:
    """Name those of some ids that are officers of the kecamatan or of a desa."""
    rows = conn.execute(
        "SELECT id, nama FROM petugas WHERE id IN (SELECT value FROM json_each(?)) AND nama IS NOT NULL"
        " ORDER BY length(desa) DESC",
        (to_list(ids),),
    )
    return dict(rows.fetchall())
