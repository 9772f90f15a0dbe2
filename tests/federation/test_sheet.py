"""The sheet in the sealed envelope is printed once: a hub comes back with it after any number of changes of keys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.pemulihan.keys import take_new_keys
from node.sinkron.session import Outcome
from shared.errors import TransportError
from tests.federation.test_histories import check_whole, names
from tests.support.federation import Federation
from tests.support.office import create, value
from tests.support.sheet import Sheet, programs, publish
from tests.support.usb import Road

ALL = {"BLT", "PKH", "BPNT"}


def change(sheet: Sheet, how: str) -> None:
    """Let the hub have another key: in office, or because it burned."""
    federation = sheet.federation
    if how == "kantor":
        take_new_keys(federation.hub)
    else:
        sheet.burn(sheet.first)


@pytest.mark.parametrize("changes", [("kantor",), ("terbakar",), ("kantor", "terbakar"), ("terbakar", "kantor"),
                                     ("terbakar", "terbakar")])
def test_any_sheet_will_do_after_changes_of_keys(federation: Federation, changes: tuple[str, ...]) -> None:
    """One computer was admitted under the last key, and one was away since the first."""
    sheet = Sheet(federation)
    a, away = federation.add_node("a"), federation.add_node("b")
    create(a, nama="SITI")
    publish(federation.hub, "BLT")
    federation.sync_all(2)
    for how in changes:
        change(sheet, how)
        federation.sync(a)
        federation.sync(a)
    publish(federation.hub, "PKH")
    late = federation.add_node("c")
    create(late, nama="AGUS")
    for node in (a, late, a, late):
        federation.sync(node)
    publish(federation.hub, "BPNT")
    federation.sync(a)
    hub = sheet.burn(sheet.first)
    for node in (late, away, a, late, away):
        report = federation.sync(node)
        assert report.outcome is Outcome.SELESAI, report
    federation.sync_all(2)
    for side in (hub, a, away, late):
        assert names(side) == {"SITI", "AGUS"} and programs(side) == ALL
    assert value(hub, "SELECT count(*) FROM simpul WHERE status = 'aktif'") == 3
    check_whole(federation, a, away, late)
    assert federation.sync(a).requests == 1, "what the hub has learnt is not told again"


@pytest.mark.parametrize("has_changed", [False, True])
def test_any_sheet_will_do_on_sticks_too(federation: Federation, has_changed: bool) -> None:
    sheet, road = Sheet(federation), Road(federation)
    a = road.enrol("a")
    publish(federation.hub, "BLT")
    road.trip(a)
    if has_changed:
        take_new_keys(federation.hub)
    publish(federation.hub, "PKH", "BPNT")
    create(a, nama="SITI")
    for _ in range(2):
        road.trip(a)
    assert programs(a) == ALL
    hub = sheet.burn(sheet.first)
    create(a, nama="AGUS")
    assert any("belum mengenal lagi" in sentence for sentence in road.trip(a)[0].sentences)
    for _ in range(3):
        road.trip(a)
    for side in (hub, a):
        assert names(side) == {"SITI", "AGUS"} and programs(side) == ALL
    check_whole(federation, a)


def test_a_hub_that_nobody_knew_is_bridged(federation: Federation) -> None:
    """It burned before any computer had fetched from it; only the notes of the recovery key lead past it."""
    sheet = Sheet(federation)
    a = federation.add_node("a")
    create(a, nama="SITI")
    publish(federation.hub, *ALL)
    federation.sync_all(2)
    for _ in range(3):
        sheet.burn()
        greeted: list[str] = []

        def cut_after_hello(path: str, body: bytes, greeted: list[str] = greeted) -> None:
            if greeted:
                raise TransportError("cut")
            greeted.append(path)

        federation.sync(a, replace(federation.transport(a), before=cut_after_hello))
        known = a.hub()
        assert known is not None and known.kunci == federation.hub.keys.signing.public.hex()
    hub = sheet.burn()
    federation.sync_all(2)
    assert names(hub) == {"SITI"} and programs(hub) == ALL
    check_whole(federation, a)
