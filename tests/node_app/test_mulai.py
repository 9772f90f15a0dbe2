"""The first start on an empty folder, and the practice village: made in one process, on one address."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from node.change import write_drafts
from node.commands import COMMANDS, make_node, open_transport, run_sync
from node.latihan.make import make_practice, practice_folder, remake_practice
from node.latihan.people import DUSUN, PREFIX, invent_families
from node.mulai.make import Answers, build_node
from node.server import Office
from node.services import NodeServices, open_node
from node.sinkron.enrol import enrol
from shared.changelog.keys import KeySet, load_keys
from shared.clock import today
from shared.errors import UserError
from shared.store.backup.kode import make_code, read_code
from shared.store.backup.make import back_up
from shared.store.backup.state import adopt_code, read_backup_state
from shared.store.changes import Log, list_logs
from shared.store.drafts import draft_create
from shared.store.folder import DataFolder
from shared.store.side import KEY_FILE, is_empty
from shared.sync.enrolment import EnrolmentCode
from shared.web.akun_pertama import FirstAccount
from shared.web.mulai import SetupCode, take_folder
from tests.node_app.test_pages_kit import CHEAP, PASSWORD, read_text
from tests.support.federation import DESA, TestClock, seeded
from tests.support.pictures import draw_crest
from tests.support.screen import Screen

ANSWERS = Answers(DESA, "PC Pelayanan", FirstAccount("Siti Aminah", "Kaur", "siti", PASSWORD))
ACCOUNT = {
    "komputer": "PC Pelayanan", "nama": "Siti Aminah", "jabatan": "Kaur", "nama_pengguna": "siti",
    "kata_sandi": PASSWORD, "kata_sandi_ulang": PASSWORD,
}


def test_a_chore_that_fails_keeps_no_other_from_its_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of photos that cannot be read must not be the end of the backups."""
    def fail(services: object) -> None:
        raise OSError("rusak")

    monkeypatch.setattr("node.server.sweep_when_due", fail)
    monkeypatch.setattr("node.server.clean_erased", fail)
    make_node(tmp_path / "desa", DESA, "PC", TestClock(), seeded("tugas")).close()
    office = Office(DataFolder(tmp_path / "desa"), True, CHEAP)
    office.open_services()
    try:
        office._daily.run()
        assert office.services is not None
        with office.services.database.read() as conn:
            assert read_backup_state(conn).last_s is not None
    finally:
        office.close()


def open_screen(path: Path, latihan: bool = False) -> Screen:
    folder = DataFolder(path)
    folder.make()
    office = Office(folder, False, CHEAP)
    return Screen(folder, office, lambda say: office.begin(say, latihan))


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    made = open_screen(tmp_path / "desa")
    yield made
    made.office.close()


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Screen]:
    made = open_screen(tmp_path / "desa-latihan", latihan=True)
    yield made
    made.office.close()


def choose_desa(screen: Screen) -> None:
    screen.get("/mulai")
    assert screen.post("/mulai", kode=screen.code.lower()).headers["Location"] == "/mulai/desa"
    screen.get("/mulai/desa?cari=selakambang")
    assert screen.post("/mulai/desa", desa=DESA).headers["Location"] == "/mulai/logo"
    screen.get("/mulai/komputer")


def take_logo(screen: Screen, content: bytes) -> TestResponse:
    return screen.browser.post("/mulai/logo", {"logo": (io.BytesIO(content), "logo.png")})


# The first start.


def test_from_an_empty_folder_to_the_first_page_without_a_logo(screen: Screen) -> None:
    assert screen.get("/").headers["Location"] == "/mulai"
    choose_desa(screen)
    done = screen.post("/mulai/komputer", **ACCOUNT)
    assert done.status_code == 303 and done.headers["Location"] == "/"
    home = screen.get("/")
    assert home.status_code == 200 and "Pekerjaan yang menunggu" in read_text(home)
    assert "siti (Admin)" in read_text(home) and "Sipande Desa" in read_text(home)
    again = open_node(screen.folder.path, clock=TestClock(), random=seeded("x"))
    assert (again.wilayah, again.nama, again.is_latihan) == (DESA, "PC Pelayanan", False)
    again.close()


