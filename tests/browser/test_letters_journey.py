"""Letters: an operator writes, the admin approves, the paper is printed; one is cancelled, and the agenda says so."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.crawler import ask_axe
from tests.browser.kecamatan import Kecamatan, let_ten_minutes_pass, prove
from tests.browser.letters import approve_and_issue, fill_office, write_draft
from tests.browser.windows import PHONE, Window


def check_page(window: Window, name: str) -> None:
    """The page fits and axe finds nothing serious."""
    assert not window.is_too_wide() and not window.list_spills() and not ask_axe(window), window.page.url
    window.shoot(name)


def fetch(window: Window, path: str) -> bytes:
    answer = window.context.request.get(window.address + path)
    assert answer.ok, path
    return answer.body()


def test_letters_from_the_counter_to_the_agenda(kecamatan: Kecamatan) -> None:
    person = kecamatan.take_person(kecamatan.pc1)
    kecamatan.sync(kecamatan.pc1)
    with kecamatan.open(kecamatan.pc1, "siti") as siti, kecamatan.open(kecamatan.pc1, "budi", size=PHONE) as budi:
        fill_office(siti)
        path = write_draft(budi, person["id"])
        check_page(budi, "desa-surat-konsep")
        expect(budi.page.get_by_role("button", name="Setujui", exact=False)).to_have_count(0)
        assert person["nik"] not in budi.page.content(), "numbers are masked on the screen"
        assert fetch(budi, f"{path}/konsep.pdf").startswith(b"%PDF")
        budi.click("Sudah saya periksa")
        expect(budi.page.locator("main")).to_contain_text("ditandai sudah diperiksa")
        letter = approve_and_issue(siti, path)
        check_page(siti, "desa-surat-terbit")
        number = siti.page.locator("h1").inner_text().split()[0]
        assert re.search(r"/[0-9]{3}/[0-9.]+/[IVX]+/20[0-9]{2}$", number), number
        assert fetch(siti, f"{letter}/surat.pdf").startswith(b"%PDF")
        second = approve_and_issue(siti, write_draft(siti, person["id"]))
        siti.go(second)
        siti.page.get_by_text("Batalkan surat", exact=True).click()
        siti.fill(alasan="Salah keperluan")
        let_ten_minutes_pass(kecamatan.pc1.folder.path, "siti")
        siti.click("Batalkan surat ini")
        prove(siti)
        expect(siti.page.locator("main")).to_contain_text("Nomornya tetap tercatat")
        siti.go("/surat/agenda/")
        expect(siti.page.locator("main")).to_contain_text("BATAL: Salah keperluan")
        expect(siti.page.locator("main")).to_contain_text("belum dipakai")
        check_page(siti, "desa-surat-agenda")
        budi.go("/surat/agenda/")
        check_page(budi, "desa-surat-agenda-hp")
        budi.go("/surat/baru")
        expect(budi.page.locator("h2").first).to_have_text("Terakhir dipakai")
        check_page(budi, "desa-surat-jenis")
        budi.go(f"/penduduk/{person['id']}")
        expect(budi.page.locator("main")).to_contain_text(number)
        siti.go("/surat/agenda/")
        with siti.page.expect_download() as sheet:
            siti.click("PDF untuk ditandatangani")
        assert sheet.value.path().read_bytes().startswith(b"%PDF")
