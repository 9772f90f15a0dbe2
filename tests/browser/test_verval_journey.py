"""Cases across desa and kecamatan: written twice and decided by two officers; sent back and answered."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from hub.verval.queue import write_url_id
from running.processes import Server, read_setting
from tests.browser.kecamatan import Kecamatan, make_odd, read_case, read_finding
from tests.browser.windows import DESKTOP, PHONE, Window


def rename(kecamatan: Kecamatan, node: Server, record: str, nama: str) -> None:
    """Change a name through the pages of a node."""
    with kecamatan.open(node, "budi") as window:
        window.go(f"/penduduk/{record}")
        window.click("Ubah")
        window.fill(nama=nama)
        window.click("Simpan")
        expect(window.page.get_by_role("heading", level=1)).to_contain_text(nama)


def press_sync(window: Window) -> None:
    """Sync with the button and wait until the page says how it went."""
    window.go("/sinkronisasi/")
    with window.page.expect_navigation():
        window.click("Sinkronkan sekarang")
    # The page comes again by itself every two seconds; the test does not wait for that.
    window.go("/sinkronisasi/")
    while window.page.locator("progress").count():
        window.go("/sinkronisasi/")


def open_case(window: Window, finding: dict[str, Any]) -> None:
    """Find a case in the queue, as an officer does."""
    window.go("/")
    window.click("Verval")
    window.fill(kode=window.page.locator(f"#kode option[value={finding['kode']}]").inner_text())
    window.click("Tampilkan")
    window.click(window.page.locator(f"main td a[href*='{write_url_id(finding['id'])}']"))


def give_reason(page: Page, text: str) -> None:
    page.get_by_label("Alasan putusan").first.fill(text)


def test_a_name_written_on_two_pcs_is_decided_by_two_officers_and_comes_home(kecamatan: Kecamatan) -> None:
    person = kecamatan.take_person(kecamatan.pc1)
    first, second = f"{person['nama']} LESTARI", f"{person['nama']} LASTARI"
    rename(kecamatan, kecamatan.pc1, person["id"], first)
    rename(kecamatan, kecamatan.pc2, person["id"], second)
    for node in (kecamatan.pc1, kecamatan.pc2, kecamatan.pc1):
        with kecamatan.open(node, "siti") as window:
            press_sync(window)
            expect(window.page.locator("main")).to_contain_text("Sinkronisasi selesai")

    with kecamatan.open(kecamatan.pc1, "siti") as window:
        window.go(f"/penduduk/{person['id']}")
        expect(window.page.locator("main")).to_contain_text("menunggu verval")
        window.shoot("desa-biodata-konflik")
        expect(window.page.get_by_role("heading", level=1)).not_to_contain_text("STARI")

    with kecamatan.open(kecamatan.hub, "ratna") as window:
        open_case(window, read_finding(kecamatan, "V1", person["id"]))
        text = window.text()
        assert "Terakhir disepakati" in text and "PC 1" in text and "PC 2" in text
        window.shoot("hub-kasus-konflik")
        address = window.page.url.removeprefix(kecamatan.hub.address)
        columns = window.page.locator("table.banding thead th").all_inner_texts()
        cells = window.page.locator("table.banding tbody tr").filter(has_text="Nama lengkap").locator("td")
        labels = dict(zip(columns[1:], cells.all_inner_texts()))
        chosen = next(label for label, cell in labels.items() if "LESTARI" in cell.replace("\n", ""))
        window.click(f"Pakai seluruh {chosen}")
        expect(window.page.locator("main")).to_contain_text("Alasan")
        give_reason(window.page, "sesuai akta kelahiran yang ditunjukkan")
        window.click(f"Pakai seluruh {chosen}")
        window.go(address)
        expect(window.page.locator("main")).to_contain_text("Ini usulan Anda")

    with kecamatan.open(kecamatan.hub, "bambang") as window:
        window.go("/")
        window.click("menunggu petugas kedua", exact=False)
        window.shoot("hub-antrean-kedua")
        window.go(address)
        expect(window.page.locator("main")).to_contain_text("Usulan petugas pertama: Ratna Wulandari")
        window.shoot("hub-kasus-usulan")
        window.click("Setujui sebagai petugas kedua")
        window.go(address)
        expect(window.page.locator("main")).to_contain_text("Kasus ini sudah selesai")

    for node in (kecamatan.pc1, kecamatan.pc2):
        with kecamatan.open(node, "budi") as window:
            press_sync(window)
            window.go(f"/penduduk/{person['id']}")
            expect(window.page.get_by_role("heading", level=1)).to_contain_text(first)
            expect(window.page.locator(".riwayat")).to_contain_text("Diputus kecamatan")
            expect(window.page.locator("main")).not_to_contain_text("menunggu verval")


def test_a_letter_that_came_in_and_was_written_on_two_pcs_is_settled_by_a_button(kecamatan: Kecamatan) -> None:
    letter = kecamatan.write(
        kecamatan.pc1, "surat_masuk", tanggal_terima="2026-09-21", pengirim="Camat Kaligondang", isi_singkat="Undangan",
    )
    kecamatan.sync(kecamatan.pc1, kecamatan.pc2)
    for node, text in ((kecamatan.pc1, "Hadiri\nBawa undangan"), (kecamatan.pc2, "Arsipkan\nBawa undangan")):
        kecamatan.write(node, "surat_masuk", letter, disposisi=text)
    kecamatan.sync(kecamatan.pc1, kecamatan.pc2, kecamatan.pc1)
    with kecamatan.open(kecamatan.pc1, "siti", scripts=False) as window:
        window.go(f"/surat/masuk/{letter}")
        row = window.page.get_by_role("row").filter(has_text="Arsipkan")
        expect(row).to_contain_text("PC 2")
        expect(window.page.get_by_role("row").filter(has_text="Hadiri")).to_contain_text("PC 1")
        expect(window.page.locator("main")).not_to_contain_text("Bawa undangan")
        for size in (PHONE, DESKTOP):
            window.page.set_viewport_size(size)
            assert not window.is_too_wide() and not window.list_spills()
        window.shoot("desa-surat-masuk-konflik")
        row.get_by_role("button", name="Pakai yang ini").click()
        expect(window.page.locator("main")).to_contain_text("Pilihan sudah disimpan")
        expect(window.page.locator("main")).not_to_contain_text("menunggu verval")
        expect(window.page.locator("main")).to_contain_text("Bawa undangan")


def test_a_case_is_taken_passed_to_the_camat_and_decided_by_him(kecamatan: Kecamatan) -> None:
    person = kecamatan.take_person(kecamatan.pc1)
    for node, number in ((kecamatan.pc1, "0800-22-1"), (kecamatan.pc2, "0800-22-2")):
        kecamatan.write(node, "penduduk", person["id"], telepon=number)
    kecamatan.sync()
    with kecamatan.open(kecamatan.hub, "bambang") as window:
        open_case(window, read_finding(kecamatan, "V1", person["id"]))
        address = window.page.url.removeprefix(kecamatan.hub.address)
        window.click("Saya kerjakan")
        expect(window.page.locator("main")).to_contain_text("Anda mengerjakan kasus ini")
        window.page.get_by_label("Yang perlu diputus camat").fill("Keduanya mengaku memakai nomor itu.")
        window.click("Teruskan ke camat")
        expect(window.page.locator("main")).to_contain_text("Menunggu camat")

    with kecamatan.open(kecamatan.hub, "hartono") as window:
        window.go("/")
        window.click("menunggu camat", exact=False)
        window.shoot("hub-antrean-camat")
        window.page.locator(f"main td a[href='{address}']").click()
        expect(window.page.locator("main")).to_contain_text("Keduanya mengaku memakai nomor itu.")
        window.shoot("hub-kasus-camat")
        give_reason(window.page, "sesuai pengakuan orangnya sendiri")
        window.click("Pakai seluruh Versi A")
        window.go(address)
        story = window.page.locator(".riwayat")
        for text in ("Mulai dikerjakan", "Diteruskan ke camat", "Diputus", "Hartono Wibowo", "Ditutup"):
            expect(story).to_contain_text(text)
        window.shoot("hub-kasus-selesai")


def test_a_case_sent_back_is_answered_at_the_desa_and_closed(kecamatan: Kecamatan) -> None:
    person = kecamatan.take_person(kecamatan.pc1)
    make_odd(kecamatan, person)
    kecamatan.sync(kecamatan.pc1)
    with kecamatan.open(kecamatan.hub, "bambang") as window:
        open_case(window, read_finding(kecamatan, "V5", person["id"]))
        window.shoot("hub-kasus-nik")
        window.fill(kode_alasan=window.page.locator("#kode_alasan option[value=TGL_TIDAK_COCOK]").inner_text())
        window.fill(catatan="Mohon dicocokkan dengan akta kelahirannya.")
        window.click("Kembalikan ke desa")
        expect(window.page.locator("main")).to_contain_text("ikembalikan")
    assert read_case(kecamatan, person["id"])["status"] == "dikembalikan"

    with kecamatan.open(kecamatan.pc1, "budi") as window:
        press_sync(window)
        window.go("/")
        window.click("dikembalikan kecamatan", exact=False)
        window.shoot("desa-tindakan")
        window.page.locator(f"main a[href*='{read_case(kecamatan, person['id'])['id']}']").click()
        expect(window.page.locator("main")).to_contain_text("Mohon dicocokkan dengan akta kelahirannya.")
        window.shoot("desa-kasus")
        case = window.page.url.removeprefix(kecamatan.pc1.address)
        window.page.get_by_role("listitem").get_by_role("link", name=person["nama"]).first.click()
        window.click("Ubah")
        window.fill(jenis_kelamin={1: "Laki-laki", 2: "Perempuan"}[person["jenis_kelamin"]])
        window.click("Simpan")
        window.go(case)
        window.page.get_by_label("Jawaban").fill("Jenis kelamin sudah dibetulkan sesuai akta.")
        window.click("Simpan jawaban")
        expect(window.page.locator("main")).to_contain_text("Jawaban sudah disimpan")
        press_sync(window)
        press_sync(window)
        window.go(case)
        expect(window.page.locator("main")).to_contain_text("Selesai")
        window.go("/tindakan/")
        expect(window.page.locator(f"main a[href='{case}']")).to_have_count(0)
    sql = f"SELECT status FROM kasus WHERE id = '{read_case(kecamatan, person['id'])['id']}'"
    assert read_setting(kecamatan.hub.folder.path, sql) == "selesai"
    assert read_setting(kecamatan.pc1.folder.path, sql) == "selesai"
