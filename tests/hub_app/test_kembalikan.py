"""Data of a running hub come back out of a backup, from the page; with other keys only by the recovery key."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.change import write_common
from hub.pemulihan.state import read_recovery
from hub.server import Office
from hub.services import open_hub
from shared.changelog.keys import load_keys
from shared.clock import SystemClock
from shared.store.drafts import draft_create
from shared.store.folder import DataFolder
from shared.store.side import KEY_FILE
from tests.hub_app.test_mulai import CODE as HUB_CODE
from tests.hub_app.test_mulai import make_old_hub
from tests.hub_app.test_pages_site import CHEAP, HUB, PASSWORD
from tests.node_app.test_pages_kit import read_text
from tests.support.federation import seeded
from tests.support.kembalikan import await_end, list_asides, log_in, open_form, send
from tests.support.screen import Screen


def programmes(path: Path) -> set[str]:
    with closing(sqlite3.connect(path / "data.sqlite")) as conn:
        return {row[0] for row in conn.execute("SELECT nama FROM program_bantuan")}


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    """A running hub; its backup, from before the second programme, lies in its folder of backups."""
    path = tmp_path / "hub"
    source, _ = make_old_hub(path)
    beside = path.with_name("hub-cadangan")
    beside.mkdir()
    source.rename(beside / f"sipande-hub-{HUB}-20260921-120000.cadangan")
    hub = open_hub(path, clock=SystemClock(), random=seeded("sesudah"))
    write_common(hub, [draft_create(hub.catalogue["program_bantuan"], hub.new_id(), {"nama": "SESUDAH"})], author="")
    hub.close()
    folder = DataFolder(path)
    assert folder.lock(), "as a server has it"
    office = Office(folder, False, CHEAP)
    made = Screen(folder, office, office.begin)
    yield made
    made.office.close()
    made.folder.unlock()


def test_a_hub_goes_on_under_its_keys_and_asks_the_desa_for_the_rest(screen: Screen) -> None:
    before = load_keys(screen.folder.keys / KEY_FILE).publics()
    log_in(screen, "ratna", PASSWORD)
    token = open_form(screen)
    text = read_text(screen.get("/cadangan/pulihkan"))
    assert "Kunci pemulihan" in text and "hub dalam pemulihan" in text and "21-09-2026 12.00 WIB" in text
    assert send(screen, berkas=token, kode=HUB_CODE).headers["Location"] == "/cadangan"
    assert await_end(screen).headers["Location"].startswith("/masuk")
    assert "dikembalikan dari cadangan" in read_text(screen.get("/masuk"))
    log_in(screen, "ratna", PASSWORD)
    told = read_text(screen.get("/cadangan"))
    assert "sudah dipulihkan" in told and "Kunci hub masih ada" in told
    (aside,) = list_asides(screen.folder)
    assert programmes(screen.folder.path) == {"BLT"} and programmes(screen.folder.path / aside) == {"BLT", "SESUDAH"}
    assert load_keys(screen.folder.keys / KEY_FILE).publics() == before
    with closing(sqlite3.connect(screen.folder.database)) as conn:
        assert conn.execute("SELECT account FROM access_audit WHERE action = 'data_dipulihkan'").fetchall() == [
            ("ratna",)
        ]
    protocol = screen.browser.client.post("/sync/v1/hello", data=b"x", content_type="application/x-sipande")
    assert protocol.status_code == 401, "the protocol answers again"


def test_a_backup_under_other_keys_wants_the_recovery_key_before_anything_closes(
    screen: Screen, tmp_path: Path
) -> None:
    source, recovery = make_old_hub(tmp_path / "lain", seed="lain")
    content = source.read_bytes()
    before = load_keys(screen.folder.keys / KEY_FILE).publics()
    log_in(screen, "ratna", PASSWORD)
    open_form(screen)
    app = screen.switch.app
    for key, words in (("", "amplop tersegel"), ("xx", "salah ketik")):
        page = send(screen, unggahan=(io.BytesIO(content), "lain.cadangan"), kode=HUB_CODE, kunci_pemulihan=key)
        assert page.status_code == 400 and words in read_text(page) and screen.switch.app is app
        assert f'value="{HUB_CODE}"' in page.text and f'value="{key or "-"}"' not in page.text
    send(screen, unggahan=(io.BytesIO(content), "lain.cadangan"), kode=HUB_CODE, kunci_pemulihan="00" * 32)
    page = await_end(screen)
    assert "Data belum dikembalikan" in read_text(page) and "bukan milik hub ini" in read_text(page)
    assert programmes(screen.folder.path) == {"BLT", "SESUDAH"} and list_asides(screen.folder) == []
    assert load_keys(screen.folder.keys / KEY_FILE).publics() == before
    assert "lain.cadangan (baru saja diunggah)" in read_text(screen.get("/cadangan/pulihkan"))
    page = screen.get("/cadangan/pulihkan")
    token = page.text.split('name="berkas" value="')[1][:16]
    send(screen, berkas=token, kode=HUB_CODE, kunci_pemulihan=recovery)
    await_end(screen)
    log_in(screen, "ratna", PASSWORD)
    assert "kunci baru yang disahkan kunci pemulihan" in read_text(screen.get("/cadangan"))
    assert not set(load_keys(screen.folder.keys / KEY_FILE).publics()) & set(before)
    screen.office.close()
    hub = open_hub(screen.folder.path, clock=SystemClock(), random=seeded("lagi"))
    with hub.database.read() as conn:
        assert read_recovery(conn) is not None
    hub.close()
    for path in screen.folder.path.rglob("*"):
        assert not path.is_file() or recovery.encode() not in path.read_bytes()


def test_a_backup_of_a_desa_is_told_to_be_one_and_the_hub_goes_on(screen: Screen) -> None:
    (source,) = screen.folder.path.with_name("hub-cadangan").iterdir()
    content = source.read_bytes().replace(b'"sisi":"hub"', b'"sisi":"desa"', 1)
    log_in(screen, "ratna", PASSWORD)
    open_form(screen)
    page = send(screen, unggahan=(io.BytesIO(content), "x.cadangan"), kode=HUB_CODE)
    assert page.status_code == 400 and "milik komputer desa" in read_text(page)
    assert not list(screen.folder.path.glob("unggahan-*")) and screen.get("/cadangan").status_code == 200
