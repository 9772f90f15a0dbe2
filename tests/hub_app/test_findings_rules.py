"""What each rule finds and what it leaves alone, in small named cases."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.verval.queries import FindingRow, list_findings_of_record
from hub.verval.rules.v10 import SUMMARIES
from hub.verval.rules.v5 import is_plain
from node.penduduk.history import HELD
from shared.changelog.change import Op
from shared.records.identifiers import Severity, check_nik, check_nik_against
from shared.store.rows import PASSING, REASONS
from tests.support.hub_db import (
    DESA,
    KECAMATAN,
    Change,
    HubDb,
    Writer,
    channel_writer,
    common_writer,
    desa_writer,
    record_id,
)

NIK = "3303990101900001"
OTHER_NIK = "3303990101900002"
NO_KK = "3303990101200001"
PROTOCOL = Path(__file__).resolve().parents[2] / "sync_protocol.md"


@pytest.fixture
def hub() -> HubDb:
    return HubDb()


def _person(node: Writer, label: str, **values: Any) -> Change:
    return node.create("penduduk", label, nama="Orang Uji", **values)


def _only(rows: list[FindingRow]) -> FindingRow:
    assert len(rows) == 1, [(row.kode, row.bukti) for row in rows]
    return rows[0]


def _records(row: FindingRow) -> list[list[str]]:
    return list(json.loads(row.rekaman))


def _reason(row: FindingRow) -> Any:
    return json.loads(row.bukti)["sebab"]


def _link(label: str, one: str, other: str, aktif: bool = True) -> tuple[Change, Change]:
    """Link a penduduk of desa 0 with one of desa 1, in the hub's channel of either."""
    here, there = record_id(one), record_id(other)
    return (
        channel_writer(0).create("tautan", label, penduduk=here, pasangan=there, aktif=aktif),
        channel_writer(1).create("tautan", label, penduduk=there, pasangan=here, aktif=aktif),
    )


# The engine.


def test_an_edit_of_the_group_looked_at_makes_a_new_finding(hub: HubDb) -> None:
    one, other = desa_writer(0), desa_writer(1)
    first = _person(one, "a", nik=NIK)
    hub.deliver(first, _person(other, "b", nik=NIK))
    before = _only(hub.findings("V2")).id
    hub.deliver(one.update("penduduk", "a", [first], agama=1))
    assert _only(hub.findings("V2")).id == before
    hub.deliver(one.update("penduduk", "a", [first], status_dasar=1, tanggal_status=None, sebab_status=None))
    assert _only(hub.findings("V2")).id != before


def test_findings_are_listed_by_desa_and_by_record(hub: HubDb) -> None:
    hub.deliver(_person(desa_writer(0), "a", nik=NIK), _person(desa_writer(1), "b", nik=NIK))
    row = _only(hub.findings("V2"))
    assert json.loads(row.desa) == [DESA[0], DESA[1]]
    assert hub.findings(desa=DESA[0]) == hub.findings(desa=DESA[1]) == [row]
    assert hub.findings(desa=DESA[2]) == []
    assert list_findings_of_record(hub.conn, DESA[1], record_id("b")) == [row]
    assert list_findings_of_record(hub.conn, DESA[0], record_id("b")) == []


# V1.


def test_v1_reports_a_record_once_with_all_groups_in_conflict(hub: HubDb) -> None:
    office, laptop = desa_writer(0), desa_writer(0, "laptop")
    first = _person(office, "a", nik=NIK, agama=1)
    hub.deliver(
        first,
        office.update("penduduk", "a", [first], nik=NIK, agama=2),
        laptop.update("penduduk", "a", [first], nik=OTHER_NIK, agama=3),
    )
    row = _only(hub.findings("V1"))
    assert row.berat == "berat" and row.kunci == record_id("a")
    assert _records(row) == [[DESA[0], "penduduk", record_id("a")]]
    evidence = json.loads(row.bukti)
    assert evidence["grup"] == ["agama", "nik"] and evidence["kolom"] == ["agama", "nik"]
    assert all(len(heads) == 2 for heads in evidence["kepala"].values())


