"""People and what they may do: accounts, a kadus, codes from the phone, devices, the audit; and at the kecamatan."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyotp
import pytest
from playwright.sync_api import Browser, expect

from demonstration.reading import read_rows
from hub.commands import make_hub
from running.processes import KECAMATAN, Server, enrol_node, serving
from shared.clock import SystemClock, system_random
from synthetic.workbook import write_sheet
from tests.browser.crawler import ask_axe
from tests.browser.kecamatan import (
    PASSWORD, SELAKAMBANG, add_account, give_password, let_ten_minutes_pass, make_fresh_node, render_village,
)
from tests.browser.test_hari_kerja import close_month
from tests.browser.windows import PHONE, Window, open_window

STEP_S = 30
FOR_EVERYBODY = ("/akun-saya", "/akun-saya/kode", "/periksa-surat", "/sandi-baru")
OWN = "perahu kertas di musim hujan"
"""What people choose who set their password themselves."""
PHONE_AGENT = "Mozilla/5.0 (Linux; Android 13; SM-A146P) AppleWebKit/537.36 Chrome/130.0.0.0 Mobile Safari/537.36"


@dataclass
class Office:
    """A village office with an admin and an operator."""

    browser: Browser
    folder: Path
    node: Server

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        return read_rows(self.folder, sql, *values)


@pytest.fixture(scope="module")
def office(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("pengguna")
    desa = make_fresh_node(folder / "desa", SELAKAMBANG, "PC Pelayanan")
    with serving("sipande-node", desa, "--tanpa-otomatis") as node:
        add_account(node, "siti", "Siti Aminah", "Kaur umum", "admin")
        add_account(node, "budi", "Budi Santosa", "Staf", "operator")
        write_sheet(render_village(SELAKAMBANG), folder / "penduduk.xlsx")
        node.call("impor", berkas=str(folder / "penduduk.xlsx"))
        yield Office(browser, desa, node)


def judge(window: Window, name: str) -> None:
    """The page fits, axe finds nothing serious; a picture for who wants to look."""
    assert not window.is_too_wide() and not window.list_spills() and not ask_axe(window), window.page.url
    window.shoot(f"pengguna-{name}")


def make_account(
    window: Window, nama: str, pengguna: str, peran: str, dusun: str = "", menu: str = "Pengguna"
) -> str:
    """Make an account as the admin does; give the code to hand over."""
    window.go("/")
    window.click(menu)
    window.fill(nama=nama, nama_pengguna=pengguna, peran=peran)
    if dusun:
        window.click("Buat akun")
        expect(window.page.get_by_role("alert")).to_contain_text("Pilih dusun yang boleh dilihat")
        assert window.page.locator("#nama").input_value() == nama, "what was typed is still there"
        judge(window, "tanpa-dusun")
        window.fill(bagian=dusun)
    window.click("Buat akun")
    code = window.page.locator(".kata").inner_text()
    # The address that is told must work for whom it is told: this program listens on this computer alone.
    assert "127.0.0.1" not in window.text()
    judge(window, f"kode-{pengguna}")
    window.click(menu)
    assert code not in window.page.content(), "the code is shown once"
    return code


def set_password(window: Window, account: str, code: str) -> None:
    """Set one's own first password with the code from the admin, then log in."""
    window.go("/masuk")
    window.click("buat kata sandi baru dengan kode itu")
    window.fill(nama_pengguna=account, kode=code.lower(), kata_sandi=OWN, kata_sandi_ulang=OWN)
    judge(window, "sandi-baru")
    window.click("Simpan")
    expect(window.page.locator("main")).to_contain_text("Kata sandi baru sudah disimpan")
    give_password(window, account, OWN)
    window.page.wait_for_url(f"{window.address}/")


def list_menu(window: Window) -> list[str]:
    return window.page.locator("nav.menu a").all_inner_texts()


def follow_everything(window: Window, starts: list[str], visits_max: int = 40) -> list[str]:
    """Follow what these pages link to: nothing that a person is shown is closed to that person. Give what was seen."""
    waiting, known, seen = list(starts), set(starts), list[str]()
    while waiting and len(seen) < visits_max:
        path = waiting.pop(0)
        seen.append(path)
        answer = window.page.goto(window.address + path)
        assert answer is not None and answer.status == 200, (path, answer and answer.status)
        for href in window.page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)"):
            link = urlsplit(href)
            if href.startswith(window.address + "/") and (shape := link.path) not in known:
                known.add(shape)
                waiting.append(shape + (f"?{link.query}" if link.query else ""))
    return seen


def ask_phone(secret: str) -> str:
    """Read the phone, not in the last seconds of a code: each is good for its own half minute and once."""
    left_s = STEP_S - time.time() % STEP_S
    if left_s < 4:
        time.sleep(left_s + 0.2)
    return pyotp.TOTP(secret).now()


