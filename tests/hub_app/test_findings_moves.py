"""V8 follows the log: any order of arrival, and any day of judgement on the way, gives what the end gives."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.lampid.pairing import Ujung, join_ends, pair_ends
from hub.verval import findings
from tests.support.hub_db import DESA, Change, HubDb, Writer, desa_writer, record_id

Draw = Callable[[st.SearchStrategy[Any]], Any]
NIK = ("3303990101900001", "3303990101900002", None)
END = "2026-12-01"
DAYS = ("2026-07-15", "2026-08-01", "2026-09-20", END)


@st.composite
def stories(draw: Draw) -> list[list[Change]]:
    """Draw what two desa write: residents, their moves and deaths, letters, corrected numbers."""
    logs: dict[Writer, list[Change]] = {}
    for at in (0, 1):
        writer = desa_writer(at)
        changes = logs[writer] = []
        for number in range(draw(st.integers(1, 4))):
            person, event = f"orang-{at}-{number}", f"peristiwa-{at}-{number}"
            # Mostly out of the one and into the other: pairs are rare otherwise.
            jenis = draw(st.sampled_from([*(("pindah", "datang")[at],) * 4, "pindah", "datang", "kembali", "mati"]))
            day = draw(st.sampled_from(["2026-06-20", "2026-07-01", "2026-08-25", "2026-11-20"]))
            made = writer.create("penduduk", person, nama="Uji", nik=draw(st.sampled_from(NIK)), status_dasar=1)
            happened = writer.create(
                "peristiwa", event, jenis=jenis, penduduk=record_id(person), tanggal_peristiwa=day, tanggal_lapor=day,
                token=draw(st.sampled_from([None, "AB12", "ab-12", "CD34"])),
                desa_lain=draw(st.sampled_from([None, *(DESA[1 - at],) * 3, "33.04.01.2001"])),
            )
            status = {"mati": 2, "pindah": 3}.get(jenis, 1)
            named = writer.update(
                "penduduk", person, [made], status_dasar=status, peristiwa=record_id(event), tanggal_status=day,
            )
            changes += [made, happened, named]
            if draw(st.booleans()):
                changes.append(writer.update("penduduk", person, [named], nik=draw(st.sampled_from(NIK))))
            if draw(st.integers(0, 2)) == 0:
                changes.append(writer.create(
                    "surat", f"surat-{at}-{number}", nomor="1", urut=1, tahun=2026, tanggal="2026-11-25",
                    penduduk=record_id(person), jenis="usaha", tentang=draw(st.sampled_from([None, "mati"])),
                ))
            if draw(st.integers(0, 5)) == 0:
                changes.append(writer.delete("penduduk", person, [named]))
    return list(logs.values())


def _deliver(draw: Draw, hub: HubDb, logs: list[list[Change]]) -> None:
    turns = draw(st.permutations([at for at, log in enumerate(logs) for _ in log]))
    rest, days = [iter(log) for log in logs], iter(DAYS[:-1])
    changes = [next(rest[at]) for at in turns]
    while changes:
        size = draw(st.integers(1, 6))
        hub.deliver(*changes[:size])
        changes = changes[size:]
        if draw(st.integers(0, 2)) == 0 and (day := next(days, None)):
            findings.judge_until(hub.conn, day)
    findings.judge_until(hub.conn, END)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_order_and_any_day_on_the_way_give_the_findings_from_scratch(data: st.DataObject) -> None:
    logs = data.draw(stories())
    hubs = [HubDb(), HubDb()]
    # Where the last day has come before all else, nothing but what a change touches is judged anew.
    findings.judge_until(hubs[0].conn, END)
    for hub in hubs:
        _deliver(data.draw, hub, logs)
    incremental = hubs[0].tables()
    assert hubs[1].tables() == incremental
    hubs[0].judge_from_scratch()
    assert hubs[0].tables() == incremental
    hubs[1].rebuild()
    assert hubs[1].tables() == incremental


def _end(desa: int, id: str, jenis: str, nik: str = "", tanggal: str = "2026-07-01", token: str = "") -> Ujung:
    return Ujung(DESA[desa], id, jenis, f"orang-{id}", "", nik, tanggal, tanggal, DESA[1 - desa], token)


def test_the_code_of_the_letter_goes_before_the_number_and_the_nearest_date_before_others() -> None:
    left = _end(0, "a", "pindah", str(NIK[0]), token="AB12")
    far, near = (_end(1, id, "datang", str(NIK[0]), day) for id, day in (("b", "2027-01-01"), ("c", "2026-07-09")))
    coded = _end(1, "d", "datang", str(NIK[1]), "2026-12-01", "ab-12")
    found = [(pair.pindah, pair.datang) for pair in pair_ends([far, left, near, coded])]
    assert found == [(left, coded), (None, far), (None, near)]
    assert pair_ends([far, left._replace(token=""), near])[0].datang == near


NAMES = ("", "KREYO", "Kreo", "SITI AMINAH")


@st.composite
def families(draw: Draw) -> list[Ujung]:
    """Draw who moves out of two desa and into them, on two letters and without any."""
    return [
        _end(
            draw(st.integers(0, 1)), f"{number}", draw(st.sampled_from(["pindah", "datang", "kembali"])),
            draw(st.sampled_from(["3303990101900001", "3303990101900002", "0" * 16, ""])),
            draw(st.sampled_from(["2026-07-01", "2026-07-09", "2029-01-01"])),
            draw(st.sampled_from(["", "AB12", "ab-12"])),
        )._replace(nama=draw(st.sampled_from(NAMES)))
        for number in range(draw(st.integers(2, 7)))
    ]


@given(families(), st.randoms(use_true_random=False))
def test_whoever_has_one_code_and_one_nik_is_paired_with_nobody_else(ends: list[Ujung], chance: Random) -> None:
    found = pair_ends(ends)
    shuffled = [*ends, *ends]
    chance.shuffle(shuffled)
    assert pair_ends(shuffled) == found, "the order of the rows says nothing, nor does a row that stands there twice"
    assert sorted(end.id for pair in found for end in (pair.pindah, pair.datang) if end) == [end.id for end in ends]
    other = {end: pair for pair in found for end in (pair.pindah, pair.datang) if end}
    for left in ends:
        for came in ends:
            is_move = left.jenis == "pindah" and came.jenis != "pindah" and left.desa != came.desa
            if is_move and left.code == came.code != "" and left.nik == came.nik and left.nik.startswith("33"):
                assert any(
                    other[end].is_whole and other[end].pindah.nik == other[end].datang.nik  # type: ignore[union-attr]
                    for end in (left, came)
                ), (left, came)


def test_of_a_family_on_one_letter_the_one_who_is_missing_is_named() -> None:
    family = [
        _end(0, id, "pindah", nik, token="FAM1")._replace(nama=nama)
        for id, nama, nik in (("a", "AYAH", str(NIK[0])), ("b", "SITI AMINAH", ""), ("c", "ANAK", str(NIK[1])))
    ]
    came = [
        _end(1, "x", "kembali", str(NIK[1]), "2026-07-02", "fam-1"),
        _end(1, "y", "datang", "", "2026-07-03", "FAM1")._replace(nama="Siti Aminah"),
    ]
    found = {pair.known.nama: pair.datang for pair in pair_ends([*family, *came])}
    assert found == {"AYAH": None, "SITI AMINAH": came[1], "ANAK": came[0]}


def test_two_ends_in_one_desa_or_years_apart_are_no_pair() -> None:
    left, came = _end(0, "a", "pindah", str(NIK[0])), _end(0, "b", "datang", str(NIK[0]))
    assert not any(pair.is_whole for pair in pair_ends([left, came]))
    assert not pair_ends([left, _end(1, "b", "datang", str(NIK[0]), "2029-01-01")])[0].is_whole


def test_a_number_that_many_share_pairs_nobody() -> None:
    same = "0" * 16
    assert not pair_ends([_end(0, "a", "pindah", same), _end(1, "b", "datang", same)])[0].is_whole


def test_only_what_shares_a_code_or_a_number_is_compared() -> None:
    ends = [
        _end(0, "a", "pindah", "1"), _end(1, "b", "datang", "2", token="X"), _end(0, "c", "pindah", "1", token="X"),
        _end(0, "d", "pindah"),
    ]
    assert sorted(sorted(end.id for end in group) for group in join_ends(ends)) == [["a", "b", "c"], ["d"]]


@pytest.mark.parametrize(("desa_lain", "token", "jenis", "needs"), [
    (DESA[1], "", "pindah", True), ("33.04.01.2001", "AB12", "pindah", False), ("", "AB12", "pindah", False),
    ("", "AB12", "datang", True), ("", "AB12", "kembali", False), (DESA[1], "AB12", "kembali", True),
    ("33.04.01.2001", "AB12", "datang", False), (DESA[0], "", "pindah", False),
])
def test_the_other_end_is_missed_only_where_it_must_be_here(
    desa_lain: str, token: str, jenis: str, needs: bool
) -> None:
    assert _end(0, "a", jenis)._replace(desa_lain=desa_lain, token=token).needs_other is needs