def test_v1_of_an_ordinary_group_is_less_serious_and_ends_with_the_conflict(hub: HubDb) -> None:
    office, laptop = desa_writer(0), desa_writer(0, "laptop")
    first = _person(office, "a")
    heads = [
        office.update("penduduk", "a", [first], agama=2),
        laptop.update("penduduk", "a", [first], agama=3),
    ]
    hub.deliver(first, *heads)
    assert _only(hub.findings("V1")).berat == "sedang"
    hub.deliver(office.update("penduduk", "a", heads, agama=3))
    assert hub.findings("V1") == []


# V2 and V3.


def test_v2_and_v3_hold_together_for_one_nik(hub: HubDb) -> None:
    one, other = desa_writer(0), desa_writer(1)
    hub.deliver(_person(one, "a", nik=NIK), _person(one, "b", nik=NIK), _person(other, "c", nik=NIK))
    assert len(_records(_only(hub.findings("V2")))) == 3
    within = _only(hub.findings("V3"))
    assert json.loads(within.desa) == [DESA[0]] and len(_records(within)) == 2


@pytest.mark.parametrize(
    "values", [{"status_dasar": 2}, {"status_dasar": 3}, {"nik": OTHER_NIK}, {"nik": None}]
)
def test_v2_and_v3_leave_who_is_not_active_or_has_another_nik(hub: HubDb, values: dict[str, Any]) -> None:
    hub.deliver(
        _person(desa_writer(0), "a", nik=NIK, status_dasar=1),
        _person(desa_writer(0, "laptop"), "b", **{"nik": NIK, **values}),
        _person(desa_writer(1), "c", **{"nik": NIK, **values}),
    )
    assert not [row for row in hub.findings("V2") + hub.findings("V3") if row.kunci == NIK]


def test_v2_ignores_a_placeholder(hub: HubDb) -> None:
    hub.deliver(_person(desa_writer(0), "a", nik="0" * 16), _person(desa_writer(1), "b", nik="0" * 16))
    assert {row.kode for row in hub.findings()} == {"V5"}


def test_v2_does_not_report_linked_records_until_the_link_ends(hub: HubDb) -> None:
    hub.deliver(_person(desa_writer(0), "a", nik=NIK), _person(desa_writer(1), "b", nik=NIK))
    ends = _link("t", "a", "b")
    hub.deliver(ends[0])
    assert len(hub.findings("V2")) == 1, "one end alone is no link"
    hub.deliver(ends[1])
    assert hub.findings() == []
    off = ends[0].writer.update(
        "tautan", "t", ends[:1], penduduk=record_id("a"), pasangan=record_id("b"), aktif=False,
        desa_lain=None, dihitung=None, alasan=None,
    )
    hub.deliver(off)
    assert len(hub.findings("V2")) == 1


def test_v2_reports_a_third_record_beside_a_linked_pair(hub: HubDb) -> None:
    hub.deliver(
        *(_person(desa_writer(number), label, nik=NIK) for number, label in enumerate("abc")),
        *_link("t", "a", "b"),
    )
    assert len(_records(_only(hub.findings("V2")))) == 3


# V5.


@pytest.mark.parametrize(
    ("values", "berat", "isu"),
    [
        ({"nik": "33039901019"}, "berat", ["nik_panjang"]),
        ({"nik": "3303999901900001"}, "berat", ["nik_tanggal"]),
        ({"nik": NIK, "tanggal_lahir": "1990-01-02"}, "ringan", ["nik_beda_tanggal"]),
        ({"nik": NIK, "jenis_kelamin": 2}, "ringan", ["nik_beda_kelamin"]),
        ({"nik": "3303990101900000", "jenis_kelamin": 2}, "berat", ["nik_urut", "nik_beda_kelamin"]),
    ],
)
def test_v5_weighs_what_is_wrong_with_a_nik(
    hub: HubDb, values: dict[str, Any], berat: str, isu: list[str]
) -> None:
    hub.deliver(_person(desa_writer(0), "a", **values))
    row = _only(hub.findings())
    assert (row.kode, row.berat, json.loads(row.bukti)["isu"]) == ("V5", berat, isu)


def test_v5_leaves_a_right_nik_and_ends_with_the_correction(hub: HubDb) -> None:
    node = desa_writer(0)
    first = _person(node, "a", nik=NIK, tanggal_lahir="1990-01-01", jenis_kelamin=2)
    hub.deliver(first)
    assert len(hub.findings("V5")) == 1
    hub.deliver(node.update("penduduk", "a", [first], nik="3303994101900001"))
    assert hub.findings() == []


