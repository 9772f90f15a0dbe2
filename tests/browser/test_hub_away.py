"""A clerk at work while the kecamatan cannot be reached: nothing is lost, and no page says otherwise than it is."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.kecamatan import Kecamatan
from tests.browser.test_verval_journey import press_sync, rename

DONE = "semua pekerjaan sudah terkirim"


def test_a_clerk_works_on_while_the_hub_is_stopped(kecamatan: Kecamatan) -> None:
    person = kecamatan.take_person(kecamatan.slinga)
    name = f"{person['nama']} UTAMI"
    with kecamatan.open(kecamatan.slinga, "budi") as window:
        press_sync(window)
        expect(window.page.locator("main")).to_contain_text(DONE)
        kecamatan.hub.stop()
        try:
            rename(kecamatan, kecamatan.slinga, person["id"], name)
            window.go("/sinkronisasi/")
            expect(window.page.locator("main")).to_contain_text("1 perubahan menunggu dikirim")
            press_sync(window)
            text = window.text()
            assert "1 perubahan menunggu dikirim" in text and DONE not in text
            assert "Kecamatan belum dapat dihubungi" in text and "pekerjaan Anda aman" in text
            assert "Terakhir sinkron" not in text, "an attempt that failed is no sync"
            window.shoot("desa-sinkron-putus")
            window.go("/")
            expect(window.page.locator("main")).to_contain_text("1 perubahan menunggu dikirim")
            window.go(f"/penduduk/{person['id']}")
            expect(window.page.locator(".riwayat li").first).to_contain_text("belum dikirim")
        finally:
            kecamatan.restart_hub()
        press_sync(window)
        expect(window.page.locator("main")).to_contain_text("1 perubahan terkirim")
        expect(window.page.locator("main")).to_contain_text(DONE)
        window.shoot("desa-sinkron")
        window.go(f"/penduduk/{person['id']}")
        expect(window.page.locator(".riwayat li").first).to_contain_text("Diterima kecamatan")
    with kecamatan.open(kecamatan.hub, "bambang") as window:
        window.go(f"/sipande/penduduk?desa={person['desa']}")
        expect(window.page.locator("main")).to_contain_text(name)
