"""A browser at a server that has just been started, and what its console has said."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

from flask.testing import FlaskClient
from werkzeug.test import Client, TestResponse

from shared.store.folder import DataFolder
from shared.web.serve import Switch
from tests.node_app.test_pages_kit import Browser

Say = Callable[[str], None]


class Office(Protocol):
    """What runs on one data folder, of either side."""

    def announce(self, say: Say, address: str) -> None: ...

    def close(self) -> None: ...


class _Client(Client):
    """Reads every answer to its end, as a browser does: the switch knows by that when a request is over."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return super().open(*args, **{"buffered": True, **kwargs})


class Screen:
    """Whatever app the switch leads to, as one person sees it."""

    def __init__(self, folder: DataFolder, office: Office, begin: Callable[[Say], Switch]) -> None:
        self.said: list[str] = []
        self.folder, self.office = folder, office
        self.switch = begin(self.said.append)
        office.announce(self.said.append, "http://127.0.0.1:1")
        self.browser = self.open_browser()

    def open_browser(self) -> Browser:
        """Open another window, which knows nothing of the first."""
        browser = Browser(FlaskClient(self.switch.app, TestResponse))
        browser.client = _Client(self.switch)  # type: ignore[assignment]
        return browser

    @property
    def code(self) -> str:
        found = re.findall(r"[Kk]ode(?: yang baru)?: ([0-9A-Z-]{34})", "\n".join(self.said))
        return str(found[-1])

    def get(self, path: str) -> TestResponse:
        return self.browser.get(path)

    def post(self, path: str, **fields: str) -> TestResponse:
        return self.browser.post(path, **fields)
