"""Pages of penduduk: list and search, masking, forms and their collisions, history, export."""

from __future__ import annotations

import io
import logging
import re
import zipfile

import pytest

from node.penduduk import writing
from node.penduduk.index import PeopleIndex
from node.penduduk.rules import FORM_FIELDS, PENDUDUK
from shared.errors import DamageError, EnvironmentProblem
from shared.records.identifiers import mask_nik
from tests.node_app.test_pages_kit import NIK, NO_KK, PASSWORD, Browser, Desa, read_form, read_text


def search(browser: Browser, **fields: str) -> str:
    browser.get("/penduduk/")
    return read_text(browser.follow(browser.post("/penduduk/cari", **fields)))


def test_the_form_draws_every_field_but_what_other_pages_set() -> None:
    assert set(PENDUDUK.fields) - set(FORM_FIELDS) == {"keluarga", "foto", "peristiwa"}


def test_the_list_shows_living_residents_with_masked_numbers(siti: Browser) -> None:
    text = read_text(siti.get("/penduduk/"))
    assert "KREYO SANTOSO" in text and mask_nik(NIK) in text
    assert NIK not in text and NO_KK not in text


@pytest.mark.parametrize(
    "typed", ["kreo", "KREYO", "kre", "santoso kreyo", "kreyyo", NIK, "0101800001", NO_KK]
)
def test_search_finds_by_spelling_and_number(siti: Browser, typed: str) -> None:
    assert "KREYO SANTOSO" in search(siti, teks=typed)


def test_search_forgives_one_slip(siti: Browser) -> None:
    assert "WATI LESTARI" in search(siti, teks="leztari")


def test_search_text_never_stands_in_the_address(siti: Browser) -> None:
    siti.get("/penduduk/")
    answer = siti.post("/penduduk/cari", teks=f"kreyo {NIK}")
    assert answer.status_code == 303
    assert "kreyo" not in answer.headers["Location"] and NIK not in answer.headers["Location"]


def test_a_search_belongs_to_its_session(desa: Desa, siti: Browser) -> None:
    siti.get("/penduduk/")
    target = siti.post("/penduduk/cari", teks="kreyo").headers["Location"]
    text = read_text(desa.browser("budi").get(target))
    assert "sudah ditutup" in text and "WATI LESTARI" in text


def test_filters_narrow_by_sex_age_hamlet_and_status(desa: Desa, siti: Browser) -> None:
    assert "KREYO" not in search(siti, jenis_kelamin="2")
    old = search(siti, umur_dari="60")
    assert "WATI" in old and "ANDI" not in old
    young = search(siti, umur_sampai="17")
    assert "ANDI" in young and "WATI" not in young
    assert "WATI" not in search(siti, dusun=desa.dusun)
    desa.change("penduduk", desa.lajang, status_dasar=2, tanggal_status="2026-01-01")
    assert "WATI" not in search(siti) and "WATI" in search(siti, status="lain")
    assert "KREYO" not in search(siti, hanya="tanpa_nik")
    assert "KREYO" in search(siti, rw="1", rt="02") and "KREYO" not in search(siti, rw="1", rt="3")
    assert "Tidak ada yang cocok untuk “zzzz”" in " ".join(search(siti, teks="zzzz").split())


def test_sorting_puts_the_oldest_first_when_asked(siti: Browser) -> None:
    text = read_text(siti.get("/penduduk/?urut=umur&arah=turun"))
    assert text.index("WATI") < text.index("KREYO") < text.index("ANDI")