def test_a_kadus_gets_an_account_and_sees_the_own_dusun_alone(office: Office) -> None:
    own, other = office.rows(
        "SELECT d.id, d.nama, count(*) AS warga FROM dusun d JOIN penduduk p ON p.dusun = d.id"
        " WHERE p.status_dasar = 1 GROUP BY d.id ORDER BY warga DESC"
    )[:2]
    here, there = (
        office.rows("SELECT id, nama, nik FROM penduduk WHERE dusun = ? AND nik IS NOT NULL ORDER BY id", dusun["id"])
        for dusun in (own, other)
    )
    with open_window(office.browser, office.node.address) as siti:
        give_password(siti, "siti")
        code = make_account(siti, "Tarno Wijaya", "tarno", "Kepala dusun", own["nama"])
        expect(siti.page.get_by_role("row").filter(has_text="Tarno Wijaya")).to_contain_text(own["nama"])
        judge(siti, "daftar")
    with open_window(office.browser, office.node.address) as tarno:
        set_password(tarno, "tarno", code)
        assert list_menu(tarno) == ["Beranda", "Penduduk", "Keluarga"]
        judge(tarno, "kadus-beranda")
        tarno.click("Penduduk")
        text = tarno.text()
        assert f"{own['warga']} penduduk" in text and here[0]["nama"] in text, text[:300]
        assert not any(person["nama"] in text for person in there)
        judge(tarno, "kadus-penduduk")
        tarno.click(here[0]["nama"])
        text = tarno.text()
        assert here[0]["nik"] not in text and here[0]["nama"] in text
        assert not tarno.page.locator("main button:visible").count(), "nothing to press that he may not"
        judge(tarno, "kadus-orang")
        tarno.go("/penduduk/")
        assert tarno.page.get_by_placeholder("Cari nama", exact=True).count(), "numbers find nobody here"
        tarno.go(f"/penduduk/{there[0]['id']}")
        expect(tarno.page.locator("main")).not_to_contain_text(there[0]["nama"])
        judge(tarno, "kadus-orang-lain")
        follow_everything(tarno, ["/", "/penduduk/", "/keluarga/", f"/penduduk/{here[0]['id']}", "/akun-saya"])


def put_on_phone(window: Window) -> tuple[str, list[str]]:
    """Set up the second factor from the own account; give the secret of the phone and the codes for paper."""
    window.page.locator(".akun-nama").click()
    judge(window, "akun-saya")
    window.click("Pasang kode HP")
    return set_up_code(window)


def set_up_code(window: Window) -> tuple[str, list[str]]:
    """Go through the page that sets the second factor up."""
    window.click("Mulai memasang")
    secret = window.page.locator(".kata").inner_text().replace(" ", "")
    judge(window, "kode-hp")
    window.fill(kode="000000")
    window.click("Pasang")
    expect(window.page.get_by_role("alert")).to_contain_text("Kode tidak cocok")
    assert window.page.locator(".kata").inner_text().replace(" ", "") == secret
    window.fill(kode=ask_phone(secret))
    window.click("Pasang")
    expect(window.page.locator("main")).to_contain_text("Kode HP sudah terpasang")
    papers = window.page.locator(".kode-kertas li").all_inner_texts()
    judge(window, "kode-kertas")
    assert len(papers) == 10
    expect(window.page.get_by_role("button", name="Cetak", exact=True)).to_be_visible()
    window.page.emulate_media(media="print")
    expect(window.page.get_by_text(papers[-1])).to_be_visible()
    expect(window.page.get_by_text("Sudah saya simpan")).to_be_hidden()
    window.shoot("pengguna-kode-kertas-dicetak")
    window.page.emulate_media(media="screen")
    window.click("Sudah saya simpan")
    return secret, papers


def give_code(window: Window, code: str) -> None:
    window.fill(kode=code)
    with window.page.expect_navigation():
        window.click("Masuk")


