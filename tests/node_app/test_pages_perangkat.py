"""The pages of perangkat: from a resident or free, terms, the right to sign, the end of a term."""

from __future__ import annotations

import io
import re
from datetime import date
from html import unescape

from python_calamine import CalamineWorkbook

from node.laporan.queries import find_penanda
from node.perangkat.queries import read_perangkat
from node.perangkat.rules import list_signers
from shared.clock import today
from tests.node_app.test_pages_kit import NIK, Browser, Desa, read_form, read_text

TYPED = {
    "jabatan": "kades", "sk_angkat": "141/12/2021", "tanggal_angkat": "20-12-2021", "mulai": "01-01-2022",
    "boleh_tanda_tangan": "ya",
}


def add(desa: Desa, siti: Browser, query: str, **typed: str) -> str:
    """Add a term through its form; return its id."""
    fields = read_form(siti.get(f"/perangkat/tambah{query}"), "/perangkat/tambah")
    answer = siti.post("/perangkat/tambah", {**fields, **typed})
    assert answer.status_code == 303, read_text(answer)
    return answer.headers["Location"].rsplit("/", 1)[1]


def list_ids(desa: Desa, day: date | None = None) -> list[str]:
    with desa.node.database.read() as conn:
        rows = read_perangkat(conn, desa.node.wilayah)
    return [str(row["id"]) for row in list_signers(rows, day or today(desa.clock))]


def test_a_resident_is_found_and_the_facts_are_copied_once(desa: Desa, siti: Browser) -> None:
    siti.get("/perangkat/pilih")
    answer = siti.post("/perangkat/cari", teks="kreyo")
    assert "kreyo" not in answer.headers["Location"]
    assert f"/perangkat/tambah?penduduk={desa.ayah}" in siti.follow(answer).text
    id = add(desa, siti, f"?penduduk={desa.ayah}", **TYPED)
    assert desa.value("perangkat", id, "nama") == "KREYO SANTOSO"
    assert desa.value("perangkat", id, "tanggal_lahir") == "1980-01-01" and list_ids(desa) == [id]
    desa.change("penduduk", desa.ayah, nama="KREYO SANTOSA", jenis_kelamin=1, tanggal_lahir="1980-01-01",
                tempat_lahir="PURBALINGGA")
    page = siti.get("/perangkat/")
    text = " ".join(read_text(page).split())
    assert "KREYO SANTOSO Kepala Desa 01-01-2022 s.d. sekarang Berhak" in text
    assert NIK not in page.text and "Perlu dilihat" not in text


def test_somebody_from_outside_is_typed_freely(desa: Desa, siti: Browser) -> None:
    id = add(desa, siti, "", nama="Joko Luar", jabatan="sekdes", sebutan="Sekretaris Desa",
             petugas=desa.petugas["budi"])
    text = read_text(siti.get(f"/perangkat/{id}"))
    assert "Budi Petugas" in text and "tidak menandatangani surat" in text and "Buka biodatanya" not in text
    assert "Tidak ada kepala desa yang sedang menjabat" in read_text(siti.get("/perangkat/"))


def test_what_was_typed_stays_when_something_is_wrong(desa: Desa, siti: Browser) -> None:
    siti.get("/perangkat/tambah")
    answer = siti.post("/perangkat/tambah", nama="Joko", sk_angkat="141/1", dusun=desa.dusun, mulai="02-02-2020",
                       sampai="01-01-2020", penduduk=desa.node.new_id())
    text = read_text(answer)
    assert answer.status_code == 400 and desa.count("SELECT count(*) FROM perangkat") == 0
    assert read_form(answer, "/perangkat/tambah")["sk_angkat"] == "141/1"
    for words in ("Dusun hanya untuk kepala dusun", "lebih awal daripada mulai", "sudah tidak ada dalam data",
                  "Jabatan"):
        assert words in text


