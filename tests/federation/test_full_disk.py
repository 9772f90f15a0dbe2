"""A full disk on either side: a sentence, nothing half stored, reading goes on, and it heals by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape

import pytest
from flask.testing import FlaskClient

from hub.app import make_hub_app
from hub.commands import add_petugas, run_status
from hub.ingest import disk
from hub.services import HubServices
from node.services import NodeServices
from node.sinkron.session import Outcome
from shared.errors import EnvironmentProblem
from shared.sync.codes import CODES
from tests.federation.test_histories import check_whole, names
from tests.hub_app.test_pages_site import CHEAP, PASSWORD, send
from tests.support.federation import Federation
from tests.support.office import create, rows, sent_mark, sizes, value


@contextmanager
def full(side: NodeServices | HubServices) -> Iterator[None]:
    """Let the database of a side grow no more, as on a full disk."""
    with side.database.write() as conn:
        before = conn.execute("PRAGMA max_page_count").fetchone()[0]
        conn.execute("PRAGMA max_page_count = 1")
    try:
        yield
    finally:
        with side.database.write() as conn:
            conn.execute(f"PRAGMA max_page_count = {before}")


def fill(node: NodeServices, first: int, count: int) -> None:
    for number in range(first, first + count):
        create(node, nama=f"ORANG {number:04d} {'X' * 40}")


def test_a_full_disk_at_the_hub_stores_nothing_of_a_run_and_heals(federation: Federation) -> None:
    a = federation.add_node("a")
    fill(a, 0, 3)
    federation.sync_all()
    before, mark = sizes(federation.hub), sent_mark(a)
    fill(a, 3, 120)
    with full(federation.hub):
        report = federation.sync(a)
        assert (report.outcome, report.code) == (Outcome.DITOLAK, "disk_full")
        assert "aman" in report.sentence() and "kecamatan" in CODES["disk_full"].sentence
        assert sizes(federation.hub) == before and sent_mark(a) == mark
        assert len(names(federation.hub)) == 3, "reading goes on"
    assert federation.sync(a).outcome is Outcome.SELESAI
    assert len(names(federation.hub)) == 123
    check_whole(federation, a)


def open_pages(hub: HubServices) -> FlaskClient:
    """Give the browser of somebody who has logged in at the kecamatan."""
    app = make_hub_app(hub, CHEAP)
    shell = app.extensions["sipande"]
    prepared = shell.accounts.prepare("siti", PASSWORD, "camat")
    with hub.database.write() as conn:
        shell.accounts.add(conn, "siti", prepared, "camat", add_petugas(hub, "SITI", "", "camat"), "uji")
    client = app.test_client()
    assert send(client, "/masuk", {"nama_pengguna": "siti", "kata_sandi": PASSWORD}, page="/masuk").status_code == 303
    return client


def test_a_full_disk_at_the_hub_is_told_to_its_operator_until_something_was_stored(
    federation: Federation
) -> None:
    a = federation.add_node("a")
    fill(a, 0, 3)
    federation.sync_all()
    pages = open_pages(federation.hub)
    assert "disk" not in run_status(federation.hub, {}, lambda report: None)
    assert "penuh" not in unescape(pages.get("/").text)
    fill(a, 3, 120)
    with full(federation.hub):
        for _ in range(2):
            assert federation.sync(a).code == "disk_full"
            federation.clock.now += 300
        told = run_status(federation.hub, {}, lambda report: None)["disk"]
        assert re.match(r"Disk komputer hub ini penuh, jadi kiriman desa ditolak sejak .* WIB, terakhir .*\. ", told)
        assert told in unescape(pages.get("/").text)
    create(a, nama="SESUDAHNYA")
    assert federation.sync(a).outcome is Outcome.SELESAI
    assert "disk" not in run_status(federation.hub, {}, lambda report: None)
    assert "penuh" not in unescape(pages.get("/").text)


def test_a_disk_of_the_hub_that_is_nearly_full_is_told_before_it_is(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = disk.LOW_BYTES
    monkeypatch.setattr(disk, "measure_free", lambda folder: free)
    assert "disk" not in run_status(federation.hub, {}, lambda report: None)
    free = 31_999_999
    assert "hampir penuh: sisanya 31 MB" in run_status(federation.hub, {}, lambda report: None)["disk"]


def test_a_full_disk_at_the_desa_is_a_sentence_and_what_was_saved_goes_out(federation: Federation) -> None:
    a = federation.add_node("a")
    fill(a, 0, 60)
    held = value(a, "SELECT count(*) FROM penduduk")
    with full(a):
        with pytest.raises(EnvironmentProblem, match=r"Disk komputer penuh"):
            fill(a, 60, 200)
        saved = value(a, "SELECT count(*) FROM penduduk")
        assert held <= saved < 260 and rows(a, "PRAGMA integrity_check") == [("ok",)]
        try:
            federation.sync(a)
        except EnvironmentProblem as problem:
            assert "isk" in problem.pesan
        assert value(federation.hub, "SELECT count(*) FROM penduduk") == saved, "what was saved is at the kecamatan"
    assert federation.sync(a).outcome is Outcome.SELESAI
    federation.sync_all()
    check_whole(federation, a)
