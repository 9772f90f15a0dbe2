"""Letters that come in: the number of the agenda is on paper, so nothing that is entered later moves it."""

from __future__ import annotations

import re
from html import unescape
from io import BytesIO
from typing import Any

from PIL import Image

from node.surat.urut_masuk import number_rows, read_agenda
from node.services import NodeServices
from shared.store.entries import Entry
from shared.store.records import load_history
from tests.node_app.test_pages_conflict import open_browser
from tests.node_app.test_pages_kit import Browser, Desa, both, read_form, read_text
from tests.support.federation import DESA, Federation
from tests.support.office import create, update
from tests.support.papers import draw_page, make_scan
from tests.support.pictures import draw_crest

ADD = "/surat/masuk/tambah"
BOOK = "/surat/agenda/?buku=masuk&tahun=2026"


def say(answer: Any) -> str:
    return " ".join(read_text(answer).split())


def enter(browser: Browser, day: str, text: str, **typed: str) -> str:
    """Enter a letter; return its path."""
    fields = read_form(browser.get(ADD), ADD)
    fields |= {"tanggal_terima": day, "pengirim": "CAMAT", "isi_singkat": text, **typed}
    answer = browser.post(ADD, fields)
    assert answer.status_code == 303, say(answer)
    return str(answer.headers["Location"]).replace("http://localhost", "")


