"""A key that a rebuilt hub has admitted twice is one key: revoked, suspended, lifted, followed in all its records."""

from __future__ import annotations

from typing import Any

import pytest

from hub.commands import make_hub
from hub.nomor.queries import find_present_log
from hub.pemulihan.keys import read_sheet, take_the_place
from hub.pemulihan.revoke import lift, list_choices, revoke
from hub.pemulihan.watch import suspend
from hub.simpul.enrol import confirm_candidate, list_candidates, open_slot
from node.services import NodeServices
from node.sinkron.enrol import enrol
from node.sinkron.queries import find_trust
from node.sinkron.rotate import take_new_keys
from node.sinkron.session import Outcome
from shared.errors import UserError
from tests.federation.test_histories import check_whole, names
from tests.support.federation import ADDRESS, DESA, HUB, Federation, make_sync_app, seeded
from tests.support.office import create, rows, value


@pytest.fixture
def pair(federation: Federation) -> tuple[NodeServices, NodeServices]:
    """Two computers of a desa; the hub was destroyed, and its successor has admitted the first of them by a code."""
    federation.hub.close()
    federation.hub, recovery = make_hub(federation.folder / "hub2", HUB, federation.clock, seeded("hub2"))
    federation.app = make_sync_app(federation.hub)
    first, second = federation.add_node("a"), federation.add_node("b")
    create(first, nama="SITI")
    federation.sync_all()
    former = federation.hub.keys.signing.public.hex()
    federation.hub.close()
    hub, _ = make_hub(federation.folder / "hub3", HUB, federation.clock, seeded("hub3"))
    take_the_place(hub, read_sheet(recovery, former))
    federation.hub, federation.app = hub, make_sync_app(hub)
    enrol(first, open_slot(hub, DESA, ADDRESS, "uji"), federation.transport(first))
    (waiting,) = list_candidates(hub)
    confirm_candidate(hub, waiting["simpul"], waiting["kata"], "")
    return first, second


def records(federation: Federation, node: NodeServices) -> list[tuple[Any, ...]]:
    key = node.keys.signing.public.hex()
    return rows(federation.hub, "SELECT id, status FROM simpul WHERE kunci = ? ORDER BY id", key)


@pytest.mark.parametrize("which", [0, 1])
def test_whichever_record_is_revoked_the_key_is_refused_and_receives_nothing(
    federation: Federation, pair: tuple[NodeServices, NodeServices], which: int
) -> None:
    first, second = pair
    federation.sync_all()
    assert [status for _, status in records(federation, first)] == ["aktif", "aktif"]
    revoke(federation.hub, records(federation, first)[which][0], "dicuri", {}, "")
    assert [status for _, status in records(federation, first)] == ["dicabut", "dicabut"]
    create(second, nama="SESUDAH DICURI")
    federation.sync(second)
    create(first, nama="DARI MALING")
    report = federation.sync(first)
    assert (report.outcome, report.code) == (Outcome.DITOLAK, "key_revoked")
    assert names(federation.hub) == {"SITI", "SESUDAH DICURI"} and "SESUDAH DICURI" not in names(first)
    assert value(federation.hub, "SELECT count(*) FROM held") == 0
    with pytest.raises(UserError, match="sudah dicabut"):
        revoke(federation.hub, records(federation, first)[1 - which][0], "dicuri", {}, "")


def test_a_record_that_comes_back_after_the_revocation_does_not_let_the_key_in(
    federation: Federation, pair: tuple[NodeServices, NodeServices]
) -> None:
    first, second = pair
    revoke(federation.hub, records(federation, first)[0][0], "dicuri", {}, "")
    federation.sync(second)
    federation.sync(second)
    assert sorted(status for _, status in records(federation, first)) == ["aktif", "dicabut"]
    assert federation.sync(first).code == "key_revoked"
    key = first.keys.signing.public.hex()
    with federation.hub.database.read() as conn:
        assert find_present_log(conn, DESA, key) is None, "no numbers for letters either"
    with second.database.read() as conn:
        assert find_trust(conn, key)[0] == "dicabut"
    # What is left to say is said in the record that does not say it yet.
    (open_one,) = [id for id, status in records(federation, first) if status == "aktif"]
    with federation.hub.database.read() as conn:
        cutoffs = {choice.log: choice.size for choice in list_choices(conn, open_one)}
    revoke(federation.hub, open_one, "dicuri", cutoffs, "")
    assert {status for _, status in records(federation, first)} == {"dicabut"}


def test_a_suspension_and_its_end_are_of_the_key_too(
    federation: Federation, pair: tuple[NodeServices, NodeServices]
) -> None:
    first, _ = pair
    federation.sync_all()
    hub, (one, other) = federation.hub, [id for id, _ in records(federation, first)]
    with hub.database.write() as conn:
        suspend(conn, hub, one, "diperiksa")
    assert {status for _, status in records(federation, first)} == {"ditangguhkan"}
    create(first, nama="BUDI")
    assert federation.sync(first).outcome is Outcome.SELESAI and names(hub) == {"SITI"}
    lift(hub, other, "sudah jelas", "")
    assert {status for _, status in records(federation, first)} == {"aktif"}
    federation.sync_all()
    assert names(hub) == names(first) == {"SITI", "BUDI"}
    check_whole(federation, *pair)


def test_a_key_that_follows_ends_all_records_of_the_one_before(
    federation: Federation, pair: tuple[NodeServices, NodeServices]
) -> None:
    first, _ = pair
    federation.sync_all()
    before = records(federation, first)
    create(first, nama="BUDI")
    take_new_keys(first)
    create(first, nama="WATI")
    federation.sync_all()
    ended = dict(rows(federation.hub, "SELECT id, status FROM simpul"))
    assert [ended[id] for id, _ in before] == ["dicabut", "dicabut"]
    assert [status for _, status in records(federation, first)] == ["aktif"]
    assert names(federation.hub) == {"SITI", "BUDI", "WATI"} and not rows(federation.hub, "SELECT * FROM held")
    check_whole(federation, *pair)