def test_every_step_asks_for_the_one_before(screen: Screen) -> None:
    for path in ("/mulai/desa", "/mulai/logo", "/mulai/komputer", "/masuk", "/penduduk/"):
        assert screen.get(path).headers["Location"] == "/mulai", path
    screen.get("/mulai")
    assert screen.post("/mulai/desa", desa=DESA).headers["Location"] == "/mulai"
    assert screen.post("/mulai/komputer", **ACCOUNT).headers["Location"] == "/mulai"
    assert take_logo(screen, draw_crest()).headers["Location"] == "/mulai"
    assert is_empty(screen.folder)


def test_a_logo_is_taken_shown_and_kept_through_a_wrong_password(screen: Screen) -> None:
    choose_desa(screen)
    assert "Langkah 3 dari 4" in read_text(screen.get("/mulai/logo"))
    refused = take_logo(screen, b"bukan gambar")
    assert refused.status_code == 400 and "bukan gambar PNG" in read_text(refused)
    assert take_logo(screen, draw_crest()).headers["Location"] == "/mulai/logo"
    refused = take_logo(screen, draw_crest()[:900])
    assert refused.status_code == 400 and "rusak" in read_text(refused)
    page = screen.get("/mulai/logo")
    shown = re.search(r'class="logo-besar" src="([^"]+)"', page.text)
    assert shown and "Lanjut" in read_text(page), "the good one before it is still there"
    assert screen.get(shown[1]).mimetype == "image/png"
    screen.get("/mulai/komputer")
    assert screen.post("/mulai/komputer", **{**ACCOUNT, "kata_sandi_ulang": "lain"}).status_code == 400
    assert screen.post("/mulai/komputer", **ACCOUNT).headers["Location"] == "/"
    assert 'class="merek-logo"' in screen.get("/").text


def test_a_desa_is_found_by_name_by_place_and_by_code(screen: Screen) -> None:
    screen.get("/mulai")
    screen.post("/mulai", kode=screen.code)
    for text in (
        "selakambang", "selakambang+kaligondang", "33.03.04.2006", "3303042006", "kaligondang+selakambang",
        "Desa+Selakambang,+Kec.+Kaligondang",
    ):
        page = screen.get(f"/mulai/desa?cari={text}")
        assert "Selakambang" in read_text(page) and f'value="{DESA}"' in page.text, text
    assert "Tidak ditemukan" in read_text(screen.get("/mulai/desa?cari=zzzzzz"))
    assert screen.post("/mulai/desa", desa="99.99.99.9999").headers["Location"] == "/mulai/desa"


def test_five_wrong_codes_make_a_new_one_on_the_console(screen: Screen) -> None:
    first = screen.code
    screen.get("/mulai")
    for _ in range(5):
        answer = screen.post("/mulai", kode="0000-0000")
    assert answer.status_code == 400 and "ditutup" in read_text(answer) and screen.code != first
    assert screen.post("/mulai", kode=first).status_code == 400
    assert screen.post("/mulai", kode=screen.code).status_code == 303


@pytest.mark.parametrize(("wrong", "sentence"), [
    ({"kata_sandi": "pendek", "kata_sandi_ulang": "pendek"}, "terlalu pendek"),
    ({"kata_sandi_ulang": "lain"}, "tidak sama"),
    ({"kata_sandi": "Selakambang jaya 77", "kata_sandi_ulang": "Selakambang jaya 77"}, "nama desa"),
    ({"nama_pengguna": "Siti Aminah"}, "Nama pengguna"),
    ({"komputer": " "}, "Nama komputer"),
    ({"nama": ""}, "Nama lengkap"),
])
def test_what_cannot_be_taken_is_asked_again_and_nothing_is_left_behind(
    screen: Screen, wrong: dict[str, str], sentence: str
) -> None:
    choose_desa(screen)
    refused = screen.post("/mulai/komputer", **{**ACCOUNT, **wrong})
    assert refused.status_code == 400 and sentence in read_text(refused)
    assert is_empty(screen.folder) and PASSWORD not in refused.text
    assert screen.post("/mulai/komputer", **ACCOUNT).headers["Location"] == "/"


