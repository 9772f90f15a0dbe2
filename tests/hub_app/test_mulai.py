"""The first start of a hub on an empty folder: new, out of a backup, in the place of one that is gone."""

from __future__ import annotations

import io
import logging
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from hub.change import write_common
from hub.commands import add_petugas, make_hub
from hub.mulai.make import replace_hub
from hub.pemulihan.keys import name_check_words, read_recovery_key, read_sheet
from hub.pemulihan.state import list_former_keys, read_recovery
from hub.roles import ROLES, context_words
from hub.server import Office
from hub.services import HubServices, open_hub
from running.processes import run_command
from shared.errors import UserError
from shared.store.backup.kode import make_code, read_code
from shared.store.backup.make import back_up
from shared.store.backup.state import adopt_code
from shared.store.drafts import draft_create
from shared.store.folder import DataFolder
from shared.store.side import is_empty
from shared.web.akun_pertama import FirstAccount, add_first_account
from shared.web.mulai import take_folder
from shared.web.queries import find_account
from tests.node_app.test_pages_kit import read_text
from tests.hub_app.test_pages_site import CHEAP, HUB, PASSWORD
from tests.support.federation import TestClock, seeded
from tests.support.screen import Screen

CODE = make_code(seeded("kertas"))
ACCOUNT = {
    "nama": "Ratna Wulandari", "jabatan": "Operator", "nama_pengguna": "ratna", "kata_sandi": PASSWORD,
    "kata_sandi_ulang": PASSWORD,
}


def open_screen(path: Path) -> Screen:
    folder = DataFolder(path)
    folder.make()
    office = Office(folder, False, CHEAP)
    return Screen(folder, office, office.begin)


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    made = open_screen(tmp_path / "hub")
    yield made
    made.office.close()


def prove(screen: Screen) -> None:
    screen.get("/mulai")
    assert screen.post("/mulai", kode=screen.code.lower()).headers["Location"] == "/mulai/cara"


def choose(screen: Screen, cara: str) -> TestResponse:
    """Choose the kecamatan, and follow to the page after it."""
    prove(screen)
    page = screen.get(f"/mulai/{cara}/kecamatan?cari=kaligondang+purbalingga")
    assert f'value="{HUB}"' in page.text and "Kabupaten Purbalingga, Jawa Tengah" in read_text(page)
    return screen.browser.follow(screen.post(f"/mulai/{cara}/kecamatan", kecamatan=HUB))


def read_keys(page: TestResponse) -> list[str]:
    """Read what stands large on the sheet."""
    return ["".join(text.split()) for text in re.findall(r'class="kode-besar"[^>]*>([^<]+)<', page.text)]


def print_sheet(screen: Screen) -> tuple[str, str]:
    """Print the sheet of a new hub and say so; give recovery key and hub key."""
    recovery, kunci, _ = read_keys(choose(screen, "baru"))
    assert screen.post("/mulai/lembar", dicetak="ya", ekor=recovery[-8:]).headers["Location"] == "/mulai/akun"
    screen.get("/mulai/akun")
    return recovery, kunci


def open_again(screen: Screen) -> HubServices:
    return open_hub(screen.folder.path, clock=TestClock(), random=seeded("lagi"))


# A new hub -------------------------------------------------------------------------------------------------------


def test_a_new_hub_begins_under_the_keys_of_its_sheet_and_its_first_account_is_in(screen: Screen) -> None:
    assert screen.get("/").headers["Location"] == "/mulai"
    recovery, kunci = print_sheet(screen)
    done = screen.post("/mulai/akun", **ACCOUNT, guna="percobaan")
    assert done.status_code == 303 and done.headers["Location"] == "/"
    home = read_text(screen.get("/"))
    assert "ratna (Admin)" in home and "Sipande Kecamatan Kaligondang" in home and "PERCOBAAN" in home
    hub = open_again(screen)
    assert (hub.wilayah, hub.keys.signing.public.hex()) == (HUB, kunci)
    assert hub.pemulihan == read_recovery_key(recovery).public.hex(), "the paper opens this hub"
    hub.close()
    assert sorted(path.name for path in screen.folder.path.iterdir() if path.name not in ("templat", "lock")) == [
        "data.sqlite", "data.sqlite-shm", "data.sqlite-wal", "kunci",
    ]


