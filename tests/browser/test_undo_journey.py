"""A wrong file: the whole import is taken back as long as nobody has built on it; then the page says why not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from demonstration.reading import read_rows
from running.processes import KECAMATAN, Server, read_setting, serving
from synthetic.workbook import write_sheet
from tests.browser.kecamatan import (
    PASSWORD, let_ten_minutes_pass, log_in, make_fresh_node, prove, render_village,
)
from tests.browser.test_first_days import count_people, upload
from tests.browser.windows import Window, open_window

DESA = f"{KECAMATAN}.2016"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = make_fresh_node(tmp_path_factory.mktemp("batal") / "desa", DESA, "PC Kantor")
    with serving("sipande-node", folder, "--tanpa-otomatis") as server:
        server.call(
            "akun", pengguna="siti", nama="Siti Aminah", jabatan="Kaur umum", peran="admin", kata_sandi=PASSWORD
        )
        yield server


@pytest.fixture(scope="module")
def window(browser: Browser, office: Server) -> Iterator[Window]:
    with open_window(browser, office.address) as opened:
        log_in(opened, "siti")
        yield opened


def take_in(window: Window, folder: Path) -> int:
    """Import the village; give how many people it has."""
    sheet = render_village(DESA)
    write_sheet(sheet, folder / "penduduk.xlsx")
    upload(window, folder / "penduduk.xlsx")
    window.page.get_by_role("button", name=re.compile(r"Masukkan .* perubahan")).click()
    window.page.get_by_role("heading", name="Hasil impor").wait_for()
    return len(sheet.rows)


def test_a_wrong_file_is_taken_back_as_a_whole(window: Window, office: Server, tmp_path: Path) -> None:
    people = take_in(window, tmp_path)
    assert count_people(office) == people
    window.click("Batalkan impor ini")
    window.shoot("desa-impor-batal")
    window.fill(alasan="salah berkas")
    let_ten_minutes_pass(office.folder.path)
    window.click("Batalkan seluruh impor ini")
    window.shoot("desa-impor-batal-pastikan")
    prove(window)
    expect(window.page.locator("main")).to_contain_text("Impor sudah dibatalkan")
    expect(window.page.locator("main")).to_contain_text("Alasan: salah berkas")
    assert count_people(office) == 0
    assert read_setting(office.folder.path, "SELECT count(*) FROM keluarga") == 0
    window.go("/impor/riwayat")
    expect(window.page.get_by_role("row").nth(1)).to_contain_text("Dibatalkan")
    window.shoot("desa-impor-riwayat")


def test_what_somebody_has_built_on_stays_and_the_page_says_why(
    window: Window, office: Server, tmp_path: Path
) -> None:
    people = take_in(window, tmp_path)
    window.go("/penduduk/")
    window.page.locator("#hasil tbody a").first.click()
    window.click("Ubah")
    window.fill(telepon="0800 001")
    window.click("Simpan")
    expect(window.page.locator("main")).to_contain_text("Perubahan sudah disimpan")
    window.go("/impor/riwayat")
    window.page.get_by_role("row").nth(1).get_by_role("link").click()
    expect(window.page.locator("main")).to_contain_text("1 data dari impor ini sudah diubah sesudahnya")
    expect(window.page.locator("main")).to_contain_text("Perbaiki data yang keliru satu per satu")
    expect(window.page.get_by_role("button", name="Batalkan seluruh impor ini")).to_have_count(0)
    window.shoot("desa-impor-tetap")
    assert count_people(office) == people


def test_a_dusun_is_closed_by_somebody_who_says_once_more_who_that_is(window: Window, office: Server) -> None:
    """Its people all move: what was chosen and written survives the question."""
    folder, counted = office.folder.path, "SELECT dusun, count(*) AS orang FROM penduduk GROUP BY dusun ORDER BY dusun"
    own, other = read_rows(folder, "SELECT id, nama FROM dusun ORDER BY nama")[:2]
    before = {row["dusun"]: row["orang"] for row in read_rows(folder, counted)}
    window.go(f"/keluarga/dusun/{own['id']}")
    window.fill(tujuan=other["nama"], alasan="Digabung menurut Perdes")
    let_ten_minutes_pass(folder)
    window.click("Pindahkan semuanya, lalu tutup")
    expect(window.page.get_by_role("heading", level=1)).to_have_text("Pastikan ini Anda")
    assert {row["dusun"]: row["orang"] for row in read_rows(folder, counted)} == before
    prove(window)
    expect(window.page.locator("main")).to_contain_text("Dusun sudah ditutup")
    expect(window.page.locator("main")).to_contain_text("Digabung menurut Perdes")
    after = {row["dusun"]: row["orang"] for row in read_rows(folder, counted)}
    assert own["id"] not in after and after[other["id"]] == before[own["id"]] + before[other["id"]]
