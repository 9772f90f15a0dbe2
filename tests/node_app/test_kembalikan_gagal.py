"""Data that were to come back out of a backup on a running server: whatever fails, and whoever else is at work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from node.server import Office
from node.services import NodeServices, open_node
from shared.store.backup import placing
from shared.web.jobs import Job, Jobs
from shared.web.kept import list_kept
from tests.node_app.test_pages_kit import PASSWORD, read_text
from tests.support.kembalikan import WAIT_S, await_end, list_asides, log_in, names, open_form, send
from tests.support.kembalikan_desa import check_old_data, make_village, open_office, serve
from tests.support.screen import Screen


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return make_village(tmp_path / "desa")


@pytest.fixture
def screen(backup: Path, tmp_path: Path) -> Iterator[Screen]:
    yield from serve(tmp_path / "desa")


# Whatever fails opens the old data again ---------------------------------------------------------------------------


def test_a_file_that_is_damaged_further_on_changes_nothing(screen: Screen, backup: Path) -> None:
    content = bytearray(backup.read_bytes())
    assert len(content) > 2 * 65536, "the first piece is whole"
    content[-1] ^= 1
    backup.write_bytes(bytes(content))
    log_in(screen)
    send(screen, berkas=open_form(screen))
    check_old_data(screen, "rusak atau terpotong")


@pytest.mark.parametrize("step", range(6))
def test_a_disk_that_refuses_half_way_leaves_the_old_data(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    log_in(screen)
    token, replace, count = open_form(screen), placing.os.replace, 0

    def fail_once(source: Any, target: Any) -> None:
        nonlocal count
        count += 1
        if count == step + 1:
            raise OSError(5, "broken")
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(placing.os, "replace", fail_once)
        send(screen, berkas=token)
        page = await_end(screen)
    if page.status_code == 303:
        assert count <= step, "there is no such step"
        return
    check_old_data(screen, "disk")


def test_a_full_disk_leaves_the_old_data(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise OSError(28, "no space left")

    log_in(screen)
    token = open_form(screen)
    monkeypatch.setattr("shared.store.backup.trial._write", fail)
    send(screen, berkas=token)
    check_old_data(screen, "penuh")


@pytest.mark.parametrize("where", ["node.server.make_node_app", "shared.web.replacement.note_restored"])
def test_a_defect_behind_the_restore_brings_the_old_data_back(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    log_in(screen)
    token = open_form(screen)
    with monkeypatch.context() as patch:
        module, _, name = where.rpartition(".")
        real, calls = getattr(__import__(module, fromlist=[name]), name), list[int]()

        def fail_once(*args: Any) -> Any:
            calls.append(1)
            if len(calls) == 1:
                raise ZeroDivisionError("secret")
            return real(*args)

        patch.setattr(where, fail_once)
        send(screen, berkas=token)
        await_end(screen)
    assert "secret" not in caplog.text and "ZeroDivisionError" in caplog.text
    (aside,) = list_asides(screen.folder)
    assert aside.startswith("batal-pulih-") and names(screen.folder.path / aside) == {"WATI"}
    (screen.folder.path / aside / "data.sqlite").unlink()
    for path in (screen.folder.path / aside).iterdir():
        path.unlink()
    (screen.folder.path / aside).rmdir()
    check_old_data(screen, "Ada gangguan di program")


def test_a_disk_that_does_not_open_the_old_data_is_asked_again(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, backup: Path
) -> None:
    monkeypatch.setattr("shared.web.replacement._AGAIN_S", 0.2)
    content = bytearray(backup.read_bytes())
    content[-1] ^= 1
    backup.write_bytes(bytes(content))
    log_in(screen)
    token, failures = open_form(screen), [OSError(5, "broken")] * 3

    def fail_thrice(*args: Any, **kwargs: Any) -> NodeServices:
        if failures:
            raise failures.pop()
        return open_node(*args, **kwargs)

    monkeypatch.setattr("node.server.open_node", fail_thrice)
    send(screen, berkas=token)
    seen, until = set[bool](), time.monotonic() + WAIT_S
    while (page := screen.get("/cadangan")).status_code == 503:
        seen.add("belum dapat dibuka lagi" in read_text(page))
        assert time.monotonic() < until
        time.sleep(0.02)
    assert True in seen
    check_old_data(screen, "rusak atau terpotong")


# Who else is at work -----------------------------------------------------------------------------------------------


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Let a restore wait: an event that says it has begun, one that lets it go on."""
    from node.server import restore_node

    begun, go_on = threading.Event(), threading.Event()

    def wait(*args: Any) -> Any:
        begun.set()
        assert go_on.wait(WAIT_S)
        return restore_node(*args)

    monkeypatch.setattr("node.server.restore_node", wait)
    yield begun, go_on
    go_on.set()


