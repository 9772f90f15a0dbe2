"""Whole-file checks, the call that ties everything together, and the workbook of rejects."""

from __future__ import annotations

import io
import time
import zipfile
from datetime import date
from typing import Any

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from node.impor.check import CleanRow, check_rows
from node.impor.columns import COLUMNS, ORIGIN_COLUMN, REASON_COLUMN
from node.impor.penduduk import Bacaan, read_penduduk
from node.impor.problems import Akibat, Problem, Severity
from node.impor.reader import open_sheet
from node.impor.rejects import SHEET, write_rejects

TODAY = date(2026, 11, 21)
HEADER = [column.name for column in COLUMNS]
KK = "3303990101200001"
KEPALA, ISTRI, ANAK = 1, 3, 4


def row(number: int, sheet: str = "Data", **values: Any) -> CleanRow:
    """Invent a clean row; a value of None is absent."""
    base = {
        "nama": f"ORANG {'ABCDEFGHIJ'[number % 10]}", "no_kk": KK, "nik": f"330399150585{number:04d}",
        "tanggal_lahir": "1985-05-15", "ibu_nama": "SUMINAH", "hubungan": KEPALA if number == 2 else ANAK,
        "dusun": "KRAJAN", "jenis_kelamin": 1,
    }
    values = {name: value for name, value in (base | values).items() if value is not None}
    return CleanRow(sheet, number, values)


def found(problems: list[Problem]) -> list[tuple[int, str, Severity]]:
    """Reduce problems to what a test compares."""
    return [(problem.row, problem.kode, problem.severity) for problem in problems]


def test_a_sound_family_has_no_problem() -> None:
    assert check_rows([row(2), row(3), row(4)]) == []


def test_one_nik_twice_rejects_all_rows_and_names_the_others() -> None:
    problems = check_rows([row(2), row(3, nik="3303991505859999"), row(9, "RT 2", nik="3303991505859999"),
                           row(5, nik="3303991505859999")])
    assert found(problems) == [(number, "nik_ganda", Severity.TOLAK) for number in (3, 9, 5)]
    assert "baris 9 di lembar 'RT 2', baris 5." in problems[0].pesan
    assert "baris 3 di lembar 'Data'" in problems[1].pesan
    assert all(problem.value not in problem.pesan for problem in problems)


def test_a_nik_in_many_rows_names_five_of_them() -> None:
    problems = check_rows([row(number, nik="3303991505859999", no_kk=None) for number in range(2, 12)])
    assert problems[0].pesan.count("baris") == 7
    assert "dan 4 baris lain" in problems[0].pesan


def test_two_heads_in_a_family_are_both_rejected() -> None:
    problems = check_rows([row(2), row(3, hubungan=KEPALA), row(4)])
    assert found(problems) == [(2, "kepala_ganda", Severity.TOLAK), (3, "kepala_ganda", Severity.TOLAK)]
    assert problems[0].column == "kk_level"


def test_a_head_who_died_makes_room_for_another() -> None:
    assert check_rows([row(2, status_dasar=2), row(3, hubungan=KEPALA), row(4)]) == []


def test_a_family_without_a_head_is_a_reminder() -> None:
    assert found(check_rows([row(3), row(4)])) == [(3, "tanpa_kepala", Severity.INGAT)]


def test_a_family_that_all_moved_needs_no_head() -> None:
    assert check_rows([row(3, status_dasar=3), row(4, status_dasar=3)]) == []


def test_a_rejected_member_may_be_the_missing_head() -> None:
    assert check_rows([row(3, hubungan=None), row(4)], rejected={("Data", 3)}) == []


def test_people_without_a_family_number_are_not_one_family() -> None:
    assert check_rows([row(2, no_kk=None), row(3, no_kk=None, hubungan=KEPALA)]) == []


def test_same_person_twice_without_nik_is_rejected() -> None:
    problems = check_rows(
        [row(2), row(3, nik=None, nama="Siti Aminah"), row(4, nik=None, nama="SITI  AMINAH")]
    )
    assert found(problems) == [(3, "orang_ganda", Severity.TOLAK), (4, "orang_ganda", Severity.TOLAK)]


def test_row_with_nik_stands_and_its_twin_without_gives_way() -> None:
    problems = check_rows([row(2), row(3, nama="SITI"), row(4, nama="SITI", nik=None)])
    assert found(problems) == [(4, "orang_ganda", Severity.TOLAK)]


