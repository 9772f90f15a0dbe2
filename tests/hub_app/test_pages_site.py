"""A small hub with invented villages for the tests of its pages; who may open what; what no page may say."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from random import Random
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub.app import make_hub_app
from hub.change import current_log, write_common
from hub.commands import add_petugas, make_hub
from hub.services import HubServices
from hub.verval import findings
from hub.verval.cases import list_findings, update_cases
from hub.verval.queue import write_url_id
from shared.changelog.keys import SigningKey
from shared.merge.scope import Role
from shared.store.changes import Log, Receipt, add_log, add_receipt, append, find_log
from shared.store.drafts import Draft, draft_create, draft_update, seal_drafts
from shared.store.records import Projector, load_state
from shared.web.passwords import Cost
from shared.web.services import Web

HUB = "33.03.04"
KREO, LAIN = "33.03.04.2006", "33.03.04.2001"
PASSWORD = "kuda lumping di tengah sawah"
CHEAP = Cost(memory_kib=32, rounds=1)
SITI, BUDI, TARI, HARTONO = "siti.aminah", "budi", "tari", "hartono"


class FakeClock:
    """A clock that only a test moves."""

    now = 1_790_000_000

    def now_s(self) -> int:
        return self.now

    def monotonic_s(self) -> float:
        return float(self.now)


class HubSite:
    """One hub, its app and the logs of invented nodes that it holds."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.random = Random("halaman").randbytes
        self.hub, _ = make_hub(folder / "hub", HUB, self.clock, self.random, is_practice=True)
        self.app: Flask = make_hub_app(self.hub, CHEAP)
        self.app.testing = False
        self.petugas: dict[str, str] = {}

    @property
    def services(self) -> HubServices:
        return self.hub

    def add_account(self, name: str, nama: str, role: str) -> None:
        """Add a person with an account."""
        shell: Web = self.app.extensions["sipande"]
        prepared = shell.accounts.prepare(name, PASSWORD, role)
        with self.hub.database.write() as conn:
            self.petugas[name] = add_petugas(self.hub, nama, "", role)
            shell.accounts.add(conn, name, prepared, role, self.petugas[name], "uji")

    def add_node(self, desa: str, nama: str) -> Log:
        """Enrol an invented node and open its log, with one petugas who writes in it."""
        key = SigningKey.generate(self.random).public
        values = {"wilayah": desa, "kunci": key.hex(), "segel": "0" * 64, "nama": nama, "status": "aktif"}
        draft = draft_create(self.hub.catalogue["simpul"], self.hub.new_id(), values)
        write_common(self.hub, [draft], author="")
        with self.hub.database.write() as conn:
            current_log(self.hub, conn, desa, Role.SALURAN)
            id = self.random(16).hex()
            return add_log(
                conn, id=id, origin=f"uji/{id}", wilayah=desa, peran=Role.DESA, kunci=key, own=False
            )

    def deliver(self, log: Log, drafts: Sequence[Draft], author: str = "", cases: bool = True) -> None:
        """Let a node write and hand over, with a receipt."""
        with self.hub.database.write() as conn:
            present = find_log(conn, log.id)
            assert present is not None
            batch = seal_drafts(
                present, drafts, author=author, time_s=self.clock.now - 3600, random=self.random
            )
            grown = append(conn, present, batch.changes, batch.headers, batch.leaves)
            add_receipt(conn, grown, Receipt(grown.size, self.clock.now, b""))
            Projector(conn, self.hub.catalogue, findings.observe).project(batch.entries)
        if cases:
            update_cases(self.hub)

    def create(self, log: Log, kind: str, author: str = "", cases: bool = True, **values: Any) -> str:
        """Create one record in a node's log; return its id."""
        id = self.hub.new_id()
        self.deliver(log, [draft_create(self.hub.catalogue[kind], id, values)], author, cases)
        return id

    def draft_change(self, desa: str, kind: str, record: str, **changed: Any) -> Draft:
        """Write a change of a record as somebody would who has seen all that is here now."""
        own = self.hub.catalogue[kind]
        with self.hub.database.read() as conn:
            state = load_state(conn, self.hub.catalogue, own, desa, record)
        draft = draft_update(own, state, record, changed)
        assert draft is not None
        return draft

    def finding(self, kode: str) -> str:
        """Give the id of the only finding of a code."""
        with self.hub.database.read() as conn:
            found = list_findings(conn, kode=kode)
        assert len(found) == 1, [item.ringkasan for item in found]
        return found[0].id

    def client(self, name: str | None = None) -> FlaskClient:
        """Give a browser, logged in or not."""
        client = self.app.test_client()
        if name is not None:
            form = {"nama_pengguna": name, "kata_sandi": PASSWORD}
            assert send(client, "/masuk", form, page="/masuk").status_code == 303
        return client

    def close(self) -> None:
        self.hub.close()


