"""The stage: which villages, their sheets, the processes, and one browser-like session per officer."""

from __future__ import annotations

import re
import secrets
import shutil
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from demonstration.forms import Blank, read_forms
from demonstration.reading import read_rows
from running.processes import KECAMATAN, Server, run_command, serving
from synthetic.faults import Fault, plant_faults
from synthetic.sheet import Format, Layout, render_sheet
from synthetic.villages import generate_village
from synthetic.workbook import write_sheet

SELAKAMBANG, KALIGONDANG, SLINGA, ARENAN = (f"{KECAMATAN}.{n}" for n in (2006, 2008, 2014, 2015))
NODES = {
    "selakambang-1": SELAKAMBANG, "selakambang-2": SELAKAMBANG, "kaligondang": KALIGONDANG, "slinga": SLINGA,
    "arenan": ARENAN,
}
LAYOUTS = {
    "selakambang-1": Layout(kotor=True, label=True),
    "kaligondang": Layout(format=Format.XLSM),
    "slinga": Layout(format=Format.CSV, pemisah=";"),
    "arenan": Layout(label=True),
}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@dataclass
class Person:
    """An officer at a screen: a login session over HTTP."""

    address: str
    http: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.http.trust_env = False

    def get(self, path: str) -> str:
        answer = self.http.get(self.address + path, timeout=30)
        answer.raise_for_status()
        return answer.text

    def post(self, page: str, path: str, **form: Any) -> requests.Response:
        """Send the form of a page, with the page's own CSRF token."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page))
        assert found, page
        answer = self.http.post(self.address + path, data={"csrf_token": found[1], **form}, timeout=60)
        answer.raise_for_status()
        return answer

    def press(self, page: str, button: str, **fields: str) -> str:
        """Fill in the form of a page that has a button, press it, and give the path where that leads.

        AssertionError where no form has the button, or where the page comes back because something is wrong.
        """
        blank = self._find_blank(page, button)
        action, sent = blank.fill(button, fields)
        answer = self.http.post(urljoin(self.address + page, action), data=sent, timeout=60)
        assert answer.ok and answer.history, f"{page}: {button} ({answer.status_code})"
        return urlsplit(answer.url).path

    def list_empty(self, page: str, button: str) -> list[str]:
        """List the fields of a form that nobody has filled in."""
        return [name for name, values in self._find_blank(page, button).values.items() if values == [""]]

    def _find_blank(self, page: str, button: str) -> Blank:
        found = [blank for blank in read_forms(self.get(page)) if button in blank.buttons]
        assert found, f"{page}: {button}"
        return found[0]


@dataclass
class Account:
    """A first login as the demo prints it."""

    name: str
    password: str


@dataclass
class Stage:
    """Everything that runs; close it to stop all processes."""

    folder: Path
    sizes: dict[str, int]
    seed: int
    stack: ExitStack = field(default_factory=ExitStack)
    nodes: dict[str, Server] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    hub: Server = field(init=False)

    @property
    def hub_folder(self) -> Path:
        return self.folder / "hub"

    def node_folder(self, name: str) -> Path:
        return self.folder / name

    def start_hub(self, port: int = 0) -> None:
        if not self.hub_folder.exists():
            run_command("sipande-hub", self.hub_folder, "init", "--kecamatan", KECAMATAN, "--percobaan")
        self.hub = self.stack.enter_context(serving("sipande-hub", self.hub_folder, port=port))
        say(f"Hub Kaligondang {self.hub.address} (pid {self.hub.process.pid})")

    def stop_hub(self) -> int:
        """Stop the hub; give the port that the villages know it by."""
        port = int(self.hub.address.rsplit(":", 1)[1])
        self.hub.stop()
        return port

    def start_node(self, name: str) -> None:
        folder = self.node_folder(name)
        run_command("sipande-node", folder, "init", "--desa", NODES[name], "--nama", name)
        self.nodes[name] = self.stack.enter_context(serving("sipande-node", folder, "--tanpa-otomatis"))
        say(f"Simpul {name} {self.nodes[name].address} (pid {self.nodes[name].process.pid})")

    def enrol(self, name: str) -> None:
        """Open a slot, type the code at the node, compare the six words, confirm."""
        code = run_command("sipande-hub", self.hub_folder, "slot", NODES[name], "--alamat", self.hub.address)["kode"]
        answer = run_command("sipande-node", self.node_folder(name), "enrol", code)
        waiting = run_command("sipande-hub", self.hub_folder, "calon")["calon"]
        words = next(item["kata"] for item in waiting if item["simpul"] == answer["simpul"])
        assert words == answer["kata"], "enam kata berbeda"
        run_command("sipande-hub", self.hub_folder, "setujui", answer["simpul"], "--kata", words)

    def first_login(self, server: Server, key: str, nama: str, jabatan: str) -> Person:
        """Make the first account through the page and its one-time code, and log in."""
        account = Account("admin", "-".join(secrets.token_hex(3) for _ in range(4)))
        person = Person(server.address)
        person.post(
            "/mulai", "/mulai", kode=server.first_code, nama=nama, jabatan=jabatan, nama_pengguna=account.name,
            kata_sandi=account.password, kata_sandi_ulang=account.password,
        )
        self.accounts[key] = account
        return person

    def log_in(self, server: Server, account: Account) -> Person:
        person = Person(server.address)
        person.post("/masuk", "/masuk", nama_pengguna=account.name, kata_sandi=account.password)
        return person

    def write_sheet(self, name: str, faults: int) -> Path:
        """Write the spreadsheet of a village in one of the layouts that villages have."""
        layout = LAYOUTS[name]
        sheet = render_sheet(generate_village(NODES[name], self.sizes[name], self.seed), layout)
        if faults:
            self.faults = plant_faults(sheet, faults)
        path = self.folder / f"{name}.{layout.format.value}"
        write_sheet(sheet, path)
        return path

    def node(self, name: str, *args: str) -> dict[str, Any]:
        return run_command("sipande-node", self.node_folder(name), *args)

    def hub_command(self, *args: str, fails: bool = False) -> dict[str, Any]:
        return run_command("sipande-hub", self.hub_folder, *args, fails=fails)

    def sync(self, *names: str) -> None:
        for name in names or self.nodes:
            answer = self.node(name, "sync")
            assert answer["hasil"] == "selesai", (name, answer)

    def people(self, name: str, where: str = "1", limit: int = 50) -> list[dict[str, Any]]:
        """Find residents of a node's desa to play with, oldest records first."""
        sql = f"SELECT * FROM penduduk WHERE desa = ? AND {where} ORDER BY id LIMIT {int(limit)}"
        return read_rows(self.node_folder(name), sql, NODES[name])

    def close(self, *, keep: bool) -> None:
        self.stack.close()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