def test_a_kades_logs_in_with_a_code_and_puts_a_device_out(office: Office) -> None:
    with open_window(office.browser, office.node.address) as siti:
        give_password(siti, "siti")
        code = make_account(siti, "Sugeng Riyadi", "sugeng", "Kepala desa")
    address, browser = office.node.address, office.browser
    with open_window(browser, address) as pc, open_window(browser, address, size=PHONE, agent=PHONE_AGENT) as hp:
        set_password(pc, "sugeng", code)
        assert "Pengguna" not in list_menu(pc) and "Catatan akses" in list_menu(pc)
        secret, papers = put_on_phone(pc)
        give_password(hp, "sugeng", OWN)
        expect(hp.page.locator("main")).to_contain_text("Sekarang buka aplikasi kode di HP Anda")
        judge(hp, "masuk-kode")
        give_code(hp, papers[0])
        hp.page.wait_for_url(f"{address}/")
        judge(hp, "kades-hp")
        hp.click("Keluar")
        give_password(hp, "sugeng", OWN)
        give_code(hp, papers[0])
        expect(hp.page.get_by_role("alert")).to_contain_text("sudah dipakai")
        judge(hp, "kertas-kedua-kali")
        let_ten_minutes_pass(office.folder)
        give_code(hp, ask_phone(secret))
        hp.page.wait_for_url(f"{address}/")

        pc.page.locator(".akun-nama").click()
        other = pc.page.get_by_role("row").filter(has_text="Chrome di HP Android")
        expect(other).to_have_count(1)
        expect(pc.page.locator("main")).to_contain_text("yang tersisa: 9")
        judge(pc, "perangkat")
        other.get_by_role("button").click()
        expect(pc.page.locator("main")).to_contain_text("Perangkat itu sudah dikeluarkan")
        hp.click("Penduduk")
        expect(hp.page.get_by_role("heading", level=1)).to_have_text("Masuk")
        expect(hp.page.locator("main")).to_contain_text("perangkat ini dikeluarkan")
        judge(hp, "dikeluarkan")
        pc.go("/penduduk/")
        expect(pc.page.get_by_role("heading", level=1)).to_contain_text("Penduduk")

        let_ten_minutes_pass(office.folder)
        prove_with_phone(pc, secret, papers)


def prove_with_phone(window: Window, secret: str, papers: list[str]) -> None:
    """Do something dangerous: who has a code on the phone is asked for that, not for the password."""
    window.page.locator(".akun-nama").click()
    window.click("Buat kode cadangan baru")
    expect(window.page.get_by_role("heading", level=1)).to_have_text("Pastikan ini Anda")
    expect(window.page.locator("main")).to_contain_text("ketik lagi kode dari HP Anda")
    expect(window.page.locator("#bukti_sandi")).to_have_count(0)
    judge(window, "pastikan-kode")
    window.fill(bukti_kode="000000")
    window.click("Lanjutkan")
    expect(window.page.get_by_role("alert")).to_contain_text("Kode tidak cocok")
    window.fill(bukti_kode=ask_phone(secret))
    window.click("Lanjutkan")
    fresh = window.page.locator(".kode-kertas li")
    expect(fresh).to_have_count(10)
    assert not set(fresh.all_inner_texts()) & set(papers), "the former ones are void"


def test_who_opened_a_resident_is_written_down_and_dangerous_acts_ask_again(office: Office) -> None:
    person = office.rows("SELECT id, nama, nik FROM penduduk WHERE nik IS NOT NULL ORDER BY id DESC LIMIT 1")[0]
    with open_window(office.browser, office.node.address) as budi:
        give_password(budi, "budi")
        budi.go(f"/penduduk/{person['id']}")
        assert person["nik"] not in budi.page.content()
        budi.page.get_by_text("Tampilkan NIK", exact=False).first.click()
        budi.fill(keperluan="Melayani warga yang bersangkutan")
        budi.page.locator("form").filter(has=budi.page.locator("#keperluan")).get_by_role("button").click()
        expect(budi.page.locator("main")).to_contain_text(person["nik"])
        judge(budi, "nik-terbuka")
    with open_window(office.browser, office.node.address) as siti:
        give_password(siti, "siti")
        siti.click("Catatan akses")
        line = siti.page.get_by_role("row").filter(has_text="Menampilkan NIK dan nomor KK")
        for text in ("budi", person["nama"], "Melayani warga yang bersangkutan"):
            expect(line.first).to_contain_text(text)
        judge(siti, "catatan")
        siti.click("Periksa sekarang")
        expect(siti.page.locator("main")).to_contain_text("Catatan akses utuh")
        siti.click("Pengguna")
        siti.fill(nama="Wati Lestari", jabatan="Kasi pelayanan", nama_pengguna="wati", peran="Kasi atau kaur")
        let_ten_minutes_pass(office.folder)
        siti.click("Buat akun")
        expect(siti.page.get_by_role("heading", level=1)).to_have_text("Pastikan ini Anda")
        judge(siti, "pastikan")
        siti.fill(bukti_sandi="salah sama sekali")
        siti.click("Lanjutkan")
        expect(siti.page.get_by_role("alert")).to_contain_text("Kata sandi tidak cocok")
        judge(siti, "pastikan-salah")
        assert not office.rows("SELECT 1 FROM account WHERE name = 'wati'")
        siti.fill(bukti_sandi=PASSWORD)
        siti.click("Lanjutkan")
        expect(siti.page.locator("main")).to_contain_text("Kode untuk wati")
        expect(siti.page.get_by_role("row").filter(has_text="Wati Lestari")).to_contain_text("Kasi pelayanan")
        siti.click("Wati Lestari")
        judge(siti, "satu")