def send(client: FlaskClient, path: str, form: Mapping[str, Any], page: str = "/") -> Any:
    """Send a form with the token of a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    assert found, page
    return client.post(path, data={"csrf_token": found[1], **form})


def hidden(page: str, name: str) -> list[str]:
    """Read the values of a hidden field of a page."""
    return re.findall(rf'<input type="hidden" name="{name}" value="([^"]*)"', page)


@dataclass(frozen=True)
class Villages:
    """Two invented desa: what of them the tests ask for, as record ids."""

    kantor: Log
    laptop: Log
    lain: Log
    kepala: str
    contested: str
    alamat: str
    program: str


NIK_KEMBAR, NIK_LAMA, NIK_A, NIK_B = (
    "3303990101900001", "3303991202910002", "3303991202910003", "3303991202910004",
)


def make_villages(site: HubSite) -> Villages:
    """Fill a hub: V1 with identity, V1 without, V2 with aid, V5, V6, and residents of all ages."""
    kantor, laptop = site.add_node(KREO, "PC kantor"), site.add_node(KREO, "Laptop lapangan")
    lain = site.add_node(LAIN, "PC balai desa")
    operator = site.create(kantor, "petugas", nama="Wagiman", peran="operator", aktif=True, cases=False)
    keluarga = site.create(kantor, "keluarga", no_kk="3303990101200001", rw="001", rt="002", cases=False)
    born: dict[str, Any] = {"jenis_kelamin": 1, "tanggal_lahir": "1990-01-01", "status_dasar": 1}
    kepala = site.create(
        kantor, "penduduk", operator, False, nama="Sarjono", nik=NIK_KEMBAR, keluarga=keluarga, hubungan=1,
        **born,
    )
    other = site.create(lain, "penduduk", cases=False, nama="Sarjono B", nik=NIK_KEMBAR, **born)
    contested = site.create(
        kantor, "penduduk", operator, False, nama="Tukiyem", nik=NIK_LAMA, keluarga=keluarga, hubungan=3,
        tanggal_lahir="1991-02-12", jenis_kelamin=1, pekerjaan=1,
    )
    alamat = site.create(
        kantor, "penduduk", operator, False, nama="Paijo", alamat="Jalan Lama", keluarga=keluarga, hubungan=4,
        tanggal_lahir="2020-05-05", jenis_kelamin=1,
    )
    site.create(lain, "penduduk", cases=False, nama="Ngatini", jenis_kelamin=2)
    site.create(lain, "penduduk", cases=False, nama="Tanpa Lahir", status_dasar=2)
    site.create(lain, "penduduk", cases=False, nama="Nomor Salah", nik="12", tanggal_lahir="1950-03-03")
    program = site.hub.new_id()
    values = {"nama": "Bantuan Uji", "sasaran": 1, "kuota": 10, "mulai": "2026-01-01"}
    draft = draft_create(site.hub.catalogue["program_bantuan"], program, values)
    write_common(site.hub, [draft], author=site.petugas[SITI])
    for log, person, status in ((kantor, kepala, "aktif"), (lain, other, "usulan")):
        site.create(
            log, "penerima_bantuan", "", False, program=program, periode="2026", status=status,
            penduduk=person,
        )
    drafts = [
        (site.draft_change(KREO, "penduduk", contested, nik=NIK_A, pekerjaan=5),
         site.draft_change(KREO, "penduduk", contested, nik=NIK_B, pekerjaan=9)),
        (site.draft_change(KREO, "penduduk", alamat, alamat="Jalan Mawar"),
         site.draft_change(KREO, "penduduk", alamat, alamat="Jalan Melati")),
    ]
    site.deliver(kantor, [pair[0] for pair in drafts], operator)
    site.deliver(laptop, [pair[1] for pair in drafts], operator)
    return Villages(kantor, laptop, lain, kepala, contested, alamat, program)


def make_site(folder: Path) -> HubSite:
    """Make a hub with an admin, two wali data and a camat."""
    site = HubSite(folder)
    site.add_account(SITI, "Siti Aminah", "admin")
    site.add_account(BUDI, "Budi Santoso", "wali_data")
    site.add_account(TARI, "Tari Lestari", "wali_data")
    site.add_account(HARTONO, "Hartono Wibowo", "camat")
    return site


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[HubSite, Villages]]:
    site = make_site(tmp_path_factory.mktemp("hub"))
    yield site, make_villages(site)
    site.close()


NOBODY = "01990000-0000-7000-8000-00000000000f"
ROUTES = (
    # path, anonymous, camat, wali data, admin
    ("/", 303, 200, 200, 200), ("/verval", 303, 200, 200, 200), ("/sipande", 303, 200, 200, 200),
    ("/sipande/penduduk", 303, 200, 200, 200), ("/sipande/keluarga", 303, 200, 200, 200),
    ("/sipande/penerima", 303, 200, 200, 200), ("/sipande/sasaran", 303, 200, 200, 200),
    ("/publik", 200, 200, 200, 200), ("/program", 303, 200, 200, 200), ("/program/baru", 303, 403, 200, 200),
    ("/program/{program}", 303, 200, 200, 200), ("/program/{program}/ubah", 303, 403, 200, 200),
    ("/program/{program}/akhiri", 303, 403, 200, 200), ("/verval/{temuan}", 303, 200, 200, 200),
    ("/simpul", 303, 403, 200, 200), ("/simpul/desa/33.03.04.2006", 303, 403, 200, 200),
    ("/simpul/desa/x", 303, 403, 404, 404), ("/simpul/pendaftaran", 303, 403, 403, 200),
    ("/simpul/pendaftaran/x", 303, 403, 403, 303), ("/simpul/calon/x/tolak", 303, 403, 403, 303),
    ("/akun/", 303, 403, 403, 200), ("/akun/9", 303, 403, 403, 404), ("/akses", 303, 403, 403, 200),
    ("/saksi", 303, 403, 403, 200),
    ("/keamanan", 303, 403, 403, 200), ("/keamanan/karantina", 303, 403, 403, 200),
    ("/keamanan/simpul/x", 303, 403, 403, 404), ("/keamanan/periksa", 303, 403, 403, 200),
    ("/penghapusan", 303, 200, 200, 200), ("/penghapusan/data/33.03.04.2006/x/{uuid}", 303, 404, 404, 404),
    ("/penghapusan/usulan/{uuid}", 303, 404, 404, 404),
    ("/lampid/", 303, 200, 200, 200), ("/lampid/2026-08/33.03.04.2006", 303, 200, 200, 200),
    ("/lampid/2026-08/nama", 303, 404, 404, 404), ("/lampid/pindahan", 303, 200, 200, 200),
    ("/verval/" + "0" * 64, 303, 404, 404, 404), ("/program/tidak-ada", 303, 404, 404, 404),
    ("/program/tidak-ada/ubah", 303, 403, 404, 404),
)


@pytest.mark.parametrize(("path", "nobody", "camat", "wali", "admin"), ROUTES)
def test_each_page_opens_for_those_whom_its_guard_names(
    filled: tuple[HubSite, Villages], path: str, nobody: int, camat: int, wali: int, admin: int
) -> None:
    site, villages = filled
    address = path.format(program=villages.program, temuan=write_url_id(site.finding("V2")), uuid=NOBODY)
    for who, status in ((None, nobody), (HARTONO, camat), (BUDI, wali), (SITI, admin)):
        assert site.client(who).get(address).status_code == status, who


def test_every_get_route_of_the_pages_is_in_the_table(filled: tuple[HubSite, Villages]) -> None:
    site, _ = filled
    rules = {
        re.sub(r"<[^>]+>", "*", rule.rule)
        for rule in site.app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.endpoint.partition(".")[0] in OWN
    }
    listed = {re.sub(r"{[^}]+}|0{64}|tidak-ada|2026-08|33[0-9.]+|(?<=/)[x9](?=/|$)", "*", path) for path, *_ in ROUTES}
    assert rules == listed


OWN = (
    "beranda", "verval", "sipande", "program", "simpul", "pendaftaran", "pengguna", "pemulihan", "periksa", "akses",
    "saksi", "penghapusan", "lampid",
)
ALL, DESK, ADMIN = (HARTONO, BUDI, SITI), (BUDI, SITI), (SITI,)
FORMS = (
    # path, who may send it
    ("/verval/saring", ALL), ("/verval/{temuan}/pilih", ALL), ("/verval/{temuan}/tautkan", ALL),
    ("/verval/{temuan}/bukan-ganda", ALL), ("/verval/{temuan}/benar", ALL), ("/verval/{temuan}/nomor", ALL),
    ("/verval/{temuan}/camat/kembali", ALL), ("/verval/{temuan}/camat", DESK),
    ("/verval/{temuan}/kembalikan", DESK), ("/verval/{temuan}/kerjakan", DESK), ("/verval/{temuan}/lepas", DESK),
    ("/verval/{temuan}/tautan/x/batal", DESK),
    ("/program/baru", DESK), ("/program/{program}/ubah", DESK), ("/program/{program}/akhiri", DESK),
    ("/sipande/sasaran", DESK), ("/simpul/pendaftaran", ADMIN), ("/simpul/pendaftaran/x/tarik", ADMIN),
    ("/simpul/calon/x/setujui", ADMIN), ("/simpul/calon/x/tolak", ADMIN),
    ("/akun/", ADMIN), ("/akun/9/aktif", ADMIN), ("/akun/9/kode", ADMIN), ("/akun/9/peran", ADMIN),
    ("/akun/9/kode-hp", ADMIN), ("/akun/9/perangkat/9", ADMIN), ("/akses/periksa", ADMIN), ("/akses/ekspor", ADMIN),
    ("/saksi/x/lupakan", ADMIN), ("/keamanan/simpul/x", ADMIN), ("/keamanan/simpul/x/pulihkan", ADMIN),
    ("/keamanan/karantina", ADMIN),
    ("/penghapusan/data/33.03.04.2006/x/{uuid}", ALL), ("/penghapusan/usulan/{uuid}/setujui", ALL),
    ("/penghapusan/usulan/{uuid}/tolak", ALL), ("/penghapusan/susulan", ALL),
    ("/keamanan/kunci", ADMIN), ("/keamanan/kunci/pemulihan", ADMIN), ("/keamanan/periksa", ADMIN),
    ("/keamanan/pemulihan/selesai", ADMIN), ("/lampid/2026-08/33.03.04.2006", ALL),
    ("/lampid/2026-08/33.03.04.2006/kunci", (HARTONO, SITI)),
)
POSTS = tuple(path for path, _ in FORMS)


def test_every_form_of_the_pages_is_in_the_table(filled: tuple[HubSite, Villages]) -> None:
    site, _ = filled
    rules = {
        re.sub(r"<[^>]+>", "*", rule.rule)
        for rule in site.app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and rule.endpoint.partition(".")[0] in OWN
    }
    assert rules == {re.sub(r"{[^}]+}|2026-08|33[0-9.]+|(?<=/)[x9](?=/|$)", "*", path) for path in POSTS}


@pytest.mark.parametrize(("path", "admitted"), FORMS)
def test_each_form_is_taken_from_those_whom_its_guard_names(
    filled: tuple[HubSite, Villages], path: str, admitted: tuple[str, ...]
) -> None:
    site, villages = filled
    # A case that is not there: who is let in is told so, and nothing changes for the other tests.
    address = path.format(program=villages.program, temuan="0" * 64, uuid=NOBODY)
    for who in (HARTONO, BUDI, SITI):
        status = send(site.client(who), address, {}).status_code
        assert (status == 403) is (who not in admitted), (who, status)


@pytest.mark.parametrize("path", POSTS)
def test_a_form_without_token_changes_nothing(filled: tuple[HubSite, Villages], path: str) -> None:
    site, villages = filled
    address = path.format(program=villages.program, temuan=site.finding("V2"), uuid=NOBODY)
    before = site.hub.database.generation
    assert site.client().post(address).status_code in (303, 400, 401)
    client = site.client(SITI)
    after_login = site.hub.database.generation
    assert client.post(address).status_code == 400
    assert site.hub.database.generation == after_login > before


def crawl(site: HubSite, who: str | None, start: str) -> dict[str, str]:
    """Open every page that a person can reach by links; address → text."""
    client = site.client(who)
    seen: dict[str, str] = {}
    waiting = [start]
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        answer = client.get(address)
        assert answer.status_code == 200, address
        seen[address] = answer.text
        links = re.findall(r'<a[^>]* href="(/[^"#]*)', answer.text)
        waiting += [unescape(link) for link in links if not link.startswith("/aset/")]
    return seen


ENGLISH = re.compile(
    r"\b(the|and|or|of|with|from|list|edit|save|delete|cancel|search|filter|next|previous|page|open|close|"
    r"submit|login|logout|home|user|password|name|role|active|pending|conflict|version|error|null|none|true|"
    r"false|undefined|total rows|loading|upload|download|settings)\b",
    re.IGNORECASE,
)


def test_no_page_says_an_english_word(filled: tuple[HubSite, Villages]) -> None:
    site, _ = filled
    pages = crawl(site, SITI, "/")
    assert len(pages) > 40
    for address, page in pages.items():
        text = unescape(re.sub(r"<(style|script|head)\b.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL))
        # What a person types is named with the folder of this hub, and that is where the tests put it.
        found = ENGLISH.search(text.replace(str(site.hub.folder.path), ""))
        assert found is None, (address, found)


def test_no_number_of_a_person_stands_in_an_address_a_page_or_a_log(
    filled: tuple[HubSite, Villages], caplog: pytest.LogCaptureFixture
) -> None:
    site, _ = filled
    with caplog.at_level(logging.DEBUG):
        pages = crawl(site, SITI, "/")
    for address, page in pages.items():
        assert not re.search(r"[0-9]{16}", address)
        for number in (NIK_KEMBAR, NIK_LAMA, NIK_A, NIK_B, "3303990101200001"):
            assert number not in page, address
    assert not re.search(r"[0-9]{16}", caplog.text)
    assert "Sarjono" not in caplog.text


def test_pages_carry_no_script_and_no_style_of_their_own(filled: tuple[HubSite, Villages]) -> None:
    site, _ = filled
    for address, page in crawl(site, SITI, "/").items():
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=", page), address


def test_every_form_field_has_a_label(filled: tuple[HubSite, Villages]) -> None:
    site, _ = filled
    for address, page in crawl(site, SITI, "/").items():
        ids = re.findall(r'<(?:input|select|textarea)[^>]* id="([^"]+)"', page)
        for id in ids:
            assert f'for="{id}"' in page, (address, id)
        every = re.findall(r' id="([^"]+)"', page)
        assert len(set(every)) == len(every), address


def test_the_first_page_counts_people_families_and_cases(filled: tuple[HubSite, Villages]) -> None:
    site, _ = filled
    page = site.client(BUDI).get("/").text
    assert "<strong>6</strong> penduduk" in page and "<strong>1</strong> keluarga" in page
    assert "Belum punya komputer" in page and "tidak menghubungi kecamatan" in page
