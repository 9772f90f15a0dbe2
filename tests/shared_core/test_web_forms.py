"""Forms from kinds: drawing, parsing, and the way back to the page when something is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

import shared.web
from shared.records import fields
from shared.records.catalogue import CATALOGUE
from shared.records.fields import Writer
from shared.records.kind import Kind, RecordSchema, make_kind
from shared.web.forms import CLEAR_SUFFIX, Form, make_form, parse_form, write_date, write_number


class ContohSchema(RecordSchema):
    """One field of every type."""

    kind = "contoh"
    label = "Contoh"

    nama = fields.Teks("Nama", required=True, maks=20)
    nik = fields.Nik("NIK", help="16 angka.")
    no_kk = fields.NoKk("Nomor KK")
    lahir = fields.Tanggal("Tanggal lahir")
    kelamin = fields.Kode("Jenis kelamin", "jenis_kelamin")
    status = fields.Pilihan("Status", {"tetap": "Tetap", "sementara": "Sementara"})
    aktif = fields.Ya("Aktif")
    jumlah = fields.Bilangan("Jumlah", sampai=1000)
    nilai = fields.Rupiah("Nilai")
    catatan = fields.Panjang("Catatan")
    dusun = fields.Rujukan("Dusun", "dusun")
    desa = fields.KodeDesa("Desa")
    berkas = fields.Daftar("Berkas")
    putusan = fields.Teks("Putusan", writer=Writer.HUB)


KIND = make_kind(ContohSchema)
NIK = "3303990101800001"


def draw(form: Form) -> str:
    folder = Path(shared.web.__file__).parent / "templates"
    env = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
    source = (
        '{% from "macros/fields.html" import semua_bidang, ringkasan_galat %}'
        "{{ ringkasan_galat(form) }}{{ semua_bidang(form) }}"
    )
    return env.from_string(source).render(form=form)


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("nama", "  Siti \t Aminah\r\n", "Siti Aminah"),
        ("nama", "Ali\x00\x1b", "Ali"),
        ("nik", "3303 9901 0180 0001", NIK),
        ("no_kk", "330399.010180-0001", NIK),
        ("lahir", "31-12-1980", "1980-12-31"), ("lahir", "1/2/1980", "1980-02-01"),
        ("lahir", "1980-12-31", "1980-12-31"),
        ("kelamin", "2", 2), ("status", "tetap", "tetap"),
        ("aktif", "ya", True), ("aktif", "tidak", False),
        ("jumlah", "007", 7), ("jumlah", "1.000", 1000),
        ("nilai", "Rp 1.500.000,-", 1_500_000), ("nilai", "1500000", 1_500_000), ("nilai", "0", 0),
        ("catatan", "baris satu\r\n\r\n  baris dua ", "baris satu\n\n  baris dua"),
        ("dusun", "0190c0de-0000-7000-8000-000000000000", "0190c0de-0000-7000-8000-000000000000"),
        ("desa", "33.03.04.2006", "33.03.04.2006"),
        ("berkas", "a\r\n\r\n b ", ["a", "b"]),
    ],
)
def test_what_is_typed_becomes_a_value_of_the_body_type(name: str, typed: str, value: Any) -> None:
    values, form = parse_form(KIND, {"nama": "Siti", name: typed})
    assert form.errors == []
    assert values[name] == value and type(values[name]) is type(value)


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("nama", ""), ("nama", "x" * 21), ("nik", "123"), ("lahir", "31-02-1980"), ("lahir", "kemarin"),
        ("lahir", "12-31-1980"), ("kelamin", "99"), ("kelamin", "laki"), ("kelamin", "9" * 30),
        ("status", "lain"), ("aktif", "mungkin"), ("jumlah", "1001"), ("jumlah", "satu"), ("jumlah", "1.50"),
        ("nilai", "1,500"), ("nilai", "-1"), ("dusun", "bukan id"), ("desa", "33"),
        ("berkas", "x" * 201), ("catatan", "x" * 4001), ("nilai", "٣٣"),
    ],
)
def test_a_refused_field_keeps_what_was_typed_and_says_so_in_indonesian(name: str, typed: str) -> None:
    values, form = parse_form(KIND, {"nama": "Siti", name: typed})
    item = form.fields[name]
    assert item.error and item.text == typed and not form.is_valid
    assert name not in values
    page = draw(form)
    assert f'href="#{name}"' in page and f'id="{name}-galat"' in page
    assert "field" not in item.error.lower() and "invalid" not in item.error.lower()


def test_empty_inputs_are_absent_values() -> None:
    values, form = parse_form(KIND, {name: "  " for name in KIND.fields} | {"nama": "Siti"})
    assert values == {"nama": "Siti"} and form.is_valid


def test_only_drawn_fields_are_read() -> None:
    typed = {"nama": "Siti", "putusan": "x", "nilai": "5", "role": "admin"}
    values, _ = parse_form(KIND, typed, names=["nama"])
    assert values == {"nama": "Siti"}
    values, form = parse_form(KIND, {"nama": "Siti", "putusan": "x"}, writer=Writer.DESA)
    assert "putusan" not in values and "putusan" not in form.fields


def test_a_page_with_some_fields_is_checked_against_the_whole_record() -> None:
    values, form = parse_form(KIND, {"nilai": "5"}, {"nama": "Siti"}, names=["nilai"])
    assert values == {"nilai": 5} and form.is_valid


def test_an_old_value_that_breaks_a_rule_does_not_stop_work_on_others() -> None:
    current = {"nama": "Siti", "nik": "123", "lahir": "0000-00-00"}
    values, form = parse_form(KIND, {"nama": "Siti A", "nik": "", "lahir": "00-00-0000"}, current)
    assert form.fields["nik"].error == "" and values["nik"] == "123"
    assert form.fields["lahir"].error


def test_a_masked_value_is_never_drawn_and_stays_when_left_empty() -> None:
    current = {"nama": "Siti", "nik": NIK}
    page = draw(make_form(KIND, current))
    assert NIK not in page and "••" in page
    values, form = parse_form(KIND, {"nama": "Siti", "nik": ""}, current)
    assert values["nik"] == NIK and NIK not in draw(form)


def test_a_masked_value_is_replaced_or_cleared_only_on_purpose() -> None:
    current = {"nama": "Siti", "nik": NIK}
    other = "3303990101800002"
    assert parse_form(KIND, {"nama": "Siti", "nik": other}, current)[0]["nik"] == other
    assert "nik" not in parse_form(KIND, {"nama": "Siti", "nik": "", "nik" + CLEAR_SUFFIX: "1"}, current)[0]


def test_a_revealed_value_is_drawn_and_read_as_it_stands() -> None:
    current = {"nama": "Siti", "nik": NIK}
    assert NIK in draw(make_form(KIND, current, reveal=True))
    assert "nik" not in parse_form(KIND, {"nama": "Siti", "nik": ""}, current, reveal=True)[0]


def test_a_value_on_no_list_is_shown_and_not_lost() -> None:
    current = {"nama": "Siti", "kelamin": 9, "dusun": "d-lama"}
    page = draw(make_form(KIND, current, choices={"dusun": [("d-1", "Krajan")]}))
    assert '<option value="9" selected>' in page and '<option value="d-lama" selected>' in page
    assert "tidak ada dalam daftar" in page


def test_what_was_typed_is_inert_on_the_page() -> None:
    typed = "\"><script>alert(1)</script>"
    page = draw(parse_form(KIND, {name: typed for name in KIND.fields})[1])
    assert "<script" not in page and 'value=""><' not in page


@pytest.mark.parametrize("kind", list(CATALOGUE), ids=lambda kind: kind.name)
def test_every_kind_of_the_catalogue_can_be_drawn(kind: Kind) -> None:
    page = draw(make_form(kind))
    for name, field in kind.fields.items():
        # A file does not fit into a form of texts.
        assert (f'id="{name}"' in page) is not isinstance(field, fields.Lampiran)


def test_what_a_form_shows_reads_back_as_the_same_values() -> None:
    values = {
        "nama": "Siti", "lahir": "1980-12-31", "kelamin": 1, "status": "tetap", "aktif": False,
        "jumlah": 1000, "nilai": 1_234_567, "catatan": "a\n\nb", "berkas": ["x", "y"],
        "desa": "33.03.04.2006",
    }
    shown = {item.name: item.text for item in make_form(KIND, values)}
    assert parse_form(KIND, shown)[0] == values


def test_dates_and_numbers_are_written_as_people_write_them() -> None:
    assert (write_date("1980-12-31"), write_date(None), write_date("?")) == ("31-12-1980", "", "?")
    assert (write_number(1234567), write_number(None)) == ("1.234.567", "")