@given(
    st.sampled_from(["3303", "1111", "9903", "0303"]) | st.none(), st.integers(0, 75), st.integers(0, 14),
    st.integers(0, 99), st.sampled_from(["0000", "0001", "1111"]),
    st.dates().map(str) | st.sampled_from(["1990-02-30", "1990-W01-1", "19900101", "", "2011-11-11", None]),
    st.sampled_from([1, 2, 3, None]), st.booleans(),
)
def test_v5_short_cut_passes_only_what_the_checks_pass(
    prefix: str | None, day: int, month: int, year: int, serial: str, born: str | None, kelamin: int | None,
    agrees: bool,
) -> None:
    if agrees and born and len(born) == 10 and born[5:7].isdecimal():
        day, month, year = int(born[8:10]) + (40 if kelamin == 2 else 0), int(born[5:7]), int(born[2:4])
    nik = None if prefix is None else f"{prefix}99{day:02d}{month:02d}{year:02d}{serial}"
    if nik and is_plain({"nik": nik, "tanggal_lahir": born, "jenis_kelamin": kelamin}):
        assert born is not None
        assert not [issue for issue in check_nik(nik) if issue.severity is Severity.HARD]
        assert not check_nik_against(nik, date.fromisoformat(born), kelamin)


# V6.


def _family(node: Writer, *members: dict[str, Any]) -> list[Change]:
    return [
        node.create("keluarga", "k", no_kk=NO_KK),
        *(_person(node, f"m{at}", keluarga=record_id("k"), **values) for at, values in enumerate(members)),
    ]


@pytest.mark.parametrize(
    ("members", "sebab"),
    [
        ([{"hubungan": 3}, {"hubungan": 4}], "tanpa_kepala"),
        ([{"hubungan": 1, "status_dasar": 2}, {"hubungan": 3}], "tanpa_kepala"),
        ([{"hubungan": 1}, {"hubungan": 1}, {"hubungan": 4}], "dua_kepala"),
        (
            [{"hubungan": 1, "tanggal_lahir": "1990-01-01"}, {"hubungan": 4, "tanggal_lahir": "1989-01-01"}],
            "umur_mustahil",
        ),
        (
            [{"hubungan": 1, "tanggal_lahir": "1990-01-01"}, {"hubungan": 7, "tanggal_lahir": "1990-01-01"}],
            "umur_mustahil",
        ),
    ],
)
def test_v6_finds_families_that_cannot_be(hub: HubDb, members: list[dict[str, Any]], sebab: str) -> None:
    hub.deliver(*_family(desa_writer(0), *members))
    assert _reason(_only(hub.findings())) == sebab


@pytest.mark.parametrize(
    "members",
    [
        [],
        [{"hubungan": 1}],
        [{"hubungan": 1}, {"hubungan": 1, "status_dasar": 2}],
        [{"hubungan": 4, "status_dasar": 3}],
        [{"hubungan": 1, "tanggal_lahir": "1990-01-01"}, {"hubungan": 4, "tanggal_lahir": "2015-01-01"}],
    ],
)
def test_v6_leaves_families_that_can_be(hub: HubDb, members: list[dict[str, Any]]) -> None:
    hub.deliver(*_family(desa_writer(0), *members))
    assert hub.findings() == []


def test_v6_reports_an_unknown_family_until_it_arrives(hub: HubDb) -> None:
    node = desa_writer(0)
    hub.deliver(_person(node, "a", keluarga=record_id("k"), hubungan=1))
    assert _reason(_only(hub.findings())) == "keluarga_tidak_dikenal"
    hub.deliver(desa_writer(1).create("keluarga", "k", no_kk=NO_KK))
    assert len(hub.findings()) == 1, "a family of another desa is unknown here"
    hub.deliver(node.create("keluarga", "k", no_kk=NO_KK))
    assert hub.findings() == []


def test_v6_of_an_import_in_batches_ends_with_the_import(hub: HubDb) -> None:
    family, *members = _family(desa_writer(0), {"hubungan": 4}, {"hubungan": 3}, {"hubungan": 1})
    hub.deliver(family)
    assert hub.findings() == []
    hub.deliver(*members[:2])
    assert len(hub.findings()) == 1
    hub.deliver(members[2])
    assert hub.findings() == []


