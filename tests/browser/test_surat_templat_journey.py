"""A letter's text is changed and looked at; a visitor checks a letter by its QR, and a forged one is recognised."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser, expect

from node.commands import make_node, system_author
from running.processes import serving
from shared.clock import SystemClock, system_random
from shared.surat.tanda import Seal, Signed, read_tanda, write_kode
from tests.browser.kecamatan import SELAKAMBANG, add_account, log_in
from tests.browser.test_backup_journey import judge
from tests.browser.windows import PHONE, open_window
from tests.support.letters import cancel, issue


def make_office(folder: Path) -> tuple[Seal, Seal]:
    """Make an office with one letter that holds and one that was cancelled."""
    node = make_node(folder, SELAKAMBANG, "PC Pelayanan", SystemClock(), system_random)
    author = system_author(node)
    _, good = issue(node, author)
    id, void = issue(node, author, "500.2.2.4/2/2026")
    cancel(node, author, id)
    node.close()
    return good, void


def forge(seal: Seal) -> str:
    """Write another name into a proof and leave its signature."""
    signed = read_tanda(seal.teks)
    assert isinstance(signed, Signed)
    payload = replace(signed.facts, nama="B*** S***").payload()
    return base64.urlsafe_b64encode(payload).rstrip(b"=").decode() + "." + seal.teks.partition(".")[2]


def test_a_letter_is_rewritten_and_a_visitor_checks_one(browser: Browser, tmp_path: Path) -> None:
    good, void = make_office(tmp_path / "desa")
    with serving("sipande-node", tmp_path / "desa", "--tanpa-otomatis") as node:
        add_account(node, "siti", "Siti", "", "admin")
        with open_window(browser, node.address) as window:
            log_in(window, "siti")
            window.go("/surat/templat")
            judge(window, "templat-daftar")
            window.click("Surat Keterangan Usaha")
            example = window.page.locator(".lembar-contoh")
            expect(example).to_be_visible()
            first = example.get_attribute("src")
            window.page.get_by_text("Daftar sisipan").click()
            window.page.locator("#isi_surat").press("Control+End")
            window.page.locator("[data-sisip='[no_kk]']").click()
            assert window.page.locator("#isi_surat").input_value().rstrip().endswith("[no_kk]")
            expect(example).not_to_have_attribute("src", first or "")
            judge(window, "templat-ubah")
            window.fill(isi_surat="Nama saya [namaku]")
            window.click("Simpan")
            expect(window.page.get_by_role("alert")).to_contain_text("Baris 1: [namaku] tidak dikenal")
            judge(window, "templat-salah")
            window.fill(isi_surat="Nama saya [nama]")
            window.click("Simpan")
            expect(window.page.locator("main")).to_contain_text("Templat surat disimpan")
        with open_window(browser, node.address, scripts=False) as window:
            log_in(window, "siti")
            window.go("/surat/templat/keterangan-usaha")
            window.click("Lihat contoh")
            expect(window.page.locator(".lembar-contoh")).to_be_visible()
            judge(window, "templat-tanpa-skrip")
            window.click("Kembalikan ke bawaan")
            expect(window.page.locator("main")).to_contain_text("dikembalikan ke bawaan")
        with open_window(browser, node.address, scripts=False, size=PHONE) as window:
            window.go(f"/periksa-surat?s={good.teks}")
            expect(window.page.get_by_role("status")).to_contain_text("Asli.")
            expect(window.page.locator("main")).to_contain_text("S*** R***")
            judge(window, "periksa-asli")
            window.fill(teks=forge(good))
            window.click("Periksa")
            expect(window.page.get_by_role("status")).to_contain_text("Palsu.")
            judge(window, "periksa-palsu")
            window.fill(teks=write_kode(void.kode).lower())
            window.click("Periksa")
            expect(window.page.get_by_role("status")).to_contain_text("Sudah dibatalkan.")
            judge(window, "periksa-batal")
            window.fill(teks="halo")
            window.click("Periksa")
            expect(window.page.get_by_role("alert")).to_contain_text("Pindai ulang")
            judge(window, "periksa-salah")
