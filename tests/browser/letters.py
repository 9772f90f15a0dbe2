"""What an office does with letters in journeys, in one line each."""

from __future__ import annotations

from tests.browser.windows import Window

KIND = "Surat Keterangan Domisili Usaha"


def fill_office(window: Window) -> None:
    """Write down who signs."""
    window.go("/surat/pengaturan")
    window.fill(kepala_desa="SUGENG RIYADI", alamat="Jalan Raya Selakambang Nomor 1")
    with window.page.expect_navigation():
        window.click("Simpan")


def write_draft(window: Window, person: str, kind: str = KIND) -> str:
    """Write a draft from the page of a resident (its record id); give its path."""
    window.go(f"/penduduk/{person}")
    window.click("Buat surat")
    window.click(kind)
    for item in window.page.locator("input[id^=isian_]").all():
        if not item.input_value():
            item.fill("WARUNG BERKAH")
    window.fill(keperluan="mengurus pinjaman usaha")
    window.click("Simpan konsep")
    window.page.get_by_text("Konsep surat sudah disimpan").wait_for()
    return window.page.url.removeprefix(window.address)


def approve_and_issue(window: Window, path: str) -> str:
    """Approve and issue a draft at once; give the path of the letter."""
    window.go(path)
    window.click("Setujui dan terbitkan")
    window.page.get_by_text("Surat sudah terbit dan bernomor").wait_for()
    return window.page.url.removeprefix(window.address)


def make_letters(window: Window, person: str) -> None:
    """Leave one draft, one issued letter and one that came in, so that their pages are there to visit."""
    fill_office(window)
    approve_and_issue(window, write_draft(window, person))
    write_draft(window, person)
    window.go("/surat/masuk/tambah")
    window.fill(pengirim="Camat Kaligondang", isi_singkat="Undangan rapat koordinasi")
    window.click("Simpan")