@pytest.mark.parametrize(
    ("urut", "names"),
    [
        ("nama", "ANDI KREYO SITI WATI"), ("nik", "KREYO SITI"), ("tanggal_lahir", "WATI KREYO SITI ANDI"),
        ("umur", "ANDI SITI KREYO WATI"), ("hubungan", "KREYO SITI ANDI WATI"), ("rt_rw", "ANDI WATI"),
        ("no_kk", "KREYO SITI ANDI WATI"), ("jk", "KREYO SITI"),
    ],
)
def test_every_order_puts_who_has_no_value_last(siti: Browser, urut: str, names: str) -> None:
    def read_order(path: str) -> list[str]:
        rows = siti.get(path).text.split("<tbody>")[1].split("</tbody>")[0]
        return [name for name in re.findall(r">([A-Z]+) [A-Z]+</a>", rows) if name in names]

    wanted = names.split()
    assert read_order(f"/penduduk/?urut={urut}") == wanted
    empty = {"hubungan": 1, "rt_rw": 1, "no_kk": 1}.get(urut, 0)
    falling = read_order(f"/penduduk/?urut={urut}&arah=turun")
    if empty:
        assert falling[-empty:] == wanted[-empty:]
    if urut not in ("rt_rw", "no_kk"):
        assert falling[: len(wanted) - empty] == wanted[: len(wanted) - empty][::-1]


def test_pages_hold_25_rows(desa: Desa, siti: Browser) -> None:
    for at in range(30):
        desa.write("penduduk", nama=f"WARGA {at:02}", status_dasar=1)
    first, last = siti.get("/penduduk/"), siti.get("/penduduk/?hal=2")
    assert first.text.count('<td class="pokok">') == 25 and last.text.count('<td class="pokok">') == 9
    assert siti.get("/penduduk/?hal=99").status_code == 200


def test_the_fragment_is_the_list_alone(siti: Browser) -> None:
    siti.get("/penduduk/")
    answer = siti.post("/penduduk/potongan", teks="kreo")
    assert "KREYO SANTOSO" in answer.text and "<html" not in answer.text


def test_chosen_columns_stay(desa: Desa, siti: Browser) -> None:
    siti.get("/penduduk/")
    siti.post("/penduduk/kolom", kolom=["tempat_lahir", "umur"])
    text = read_text(desa.browser("siti").get("/penduduk/"))
    assert "PURBALINGGA" in text and mask_nik(NIK) not in text


def test_numbers_are_shown_only_with_a_purpose_and_that_is_logged(desa: Desa, siti: Browser) -> None:
    page = f"/penduduk/{desa.ayah}"
    assert NIK not in siti.get(page).text
    refused = siti.follow(siti.post(f"{page}/tampilkan"))
    assert NIK not in refused.text and "Pilih dulu" in read_text(refused)
    shown = siti.follow(siti.post(f"{page}/tampilkan", keperluan="layanan"))
    assert NIK in shown.text and NO_KK in shown.text
    sql = "SELECT count(*) FROM access_audit WHERE action = ? AND subject = ? AND detail = 'layanan'"
    assert desa.count(sql, "nik_ditampilkan", desa.ayah) == 1
    assert NIK not in desa.browser("budi").get(page).text


def test_numbers_close_by_hand_and_after_five_minutes(desa: Desa, siti: Browser) -> None:
    page = f"/penduduk/{desa.ayah}"
    siti.get(page)
    assert NIK in siti.follow(siti.post(f"{page}/tampilkan", keperluan="surat")).text
    assert NIK not in siti.follow(siti.post(f"{page}/tutup")).text
    assert NIK in siti.follow(siti.post(f"{page}/tampilkan", keperluan="surat")).text
    desa.clock.now += 301
    assert NIK not in siti.get(page).text


def test_edit_saves_what_changed_and_keeps_the_masked_number(desa: Desa, siti: Browser) -> None:
    path = f"/penduduk/{desa.ayah}/ubah"
    fields = read_form(siti.get(path), path)
    assert fields["nik"] == ""
    text = read_text(siti.follow(siti.post(path, {**fields, "telepon": "0800 001"})))
    assert "sudah disimpan" in text and "0800 001" in text
    assert desa.value("penduduk", desa.ayah, "nik") == NIK


