"""Opening spreadsheets: every accepted layout, and every file that is refused with a sentence."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from node.impor import guard
from node.impor.columns import COLUMNS, END_MARKER, find_column
from node.impor.messages import FILE_ERRORS
from node.impor.problems import ImporError
from node.impor.reader import RawRow, open_sheet

HEADER = [column.name for column in COLUMNS]
ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def person(**cells: Any) -> dict[str, Any]:
    """Invent a person; the NIK is of a kecamatan that does not exist."""
    base = {
        "dusun": "KRAJAN", "rw": "001", "rt": "002", "nama": "BUDI SANTOSO", "no_kk": "3303990101200001",
        "nik": "3303991505850001", "sex": "1", "tempatlahir": "PURBALINGGA", "tanggallahir": "1985-05-15",
        "kk_level": "1", "status_dasar": "1",
    }
    return base | cells


def workbook(fill: Callable[[Any], None]) -> bytes:
    """Make a workbook in memory."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    fill(book)
    book.close()
    return stream.getvalue()


def write_sheet(
    book: Any, title: str, rows: Sequence[dict[str, Any]], header: Sequence[str] = HEADER, first: int = 0
) -> Any:
    """Add a sheet with a header in row ``first`` (from 0) and one row per person."""
    sheet = book.add_worksheet(title)
    for index, name in enumerate(header):
        sheet.write_string(first, index, name)
        for number, row in enumerate(rows, first + 1):
            if (value := row.get(name)) is not None:
                sheet.write(number, index, value)
    return sheet


def make_xlsx(rows: Sequence[dict[str, Any]], header: Sequence[str] = HEADER, first: int = 0) -> bytes:
    """Make a workbook with one sheet of residents."""
    return workbook(lambda book: write_sheet(book, "Data Penduduk", rows, header, first))


def make_csv(rows: Sequence[dict[str, Any]], delimiter: str = ",", header: Sequence[str] = HEADER) -> str:
    """Make a text with the same columns."""
    lines = [delimiter.join(header)]
    lines += [delimiter.join(str(row.get(name, "")) for name in header) for row in rows]
    return "\r\n".join(lines) + "\r\n"


def make_zip(parts: dict[str, bytes]) -> bytes:
    """Pack parts as they are."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return stream.getvalue()


def repack(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """Change parts of a workbook."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return make_zip({name: change(name, archive.read(name)) for name in archive.namelist()})


def make_ods(rows: str, manifest: str = "") -> bytes:
    """Make an OpenDocument spreadsheet from the XML of its rows."""
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    body = f'<office:body><office:spreadsheet><table:table table:name="Lembar1">{rows}</table:table>'
    end = "</office:spreadsheet></office:body></office:document-content>"
    content = f"<office:document-content{spaces}>{body}{end}"
    entry = f'<manifest:file-entry manifest:full-path="content.xml">{manifest}</manifest:file-entry>'
    space = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    listing = f'<manifest:manifest xmlns:manifest="{space}">{entry}</manifest:manifest>'
    return make_zip({
        "mimetype": ODS_TYPE.encode(),
        "META-INF/manifest.xml": listing.encode(),
        "content.xml": content.encode(),
    })


def ods_row(cells: Sequence[str], repeated: int = 1, columns: int = 1) -> str:
    """Write one row as LibreOffice does, followed by empty cells up to the last column."""
    body = "".join(
        f'<table:table-cell table:number-columns-repeated="{columns}" office:value-type="string">'
        f"<text:p>{cell}</text:p></table:table-cell>" for cell in cells
    )
    tail = '<table:table-cell table:number-columns-repeated="16000"/>'
    return f'<table:table-row table:number-rows-repeated="{repeated}">{body}{tail}</table:table-row>'


def read(data: bytes, filename: str = "warga.xlsx") -> list[RawRow]:
    """Read all rows."""
    return list(open_sheet(data, filename))


