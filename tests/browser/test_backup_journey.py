"""The day a computer is gone: its backup on a stick, the code on paper, and a new computer that takes its place."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from hub.commands import make_hub
from running.processes import KECAMATAN, Server, enrol_node, run_command, serving
from shared.clock import SystemClock, system_random
from shared.store.stick import MORE_PLACES
from tests.browser.kecamatan import PASSWORD, SELAKAMBANG, add_account, log_in, make_fresh_node
from tests.browser.windows import DESKTOP, PHONE, Window, open_window


def judge(window: Window, name: str) -> None:
    """Look at a page as everybody may see it: nothing spills, at both sizes."""
    for size in (PHONE, DESKTOP):
        window.page.set_viewport_size(size)
        assert not window.is_too_wide() and not window.list_spills(), (name, size["width"])
    window.shoot(name)


def make_code(window: Window, name: str) -> str:
    """Make the code, copy it wrong, copy it right."""
    window.go("/cadangan")
    judge(window, f"{name}-tanpa-kode")
    window.click("Buat kode cadangan")
    code = window.page.locator(".kode-besar").inner_text()
    judge(window, f"{name}-kode")
    window.fill(kode=code[:-4] + "0000")
    window.click("Kode sudah di kertas, pakai mulai sekarang")
    # One wrong code in a thousand is well written, and another one.
    expect(window.page.get_by_role("alert")).to_contain_text(re.compile("salah ketik|bukan kode di halaman ini"))
    window.fill(kode=code.lower().replace("-", " "))
    window.click("Kode sudah di kertas, pakai mulai sekarang")
    expect(window.page.locator("main")).to_contain_text("diperiksa, dan utuh")
    window.fill(kode=code)
    window.click("Uji pulih")
    expect(window.page.locator("main")).to_contain_text("Semuanya utuh dan dapat dipulihkan")
    judge(window, f"{name}-teruji")
    return code


def test_a_village_comes_back_on_a_new_computer(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stick = tmp_path / "STIK CADANGAN"
    stick.mkdir()
    monkeypatch.setenv(MORE_PLACES, str(stick))
    folder = make_fresh_node(tmp_path / "lama", SELAKAMBANG, "PC Pelayanan")
    with serving("sipande-node", folder, "--tanpa-otomatis") as node:
        add_account(node, "siti", "Siti", "", "admin")
        node.call("tulis", jenis="penduduk", id="", nilai={"nama": "WATI LESTARI"})
        with open_window(browser, node.address, scripts=False) as window:
            log_in(window, "siti")
            expect(window.page.locator("main")).to_contain_text("Cadangan belum tersegel")
            code = make_code(window, "cadangan-desa")
            window.click("Tulis ke stik")
            expect(window.page.locator("main")).to_contain_text(str(stick))
    shutil.rmtree(folder)
    with serving("sipande-node", tmp_path / "baru", "--tanpa-otomatis") as node:
        with open_window(browser, node.address, scripts=False) as window:
            window.go("/")
            window.fill(kode=node.first_code)
            window.click("Lanjut")
            judge(window, "mulai-2-desa-atau-pulih")
            window.click("Pulihkan dari cadangan")
            judge(window, "mulai-pulihkan")
            window.fill(kode=code[:-1] + ("A" if code[-1] != "A" else "B"))
            window.click("Pulihkan")
            expect(window.page.get_by_role("alert")).to_contain_text("salah ketik")
            window.fill(kode=code.lower())
            window.click("Pulihkan")
            expect(window.page.locator("main")).to_contain_text("Sudah dipulihkan")
            expect(window.page.locator("main")).to_contain_text("Komputer ini memakai kunci baru")
            judge(window, "mulai-pulih")
            window.click("Masuk")
            log_in(window, "siti")
            window.go("/penduduk/")
            expect(window.page.locator("main")).to_contain_text("Wati Lestari".upper())


def test_the_admin_of_a_hub_makes_a_code_and_tries_it(browser: Browser, tmp_path: Path) -> None:
    make_hub(tmp_path / "hub", KECAMATAN, SystemClock(), system_random, is_practice=True)[0].close()
    with serving("sipande-hub", tmp_path / "hub") as hub:
        add_account(hub, "ratna", "Ratna", "", "admin")
        with open_window(browser, hub.address, scripts=False) as window:
            log_in(window, "ratna")
            expect(window.page.locator("main")).to_contain_text("Belum pernah ada cadangan")
            make_code(window, "cadangan-hub")
            window.go("/")
            assert "Belum pernah" not in window.text()


@contextmanager
def serving_known_village(folder: Path) -> Iterator[tuple[Server, Path]]:
    """Serve a hub that holds WATI LESTARI of a village; give it and the folder of the village's computer, at rest."""
    make_hub(folder / "hub", KECAMATAN, SystemClock(), system_random, is_practice=True)[0].close()
    with serving("sipande-hub", folder / "hub") as hub:
        place = make_fresh_node(folder / "desa", SELAKAMBANG, "PC Pelayanan")
        with serving("sipande-node", place, "--tanpa-otomatis") as node:
            enrol_node(hub, node, SELAKAMBANG)
            node.call("tulis", jenis="penduduk", id="", nilai={"nama": "WATI LESTARI"})
            node.call("sync")
        yield hub, place


