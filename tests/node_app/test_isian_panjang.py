"""What is longer than a record takes: each form says so at its field, keeps what was typed, and writes nothing."""

from __future__ import annotations

import re
from html import unescape

import pytest

from node.surat.issue import cancel
from shared.errors import UserError
from shared.surat.jenis import find_jenis
from tests.node_app.test_pages_kit import Browser, Desa, fill_desa, read_form
from tests.node_app.test_pages_surat import compose, name_office, say
from tests.node_app.test_templat import SLUG, typed

LONG = ("Fotokopi kartu keluarga " + "yang masih berlaku " * 12).strip()
FORMS = (
    "/penduduk/tambah", "/penduduk/{ayah}/ubah", "/keluarga/{keluarga}/ubah", "/keluarga/tambah",
    "/perangkat/tambah", "/perangkat/{perangkat}/ubah", "/perangkat/{perangkat}/akhir",
    "/bantuan/tambah", "/bantuan/{program}/ubah", "/bantuan/penerima/{penerima}/ubah",
    "/surat/pengaturan", "/surat/keluar/", "/surat/masuk/tambah",
    "/surat/masuk/{surat_masuk}/ubah", "/surat/baru/keterangan-usaha/isi",
    "/surat/baru/keterangan-usaha/isi?penduduk={ayah}", "/surat/konsep/{konsep}", "/surat/konsep/{konsep}/ubah",
    "/surat/terbit/{surat}", "/surat/templat/baru", "/surat/templat/keterangan-usaha",
    "/peristiwa/catat/mati/{ayah}", "/peristiwa/catat/lahir/{keluarga}", "/peristiwa/catat/pindah/{ibu}",
    "/peristiwa/catat/datang",
)


def count_refused(desa: Desa) -> int:
    """Count the changes that were written and that no table takes."""
    return desa.count("SELECT count(*) FROM held WHERE alasan = 'bentuk'")


def list_forms(page: str) -> list[tuple[str, str]]:
    """List the forms of a page that change something: (action, inside)."""
    found = re.findall(r'<form method="post" action="([^"]+)"[^>]*>(.*?)</form>', page, re.S)
    others = ("/cari", "/hapus", "/batal")
    return [(unescape(action), inside) for action, inside in found if not action.endswith(others)]


def list_texts(inside: str) -> list[str]:
    """List the names of the fields of a form into which anything can be typed."""
    found = re.findall(r'<textarea[^>]*name="([^"]+)"', inside)
    for tag in re.findall(r"<input[^>]*>", inside):
        name, shape = re.search(r'name="([^"]+)"', tag), re.search(r'type="([^"]+)"', tag)
        if name and (shape is None or shape[1] == "text"):
            found.append(name[1])
    return found


@pytest.mark.parametrize("path", FORMS)
def test_what_is_too_long_is_told_and_stays_in_the_form(desa: Desa, siti: Browser, path: str) -> None:
    fill_desa(desa)
    path, tried = path.format_map(vars(desa)), 0
    for action, inside in list_forms(siti.get(path).text):
        # Of a row without a name, and of a search, nothing is written.
        for name in (name for name in list_texts(inside) if not name.endswith(("-pilihan", "cari_keluarga"))):
            long = " ".join([name.upper(), *["kata panjang sekali"] * 1300])
            answer = siti.post(action, {**read_form(siti.get(path), action), name: long})
            assert answer.status_code in (400, 409), (action, name)
            assert long in " ".join(unescape(answer.text).split()), (action, name)
            tried += 1
    assert tried and not count_refused(desa)


