"""Hamlets: a new name carries everybody with it, one that is not needed is closed and whoever was there moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.impor.service import import_file
from node.keluarga.closing import close_dusun
from shared.errors import UserError
from tests.node_app.test_pages_conflict import open_browser
from tests.node_app.test_pages_desa import GOOD, finish_jobs, sheet
from tests.node_app.test_pages_kit import NO_KK, Browser, Desa, read_form, read_text
from tests.support.federation import Federation
from tests.support.office import create, update, value


def say(browser: Browser, path: str) -> str:
    return " ".join(read_text(browser.get(path)).split())


def test_a_new_name_carries_everybody_with_one_change(desa: Desa, siti: Browser) -> None:
    page = f"/keluarga/dusun/{desa.dusun}"
    fields = read_form(siti.get(f"{page}/ubah"), f"{page}/ubah")
    before = desa.count("SELECT count(*) FROM change")
    typed = {**fields, "nama": "KARANG MULYA", "kepala_dusun": "PARTO"}
    text = read_text(siti.follow(siti.post(f"{page}/ubah", typed)))
    assert "Nama dusun:" in text and "KARANG MULYA" in text
    assert desa.count("SELECT count(*) FROM change") == before + 1
    for path in ("/penduduk/", "/keluarga/", f"/penduduk/{desa.ayah}", f"/keluarga/{desa.keluarga}", "/keluarga/dusun"):
        assert "KARANG MULYA" in say(siti, path), path
    listed = say(siti, "/keluarga/dusun")
    assert "KARANG MULYA PARTO 1 3" in listed


def test_a_name_that_another_dusun_has_is_refused_however_it_is_written(desa: Desa, siti: Browser) -> None:
    other = desa.write("dusun", nama="KALIWUNI")
    path = f"/keluarga/dusun/{other}/ubah"
    fields = read_form(siti.get(path), path)
    for typed in ("KARANGSARI", "Dusun Karangsari"):
        answer = siti.post(path, {**fields, "nama": typed})
        assert answer.status_code == 400 and "tutup dusun yang ini" in read_text(answer)
        assert read_form(answer, path)["nama"] == typed
    assert siti.post(path, {**fields, "nama": "Kaliwuni"}).status_code == 303, "its own name, written otherwise"


def test_a_renamed_dusun_is_still_the_one_of_next_months_file(desa: Desa, siti: Browser) -> None:
    send = import_file(desa.node, sheet(GOOD), "warga.csv", desa.petugas["siti"])
    assert send["jumlah"]["dusun_baru"] == 1
    with desa.node.database.read() as conn:
        id = conn.execute("SELECT id FROM dusun WHERE nama = 'KALIWUNI'").fetchone()[0]
    path = f"/keluarga/dusun/{id}/ubah"
    siti.post(path, {**read_form(siti.get(path), path), "nama": "KALI WUNGU"})
    again = import_file(desa.node, sheet(GOOD), "warga.csv", desa.petugas["siti"])
    assert again["perubahan"] == 0 and desa.value("dusun", id, "nama") == "KALI WUNGU"


def test_an_empty_dusun_is_closed_with_a_reason_and_opened_again(desa: Desa, siti: Browser) -> None:
    page = f"/keluarga/dusun/{desa.write('dusun', nama='KALIWUNI')}"
    siti.get(page)
    refused = siti.post(f"{page}/tutup", alasan=" ")
    assert refused.status_code == 400 and "alasannya" in read_text(refused)
    begun = siti.post(f"{page}/tutup", alasan="salah tulis")
    finish_jobs(desa)
    closed = read_text(siti.follow(siti.get(begun.headers["Location"])))
    assert "sudah ditutup" in closed and "Alasan: salah tulis" in closed and "Dusun KALIWUNI" in closed
    assert "KALIWUNI" not in siti.get("/penduduk/tambah").text
    assert "Sudah ditutup: KALIWUNI" in say(siti, "/keluarga/dusun")
    siti.follow(siti.post(f"{page}/kembalikan"))
    assert "KALIWUNI" in siti.get("/penduduk/tambah").text


def test_who_lives_there_moves_along_before_it_is_closed(desa: Desa, siti: Browser) -> None:
    other = desa.write("dusun", nama="KALIWUNI")
    desa.change("penduduk", desa.anak, status_dasar=2, tanggal_status="2026-01-01")
    page = f"/keluarga/dusun/{desa.dusun}"
    assert "3 (termasuk yang meninggal" in say(siti, page)
    begun = siti.post(f"{page}/tutup", alasan="disatukan")
    finish_jobs(desa)
    refused = siti.get(begun.headers["Location"])
    assert refused.status_code == 400 and "Pilih dulu dusun tujuan" in read_text(refused)
    begun = siti.post(f"{page}/tutup", alasan="disatukan", tujuan=other)
    finish_jobs(desa)
    assert "4 data pindah" in read_text(siti.follow(siti.get(begun.headers["Location"])))
    for kind, id in (("penduduk", desa.ayah), ("penduduk", desa.anak), ("keluarga", desa.keluarga)):
        assert desa.value(kind, id, "dusun") == other
        assert desa.value(kind, id, "rt") == "002", "the rest of the address stays"
    assert "Dusun: KARANGSARI → menjadi KALIWUNI" in say(siti, f"/penduduk/{desa.ayah}"), "a closed one keeps its name"


def test_next_months_file_leaves_those_who_moved_where_they_are(desa: Desa, siti: Browser) -> None:
    import_file(desa.node, sheet(GOOD), "warga.csv", desa.petugas["siti"])
    with desa.node.database.read() as conn:
        old = conn.execute("SELECT id FROM dusun WHERE nama = 'KALIWUNI'").fetchone()[0]
    close_dusun(desa.node, old, desa.dusun, "salah tulis", desa.petugas["siti"])
    again = import_file(desa.node, sheet(GOOD), "warga.csv", desa.petugas["siti"])
    assert again["perubahan"] == 0 and again["masalah"] == []
    assert desa.count("SELECT count(*) FROM penduduk WHERE nama = 'PAIJAN' AND dusun = ?", desa.dusun) == 1


@pytest.mark.parametrize("target", ["", "sendiri", "01990000-0000-7000-8000-00000000000f"])
def test_a_target_that_cannot_be_moves_nobody(desa: Desa, target: str) -> None:
    before = desa.count("SELECT count(*) FROM change")
    with pytest.raises(UserError, match="Pilih dulu dusun tujuan"):
        close_dusun(desa.node, desa.dusun, desa.dusun if target == "sendiri" else target, "x", desa.petugas["siti"])
    assert desa.count("SELECT count(*) FROM change") == before


def test_a_dusun_is_closed_once(desa: Desa) -> None:
    id = desa.write("dusun", nama="KALIWUNI")
    close_dusun(desa.node, id, "", "kosong", desa.petugas["siti"])
    with pytest.raises(UserError, match="sudah ditutup"):
        close_dusun(desa.node, id, "", "kosong", desa.petugas["siti"])


def test_an_address_that_waits_for_verval_stands_in_the_way(tmp_path: Path) -> None:
    dunia = Federation(tmp_path)
    kantor, laptop = dunia.add_node("kantor"), dunia.add_node("laptop")
    old, new = (create(kantor, "dusun", nama=name) for name in ("KARANGSARI", "KALIWUNI"))
    family = create(kantor, "keluarga", no_kk=NO_KK, dusun=old, rt="001")
    dunia.sync_all()
    update(kantor, family, of="keluarga", rt="002")
    update(laptop, family, of="keluarga", rt="003")
    dunia.sync_all()
    with pytest.raises(UserError, match="Alamat 1 data di dusun ini masih menunggu verval"):
        close_dusun(kantor, old, new, "disatukan", dunia.author(kantor))
    assert value(kantor, "SELECT dusun FROM keluarga WHERE id = ?", family) == old
    dunia.close()


def test_a_clerk_chooses_between_two_names(tmp_path: Path) -> None:
    dunia = Federation(tmp_path)
    kantor, laptop = dunia.add_node("kantor"), dunia.add_node("laptop")
    id = create(kantor, "dusun", nama="KARANGSARI")
    dunia.sync_all()
    update(kantor, id, of="dusun", nama="KARANG SARI")
    ref = update(laptop, id, of="dusun", nama="KARANGSARI WETAN")
    dunia.sync_all()
    browser = open_browser(kantor)
    assert "Nama dusun: menunggu verval" in say(browser, f"/keluarga/dusun/{id}")
    browser.follow(browser.post(f"/keluarga/dusun/{id}/pilih", grup="nama", versi=ref))
    assert value(kantor, "SELECT nama FROM dusun WHERE id = ?", id) == "KARANGSARI WETAN"
    dunia.close()
