"""A new desa: the code from the console, the first account, the first resident, the first spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import xlsxwriter
from playwright.sync_api import Browser, expect
from python_calamine import CalamineWorkbook

from running.processes import KECAMATAN, Server, read_setting, serving
from synthetic.sheet import COLUMN_INDEX, COLUMN_NAMES, Sheet
from synthetic.workbook import write_sheet
from tests.browser.kecamatan import PASSWORD, make_fresh_node, render_village
from tests.browser.windows import Window, open_window

DESA = f"{KECAMATAN}.2015"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A node just installed, without an account."""
    folder = make_fresh_node(tmp_path_factory.mktemp("hari-pertama") / "desa", DESA, "PC Kantor")
    with serving("sipande-node", folder, "--tanpa-otomatis") as server:
        yield server


@pytest.fixture(scope="module")
def window(browser: Browser, office: Server) -> Iterator[Window]:
    """The window of the first operator, through all of the first days."""
    with open_window(browser, office.address) as opened:
        yield opened


def count_people(office: Server) -> int:
    return int(read_setting(office.folder.path, "SELECT count(*) FROM penduduk"))


def test_the_code_from_the_console_leads_to_the_first_resident(window: Window, office: Server) -> None:
    window.go("/")
    assert window.page.url.endswith("/mulai"), "a new installation begins here, whatever was asked for"
    window.shoot("desa-mulai")
    window.fill(
        kode="AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA", nama="Siti Aminah", jabatan="Kaur umum", nama_pengguna="siti",
        kata_sandi=PASSWORD, kata_sandi_ulang=PASSWORD,
    )
    window.click("Buat akun dan masuk")
    expect(window.page.get_by_role("alert")).to_contain_text("Kode tidak cocok")
    assert window.page.locator("#nama").input_value() == "Siti Aminah", "what was typed is kept"
    window.fill(kode=office.first_code.lower(), kata_sandi=PASSWORD, kata_sandi_ulang=PASSWORD)
    window.click("Buat akun dan masuk")
    expect(window.page.get_by_role("heading", level=1)).to_have_text("Beranda")
    window.shoot("desa-beranda-kosong")
    window.click("tambah satu per satu")
    window.fill(nama="SUPARMI", tempat_lahir="PURBALINGGA", tanggal_lahir="17-08-1975", jenis_kelamin="Perempuan")
    window.shoot("desa-penduduk-tambah")
    window.click("Simpan")
    expect(window.page.get_by_role("heading", level=1)).to_contain_text("SUPARMI")
    assert count_people(office) == 1
    window.click("Penduduk")
    expect(window.page.locator("#hasil")).to_contain_text("SUPARMI")


def plant(sheet: Sheet) -> dict[str, tuple[str, str]]:
    """Spoil two rows; give name → (column, right value)."""
    first, second = [row for row in sheet.rows if row.person.is_leaf][:2]
    right = {}
    for row, column, wrong in ((first, "nik", first.person.nik[:-1]), (second, "tanggallahir", "1990-02-31")):
        right[row.person.nama] = (column, str(row.cells[COLUMN_INDEX[column]]))
        row.cells[COLUMN_INDEX[column]] = wrong
    return right


def correct(source: Path, target: Path, right: dict[str, tuple[str, str]]) -> int:
    """Do what the operator does with the workbook of rejected rows: repair the cells; give the number of rows."""
    header, *rows = CalamineWorkbook.from_path(str(source)).get_sheet_by_index(0).to_python()
    names = [str(cell) for cell in header]
    assert names[: len(COLUMN_NAMES)] == list(COLUMN_NAMES)
    with xlsxwriter.Workbook(target) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, names)
        for number, row in enumerate(rows, 1):
            column, value = right[str(row[names.index("nama")])]
            cells = ["" if cell is None else str(cell) for cell in row]
            cells[names.index(column)] = value
            for index, cell in enumerate(cells):
                sheet.write_string(number, index, cell)
    return len(rows)


def upload(window: Window, path: Path) -> None:
    window.go("/impor/")
    window.page.locator("#berkas").set_input_files(path)
    window.click("Periksa berkas")
    window.page.get_by_role("heading", name="Hasil pemeriksaan").wait_for()