@pytest.mark.parametrize(("changed", "said"), [
    ({"syarat": f"KTP\n{LONG}"}, f"Syarat baris 2 paling banyak 200 huruf; yang diketik {len(LONG)} huruf."),
    ({"syarat": "\n".join(f"Syarat {number}" for number in range(31))}, "Syarat paling banyak 30 baris"),
    ({"nama": LONG}, "Nama surat paling banyak 120 huruf"), ({"judul": LONG}, "Judul pada surat paling banyak 200"),
    ({"isi": "x" * 20_001}, "Isi surat paling banyak 20.000 huruf; yang diketik 20.001 huruf."),
    ({"isian-0-label": LONG}, "Isian baris 1: label paling banyak 120 huruf"),
    ({"isian-0-tipe": "pilihan", "isian-0-pilihan": f"Satu; {LONG}"}, "Isian baris 1: satu pilihan paling banyak 200"),
    ({f"isian-{at}-{part}": f"butir_{at}" for at in range(50) for part in ("nama", "label")}, "paling banyak 40 baris"),
    ({"isian-0-tipe": "pilihan", "isian-0-pilihan": ";".join(f"{at:0150}" for at in range(140))},
     "Isian tambahan terlalu panjang"),
])
@pytest.mark.parametrize("slug", [SLUG, "baru"])
def test_no_template_is_written_that_vanishes(
    desa: Desa, siti: Browser, slug: str, changed: dict[str, str], said: str
) -> None:
    form = {**typed(siti, slug), **({"nama": "Surat Uji"} if slug == "baru" else {}), **changed}
    before = desa.count("SELECT count(*) FROM change")
    answer = siti.post(f"/surat/templat/{slug}", form)
    assert answer.status_code == 400 and said in say(answer)
    shown = unescape(answer.text)
    assert all(line in shown for text in changed.values() for line in text.split("\n") if ";" not in line)
    assert desa.count("SELECT count(*) FROM change") == before


def test_extra_fields_that_are_too_long_together_are_told_at_the_longest(desa: Desa, siti: Browser) -> None:
    with desa.node.database.read() as conn:
        jenis = find_jenis(conn, desa.node.wilayah, SLUG)
    assert jenis is not None
    rows = [f'{{"nama": "cerita_{at}", "label": "Cerita {at}", "tipe": "panjang"}}' for at in range(6)]
    desa.write(
        "templat_surat", slug=SLUG, nama=jenis.nama, isi="[isian.cerita_0]", isian=f"[{', '.join(rows)}]", aktif=True
    )
    path = f"/surat/baru/{SLUG}/isi"
    fields = read_form(siti.get(f"{path}?penduduk={desa.ayah}"), path)
    fields |= {f"isian_cerita_{at}": f"{at}" + "kata " * 720 for at in range(6)}
    fields["isian_cerita_3"] += "ini yang terpanjang"
    answer = siti.post(path, fields)
    assert answer.status_code == 400 and "bersama-sama terlalu panjang" in say(answer)
    assert answer.text.count("#isian_cerita_3") == 1 and "#isian_cerita_2" not in answer.text
    assert all(text in answer.text for text in fields.values()) and not count_refused(desa)
    assert siti.post(path, {**fields, "isian_cerita_3": "", "isian_cerita_4": ""}).status_code == 303


def test_a_number_that_its_record_could_not_take_is_not_given(desa: Desa, siti: Browser) -> None:
    name_office(desa)
    path, pola = "/surat/pengaturan", "[nomor]/[tahun]/" + "[kode]" * 17
    answer = siti.post(path, {**read_form(siti.get(path), path), "pola_nomor": pola})
    assert answer.status_code == 400 and "Singkatkan polanya" in say(answer) and pola in answer.text
    # From another computer, or from an older program.
    desa.change("desa", find_office(desa), pola_nomor=pola)
    letter = compose(desa, siti)
    page = siti.get(letter)
    answer = siti.post(f"{letter}/setujui", read_form(page, f"{letter}/setujui") | {"terbit": "1"})
    assert answer.status_code == 409 and "Pola nomor surat di Pengaturan surat" in say(answer)
    fields = {**read_form(siti.get("/surat/keluar/"), "/surat/keluar/"), "tujuan": "Camat", "ringkasan": "Laporan"}
    fields["kode_arsip"] = "400.12.2.1"
    answer = siti.post("/surat/keluar/", fields)
    assert answer.status_code == 409 and "Pola nomor surat di Pengaturan surat" in say(answer)
    assert not count_refused(desa) and desa.count("SELECT count(*) FROM surat") == 0
    desa.change("desa", find_office(desa), pola_nomor=pola[:22])
    answer = siti.post(f"{letter}/terbit", read_form(siti.get(letter), f"{letter}/terbit"))
    nomor = desa.value("surat", answer.headers["Location"].rsplit("/", 1)[1], "nomor")
    assert nomor.startswith("001"), "no number was used up"


