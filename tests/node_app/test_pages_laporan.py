"""The monthly report and the books on the screens of the village: every number opens its names, closing, files."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from io import BytesIO

import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from node.laporan import books, cetak
from node.laporan.buku import BUKU, Entri, Pilihan, Sumber
from node.laporan.closing import mark
from shared.lampid.book import B3, make_long, make_short
from shared.lampid.cells import Pilih
from shared.lampid.report import Kolom
from shared.pdf import apart, book
from tests.node_app.test_pages_desa import finish_jobs
from tests.node_app.test_pages_kit import NIK, Browser, Desa, read_form, read_text
from tests.support.lampid import close, end_month, happen, months

BULAN = "2026-09"
"""The month of the clock of the tests."""


def live_through(desa: Desa) -> None:
    """A closed month, and one with all there is: late, voided, corrected, born, moved, missing."""
    gone, death = happen(desa.node, "datang", "2026-08-03", jenis_kelamin=1, dusun=desa.dusun)
    _, death = happen(desa.node, "mati", "2026-08-20", gone)
    close(desa.node, "2026-08")
    happen(desa.node, "batal", "2026-09-02", gone, dibatalkan=death, status_dasar=1)
    happen(desa.node, "lahir", "2026-08-30", jenis_kelamin=2, dusun=desa.dusun)
    happen(desa.node, "datang", "2026-09-03", jenis_kelamin=1, warganegara=2, hubungan=1)
    happen(desa.node, "pindah", "2026-09-04", desa.lajang)
    missing, _ = happen(desa.node, "datang", "2026-09-05", jenis_kelamin=1, dusun=desa.dusun)
    happen(desa.node, "hilang", "2026-09-06", missing)
    desa.change("penduduk", desa.anak, jenis_kelamin=2, nama="ANAK", tempat_lahir=None, tanggal_lahir=None)


def count_lines(browser: Browser, address: str) -> tuple[int, int]:
    """Sum the signs of all lines behind an address, over its pages; also give the number that it states."""
    stated = total = 0
    page, pages = 1, 1
    while page <= pages:
        html = browser.get(f"{address}&hal={page}").text
        found = re.search(r'class="jumlah">(−?[0-9.]+)<', html)
        assert found, address
        stated = int(found[1].replace(".", "").replace("−", "-"))
        of = re.search(r"Halaman [0-9.]+ dari ([0-9.]+)", html)
        pages = int(of[1].replace(".", "")) if of else 1
        total += html.count(">+1</td>") - html.count(">−1</td>")
        page += 1
    return total, stated


@pytest.mark.parametrize("bulan", ["2026-08", BULAN])
def test_every_number_of_a_month_opens_the_names_it_counts(desa: Desa, bulan: str) -> None:
    live_through(desa)
    browser = desa.browser("budi")
    html = unescape(browser.get(f"/laporan/{bulan}").text)
    links = re.findall(r'<td><a href="(/laporan/[^"]+/nama[^"]*)">(−?[0-9.]+)</a>', html)
    assert len(links) > (60 if bulan == BULAN else 40)
    for address, shown in set(links):
        number = int(shown.replace(".", "").replace("−", "-"))
        assert count_lines(browser, address) == (number, number), address


def test_the_month_shows_what_came_late_what_was_voided_and_what_was_corrected(desa: Desa) -> None:
    live_through(desa)
    laporan = months(desa.node)[BULAN]
    short = {row.judul: [angka.nilai for angka in row.angka] for row in make_short(laporan)}
    assert short["Kematian"][6] == -1 and short["Kelahiran"][6] == 1 and short["Hilang"][6] == 1
    assert short["Pembetulan"][4:7] == [-1, 1, 0]
    _, total = make_long(laporan)
    assert total.ket == "hilang 1; terlambat 1; pembetulan +1 −1" or "terlambat 1" in total.ket
    page = read_text(desa.browser().get(f"/laporan/{BULAN}"))
    assert "terlambat" in page and "1 peristiwa" in page


def test_a_month_is_closed_as_it_was_seen_and_not_otherwise(desa: Desa) -> None:
    end_month(desa.clock, BULAN)
    browser = desa.browser("siti")
    page = browser.get(f"/laporan/{BULAN}/tutup")
    assert "keadaan awal" in page.text and "nihil" in page.text and "hari terakhir bulan ini" in page.text
    seen = re.search(r'name="dilihat" value="(\w+)"', page.text)
    assert seen
    assert browser.post(f"/laporan/{BULAN}/tutup", dilihat=seen[1]).status_code == 400
    happen(desa.node, "pindah", "2026-09-04", desa.lajang)
    answer = browser.post(f"/laporan/{BULAN}/tutup", dilihat=seen[1], benar="1")
    assert answer.status_code == 409 and "Angkanya berubah" in answer.text
    assert desa.count("SELECT count(*) FROM laporan_lampid") == 0
    again = re.search(r'name="dilihat" value="(\w+)"', answer.text)
    assert again
    done = browser.follow(browser.post(f"/laporan/{BULAN}/tutup", dilihat=again[1], benar="1"))
    assert "sudah ditutup" in done.text
    assert desa.value("laporan_lampid", _only(desa), "nihil") == 0
    assert desa.count("SELECT count(*) FROM access_audit WHERE action = 'lampid_ditutup'") == 1


def _only(desa: Desa) -> str:
    with desa.node.database.read() as conn:
        (row,) = conn.execute("SELECT id FROM laporan_lampid").fetchall()
    return str(row[0])


def test_a_month_without_events_is_a_report_of_nothing(desa: Desa) -> None:
    assert close(desa.node, BULAN).is_nihil
    assert desa.value("laporan_lampid", _only(desa), "nihil") == 1
    assert "nihil" in read_text(desa.browser().get("/laporan/"))


def test_months_are_closed_in_order(desa: Desa) -> None:
    happen(desa.node, "pindah", "2026-07-04", desa.lajang)
    close(desa.node, "2026-07")
    browser = desa.browser()
    page = read_text(browser.get(f"/laporan/{BULAN}/tutup"))
    assert "Tutup dulu Agustus 2026" in page
    assert browser.post(f"/laporan/{BULAN}/tutup", benar="1", dilihat="x").status_code == 409


def test_a_month_that_runs_is_not_closed_before_its_last_day(desa: Desa) -> None:
    close(desa.node, "2026-08")
    browser = desa.browser()
    page = read_text(browser.get(f"/laporan/{BULAN}"))
    assert "Tutup mulai tanggal 30-09-2026; menurut komputer ini hari ini 21-09-2026" in page
    assert f"/laporan/{BULAN}/tutup" not in browser.get(f"/laporan/{BULAN}").text
    assert "September 2026 belum habis" in read_text(browser.get(f"/laporan/{BULAN}/tutup"))
    answer = browser.post(f"/laporan/{BULAN}/tutup", benar="1", dilihat=mark(months(desa.node)[BULAN]))
    assert answer.status_code == 409 and "September 2026 belum habis" in answer.text
    assert desa.count("SELECT count(*) FROM laporan_lampid") == 1
    end_month(desa.clock, BULAN)
    close(desa.node, BULAN)
    assert desa.count("SELECT count(*) FROM laporan_lampid") == 2


def test_a_first_report_that_passes_over_events_is_asked_about(desa: Desa) -> None:
    happen(desa.node, "datang", "2026-07-04", jenis_kelamin=1, dusun=desa.dusun)
    happen(desa.node, "pindah", "2026-08-05", desa.lajang)
    end_month(desa.clock, BULAN)
    browser = desa.browser()
    page = browser.get(f"/laporan/{BULAN}/tutup")
    text = " ".join(read_text(page).split())
    assert "Juli 2026 : 1 peristiwa" in text and "Agustus 2026 : 1 peristiwa" in text and "Tutup Juli 2026 dulu" in text
    assert 'href="/laporan/2026-07/tutup"' in page.text
    seen = re.search(r'name="dilihat" value="(\w+)"', page.text)
    assert seen
    refused = browser.post(f"/laporan/{BULAN}/tutup", dilihat=seen[1], benar="1")
    assert refused.status_code == 400 and "dimulai dari September 2026" in read_text(refused)
    assert "Ada bulan sebelumnya" not in browser.get("/laporan/2026-07/tutup").text
    browser.get(f"/laporan/{BULAN}/tutup")
    browser.follow(browser.post(f"/laporan/{BULAN}/tutup", dilihat=seen[1], benar="1", mulai="1"))
    assert months(desa.node)[BULAN].is_nihil


def test_a_deleted_duplicate_keeps_its_name_behind_the_correction(desa: Desa) -> None:
    close(desa.node, "2026-08")
    browser = desa.browser()
    browser.get(f"/penduduk/{desa.lajang}/hapus")
    browser.post(f"/penduduk/{desa.lajang}/hapus", alasan="ganda")
    nama = desa.count("SELECT count(*) FROM penduduk WHERE id = ?", desa.lajang)
    page = read_text(browser.get(f"/laporan/{BULAN}/nama?angka=pembetulan"))
    assert nama == 0 and "−1" in page and "Dihapus" in page and "Nama tidak tersimpan" not in page


def test_the_book_as_a_file_has_33_columns_and_the_numbers_of_the_screen(desa: Desa) -> None:
    live_through(desa)
    browser = desa.browser()
    browser.get(f"/laporan/{BULAN}")
    answer = browser.follow(browser.post(f"/laporan/{BULAN}/cetak", format="xlsx"))
    rows = CalamineWorkbook.from_filelike(BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    numbered = next(at for at, row in enumerate(rows) if row[:3] == [1.0, 2.0, 3.0])
    assert rows[numbered] == [float(at) for at in range(1, 34)] and len(B3.kolom) == 33
    _, total = make_long(months(desa.node)[BULAN])
    last = next(row for row in rows if row[1] == "Jumlah")
    assert last[2:32] == [float(angka.nilai) for angka in total.angka]
    pdf = browser.follow(browser.post(f"/laporan/{BULAN}/cetak", format="pdf"))
    assert pdf.data.startswith(b"%PDF") and pdf.mimetype == "application/pdf"


@pytest.mark.parametrize(("kode", "columns"), [("b1", 16), ("b2", 13), ("b4", 15), ("b5", 19)])
def test_a_book_has_the_columns_of_the_regulation_and_masks_numbers_on_the_screen(
    desa: Desa, kode: str, columns: int
) -> None:
    live_through(desa)
    desa.change("penduduk", desa.ayah, status_tinggal="tidak_tetap" if kode == "b4" else "tetap")
    browser = desa.browser()
    html = browser.get(f"/laporan/buku/{kode}").text
    assert f"<td>{columns}</td></tr></thead>" in html and f"<td>{columns + 1}</td></tr></thead>" not in html
    assert NIK not in html
    answer = browser.follow(browser.post(f"/laporan/buku/{kode}/cetak", format="xlsx"))
    rows = CalamineWorkbook.from_filelike(BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert (NIK in str(rows)) is (kode != "b2")
    assert desa.count("SELECT count(*) FROM access_audit WHERE action = 'buku_dicetak' AND detail LIKE '%orang'") == 1


def test_what_the_form_says_of_letters_and_ktp_stands_in_the_books(desa: Desa) -> None:
    browser = desa.browser()
    form = read_form(browser.get(f"/penduduk/{desa.ayah}/ubah"), f"/penduduk/{desa.ayah}/ubah")
    typed = {"membaca": "4", "tempat_cetak_ktp": "PURBALINGGA", "tanggal_cetak_ktp": "17-08-2013"}
    assert typed.keys() <= form.keys()
    browser.follow(browser.post(f"/penduduk/{desa.ayah}/ubah", {**form, **typed}))
    assert "Arab dan Latin" in read_text(browser.get(f"/penduduk/{desa.ayah}"))
    for kode, column, word in (("b1", "Dapat membaca huruf", "AL"),
                               ("b5", "Tempat dan tanggal dikeluarkan", "PURBALINGGA, 17-08-2013")):
        browser.get(f"/laporan/buku/{kode}")
        answer = browser.follow(browser.post(f"/laporan/buku/{kode}/cetak", format="xlsx"))
        rows = CalamineWorkbook.from_filelike(BytesIO(answer.data)).get_sheet_by_index(0).to_python()
        at = next(row.index(column) for row in rows if column in row)
        written = [row[at] for row in rows if isinstance(row[0], float) and row[0] > 0 and row[2] != 3.0]
        assert sorted(written, key=str) == ["", "", "", word], (kode, written)


def test_numbers_of_a_book_are_opened_with_a_purpose_and_logged(desa: Desa) -> None:
    browser = desa.browser()
    browser.get("/laporan/buku/b1")
    browser.post("/laporan/buku/b1/tampilkan", keperluan="")
    assert NIK not in browser.get("/laporan/buku/b1").text
    browser.post("/laporan/buku/b1/tampilkan", keperluan="laporan")
    assert NIK in browser.get("/laporan/buku/b1").text
    told = "SELECT action FROM access_audit WHERE subject = 'Buku B.1' ORDER BY no"
    with desa.node.database.read() as conn:
        assert [row[0] for row in conn.execute(told)] == ["daftar_dibuka", "nik_ditampilkan"]
    browser.post("/laporan/buku/b1/tutup")
    assert NIK not in browser.get("/laporan/buku/b1").text


def test_the_pages_of_a_book_are_gathered_once_until_something_is_written(
    desa: Desa, monkeypatch: pytest.MonkeyPatch
) -> None:
    gathered: list[dict[str, str]] = []
    real = BUKU["b1"]

    def gather(source: Sumber, chosen: Pilihan) -> Sequence[Entri]:
        gathered.append(dict(chosen))
        return real.gather(source, chosen)

    monkeypatch.setattr(books, "BUKU", {"b1": replace(real, gather=gather)})
    monkeypatch.setattr(books, "PAGE_ROWS", 1)
    browser = desa.browser()
    before = read_text(browser.get("/laporan/buku/b1"))
    gathered.clear()  # the first look has left a row in the audit
    second = read_text(browser.get("/laporan/buku/b1?hal=2"))
    assert second != before and read_text(browser.get("/laporan/buku/b1?hal=1")) == before
    assert len(gathered) == 1
    browser.get("/laporan/buku/b1?dusun=tidak-ada")
    assert gathered[1:] == [{"dusun": "tidak-ada"}]
    desa.change("penduduk", desa.ayah, nama="NAMA YANG BARU")
    shown = " ".join(read_text(browser.get(f"/laporan/buku/b1?hal={page}")) for page in (1, 2, 3, 4))
    assert "NAMA YANG BARU" in shown


@pytest.fixture
def long_from_4_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (books, cetak, book):
        monkeypatch.setattr(module, "ROWS_AT_ONCE_MAX", 3)


@pytest.mark.usefixtures("long_from_4_rows")
def test_a_long_book_is_one_pdf_made_behind_a_page(desa: Desa, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, real = threading.Event(), book.join_apart
    monkeypatch.setattr(book, "join_apart", lambda parts, pages: go_on.wait(30) and real(parts, pages))
    browser, other = desa.browser(), desa.browser("budi")
    assert "Buku ini panjang" in read_text(browser.get("/laporan/buku/b1"))
    address = browser.post("/laporan/buku/b1/cetak", format="pdf").headers["Location"]
    waiting = browser.get(address)
    assert 'http-equiv="refresh"' in waiting.text and "Menyiapkan buku" in read_text(waiting)
    token = address.rpartition("/")[2]
    fetched = f"/laporan/berkas/{token}"
    assert browser.get(fetched).headers["Location"] == address, "not yet ready"
    # A second push of the button leads to the first one's page; anybody else is told to wait.
    browser.get("/laporan/buku/b1")
    again = browser.post("/laporan/buku/b1/cetak", format="pdf")
    assert again.headers["Location"] == address and "masih disiapkan" in read_text(browser.get(address))
    other.get("/laporan/buku/b1")
    assert "masih berjalan" in read_text(other.post("/laporan/buku/b1/cetak", format="pdf"))
    go_on.set()
    finish_jobs(desa)
    ready = browser.get(address)
    assert "Buku sudah siap" in read_text(ready) and fetched in ready.text and "refresh" not in ready.text
    answer = browser.get(fetched)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="buku-b1-2026-09-21.pdf"'
    pages = [page.extract_text() for page in PdfReader(BytesIO(answer.data)).pages]
    assert len(pages) == 2 and [name in text for text in pages for name in ("KREYO SANTOSO", "Mengetahui")] == [
        True, False, False, True
    ]
    assert other.get(address).status_code == other.get(fetched).status_code == 400
    audit = "SELECT count(*) FROM access_audit WHERE action = 'buku_dicetak' AND detail = 'pdf, 4 orang'"
    assert desa.count(audit) == 1


@pytest.mark.usefixtures("long_from_4_rows")
def test_a_long_book_that_fails_says_so_and_leaves_no_file(desa: Desa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_CODE", "raise SystemExit(1)")
    browser = desa.browser()
    browser.get("/laporan/buku/b1")
    address = browser.post("/laporan/buku/b1/cetak", format="pdf").headers["Location"]
    finish_jobs(desa)
    assert browser.get(address.replace("cetakan", "berkas")).headers["Location"] == address
    assert "pekerjaan ini berhenti" in read_text(browser.follow(browser.get(address)))
    assert browser.get("/laporan/cetakan/0123456789abcdef").status_code == 400


def test_the_book_of_changes_leaves_out_what_was_taken_back(desa: Desa) -> None:
    _, moved = happen(desa.node, "pindah", "2026-09-04", desa.lajang, alamat_lain="Desa Jauh")
    browser = desa.browser()
    assert "Desa Jauh" in browser.get("/laporan/buku/b2").text
    happen(desa.node, "batal", "2026-09-05", desa.lajang, dibatalkan=moved, status_dasar=1)
    assert "Desa Jauh" not in browser.get("/laporan/buku/b2").text


def test_books_and_month_agree_about_who_only_stays_for_a_while(desa: Desa) -> None:
    close(desa.node, "2026-08")
    browser = desa.browser("siti")
    path = "/peristiwa/catat/datang"
    form = read_form(browser.get(path), path)
    assert form["o0-status_tinggal"] == "tetap"
    for at, (nama, stays) in enumerate((("PONDOKAN", "tidak_tetap"), ("WARGA BARU", "tetap"))):
        browser.get(path)
        answer = browser.post(path, form | {
            "tanggal_peristiwa": "05-09-2026", "tujuan": "baru", "dusun": desa.dusun, "alamat": "JL. BARU",
            "o0-nama": nama, "o0-jenis_kelamin": "1", "o0-tanggal_lahir": f"0{at + 1}-02-1990",
            "o0-status_tinggal": stays,
        })
        shown = " ".join(read_text(browser.follow(answer)).split())
        assert ("tidak terhitung di laporan bulanan" in shown) is (at == 0)
    _check_books(desa, browser, lodgers=1, datang=1, pembetulan=0)
    lodger = _find(desa, "PONDOKAN")
    happen(desa.node, "pindah", f"{BULAN}-20", lodger)
    _check_books(desa, browser, lodgers=1, datang=1, pembetulan=0)
    # Whoever is found to be permanent has come, and left; whoever is not any more is a correction with his name.
    desa.change("penduduk", lodger, status_tinggal="tetap")
    desa.change("penduduk", desa.lajang, status_tinggal="tidak_tetap")
    _check_books(desa, browser, lodgers=1, datang=2, pembetulan=-1)
    page = read_text(browser.get(f"/laporan/{BULAN}/nama?angka=pembetulan"))
    assert "WATI LESTARI" in page and "kini penduduk tidak tetap" in page
    close(desa.node, BULAN)
    desa.change("penduduk", desa.lajang, status_tinggal="tetap")
    (back,) = months(desa.node)["2026-10"].gerak
    assert (back.penduduk, back.kolom, back.akibat) == (desa.lajang, Kolom.PEMBETULAN, 1)


def _find(desa: Desa, nama: str) -> str:
    with desa.node.database.read() as conn:
        return str(conn.execute("SELECT id FROM penduduk WHERE nama = ?", (nama,)).fetchone()[0])


def _check_books(desa: Desa, browser: Browser, *, lodgers: int, datang: int, pembetulan: int) -> None:
    """B.1 has whom B.3 counts at its end, B.2 the events that it counts, B.4 the rest; and the month adds up."""
    laporan, sizes = months(desa.node)[BULAN], {}
    for kode in ("b1", "b2", "b4"):
        browser.get(f"/laporan/buku/{kode}")
        answer = browser.follow(browser.post(f"/laporan/buku/{kode}/cetak", format="xlsx"))
        rows = CalamineWorkbook.from_filelike(BytesIO(answer.data)).get_sheet_by_index(0).to_python()
        numbered = next(at for at, row in enumerate(rows) if row[:3] == [1.0, 2.0, 3.0])
        sizes[kode] = sum(isinstance(row[0], float) for row in rows[numbered + 1 :])
    events = [gerak for gerak in laporan.gerak if gerak.kolom is not Kolom.PEMBETULAN]
    assert sizes == {"b1": sum(laporan.akhir.values()), "b2": len(events), "b4": lodgers}
    assert laporan.count([Kolom.DATANG], Pilih()) == datang
    assert sum(gerak.akibat for gerak in laporan.gerak if gerak.kolom is Kolom.PEMBETULAN) == pembetulan
    assert sum(laporan.akhir.values()) == sum(laporan.awal.values()) + sum(gerak.akibat for gerak in laporan.gerak)


def test_what_is_no_month_or_number_is_not_found(desa: Desa) -> None:
    browser = desa.browser()
    for path in ("/laporan/2026-13", "/laporan/1999-01", "/laporan/x", f"/laporan/{BULAN}/nama?angka=x",
                 f"/laporan/{BULAN}/nama?angka=awal&jk=7", "/laporan/buku/b9"):
        assert browser.get(path).status_code == 404, path