def test_same_name_and_date_without_a_mother_is_a_reminder() -> None:
    problems = check_rows(
        [row(2), row(3, nik=None, nama="SITI", ibu_nama=None), row(4, nik=None, nama="SITI")]
    )
    assert found(problems) == [(number, "orang_mungkin_ganda", Severity.INGAT) for number in (3, 4)]


@pytest.mark.parametrize("other", [{"ibu_nama": "RAHAYU"}, {"tanggal_lahir": "1985-05-16"}, {"nama": "SITA"}])
def test_people_who_differ_are_not_the_same(other: dict[str, str]) -> None:
    pair = [row(3, nik=None, nama="SITI"), row(4, nik=None, **({"nama": "SITI"} | other))]
    assert check_rows([row(2), *pair]) == []


def test_a_misspelt_dusun_is_reported_once_with_the_count() -> None:
    rows = [row(number, no_kk=None, dusun="SIDOMULYO") for number in range(2, 8)]
    rows += [row(number, no_kk=None, dusun="SIDOMULJO") for number in (8, 9)]
    problems = check_rows(rows)
    assert found(problems) == [(8, "dusun_mirip", Severity.INGAT)]
    assert "'SIDOMULJO' (2 baris)" in problems[0].pesan and "'SIDOMULYO' (6 baris)" in problems[0].pesan


def test_numbered_dusun_are_not_misspellings() -> None:
    names = ["KRAJAN I", "KRAJAN II", "KRAJAN III", "KRAJAN 1", "DUKUH WETAN", "DUKUH KULON"]
    rows = [row(number, no_kk=None, dusun=name) for number, name in enumerate(names[1:3] + names[4:], 2)]
    assert check_rows(rows) == []


def test_an_address_column_as_dusun_is_reported_once_and_fast() -> None:
    rows = [row(number, no_kk=None, nik=None, nama=f"A{number}", dusun=f"JL MAWAR {number}")
            for number in range(2, 3002)]
    started = time.perf_counter()
    problems = check_rows(rows)
    assert [problem.kode for problem in problems] == ["dusun_terlalu_banyak"]
    assert time.perf_counter() - started < 2


def test_members_in_different_dusun_are_a_reminder() -> None:
    problems = check_rows([row(2), row(3, dusun="NGEMPLAK"), row(4, dusun="NGEMPLAK")])
    assert found(problems) == [(3, "dusun_keluarga_beda", Severity.INGAT)]


# The whole way from file to rows.

def person(number: int, **cells: Any) -> dict[str, Any]:
    """Invent a person as cells of the spreadsheet."""
    base = {
        "dusun": "KRAJAN", "rw": "001", "rt": "002", "nama": f"ORANG {'ABCDEFGHIJ'[number % 10]}",
        "no_kk": KK,
        "nik": f"330399150585{number:04d}", "sex": "1", "tempatlahir": "PURBALINGGA",
        "tanggallahir": "1985-05-15", "agama_id": "ISLAM", "kk_level": "1" if number == 1 else "4",
        "status_dasar": "1",
    }
    return base | cells