def test_a_number_shown_whole_can_be_emptied_and_a_masked_one_is_kept(desa: Desa, siti: Browser) -> None:
    path = f"/penduduk/{desa.ayah}/ubah"
    masked = read_form(siti.get(path), path)
    siti.post(f"/penduduk/{desa.ayah}/tampilkan", keperluan="perbaikan")
    shown = read_form(siti.get(path), path)
    assert masked["nik"] == "" and shown["nik"] == NIK
    siti.post(path, {**masked, "terbuka": ""})
    assert desa.value("penduduk", desa.ayah, "nik") == NIK
    assert siti.post(path, {**shown, "nik": ""}).status_code == 303
    assert desa.value("penduduk", desa.ayah, "nik") is None


def test_edit_without_a_change_writes_nothing(desa: Desa, siti: Browser) -> None:
    path = f"/penduduk/{desa.ayah}/ubah"
    fields = read_form(siti.get(path), path)
    before = desa.count("SELECT count(*) FROM change")
    assert "Tidak ada yang berubah" in read_text(siti.follow(siti.post(path, fields)))
    assert desa.count("SELECT count(*) FROM change") == before


def test_a_wrong_entry_keeps_what_was_typed(desa: Desa, siti: Browser) -> None:
    path = f"/penduduk/{desa.ayah}/ubah"
    fields = read_form(siti.get(path), path)
    answer = siti.post(
        path, {**fields, "tanggal_lahir": "31-02-1980", "pekerjaan": "", "suku": "JAWA TENGAH"}
    )
    assert answer.status_code == 400
    again = read_form(answer, path)
    assert again["tanggal_lahir"] == "31-02-1980" and again["suku"] == "JAWA TENGAH"
    assert "kalender" in read_text(answer)


@pytest.mark.parametrize(("live", "offered"), [(None, "19"), (1, "19"), (2, "129"), (9, "19")])
def test_who_dies_or_leaves_is_an_event_and_no_choice_of_the_form(
    desa: Desa, siti: Browser, live: int | None, offered: str
) -> None:
    desa.change("penduduk", desa.lajang, status_dasar=live, telepon="0812")
    path = f"/penduduk/{desa.lajang}/ubah"
    page = siti.get(path)
    drawn = re.search(r'<select id="status_dasar".*?</select>', page.text, re.S)
    assert drawn and re.findall(r'value="([0-9])"', drawn[0]) == list(offered)
    assert "catat peristiwanya" in read_text(page) and f"/peristiwa/catat/?penduduk={desa.lajang}" in page.text
    fields = read_form(page, path)
    answer = siti.post(path, {**fields, "status_dasar": "3", "suku": "SUNDA"})
    assert answer.status_code == 400 and "tidak dipilih di sini" in read_text(answer)
    assert desa.value("penduduk", desa.lajang, "status_dasar") == live
    assert siti.post(path, {**fields, "status_dasar": "9", "suku": "SUNDA"}).status_code == 303
    assert desa.value("penduduk", desa.lajang, "suku") == "SUNDA"


def test_an_old_fault_does_not_block_another_field(desa: Desa, siti: Browser) -> None:
    record = desa.write("penduduk", nama="LAMA", nik="123", status_dasar=1)
    path = f"/penduduk/{record}/ubah"
    fields = read_form(siti.get(path), path)
    assert siti.post(path, {**fields, "suku": "SUNDA"}).status_code == 303
    assert desa.value("penduduk", record, "suku") == "SUNDA"


def test_editing_what_somebody_else_changed_shows_it_and_keeps_both(desa: Desa, siti: Browser) -> None:
    path = f"/penduduk/{desa.ayah}/ubah"
    fields = read_form(siti.get(path), path)
    desa.change("penduduk", desa.ayah, suku="BATAK")
    answer = siti.post(path, {**fields, "telepon": "0800 002"})
    assert answer.status_code == 409 and "petugas lain" in read_text(answer)
    again = read_form(answer, path)
    assert again["suku"] == "BATAK" and again["telepon"] == "0800 002"
    assert siti.post(path, again).status_code == 303
    assert desa.value("penduduk", desa.ayah, "suku") == "BATAK"
    assert desa.value("penduduk", desa.ayah, "telepon") == "0800 002"


