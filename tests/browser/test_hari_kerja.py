"""One day of a village office, from logging in to what the kecamatan sees, on the screen of a PC and of a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from demonstration.reading import read_rows
from hub.commands import make_hub
from running.processes import KECAMATAN, Server, enrol_node, serving
from shared.clock import SystemClock, system_random, today
from synthetic.workbook import write_sheet
from tests.browser.crawler import ask_axe
from tests.browser.kecamatan import SELAKAMBANG, SLINGA, add_account, log_in, make_fresh_node, render_village
from tests.browser.letters import approve_and_issue, fill_office, write_draft
from tests.browser.test_lampid_journey import report
from tests.browser.test_verval_journey import press_sync
from tests.browser.windows import DESKTOP, PHONE, Window, open_window

NAMES = {SELAKAMBANG: "Selakambang", SLINGA: "Slinga"}
MOTHER = (
    "SELECT nama, keluarga FROM penduduk WHERE hubungan = 3 AND jenis_kelamin = 2 AND status_dasar = 1"
    " AND tanggal_lahir BETWEEN '1984-01-01' AND '2002-01-01' AND keluarga IS NOT NULL ORDER BY id"
)


@dataclass
class Office:
    """A village office that nobody has opened today, and the kecamatan that it reports to."""

    desa: str
    node: Server
    hub: Server
    today: str
    month_end: str
    """The last day of the month that has just ended: it is the one that can be closed today."""

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return read_rows(self.node.folder.path, sql)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("kecamatan") / "hub"
    make_hub(folder, KECAMATAN, SystemClock(), system_random, is_practice=True)[0].close()
    with serving("sipande-hub", folder) as server:
        add_account(server, "bambang", "Bambang Prakoso", "Kasi pemerintahan", "wali_data")
        yield server


@pytest.fixture
def office(hub: Server, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Office]:
    desa = str(request.param)
    folder = make_fresh_node(tmp_path / "desa", desa, "PC Pelayanan")
    with serving("sipande-node", folder, "--tanpa-otomatis") as node:
        add_account(node, "siti", "Siti Aminah", "Kaur umum", "admin")
        write_sheet(render_village(desa), tmp_path / "penduduk.xlsx")
        node.call("impor", berkas=str(tmp_path / "penduduk.xlsx"))
        enrol_node(hub, node, desa)
        assert node.call("sync")["hasil"] == "selesai"
        day = today(SystemClock())
        before = day.replace(day=1) - timedelta(days=1)
        yield Office(desa, node, hub, day.strftime("%d-%m-%Y"), before.strftime("%d-%m-%Y"))


def judge(window: Window, name: str) -> None:
    """The page fits, and on the phone, where no other test asks it, axe finds nothing serious."""
    assert not window.is_too_wide() and not window.list_spills(), window.page.url
    assert window.page.viewport_size == DESKTOP or not ask_axe(window), window.page.url
    window.shoot(f"hari-{name}")


def appoint(window: Window, office: Office) -> str:
    """A resident is kepala desa, and so the one who signs; give the name."""
    nama = str(office.rows("SELECT nama FROM penduduk WHERE hubungan = 1 AND jenis_kelamin = 1 ORDER BY id")[0]["nama"])
    window.click("Perangkat")
    window.click("Tambah perangkat")
    window.fill(teks=nama)
    window.click("Cari")
    window.page.locator("main a[href*='penduduk=']").filter(has_text=nama).first.click()
    window.fill(jabatan="Kepala Desa", sk_angkat="141/3/2020", mulai="01-02-2020")
    window.page.locator("#boleh_tanda_tangan").get_by_label("Ya", exact=True).check()
    window.click("Simpan")
    expect(window.page.locator("main")).to_contain_text("berhak menandatangani surat")
    return nama


def bear(window: Window, office: Office) -> None:
    """A child was born and reported on the last day of a month, and is written down today."""
    report(window, "Kelahiran", office.rows(MOTHER)[0]["nama"].lower())
    window.fill(nama="BUNGA MELATI", jenis_kelamin="PEREMPUAN", tanggal_peristiwa=office.month_end,
                tanggal_lapor=office.month_end, jam="04.30", tempat_lahir="PURBALINGGA")
    judge(window, "lahir")
    window.click("Catat kelahiran")
    expect(window.page.locator("main")).to_contain_text("Peristiwa sudah dicatat")
    judge(window, "lahir-tercatat")


def write_birth_letter(window: Window) -> str:
    """The letter of the birth is begun from the event: what was told once is not typed again."""
    window.click("Buat surat keterangan kelahiran")
    for id, text in (("isian_nama_anak", "BUNGA MELATI"), ("isian_pukul", "04.30 WIB"),
                     ("isian_tempat_lahir_anak", "PURBALINGGA"), ("isian_jenis_kelamin_anak", "Perempuan")):
        expect(window.page.locator(f"#{id}")).to_have_value(text)
    judge(window, "surat-lahir")
    window.fill(isian_hubungan="Ayah")
    window.click("Simpan konsep")
    window.page.get_by_text("Konsep surat sudah disimpan").wait_for()
    return window.page.url.removeprefix(window.address)


def arrive(window: Window, office: Office) -> str:
    """A man moves in, as a family of his own; give his record id."""
    dusun = office.rows("SELECT nama FROM dusun ORDER BY id")[0]["nama"]
    report(window, "Pindah masuk", "")
    window.fill(tanggal_peristiwa=office.today, alamat="JL. MELATI", dusun=dusun)
    window.page.get_by_label("Menjadi keluarga baru").check()
    window.fill(**{"o0-nama": "JOKO SUSILO", "o0-jenis_kelamin": "LAKI-LAKI", "o0-tanggal_lahir": "05-05-1985",
                   "o0-hubungan": "KEPALA KELUARGA"})
    judge(window, "datang")
    window.click("Catat pindah masuk")
    expect(window.page.locator("main")).to_contain_text("Peristiwa sudah dicatat")
    return str(office.rows("SELECT id FROM penduduk WHERE nama = 'JOKO SUSILO'")[0]["id"])


def issue(window: Window, path: str) -> str:
    """Check, approve and issue a draft, and open its PDF; give its number."""
    window.go(path)
    window.click("Sudah saya periksa")
    expect(window.page.locator("main")).to_contain_text("ditandai sudah diperiksa")
    letter = approve_and_issue(window, path)
    assert window.context.request.get(f"{window.address}{letter}/surat.pdf").body().startswith(b"%PDF")
    number = window.page.locator("h1").inner_text().split()[0]
    assert re.search(r"/[0-9]{3}/[0-9.]+/[IVX]+/20[0-9]{2}$", number), f"{number} is not from the hub's block"
    return number


def cancel(window: Window) -> None:
    """Cancel the letter that is open."""
    window.page.get_by_text("Batalkan surat", exact=True).click()
    window.fill(alasan="Salah keperluan")
    with window.page.expect_navigation():
        window.click("Batalkan surat ini")
    expect(window.page.locator("main")).to_contain_text("Nomornya tetap tercatat")
    judge(window, "surat-batal")


def close_month(window: Window) -> str:
    """Close the month that has just ended; give its name."""
    window.go("/")
    window.click("Laporan")
    judge(window, "laporan")
    link = window.page.locator("main td.pokok a").nth(1)
    month = link.inner_text().strip()
    link.click()
    judge(window, "bulan")
    window.click(f"Tutup {month}")
    window.page.get_by_label("Angka di atas sudah saya periksa dan benar").check()
    judge(window, "tutup")
    window.click(f"Tutup {month}")
    expect(window.page.locator("main")).to_contain_text(f"Laporan {month} sudah ditutup")
    return month


@pytest.mark.parametrize(
    ("office", "size"), [(SELAKAMBANG, DESKTOP), (SLINGA, PHONE)], ids=["komputer", "hp"], indirect=["office"]
)
def test_a_day_of_the_office(browser: Browser, office: Office, size: ViewportSize) -> None:
    with open_window(browser, office.node.address, size=size) as window:
        log_in(window, "siti")
        judge(window, "beranda")
        fill_office(window)
        chief = appoint(window, office)
        bear(window, office)
        numbers = [issue(window, write_birth_letter(window))]
        expect(window.page.locator(".isi-tanda")).to_contain_text(chief)
        judge(window, "surat-terbit")
        newcomer = arrive(window, office)
        for kind in ("Surat Pengantar", "Surat Keterangan Domisili Usaha"):
            draft = write_draft(window, newcomer, kind)
            judge(window, "konsep")
            numbers.append(issue(window, draft))
        cancel(window)
        assert len(set(numbers)) == 3
        window.go("/surat/agenda/")
        expect(window.page.locator("main")).to_contain_text("BATAL: Salah keperluan")
        judge(window, "agenda")
        month = close_month(window)
        press_sync(window)
        expect(window.page.locator("main")).to_contain_text("Sinkronisasi selesai")
        judge(window, "sinkron")
    assert {row["seri"] or "" for row in office.rows("SELECT seri FROM surat")} == {""}
    with open_window(browser, office.hub.address, size=size) as window:
        log_in(window, "bambang")
        window.click("LAMPID")
        window.fill(bulan=month)
        window.click("Tampilkan")
        judge(window, "hub-lampid")
        window.click(NAMES[office.desa])
        expect(window.page.get_by_role("row").filter(has_text="Kelahiran").first).to_contain_text("1")
        expect(window.page.get_by_role("button", name="Sudah diperiksa, benar")).to_be_visible()
        judge(window, "hub-bulan")
