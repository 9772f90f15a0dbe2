"""Judges a file before any spreadsheet library opens it: what it is, by its bytes and never by its name."""

from __future__ import annotations

import io
import os
import zipfile
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from node.impor import extent
from node.impor.problems import file_error

FILE_BYTES_MAX = 25 * 1024 * 1024

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "dokumen PDF"),
    (b"\x89PNG", "gambar"),
    (b"\xff\xd8\xff", "gambar"),
    (b"GIF8", "gambar"),
    (b"II*\x00", "gambar"),
    (b"MM\x00*", "gambar"),
    (b"RIFF", "gambar atau rekaman"),
    (b"Rar!", "arsip RAR"),
    (b"7z\xbc\xaf", "arsip 7z"),
    (b"\x1f\x8b", "arsip gz"),
    (b"SQLite format 3", "basis data"),
    (b"{\\rtf", "dokumen teks (RTF)"),
    (b"MZ", "program"),
)


class FileKind(StrEnum):
    """What the bytes are, whatever the file is called."""

    XLSX = "xlsx"
    XLS = "xls"
    ODS = "ods"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Judged:
    """Bytes that are safe to open, and the formula errors that the library would hide as empty cells.

    ``errors`` maps a sheet name to ``{(row, column): "#N/A"}``, both counted from 0.
    """

    data: bytes
    kind: FileKind
    errors: dict[str, dict[tuple[int, int], str]] = field(default_factory=dict)


def judge_file(source: str | os.PathLike[str] | bytes) -> Judged:
    """Read a file and tell what it is; raises :class:`ImporError` when it must not be opened."""
    data = _load(source)
    kind = _recognise(data)
    if kind is FileKind.XLSX or kind is FileKind.ODS:
        return Judged(data, kind, extent.judge_archive(data))
    return Judged(data, kind)


def _load(source: str | os.PathLike[str] | bytes) -> bytes:
    try:
        size = len(source) if isinstance(source, bytes) else os.stat(source).st_size
        if size > FILE_BYTES_MAX:
            raise file_error("berkas_besar")
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
    except OSError as error:
        raise file_error("tidak_terbuka") from error
    if not data.strip(b"\x00\t\r\n \xef\xbb\xbf"):
        raise file_error("berkas_kosong")
    return data


def _recognise(data: bytes) -> FileKind:
    if data.startswith(b"PK\x03\x04"):
        return _recognise_zip(data)
    if data.startswith(_OLE):
        return _recognise_ole(data)
    for magic, what in _MAGIC:
        if data.startswith(magic):
            raise file_error("bukan_tabel", apa=what)
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype", b"<html", b"<table", b"<head", b"<body", b"<meta", b"<style")):
        raise file_error("html")
    if head.startswith(b"<"):
        raise file_error("xml")
    if b"\x00" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise file_error("bukan_dikenal")
    return FileKind.CSV


def _recognise_ole(data: bytes) -> FileKind:
    if _utf16("EncryptedPackage") in data:
        raise file_error("terkunci")
    if _utf16("Workbook") in data or _utf16("Book") in data:
        return FileKind.XLS
    if _utf16("WordDocument") in data or _utf16("PowerPoint Document") in data:
        raise file_error("bukan_tabel", apa="dokumen Word atau PowerPoint")
    raise file_error("berkas_rusak")


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-le")


def _recognise_zip(data: bytes) -> FileKind:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            if "xl/workbook.xml" in names:
                return FileKind.XLSX
            # The media type is short; a longer entry of that name is something else.
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                if b"opendocument.spreadsheet" in archive.read("mimetype"):
                    return FileKind.ODS
    except extent.ZIP_FAULTS as error:
        raise file_error("berkas_rusak") from error
    if "xl/workbook.bin" in names:
        raise file_error("xlsb")
    if any(name.startswith(("word/", "ppt/")) for name in names) or "mimetype" in names:
        raise file_error("bukan_tabel", apa="dokumen Word, PowerPoint, atau sejenisnya")
    raise file_error("arsip")
