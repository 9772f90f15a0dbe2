"""Whose data was opened on a screen of the desa stands in the audit: once, in plain words, and reading never waits."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import Any

import pytest

from node.beranda import looks
from shared.errors import EnvironmentProblem
from shared.web.audit import ACTIONS, CHANGED, GROUPS, find_actions, list_groups, verify_audit
from tests.node_app.test_pages_kit import JENIS, NIK, Browser, Desa, fill_desa, read_text
from tests.node_app.test_pages_lampiran import make_case


def list_rows(desa: Desa) -> list[tuple[str, str, str, str]]:
    with desa.node.database.read() as conn:
        return [tuple(row) for row in conn.execute(
            "SELECT account, action, subject, detail FROM access_audit"
            " WHERE action IN ('data_dilihat', 'daftar_dibuka') ORDER BY no"
        )]


def test_who_opens_a_resident_or_a_card_leaves_one_row_of_a_session_and_an_hour(desa: Desa, siti: Browser) -> None:
    person, card = f"/penduduk/{desa.ayah}", f"/keluarga/{desa.keluarga}"
    for _ in range(3):
        for path in (person, f"{person}/ubah", card, f"{card}/ubah"):
            assert siti.get(path).status_code == 200
    once = [("siti", "data_dilihat", desa.ayah, ""), ("siti", "data_dilihat", desa.keluarga, "")]
    assert list_rows(desa) == once
    desa.browser("budi").get(f"{person}/ubah")
    assert list_rows(desa) == [*once, ("budi", "data_dilihat", desa.ayah, "")]
    # Another session, and the next hour, are looks of their own.
    desa.browser("siti").get(person)
    assert len(list_rows(desa)) == 4
    desa.clock.now += looks.ONCE_S
    desa.browser("siti").get(person)
    assert len(list_rows(desa)) == 5
    siti.get(f"/penduduk/{desa.node.new_id()}")
    assert len(list_rows(desa)) == 5, "no page that is not there"


def test_every_page_about_one_person_is_a_look_at_that_person(desa: Desa) -> None:
    """Also what shows a person by way of something else: an event, a letter, a case, aid, and the forms of each."""
    fill_desa(desa)
    case, own = make_case(desa), desa.write("konsep_surat", jenis=JENIS, nama="SLAMET RIYADI", status="konsep")
    away = f"/peristiwa/catat/kembali/{desa.lajang}"
    about = {
        desa.lajang: [f"/peristiwa/{desa.peristiwa}", f"/peristiwa/{desa.peristiwa}/ubah", away],
        desa.ayah: [
            f"/surat/konsep/{desa.konsep}", f"/surat/konsep/{desa.konsep}/ubah", f"/surat/terbit/{desa.surat}",
            f"/surat/baru/{JENIS}/isi?penduduk={desa.ayah}", f"/tindakan/{case}", f"/penduduk/{desa.ayah}/hapus",
            f"/penduduk/{desa.ayah}/foto",
            *(f"/peristiwa/catat/{what}/{desa.ayah}" for what in ("mati", "pindah", "hilang")),
        ],
        desa.keluarga: [
            f"/peristiwa/catat/lahir/{desa.keluarga}", f"/bantuan/penerima/{desa.penerima}",
            f"/bantuan/penerima/{desa.penerima}/ubah", f"/bantuan/penerima/{desa.penerima}/hapus",
            f"/keluarga/{desa.keluarga}/pindah",
        ],
        own: [f"/surat/konsep/{own}", f"/surat/konsep/{own}/ubah"],
    }
    seen = 0
    for subject, paths in about.items():
        for path in paths:
            browser = desa.browser("siti")
            for _ in range(2):
                assert browser.get(path).status_code == 200, path
            assert list_rows(desa)[seen:] == [("siti", "data_dilihat", subject, "")], path
            seen += 1
    told = desa.browser("siti").get("/catatan?kegiatan=dilihat")
    assert "Membuka data Konsep surat keterangan usaha" in " ".join(read_text(told).split())
    assert f'href="/surat/konsep/{own}"' in told.text


def test_the_list_of_everybody_leaves_a_row_that_does_not_say_who_was_searched_for(desa: Desa, siti: Browser) -> None:
    for _ in range(2):
        for path in ("/penduduk/", "/keluarga/"):
            siti.get(path)
            siti.post(f"{path}potongan", teks="kreyo")
    everybody = [
        ("siti", "daftar_dibuka", "Penduduk", "4 orang"), ("siti", "daftar_dibuka", "Keluarga", "1 keluarga"),
    ]
    assert list_rows(desa) == everybody
    desa.clock.now += looks.ONCE_S
    later = desa.browser("siti")
    later.get("/catatan")
    assert later.post("/penduduk/potongan", teks="kreyo").status_code == 200
    assert list_rows(desa) == [*everybody, everybody[0]]


def test_names_behind_a_number_and_books_on_screen_are_lists_that_were_opened(desa: Desa, siti: Browser) -> None:
    for _ in range(2):
        siti.get("/laporan/2026-09/nama?angka=akhir")
        siti.get(f"/laporan/buku/b1?dusun={desa.dusun}")
        siti.get("/laporan/buku/b5?tahun=3303990101800001")
    rows = list_rows(desa)
    assert [row[:3] for row in rows] == [
        ("siti", "daftar_dibuka", "Nama di balik angka laporan"), ("siti", "daftar_dibuka", "Buku B.1"),
        ("siti", "daftar_dibuka", "Buku B.5"),
    ]
    assert rows[0][3].endswith("September 2026; 4 orang") and rows[1][3] == "Dusun KARANGSARI; 3 orang"
    siti.get("/laporan/buku/b1")
    page = " ".join(read_text(siti.get("/catatan?kegiatan=dilihat")).split())
    assert "Membuka daftar nama Buku B.1 Dusun KARANGSARI; 3 orang" in page
    assert len(list_rows(desa)) == 4, "another part of a book is another list"


def test_recipients_of_aid_and_the_agenda_are_lists_as_well(desa: Desa, siti: Browser) -> None:
    for path in (f"/bantuan/{desa.program}", "/surat/agenda/"):
        siti.get(path)
    assert list_rows(desa) == [], "a list that names nobody"
    desa.write("penerima_bantuan", program=desa.program, keluarga=desa.keluarga, periode="2026", status="aktif")
    desa.write("surat_masuk", tanggal_terima="2026-09-20", nomor="1", pengirim="CAMAT", isi_singkat="Undangan")
    for path in (f"/bantuan/{desa.program}", "/surat/agenda/?buku=masuk", "/surat/agenda/?buku=masuk"):
        siti.get(path)
    assert [row[2:] for row in list_rows(desa)] == [
        ("Penerima bantuan", "BLT Desa; 1 penerima"), ("Agenda masuk", "2026; 1 baris"),
    ]


def test_the_page_names_them_and_shows_acts_of_one_sort(desa: Desa, siti: Browser) -> None:
    siti.get(f"/penduduk/{desa.ayah}")
    siti.get(f"/keluarga/{desa.keluarga}")
    siti.get("/penduduk/")
    siti.post("/penduduk/ekspor", format="csv")
    page = siti.get("/catatan?kegiatan=dilihat")
    table = " ".join(read_text(page).partition("Keterangan")[2].split())
    assert "siti Membuka data KREYO SANTOSO" in table and "siti Membuka data Kartu keluarga KREYO SANTOSO" in table
    assert "Mengekspor" not in table and "Masuk" not in table.partition("Periksa keutuhan")[0] and NIK not in page.text
    assert "Mengekspor daftar" in read_text(siti.get("/catatan?kegiatan=diekspor")).partition("Keterangan")[2]
    about = " ".join(read_text(siti.get(f"/catatan?tentang={desa.ayah}&kegiatan=dilihat")).split())
    assert "Hanya tentang KREYO SANTOSO" in about and "Kartu keluarga" not in about.partition("Keterangan")[2]
    assert "Belum ada catatan" in read_text(siti.get("/catatan?kegiatan=entah"))
    link = f'href="/catatan?tentang={desa.keluarga}"'
    assert link in siti.get(f"/penduduk/{desa.ayah}").text and link in siti.get(f"/keluarga/{desa.keluarga}").text
    assert link not in desa.browser("budi").get(f"/keluarga/{desa.keluarga}").text
    siti.get("/catatan")
    answer = siti.post("/catatan/ekspor", kegiatan="dilihat")
    assert answer.status_code == 200 and "4 baris" in read_text(siti.get("/catatan?kegiatan=catatan_diekspor"))


def test_every_act_is_of_one_sort_and_a_sort_is_found() -> None:
    sorts = list_groups(ACTIONS)
    assert list(sorts) == [*GROUPS, CHANGED] and not sorts.keys() & ACTIONS.keys()
    assert len(set(sorts.values())) == len(sorts)
    found = [act for sort in sorts for act in find_actions(sort, ACTIONS) if act in ACTIONS]
    assert sorted(found) == sorted(ACTIONS) and find_actions("masuk_gagal", ACTIONS) == ["masuk_gagal"]


def test_the_audit_of_an_export_says_which_part_of_which_list(desa: Desa, siti: Browser) -> None:
    siti.get("/penduduk/")
    siti.post("/penduduk/ekspor", format="csv", dusun=desa.dusun, jenis_kelamin="1", umur_dari="5", teks="kreyo")
    siti.post("/keluarga/ekspor", format="xlsx", hanya="tanpa_nomor")
    with desa.node.database.read() as conn:
        told = conn.execute("SELECT detail FROM access_audit WHERE action = 'ekspor' ORDER BY no").fetchall()
    details = [row[0] for row in told]
    assert details == [
        "csv, 1 baris, hasil pencarian; dusun KARANGSARI; laki-laki; umur dari 5, nomor disamarkan",
        "xlsx, 0 baris, belum bernomor kk, nomor disamarkan",
    ]


def test_a_full_disk_stops_no_reading_and_the_row_follows(
    desa: Desa, siti: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def refuse(wait_s: float) -> Any:
        raise EnvironmentProblem("Disk penuh.", "disk_penuh")
        yield

    with monkeypatch.context() as patch:
        patch.setattr(desa.node.database, "write_within", refuse)
        for id in (desa.ayah, desa.ibu, desa.ayah):
            assert siti.get(f"/penduduk/{id}").status_code == 200
    assert list_rows(desa) == []
    begun = desa.clock.now
    desa.clock.now += 60
    assert "Membuka data KREYO SANTOSO" in " ".join(read_text(siti.get("/catatan")).split())
    assert [row[2] for row in list_rows(desa)] == [desa.ayah, desa.ibu]
    with desa.node.database.read() as conn:
        times = [row[0] for row in conn.execute("SELECT time_s FROM access_audit WHERE action = 'data_dilihat'")]
        assert times == [begun, begun] and verify_audit(conn).is_intact


def test_a_long_write_beside_it_stops_no_reading(desa: Desa, siti: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "WAIT_S", 0.01)
    holds, done = threading.Event(), threading.Event()

    def hold() -> None:
        with desa.node.database.write():
            holds.set()
            done.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    assert holds.wait(10)
    try:
        assert siti.get(f"/penduduk/{desa.ayah}").status_code == 200 and list_rows(desa) == []
    finally:
        done.set()
        thread.join(10)
    siti.get(f"/penduduk/{desa.ibu}")
    assert [row[2] for row in list_rows(desa)] == [desa.ayah, desa.ibu]


def test_a_defect_while_writing_is_told_and_loses_no_row(
    desa: Desa, siti: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what the machine refuses is waited for."""
    def fail(*args: Any, **more: Any) -> None:
        raise sqlite3.IntegrityError("twice")

    with monkeypatch.context() as patch:
        patch.setattr(looks, "record_access", fail)
        patch.setitem(desa.app.config, "PROPAGATE_EXCEPTIONS", False)
        assert siti.get(f"/penduduk/{desa.ayah}").status_code == 500
    siti.get(f"/penduduk/{desa.ayah}")
    assert [row[2] for row in list_rows(desa)] == [desa.ayah]