def test_the_same_field_changed_twice_keeps_what_was_typed_and_shows_the_other(
    desa: Desa, siti: Browser
) -> None:
    path = f"/penduduk/{desa.ayah}/ubah"
    fields = read_form(siti.get(path), path)
    desa.change("penduduk", desa.ayah, suku="BATAK")
    answer = siti.post(path, {**fields, "suku": "SUNDA"})
    assert answer.status_code == 409 and "BATAK" in read_text(answer)
    assert read_form(answer, path)["suku"] == "SUNDA"


def test_saving_what_somebody_else_has_deleted_says_so(desa: Desa, siti: Browser) -> None:
    for path in (f"/penduduk/{desa.lajang}", f"/keluarga/{desa.write('keluarga', alamat='JL. MELATI')}"):
        fields = read_form(siti.get(f"{path}/ubah"), f"{path}/ubah")
        budi = desa.browser("budi")
        budi.get(path)
        assert budi.post(f"{path}/hapus", alasan="ganda").status_code == 303
        answer = siti.post(f"{path}/ubah", {**fields, "alamat": "JL. BARU"})
        assert answer.status_code == 400 and "sudah tidak ada di sini" in read_text(answer)


def test_add_puts_a_person_into_the_family_of_the_number(desa: Desa, siti: Browser) -> None:
    fields = read_form(siti.get("/penduduk/tambah"), "/penduduk/tambah")
    answer = siti.post("/penduduk/tambah", {**fields, "nama": "BAYI BARU", "hubungan": "4", "no_kk": NO_KK})
    assert "BAYI BARU" in read_text(siti.follow(answer))
    sql = "SELECT count(*) FROM penduduk WHERE nama = 'BAYI BARU' AND keluarga = ?"
    assert desa.count(sql, desa.keluarga) == 1


def test_add_with_a_new_number_makes_the_family(desa: Desa, siti: Browser) -> None:
    fields = read_form(siti.get("/penduduk/tambah"), "/penduduk/tambah")
    answer = siti.post(
        "/penduduk/tambah", {**fields, "nama": "BARU", "hubungan": "1", "no_kk": "3303990202200009"}
    )
    assert answer.status_code == 303
    assert desa.count("SELECT count(*) FROM keluarga WHERE no_kk = '3303990202200009'") == 1


def test_add_shows_who_is_alike_before_a_second_one_is_made(desa: Desa, siti: Browser) -> None:
    fields = read_form(siti.get("/penduduk/tambah"), "/penduduk/tambah")
    typed = {**fields, "nama": "KREO SANTOSO", "tanggal_lahir": "01-01-1980"}
    answer = siti.post("/penduduk/tambah", typed)
    assert answer.status_code == 409 and "KREYO SANTOSO" in read_text(answer)
    assert read_form(answer, "/penduduk/tambah")["nama"] == "KREO SANTOSO"
    assert siti.post("/penduduk/tambah", {**typed, "orang_lain": "1"}).status_code == 303


def test_add_without_a_name_keeps_the_rest(siti: Browser) -> None:
    fields = read_form(siti.get("/penduduk/tambah"), "/penduduk/tambah")
    answer = siti.post("/penduduk/tambah", {**fields, "suku": "JAWA", "no_kk": "salah"})
    again = read_form(answer, "/penduduk/tambah")
    assert answer.status_code == 400 and again["suku"] == "JAWA" and again["no_kk"] == "salah"


