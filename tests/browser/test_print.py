"""What comes out on paper: the content under the head of the desa, and nothing to press or to follow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.kecamatan import Kecamatan, make_odd, read_case, read_finding
from tests.browser.test_verval_journey import press_sync
from tests.browser.windows import SHOTS, Window
from tests.support.pictures import draw_crest

# A4 without its margins, at the 96 points an inch of CSS.
SHEET: ViewportSize = {"width": 700, "height": 1020}
NOT_ON_PAPER = (
    ".menu", ".kepala", ".kaki", ".lompat", "button", "input", "select", "textarea", ".tombol", ".jejak", ".lipat",
    ".layar-saja", ".ganti-halaman",
)
_PAGES = re.compile(rb"/Type\s*/Page[^s]")


@pytest.fixture(scope="module")
def window(kecamatan: Kecamatan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """A window at a desa with a logo."""
    logo = tmp_path_factory.mktemp("logo") / "logo.png"
    logo.write_bytes(draw_crest())
    with kecamatan.open(kecamatan.pc1, "siti") as opened:
        opened.go("/logo/")
        opened.page.locator("#logo").set_input_files(logo)
        opened.page.get_by_role("button", name=re.compile("Simpan logo|Ganti logo")).click()
        yield opened


def check_sheet(window: Window, judul: str, name: str) -> str:
    """Lay the open page out as for paper and judge it; give the text that is left on it."""
    page = window.page
    expect(page.locator(".kop"), "the head is for paper alone").to_be_hidden()
    expect(page.get_by_role("button", name="Cetak", exact=True)).to_be_visible()
    before = page.viewport_size
    page.emulate_media(media="print")
    page.set_viewport_size(SHEET)
    try:
        for selector in NOT_ON_PAPER:
            shown = page.locator(f"{selector}:visible")
            assert not shown.count(), (name, selector, shown.first.inner_text())
        head = page.locator(".kop")
        expect(head).to_contain_text("Desa Selakambang")
        expect(head).to_contain_text("Kecamatan Kaligondang, Kabupaten Purbalingga")
        expect(head).to_contain_text(re.compile(rf"{judul}\s*Dicetak \d\d-\d\d-\d{{4}} \d\d\.\d\d WIB oleh siti"))
        assert head.locator("img").evaluate("e => e.naturalWidth > 0 && e.clientHeight > 30")
        assert list_inks(page) == ["rgb(0, 0, 0)"], "black on white"
        assert not window.is_too_wide()
        text = window.text()
        # The paper itself: a document of few pages.
        assert 1 <= len(_PAGES.findall(page.pdf(format="A4"))) <= 3, name
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"cetak-{name}.png", full_page=True)
            page.pdf(path=Path(SHOTS) / f"cetak-{name}.pdf", format="A4")
        return text
    finally:
        page.emulate_media(media="screen")
        page.set_viewport_size(before or SHEET)


def list_inks(page: Page) -> list[str]:
    """List the colours of all text that is on the sheet."""
    found: list[str] = page.evaluate(
        "[...new Set([...document.querySelectorAll('main *, .kop *')].filter(e => e.checkVisibility())"
        ".filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))"
        ".map(e => getComputedStyle(e).color))]"
    )
    return found


def test_biodata_and_family_card_print_what_they_hold(kecamatan: Kecamatan, window: Window) -> None:
    person = kecamatan.take_person(kecamatan.pc1, "keluarga IS NOT NULL")
    window.go(f"/penduduk/{person['id']}")
    text = check_sheet(window, "Biodata", "biodata")
    assert person["nama"] in text and "Identitas" in text and "Tempat lahir" in text
    assert person["nik"] not in text, "what is masked is printed masked"
    assert "Riwayat perubahan" not in text
    window.go(f"/keluarga/{person['keluarga']}")
    text = check_sheet(window, "Kartu keluarga", "kartu-keluarga")
    assert person["nama"] in text and "Nomor KK" in text and "Hubungan" in text


def test_the_list_of_residents_prints_its_rows(window: Window) -> None:
    window.go("/penduduk/")
    text = check_sheet(window, "Penduduk", "daftar-penduduk")
    assert "1–25 dari" in text and window.page.locator("main tbody tr").count() == 25


def test_the_cases_print_with_the_answer_of_the_desa(kecamatan: Kecamatan, window: Window) -> None:
    person = kecamatan.take_person(kecamatan.pc1)
    make_odd(kecamatan, person)
    kecamatan.sync(kecamatan.pc1)
    kecamatan.hub.call(
        "putus", petugas="bambang", temuan=read_finding(kecamatan, "V5", person["id"])["id"], jenis="kembalikan",
        desa=person["desa"], alasan="TGL_TIDAK_COCOK", batas="2030-01-31", catatan="Cocokkan dengan akta.",
    )
    press_sync(window)
    window.go("/tindakan/")
    text = check_sheet(window, "Perlu tindakan", "perlu-tindakan")
    assert "Batas waktu" in text and person["nama"] in text
    window.page.locator(f"main a[href*='{read_case(kecamatan, person['id'])['id']}']").click()
    window.page.get_by_label("Jawaban").fill("Sudah dicocokkan.\nAktanya benar.")
    window.click("Simpan jawaban")
    expect(window.page.locator("main")).to_contain_text("Jawaban sudah disimpan")
    text = check_sheet(window, "Kasus", "kasus")
    assert "Cocokkan dengan akta." in text and "Sudah dicocokkan. Aktanya benar." in text


def test_without_scripts_there_is_no_button_that_does_nothing(kecamatan: Kecamatan) -> None:
    with kecamatan.open(kecamatan.pc1, "budi", scripts=False) as window:
        window.go("/penduduk/")
        assert not window.page.get_by_role("button", name="Cetak", exact=True).count()


def test_the_button_asks_the_browser_to_print(window: Window) -> None:
    window.go("/penduduk/")
    window.page.evaluate("window.print = () => { document.body.dataset.dicetak = 'ya'; }")
    window.click("Cetak")
    expect(window.page.locator("body")).to_have_attribute("data-dicetak", "ya")