@pytest.fixture(scope="module")
def hub(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A kecamatan in earnest: who may see names there logs in with a code."""
    folder = tmp_path_factory.mktemp("kecamatan") / "hub"
    make_hub(folder, KECAMATAN, SystemClock(), system_random)[0].close()
    with serving("sipande-hub", folder) as server:
        add_account(server, "ratna", "Ratna Wulandari", "Operator kecamatan", "admin")
        add_account(server, "bambang", "Bambang Prakoso", "Kasi pemerintahan", "wali_data")
        add_account(server, "widodo", "Widodo Saputro", "Sekretaris camat", "sekcam")
        enrol_node(server, office.node, SELAKAMBANG)
        yield server


def log_in_first(window: Window, account: str) -> str:
    """Log in for the first time where the role needs a code: before that no page is open. Give the secret."""
    give_password(window, account)
    expect(window.page.locator("main")).to_contain_text("Pasang dulu sekali ini")
    judge(window, "hub-wajib-kode")
    window.go("/verval")
    expect(window.page.get_by_role("heading", level=1)).to_have_text("Kode HP")
    secret, _ = set_up_code(window)
    window.page.wait_for_url(f"{window.address}/")
    return secret


def open_report(window: Window, month: str) -> None:
    """Open the month of the desa at the kecamatan."""
    window.go("/")
    window.click("LAMPID")
    window.fill(bulan=month)
    window.click("Tampilkan")
    window.click("Selakambang")
    expect(window.page.get_by_role("heading", level=1)).to_contain_text(f"Selakambang, {month}")


def test_at_the_kecamatan_an_observer_sees_no_names_and_only_leaders_lock_a_month(office: Office, hub: Server) -> None:
    with open_window(office.browser, office.node.address) as siti:
        give_password(siti, "siti")
        siti.page.wait_for_url(f"{office.node.address}/")
        month = close_month(siti)
    assert office.node.call("sync")["hasil"] == "selesai"
    with open_window(office.browser, hub.address) as ratna:
        log_in_first(ratna, "ratna")
        code = make_account(ratna, "Yuli Astuti", "yuli", "Pengamat", menu="Akun")
    secrets = {row["nama"] for row in office.rows("SELECT nama FROM penduduk")}
    with open_window(office.browser, hub.address) as yuli:
        set_password(yuli, "yuli", code)
        assert list_menu(yuli) == ["Beranda", "Sipande", "LAMPID", "Program bantuan", "Panduan"]
        judge(yuli, "hub-pengamat")
        open_report(yuli, month)
        assert str(len(secrets)) in yuli.text()
        judge(yuli, "hub-pengamat-lampid")
        report = yuli.page.url.removeprefix(hub.address)
        months = f"/lampid/?bulan={report.split('/')[2]}"
        pages = follow_everything(yuli, ["/", "/sipande", months, report, "/program"])
        for path in pages:
            yuli.go(path)
            text = yuli.page.locator("main").inner_text()
            assert not [name for name in secrets if name in text], path
            if path not in FOR_EVERYBODY:
                buttons = yuli.page.locator("main form[method=post] button:visible").all_inner_texts()
                assert not buttons, (path, buttons)
        yuli.go("/sipande")
        judge(yuli, "hub-pengamat-sipande")
    with open_window(office.browser, hub.address) as bambang:
        log_in_first(bambang, "bambang")
        open_report(bambang, month)
        expect(bambang.page.get_by_role("button", name="Kunci", exact=True)).to_have_count(0)
        bambang.click("Sudah diperiksa, benar")
        expect(bambang.page.locator("main")).to_contain_text("dicatat sudah diperiksa")
        expect(bambang.page.get_by_role("button", name="Kunci", exact=True)).to_have_count(0)
        judge(bambang, "hub-wali-lampid")
    with open_window(office.browser, hub.address) as widodo:
        secret = log_in_first(widodo, "widodo")
        open_report(widodo, month)
        judge(widodo, "hub-sekcam-lampid")
        let_ten_minutes_pass(hub.folder.path)
        widodo.fill(catatan="Terima kasih, angkanya cocok.")
        widodo.click("Kunci")
        expect(widodo.page.get_by_role("heading", level=1)).to_have_text("Pastikan ini Anda")
        judge(widodo, "hub-kunci-pastikan")
        widodo.fill(bukti_kode=ask_phone(secret))
        widodo.click("Lanjutkan")
        expect(widodo.page.locator("main")).to_contain_text("dikunci")
        expect(widodo.page.locator("main")).to_contain_text("Terima kasih, angkanya cocok.")
        judge(widodo, "hub-sekcam-terkunci")