# V7.


def _program(label: str = "p", writer: Writer | None = None, **values: Any) -> Change:
    return (writer or common_writer()).create("program_bantuan", label, nama="Bantuan uji", **values)


def _recipient(node: Writer, label: str, program: str = "p", **values: Any) -> Change:
    for name in ("penduduk", "keluarga"):
        if name in values:
            values[name] = record_id(values[name])
    return node.create("penerima_bantuan", label, program=record_id(program), **values)


@pytest.mark.parametrize(
    ("status", "sebab"), [(2, ["meninggal"]), (3, ["pindah"]), (4, ["hilang"]), (1, None), (None, None)]
)
def test_v7_looks_at_the_status_of_a_recipient(
    hub: HubDb, status: int | None, sebab: list[str] | None
) -> None:
    node = desa_writer(0)
    hub.deliver(_program(), _person(node, "a", status_dasar=status), _recipient(node, "r", penduduk="a"))
    assert [_reason(row) for row in hub.findings()] == ([] if sebab is None else [sebab])


@pytest.mark.parametrize(
    ("named", "sebab"),
    [
        ({"penduduk": "b"}, "penduduk_tidak_ada"),
        ({"keluarga": "k"}, "keluarga_tidak_ada"),
        ({}, "tanpa_sasaran"),
    ],
)
def test_v7_finds_a_recipient_who_is_not_in_its_desa(hub: HubDb, named: dict[str, str], sebab: str) -> None:
    other = desa_writer(1)
    elsewhere = [_person(other, "b"), other.create("keluarga", "k", no_kk=NO_KK)]
    hub.deliver(_program(), *elsewhere, _recipient(desa_writer(0), "r", **named))
    assert _reason(_only(hub.findings())) == [sebab]


def test_v7_finds_a_family_without_active_members(hub: HubDb) -> None:
    node = desa_writer(0)
    family, member = _family(node, {"hubungan": 1})
    hub.deliver(_program(sasaran=2), family, member, _recipient(node, "r", keluarga="k"))
    assert hub.findings() == []
    moved = node.update("penduduk", "m0", [member], status_dasar=3, tanggal_status=None, sebab_status=None)
    hub.deliver(moved)
    assert _reason(_only(hub.findings())) == ["keluarga_kosong"]


def test_v7_needs_no_person_for_a_group(hub: HubDb) -> None:
    hub.deliver(_program(sasaran=4), _recipient(desa_writer(0), "r"))
    assert hub.findings() == []


def test_v7_leaves_a_recipient_who_has_stopped(hub: HubDb) -> None:
    node = desa_writer(0)
    hub.deliver(_program(kuota=0), _recipient(node, "r", penduduk="nobody", status="berhenti"))
    assert hub.findings() == []


@pytest.mark.parametrize(
    ("second", "count"),
    [
        ({"penduduk": "a", "periode": "2026"}, 1),
        ({"penduduk": "a", "periode": "2027"}, 0),
        ({"penduduk": "a", "periode": "2026", "program": "q"}, 0),
        ({"penduduk": "a", "periode": "2026", "status": "berhenti"}, 0),
    ],
)
def test_v7_finds_one_record_twice_in_a_programme_and_period(
    hub: HubDb, second: dict[str, str], count: int
) -> None:
    node, common = desa_writer(0), common_writer()
    hub.deliver(_program(writer=common), _program("q", common), _person(node, "a"))
    hub.deliver(_recipient(node, "r", penduduk="a", periode="2026"), _recipient(node, "s", **second))
    assert [_reason(row) for row in hub.findings()] == ["ganda"] * count


@pytest.mark.parametrize(("nik", "count"), [(NIK, 1), (OTHER_NIK, 0), ("0" * 16, 0), (None, 0)])
def test_v7_finds_one_nik_twice_over_two_desa(hub: HubDb, nik: str | None, count: int) -> None:
    one, other = desa_writer(0), desa_writer(1)
    first_nik = NIK if nik else None
    hub.deliver(_program(), _person(one, "a", nik=first_nik, status_dasar=None), _person(other, "b", nik=nik))
    hub.deliver(_recipient(one, "r", penduduk="a"), _recipient(other, "s", penduduk="b"))
    assert len(hub.findings("V7")) == count


