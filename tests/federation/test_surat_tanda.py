"""Letters are checked at the hub and at other offices: what each can prove, before and after a key was revoked."""

from __future__ import annotations

from hub.app import make_hub_app
from hub.pemulihan.revoke import list_choices, revoke
from hub.services import HubServices
from node.services import NodeServices
from shared.surat.checking import check_letter
from shared.surat.periksa import Finding
from shared.web.passwords import Cost
from tests.federation.test_trust import simpul_of
from tests.support.federation import Federation
from tests.support.letters import cancel, issue

OTHER = "33.03.04.2007"


def check(side: NodeServices | HubServices, typed: str) -> Finding:
    with side.database.read() as conn:
        return check_letter(conn, typed, side.clock).finding


def test_a_letter_is_proven_at_the_hub_before_its_record_arrives_and_known_after(federation: Federation) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    federation.sync_all()
    id, seal = issue(a, federation.author(a))
    for side in (federation.hub, b):
        assert check(side, seal.teks) is Finding.BELUM_SAMPAI and check(side, seal.kode) is Finding.TIDAK_DIKENAL
    federation.sync_all()
    for side in (federation.hub, b):
        assert check(side, seal.teks) is Finding.ASLI and check(side, seal.kode) is Finding.ASLI
    cancel(a, federation.author(a), id)
    assert check(federation.hub, seal.teks) is Finding.ASLI, "as far as the hub knows"
    federation.sync_all()
    assert check(federation.hub, seal.teks) is Finding.DIBATALKAN


def test_another_desa_proves_the_signature_and_never_gets_the_letter(federation: Federation) -> None:
    a, other = federation.add_node("a"), federation.add_node("c", OTHER)
    _, seal = issue(a, federation.author(a))
    federation.sync_all()
    assert check(other, seal.teks) is Finding.BELUM_SAMPAI and check(other, seal.kode) is Finding.TIDAK_DIKENAL


def test_a_letter_after_the_cut_off_of_a_stolen_computer_counts_nowhere(federation: Federation) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    _, early = issue(a, federation.author(a))
    federation.sync_all()
    with federation.hub.database.read() as conn:
        (choice,) = list_choices(conn, simpul_of(federation, a))
    _, late = issue(a, federation.author(a), "500.2.2.4/2/2026")
    federation.sync(a)
    revoke(federation.hub, simpul_of(federation, a), "dicuri", {choice.log: choice.size}, "x")
    federation.sync(b)
    for side in (federation.hub, b):
        assert check(side, early.teks) is Finding.ASLI, "written before the cut-off"
        assert check(side, late.teks) is Finding.TIDAK_DIKENAL and check(side, late.kode) is Finding.TIDAK_DIKENAL


def test_the_page_of_the_hub_is_open_to_everybody(federation: Federation) -> None:
    a = federation.add_node("a")
    _, seal = issue(a, federation.author(a))
    federation.sync_all()
    client = make_hub_app(federation.hub, Cost(memory_kib=32, rounds=1)).test_client()
    answer = client.get(f"/periksa-surat?s={seal.teks}")
    assert answer.status_code == 200 and "Asli." in answer.text and "S*** R***" in answer.text
