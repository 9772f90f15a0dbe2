"""A full disk on either side: a sentence, nothing half stored, reading goes on, and it heals by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hub.services import HubServices
from node.services import NodeServices
from node.sinkron.session import Outcome
from shared.errors import EnvironmentProblem
from shared.sync.codes import CODES
from tests.federation.test_histories import check_whole, names
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
