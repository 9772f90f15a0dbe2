"""The code lists and the region table: every label finds its code, in every dress it wears in the wild."""

from __future__ import annotations

import csv
import timeit
import tracemalloc
from collections import defaultdict
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.codes import TEXT_LISTS, UnknownCodeList, code_list, code_list_names, find, text_code_list, wilayah
from shared.codes.spelling import plain

NUMBER_LISTS = [name for name in code_list_names() if name not in TEXT_LISTS]


def aliases() -> list[dict[str, str]]:
    text = files("shared.codes").joinpath("alias.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def alias_key(daftar: str, alias: str) -> str:
    return alias.replace(" ", "").upper() if daftar == "golongan_darah" else plain(alias)


@pytest.mark.parametrize("name", NUMBER_LISTS)
def test_every_code_matches_itself_in_every_dress(name: str) -> None:
    daftar = code_list(name)
    assert daftar.items
    for code in daftar.items:
        texts = (str(code), f" {code} ", f"{code}.0", f"{code},0", f"0{code}", f"'{code}")
        dresses = (code, float(code), *texts)
        assert [daftar.match(dress) for dress in dresses] == [code] * len(dresses)


@pytest.mark.parametrize("name", NUMBER_LISTS)
def test_every_label_matches_itself_in_every_case_and_spacing(name: str) -> None:
    daftar = code_list(name)
    for label in daftar.items.values():
        code = daftar.match(label)
        assert code is not None and daftar.items[code] == label
        for other in (label.lower(), label.title(), f"  {label}\n", label.replace(" ", "\xa0")):
            assert daftar.match(other) == code
        assert daftar.match(label.replace(" / ", "/").replace("/", " / ")) == code


@pytest.mark.parametrize("name", sorted(TEXT_LISTS))
def test_every_code_and_label_of_a_text_list_matches_itself(name: str) -> None:
    daftar = text_code_list(name)
    for code, label in daftar.items.items():
        assert daftar.match(code) == daftar.match(label) == daftar.match(label.lower()) == code
        assert daftar.label(code) == label


def test_only_suku_repeats_a_label() -> None:
    labels = {name: list(code_list(name).items.values()) for name in NUMBER_LISTS}
    assert [name for name, found in labels.items() if len(set(found)) < len(found)] == ["suku"]


def test_every_alias_belongs_to_a_list_and_a_code() -> None:
    for row in aliases():
        if row["daftar"] in TEXT_LISTS:
            assert row["kode"] in text_code_list(row["daftar"]).items, row
        else:
            assert int(row["kode"]) in code_list(row["daftar"]).items, row


def test_no_alias_is_ambiguous_and_each_finds_its_code() -> None:
    codes: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in aliases():
        codes[row["daftar"], alias_key(row["daftar"], row["alias"])].add(row["kode"])
        daftar = text_code_list(row["daftar"]) if row["daftar"] in TEXT_LISTS else code_list(row["daftar"])
        assert str(daftar.match(row["alias"])) == row["kode"], row
    assert {key: found for key, found in codes.items() if len(found) > 1} == {}


def test_no_alias_reads_as_a_number() -> None:
    assert [row for row in aliases() if plain(row["alias"]).isdigit()] == []


@pytest.mark.parametrize(
    ("name", "raw", "code"),
    [
        ("jenis_kelamin", "L", 1),
        ("jenis_kelamin", "Lk", 1),
        ("jenis_kelamin", "LAKI - LAKI", 1),
        ("jenis_kelamin", "laki laki", 1),
        ("jenis_kelamin", "Pr", 2),
        ("jenis_kelamin", "perempuan", 2),
        ("agama", "KATOLIK", 3),
        ("agama", "Buddha", 5),
        ("agama", "Kong Hu Cu", 6),
        ("agama", "Kepercayaan terhadap Tuhan YME", 7),
        ("status_kawin", "BK", 1),
        ("status_kawin", "K", 2),
        ("status_kawin", "CH", 3),
        ("status_kawin", "CM", 4),
        ("status_kawin", "KAWIN TERCATAT", 2),
        ("status_kawin", "KAWIN BELUM TERCATAT", 2),
        ("status_kawin", "BELUM  KAWIN", 1),
        ("golongan_darah", "Tdk Th", 13),
        ("golongan_darah", "-", 13),
        ("golongan_darah", "A", 1),
        ("golongan_darah", "A +", 5),
        ("golongan_darah", "ab–", 10),
        ("golongan_darah", "O negatif", 12),
        ("shdk", "ORANG TUA", 7),
        ("shdk", "Kepala Keluarga", 1),
        ("shdk", "FAMILI  LAIN", 9),
        ("status_dasar", "PINDAH DALAM NEGERI", 3),
        ("status_dasar", "Pindah Luar Negeri", 3),
        ("pendidikan_kk", "Tidak/Blm Sekolah", 1),
        ("pendidikan_kk", "Tidak Tamat SD/Sederajat", 2),
        ("pendidikan_kk", "TAMAT SD/SEDERAJAT", 3),
        ("pendidikan_kk", "SLTA/SEDERAJAT", 5),
        ("pendidikan_kk", "DIPLOMA I/II", 6),
        ("pendidikan_kk", "DIPLOMA III", 7),
        ("pendidikan_kk", "Akademi/Diploma III/Sarjana Muda", 7),
        ("pendidikan_kk", "D3", 7),
        ("pendidikan_kk", "D-III", 7),
        ("pendidikan_kk", "S1", 8),
        ("pendidikan_kk", "Diploma IV/Strata I", 8),
        ("pendidikan_kk", "STRATA-II", 9),
        ("pendidikan_sedang", "SEDANG SMP/SEDERAJAT", 6),
        ("pekerjaan", "Anggota DPRD Kab./Kota", 63),
        ("pekerjaan", "PNS", 5),
        ("pekerjaan", "PEDAGANG", 84),
        ("pekerjaan", "PERDAGANGAN", 8),
        ("status_rekam_ktp", "SENT_FOR_CARD_PRINTING", 7),
        ("status_rekam_ktp", "SENT FOR\nCARD PRINTING", 7),
        ("ktp_el", "KTP-eL", 2),
        ("suku", "Bare'e", 11),
    ],
)
def test_labels_in_the_wild_find_their_code(name: str, raw: str, code: int) -> None:
    assert code_list(name).match(raw) == code


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("agama", ""),
        ("agama", "-"),
        ("agama", "0"),
        ("agama", "8"),
        ("agama", "-1"),
        ("agama", "1.5"),
        ("agama", "٣"),
        ("agama", 0),
        ("agama", 1.5),
        ("agama", float("nan")),
        ("agama", float("inf")),
        ("agama", True),
        ("asuransi", 4),
        ("status_dasar", 5),
        ("pekerjaan", "BURUH"),
        ("pendidikan_kk", "DIPLOMAIII"),
        ("jenis_kelamin", "9" * 400),
    ],
)
def test_what_means_no_code_or_two_matches_nothing(name: str, raw: str | float) -> None:
    assert code_list(name).match(raw) is None


