"""Programs of different age in one federation: all is kept, relayed, and shown once each was brought up to date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from hub.services import HubServices
from hub.verval import decide
from node.commands import refresh_parity
from node.services import NodeServices
from node.sinkron.program import describe_hub_program, read_hub_program
from node.sinkron.session import Outcome
from shared.errors import UserError
from shared.records.fields import RecordField, Writer
from shared.store.verify import compare_with_rebuild, projection_tables
from shared.sync.versions import Age, Program
from tests.support.editions import EDITIONS, KELAK, LAMA, NANTI, NOW, Edition
from tests.support.federation import DESA, Federation
from tests.support.office import NIK_A, NIK_B, create, find, heads, live, officers, rows, update, value, version_of
from tests.support.usb import Road

PAIRS = [pair for pair in product(EDITIONS, EDITIONS) if pair[0] != pair[1]]
ON_STICKS = [("lama", "kelak"), ("kelak", "lama"), ("lama", "now"), ("kelak", "now")]


def fill(field: RecordField) -> Any:
    """Invent a value that a field takes."""
    return {str: "X", int: 1, bool: True, list: ["X"]}[field.body_type]


def write_all_it_knows(node: NodeServices, nik: str) -> dict[str, str]:
    """Let a node write a record of every kind of its own with every field that no earlier program has; by kind."""
    made = {}
    for kind in node.catalogue:
        if kind.writer is Writer.HUB or kind.name in ("desa", "petugas", "penerima_bantuan"):
            continue
        values = {name: fill(f) for name, f in kind.fields.items() if f.info.since > 1}
        values |= {name: fill(f) for name, f in kind.fields.items() if f.required and f.body_type is str}
        if kind.name == "penduduk":
            values |= {"nama": node.nama.upper(), "nik": nik, "alamat": "MELATI 4", "rt": "001"}
        made[kind.name] = create(node, kind.name, **values)
    return made


def sync_calmly(federation: Federation) -> None:
    """Let everybody talk until all have seen all; nobody may be refused, frightened, or kept waiting."""
    for _ in range(3):
        for node in federation.nodes.values():
            report = federation.sync(node)
            assert report.outcome is Outcome.SELESAI, (report.code, report.detail)
            assert report.parity != "beda", report.parity_differs


def everything(side: NodeServices | HubServices) -> list[tuple[Any, ...]]:
    """List all changes of the desa that a side holds, byte for byte."""
    return rows(
        side, "SELECT l.id, c.pos & 0xffffffff, c.header, c.body FROM change c JOIN log l ON l.no = c.pos >> 32"
        " WHERE l.wilayah = ? ORDER BY l.id, c.pos", DESA
    )


def shown(side: NodeServices | HubServices) -> dict[str, list[tuple[Any, ...]]]:
    """Give the rows of the desa, kind by kind."""
    return {kind.name: sorted(rows(side, f"SELECT * FROM {kind.name} WHERE desa = ?", DESA), key=repr)
            for kind in side.catalogue}


def held(side: NodeServices | HubServices) -> int:
    return int(value(side, "SELECT count(*) FROM held WHERE alasan = 'jenis_baru'"))


def bring_up_to_date(federation: Federation, edition: Edition) -> None:
    for name in federation.nodes:
        federation.upgrade_node(name, edition)
    federation.upgrade_hub(edition)


def trip_calmly(road: Road) -> None:
    """Let a stick go round until all have seen all; no file may be refused, doubted or told to be old."""
    for _ in range(3):
        for node in road.federation.nodes.values():
            outcome, reading = road.trip(node)
            assert outcome.taken is not None and not outcome.taken.codes and reading.done
            assert not (outcome.taken.is_older or outcome.taken.is_cut) and outcome.taken.parity != "beda"
            for name in road.names():
                (road.stick / name).unlink()


def live_through_the_ages(federation: Federation, of_node: str, meet: Callable[[], None]) -> None:
    """Let two computers of different age work, one of them a newer one, then bring everybody up to date."""
    a, b = federation.add_node("a", edition=EDITIONS[of_node]), federation.add_node("b", edition=KELAK)
    written = {**write_all_it_knows(a, NIK_A), **write_all_it_knows(b, NIK_B)}
    meet()
    update(a, create(a, nama="TAMU", nik="3303990101900009"), telepon="08123")
    update(b, written["penduduk"], rt="002", kode_pos="53371")
    meet()
    assert everything(a) == everything(b) == everything(federation.hub)
    bring_up_to_date(federation, KELAK)
    meet()
    sides = [*federation.nodes.values(), federation.hub]
    assert all(shown(side) == shown(federation.hub) for side in sides)
    assert [compare_with_rebuild(s.database, projection_tables(s.catalogue), s.rebuild) for s in sides] == [[], [], []]
    assert value(federation.hub, "SELECT zodiak FROM penduduk WHERE nama = 'B'") == "X"
    # What is of a kind that was given up is kept for ever, and nothing else waits.
    assert {kind for (kind,) in rows(federation.hub, "SELECT kind FROM held")} <= {"dusun"}
    assert {federation.sync(node).parity for node in federation.nodes.values()} == {"sama"}
    federation.close()


@pytest.mark.parametrize(("of_node", "of_hub"), PAIRS, ids=["-".join(pair) for pair in PAIRS])
def test_programs_of_any_two_ages_keep_and_relay_everything(tmp_path: Any, of_node: str, of_hub: str) -> None:
    federation = Federation(tmp_path, edition=EDITIONS[of_hub])
    live_through_the_ages(federation, of_node, lambda: sync_calmly(federation))


@pytest.mark.parametrize(("of_node", "of_hub"), ON_STICKS, ids=["-".join(pair) for pair in ON_STICKS])
def test_programs_two_versions_apart_keep_and_relay_everything_over_sticks_too(
    tmp_path: Any, of_node: str, of_hub: str
) -> None:
    federation = Federation(tmp_path, edition=EDITIONS[of_hub])
    road = Road(federation)
    live_through_the_ages(federation, of_node, lambda: trip_calmly(road))


# What an older program is shown ----------------------------------------------------------------------------


def test_what_an_older_program_can_read_is_written_so_that_it_can(tmp_path: Any) -> None:
    federation = Federation(tmp_path, edition=LAMA)
    old, new = federation.add_node("old"), federation.add_node("new", edition=KELAK)
    siti = create(new, nama="SITI", nik=NIK_A)
    update(new, siti, telepon="08123")
    hobby = create(new, nama="BUDI", nik=NIK_B, hobi=["CATUR"])
    sync_calmly(federation)
    assert (live(old, siti, "telepon"), live(old, hobby, "nama")) == ("08123", None)
    update(old, siti, telepon="08999")
    sync_calmly(federation)
    assert [live(side, siti, "telepon") for side in (old, new, federation.hub)] == ["08999"] * 3
    assert (held(old), held(new), held(federation.hub)) == (1, 0, 1)


def test_an_edit_on_an_older_computer_loses_nothing_that_a_newer_one_wrote(tmp_path: Any) -> None:
    federation = Federation(tmp_path, edition=KELAK)
    old, new = federation.add_node("old", edition=LAMA), federation.add_node("new")
    siti = create(old, nama="SITI", nik=NIK_A, alamat="MELATI 4", rt="001")
    sync_calmly(federation)
    update(new, siti, alamat="MELATI 4", kode_pos="53371", hobi=["CATUR"])
    sync_calmly(federation)
    update(old, siti, alamat="MAWAR 5", rt="002")
    sync_calmly(federation)
    # Two addresses of one moment: both stand, the part that only one has touched has merged.
    finding = find(federation.hub, "V1")
    assert {group for node in (new, old) for group in version_of(federation.hub, finding, node)} == {"alamat"}
    assert [live(new, siti, name) for name in ("alamat", "rt", "hobi")] == ["MELATI 4", "002", '["CATUR"]']
    old = federation.upgrade_node("old", KELAK)
    sync_calmly(federation)
    assert shown(old) == shown(new) == shown(federation.hub)


def test_a_decision_of_a_newer_hub_on_what_an_older_computer_knows_reaches_it(tmp_path: Any) -> None:
    federation = Federation(tmp_path, edition=KELAK)
    a, b = federation.add_node("a", edition=LAMA), federation.add_node("b", edition=NOW)
    siti = create(a, nama="SITI", nik=NIK_A, telepon="1")
    sync_calmly(federation)
    update(a, siti, telepon="2")
    update(b, siti, telepon="3")
    sync_calmly(federation)
    hub, (sri, _) = federation.hub, officers(federation)
    finding = find(hub, "V1")
    assert value(a, "SELECT kode FROM kasus WHERE status = 'terbuka'") == "V1"
    decide.hold_versions(hub, finding.id, version_of(hub, finding, b), heads(hub, finding), sri, "sesuai KTP-el")
    sync_calmly(federation)
    assert live(a, siti, "telepon") == live(b, siti, "telepon") == "3"


def test_a_rebuild_drops_the_table_of_a_kind_that_was_given_up(tmp_path: Any) -> None:
    federation = Federation(tmp_path, edition=NOW)
    node = federation.add_node("a")
    create(node, "dusun", nama="KRAJAN")
    node = federation.upgrade_node("a", KELAK)
    assert value(node, "SELECT count(*) FROM sqlite_master WHERE name = 'dusun'") == 0
    node = federation.upgrade_node("a", NANTI)
    assert value(node, "SELECT nama FROM dusun") == "KRAJAN"


# What people are told --------------------------------------------------------------------------------------


def test_both_sides_know_who_is_older_and_what_waits(tmp_path: Any) -> None:
    federation = Federation(tmp_path, edition=LAMA)
    node = federation.add_node("a", edition=KELAK)
    create(node, "sumur", nama="TIMUR")
    create(node, nama="SITI", hobi=["CATUR"])
    sync_calmly(federation)
    with node.database.read() as conn:
        hub = read_hub_program(conn)
    assert (hub.name, hub.age(node.program), hub.held) == ("3.0.0", Age.LEBIH_LAMA, 2)
    assert "lebih lama daripada program di komputer ini (versi 7.0.0)" in describe_hub_program(node.program, hub, 0)
    assert rows(federation.hub, "SELECT program, kinds, parity FROM contact") == [("7.0.0", node.kinds, "versi")]
    federation.upgrade_hub(KELAK)
    sync_calmly(federation)
    with node.database.read() as conn:
        assert describe_hub_program(node.program, read_hub_program(conn), 0) == ""


def test_parity_compares_what_both_know_and_names_the_rest(tmp_path: Any) -> None:
    federation = Federation(tmp_path, edition=LAMA)
    node = federation.add_node("a", edition=KELAK)
    create(node, nama="SITI")
    create(node, "keluarga", no_kk="3303990101260001")
    sync_calmly(federation)
    report = federation.sync(node)
    assert (report.parity, report.parity_versions) == ("versi", ["penduduk", "petugas"])
    with node.database.write() as conn:
        conn.execute("UPDATE keluarga SET alamat = 'LAIN'")
        conn.execute("DELETE FROM setting WHERE name LIKE 'paritas:%'")
    refresh_parity(node)
    report = federation.sync(node)
    assert (report.parity, report.parity_differs) == ("beda", ["keluarga"])


# Versions of the protocol ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("of_node", "of_hub", "outcome"), [
    (Program("9", 3, 1), Program("1", 1, 1), ""), (Program("1", 1, 1), Program("9", 3, 1), ""),
    (Program("9", 3, 2), Program("1", 1, 1), "hub_too_old"), (Program("1", 1, 1), Program("9", 3, 2), "node_too_old"),
])
def test_two_programs_speak_the_highest_version_that_both_know_or_say_who_is_too_old(
    federation: Federation, of_node: Program, of_hub: Program, outcome: str
) -> None:
    node = federation.add_node("a")
    create(node, nama="SITI")
    node.program, federation.hub.program = of_node, of_hub
    report = federation.sync(node)
    assert (report.code, report.outcome is Outcome.SELESAI) == (outcome, not outcome)
    if outcome:
        assert value(federation.hub, "SELECT result FROM contact") in (None, outcome)
        assert "Pekerjaan Anda aman" in report.sentence()


def test_an_answer_in_a_version_that_was_not_offered_is_refused_by_the_node(federation: Federation) -> None:
    node = federation.add_node("a")
    federation.hub.program = replace(federation.hub.program, protocol=3)
    node.program = replace(node.program, protocol=3)
    transport = federation.transport(node)
    transport.before = lambda path, body: setattr(node, "program", Program("1", 1, 1))  # type: ignore[assignment]
    report = federation.sync(node, transport)
    assert (report.code, report.outcome) == ("node_too_old", Outcome.DITOLAK)


def test_enrolment_needs_a_version_in_common(federation: Federation) -> None:
    federation.hub.program = Program("9", 3, 2)
    with pytest.raises(UserError) as refused:
        federation.add_node("a")
    assert refused.value.kode == "node_too_old"
