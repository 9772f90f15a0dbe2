"""Cases of a hub that was restored or rebuilt: what people said of them outlives the hub."""

from __future__ import annotations

from typing import Any

import pytest

from hub.change import write_to_desa
from hub.commands import make_hub
from hub.pemulihan.commands import run_pemulihan
from hub.pemulihan.keys import read_sheet, take_the_place
from hub.services import HubServices
from hub.verval import decide
from hub.verval.cases import update_cases
from node.services import NodeServices
from shared.store.drafts import draft_update
from shared.store.records import load_state
from tests.federation.test_histories import check_whole, copy_folder, restore_hub
from tests.support.federation import DESA, HUB, Federation, make_sync_app, seeded
from tests.support.office import NIK_A, NIK_B, create, find, officers, rows, value

OTHER_DESA = "33.03.04.2001"
SAID = ("dikembalikan", "NIK_GANDA", "Periksa KTP-el.", "2026-12-05")
OF_DESA = f"SELECT status, alasan, catatan, batas_waktu FROM kasus WHERE desa = '{DESA}'"


def make_returned(federation: Federation) -> tuple[NodeServices, NodeServices, str]:
    """A hub with a known sheet; one NIK in two desa; an officer has returned the case to one of them."""
    federation.hub.close()
    federation.hub, recovery = make_hub(federation.folder / "hub2", HUB, federation.clock, seeded("hub2"))
    federation.app = make_sync_app(federation.hub)
    a, c = federation.add_node("a"), federation.add_node("c", OTHER_DESA)
    create(a, nama="SITI", nik=NIK_A)
    create(c, nama="SITI AMINAH", nik=NIK_A)
    federation.sync_all(3)
    give_back(federation)
    federation.sync_all()
    assert rows(a, OF_DESA) == [SAID]
    return a, c, recovery


def give_back(federation: Federation) -> None:
    finding, (officer, *_) = find(federation.hub, "V2"), officers(federation)
    decide.return_to_desa(federation.hub, finding.id, DESA, SAID[1], SAID[3], officer, SAID[2])


def rebuild(federation: Federation, recovery: str) -> HubServices:
    """Lose the hub, and let a new one take its place."""
    former = federation.hub.keys.signing.public.hex()
    federation.hub.close()
    hub, _ = make_hub(federation.folder / "hub3", HUB, federation.clock, seeded("hub3"))
    take_the_place(hub, read_sheet(recovery, former))
    federation.hub, federation.app = hub, make_sync_app(hub)
    return hub


def count_cases_written(hub: HubServices) -> Any:
    return value(hub, "SELECT count(*) FROM change WHERE kind = 'kasus'")


@pytest.mark.parametrize("order", ["ac", "ca"])
def test_a_rebuilt_hub_leaves_cases_as_people_left_them(federation: Federation, order: str) -> None:
    """While half of the nodes have called, the finding is gone; the case is neither closed nor opened anew."""
    a, c, recovery = make_returned(federation)
    before, written = rows(federation.hub, "SELECT * FROM kasus ORDER BY id"), count_cases_written(federation.hub)
    hub = rebuild(federation, recovery)
    for name in order:
        federation.sync(federation.nodes[name])
    assert rows(hub, "SELECT * FROM kasus ORDER BY id") == before
    assert count_cases_written(hub) == written
    federation.sync_all()
    assert update_cases(hub) == 0 and rows(a, OF_DESA) == [SAID]
    check_whole(federation, a, c)


def test_a_recovering_hub_opens_cases_when_the_last_computer_has_called(federation: Federation) -> None:
    """Also when it has nothing to hand over."""
    a, c, recovery = make_returned(federation)
    idle = federation.add_node("idle")
    federation.sync_all()
    hub = rebuild(federation, recovery)
    federation.sync(a)
    federation.sync(c)
    for name in ("BUDI", "BUDI S"):
        create(a, nama=name, nik=NIK_B)
    federation.sync(a)
    assert find(hub, "V3") and value(hub, "SELECT count(*) FROM kasus WHERE kode = 'V3'") == 0
    federation.sync(idle)
    assert value(hub, "SELECT count(*) FROM kasus WHERE kode = 'V3'") == 1


def test_cases_go_on_without_a_silent_computer_once_the_recovery_is_closed(federation: Federation) -> None:
    a, c, recovery = make_returned(federation)
    federation.add_node("rusak", OTHER_DESA)
    federation.sync_all()
    hub = rebuild(federation, recovery)
    federation.sync(a)
    federation.sync(c)
    create(c, nama="SITI A", nik=NIK_A)
    federation.sync(c)
    waiting = "SELECT count(*) FROM temuan t WHERE kode = 'V3' AND t.id NOT IN (SELECT temuan FROM kasus)"
    assert rows(hub, OF_DESA) == [SAID] and value(hub, waiting) == 1
    run_pemulihan(hub, {"selesai": True}, lambda *_: None)
    assert value(hub, waiting) == 0


def test_what_people_said_holds_against_what_the_program_wrote_in_between(federation: Federation) -> None:
    """A hub restored from before a case, whose recovery was closed too early, opens it a second time."""
    a, c = federation.add_node("a"), federation.add_node("c", OTHER_DESA)
    create(a, nama="SITI", nik=NIK_A)
    federation.sync_all(2)
    old = copy_folder(federation, federation.hub, "hub-lama")
    create(c, nama="SITI AMINAH", nik=NIK_A)
    federation.sync_all(2)
    give_back(federation)
    federation.sync(a)
    hub = restore_hub(federation, old, True)
    run_pemulihan(hub, {"selesai": True}, lambda *_: None)
    federation.sync(c)
    run_pemulihan(hub, {"selesai": True}, lambda *_: None)
    assert rows(hub, OF_DESA) == [("terbuka", None, None, None)]
    federation.sync_all(3)
    assert rows(hub, OF_DESA) == rows(a, OF_DESA) == [SAID]
    assert rows(hub, "SELECT * FROM conflict") == []


def test_of_two_words_of_people_about_a_case_neither_holds(federation: Federation) -> None:
    a, _, _ = make_returned(federation)
    hub, kind, id = federation.hub, federation.hub.catalogue["kasus"], value(a, "SELECT id FROM kasus")
    with hub.database.write() as conn:
        state = load_state(conn, hub.catalogue, kind, DESA, id)
        drafts = [draft_update(kind, state, id, {"alasan": reason}) for reason in ("PINDAH", "LAIN")]
        write_to_desa(hub, DESA, [draft for draft in drafts if draft], author="x")
    assert update_cases(hub) == 1
    assert rows(hub, OF_DESA) == [("terbuka", None, None, None)]
