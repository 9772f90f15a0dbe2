"""A small kecamatan for journeys: a hub, two PCs of one desa and one of another, people, aid, three open cases."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ViewportSize, expect

from demonstration.reading import read_rows
from hub.commands import make_hub
from node.commands import make_node
from running.processes import KECAMATAN, Server, enrol_node, run_command, serving
from shared.clock import SystemClock, system_random, today
from shared.lampid.book import write_bulan
from shared.lampid.month import move_month
from shared.web.sessions import PROOF_S
from shared.web.totp import STEP_S
from synthetic.sheet import Layout, Sheet, render_sheet
from synthetic.villages import generate_village
from synthetic.workbook import write_sheet
from tests.browser.windows import DESKTOP, Window, open_window

SELAKAMBANG, SLINGA = f"{KECAMATAN}.2006", f"{KECAMATAN}.2014"
PASSWORD = "kuda lumping di tengah sawah"
PEOPLE = 60
SEED = 11


@dataclass
class Kecamatan:
    """Everything that runs. Journeys take people who belong to nobody else with :meth:`take_person`."""

    browser: Browser
    folder: Path
    stack: ExitStack
    hub: Server = field(init=False)
    pc1: Server = field(init=False)
    pc2: Server = field(init=False)
    slinga: Server = field(init=False)
    program: str = ""
    closed: str = ""
    """The month that the desa of PC 1 has closed; the one after it is still to be closed."""
    _taken: set[str] = field(default_factory=set)

    @contextmanager
    def open(
        self, server: Server, account: str | None = None, *, scripts: bool = True, size: ViewportSize = DESKTOP,
        workers: bool = False,
    ) -> Iterator[Window]:
        """Open a window on a server, logged in where an account is named."""
        cookies = None if account is None else self._log_in(server, account)
        with open_window(
            self.browser, server.address, scripts=scripts, cookies=cookies, size=size, workers=workers
        ) as window:
            yield window

    def _log_in(self, server: Server, account: str) -> Path:
        """Log in through the page, once for each account; give the file of its cookies."""
        path = self.folder / f"{server.folder.path.name}-{account}.json"
        if not path.exists():
            with open_window(self.browser, server.address) as window:
                log_in(window, account)
                window.context.storage_state(path=path)
        return path

    def sync(self, *nodes: Server) -> None:
        for node in nodes or (self.pc1, self.pc2, self.slinga, self.pc1, self.pc2):
            answer = node.call("sync")
            assert answer["hasil"] == "selesai", answer["kalimat"]

    def write(self, node: Server, kind: str, record: str = "", **values: Any) -> str:
        """Write at a node as its command does."""
        return str(node.call("tulis", jenis=kind, id=record, nilai=values)["id"])

    def take_person(self, node: Server, where: str = "1") -> dict[str, Any]:
        """Find a child of the house with a NIK whom no other journey uses."""
        sql = f"SELECT * FROM penduduk WHERE hubungan = 4 AND nik IS NOT NULL AND {where} ORDER BY id"
        for row in read_rows(node.folder.path, sql):
            if row["id"] not in self._taken:
                self._taken.add(row["id"])
                return row
        raise AssertionError("the village is too small")

    def restart_hub(self) -> None:
        """Start the hub again at the address that the desa know."""
        port = int(self.hub.address.rsplit(":", 1)[1])
        self.hub = self.stack.enter_context(serving("sipande-hub", self.hub.folder.path, port=port))

    def read_logs(self) -> str:
        """Read what the servers have logged."""
        return "\n".join(path.read_text(encoding="utf-8") for path in self.folder.glob("*.log"))


def give_password(window: Window, account: str, password: str = PASSWORD) -> None:
    """Fill in the login and press its button, whatever it leads to."""
    window.go("/masuk")
    window.fill(nama_pengguna=account, kata_sandi=password)
    window.click("Masuk")


def log_in(window: Window, account: str) -> None:
    """Log in where a password is enough, and wait for the front page."""
    give_password(window, account)
    window.page.wait_for_url(f"{window.address}/")


def let_ten_minutes_pass(folder: Path, account: str = "") -> None:
    """Age the last proof of everybody (of an account) who is logged in, and the last code of a phone.

    The clock stays where it is, so that the phone need not be waited for: its next code is good at once.
    """
    who = " WHERE account IN (SELECT no FROM account WHERE ?2 IN ('', name))"
    with closing(sqlite3.connect(folder / "data.sqlite", timeout=30)) as conn, conn:
        # Checkpoints are the server's alone.
        conn.execute("PRAGMA wal_autocheckpoint = 0")
        conn.execute(f"UPDATE session SET proved_s = proved_s - ?1{who}", (PROOF_S + 1, account))
        conn.execute(f"UPDATE second_factor SET last_step = last_step - ?1{who}", (PROOF_S // STEP_S, account))


def prove(window: Window) -> None:
    """Say once more who is there, with the password, before what is not taken back."""
    expect(window.page.get_by_role("heading", level=1)).to_have_text("Pastikan ini Anda")
    expect(window.page.locator("main")).to_contain_text("Isian Anda masih ada dan belum dikerjakan")
    window.fill(bukti_sandi=PASSWORD)
    window.click("Lanjutkan")


def render_village(desa: str, people: int = PEOPLE) -> Sheet:
    """Make the sheet of an invented village."""
    return render_sheet(generate_village(desa, people, SEED), Layout())


def make_fresh_node(folder: Path, desa: str, nama: str) -> Path:
    """Make the data folder of a node that nobody has used."""
    make_node(folder, desa, nama, SystemClock(), system_random).close()
    return folder


@contextmanager
def open_kecamatan(browser: Browser) -> Iterator[Kecamatan]:
    """Start everything, enrolled and synced; stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="sipande-peramban-") as name, ExitStack() as stack:
        made = Kecamatan(browser, Path(name), stack)
        _start(made)
        _fill(made)
        yield made