def test_delete_wants_a_reason_and_can_be_undone(desa: Desa, siti: Browser) -> None:
    page = f"/penduduk/{desa.lajang}"
    siti.get(f"{page}/hapus")
    refused = siti.post(f"{page}/hapus", catatan="dua kali")
    assert refused.status_code == 400 and 'value="dua kali"' in refused.text
    gone = read_text(siti.follow(siti.post(f"{page}/hapus", alasan="ganda", catatan="dua kali")))
    assert "sudah dihapus" in gone and "dua kali" in gone
    assert "WATI" not in read_text(siti.get("/penduduk/"))
    assert "WATI" in read_text(siti.follow(siti.post(f"{page}/kembalikan")))
    assert desa.value("penduduk", desa.lajang, "nama") == "WATI LESTARI"


def test_deleting_says_what_is_left_behind(desa: Desa, siti: Browser) -> None:
    desa.write("penerima_bantuan", program=desa.program, penduduk=desa.ayah, periode="2026", status="aktif")
    text = read_text(siti.get(f"/penduduk/{desa.ayah}/hapus"))
    assert "tanpa kepala keluarga" in text and "BLT Desa" in text
    assert "tanpa kepala" not in read_text(siti.get(f"/penduduk/{desa.anak}/hapus"))


def test_no_change_is_left_out_of_the_history(desa: Desa, siti: Browser) -> None:
    for at in range(130):
        desa.change("penduduk", desa.lajang, suku=f"SUKU {at}")
    page = f"/penduduk/{desa.lajang}"
    seen, path = set(), page
    for left in (71, 11, None):
        answer = siti.get(path)
        seen |= set(re.findall(r"<ins>SUKU ([0-9]+)</ins>", answer.text))
        link = re.search(rf'href="({page}\?riwayat=[0-9]+#riwayat)">Lihat ([0-9]+) perubahan', answer.text)
        assert (link and int(link[2])) == left
        path = link[1] if link else path
    assert len(seen) == 130 and "lebih baru" in answer.text


def test_history_tells_who_when_where_and_old_to_new(desa: Desa, siti: Browser) -> None:
    desa.change("penduduk", desa.ayah, suku="JAWA")
    desa.change("penduduk", desa.ayah, suku="SUNDA")
    text = " ".join(read_text(siti.get(f"/penduduk/{desa.ayah}")).split())
    assert "Suku: JAWA → menjadi SUNDA" in text
    assert "oleh Budi Petugas, Kantor (komputer ini) Di komputer ini, belum dikirim" in text


def test_export_holds_exactly_the_rows_and_columns_shown(desa: Desa, siti: Browser) -> None:
    siti.get("/penduduk/")
    token = siti.post("/penduduk/cari", teks="kreo").headers["Location"].split("lihat=")[1]
    siti.get("/penduduk/")
    answer = siti.follow(siti.post("/penduduk/ekspor", lihat=token, format="csv"))
    lines = answer.data.decode("utf-8-sig").split("\r\n")
    assert lines[0].startswith("Nama;NIK;L/P") and len(lines) == 3
    assert lines[1].startswith(f"KREYO SANTOSO;{mask_nik(NIK)};L")
    assert desa.count("SELECT count(*) FROM access_audit WHERE action = 'ekspor'") == 1


def test_export_of_whole_numbers_wants_a_purpose(desa: Desa, siti: Browser) -> None:
    siti.get("/penduduk/")
    assert siti.post("/penduduk/ekspor", format="xlsx", lengkap="1").status_code == 400
    siti.get("/penduduk/")
    answer = siti.follow(siti.post("/penduduk/ekspor", format="xlsx", lengkap="1", keperluan="laporan"))
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        assert NIK in book.read("xl/sharedStrings.xml").decode()
    assert desa.count("SELECT count(*) FROM access_audit WHERE detail LIKE '%nomor lengkap, laporan'") == 1


def test_an_exported_cell_is_never_a_formula(desa: Desa, siti: Browser) -> None:
    desa.write("penduduk", nama="=1+1", status_dasar=1)
    siti.get("/penduduk/")
    answer = siti.follow(siti.post("/penduduk/ekspor", format="csv"))
    assert "'=1+1" in answer.data.decode("utf-8-sig")


