"""The camat at the screen: from a number to the names behind it."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.kecamatan import SELAKAMBANG, Kecamatan
from tests.browser.windows import Window

_TOTAL = re.compile(r"<strong[^>]*>([0-9.]+)</strong> (?:orang|keluarga|penerima|kasus)")


def list_numbers(window: Window) -> dict[str, int]:
    """List the addresses behind the numbers of the page with the number that leads there."""
    found: dict[str, int] = {}
    for link in window.page.locator("main a[href]").all():
        words = " ".join((link.get_attribute("aria-label") or link.text_content() or "").split())
        number = re.match(r"([0-9.]+)(?: \w|$)", words.rsplit(": ", 1)[-1])
        address = link.get_attribute("href") or ""
        if number and "sasaran" not in address:
            count = int(number[1].replace(".", ""))
            assert found.setdefault(address, count) == count, f"{address} has two numbers"
    return found


def test_a_number_opens_the_names_behind_it_and_the_admin_reads_who_opened_them(kecamatan: Kecamatan) -> None:
    with kecamatan.open(kecamatan.hub, "hartono") as window:
        window.go("/")
        window.click("Sipande")
        window.shoot("hub-sipande")
        row = window.page.get_by_role("row").filter(has_text="Selakambang").first
        number = row.get_by_role("link").first
        count = int(number.inner_text().replace(".", ""))
        window.click(number)
        expect(window.page.locator(".jumlah")).to_have_text(str(count))
        assert f"desa={SELAKAMBANG}" in window.page.url
        names = window.page.locator("tbody th").all_inner_texts()
        for _ in range(count // len(names) + 1):
            after = window.page.get_by_role("link", name="Berikutnya")
            if not after.count():
                break
            window.click(after)
            names += window.page.locator("tbody th").all_inner_texts()
        window.shoot("hub-sipande-penduduk")
        assert len(names) == count and all(names)
        assert not re.search(r"[0-9]{16}", window.text()), "a list shows no full NIK"
    with kecamatan.open(kecamatan.hub, "ratna") as window:
        window.go("/")
        window.click("Catatan akses")
        window.fill(akun="hartono", kegiatan="Membuka daftar nama")
        window.click("Tampilkan")
        expect(window.page.locator("tbody")).to_contain_text(f"Penduduk, Selakambang; {count} baris")
        window.shoot("hub-akses")


def test_every_number_equals_the_count_of_the_rows_that_it_opens(kecamatan: Kecamatan) -> None:
    with kecamatan.open(kecamatan.hub, "ratna") as window:
        wrong: list[str] = []
        window.go("/sipande")
        numbers = list_numbers(window)
        assert len(numbers) > 30
        for address, count in numbers.items():
            html = window.context.request.get(kecamatan.hub.address + address).text()
            told = _TOTAL.search(html)
            if told is None or int(told[1].replace(".", "")) != count:
                wrong.append(f"{address}: {count}, opens {told and told[1]}")
        assert not wrong


def test_the_map_is_coloured_by_the_chosen_figure(kecamatan: Kecamatan) -> None:
    with kecamatan.open(kecamatan.hub, "bambang") as window:
        window.go("/sipande")
        window.fill(peta="Kasus terbuka")
        window.click("Tampilkan")
        expect(window.page.locator("#judul-peta")).to_have_text("Peta: kasus terbuka")
        window.page.locator("svg.peta a").filter(has_text="Selakambang").first.click()
        expect(window.page.get_by_role("heading", level=1)).to_have_text("Antrean verval")


def test_the_page_prints_on_paper_with_map_and_numbers_and_without_buttons(kecamatan: Kecamatan) -> None:
    with kecamatan.open(kecamatan.hub, "hartono") as window:
        window.go("/sipande")
        window.page.emulate_media(media="print")
        for shown in ("svg.peta", "svg.piramida", "tfoot"):
            expect(window.page.locator(shown).first).to_be_visible()
        for hidden in (".menu", ".kepala", "main button"):
            expect(window.page.locator(hidden).first).not_to_be_visible()
        assert window.page.pdf(format="A4").startswith(b"%PDF")


def test_the_public_page_names_nobody(kecamatan: Kecamatan) -> None:
    with kecamatan.open(kecamatan.hub) as window:
        window.go("/publik")
        window.shoot("hub-publik")
        expect(window.page.locator("main")).to_contain_text("tidak memuat data orang")
        assert not window.page.locator("main a").count(), "no number opens rows here"