def test_meanwhile_everybody_waits_keeps_what_was_typed_and_a_second_push_does_nothing(
    screen: Screen, slow: tuple[threading.Event, threading.Event]
) -> None:
    begun, go_on = slow
    log_in(screen)
    budi = screen.open_browser()
    budi.get("/masuk")
    budi.post("/masuk", nama_pengguna="budi", kata_sandi=PASSWORD)
    budi.get("/keluarga/dusun")
    send(screen, berkas=open_form(screen))
    assert begun.wait(WAIT_S)
    assert send(screen, berkas="00").headers["Location"] == "/"
    assert not screen.folder.server_file.exists()
    kept = budi.post("/keluarga/dusun", nama="KARANGPUCUNG")
    assert kept.status_code == 503 and "belum disimpan" in read_text(kept) and "KARANGPUCUNG" in kept.text
    assert 'http-equiv="refresh"' not in kept.text and 'action="/keluarga/dusun"' in kept.text
    protocol = budi.client.post("/sync/v1/hello", data=b"x", content_type="application/x-sipande")
    assert protocol.status_code == 503 and protocol.headers["Retry-After"] == "3"
    go_on.set()
    await_end(screen)
    assert len(list_asides(screen.folder)) == 1
    again = budi.client.post("/keluarga/dusun", data={"csrf_token": budi.token, "nama": "KARANGPUCUNG"})
    assert again.status_code == 401 and "Silakan masuk lagi" in read_text(again) and "KARANGPUCUNG" in again.text


def test_a_request_that_is_in_flight_ends_first(
    screen: Screen, slow: tuple[threading.Event, threading.Event]
) -> None:
    begun, go_on = slow
    go_on.set()
    release, answers = hold_a_request(screen)
    send(screen, berkas=open_form(screen))
    assert not begun.wait(0.5), "nothing is closed under somebody's hands"
    release()
    assert begun.wait(WAIT_S)
    await_end(screen)
    assert [answer.status_code for answer in answers] == [200] and "SESUDAH" in answers[0].text
    assert names(screen.folder.path) == {"WATI"}


def hold_a_request(screen: Screen) -> tuple[Callable[[], None], list[TestResponse]]:
    """Let one request stay in its view; give what releases it, and its answer once it is there."""
    log_in(screen)
    app = screen.switch.app
    view, inside, go_on = app.view_functions["penduduk.index"], threading.Event(), threading.Event()
    answers: list[TestResponse] = []

    def stay(**kwargs: Any) -> Any:
        inside.set()
        assert go_on.wait(WAIT_S)
        return view(**kwargs)

    app.view_functions["penduduk.index"] = stay
    budi = screen.open_browser()
    budi.get("/masuk")
    budi.post("/masuk", nama_pengguna="budi", kata_sandi=PASSWORD)
    work = threading.Thread(target=lambda: answers.append(budi.get("/penduduk/")))
    work.start()
    assert inside.wait(WAIT_S)

    def release() -> None:
        app.view_functions["penduduk.index"] = view
        go_on.set()
        work.join(WAIT_S)

    return release, answers


def test_a_request_that_does_not_end_is_left_alone_and_the_app_goes_on(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.web.replacement._REQUESTS_S", 0.2)
    release, answers = hold_a_request(screen)
    token, app = open_form(screen), screen.switch.app
    send(screen, berkas=token)
    page = await_end(screen)
    assert "Masih ada permintaan" in read_text(page) and screen.switch.app is app
    assert not app.extensions["sipande"].stopping.is_set()
    release()
    assert [answer.status_code for answer in answers] == [200]
    check_old_data(screen, "Masih ada permintaan")


def test_long_work_behind_a_page_refuses(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    monkeypatch.setattr("shared.web.cadangan._ANSWER_S_MAX", 0.0)
    monkeypatch.setattr("shared.web.cadangan.make_daily_backup", lambda side: go_on.wait(WAIT_S))
    log_in(screen)
    token, app = open_form(screen), screen.switch.app
    screen.post("/cadangan")
    page = send(screen, berkas=token)
    assert page.status_code == 400 and "masih ada pekerjaan panjang" in read_text(page)
    assert f'value="{token}" checked' in page.text and screen.switch.app is app
    go_on.set()
    wait_for_jobs(app)
    assert send(screen, berkas=token).status_code == 303
    await_end(screen)
    assert names(screen.folder.path) == {"WATI"}


def wait_for_jobs(app: Any) -> None:
    for jobs in list_kept(app, Jobs):
        for job in list[Job](jobs._jobs.values()):
            assert job.finished.wait(WAIT_S)


def test_chores_that_are_at_work_let_it_be_given_up(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(screen.office, Office)
    inside, go_on = threading.Event(), threading.Event()

    def stay() -> None:
        inside.set()
        go_on.wait(WAIT_S)

    monkeypatch.setattr("node.server.QUIET_S", 0.2)
    monkeypatch.setattr(screen.office._daily, "_chores", (stay,))
    chores = threading.Thread(target=screen.office._daily.run)
    chores.start()
    assert inside.wait(WAIT_S)
    log_in(screen)
    send(screen, berkas=open_form(screen))
    await_end(screen)
    go_on.set()
    chores.join(WAIT_S)
    check_old_data(screen, "Pekerjaan harian")
    inside.clear()
    screen.office._daily.run()
    assert inside.is_set(), "chores go on"


def test_the_sync_of_before_never_comes_back(backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.server.back_up_when_due", lambda services: False)
    screen = open_office(tmp_path / "desa", automatic=True)
    office = screen.office
    assert isinstance(office, Office) and office._sync is not None
    former, services = office._sync, office.services
    log_in(screen)
    send(screen, berkas=open_form(screen))
    await_end(screen)
    assert former.is_stopped and office._sync is not former and office.services is not services
    former._plan(0)
    former._run()
    (job,) = office._scheduler.get_jobs()
    assert job.func == office._sync._run
    assert office.services is not None and office.services.next_sync_s is not None
    office.close()
    screen.folder.unlock()
