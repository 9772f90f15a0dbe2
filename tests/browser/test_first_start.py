"""A computer just unpacked: from an empty folder through code, desa, logo and first account to the first resident."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from running.processes import KECAMATAN, Server, read_setting, serving
from tests.browser.crawler import BYTES_MAX, REQUESTS_MAX, ask_axe
from tests.browser.kecamatan import PASSWORD
from tests.browser.windows import Window, open_window
from tests.support.pictures import draw_crest, draw_noise

DESA = f"{KECAMATAN}.2005"
PLACE = "Kecamatan Kaligondang, Kabupaten Purbalingga, Jawa Tengah"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Server]:
    """A node on a folder that is not even there."""
    with serving("sipande-node", tmp_path / "desa", "--tanpa-otomatis") as server:
        yield server


def put_picture(window: Window, path: Path, content: bytes, button: str) -> None:
    path.write_bytes(content)
    window.page.locator("#logo").set_input_files(path)
    window.click(button)


def look(window: Window, name: str, scripts: bool) -> None:
    """Take the picture of a step and judge it."""
    window.shoot(name)
    assert not window.is_too_wide()
    if scripts:
        window.note_violations()
        assert not ask_axe(window), name


def is_drawn(page: Page, selector: str) -> bool:
    """Tell whether the browser has really read a picture."""
    page.locator(selector).wait_for()
    page.wait_for_load_state()
    found: bool = page.locator(selector).evaluate("e => e.complete && e.naturalWidth > 0 && e.clientHeight > 0")
    return found


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_an_empty_folder_becomes_a_desa_with_a_logo_and_a_first_resident(
    browser: Browser, office: Server, tmp_path: Path, scripts: bool
) -> None:
    with open_window(browser, office.address, scripts=scripts) as window:
        page, heading = window.page, window.page.get_by_role("heading", level=1)
        window.go("/")
        assert page.url.endswith("/mulai")
        look(window, "mulai-1-kode", scripts)
        window.fill(kode="AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA")
        window.click("Lanjut")
        expect(page.get_by_role("alert")).to_contain_text("Kode tidak cocok")
        window.fill(kode=office.first_code.lower())
        window.click("Lanjut")

        expect(heading).to_have_text("Desa mana?")
        page.locator("#cari").press_sequentially("karang")
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_contain_text("tambahkan nama kecamatannya")
        page.locator("#cari").fill("desa sinduraja kec. kaligondang")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name=f"Pilih Sinduraja, {PLACE}")).to_be_visible()
        look(window, "mulai-2-desa", scripts)
        window.click(f"Pilih Sinduraja, {PLACE}")

        expect(heading).to_have_text("Logo Sinduraja")
        look(window, "mulai-3-logo", scripts)
        put_picture(window, tmp_path / "surat.png", b"bukan gambar", "Pakai logo ini")
        expect(page.get_by_role("alert")).to_contain_text("bukan gambar PNG, JPEG, atau WebP")
        look(window, "mulai-3-logo-salah", scripts)
        put_picture(window, tmp_path / "logo.webp", draw_crest("WEBP"), "Pakai logo ini")
        assert is_drawn(page, ".logo-besar") and is_drawn(page, ".merek-logo")
        look(window, "mulai-3-logo-terpilih", scripts)
        window.click("Lanjut")

        expect(heading).to_have_text("Sinduraja")
        account = {"komputer": "PC Pelayanan", "nama": "Siti Aminah", "jabatan": "Kaur umum", "nama_pengguna": "siti"}
        window.fill(**account, kata_sandi="pendek", kata_sandi_ulang="pendek")
        window.click("Selesai, mulai memakai")
        expect(page.get_by_role("alert")).to_contain_text("Belum disimpan")
        assert page.locator("#komputer").input_value() == "PC Pelayanan", "what was typed is kept"
        look(window, "mulai-4-akun-salah", scripts)
        window.fill(kata_sandi=PASSWORD, kata_sandi_ulang=PASSWORD)
        window.click("Selesai, mulai memakai")

        expect(heading).to_have_text("Beranda")
        assert is_drawn(page, ".merek-logo")
        window.click("tambah satu per satu")
        window.fill(nama="SUPARMI", tempat_lahir="PURBALINGGA", tanggal_lahir="17-08-1975", jenis_kelamin="Perempuan")
        window.click("Simpan")
        expect(heading).to_contain_text("SUPARMI")
    folder = office.folder.path
    assert read_setting(folder, "SELECT value FROM setting WHERE name = 'wilayah'") == DESA
    assert read_setting(folder, "SELECT nama FROM penduduk") == "SUPARMI"


def test_the_largest_logo_keeps_every_first_load_small_and_is_asked_for_once(
    browser: Browser, office: Server, tmp_path: Path
) -> None:
    with open_window(browser, office.address) as window:
        page = window.page
        window.go("/mulai")
        window.fill(kode=office.first_code)
        window.click("Lanjut")
        window.fill(cari=DESA)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Pilih").click()
        window.click("Lewati, tanpa logo")
        window.fill(
            komputer="PC", nama="Siti Aminah", nama_pengguna="siti", kata_sandi=PASSWORD, kata_sandi_ulang=PASSWORD
        )
        window.click("Selesai, mulai memakai")
        assert not page.locator(".merek-logo").count(), "nobody must have a logo"
        window.click("Logo desa")
        window.shoot("desa-logo")
        put_picture(window, tmp_path / "logo.png", draw_noise(1200, 1200), "Simpan logo")
        expect(page.get_by_role("status")).to_contain_text("Logo desa disimpan")
        window.shoot("desa-logo-ada")
        for path in ("/", "/penduduk/", "/logo/"):
            window.go(path)
            size, count = window.measure()
            assert size <= BYTES_MAX and count <= REQUESTS_MAX, (path, size, count)
            assert sum("/logo/gambar" in request.url for request in window.requests) == 1
