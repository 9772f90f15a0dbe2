"""An operator who practises: in from the front page, at work among invented people, and back; nothing leaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from node.latihan.make import practice_folder
from running.processes import Server, read_setting, serving
from tests.browser.crawler import ask_axe
from tests.browser.kecamatan import PASSWORD, SELAKAMBANG, make_fresh_node
from tests.browser.windows import Window, open_window

RIBBON = ".pita-latihan"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Server]:
    folder = make_fresh_node(tmp_path / "desa", SELAKAMBANG, "PC Kantor")
    with serving("sipande-node", folder, "--tanpa-otomatis") as server:
        server.call(
            "akun", pengguna="budi", nama="Budi Santosa", jabatan="Kadus", peran="operator", kata_sandi=PASSWORD
        )
        yield server


def log_in(window: Window) -> None:
    window.fill(nama_pengguna="budi", kata_sandi=PASSWORD)
    window.click("Masuk")
    expect(window.page.get_by_role("heading", level=1)).to_have_text("Beranda")


def check_ribbon(page: Page, title: str) -> None:
    """The ribbon is the first that one sees, whatever the page: full width, on top, in its colour."""
    expect(page.get_by_role("heading", level=1)).to_contain_text(title)
    page.wait_for_load_state()
    ribbon = page.locator(RIBBON)
    expect(ribbon).to_contain_text("LATIHAN – data ini tidak pernah dikirim")
    box = ribbon.bounding_box()
    width = page.evaluate("document.documentElement.clientWidth")
    assert box is not None and box["y"] < 1 and box["height"] > 25 and box["width"] >= width
    assert ribbon.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 211, 122)"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_an_operator_practises_and_comes_back(browser: Browser, office: Server, scripts: bool) -> None:
    with open_window(browser, office.address, scripts=scripts) as window:
        page, heading = window.page, window.page.get_by_role("heading", level=1)
        window.go("/")
        log_in(window)
        window.click("Latihan")
        window.shoot("desa-latihan")
        window.click("Buka tempat latihan")
        window.shoot("desa-latihan-terbuka")
        window.click("Masuk ke tempat latihan")
        check_ribbon(page, "Masuk")
        assert not page.url.startswith(office.address)
        window.shoot("latihan-masuk")

        log_in(window)
        check_ribbon(page, "Beranda")
        window.shoot("latihan-beranda")
        assert not scripts or not ask_axe(window)
        assert "Buat cadangan" not in window.text()
        window.click("Penduduk")
        page.locator("#teks").fill("kreo")
        page.keyboard.press("Enter")
        page.locator("#hasil").get_by_role("link", name="KREYO").first.click()
        check_ribbon(page, "KREYO")
        window.click("Ubah")
        window.fill(tempat_lahir="BANYUMAS")
        window.click("Simpan")
        expect(page.locator("main")).to_contain_text("BANYUMAS")
        expect(page.locator(".riwayat li").first).to_contain_text("Budi Santosa")

        window.click("Sinkronisasi")
        check_ribbon(page, "Sinkronisasi")
        expect(page.locator("main")).to_contain_text("tempat latihan")
        assert not page.locator("main button").count(), "there is nothing to press that could send"
        window.shoot("latihan-sinkronisasi")
        window.click("Tentang latihan")
        window.shoot("latihan-tentang")

        window.click("Kembali ke data desa")
        expect(heading).to_have_text("Beranda")
        assert page.url == f"{office.address}/" and not page.locator(RIBBON).count(), "still logged in at the desa"
        expect(page.locator("main")).to_contain_text("Belum ada penduduk")
        window.click("Latihan")
        window.click("Tutup tempat latihan")
        expect(page.get_by_role("status")).to_contain_text("Tempat latihan ditutup")
    folder = practice_folder(office.folder.path)
    assert read_setting(folder, "SELECT count(*) FROM penduduk WHERE tempat_lahir = 'BANYUMAS'") == 1
    assert read_setting(office.folder.path, "SELECT count(*) FROM penduduk") == 0
    assert read_setting(folder, "SELECT count(*) FROM receipt") == 0, "nobody has received anything"


def test_beginning_anew_brings_the_invented_people_back(browser: Browser, office: Server) -> None:
    with open_window(browser, office.address) as window:
        window.go("/latihan/")
        window.fill(nama_pengguna="budi", kata_sandi=PASSWORD)
        window.click("Masuk")
        window.click("Buka tempat latihan")
        window.click("Masuk ke tempat latihan")
        log_in(window)
        before = window.page.locator(".angka-utama dd").first.inner_text()
        window.click("Tentang latihan")
        window.click("Buang dan mulai lagi")
        log_in(window)
        check_ribbon(window.page, "Beranda")
        assert window.page.locator(".angka-utama dd").first.inner_text() == before
        window.click("Kembali ke data desa")
        window.page.wait_for_url(f"{office.address}/")