def _start(made: Kecamatan) -> None:
    def hub() -> Server:
        services, _ = make_hub(made.folder / "hub", KECAMATAN, SystemClock(), system_random, is_practice=True)
        services.close()
        return made.stack.enter_context(serving("sipande-hub", made.folder / "hub"))

    def node(name: str, desa: str) -> Server:
        folder = make_fresh_node(made.folder / name, desa, name)
        return made.stack.enter_context(serving("sipande-node", folder, "--tanpa-otomatis"))

    with ThreadPoolExecutor(4) as pool:
        jobs = [
            pool.submit(hub), pool.submit(node, "PC 1", SELAKAMBANG), pool.submit(node, "PC 2", SELAKAMBANG),
            pool.submit(node, "PC Slinga", SLINGA),
        ]
        made.hub, made.pc1, made.pc2, made.slinga = (job.result() for job in jobs)


def _fill(made: Kecamatan) -> None:
    add_account(made.hub, "ratna", "Ratna Wulandari", "Operator kecamatan", "admin")
    add_account(made.hub, "bambang", "Bambang Prakoso", "Kasi pemerintahan", "wali_data")
    add_account(made.hub, "hartono", "Hartono Wibowo", "Camat", "camat")
    for node, desa in ((made.pc1, SELAKAMBANG), (made.pc2, SELAKAMBANG), (made.slinga, SLINGA)):
        add_account(node, "siti", "Siti Aminah", "Kaur umum", "admin")
        add_account(node, "budi", "Budi Santosa", "Kadus", "operator")
        enrol_node(made.hub, node, desa)
    for node, desa in ((made.pc1, SELAKAMBANG), (made.slinga, SLINGA)):
        path = made.folder / f"{desa}.xlsx"
        write_sheet(render_village(desa), path)
        node.call("impor", berkas=str(path))
    made.program = str(made.hub.call(
        "program", nama="Bantuan Sembako Kecamatan", sasaran=1, mulai="2026-01-01", selesai="2026-12-31", kuota=20,
    )["program"])
    made.sync(made.pc1, made.slinga, made.pc2)
    _plant_cases(made)
    # One that the desa may edit and end, with a recipient of its own.
    own = made.write(made.pc1, "program_bantuan", nama="Bantuan Desa", sasaran=1, mulai="2026-01-01")
    made.write(
        made.pc1, "penerima_bantuan", program=own, penduduk=made.take_person(made.pc1)["id"], periode="2026",
        status="aktif",
    )
    made.write(
        made.pc1, "perangkat", nama="Wiryo Utomo", jabatan="kades", mulai="2022-01-01", boleh_tanda_tangan=True,
    )
    this_month = today(SystemClock()).isoformat()[:7]
    made.closed = move_month(this_month, -2)
    happen(made, made.pc1, "mati", f"{made.closed}-12")
    happen(made, made.pc1, "pindah", f"{this_month}-01")
    _close_month(made, made.closed)
    made.sync()
    _let_one_wait(made)
    _ask_for_erasure(made, made.take_person(made.pc1, "nik IS NOT NULL"))


