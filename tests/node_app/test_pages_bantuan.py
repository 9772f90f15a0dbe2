"""Programmes and recipients: edited, ended, removed with a reason, and what stands beside when two PCs disagree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node_app.test_pages_conflict import open_browser
from tests.node_app.test_pages_kit import Browser, Desa, both, make_desa, read_form, read_text
from tests.support.federation import Federation
from tests.support.office import create, update, value


@pytest.fixture
def desa(tmp_path: Path) -> Iterator[Desa]:
    made = make_desa(tmp_path / "desa")
    made.penerima = made.write(
        "penerima_bantuan", program=made.program, keluarga=made.keluarga, periode="2026", status="aktif"
    )
    yield made
    made.node.close()


def say(browser: Browser, path: str) -> str:
    return " ".join(read_text(browser.get(path)).split())


# Programmes.

def test_a_programme_of_the_desa_is_edited_and_its_history_tells(desa: Desa, siti: Browser) -> None:
    path = f"/bantuan/{desa.program}/ubah"
    fields = read_form(siti.get(path), path)
    assert fields["nama"] == "BLT Desa"
    siti.follow(siti.post(path, {**fields, "nama": "BLT Dana Desa", "nilai": "300.000"}))
    text = say(siti, f"/bantuan/{desa.program}")
    assert "Nama program: BLT Desa → menjadi BLT Dana Desa" in text and "Rp300.000" in text and "Siti Petugas" in text


def test_a_programme_that_somebody_else_has_changed_shows_both(desa: Desa, siti: Browser) -> None:
    path = f"/bantuan/{desa.program}/ubah"
    fields = read_form(siti.get(path), path)
    desa.change("program_bantuan", desa.program, kuota=12)
    answer = siti.post(path, {**fields, "kuota": "15"})
    assert answer.status_code == 409 and "12" in read_text(answer) and read_form(answer, path)["kuota"] == "15"


def test_the_last_day_of_a_programme_must_fit(desa: Desa, siti: Browser) -> None:
    desa.change("program_bantuan", desa.program, mulai="2026-02-01")
    path = f"/bantuan/{desa.program}"
    fields = read_form(siti.get(f"{path}/ubah"), f"{path}/ubah")
    assert siti.post(f"{path}/ubah", {**fields, "selesai": "01-01-2026"}).status_code == 400
    for typed, said in (("01-01-2026", "lebih awal"), ("", "hari terakhir"), ("besok", "hari-bulan-tahun")):
        answer = siti.post(f"{path}/akhiri", selesai=typed)
        assert answer.status_code == 400 and said in read_text(answer)
        assert read_form(answer, f"{path}/akhiri")["selesai"] == typed
    assert desa.value("program_bantuan", desa.program, "selesai") is None


def test_an_ended_programme_keeps_its_recipients_and_says_that_it_is_over(desa: Desa, siti: Browser) -> None:
    path = f"/bantuan/{desa.program}"
    siti.get(path)
    text = read_text(siti.follow(siti.post(f"{path}/akhiri", selesai="31-12-2025")))
    assert "berakhir" in text and "Penerima (1)" in text and "Program ini sudah berakhir" in text
    assert "Akhiri program" not in text
    assert "programnya sudah berakhir" in say(siti, f"/keluarga/{desa.keluarga}")
    assert "Berakhir" in say(siti, "/bantuan/")
    other = desa.write("program_bantuan", nama="Program Lansia", sasaran=1)
    siti.get(f"/bantuan/{other}")
    page = siti.follow(siti.post(f"/bantuan/{other}/cari", teks="kreo"))
    typed = read_form(page, f"/bantuan/{other}/penerima")
    typed |= {"periode": "2026", "penduduk": desa.ayah, "status": "aktif"}
    answer = siti.post(f"/bantuan/{other}/penerima", typed)
    assert "juga menerima" not in read_text(siti.follow(answer)), "what is over is not received"


def test_only_a_programme_without_recipients_is_deleted(desa: Desa, siti: Browser) -> None:
    siti.get(f"/bantuan/{desa.program}")
    assert siti.post(f"/bantuan/{desa.program}/hapus").status_code == 400
    empty = desa.write("program_bantuan", nama="Salah Ketik", sasaran=1)
    siti.get(f"/bantuan/{empty}")
    gone = read_text(siti.follow(siti.post(f"/bantuan/{empty}/hapus")))
    assert "Salah Ketik" in gone and "sudah dihapus" in gone and "Salah Ketik" not in say(siti, "/bantuan/")
    siti.follow(siti.post(f"/bantuan/{empty}/kembalikan"))
    assert "Salah Ketik" in say(siti, "/bantuan/")


# Recipients.

def test_a_recipient_is_edited_and_its_history_tells(desa: Desa, siti: Browser) -> None:
    path = f"/bantuan/penerima/{desa.penerima}"
    assert path in siti.get(f"/bantuan/{desa.program}").text
    fields = read_form(siti.get(f"{path}/ubah"), f"{path}/ubah")
    siti.follow(siti.post(f"{path}/ubah", {**fields, "nomor_kartu": "A-17", "periode": "2026-T1"}))
    text = say(siti, path)
    assert "Keluarga KREYO SANTOSO" in text and "A-17" in text and "Periode: 2026 → menjadi 2026-T1" in text
    assert "Program: BLT Desa" in text and "Keluarga: KK 3303" in text, "what it points to is named"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"status": "berhenti"}, "alasan penerima ini dihentikan"),
        ({"status": ""}, "Pilih keadaannya"),
        ({"periode": ""}, "Isi periodenya"),
        ({"periode": "2027"}, "Sudah ada di daftar"),
    ],
)
def test_a_wrong_entry_of_a_recipient_is_kept_and_explained(
    desa: Desa, siti: Browser, typed: dict[str, str], said: str
) -> None:
    desa.write("penerima_bantuan", program=desa.program, keluarga=desa.keluarga, periode="2027", status="aktif")
    path = f"/bantuan/penerima/{desa.penerima}/ubah"
    fields = read_form(siti.get(path), path)
    answer = siti.post(path, {**fields, **typed, "keterangan": "sudah dicek"})
    assert answer.status_code == 400 and said in read_text(answer)
    assert read_form(answer, path)["keterangan"] == "sudah dicek"


def test_a_recipient_is_removed_with_a_reason_and_can_come_back(desa: Desa, siti: Browser) -> None:
    path = f"/bantuan/penerima/{desa.penerima}"
    siti.get(f"{path}/hapus")
    refused = siti.post(f"{path}/hapus", catatan="dua kali")
    assert refused.status_code == 400 and 'value="dua kali"' in refused.text
    gone = read_text(siti.follow(siti.post(f"{path}/hapus", alasan="ganda", catatan="dua kali")))
    assert "sudah dihapus" in gone and "Tercatat dua kali. dua kali" in gone
    assert desa.count("SELECT count(*) FROM penerima_bantuan") == 0
    siti.follow(siti.post(f"{path}/kembalikan"))
    assert desa.value("penerima_bantuan", desa.penerima, "status") == "aktif"


def test_nobody_comes_back_to_a_place_that_is_taken(desa: Desa, siti: Browser) -> None:
    path = f"/bantuan/penerima/{desa.penerima}"
    siti.get(path)
    siti.post(f"{path}/status", status="berhenti", alasan="pindah")
    desa.write("penerima_bantuan", program=desa.program, keluarga=desa.keluarga, periode="2026", status="aktif")
    assert "Sudah ada di daftar" in read_text(siti.follow(siti.post(f"{path}/status", status="aktif")))
    assert desa.value("penerima_bantuan", desa.penerima, "status") == "berhenti"
    second = f"/bantuan/penerima/{desa.write('penerima_bantuan', program=desa.program, keluarga=desa.keluarga)}"
    siti.get(second)
    siti.follow(siti.post(f"{second}/hapus", alasan="ganda"))
    desa.write("penerima_bantuan", program=desa.program, keluarga=desa.keluarga)
    answer = siti.post(f"{second}/kembalikan")
    assert answer.status_code == 400 and "Sudah ada di daftar" in read_text(answer)


# Two PCs.


def test_a_clerk_chooses_between_two_versions_of_a_programme(dunia: Federation) -> None:
    kantor, laptop = both(dunia)
    id = create(kantor, "program_bantuan", nama="BLT Desa", sasaran=2)
    dunia.sync_all()
    update(kantor, id, of="program_bantuan", kuota=10)
    ref = update(laptop, id, of="program_bantuan", kuota=20)
    dunia.sync_all()
    browser = open_browser(kantor)
    assert "verval" in say(browser, "/bantuan/")
    text = say(browser, f"/bantuan/{id}")
    assert "Kuota penerima: menunggu verval" in text and "laptop" in text
    done = read_text(browser.follow(browser.post(f"/bantuan/{id}/pilih", grup="kuota", versi=ref)))
    assert "Pilihan sudah disimpan" in done and "menunggu verval" not in done
    dunia.sync_all()
    assert value(laptop, "SELECT kuota FROM program_bantuan WHERE id = ?", id) == 20


def test_who_receives_is_only_proposed_here(dunia: Federation) -> None:
    kantor, laptop = both(dunia)
    program = create(kantor, "program_bantuan", nama="BLT Desa", sasaran=1)
    person = create(kantor, nama="SAMIRAH", tanggal_lahir="1980-01-01", status_dasar=1)
    id = create(kantor, "penerima_bantuan", program=program, penduduk=person, periode="2026", status="usulan")
    dunia.sync_all()
    ref = update(kantor, id, of="penerima_bantuan", status="aktif")
    update(laptop, id, of="penerima_bantuan", status="berhenti", alasan_status="sudah mampu")
    dunia.sync_all()
    browser = open_browser(kantor)
    text = say(browser, f"/bantuan/penerima/{id}")
    assert "Status, Alasan: menunggu verval" in text and "Berhenti; Alasan: sudah mampu" in text
    assert "Usulkan yang ini" in text
    done = read_text(browser.follow(browser.post(f"/bantuan/penerima/{id}/pilih", grup="status", versi=ref)))
    assert "dicatat sebagai usulan" in done and "menunggu putusan kecamatan" in done
    page = f"/bantuan/penerima/{id}"
    text = read_text(browser.follow(browser.post(f"{page}/status", status="berhenti", alasan="pindah")))
    assert "dicatat sebagai usulan" in text and "Penerima dihentikan" not in text
    fields = read_form(browser.get(f"{page}/ubah"), f"{page}/ubah")
    typed = {**fields, "status": "berhenti", "alasan_status": "sudah pindah"}
    assert "dicatat sebagai usulan" in read_text(browser.follow(browser.post(f"{page}/ubah", typed)))
    dunia.sync_all()
    assert value(dunia.hub, "SELECT status FROM penerima_bantuan WHERE id = ?", id) == "usulan", "until two officers"


def test_a_recipient_removed_here_and_edited_there_stays_until_somebody_chooses(dunia: Federation) -> None:
    kantor, laptop = both(dunia)
    program = create(kantor, "program_bantuan", nama="BLT Desa", sasaran=1)
    id = create(kantor, "penerima_bantuan", program=program, periode="2026", status="usulan")
    dunia.sync_all()
    browser = open_browser(kantor)
    browser.get(f"/bantuan/penerima/{id}")
    browser.post(f"/bantuan/penerima/{id}/hapus", alasan="ganda")
    update(laptop, id, of="penerima_bantuan", nomor_kartu="A-17")
    dunia.sync_all()
    assert "Keberadaan data: menunggu verval" in say(browser, f"/bantuan/penerima/{id}")