def test_a_real_hub_asks_its_first_account_for_the_code_on_a_phone(screen: Screen) -> None:
    print_sheet(screen)
    assert screen.post("/mulai/akun", **ACCOUNT, guna="sungguhan").status_code == 303
    page = screen.browser.follow(screen.get("/"))
    assert "Kode HP" in read_text(page) and "PERCOBAAN" not in read_text(page)


def test_the_sheet_is_shown_until_it_is_on_paper_and_never_again(screen: Screen) -> None:
    page = choose(screen, "baru")
    recovery, kunci, words = read_keys(page)
    assert read_keys(screen.get("/mulai/lembar")) == [recovery, kunci, words], "a reload shows the same"
    unticked = screen.post("/mulai/lembar", ekor=recovery[-8:])
    assert unticked.status_code == 400 and "centang" in read_text(unticked)
    wrong = screen.post("/mulai/lembar", dicetak="ya", ekor="00000000")
    assert wrong.status_code == 400 and "Baca dari kertas" in read_text(wrong) and "checked" in wrong.text
    assert screen.get("/mulai/akun").headers["Location"] == "/mulai/lembar"
    assert screen.post("/mulai/lembar", dicetak="ya", ekor=f" {recovery[-8:].upper()}").status_code == 303
    again = screen.get("/mulai/lembar")
    assert again.headers["Location"] == "/mulai/akun" and recovery not in again.text
    assert recovery not in screen.get("/mulai/akun").text


def test_another_kecamatan_gets_other_keys_and_the_tab_before_counts_no_more(screen: Screen) -> None:
    recovery, kunci = print_sheet(screen)
    other = screen.open_browser()
    other.get("/mulai")
    other.post("/mulai", kode=screen.code)
    other.get("/mulai/baru/kecamatan")
    page = other.follow(other.post("/mulai/baru/kecamatan", kecamatan="33.03.05"))
    assert kunci not in "".join(page.text.split()) and "33.03.05" in page.text
    assert screen.post("/mulai/akun", **ACCOUNT).headers["Location"] == "/mulai/cara", "the plan is another one"
    assert is_empty(screen.folder)


@pytest.mark.parametrize(("wrong", "sentence"), [
    ({"kata_sandi": "pendek", "kata_sandi_ulang": "pendek"}, "terlalu pendek"),
    ({"kata_sandi_ulang": "lain"}, "tidak sama"),
    ({"nama_pengguna": "Ratna W"}, "Nama pengguna"),
    ({"nama": " "}, "Nama lengkap"),
    ({"jabatan": "x" * 101}, "Jabatan"),
])
def test_what_cannot_be_taken_is_asked_again_and_nothing_is_left_behind(
    screen: Screen, wrong: dict[str, str], sentence: str
) -> None:
    _, kunci = print_sheet(screen)
    refused = screen.post("/mulai/akun", **{**ACCOUNT, "guna": "percobaan", **wrong})
    assert refused.status_code == 400 and sentence in read_text(refused)
    assert re.search(r'value="percobaan" checked', refused.text) and PASSWORD not in refused.text
    assert is_empty(screen.folder) and not list(screen.folder.path.glob("pulih*"))
    assert screen.post("/mulai/akun", **ACCOUNT).headers["Location"] == "/"
    hub = open_again(screen)
    assert hub.keys.signing.public.hex() == kunci, "the sheet on paper is still the right one"
    hub.close()