@given(st.text(max_size=20))
def test_matching_any_text_gives_a_code_of_the_list_or_nothing(raw: str) -> None:
    for name in ("agama", "golongan_darah"):
        code = code_list(name).match(raw)
        assert code is None or code in code_list(name).items


def test_label_of_an_unknown_code_is_none() -> None:
    assert code_list("agama").label(1) == "ISLAM"
    assert code_list("agama").label(99) is None
    assert text_code_list("verval_alasan").label("TIDAK_ADA") is None


def test_further_columns_are_kept() -> None:
    assert code_list("rentang_umur").extra[7] == {"dari": "5", "sampai": "9", "jenis": "rentang"}
    assert text_code_list("verval_alasan").extra["MENINGGAL"]["tindakan_bawaan"] == "tidak_valid"


@pytest.mark.parametrize("name", ["tidak_ada", "verval_alasan", "../alias", ""])
def test_a_list_that_does_not_exist_is_a_bug_with_a_name(name: str) -> None:
    with pytest.raises(UnknownCodeList):
        code_list(name)


def test_a_text_seen_before_is_matched_at_once() -> None:
    match = code_list("pekerjaan").match
    match("Belum / Tidak Bekerja")
    seconds = min(timeit.repeat(lambda: match("Belum / Tidak Bekerja"), number=1000, repeat=5))
    assert seconds / 1000 < 20e-6


# --- wilayah


def test_a_desa_is_found_by_its_dotted_code() -> None:
    desa = wilayah.desa("33.27.07.2013")
    assert desa is not None
    assert (desa.nama, desa.tingkat, desa.induk, desa.is_kelurahan) == ("Kreyo", 4, "33.27.07", False)


@pytest.mark.parametrize(
    "kode", ["", "33", "33.27", "33.27.07", "33.27.07.9999", "3327072013", "99.99.99.9999", ",", "é"]
)
def test_other_levels_and_unknown_codes_are_no_desa(kode: str) -> None:
    assert wilayah.desa(kode) is None


@pytest.mark.parametrize(
    ("kode", "nama"),
    [
        ("11", "Aceh"),
        ("33", "Jawa Tengah"),
        ("33.03.04", "Kaligondang"),
        ("33.03.04.2006", "Selakambang"),
        ("12.07.28.1007", "Lubuk Pakam I,II"),
        ("96.71.10.1004", "Tanjung Kasuari"),
        ("33.03.99", None),
        ("00", None),
    ],
)
def test_names_of_every_level(kode: str, nama: str | None) -> None:
    assert wilayah.nama(kode) == nama


