"""Measures what a zipped workbook will become in memory, on its packed parts and before a library opens it.

200 kB of zip can ask for a gigabyte, and two cells in opposite corners of a sheet make the library allocate
everything between them. On the way the formula errors are collected, which the library would hide.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from operator import itemgetter
from xml.etree import ElementTree

from node.impor.problems import file_error

ZIP_BYTES_MAX = 200 * 1024 * 1024
ZIP_ENTRIES_MAX = 2_000
ZIP_RATIO_MAX = 100
# Below this size no ratio hurts: a sheet of equal rows packs very well.
ZIP_RATIO_FREE_BYTES = 10 * 1024 * 1024
ROWS_MAX = 200_000
COLUMNS_MAX = 300
# The library keeps every cell of the rectangle in use, empty or not, at 24 to 32 bytes.
CELLS_MAX = 12_000_000

ZIP_FAULTS = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError, ValueError,
    OSError, ElementTree.ParseError,
)

Errors = dict[tuple[int, int], str]

_CHUNK_BYTES = 4 * 1024 * 1024
_OVERLAP_BYTES = 512


def check_extent(rows: int, columns: int) -> None:
    """Refuse more rows, columns or cells than a village can have."""
    if rows > ROWS_MAX:
        raise file_error("banyak_baris")
    if columns > COLUMNS_MAX:
        raise file_error("banyak_kolom")
    if rows * columns > CELLS_MAX:
        raise file_error("tabel_besar")


def judge_archive(data: bytes) -> dict[str, Errors]:
    """Check a workbook in .xlsx or .ods; return formula errors by sheet name and place, counted from 0.

    Raises :class:`ImporError` for a bomb, a lock, damage, or a table without bounds.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_sizes(archive, len(data))
            if "xl/workbook.xml" in archive.namelist():
                return _judge_xlsx(archive)
            _check_ods(archive)
            return {}
    except ZIP_FAULTS as error:
        raise file_error("berkas_rusak") from error


def _check_sizes(archive: zipfile.ZipFile, size: int) -> None:
    entries = archive.infolist()
    if any(entry.flag_bits & 1 for entry in entries):
        raise file_error("terkunci")
    unpacked = sum(entry.file_size for entry in entries)
    if (len(entries) > ZIP_ENTRIES_MAX or unpacked > ZIP_BYTES_MAX
            or (unpacked > ZIP_RATIO_FREE_BYTES and unpacked > ZIP_RATIO_MAX * size)):
        raise file_error("bom_zip")


def _unpack(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """Unpack a part in overlapping chunks; a false declared size or checksum raises ``BadZipFile``."""
    with archive.open(name) as part:
        tail = b""
        while chunk := part.read(_CHUNK_BYTES):
            yield tail + chunk
            tail = chunk[-_OVERLAP_BYTES:]


# The parts of .xlsx.

_PLACE = re.compile(rb"\sr\s*=\s*[\"']([A-Za-z]*)(\d*)[\"']")
_FULL_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*[^/>])>(?!</)")
_ERROR_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*?\bt=\"e\"[^>]*)>")
_ERROR_VALUE = re.compile(rb"<(?:\w+:)?v>(#[^<]{1,15})<")


def _judge_xlsx(archive: zipfile.ZipFile) -> dict[str, Errors]:
    errors: dict[str, Errors] = {}
    titles = _sheet_titles(archive)
    cells = 0
    for name in archive.namelist():
        # Every part is unpacked once to prove its size and checksum: the library would trust a false size.
        rows, columns, found = _scan(archive, name)
        if rows > ROWS_MAX or columns > COLUMNS_MAX or cells + rows * columns > CELLS_MAX:
            # Formatting alone can reach the last column; only filled cells count.
            rows, columns = _measure_filled(archive, name)
        check_extent(rows, columns)
        cells += rows * columns
        if found and name in titles:
            errors[titles[name]] = found
    if cells > CELLS_MAX:
        raise file_error("tabel_besar")
    return errors