def test_a_reason_is_not_cut_short(desa: Desa) -> None:
    fill_desa(desa)
    with pytest.raises(UserError, match="paling banyak 1000 huruf"):
        cancel(desa.node, desa.surat, "x" * 1001, desa.petugas["siti"])
    cancel(desa.node, desa.surat, "x" * 1000, desa.petugas["siti"])
    assert len(desa.value("surat", desa.surat, "alasan_batal")) == 1000


REASONS = (
    ("/perangkat/{perangkat}", "/perangkat/{perangkat}/hapus", {}, "alasan"),
    ("/surat/masuk/{surat_masuk}", "/surat/masuk/{surat_masuk}/hapus", {}, "alasan"),
    ("/peristiwa/{peristiwa}", "/peristiwa/{peristiwa}/batal", {}, "alasan"),
    ("/penduduk/{anak}/hapus", "/penduduk/{anak}/hapus", {"alasan": "ganda"}, "catatan"),
    ("/bantuan/penerima/{penerima}/hapus", "/bantuan/penerima/{penerima}/hapus", {"alasan": "ganda"}, "catatan"),
)


@pytest.mark.parametrize(("path", "action", "fields", "name"), REASONS)
def test_a_reason_that_is_too_long_is_told_whole(
    desa: Desa, siti: Browser, path: str, action: str, fields: dict[str, str], name: str
) -> None:
    fill_desa(desa)
    path, action = path.format_map(vars(desa)), action.format_map(vars(desa))
    long, before = "alasan panjang sekali " * 30 + "sampai ujung", desa.count("SELECT count(*) FROM change")
    answer = siti.post(action, {**read_form(siti.get(path), action), **fields, name: long})
    assert answer.status_code == 400 and "paling banyak 400 huruf; yang diketik 672 huruf" in say(answer), say(answer)
    assert "sampai ujung" in answer.text and desa.count("SELECT count(*) FROM change") == before


def test_the_reason_of_a_stop_is_not_cut_short(desa: Desa, siti: Browser) -> None:
    fill_desa(desa)
    siti.get(f"/bantuan/{desa.program}")
    path = f"/bantuan/penerima/{desa.penerima}/status"
    answer = siti.post(path, status="berhenti", alasan="x" * 201)
    assert "paling banyak 200 huruf" in say(siti.follow(answer))
    assert desa.value("penerima_bantuan", desa.penerima, "status") == "aktif"


def find_office(desa: Desa) -> str:
    with desa.node.database.read() as conn:
        return str(conn.execute("SELECT id FROM desa").fetchone()[0])


def test_a_letter_that_its_record_could_not_take_is_not_issued(desa: Desa, siti: Browser) -> None:
    name_office(desa)
    desa.write("templat_surat", slug=SLUG, nama="Keterangan", isi="[keperluan]\n" * 100, isian="[]", aktif=True)
    path = compose(desa, siti, SLUG, keperluan="kata " * 199)
    answer = siti.post(f"{path}/setujui", read_form(siti.get(path), f"{path}/setujui") | {"terbit": "1"})
    assert answer.status_code == 409 and "terlalu panjang untuk disimpan" in say(answer)
    assert not count_refused(desa) and desa.count("SELECT count(*) FROM surat") == 0


def test_no_number_of_a_card_is_cut_short(desa: Desa, siti: Browser) -> None:
    path = f"/bantuan/{desa.program}"
    siti.get(path)
    page = siti.follow(siti.post(f"{path}/cari", teks="kreyo"))
    fields = read_form(page, f"{path}/penerima") | {"penduduk": desa.ayah, "periode": "2026", "status": "aktif"}
    answer = siti.post(f"{path}/penerima", {**fields, "nomor_kartu": "9" * 41})
    assert answer.status_code == 400 and "Nomor kartu paling banyak 40 huruf" in say(answer)
    assert "9" * 41 in answer.text and desa.count("SELECT count(*) FROM penerima_bantuan") == 0
