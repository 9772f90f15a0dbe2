"""A village without internet: its clerk, a stick, and the operator of the kecamatan, with scripts off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from hub.commands import make_hub
from running.processes import KECAMATAN, Server, serving
from shared.clock import SystemClock, system_random
from shared.store.stick import MORE_PLACES
from tests.browser.kecamatan import SELAKAMBANG, add_account, log_in, make_fresh_node
from tests.browser.windows import DESKTOP, PHONE, Window, open_window


@dataclass
class Journey:
    """Two offices that no cable joins, a window in each, and the stick between them."""

    stick: Path
    desa: Window
    kecamatan: Window
    node: Server

    def main(self, window: Window) -> Locator:
        return window.page.locator("main")

    def judge(self, window: Window, name: str) -> None:
        """Look at a page as everybody may see it: nothing spills, at both sizes."""
        for size in (PHONE, DESKTOP):
            window.page.set_viewport_size(size)
            assert not window.is_too_wide() and not window.list_spills(), (name, size["width"])
        window.shoot(name)


@pytest.fixture
def journey(browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journey]:
    stick = tmp_path / "STIK DESA"
    stick.mkdir()
    monkeypatch.setenv(MORE_PLACES, str(stick))
    with ExitStack() as stack:
        make_hub(tmp_path / "hub", KECAMATAN, SystemClock(), system_random, is_practice=True)[0].close()
        hub = stack.enter_context(serving("sipande-hub", tmp_path / "hub"))
        folder = make_fresh_node(tmp_path / "desa", SELAKAMBANG, "PC Pelayanan")
        node = stack.enter_context(serving("sipande-node", folder, "--tanpa-otomatis"))
        windows = []
        for server, account in ((node, "siti"), (hub, "ratna")):
            add_account(server, account, account.title(), "", "admin")
            window = stack.enter_context(open_window(browser, server.address, scripts=False))
            log_in(window, account)
            windows.append(window)
        yield Journey(stick, *windows, node)


def take_stick(journey: Journey) -> None:
    journey.kecamatan.click("Terima USB")
    journey.kecamatan.click("Baca stik")
    journey.kecamatan.page.get_by_role("heading", name="Hasil membaca").wait_for()


def test_a_village_enrols_sends_and_hears_back_by_stick_and_by_phone(journey: Journey, tmp_path: Path) -> None:
    desa, kecamatan = journey.desa, journey.kecamatan
    journey.node.call("tulis", jenis="penduduk", id="", nilai={"nama": "SITI AMINAH"})
    kecamatan.go("/simpul/pendaftaran")
    kecamatan.page.locator("#desa").select_option(value=SELAKAMBANG)
    kecamatan.page.get_by_label("Desa ini tanpa internet").check()
    kecamatan.click("Buat kode")
    code = kecamatan.page.locator(".kode-besar").inner_text()

    desa.go("/sinkronisasi/")
    desa.click("Kirim lewat USB")
    journey.judge(desa, "desa-usb-belum")
    desa.fill(kode=code)
    desa.click("Tulis permintaan")
    expect(journey.main(desa)).to_contain_text("menunggu jawaban kecamatan")
    take_stick(journey)
    journey.judge(kecamatan, "hub-usb-daftar")
    words = kecamatan.page.locator(".enam-kata li").all_inner_texts()
    desa.click("Baca dari stik")
    expect(desa.page.locator(".kata")).to_have_text(" ".join(words))
    kecamatan.click("Cocokkan dan setujui di Simpul")
    kecamatan.page.locator("[name=sama]").check()
    kecamatan.click("Setujui komputer ini")

    desa.go("/sinkronisasi/usb/")
    desa.click("Tulis kiriman")
    expect(journey.main(desa)).to_contain_text("Kiriman nomor 1 sudah ditulis")
    journey.judge(desa, "desa-usb-ditulis")
    take_stick(journey)
    expect(journey.main(kecamatan)).to_contain_text("perubahan baru disimpan")
    expect(journey.main(kecamatan)).to_contain_text("Jawabannya sudah ditulis di stik")
    journey.judge(kecamatan, "hub-usb-diterima")
    desa.click("Baca dari stik")
    expect(journey.main(desa)).to_contain_text("Kiriman nomor 1 sudah diterima kecamatan")
    journey.judge(desa, "desa-usb-diterima")
    kecamatan.go("/sipande/penduduk")
    expect(journey.main(kecamatan)).to_contain_text("SITI AMINAH")
    carry_on_a_phone(journey, tmp_path)


def carry_on_a_phone(journey: Journey, tmp_path: Path) -> None:
    """The same by download and upload."""
    desa, kecamatan = journey.desa, journey.kecamatan
    journey.node.call("tulis", jenis="penduduk", id="", nilai={"nama": "BUDI SANTOSA"})
    desa.go("/sinkronisasi/usb/")
    desa.page.locator("[value=unduh]").check()
    desa.click("Tulis kiriman")
    link = desa.page.locator(".daftar-berkas a").first
    link.wait_for()
    journey.judge(desa, "desa-usb-unduh")
    question = fetch(desa, link, tmp_path)
    kecamatan.go("/usb")
    kecamatan.page.locator("#berkas").set_input_files(question)
    kecamatan.click("Baca berkas ini")
    kecamatan.page.get_by_role("heading", name="Hasil membaca").wait_for()
    answer = fetch(kecamatan, kecamatan.page.get_by_role("link", name="Unduh jawaban"), tmp_path)
    kecamatan.go("/usb")
    journey.judge(kecamatan, "hub-usb")
    desa.page.locator("#berkas").set_input_files(question)
    desa.click("Baca berkas ini")
    expect(journey.main(desa)).to_contain_text("belum jawaban kecamatan")
    desa.page.locator("#berkas").set_input_files(answer)
    desa.click("Baca berkas ini")
    expect(journey.main(desa)).to_contain_text("Kiriman nomor 2 sudah diterima kecamatan")


def fetch(window: Window, link: Locator, folder: Path) -> Path:
    with window.page.expect_download() as started:
        link.click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    return path
