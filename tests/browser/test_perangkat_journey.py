"""An official is taken from the residents, signs, and ends; on the screens of the office and of a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.browser.kecamatan import Kecamatan
from tests.browser.windows import DESKTOP, PHONE


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["komputer", "hp"])
def test_a_resident_becomes_an_official_and_ends(kecamatan: Kecamatan, size: ViewportSize) -> None:
    person = kecamatan.take_person(kecamatan.pc1)
    with kecamatan.open(kecamatan.pc1, "siti", size=size) as window:
        main = window.page.locator("main")
        window.go("/")
        window.click("Perangkat")
        window.click("Tambah perangkat")
        window.fill(teks=person["nama"])
        window.click("Cari")
        window.shoot("perangkat-pilih")
        assert person["nama"].lower() not in window.page.url.lower()
        window.page.locator(f"a[href*='penduduk={person['id']}']").click()
        assert window.page.locator("#nama").input_value() == person["nama"]
        window.fill(jabatan="Kepala Urusan", sebutan="Kepala Urusan Umum", sk_angkat="141/3/2020", mulai="01-02-2020")
        window.page.locator("#boleh_tanda_tangan").get_by_label("Ya", exact=True).check()
        window.shoot("perangkat-tambah")
        assert not window.is_too_wide()
        window.click("Simpan")
        expect(main).to_contain_text("berhak menandatangani surat")
        window.shoot("perangkat-satu")
        assert not window.is_too_wide() and not window.list_spills()
        window.click("Catat akhir jabatan")
        window.click("Simpan akhir jabatan")
        expect(main).to_contain_text("Isi hari terakhir menjabat")
        window.fill(sampai="31-01-2024", sk_henti="141/9/2024", tanggal_henti="20-01-2024")
        window.shoot("perangkat-akhir")
        window.click("Simpan akhir jabatan")
        expect(main).to_contain_text("Sudah berhenti; hari terakhir 31-01-2024")
        expect(main).to_contain_text("tidak menandatangani surat")
        kecamatan.write(kecamatan.pc1, "perangkat", nama=f"Kades {size['width']}", jabatan="kades", mulai="2020-01-01",
                        boleh_tanda_tangan=True)
        window.go("/perangkat/")
        expect(main).to_contain_text("Pernah menjabat")
        window.shoot("perangkat")
        assert not window.is_too_wide() and not window.list_spills()