def make_xlsx(rows: list[dict[str, Any]], header: list[str] = HEADER) -> bytes:
    """Make a workbook with one sheet."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "default_date_format": "dd-mm-yyyy"})
    sheet = book.add_worksheet("Penduduk")
    for index, name in enumerate(header):
        sheet.write_string(0, index, name)
        for number, cells in enumerate(rows, 1):
            if (value := cells.get(name)) is not None:
                write = sheet.write_string if isinstance(value, str) else sheet.write
                write(number, index, value)
    book.close()
    return stream.getvalue()


def read(rows: list[dict[str, Any]], **options: Any) -> Bacaan:
    """Read invented rows."""
    return read_penduduk(make_xlsx(rows), "warga.xlsx", TODAY, **options)


def test_clean_rows_carry_our_field_names_and_no_empty_value() -> None:
    bacaan = read([person(1, rw="-", hamil="")])
    assert bacaan.problems == [] and bacaan.to_correct == []
    assert bacaan.rows == [CleanRow("Penduduk", 2, {
        "dusun": "KRAJAN", "rt": "002", "nama": "ORANG B", "no_kk": KK, "nik": "3303991505850001",
        "jenis_kelamin": 1, "tempat_lahir": "PURBALINGGA", "tanggal_lahir": "1985-05-15", "agama": 1,
        "hubungan": 1, "status_dasar": 1,
    })]


def test_field_names_are_those_of_the_penduduk_record() -> None:
    kind = pytest.importorskip("shared.records.penduduk")
    fields = kind.PendudukSchema().fields
    ours = {column.field: column for column in COLUMNS if column.field not in ("no_kk", "dusun")}
    assert set(ours) <= set(fields)
    for name, column in ours.items():
        if not column.codes and column.kind not in ("tanggal", "nik"):
            assert column.length_max <= fields[name].length_max, name


ROW_FAULTS: list[tuple[dict[str, Any], str, str, Akibat]] = [
    ({"nama": ""}, "nama_kosong", "nama", Akibat.BARIS_DITOLAK),
    ({"nama": "-"}, "nama_kosong", "nama", Akibat.BARIS_DITOLAK),
    ({"no_kk": ""}, "kosong", "no_kk", Akibat.HANYA_DIINGATKAN),
    ({"sex": "-"}, "kosong", "sex", Akibat.HANYA_DIINGATKAN),
    ({"tanggallahir": ""}, "kosong", "tanggallahir", Akibat.HANYA_DIINGATKAN),
    ({"kk_level": ""}, "kosong", "kk_level", Akibat.HANYA_DIINGATKAN),
    ({"hamil": "1"}, "hamil_laki_laki", "hamil", Akibat.KOLOM_DIKOSONGKAN),
    ({"agama_id": "X"}, "kode_tak_dikenal", "agama_id", Akibat.KOLOM_DIKOSONGKAN),
    ({"nik": "12"}, "nik_panjang", "nik", Akibat.BARIS_DITOLAK),
]


@pytest.mark.parametrize(("cells", "kode", "column", "akibat"), ROW_FAULTS)
def test_fault_of_a_row_stands_in_its_place(
    cells: dict[str, Any], kode: str, column: str, akibat: Akibat
) -> None:
    bacaan = read([person(1), person(2, **cells)])
    problem = next(problem for problem in bacaan.problems if problem.kode == kode)
    assert (problem.sheet, problem.row, problem.column, problem.akibat) == ("Penduduk", 3, column, akibat)
    assert problem.value == list(cells.values())[0]
    assert problem.column_letter
    assert len(bacaan.rows) == (1 if akibat is Akibat.BARIS_DITOLAK else 2)
    assert len(bacaan.to_correct) == (0 if akibat is Akibat.HANYA_DIINGATKAN else 1)


def test_a_woman_may_be_pregnant() -> None:
    assert read([person(1, sex="2", hamil="1")]).rows[0].values["hamil"] == 1


def test_shifted_csv_row_is_rejected() -> None:
    cells = person(1, alamat="JL A, NO 1", **{HEADER[-1]: "17-08-2013"})
    text = ",".join(HEADER) + "\n" + ",".join(str(cells.get(name, "")) for name in HEADER) + "\n"
    bacaan = read_penduduk(text.encode(), "warga.csv", TODAY)
    assert bacaan.rows == []
    assert "kolom_bergeser" in [problem.kode for problem in bacaan.problems]


def test_counts_add_up_and_problems_follow_the_file() -> None:
    bacaan = read([person(1, agama_id="X"), person(2, nik="12"), person(3), person(4, nama=""), person(3)])
    assert bacaan.counts == {
        "dibaca": 5, "diterima": 1, "ditolak": 4, "dikosongkan": 1, "keluarga": 1, "tolak": 4, "ingat": 1,
    }
    assert [problem.row for problem in bacaan.problems] == [2, 3, 4, 5, 6]


def test_progress_is_told_and_ends_full() -> None:
    seen: list[tuple[int, int]] = []
    rows = [person(number) for number in range(1, 601)]
    read(rows, progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == [250, 500, 600]
    assert all(done <= total for done, total in seen) and seen[-1] == (600, 600)


# Rejects.

ODD: dict[str, Any] = {
    "alamat": "=1+1", "nik": 3303991505850000, "tanggallahir": date(2030, 2, 3), "rt": 8, "suku": "@SUM(A1)",
    "no_asuransi": "0001", "akta_lahir": "'474", "lat": -7.25, "agama_id": "X", "no_kk": "12",
}


def test_rejects_hold_the_cells_as_they_stood_and_why() -> None:
    bacaan = read([person(1, **ODD), person(2, kk_level="1")])
    data = write_rejects(bacaan.to_correct, bacaan.problems, TODAY)
    rows = list(open_sheet(data, "ditolak.xlsx"))
    assert [again.sheet for again in rows] == [SHEET]
    before, after = bacaan.to_correct[0].cells, rows[0].cells
    assert {name: cell for name, cell in after.items() if name != ORIGIN_COLUMN} == before
    assert list(rows[0].column_letters) == HEADER


def test_rejects_imported_uncorrected_find_the_same_problems() -> None:
    bacaan = read([person(1, **ODD), person(2, kk_level="1"), person(3, tanggallahir="31-02-1990"),
                   person(4, pekerjaan_id="TUKANG SIHIR"), person(5, nama="")])
    again = read_penduduk(write_rejects(bacaan.to_correct, bacaan.problems, TODAY), "ditolak.xlsx", TODAY)
    wanted = [(problem.column, problem.value, problem.kode) for problem in bacaan.problems]
    assert [(problem.column, problem.value, problem.kode) for problem in again.problems] == wanted
    assert [note.kode for note in again.notices] == ["berkas_perbaikan"] and again.is_rejects


def test_what_a_hand_corrected_is_told_from_what_the_source_said() -> None:
    bacaan = read([person(1), person(2, nik="12", pekerjaan_id="TUKANG SIHIR")])
    raw = bacaan.to_correct[0]
    first = next(iter(open_sheet(write_rejects([raw], bacaan.problems, TODAY), "ditolak.xlsx")))
    first.cells.update(nik="3303991505850002", suku="JAWA", rw="")
    again = read_penduduk(write_rejects([first], bacaan.problems, TODAY), "ditolak.xlsx", TODAY)
    assert again.rows[0].corrected == {"nik", "suku", "rw"}, "the second round still knows the source"
    assert read([person(1)]).rows[0].corrected == frozenset()


@pytest.mark.parametrize("origin", ["", "{", "[1]", "null", "12", "=A1"])
def test_a_spoilt_origin_is_as_good_as_none(origin: str) -> None:
    sheet = make_xlsx([person(2) | {ORIGIN_COLUMN: origin}], [*HEADER, ORIGIN_COLUMN])
    bacaan = read_penduduk(sheet, "warga.xlsx", TODAY)
    assert bacaan.rows[0].corrected == frozenset() and not bacaan.is_rejects


def test_corrected_rejects_are_accepted() -> None:
    bacaan = read([person(1), person(2, nik="12")])
    raw = bacaan.to_correct[0]
    raw.cells["nik"] = "3303991505850002"
    again = read_penduduk(write_rejects([raw], bacaan.problems, TODAY), "ditolak.xlsx", TODAY)
    assert again.counts["diterima"] == 1
    assert again.rows[0].values["nik"] == "3303991505850002"


def test_rejects_say_why_in_the_last_column() -> None:
    bacaan = read([person(1, nik="12", agama_id="X", kk_level="")])
    data = write_rejects(bacaan.to_correct, bacaan.problems, TODAY)
    table = CalamineWorkbook.from_object(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    assert table[0] == [*HEADER, ORIGIN_COLUMN, REASON_COLUMN]
    assert str(table[1][-1]).startswith("NIK: NIK harus 16 angka")
    assert "Agama" in str(table[1][-1]) and "belum diisi" not in str(table[1][-1])


def test_no_text_of_a_file_becomes_a_formula() -> None:
    bacaan = read([person(1, **ODD)])
    with zipfile.ZipFile(io.BytesIO(write_rejects(bacaan.to_correct, bacaan.problems, TODAY))) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


# Speed, with room for a slow machine: the targets are 1.5 s for all and 0.3 s for the checks.

def test_five_thousand_rows_take_a_moment() -> None:
    rows = [
        person(number, no_kk=f"330399010120{number // 4 + 1:04d}", kk_level="1" if number % 4 == 0 else "4",
               dusun=["KRAJAN", "NGEMPLAK", "SIDOMULYO", "BANARAN"][number // 4 % 4],
               nama=f"ORANG {'ABCDEFGHIJ'[number % 10]} {'KLMNOPQRST'[number // 10 % 10]}",
               nama_ibu="SUMINAH")
        for number in range(4, 5004)
    ]
    data = make_xlsx(rows)
    started = time.perf_counter()
    bacaan = read_penduduk(data, "warga.xlsx", TODAY)
    assert time.perf_counter() - started < 6
    assert bacaan.counts["diterima"] == 5000
    started = time.perf_counter()
    check_rows(bacaan.rows)
    assert time.perf_counter() - started < 1.5
