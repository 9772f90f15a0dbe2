"""Two computers of one desa issue letters without internet, and one of them is put back to yesterday's copy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from demonstration.reading import read_rows
from hub.commands import make_hub
from running.processes import KECAMATAN, Server, enrol_node, run_command, serving
from shared.clock import SystemClock, system_random
from shared.store.stick import MORE_PLACES
from shared.surat.tanda import write_text
from synthetic.workbook import write_sheet
from tests.browser.crawler import ask_axe
from tests.browser.kecamatan import SELAKAMBANG, add_account, log_in, make_fresh_node, render_village
from tests.browser.letters import approve_and_issue, fill_office, write_draft
from tests.browser.test_backup_journey import make_code
from tests.browser.test_verval_journey import press_sync
from tests.browser.windows import PHONE, Window, open_window

DONE = re.compile("Sinkronisasi selesai|Sudah sama dengan kecamatan")


class Desa:
    """A desa with two computers, each with an account for the clerk, and the kecamatan."""

    def __init__(self, browser: Browser, folder: Path, stack: ExitStack) -> None:
        self.browser, self.folder, self.stack = browser, folder, stack
        make_hub(folder / "hub", KECAMATAN, SystemClock(), system_random, is_practice=True)[0].close()
        self.hub = stack.enter_context(serving("sipande-hub", folder / "hub"))
        add_account(self.hub, "bambang", "Bambang Prakoso", "Kasi pemerintahan", "wali_data")
        self.one, self.two = self._add("PC 1"), self._add("PC 2")
        write_sheet(render_village(SELAKAMBANG, 30), folder / "penduduk.xlsx")
        self.one.call("impor", berkas=str(folder / "penduduk.xlsx"))
        self.people = iter(read_rows(self.one.folder.path, "SELECT id FROM penduduk WHERE hubungan = 1 ORDER BY id"))
        self.person = str(next(self.people)["id"])

    def _add(self, name: str) -> Server:
        folder = make_fresh_node(self.folder / name, SELAKAMBANG, name)
        node = self.stack.enter_context(serving("sipande-node", folder, "--tanpa-otomatis"))
        add_account(node, "siti", "Siti Aminah", "Kaur umum", "admin")
        enrol_node(self.hub, node, SELAKAMBANG)
        return node

    def put_back(self, copy: Path, code: str) -> None:
        """Restore PC 1 from a copy, as a person does who has the stick and the paper; it opens where it was."""
        self.one.stop()
        done = run_command("sipande-node", self.one.folder.path, "pulihkan", str(copy), stdin=code)
        assert done["kunci_tetap"] is True
        port = urlsplit(self.one.address).port or 0
        self.one = self.stack.enter_context(
            serving("sipande-node", self.one.folder.path, "--tanpa-otomatis", port=port)
        )


@pytest.fixture
def desa(browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desa]:
    stick = tmp_path / "STIK"
    stick.mkdir()
    monkeypatch.setenv(MORE_PLACES, str(stick))
    with ExitStack() as stack:
        yield Desa(browser, tmp_path, stack)


def issue(window: Window, person: str) -> str:
    """Write, approve and issue a letter; give the short form of its number: what stands between the first strokes."""
    approve_and_issue(window, write_draft(window, person))
    return window.page.locator("h1").inner_text().split()[0].split("/")[1]


def sync(window: Window) -> None:
    press_sync(window)
    expect(window.page.locator("main")).to_contain_text(DONE)


def read_paper(node: Server, number: str) -> str:
    """Read what the QR on a paper says, by the short form of its number."""
    rows = read_rows(node.folder.path, "SELECT * FROM surat WHERE nomor LIKE ?", f"%/{number}/%")
    return write_text(rows[0], SELAKAMBANG)


def judge(window: Window, name: str) -> None:
    assert not window.is_too_wide() and not window.list_spills() and not ask_axe(window), window.page.url
    window.shoot(f"dua-{name}")


def save_to_stick(window: Window, desa: Desa) -> tuple[Path, str]:
    """Make the code for paper and write a whole copy to the stick; give both."""
    code = make_code(window, "dua-cadangan")
    window.click("Tulis ke stik")
    expect(window.page.locator("main")).to_contain_text("STIK")
    return next((desa.folder / "STIK").rglob("*.cadangan")), code


def test_no_number_is_given_twice_and_the_agenda_says_where_the_gaps_come_from(desa: Desa) -> None:
    browser = desa.browser
    with open_window(browser, desa.one.address) as one, open_window(browser, desa.two.address) as two:
        for window in (one, two):
            log_in(window, "siti")
        fill_office(one)
        for window in (one, two, one):
            sync(window)
        papers = [issue(one, desa.person), issue(one, desa.person), issue(two, desa.person)]
        assert papers == ["001", "002", "051"]
        copy, code = save_to_stick(one, desa)
        # Today, without internet.
        papers += [issue(one, desa.person), issue(two, desa.person)]
        assert papers[3:] == ["003", "052"]
        lost = read_paper(desa.one, "003")

    desa.put_back(copy, code)
    with open_window(browser, desa.one.address) as one, open_window(browser, desa.two.address) as two:
        for window in (one, two):
            log_in(window, "siti")
        papers += [issue(one, desa.person), issue(two, desa.person)]
        assert papers[5].startswith("001-") and papers[6] == "053", papers
        one.go("/surat/agenda/")
        judge(one, "agenda-sebelum-kirim")
        for window in (one, two, one, two):
            sync(window)
        papers += [issue(one, desa.person), issue(two, desa.person)]
        assert papers[7:] == ["101", "054"], papers
        for window in (one, two, one):
            sync(window)
        assert len(papers) == len(set(papers)) == 9
        for window in (one, two):
            window.go("/surat/agenda/")
            main = window.page.locator("main")
            for paper in set(papers) - {"003"}:
                expect(window.page.get_by_role("cell", name=paper, exact=True)).to_have_count(1)
            gap = window.page.get_by_role("row").filter(has_text="003–050")
            expect(gap).to_contain_text("PC 1")
            expect(gap).to_contain_text("hilang bersama data lama")
            rest = window.page.get_by_role("row").filter(has_text="055–100")
            expect(rest).to_contain_text(re.compile(r"Jatah PC 2\b.*, belum dipakai"))
            expect(main).to_contain_text("suratnya sah seperti yang lain")
        judge(two, "agenda")

    at_hub = read_rows(desa.hub.folder.path, "SELECT nomor FROM surat")
    assert {row["nomor"].split("/")[1] for row in at_hub} == set(papers) - {"003"} and len(at_hub) == 8
    with open_window(browser, desa.hub.address, size=PHONE) as bambang:
        log_in(bambang, "bambang")
        bambang.go("/verval")
        bambang.fill(kode="V9 Nomor surat ganda")
        bambang.click("Tampilkan")
        expect(bambang.page.locator("main")).to_contain_text("0 kasus")
        judge(bambang, "hub-verval")
        bambang.go("/periksa-surat")
        # What was lost with the disk is on paper; whoever holds it learns what it is.
        bambang.fill(teks=lost)
        bambang.click("Periksa")
        expect(bambang.page.get_by_role("status")).to_contain_text("Tanda tangannya asli")
        judge(bambang, "hub-surat-hilang")
