"""A kecamatan's computer just unpacked: a new hub, one out of a backup, one in the place of another that is gone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, expect

from hub.commands import make_hub
from hub.pemulihan.keys import name_check_words, read_recovery_key
from running.processes import KECAMATAN, Server, enrol_node, read_setting, run_command, serving
from shared.clock import SystemClock, system_random
from shared.store.backup.kode import make_code, read_code
from tests.browser.crawler import ask_axe
from tests.browser.kecamatan import PASSWORD, SELAKAMBANG, add_account, make_fresh_node
from tests.browser.windows import DESKTOP, PHONE, Window, open_window

ACCOUNT = {
    "nama": "Ratna Wulandari", "jabatan": "Operator kecamatan", "nama_pengguna": "ratna", "kata_sandi": PASSWORD,
    "kata_sandi_ulang": PASSWORD,
}
PLACE = "Kabupaten Purbalingga, Jawa Tengah"


class Lost(NamedTuple):
    """A hub that is gone, what is left of it on paper and on a disk, and the desa that still works."""

    desa: Server
    port: int
    recovery: str
    key: str
    backup: Path
    code: str


def look(window: Window, name: str, scripts: bool) -> None:
    """Take the picture of a step and judge it at both sizes."""
    for size in (PHONE, DESKTOP):
        window.page.set_viewport_size(size)
        assert not window.is_too_wide() and not window.list_spills(), (name, size["width"])
    window.shoot(name)
    if scripts:
        window.note_violations()
        assert not ask_axe(window), name


def prove(window: Window, hub: Server) -> None:
    window.go("/")
    assert window.page.url.endswith("/mulai")
    window.fill(kode=hub.first_code.lower())
    window.click("Lanjut")
    expect(window.page.get_by_role("heading", level=1)).to_have_text("Bagaimana hub ini dimulai?")


def choose_kecamatan(window: Window) -> None:
    window.fill(cari="kec. kaligondang, purbalingga")
    window.page.keyboard.press("Enter")
    window.click(f"Pilih Kaligondang, {PLACE}")


def read_large(window: Window) -> list[str]:
    """Read what stands large on the sheet, as a person copies it."""
    return window.page.locator(".kode-besar").all_inner_texts()


@contextmanager
def lose_hub(tmp_path: Path) -> Iterator[Lost]:
    """Let a desa work with a hub, whose computer is then gone with everything on it; a backup lies elsewhere."""
    made, recovery = make_hub(tmp_path / "lama", KECAMATAN, SystemClock(), system_random, is_practice=True)
    made.close()
    code, backup = make_code(system_random), tmp_path / f"sipande-hub-{KECAMATAN}-20261101-120000.cadangan"
    desa = make_fresh_node(tmp_path / "desa", SELAKAMBANG, "PC Pelayanan")
    with serving("sipande-node", desa, "--tanpa-otomatis") as node:
        with serving("sipande-hub", tmp_path / "lama", "--tanpa-otomatis") as hub:
            port = int(hub.address.rsplit(":", 1)[1])
            add_account(hub, "ratna", "Ratna Wulandari", "", "admin")
            enrol_node(hub, node, SELAKAMBANG)
            write(node, "WATI LESTARI")
            hub.call("kode-cadangan", kunci=read_code(code).public.hex())
            hub.call("cadangan", tujuan=str(backup), simpan=0)
            write(node, "BUDI SANTOSA")
        shutil.rmtree(tmp_path / "lama")
        yield Lost(node, port, recovery, made.keys.signing.public.hex(), backup, code)


def write(node: Server, nama: str) -> None:
    """Write a resident at the desa and send it."""
    node.call("tulis", jenis="penduduk", id="", nilai={"nama": nama})
    assert node.call("sync")["hasil"] == "selesai"


def sync_back(lost: Lost, hub: Path) -> None:
    """Let the desa follow to the new hub and hand back what that lacks; what it writes then arrives too."""
    for _ in range(4):
        lost.desa.call("sync")
    write(lost.desa, "SITI AMINAH")
    assert read_setting(hub, "SELECT group_concat(nama) FROM (SELECT nama FROM penduduk ORDER BY nama)") == (
        "BUDI SANTOSA,SITI AMINAH,WATI LESTARI"
    )


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_an_empty_folder_becomes_a_hub_whose_keys_are_on_paper(
    browser: Browser, tmp_path: Path, scripts: bool
) -> None:
    with serving("sipande-hub", tmp_path / "hub", "--tanpa-otomatis") as hub:
        with open_window(browser, hub.address, scripts=scripts) as window:
            page, heading = window.page, window.page.get_by_role("heading", level=1)
            window.go("/masuk")
            look(window, "hub-mulai-1-kode", scripts)
            window.fill(kode="AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA")
            window.click("Lanjut")
            expect(page.get_by_role("alert")).to_contain_text("Kode tidak cocok")
            refused = run_command("sipande-hub", tmp_path / "hub", "init", "--kecamatan", KECAMATAN, fails=True)
            assert refused["exit"] == 3 and "sedang berjalan" in refused["galat"], "one way at a time"
            prove(window, hub)
            look(window, "hub-mulai-2-cara", scripts)
            window.click("Hub baru untuk kecamatan", exact=False)
            expect(heading).to_have_text("Kecamatan mana?")
            look(window, "hub-mulai-3-kecamatan", scripts)
            choose_kecamatan(window)

            expect(heading).to_have_text("Lembar kunci hub")
            recovery, key, _ = read_large(window)
            look(window, "hub-mulai-4-lembar", scripts)
            assert page.get_by_role("button", name="Cetak lembar ini").is_visible() is scripts
            page.emulate_media(media="print")
            expect(page.locator(".kode-besar")).to_have_count(3)
            expect(page.get_by_text("Disegel oleh")).to_be_visible()
            expect(page.get_by_role("button", name="Lanjut")).to_be_hidden()
            window.shoot("hub-mulai-4-lembar-cetak")
            assert page.pdf(format="A4").count(b"/Type /Page\n") == 1, "one sheet of paper"
            page.emulate_media(media="screen")
            page.get_by_label("sudah saya cetak").check()
            window.fill(ekor="0000 0000")
            window.click("Lanjut")
            expect(page.get_by_role("alert")).to_contain_text("Baca dari kertas")
            look(window, "hub-mulai-4-lembar-salah", scripts)
            window.fill(ekor=recovery[-9:])
            window.click("Lanjut")

            expect(heading).to_have_text("Kecamatan Kaligondang")
            page.get_by_label("Percobaan").check()
            window.fill(**ACCOUNT | {"kata_sandi": "pendek", "kata_sandi_ulang": "pendek"})
            window.click("Selesai, mulai memakai")
            expect(page.get_by_role("alert")).to_contain_text("Belum disimpan")
            assert page.locator("#nama").input_value() == "Ratna Wulandari", "what was typed is kept"
            assert page.get_by_label("Percobaan").is_checked()
            look(window, "hub-mulai-5-akun-salah", scripts)
            page.go_back()
            window.go("/mulai/lembar")
            expect(heading).to_have_text("Kecamatan Kaligondang")  # shown once
            page.get_by_label("Percobaan").check()
            window.fill(**ACCOUNT)
            window.click("Selesai, mulai memakai")
            expect(heading).to_have_text("Sipande Kecamatan Kaligondang")
            expect(page.locator("body")).to_contain_text("PERCOBAAN")
            window.go("/mulai")
            assert page.url == f"{hub.address}/", "the first pages answer no more"
            look(window, "hub-mulai-6-beranda", scripts)
            assert recovery.replace(" ", "") not in (tmp_path / "hub.log").read_text(encoding="utf-8")
        assert hub.call("status")["kunci"] == key.replace(" ", "")
        desa = make_fresh_node(tmp_path / "desa", SELAKAMBANG, "PC Pelayanan")
        with serving("sipande-node", desa, "--tanpa-otomatis") as node:
            enrol_node(hub, node, SELAKAMBANG)
            write(node, "WATI LESTARI")
        assert read_setting(hub.folder.path, "SELECT nama FROM penduduk") == "WATI LESTARI"


def test_a_hub_comes_back_out_of_its_backup_and_its_desa_goes_on(browser: Browser, tmp_path: Path) -> None:
    with lose_hub(tmp_path) as lost:
        with serving("sipande-hub", tmp_path / "baru", "--tanpa-otomatis", port=lost.port) as hub:
            early = lost.desa.call("sync")
            assert early["hasil"] != "selesai", "a hub that has not begun yet is no hub"
            with open_window(browser, hub.address) as window:
                page = window.page
                prove(window, hub)
                window.click("Pulihkan dari cadangan", exact=False)
                look(window, "hub-mulai-pulihkan", True)
                for kode, kunci, sentence in (
                    (lost.code[:-1] + ("A" if lost.code[-1] != "A" else "B"), lost.recovery, "salah ketik"),
                    (lost.code, "00" * 32, "bukan milik hub ini"),
                ):
                    page.locator("#unggahan").set_input_files(lost.backup)
                    window.fill(kode=kode, kunci_pemulihan=kunci)
                    window.click("Pulihkan")
                    expect(page.get_by_role("alert")).to_contain_text(sentence)
                look(window, "hub-mulai-pulihkan-salah", True)
                assert not (tmp_path / "baru" / "data.sqlite").exists()
                page.locator("#unggahan").set_input_files(lost.backup)
                window.fill(kode=lost.code.lower(), kunci_pemulihan=lost.recovery)
                window.click("Pulihkan")
                expect(page.locator("main")).to_contain_text("Sudah dipulihkan")
                look(window, "hub-mulai-pulih", True)
                window.click("Masuk")
                window.fill(nama_pengguna="ratna", kata_sandi=PASSWORD)
                window.click("Masuk")
                expect(page.locator("main")).to_contain_text("Hub ini sedang dipulihkan")
                look(window, "hub-mulai-pulih-beranda", True)
            sync_back(lost, tmp_path / "baru")


def test_a_hub_without_backup_is_replaced_by_the_sheet_and_its_desa_gives_everything_back(
    browser: Browser, tmp_path: Path
) -> None:
    with lose_hub(tmp_path) as lost:
        words = name_check_words(read_recovery_key(lost.recovery).public, bytes.fromhex(lost.key))
        with serving("sipande-hub", tmp_path / "baru", "--tanpa-otomatis", port=lost.port) as hub:
            with open_window(browser, hub.address, scripts=False) as window:
                page = window.page
                prove(window, hub)
                window.click("Ganti hub yang hilang", exact=False)
                choose_kecamatan(window)
                look(window, "hub-ganti-4-lembar-lama", False)
                window.fill(kunci_pemulihan=lost.key, kunci_lama=lost.key, kata_periksa=words)
                window.click("Lanjut")
                expect(page.get_by_role("alert")).to_contain_text("Kata periksa tidak cocok")
                assert page.locator("#kunci_lama").input_value() == lost.key
                assert page.locator("#kunci_pemulihan").input_value() == ""
                look(window, "hub-ganti-4-lembar-lama-salah", False)
                window.fill(kunci_pemulihan=lost.recovery)
                window.click("Lanjut")
                key, _ = read_large(window)
                look(window, "hub-ganti-5-lembar", False)
                page.get_by_label("sudah saya cetak").check()
                window.click("Lanjut")
                look(window, "hub-ganti-6-akun", False)
                window.fill(**ACCOUNT)
                window.click("Selesai, gantikan hub lama")
                expect(page.get_by_role("heading", level=1)).to_contain_text("Kode HP")
            assert hub.call("status")["kunci"] == key.replace(" ", "")
            sync_back(lost, tmp_path / "baru")
