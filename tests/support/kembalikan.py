"""Steps of data that come back out of a backup on a running server, as tests of both sides take them."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from shared.store.backup.kode import make_code
from shared.store.folder import DataFolder
from tests.node_app.test_pages_kit import PASSWORD, read_text
from tests.support.federation import seeded
from tests.support.screen import Screen

CODE = make_code(seeded("kertas"))
WAIT_S = 60.0


def log_in(screen: Screen, name: str = "siti", password: str = PASSWORD) -> None:
    screen.get("/masuk")
    assert screen.post("/masuk", nama_pengguna=name, kata_sandi=password).status_code == 303


def open_form(screen: Screen) -> str:
    """Open the form as an admin does; give the token of the newest backup."""
    screen.get("/cadangan")
    page = screen.browser.follow(screen.post("/cadangan/pulihkan/mulai"))
    return re.findall(r'name="berkas" value="([0-9a-f]{16})"', page.text)[0]


def send(screen: Screen, **fields: Any) -> TestResponse:
    """Push the button of the form, all filled in but for what is given."""
    given = {"kode": CODE.lower(), "mengerti": "ya", **fields}
    data = {"csrf_token": screen.browser.token, **{name: text for name, text in given.items() if text is not None}}
    answer = screen.browser.client.post("/cadangan/pulihkan", data=data, content_type="multipart/form-data")
    screen.browser._learn(answer)
    return answer


def await_end(screen: Screen, path: str = "/cadangan") -> TestResponse:
    """Ask again as the waiting page does, until another page answers."""
    until = time.monotonic() + WAIT_S
    while (page := screen.get(path)).status_code == 503:
        assert "dikembalikan dari cadangan" in read_text(page) and page.headers["Retry-After"] == "3"
        assert time.monotonic() < until
        time.sleep(0.05)
    return page


def names(path: Path) -> set[str]:
    with closing(sqlite3.connect(path / "data.sqlite")) as conn:
        return {row[0] for row in conn.execute("SELECT nama FROM penduduk")}


def list_asides(folder: DataFolder) -> list[str]:
    return sorted(path.name for path in folder.path.iterdir() if path.name.startswith(("sebelum", "pulih", "batal")))
