"""Both sides as the checks of security see them: an app, people of every role, a clock, the database."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub.roles import ROLES as HUB_ROLES
from node.roles import ROLES as NODE_ROLES
from shared.store.connection import Database
from shared.web.guards import Guard, policy_of
from shared.web.services import Web
from tests.hub_app.test_pages_site import HubSite, Villages, make_site, make_villages
from tests.node_app.test_pages_kit import Desa, fill_desa, make_desa

PASSWORD = "gunting kelapa sembilan"
OTHER_ID = "01990000-0000-7000-8000-00000000000f"


@dataclass
class Side:
    """One application with an account of every role, named like the role."""

    name: str
    app: Flask
    database: Database
    clock: Any
    add_petugas: Callable[[str, str], str]
    desa: Desa | None = None
    site: HubSite | None = None
    villages: Villages | None = None
    numbers: dict[str, int] = field(default_factory=dict)

    @property
    def shell(self) -> Web:
        shell: Web = self.app.extensions["sipande"]
        return shell

    @property
    def roles(self) -> list[str]:
        return list(self.shell.roles)

    @property
    def export_form(self) -> tuple[str, str]:
        """A form that asks for a proof, and the page that it stands on."""
        return ("/penduduk/ekspor", "/penduduk/") if self.name == "node" else ("/keamanan/kunci", "/keamanan")

    def add(self, name: str, role: str, password: str = PASSWORD, area: str = "") -> int:
        accounts = self.shell.accounts
        prepared = accounts.prepare(name, password, role)
        with self.database.write() as conn:
            no = accounts.add(conn, name, prepared, role, self.add_petugas(name, role), "uji")
            accounts.set_area(conn, no, area, "uji")
        self.numbers[name] = no
        return no

    def client(self, name: str | None = None) -> Client:
        client = Client(self.app.test_client())
        if name is not None:
            assert client.log_in(name).status_code == 303
        return client

    def rules(self, method: str) -> list[tuple[str, str, Guard]]:
        """List endpoint, address with harmless values, and guard of the routes that people call with a method."""
        found = []
        for rule in self.app.url_map.iter_rules():
            guard = policy_of(self.app, rule.endpoint)
            assert guard is not None
            if method in (rule.methods or ()) and not guard.is_machine and rule.endpoint != "static":
                found.append((rule.endpoint, fill(rule.rule), guard))
        return sorted(found)


def fill(rule: str) -> str:
    """Put a value that leads nowhere into every place of a route."""
    return re.sub(r"<(?:(\w+):)?\w+>", lambda m: {"uuid": OTHER_ID, "int": "999999"}.get(m[1] or "", "x"), rule)


@dataclass
class Client:
    """A browser that hands on the token of the last page."""

    http: FlaskClient
    token: str = ""

    def get(self, path: str, **options: Any) -> TestResponse:
        answer = self.http.get(path, **options)
        self._learn(answer)
        return answer

    def post(self, path: str, data: Mapping[str, Any] | None = None, **fields: Any) -> TestResponse:
        answer = self.http.post(path, data={"csrf_token": self.token, **(data or {}), **fields})
        self._learn(answer)
        return answer

    def log_in(self, name: str, password: str = PASSWORD) -> TestResponse:
        self.get("/masuk")
        return self.post("/masuk", nama_pengguna=name, kata_sandi=password)

    def _learn(self, answer: TestResponse) -> None:
        found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text) if answer.mimetype == "text/html" else None
        if found:
            self.token = unescape(found[1])


def make_node_side(folder: Path) -> Side:
    """Make a desa with people of every role and one of everything; the kadus has its dusun."""
    from node.commands import add_petugas

    desa = make_desa(folder / "desa")
    fill_desa(desa)
    side = Side(
        "node", desa.app, desa.node.database, desa.clock, lambda name, role: add_petugas(desa.node, name, "", role),
        desa=desa,
    )
    for role in NODE_ROLES:
        side.add(role.name, role.name, area=desa.dusun if role.has_area else "")
    return side


def make_hub_side(folder: Path) -> Side:
    """Make a hub with two villages and people of every role."""
    from hub.commands import add_petugas

    site = make_site(folder)
    side = Side(
        "hub", site.app, site.hub.database, site.clock, lambda name, role: add_petugas(site.hub, name, "", role),
        site=site, villages=make_villages(site),
    )
    for role in HUB_ROLES:
        side.add(role.name, role.name)
    return side