def test_a_form_without_token_is_refused_and_headers_are_those_of_the_house(screen: Screen) -> None:
    answer = screen.browser.client.post("/mulai", data={"kode": screen.code})
    assert answer.status_code == 400
    page = screen.get("/mulai")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store" and "<script" not in page.text


def test_a_folder_that_holds_a_village_asks_nothing(tmp_path: Path) -> None:
    make_node(tmp_path / "desa", DESA, "Kantor", TestClock(), seeded("ada")).close()
    screen = open_screen(tmp_path / "desa")
    assert "Belum ada akun" in "\n".join(screen.said)
    assert screen.get("/").headers["Location"].startswith("/masuk")
    screen.office.close()


def test_a_taken_user_name_leaves_no_half_made_village(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "desa")
    folder.make()
    bad = Answers(DESA, "PC", FirstAccount("Siti", "", "si", PASSWORD))
    with pytest.raises(UserError, match="Nama pengguna"):
        build_node(folder, bad, TestClock(), seeded("a"), CHEAP)
    services, account = build_node(folder, ANSWERS, TestClock(), seeded("b"), CHEAP)
    assert account == 1
    services.close()


def test_the_code_is_right_however_it_is_typed() -> None:
    code = SetupCode(seeded("kode"), lambda text: None)
    assert code.check(code.code.replace("-", " ").lower()) is None and code.check("salah") is not None


# The practice village.


def test_invented_people_have_numbers_of_nobody_and_families_with_a_head() -> None:
    families = invent_families(today(TestClock()))
    people = [person for family in families for person in family.members]
    numbers = [person.values["nik"] for person in people if person.values["nik"]]
    assert 55 <= len(people) <= 75 and len(set(numbers)) == len(numbers)
    assert all(number.startswith(PREFIX) and len(number) == 16 for number in numbers)
    assert all([p.values["hubungan"] for p in family.members].count(1) == 1 for family in families)
    assert {family.dusun for family in families} == set(range(len(DUSUN)))
    assert families == invent_families(today(TestClock()))


def test_a_practice_village_holds_them_and_every_value_is_one_that_a_form_takes(tmp_path: Path) -> None:
    node = make_practice(tmp_path / "latihan", TestClock(), seeded("latihan"))
    kind = node.catalogue["penduduk"]
    for family in invent_families(today(node.clock)):
        assert not node.catalogue["keluarga"].find_problems(filled(family.values))
        assert not any(kind.find_problems(filled(person.values)) for person in family.members)
    with node.database.read() as conn:
        assert conn.execute("SELECT count(*) FROM penduduk WHERE keluarga IS NOT NULL").fetchone()[0] >= 55
    node.close()


def test_nothing_leaves_a_practice_village(tmp_path: Path) -> None:
    make_practice(tmp_path / "latihan", TestClock(), seeded("latihan")).close()
    node = open_node(tmp_path / "latihan", clock=TestClock(), random=seeded("buka"))
    assert node.is_latihan
    transport: object = None
    code = EnrolmentCode.__new__(EnrolmentCode)
    for attempt in (
        lambda: run_sync(node, {}, lambda report: None), lambda: open_transport(node, "http://127.0.0.1:9"),
        lambda: enrol(node, code, transport),  # type: ignore[arg-type]
    ):
        with pytest.raises(UserError, match="tempat latihan"):
            attempt()
    assert set(COMMANDS) >= {"sync", "enrol"}
    node.close()


