"""A month of the village: closed, an event that comes late, sent back by the kecamatan, closed again, locked."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.kecamatan import Kecamatan, happen, let_ten_minutes_pass, prove
from tests.browser.test_verval_journey import press_sync
from tests.browser.windows import PHONE, Window

OKTOBER, NOVEMBER = "2026-10", "2026-11"


def close_october(window: Window, button: str) -> None:
    """Close the month as a clerk does: from the list of months, having looked at the numbers."""
    window.go("/")
    window.click("Laporan")
    window.click("Oktober 2026")
    window.click(button)
    window.page.get_by_label("Angka di atas sudah saya periksa dan benar").check()
    window.click(button)
    expect(window.page.locator("main")).to_contain_text("Laporan Oktober 2026 sudah ditutup")


def examine(kecamatan: Kecamatan, button: str, note: str = "", officer: str = "bambang") -> None:
    """Look at the month of Slinga at the kecamatan, and say what is to be said; only the camat finds the lock."""
    with kecamatan.open(kecamatan.hub, officer) as window:
        window.go("/")
        window.click("LAMPID")
        window.fill(bulan="Oktober 2026")
        window.click("Tampilkan")
        window.click("Slinga")
        expect(window.page.get_by_role("heading", level=1)).to_contain_text("Slinga")
        expect(window.page.get_by_role("button", name="Kunci", exact=True)).to_have_count(int(button == "Kunci"))
        if note:
            window.fill(catatan=note)
        let_ten_minutes_pass(kecamatan.hub.folder.path, officer)
        window.click(button)
        if button == "Kunci":
            prove(window)
        expect(window.page.locator("main")).to_contain_text("Laporan Oktober 2026 Slinga")


def sync_slinga(kecamatan: Kecamatan) -> None:
    with kecamatan.open(kecamatan.slinga, "siti") as window:
        press_sync(window)


def test_a_month_is_closed_sent_back_closed_again_and_locked(kecamatan: Kecamatan) -> None:
    node = kecamatan.slinga
    dead = happen(kecamatan, node, "mati", f"{OKTOBER}-12")
    with kecamatan.open(node, "siti") as window:
        close_october(window, "Tutup Oktober 2026")
        row = window.page.get_by_role("row").filter(has_text="Kematian")
        row.get_by_role("link").last.click()
        expect(window.page.locator("main")).to_contain_text(dead)

    left = happen(kecamatan, node, "pindah", f"{OKTOBER}-28")
    with kecamatan.open(node, "siti", size=PHONE) as window:
        window.go(f"/laporan/{NOVEMBER}")
        expect(window.page.locator("main")).to_contain_text("1 peristiwa terlambat")
        window.page.get_by_role("row").filter(has_text="Pindah").first.get_by_role("link").first.click()
        line = window.page.get_by_role("row").filter(has_text=left)
        expect(line).to_contain_text("terlambat")
        expect(line).to_contain_text("28-10-2026")

    sync_slinga(kecamatan)
    examine(kecamatan, "Kembalikan ke desa", "Kepindahan bulan Oktober belum masuk")
    sync_slinga(kecamatan)
    with kecamatan.open(node, "siti", scripts=False) as window:
        window.go(f"/laporan/{OKTOBER}")
        expect(window.page.locator("main")).to_contain_text("Kepindahan bulan Oktober belum masuk")
        close_october(window, "Tutup lagi Oktober 2026")
        expect(window.page.get_by_role("row").filter(has_text="Pindah").first.get_by_role("link").first).to_be_visible()

    sync_slinga(kecamatan)
    examine(kecamatan, "Sudah diperiksa, benar")
    examine(kecamatan, "Kunci", "Sudah cocok dengan buku", officer="hartono")
    sync_slinga(kecamatan)
    with kecamatan.open(node, "siti") as window:
        window.go(f"/laporan/{OKTOBER}")
        expect(window.page.get_by_role("heading", level=1)).to_contain_text("terkunci")
        expect(window.page.locator("main")).to_contain_text("Sudah cocok dengan buku")
        assert not window.page.get_by_role("link", name="Tutup lagi Oktober 2026").count()
