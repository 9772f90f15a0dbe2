"""SQL of the cases that the kecamatan has sent to this desa."""

from __future__ import annotations

import json
import sqlite3
from typing import NamedTuple

from shared.records.kind import Kind

_ORDER = {"dikembalikan": 0, "terbuka": 1, "usulan": 2, "dijawab": 3, "selesai": 4}


_NAMES = {
    "penduduk": "r.nama",
    "keluarga": "'KK ' || coalesce((SELECT p.nama FROM penduduk p WHERE p.keluarga = r.id AND p.desa = r.desa"
    " AND p.hubungan = 1 LIMIT 1), 'tanpa kepala keluarga')",
    "dusun": "r.nama",
    "perangkat": "r.nama",
    "program_bantuan": "r.nama",
    "penerima_bantuan": "'Penerima ' || (SELECT p.nama FROM program_bantuan p WHERE p.id = r.program LIMIT 1)",
    "konsep_surat": "'Konsep surat ' || r.nama",
    "surat": "'Surat ' || r.nomor",
    "surat_masuk": "'Surat dari ' || r.pengirim",
    "peristiwa": "(SELECT p.nama FROM penduduk p WHERE p.id = r.penduduk AND p.desa = r.desa)",
}


DIFFERS_ONLY = (
    "kode = 'V1' AND status = 'terbuka' AND NOT EXISTS (SELECT 1 FROM json_each(coalesce(rekaman, '[]')) r"
    " WHERE r.value NOT IN (SELECT record FROM conflict WHERE desa = kasus.desa))"
)
"""Whether a case is about nothing but records that are in dispute here."""


class KasusRow(NamedTuple):
    """One case as it stands here; ``rekaman`` are record ids of this desa."""

    id: str
    kode: str
    jenis: str
    ringkasan: str
    rekaman: tuple[str, ...]
    desa_lain: tuple[str, ...]
    status: str
    alasan: str
    catatan: str
    batas_waktu: str
    jawaban: str
    dijawab_oleh: str
    lampiran: str


class Subject(NamedTuple):
    """A record that a case is about; ``kind`` says which page shows it."""

    id: str
    kind: str
    nama: str


_COLUMNS = ", ".join(
    f"coalesce({name}, '')"
    for name in ("id", "kode", "jenis", "ringkasan", "rekaman", "desa_lain", "status", "alasan", "catatan",
                 "batas_waktu", "jawaban", "dijawab_oleh", "lampiran")
)


def list_cases(conn: sqlite3.Connection, desa: str, *, closed: bool) -> list[KasusRow]:
    """List the open or the closed cases: sent back first, the nearest due date first.

    A case that only says that two computers differ, and waits for nobody here, is among what differs.
    """
    sign = "=" if closed else "<>"
    rows = conn.execute(
        f"SELECT {_COLUMNS} FROM kasus WHERE desa = ? AND status {sign} 'selesai' AND NOT ({DIFFERS_ONLY})", (desa,)
    )
    return sorted(
        map(_read, rows),
        key=lambda row: (_ORDER.get(row.status, 9), row.batas_waktu or "9", row.kode, row.id),
    )


def find_case(conn: sqlite3.Connection, desa: str, id: str) -> KasusRow | None:
    """Find one case."""
    row = conn.execute(f"SELECT {_COLUMNS} FROM kasus WHERE desa = ? AND id = ?", (desa, id)).fetchone()
    return None if row is None else _read(row)


class ErasedRow(NamedTuple):
    """One verdict of the kecamatan by which contents were erased; ``penduduk`` is a resident among them, if any."""

    time_s: int
    changes: int
    alasan: str
    penduduk: str


def list_erasures(conn: sqlite3.Connection, desa: str, limit: int = 20) -> list[ErasedRow]:
    """List the newest verdicts of erasure on records of this desa."""
    rows = conn.execute(
        "SELECT min(json_extract(c.header, '$[10]')), json_array_length(coalesce(p.perubahan, '[]')),"
        " coalesce(p.alasan, ''), coalesce((SELECT r.value FROM json_each(coalesce(p.rekaman, '[]')) r WHERE EXISTS"
        " (SELECT 1 FROM change o WHERE o.record = r.value AND o.kind = 'penduduk') LIMIT 1), '')"
        " FROM penghapusan p JOIN change c ON c.record = p.id WHERE p.desa = ?"
        " GROUP BY p.id ORDER BY p.id DESC LIMIT ?",
        (desa, limit),
    )
    return [ErasedRow(*row) for row in rows]


def count_disputed(conn: sqlite3.Connection, desa: str) -> dict[str, int]:
    """Count per kind the records of which two computers wrote something differently.

    What the kecamatan has said of a month is not theirs to settle: a second creation disputes it with nothing.
    """
    return dict(conn.execute(
        "SELECT kind, count(DISTINCT record) FROM conflict WHERE desa = ?"
        " AND NOT (kind = 'laporan_lampid' AND grup = 'periksa') GROUP BY kind", (desa,),
    ))


def list_disputed(conn: sqlite3.Connection, desa: str, kind: Kind, limit: int) -> list[tuple[str, str]]:
    """List records of a kind in dispute as (id, name); a name that is itself in dispute is not told."""
    rows = conn.execute(
        f"SELECT c.record, coalesce(({_NAMES[kind.name]}), '(nama belum pasti)') FROM"
        " (SELECT DISTINCT record FROM conflict WHERE desa = ?1 AND kind = ?2) c"
        f" LEFT JOIN {kind.name} r ON r.id = c.record AND r.desa = ?1 ORDER BY 2, 1 LIMIT ?3",
        (desa, kind.name, limit),
    )
    return [(str(id), str(name)) for id, name in rows]


def list_subjects(conn: sqlite3.Connection, desa: str, ids: tuple[str, ...]) -> list[Subject]:
    """Find the records of a case: people, families, recipients, programmes, letters; what is unknown is left out."""
    listed = json.dumps(ids)
    among = "IN (SELECT value FROM json_each(?))"
    rows = conn.execute(
        f"SELECT id, 'penduduk', coalesce(nama, '(tanpa nama)') FROM penduduk WHERE desa = ? AND id {among}"
        f" UNION ALL SELECT id, 'keluarga', 'Kartu keluarga' FROM keluarga WHERE desa = ? AND id {among}"
        " UNION ALL SELECT b.id, 'penerima', 'Penerima ' || coalesce(p.nama, 'bantuan') FROM penerima_bantuan b"
        f" LEFT JOIN program_bantuan p ON p.id = b.program WHERE b.desa = ? AND b.id {among}"
        " UNION ALL SELECT id, 'bantuan', coalesce(nama, 'Program bantuan') FROM program_bantuan"
        f" WHERE desa = ? AND id {among}"
        " UNION ALL SELECT id, 'surat_terbit', 'Surat ' || coalesce(nomor, '') FROM surat"
        f" WHERE desa = ? AND id {among}",
        (desa, listed) * 5,
    )
    return [Subject(*row) for row in rows]


def _read(row: tuple[str, ...]) -> KasusRow:
    id, kode, jenis, ringkasan, rekaman, desa_lain, *rest = row
    return KasusRow(id, kode, jenis, ringkasan, _read_list(rekaman), _read_list(desa_lain), *rest)


def _read_list(text: str) -> tuple[str, ...]:
    found = json.loads(text) if text else []
    return tuple(str(item) for item in found)
