"""Two computers with one key are found on sticks alone; old sticks and one restore prove no such thing."""

from __future__ import annotations

import pytest

from hub.pemulihan.revoke import lift
from node.services import NodeServices, open_node
from shared.store.evidence import list_events
from shared.sync.limits import limit
from tests.federation.test_histories import copy_folder, names, open_copy
from tests.support.federation import Federation, seeded
from tests.support.office import create, rows, value
from tests.support.usb import Road

OLDER = "Berkas ini lebih lama"


@pytest.fixture
def road(federation: Federation) -> Road:
    return Road(federation)


def begin(road: Road) -> NodeServices:
    node = road.enrol("a")
    road.trip(node)
    road.trip(node)
    wipe(road)
    return node


def wipe(road: Road) -> None:
    for name in road.names():
        (road.stick / name).unlink()


def status(road: Road) -> str:
    return str(value(road.hub, "SELECT status FROM simpul"))


def test_two_computers_with_one_key_on_sticks_alone_are_suspended_and_lose_nothing(road: Road) -> None:
    first = begin(road)
    folder, twin = first.folder.path, copy_folder(road.federation, first, "kembar")
    first.close()
    pair = [
        open_node(at, clock=road.federation.clock, random=seeded(f"kembar/{number}"))
        for number, at in enumerate((folder, twin))
    ]
    road.federation.nodes["a"], road.federation.nodes["b"] = pair
    written, told = set(), []
    for number in range(limit("twin_restores") + 2):
        for at, node in enumerate(pair):
            written.add(f"ORANG {number} {at}")
            create(node, nama=f"ORANG {number} {at}")
            outcome, _ = road.trip(node)
            assert outcome.taken is not None and OLDER not in " ".join(outcome.sentences)
            assert value(road.hub, "SELECT last_s FROM contact") == road.federation.clock.now
            told.append(outcome.taken.is_suspended)
            wipe(road)
            road.federation.clock.now += 86_400
        assert (status(road) == "aktif") is (number < limit("twin_restores") - 1), number
    assert told == [False] * (2 * limit("twin_restores") - 1) + [True] * 5
    with road.hub.database.read() as conn:
        assert [event.code for event in list_events(conn)].count("kembar") == 1
    assert names(road.hub) < written
    lift(road.hub, value(road.hub, "SELECT id FROM simpul"), "yang satu sudah dimatikan", "")
    for _ in range(2):
        for node in pair:
            road.trip(node)
            wipe(road)
    assert names(road.hub) == names(pair[0]) == names(pair[1]) == written


def test_old_sticks_that_are_read_late_suspend_nobody_and_are_no_contact(road: Road) -> None:
    node = begin(road)
    kept = []
    for number in range(8):
        create(node, nama=f"ORANG {number}")
        kept.append(road.keep(road.send(node).path.name))
        wipe(road)
    road.take(kept.pop(5))
    road.federation.clock.now += 3600
    for late in (kept.pop(4), kept.pop(0), *reversed(kept[:2])):
        outcome = road.take(late)[0]
        assert OLDER in " ".join(outcome.sentences) and outcome.sentences[0] == "Tidak ada perubahan baru."
        assert value(road.hub, "SELECT last_s FROM contact") < road.federation.clock.now
    # One that was written last, and overtaken on the line.
    create(node, nama="LEWAT STIK")
    last = road.keep(road.send(node).path.name)
    create(node, nama="LEWAT JARINGAN")
    road.federation.sync(node)
    assert OLDER in " ".join(road.take(last)[0].sentences)
    road.take(kept.pop())
    assert status(road) == "aktif" and rows(road.hub, "SELECT * FROM restored") == []
    assert len(names(road.hub)) == 10


def test_one_restore_and_the_sticks_from_before_it_suspend_nobody(road: Road) -> None:
    node = begin(road)
    old = copy_folder(road.federation, node, "salinan")
    late = []
    for number in range(4):
        create(node, nama=f"SEBELUM {number}")
        late.append(road.keep(road.send(node).path.name))
        wipe(road)
    road.take(late.pop(0))
    node.close()
    node = road.federation.nodes["a"] = open_copy(road.federation, old, "b")
    for number in range(5):
        create(node, nama=f"SESUDAH {number}")
        # Two files before an answer is read; one from before the restore comes between.
        early = road.keep(road.send(node).path.name)
        wipe(road)
        road.trip(node)
        wipe(road)
        road.take(early)
        if number == 1:
            road.take(late.pop())
        road.federation.clock.now += 86_400
    for stick in late:
        road.take(stick)
    road.trip(node)
    assert status(road) == "aktif"
    assert names(road.hub) == {f"SEBELUM {n}" for n in range(4)} | {f"SESUDAH {n}" for n in range(5)}
