"""What the tests of the node's pages share: a small village behind its app, and a browser."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from node.app import make_node_app
from node.change import write_drafts
from node.commands import add_petugas, make_node
from node.roles import ROLES
from node.services import NodeServices
from shared.store.drafts import draft_create, draft_update
from shared.store.records import load_state
from shared.surat.cetakan import Cetakan, write_cetakan
from shared.web.factory import make_accounts
from shared.web.passwords import Cost
from tests.support.federation import DESA, Federation, TestClock, seeded

CHEAP = Cost(memory_kib=32, rounds=1)
PASSWORD = "kuda lumping di sawah"
NIK = "3303990101800001"
NIK_ISTRI = "3303994506820002"
NIK_LUAR = "3303990303850007"
NO_KK = "3303990101100001"
JENIS = "keterangan-usaha"
EMPTY: Cetakan = {
    "format": 1, "jenis": "", "judul": "Surat", "nomor": "001/2026", "kertas": "F4", "mengetahui_camat": False,
    "kop": {"kode": "", "kabupaten": "", "kecamatan": "", "desa": "", "alamat": "", "telepon": "", "email": ""},
    "bagian": [{"jenis": "paragraf", "teks": "Menerangkan"}], "nama": "", "tempat": "", "tanggal": "2026-09-21",
    "berlaku_sampai": "", "tanda_tangan": {"cara": "langsung", "jabatan": [], "nama": "", "nip": ""},
}


@dataclass
class Desa:
    """One open node with two families, an admin and an operator."""

    node: NodeServices
    clock: TestClock
    app: Flask
    petugas: dict[str, str] = field(default_factory=dict)
    dusun: str = ""
    keluarga: str = ""
    ayah: str = ""
    ibu: str = ""
    anak: str = ""
    lajang: str = ""
    program: str = ""
    penerima: str = ""
    peristiwa: str = ""
    perangkat: str = ""
    konsep: str = ""
    surat: str = ""
    surat_masuk: str = ""

    def write(self, kind: str, **values: Any) -> str:
        """Create a record; return its id."""
        id = self.node.new_id()
        write_drafts(
            self.node, [draft_create(self.node.catalogue[kind], id, values)], author=self.petugas["siti"]
        )
        return id

    def change(self, kind: str, id: str, **values: Any) -> None:
        """Change a record as somebody else would."""
        spec = self.node.catalogue[kind]
        with self.node.database.write() as conn:
            draft = draft_update(spec, load_state(conn, self.node.catalogue, spec, DESA, id), id, values)
            assert draft is not None
            write_drafts(self.node, [draft], author=self.petugas["budi"])

    def value(self, kind: str, id: str, name: str) -> Any:
        with self.node.database.read() as conn:
            row = conn.execute(f"SELECT {name} FROM {kind} WHERE id = ?", (id,)).fetchone()
        return None if row is None else row[0]

    def count(self, sql: str, *args: Any) -> int:
        with self.node.database.read() as conn:
            return int(conn.execute(sql, args).fetchone()[0])

    def browser(self, name: str | None = "siti") -> Browser:
        """Open a browser, logged in as somebody or as nobody."""
        browser = Browser(self.app.test_client())
        if name is not None:
            browser.get("/masuk")
            answer = browser.post("/masuk", nama_pengguna=name, kata_sandi=PASSWORD)
            assert answer.status_code == 303
        return browser


@dataclass
class Browser:
    """A test client that hands on the CSRF token of the last page."""

    client: FlaskClient
    token: str = ""

    def get(self, path: str) -> TestResponse:
        answer = self.client.get(path)
        self._learn(answer)
        return answer

    def post(self, path: str, data: Mapping[str, Any] | None = None, **fields: Any) -> TestResponse:
        answer = self.client.post(path, data={"csrf_token": self.token, **(data or {}), **fields})
        self._learn(answer)
        return answer

    def follow(self, answer: TestResponse) -> TestResponse:
        """Go where a 303 leads."""
        assert answer.status_code == 303, (answer.status_code, read_text(answer)[-600:])
        return self.get(answer.headers["Location"])

    def _learn(self, answer: TestResponse) -> None:
        if answer.mimetype == "text/html":
            found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
            if found:
                self.token = unescape(found[1])


def make_desa(folder: Path) -> Desa:
    """Make the village of the tests."""
    clock, random = TestClock(), seeded("halaman")
    node = make_node(folder, DESA, "Kantor", clock, random)
    desa = Desa(node, clock, make_node_app(node, CHEAP))
    accounts = make_accounts(node.folder, node.database, clock, random, ROLES, None, CHEAP)
    for name, role in (("siti", "admin"), ("budi", "operator")):
        prepared = accounts.prepare(name, PASSWORD, role)
        with node.database.write() as conn:
            desa.petugas[name] = add_petugas(node, f"{name.title()} Petugas", "Staf", role)
            accounts.add(conn, name, prepared, role, desa.petugas[name], "uji")
    desa.dusun = desa.write("dusun", nama="KARANGSARI")
    address = {"alamat": "JL. MAWAR", "dusun": desa.dusun, "rw": "001", "rt": "002"}
    desa.keluarga = desa.write("keluarga", no_kk=NO_KK, **address)
    family = {"keluarga": desa.keluarga, "status_dasar": 1, **address}
    desa.ayah = desa.write(
        "penduduk", nik=NIK, nama="KREYO SANTOSO", jenis_kelamin=1, tanggal_lahir="1980-01-01",
        tempat_lahir="PURBALINGGA", hubungan=1, status_kawin=2, **family,
    )
    desa.ibu = desa.write(
        "penduduk",
        nik=NIK_ISTRI,
        nama="SITI AMINAH",
        jenis_kelamin=2,
        tanggal_lahir="1982-06-05",
        hubungan=3,
        **family,
    )
    desa.anak = desa.write(
        "penduduk", nama="ANDI SANTOSO", jenis_kelamin=1, tanggal_lahir="2015-03-04", hubungan=4, **family
    )
    desa.lajang = desa.write(
        "penduduk", nama="WATI LESTARI", jenis_kelamin=2, tanggal_lahir="1950-02-02", status_dasar=1
    )
    desa.program = desa.write("program_bantuan", nama="BLT Desa", sasaran=2, kuota=10)
    return desa


def fill_desa(made: Desa) -> None:
    """Put one of everything into the village that has a page of its own."""
    made.penerima = made.write(
        "penerima_bantuan", program=made.program, keluarga=made.keluarga, periode="2026", status="aktif"
    )
    made.peristiwa = made.write(
        "peristiwa", jenis="hilang", penduduk=made.lajang, tanggal_peristiwa="2026-09-01", tanggal_lapor="2026-09-02"
    )
    made.change("penduduk", made.lajang, status_dasar=4, tanggal_status="2026-09-01", peristiwa=made.peristiwa)
    made.perangkat = made.write("perangkat", nama="PARTO KARYO", jabatan="kades", mulai="2022-01-01")
    made.konsep = made.write("konsep_surat", jenis=JENIS, pemohon=made.ayah, status="konsep")
    made.write("konsep_surat", jenis=JENIS, pemohon=made.lajang, status="dikembalikan", catatan="Periksa lagi")
    made.write("konsep_surat", jenis=JENIS, nama="SLAMET RIYADI", nik=NIK_LUAR, status="konsep")
    text = f"Menerangkan bahwa SLAMET RIYADI (NIK {NIK_LUAR}), benar."
    cetakan = write_cetakan({**EMPTY, "jenis": JENIS, "bagian": [{"jenis": "paragraf", "teks": text}]})
    made.surat = made.write(
        "surat", nomor="001/2026", urut=1, tahun=2026, jenis=JENIS, judul="Surat", tanggal="2026-09-21",
        nama="KREYO SANTOSO", penduduk=made.ayah, cetakan=cetakan,
    )
    made.surat_masuk = made.write("surat_masuk", tanggal_terima="2026-09-21", pengirim="Camat", isi_singkat="Undangan")


def both(dunia: Federation) -> tuple[NodeServices, NodeServices]:
    """Give the two computers of the fixture ``dunia``."""
    return dunia.nodes["kantor"], dunia.nodes["laptop"]


def read_text(answer: TestResponse) -> str:
    """Give what a person reads on a page: no tags, no attributes but those that are read out."""
    html = re.sub(r"<(script|style)\b.*?</\1>", " ", answer.text, flags=re.S)
    spoken = re.findall(r'(?:placeholder|aria-label|title|alt)="([^"]*)"', html)
    return unescape(" ".join([re.sub(r"<[^>]+>", " ", html), *spoken]))


def read_form(answer: TestResponse, action: str) -> dict[str, str]:
    """Read the fields of the form with an action as a browser would send them back."""
    found = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', answer.text, re.S)
    assert found, f"no form for {action}"
    fields: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", found[1]):
        name, kind = re.search(r'name="([^"]+)"', tag), re.search(r'type="([^"]+)"', tag)
        if name and (kind is None or kind[1] not in ("checkbox", "radio") or "checked" in tag):
            value = re.search(r'value="([^"]*)"', tag)
            fields[name[1]] = unescape(value[1]) if value else ""
    for name, inner in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', found[1], re.S):
        chosen = re.search(r'<option value="([^"]*)" selected>', inner)
        fields[name] = unescape(chosen[1]) if chosen else ""
    for name, inner in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', found[1], re.S):
        fields[name] = unescape(inner).removeprefix("\n")
    fields.pop("csrf_token", None)
    return fields
