"""Pages of keluarga, bantuan, perlu tindakan, impor, sinkronisasi and pengguna."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.simpul.enrol import confirm_candidate, open_slot
from hub.verval.cases import list_findings
from hub.verval.decide import Officer, return_to_desa
from node.beranda.jobs import jobs
from node.impor.service import import_file
from node.services import NodeServices
from node.sinkron.program import note_hub_program
from node.sinkron import routes as sinkron
from node.sinkron.words import six_words
from shared.errors import TransportError
from shared.web.queries import find_account
from shared.web.sessions import PROOF_S
from tests.node_app.test_pages_kit import NIK, NO_KK, PASSWORD, Browser, Desa, read_form, read_text
from tests.support.federation import ADDRESS, DESA, Federation, WsgiTransport, make_officer, refuse_all


Report = Callable[[int, int], None]


def finish_jobs(desa: Desa) -> None:
    """Wait for what runs behind the pages."""
    with desa.app.app_context():
        for job in list(jobs()._jobs.values()):
            assert job.finished.wait(30)


# Keluarga.


def test_families_are_found_by_a_member_and_by_number(siti: Browser) -> None:
    for typed in ("andi", NO_KK, "kreo"):
        siti.get("/keluarga/")
        answer = siti.post("/keluarga/cari", teks=typed)
        assert NO_KK not in answer.headers["Location"] and "KREYO SANTOSO" in read_text(siti.follow(answer))


def test_the_card_shows_head_members_and_masked_number(desa: Desa, siti: Browser) -> None:
    answer = siti.get(f"/keluarga/{desa.keluarga}")
    text = read_text(answer)
    assert "Keluarga KREYO SANTOSO" in text and "Anggota (3)" in text
    assert NO_KK not in answer.text and NIK not in answer.text
    siti.post(f"/keluarga/{desa.keluarga}/tampilkan", keperluan="surat")
    assert NO_KK in siti.get(f"/keluarga/{desa.keluarga}").text


def test_splitting_makes_a_new_family_with_the_same_address(desa: Desa, siti: Browser) -> None:
    path = f"/keluarga/{desa.keluarga}/pindah"
    fields = read_form(siti.get(path), path)
    typed = {**fields, "pindah": desa.anak, f"hubungan-{desa.anak}": "1", "tujuan": "baru"}
    text = read_text(siti.follow(siti.post(path, typed)))
    assert "Keluarga ANDI SANTOSO" in text and "JL. MAWAR" in text
    assert desa.value("penduduk", desa.anak, "hubungan") == 1


def test_a_new_family_needs_a_head_and_keeps_the_choice(desa: Desa, siti: Browser) -> None:
    path = f"/keluarga/{desa.keluarga}/pindah"
    fields = read_form(siti.get(path), path)
    answer = siti.post(
        path, {**fields, "pindah": desa.anak, "tujuan": "baru", "no_kk_baru": "3303990202200009"}
    )
    assert answer.status_code == 400 and "kepala keluarga" in read_text(answer)
    again = read_form(answer, path)
    assert again["pindah"] == desa.anak and again["no_kk_baru"] == "3303990202200009"


def test_moving_into_a_known_family_warns_of_a_family_without_head(desa: Desa, siti: Browser) -> None:
    other = desa.write("keluarga", no_kk="3303990202200009", alamat="JL. MELATI")
    path = f"/keluarga/{desa.keluarga}/pindah"
    fields = read_form(siti.get(path), path)
    typed = {
        **fields, "pindah": desa.ayah, f"hubungan-{desa.ayah}": "1", "tujuan": "ada",
        "no_kk_ada": "3303 9902 0220 0009", "ikut_alamat": "1",
    }
    text = read_text(siti.follow(siti.post(path, typed)))
    assert "tanpa kepala keluarga" in text
    assert desa.value("penduduk", desa.ayah, "keluarga") == other
    assert desa.value("penduduk", desa.ayah, "alamat") == "JL. MELATI"
    listed = read_text(siti.get("/keluarga/?hanya=tanpa_kepala"))
    assert "Tanpa kepala keluarga" in listed and "1 keluarga" in " ".join(listed.split())


def test_an_unknown_number_moves_nobody(desa: Desa, siti: Browser) -> None:
    path = f"/keluarga/{desa.keluarga}/pindah"
    fields = read_form(siti.get(path), path)
    answer = siti.post(
        path, {**fields, "pindah": desa.anak, "tujuan": "ada", "no_kk_ada": "3303990909090001"}
    )
    assert answer.status_code == 400 and "Tidak ada keluarga" in read_text(answer)
    assert desa.value("penduduk", desa.anak, "keluarga") == desa.keluarga


def test_a_family_is_found_by_the_name_of_a_member_and_chosen(desa: Desa, siti: Browser) -> None:
    other = desa.write("keluarga", alamat="JL. MELATI")
    desa.change("penduduk", desa.lajang, keluarga=other, hubungan=1)
    path = f"/keluarga/{desa.keluarga}/pindah"
    fields = read_form(siti.get(path), path)
    typed = {**fields, "pindah": desa.anak, f"hubungan-{desa.anak}": "9", "tujuan": "ada", "no_kk_ada": "wati"}
    answer = siti.post(path, typed)
    text = read_text(answer)
    assert answer.status_code == 400 and "Pilih dulu keluarga yang dimaksud" in text and "WATI LESTARI" in text
    again = read_form(answer, path)
    assert again["no_kk_ada"] == "wati" and again["pindah"] == desa.anak
    assert siti.post(path, {**again, "keluarga_tujuan": other}).status_code == 303
    assert desa.value("penduduk", desa.anak, "keluarga") == other, "a family without a number takes people too"
    nobody = siti.post(path, {**typed, "pindah": desa.ibu, f"hubungan-{desa.ibu}": "9", "no_kk_ada": "zzzzz"})
    assert "Tidak ada keluarga yang cocok" in read_text(nobody)
    gone = desa.node.new_id()
    lost = siti.post(path, {**typed, "pindah": desa.ibu, f"hubungan-{desa.ibu}": "9", "keluarga_tujuan": gone})
    assert lost.status_code == 400 and "sudah tidak ada" in read_text(lost)


def fill_families(desa: Desa) -> str:
    """Add a family of one in another dusun and one without members; give the dusun."""
    dusun = desa.write("dusun", nama="KALIWUNI")
    family = desa.write("keluarga", no_kk="3303990202200009", dusun=dusun, rw="003", rt="001", alamat="JL. ANGGREK")
    desa.change("penduduk", desa.lajang, keluarga=family, hubungan=1)
    desa.write("keluarga", alamat="JL. MELATI")
    return dusun


def find_families(siti: Browser, **fields: str) -> str:
    siti.get("/keluarga/")
    return " ".join(read_text(siti.follow(siti.post("/keluarga/cari", **fields))).split())


def test_families_are_narrowed_by_dusun_rt_rw_and_what_they_lack(desa: Desa, siti: Browser) -> None:
    dusun = fill_families(desa)
    for fields in ({"dusun": dusun}, {"rw": "3"}, {"rt": "01", "rw": "3"}):
        text = find_families(siti, **fields)
        assert "WATI LESTARI" in text and "KREYO" not in text and "1–1 dari 1 keluarga · disaring" in text, fields
    assert "Tanpa anggota" in find_families(siti, hanya="kosong") and "dari 3 keluarga" in find_families(siti)
    assert "Tidak ada yang cocok untuk “zzzz”" in find_families(siti, teks="zzzz")


def list_heads(siti: Browser, query: str) -> list[str]:
    rows = siti.get(f"/keluarga/?{query}").text.split("<tbody>")[1].split("</tbody>")[0]
    return re.findall(r">(?:Tanpa )?(KREYO|WATI|anggota)[ A-Z]*</a>", rows)


def test_families_are_sorted_and_keep_the_search(desa: Desa, siti: Browser) -> None:
    fill_families(desa)
    wanted = {
        "kepala": "KREYO WATI anggota", "no_kk": "KREYO WATI anggota", "jiwa": "WATI KREYO anggota",
        "dusun": "WATI KREYO anggota", "rt_rw": "KREYO WATI anggota",
    }
    assert list_heads(siti, "urut=alamat") == ["WATI", "KREYO", "anggota"]
    for urut, names in wanted.items():
        assert list_heads(siti, f"urut={urut}") == names.split(), urut
        first, second, last = names.split()
        assert list_heads(siti, f"urut={urut}&arah=turun") == [second, first, last], urut
    siti.get("/keluarga/")
    page = siti.follow(siti.post("/keluarga/cari", teks="wati"))
    link = next(part for part in page.text.split('href="') if part.startswith("/keluarga/?") and "urut=jiwa" in part)
    text = read_text(siti.get(link.split('"')[0].replace("&amp;", "&")))
    assert "WATI" in text and "KREYO" not in text


def test_the_export_of_families_is_what_is_shown(desa: Desa, siti: Browser) -> None:
    fill_families(desa)
    siti.get("/keluarga/")
    siti.post("/keluarga/kolom", kolom=["anggota", "jiwa", "nik_kepala", "laki", "perempuan"])
    token = siti.post("/keluarga/cari", teks="kreo").headers["Location"].split("lihat=")[1]
    page = siti.get(f"/keluarga/?lihat={token}")
    assert "KREYO SANTOSO, SITI AMINAH, ANDI SANTOSO" in read_text(page) and NIK not in page.text
    answer = siti.follow(siti.post("/keluarga/ekspor", lihat=token, format="csv"))
    lines = answer.data.decode("utf-8-sig").split("\r\n")
    assert lines[0] == "Kepala keluarga;NIK kepala;Jiwa;Laki-laki;Perempuan;Nama anggota" and len(lines) == 3
    assert lines[1].startswith("KREYO SANTOSO;3303") and ";3;2;1;KREYO SANTOSO, SITI" in lines[1]
    assert NIK not in lines[1]
    siti.get("/keluarga/")
    assert siti.post("/keluarga/ekspor", format="csv", lengkap="1").status_code == 400
    siti.get("/keluarga/")
    whole = siti.follow(siti.post("/keluarga/ekspor", format="csv", lengkap="1", keperluan="laporan", urut="jiwa"))
    listed = whole.data.decode("utf-8-sig")
    assert NIK in listed and listed.index("WATI") < listed.index("KREYO")
    sql = "SELECT count(*) FROM access_audit WHERE action = 'ekspor' AND subject = 'keluarga'"
    assert desa.count(sql) == 2
    assert "keluarga" in whole.headers["Content-Disposition"]


def test_a_person_without_family_is_put_into_one(desa: Desa, siti: Browser) -> None:
    path = f"/keluarga/masuk/{desa.lajang}"
    fields = read_form(siti.get(path), path)
    typed = {**fields, f"hubungan-{desa.lajang}": "7", "tujuan": "ada", "no_kk_ada": NO_KK}
    assert siti.post(path, typed).status_code == 303
    assert desa.value("penduduk", desa.lajang, "keluarga") == desa.keluarga


def test_a_family_card_is_deleted_only_when_empty(desa: Desa, siti: Browser) -> None:
    siti.get(f"/keluarga/{desa.keluarga}")
    assert siti.post(f"/keluarga/{desa.keluarga}/hapus").status_code == 400
    empty = desa.write("keluarga", alamat="JL. MELATI")
    siti.get(f"/keluarga/{empty}")
    assert "sudah dihapus" in read_text(siti.follow(siti.post(f"/keluarga/{empty}/hapus")))
    assert "sudah dikembalikan" in read_text(siti.follow(siti.post(f"/keluarga/{empty}/kembalikan")))


def test_a_family_form_shows_what_somebody_else_changed(desa: Desa, siti: Browser) -> None:
    path = f"/keluarga/{desa.keluarga}/ubah"
    fields = read_form(siti.get(path), path)
    desa.change("keluarga", desa.keluarga, alamat="JL. KENANGA")
    answer = siti.post(path, {**fields, "alamat": "JL. CEMPAKA"})
    assert answer.status_code == 409 and "JL. KENANGA" in read_text(answer)
    assert read_form(answer, path)["alamat"] == "JL. CEMPAKA"


def test_a_number_in_use_makes_no_second_family(siti: Browser) -> None:
    fields = read_form(siti.get("/keluarga/tambah"), "/keluarga/tambah")
    answer = siti.post("/keluarga/tambah", {**fields, "no_kk": NO_KK, "alamat": "JL. BARU"})
    assert answer.status_code == 400 and read_form(answer, "/keluarga/tambah")["alamat"] == "JL. BARU"


def test_a_hamlet_is_added_once(desa: Desa, siti: Browser) -> None:
    siti.get("/keluarga/dusun")
    assert siti.post("/keluarga/dusun", nama="karangsari").status_code == 400
    assert "KALIWUNI" in read_text(siti.follow(siti.post("/keluarga/dusun", nama="KALIWUNI")))


# Bantuan.


def add_recipient(siti: Browser, program: str, text: str, **fields: str) -> str:
    path = f"/bantuan/{program}"
    siti.get(path)
    page = siti.follow(siti.post(f"{path}/cari", teks=text))
    typed = read_form(page, f"{path}/penerima")
    answer = siti.post(f"{path}/penerima", {**typed, "status": "aktif", "periode": "2026", **fields})
    return read_text(siti.follow(answer) if answer.status_code == 303 else answer)


def test_a_family_programme_takes_the_family_of_who_was_found(desa: Desa, siti: Browser) -> None:
    text = add_recipient(siti, desa.program, "andi", penduduk=desa.anak)
    assert "Keluarga KREYO SANTOSO" in text and "Penerima (1)" in text
    sql = "SELECT count(*) FROM penerima_bantuan WHERE keluarga = ? AND penduduk IS NULL AND status = 'aktif'"
    assert desa.count(sql, desa.keluarga) == 1


def test_nobody_is_on_the_list_twice_in_one_period(desa: Desa, siti: Browser) -> None:
    add_recipient(siti, desa.program, "andi", penduduk=desa.anak)
    assert "Sudah ada di daftar" in add_recipient(siti, desa.program, "kreo", penduduk=desa.ayah)
    assert desa.count("SELECT count(*) FROM penerima_bantuan") == 1


def test_adding_says_what_the_family_gets_already(desa: Desa, siti: Browser) -> None:
    add_recipient(siti, desa.program, "andi", penduduk=desa.anak)
    other = desa.write("program_bantuan", nama="Program Lansia", sasaran=1)
    assert "juga menerima: BLT Desa" in add_recipient(siti, other, "kreo", penduduk=desa.ayah)


def test_stopping_a_recipient_wants_a_reason(desa: Desa, siti: Browser) -> None:
    add_recipient(siti, desa.program, "andi", penduduk=desa.anak)
    with desa.node.database.read() as conn:
        id = conn.execute("SELECT id FROM penerima_bantuan").fetchone()[0]
    path = f"/bantuan/penerima/{id}/status"
    assert "Tulis dulu alasan" in read_text(siti.follow(siti.post(path, status="berhenti")))
    text = read_text(siti.follow(siti.post(path, status="berhenti", alasan="sudah mampu")))
    assert "Berhenti: sudah mampu" in text
    assert desa.value("penerima_bantuan", id, "status") == "berhenti"


def test_a_programme_keeps_what_was_typed_when_the_dates_are_wrong(siti: Browser) -> None:
    fields = read_form(siti.get("/bantuan/tambah"), "/bantuan/tambah")
    typed = {**fields, "nama": "Sembako", "mulai": "01-05-2026", "selesai": "01-01-2026"}
    answer = siti.post("/bantuan/tambah", typed)
    assert answer.status_code == 400 and read_form(answer, "/bantuan/tambah")["nama"] == "Sembako"


# Impor.


def upload(desa: Desa, siti: Browser, content: bytes, **fields: str) -> str:
    siti.get("/impor/")
    file = (io.BytesIO(content), "C:\\data\\penduduk.csv")
    answer = siti.post("/impor/periksa", {"berkas": file, **fields})
    assert answer.status_code == 303
    finish_jobs(desa)
    return answer.headers["Location"]


def sheet(*rows: str) -> bytes:
    header = "alamat,dusun,rw,rt,nama,no_kk,nik,sex,tempatlahir,tanggallahir,agama_id,kk_level,status_kawin"
    return "\n".join([header, *rows]).encode()


GOOD = "JL. A,KALIWUNI,001,001,PAIJAN,3303990303000001,3303990303700001,1,PURBALINGGA,1970-03-03,1,1,2"
BAD = "JL. A,KALIWUNI,001,001,PONIRAH,3303990303000001,33039943037000,2,PURBALINGGA,30-02-1971,1,3,2"


def test_import_checks_first_then_writes_all(desa: Desa, siti: Browser) -> None:
    target = upload(desa, siti, sheet(GOOD))
    page = siti.get(target)
    assert "Belum ada yang disimpan" in read_text(page) and desa.count("SELECT count(*) FROM penduduk") == 4
    result = siti.post(f"{target}/terapkan")
    finish_jobs(desa)
    assert "sudah disimpan" in read_text(siti.follow(result))
    assert desa.count("SELECT count(*) FROM penduduk WHERE nama = 'PAIJAN'") == 1
    assert desa.count("SELECT count(*) FROM access_audit WHERE action = 'impor'") == 1


def test_import_names_who_dies_by_the_file_alone_before_and_after(desa: Desa, siti: Browser) -> None:
    def take(status: str) -> tuple[str, str]:
        header, row = sheet(GOOD).decode().split("\n")
        target = upload(desa, siti, f"{header},status_dasar\n{row},{status}".encode())
        before = " ".join(read_text(siti.get(target)).split())
        result = siti.post(f"{target}/terapkan")
        finish_jobs(desa)
        return before, " ".join(read_text(siti.follow(result)).split())

    assert not any("tanpa peristiwa" in text for text in take("1"))
    before, after = take("2")
    assert "1 orang akan berubah statusnya" in before and "catat dulu peristiwanya" in before and "PAIJAN" in before
    assert "1 orang berubah statusnya" in after and "batalkan impor ini" in after and "PAIJAN" in after


def test_import_says_how_far_it_is_while_it_runs(
    desa: Desa, siti: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def wait(node: NodeServices, content: bytes, filename: str, by: str, report: Report, **how: bool) -> dict[str, Any]:
        begun.set()
        assert go_on.wait(30)
        report(3, 4)
        return import_file(node, content, filename, by, report, **how)

    monkeypatch.setattr("node.impor.routes.import_file", wait)
    siti.get("/impor/")
    answer = siti.post("/impor/periksa", {"berkas": (io.BytesIO(sheet(GOOD)), "penduduk.csv")})
    try:
        assert begun.wait(30)
        assert "Berkas sedang dibuka." in read_text(siti.follow(answer))
    finally:
        go_on.set()
    finish_jobs(desa)
    assert "Belum ada yang disimpan" in read_text(siti.follow(answer))


def test_import_shows_every_problem_and_hands_out_the_rows(desa: Desa, siti: Browser) -> None:
    target = upload(desa, siti, sheet(GOOD, BAD))
    page = siti.get(target)
    text = read_text(page)
    assert "30-02-1971" in text and "baris ditolak" in text
    assert "3303990303700001" not in page.text
    path = f"/impor/tolak/{target.rsplit('/', 1)[1]}"
    read_form(page, path)
    assert siti.client.get(path).status_code == 405
    desa.clock.now += PROOF_S + 1
    asked = siti.post(path)
    assert asked.status_code == 401 and "Pastikan ini Anda" in read_text(asked)
    assert desa.count("SELECT count(*) FROM access_audit WHERE action = 'ekspor'") == 0
    book = siti.follow(siti.post(path, bukti_sandi=PASSWORD))
    assert book.status_code == 200 and book.data[:2] == b"PK"
    assert "perlu-diperbaiki.xlsx" in book.headers["Content-Disposition"]
    assert desa.count(
        "SELECT count(*) FROM access_audit WHERE action = 'ekspor' AND subject = 'baris yang perlu diperbaiki'"
        " AND detail = 'xlsx, 1 baris'"
    ) == 1
    siti.get(target)
    gone = siti.follow(siti.post("/impor/tolak/tidak-ada"))
    assert "unggah berkasnya lagi" in read_text(gone)


def write_in(desa: Desa, siti: Browser, target: str) -> str:
    result = siti.post(f"{target}/terapkan")
    finish_jobs(desa)
    return read_text(siti.follow(result))


def test_who_is_not_in_the_file_is_named_unless_it_holds_only_some(desa: Desa, siti: Browser) -> None:
    write_in(desa, siti, upload(desa, siti, sheet(GOOD)))
    other = GOOD.replace("PAIJAN", "PARTO").replace("3303990303700001", "3303990303700002").replace(",1,1,2", ",1,4,1")
    target = upload(desa, siti, sheet(other))
    text = read_text(siti.get(target))
    assert "1 orang dari impor sebelumnya tidak ada" in text and "PAIJAN" in text
    again = siti.post(f"{target}/sebagian").headers["Location"]
    finish_jobs(desa)
    text = read_text(siti.get(again))
    assert "hanya sebagian penduduk" in text and "PAIJAN" not in text
    assert "hanya sebagian penduduk" in write_in(desa, siti, again)
    assert "PAIJAN" not in read_text(siti.get(upload(desa, siti, sheet(other), sebagian="1")))
    listed = read_text(siti.get("/impor/riwayat"))
    assert "penduduk.csv (sebagian penduduk)" in listed
    assert "hanya sebagian penduduk" in read_text(siti.get("/impor/riwayat/2"))


def test_the_switch_stays_when_no_file_was_chosen(siti: Browser) -> None:
    siti.get("/impor/")
    answer = siti.post("/impor/periksa", sebagian="1")
    assert answer.status_code == 400 and read_form(answer, "/impor/periksa")["sebagian"] == "1"


def test_the_rows_handed_out_are_known_again(desa: Desa, siti: Browser) -> None:
    target = upload(desa, siti, sheet(GOOD, BAD))
    write_in(desa, siti, target)
    siti.get(target)
    book = siti.follow(siti.post(f"/impor/tolak/{target.rsplit('/', 1)[1]}")).data
    text = read_text(siti.get(upload(desa, siti, book)))
    assert "Belum ada yang dapat dimasukkan" in text
    assert "hasil “Unduh baris yang perlu diperbaiki”" in text and "tidak ada dalam berkas ini" not in text


def test_every_problem_is_listed_page_by_page(desa: Desa, siti: Browser) -> None:
    names = [f"PONIRAH {chr(65 + at % 26) * (at // 26 + 1)}" for at in range(120)]
    rows = [BAD.replace("PONIRAH", name) for name in names]
    target = upload(desa, siti, sheet(*rows))
    first, second = siti.get(target), siti.get(f"{target}?hal=2")
    assert "Halaman 1 dari 2" in read_text(first)
    assert 'data-label="Baris">2<' in first.text and 'data-label="Baris">121<' not in first.text
    assert 'data-label="Baris">121<' in second.text


def test_import_of_something_else_says_so(desa: Desa, siti: Browser) -> None:
    answer = siti.get(upload(desa, siti, b"%PDF-1.4 halo"))
    assert answer.status_code == 400 and "PDF" in read_text(answer)


def test_import_without_a_file_asks_for_one(siti: Browser) -> None:
    siti.get("/impor/")
    assert "Pilih dulu berkasnya" in read_text(siti.post("/impor/periksa"))


def test_an_import_belongs_to_who_began_it(desa: Desa, siti: Browser) -> None:
    target = upload(desa, siti, sheet(GOOD))
    budi = desa.browser("budi")
    assert "unggah berkasnya lagi" in read_text(budi.follow(budi.get(target)))


# Pengguna.


def test_an_operator_gets_a_code_and_sets_the_own_password(desa: Desa, siti: Browser) -> None:
    siti.get("/pengguna/")
    person = {"nama": "Rini Astuti", "jabatan": "Kaur", "nama_pengguna": "rini", "peran": "operator"}
    page = siti.follow(siti.post("/pengguna/", person))
    code = page.text.split('class="kata">')[1].split("<")[0]
    assert code not in siti.get("/pengguna/").text
    fresh = desa.browser(None)
    fresh.get("/sandi-baru")
    typed = {"nama_pengguna": "rini", "kode": code, "kata_sandi": "sawah kambing jendela"}
    refused = fresh.post("/sandi-baru", {**typed, "kata_sandi_ulang": "lain"})
    assert refused.status_code == 400 and 'value="rini"' in refused.text and "sawah" not in refused.text
    assert fresh.post("/sandi-baru", {**typed, "kata_sandi_ulang": typed["kata_sandi"]}).status_code == 303
    fresh.get("/masuk")
    assert fresh.post("/masuk", nama_pengguna="rini", kata_sandi=typed["kata_sandi"]).status_code == 303


def test_a_stopped_account_is_out_at_once(desa: Desa, siti: Browser) -> None:
    budi = desa.browser("budi")
    with desa.node.database.read() as conn:
        account = find_account(conn, "budi")
    assert account is not None
    siti.get("/pengguna/")
    assert siti.post(f"/pengguna/{account.no}/aktif", aktif="tidak").status_code == 303
    assert budi.get("/penduduk/").status_code == 303
    assert desa.value("petugas", desa.petugas["budi"], "aktif") == 0


def test_a_bad_account_name_keeps_what_was_typed(siti: Browser) -> None:
    siti.get("/pengguna/")
    answer = siti.post("/pengguna/", nama="Rini Astuti", nama_pengguna="r!", peran="operator")
    assert answer.status_code == 400 and 'value="Rini Astuti"' in answer.text


def test_the_audit_names_account_action_and_person(desa: Desa, siti: Browser) -> None:
    siti.get(f"/penduduk/{desa.ayah}")
    siti.post(f"/penduduk/{desa.ayah}/tampilkan", keperluan="surat")
    text = read_text(siti.get("/catatan"))
    assert "Menampilkan NIK" in text and "KREYO SANTOSO" in text


# Sinkronisasi, perlu tindakan.


@pytest.fixture
def dunia(tmp_path: Path, desa: Desa, monkeypatch: pytest.MonkeyPatch) -> Iterator[Federation]:
    made = Federation(tmp_path / "dunia", clock=desa.clock)
    monkeypatch.setattr(sinkron, "open_transport", lambda node, address, is_office: made.transport(node))
    yield made
    made.close()


def enrol(desa: Desa, siti: Browser, dunia: Federation) -> str:
    code = open_slot(dunia.hub, DESA, ADDRESS, "uji").format()
    siti.get("/sinkronisasi/")
    return read_text(siti.follow(siti.post("/sinkronisasi/daftar", kode=code)))


def sync(desa: Desa, siti: Browser) -> str:
    siti.get("/sinkronisasi/")
    answer = siti.post("/sinkronisasi/sekarang")
    finish_jobs(desa)
    return " ".join(read_text(siti.follow(answer)).split())


def confirm(desa: Desa, dunia: Federation) -> None:
    hub = desa.node.hub()
    assert hub is not None
    with desa.app.app_context():
        words = six_words().words
    confirm_candidate(dunia.hub, hub.simpul, " ".join(words), "")


def test_a_mistyped_code_stays_on_the_page(siti: Browser) -> None:
    siti.get("/sinkronisasi/")
    answer = siti.post("/sinkronisasi/daftar", kode="ABCDE-salah")
    assert answer.status_code == 400 and "ABCDE-salah" in answer.text and "salah ketik" in read_text(answer)


def test_enrolment_shows_six_words_and_the_session_runs(desa: Desa, siti: Browser, dunia: Federation) -> None:
    assert "Cocokkan enam kata" in enrol(desa, siti, dunia)
    assert "Menunggu operator kecamatan" in sync(desa, siti)
    confirm(desa, dunia)
    text = sync(desa, siti)
    assert "semua pekerjaan sudah terkirim" in text and "Menunggu dikirim 0 perubahan" in text
    assert "sama dengan di kecamatan" in sync(desa, siti)
    siti.post("/sinkronisasi/enam-kata/tutup")
    assert "Cocokkan enam kata" not in read_text(siti.get("/sinkronisasi/"))


def test_the_page_says_when_the_next_session_begins(desa: Desa, siti: Browser, dunia: Federation) -> None:
    assert "Hanya bila tombol Sinkronkan sekarang ditekan" in enrol(desa, siti, dunia)
    desa.node.next_sync_s = desa.node.clock.now_s() + 600
    assert "Sendiri, kira-kira 10 menit lagi" in read_text(siti.get("/sinkronisasi/"))


def test_the_page_is_truthful_when_the_kecamatan_is_away(
    desa: Desa, siti: Browser, dunia: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(desa, siti, dunia)
    confirm(desa, dunia)

    def broken(node: object, address: str, is_office: bool) -> WsgiTransport:
        transport = dunia.transport(desa.node)
        transport.before = refuse_all
        return transport

    monkeypatch.setattr(sinkron, "open_transport", broken)
    text = sync(desa, siti)
    assert "belum dapat dihubungi" in text and "perubahan menunggu dikirim" in text
    assert "menunggu dikirim" in read_text(siti.get("/"))


def test_enrolment_without_answer_keeps_the_code(
    desa: Desa, siti: Browser, dunia: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **options: object) -> None:
        raise TransportError("down")

    monkeypatch.setattr(sinkron, "enrol", broken)
    code = open_slot(dunia.hub, DESA, ADDRESS, "uji").format()
    siti.get("/sinkronisasi/")
    answer = siti.post("/sinkronisasi/daftar", kode=code)
    assert answer.status_code == 400 and code in answer.text and "tidak menjawab" in read_text(answer)


def test_an_office_network_is_asked_about_before_plain_http_is_used(
    desa: Desa, siti: Browser, dunia: Federation
) -> None:
    code = open_slot(dunia.hub, DESA, "http://192.168.1.9:8700", "uji").format()
    siti.get("/sinkronisasi/")
    answer = siti.post("/sinkronisasi/daftar", kode=code)
    assert answer.status_code == 400 and 'name="jaringan_kantor"' in answer.text
    assert "tidak memakai https://" in read_text(answer) and desa.node.hub() is None
    siti.follow(siti.post("/sinkronisasi/daftar", kode=code, jaringan_kantor="ya"))
    hub = desa.node.hub()
    assert hub is not None and hub.is_office


def test_what_another_program_at_the_kecamatan_means_is_one_sentence(desa: Desa, siti: Browser) -> None:
    assert "lebih lama" not in read_text(siti.get("/sinkronisasi/"))
    note_hub_program(desa.node, {"program": "0.0.1", "kinds": "lain", "held": 1200})
    text = read_text(siti.get("/sinkronisasi/"))
    assert "Program kecamatan (versi 0.0.1) lebih lama" in text and "1.200 perubahan desa ini menunggu di sana" in text


def test_without_enrolment_the_button_says_what_is_missing(siti: Browser) -> None:
    siti.get("/sinkronisasi/")
    assert "belum terdaftar" in read_text(siti.follow(siti.post("/sinkronisasi/sekarang")))


def return_case(desa: Desa, dunia: Federation) -> None:
    """Let the kecamatan find a birth date that does not fit its NIK, and send it back."""
    with dunia.hub.database.read() as conn:
        found = next(item for item in list_findings(conn) if item.kode == "V5")
    officer = Officer(make_officer(dunia.hub, "Wali"), "wali_data")
    return_to_desa(dunia.hub, found.id, DESA, "TGL_TIDAK_COCOK", "2026-10-01", officer, "Cek kartu keluarga.")


def test_a_returned_case_is_read_and_answered_here(desa: Desa, siti: Browser, dunia: Federation) -> None:
    enrol(desa, siti, dunia)
    confirm(desa, dunia)
    desa.change("penduduk", desa.ayah, tanggal_lahir="1981-02-02")
    sync(desa, siti)
    return_case(desa, dunia)
    sync(desa, siti)
    with desa.node.database.read() as conn:
        id = conn.execute("SELECT id FROM kasus WHERE status = 'dikembalikan'").fetchone()[0]
    assert "kasus dikembalikan kecamatan" in read_text(siti.get("/"))
    assert "Dikembalikan ke desa" in read_text(siti.get("/tindakan/"))
    page = read_text(siti.get(f"/tindakan/{id}"))
    assert "KREYO SANTOSO" in page and "Cek kartu keluarga" in page and "01-10-2026" in page
    assert "Kasus dari kecamatan" in read_text(siti.get(f"/penduduk/{desa.ayah}"))
    siti.get(f"/tindakan/{id}")
    assert siti.post(f"/tindakan/{id}/jawab", jawaban="  ").status_code == 400
    done = siti.follow(siti.post(f"/tindakan/{id}/jawab", jawaban="Sudah diperbaiki."))
    assert "Jawaban sudah disimpan" in read_text(done)
    assert desa.value("kasus", id, "dijawab_oleh") == desa.petugas["siti"]
    sync(desa, siti)
    with dunia.hub.database.read() as conn:
        assert (
            conn.execute("SELECT jawaban FROM kasus WHERE id = ?", (id,)).fetchone()[0] == "Sudah diperbaiki."
        )
