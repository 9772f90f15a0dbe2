"""Letters are checked at the hub and at other offices: what each can prove, before and after a key was revoked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.app import make_hub_app
from hub.pemulihan.revoke import list_choices, revoke
from hub.services import HubServices
from node.app import make_node_app
from node.commands import COMMANDS
from node.services import NodeServices
from node.sinkron.rotate import take_new_keys
from shared.surat.checking import check_letter
from shared.surat.periksa import Finding
from shared.web.passwords import Cost
from tests.federation.test_trust import simpul_of
from tests.support.federation import Federation, refuse_all
from tests.support.letters import cancel, issue
from tests.support.office import update
from tests.support.usb import Road

OTHER = "33.03.04.2007"


def check(side: NodeServices | HubServices, typed: str) -> Finding:
    with side.database.read() as conn:
        return check_letter(conn, typed, side).finding


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


def ask(federation: Federation, typed: str) -> str:
    client = make_hub_app(federation.hub, Cost(memory_kib=32, rounds=1)).test_client()
    return " ".join(client.get(f"/periksa-surat?s={typed}").text.split())


@pytest.mark.parametrize("changed", [{"nama": "BUDI SANTOSO"}, {"nomor": "500.2.2.4/9/2026"}])
def test_other_facts_than_those_on_record_are_forged_wherever_they_are_asked(
    federation: Federation, changed: dict[str, str]
) -> None:
    """On the page of the desa, on that of the hub, and by the offline checker of either computer."""
    a, b = federation.add_node("a"), federation.add_node("b")
    id, seal = issue(a, federation.author(a))
    federation.sync_all()
    assert check(a, seal.teks) is check(b, seal.teks) is check(federation.hub, seal.teks) is Finding.ASLI
    update(a, id, of="surat", **changed)
    federation.sync_all(2)
    cost = Cost(memory_kib=32, rounds=1)
    apps = (make_hub_app(federation.hub, cost), make_node_app(a, cost), make_node_app(b, cost))
    texts = [" ".join(app.test_client().get(f"/periksa-surat?s={seal.teks}").text.split()) for app in apps]
    for side in (a, b):
        told = COMMANDS["periksa-surat"](side, {"teks": seal.teks}, lambda _: None)
        assert told["hasil"] == "Palsu" and "surat" not in told
        texts.append(str(told["kalimat"]))
    for text in texts:
        assert "Isinya lain dari surat berkode sama yang tercatat di desa." in text
        assert not any(fact in text for fact in ("S*** R***", "B*** S***", "500.2.2.4/1/2026", "500.2.2.4/9/2026"))
    # Typed, the code says what is on record, to be compared with the paper.
    assert check(federation.hub, seal.kode) is check(a, seal.kode) is Finding.ASLI


def test_the_hub_says_as_of_which_session_a_letter_stands(federation: Federation) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    federation.sync_all()
    id, seal = issue(a, federation.author(a))
    early = ask(federation, seal.teks)
    assert "Tanda tangannya asli" in early and "Menurut catatan desa itu per 21-09-2026 21.13 WIB." in early
    federation.sync_all()
    cancel(a, federation.author(a), id)
    federation.clock.now += 60 * 86_400
    federation.sync(b)
    for text in (ask(federation, seal.teks), ask(federation, seal.kode)):
        assert "Masih berlaku menurut catatan desa itu per 21-09-2026 21.13 WIB." in text, "of who issued it, not of b"
        assert "belum ketahuan" in text and "Diperiksa 20-11-2026 21.13 WIB." in text
    line = federation.transport(a)
    line.before = lambda path, body: refuse_all(path, body) if not path.endswith("/hello") else None
    federation.sync(a, line)
    assert "per 21-09-2026 21.13 WIB" in ask(federation, seal.teks), "it called, but nothing came"
    federation.sync(a)
    text = ask(federation, seal.teks)
    assert "Sudah dibatalkan" in text and "Menurut catatan desa itu per 20-11-2026 21.13 WIB." in text
    assert "belum ketahuan" not in text


def test_a_letter_of_a_computer_that_has_new_keys_stands_as_of_their_session(federation: Federation) -> None:
    a = federation.add_node("a")
    _, seal = issue(a, federation.author(a))
    federation.sync_all()
    federation.clock.now += 86_400
    take_new_keys(a)
    federation.sync(a)
    assert "per 22-09-2026 21.13 WIB" in ask(federation, seal.teks)


def test_a_further_computer_of_the_desa_speaks_as_of_its_own_last_sync(federation: Federation) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    _, seal = issue(a, federation.author(a))
    federation.sync_all()
    federation.clock.now += 3 * 86_400
    federation.sync(b, federation.transport(b))
    federation.clock.now += 60 * 86_400
    b.last_report = None  # the program was started again
    federation.sync(b, replace(federation.transport(b), before=refuse_all))
    told = COMMANDS["periksa-surat"](b, {"teks": seal.teks}, lambda _: None)
    assert told["menurut_data_pada"] == "24-09-2026 21.13 WIB" and "belum ketahuan" in told["kalimat"]
    told = COMMANDS["periksa-surat"](a, {"teks": seal.teks}, lambda _: None)
    assert told["menurut_data_pada"] == told["diperiksa_pada"] and "belum ketahuan" not in told["kalimat"]


def test_by_stick_a_letter_stands_as_of_the_day_its_file_was_written(federation: Federation) -> None:
    road = Road(federation)
    a, b = road.enrol("a"), road.enrol("b")
    _, seal = issue(a, federation.author(a))
    for _ in range(2):
        road.trip(a), road.trip(b)
    federation.clock.now += 86_400
    road.send(a)
    federation.clock.now += 10 * 86_400
    road.take()
    assert "per 22-09-2026 21.13 WIB" in ask(federation, seal.teks), "ten days under way"
    road.send(b), road.take()
    federation.clock.now += 5 * 86_400
    road.read(b)
    told = COMMANDS["periksa-surat"](b, {"teks": seal.teks}, lambda _: None)
    assert told["menurut_data_pada"] == "02-10-2026 21.13 WIB"
