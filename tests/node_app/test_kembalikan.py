"""Data come back out of a backup while the village's server runs, and what is said before anything closes."""

from __future__ import annotations

import io
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from node.commands import make_node
from node.services import open_node
from shared.changelog.keys import load_keys
from shared.clock import SystemClock
from shared.store.backup.kode import make_code, read_code
from shared.store.backup.make import back_up
from shared.store.backup.state import adopt_code
from shared.store.side import KEY_FILE
from shared.web.audit import verify_audit
from tests.node_app.test_pages_kit import PASSWORD, Desa, read_text
from tests.support.federation import Federation, seeded
from tests.support.kembalikan import CODE, await_end, list_asides, log_in, names, open_form, send
from tests.support.kembalikan_desa import NAME, add_account, make_village, open_office, serve, write_person
from tests.support.screen import Screen


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return make_village(tmp_path / "desa")


@pytest.fixture
def screen(backup: Path, tmp_path: Path) -> Iterator[Screen]:
    yield from serve(tmp_path / "desa")


# It comes about ----------------------------------------------------------------------------------------------------


def test_the_data_of_then_answer_under_the_same_keys_and_nothing_is_lost(screen: Screen) -> None:
    before = load_keys(screen.folder.keys / KEY_FILE).publics()
    log_in(screen)
    token = open_form(screen)
    page = screen.get("/cadangan/pulihkan")
    assert "Dibuat 21-09-2026 12.00 WIB" in read_text(page) and "belum terdaftar" in read_text(page)
    answer = send(screen, berkas=token)
    assert answer.status_code == 303 and answer.headers["Location"] == "/cadangan"
    assert await_end(screen).headers["Location"].startswith("/masuk")
    login = read_text(screen.get("/masuk"))
    assert "dikembalikan dari cadangan" in login and "kata sandi yang berlaku saat itu" in login
    assert "Waktu masuk Anda sudah habis" not in login
    log_in(screen)
    page = screen.get("/penduduk/")
    assert "WATI" in page.text and "SESUDAH" not in page.text
    told = read_text(screen.get("/cadangan"))
    assert "sudah dipulihkan" in told and "Kunci komputer ini masih ada" in told
    (aside,) = list_asides(screen.folder)
    assert aside in told and names(screen.folder.path / aside) == {"WATI", "SESUDAH"}
    assert load_keys(screen.folder.keys / KEY_FILE).publics() == before
    with closing(sqlite3.connect(screen.folder.database)) as conn:
        rows = conn.execute("SELECT account, detail FROM access_audit WHERE action = 'data_dipulihkan'").fetchall()
        assert len(rows) == 1 and rows[0][0] == "siti" and "WIB" in rows[0][1] and verify_audit(conn).is_intact
    budi = screen.open_browser()
    budi.get("/masuk")
    assert budi.post("/masuk", nama_pengguna="budi", kata_sandi=PASSWORD).status_code == 303
    assert "Kunci komputer ini masih ada" not in read_text(budi.get("/cadangan"))


def test_it_can_be_done_twice_and_the_data_are_written_on_in_a_new_log(screen: Screen) -> None:
    for _ in range(2):
        log_in(screen)
        send(screen, berkas=open_form(screen))
        await_end(screen)
    log_in(screen)
    screen.get("/keluarga/dusun")
    assert screen.post("/keluarga/dusun", nama="TAMBAHAN").status_code == 303
    assert len(list_asides(screen.folder)) == 2


def test_an_uploaded_file_goes_back_too_and_leaves_nothing_behind(screen: Screen, backup: Path) -> None:
    content = backup.read_bytes()
    backup.rename(backup.with_name("lain"))
    log_in(screen)
    screen.get("/cadangan")
    page = screen.browser.follow(screen.post("/cadangan/pulihkan/mulai"))
    assert "Stik belum terlihat?" in read_text(page)
    send(screen, unggahan=(io.BytesIO(content), NAME))
    await_end(screen)
    assert names(screen.folder.path) == {"WATI"} and not list(screen.folder.path.glob("unggahan-*"))


@pytest.fixture
def federation(tmp_path: Path) -> Iterator[Federation]:
    made = Federation(tmp_path)
    yield made
    made.close()