def test_the_index_follows_the_database(desa: Desa) -> None:
    index = PeopleIndex(desa.node)
    assert len(index.people()) == 4
    added = desa.write("penduduk", nama="MOEHAMAD", status_dasar=1)
    assert [person.id for person in index.search("muhamad")] == [added]
    desa.change("penduduk", added, nama="ZAKARIA")
    assert not index.search("muhamad") and index.search("zakaria")
    desa.change("keluarga", desa.keluarga, no_kk="3303990101100007")
    fresh = PeopleIndex(desa.node)
    assert index.people() == fresh.people() and index.families() == fresh.families()


def test_no_number_of_a_person_reaches_log_or_address(
    desa: Desa, siti: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        page = f"/penduduk/{desa.ayah}"
        search(siti, teks=NIK)
        siti.get(page)
        siti.follow(siti.post(f"{page}/tampilkan", keperluan="surat"))
        fields = read_form(siti.get(f"{page}/ubah"), f"{page}/ubah")
        siti.follow(siti.post(f"{page}/ubah", {**fields, "nik": "3303990101800003"}))
        for path in ("/", "/penduduk/", "/keluarga/", page, f"/keluarga/{desa.keluarga}"):
            links = re.findall(r'(?:href|action)="([^"]*)"', siti.get(path).text)
            assert not [link for link in links if re.search(r"[0-9]{16}", link)]
    assert not re.search(r"(?<![0-9a-f])[0-9]{16}(?![0-9a-f])", caplog.text)
    assert "kreyo" not in caplog.text.lower()


def test_a_full_disk_gives_back_what_was_typed_and_the_page_can_save_it(
    desa: Desa, siti: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **named: object) -> None:
        raise EnvironmentProblem("Disk komputer penuh, jadi belum ada yang disimpan.", "disk_penuh")

    siti.get("/penduduk/tambah")
    with monkeypatch.context() as full:
        full.setattr(writing, "write_drafts", fail)
        answer = siti.post("/penduduk/tambah", nama="SUPARTI <BARU>", status_dasar="1", telepon="0812")
    assert answer.status_code == 503 and "Disk komputer penuh" in read_text(answer)
    typed = read_form(answer, "/penduduk/tambah")
    assert typed == {"nama": "SUPARTI <BARU>", "status_dasar": "1", "telepon": "0812"}
    assert siti.post("/penduduk/tambah", {**typed, "nama": "SUPARTI"}).status_code == 303
    assert desa.count("SELECT count(*) FROM penduduk WHERE nama = 'SUPARTI'") == 1


def test_data_that_cannot_be_read_are_told_as_damage_and_what_was_typed_comes_back(
    siti: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object, **named: object) -> None:
        raise DamageError("database file is damaged")

    siti.get("/penduduk/tambah")
    monkeypatch.setattr(writing, "write_drafts", fail)
    answer = siti.post("/penduduk/tambah", nama="SUPARTI", status_dasar="1")
    assert answer.status_code == 500 and "Jangan hapus apa pun" in read_text(answer)
    assert read_form(answer, "/penduduk/tambah") == {"nama": "SUPARTI", "status_dasar": "1"}
    assert "damage in POST /penduduk/tambah" in caplog.text and "SUPARTI" not in caplog.text


def test_a_page_of_a_full_disk_never_holds_a_password(desa: Desa, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **named: object) -> None:
        raise EnvironmentProblem("Disk komputer penuh, jadi belum ada yang disimpan.", "disk_penuh")

    browser = desa.browser(None)
    browser.get("/masuk")
    monkeypatch.setattr("shared.web.sessions.Sessions.start", fail)
    answer = browser.post("/masuk", nama_pengguna="siti", kata_sandi=PASSWORD)
    assert answer.status_code == 503 and "Disk komputer penuh" in read_text(answer)
    assert PASSWORD not in answer.text
