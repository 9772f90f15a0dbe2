"""What must hold once a stretch of junk is over: whole databases, proven logs, equal rebuilds, pages that open."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape

from flask import Flask
from flask.testing import FlaskClient

from hub.app import make_hub_app
from hub.commands import add_petugas as add_officer
from hub.services import HubServices
from hub.verval import queries as finding_queries
from node.app import make_node_app
from node.commands import add_petugas
from node.services import NodeServices
from shared.store.verify import compare_with_rebuild, hub_cosigners, projection_tables, verify_logs
from shared.web.passwords import Cost
from shared.web.services import Web
from simulation.claims import require
from simulation.junk.stage import Stage
from tests.support.federation import HUB

CHEAP = Cost(memory_kib=32, rounds=1)
PASSWORD = "kuda lumping di tengah sawah"
LINKS_MAX = 30
"""Pages that are opened by following what the others link to, a side."""


def check_aftermath(stage: Stage) -> Counter[str]:
    """Check both sides; Broken names what does not hold. Gives what was checked."""
    hub, node = stage.federation.hub, stage.node
    cosigners = hub_cosigners(HUB, hub.keys.signing.public)
    tables = projection_tables(hub.catalogue)
    done: Counter[str] = Counter()
    for name, side, more in (("hub", hub, finding_queries.TABLES), ("node", node, ())):
        with side.database.read() as conn:
            found = conn.execute("PRAGMA integrity_check").fetchone()[0]
            require(found == "ok", f"{name}: {found}")
            problems = verify_logs(conn, cosigners, side.keys.publics())
            done["changes"] += conn.execute("SELECT count(*) FROM change").fetchone()[0]
        require(not problems, f"{name}: {problems[:3]}")
        different = compare_with_rebuild(side.database, (*tables, *more), side.rebuild)
        require(not different, f"{name}: a rebuild gives other rows in {different}")
    stage.give_both_something_to_say()
    report = stage.federation.sync(node)
    require(report.parity != "beda", f"parity differs in {report.parity_differs}")
    done["pages"] += _open_pages(make_hub_app(hub, CHEAP), hub) + _open_pages(make_node_app(node, CHEAP), node)
    return done


def _open_pages(app: Flask, side: HubServices | NodeServices) -> int:
    """Open the pages of a side as its admin: those without arguments, then what they link to."""
    # What is raised shall be seen, not the page that hides it.
    app.config["PROPAGATE_EXCEPTIONS"] = True
    client = _log_in(app, side)
    left = sorted(
        rule.rule for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments and not _is_apart(rule.rule)
    )
    seen = set(left)
    budget = len(left) + LINKS_MAX
    opened = 0
    while left and opened < budget:
        path = left.pop(0)
        answer = client.get(path)
        opened += 1
        require(answer.status_code < 500, f"page {path} answers {answer.status_code}")
        if answer.mimetype == "text/html":
            links = {unescape(link) for link in re.findall(r'href="(/[^"#]*)"', answer.text)}
            fresh = sorted(link for link in links - seen if not _is_apart(link))
            seen.update(fresh)
            left += fresh
    return opened


def _is_apart(path: str) -> bool:
    """Leave out what ends the visit, is no page, or belongs to the protocol."""
    return any(word in path for word in ("/keluar", "/static", "/sync/", "/ekspor/v1", "/witness", "/kejadian"))


def _log_in(app: Flask, side: HubServices | NodeServices) -> FlaskClient:
    shell: Web = app.extensions["sipande"]
    name, role = f"admin{side.database.generation}", "admin"
    prepared = shell.accounts.prepare(name, PASSWORD, role)
    with side.database.write() as conn:
        author = (
            add_officer(side, "Sri Uji", "", role) if isinstance(side, HubServices)
            else add_petugas(side, "Sri Uji", "", role)
        )
        shell.accounts.add(conn, name, prepared, role, author, "uji")
    client = app.test_client()
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/masuk").text)
    require(found is not None, "no form to log in")
    assert found is not None
    form = {"csrf_token": found[1], "nama_pengguna": name, "kata_sandi": PASSWORD}
    answer = client.post("/masuk", data=form)
    require(answer.status_code == 303, f"log-in answers {answer.status_code}")
    return client
