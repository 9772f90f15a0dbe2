"""Letters at a node: from choosing a kind to an issued letter, its cancellation, and the books."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from node.commands import COMMANDS
from node.surat.rules import take_sidik
from shared.errors import UserError
from shared.surat.jenis import find_jenis, list_jenis
from shared.surat.numbering import name_seri
from tests.node_app.test_pages_kit import NIK, NIK_ISTRI, PASSWORD, Browser, Desa, make_desa, read_form, read_text
from tests.support.federation import DESA
from tests.support.office import own_log
from tests.support.pictures import draw_crest


def name_office(desa: Desa) -> None:
    """Say what stands on every letter."""
    with desa.node.database.read() as conn:
        office = conn.execute("SELECT id FROM desa").fetchone()[0]
    desa.change("desa", office, kepala_desa="SUGENG KADES", alamat="Jalan Raya 1")


@pytest.fixture
def desa(tmp_path: Path) -> Iterator[Desa]:
    made = make_desa(tmp_path / "desa")
    name_office(made)
    yield made
    made.node.close()


def give_block(desa: Desa, dari: int = 1, sampai: int = 50, log: str = "") -> None:
    """Give this node numbers, as the hub does; here the row alone."""
    with desa.node.database.write() as conn:
        conn.execute(
            "INSERT INTO blok_nomor (id, desa, catatan_log, tahun, dari, sampai) VALUES (?, ?, ?, 2026, ?, ?)",
            (desa.node.new_id(), DESA, log or own_log(desa.node).id, dari, sampai),
        )


def say(answer: Any) -> str:
    return " ".join(read_text(answer).split())


def compose(desa: Desa, browser: Browser, slug: str = "", person: str | None = None, **typed: str) -> str:
    """Write a draft; return its path."""
    slug = slug or pick_kind(desa)
    path = f"/surat/baru/{slug}/isi"
    address = path + (f"?penduduk={person or desa.ayah}" if person != "" else "")
    fields = read_form(browser.get(address), path)
    for name, text in fields.items():
        if name.startswith("isian_") and not text:
            fields[name] = "1"
    fields |= {"keperluan": "syarat bantuan modal", **typed}
    answer = browser.post(path, fields)
    assert answer.status_code == 303, say(answer)
    return str(answer.headers["Location"]).replace("http://localhost", "")


def pick_kind(desa: Desa) -> str:
    """Pick a kind of letter without extra fields that only a person could fill."""
    with desa.node.database.read() as conn:
        kinds = list_jenis(conn, DESA)
    plain = [one for one in kinds if one.untuk_bukan_penduduk and not any(item.wajib for item in one.isian)]
    return plain[0].slug


def issue(desa: Desa, browser: Browser, path: str = "") -> str:
    """Approve and issue a draft as the admin; return the path of the letter."""
    path = path or compose(desa, browser)
    page = browser.get(path)
    answer = browser.post(f"{path}/setujui", read_form(page, f"{path}/setujui") | {"terbit": "1"})
    assert answer.status_code == 303, say(answer)
    return str(answer.headers["Location"])


# From a draft to a letter.


def test_a_letter_is_written_approved_issued_and_printed(desa: Desa, siti: Browser) -> None:
    give_block(desa)
    path = compose(desa, siti)
    page = siti.get(path)
    text = say(page)
    assert "KREYO SANTOSO" in text and "syarat bantuan modal" in text and "SUGENG KADES" in text
    assert NIK not in page.text, "numbers are masked on the screen"
    letter = issue(desa, siti, path)
    shown = say(siti.get(letter))
    assert "/001/33.03.04.2006/IX/2026" in shown
    printed = siti.get(f"{letter}/surat.pdf")
    assert printed.status_code == 200 and printed.data.startswith(b"%PDF")
    assert "Suratnya sudah terbit" in say(siti.get(path))
    row = desa.value("surat", letter.rsplit("/", 1)[1], "cetakan")
    assert NIK in row and json.loads(row)["tanda_tangan"]["nama"] == "SUGENG KADES"
    assert desa.count("SELECT count(*) FROM access_audit WHERE action = 'surat_dicetak'") == 1


def test_a_letter_without_a_block_says_that_its_number_is_of_an_own_series(desa: Desa, siti: Browser) -> None:
    shown = say(siti.get(issue(desa, siti)))
    assert f"001-{name_seri(own_log(desa.node).id)}" in shown and "Suratnya sah seperti yang lain" in shown


@pytest.mark.parametrize(("kertas", "size"), [("F4", (609, 935)), ("A4", (595, 842))])
def test_a_letter_is_printed_whole_on_the_paper_of_its_kind(
    desa: Desa, siti: Browser, kertas: str, size: tuple[int, int]
) -> None:
    with desa.node.database.read() as conn:
        shipped = find_jenis(conn, DESA, pick_kind(desa))
    assert shipped is not None
    desa.write(
        "templat_surat", slug=shipped.slug, nama=shipped.nama, judul=shipped.judul, isi=shipped.isi, kertas=kertas,
        aktif=True,
    )
    printed = PdfReader(BytesIO(siti.get(f"{issue(desa, siti)}/surat.pdf").data)).pages
    assert len(printed) == 1
    box = printed[0].mediabox
    assert (round(float(box.width)), round(float(box.height))) == size
    # Nothing stands beyond the edge of the smaller sheet: the signer, and the sentence under the QR.
    places: list[tuple[float, float]] = []

    def note(text: str, cm: list[float], tm: list[float], font: object, points: float) -> None:
        if text.strip():
            places.append((tm[4] * cm[0] + cm[4], tm[5] * cm[3] + cm[5]))

    printed[0].extract_text(visitor_text=note)
    assert places and all(0 < x < size[0] and 0 < y < size[1] for x, y in places)
    assert "SUGENG KADES" in printed[0].extract_text() and "Periksa" in printed[0].extract_text()


def read_paper(browser: Browser, letter: str) -> int:
    return round(float(PdfReader(BytesIO(browser.get(f"{letter}/surat.pdf").data)).pages[0].mediabox.height))


def test_the_office_sets_the_paper_of_all_letters_that_have_none_of_their_own(desa: Desa, siti: Browser) -> None:
    path, slug = "/surat/pengaturan", pick_kind(desa)
    before = issue(desa, siti)
    fields = read_form(siti.get(path), path)
    assert fields["kertas"] == "" and siti.post(path, {**fields, "kertas": "A9"}).status_code == 400
    siti.follow(siti.post(path, {**fields, "kertas": "A4"}))
    after = issue(desa, siti)
    assert (read_paper(siti, before), read_paper(siti, after)) == (935, 842), "what was issued stays"
    # The form of a template begins with the paper that holds; a paper of its own goes before.
    form = siti.get(f"/surat/templat/{slug}")
    assert re.search(r'<option value="A4" selected', form.text)
    with desa.node.database.read() as conn:
        shipped = find_jenis(conn, DESA, slug)
    assert shipped is not None and shipped.is_bawaan
    own = {"slug": slug, "nama": shipped.nama, "judul": shipped.judul, "isi": shipped.isi, "aktif": True}
    template = desa.write("templat_surat", **own)
    assert read_paper(siti, issue(desa, siti)) == 842
    desa.change("templat_surat", template, kertas="F4")
    assert read_paper(siti, issue(desa, siti)) == 935
    with desa.node.database.read() as conn:
        assert {one.kertas for one in list_jenis(conn, DESA)} == {"A4", "F4"}


def test_printed_data_stay_as_they_were(desa: Desa, siti: Browser) -> None:
    letter = issue(desa, siti)
    before = siti.get(f"{letter}/surat.pdf").data
    desa.change("penduduk", desa.ayah, nama="NAMA LAIN", tempat_lahir="PURBALINGGA", tanggal_lahir="1980-01-01",
                jenis_kelamin=1)
    assert siti.get(f"{letter}/surat.pdf").data == before and "KREYO SANTOSO" in say(siti.get(letter))


def test_only_who_may_approves_and_anybody_issues_what_is_approved(desa: Desa, siti: Browser) -> None:
    budi = desa.browser("budi")
    path = compose(desa, budi)
    page = say(budi.get(path))
    assert "Setujui" not in page and "Sudah saya periksa" in page
    assert budi.post(f"{path}/setujui").status_code == 403
    assert budi.post(f"{path}/terbit").status_code == 409
    budi.get(path)
    assert "sudah diperiksa" in say(budi.follow(budi.post(f"{path}/periksa")))
    siti.get(path)
    siti.post(f"{path}/setujui")
    budi.get(path)
    assert "sudah terbit" in say(budi.follow(budi.post(f"{path}/terbit")))
    budi.get(path)
    assert budi.post(f"{path}/terbit").status_code == 409, "once only"
    assert desa.count("SELECT count(*) FROM surat") == 1


def test_a_draft_goes_back_with_a_note_and_what_was_typed_stays(desa: Desa, siti: Browser) -> None:
    path = compose(desa, siti)
    siti.get(path)
    assert siti.post(f"{path}/kembalikan", catatan=" ").status_code == 409
    siti.get(path)
    page = say(siti.follow(siti.post(f"{path}/kembalikan", catatan="Keperluannya kurang jelas")))
    assert "dikembalikan" in page and "Keperluannya kurang jelas" in page
    assert "Keperluannya kurang jelas" in say(siti.get("/surat/"))


def test_an_approval_does_not_hold_for_what_was_changed_at_the_same_time(desa: Desa, siti: Browser) -> None:
    path = compose(desa, siti)
    siti.get(path)
    siti.post(f"{path}/setujui")
    # Another computer has changed the text and not seen the approval: other groups, so both stand.
    desa.change("konsep_surat", path.rsplit("/", 1)[1], keperluan="sesuatu yang lain")
    assert "konsep" in say(siti.get(path)) and siti.post(f"{path}/terbit").status_code == 409
    assert desa.count("SELECT count(*) FROM surat") == 0


def test_a_form_that_was_overtaken_is_not_saved_over(desa: Desa, siti: Browser) -> None:
    path = compose(desa, siti)
    fields = read_form(siti.get(f"{path}/ubah"), f"{path}/ubah")
    desa.change("konsep_surat", path.rsplit("/", 1)[1], keperluan="lebih cepat")
    answer = siti.post(f"{path}/ubah", {**fields, "keperluan": "ketikan saya"})
    assert answer.status_code == 409 and "ketikan saya" in answer.text
    siti.get(path)
    stale = siti.post(f"{path}/setujui", {"sidik": take_sidik({})})
    assert stale.status_code == 409 and "baru saja berubah" in say(stale)


def test_a_letter_for_somebody_who_is_no_resident(desa: Desa, siti: Browser) -> None:
    slug = pick_kind(desa)
    path = f"/surat/baru/{slug}/isi"
    fields = read_form(siti.get(path), path)
    answer = siti.post(path, {**fields, "nama": "", "keperluan": "melamar kerja"})
    assert answer.status_code == 400 and "wajib diisi" in say(answer) and "melamar kerja" in answer.text
    answer = siti.post(path, {**fields, "nama": "TAMU JAUH", "alamat": "Kota Lain", "tanggal_lahir": "01-02-1990"})
    page = say(siti.follow(answer))
    assert "TAMU JAUH" in page and "Kota Lain" in page and "1 Februari 1990" in page
    assert desa.value("konsep_surat", answer.headers["Location"].rsplit("/", 1)[1], "pemohon") is None


def test_warnings_for_the_dead_and_for_who_waits_for_verval(desa: Desa, siti: Browser) -> None:
    with desa.node.database.write() as conn:
        conn.execute("UPDATE penduduk SET konflik = 'nik' WHERE id = ?", (desa.ibu,))
    path = compose(desa, siti)
    desa.change("penduduk", desa.ayah, status_dasar=2, tanggal_status="2026-01-01", sebab_status=None)
    page = siti.get(path)
    assert "tercatat" in say(page) and "Pastikan suratnya memang untuk orang ini" in say(page)
    path = compose(desa, siti, person=desa.ibu)
    assert "menunggu verval" in say(siti.get(path))


def test_what_a_letter_is_about_is_no_surprise(desa: Desa, siti: Browser) -> None:
    """The letter of a death warns when the person is *not* dead; the letter of a move knows that he is gone."""
    surprise = "Pastikan suratnya memang untuk orang ini"
    page = say(siti.get(f"/surat/baru/keterangan-kematian/isi?penduduk={desa.ayah}"))
    assert "KREYO SANTOSO belum tercatat meninggal" in page and surprise not in page
    for status, about, others in (
        (2, "keterangan-kematian", ("keterangan-usaha", "keterangan-ahli-waris", "pengantar-pindah")),
        (3, "pengantar-pindah", ("keterangan-usaha", "keterangan-kelahiran")),
    ):
        desa.change("penduduk", desa.ayah, status_dasar=status)
        page = say(siti.get(f"/surat/baru/{about}/isi?penduduk={desa.ayah}"))
        assert surprise not in page and "belum tercatat meninggal" not in page, about
        for slug in others:
            assert surprise in say(siti.get(f"/surat/baru/{slug}/isi?penduduk={desa.ayah}")), slug


def test_without_a_signer_no_number_is_spent(desa: Desa, siti: Browser) -> None:
    with desa.node.database.read() as conn:
        office = conn.execute("SELECT id FROM desa").fetchone()[0]
    desa.change("desa", office, kepala_desa=None)
    path = compose(desa, siti)
    siti.get(path)
    answer = siti.post(f"{path}/setujui", terbit="1")
    assert answer.status_code == 409 and "Pengaturan surat" in say(answer)
    assert desa.count("SELECT count(*) FROM surat") == 0
    assert desa.count("SELECT count(*) FROM setting WHERE name LIKE 'nomor%'") == 0


def test_signing_in_the_name_of_the_kepala_desa(desa: Desa, siti: Browser) -> None:
    chief = desa.write("perangkat", nama="PAK KADES", jabatan="kades", boleh_tanda_tangan=True)
    clerk = desa.write("perangkat", nama="BU SEKDES", jabatan="sekdes", boleh_tanda_tangan=True, nip="19700101")
    desa.write("perangkat", nama="SUDAH PENSIUN", jabatan="kaur", boleh_tanda_tangan=True, sampai="2025-01-01")
    page = siti.get(f"/surat/baru/{pick_kind(desa)}/isi?penduduk={desa.ayah}")
    assert "PAK KADES" in page.text and "SUDAH PENSIUN" not in page.text
    path = compose(desa, siti, penandatangan=clerk, cara="langsung")
    assert say(siti.get(path)).count("bukan kepala desa") == 1, "said before anybody signs"
    answer = siti.post(f"{path}/setujui", terbit="1")
    assert answer.status_code == 409 and say(answer).count("bukan kepala desa") == 1
    fields = read_form(siti.get(f"{path}/ubah"), f"{path}/ubah")
    assert "bukan kepala desa" not in say(siti.follow(siti.post(f"{path}/ubah", {**fields, "cara": "an"})))
    letter = issue(desa, siti, path)
    shown = say(siti.get(letter))
    assert "a.n. Kepala Desa" in shown and "Sekretaris Desa" in shown and "BU SEKDES" in shown
    assert desa.value("surat", letter.rsplit("/", 1)[1], "penandatangan") == clerk != chief


# Issued letters.


def test_a_cancelled_letter_keeps_its_number(desa: Desa, siti: Browser) -> None:
    give_block(desa)
    letter = issue(desa, siti)
    siti.get(letter)
    assert siti.post(f"{letter}/batal", alasan=" ").status_code == 400
    page = say(siti.follow(siti.post(f"{letter}/batal", alasan="Salah orang")))
    assert "dibatalkan" in page and "Salah orang" in page
    other = issue(desa, siti)
    assert "/002/" in say(siti.get(other))
    agenda = say(siti.get("/surat/agenda/?tahun=2026"))
    assert "BATAL: Salah orang" in agenda


def read_main_button(page: Any) -> str:
    found = re.search(r'<div class="deret">\s*<a class="tombol" href="([^"]+)"', page.text)
    assert found
    return unescape(found[1])


def test_in_place_of_a_cancelled_letter_another_is_written_with_the_same_content(desa: Desa, siti: Browser) -> None:
    slug, path = "keterangan-jual-beli", "/surat/baru/keterangan-jual-beli/isi"
    told = {"isian_nama_pembeli": "PAK PEMBELI", "isian_nik_pembeli": NIK_ISTRI, "isian_alamat_pembeli": "JAUH",
            "isian_barang": "SAPI", "isian_rincian": "SEEKOR", "isian_harga": "15.000.000",
            "isian_tanggal_jual": "01-09-2026", "tujuan": "KUD", "syarat": "Fotokopi KK"}
    letter = issue(desa, siti, compose(desa, siti, slug, **told))
    assert read_main_button(siti.get(letter)).endswith("surat.pdf")
    siti.post(f"{letter}/batal", alasan="Salah harga")
    page = siti.get(letter)
    assert "Cetak bertanda BATAL" in say(page)
    form = siti.get(read_main_button(page))
    assert "Pengganti surat yang dibatalkan" in say(form) and NIK_ISTRI not in form.text
    fields = read_form(form, path)
    assert (fields["isian_barang"], fields["tujuan"], fields["keperluan"]) == ("SAPI", "KUD", "syarat bantuan modal")
    assert 'value="Fotokopi KK" checked' in form.text
    # Left alone, the masked number goes along; what was wrong is corrected.
    answer = siti.post(path, {**fields, "isian_harga": "14.000.000"})
    isian = json.loads(desa.value("konsep_surat", answer.headers["Location"].rsplit("/", 1)[1], "isian"))
    assert (isian["nik_pembeli"], isian["harga"], isian["nama_pembeli"]) == (NIK_ISTRI, 14_000_000, "PAK PEMBELI")
    # The content of a letter is not copied to another person or another kind.
    id = letter.rsplit("/", 1)[1]
    assert "SAPI" not in siti.get(f"{path}?penduduk={desa.ibu}&pengganti={id}").text
    assert "PAK PEMBELI" not in siti.get(f"/surat/baru/keterangan-usaha/isi?penduduk={desa.ayah}&pengganti={id}").text


def test_in_place_of_a_letter_for_somebody_from_elsewhere(desa: Desa, siti: Browser) -> None:
    letter = issue(desa, siti, compose(desa, siti, "pengantar-umum", person="", nama="TAMU", alamat="KOTA LAIN"))
    siti.post(f"{letter}/batal", alasan="Salah alamat")
    fields = read_form(siti.get(read_main_button(siti.get(letter))), "/surat/baru/pengantar-umum/isi")
    assert (fields["nama"], fields["alamat"]) == ("TAMU", "KOTA LAIN")


def test_letters_are_found_by_what_they_say_and_stand_on_the_page_of_their_person(desa: Desa, siti: Browser) -> None:
    # What the summary has no room for is found in the draft.
    purpose = f"syarat bantuan modal {'panjang ' * 40}ujung sekali"
    letter = issue(desa, siti, compose(desa, siti, tujuan="Camat Kaligondang", keperluan=purpose))
    number = desa.value("surat", letter.rsplit("/", 1)[1], "nomor")
    siti.get("/surat/")
    assert number in say(siti.follow(siti.post("/surat/cari", teks="kreyo")))
    desa.change("surat", letter.rsplit("/", 1)[1], tanggal_kirim="2026-09-22", penerima="BU LURAH")
    for text in ("bantuan modal", "camat kaligondang", "bu lurah", "ujung sekali"):
        siti.get("/surat/")
        assert number in say(siti.follow(siti.post("/surat/cari", teks=text))), text
    siti.get("/surat/")
    assert "0 surat cocok" in say(siti.follow(siti.post("/surat/cari", teks="100%")))
    page = say(siti.get(f"/penduduk/{desa.ayah}"))
    assert number in page and "Buat surat" in page
    assert f"penduduk={desa.ayah}" in siti.get(f"/surat/baru?penduduk={desa.ayah}").text


def test_the_kind_used_last_stands_first(desa: Desa, siti: Browser) -> None:
    assert "Terakhir dipakai" not in say(siti.get("/surat/baru"))
    compose(desa, siti)
    page = siti.get("/surat/baru").text
    slug = pick_kind(desa)
    assert "Terakhir dipakai" in page and page.index(slug) < page.index("Jenis lain")
    assert "usaha" in say(siti.get("/surat/baru?cari=usaha")).lower()


def test_two_letters_of_one_draft_offer_to_cancel_one(desa: Desa, siti: Browser) -> None:
    path = compose(desa, siti)
    letter = issue(desa, siti, path)
    desa.write(
        "surat", nomor="051/x/2026", urut=51, tahun=2026, jenis="uji", tanggal="2026-09-21",
        konsep=path.rsplit("/", 1)[1], catatan_log="b" * 32,
    )
    assert "terbit 2 kali" in say(siti.get(path))
    assert "Batalkan salah satu" in say(siti.get(letter))


def test_the_way_of_a_letter_and_its_scan(desa: Desa, siti: Browser) -> None:
    letter = issue(desa, siti)
    siti.get(letter)
    wrong = siti.post(f"{letter}/kirim", tanggal_kirim="", penerima="KUA")
    assert wrong.status_code == 400 and "KUA" in wrong.text
    siti.get(letter)
    siti.follow(siti.post(f"{letter}/kirim", tanggal_kirim="22-09-2026", penerima="KUA Kaligondang"))
    assert "KUA Kaligondang" in say(siti.get("/surat/agenda/?buku=ekspedisi&tahun=2026"))
    siti.get(letter)
    assert siti.post(f"{letter}/pindaian").status_code == 400
    siti.get(letter)
    siti.follow(siti.post(f"{letter}/pindaian", {"pindaian": (BytesIO(draw_crest()), "surat.png")}))
    assert siti.get(f"{letter}/pindaian?kecil=1").mimetype == "image/jpeg"
    assert list_looked_at(desa) == []
    assert siti.get(f"{letter}/pindaian").mimetype == "image/jpeg"
    number = desa.value("surat", letter.rsplit("/", 1)[1], "nomor")
    assert list_looked_at(desa) == [(desa.ayah, f"surat {number}")]


def list_looked_at(desa: Desa) -> list[tuple[str, str]]:
    """List the scans that somebody has looked at whole, as the audit has them."""
    with desa.node.database.read() as conn:
        return conn.execute(
            "SELECT subject, detail FROM access_audit WHERE action = 'pindaian_dilihat' ORDER BY no"
        ).fetchall()


# The books.


def test_letters_that_come_in_are_entered_with_scan_and_disposition(desa: Desa, siti: Browser) -> None:
    path = "/surat/masuk/tambah"
    fields = read_form(siti.get(path), path)
    wrong = {"pengirim": "", "isi_singkat": "Undangan rapat", "pindaian": (BytesIO(b"bukan gambar"), "a.png")}
    answer = siti.post(path, {**fields, **wrong})
    assert answer.status_code == 400 and "Undangan rapat" in answer.text
    (problems,) = re.findall(r'<div class="pesan pesan-salah".*?</div>', answer.text, re.S)
    assert '<a href="#pengirim">' in problems and "gambar" in problems
    fields |= {"pengirim": "Camat", "isi_singkat": "Undangan rapat", "nomor": "005/12", "tanggal_surat": "20-09-2026"}
    page = siti.follow(siti.post(path, {**fields, "pindaian": (BytesIO(draw_crest()), "a.png")}))
    assert "Undangan rapat" in say(page) and "Belum ada" in say(page)
    id = str(page.request.path).rsplit("/", 1)[1]
    assert siti.get(f"/surat/masuk/{id}/pindaian").mimetype == "image/jpeg"
    assert list_looked_at(desa) == [(id, "surat masuk")]
    edit = f"/surat/masuk/{id}/ubah"
    fields = read_form(siti.get(edit), edit)
    siti.follow(siti.post(edit, {**fields, "disposisi": "Hadir, kasi pemerintahan"}))
    assert "Hadir, kasi pemerintahan" in say(siti.get(f"/surat/masuk/{id}"))
    assert "Undangan rapat" in say(siti.get("/surat/agenda/?buku=masuk&tahun=2026"))
    issue(desa, siti)
    both = say(siti.get("/surat/agenda/?buku=semua&tahun=2026"))
    assert "Masuk" in both and "Keluar" in both and "Undangan rapat" in both


def test_gaps_of_the_agenda_are_said_in_words(desa: Desa, siti: Browser) -> None:
    give_block(desa)
    give_block(desa, 51, 100, log="b" * 32)
    issue(desa, siti)
    page = say(siti.get("/surat/agenda/?tahun=2026"))
    assert "002–050 Jatah Kantor (komputer ini), belum dipakai" in page
    assert "051–100 Jatah komputer lain, belum dipakai" in page


@pytest.mark.parametrize("book", ["keluar", "masuk", "semua", "ekspedisi"])
def test_every_book_is_a_spreadsheet_and_a_sheet(desa: Desa, siti: Browser, book: str) -> None:
    give_block(desa)
    issue(desa, siti)
    made = {}
    for form in ("pdf", "xlsx"):
        fields = read_form(siti.get(f"/surat/agenda/?buku={book}&tahun=2026"), "/surat/agenda/cetak")
        made[form] = siti.follow(siti.post("/surat/agenda/cetak", {**fields, "format": form}))
    assert made["pdf"].data.startswith(b"%PDF") and made["xlsx"].data.startswith(b"PK")
    name = "ekspedisi-2026.xlsx" if book == "ekspedisi" else f"agenda-{book}-2026.xlsx"
    assert name in made["xlsx"].headers["Content-Disposition"]
    assert desa.count("SELECT count(*) FROM access_audit WHERE subject = ?", f"agenda {book}") == 2


def test_a_book_of_letters_leaves_only_after_a_proof(desa: Desa, siti: Browser) -> None:
    desa.clock.now += 601
    siti.get("/surat/agenda/")
    asked = siti.post("/surat/agenda/cetak", buku="keluar", format="xlsx")
    assert asked.status_code == 401 and "Pastikan ini Anda" in say(asked)
    assert desa.count("SELECT count(*) FROM access_audit WHERE action = 'ekspor'") == 0
    assert siti.post("/surat/agenda/cetak", buku="keluar", format="exe", bukti_sandi=PASSWORD).status_code == 400


def test_the_pattern_of_numbers_is_the_offices_own(desa: Desa, siti: Browser) -> None:
    path = "/surat/pengaturan"
    fields = read_form(siti.get(path), path)
    answer = siti.post(path, {**fields, "pola_nomor": "[kode]/[tahun]"})
    assert answer.status_code == 400 and "[nomor]" in say(answer)
    siti.follow(siti.post(path, {**fields, "pola_nomor": "[nomor]/DS/[tahun]"}))
    give_block(desa)
    assert "001/DS/2026" in say(siti.get(issue(desa, siti)))
    assert desa.browser("budi").get(path).status_code == 403


def test_a_number_is_remembered_beside_the_database_before_the_paper_leaves(desa: Desa, siti: Browser) -> None:
    issue(desa, siti)
    log = own_log(desa.node)
    assert desa.node.anchor.load().heads[log.id][0] == log.size
    # The power fails between the writing and the anchor: printing makes up for it.
    with desa.node.database.read() as conn:
        letter = conn.execute("SELECT id FROM surat").fetchone()[0]
    desa.change("penduduk", desa.ibu, telepon="08123")
    siti.get(f"/surat/terbit/{letter}/surat.pdf")
    assert desa.node.anchor.load().heads[log.id][0] == own_log(desa.node).size


def test_a_case_about_a_letter_leads_to_it(desa: Desa, siti: Browser) -> None:
    letter = issue(desa, siti)
    id, case = letter.rsplit("/", 1)[1], desa.node.new_id()
    with desa.node.database.write() as conn:
        conn.execute(
            "INSERT INTO kasus (id, desa, kode, ringkasan, rekaman, status)"
            " VALUES (?, ?, 'V9', 'Nomor ganda', ?, 'baru')",
            (case, DESA, json.dumps([id])),
        )
    assert f"/surat/terbit/{id}" in siti.get(f"/tindakan/{case}").text


def test_another_resident_of_a_letter_is_searched_for_and_chosen(desa: Desa, siti: Browser) -> None:
    isian = [{"nama": "saksi", "label": "Saksi", "tipe": "penduduk", "wajib": True, "pilihan": []}]
    desa.write(
        "templat_surat", slug="dengan-saksi", nama="Surat dengan Saksi",
        isi="[nama] disaksikan [isian.saksi.nama]", isian=json.dumps(isian), aktif=True,
    )
    path = "/surat/baru/dengan-saksi/isi"
    fields = read_form(siti.get(f"{path}?penduduk={desa.ayah}"), path)
    for typed, said in (("", "cari lalu pilih"), ("zzzz", "tidak ada yang cocok"), ("3303", "pilih orangnya")):
        answer = siti.post(path, {**fields, "isian_saksi__cari": typed, "keperluan": "ketikan"})
        assert answer.status_code == 400 and said in say(answer) and "ketikan" in answer.text
    chosen = siti.post(path, {**fields, "isian_saksi__cari": "3303", "isian_saksi": desa.ibu})
    page = siti.follow(chosen)
    assert "KREYO SANTOSO disaksikan SITI AMINAH" in say(page)
    edit = f"{page.request.path}/ubah"
    again = read_form(siti.get(edit), edit)
    assert again["isian_saksi"] == desa.ibu
    siti.follow(siti.post(edit, {**again, "keperluan": "lain"}))
    assert "SITI AMINAH" in say(siti.get(page.request.path))


def test_no_command_writes_a_letter(desa: Desa) -> None:
    with pytest.raises(UserError) as told:
        COMMANDS["tulis"](desa.node, {"jenis": "surat", "nilai": {"nomor": "1"}}, lambda report: None)
    assert told.value.kode == "lewat_halaman"