def read_book(browser: Browser, address: str = BOOK) -> list[tuple[str, str]]:
    """Read number and text of every line of a book."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", browser.get(address).text, re.S)[1:]
    cells = [[unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<td.*?</td>", row, re.S)] for row in rows]
    return [(row[0], row[-2]) for row in cells]


def read_history(node: NodeServices, path: str) -> list[Entry]:
    with node.database.read() as conn:
        return load_history(conn, node.catalogue, DESA, path.rsplit("/", 1)[1])


def test_a_letter_entered_late_moves_no_number_that_is_on_paper(desa: Desa, siti: Browser) -> None:
    first, second = enter(siti, "10-09-2026", "SATU"), enter(siti, "15-09-2026", "DUA")
    assert "dengan nomor 2" in say(siti.get(second))
    late = enter(siti, "12-09-2026", "SUSULAN")
    assert read_book(siti) == [("1", "SATU"), ("2", "DUA"), ("3", "SUSULAN")]
    assert "Nomor agenda 3 (tahun 2026)" in say(siti.get(late))
    # A corrected day moves nothing either, and another year begins at 1.
    edit = f"{first}/ubah"
    siti.follow(siti.post(edit, {**read_form(siti.get(edit), edit), "tanggal_terima": "20-09-2026"}))
    enter(siti, "30-12-2025", "TAHUN LALU")
    assert read_book(siti) == [("1", "SATU"), ("2", "DUA"), ("3", "SUSULAN")]
    assert read_book(siti, "/surat/agenda/?buku=masuk&tahun=2025") == [("1", "TAHUN LALU")]
    both_books = read_book(siti, "/surat/agenda/?buku=semua&tahun=2026")
    assert both_books == [("3", "SUSULAN"), ("2", "DUA"), ("1", "SATU")], "by date, under their own numbers"


def test_a_letter_does_not_go_to_the_agenda_of_another_year(desa: Desa, siti: Browser) -> None:
    edit = enter(siti, "10-09-2026", "SATU") + "/ubah"
    answer = siti.post(edit, {**read_form(siti.get(edit), edit), "tanggal_terima": "10-09-2025"})
    assert answer.status_code == 400 and "sudah diberikan di agenda tahun 2026" in say(answer)
    # A letter that another program has moved stays where its number is, and can be edited.
    desa.change("surat_masuk", edit.split("/")[3], tanggal_terima="2025-09-10")
    siti.follow(siti.post(edit, {**read_form(siti.get(edit), edit), "disposisi": "Arsipkan"}))
    assert read_book(siti) == [("1", "SATU")]


def test_a_deleted_letter_leaves_a_struck_line_with_its_number_and_comes_back(desa: Desa, siti: Browser) -> None:
    first = enter(siti, "10-09-2026", "SATU")
    path = enter(siti, "15-09-2026", "DUA")
    siti.get(path)
    wrong = siti.post(f"{path}/hapus", alasan=" ")
    assert wrong.status_code == 400 and "Tuliskan dulu alasannya" in say(wrong)
    page = siti.follow(siti.post(f"{path}/hapus", alasan="Tercatat dua kali"))
    assert "sudah dihapus: Tercatat dua kali" in say(page) and "Kembalikan" in say(page)
    assert siti.get(f"{path}/ubah").status_code == 404
    enter(siti, "16-09-2026", "TIGA")
    assert read_book(siti) == [("1", "SATU"), ("2", "DUA"), ("3", "TIGA")]
    book = siti.get(BOOK)
    assert book.text.count('class="coret"') == 1 and "DIHAPUS: Tercatat dua kali" in say(book)
    assert "Dihapus: Tercatat dua kali" in say(siti.get("/surat/masuk/?tahun=2026"))
    siti.get(path)
    assert "dengan nomor agendanya yang dulu" in say(siti.follow(siti.post(f"{path}/kembalikan")))
    assert read_book(siti) == [("1", "SATU"), ("2", "DUA"), ("3", "TIGA")]
    assert 'class="coret"' not in siti.get(BOOK).text
    assert siti.get(first).status_code == 200 and siti.get(f"/surat/masuk/{desa.ayah}").status_code == 404


def test_letters_from_before_keep_their_place_among_each_other(desa: Desa, siti: Browser) -> None:
    old = {"pengirim": "CAMAT"}
    desa.write("surat_masuk", tanggal_terima="2026-09-10", isi_singkat="LAMA A", **old)
    gone = desa.write("surat_masuk", tanggal_terima="2026-09-01", isi_singkat="LAMA B", **old)
    moved = desa.write("surat_masuk", tanggal_terima="2026-09-05", isi_singkat="LAMA C", **old)
    enter(siti, "02-09-2026", "BARU")
    lines = [("1", "LAMA A"), ("2", "LAMA B"), ("3", "LAMA C"), ("4", "BARU")]
    assert read_book(siti) == lines
    siti.get(f"/surat/masuk/{gone}")
    siti.follow(siti.post(f"/surat/masuk/{gone}/hapus", alasan="Salah"))
    desa.change("surat_masuk", moved, tanggal_terima="2026-09-30", nomor=None, tanggal_surat=None,
                isi_singkat="LAMA C", **old)
    assert read_book(siti) == lines


def test_two_computers_that_gave_one_number_both_keep_it_with_their_names(dunia: Federation) -> None:
    kantor, laptop = both(dunia)
    office, home = open_browser(kantor), open_browser(laptop, "budi")
    paths = [enter(office, "10-09-2026", "SATU")]
    dunia.sync_all()
    paths += [enter(office, "12-09-2026", "DI KANTOR"), enter(home, "11-09-2026", "DI LAPTOP")]
    dunia.sync_all()
    books = [read_book(browser) for browser in (office, home)]
    assert books[0] == books[1]
    assert sorted(books[0]) == [("1", "SATU"), ("2 · kantor", "DI KANTOR"), ("2 · laptop", "DI LAPTOP")]
    enter(home, "13-09-2026", "SESUDAHNYA")
    assert ("3", "SESUDAHNYA") in read_book(home)
    # The letter itself is written so that a computer with an older program has it at once.
    versions = [entry.header.kind_version for entry in read_history(kantor, paths[0])]
    assert versions == [1, 2]
    with laptop.database.read() as conn:
        assert [line.urut for line in read_agenda(laptop, conn, 2026)] == [1, 2, 2, 3]


def test_numbers_go_on_behind_those_of_an_older_program(dunia: Federation) -> None:
    kantor, laptop = both(dunia)
    office = open_browser(kantor)
    enter(office, "10-09-2026", "SATU")
    old = create(laptop, "surat_masuk", tanggal_terima="2026-09-11", pengirim="CAMAT", isi_singkat="LAMA")
    dunia.sync_all()
    enter(office, "12-09-2026", "DUA")
    lines = sorted(read_book(office))
    assert lines == [("1 · kantor", "SATU"), ("1 · laptop", "LAMA"), ("2", "DUA")]
    update(laptop, old, of="surat_masuk", disposisi="Arsipkan")
    dunia.sync_all()
    assert sorted(read_book(office)) == lines


def test_a_year_without_letters_has_no_number() -> None:
    assert number_rows([]) == {}


def test_the_line_of_a_letter_in_the_book_of_expedition_keeps_the_number_of_the_letter(
    desa: Desa, siti: Browser
) -> None:
    letters = [
        desa.write("surat", nomor=f"400/{at:03d}/IX/2026", urut=at, tahun=2026, jenis="uji", tanggal="2026-09-01",
                   tujuan="CAMAT", ringkasan=f"SURAT {at}", tanggal_kirim=f"2026-09-{10 - at:02d}")
        for at in (1, 2, 3)
    ]
    address = "/surat/agenda/?buku=ekspedisi&tahun=2026"
    numbers = [row[0] for row in read_book(siti, address)]
    assert numbers == ["003", "002", "001"]
    desa.change("surat", letters[2], tanggal_kirim="2026-09-30")
    assert [row[0] for row in read_book(siti, address)] == ["002", "001", "003"]


def test_letters_that_came_in_are_found_in_all_years_and_nothing_stands_in_the_address(
    desa: Desa, siti: Browser
) -> None:
    first = enter(siti, "10-09-2024", "UNDANGAN RAKOR", nomor="005/12", pengirim="CAMAT KALIGONDANG")
    second = enter(siti, "11-09-2026", "PERMINTAAN DATA 100%", disposisi="Kasi Pemerintahan", keterangan="segera")
    for text, paths in (
        ("rakor", [first]), ("005/12", [first]), ("kaligondang", [first]), ("kasi  pemerintahan", [second]),
        ("SEGERA", [second]), ("CAMAT", [second, first]), ("100%", [second]), ("0_5", []), ("tidak ada", []),
    ):
        siti.get("/surat/masuk/")
        answer = siti.post("/surat/masuk/cari", teks=text)
        assert text.split()[0] not in answer.headers["Location"]
        page = siti.follow(answer)
        assert re.findall(r'href="(/surat/masuk/[0-9a-f-]{36})"', page.text) == paths, text
        assert f"{len(paths)} surat dari semua tahun cocok" in say(page)
    siti.get("/surat/masuk/")
    assert "005/12" not in siti.follow(siti.post("/surat/masuk/cari", teks=" ")).text


def test_a_scan_of_several_pages_is_kept_from_a_pdf_or_several_pictures(desa: Desa, siti: Browser) -> None:
    # Small enough for the test client, which leaves larger uploads open in files.
    scan = make_scan([draw_page(at, lines=9).resize((827, 1170)) for at in (1, 2)])
    assert len(scan) < 400_000
    fields = read_form(siti.get(ADD), ADD) | {"pengirim": "CAMAT", "isi_singkat": "DUA HALAMAN"}
    wrong = siti.post(ADD, {**fields, "pindaian": (BytesIO(scan[:300]), "surat.pdf")})
    assert wrong.status_code == 400 and "tidak dapat dibaca" in say(wrong) and "DUA HALAMAN" in wrong.text
    path = siti.follow(siti.post(ADD, {**fields, "pindaian": (BytesIO(scan), "surat.pdf")})).request.path
    shown = Image.open(BytesIO(siti.get(f"{path}/pindaian").data))
    assert shown.format == "JPEG" and shown.height > 2 * shown.width
    page = siti.get(path)
    assert "multiple" in page.text and "application/pdf" in page.text and "PDF hasil pindai" in say(page)
    files = [(BytesIO(draw_crest()), "1.png"), (BytesIO(draw_crest()), "2.png"), (BytesIO(scan), "3.pdf")]
    siti.follow(siti.post(f"{path}/pindaian", {"pindaian": files}))
    assert Image.open(BytesIO(siti.get(f"{path}/pindaian").data)).height > 3 * 700
    siti.get(path)
    many = siti.post(f"{path}/pindaian", {"pindaian": [(BytesIO(draw_crest()), f"{at}.png") for at in range(7)]})
    assert many.status_code == 400 and "paling banyak 6" in say(many)
    # The signed paper of an issued letter is taken in the same way.
    letter = f"/surat/terbit/{desa.write('surat', nomor='1', urut=1, tahun=2026, jenis='uji', tanggal='2026-09-01')}"
    siti.get(letter)
    siti.follow(siti.post(f"{letter}/pindaian", {"pindaian": (BytesIO(scan), "surat.pdf")}))
    assert siti.get(f"{letter}/pindaian").mimetype == "image/jpeg"


def test_many_letters_are_found_page_by_page(desa: Desa, siti: Browser) -> None:
    for at in range(27):
        desa.write("surat_masuk", tanggal_terima=f"2026-08-{at + 1:02d}", pengirim="CAMAT", isi_singkat=f"SURAT {at}.")
    siti.get("/surat/masuk/")
    page = siti.follow(siti.post("/surat/masuk/cari", teks="surat"))
    assert "27 surat" in say(page) and "SURAT 26." in page.text and "SURAT 1." not in page.text
    (more,) = set(re.findall(r'href="([^"]*hal=2[^"]*)"', page.text))
    assert "SURAT 1." in siti.get(unescape(more)).text