def test_the_right_to_sign_ends_with_the_last_day(desa: Desa, siti: Browser) -> None:
    id = add(desa, siti, f"?penduduk={desa.ayah}", **TYPED)
    page = f"/perangkat/{id}/akhir"
    fields = read_form(siti.get(page), page)
    answer = siti.post(page, {**fields, "sk_henti": "141/9/2026"})
    assert answer.status_code == 400 and "Isi hari terakhir menjabat" in read_text(answer)
    assert read_form(answer, page)["sk_henti"] == "141/9/2026"
    answer = siti.post(page, {**fields, "sampai": "31-12-2021"})
    assert answer.status_code == 400 and "lebih awal daripada mulai menjabat (01-01-2022)" in read_text(answer)
    typed = {**fields, "sampai": "30-11-2026", "sk_henti": "141/9/2026", "tanggal_henti": "10-11-2026"}
    text = read_text(siti.follow(siti.post(page, typed)))
    assert "141/9/2026" in text
    assert list_ids(desa, date(2026, 11, 30)) == [id] and list_ids(desa, date(2026, 12, 1)) == []
    assert desa.value("perangkat", id, "mulai") == "2022-01-01" and desa.value("perangkat", id, "sk_angkat")


def test_a_second_term_is_a_second_record(desa: Desa, siti: Browser) -> None:
    first = add(desa, siti, f"?penduduk={desa.ayah}", **TYPED, niap="19001")
    again = {"mulai": "01-12-2026", "sk_angkat": "141/20/2026", "boleh_tanda_tangan": "ya"}
    fields = read_form(siti.get(f"/perangkat/tambah?lagi={first}"), "/perangkat/tambah")
    assert fields["nama"] == "KREYO SANTOSO" and fields["niap"] == "19001" and fields["jabatan"] == "kades"
    assert not fields["sk_angkat"] and not fields["mulai"]
    refused = siti.post("/perangkat/tambah", {**fields, **again})
    assert refused.status_code == 400 and "Catat dulu akhir jabatan yang lama" in read_text(refused)
    page = f"/perangkat/{first}/akhir"
    siti.post(page, {**read_form(siti.get(page), page), "sampai": "30-11-2026"})
    second = add(desa, siti, f"?lagi={first}", **again)
    assert second != first and list_ids(desa, date(2026, 11, 30)) == [first]
    assert list_ids(desa, date(2026, 12, 1)) == [second]
    assert "Akan menjabat" in read_text(siti.get("/perangkat/"))


def test_two_who_edit_one_term_see_each_other(desa: Desa, siti: Browser) -> None:
    id = add(desa, siti, f"?penduduk={desa.ayah}", **TYPED)
    page = f"/perangkat/{id}/ubah"
    fields = read_form(siti.get(page), page)
    desa.change("perangkat", id, niap="777", nip=None)
    answer = siti.post(page, {**fields, "keterangan": "Cuti besar"})
    assert answer.status_code == 409 and "777" in read_text(answer)
    again = {**read_form(answer, page), "boleh_tanda_tangan": "ya"}
    assert siti.post(page, again).status_code == 303
    assert desa.value("perangkat", id, "niap") == "777" and desa.value("perangkat", id, "keterangan") == "Cuti besar"
    assert desa.value("perangkat", id, "penduduk") == desa.ayah


def test_somebody_who_died_or_moved_is_pointed_out(desa: Desa, siti: Browser) -> None:
    id = add(desa, siti, f"?penduduk={desa.ayah}", **TYPED)
    desa.change("penduduk", desa.ayah, status_dasar=2, tanggal_status="2026-11-01", sebab_status=None)
    page = siti.get("/perangkat/")
    assert "sudah tidak tinggal di sini" in read_text(page) and f"/perangkat/{id}" in page.text