def test_a_dead_computer_without_backup_is_replaced_and_the_hub_gives_everything_back(
    browser: Browser, tmp_path: Path
) -> None:
    with serving_known_village(tmp_path) as (hub, folder):
        shutil.rmtree(folder)
        with serving("sipande-node", tmp_path / "baru", "--tanpa-otomatis") as node:
            with open_window(browser, node.address, scripts=False) as window:
                window.go("/")
                window.fill(kode=node.first_code)
                window.click("Lanjut")
                expect(window.page.locator("main")).to_contain_text("semua yang sudah terkirim kembali dari sana")
                begin_and_get_everything_back(window, hub, node)


def begin_and_get_everything_back(window: Window, hub: Server, node: Server) -> None:
    """Make a desa on the pages of the first start, enrol it, and see who comes back from the hub."""
    window.fill(cari="selakambang kaligondang")
    window.click("Cari")
    window.click("Pilih", exact=False)
    window.click("Lewati", exact=False)
    window.fill(
        komputer="PC Baru", nama="Siti Aminah", jabatan="", nama_pengguna="siti", kata_sandi=PASSWORD,
        kata_sandi_ulang=PASSWORD,
    )
    window.click("Selesai, mulai memakai")
    window.page.wait_for_url(f"{node.address}/")
    enrol_node(hub, node, SELAKAMBANG)
    assert node.call("sync")["hasil"] == "selesai"
    window.go("/penduduk/")
    expect(window.page.locator("main")).to_contain_text("WATI LESTARI")


def test_a_computer_that_lost_its_data_and_not_its_keys_asks_how_they_come_back(
    browser: Browser, tmp_path: Path
) -> None:
    with serving_known_village(tmp_path) as (hub, folder):
        for path in folder.glob("data.sqlite*"):
            path.unlink()
        assert "perintah serve" in run_command("sipande-node", folder, "status", fails=True)["galat"]
        with serving("sipande-node", folder, "--tanpa-otomatis") as node:
            with open_window(browser, node.address, scripts=False) as window:
                window.go("/")
                judge(window, "hilang-1-kode")
                window.fill(kode=node.first_code)
                window.click("Lanjut")
                expect(window.page.get_by_role("heading", level=1)).to_have_text("Data komputer ini tidak ditemukan")
                judge(window, "hilang-2-cara")
                window.click("Pulihkan dari cadangan")
                judge(window, "hilang-3-pulihkan")
                window.click("Pilih cara lain")
                window.click("Mulai sebagai komputer baru")
                expect(window.page.get_by_role("alert")).to_contain_text("Centang dulu kotaknya")
                judge(window, "hilang-2-cara-salah")
                window.page.get_by_label("Tidak ada cadangan").check()
                window.click("Mulai sebagai komputer baru")
                judge(window, "hilang-4-desa")
                begin_and_get_everything_back(window, hub, node)
        assert len(list(folder.glob("sebelum-mulai-*/kunci/kunci.json"))) == 1


def test_an_admin_brings_the_data_of_this_morning_back_on_a_running_computer(browser: Browser, tmp_path: Path) -> None:
    with serving_known_village(tmp_path) as (_, folder), serving("sipande-node", folder, "--tanpa-otomatis") as node:
        add_account(node, "siti", "Siti", "", "admin")
        with open_window(browser, node.address, scripts=False) as window:
            main, alert = window.page.locator("main"), window.page.get_by_role("alert")
            log_in(window, "siti")
            code = make_code(window, "kembali-0")
            node.call("tulis", jenis="penduduk", id="", nilai={"nama": "SALAH KETIK"})
            window.go("/cadangan")
            judge(window, "kembali-1-cadangan")
            window.click("Pilih cadangan")
            expect(main).to_contain_text("perubahan belum terkirim")
            judge(window, "kembali-2-pilih")
            window.fill(kode=code[:-1] + ("A" if code[-1] != "A" else "B"))
            window.click("Kembalikan data")
            expect(alert).to_contain_text("salah ketik")
            judge(window, "kembali-3-salah-ketik")
            window.fill(kode=code.lower().replace("-", " "))
            window.click("Kembalikan data")
            expect(alert).to_contain_text("Centang dulu")
            window.page.get_by_label("Saya mengerti").check()
            window.click("Kembalikan data")
            window.shoot("kembali-4-tunggu")
            # The waiting page asks again by itself, with scripts off too.
            window.page.wait_for_url(re.compile("/masuk"))
            expect(main).to_contain_text("dikembalikan dari cadangan")
            judge(window, "kembali-5-masuk")
            window.fill(nama_pengguna="siti", kata_sandi=PASSWORD)
            window.click("Masuk")
            window.page.wait_for_url(f"{node.address}/cadangan")
            expect(main).to_contain_text("kecamatan tetap mengenalinya")
            expect(main).to_contain_text("belum dibuat cadangan yang baru")
            judge(window, "kembali-6-selesai")
            window.go("/penduduk/")
            expect(main).to_contain_text("WATI LESTARI")
            expect(main).not_to_contain_text("SALAH KETIK")
        assert node.call("sync")["hasil"] == "selesai"
        (aside,) = folder.glob("sebelum-pulih-*")
        assert (aside / "data.sqlite").exists()
