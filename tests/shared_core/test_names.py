"""Names of people and dusun: what counts as the same, what as a slip, and what as another place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.records.names import edit_distance, fold_spelling, is_probable_misspelling, normalise_name

names = st.text(alphabet="abcdehijnoqstuwyABDH .,'()-é", max_size=24)
letters = st.text(alphabet="abc", max_size=8)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("  siti   aminah ", "SITI AMINAH"),
        ("Nur'aini", "NURAINI"),
        ("José", "JOSE"),
        ("A.RAHMAN", "A RAHMAN"),
        ("SITI-AMINAH", "SITI AMINAH"),
        ("H. Sugeng", "SUGENG"),
        ("H SUGENG", "SUGENG"),
        ("Hj. Siti", "SITI"),
        ("K.H. Ahmad Dahlan", "AHMAD DAHLAN"),
        ("Drs.H.Sugeng", "SUGENG"),
        ("Prof. Dr. Ir. Budi Santoso, S.T., M.T.", "BUDI SANTOSO"),
        ("H. Sugeng, S.Pd., M.M", "SUGENG"),
        ("Siti Aminah S. Pd", "SITI AMINAH"),
        ("SITI AMINAH SPD", "SITI AMINAH"),
        ("BUDI SANTOSO SH", "BUDI SANTOSO"),
        ("Budi, BA", "BUDI"),
        ("ALM. SUPARDI", "SUPARDI"),
        ("SUPARDI (ALM)", "SUPARDI"),
        ("Supardi alm", "SUPARDI"),
        ("I Wayan Sudira", "I WAYAN SUDIRA"),
        ("TAN MA", "TAN MA"),
        ("BUDI SH", "BUDI SH"),
        ("H", "H"),
        ("Haji", "HAJI"),
        ("", ""),
        ("---", ""),
    ],
)
def test_a_name_is_normalised(raw: str, expected: str) -> None:
    assert normalise_name(raw) == expected


@given(st.one_of(names, st.text(max_size=24)))
def test_normalising_twice_changes_nothing_more(raw: str) -> None:
    once = normalise_name(raw)
    assert normalise_name(once) == once


@given(names)
def test_case_does_not_matter_to_any_key(raw: str) -> None:
    assert normalise_name(raw.upper()) == normalise_name(raw.lower())
    assert fold_spelling(raw.upper()) == fold_spelling(raw.lower())


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Soekarno", "Sukarno"),
        ("Tjipto", "Cipto"),
        ("Soedjono", "Sujono"),
        ("Djojohadikoesoemo", "Joyohadikusumo"),
        ("Djaja", "Jaya"),
        ("Sjahrir", "Syahrir"),
        ("Choirul", "Khoirul"),
        ("Bandjarnegara", "Banjarnegara"),
        ("Muhammad", "Muhamad"),
        ("Soleh", "Sole"),
        ("Budhi", "Budi"),
        ("Thoha", "Toha"),
        ("Riyanto", "Rianto"),
        ("Suwarno", "Suarno"),
        ("Rudy", "Rudi"),
        ("Rizqi", "Rizki"),
        ("Kreo", "Kreyo"),
        ("Karang Anyar", "KARANGANYAR"),
        ("Sumber Rejo", "Sumberejo"),
        ("Krajan II", "Krajan 2"),
        ("Nur'aini", "Nuraini"),
    ],
)
def test_two_spellings_of_a_name_meet_in_one_key(a: str, b: str) -> None:
    assert fold_spelling(a) == fold_spelling(b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Jaya", "Yaya"),
        ("Banjar", "Banyar"),
        ("Nganjuk", "Nganyuk"),
        ("Sari", "Siri"),
        ("Krajan I", "Krajan II"),
        ("Krajan 1", "Krajan 11"),
        ("Syah", "Siah"),
    ],
)
def test_different_names_keep_different_keys(a: str, b: str) -> None:
    assert fold_spelling(a) != fold_spelling(b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("krajan", "KRAJAN"),
        ("Dusun Krajan", "KRAJAN"),
        ("DSN. KRAJAN", "DS KRAJAN"),
        ("Krajan", "Krjan"),
        ("Krajan", "Karjan"),
        ("Kreo", "Kreyo"),
        ("Basah", "Besah"),
        ("Tlahap", "Tlahab"),
        ("Damarkasihan", "Damarkasiyan"),
        ("Pucungarum", "Pucangarum"),
        ("Suberoto", "Sumberoto"),
        ("Somodikaran", "Sumodikaran"),
        ("Kedungbendo", "Kedungbondo"),
        ("Sumberejo", "Sumberjo"),
        ("Sumberejo Kidul", "Sumberjokidul"),
        ("Karang Anyar", "Karanganyar"),
        ("Mangunharjo", "Mangonharja"),
        ("Krajan 1", "Krajan I"),
        ("Krajan 01", "KRAJAN1"),
        ("Krajan II", "Krjan 2"),
        ("Krajan Wetan", "Krajann Wetan"),
        ("Dusun Satu", "Dusun I"),
        ("Lemah Tengah", "Lemah Tngah"),
        ("Krajan Wetan", "Krajan Weten"),
        ("Kalitengah", "Kalitngah"),
        ("Kali Gede", "Kali Gde"),
        ("Lemah Anyar", "Lemahanyar"),
        ("Lemahkidul", "Lemahkdul"),
        ("Banjaranyar", "Banja Ranyar"),
        ("Banjar Nangka", "Banjar Nngka"),
        ("Gununglor", "Gunnglor"),
        ("Kali Lor", "Kal Lor"),
        ("Banjarsalam", "Banjar Salam"),
    ],
)
def test_a_slip_in_the_name_of_a_dusun_is_seen(a: str, b: str) -> None:
    assert is_probable_misspelling(a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Krajan Kulon", "Krajan Wetan"),
        ("Krajan Lor", "Krajan Kidul"),
        ("Krajan", "Krajan Lor"),
        ("Krajan Barat", "Krajan Timur"),
        ("Krajan Utara", "Krajan Selatan"),
        ("Krajankulon", "Krajanwetan"),
        ("Krajan 1", "Krajan 2"),
        ("Krajan I", "Krajan II"),
        ("Krajan II", "Krajan III"),
        ("KrajanI", "KrajanII"),
        ("Krajan A", "Krajan B"),
        ("Krajan", "Krajan A"),
        ("Krajan Baru", "Krajan Lama"),
        ("Dusun I", "Dusun II"),
        ("Dusun Satu", "Dusun Dua"),
        ("Butuh Lor", "Butuh"),
        ("Karangsari", "Karangjati"),
        ("Sidomulyo", "Sidomukti"),
        ("Sidorejo", "Sukorejo"),
        ("Jatiwarno", "Jatiharjo"),
        ("Loco", "Mangsit"),
        ("Ngo", "Nga"),
        ("Baran Kidul", "Baran Lor"),
        ("Krajan Baru", "Krajan Baru Lor"),
        ("Krajan Wetan", "Krajan Weten Lor"),
        ("Krajan", ""),
        ("", ""),
        ("-", "."),
    ],
)
def test_neighbouring_dusun_are_not_taken_for_a_slip(a: str, b: str) -> None:
    assert not is_probable_misspelling(a, b)


@given(names, names)
def test_the_verdict_does_not_depend_on_the_order(a: str, b: str) -> None:
    assert is_probable_misspelling(a, b) == is_probable_misspelling(b, a)


@given(names.filter(lambda text: any(letter.isalnum() for letter in text.encode("ascii", "ignore").decode())))
def test_a_name_means_the_same_place_as_itself(name: str) -> None:
    assert is_probable_misspelling(name, name.lower())


@given(letters, letters)
def test_edit_distance_is_symmetric_bounded_and_zero_for_equals(a: str, b: str) -> None:
    distance = edit_distance(a, b, 9)
    assert distance == edit_distance(b, a, 9)
    assert (distance == 0) == (a == b)
    assert abs(len(a) - len(b)) <= distance <= max(len(a), len(b))
    for limit in range(4):
        assert edit_distance(a, b, limit) == min(distance, limit + 1)


@pytest.mark.parametrize(("a", "b", "distance"), [("abc", "acb", 1), ("abc", "abd", 1), ("ab", "abcd", 2)])
def test_edit_distance_of_neighbours_swapped_is_one(a: str, b: str, distance: int) -> None:
    assert edit_distance(a, b, 3) == distance