def test_what_was_sent_comes_back_with_the_next_sync(
    federation: Federation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.server.SystemClock", lambda: federation.clock)
    node = federation.add_node("a")
    add_account(node, "siti", "admin")
    write_person(node, "WATI")
    federation.sync(federation.nodes["a"])
    with node.database.write() as conn:
        adopt_code(conn, read_code(CODE).public, 1)
    (tmp_path / "a-cadangan").mkdir()
    back_up(node, tmp_path / "a-cadangan" / NAME, 0)
    write_person(node, "TERKIRIM")
    federation.sync(federation.nodes["a"])
    write_person(node, "BELUM")
    federation.nodes.pop("a").close()
    screen = open_office(node.folder.path)
    log_in(screen)
    token = open_form(screen)
    assert "1 perubahan belum terkirim" in read_text(screen.get("/cadangan/pulihkan"))
    send(screen, berkas=token)
    await_end(screen)
    screen.office.close()
    screen.folder.unlock()
    (aside,) = list_asides(screen.folder)
    assert names(screen.folder.path) == {"WATI"} and "BELUM" in names(screen.folder.path / aside)
    federation.nodes["a"] = open_node(screen.folder.path, clock=federation.clock, random=seeded("lagi"))
    federation.sync(federation.nodes["a"])
    assert names(screen.folder.path) == {"WATI", "TERKIRIM"}


def test_a_backup_without_an_account_says_the_code_for_the_first_on_the_console(tmp_path: Path) -> None:
    make_village(tmp_path / "desa", with_account=False)
    screen = open_office(tmp_path / "desa")
    log_in(screen)
    send(screen, berkas=open_form(screen))
    await_end(screen)
    assert "Di cadangan ini belum ada akun" in screen.said[-1]
    assert screen.browser.follow(screen.get("/masuk")).status_code == 200
    account = {"nama": "Siti", "jabatan": "", "nama_pengguna": "siti", "kata_sandi": PASSWORD}
    done = screen.post("/mulai", kode=screen.code, kata_sandi_ulang=PASSWORD, **account)
    assert done.headers["Location"] == "/"
    screen.office.close()
    screen.folder.unlock()


def test_a_backup_of_another_computer_of_the_desa_is_asked_about(screen: Screen, tmp_path: Path) -> None:
    other = make_village(tmp_path / "lain").read_bytes()
    before = load_keys(screen.folder.keys / KEY_FILE).publics()
    log_in(screen)
    open_form(screen)
    page = send(screen, unggahan=(io.BytesIO(other), "lain.cadangan"))
    assert page.status_code == 400 and "dibuat komputer lain" in read_text(page)
    token = re.findall(r'name="berkas" value="([0-9a-f]{16})" checked', page.text)[0]
    assert "lain.cadangan (baru saja diunggah)" in read_text(page), "nothing is sent twice"
    send(screen, berkas=token, kunci_baru="ya")
    await_end(screen)
    log_in(screen)
    assert "memakai kunci baru" in read_text(screen.get("/cadangan"))
    assert not set(load_keys(screen.folder.keys / KEY_FILE).publics()) & set(before)
    (aside,) = list_asides(screen.folder)
    assert load_keys(screen.folder.path / aside / "kunci" / KEY_FILE).publics() == before
    assert not list(screen.folder.path.glob("unggahan-*"))


# What is wrong is said before anything closes ----------------------------------------------------------------------


def test_what_was_chosen_or_typed_wrong_is_said_and_the_rest_stays(screen: Screen, backup: Path) -> None:
    log_in(screen)
    token, app = open_form(screen), screen.switch.app
    content = backup.read_bytes()
    hub = content.replace(b'"sisi":"desa"', b'"sisi":"hub"', 1)
    for fields, words in (
        ({"kode": ""}, "tersegel"), ({"kode": "AAAA-1"}, "seharusnya 28"), ({"mengerti": None}, "Centang dulu"),
        ({"kode": make_code(seeded("lain"))}, "bukan kode untuk"), ({"berkas": ""}, "Pilih dulu"),
        ({"unggahan": (io.BytesIO(hub), "hub.cadangan")}, "hub kecamatan"),
        ({"unggahan": (io.BytesIO(b"PK"), "surat.docx")}, "bukan cadangan"),
        ({"unggahan": (io.BytesIO(content[:400]), "x.cadangan")}, "terpotong"),
    ):
        page = send(screen, **{"berkas": token, **fields})
        assert page.status_code == 400 and words in read_text(page), words
        kode = fields.get("kode", CODE.lower())
        assert f'value="{kode}"' in page.text, "a letter of it can be corrected"
        assert (f'value="{token}" checked' in page.text) is ("berkas" not in fields and "unggahan" not in fields)
        assert ('name="mengerti" value="ya" checked' in page.text) is ("mengerti" not in fields)
        assert not list(screen.folder.path.glob("unggahan-*")), words
    assert screen.switch.app is app and screen.get("/penduduk/").status_code == 200
    assert list_asides(screen.folder) == []


def test_a_file_with_a_wrong_code_is_not_sent_twice_and_the_next_takes_its_place(
    screen: Screen, backup: Path
) -> None:
    log_in(screen)
    open_form(screen)
    for name in ("satu.cadangan", "dua.cadangan"):
        page = send(screen, unggahan=(io.BytesIO(backup.read_bytes()), name), kode="AAAA")
        assert f"{name} (baru saja diunggah)" in read_text(page)
        assert len(list(screen.folder.path.glob("unggahan-*"))) == 1
    token = re.findall(r'name="berkas" value="([0-9a-f]{16})" checked', page.text)[0]
    send(screen, berkas=token)
    await_end(screen)
    assert names(screen.folder.path) == {"WATI"} and not list(screen.folder.path.glob("unggahan-*"))


def test_a_backup_of_another_desa_is_refused(screen: Screen, tmp_path: Path) -> None:
    node = make_node(tmp_path / "lain", "33.03.04.2014", "PC", SystemClock(), seeded("lain"))
    content = back_up(node, tmp_path / "lain.cadangan", 0).path.read_bytes()
    node.close()
    log_in(screen)
    open_form(screen)
    page = send(screen, unggahan=(io.BytesIO(content), "x.cadangan"))
    assert page.status_code == 400 and "milik Slinga, bukan milik Selakambang" in read_text(page)


@pytest.mark.parametrize("name", ["budi", "karto"])
def test_only_who_makes_codes_may(screen: Screen, name: str) -> None:
    log_in(screen, name)
    page = screen.get("/cadangan")
    assert "Kembalikan data" not in page.text
    screen.get("/penduduk/")
    for attempt in (
        screen.post("/cadangan/pulihkan/mulai"), screen.get("/cadangan/pulihkan"), screen.post("/cadangan/pulihkan"),
    ):
        assert attempt.status_code == 403


def test_the_proof_is_asked_for_before_a_file_is_sent(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    log_in(screen)
    monkeypatch.setattr("shared.web.sessions.Sessions.is_proved", lambda *args: False)
    assert screen.get("/cadangan/pulihkan").headers["Location"] == "/cadangan"
    page = screen.browser.follow(screen.get("/cadangan/pulihkan"))
    assert "Pilih cadangan" in page.text
    page = screen.post("/cadangan/pulihkan/mulai")
    assert page.status_code == 401 and "Pastikan ini Anda" in read_text(page)
    assert screen.post("/cadangan/pulihkan/mulai", bukti_sandi=PASSWORD).status_code == 303


def test_the_practice_offers_nothing_and_without_a_server_the_page_names_the_command(desa: Desa) -> None:
    browser = desa.browser()
    page = browser.get("/cadangan")
    assert "sipande-node pulihkan BERKAS" in read_text(page) and "Pilih cadangan" not in page.text
    assert browser.get("/cadangan/pulihkan").status_code == 303
    answer = browser.post("/cadangan/pulihkan", kode=CODE)
    assert answer.status_code == 400 and "sipande-node pulihkan" in read_text(answer)
    desa.node.is_latihan = True
    for answer in (browser.get("/cadangan/pulihkan"), browser.post("/cadangan/pulihkan/mulai")):
        assert answer.status_code == 400 and "tidak dicadangkan" in read_text(answer)