def test_a_sheet_with_problems_is_corrected_and_applied(window: Window, office: Server, tmp_path: Path) -> None:
    sheet = render_village(DESA)
    right = plant(sheet)
    write_sheet(sheet, tmp_path / "penduduk.xlsx")
    upload(window, tmp_path / "penduduk.xlsx")
    window.shoot("desa-impor-periksa")
    text = window.text()
    assert "Belum ada yang disimpan" in text and "Yang perlu dilihat" in text
    assert count_people(office) == 1, "a check writes nothing"
    assert not re.search(r"[0-9]{15,16}", text), "numbers of persons stay hidden"
    with window.page.expect_download() as given:
        window.click("Unduh baris yang perlu diperbaiki")
    given.value.save_as(tmp_path / "perlu-diperbaiki.xlsx")
    window.page.get_by_role("button", name=re.compile(r"Masukkan .* perubahan")).click()
    window.page.get_by_role("heading", name="Hasil impor").wait_for()
    window.shoot("desa-impor-hasil")
    taken = count_people(office) - 1
    assert len(sheet.rows) - 2 <= taken < len(sheet.rows), "the rest of the village is in"

    assert correct(tmp_path / "perlu-diperbaiki.xlsx", tmp_path / "diperbaiki.xlsx", right) >= 2
    upload(window, tmp_path / "diperbaiki.xlsx")
    expect(window.page.locator("main")).not_to_contain_text("Baris ditolak")
    text = window.text()
    assert "jadi dianggap hanya sebagian penduduk" in text, "the switch sets itself and says so"
    assert "tidak ada dalam berkas ini" not in text, "nobody else is missed"
    window.shoot("desa-impor-perbaikan")
    window.page.get_by_role("button", name=re.compile(r"Masukkan .* perubahan")).click()
    window.page.get_by_role("heading", name="Hasil impor").wait_for()
    assert count_people(office) - 1 == len(sheet.rows), "everybody is in, once"

    write_sheet(render_village(DESA), tmp_path / "bulan-depan.xlsx")
    upload(window, tmp_path / "bulan-depan.xlsx")
    text = window.text()
    assert "Tidak ada yang perlu dimasukkan" in text, "next month's whole file finds everybody as they stand"
    assert "tidak ada dalam berkas ini" not in text
    window.go("/impor/")
    window.shoot("desa-impor")


def test_a_file_of_a_few_is_ticked_as_such_before_or_after_the_check(window: Window, tmp_path: Path) -> None:
    sheet = render_village(DESA)
    del sheet.rows[5:]
    write_sheet(sheet, tmp_path / "beberapa.xlsx")
    upload(window, tmp_path / "beberapa.xlsx")
    expect(window.page.locator("main")).to_contain_text("orang dari impor sebelumnya tidak ada dalam berkas ini")
    window.shoot("desa-impor-sebagian")
    window.click("Berkas ini hanya sebagian penduduk")
    expect(window.page.locator("main")).to_contain_text("dianggap hanya sebagian penduduk")
    expect(window.page.locator("main")).not_to_contain_text("tidak ada dalam berkas ini")
    window.go("/impor/")
    window.page.locator("#berkas").set_input_files(tmp_path / "beberapa.xlsx")
    window.page.get_by_label("Berkas ini hanya sebagian penduduk").check()
    window.click("Periksa berkas")
    expect(window.page.locator("main")).to_contain_text("dianggap hanya sebagian penduduk")


def test_twenty_residents_stand_on_a_small_screen(window: Window) -> None:
    window.go("/penduduk/")
    seen = window.page.evaluate(
        "[...document.querySelectorAll('tbody tr')].filter(row => row.getBoundingClientRect().bottom <= 768).length"
    )
    assert seen >= 20


def test_two_keystrokes_find_a_resident_and_stay_out_of_the_address(window: Window) -> None:
    window.go("/penduduk/")
    window.page.locator("#teks").press_sequentially("su")
    expect(window.page.locator("#hasil")).to_contain_text("“su”")
    expect(window.page.locator("#hasil")).to_contain_text("SUPARMI")
    assert "su" not in window.page.url.split("/penduduk/")[1]