def test_v7_treats_linked_persons_as_one(hub: HubDb) -> None:
    one, other = desa_writer(0), desa_writer(1)
    hub.deliver(_program(), _person(one, "a", nik=NIK), _person(other, "b", nik=OTHER_NIK))
    hub.deliver(_recipient(one, "r", penduduk="a"), _recipient(other, "s", penduduk="b"))
    assert hub.findings() == []
    hub.deliver(*_link("t", "a", "b"))
    row = _only(hub.findings("V7"))
    assert _reason(row) == "ganda" and json.loads(row.desa) == [DESA[0], DESA[1]]


@pytest.mark.parametrize("corrected", [0, 1])
def test_v7_ends_a_double_with_the_correction_of_either_nik(hub: HubDb, corrected: int) -> None:
    nodes = [desa_writer(0), desa_writer(1)]
    persons = [_person(node, label, nik=NIK) for node, label in zip(nodes, "ab", strict=True)]
    hub.deliver(_program(), *persons)
    hub.deliver(_recipient(nodes[0], "r", penduduk="a"), _recipient(nodes[1], "s", penduduk="b"))
    assert len(hub.findings("V7")) == 1
    hub.deliver(nodes[corrected].update("penduduk", "ab"[corrected], [persons[corrected]], nik=OTHER_NIK))
    assert hub.findings() == []


@pytest.mark.parametrize("removed", [0, 1])
def test_v7_ends_a_double_when_either_end_of_its_link_is_deleted(hub: HubDb, removed: int) -> None:
    one, other = desa_writer(0), desa_writer(1)
    hub.deliver(_program(), _person(one, "a", nik=NIK), _person(other, "b", nik=OTHER_NIK))
    hub.deliver(_recipient(one, "r", penduduk="a"), _recipient(other, "s", penduduk="b"))
    ends = _link("t", "a", "b")
    hub.deliver(*ends)
    assert len(hub.findings("V7")) == 1
    # The hub never deletes what a desa wrote, but a link is its own.
    hub.deliver(ends[removed].writer.delete("tautan", "t", [ends[removed]]))
    assert hub.findings() == []


@pytest.mark.parametrize("swap", [False, True])
def test_v7_follows_a_link_through_a_person_without_aid(hub: HubDb, swap: bool) -> None:
    one, other, third = desa_writer(0), desa_writer(1), desa_writer(2)
    between = _person(other, "b", nik=OTHER_NIK)
    hub.deliver(_program(), _person(one, "a", nik=NIK), between, _person(third, "c", nik=OTHER_NIK))
    labels = ("s", "r") if swap else ("r", "s")
    hub.deliver(_recipient(one, labels[0], penduduk="a"), _recipient(third, labels[1], penduduk="c"))
    hub.deliver(*_link("t", "a", "b"))
    assert _reason(_only(hub.findings("V7"))) == "ganda"
    hub.deliver(other.update("penduduk", "b", [between], nik="3303990101900003"))
    assert hub.findings() == []


@pytest.mark.parametrize(("sasaran", "count"), [(2, 1), (1, 0)])
def test_v7_counts_a_family_once_where_the_programme_is_for_families(
    hub: HubDb, sasaran: int, count: int
) -> None:
    one, other = desa_writer(0), desa_writer(1)
    hub.deliver(
        _program(sasaran=sasaran),
        one.create("keluarga", "k", no_kk=NO_KK), _person(one, "a", keluarga=record_id("k"), hubungan=1),
        other.create("keluarga", "l", no_kk=NO_KK), _person(other, "b", keluarga=record_id("l"), hubungan=1),
    )
    hub.deliver(_recipient(one, "r", penduduk="a"), _recipient(other, "s", penduduk="b", keluarga="l"))
    assert [_reason(row) for row in hub.findings()] == ["ganda"] * count


