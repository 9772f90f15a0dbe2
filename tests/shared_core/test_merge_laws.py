"""The merge law (architecture.md section 4) on the production fold and catalogue.

The first half are tiny histories, one per sentence of the law. The second half holds the fold to the law on
made-up histories of four kinds: against its symmetries, against what people were promised, and against a
second reading of the law written with plain sets (:class:`Reading`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.changelog.change import Op
from shared.merge.fold import FoldChange, GroupStatus, RecordState, Standing, fold, touched_groups
from shared.records.catalogue import CATALOGUE
from shared.records.kind import EXISTENCE, Kind
from shared.store.drafts import draft_decision, draft_update
from shared.store.verdicts import Verdicts
from tests.support.desk import Desk
from tests.support.histories import (
    RECORD,
    TEN_YEARS_S,
    History,
    Written,
    group_values,
    histories,
    retell,
    without_verdicts,
)

NIK, NIK_2, NIK_3 = "3303990101900001", "3303990202910002", "3303994303920003"


@pytest.fixture
def desk() -> Desk:
    """A resident whom node a entered; everybody has seen it."""
    desk = Desk()
    desk.create("a", nama="SITI", nik=NIK, telepon="1")
    return desk


def root(desk: Desk) -> list[Written]:
    return desk.history.changes[:1]


# Waiting ---------------------------------------------------------------------------------------------------


def test_a_change_whose_parent_is_unknown_waits_and_has_no_effect(desk: Desk) -> None:
    first = desk.update("a", telepon="2")
    second = desk.update("b", telepon="3")
    state, reasons = desk.history.fold_with_reasons([*root(desk), second])
    assert state.waiting == (second.ref,)
    assert reasons == {second.entry.pos: "menunggu_induk"}
    assert state.values(desk.kind)["telepon"] == "1"
    assert desk.history.fold([second, first, *root(desk)]) == desk.state
    assert desk.live("telepon") == "3"


def test_a_whole_chain_waits_for_its_first_parent(desk: Desk) -> None:
    chain = [desk.update("b", telepon=str(n)) for n in range(2, 6)]
    assert set(desk.history.fold(chain).waiting) == {change.ref for change in chain}
    assert not desk.history.fold(chain).exists


def test_a_child_of_two_changes_waits_for_both(desk: Desk) -> None:
    one = desk.update("a", saw=root(desk), telepon="2")
    two = desk.update("b", saw=root(desk), telepon="3")
    both = desk.update("c", telepon="4")
    assert desk.history.fold([*root(desk), one, both]).waiting == (both.ref,)
    assert desk.history.fold([*root(desk), one, two, both]).waiting == ()


# Merging by itself -----------------------------------------------------------------------------------------


def test_concurrent_changes_of_different_groups_merge_and_are_marked(desk: Desk) -> None:
    desk.update("a", saw=root(desk), telepon="2")
    desk.update("b", saw=root(desk), nama="BUDI")
    assert (desk.live("telepon"), desk.live("nama"), desk.live("nik")) == ("2", "BUDI", NIK)
    assert desk.state.conflicts == () and desk.state.is_merged


def test_changes_one_after_the_other_are_not_marked_as_merged(desk: Desk) -> None:
    desk.update("a", telepon="2")
    desk.update("b", nama="BUDI")
    assert not desk.state.is_merged


def test_concurrent_equal_values_are_no_conflict_even_in_a_protected_group(desk: Desk) -> None:
    desk.update("a", saw=root(desk), nik=NIK_2)
    desk.update("b", saw=root(desk), nik=NIK_2)
    assert desk.group("nik").status is GroupStatus.SEPAKAT
    assert desk.live("nik") == NIK_2 and len(desk.group("nik").heads) == 2


def test_a_change_of_a_group_writes_all_of_it_and_an_absent_member_is_empty(desk: Desk) -> None:
    desk.update("a", alamat="JALAN 1", rw="01", rt="02")
    desk.update("b", rw=None)
    assert (desk.live("alamat"), desk.live("rw"), desk.live("rt")) == ("JALAN 1", None, "02")


def test_fields_of_one_group_changed_apart_are_a_conflict(desk: Desk) -> None:
    desk.update("a", saw=root(desk), rw="01")
    desk.update("b", saw=root(desk), rt="02")
    assert desk.state.conflicts == ("alamat",)


# Conflict --------------------------------------------------------------------------------------------------


def test_concurrent_different_values_are_a_conflict_that_keeps_both_and_the_last_agreed_value(desk: Desk) -> None:
    one = desk.update("a", saw=root(desk), telepon="2")
    two = desk.update("b", saw=root(desk), telepon="3")
    group = desk.group("telepon")
    assert group.status is GroupStatus.KONFLIK
    assert dict(group.versions) == {one.ref: ("2",), two.ref: ("3",)}
    assert group.live == ("1",) and group.live_ref == root(desk)[0].ref


def test_emptying_against_changing_is_a_conflict(desk: Desk) -> None:
    desk.update("a", saw=root(desk), telepon=None)
    desk.update("b", saw=root(desk), telepon="3")
    assert desk.group("telepon").status is GroupStatus.KONFLIK and desk.live("telepon") == "1"


def test_the_last_agreed_value_is_the_greatest_that_is_comparable_with_every_change(desk: Desk) -> None:
    middle = desk.update("a", telepon="2")
    desk.update("b", saw=[middle], telepon="3")
    desk.update("c", saw=[middle], telepon="4")
    assert desk.live("telepon") == "2"
    late = desk.update("hub", saw=root(desk), alamat="JALAN 9")
    assert desk.live("telepon") == "2", "a change of another group says nothing about this one"
    desk.update("a", saw=[late], telepon="5")
    assert desk.live("telepon") == "1", "now only the first value is below all others"


def test_a_conflict_without_any_agreed_value_shows_the_group_empty() -> None:
    desk = Desk()
    desk.create("a", nama="SITI", telepon="1")
    desk.create("b", nama="SITI", telepon="2")
    assert desk.state.exists and desk.state.conflicts == ("telepon",)
    assert (desk.live("telepon"), desk.live("nama")) == (None, "SITI")


def test_two_equal_changes_are_not_the_one_change_that_all_others_know(desa_agrees_twice: Desk) -> None:
    """The letter of the law: comparable with every other change is neither of them, so the root is live."""
    desk = desa_agrees_twice
    both = desk.history.changes[1:3]
    desk.update("a", saw=both, telepon="3")
    desk.update("b", saw=both, telepon="4")
    assert desk.live("telepon") == "1" and desk.state.conflicts == ("telepon",)


@pytest.fixture
def desa_agrees_twice(desk: Desk) -> Desk:
    desk.update("a", saw=root(desk), telepon="2")
    desk.update("b", saw=root(desk), telepon="2")
    assert desk.live("telepon") == "2"
    return desk


def test_a_third_version_joins_the_conflict(desk: Desk) -> None:
    for who, number in (("a", "2"), ("b", "3"), ("c", "4")):
        desk.update(who, saw=root(desk), telepon=number)
    assert len(desk.group("telepon").versions) == 3


# Edit against delete ---------------------------------------------------------------------------------------


def test_edit_against_delete_is_a_conflict_and_the_record_stays_visible(desk: Desk) -> None:
    desk.update("a", saw=root(desk), telepon="2")
    desk.delete("b", saw=root(desk))
    assert desk.state.conflicts == (EXISTENCE,)
    assert desk.state.exists and desk.live("telepon") == "2"


def test_delete_after_edit_deletes_and_restore_brings_all_values_back(desk: Desk) -> None:
    desk.update("a", telepon="2")
    desk.delete("b")
    assert not desk.state.exists and desk.state.conflicts == ()
    desk.restore("c")
    assert desk.state.exists and desk.live("telepon") == "2" and desk.live("nik") == NIK


def test_two_deletes_agree(desk: Desk) -> None:
    desk.delete("a", saw=root(desk))
    desk.delete("b", saw=root(desk))
    assert not desk.state.exists and desk.state.conflicts == ()


def test_a_desa_that_saw_edit_and_delete_closes_it_either_way(desk: Desk) -> None:
    desk.update("a", saw=root(desk), telepon="2")
    desk.delete("b", saw=root(desk))
    desk.delete("c")
    assert not desk.state.exists and desk.state.conflicts == ()


def test_a_restore_against_a_second_delete_stays_visible_though_the_last_agreed_was_deleted(desk: Desk) -> None:
    gone = desk.delete("a")
    back = desk.restore("b", saw=[gone])
    desk.restore("c", saw=[gone])
    desk.delete("a", saw=[back])
    assert desk.state.conflicts == (EXISTENCE,) and desk.state.exists


def test_edit_against_delete_stays_visible_when_the_creation_is_quarantined(desk: Desk) -> None:
    desk.update("b", saw=root(desk), telepon="2")
    desk.delete("c", saw=root(desk))
    desk.revoke("a")
    assert desk.state.conflicts == (EXISTENCE,) and desk.state.exists
    assert desk.live("telepon") == "2" and desk.live("nama") is None


def test_the_hub_decides_edit_against_delete_and_a_late_edit_does_not_undo_it(desk: Desk) -> None:
    desk.update("a", saw=root(desk), telepon="2")
    gone = desk.delete("b", saw=root(desk))
    desk.decide(ada=gone)
    assert not desk.state.exists and desk.state.conflicts == ()
    desk.update("c", saw=root(desk), alamat="JALAN 2")
    assert not desk.state.exists and desk.state.conflicts == (EXISTENCE,)


# Closing ---------------------------------------------------------------------------------------------------


def test_a_desa_change_that_saw_all_heads_closes_an_ordinary_group(desk: Desk) -> None:
    desk.update("a", saw=root(desk), telepon="2")
    desk.update("b", saw=root(desk), telepon="3")
    desk.update("c", telepon="2")
    assert desk.group("telepon").status is GroupStatus.SEPAKAT and desk.live("telepon") == "2"


def test_a_desa_change_that_saw_some_heads_closes_nothing(desk: Desk) -> None:
    one = desk.update("a", saw=root(desk), telepon="2")
    two = desk.update("b", saw=root(desk), telepon="3")
    top = desk.update("c", saw=[one], telepon="4")
    assert set(desk.group("telepon").heads) == {two.ref, top.ref}
    assert desk.group("telepon").status is GroupStatus.KONFLIK and desk.live("telepon") == "1"


@pytest.mark.parametrize(("kind", "group", "values"), [
    ("penduduk", "nik", [{"nik": NIK}, {"nik": NIK_2}, {"nik": NIK_3}]),
    ("penduduk", "identitas", [{"nama": "A"}, {"nama": "B"}, {"nama": "C"}]),
    ("keluarga", "no_kk", [{"no_kk": NIK}, {"no_kk": NIK_2}, {"no_kk": NIK_3}]),
    ("penerima_bantuan", "status", [{"status": "usulan"}, {"status": "aktif"}, {"status": "berhenti"}]),
    ("penerima_bantuan", "penerima", [{"periode": "1"}, {"periode": "2"}, {"periode": "3"}]),
])
def test_identity_and_money_stay_a_proposal_until_the_hub_decides(
    kind: str, group: str, values: list[dict[str, str]]
) -> None:
    desk = Desk(kind)
    desk.create("a", **values[0])
    desk.update("a", saw=root(desk), **values[1])
    desk.update("b", saw=root(desk), **values[2])
    before = desk.group(group).live
    proposal = desk.update("c", **values[2])
    assert desk.group(group).status is GroupStatus.USULAN and desk.group(group).live == before
    assert dict(desk.group(group).versions).keys() == {proposal.ref}
    second = desk.update("a", **values[1])
    assert desk.group(group).status is GroupStatus.USULAN and desk.group(group).live == before
    desk.decide(**{group: second})
    assert desk.group(group).status is GroupStatus.DIPUTUS
    assert desk.live(next(iter(values[1]))) == next(iter(values[1].values()))


def test_an_ordinary_group_of_a_kind_with_protected_groups_is_closed_beside_a_proposal(desk: Desk) -> None:
    desk.update("a", saw=root(desk), nik=NIK_2, telepon="2")
    desk.update("b", saw=root(desk), nik=NIK_3, telepon="3")
    desk.update("c", nik=NIK_2, telepon="3")
    assert desk.state.conflicts == ("nik",)
    assert desk.live("telepon") == "3" and desk.live("nik") == NIK


# Decision --------------------------------------------------------------------------------------------------


@pytest.fixture
def disputed(desk: Desk) -> tuple[Desk, Written, Written]:
    """Two nodes disagree about the NIK."""
    return desk, desk.update("a", saw=root(desk), nik=NIK_2), desk.update("b", saw=root(desk), nik=NIK_3)


def test_a_decision_makes_the_chosen_version_live(disputed: tuple[Desk, Written, Written]) -> None:
    desk, _, two = disputed
    desk.decide(nik=two)
    assert desk.group("nik").status is GroupStatus.DIPUTUS and desk.live("nik") == NIK_3


def test_a_decision_may_choose_the_value_before_the_conflict(disputed: tuple[Desk, Written, Written]) -> None:
    desk = disputed[0]
    desk.decide(nik=root(desk)[0])
    assert desk.group("nik").status is GroupStatus.DIPUTUS and desk.live("nik") == NIK


def test_a_head_after_a_decision_is_a_new_conflict_and_the_decision_stays_live(
    disputed: tuple[Desk, Written, Written],
) -> None:
    desk, one, two = disputed
    decision = desk.decide(nik=two)
    late = desk.update("c", saw=[one], nik="3303990404940004")
    assert desk.group("nik").status is GroupStatus.KONFLIK and desk.live("nik") == NIK_3
    assert set(desk.group("nik").heads) == {decision.ref, late.ref}
    desk.decide(nik=late)
    assert desk.group("nik").status is GroupStatus.DIPUTUS and desk.live("nik") == "3303990404940004"


def test_a_late_head_that_agrees_with_the_decision_is_no_conflict(disputed: tuple[Desk, Written, Written]) -> None:
    desk, _, two = disputed
    desk.decide(nik=two)
    desk.update("c", saw=root(desk), nik=NIK_3)
    assert desk.group("nik").status is GroupStatus.DIPUTUS and desk.live("nik") == NIK_3


def test_a_decision_of_one_group_leaves_the_others_in_conflict(desk: Desk) -> None:
    one = desk.update("a", saw=root(desk), nik=NIK_2, telepon="2")
    desk.update("b", saw=root(desk), nik=NIK_3, telepon="3")
    desk.decide(nik=one)
    assert desk.state.conflicts == ("telepon",) and desk.live("nik") == NIK_2


def test_the_desa_goes_on_after_a_decision(disputed: tuple[Desk, Written, Written]) -> None:
    desk, _, two = disputed
    desk.decide(nik=two)
    desk.update("a", nik=NIK)
    assert desk.group("nik").status is GroupStatus.SEPAKAT and desk.live("nik") == NIK


def test_concurrent_decisions_that_differ_are_a_conflict_on_the_last_agreed_value(
    disputed: tuple[Desk, Written, Written],
) -> None:
    desk, one, two = disputed
    desk.decide(nik=one)
    desk.decide(saw=[one, two], nik=two)
    assert desk.group("nik").status is GroupStatus.KONFLIK and desk.live("nik") == NIK


def test_a_later_decision_replaces_an_earlier_one(disputed: tuple[Desk, Written, Written]) -> None:
    desk, one, two = disputed
    desk.decide(nik=one)
    desk.decide(nik=two)
    assert desk.group("nik").status is GroupStatus.DIPUTUS and desk.live("nik") == NIK_3


def test_a_desa_cannot_decide(disputed: tuple[Desk, Written, Written]) -> None:
    desk, one, _ = disputed
    decision = desk.decide(by="c", nik=one)
    assert desk.reason(decision) == "lingkup"
    assert desk.group("nik").status is GroupStatus.KONFLIK and desk.live("nik") == NIK


@pytest.mark.parametrize("chosen", [
    {"nik": ["a"]}, {"nik": {"a": "b"}}, {"nik": 1}, {"nik": True}, {"nik": "zzz"}, {}, {"telepon": "1"}, [], "nik",
])
def test_a_decision_that_chooses_nothing_it_saw_has_no_effect(
    disputed: tuple[Desk, Written, Written], chosen: Any
) -> None:
    desk, one, two = disputed
    desk.raw("hub", Op.DECIDE, ["nik"], [one, two], pilih=chosen)
    assert desk.group("nik").status is GroupStatus.KONFLIK and desk.live("nik") == NIK


def test_a_decision_cannot_choose_a_change_that_it_has_not_seen(disputed: tuple[Desk, Written, Written]) -> None:
    desk, one, two = disputed
    desk.raw("hub", Op.DECIDE, ["nik"], [one], pilih={"nik": two.ref})
    assert desk.group("nik").status is GroupStatus.KONFLIK and desk.live("nik") == NIK


# Injection -------------------------------------------------------------------------------------------------


def test_the_hub_may_create_a_record_and_the_desa_goes_on_with_it() -> None:
    desk = Desk()
    desk.create("hub", nama="SITI", nik=NIK)
    desk.update("a", nik=NIK_2)
    assert desk.state.conflicts == () and desk.live("nik") == NIK_2


def test_injection_fills_an_empty_group(desk: Desk) -> None:
    desk.update("hub", alamat="JALAN 1")
    assert desk.state.conflicts == () and desk.live("alamat") == "JALAN 1"


def test_injection_of_the_same_value_is_no_case(desk: Desk) -> None:
    desk.raw("hub", Op.UPDATE, ["telepon"], root(desk), telepon="1")
    assert desk.state.conflicts == ()


@pytest.mark.parametrize("changed", [{"telepon": "2"}, {"telepon": None}, {"nik": NIK_2}])
def test_injection_over_something_is_a_case_and_the_value_of_the_desa_stays(
    desk: Desk, changed: dict[str, Any]
) -> None:
    (name,) = changed
    before = desk.live(name)
    desk.update("hub", **changed)
    assert desk.group(name).status is GroupStatus.USULAN and desk.live(name) == before


def test_a_second_injection_does_not_agree_with_the_first_for_the_desa(desk: Desk) -> None:
    for _ in range(3):
        desk.update("hub", telepon="2")
        assert desk.group("telepon").status is GroupStatus.USULAN and desk.live("telepon") == "1"


def test_injection_does_not_settle_what_a_desa_proposed_in_a_protected_group(
    disputed: tuple[Desk, Written, Written],
) -> None:
    desk = disputed[0]
    desk.update("c", nik=NIK_2)
    desk.update("hub", nik=NIK_2)
    assert desk.group("nik").status is GroupStatus.USULAN and desk.live("nik") == NIK


def test_injection_does_not_close_a_conflict_of_a_value_with_emptiness(desk: Desk) -> None:
    desk.update("a", saw=root(desk), telepon=None)
    desk.update("b", saw=root(desk), telepon="3")
    desk.update("hub", telepon="3")
    assert desk.group("telepon").is_conflict and desk.live("telepon") == "1"


def test_injection_on_a_deleted_record_is_a_case_and_the_record_stays_deleted(desk: Desk) -> None:
    desk.delete("a")
    desk.update("hub", alamat="JALAN 1")
    assert EXISTENCE in desk.state.conflicts and not desk.state.exists


def test_the_desa_closes_a_case_of_injection_in_an_ordinary_group_and_proposes_in_a_protected_one(
    desk: Desk,
) -> None:
    injected = desk.update("hub", telepon="2", nik=NIK_2)
    desk.update("a", telepon="2", nik=NIK_2)
    assert desk.live("telepon") == "2" and desk.group("telepon").status is GroupStatus.SEPAKAT
    assert desk.live("nik") == NIK and desk.group("nik").status is GroupStatus.USULAN
    desk.decide(nik=injected)
    assert desk.live("nik") == NIK_2 and desk.state.conflicts == ()


# Verdicts --------------------------------------------------------------------------------------------------


def test_a_quarantined_change_gives_no_value_and_the_earlier_value_comes_back(desk: Desk) -> None:
    desk.update("b", telepon="2")
    desk.revoke("b")
    assert desk.live("telepon") == "1" and desk.state.conflicts == ()
    assert desk.state.held == (desk.history.changes[1].ref,)


def test_what_was_written_on_top_of_a_quarantined_change_holds(desk: Desk) -> None:
    desk.update("b", telepon="2")
    desk.update("c", telepon="3")
    desk.revoke("b")
    assert desk.live("telepon") == "3" and desk.group("telepon").status is GroupStatus.SEPAKAT


def test_a_quarantined_change_keeps_its_causal_place(desk: Desk) -> None:
    bridge = desk.update("b", telepon="2")
    top = desk.update("c", saw=[bridge], telepon="3")
    desk.revoke("b")
    assert desk.group("telepon").heads == (top.ref,), "top has seen the root through the bridge"


def test_adoption_restores_the_quarantined_change(desk: Desk) -> None:
    change = desk.update("b", telepon="2")
    before = desk.state
    desk.revoke("b")
    desk.adopt(change)
    assert desk.state == before


def test_quarantine_ends_a_conflict_and_adoption_brings_it_back(desk: Desk) -> None:
    desk.update("a", saw=root(desk), telepon="2")
    change = desk.update("b", saw=root(desk), telepon="3")
    desk.revoke("b")
    assert desk.live("telepon") == "2" and desk.state.conflicts == ()
    desk.adopt(change)
    assert desk.live("telepon") == "1" and desk.state.conflicts == ("telepon",)


def test_a_decision_for_a_quarantined_change_falls_with_it(disputed: tuple[Desk, Written, Written]) -> None:
    desk, _, two = disputed
    desk.decide(nik=two)
    desk.revoke("b")
    assert desk.live("nik") == NIK_2 and desk.group("nik").status is GroupStatus.SEPAKAT


def test_quarantine_of_a_deletion_brings_the_record_back(desk: Desk) -> None:
    desk.delete("b")
    desk.revoke("b")
    assert desk.state.exists and desk.state.conflicts == ()


def test_quarantine_starts_at_the_cut_off(desk: Desk) -> None:
    desk.update("b", telepon="2")
    desk.update("b", telepon="3")
    desk.revoke("b", 1)
    assert desk.live("telepon") == "2"


def test_an_erased_value_is_empty_and_never_the_older_one(desk: Desk) -> None:
    change = desk.update("b", telepon="2")
    desk.erase(change)
    assert desk.live("telepon") is None and desk.state.conflicts == ()
    assert desk.live("nama") == "SITI"


def test_a_value_after_an_erased_one_holds(desk: Desk) -> None:
    change = desk.update("b", telepon="2")
    desk.update("c", telepon="3")
    desk.erase(change)
    assert desk.live("telepon") == "3"


def test_an_erased_change_that_was_agreed_leaves_a_conflict_after_it_without_value(desk: Desk) -> None:
    agreed = desk.update("b", telepon="2")
    desk.update("a", saw=[agreed], telepon="3")
    desk.update("c", saw=[agreed], telepon="4")
    desk.erase(agreed)
    assert desk.live("telepon") is None and desk.state.conflicts == ("telepon",)


def test_a_decision_for_an_erased_change_is_empty(disputed: tuple[Desk, Written, Written]) -> None:
    desk, _, two = disputed
    desk.decide(nik=two)
    desk.erase(two)
    assert desk.live("nik") is None and desk.group("nik").status is GroupStatus.DIPUTUS


def test_erasing_what_one_of_two_equal_decisions_chose_does_not_bring_an_older_value_back(desk: Desk) -> None:
    one = desk.update("a", saw=root(desk), nik=NIK_2)
    same = desk.update("b", saw=root(desk), nik=NIK_2)
    desk.decide(saw=[one, same], nik=one)
    desk.decide(saw=[one, same], nik=same)
    desk.update("c", saw=root(desk), nik=NIK_3)
    assert desk.live("nik") == NIK_2
    desk.erase(same)
    assert desk.live("nik") == NIK_2, "not the NIK from before both"


def test_erasing_one_body_does_not_take_the_record_away(desk: Desk) -> None:
    change = desk.update("b", telepon="2")
    desk.erase(change)
    assert desk.state.exists and desk.live("nik") == NIK
    desk.erase(root(desk)[0])
    assert desk.state.exists and desk.live("nik") is None and desk.live("nama") is None


def test_a_deleted_record_whose_bodies_are_erased_stays_deleted(desk: Desk) -> None:
    for change in (root(desk)[0], desk.delete("b")):
        desk.erase(change)
    assert not desk.state.exists and desk.state.conflicts == ()


@pytest.mark.parametrize("broken", [{"jawaban": "x", "status": "selesai"}, {"jawaban": "x" * 5000}])
def test_a_body_that_is_to_be_erased_counts_as_one_that_is(broken: dict[str, Any]) -> None:
    """One replica still has the body, the other received the change without: both must judge alike."""
    desk = Desk("kasus")
    desk.create("hub", temuan="t", kode="V1", status="terbuka")
    change = desk.raw("a", Op.UPDATE, ["jawaban"], root(desk), **broken)
    assert desk.reason(change) in ("lingkup", "bentuk")
    desk.erase(change)
    assert desk.history.fold() == desk.history.fold([*root(desk), change.erased()])


def test_a_change_that_is_both_quarantined_and_erased_is_quarantined(desk: Desk) -> None:
    change = desk.update("b", telepon="2")
    desk.erase(change)
    desk.revoke("b")
    assert desk.live("telepon") == "1"


# Scope and shape -------------------------------------------------------------------------------------------


def test_hub_and_desa_write_their_own_groups_of_a_case() -> None:
    desk = Desk("kasus")
    first = desk.create("hub", temuan="t", kode="V1", status="terbuka")
    desk.update("hub", saw=[first], status="dikembalikan")
    desk.update("a", saw=[first], jawaban="sudah benar")
    assert desk.state.conflicts == () and desk.state.is_merged
    assert (desk.live("status"), desk.live("jawaban")) == ("dikembalikan", "sudah benar")


def test_a_desa_cannot_write_the_groups_of_the_hub() -> None:
    desk = Desk("kasus")
    desk.create("hub", temuan="t", kode="V1", status="terbuka")
    change = desk.update("a", status="selesai")
    assert desk.reason(change) == "lingkup" and desk.live("status") == "terbuka"
    assert desk.reason(desk.raw("a", Op.DELETE, parents=[*root(desk)])) == "lingkup"
    assert desk.reason(desk.raw("a", Op.CREATE, temuan="x", kode="V2")) == "lingkup"


def test_the_hub_cannot_answer_for_a_desa_nor_delete_its_records(desk: Desk) -> None:
    assert desk.reason(desk.delete("hub")) == "lingkup" and desk.state.exists
    case = Desk("kasus")
    case.create("hub", temuan="t", kode="V1")
    assert case.reason(case.update("hub", jawaban="setuju")) == "lingkup" and case.live("jawaban") is None


def test_the_hub_cannot_answer_for_a_desa_in_the_creation_of_a_case() -> None:
    desk = Desk("kasus")
    assert desk.reason(desk.create("hub", temuan="t", kode="V1", jawaban="setuju")) == "lingkup"


def test_a_value_of_the_wrong_shape_is_held_and_the_others_flow(desk: Desk) -> None:
    bad = desk.raw("b", Op.UPDATE, ["telepon"], root(desk), telepon=["1"])
    good = desk.raw("c", Op.UPDATE, ["alamat"], root(desk), alamat="JALAN 1")
    assert desk.reason(bad) == "bentuk" and desk.reason(good) is None
    assert desk.live("telepon") == "1" and desk.live("alamat") == "JALAN 1"


def test_the_reason_of_a_deletion_is_no_field() -> None:
    desk = Desk("kasus")
    first = desk.create("hub", temuan="t", kode="V1")
    gone = desk.raw("hub", Op.DELETE, parents=[first], alasan="x" * 300)
    assert desk.reason(gone) is None and not desk.state.exists


# The law at large ------------------------------------------------------------------------------------------

law = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
GONE = ("terhapus",)


class Reading:
    """The law read a second time, slowly: ancestors as sets, every sentence as a comprehension."""

    def __init__(self, changes: Iterable[FoldChange], kind: Kind) -> None:
        self.kind = kind
        self.changes = {change.ref: change for change in changes}
        self.placed: set[str] = set()
        while more := {
            ref for ref, c in self.changes.items() if ref not in self.placed and set(c.parents) <= self.placed
        }:
            self.placed |= more

    def group(self, name: str) -> Group:
        return Group(self, name)


class Group:
    def __init__(self, reading: Reading, name: str) -> None:
        self.name, self.kind, self.changes = name, reading.kind, reading.changes
        self.members = {r for r in reading.placed if name in touched_groups(self.changes[r], self.kind)}
        width = 1 if name == EXISTENCE else len(self.kind.groups[name])
        self.empty: tuple[Any, ...] = (None,) * width

    @cached_property
    def below(self) -> dict[str, set[str]]:
        """What each member has seen of this group."""
        below: dict[str, set[str]] = {}

        def look(ref: str) -> set[str]:
            if ref not in below:
                parents = self.members & set(self.changes[ref].parents)
                below[ref] = parents.union(*(look(p) for p in parents))
            return below[ref]

        for ref in self.members:
            look(ref)
        return below

    @cached_property
    def values(self) -> dict[str, tuple[Any, ...]]:
        values: dict[str, tuple[Any, ...]] = {}
        for ref in sorted(self.members, key=lambda r: len(self.below[r])):
            change = self.changes[ref]
            if change.standing is Standing.KARANTINA:
                continue
            if self.name == EXISTENCE and change.op != Op.DECIDE:
                values[ref] = (change.op != Op.DELETE,)
            elif change.standing is Standing.TERHAPUS:
                values[ref] = GONE
            elif change.op == Op.DECIDE:
                chosen = change.values.get(self.name)
                if chosen in values and chosen in self.below[ref]:
                    values[ref] = values[chosen]
            else:
                found = [change.values.get(n) for n in self.kind.groups[self.name]]
                values[ref] = tuple(tuple(v) if isinstance(v, list) else v for v in found)
        return values

    def tops(self, refs: Iterable[str]) -> set[str]:
        chosen = set(refs)
        return {r for r in chosen if not any(r in self.below[other] for other in chosen)}

    @property
    def heads(self) -> set[str]:
        return self.tops(self.values)

    def is_settled(self, ref: str) -> bool:
        change = self.changes[ref]
        seen = self.tops(self.below[ref] & self.values.keys())
        kept = {self.values[s] for s in seen} - {GONE}
        if change.op == Op.DECIDE:
            return True
        was_agreed = len(kept) <= 1 and all(self.is_settled(s) for s in seen)
        if change.by_hub and self.kind.writer_of(self.name).value == "desa":
            return was_agreed and kept <= {self.empty, self.values[ref]}
        return was_agreed or self.name not in self.kind.protected

    @property
    def status(self) -> GroupStatus:
        kept = {self.values[h] for h in self.heads} - {GONE}
        if not all(map(self.is_settled, self.heads)):
            return GroupStatus.USULAN
        if len(kept) > 1:
            return GroupStatus.KONFLIK
        decided = any(self.changes[h].op == Op.DECIDE for h in self.heads)
        return GroupStatus.DIPUTUS if decided else GroupStatus.SEPAKAT

    def is_comparable(self, one: str, other: str) -> bool:
        return one == other or one in self.below[other] or other in self.below[one]

    @property
    def live(self) -> tuple[Any, ...]:
        heads, values = self.heads, self.values
        if self.status in (GroupStatus.SEPAKAT, GroupStatus.DIPUTUS):
            kept = {values[h] for h in heads} - {GONE}
            return kept.pop() if kept else self.empty
        decided = any(self.changes[h].op == Op.DECIDE for h in heads)
        if self.name == EXISTENCE and not decided:
            if any(self.is_settled(h) and values[h] == (True,) for h in heads):
                return (True,)
        agreed = {r for r in values if self.is_settled(r) and all(self.is_comparable(r, o) for o in values)}
        greatest = self.tops(agreed)
        decisions = {r for r in values if self.changes[r].op == Op.DECIDE}
        latest = self.tops(r for r in decisions if greatest <= self.below[r] | {r})
        kept = {values[r] for r in latest} - {GONE}
        if latest and len(kept) <= 1:
            return kept.pop() if kept else self.empty
        found = {values[r] for r in greatest}
        return self.empty if not found or found == {GONE} else found.pop()


@law
@given(histories(steps_max=16))
def test_the_fold_says_what_the_law_says(history: History) -> None:
    changes = history.read()
    state = fold(changes, history.kind)
    reading = Reading(changes, history.kind)
    assert set(state.waiting) == reading.changes.keys() - reading.placed
    for name in (EXISTENCE, *history.kind.groups):
        group = reading.group(name)
        if not group.members:
            assert name not in state.groups
            continue
        found = state.groups[name]
        assert (set(found.heads), found.status, found.live) == (group.heads, group.status, group.live), name
        assert found.live_ref is None or group.values[found.live_ref] in (found.live, GONE)
        assert {r: v for r, v in found.versions} == {
            h: group.empty if group.values[h] == GONE else group.values[h] for h in group.heads
        } or not found.is_conflict


@law
@given(histories(steps_max=16))
def test_the_short_cut_of_changes_in_a_row_equals_the_fold(history: History) -> None:
    changes = history.read()
    short = fold(changes, history.kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shared.merge.fold._stand_in_a_row", lambda changes: False)
        assert fold(changes, history.kind) == short


def test_a_decision_takes_no_short_cut_whoever_wrote_it(desk: Desk) -> None:
    """That a desa may not decide is known to the scopes, not to the fold."""
    desk.decide(telepon=root(desk)[0])
    for by_hub in (True, False):
        changes = [replace(change, by_hub=by_hub) for change in desk.history.read()]
        group = fold(changes, desk.kind).groups["telepon"]
        assert (group.status, group.live) == (GroupStatus.DIPUTUS, ("1",))


def test_the_work_of_desa_that_see_each_other_takes_the_short_cut(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(2, 6):
        desk.update("ab"[at % 2], telepon=str(at), nama="SITI"[:at])
    desk.delete("b")
    monkeypatch.delattr("shared.merge.fold._GroupFold")
    assert desk.live("telepon") == "5" and not desk.state.exists
    desk.update("hub", nik=NIK_2)
    with pytest.raises(NameError):
        desk.group("nik")


@law
@given(histories(), st.randoms(use_true_random=False))
def test_any_order_with_any_repetition_gives_the_same_state(history: History, random: Any) -> None:
    changes = [*history.changes, *random.choices(history.changes, k=3)] if history.changes else []
    random.shuffle(changes)
    assert history.fold(changes) == history.fold()


@law
@given(histories(), st.data())
def test_waiting_changes_have_no_effect_and_resolve_when_the_parents_come(history: History, data: Any) -> None:
    some = [change for change in history.changes if data.draw(st.integers(0, 3))]
    state = history.fold(some)
    waiting = {change.ref for change in some if change.ref in state.waiting}
    known = {change.ref for change in some} - waiting
    assert all(not set(history.find(ref).header.parents) <= known for ref in waiting)
    without = history.fold([change for change in some if change.ref in known])
    assert without.groups == state.groups and without.waiting == ()
    missing = [change for change in history.changes if change not in some]
    assert history.fold([*some, *missing]) == history.fold()


@law
@given(histories(steps_max=16))
def test_nothing_entered_is_lost(history: History) -> None:
    """What was entered is live, a version, replaced by someone who saw it, held, waiting, or erased."""
    state, reasons = history.fold_with_reasons()
    reading = Reading(history.read(), history.kind)
    for change in reading.changes.values():
        where = history.find(change.ref).entry.pos
        if change.standing is Standing.KARANTINA or change.ref in state.waiting:
            assert where in reasons, "a change without effect must say why"
            continue
        assert where not in reasons
        for name in touched_groups(change, history.kind):
            group, found = reading.group(name), state.groups[name]
            if change.ref not in group.values or group.values[change.ref] == GONE:
                continue
            replaced = any(change.ref in group.below[other] for other in group.values)
            shown = change.ref in dict(found.versions) if found.is_conflict else found.live == group.values[change.ref]
            assert replaced or shown, (name, change.ref)


@law
@given(histories(), st.data())
def test_what_happens_in_other_groups_says_nothing_about_a_group(history: History, data: Any) -> None:
    changes = history.read()
    state = fold(changes, history.kind)
    name = data.draw(st.sampled_from(sorted(state.groups) or [EXISTENCE]))
    kept = set(history.kind.groups.get(name, ()))
    blind = [
        FoldChange(
            c.ref, c.op, c.groups, c.parents,
            {n: v for n, v in c.values.items() if n in kept or c.op == Op.DECIDE}, c.by_hub, c.standing,
        )
        for c in changes
    ]
    assert fold(blind, history.kind).groups.get(name) == state.groups.get(name)


def writable(history: History, state: RecordState) -> list[str]:
    kind = history.kind
    return [g for g in sorted(state.groups) if g != EXISTENCE and kind.writer_of(g).value != "hub"]


@law
@given(histories(verdicts=False), st.integers(0, 99), st.integers(1, 3))
def test_a_desa_that_saw_everything_closes_or_proposes(history: History, which: int, number: int) -> None:
    state, kind = history.fold(), history.kind
    groups = writable(history, state)
    if not groups:
        return
    name = groups[which % len(groups)]
    before = state.groups[name]
    draft = draft_update(kind, state, RECORD, group_values(kind, name, number))
    if draft is None:
        return
    written = history.write(history.buku[0], draft)
    after = history.fold().groups[name]
    value = tuple(draft.values.get(n) for n in kind.groups[name])
    assert after.heads == (written.ref,)
    if name in kind.protected and before.is_conflict:
        assert (after.status, after.live) == (GroupStatus.USULAN, before.live)
        assert dict(after.versions) == {written.ref: value}
    else:
        assert (after.status, after.live) == (GroupStatus.SEPAKAT, value)


@law
@given(histories(verdicts=False, steps_max=16), st.integers(0, 99), st.integers(0, 3))
def test_a_decision_on_all_heads_decides_and_a_later_head_does_not_move_it(
    history: History, pick: int, number: int
) -> None:
    state, kind = history.fold(), history.kind
    chosen = {
        name: state.groups[name].heads[pick % len(state.groups[name].heads)] for name in state.conflicts
    }
    if not chosen:
        return
    history.write(history.buku[-1], draft_decision(kind, state, RECORD, chosen))
    decided = history.fold()
    assert decided.conflicts == ()
    for name, ref in chosen.items():
        assert decided.groups[name].status is GroupStatus.DIPUTUS
        assert decided.groups[name].live == dict(state.groups[name].versions)[ref]
    for name in set(chosen) - {EXISTENCE}:
        draft = draft_update(kind, state, RECORD, group_values(kind, name, number))
        if draft is None or name not in writable(history, state):
            continue
        buku = history.buku[0]
        late = history.write(buku, draft)
        found = history.fold().groups[name]
        assert found.live == decided.groups[name].live
        assert late.ref in found.heads
        buku.written.pop()
        history.changes.pop()


@law
@given(histories(steps_max=16))
def test_quarantined_values_are_nowhere_and_their_place_is_kept(history: History) -> None:
    state = history.fold()
    free = without_verdicts(history).fold()
    held = {c.ref for c in history.changes if history.verdicts.is_revoked(c.entry.pos)}
    assert held <= set(state.held) | set(state.waiting) and state.waiting == free.waiting
    for name, found in state.groups.items():
        assert not held & {*found.heads, found.live_ref, *dict(found.versions)}
        # What stood on top and was not quarantined still does: nothing below it has come up again.
        kept = {head for head in free.groups[name].heads if history.find(head).header.op != Op.DECIDE}
        assert kept - held <= set(found.heads)
    adopted = frozenset(change.entry.pos for change in history.changes)
    everything = Verdicts(history.cutoffs, adopted, history.verdicts.erased)
    assert history.fold(verdicts=everything) == history.fold(verdicts=Verdicts({}, adopted, everything.erased))


@law
@given(histories(), st.integers(0, 3))
def test_a_quarantined_tail_that_nobody_saw_is_as_if_it_were_not_there(history: History, who: int) -> None:
    history = without_verdicts(history)
    buku = history.buku[who % 3]
    seen = {parent for change in history.changes if change.buku is not buku for parent in change.header.parents}
    chosen = {ref for c in history.changes if c.header.op == Op.DECIDE for ref in c.values["pilih"].values()}
    cut = max((c.header.seq + 1 for c in buku.written if c.ref in seen | chosen), default=0)
    history.cutoffs[buku.no] = cut
    kept = [c for c in history.changes if c.buku is not buku or c.header.seq < cut]
    held, plain = history.fold(), without_verdicts(history).fold(kept)
    values = {name: found for name, found in held.groups.items() if found.heads}
    assert values == {name: found for name, found in plain.groups.items() if found.heads}


@law
@given(histories(), st.data())
def test_erasure_takes_the_value_and_brings_no_older_one_back(history: History, data: Any) -> None:
    if not history.changes:
        return
    before = history.fold()
    target = data.draw(st.sampled_from(history.changes))
    erased = history.verdicts.erased | {target.entry.pos}
    after = history.fold(verdicts=Verdicts(history.cutoffs, history.verdicts.adopted, erased))
    reading = Reading(history.read(), history.kind)
    assert after.waiting == before.waiting
    assert after.exists == before.exists or target.header.op == Op.DECIDE
    for name, found in after.groups.items():
        group = reading.group(name)
        was = before.groups.get(name)
        if was is None or name == EXISTENCE or target.ref not in group.values:
            continue
        assert found.heads == was.heads
        assert dict(found.versions).get(target.ref, group.empty) == group.empty
        if was.live_ref == target.ref and found.live_ref is not None:
            assert found.live_ref not in group.below[target.ref]


@law
@given(histories())
def test_an_erased_body_on_the_wire_is_the_verdict_on_it(history: History) -> None:
    bodiless = [c.erased() if c.entry.pos in history.erased else c.entry for c in history.changes]
    assert history.fold(bodiless) == history.fold()


@law
@given(
    histories(),
    st.lists(st.integers(-TEN_YEARS_S, TEN_YEARS_S), min_size=1, max_size=5),
    st.permutations(["0" * 31 + "5", "a" * 32, "7" * 32, "0" * 32]),
)
def test_clocks_and_log_ids_decide_nothing(history: History, times: list[int], log_ids: list[str]) -> None:
    told, refs = retell(history, times, log_ids)
    one, other = history.fold(), told.fold()
    assert {refs[ref] for ref in one.waiting} == set(other.waiting)
    assert {refs[ref] for ref in one.held} == set(other.held)
    assert one.is_merged == other.is_merged and one.groups.keys() == other.groups.keys()
    for name, found in one.groups.items():
        again = other.groups[name]
        assert (found.live, found.status) == (again.live, again.status)
        assert {refs[h] for h in found.heads} == set(again.heads)
        assert {refs[r]: v for r, v in found.versions} == dict(again.versions)


@law
@given(histories(verdicts=False), st.integers(0, 99), st.integers(0, 3))
def test_injection_never_moves_a_value_that_a_desa_holds(history: History, which: int, number: int) -> None:
    state, kind = history.fold(), history.kind
    groups = [g for g in writable(history, state) if kind.writer_of(g).value == "desa"]
    if not groups or kind.writer.value != "desa":
        return
    name = groups[which % len(groups)]
    before = state.groups[name]
    draft = draft_update(kind, state, RECORD, group_values(kind, name, number))
    if draft is None:
        return
    history.write(history.buku[-1], draft)
    after = history.fold().groups[name]
    empty = (None,) * len(kind.groups[name])
    if before.live == empty and not before.is_conflict:
        assert not after.is_conflict
    elif len(before.heads) > 1 and not before.is_conflict:
        assert after.is_conflict  # several equal heads: no single change is the last agreed one
    else:
        assert after.live == before.live and after.is_conflict


@law
@given(histories())
def test_the_frontier_is_what_closes(history: History) -> None:
    """Parents of a change are exactly the heads of what it touches, sorted, never a held or waiting one."""
    state = history.fold()
    for name, found in state.groups.items():
        assert state.frontier([name]) == tuple(sorted(found.heads))
        assert not {*found.heads} & {*state.held, *state.waiting}
    assert list(state.frontier(state.groups)) == sorted({h for f in state.groups.values() for h in f.heads})


def test_every_kind_of_the_catalogue_has_an_existence_group_and_no_field_group_of_that_name() -> None:
    for kind in CATALOGUE:
        assert EXISTENCE not in kind.groups
