"""Second histories that outlive their writer: of keys that were changed, of a hub that burned, come in parts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.pemulihan.keys import take_new_keys as take_new_hub_keys
from hub.services import HubServices
from node.services import NodeServices
from node.sinkron.rotate import take_new_keys
from node.sinkron.session import Outcome
from shared.changelog.change import decode_headers
from shared.errors import TransportError
from shared.store.branch import list_branches, read_branch
from shared.store.reissue import list_unissued
from shared.store.verify_branches import verify_branches
from tests.federation.test_histories import (
    check_whole, copy_folder, lose_history, names, open_copy, put_back, restore_hub, write_much,
)
from tests.support.federation import Federation
from tests.support.office import create, value
from tests.support.sheet import Sheet, programs, publish
from tests.support.usb import Road


def check_issued_once(federation: Federation, a: NodeServices, people: set[str], *records: str) -> None:
    """Check that hub and computer show these people, and hold one change of each of the records."""
    for side in (federation.hub, a):
        assert names(side) == people
        for record in records:
            assert value(side, "SELECT count(*) FROM change WHERE record = ?", record) == 1
    check_whole(federation, a)


def test_what_is_not_issued_again_yet_is_found_without_reading_each_change_over_and_over(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, c = lose_history(federation, lambda a: write_much(a, 60))
    create(a, nama="BUDI")
    federation.sync(a)
    federation.sync(c)
    with federation.hub.database.read() as conn:
        (branch,) = list_branches(conn)
        changes, read = read_branch(conn, branch), []
        monkeypatch.setattr(
            "shared.store.reissue.decode_headers", lambda headers: (read.extend(headers), decode_headers(headers))[1]
        )
        ((ref, stretch),) = list_unissued(conn, changes)
    assert len(changes) == len(stretch) >= 60 and len(read) < 4 * len(changes)


# Of a desa --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [1, 2])
def test_a_branch_of_a_former_key_is_handed_back_to_the_computer_that_changed_it(
    federation: Federation, changes: int
) -> None:
    """The computer takes new keys before the sibling brings what it had lost: its old key never speaks again."""
    a, c = lose_history(federation, lambda a: create(a, nama="SITI"))
    create(a, nama="BUDI")
    for _ in range(changes):
        take_new_keys(a)
        federation.sync(a)
    assert names(federation.hub) == {"BUDI"}
    federation.sync(c)
    with federation.hub.database.read() as conn:
        assert len(list_branches(conn)) == 1, "the lost history is kept at the hub"
    federation.sync_all(3)
    assert names(a) == names(c) == names(federation.hub) == {"SITI", "BUDI"}
    check_whole(federation, a, c)


@pytest.mark.parametrize("is_whole_log", [False, True])
def test_what_was_signed_before_a_change_of_keys_and_comes_after_it_is_no_quarantine(
    federation: Federation, is_whole_log: bool
) -> None:
    """Hub and computer were both put back, so the old key ended before what only the sibling still has."""
    a, c = federation.add_node("a"), federation.add_node("c")
    federation.sync_all()
    old, old_hub = copy_folder(federation, a, "salinan"), copy_folder(federation, federation.hub, "hub-lama")
    if is_whole_log:
        again = copy_folder(federation, a, "salinan-pertama")
        create(a, nama="AGUS")
        federation.sync(a)
        a = put_back(federation, again)
        federation.sync(a)
    siti = create(a, nama="SITI")
    federation.sync(a)
    federation.sync(c)
    restore_hub(federation, old_hub, keeps_keys=True)
    a = put_back(federation, old)
    take_new_keys(a)
    federation.sync(a)
    former = a.keys.former[0].public.hex()
    federation.sync(c)
    assert value(federation.hub, "SELECT count(*) FROM held WHERE record = ? AND alasan = 'dicabut'", siti) == 1
    federation.sync_all(3)
    for side in (federation.hub, a, c):
        assert "SITI" in names(side) and value(side, "SELECT count(*) FROM held") == 0
    assert value(federation.hub, "SELECT status FROM simpul WHERE kunci = ?", former) == "dicabut"
    check_whole(federation, a, c)


def test_what_a_branch_grows_by_after_it_was_issued_again_is_handed_back_too(federation: Federation) -> None:
    """One sibling knows the beginning of what A has lost, another one, who is heard later, more of it."""
    a, c, d = (federation.add_node(name) for name in "acd")
    federation.sync_all()
    old, old_hub = copy_folder(federation, a, "salinan"), copy_folder(federation, federation.hub, "hub-lama")
    siti = create(a, nama="SITI")
    federation.sync(a)
    federation.sync(c)
    create(a, nama="AGUS")
    create(a, nama="WATI")
    federation.sync(a)
    federation.sync(d)
    restore_hub(federation, old_hub, keeps_keys=True)
    a = put_back(federation, old)
    create(a, nama="BUDI")
    for node in (a, c, a, a, a):
        federation.sync(node)
    assert names(federation.hub) == {"SITI", "BUDI"}
    create(a, nama="SARI")
    federation.sync(d)
    federation.sync_all(4)
    for side in (federation.hub, a, c, d):
        assert names(side) == {"SITI", "AGUS", "WATI", "BUDI", "SARI"}
        assert value(side, "SELECT count(*) FROM held") == 0
        assert value(side, "SELECT count(*) FROM change WHERE record = ?", siti) == 1, "issued again once"
    check_whole(federation, a, c, d)


def test_what_is_handed_back_to_a_twin_is_issued_once_by_the_computer_that_still_has_it(
    federation: Federation,
) -> None:
    """It comes down before the history that takes its place, with which this computer issues its own again."""
    road, a = Road(federation), federation.add_node("a")
    federation.sync_all()
    twin = open_copy(federation, copy_folder(federation, a, "kembaran"), "kembaran")
    siti = create(a, nama="SITI")
    road.send(a)
    create(twin, nama="BUDI")
    federation.sync(twin)
    road.take()
    federation.sync(twin)
    assert value(federation.hub, "SELECT count(*) FROM cabang") == 1, "handed back to the key"
    agus = create(a, nama="AGUS")
    federation.sync(a)
    assert names(a) == {"SITI", "BUDI", "AGUS"}
    for record in (siti, agus):
        assert value(a, "SELECT count(*) FROM change WHERE record = ?", record) == 1
    federation.sync_all(3)
    assert names(federation.hub) == names(twin) == {"SITI", "BUDI", "AGUS"}
    check_whole(federation, a, twin)


@pytest.mark.parametrize("by_stick", [False, True])
def test_what_was_issued_again_before_the_second_restore_is_not_issued_once_more(
    federation: Federation, by_stick: bool
) -> None:
    """The channel that hands it back comes before the log in which this computer had issued it again."""
    road, a = Road(federation), federation.add_node("a")
    federation.sync_all()
    olds = [copy_folder(federation, a, f"salinan{number}") for number in range(2)]
    siti = create(a, nama="SITI")
    road.send(a)
    a = put_back(federation, olds[0])
    create(a, nama="BUDI")
    federation.sync(a)
    road.take()
    federation.sync_all(3)
    assert names(federation.hub) == {"SITI", "BUDI"}
    a = put_back(federation, olds[1])
    create(a, nama="AGUS")
    if by_stick:
        road.trip(a)
    federation.sync_all(3)
    check_issued_once(federation, a, {"SITI", "BUDI", "AGUS"}, siti)


@pytest.mark.parametrize("by_stick", [False, True])
def test_a_history_that_gives_way_for_the_second_time_is_not_issued_once_more(
    federation: Federation, by_stick: bool
) -> None:
    """A copy from between restore and session has the work in the old log; the hub has it in its new one."""
    road, a = Road(federation), federation.add_node("a")
    federation.sync_all()
    old = copy_folder(federation, a, "salinan")
    create(a, nama="BUDI")
    federation.sync(a)
    a = put_back(federation, old)
    siti = create(a, nama="SITI")
    between = copy_folder(federation, a, "antara")
    federation.sync_all(2)
    a = put_back(federation, between)
    agus = create(a, nama="AGUS")
    if by_stick:
        road.trip(a)
    federation.sync_all(3)
    check_issued_once(federation, a, {"SITI", "BUDI", "AGUS"}, siti, agus)


@pytest.mark.parametrize("longer", ["first", "second"])
def test_three_histories_of_one_log_are_kept_whole_and_issued_again(federation: Federation, longer: str) -> None:
    """A copy of the second history was put back before anybody had heard of it: the third begins like it."""
    road, a = Road(federation), federation.add_node("a")
    federation.sync_all()
    old = copy_folder(federation, a, "salinan")
    create(a, nama="BUDI")
    federation.sync(a)
    a = put_back(federation, old)
    written = {"SITI": create(a, nama="SITI")}
    between = copy_folder(federation, a, "antara")
    for name in ("AGUS", "SARI", "TONO")[: 3 if longer == "first" else 1]:
        written[name] = create(a, nama=name)
    road.send(a)
    road.take()
    a = put_back(federation, between)
    for name in ("WATI", "YANTI")[: 1 if longer == "first" else 2]:
        written[name] = create(a, nama=name)
    road.send(a)
    road.take()
    with federation.hub.database.read() as conn:
        assert len(list_branches(conn)) == 2 and verify_branches(conn) == []
    federation.sync_all(4)
    check_issued_once(federation, a, {"BUDI", *written}, *written.values())


# Of the hub -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["a", "b"])
def test_both_histories_of_a_hub_that_was_restored_and_then_burned_are_in_effect(
    federation: Federation, first: str
) -> None:
    """The enrolment of B stands in one of them, and whoever comes first brings the other."""
    sheet = Sheet(federation)
    a = federation.add_node("a")
    federation.sync_all()
    old = copy_folder(federation, federation.hub, "hub-lama")
    publish(federation.hub, "BLT LAMA")
    b = federation.add_node("b")
    create(b, nama="SITI")
    federation.sync(b)
    restore_hub(federation, old, keeps_keys=False)
    publish(federation.hub, "BLT BARU", "BPNT", "PKH")
    federation.sync(a)
    hub = sheet.burn()
    order = (a, b) if first == "a" else (b, a)
    for node in (*order, *order):
        report = federation.sync(node)
        assert report.outcome is Outcome.SELESAI, report
    federation.sync_all(2)
    for side in (hub, a, b):
        assert names(side) == {"SITI"} and programs(side) == {"BLT LAMA", "BLT BARU", "BPNT", "PKH"}
    assert value(hub, "SELECT count(*) FROM simpul WHERE status = 'aktif'") == 2
    check_whole(federation, a, b)


def test_what_a_history_of_the_hub_grows_by_after_it_was_issued_again_is_issued_too(federation: Federation) -> None:
    """Of the history that gave way the first node knows the beginning, the last one all."""
    sheet = Sheet(federation)
    a, b, c = (federation.add_node(name) for name in "abc")
    federation.sync_all(2)
    old = copy_folder(federation, federation.hub, "hub-lama")
    publish(federation.hub, "BLT")
    federation.sync(a)
    publish(federation.hub, "BPNT", "PKH")
    federation.sync(c)
    restore_hub(federation, old, keeps_keys=False)
    publish(federation.hub, "SEMBAKO")
    federation.sync(b)
    hub = sheet.burn()
    federation.sync(a)
    federation.sync(b)
    assert programs(hub) == {"BLT", "SEMBAKO"}
    federation.sync(c)
    assert programs(hub) == {"BLT", "BPNT", "PKH", "SEMBAKO"}
    federation.sync_all(2)
    for side in (hub, a, b, c):
        assert programs(side) == {"BLT", "BPNT", "PKH", "SEMBAKO"} and value(side, "SELECT count(*) FROM held") == 0
    check_whole(federation, a, b, c)


def rebuild_in_part(federation: Federation) -> tuple[NodeServices, HubServices]:
    """Let a hub burn whose common channels are two, and its node bring back the newer one before the line is cut.

    The node's change of keys stands there; its first enrolment in the older one.
    """
    sheet = Sheet(federation)
    a = federation.add_node("a")
    create(a, nama="AGUS")
    federation.sync_all()
    take_new_hub_keys(federation.hub)
    federation.sync_all(2)
    take_new_keys(a)
    create(a, nama="SITI")
    federation.sync(a)
    hub = sheet.burn()

    def cut_after_one(path: str, body: bytes) -> None:
        if value(hub, "SELECT count(*) FROM simpul"):
            raise TransportError("cut")

    federation.sync(a, replace(federation.transport(a), before=cut_after_one))
    assert value(hub, "SELECT count(*) FROM simpul") == 1 and value(hub, "SELECT pendahulu FROM simpul") is not None
    return a, hub


def test_a_stick_is_read_while_the_hub_has_still_to_learn_which_key_its_writer_had_before(
    federation: Federation,
) -> None:
    a, hub = rebuild_in_part(federation)
    road = Road(federation)
    road.send(a)
    outcome = road.take()[-1]
    assert outcome.taken is not None and outcome.taken.answer, outcome.sentences
    road.read(a)
    federation.sync_all(3)
    assert names(hub) == {"AGUS", "SITI"}
    check_whole(federation, a)


def test_trust_is_handed_over_before_what_rests_on_it(federation: Federation) -> None:
    """The hub knows the computer and not yet the key that it had first: that one's log would be refused."""
    a, hub = rebuild_in_part(federation)
    report = federation.sync(a)
    assert report.outcome is Outcome.SELESAI, report
    assert names(hub) == {"AGUS", "SITI"}
    check_whole(federation, a)