def happen(made: Kecamatan, node: Server, jenis: str, lapor: str) -> str:
    """Let somebody of the village die or leave, reported on that day; return the name."""
    person = made.take_person(node, "status_dasar = 1 AND peristiwa IS NULL")
    event = made.write(
        node, "peristiwa", jenis=jenis, penduduk=person["id"], tanggal_peristiwa=lapor, tanggal_lapor=lapor,
        dusun=person["dusun"], jenis_kelamin=person["jenis_kelamin"], warganegara=person["warganegara"], kepala=False,
    )
    made.write(node, "penduduk", person["id"], status_dasar={"mati": 2, "pindah": 3}[jenis], peristiwa=event)
    return str(person["nama"])


def _close_month(made: Kecamatan, bulan: str) -> None:
    """Close a month at PC 1, so that the kecamatan has one to look at; the next may be closed."""
    with made.open(made.pc1, "siti", scripts=False) as window:
        window.go(f"/laporan/{bulan}/tutup")
        window.page.locator("input[name=benar]").check()
        window.click(f"Tutup {write_bulan(bulan)}")
        window.page.get_by_role("heading", name=f"Laporan {write_bulan(bulan)} sudah ditutup").wait_for()


def _let_one_wait(made: Kecamatan) -> None:
    """Let a computer ask for admission; nobody compares its six words."""
    code = made.hub.call("slot", desa=SLINGA, alamat=made.hub.address)["kode"]
    run_command("sipande-node", make_fresh_node(made.folder / "PC baru", SLINGA, "PC baru"), "enrol", code)


def _ask_for_erasure(made: Kecamatan, person: dict[str, Any]) -> None:
    """Let an officer propose that a person's contents be erased; nobody confirms it."""
    with made.open(made.hub, "bambang", scripts=False) as window:
        window.go(f"/penghapusan/data/{person['desa']}/penduduk/{person['id']}")
        window.page.locator("input[name=luas][value=semua]").check()
        window.page.locator("#alasan").select_option("permintaan")
        window.click("Usulkan penghapusan")
        window.page.wait_for_url("**/penghapusan/**")


def add_account(server: Server, pengguna: str, nama: str, jabatan: str, peran: str) -> None:
    server.call("akun", pengguna=pengguna, nama=nama, jabatan=jabatan, peran=peran, kata_sandi=PASSWORD)


def _plant_cases(made: Kecamatan) -> None:
    """Plant a value written twice, a person in two desa, a NIK that does not fit; and some aid."""
    quarrel, twin, odd = (made.take_person(made.pc1) for _ in range(3))
    made.write(made.pc1, "penduduk", quarrel["id"], nama=f"{quarrel['nama']} SARI")
    made.write(made.pc2, "penduduk", quarrel["id"], nama=f"{quarrel['nama']} SAPUTRI")
    names = ("nik", "nama", "tempat_lahir", "tanggal_lahir", "jenis_kelamin")
    made.write(made.slinga, "penduduk", status_dasar=1, **{name: twin[name] for name in names})
    make_odd(made, odd)
    for _ in range(3):
        person = made.take_person(made.pc1)
        made.write(
            made.pc1, "penerima_bantuan", program=made.program, penduduk=person["id"], periode="2026", status="aktif"
        )


def make_odd(made: Kecamatan, person: dict[str, Any]) -> None:
    """Give a person at PC 1 the other sex, which the NIK contradicts."""
    same = {name: person[name] for name in ("nama", "tempat_lahir", "tanggal_lahir")}
    made.write(made.pc1, "penduduk", person["id"], jenis_kelamin=3 - person["jenis_kelamin"], **same)


def read_finding(made: Kecamatan, kode: str, record: str) -> dict[str, Any]:
    """Find what the hub has found about a record."""
    return read_rows(made.hub.folder.path, "SELECT * FROM temuan WHERE kode = ? AND kunci = ?", kode, record)[0]


def read_case(made: Kecamatan, record: str) -> dict[str, Any]:
    """Find the case about a record at the hub."""
    rows = read_rows(made.hub.folder.path, "SELECT * FROM kasus")
    return next(row for row in rows if record in json.loads(row["rekaman"] or "[]"))
