"""Backups on the front page: how it stands in a sentence, the button, and the job of the day."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from apscheduler.schedulers.background import BackgroundScheduler

from node.beranda.cadangan import backup_folder, make_backup, say_backup
from node.server import BackupJob
from shared.clock import format_time
from shared.store import backup
from shared.store.backup import BackupState
from tests.node_app.test_pages_kit import Desa, make_desa, read_text

DAY_S = 24 * 3600
NOW_S = 1_790_000_000


@pytest.fixture
def desa(tmp_path: Path) -> Iterator[Desa]:
    made = make_desa(tmp_path / "desa")
    yield made
    made.node.close()


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


@pytest.mark.parametrize("name", ["siti", "budi"])
def test_the_button_makes_a_backup_and_says_where_it_is(desa: Desa, name: str) -> None:
    browser = desa.browser(name)
    assert "Belum pernah ada cadangan" in read_text(browser.get("/"))
    page = browser.follow(browser.post("/cadangan"))
    (made,) = backup_folder(desa.node).iterdir()
    assert made.parent == desa.node.folder.path.with_name("desa-cadangan")
    assert f"Cadangan sudah dibuat, diperiksa, dan utuh: {made}" in read_text(page)
    assert "sudah diperiksa dan utuh" in read_text(browser.get("/")) and str(made.parent) in read_text(browser.get("/"))
    with closing(sqlite3.connect(made)) as conn:
        assert conn.execute("SELECT count(*) FROM penduduk").fetchone()[0] == 4
    assert desa.node.keys.signing.seed() not in made.read_bytes()
    assert desa.count("SELECT count(*) FROM access_audit WHERE action = 'cadangan_dibuat'") == 1


def test_a_folder_that_was_named_is_taken(desa: Desa, tmp_path: Path) -> None:
    desa.node.cadangan = tmp_path / "diska"
    browser = desa.browser()
    browser.get("/")
    browser.post("/cadangan")
    assert len(list((tmp_path / "diska").iterdir())) == 1


def test_a_failure_is_told_and_stays_on_the_front_page(desa: Desa, tmp_path: Path) -> None:
    (tmp_path / "berkas").write_text("bukan folder")
    desa.node.cadangan = tmp_path / "berkas"
    browser = desa.browser()
    browser.get("/")
    page = read_text(browser.follow(browser.post("/cadangan")))
    assert "Cadangan tidak jadi dibuat" in page and "tidak dapat ditulis" in page
    again = read_text(browser.get("/"))
    assert "gagal" in again and "Belum ada cadangan yang baik" in again
    desa.node.cadangan = tmp_path / "folder"
    browser.post("/cadangan")
    assert "gagal" not in read_text(browser.get("/"))


def test_a_slow_backup_keeps_nobody_waiting(desa: Desa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.beranda.cadangan._ANSWER_S_MAX", 0.0)
    browser = desa.browser()
    browser.get("/")
    answer = browser.post("/cadangan")
    assert answer.status_code == 303
    text = read_text(browser.follow(answer))
    assert "sedang dibuat" in text or "sudah dibuat" in text
    while "sedang dibuat" in read_text(browser.get("/")):
        pass
    assert "sudah diperiksa dan utuh" in read_text(browser.get("/"))


def test_a_practice_village_is_not_backed_up(desa: Desa) -> None:
    desa.node.is_latihan = True
    browser = desa.browser()
    assert "Buat cadangan" not in read_text(browser.get("/"))
    assert "tidak dicadangkan" in read_text(browser.post("/cadangan"))
    assert not backup_folder(desa.node).exists()


def test_the_job_makes_one_backup_a_day_and_keeps_the_newest(desa: Desa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.beranda.cadangan.KEEP_DEFAULT", 3)
    job = BackupJob(desa.node, BackgroundScheduler())
    folder, names = backup_folder(desa.node), list[str]()
    for day in range(5):
        for _ in range(4):
            job.look()
        made = sorted(path.name for path in folder.iterdir())
        assert len(made) == min(day + 1, 3) and made[-1] not in names, "one a day, the newest three"
        names.append(made[-1])
        desa.clock.now += DAY_S


def test_a_backup_by_hand_or_timer_saves_the_job_its_work(desa: Desa) -> None:
    made = make_backup(desa.node).path
    BackupJob(desa.node, BackgroundScheduler()).look()
    assert list(backup_folder(desa.node).iterdir()) == [made]


def test_a_failing_backup_does_not_end_the_job(desa: Desa, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(temporary: Path) -> None:
        raise OSError(28, "full")

    with monkeypatch.context() as patch:
        patch.setattr(backup, "_check_copy", fail)
        BackupJob(desa.node, BackgroundScheduler()).look()
    assert "gagal" in read_text(desa.browser().get("/"))
    BackupJob(desa.node, BackgroundScheduler()).look()
    assert "gagal" not in read_text(desa.browser().get("/"))
