"""Kinds of letters and their text: what is shipped is whole, and what is typed into a form stays what it is."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest

from shared.errors import UserError
from shared.records.surat import TemplatSuratSchema
from shared.surat.fakta import (
    isian_facts,
    letter_facts,
    office_facts,
    person_facts,
    valid_until,
    write_code,
)
from shared.surat.isi import check_template, fill
from shared.surat.jenis import Isian, JenisSurat, check_isian, dump_isian, load_isian, make_slug, shipped

DESA = "33.03.04.2006"
TODAY = date(2026, 11, 22)
ROW = {
    "nama": "SITI RAHAYU", "nik": "3303994107900001", "tempat_lahir": "PURBALINGGA", "tanggal_lahir": "1990-07-01",
    "jenis_kelamin": 2, "agama": 1, "pekerjaan": 5, "status_kawin": 2, "warganegara": 1, "rt": "02", "rw": "01",
}


def kind(isi: str, *isian: Isian) -> JenisSurat:
    return replace(shipped()["keterangan-usaha"], isi=isi, isian=isian)


def text_of(jenis: JenisSurat, facts: dict[str, str]) -> str:
    return "\n".join(str(part.get("teks", part.get("baris"))) for part in fill(jenis, facts).bagian)


def all_facts(jenis: JenisSurat) -> dict[str, str]:
    person = person_facts(ROW, today=TODAY, desa=DESA, dusun="KRAJAN", no_kk="3303990101900001", kepala="BUDI SANTOSO")
    values = {one.nama: {"tanggal": "2026-11-20", "bilangan": "1500000"}.get(one.tipe, f"isi {one.label.lower()}")
              for one in jenis.isian}
    return {**person, **office_facts(DESA, "Jalan Raya 1"), **isian_facts(jenis, values),
            **letter_facts(jenis, TODAY, keperluan="melamar pekerjaan", tujuan="Kepala Dinas")}


def test_at_least_twenty_five_letters_are_shipped_with_archive_codes_and_requirements() -> None:
    assert len(shipped()) >= 25
    for jenis in shipped().values():
        assert re.fullmatch(r"\d{3}(\.\d+)+", jenis.kode_arsip) and jenis.syarat and jenis.judul, jenis.slug


@pytest.mark.parametrize("slug", sorted(shipped()))
def test_a_shipped_letter_knows_all_its_placeholders_and_uses_all_its_fields(slug: str) -> None:
    jenis = shipped()[slug]
    check_isian(jenis.isian)
    assert check_template(jenis) == []
    filled = fill(jenis, all_facts(jenis))
    assert filled.kosong == ()
    shown = text_of(jenis, all_facts(jenis))
    assert "[" not in re.sub(r"\[\[.*\]\]", "", shown) and "[isian" not in shown
    for one in jenis.isian:
        assert f"[isian.{one.nama}]" in jenis.isi, one.nama


@pytest.mark.parametrize("slug", sorted(shipped()))
def test_a_shipped_letter_fits_the_record_that_may_replace_it(slug: str) -> None:
    jenis = shipped()[slug]
    loaded = TemplatSuratSchema().load({
        "slug": jenis.slug, "nama": jenis.nama, "judul": jenis.judul, "isi": jenis.isi,
        "isian": dump_isian(jenis.isian), "syarat": list(jenis.syarat), "kode_arsip": jenis.kode_arsip,
        "berlaku": jenis.berlaku, "satuan": jenis.satuan, "kertas": jenis.kertas, "aktif": True,
    })
    assert loaded["slug"] == slug and load_isian(dump_isian(jenis.isian)) == jenis.isian


def test_a_line_whose_placeholders_are_all_empty_vanishes_and_a_marked_one_when_any_is() -> None:
    jenis = kind("Nama : [nama]\nTujuan : [tujuan]\n? Untuk [keperluan] oleh [nama].\nUntuk [keperluan] oleh [nama].")
    assert text_of(jenis, {"nama": "Siti"}) == "[['Nama', 'Siti']]\nUntuk - oleh Siti."
    assert fill(jenis, {"nama": "Siti"}).kosong == ("keperluan",)


def test_an_unknown_placeholder_is_told_with_its_line_and_never_printed() -> None:
    filled = fill(kind("Halo [nama]\nApa [namaa]\nSiapa [nama\n[identitas] dan lagi"), {"nama": "Siti"})
    assert [(problem.baris, problem.tanda) for problem in filled.masalah] == [
        (2, "[namaa]"), (3, "["), (4, "[identitas]")
    ]
    assert "Baris 2: [namaa]" in filled.masalah[0].pesan
    assert [part["teks"] for part in filled.bagian] == ["Halo Siti"]


def test_what_is_put_in_is_not_looked_at_again() -> None:
    jenis = kind("Nama : [nama]\nHalo [nama]", Isian("x", "X"))
    shown = text_of(jenis, {"nama": "[nik] : == ? 1. [isian.x]", "nik": "rahasia"})
    assert "rahasia" not in shown and shown.count("[nik] : == ? 1. [isian.x]") == 2


def test_another_resident_has_a_table_and_facts_of_his_own() -> None:
    jenis = kind("[identitas isian.ayah]\nAyah [isian.ayah.nama]\n[isian.ayah]", Isian("ayah", "Ayah", "penduduk"))
    facts = isian_facts(jenis, {}, {"ayah": person_facts(ROW, today=TODAY, desa=DESA)})
    filled = fill(jenis, facts)
    assert filled.bagian[0]["baris"][0] == ["Nama", "SITI RAHAYU"] and filled.bagian[1]["teks"] == "Ayah SITI RAHAYU"
    assert [problem.baris for problem in filled.masalah] == [3]


def test_rows_lists_and_headings_have_their_shape() -> None:
    filled = fill(kind("== PERINTAH ==\n1. pertama\na. kedua\nLabel : isi\nBiasa: bukan baris tabel"), {})
    assert [part["jenis"] for part in filled.bagian] == ["judul", "butir", "butir", "tabel", "paragraf"]


def test_a_resident_is_written_as_on_a_letter() -> None:
    facts = person_facts(ROW, today=TODAY, desa=DESA, dusun="KRAJAN")
    assert facts["ttl"] == "Purbalingga, 1 Juli 1990" and facts["umur"] == "36 tahun"
    assert facts["alamat"] == (
        "RT 02 RW 01, Dusun Krajan, Desa Selakambang, Kecamatan Kaligondang, Kabupaten Purbalingga"
    )
    assert facts["pekerjaan"] == "Pegawai Negeri Sipil (PNS)" and facts["warganegara"] == "WNI"
    assert write_code("pekerjaan", "Petani Kopi") == "Petani Kopi" and write_code("agama", None) == ""


def test_rt_and_rw_that_were_typed_into_the_street_are_not_printed_twice() -> None:
    row = {**ROW, "alamat": "Jl. Mawar RT 02/RW 01"}
    assert person_facts(row, today=TODAY, desa="")["alamat"] == "Jl. Mawar RT 02/RW 01"
    row["alamat"] = "Gang Sartono"
    assert person_facts(row, today=TODAY, desa="")["alamat"] == "Gang Sartono, RT 02 RW 01"


@pytest.mark.parametrize(("berlaku", "satuan", "until"), [
    (1, "bulan", date(2026, 2, 28)), (3, "hari", date(2026, 2, 3)), (2, "minggu", date(2026, 2, 14)),
    (1, "tahun", date(2027, 1, 31)), (None, "bulan", None),
])
def test_a_letter_is_valid_for_so_long(berlaku: int | None, satuan: str, until: date | None) -> None:
    jenis = replace(shipped()["keterangan-usaha"], berlaku=berlaku, satuan=satuan)
    assert valid_until(jenis, date(2026, 1, 31)) == until


@pytest.mark.parametrize(("isian", "said"), [
    ([Isian("Nama Usaha", "X")], "Isian baris 1"), ([Isian("a", "A"), Isian("a", "B")], "Isian baris 2"),
    ([Isian("a", " ")], "label"), ([Isian("a", "A", "pilihan", False, ("satu",))], "dua pilihan"),
    ([Isian("a", "A", "html")], "jenis isiannya"),
])
def test_fields_that_no_form_could_show_are_refused_with_their_line(isian: list[Isian], said: str) -> None:
    with pytest.raises(UserError, match=said):
        check_isian(isian)


@pytest.mark.parametrize("text", ["", "{", "[1]", "{}", '[{"nama": "A B"}]', '[{"nama": null}]'])
def test_fields_that_another_program_wrote_are_left_out_when_they_make_no_sense(text: str) -> None:
    assert load_isian(text) == ()


def test_a_new_letter_gets_a_short_name() -> None:
    assert make_slug("Surat Keterangan Ternak (Sapi)") == "keterangan-ternak-sapi"