def test_a_mistake_is_deleted_and_brought_back_but_not_who_has_signed(desa: Desa, siti: Browser) -> None:
    id = add(desa, siti, f"?penduduk={desa.ayah}", **TYPED)
    answer = siti.post(f"/perangkat/{id}/hapus", alasan=" ")
    assert answer.status_code == 400 and "Tuliskan dulu alasannya" in read_text(answer)
    assert siti.post(f"/perangkat/{id}/hapus", alasan="dua kali").status_code == 303
    assert list_ids(desa) == [] and "Catatan yang dihapus: KREYO SANTOSO" in " ".join(
        read_text(siti.get("/perangkat/")).split())
    assert siti.get(f"/perangkat/{id}").status_code == 200
    siti.post(f"/perangkat/{id}/kembalikan")
    assert list_ids(desa) == [id]
    desa.write("surat", jenis="usaha", nomor="470/1", tahun=2026, penandatangan=id, tanggal="2026-11-20")
    answer = siti.post(f"/perangkat/{id}/hapus", alasan="dua kali")
    assert answer.status_code == 400 and "Ada 1 surat" in read_text(answer)


def test_book_a4_has_thirteen_columns_numbered_and_names_who_signs(desa: Desa, siti: Browser) -> None:
    kades = add(desa, siti, f"?penduduk={desa.ayah}", **TYPED)
    add(desa, siti, "", nama="=SUM(1)", jabatan="sekdes", nip="198001012005011001", sk_angkat="141/1/2019",
        tanggal_angkat="02-01-2019")
    old = add(desa, siti, "", nama="PARTO LAMA", jabatan="kadus", dusun=desa.dusun, tanggal_angkat="05-05-2010")
    page = f"/perangkat/{old}/akhir"
    siti.post(page, {**read_form(siti.get(page), page), "sampai": "31-12-2020", "sk_henti": "141/7/2020",
                     "tanggal_henti": "15-12-2020"})
    html = siti.get("/perangkat/buku").text
    table = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html[html.index("<table"):html.index("</table>")])))
    assert " ".join(map(str, range(1, 14))) in table
    assert table.index("PARTO LAMA") < table.index("=SUM(1)") < table.index("KREYO SANTOSO"), "as they were appointed"
    for words in ("Kepala Dusun KARANGSARI", "141/7/2020, 15-12-2020", "PURBALINGGA, 01-01-1980"):
        assert words in table
    assert "PARTO LAMA" not in siti.get("/perangkat/buku?hanya=menjabat").text
    sheet = siti.follow(siti.post("/perangkat/buku", format="xlsx"))
    rows = CalamineWorkbook.from_filelike(io.BytesIO(sheet.data)).get_sheet_by_index(0).to_python()
    numbered = next(row for row in rows if row[:3] == [1.0, 2.0, 3.0])
    assert len([cell for cell in numbered if cell != ""]) == 13
    sekdes = next(row for row in rows if "=SUM(1)" in row)
    assert sekdes[3] == "198001012005011001", "a text, not a number or a formula"
    paper = siti.follow(siti.post("/perangkat/buku", format="pdf"))
    assert paper.mimetype == "application/pdf" and paper.data.startswith(b"%PDF")
    with desa.node.database.read() as conn:
        found = find_penanda(conn, desa.node.wilayah, "kades", today(desa.clock).isoformat())
        assert found is not None and found.nama == "KREYO SANTOSO" and kades
        assert find_penanda(conn, desa.node.wilayah, "kadus", today(desa.clock).isoformat()) is None
        sekdes_signs = find_penanda(conn, desa.node.wilayah, "sekdes", today(desa.clock).isoformat())
    assert sekdes_signs is not None and sekdes_signs.nomor == "NIP 198001012005011001"


def test_an_official_is_no_program(desa: Desa, siti: Browser) -> None:
    html = siti.get("/perangkat/tambah?bebas=1").text
    choice = re.search(r'name="petugas".*?</select>', html, re.DOTALL)
    assert choice and desa.petugas["budi"] in choice[0] and "Sistem" not in choice[0]
    assert desa.count("SELECT count(*) FROM petugas WHERE nama = 'Sistem'") == 1