def test_every_step_asks_for_the_one_before(screen: Screen) -> None:
    pages = ("cara", "baru/kecamatan", "ganti/kecamatan", "lembar-lama", "lembar", "akun", "pulihkan")
    for path in (*(f"/mulai/{page}" for page in pages), "/masuk", "/verval/", "/sync/v1/hello"):
        assert screen.get(path).headers["Location"] == "/mulai", path
    screen.get("/mulai")
    for page in ("baru/kecamatan", "lembar-lama", "lembar", "akun", "pulihkan"):
        assert screen.post(f"/mulai/{page}", kecamatan=HUB, **ACCOUNT).headers["Location"] == "/mulai", page
    prove(screen)
    for page in ("lembar-lama", "lembar", "akun"):
        assert screen.get(f"/mulai/{page}").headers["Location"] == "/mulai/cara", page
    screen.get("/mulai/baru/kecamatan")
    for kode in ("99.99.99", "33.03.04.2006", "33.03", ""):
        assert screen.post("/mulai/baru/kecamatan", kecamatan=kode).headers["Location"] == "/mulai/cara", kode
    assert is_empty(screen.folder)


def test_five_wrong_codes_make_a_new_one_and_void_what_the_old_one_opened(screen: Screen) -> None:
    prove(screen)
    other = screen.open_browser()
    other.get("/mulai")
    for _ in range(5):
        answer = other.post("/mulai", kode="0000-0000")
    assert answer.status_code == 400 and "ditutup" in read_text(answer)
    assert screen.get("/mulai/cara").headers["Location"] == "/mulai"


