"""NIK, nomor KK and kode desa: what is refused, what is only asked about, and what is never shown."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.records import identifiers
from shared.records.identifiers import (
    Issue,
    Severity,
    check_kode_desa,
    check_nik,
    check_nik_against,
    check_no_kk,
    mask_name,
    mask_nik,
)

digits = st.text(alphabet="0123456789", min_size=16, max_size=16)
ALL_ISSUES = [value for value in vars(identifiers).values() if isinstance(value, Issue)]


def codes(issues: list[Issue]) -> list[str]:
    return [issue.code for issue in issues]


@pytest.mark.parametrize(
    "nik",
    ["3303994107900001", "3303991707900001", "3303990101050003", "3303992902000001", "3303997112990009"],
)
def test_a_possible_nik_of_the_test_district_has_no_issue(nik: str) -> None:
    assert check_nik(nik) == []


@pytest.mark.parametrize(
    ("nik", "expected"),
    [
        ("", ["nik_panjang"]),
        ("330399410790001", ["nik_panjang"]),
        ("33039941079000011", ["nik_panjang"]),
        ("330399 410790 001", ["nik_panjang"]),
        ("33039941079O0001", ["nik_panjang"]),
        ("3303994107900001\n", ["nik_panjang"]),
        ("٣٣٠٣٩٩٤١٠٧٩٠٠٠٠١", ["nik_panjang"]),
        ("0000000000000000", ["nik_angka_sama"]),
        ("3333333333333333", ["nik_angka_sama"]),
        ("0330399200100001", ["nik_sementara"]),
        ("9903994107900001", ["nik_provinsi"]),
        ("3303997202840001", ["nik_tanggal"]),
        ("3303997102000001", ["nik_tanggal"]),
        ("3303992902010002", ["nik_tanggal"]),
        ("3303996902010002", ["nik_tanggal"]),
        ("3303990007900001", ["nik_tanggal"]),
        ("3303994007900001", ["nik_tanggal"]),
        ("3303993107900001", []),
        ("3303993106900001", ["nik_tanggal"]),
        ("3303993207900001", ["nik_tanggal"]),
        ("3303998107900001", ["nik_tanggal"]),
        ("3303990100900001", ["nik_tanggal"]),
        ("3303990113900001", ["nik_tanggal"]),
        ("3303994107900000", ["nik_urut"]),
        ("3303984107900001", ["nik_kecamatan"]),
        ("9999999999999990", ["nik_provinsi", "nik_tanggal"]),
    ],
)
def test_issues_of_a_nik(nik: str, expected: list[str]) -> None:
    assert codes(check_nik(nik)) == expected


def test_only_an_unknown_kecamatan_is_soft() -> None:
    assert [issue.severity for issue in check_nik("3303984107900001")] == [Severity.SOFT]
    assert check_nik("9903994107900001")[0].severity == "hard"


@given(digits)
def test_hard_issues_come_first(nik: str) -> None:
    for issues in (check_nik(nik), check_no_kk(nik)):
        assert [issue.severity for issue in issues] == sorted(issue.severity for issue in issues)


@given(st.dates(date(1930, 1, 1), date(2029, 12, 31)), st.sampled_from([1, 2]), st.integers(1, 9999))
def test_a_nik_made_by_the_rule_agrees_with_its_person(born: date, sex: int, serial: int) -> None:
    day = born.day + (40 if sex == 2 else 0)
    nik = f"330399{day:02}{born.month:02}{born.year % 100:02}{serial:04}"
    assert check_nik(nik) == check_nik_against(nik, born, sex) == []
    assert codes(check_nik_against(nik, born, 3 - sex)) == ["nik_beda_kelamin"]
    assert check_nik_against(nik, None, None) == []


@pytest.mark.parametrize(
    ("nik", "born", "sex", "expected"),
    [
        ("3303994107900001", date(1990, 7, 2), 2, ["nik_beda_tanggal"]),
        ("3303994107900001", date(1990, 8, 1), 2, ["nik_beda_tanggal"]),
        ("3303994107900001", date(1991, 7, 1), 2, ["nik_beda_tanggal"]),
        ("3303994107900001", date(1890, 7, 1), 2, []),
        ("3303994107900001", date(1991, 7, 1), 1, ["nik_beda_tanggal", "nik_beda_kelamin"]),
        ("3303994107900001", None, 1, ["nik_beda_kelamin"]),
        ("3303994107900001", date(1990, 7, 1), None, []),
        ("3303997202840001", date(1990, 7, 1), 1, []),
        ("0330399200100001", date(1990, 7, 1), 1, []),
        ("bukan nik", date(1990, 7, 1), 1, []),
    ],
)
def test_a_nik_against_the_person(nik: str, born: date | None, sex: int | None, expected: list[str]) -> None:
    issues = check_nik_against(nik, born, sex)
    assert codes(issues) == expected
    assert all(issue.severity is Severity.SOFT for issue in issues)


@pytest.mark.parametrize(
    ("no_kk", "expected"),
    [
        ("3303990102100001", []),
        ("330399010210000", ["kk_panjang"]),
        ("-", ["kk_panjang"]),
        ("1111111111111111", ["kk_angka_sama"]),
        ("0330399200100001", ["kk_sementara"]),
        ("9903990102100001", ["kk_provinsi"]),
        ("3303994102100001", ["kk_tanggal"]),
        ("3303980102100001", ["kk_kecamatan"]),
    ],
)
def test_issues_of_a_nomor_kk(no_kk: str, expected: list[str]) -> None:
    assert codes(check_no_kk(no_kk)) == expected


@pytest.mark.parametrize(
    ("kode", "expected"),
    [
        ("33.03.04.2006", []),
        ("33.03.99.2001", []),
        ("33.03.04.2999", ["desa_tidak_dikenal"]),
        ("3303042006", ["desa_bentuk"]),
        ("33.03.04", ["desa_bentuk"]),
        ("33.03.04.9006", ["desa_bentuk"]),
        ("33.03.04.2006 ", ["desa_bentuk"]),
        ("", ["desa_bentuk"]),
    ],
)
def test_issues_of_a_kode_desa(kode: str, expected: list[str]) -> None:
    assert codes(check_kode_desa(kode)) == expected


def test_messages_hold_no_digits_and_tell_apart_by_code() -> None:
    # The one figure in a message is the length, sixteen.
    for issue in ALL_ISSUES:
        assert not any(letter.isdigit() for letter in issue.message.replace("16 angka", ""))
        assert issue.message.endswith(".")
    assert len({issue.code for issue in ALL_ISSUES}) == len(ALL_ISSUES) == 17


@given(digits)
def test_a_masked_nik_shows_four_digits_at_each_end(nik: str) -> None:
    assert mask_nik(nik) == nik[:4] + "••••••••" + nik[-4:]


@given(st.text(max_size=40).filter(lambda text: len(text) != 16))
def test_masking_anything_else_shows_nothing(text: str) -> None:
    assert set(mask_nik(text)) <= {"•"}
    assert len(mask_nik(text)) <= 16


@pytest.mark.parametrize(
    ("name", "masked"),
    [("Siti Aminah", "S••• A•••"), ("SUPARDI", "S•••"), ("", ""), ("  A  B ", "A••• B•••")],
)
def test_a_masked_name_shows_first_letters(name: str, masked: str) -> None:
    assert mask_name(name) == masked