def test_kecamatan_of_a_desa_is_known_even_when_the_desa_is_not() -> None:
    for kode in ("33.03.04.2006", "33.03.04.2999", "33.03.04"):
        kecamatan = wilayah.kecamatan_of(kode)
        assert kecamatan is not None and kecamatan.nama == "Kaligondang"
    assert wilayah.kecamatan_of("33.03.99.2001") is None
    assert wilayah.kecamatan_of("33") is None


def test_children_are_one_level_down_and_complete() -> None:
    assert len(wilayah.children()) == 38
    assert len(wilayah.children("33.03")) == 18
    pejawaran = wilayah.children("33.04.15")
    assert len(pejawaran) == 17
    assert "Darmayasa" in [desa.nama for desa in pejawaran]
    assert wilayah.children("33.04.15.2008") == wilayah.children("33.0") == wilayah.children("99") == []


def test_walking_down_meets_every_line_of_the_table_once() -> None:
    seen = []
    todo = wilayah.children()
    while todo:
        item = todo.pop()
        seen.append(item.kode)
        if item.tingkat < 3:
            todo += wilayah.children(item.kode)
        elif item.tingkat == 3 and item.kode.startswith(("33.03", "96.71")):
            todo += wilayah.children(item.kode)
    text = files("shared.codes").joinpath("wilayah.csv").read_text(encoding="utf-8")
    codes = [line.partition(",")[0] for line in text.splitlines()[1:]]
    assert codes == sorted(codes)
    assert sorted(seen) == [kode for kode in codes if len(kode) < 13 or kode.startswith(("33.03", "96.71"))]


@pytest.mark.parametrize(
    ("text", "kode"),
    [
        ("Kreyo", "33.27.07.2013"),
        ("kreo", "33.27.07.2013"),
        ("kreo randudongkal", "33.27.07.2013"),
        ("Selakambang", "33.03.04.2006"),
        ("33.03.04.2006", "33.03.04.2006"),
        ("3303042006", "33.03.04.2006"),
        ("Tjilatjap", "33.01.21.1002"),
        ("lubuk pakam i,ii", "12.07.28.1007"),
        ("P.Puntong", "11.03.03.2065"),
    ],
)
def test_search_finds_a_desa_by_code_or_by_name_in_any_spelling(text: str, kode: str) -> None:
    assert kode in [desa.kode for desa in wilayah.search_desa(text)]


def test_every_desa_of_a_kabupaten_is_found_by_its_own_name() -> None:
    for kecamatan in wilayah.children("33.04"):
        for desa in wilayah.children(kecamatan.kode):
            found = wilayah.search_desa(desa.nama, limit=500)
            assert desa in found
            assert found.index(desa) < len([item for item in found if len(item.nama) <= len(desa.nama) + 3])


@pytest.mark.parametrize("text", ["", " ", "a", "-", "zzzqqq", "9999", "...", "tidakadadesa itu"])
def test_search_for_nothing_finds_nothing(text: str) -> None:
    assert wilayah.search_desa(text) == [] == wilayah.search_kecamatan(text)


@pytest.mark.parametrize("text", [
    "Kaligondang", "kaligondang purbalingga", "33.03.04", "330304", "Purbalingga Kaligondang",
    "Kec. Kaligondang, Kab. Purbalingga",
])
def test_search_finds_a_kecamatan_and_no_desa_of_that_name(text: str) -> None:
    found = find.find_kecamatan(text, 20)
    assert [place.kode for place in found] == ["33.03.04"]
    assert find.describe_place("33.03.04") == "Kabupaten Purbalingga, Jawa Tengah"
    assert find.describe_place("33.03.04.2006") == "Kecamatan Kaligondang, Kabupaten Purbalingga, Jawa Tengah"


def test_every_kecamatan_of_a_provinsi_is_found_by_its_name_and_place() -> None:
    for kabupaten in wilayah.children("33")[:6]:
        for kecamatan in wilayah.children(kabupaten.kode):
            found = find.find_kecamatan(f"{kecamatan.nama} {kabupaten.nama}", 20)
            assert kecamatan in found and all(place.tingkat == 3 for place in found), kecamatan


def test_search_gives_no_more_than_the_limit_and_nothing_twice() -> None:
    found = wilayah.search_desa("sari", limit=50)
    assert len(found) == len(set(found)) == 50
    assert found[0].nama == "Sari"
    assert len(wilayah.search_desa("33.03", limit=7)) == 7


def test_the_region_table_stays_small_in_memory() -> None:
    wilayah._data.cache_clear()
    wilayah._folded.cache_clear()
    wilayah.get.cache_clear()
    tracemalloc.start()
    try:
        wilayah.desa("33.03.04.2006")
        wilayah.search_desa("selakambang")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000