def test_secrets_are_in_no_cookie_no_address_no_log_and_on_no_disk(
    screen: Screen, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    recovery, _, _ = read_keys(choose(screen, "baru"))
    answer = screen.post("/mulai/lembar", dicetak="ya", ekor=recovery[-8:])
    cookies = str(getattr(screen.browser.client, "_cookies", ""))
    screen.get("/mulai/akun")
    screen.post("/mulai/akun", **ACCOUNT)
    stored = b"".join(path.read_bytes() for path in screen.folder.path.rglob("*") if path.is_file())
    for secret in (recovery, recovery[-8:]):
        assert secret not in caplog.text and secret not in cookies and secret not in "\n".join(screen.said)
        assert secret not in answer.headers["Location"]
    assert recovery.encode() not in stored and bytes.fromhex(recovery) not in stored


def test_a_network_in_clear_is_told_before_a_key_is_shown(screen: Screen) -> None:
    choose(screen, "baru")
    here = screen.browser.client.get("/mulai/lembar", environ_base={"REMOTE_ADDR": "127.0.0.1"})
    assert "tidak terenkripsi" not in here.text
    seen = screen.browser.client.get("/mulai/lembar", environ_base={"REMOTE_ADDR": "192.168.1.7"})
    assert "tidak terenkripsi" in seen.text
    safe = screen.browser.client.get(
        "/mulai/lembar", environ_base={"REMOTE_ADDR": "192.168.1.7"}, base_url="https://hub.contoh.go.id"
    )
    assert "tidak terenkripsi" not in safe.text


def test_while_a_hub_is_made_everybody_else_is_asked_for_patience(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    print_sheet(screen)
    asked, go_on = threading.Event(), threading.Event()

    def slow(*args: object) -> None:
        asked.set()
        go_on.wait(20)
        raise UserError("Belum berhasil.")

    monkeypatch.setattr("hub.server.build_hub", slow)
    answers: list[TestResponse] = []
    work = threading.Thread(target=lambda: answers.append(screen.post("/mulai/akun", **ACCOUNT)))
    work.start()
    assert asked.wait(20)
    other = screen.open_browser()
    waiting = other.get("/mulai")
    assert waiting.status_code == 503 and "sedang disiapkan" in read_text(waiting)
    assert 'http-equiv="refresh"' in waiting.text and waiting.headers["Retry-After"] == "3"
    assert other.post("/mulai/akun", **ACCOUNT).headers["Location"] == "/", "a second push of the button"
    go_on.set()
    work.join(20)
    assert answers[0].status_code == 400 and "Belum berhasil" in read_text(answers[0])
    assert screen.get("/mulai/akun").status_code == 200, "the first pages are back"


def test_a_folder_that_got_data_meanwhile_is_left_alone(screen: Screen) -> None:
    print_sheet(screen)
    make_hub(screen.folder.path, HUB, TestClock(), seeded("perintah"))[0].close()
    before = screen.folder.database.read_bytes()
    refused = screen.post("/mulai/akun", **ACCOUNT)
    assert refused.status_code == 400 and "sudah berisi data" in read_text(refused)
    refused = upload(screen, b"sipande-cadangan/1 {}", kode=CODE)
    assert refused.status_code == 400 and "sudah berisi data" in read_text(refused)
    assert screen.folder.database.read_bytes() == before


@pytest.mark.parametrize(("where", "is_made"), [
    ("shared.store.side.put_in_place", False), ("shared.store.backup.placing._finish", True),
], ids=["prepared", "ready"])
def test_a_crash_leaves_a_whole_hub_or_none(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, where: str, is_made: bool
) -> None:
    _, kunci = print_sheet(screen)

    def die(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(where, die)
        screen.post("/mulai/akun", **ACCOUNT)
    take_folder(screen.folder)
    screen.folder.unlock()
    assert is_empty(screen.folder) is not is_made
    if is_made:
        hub = open_again(screen)
        with hub.database.read() as conn:
            assert hub.keys.signing.public.hex() == kunci and find_account(conn, "ratna") is not None
        hub.close()


def test_a_folder_that_holds_a_hub_asks_nothing(tmp_path: Path) -> None:
    make_hub(tmp_path / "hub", HUB, TestClock(), seeded("ada"))[0].close()
    screen = open_screen(tmp_path / "hub")
    assert "Belum ada akun" in "\n".join(screen.said)
    assert "Buat akun pertama" in read_text(screen.get("/mulai"))
    assert screen.get("/mulai/cara").status_code == 404
    screen.office.close()


# Out of a backup -------------------------------------------------------------------------------------------------


def make_old_hub(folder: Path, with_account: bool = True, seed: str = "lama") -> tuple[Path, str]:
    """Make a hub with a programme, and a backup of it in a file; give the file and the recovery key."""
    hub, recovery = make_hub(folder, HUB, TestClock(), seeded(seed), is_practice=True)
    if with_account:
        person = FirstAccount("Ratna", "", "ratna", PASSWORD)
        add_first_account(hub, lambda *who: add_petugas(hub, *who), ROLES, context_words, person, CHEAP)
    write_common(hub, [draft_create(hub.catalogue["program_bantuan"], hub.new_id(), {"nama": "BLT"})], author="")
    with hub.database.write() as conn:
        adopt_code(conn, read_code(CODE).public, 1)
    made = back_up(hub, folder.with_name("lama.cadangan"), 0).path
    hub.close()
    return made, recovery


def upload(screen: Screen, content: bytes, name: str = "x.cadangan", **fields: str) -> TestResponse:
    return screen.browser.post("/mulai/pulihkan", {"unggahan": (io.BytesIO(content), name)}, **fields)


def test_a_hub_comes_back_out_of_an_uploaded_backup_and_the_sheet(screen: Screen, tmp_path: Path) -> None:
    source, recovery = make_old_hub(tmp_path / "lama")
    content = source.read_bytes()
    prove(screen)
    assert "amplop tersegel" in read_text(screen.get("/mulai/pulihkan"))
    for wrong, name, kode, key, words in (
        (content, "x.cadangan", "", recovery, "tersegel"), (content, "x.cadangan", "AAAA", recovery, "seharusnya 28"),
        (content, "x.cadangan", make_code(seeded("lain")), recovery, "bukan kode untuk"),
        (content, "x.cadangan", CODE, "", "amplop tersegel"), (content, "x.cadangan", CODE, "xx", "salah ketik"),
        (content, "x.cadangan", CODE, "00" * 32, "bukan milik hub ini"),
        (content[:-1], "x.cadangan", CODE, recovery, "terpotong"),
        (b"PK", "x.docx", CODE, recovery, "bukan cadangan"), (b"", "", CODE, recovery, "Pilih dulu"),
    ):
        page = upload(screen, wrong, name, kode=kode, kunci_pemulihan=key)
        assert page.status_code == 400 and words in read_text(page), words
        assert is_empty(screen.folder) and not list(screen.folder.path.glob("[pu][un][lg]*")), words
        assert not kode or kode not in page.text
        assert not key or f'value="{key}"' not in page.text
    text = read_text(upload(screen, content, kode=CODE.lower(), kunci_pemulihan=f"{recovery[:32]} {recovery[32:]}"))
    assert "Sudah dipulihkan" in text and "kunci baru" in text and "nama pengguna dan kata sandi yang dulu" in text
    screen.get("/masuk")
    assert screen.post("/masuk", nama_pengguna="ratna", kata_sandi=PASSWORD).status_code == 303
    assert "sedang dipulihkan" in read_text(screen.get("/")) and "BLT" in read_text(screen.get("/program"))


def test_a_backup_in_the_folder_of_backups_is_offered_and_stays_chosen(screen: Screen, tmp_path: Path) -> None:
    source, recovery = make_old_hub(tmp_path / "lama", with_account=False)
    beside = tmp_path / "hub-cadangan"
    beside.mkdir()
    for stamp in ("20260101-120000", "20260102-120000"):
        (beside / f"sipande-hub-{HUB}-{stamp}.cadangan").write_bytes(source.read_bytes())
    (beside / "sipande-desa-33.03.04.2006-20260102-120000.cadangan").write_bytes(b"")
    prove(screen)
    page = screen.get("/mulai/pulihkan").text
    newest, older = re.findall(r'name="berkas" value="([0-9a-f]{16})"', page)
    assert f'value="{newest}" checked' in page
    wrong = screen.post("/mulai/pulihkan", berkas=older, kode="AAAA", kunci_pemulihan=recovery)
    assert f'value="{older}" checked' in wrong.text and f'value="{newest}" checked' not in wrong.text
    text = screen.post("/mulai/pulihkan", berkas=older, kode=CODE, kunci_pemulihan=recovery).text
    (first,) = re.findall(r"<strong>([0-9A-Z-]{34})</strong>", text)
    assert screen.code == first, "said on the console too, for who has pushed the button twice"
    screen.get("/mulai")
    assert screen.post("/mulai", kode=first, **ACCOUNT).headers["Location"] == "/"


def test_a_backup_of_a_desa_is_told_to_be_one(screen: Screen, tmp_path: Path) -> None:
    source, recovery = make_old_hub(tmp_path / "lama")
    prove(screen)
    screen.get("/mulai/pulihkan")
    content = source.read_bytes().replace(b'"sisi":"hub"', b'"sisi":"desa"')
    page = upload(screen, content, kode=CODE, kunci_pemulihan=recovery)
    assert page.status_code == 400 and "komputer desa" in read_text(page)


def test_keys_without_data_lead_to_the_restore_which_asks_for_no_envelope(tmp_path: Path) -> None:
    source, _ = make_old_hub(tmp_path / "hub")
    for path in (tmp_path / "hub").glob("data.sqlite*"):
        path.unlink()
    screen = open_screen(tmp_path / "hub")
    screen.get("/mulai")
    assert screen.post("/mulai", kode=screen.code).headers["Location"] == "/mulai/pulihkan"
    for page in ("cara", "baru/kecamatan", "lembar", "akun"):
        assert screen.get(f"/mulai/{page}").headers["Location"] == "/mulai/pulihkan"
    assert "masih ada di komputer ini" in read_text(screen.get("/mulai/pulihkan"))
    text = read_text(upload(screen, source.read_bytes(), kode=CODE))
    assert "Sudah dipulihkan" in text and "Kunci hub masih ada" in text
    screen.office.close()


# In the place of one that is gone --------------------------------------------------------------------------------


def test_a_hub_takes_the_place_of_one_that_is_gone_with_what_stands_on_its_sheet(
    screen: Screen, tmp_path: Path
) -> None:
    old, recovery = make_hub(tmp_path / "lama", HUB, TestClock(), seeded("lama"))
    old.close()
    former, public = old.keys.signing.public, read_recovery_key(recovery).public
    words = name_check_words(public, former)
    page = choose(screen, "ganti")
    assert "Ganti hub Kecamatan Kaligondang" in read_text(page)
    slip = recovery[:-1] + ("0" if recovery[-1] != "0" else "1")
    for key, kunci_lama, kata, sentence in (
        ("xx", former.hex(), "", "salah ketik"), (recovery, former.hex()[:-2], "", "salah ketik"),
        (slip, former.hex(), words, "Kata periksa tidak cocok"), (recovery, "00" * 32, words, "Kata periksa"),
    ):
        refused = screen.post("/mulai/lembar-lama", kunci_pemulihan=key, kunci_lama=kunci_lama, kata_periksa=kata)
        assert refused.status_code == 400 and sentence in read_text(refused)
        assert f'value="{kunci_lama}"' in refused.text and key not in refused.text.replace(kunci_lama, "")
    taken = screen.post(
        "/mulai/lembar-lama", kunci_pemulihan=recovery, kunci_lama=former.hex(), kata_periksa=words.upper()
    )
    kunci, new_words = read_keys(screen.browser.follow(taken))
    assert recovery not in screen.get("/mulai/lembar").text
    assert screen.post("/mulai/lembar", dicetak="ya").headers["Location"] == "/mulai/akun"
    screen.get("/mulai/akun")
    assert is_empty(screen.folder)
    assert screen.post("/mulai/akun", **ACCOUNT, guna="percobaan").headers["Location"] == "/"
    hub = open_again(screen)
    assert (hub.wilayah, hub.keys.signing.public.hex(), hub.pemulihan) == (HUB, kunci, public.hex())
    assert new_words == name_check_words(public, bytes.fromhex(kunci)).replace(" ", "")
    with hub.database.read() as conn:
        assert list_former_keys(conn) == [former.hex()] and read_recovery(conn) is not None
    hub.close()


def test_the_command_makes_the_successor_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = read_sheet("11" * 32, "22" * 32)
    folder = DataFolder(tmp_path / "hub")

    def fail(*args: object) -> None:
        raise UserError("Disk penuh.")

    with monkeypatch.context() as patch, pytest.raises(UserError):
        patch.setattr("hub.mulai.make.take_the_place", fail)
        replace_hub(folder, HUB, sheet, TestClock(), seeded("x"))
    assert is_empty(folder)
    kunci = replace_hub(folder, HUB, sheet, TestClock(), seeded("x"))
    hub = open_hub(folder.path, clock=TestClock(), random=seeded("y"))
    assert hub.keys.signing.public == kunci and hub.pemulihan == sheet.recovery.public.hex()
    hub.close()
    with pytest.raises(UserError, match="sudah berisi data"):
        replace_hub(folder, HUB, sheet, TestClock(), seeded("z"))


def test_the_commands_print_and_read_the_check_words(tmp_path: Path) -> None:
    """As somebody types them, each in a process of its own."""
    sheet = run_command("sipande-hub", tmp_path / "lama", "init", "--kecamatan", HUB)
    place = ("ambil-alih", "--kecamatan", HUB, "--kunci-lama", sheet["kunci"], "--kata-periksa")
    secret = sheet["kunci_pemulihan"]
    wrong = run_command("sipande-hub", tmp_path / "baru", *place, "sapi kuda", stdin=secret, fails=True)
    assert wrong["exit"] == 2 and "Kata periksa tidak cocok" in wrong["galat"]
    assert is_empty(DataFolder(tmp_path / "baru"))
    made = run_command("sipande-hub", tmp_path / "baru", *place, sheet["kata_periksa"], stdin=secret)
    assert run_command("sipande-hub", tmp_path / "baru", "status")["kunci"] == made["kunci"] != sheet["kunci"]
