"""Invented villages are what they claim: the same for the same seed, and wrong only where listed."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from shared.records.names import is_probable_misspelling

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from generate_desa import main, make_files  # noqa: E402
from synthetic import numbers  # noqa: E402
from synthetic.codes import Hubungan, JenisKelamin, StatusDasar, StatusKawin  # noqa: E402
from synthetic.faults import FaultKind, misspell_dusun, plant_faults  # noqa: E402
from synthetic.kecamatan import FactKind, Kecamatan, PlantPlan, generate_kecamatan, write_facts  # noqa: E402
from synthetic.model import ACUAN, Person, Village, people  # noqa: E402
from synthetic.sheet import COLUMN_NAMES, COLUMNS, Format, Kind, Layout, render_sheet  # noqa: E402
from synthetic.villages import generate_village  # noqa: E402

SELAKAMBANG = "33.03.04.2006"
# Typed from the form, not taken from the generator.
FORM = (
    "alamat dusun rw rt nama no_kk nik sex tempatlahir tanggallahir agama_id pendidikan_kk_id "
    "pendidikan_sedang_id pekerjaan_id status_kawin kk_level warganegara_id ayah_nik nama_ayah ibu_nik "
    "nama_ibu golongan_darah_id akta_lahir dokumen_pasport tanggal_akhir_paspor dokumen_kitas "
    "akta_perkawinan tanggalperkawinan akta_perceraian tanggalperceraian cacat_id cara_kb_id hamil "
    "ktp_el status_rekam alamat_sekarang status_dasar suku tag_id_card id_asuransi no_asuransi lat lng"
).split()
LAYOUTS = (
    Layout(), Layout(label=True), Layout(kotor=True), Layout(kotor=True, label=True), Layout(Format.XLSM),
    Layout(Format.XLSM, label=True, kotor=True), Layout(Format.CSV),
    Layout(Format.CSV, kotor=True, pemisah=";"),
)
FACTS = PlantPlan(v2=3, v3=2, v5=2, v5_lunak=0, v7_ganda=2, v7_mati=2)
Rows = list[list[Any]]


@pytest.fixture(scope="module")
def village() -> Village:
    return generate_village(SELAKAMBANG, 5000, 7)


@pytest.fixture(scope="module")
def kecamatan() -> Kecamatan:
    return generate_kecamatan(7, {f"33.03.04.{number}": 900 for number in (2001, 2006, 2018)}, FACTS)


def read_rows(path: Path, layout: Layout) -> Rows:
    """Return every row of the file, so that row n of the spreadsheet is item n - 1."""
    if layout.format is Format.CSV:
        with path.open(encoding="utf-8", newline="") as file:
            return [list(row) for row in csv.reader(file, delimiter=layout.pemisah)]
    worksheet = CalamineWorkbook.from_path(path).get_sheet_by_name("Data Penduduk")
    return [list(row) for row in worksheet.to_python(skip_empty_area=False)]


def clean_value(kind: Kind, cell: Any, labels: dict[int, str]) -> Any:
    """Read one cell as a tolerant importer would, written here anew."""
    if isinstance(cell, float):
        return int(cell)
    if isinstance(cell, date):
        return cell
    text = " ".join(str(cell).replace("\u00a0", " ").split())
    if text in ("", "-"):
        return None
    if kind is Kind.NUMBER:
        return re.sub(r"\D", "", text)
    if kind is Kind.RT_RW:
        return text.lstrip("'")
    if kind is Kind.DUSUN:
        return text.upper().removeprefix("DUSUN ")
    if kind is Kind.DATE:
        parts = re.split("[-/]", text)
        year, month, day = parts if len(parts[0]) == 4 else parts[::-1]
        return date(int(year), int(month), int(day))
    if kind in (Kind.CODE, Kind.CODE_ONLY):
        short = {"l": 1, "lk": 1, "p": 2, "pr": 2, "bk": 1, "k": 2, "ch": 3, "cm": 4}
        known = {label.lower().replace(" ", ""): code for code, label in labels.items()}
        key = text.lower().replace(" ", "")
        return int(text) if text.isdigit() else known.get(key, short.get(key))
    return text


def is_right(person: Person) -> bool:
    """The NIK says the birth date and sex of the person."""
    day = person.tanggal_lahir.day + 40 * (person.jenis_kelamin == JenisKelamin.PEREMPUAN)
    return person.nik[6:12] == f"{day:02}{person.tanggal_lahir:%m%y}"


def list_niks(*villages: Village) -> list[str]:
    return [person.nik for village in villages for _, person in village.iterate()]


def test_the_same_seed_gives_the_same_village(village: Village) -> None:
    assert generate_village(SELAKAMBANG, 5000, 7) == village
    assert generate_village("3303042006", 5000, 7) == village
    assert generate_village(SELAKAMBANG, 5000, 8) != village


def test_the_same_seed_gives_the_same_kecamatan(kecamatan: Kecamatan) -> None:
    assert generate_kecamatan(7, {kode: 900 for kode in kecamatan.desa}, FACTS) == kecamatan


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_same_options_give_the_same_bytes(layout: Layout, tmp_path: Path) -> None:
    first, _ = make_files(SELAKAMBANG, 300, 7, tmp_path / "a", layout=layout, cacat=1)
    second, _ = make_files(SELAKAMBANG, 300, 7, tmp_path / "b", layout=layout, cacat=1)
    assert first.read_bytes() == second.read_bytes()
    assert first.with_suffix(".cacat.json").read_bytes() == second.with_suffix(".cacat.json").read_bytes()


@pytest.mark.parametrize("penduduk", (1, 2, 3, 17, 500))
def test_a_village_has_exactly_the_people_asked_for(penduduk: int) -> None:
    assert generate_village(SELAKAMBANG, penduduk, 3).person_count == penduduk


def test_no_number_is_used_twice_in_a_kecamatan() -> None:
    codes = ("33.03.04.2001", SELAKAMBANG, "33.03.04.2018", "33.03.04.1001")
    villages = [generate_village(kode, 4000, 7) for kode in codes]
    used = list_niks(*villages) + [family.no_kk for village in villages for family in village.keluarga]
    assert len(used) == len(set(used))


def test_every_desa_has_serials_of_its_own() -> None:
    codes = [f"33.03.04.{number}" for number in (*range(2001, 2067), *range(1001, 1034))]
    blocks = sorted(numbers.find_serial_block(kode) for kode in codes)
    assert all(later - earlier >= numbers.SERIALS_PER_DESA for earlier, later in zip(blocks, blocks[1:]))
    assert blocks[-1] + numbers.SERIALS_PER_DESA <= numbers.SERIAL_PLANTED_MIN


def test_every_nik_and_kk_is_of_the_reserved_kecamatan(village: Village) -> None:
    for family, person in village.iterate():
        for number in filter(None, (person.nik, family.no_kk, person.ayah_nik, person.ibu_nik)):
            assert re.fullmatch(r"330399\d{10}", number) and not number.endswith("0000")


def test_every_nik_says_birth_date_and_sex(village: Village) -> None:
    assert all(is_right(person) for _, person in village.iterate())


def test_nobody_is_born_after_the_reference_date() -> None:
    village = generate_village(SELAKAMBANG, 3000, 7, date(2025, 3, 1))
    births = [person.tanggal_lahir for _, person in village.iterate()]
    assert max(births) < date(2025, 3, 1) and (date(2025, 3, 1) - max(births)).days < 60


def test_every_family_has_one_head_who_stands_first(village: Village) -> None:
    for family in village.keluarga:
        assert [person.hubungan for person in family.anggota].count(Hubungan.KEPALA) == 1
        assert family.kepala.hubungan is Hubungan.KEPALA
        assert family.kepala.age_on(ACUAN) >= 18


def test_parents_on_the_card_are_named_and_old_enough(village: Village) -> None:
    by_nik = {person.nik: person for _, person in village.iterate()}
    named = 0
    for family, person in village.iterate():
        for nik, nama in ((person.ayah_nik, person.nama_ayah), (person.ibu_nik, person.nama_ibu)):
            if nik:
                parent = by_nik[nik]
                named += 1
                assert parent in family.anggota and parent.nama == nama
                assert 17 <= (person.tanggal_lahir - parent.tanggal_lahir).days / 365.25 <= 72
        if person.ibu_nik:
            assert (person.tanggal_lahir - by_nik[person.ibu_nik].tanggal_lahir).days / 365.25 <= 46
    assert named > 2500


def test_brothers_and_sisters_are_twins_or_nine_months_apart(village: Village) -> None:
    for family in village.keluarga:
        born = sorted(person.tanggal_lahir for person in family.anggota if person.hubungan is Hubungan.ANAK)
        gaps = [(later - earlier).days for earlier, later in zip(born, born[1:])]
        assert all(gap == 0 or gap > 270 for gap in gaps)


def test_the_age_pyramid_is_that_of_the_country(village: Village) -> None:
    ages = [person.age_on(ACUAN) for _, person in village.iterate()]
    assert 0.20 < sum(age < 15 for age in ages) / len(ages) < 0.28
    assert 0.04 < sum(age >= 65 for age in ages) / len(ages) < 0.11
    assert max(ages) <= 100
    bands = Counter(age // 10 for age in ages)
    assert all(bands[band] > bands[band + 1] for band in range(4, 9))
    men = sum(person.jenis_kelamin is JenisKelamin.LAKI_LAKI for _, person in village.iterate())
    assert 0.47 < men / len(ages) < 0.53


def test_families_have_about_three_people(village: Village) -> None:
    sizes = Counter(len(family.anggota) for family in village.keluarga)
    assert 3.0 < village.person_count / len(village.keluarga) < 3.45
    assert max(sizes) <= 12 and all(sizes[size] for size in range(1, 7))
    places = Counter(person.hubungan for _, person in village.iterate())
    extended = (Hubungan.MENANTU, Hubungan.CUCU, Hubungan.ORANGTUA, Hubungan.MERTUA, Hubungan.FAMILI_LAIN)
    assert all(places[place] for place in extended)
    assert any(family.kepala.status_kawin is StatusKawin.CERAI_MATI for family in village.keluarga)


def test_status_school_work_and_papers_fit_the_age(village: Village) -> None:
    for _, person in village.iterate():
        age = person.age_on(ACUAN)
        if age < 18:
            assert person.status_kawin is StatusKawin.BELUM
            assert person.pekerjaan in (1, 3, *range(5, 90)) and person.pendidikan_kk <= 4
        assert age >= 6 or person.pekerjaan == 1
        assert age >= 17 or person.ktp_el == 1
        assert (person.status_kawin is StatusKawin.BELUM) <= (not person.akta_perkawinan)
        assert (person.tanggal_perceraian is not None) <= (person.status_kawin is StatusKawin.CERAI_HIDUP)
        assert person.hamil is None or person.jenis_kelamin is JenisKelamin.PEREMPUAN
        assert person.cara_kb is None or person.status_kawin is StatusKawin.KAWIN
        assert (person.asuransi == 1) == (not person.no_asuransi)
        for day in (person.tanggal_perkawinan, person.tanggal_perceraian):
            assert day is None or person.tanggal_lahir < day < ACUAN


def test_there_is_one_kepala_desa(village: Village) -> None:
    work = Counter(person.pekerjaan for _, person in village.iterate())
    assert work[86] == 1 and 1 <= work[85] <= 9


def test_names_pass_the_rule_of_the_form_and_vary(village: Village) -> None:
    names = [person.nama for _, person in village.iterate()]
    assert all(re.fullmatch(r"[A-Z '.,-]+", name) for name in names)
    words = Counter(min(name.count(" "), 2) for name in names)
    assert words[0] > 500 and words[1] > 1000 and words[2] > 500
    assert len(set(names)) > 3000


def test_phones_and_chip_numbers_are_invented_and_unique(village: Village) -> None:
    phones = [person.telepon for _, person in village.iterate() if person.telepon]
    chips = [person.tag_id_card for _, person in village.iterate() if person.tag_id_card]
    assert phones and all(re.fullmatch(r"0800-00\d\d-\d{4}", phone) for phone in phones)
    assert chips and len(chips) == len(set(chips)) and all(10 <= len(chip) <= 17 for chip in chips)


def test_there_are_four_to_six_dusun(village: Village) -> None:
    assert {family.dusun for family in village.keluarga} == set(village.dusun)
    assert 4 <= len({name.replace(" ", "") for name in village.dusun}) <= 6


def test_every_dusun_that_can_be_planted_misspelt_is_seen_and_no_neighbour_is() -> None:
    for seed in range(60):
        names = generate_village(SELAKAMBANG, 100, seed).dusun
        for name in names:
            for number in range(3):
                assert is_probable_misspelling(name, misspell_dusun(name, number)), (name, number)
            assert not any(is_probable_misspelling(name, other) for other in names if other != name), name


def test_flat_rows_have_22_fields(village: Village) -> None:
    rows = list(people(village))
    assert len(rows) == 5000 and {len(row) for row in rows} == {22}
    assert [row["nik"] for row in rows] == list_niks(village)


def test_a_desa_without_serials_or_people_is_refused() -> None:
    for kode, penduduk in (("33.03.04.2067", 5), ("33.03.04", 5), (SELAKAMBANG, 0)):
        with pytest.raises(ValueError):
            generate_village(kode, penduduk, 7)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_sheet_has_the_43_columns_in_order(layout: Layout, tmp_path: Path) -> None:
    path, _ = make_files(SELAKAMBANG, 200, 7, tmp_path, layout=layout)
    rows = read_rows(path, layout)
    assert rows[0] == FORM == list(COLUMN_NAMES)
    assert {len(row) for row in rows} == {43}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_end_marker_follows_the_last_person(layout: Layout, tmp_path: Path) -> None:
    path, _ = make_files(SELAKAMBANG, 200, 7, tmp_path, layout=layout)
    rows = read_rows(path, layout)
    marker = [row[1] for row in rows].index("###")
    assert rows[marker - 1][4] and not any(row[4] for row in rows[marker:])
    assert sum(bool(row[4]) for row in rows[1:marker]) == 200


def test_a_workbook_has_a_sheet_of_codes(tmp_path: Path) -> None:
    path, _ = make_files(SELAKAMBANG, 50, 7, tmp_path)
    assert CalamineWorkbook.from_path(path).sheet_names == ["Data Penduduk", "Kode Data"]


def test_xlsx_holds_text_only(tmp_path: Path) -> None:
    path, _ = make_files(SELAKAMBANG, 200, 7, tmp_path)
    assert {type(cell) for row in read_rows(path, Layout()) for cell in row} == {str}


def test_xlsm_holds_numbers_dates_and_nik_as_text(tmp_path: Path) -> None:
    layout = Layout(Format.XLSM)
    path, _ = make_files(SELAKAMBANG, 200, 7, tmp_path, layout=layout)
    row = read_rows(path, layout)[1]
    assert path.suffix == ".xlsm"
    assert [type(row[FORM.index(name)]) for name in ("nik", "no_kk", "agama_id", "tanggallahir")] == [
        str, str, float, date]


def test_labels_are_mixed_among_codes_on_request(tmp_path: Path) -> None:
    layout = Layout(label=True)
    path, _ = make_files(SELAKAMBANG, 200, 7, tmp_path, layout=layout)
    cells = {row[FORM.index("kk_level")] for row in read_rows(path, layout)[1:201]}
    assert {"1", "KEPALA KELUARGA", "4", "ANAK"} <= cells


def test_careless_typing_is_really_there(tmp_path: Path) -> None:
    layout = Layout(kotor=True)
    path, _ = make_files(SELAKAMBANG, 500, 7, tmp_path, layout=layout)
    rows = read_rows(path, layout)
    text = "|".join(str(cell) for row in rows for cell in row)
    for pattern in (r"\|'330399", r"\|33\.0399\.", "\u00a0", r"\|-\|", r"\|DUSUN ", r"\|kepala",
                    r"\|KEPALAKELUARGA", r"\|\d\d-\d\d-\d{4}\|", r"\|\d\d/\d\d/\d{4}\|"):
        assert re.search(pattern, text), pattern
    assert any(not any(row) for row in rows)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_reads_back_as_the_village(layout: Layout, tmp_path: Path) -> None:
    path, _ = make_files(SELAKAMBANG, 400, 7, tmp_path, layout=layout)
    rows = [row for row in read_rows(path, layout)[1:] if row[4]]
    village = generate_village(SELAKAMBANG, 400, 7)
    for row, (family, person) in zip(rows, village.iterate(), strict=True):
        for column, cell in zip(COLUMNS, row, strict=True):
            true = column.read(family, person)
            read = clean_value(column.kind, cell, column.labels or {})
            assert read == (None if true == "" else true), (column.name, cell)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_fault_is_in_the_file_where_the_list_says(layout: Layout, tmp_path: Path) -> None:
    path, count = make_files(SELAKAMBANG, 1500, 7, tmp_path, layout=layout, cacat=4)
    rows = read_rows(path, layout)
    faults = json.loads(path.with_suffix(".cacat.json").read_text(encoding="utf-8"))
    village = generate_village(SELAKAMBANG, 1500, 7)
    truth = {row.baris: row for row in render_sheet(village, layout).rows}
    assert Counter(fault["kode"] for fault in faults) == {kind: 4 for kind in FaultKind}
    assert len(faults) == count == len({fault["baris"] for fault in faults})
    for fault in faults:
        column = FORM.index(fault["kolom"])
        cell = rows[fault["baris"] - 1][column]
        written = fault["nilai_tertulis"]
        if isinstance(cell, date):
            assert cell.isoformat() == written
        elif isinstance(cell, float):
            assert int(cell) == written
        else:
            assert cell == ("" if written is None else written)
        row = truth[fault["baris"]]
        assert fault["nilai_asli"] == str(COLUMNS[column].read(row.family, row.person))
        assert fault["nilai_asli"] != str(written)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_faults_change_no_other_cell(layout: Layout) -> None:
    village = generate_village(SELAKAMBANG, 1500, 7)
    clean, faulty = render_sheet(village, layout), render_sheet(village, layout)
    listed = {(fault.baris, fault.kolom) for fault in plant_faults(faulty, 3)}
    changed = {
        (row.baris, name)
        for before, row in zip(clean.rows, faulty.rows, strict=True)
        for name, old, new in zip(COLUMN_NAMES, before.cells, row.cells, strict=True) if old != new
    }
    # A dirty cell may by chance say "-" already, so a listed cell need not differ from it.
    assert changed <= listed and len(listed - changed) <= 1


def test_each_kind_of_fault_is_what_its_name_says() -> None:
    village = generate_village(SELAKAMBANG, 2500, 7)
    sheet = render_sheet(village, Layout())
    faults = plant_faults(sheet, 4)
    rows = {row.baris: row for row in sheet.rows}
    nik, no_kk = FORM.index("nik"), FORM.index("no_kk")
    for fault in faults:
        value, row = fault.nilai_tertulis, rows[fault.baris]
        match fault.kode:
            case FaultKind.TANGGAL_MUSTAHIL | FaultKind.TANGGAL_TAK_TERBACA:
                with pytest.raises(ValueError):
                    clean_value(Kind.DATE, value, {})
            case FaultKind.LAHIR_DI_MASA_DEPAN:
                assert date.fromisoformat(str(value)) > ACUAN
            case FaultKind.NIK_SALAH | FaultKind.KK_SALAH:
                assert len(re.sub(r"\D", "", str(value))) != 16
            case FaultKind.NIK_TERPOTONG:
                assert value == int(fault.nilai_asli[:15] + "0") and not fault.nilai_asli.endswith("0")
            case FaultKind.NIK_GANDA:
                assert fault.baris_lain is not None and fault.baris_lain < fault.baris
                assert rows[fault.baris_lain].cells[nik] == row.cells[nik]
            case FaultKind.KEPALA_GANDA:
                assert fault.baris_lain is not None
                assert rows[fault.baris_lain].cells[no_kk] == row.cells[no_kk]
                assert value == "1"
            case FaultKind.DUSUN_SALAH_EJA:
                assert value not in village.dusun
            case FaultKind.NAMA_KOSONG:
                assert value in (None, "-")
            case FaultKind.TANPA_NIK:
                assert value in (None, "0")


def test_too_many_faults_for_a_village_are_refused() -> None:
    with pytest.raises(ValueError):
        plant_faults(render_sheet(generate_village(SELAKAMBANG, 60, 7), Layout()), 5)


def test_a_kecamatan_keeps_the_planned_numbers(kecamatan: Kecamatan) -> None:
    assert {village.person_count for village in kecamatan.desa.values()} == {900}
    assert all(
        [person.hubungan for person in family.anggota].count(Hubungan.KEPALA) == 1
        for village in kecamatan.desa.values() for family in village.keluarga)


def test_every_fact_names_persons_who_are_there(kecamatan: Kecamatan) -> None:
    present = {(kode, person.nik, person.nama) for kode, village in kecamatan.desa.items()
               for _, person in village.iterate()}
    for fact in kecamatan.facts:
        assert all((ref.kode_desa, ref.nik, ref.nama) in present for ref in fact.orang)


def test_facts_are_planted_as_often_as_asked(kecamatan: Kecamatan) -> None:
    assert Counter(fact.kind for fact in kecamatan.facts) == {
        FactKind.V2_DUA_DESA: 5, FactKind.V3_NIK_GANDA: 2, FactKind.V5_NIK_MUSTAHIL: 2, FactKind.V7_GANDA: 2,
        FactKind.V7_MATI: 2}


def test_only_the_listed_nik_are_shared(kecamatan: Kecamatan) -> None:
    where: dict[str, list[str]] = {}
    for kode, village in kecamatan.desa.items():
        for _, person in village.iterate():
            where.setdefault(person.nik, []).append(kode)
    two_desa = {nik for nik, codes in where.items() if len(set(codes)) == 2}
    same_desa = {nik for nik, codes in where.items() if len(set(codes)) < len(codes)}
    assert two_desa == list_fact_niks(kecamatan, FactKind.V2_DUA_DESA)
    assert same_desa == list_fact_niks(kecamatan, FactKind.V3_NIK_GANDA)
    assert list_fact_niks(kecamatan, FactKind.V7_GANDA) <= two_desa
    assert max(len(codes) for codes in where.values()) == 2


def test_only_the_listed_nik_are_malformed(kecamatan: Kecamatan) -> None:
    odd = {person.nik for village in kecamatan.desa.values() for _, person in village.iterate()
           if not is_right(person)}
    assert odd == list_fact_niks(kecamatan, FactKind.V5_NIK_MUSTAHIL)
    assert all(re.fullmatch(r"330399[37]102\d{6}", nik) for nik in odd)


def test_a_person_in_two_desa_is_the_same_and_two_of_one_nik_are_not(kecamatan: Kecamatan) -> None:
    for fact in kecamatan.facts:
        if fact.kind in (FactKind.V2_DUA_DESA, FactKind.V3_NIK_GANDA):
            first, second = (find_person(kecamatan, ref.kode_desa, ref.nik, ref.nama) for ref in fact.orang)
            assert (first.nama == second.nama) == (fact.kind is FactKind.V2_DUA_DESA)
            assert first.tanggal_lahir == second.tanggal_lahir
            assert (first.nama_ibu == second.nama_ibu) == (fact.kind is FactKind.V2_DUA_DESA)


def test_only_the_listed_dead_are_dead(kecamatan: Kecamatan) -> None:
    dead = {person.nik for village in kecamatan.desa.values() for _, person in village.iterate()
            if person.status_dasar is not StatusDasar.HIDUP}
    assert dead == list_fact_niks(kecamatan, FactKind.V7_MATI)


def test_soft_contradictions_are_planted_on_request_only() -> None:
    plan = {"33.03.04.2001": 800}
    quiet = generate_kecamatan(7, plan, PlantPlan(0, 0, 0, 0, 0, 0))
    loud = generate_kecamatan(7, plan, PlantPlan(0, 0, 0, 3, 0, 0))
    assert quiet.facts == () and quiet.desa["33.03.04.2001"] == generate_village("33.03.04.2001", 800, 7)
    odd = [person.nik for _, person in loud.desa["33.03.04.2001"].iterate() if not is_right(person)]
    assert sorted(odd) == sorted(list_fact_niks(loud, FactKind.V5_LUNAK)) and len(odd) == 3


def test_facts_across_desa_need_two_desa() -> None:
    with pytest.raises(ValueError):
        generate_kecamatan(7, {SELAKAMBANG: 500})


def test_facts_are_written_with_their_verval_code(kecamatan: Kecamatan, tmp_path: Path) -> None:
    write_facts(kecamatan.facts, tmp_path / "fakta.json")
    rows = json.loads((tmp_path / "fakta.json").read_text(encoding="utf-8"))
    assert {row["kode"] for row in rows} == {"V2", "V3", "V5", "V7"}
    assert all(set(ref) == {"kode_desa", "nik", "nama"} for row in rows for ref in row["orang"])


def test_the_command_writes_the_sheet_and_its_list(tmp_path: Path) -> None:
    options = ["--desa", SELAKAMBANG, "--penduduk", "800", "--seed", "7", "--keluaran", str(tmp_path / "x"),
               "--kotor", "--label", "--format", "csv", "--pemisah", ";", "--cacat", "2"]
    result = CliRunner().invoke(main, options)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "x").iterdir()) == [
        f"penduduk_{SELAKAMBANG}_kotor.cacat.json", f"penduduk_{SELAKAMBANG}_kotor.csv"]


def test_the_command_refuses_a_bad_code_in_one_sentence(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--desa", "33.03", "--keluaran", str(tmp_path)])
    assert result.exit_code == 1 and "not a kode desa" in result.output


def list_fact_niks(kecamatan: Kecamatan, kind: FactKind) -> set[str]:
    return {ref.nik for fact in kecamatan.facts if fact.kind is kind for ref in fact.orang}


def find_person(kecamatan: Kecamatan, kode: str, nik: str, nama: str) -> Person:
    return next(person for _, person in kecamatan.desa[kode].iterate()
                if (person.nik, person.nama) == (nik, nama))