@pytest.mark.parametrize(
    ("periods", "count"),
    [(("2026", "2026"), 1), (("2026", "2026-T1"), 1), ((None, "2026"), 1), (("2025", "2026"), 0)],
)
def test_v7_finds_programmes_that_exclude_each_other(
    hub: HubDb, periods: tuple[str | None, str | None], count: int
) -> None:
    one, other = desa_writer(0), desa_writer(1)
    hub.deliver(_program("p", meniadakan=[record_id("q")]), _program("q", one))
    hub.deliver(_person(one, "a", nik=NIK, status_dasar=3), _person(other, "b", nik=NIK))
    hub.deliver(
        _recipient(other, "r", penduduk="b", periode=periods[0]),
        _recipient(other, "s", "q", penduduk="b", periode=periods[1]),
    )
    assert [_reason(row) for row in hub.findings("V7")] == ["saling_meniadakan"] * count


def test_v7_counts_the_quota_over_all_desa(hub: HubDb) -> None:
    one, other = desa_writer(0), desa_writer(1)
    hub.deliver(_program(kuota=1), _person(one, "a"), _person(other, "b"))
    hub.deliver(_recipient(one, "r", penduduk="a"))
    assert hub.findings() == []
    second = _recipient(other, "s", penduduk="b")
    hub.deliver(second)
    row = _only(hub.findings())
    assert _reason(row) == "lebih_kuota" and _records(row) == [[KECAMATAN, "program_bantuan", record_id("p")]]
    assert json.loads(row.desa) == [DESA[0], DESA[1]] and row.kunci == f"kuota|{record_id('p')}"
    hub.deliver(other.update("penerima_bantuan", "s", [second], status="berhenti", alasan_status="Pindah"))
    assert hub.findings() == []


def test_v7_judges_again_when_the_quota_is_changed(hub: HubDb) -> None:
    node, common = desa_writer(0), common_writer()
    program = _program(writer=common, kuota=1)
    hub.deliver(program, _person(node, "a"), _recipient(node, "r", penduduk="a"))
    assert hub.findings() == []
    hub.deliver(common.update("program_bantuan", "p", [program], kuota=0))
    assert _reason(_only(hub.findings())) == "lebih_kuota"


# V10.


def test_v10_reports_what_a_desa_may_not_write_once_per_desa(hub: HubDb) -> None:
    node = desa_writer(0)
    adopted = node.create("adopsi", "x", perubahan=["x"])
    hub.deliver(adopted, node.create("tautan", "y", penduduk=record_id("a")))
    row = _only(hub.findings())
    assert (row.kode, row.berat, row.kunci) == ("V10", "berat", f"{DESA[0]}|lingkup")
    assert {kind for _, kind, _ in _records(row)} == {"adopsi", "tautan"}


def test_v10_reports_what_no_program_can_read(hub: HubDb) -> None:
    node = desa_writer(0)
    good, bad = _person(node, "a"), node.create("penduduk", "b", nama=["x"], tanggal_lahir=7)
    hub.deliver(good, bad)
    row = _only(hub.findings())
    assert (row.kode, row.kunci) == ("V10", f"{DESA[0]}|bentuk") and "tidak terbaca (1 data)" in row.ringkasan
    assert _records(row) == [[DESA[0], "penduduk", record_id("b")]]


def test_every_reason_for_which_a_change_is_held_has_its_words() -> None:
    assert set(SUMMARIES) == set(REASONS) - PASSING
    assert set(HELD) == set(REASONS)
    held = PROTOCOL.read_text(encoding="utf-8").split("### 9.3 ")[1].split("### 9.4 ")[0]
    assert set(re.findall(r"^\| `([a-z_]+)` \|", held, re.M)) == set(REASONS)


def test_v10_reports_what_a_revoked_key_wrote(hub: HubDb) -> None:
    node = desa_writer(0)
    kept, quarantined = _person(node, "a"), _person(node, "b")
    hub.deliver(kept, quarantined)
    common = common_writer()
    revoked = {"wilayah": DESA[0], "kunci": node.kunci.hex(), "segel": "0" * 64, "status": "dicabut"}
    first = common.write("simpul", "s", Op.CREATE, {**revoked, "batas": [f"{node.id}:1"]})
    hub.deliver(first)
    row = _only(hub.findings())
    assert row.kunci == f"{DESA[0]}|dicabut" and _records(row) == [[DESA[0], "penduduk", record_id("b")]]
    hub.deliver(common.create("adopsi", "x", perubahan=[quarantined.ref]))
    assert hub.findings() == []
