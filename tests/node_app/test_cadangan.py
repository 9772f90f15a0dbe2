"""Backups on the front page: how it stands in a sentence, the button, and the job of the day."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared.clock import format_time
from shared.errors import EnvironmentProblem
from shared.store.backup import make
from shared.store.backup.kode import make_code
from shared.store.backup.make import backup_folder, list_backups, make_daily_backup
from shared.store.backup.state import BackupState, read_backup_state, read_code_key
from shared.web.cadangan import say_backup
from shared.web.daily import back_up_when_due
from shared.web.sticks import list_choices
from tests.support.federation import seeded
from tests.node_app.test_pages_kit import Desa, read_text

DAY_S = 24 * 3600
NOW_S = 1_790_000_000


@pytest.mark.parametrize(("state", "sentence", "is_urgent"), [
    (BackupState(None, "", None, ""), "Belum pernah ada cadangan", True),
    (BackupState(NOW_S - 60, "a", None, ""), f"Cadangan terakhir {format_time(NOW_S - 60)}, sudah diperiksa", False),
    (BackupState(NOW_S - 7 * DAY_S, "a", None, ""), "sudah diperiksa dan utuh", False),
    (BackupState(NOW_S - 9 * DAY_S, "a", None, ""), "sudah 9 hari yang lalu", True),
    (BackupState(NOW_S + 400 * DAY_S, "a", None, ""), "Cocokkan jam komputer", True),
    (BackupState(None, "", NOW_S - 60, "Disk penuh."), "gagal. Disk penuh. Belum ada cadangan yang baik", True),
    (BackupState(NOW_S - DAY_S, "a", NOW_S - 60, "Disk penuh."), "Cadangan baik yang terakhir", True),
])
def test_how_it_stands_is_said_in_a_sentence(state: BackupState, sentence: str, is_urgent: bool) -> None:
    words = say_backup(state, NOW_S)
    assert sentence in words.sentence and words.is_urgent is is_urgent


def _code_of(page: str) -> str:
    found = re.search(r"kode-besar[^>]*>([0-9A-Z-]{34})<", page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("name", ["siti", "budi"])
def test_the_button_makes_a_backup_and_says_where_it_is(desa: Desa, name: str) -> None:
    browser = desa.browser(name)
    assert "Belum pernah ada cadangan" in read_text(browser.get("/"))
    page = browser.follow(browser.post("/cadangan"))
    (made,) = list_backups(backup_folder(desa.node), "desa", desa.node.wilayah)
    assert made.parent == desa.node.folder.path.with_name("desa-cadangan")
    assert f"Cadangan sudah dibuat, diperiksa, dan utuh: {made}" in read_text(page)
    assert made.name in read_text(page) and "belum tersegel" in read_text(page)
    assert "sudah diperiksa dan utuh" in read_text(browser.get("/")) and str(made.parent) in read_text(browser.get("/"))
    assert desa.node.keys.signing.seed() not in made.read_bytes()
    assert desa.count("SELECT count(*) FROM access_audit WHERE action = 'cadangan_dibuat'") == 1


def test_a_code_counts_once_it_was_copied_and_the_next_backup_is_sealed(desa: Desa) -> None:
    browser = desa.browser()
    assert "belum tersegel" in read_text(browser.get("/"))
    browser.get("/cadangan")
    where = browser.post("/cadangan/kode").headers["Location"]
    code = _code_of(browser.get(where).text)
    for wrong in ("", code[:-1], code[:-1] + ("A" if code[-1] != "A" else "B"), make_code(seeded("lain"))):
        page = browser.post(where, kode=wrong)
        assert page.status_code == 400 and "Belum berlaku" in page.text and code in page.text
    with desa.node.database.read() as conn:
        assert read_code_key(conn) is None
    page = browser.follow(browser.post(where, kode=code.lower().replace("-", " ")))
    assert "berlaku mulai sekarang" in read_text(page)
    (made,) = list_backups(backup_folder(desa.node), "desa", desa.node.wilayah)
    assert "tanpa-kode" not in made.name and b"KREYO" not in made.read_bytes()
    assert browser.get(where).status_code == 303, "shown once"
    assert code not in browser.get("/cadangan").text
    stored = desa.node.folder.database.read_bytes() + b"".join(
        path.read_bytes() for path in desa.node.folder.path.rglob("*") if path.is_file()
    )
    assert code.encode() not in stored and code.replace("-", "").encode() not in stored
    assert desa.count("SELECT count(*) FROM access_audit WHERE action = 'kode_cadangan'") == 1


def test_the_paper_is_tried_on_the_page(desa: Desa) -> None:
    browser = desa.browser()
    browser.get("/cadangan")
    where = browser.post("/cadangan/kode").headers["Location"]
    code = _code_of(browser.get(where).text)
    browser.post(where, kode=code)
    assert "belum pernah diuji" in read_text(browser.get("/cadangan"))
    page = read_text(browser.follow(browser.post("/cadangan/uji", kode=make_code(seeded("lain")))))
    assert "bukan kode untuk cadangan ini" in page
    page = read_text(browser.follow(browser.post("/cadangan/uji", kode=code.lower())))
    assert "terbuka: 4 penduduk" in page and "Semuanya utuh dan dapat dipulihkan" in page
    assert "belum pernah diuji" not in read_text(browser.get("/cadangan"))
    desa.clock.now += 200 * DAY_S
    assert "Ujilah lagi" in read_text(desa.browser().get("/cadangan"))


def test_a_rehearsal_finds_what_the_day_has_spoilt(desa: Desa) -> None:
    browser = desa.browser()
    browser.get("/cadangan")
    where = browser.post("/cadangan/kode").headers["Location"]
    code = _code_of(browser.get(where).text)
    browser.post(where, kode=code)
    (made,) = list_backups(backup_folder(desa.node), "desa", desa.node.wilayah)
    content = made.read_bytes()
    made.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    page = read_text(browser.follow(browser.post("/cadangan/uji", kode=code)))
    assert "rusak atau terpotong" in page
    # Rows that no log gives are found by folding again, although every byte is as it was written.
    made.unlink()
    with desa.node.database.write() as conn:
        conn.execute("UPDATE penduduk SET nama = 'BUKAN DARI LOG' WHERE nama = 'WATI LESTARI'")
    desa.clock.now += 5
    browser.post("/cadangan")
    page = read_text(browser.follow(browser.post("/cadangan/uji", kode=code)))
    assert "Tabel penduduk" in page and "Semuanya utuh" not in page


def test_a_backup_for_elsewhere_goes_to_a_stick_sealed_or_not_at_all(
    desa: Desa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stick = tmp_path / "stik"
    stick.mkdir()
    monkeypatch.setenv("SIPANDE_USB", str(stick))
    browser = desa.browser()
    (choice,) = [item for item in list_choices() if "stik" in item.label]
    browser.get("/cadangan")
    assert "Buat dulu kode cadangan" in read_text(browser.post("/cadangan/stik", stik=choice.token))
    assert list(stick.iterdir()) == []
    where = browser.post("/cadangan/kode").headers["Location"]
    browser.post(where, kode=_code_of(browser.get(where).text))
    with desa.node.database.read() as conn:
        before = read_backup_state(conn)
    desa.clock.now += 5
    assert "diperiksa, dan utuh" in read_text(browser.follow(browser.post("/cadangan/stik", stik=choice.token)))
    (made,) = stick.iterdir()
    assert made.name.endswith(".cadangan") and b"KREYO" not in made.read_bytes()
    with desa.node.database.read() as conn:
        assert read_backup_state(conn) == before, "what is carried away is not the backup of the day"


def test_the_code_is_a_matter_of_the_admin(desa: Desa) -> None:
    browser = desa.browser("budi")
    assert "Uji pulih" not in browser.get("/cadangan").text
    for path in ("/cadangan/kode", "/cadangan/uji", "/cadangan/stik", "/cadangan/kode/00"):
        assert browser.post(path).status_code == 403


def test_a_folder_that_was_named_is_taken(desa: Desa, tmp_path: Path) -> None:
    desa.node.cadangan = tmp_path / "diska"
    browser = desa.browser()
    browser.get("/")
    browser.post("/cadangan")
    assert len(list((tmp_path / "diska").glob("*.cadangan"))) == 1


def test_a_failure_is_told_and_stays_on_the_front_page(desa: Desa, tmp_path: Path) -> None:
    (tmp_path / "berkas").write_text("bukan folder")
    desa.node.cadangan = tmp_path / "berkas"
    browser = desa.browser()
    browser.get("/")
    page = read_text(browser.follow(browser.post("/cadangan")))
    assert "Belum berhasil" in page and "tidak dapat ditulis" in page
    again = read_text(browser.get("/"))
    assert "gagal" in again and "Belum ada cadangan yang baik" in again
    desa.node.cadangan = tmp_path / "folder"
    browser.post("/cadangan")
    assert "gagal" not in read_text(browser.get("/"))


def test_a_slow_backup_keeps_nobody_waiting(desa: Desa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.web.cadangan._ANSWER_S_MAX", 0.0)
    browser = desa.browser()
    browser.get("/")
    answer = browser.post("/cadangan")
    assert answer.status_code == 303
    text = read_text(browser.follow(answer))
    assert "Masih dikerjakan" in text or "sudah dibuat" in text
    while "Sedang dikerjakan" in (text := read_text(browser.get("/cadangan"))):
        pass
    assert "Cadangan sudah dibuat" in text and "sudah diperiksa dan utuh" in read_text(browser.get("/"))


def test_a_practice_village_is_not_backed_up(desa: Desa) -> None:
    desa.node.is_latihan = True
    browser = desa.browser()
    assert "Buat cadangan" not in read_text(browser.get("/"))
    for answer in (browser.post("/cadangan"), browser.post("/cadangan/kode"), browser.get("/cadangan")):
        assert "tidak dicadangkan" in read_text(answer)
    assert not backup_folder(desa.node).exists()


def test_one_backup_a_day_is_made_and_the_newest_stay(desa: Desa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make, "KEEP_DEFAULT", 3)
    folder, names = backup_folder(desa.node), list[str]()
    for day in range(5):
        assert [back_up_when_due(desa.node) for _ in range(4)] == [True, False, False, False]
        made = sorted(path.name for path in folder.glob("*.cadangan"))
        assert len(made) == min(day + 1, 3) and made[-1] not in names, "one a day, the newest three"
        names.append(made[-1])
        desa.clock.now += DAY_S


def test_a_backup_by_hand_or_timer_saves_the_job_its_work(desa: Desa) -> None:
    made = make_daily_backup(desa.node).path
    assert not back_up_when_due(desa.node)
    assert list(backup_folder(desa.node).glob("*.cadangan")) == [made]


def test_a_failing_backup_is_tried_again_an_hour_later(desa: Desa, tmp_path: Path) -> None:
    (tmp_path / "berkas").write_text("bukan folder")
    desa.node.cadangan = tmp_path / "berkas"
    with pytest.raises(EnvironmentProblem):
        back_up_when_due(desa.node)
    assert "gagal" in read_text(desa.browser().get("/"))
    desa.node.cadangan = tmp_path / "folder"
    assert not back_up_when_due(desa.node), "nobody's disk is worn down by a backup that cannot succeed"
    desa.clock.now += 3600
    assert back_up_when_due(desa.node)
    assert "gagal" not in read_text(desa.browser().get("/"))
