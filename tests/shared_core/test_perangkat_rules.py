"""Terms of officials: when one runs, who may sign on a day, what somebody should look at. Pure."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from node.perangkat.rules import (
    FORM_FIELDS, PERANGKAT, Masa, find_end_problem, find_last_day, list_signers, list_warnings, may_sign, order_rows,
    read_masa,
)

DAY = date(2026, 11, 22)


def term(id: str = "a", jabatan: str = "kades", **more: Any) -> dict[str, Any]:
    return {"id": id, "nama": id.upper(), "jabatan": jabatan, "boleh_tanda_tangan": True, "mulai": "2020-01-01", **more}


@pytest.mark.parametrize(("row", "masa", "last"), [
    ({}, Masa.MENJABAT, ""),
    ({"mulai": "2026-11-22"}, Masa.MENJABAT, ""),
    ({"mulai": "2026-11-23"}, Masa.BELUM, ""),
    ({"tanggal_angkat": "2026-11-23"}, Masa.BELUM, ""),
    ({"mulai": "2020-01-01", "tanggal_angkat": "2026-12-01"}, Masa.MENJABAT, ""),
    ({"sampai": "2026-11-22"}, Masa.MENJABAT, "2026-11-22"),
    ({"sampai": "2026-11-21"}, Masa.LEWAT, "2026-11-21"),
    ({"sampai": "2026-11-21", "sk_henti": "141/9/2026"}, Masa.BERHENTI, "2026-11-21"),
    ({"tanggal_henti": "2026-11-22"}, Masa.BERHENTI, "2026-11-21"),
    ({"tanggal_henti": "2026-11-23"}, Masa.MENJABAT, "2026-11-22"),
    # The decree may be older than the last day, or younger: the last day counts.
    ({"tanggal_henti": "2026-10-01", "sampai": "2026-12-31"}, Masa.MENJABAT, "2026-12-31"),
    ({"tanggal_henti": "2026-12-01", "sampai": "2026-10-31"}, Masa.BERHENTI, "2026-10-31"),
])
def test_a_day_lies_before_in_or_behind_a_term(row: dict[str, Any], masa: Masa, last: str) -> None:
    assert read_masa(row, DAY) is masa and find_last_day(row) == last
    assert may_sign({**row, "boleh_tanda_tangan": True}, DAY) is (masa is Masa.MENJABAT)
    assert not may_sign({**row, "boleh_tanda_tangan": False}, DAY) and not may_sign(row, DAY)


def test_who_may_sign_on_a_day_is_listed_with_the_head_first() -> None:
    rows = [
        term("staf", "staf", boleh_tanda_tangan=False), term("sekdes", "sekdes"), term("lama", sampai="2026-11-21"),
        term("baru", mulai="2026-11-22"), term("kasi", "kasi"),
    ]
    assert [row["id"] for row in list_signers(rows, DAY)] == ["baru", "sekdes", "kasi"]
    assert [row["id"] for row in list_signers(rows, date(2026, 11, 21))] == ["lama", "sekdes", "kasi"]


def test_offices_come_in_their_order_and_the_later_head_first() -> None:
    rows = [term("z", "kadus"), term("b", "kaur"), term("a", "kaur"), term("lama"), term("baru", mulai="2026-01-01")]
    assert [row["id"] for row in order_rows(rows)] == ["baru", "lama", "a", "b", "z"]


def test_a_village_in_order_is_not_warned() -> None:
    rows = [term(penduduk="p"), term("sekdes", "sekdes"), term("x", sampai="2019-12-31", sk_henti="1/2019")]
    assert list_warnings(rows, {"p": 1}, DAY) == [] and list_warnings([], {}, DAY) == []


@pytest.mark.parametrize(("rows", "statuses", "words", "about"), [
    ([term("a"), term("b")], {}, "Ada 2 kepala desa", "a"),
    ([term("s", "sekdes")], {}, "ditandatangani Plt. atau Plh.: pilih", ""),
    ([term("s", "sekdes", boleh_tanda_tangan=False)], {}, "beri hak tanda tangan", ""),
    ([term("a", boleh_tanda_tangan=False)], {}, "Belum ada yang berhak", "a"),
    ([term("a", penduduk="p")], {"p": 2}, "tidak tinggal di sini", "a"),
    ([term("a", penduduk="p")], {"p": 0}, "dihapus", "a"),
    ([term("a"), term("k", "kaur", sampai="2026-11-21")], {}, "sudah habis pada 21-11-2026", "k"),
])
def test_what_does_not_fit_is_said(
    rows: list[dict[str, Any]], statuses: dict[str, int], words: str, about: str
) -> None:
    found = list_warnings(rows, statuses, DAY)
    assert len(found) == 1 and words in found[0].teks and found[0].id == about


def test_a_term_that_a_later_one_continues_is_no_worry() -> None:
    before = term("a", "kaur", penduduk="p", sampai="2025-12-31")
    again = term("b", "kaur", penduduk="p", mulai="2026-01-01")
    assert list_warnings([term("k"), before, again], {"p": 1}, DAY) == []


def test_a_term_cannot_end_before_it_began() -> None:
    assert "01-01-2020" in find_end_problem(term(), "2019-12-31") and find_end_problem(term(), "2020-01-01") == ""


def test_the_form_asks_for_every_field_but_the_end_and_the_photo() -> None:
    assert set(PERANGKAT.fields) - set(FORM_FIELDS) == {"sk_henti", "tanggal_henti", "foto"}