def filled(values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def log_in(screen: Screen) -> None:
    screen.get("/mulai")
    typed = {name: text for name, text in ACCOUNT.items() if name != "komputer"}
    assert screen.post("/mulai", kode=screen.code, **typed).headers["Location"] == "/"


def test_every_page_of_the_practice_says_so_and_sync_is_refused(practice: Screen) -> None:
    log_in(practice)
    for path in ("/", "/penduduk/", "/sinkronisasi/", "/latihan/", "/impor/", "/panduan/"):
        text = read_text(practice.get(path))
        assert "LATIHAN" in text and "tidak pernah dikirim" in text, path
    practice.get("/latihan/")
    answer = practice.post("/sinkronisasi/sekarang")
    assert answer.status_code == 400 and "tempat latihan" in read_text(answer)
    assert "Daftarkan" not in read_text(practice.get("/sinkronisasi/"))
    home = read_text(practice.get("/"))
    assert "tidak ada yang dikirim" in home and "menunggu dikirim" not in home


def test_beginning_anew_brings_the_people_back_and_keeps_the_accounts(practice: Screen) -> None:
    log_in(practice)
    practice.get("/keluarga/dusun")
    practice.post("/keluarga/dusun", nama="TAMBAHAN")
    page = practice.get("/latihan/")
    assert "Buang dan mulai lagi" in read_text(page)
    assert practice.post("/latihan/ulang").headers["Location"] == "/masuk"
    practice.get("/masuk")
    assert practice.post("/masuk", nama_pengguna="siti", kata_sandi=PASSWORD).status_code == 303
    home = practice.get("/")
    assert home.status_code == 200 and "LATIHAN" in read_text(home)
    assert "TAMBAHAN" not in read_text(practice.get("/keluarga/dusun"))


def test_a_real_village_is_never_made_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    node: NodeServices = make_node(tmp_path / "desa", DESA, "Kantor", TestClock(), seeded("ada"))
    with pytest.raises(ValueError, match="practice"):
        remake_practice(node)
    with caplog.at_level(logging.INFO):
        assert practice_folder(Path("data") / "sipande-node") == Path("data") / "sipande-node" / "latihan"
    node.close()


# Out of a backup -------------------------------------------------------------------------------------------------


def make_backup(folder: Path, code: str, with_account: bool = True) -> Path:
    """Make a village with a resident and an account, and a backup of it in a file."""
    if with_account:
        node, _ = build_node(DataFolder(folder), ANSWERS, TestClock(), seeded("lama"), CHEAP)
    else:
        node = make_node(folder, DESA, "PC", TestClock(), seeded("lama"))
    write_drafts(node, [draft_create(node.catalogue["penduduk"], node.new_id(), {"nama": "WATI"})], author="")
    with node.database.write() as conn:
        adopt_code(conn, read_code(code).public, 1)
    made = back_up(node, folder.with_name("lama.cadangan"), 0).path
    node.close()
    return made


def test_a_computer_takes_the_place_of_a_lost_one_out_of_an_uploaded_backup(screen: Screen, tmp_path: Path) -> None:
    code = make_code(seeded("kertas"))
    content = make_backup(tmp_path / "lama", code).read_bytes()
    assert screen.get("/mulai/pulihkan").headers["Location"] == "/mulai", "first the code of the console"
    choose_desa_page = screen.browser.follow(post_code(screen))
    assert "Pulihkan dari cadangan" in read_text(choose_desa_page)
    screen.get("/mulai/pulihkan")
    for wrong, name, typed, words in (
        (content, "x.cadangan", "", "tersegel"), (content, "x.cadangan", "AAAA", "seharusnya 28"),
        (content[:-1], "x.cadangan", code, "terpotong"), (b"PK", "surat.docx", code, "bukan cadangan"),
        (b"", "", code, "Pilih dulu"),
    ):
        page = screen.browser.post("/mulai/pulihkan", {"unggahan": (io.BytesIO(wrong), name)}, kode=typed)
        assert page.status_code == 400 and words in read_text(page)
        assert is_empty(screen.folder) and not list(screen.folder.path.glob("unggahan*"))
    page = screen.browser.post("/mulai/pulihkan", {"unggahan": (io.BytesIO(content), "x.cadangan")}, kode=code.lower())
    text = read_text(page)
    assert "Sudah dipulihkan" in text and "kunci baru" in text
    assert sorted(path.name for path in screen.folder.path.iterdir() if path.name not in ("templat", "lock")) == [
        "data.sqlite", "data.sqlite-shm", "data.sqlite-wal", "kunci",
    ]
    screen.get("/masuk")
    assert screen.post("/masuk", nama_pengguna="siti", kata_sandi=PASSWORD).status_code == 303
    assert "Wati" in screen.get("/penduduk/").text or "WATI" in screen.get("/penduduk/").text


def test_a_backup_on_a_stick_is_offered_and_one_without_accounts_asks_for_the_first(
    screen: Screen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, stick = make_code(seeded("kertas")), tmp_path / "stik"
    stick.mkdir()
    monkeypatch.setenv("SIPANDE_USB", str(stick))
    make_backup(tmp_path / "lama", code, with_account=False).rename(stick / "sipande-desa-33.03.04.2006-x.cadangan")
    post_code(screen)
    page = screen.get("/mulai/pulihkan").text
    (token,) = re.findall(r'name="berkas" value="([0-9a-f]{16})"', page)
    text = screen.post("/mulai/pulihkan", berkas=token, kode=code).text
    (first,) = re.findall(r"<strong>([0-9A-Z-]{34})</strong>", text)
    screen.get("/mulai")
    assert "Kode tidak" not in read_text(screen.post("/mulai", kode=first))


def post_code(screen: Screen) -> TestResponse:
    screen.get("/mulai")
    return screen.post("/mulai", kode=screen.code.lower())


# Keys without data ----------------------------------------------------------------------------------------------


@pytest.fixture
def lost(tmp_path: Path) -> Iterator[Screen]:
    """A computer that has lost its data and not its keys; its backup lies beside it."""
    make_backup(tmp_path / "desa", CODE)
    for path in (tmp_path / "desa").glob("data.sqlite*"):
        path.unlink()
    screen = open_screen(tmp_path / "desa")
    yield screen
    screen.office.close()


CODE = make_code(seeded("kertas"))


def read_keys(folder: Path) -> KeySet:
    return load_keys(folder / KEY_FILE)


def list_own_logs(folder: Path) -> list[Log]:
    node = open_node(folder, clock=TestClock(), random=seeded("lihat"))
    with node.database.read() as conn:
        logs = [log for log in list_logs(conn) if log.own]
    node.close()
    return logs


def test_keys_without_data_say_so_and_ask_how_they_come_back(lost: Screen) -> None:
    assert "Data hilang, kuncinya masih ada" in lost.said[-1]
    assert "Data komputer ini tidak ditemukan" in read_text(lost.get("/mulai"))
    assert post_code(lost).headers["Location"] == "/mulai/data-hilang"
    for path in ("/", "/mulai/desa", "/mulai/logo", "/mulai/komputer"):
        assert lost.get(path).headers["Location"] == ("/mulai" if path == "/" else "/mulai/data-hilang"), path
    page = lost.get("/mulai/data-hilang")
    assert "kuncinya masih ada" in read_text(page) and 'href="/mulai/pulihkan"' in page.text
    # Neither by a form that was kept from another day does a desa begin here.
    assert lost.post("/mulai/desa", desa=DESA).headers["Location"] == "/mulai/data-hilang"
    assert lost.post("/mulai/komputer", **ACCOUNT).headers["Location"] == "/mulai/data-hilang"
    lost.get("/mulai/data-hilang")
    refused = lost.post("/mulai/data-hilang")
    assert refused.status_code == 400 and "Centang dulu" in read_text(refused)
    assert not lost.folder.database.exists()


def test_a_backup_brings_the_data_back_under_the_keys_that_are_there(lost: Screen) -> None:
    before = read_keys(lost.folder.keys)
    post_code(lost)
    assert "masih ada, tetapi datanya tidak" in read_text(lost.get("/mulai/pulihkan"))
    backup = lost.folder.path.with_name("lama.cadangan").read_bytes()
    page = lost.browser.post("/mulai/pulihkan", {"unggahan": (io.BytesIO(backup), "x.cadangan")}, kode=CODE)
    assert "Sudah dipulihkan" in read_text(page) and "Kunci komputer ini masih ada" in read_text(page)
    assert read_keys(lost.folder.keys).publics() == before.publics()
    lost.get("/masuk")
    assert lost.post("/masuk", nama_pengguna="siti", kata_sandi=PASSWORD).status_code == 303


def begin_anew(screen: Screen) -> TestResponse:
    """Go on as a new computer, up to the button that makes it."""
    post_code(screen)
    screen.get("/mulai/data-hilang")
    assert screen.post("/mulai/data-hilang", mengerti="ya").headers["Location"] == "/mulai/desa"
    assert "Pulihkan dari cadangan" in read_text(screen.get("/mulai/desa"))
    screen.post("/mulai/desa", desa=DESA)
    screen.get("/mulai/komputer")
    return screen.post("/mulai/komputer", **ACCOUNT)


def test_a_new_computer_in_the_place_of_lost_data_signs_with_other_keys_and_keeps_the_old_ones(lost: Screen) -> None:
    """A log that began anew under a key that has signed would be a fork of the one that the kecamatan holds."""
    before = read_keys(lost.folder.keys)
    files = {path.name: path.read_bytes() for path in lost.folder.keys.iterdir()}
    assert len(files) > 1, "keys and anchor"
    assert begin_anew(lost).headers["Location"] == "/"
    assert "Pekerjaan yang menunggu" in read_text(lost.get("/"))
    lost.office.close()
    now = read_keys(lost.folder.keys)
    assert not set(now.publics()) & set(before.publics())
    assert {log.kunci for log in list_own_logs(lost.folder.path)} == {now.signing.public}
    (aside,) = lost.folder.path.glob("sebelum-mulai-*")
    assert {path.name: path.read_bytes() for path in (aside / "kunci").iterdir()} == files


@pytest.mark.parametrize(("where", "is_made"), [
    ("shared.store.side.put_in_place", False), ("shared.store.backup.placing._finish", True),
], ids=["prepared", "ready"])
def test_a_crash_leaves_the_old_keys_or_a_whole_new_computer(
    lost: Screen, monkeypatch: pytest.MonkeyPatch, where: str, is_made: bool
) -> None:
    before = read_keys(lost.folder.keys)

    def die(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(where, die)
        begin_anew(lost)
    take_folder(lost.folder)
    lost.folder.unlock()
    assert lost.folder.database.exists() is is_made
    assert (read_keys(lost.folder.keys).publics() == before.publics()) is not is_made
    if is_made:
        assert list_own_logs(lost.folder.path)


def test_commands_and_the_practice_end_with_the_sentence(lost: Screen) -> None:
    for attempt in (
        lambda: open_node(lost.folder.path, clock=TestClock(), random=seeded("x")),
        lambda: open_screen(lost.folder.path, latihan=True),
    ):
        with pytest.raises(UserError) as caught:
            attempt()
        assert caught.value.kode == "data_hilang" and "pulihkan" in caught.value.pesan
    with pytest.raises(UserError) as caught:
        make_node(lost.folder.path, DESA, "PC", TestClock(), seeded("x"))
    assert caught.value.kode == "sudah_ada"
