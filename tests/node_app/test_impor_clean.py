"""Cleaning one cell: a table of every dress a value comes in, and of every fault with what happens."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.impor.clean import EMPTY, CachedCleaner, cell_text, clean
from node.impor.columns import BY_NAME, COLUMNS, Kind
from node.impor.dates import DateFault, read_date
from node.impor.messages import PROBLEMS
from node.impor.problems import Akibat, Severity
from shared.codes import code_list

TODAY = date(2026, 11, 21)
NIK = "3303991505850001"
KK = "3303990101200001"

GOOD: list[tuple[str, Any, Any]] = [
    ("alamat", "  JL\u00a0MAWAR \n NO  1 ", "JL MAWAR NO 1"),
    ("alamat", "'JL MAWAR", "JL MAWAR"),
    ("alamat", "JL_x000D_MAWAR", "JL MAWAR"),
    ("akta_lahir", 474.0, "474"),
    ("akta_lahir", 474.5, "474.5"),
    ("no_asuransi", 1234567890123.0, "1234567890123"),
    ("suku", True, "True"),
    ("nama", "  SITI \u00a0AMINAH ", "SITI AMINAH"),
    ("nama", "Nur-Aini, S.Pd.", "Nur-Aini, S.Pd."),
    ("nama", "MA’RUF", "MA'RUF"),
    ("nama", "JOSE\u0301", "JOSÉ"),
    ("nama", "SITI\u200b AMINAH", "SITI AMINAH"),
    ("nama", "SITI – AMINAH", "SITI - AMINAH"),
    ("dusun", "Dusun Krajan", "KRAJAN"),
    ("dusun", "DSN. KRAJAN", "KRAJAN"),
    ("dusun", "DSN.KRAJAN", "KRAJAN"),
    ("dusun", "dsn krajan", "KRAJAN"),
    ("dusun", "DK. KRAJAN", "KRAJAN"),
    ("dusun", "KRAJAN_WETAN", "KRAJAN WETAN"),
    ("dusun", "DUSUN_KRAJAN", "KRAJAN"),
    ("dusun", "DSNKRAJAN", "DSNKRAJAN"),
    ("dusun", "DUKUH", "DUKUH"),
    ("dusun", 1.0, "1"),
    ("rt", "4", "004"),
    ("rt", "004", "004"),
    ("rt", 8.0, "008"),
    ("rt", "8.0", "008"),
    ("rt", "RT 8", "008"),
    ("rw", "RW.003", "003"),
    ("rw", "'003", "003"),
    ("rw", "12A", "12A"),
    ("rw", "000", None),
    ("rw", 0.0, None),
    ("nik", NIK, NIK),
    ("nik", "'" + NIK, NIK),
    ("nik", NIK + "\u00a0", NIK),
    ("nik", "33.0399.150585.0001", NIK),
    ("nik", "3303 9915 0585 0001", NIK),
    ("nik", 3303991505850001.0, NIK),
    ("nik", 3303991505850001, NIK),
    ("nik", "3303991505850001.0", NIK),
    ("nik", "0", None),
    ("nik", 0.0, None),
    ("nik", "0000000000000000", None),
    ("nik", "-", None),
    ("nik", "'", None),
    ("no_kk", KK, KK),
    ("no_kk", "3303 9901 0120 0001", KK),
    ("sex", "L", 1),
    ("sex", "Pr", 2),
    ("sex", 2.0, 2),
    ("sex", "Perempuan", 2),
    ("sex", " laki - laki ", 1),
    ("agama_id", "Islam", 1),
    ("golongan_darah_id", "O-", 12),
    ("golongan_darah_id", "-", None),
    ("ktp_el", "3", 3),
    ("status_kawin", "BK", 1),
    ("bahasa_id", "4", 4),
    ("bahasa_id", "Arab, Latin dan Daerah", 6),
    ("bahasa_id", "ald", 6),
    ("bahasa_id", "Latin", 1),
    ("bahasa_id", "tidak", 99),
    ("tanggal_cetak_ktp", "17-08-2013", "2013-08-17"),
    ("tempat_cetak_ktp", " Purbalingga ", "Purbalingga"),
    ("lat", "-7,4123", "-7.4123"),
    ("lng", 109.25, "109.25"),
    ("tag_id_card", "04 A1 B2 C3 D4", "04A1B2C3D4"),
    ("tanggal_akhir_paspor", "01-01-2031", "2031-01-01"),
    ("tanggalperkawinan", "0000-00-00", None),
    ("tanggalperkawinan", 0.0, None),
]


@pytest.mark.parametrize(("name", "raw", "value"), GOOD)
def test_cell_gives_its_value_without_a_problem(name: str, raw: Any, value: Any) -> None:
    cleaned = clean(raw, BY_NAME[name], TODAY)
    assert cleaned.problem is None
    assert cleaned.value == value and type(cleaned.value) is type(value)


@pytest.mark.parametrize("raw", [
    "1996-03-10", "1996/3/10", "10-03-1996", "10/03/1996", "10-3-1996", "10.03.1996", "10 03 1996",
    "10 Maret 1996", "10 MARET 1996", "10-Mar-1996", "10 Mar. 1996", "Minggu, 10 Maret 1996", "19960310",
    "10031996", 10031996.0, 19960310.0, "1996-03-10 00:00:00", "1996-03-10T10:00:00Z", "10/03/1996 7:00",
    date(1996, 3, 10), datetime(1996, 3, 10, 10, 0), 35134.0, 35134, 35134.4, "35134", "'10-03-1996",
    "\u00a010-03-1996 ",
])
def test_a_date_is_read_in_every_dress(raw: Any) -> None:
    assert clean(raw, BY_NAME["tanggallahir"], TODAY).value == "1996-03-10"


@pytest.mark.parametrize(("name", "month"), [
    ("Januari", 1), ("Pebruari", 2), ("Februari", 2), ("Mei", 5), ("Juni", 6), ("Juli", 7), ("Agustus", 8),
    ("Agt", 8), ("Agust", 8), ("September", 9), ("Oktober", 10), ("November", 11), ("Nopember", 11),
    ("Desember", 12), ("Des", 12), ("Dec", 12),
])
def test_indonesian_month_names_are_known(name: str, month: int) -> None:
    assert read_date(f"5 {name} 1980", TODAY) == date(1980, month, 5)


TOLAK, KOSONG, INGAT = Akibat.BARIS_DITOLAK, Akibat.KOLOM_DIKOSONGKAN, Akibat.HANYA_DIINGATKAN

FAULTS: list[tuple[str, Any, str, Akibat]] = [
    # A formula that failed.
    ("nama", "#N/A", "rumus_galat", TOLAK),
    ("pekerjaan_id", "#REF!", "rumus_galat", KOSONG),
    # Names: what cleaning would lose.
    ("nama", "BUD1 SANTOSO", "nama_karakter", TOLAK),
    ("nama", "SITI/AMINAH", "nama_karakter", TOLAK),
    ("nama", "SITI (ALM)", "nama_karakter", TOLAK),
    ("nama", "JOS\ufffd", "nama_karakter", TOLAK),
    ("nama", 12345.0, "nama_karakter", TOLAK),
    ("nama", "- . -", "nama_tanpa_huruf", TOLAK),
    ("nama", "A" * 101, "terlalu_panjang", TOLAK),
    ("nama_ayah", "SLAMET 2", "nama_karakter", KOSONG),
    ("alamat", "A" * 201, "terlalu_panjang", KOSONG),
    # NIK and nomor KK.
    ("nik", "330399150585000", "nik_panjang", TOLAK),
    ("nik", "33039915058500011", "nik_panjang", TOLAK),
    ("nik", 330399150585.0, "nik_panjang", TOLAK),
    ("nik", "330399150585OOO1", "nik_huruf", TOLAK),
    ("nik", "3303991505850001x", "nik_huruf", TOLAK),
    ("nik", "3303991505850001/2", "nik_huruf", TOLAK),
    ("nik", "٣٣٠٣٩٩١٥٠٥٨٥٠٠٠١", "nik_huruf", TOLAK),
    ("nik", "belum ada", "nik_huruf", TOLAK),
    ("nik", "3.30399E+15", "nik_ilmiah", TOLAK),
    ("nik", "3,30399E+15", "nik_ilmiah", TOLAK),
    ("nik", 3303991505850000.0, "nik_digit_hilang", TOLAK),
    ("nik", 3303991505850010, "nik_digit_hilang", TOLAK),
    ("nik", "3303991505850010.0", "nik_digit_hilang", TOLAK),
    ("nik", 9103991505850001.0, "nik_digit_hilang", TOLAK),
    ("nik", date(1996, 3, 10), "nik_bukan_angka", TOLAK),
    ("nik", True, "nik_bukan_angka", TOLAK),
    ("nik", 3.5, "nik_panjang", TOLAK),
    ("nik", "3303993213850001", "nik_tanggal", TOLAK),
    ("nik", "3303991505850000", "nik_urut", TOLAK),
    ("nik", "1111111111111111", "nik_angka_sama", TOLAK),
    ("nik", "0330399200100001", "nik_sementara", KOSONG),
    ("nik", "3303981505850001", "nik_kecamatan", INGAT),
    ("ayah_nik", "330399150585", "nik_panjang", KOSONG),
    ("ibu_nik", 3303991505850000.0, "nik_digit_hilang", KOSONG),
    ("no_kk", "33039901012000", "kk_panjang", TOLAK),
    ("no_kk", "33039901012OOOO1", "kk_huruf", TOLAK),
    ("no_kk", "3.30399E+15", "kk_ilmiah", TOLAK),
    ("no_kk", 3303990101200010.0, "nik_digit_hilang", TOLAK),
    ("no_kk", time(1, 0), "kk_bukan_angka", TOLAK),
    ("no_kk", "0330399200100001", "kk_sementara", KOSONG),
    # Dates: never 1970, never rolled over.
    ("tanggallahir", "31-02-1990", "tanggal_mustahil", TOLAK),
    ("tanggallahir", "29-02-1990", "tanggal_mustahil", TOLAK),
    ("tanggallahir", "03/25/1996", "tanggal_mustahil", TOLAK),
    ("tanggallahir", "0000-00-00", "tanggal_mustahil", TOLAK),
    ("tanggallahir", "00-00-1945", "tanggal_mustahil", TOLAK),
    ("tanggallahir", "belum tahu", "tanggal_tidak_terbaca", TOLAK),
    ("tanggallahir", "10 Mart 1996", "tanggal_tidak_terbaca", TOLAK),
    ("tanggallahir", "07-1994", "tanggal_tidak_terbaca", TOLAK),
    ("tanggallahir", "1996", "tanggal_tidak_terbaca", TOLAK),
    ("tanggallahir", 1996.0, "tanggal_tidak_terbaca", TOLAK),
    ("tanggallahir", 5e7, "tanggal_tidak_terbaca", TOLAK),
    ("tanggallahir", float("inf"), "tanggal_tidak_terbaca", TOLAK),
    ("tanggallahir", "10-03-199", "tanggal_tidak_terbaca", TOLAK),
    ("tanggallahir", time(0, 0), "tanggal_tidak_terbaca", TOLAK),
    ("tanggallahir", timedelta(days=1), "tanggal_tidak_terbaca", TOLAK),
    ("tanggallahir", True, "tanggal_tidak_terbaca", TOLAK),
    ("tanggallahir", "10-03-96", "tahun_dua_angka", TOLAK),
    ("tanggallahir", "10 Maret 96", "tahun_dua_angka", TOLAK),
    ("tanggallahir", "10-03-1849", "tanggal_terlalu_lama", TOLAK),
    ("tanggallahir", "22-11-2026", "tanggal_masa_depan", TOLAK),
    ("tanggallahir", "01-01-1970", "tanggal_1970", INGAT),
    ("tanggalperkawinan", "31-02-1990", "tanggal_mustahil", KOSONG),
    ("tanggalperkawinan", "22-11-2026", "tanggal_masa_depan", KOSONG),
    # Codes.
    ("sex", "3", "kode_tak_dikenal", TOLAK),
    ("sex", "X", "kode_tak_dikenal", TOLAK),
    ("kk_level", "99", "kode_tak_dikenal", TOLAK),
    ("status_dasar", "ENTAH", "kode_tak_dikenal", TOLAK),
    ("agama_id", 9.0, "kode_tak_dikenal", KOSONG),
    ("pekerjaan_id", "PENAMBANG BULAN", "kode_tak_dikenal", KOSONG),
    ("hamil", True, "kode_tak_dikenal", KOSONG),
    # The rest.
    ("rt", "JL MAWAR 1", "rt_rw_tidak_terbaca", KOSONG),
    ("rt", "003/001", "rt_rw_tidak_terbaca", KOSONG),
    ("rt", date(2026, 1, 2), "rt_rw_tidak_terbaca", KOSONG),
    ("akta_lahir", date(1990, 12, 1), "sel_tanggal", INGAT),
    ("tag_id_card", "12345", "tag_kartu_salah", KOSONG),
    ("lat", "-7123456", "koordinat_salah", KOSONG),
    ("lat", "97.5", "koordinat_salah", KOSONG),
    ("lng", "timur", "koordinat_salah", KOSONG),
]

# Faults of a row or of the whole file have their own tests.
NOT_OF_ONE_CELL = {
    "nama_kosong", "kosong", "hamil_laki_laki", "kolom_bergeser", "nik_ganda", "orang_ganda",
    "orang_mungkin_ganda", "kepala_ganda", "tanpa_kepala", "dusun_keluarga_beda", "dusun_mirip",
    "dusun_terlalu_banyak",
}


@pytest.mark.parametrize(("name", "raw", "kode", "akibat"), FAULTS)
def test_fault_is_named_with_what_happens(name: str, raw: Any, kode: str, akibat: Akibat) -> None:
    cleaned = clean(raw, BY_NAME[name], TODAY)
    assert cleaned.problem is not None
    assert (cleaned.problem.kode, cleaned.problem.akibat) == (kode, akibat)
    assert (cleaned.problem.severity is Severity.TOLAK) is (akibat is TOLAK)
    assert (cleaned.value is not None) is (akibat is INGAT)
    assert cleaned.problem.pesan.endswith(".") and "{" not in cleaned.problem.pesan


def test_every_fault_of_a_cell_is_in_the_table() -> None:
    assert set(PROBLEMS) - NOT_OF_ONE_CELL <= {kode for _, _, kode, _ in FAULTS}


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
@pytest.mark.parametrize("raw", [None, "", " ", "-", "\u00a0", "'", "--"])
def test_nothing_stays_nothing_in_every_column(column: Any, raw: Any) -> None:
    assert clean(raw, column, TODAY) is EMPTY


@pytest.mark.parametrize(
    "column", [column for column in COLUMNS if column.codes], ids=lambda column: column.name
)
def test_every_code_is_read_as_code_and_as_label(column: Any) -> None:
    for code, label in code_list(column.codes).items.items():
        assert clean(str(code), column, TODAY).value == code
        assert clean(float(code), column, TODAY).value == code
        assert clean(label, column, TODAY).value == code


def test_no_message_carries_the_cell() -> None:
    for name, raw, _, _ in FAULTS:
        problem = clean(raw, BY_NAME[name], TODAY).problem
        text = cell_text(raw)
        assert problem is not None and (len(text) < 10 or text not in problem.pesan)


CELLS = st.one_of(
    st.text(), st.floats(), st.integers(), st.booleans(), st.dates(), st.datetimes(), st.times(),
    st.timedeltas(),
    st.text(alphabet="0123456789.-/ E+'", max_size=20),
)


@given(CELLS, st.sampled_from(COLUMNS))
def test_any_cell_gives_a_value_of_the_right_shape_or_a_problem(raw: Any, column: Any) -> None:
    cleaned = clean(raw, column, TODAY)
    if cleaned.value is None:
        return
    if column.kind is Kind.KODE:
        assert type(cleaned.value) is int
    else:
        assert type(cleaned.value) is str and 0 < len(cleaned.value) <= column.length_max
    if column.kind is Kind.TANGGAL:
        assert date.fromisoformat(str(cleaned.value)).year >= 1850


STYLES = ["%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y", "%d%m%Y", "%Y%m%d"]


@given(st.dates(date(1850, 1, 1), TODAY), st.sampled_from(STYLES))
def test_a_written_date_comes_back(day: date, style: str) -> None:
    assert read_date(day.strftime(style), TODAY) == day


@given(st.dates(date(1910, 6, 1), TODAY))
def test_a_serial_number_of_excel_comes_back(day: date) -> None:
    assert read_date(float((day - date(1899, 12, 30)).days), TODAY) == day


def test_cache_keeps_cells_of_different_types_apart() -> None:
    cleaner = CachedCleaner(TODAY)
    assert cleaner(True, BY_NAME["sex"]).problem is not None
    assert cleaner(1.0, BY_NAME["sex"]).value == 1
    assert cleaner("1", BY_NAME["sex"]).value == 1
    assert cleaner("1", BY_NAME["rt"]).value == "001"


def test_today_decides_what_is_future() -> None:
    assert read_date("22-11-2026", date(2026, 11, 22)) == date(2026, 11, 22)
    assert read_date("22-11-2026", TODAY) is DateFault.MASA_DEPAN