def refusal(data: bytes, filename: str = "warga.xlsx") -> ImporError:
    """Read a file that must be refused."""
    with pytest.raises(ImporError) as caught:
        read(data, filename)
    return caught.value


def cut_declared_size(data: bytes, name: str, size: int) -> bytes:
    """Lie about the unpacked size of a part, in its local header and in the directory."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        info = archive.getinfo(name)
    packed = struct.pack("<I", info.compress_size)
    return data.replace(packed + struct.pack("<I", info.file_size), packed + struct.pack("<I", size))


# Files that are read.

def test_rows_carry_the_row_number_and_letters_of_excel() -> None:
    rows = read(make_xlsx([person(), person(nik="3303991505850002")]))
    assert [row.row for row in rows] == [2, 3]
    assert rows[0].sheet == "Data Penduduk"
    assert rows[0].column_letters["nik"] == "G"
    assert rows[0].column_letters["lng"] == "AQ"
    assert rows[0].cells["nama"] == "BUDI SANTOSO"
    assert "agama_id" not in rows[0].cells


def test_header_may_stand_lower_and_further_right() -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("Lembar")
        sheet.write_string(0, 2, "DATA PENDUDUK DESA")
        for index, name in enumerate(["No", *reversed(HEADER)]):
            sheet.write_string(4, index + 2, f" {name.upper()} ")
        for index, name in enumerate(reversed(HEADER)):
            sheet.write_string(5, index + 3, str(person().get(name, "")))
    rows = read(workbook(fill))
    assert [row.row for row in rows] == [6]
    assert rows[0].cells["nama"] == "BUDI SANTOSO"
    assert rows[0].column_letters[HEADER[-1]] == "D"


@pytest.mark.parametrize(("header", "name"), [
    ("No. KK", "no_kk"), ("NOMOR_KK", "no_kk"), ("nomor_nik", "nik"), ("jenis_kelamin", "sex"),
    ("Tempat Lahir", "tempatlahir"), ("tanggal_lahir", "tanggallahir"), ("agama", "agama_id"),
    ("pendidikan_dlm_kk", "pendidikan_kk_id"), ("pendidikan_sdg_ditempuh", "pendidikan_sedang_id"),
    ("pekerjaan", "pekerjaan_id"), ("kawin", "status_kawin"), ("hubungan_keluarga", "kk_level"),
    ("kewarganegaraan", "warganegara_id"), ("nik_ayah", "ayah_nik"), ("nik_ibu", "ibu_nik"),
    ("gol_darah", "golongan_darah_id"), ("nomor_dokumen_pasport", "dokumen_pasport"),
    ("tanggal_akhir_pasport", "tanggal_akhir_paspor"), ("nomor_dokumen_kitas", "dokumen_kitas"),
    ("nomor_akta_perkawinan", "akta_perkawinan"), ("tanggal_perkawinan", "tanggalperkawinan"),
    ("nomor_akta_perceraian", "akta_perceraian"), ("tanggal_perceraian", "tanggalperceraian"),
    ("cacat", "cacat_id"), ("cara_kb", "cara_kb_id"), ("SHDK", "kk_level"),
    ("Gol. Darah", "golongan_darah_id"),
])
def test_header_of_another_dialect_means_our_column(header: str, name: str) -> None:
    column = find_column(header)
    assert column is not None and column.name == name


def test_no_two_columns_share_a_header() -> None:
    for column in COLUMNS:
        for header in (column.name, *column.aliases):
            assert find_column(header) is column


def test_code_sheet_is_skipped_and_other_sheets_are_read() -> None:
    def fill(book: Any) -> None:
        write_sheet(book, "RT 1", [person()])
        write_sheet(book, "Kode Data", [person(nama="BUKAN ORANG")])
        write_sheet(book, "RT 2", [person(nama="SITI AMINAH")])
        write_sheet(book, "Petunjuk", [], ["Isi dengan huruf besar"])
    reader = open_sheet(workbook(fill), "warga.xlsx")
    found = [(row.sheet, row.cells["nama"]) for row in reader]
    assert found == [("RT 1", "BUDI SANTOSO"), ("RT 2", "SITI AMINAH")]
    assert [notice.kode for notice in reader.notices] == ["lembar_tanpa_judul"]


def test_sheet_without_the_needed_columns_is_skipped_with_a_notice() -> None:
    def fill(book: Any) -> None:
        write_sheet(book, "Peserta", [person()], ["nama", "nik", "alamat"])
        write_sheet(book, "Data", [person()])
    reader = open_sheet(workbook(fill), "warga.xlsx")
    assert [row.sheet for row in reader] == ["Data"]
    assert [notice.kode for notice in reader.notices] == ["lembar_kurang_kolom"]


def test_hidden_sheet_is_read_with_a_notice() -> None:
    def fill(book: Any) -> None:
        write_sheet(book, "Data", [person()])
        write_sheet(book, "Lama", [person()]).hide()
    reader = open_sheet(workbook(fill), "warga.xlsx")
    assert len(list(reader)) == 2
    assert [notice.kode for notice in reader.notices] == ["lembar_tersembunyi"]


@pytest.mark.parametrize("column", ["dusun", "alamat", "nama"])
def test_end_marker_stops_its_sheet_only(column: str) -> None:
    def fill(book: Any) -> None:
        write_sheet(book, "A", [person(), {column: END_MARKER}, person(nama="Petunjuk: isi huruf besar")])
        write_sheet(book, "B", [person(nama="SITI")])
    assert [row.cells["nama"] for row in read(workbook(fill))] == ["BUDI SANTOSO", "SITI"]


def test_end_marker_between_spaces_is_seen_in_column_b() -> None:
    assert len(read(make_xlsx([person(), {"dusun": " ### "}, person()]))) == 1


def test_blank_rows_are_skipped_and_keep_their_numbers() -> None:
    rows = read(make_xlsx([person(), {}, {"nama": "  "}, person(nama="SITI")]))
    assert [row.row for row in rows] == [2, 5]


def test_running_number_beside_an_empty_row_is_no_person() -> None:
    header = ["No", *HEADER]
    assert len(read(make_xlsx([person(No=1), {"No": 2}, {"No": 3}], header))) == 1


def test_header_pasted_again_is_no_person() -> None:
    assert len(read(make_xlsx([person(), dict(zip(HEADER, HEADER)), person()]))) == 2


def test_unknown_column_is_reported_once_and_kept() -> None:
    data = make_xlsx([person(Keterangan="baru"), person()], [*HEADER, "Keterangan"])
    reader = open_sheet(data, "warga.xlsx")
    rows = list(reader)
    assert rows[0].cells["Keterangan"] == "baru"
    assert [notice.kode for notice in reader.notices] == ["kolom_asing"]
    assert "'Keterangan'" in reader.notices[0].pesan


def test_data_below_no_header_is_reported() -> None:
    def fill(book: Any) -> None:
        write_sheet(book, "Data", [person()]).write_string(1, len(HEADER) + 2, "catatan")
    reader = open_sheet(workbook(fill), "warga.xlsx")
    assert len(list(reader)) == 1
    assert [notice.kode for notice in reader.notices] == ["kolom_tanpa_judul"]
    assert "AW" in reader.notices[0].pesan


def test_missing_optional_columns_are_fine() -> None:
    rows = read(make_xlsx([person()], ["nama", "no_kk", "nik", "sex", "tanggallahir"]))
    assert rows[0].cells["nik"] == "3303991505850001"


def test_reason_column_of_a_reject_file_is_ignored() -> None:
    data = make_xlsx([person(alasan_ditolak="NIK salah")], [*HEADER, "alasan_ditolak"])
    reader = open_sheet(data, "warga.xlsx")
    assert "alasan_ditolak" not in next(iter(reader)).cells
    assert reader.notices == []


def test_formula_error_is_handed_out_and_not_hidden() -> None:
    def fill(book: Any) -> None:
        sheet = write_sheet(book, "Data & lain", [person(), person()])
        sheet.write_formula(2, HEADER.index("pekerjaan_id"), "=VLOOKUP(1,A1:B2,2,0)", None, "#N/A")
    rows = read(workbook(fill))
    assert "pekerjaan_id" not in rows[0].cells
    assert rows[1].cells["pekerjaan_id"] == "#N/A"


def test_formatting_far_outside_the_table_does_no_harm() -> None:
    def fill(book: Any) -> None:
        sheet = write_sheet(book, "Data", [person()])
        sheet.write_blank(1_048_575, 16_383, None, book.add_format({"bold": True}))
    assert len(read(workbook(fill))) == 1


def test_ods_is_read_with_its_endless_empty_rows() -> None:
    names = ["nama", "no_kk", "nik", "sex", "tanggallahir"]
    rows = ods_row(names) + ods_row([str(person()[name]) for name in names])
    empty = '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>'
    found = read(make_ods(rows + empty), "warga.ods")
    assert [row.cells["nama"] for row in found] == ["BUDI SANTOSO"]


def test_a_path_is_read_like_bytes(tmp_path: Path) -> None:
    path = tmp_path / "warga.xlsx"
    path.write_bytes(make_xlsx([person()]))
    assert len(list(open_sheet(path, path.name))) == 1


# CSV.

@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_csv_dialects(delimiter: str, encoding: str) -> None:
    rows = read(make_csv([person(nama="JOSÉ")], delimiter).encode(encoding), "warga.csv")
    assert [(row.sheet, row.row, row.cells["nama"]) for row in rows] == [("warga.csv", 2, "JOSÉ")]


def test_csv_delimiter_is_taken_from_the_header_and_not_from_the_data() -> None:
    text = make_csv([person(alamat="JL A, NO 1, GANG 2, BLOK 3, RUMAH 4")] * 50, ";")
    assert read(text.encode(), "warga.csv")[0].cells["alamat"] == "JL A, NO 1, GANG 2, BLOK 3, RUMAH 4"


def test_csv_line_of_excel_that_names_the_delimiter_is_obeyed() -> None:
    rows = read(("sep=;\r\n" + make_csv([person()], ";")).encode(), "warga.csv")
    assert rows[0].row == 2


def test_csv_rows_count_records_as_excel_does() -> None:
    text = make_csv([person(alamat='"JL A\nNO 1"'), {}, person()])
    assert [row.row for row in read(text.encode(), "warga.csv")] == [2, 4]


def test_csv_row_with_an_unquoted_delimiter_is_marked_as_shifted() -> None:
    last = {HEADER[-1]: "17-08-2013"}
    text = make_csv([person(alamat="JL A, NO 1", **last), person(**last)])
    assert [row.is_shifted for row in read(text.encode(), "warga.csv")] == [True, False]


def test_csv_with_an_endless_quote_is_refused() -> None:
    error = refusal(make_csv([person(), person(alamat='"JL A'), person()]).encode(), "warga.csv")
    assert error.kode == "csv_kutip"


def test_csv_called_xls_is_read() -> None:
    assert len(read(make_csv([person()]).encode(), "warga.xls")) == 1


# Files that are refused, one line per fault.

def _pad_sheet(size: int) -> bytes:
    return repack(make_xlsx([person()]), lambda name, part: part + b" " * size if "sheet1" in name else part)


def _bomb() -> bytes:
    return _pad_sheet(60_000_000)


def _huge_declared() -> bytes:
    return make_zip({"xl/workbook.xml": b"<workbook/>", "xl/a.xml": b"", **{
        f"xl/media/{number}.bin": bytes(30_000_000) for number in range(7)
    }})


def _false_size() -> bytes:
    return cut_declared_size(_pad_sheet(5_000_000), "xl/worksheets/sheet1.xml", 2_000)


def _corner_cells() -> bytes:
    def fill(book: Any) -> None:
        write_sheet(book, "Data", [person()]).write_string(1_048_575, 16_383, "x")
    return workbook(fill)


def _corner_cells_in_an_odd_part() -> bytes:
    """Name the sheet part by a detour that the map of sheets might not follow."""
    return repack(_corner_cells(), lambda name, part: part.replace(b"worksheets/", b"./worksheets/")
                  if name.endswith("workbook.xml.rels") else part)


def _tall() -> bytes:
    def fill(book: Any) -> None:
        write_sheet(book, "Data", [person()]).write_string(200_000, 0, "x")
    return workbook(fill)


def _wide() -> bytes:
    def fill(book: Any) -> None:
        write_sheet(book, "Data", [person()]).write_string(1, 300, "x")
    return workbook(fill)


def _large_table() -> bytes:
    def fill(book: Any) -> None:
        write_sheet(book, "Data", [person()]).write_string(150_000, 250, "x")
    return workbook(fill)


def _lock_flag(data: bytes) -> bytes:
    changed = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = changed.find(mark)
        while start >= 0:
            changed[start + offset] |= 1
            start = changed.find(mark, start + 4)
    return bytes(changed)


REFUSED: list[tuple[str, Callable[[], bytes], str]] = [
    ("empty", lambda: b"", "berkas_kosong"),
    ("only spaces", lambda: b"\r\n \r\n", "berkas_kosong"),
    ("pdf", lambda: b"%PDF-1.7 ...", "bukan_tabel"),
    ("png", lambda: b"\x89PNG\r\n\x1a\n", "bukan_tabel"),
    ("jpeg", lambda: b"\xff\xd8\xff\xe0", "bukan_tabel"),
    ("rar", lambda: b"Rar!\x1a\x07", "bukan_tabel"),
    ("html called xls", lambda: b"\r\n<HTML><table><tr><td>nama</td></tr></table>", "html"),
    ("html fragment", lambda: b"<table border=1><tr><td>nama</td></tr></table>", "html"),
    ("xml spreadsheet 2003", lambda: b"<?xml version='1.0'?><Workbook/>", "xml"),
    ("docx", lambda: make_zip({"word/document.xml": b"<w/>"}), "bukan_tabel"),
    ("odt", lambda: make_zip({"mimetype": b"application/vnd.oasis.opendocument.text"}), "bukan_tabel"),
    ("xlsb", lambda: make_zip({"xl/workbook.bin": b"x"}), "xlsb"),
    ("plain zip", lambda: make_zip({"warga.xlsx": b"x"}), "arsip"),
    ("doc", lambda: OLE + bytes(600) + "WordDocument".encode("utf-16-le"), "bukan_tabel"),
    ("xlsx with a password", lambda: OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "terkunci"),
    ("zip with a password", lambda: _lock_flag(make_xlsx([person()])), "terkunci"),
    ("ods with a password", lambda: make_ods("", "<manifest:encryption-data/>"), "terkunci"),
    ("cut xls", lambda: OLE + bytes(600) + "Workbook".encode("utf-16-le"), "berkas_rusak"),
    ("ole of nothing", lambda: OLE + bytes(600), "berkas_rusak"),
    ("cut xlsx", lambda: make_xlsx([person()])[:-400], "berkas_rusak"),
    ("xlsx without a workbook part", lambda: make_xlsx([person()]).replace(b"workbook.xml", b"workbook.xmk"),
     "arsip"),
    ("xlsx without a sheet part", lambda: repack(
        make_xlsx([person()]), lambda name, part: b"<x" if "sheet1" in name else part), "berkas_rusak"),
    ("zip bomb", _bomb, "bom_zip"),
    ("too large unpacked", _huge_declared, "bom_zip"),
    ("too many entries", lambda: make_zip(
        {"xl/workbook.xml": b""} | {f"xl/{number}": b"" for number in range(2_000)}), "bom_zip"),
    ("false size in the directory", _false_size, "berkas_rusak"),
    ("two cells in opposite corners", _corner_cells, "banyak_baris"),
    ("the same, by a detour", _corner_cells_in_an_odd_part, "banyak_baris"),
    ("too many rows", _tall, "banyak_baris"),
    ("too many columns", _wide, "banyak_kolom"),
    ("too many cells", _large_table, "tabel_besar"),
    ("ods of repeated rows", lambda: make_ods(ods_row(["x"], 1_000_000)), "banyak_baris"),
    ("ods of repeated columns", lambda: make_ods(ods_row(["x"], 1, 16_000)), "banyak_kolom"),
    ("binary", lambda: b"abc\x00\x01\x02" * 10, "bukan_dikenal"),
    ("over 25 MB", lambda: b"nama," * (guard.FILE_BYTES_MAX // 5 + 1), "berkas_besar"),
    ("csv of another kind", lambda: b"a,b,c\n1,2,3\n", "tanpa_judul"),
    ("csv with too many rows", lambda: b"nama,nik,no_kk\n" + b"a\n" * 200_001, "banyak_baris"),
    ("no header", lambda: make_xlsx([], ["kolom", "lain"]), "tanpa_judul"),
    ("only the code sheet", lambda: workbook(lambda book: write_sheet(book, "Kode Data", [person()])),
     "tanpa_judul"),
    ("empty workbook", lambda: workbook(lambda book: book.add_worksheet()), "tanpa_judul"),
    ("column missing", lambda: make_xlsx([person()], ["nama", "nik", "no_kk", "sex"]), "kolom_wajib"),
    ("column twice", lambda: make_xlsx([person()], [*HEADER, "jenis_kelamin"]), "kolom_ganda"),
    ("printed register", lambda: workbook(
        lambda book: book.add_worksheet().write_string(0, 0, "BUKU INDUK PENDUDUK WNI")), "bentuk_lain"),
]


@pytest.mark.parametrize(
    ("make", "kode"), [fault[1:] for fault in REFUSED], ids=[fault[0] for fault in REFUSED]
)
def test_file_is_refused_with_a_sentence(make: Callable[[], bytes], kode: str) -> None:
    error = refusal(make(), "warga.xls")
    assert error.kode == kode
    assert error.pesan.endswith(".") and error.pesan.count(".") >= 2
    assert "BUDI" not in error.pesan and "3303" not in str(error)


def test_every_refusal_is_tested() -> None:
    assert {kode for _, _, kode in REFUSED} | {"tidak_terbuka", "csv_kutip"} == set(FILE_ERRORS)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImporError) as caught:
        open_sheet(tmp_path / "tidak-ada.xlsx", "tidak-ada.xlsx")
    assert caught.value.kode == "tidak_terbuka"


def test_missing_columns_are_named_once_and_together() -> None:
    error = refusal(make_xlsx([person()], ["nama", "nik", "alamat"]))
    assert error.kode == "kolom_wajib"
    assert all(name in error.pesan for name in ("(no_kk)", "(sex)", "(tanggallahir)"))


def test_bomb_is_refused_without_being_unpacked() -> None:
    data = _bomb()
    tracemalloc.start()
    try:
        refusal(data)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_workbook_never_ends_the_process(seed: int) -> None:
    data = bytearray(make_xlsx([person()]))
    for step in range(5):
        place = zlib.crc32(f"{seed}/{step}".encode()) % len(data)
        data[place] ^= 0xFF
    try:
        read(bytes(data))
    except ImporError as error:
        assert error.kode in FILE_ERRORS


def test_dates_and_numbers_are_handed_out_as_they_stand() -> None:
    def fill(book: Any) -> None:
        sheet = write_sheet(book, "Data", [person(nik=3303991505850001, tanggallahir=None)])
        style = book.add_format({"num_format": "dd-mm-yyyy"})
        sheet.write_datetime(1, HEADER.index("tanggallahir"), date(1985, 5, 15), style)
    cells = read(workbook(fill))[0].cells
    assert cells["nik"] == 3303991505850001.0
    assert cells["tanggallahir"] == date(1985, 5, 15)
