"""A case from cause to end, across node, hub and back: who learns what, who decides, what closes it."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from hub.change import write_common
from hub.verval import decide
from hub.verval.cases import update_cases
from node.services import NodeServices
from shared.errors import UserError
from shared.store.drafts import draft_create, draft_update
from shared.store.records import load_state
from tests.federation.test_histories import copy_folder, restore_hub
from tests.support.federation import HUB, Federation
from tests.support.office import (
    NIK_A,
    NIK_B,
    NIK_C,
    create,
    delete,
    find,
    heads,
    live,
    officers,
    restore,
    rows,
    update,
    value,
    version_of,
)

OTHER_DESA = "33.03.04.2001"


@dataclass
class Quarrel:
    """Two PCs of one desa that have written different values of one group of one resident."""

    federation: Federation
    a: NodeServices
    b: NodeServices
    record: str


def quarrel(federation: Federation, group: str, mine: str, theirs: str) -> Quarrel:
    a, b = federation.add_node("a"), federation.add_node("b")
    record = create(a, nama="SITI", nik=NIK_A, telepon="080")
    federation.sync_all(3)
    update(a, record, **{group: mine})
    update(b, record, **{group: theirs})
    federation.sync_all(3)
    return Quarrel(federation, a, b, record)


def hold(made: Quarrel, node: NodeServices, officer: decide.Officer) -> decide.Outcome:
    """Let an officer hold the version that a node wrote."""
    hub = made.federation.hub
    finding = find(hub, "V1")
    chosen = version_of(hub, finding, node)
    return decide.hold_versions(hub, finding.id, chosen, heads(hub, finding), officer, "sesuai KTP-el")


# Conflicts -----------------------------------------------------------------------------------------------


def test_a_conflict_stays_visible_on_both_sides_until_it_is_decided(federation: Federation) -> None:
    made = quarrel(federation, "nik", NIK_B, NIK_C)
    for side in (made.a, made.b, federation.hub):
        assert rows(side, "SELECT grup, status FROM conflict") == [("nik", "konflik")]
        assert live(side, made.record, "nik") == NIK_A, "the last agreed value holds"
    assert value(made.a, "SELECT status FROM kasus WHERE kode = 'V1'") == "terbuka"


def test_a_decision_about_what_all_desa_share_reaches_all_of_them(federation: Federation) -> None:
    a, c = federation.add_node("a"), federation.add_node("c", OTHER_DESA)
    kind, id = federation.hub.catalogue["program_bantuan"], federation.hub.new_id()
    write_common(federation.hub, [draft_create(kind, id, {"nama": "BLT"})], author="x")
    federation.sync_all()

    def rename(nama: str) -> None:
        with federation.hub.database.read() as conn:
            state = load_state(conn, federation.hub.catalogue, kind, HUB, id)
        draft = draft_update(kind, state, id, {"nama": nama})
        write_common(federation.hub, [draft] if draft else [], author="x")

    old = copy_folder(federation, federation.hub, "hub-lama")
    rename("BLT DESA")
    federation.sync_all()
    hub = restore_hub(federation, old, keeps_keys=True)
    rename("BLT KECAMATAN")
    federation.sync_all(4)
    finding = find(hub, "V1")
    with hub.database.read() as conn:
        first, _ = decide.list_versions(conn, hub, finding)
    officer, _ = officers(federation)
    decide.hold_versions(hub, finding.id, first.refs, heads(hub, finding), officer, "sesuai SK")
    federation.sync_all(2)
    decided = value(hub, "SELECT nama FROM program_bantuan")
    for side in (hub, a, c):
        assert value(side, "SELECT nama FROM program_bantuan") == decided != "BLT"
        assert rows(side, "SELECT * FROM conflict") == []


def test_a_decision_reaches_both_pcs(federation: Federation) -> None:
    made = quarrel(federation, "telepon", "081", "082")
    assert hold(made, made.b, officers(federation)[0]) is decide.Outcome.SELESAI
    federation.sync_all()
    for side in (made.a, made.b, federation.hub):
        assert live(side, made.record, "telepon") == "082"
        assert rows(side, "SELECT * FROM conflict") == []


def test_identity_takes_two_officers(federation: Federation) -> None:
    made = quarrel(federation, "nik", NIK_B, NIK_C)
    sri, joko = officers(federation)
    assert hold(made, made.a, sri) is decide.Outcome.MENUNGGU_PETUGAS_KEDUA
    assert live(federation.hub, made.record, "nik") == NIK_A
    with pytest.raises(UserError, match="dua petugas"):
        hold(made, made.a, sri)
    assert hold(made, made.a, joko) is decide.Outcome.SELESAI
    assert live(federation.hub, made.record, "nik") == NIK_B


def test_two_officers_who_choose_differently_decide_nothing(federation: Federation) -> None:
    made = quarrel(federation, "nik", NIK_B, NIK_C)
    sri, joko = officers(federation)
    assert hold(made, made.a, sri) is decide.Outcome.MENUNGGU_PETUGAS_KEDUA
    assert hold(made, made.b, joko) is decide.Outcome.MENUNGGU_PETUGAS_KEDUA
    assert live(federation.hub, made.record, "nik") == NIK_A
    assert hold(made, made.b, sri) is decide.Outcome.SELESAI


def test_a_decision_is_refused_when_a_newer_head_has_come(federation: Federation) -> None:
    made = quarrel(federation, "telepon", "081", "082")
    hub, finding = federation.hub, find(federation.hub, "V1")
    seen, chosen = heads(hub, finding), version_of(hub, finding, made.a)
    update(made.b, made.record, agama=1)
    federation.sync(made.b)
    now = find(hub, "V1")
    with pytest.raises(UserError, match="perubahan baru"):
        decide.hold_versions(hub, now.id, chosen, seen, officers(federation)[0], "")
    assert live(hub, made.record, "telepon") == "080"


def test_a_head_that_comes_after_the_decision_is_a_new_conflict(federation: Federation) -> None:
    made = quarrel(federation, "telepon", "081", "082")
    update(made.b, made.record, telepon="083")
    hold(made, made.a, officers(federation)[0])
    federation.sync_all(3)
    for side in (made.a, made.b, federation.hub):
        assert rows(side, "SELECT grup FROM conflict") == [("telepon",)]
        assert live(side, made.record, "telepon") == "081", "the decision holds until the next one"


def test_a_desa_that_saw_both_versions_closes_a_conflict_of_plain_data_itself(federation: Federation) -> None:
    made = quarrel(federation, "telepon", "081", "082")
    update(made.a, made.record, telepon="084")
    federation.sync_all(3)
    for side in (made.a, made.b, federation.hub):
        assert rows(side, "SELECT * FROM conflict") == []
    assert value(made.b, "SELECT status FROM kasus WHERE kode = 'V1'") == "selesai"


def test_a_desa_may_only_propose_the_end_of_a_conflict_of_identity(federation: Federation) -> None:
    made = quarrel(federation, "nik", NIK_B, NIK_C)
    update(made.a, made.record, nik=NIK_C)
    federation.sync_all(3)
    for side in (made.a, made.b, federation.hub):
        assert rows(side, "SELECT grup, status FROM conflict") == [("nik", "usulan")]
        assert live(side, made.record, "nik") == NIK_A


# Cases ---------------------------------------------------------------------------------------------------


def test_a_decision_closes_its_case_in_the_same_transaction(federation: Federation) -> None:
    made = quarrel(federation, "nik", NIK_B, NIK_C)
    for officer in officers(federation):
        hold(made, made.a, officer)
    assert value(federation.hub, "SELECT status FROM kasus WHERE kode = 'V1'") == "selesai"
    assert update_cases(federation.hub) == 0


def test_cases_are_opened_once_whoever_asks(federation: Federation) -> None:
    quarrel(federation, "nik", NIK_B, NIK_C)
    for _ in range(3):
        update_cases(federation.hub)
    assert value(federation.hub, "SELECT count(*) FROM change WHERE kind = 'kasus'") == 1


def make_double(federation: Federation) -> tuple[NodeServices, NodeServices, str, str]:
    """One NIK in two desa."""
    a, c = federation.add_node("a"), federation.add_node("c", OTHER_DESA)
    siti, other = create(a, nama="SITI", nik=NIK_A), create(c, nama="SITI AMINAH", nik=NIK_A)
    federation.sync_all(3)
    return a, c, siti, other


def give_back(federation: Federation, node: NodeServices) -> None:
    finding = find(federation.hub, "V2")
    decide.return_to_desa(
        federation.hub, finding.id, node.wilayah, "NIK_GANDA", "2026-12-05", officers(federation)[0],
        "Periksa KTP-el.",
    )


def test_a_returned_case_is_answered_and_closes_when_the_data_is_repaired(federation: Federation) -> None:
    a, _, siti, _ = make_double(federation)
    give_back(federation, a)
    federation.sync_all()
    case = "SELECT status, alasan, catatan, batas_waktu FROM kasus WHERE kode = 'V2'"
    assert rows(a, case) == [("dikembalikan", "NIK_GANDA", "Periksa KTP-el.", "2026-12-05")]
    id = value(a, "SELECT id FROM kasus WHERE kode = 'V2'")
    update(a, id, of="kasus", jawaban="KTP-el sudah dilihat; NIK kami keliru.")
    federation.sync_all()
    assert value(a, "SELECT status FROM kasus WHERE kode = 'V2'") == "dijawab"
    update(a, siti, nik=NIK_B)
    federation.sync_all()
    assert rows(federation.hub, "SELECT * FROM temuan WHERE kode = 'V2'") == []
    for side in federation.nodes.values():
        assert value(side, "SELECT status FROM kasus WHERE kode = 'V2'") == "selesai"


def test_an_answer_to_an_earlier_return_does_not_answer_the_next_one(federation: Federation) -> None:
    a, *_ = make_double(federation)
    give_back(federation, a)
    federation.sync_all()
    id = value(a, "SELECT id FROM kasus WHERE kode = 'V2'")
    update(a, id, of="kasus", jawaban="Sudah benar.")
    federation.sync_all()
    give_back(federation, a)
    update_cases(federation.hub)
    assert value(federation.hub, "SELECT status FROM kasus WHERE id = ?", id) == "dikembalikan"
    federation.sync_all()
    update(a, id, of="kasus", jawaban="Sekarang sungguh sudah dilihat.")
    federation.sync_all()
    assert value(federation.hub, "SELECT status FROM kasus WHERE id = ?", id) == "dijawab"


@pytest.mark.parametrize("field", ["lampiran", "jawaban"])
def test_two_computers_of_a_desa_that_differ_about_a_case_are_not_answered_by_the_hub(
    federation: Federation, field: str
) -> None:
    made = quarrel(federation, "telepon", "081", "082")
    federation.sync_all()
    case = value(federation.hub, "SELECT id FROM kasus")
    for node, letter in ((made.a, "a"), (made.b, "b")):
        update(node, case, of="kasus", **{field: letter * 64})
    federation.sync_all(3)
    assert update_cases(federation.hub) == 0
    assert rows(federation.hub, "SELECT kind, grup FROM conflict WHERE kind = 'kasus'") == [("kasus", field)]
    assert rows(federation.hub, "SELECT 1 FROM held") == []


def test_a_finding_that_comes_back_opens_its_case_again(federation: Federation) -> None:
    a, _, siti, _ = make_double(federation)
    status = "SELECT status FROM kasus WHERE kode = 'V2'"
    before = find(federation.hub, "V2").id
    delete(a, siti)
    federation.sync_all()
    assert value(a, status) == "selesai"
    restore(a, siti)
    federation.sync_all()
    assert find(federation.hub, "V2").id == before, "same records, same heads, same finding"
    assert value(a, status) == "terbuka"


def test_what_was_ruled_out_stays_closed_until_the_data_change(federation: Federation) -> None:
    a, _, siti, _ = make_double(federation)
    decide.rule_out(federation.hub, find(federation.hub, "V2").id, officers(federation)[0], "Kembar.")
    update_cases(federation.hub)
    federation.sync_all()
    assert rows(a, "SELECT status, alasan FROM kasus WHERE kode = 'V2'") == [("selesai", "BUKAN_GANDA")]


# Links ---------------------------------------------------------------------------------------------------


def link(federation: Federation, counted: str) -> None:
    hub = federation.hub
    for officer in officers(federation):
        finding = find(hub, "V2")
        decide.link_records(hub, finding.id, counted, heads(hub, finding), officer, "Satu orang, pindah.")


def test_a_link_removes_the_finding_and_tells_each_desa_only_a_name(federation: Federation) -> None:
    a, c, siti, other = make_double(federation)
    link(federation, c.wilayah)
    federation.sync_all()
    assert rows(federation.hub, "SELECT * FROM temuan WHERE kode = 'V2'") == []
    seen = "SELECT penduduk, pasangan, desa_lain, dihitung, alasan FROM tautan"
    assert rows(a, seen) == [(siti, None, OTHER_DESA, 0, "Satu orang, pindah.")]
    assert rows(c, seen) == [(other, None, a.wilayah, 1, "Satu orang, pindah.")]


@pytest.mark.parametrize("is_linked", [False, True])
def test_no_byte_of_a_residents_record_reaches_another_desa(federation: Federation, is_linked: bool) -> None:
    a, c, siti, other = make_double(federation)
    if is_linked:
        link(federation, a.wilayah)
    federation.sync_all()
    for node, foreign in ((a, (other, "SITI AMINAH")), (c, (siti,))):
        changes = rows(node, "SELECT header, body FROM change")
        stored = b"".join(part or b"" for change in changes for part in change)
        assert all(text.encode() not in stored for text in foreign)


def test_the_case_of_a_double_names_the_other_desa_and_only_own_records(federation: Federation) -> None:
    a, c, siti, other = make_double(federation)
    for node, own, foreign in ((a, siti, OTHER_DESA), (c, other, a.wilayah)):
        ((rekaman, lain),) = rows(node, "SELECT rekaman, desa_lain FROM kasus WHERE kode = 'V2'")
        assert (json.loads(rekaman), json.loads(lain)) == ([own], [foreign])


def test_a_link_takes_two_officers(federation: Federation) -> None:
    a, *_ = make_double(federation)
    hub, finding = federation.hub, find(federation.hub, "V2")
    outcome = decide.link_records(
        hub, finding.id, a.wilayah, heads(hub, finding), officers(federation)[0], "Satu orang."
    )
    assert outcome is decide.Outcome.MENUNGGU_PETUGAS_KEDUA
    assert rows(hub, "SELECT * FROM tautan") == []
