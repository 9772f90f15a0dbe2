"""The editor of letters: what is typed stays, what is wrong is named by its line, and the shipped text comes back."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest

from shared.surat.jenis import find_jenis, list_jenis, shipped
from tests.node_app.test_pages_kit import Browser, Desa, read_text

SLUG = "keterangan-usaha"


def typed(browser: Browser, slug: str = SLUG, **changed: Any) -> dict[str, Any]:
    """Give the form as it stands, with changes."""
    page = browser.get(f"/surat/templat/{slug}").text
    jenis = shipped().get(slug) or shipped()[SLUG]
    asal = re.search(r'name="asal" value="([0-9a-f]*)"', page)
    assert asal
    rows = {}
    for number, one in enumerate(jenis.isian):
        rows |= {f"isian-{number}-nama": one.nama, f"isian-{number}-label": one.label, f"isian-{number}-tipe": one.tipe,
                 f"isian-{number}-pilihan": "; ".join(one.pilihan)}
        if one.wajib:
            rows[f"isian-{number}-wajib"] = "1"
    return {
        "asal": asal[1], "nama": jenis.nama, "judul": jenis.judul, "isi": jenis.isi, "kode_arsip": jenis.kode_arsip,
        "berlaku": str(jenis.berlaku or ""), "satuan": jenis.satuan, "kertas": jenis.kertas, "aktif": "ya",
        "syarat": "\n".join(jenis.syarat), "aksi": "simpan", **rows, **changed,
    }


def stored(desa: Desa, slug: str = SLUG) -> Any:
    with desa.node.database.read() as conn:
        return find_jenis(conn, desa.node.wilayah, slug)


def test_every_letter_is_listed_and_its_form_can_be_saved_unchanged(desa: Desa) -> None:
    browser = desa.browser()
    assert all(jenis.nama in read_text(browser.get("/surat/templat")) for jenis in shipped().values())
    assert browser.post(f"/surat/templat/{SLUG}", typed(browser)).status_code == 303
    found = stored(desa)
    assert not found.is_bawaan and (found.isi, found.isian, found.syarat) == (
        shipped()[SLUG].isi, shipped()[SLUG].isian, shipped()[SLUG].syarat
    )


def test_a_changed_letter_holds_and_goes_back_to_the_shipped_one(desa: Desa) -> None:
    browser = desa.browser()
    form = typed(browser, isi="[identitas]\nOmzet : [isian.omzet]", kertas="A4", berlaku="",
                 **{"isian-4-nama": "omzet", "isian-4-label": "Omzet", "isian-4-tipe": "bilangan"})
    shown = read_text(browser.follow(browser.post(f"/surat/templat/{SLUG}", form)))
    assert "Templat surat disimpan" in shown
    found = stored(desa)
    assert found.kertas == "A4" and found.berlaku is None and found.isian[-1].nama == "omzet"
    browser.follow(browser.post(f"/surat/templat/{SLUG}/bawaan"))
    assert stored(desa) == shipped()[SLUG]


def test_an_unknown_placeholder_is_named_with_its_line_and_the_text_stays(desa: Desa) -> None:
    browser = desa.browser()
    answer = browser.post(f"/surat/templat/{SLUG}", typed(browser, isi="Halo [nama]\n\nApa [omzett] itu <b>x</b>"))
    assert answer.status_code == 400 and "Baris 3: [omzett] tidak dikenal" in read_text(answer)
    assert "Apa [omzett] itu &lt;b&gt;x&lt;/b&gt;" in answer.text
    assert stored(desa) == shipped()[SLUG]


@pytest.mark.parametrize(("changed", "said"), [
    ({"nama": " "}, "Tulis nama suratnya"), ({"berlaku": "999"}, "1 sampai 120"), ({"berlaku": "x"}, "1 sampai 120"),
    ({"kode_arsip": "S-01"}, "angka dan titik"), ({"kertas": "A9"}, "Pilih kertasnya"),
    ({"isi": ""}, "Tulis isi surat"),
    ({"satuan": "abad"}, "Pilih satuan"), ({"isian-0-nama": "Nama Usaha"}, "Isian baris 1"),
])
def test_what_cannot_be_is_told_at_its_field(desa: Desa, changed: dict[str, str], said: str) -> None:
    browser = desa.browser()
    answer = browser.post(f"/surat/templat/{SLUG}", typed(browser, **changed))
    assert answer.status_code == 400 and said in read_text(answer)


def test_the_example_is_drawn_and_nothing_is_kept(desa: Desa) -> None:
    browser = desa.browser()
    for path in (f"/surat/templat/{SLUG}", f"/surat/templat/{SLUG}/contoh"):
        answer = browser.post(path, typed(browser, isi="Hanya [nama]", aksi="lihat"))
        picture = re.search(r'src="data:image/png;base64,([A-Za-z0-9+/=]+)"', answer.text)
        assert answer.status_code == 200 and picture and base64.b64decode(picture[1]).startswith(b"\x89PNG")
    assert stored(desa) == shipped()[SLUG]


def test_somebody_who_was_faster_is_not_overwritten_unseen(desa: Desa) -> None:
    browser = desa.browser()
    form = typed(browser, isi="Tulisan pertama")
    browser.post(f"/surat/templat/{SLUG}", typed(browser, isi="Tulisan kedua"))
    answer = browser.post(f"/surat/templat/{SLUG}", form)
    assert answer.status_code == 400 and "baru saja diubah orang lain" in read_text(answer)
    assert "Tulisan pertama" in answer.text and stored(desa).isi == "Tulisan kedua"


def test_a_letter_of_its_own_is_made_put_aside_and_removed(desa: Desa) -> None:
    browser = desa.browser()
    browser.get("/surat/templat/baru")
    form = {"nama": "Surat Keterangan Ternak", "isi": "Sapi [isian.jumlah] ekor", "berlaku": "2", "satuan": "minggu",
            "kertas": "F4", "kode_arsip": "400.10.2.2", "isian-0-label": "Jumlah", "isian-0-tipe": "bilangan",
            "syarat": "Fotokopi KTP", "aktif": "ya", "aksi": "simpan"}
    assert browser.post("/surat/templat/baru", form).status_code == 303
    made = stored(desa, "keterangan-ternak")
    assert made.isian[0].nama == "jumlah" and made.syarat == ("Fotokopi KTP",)
    assert "sudah ada" in read_text(browser.post("/surat/templat/baru", form))
    asal = re.search(r'name="asal" value="(\w+)"', browser.get("/surat/templat/keterangan-ternak").text)
    assert asal
    browser.post("/surat/templat/keterangan-ternak", {**form, "asal": asal[1], "aktif": "tidak"})
    with desa.node.database.read() as conn:
        assert "keterangan-ternak" not in {jenis.slug for jenis in list_jenis(conn, desa.node.wilayah)}
    browser.follow(browser.post("/surat/templat/keterangan-ternak/bawaan"))
    assert stored(desa, "keterangan-ternak") is None


def test_the_office_says_which_event_its_own_letter_speaks_of(desa: Desa) -> None:
    browser = desa.browser()
    new = typed(browser, "baru", nama="Surat Duka", tentang="mati")
    assert browser.post("/surat/templat/baru", new).status_code == 303
    assert stored(desa, "duka").tentang == "mati" and stored(desa).tentang == "biasa"
    own = typed(browser, "duka", nama="Surat Duka")
    assert browser.post("/surat/templat/duka", own | {"tentang": "gempa"}).status_code == 400
    browser.follow(browser.post("/surat/templat/duka", own | {"tentang": "biasa"}))
    assert stored(desa, "duka").tentang == "biasa"
    # A shipped letter that the office has changed before anybody could say it keeps what it was shipped with.
    desa.write("templat_surat", slug="keterangan-kematian", nama="Surat Kematian", isi="[identitas]")
    assert stored(desa, "keterangan-kematian").tentang == "mati"


def test_an_unknown_letter_is_not_found(desa: Desa) -> None:
    browser = desa.browser()
    assert browser.get("/surat/templat/tidak-ada").status_code == 404
    assert browser.post("/surat/templat/tidak-ada", {}).status_code == 404
