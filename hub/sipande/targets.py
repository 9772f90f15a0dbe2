"""The target population of each desa: read from a spreadsheet, kept as a setting of the hub."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from shared.codes.spelling import plain
from shared.errors import UserError
from shared.store.migrations import read_setting, write_setting

SETTING = "sasaran_penduduk"
FILE_BYTES_MAX = 2_000_000
_UNPACKED_BYTES_MAX = 50_000_000
_TARGET_MAX = 1_000_000
_DESA_WORDS = ("DESA", "KODE DESA", "NAMA DESA", "KODE")
_TARGET_WORDS = ("TARGET", "SASARAN", "JUMLAH PENDUDUK", "PENDUDUK")


def load_targets(conn: sqlite3.Connection) -> dict[str, int]:
    """Read the target of every desa that has one."""
    text = read_setting(conn, SETTING)
    return {} if text is None else {str(kode): int(count) for kode, count in json.loads(text).items()}


def save_targets(conn: sqlite3.Connection, targets: Mapping[str, int]) -> None:
    """Replace all targets."""
    write_setting(conn, SETTING, json.dumps(dict(sorted(targets.items()))))


def read_targets(name: str, data: bytes, places: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Read desa and target from an xlsx or csv file; desa by code or by name.

    Raises UserError that lists every row that cannot be used; then nothing is to be kept.
    """
    if not data:
        raise UserError("Pilih dulu berkas xlsx atau csv.", "berkas_kosong")
    if len(data) > FILE_BYTES_MAX:
        raise UserError("Berkas terlalu besar. Daftar sasaran cukup dua kolom.", "berkas_besar")
    rows = _read_workbook(data) if data[:2] == b"PK" else _read_csv(data)
    return _collect(rows, places)


def _read_workbook(data: bytes) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(item.file_size for item in archive.infolist())
        if size > _UNPACKED_BYTES_MAX:
            raise UserError("Isi berkas terlalu besar untuk daftar sasaran.", "berkas_besar")
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
        return [[_write_cell(cell) for cell in row] for row in sheet.to_python()]
    except (CalamineError, zipfile.BadZipFile, OSError, IndexError):
        raise _unreadable() from None


def _write_cell(cell: Any) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def _read_csv(data: bytes) -> list[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    delimiter = ";" if text.count(";") > text.count(",") else ","
    try:
        return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=delimiter)]
    except csv.Error:
        raise _unreadable() from None


def _unreadable() -> UserError:
    return UserError(
        "Berkas tidak dapat dibaca. Simpan sebagai xlsx atau csv, lalu coba lagi.", "berkas_rusak"
    )


def _collect(rows: Iterable[Sequence[str]], places: Sequence[tuple[str, str]]) -> dict[str, int]:
    by_name = {_key(nama): kode for kode, nama in places}
    by_name.update({kode.replace(".", ""): kode for kode, _ in places})
    columns: tuple[int, int] | None = None
    targets: dict[str, int] = {}
    problems: list[str] = []
    for number, row in enumerate(rows, 1):
        if columns is None:
            columns = _find_columns(row)
            continue
        if not any(row):
            continue
        desa_at, target_at = columns
        desa, target = _cell(row, desa_at), _cell(row, target_at).replace(".", "")
        kode = by_name.get(desa.replace(".", "")) or by_name.get(_key(desa))
        if kode is None:
            problems.append(f"Baris {number}: desa tidak dikenal di kecamatan ini.")
        elif kode in targets:
            problems.append(f"Baris {number}: desa ini sudah ada di baris sebelumnya.")
        elif not target.isascii() or not target.isdecimal() or not 0 < int(target[:9]) <= _TARGET_MAX:
            problems.append(f"Baris {number}: target harus angka bulat lebih dari nol.")
        else:
            targets[kode] = int(target)
    if columns is None:
        raise UserError(
            "Baris judul tidak ditemukan. Berkas perlu dua kolom berjudul desa dan target.", "tanpa_judul"
        )
    if problems or not targets:
        raise UserError(" ".join(problems[:10]) or "Tidak ada baris yang terisi.", "baris_salah")
    return targets


def _find_columns(row: Sequence[str]) -> tuple[int, int] | None:
    heads = [plain(cell) for cell in row]
    desa = next((at for at, head in enumerate(heads) if head in _DESA_WORDS), None)
    target = next((at for at, head in enumerate(heads) if any(word in head for word in _TARGET_WORDS)), None)
    return None if desa is None or target is None or desa == target else (desa, target)


def _cell(row: Sequence[str], at: int) -> str:
    return row[at] if at < len(row) else ""


def _key(name: str) -> str:
    return plain(name).removeprefix("DESA ").replace(" ", "")