def _scan(archive: zipfile.ZipFile, name: str) -> tuple[int, int, Errors]:
    """Return the rows and columns that a part reaches, 0 for a part that is no sheet, and its errors."""
    places: tuple[set[bytes], set[bytes]] = set(), set()
    errors: Errors = {}
    is_sheet = False
    for chunk in _unpack(archive, name):
        is_sheet = is_sheet or b"sheetData" in chunk
        if is_sheet:
            _add_places(places, _PLACE.findall(chunk))
            _add_errors(errors, chunk)
    return *_reach(places), errors


def _measure_filled(archive: zipfile.ZipFile, name: str) -> tuple[int, int]:
    places: tuple[set[bytes], set[bytes]] = set(), set()
    for chunk in _unpack(archive, name):
        for attributes in _FULL_CELL.findall(chunk):
            _add_places(places, _PLACE.findall(b" " + attributes))
    return _reach(places)


def _add_places(places: tuple[set[bytes], set[bytes]], found: list[tuple[bytes, bytes]]) -> None:
    places[0].update(map(itemgetter(0), found))
    places[1].update(map(itemgetter(1), found))


def _reach(places: tuple[set[bytes], set[bytes]]) -> tuple[int, int]:
    rows = max((int(text[:9]) for text in places[1] if text), default=0)
    return rows, max((_column_number(text) for text in places[0]), default=0)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters[:6].upper():
        number = number * 26 + letter - 64
    return number


def _add_errors(errors: Errors, chunk: bytes) -> None:
    if b't="e"' not in chunk:
        return
    for match in _ERROR_CELL.finditer(chunk):
        place = _PLACE.search(b" " + match[1])
        if place and place[1] and place[2]:
            # A formula of 8,192 characters may stand between the tag and its value.
            value = _ERROR_VALUE.search(chunk, match.end(), match.end() + 9_000)
            text = value[1].decode("ascii", "replace") if value else "#N/A"
            errors[int(place[2]) - 1, _column_number(place[1]) - 1] = text


def _sheet_titles(archive: zipfile.ZipFile) -> dict[str, str]:
    """Map the part of each sheet to the name on its tab."""
    targets: dict[str, str] = {}
    for relation in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels")):
        target = posixpath.join("/xl", relation.get("Target", ""))
        targets[relation.get("Id", "")] = posixpath.normpath(target).lstrip("/")
    titles: dict[str, str] = {}
    for element in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter():
        if element.tag.endswith("}sheet"):
            key = next((value for name, value in element.items() if name.endswith("}id")), "")
            titles[targets.get(key, "")] = element.get("name", "")
    return titles


# The content of .ods.

_ODS_ROW = re.compile(rb"<table:table-row\b([^>]*[^/>]|)>(.*?)</table:table-row>", re.DOTALL)
_ODS_CELL = re.compile(rb"<table:(?:covered-)?table-cell\b([^>]*)>")
_ODS_ROWS = re.compile(rb"number-rows-repeated\s*=\s*[\"'](\d{1,9})")
_ODS_COLUMNS = re.compile(rb"number-columns-repeated\s*=\s*[\"'](\d{1,9})")


def _check_ods(archive: zipfile.ZipFile) -> None:
    if b"encryption-data" in archive.read("META-INF/manifest.xml"):
        raise file_error("terkunci")
    content = archive.read("content.xml")
    for table in content.split(b"<table:table ")[1:]:
        rows = width = 0
        waiting = 0
        for attributes, body in _ODS_ROW.findall(table):
            repeated = _repeat(_ODS_ROWS, attributes)
            columns = _ods_width(body)
            if columns:
                rows, waiting = rows + waiting + repeated, 0
                width = max(width, columns)
            else:
                waiting += repeated
        check_extent(rows, width)


def _ods_width(body: bytes) -> int:
    """Count the columns of a row up to its last cell with content; trailing empty cells are free."""
    width = filled = 0
    for attributes in _ODS_CELL.findall(body):
        width += _repeat(_ODS_COLUMNS, attributes)
        if b"value" in attributes or not attributes.rstrip().endswith(b"/"):
            filled = width
    return filled


def _repeat(pattern: re.Pattern[bytes], attributes: bytes) -> int:
    match = pattern.search(attributes)
    return int(match[1]) if match else 1
