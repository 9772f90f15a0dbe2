"""Events in an office: a head dies and is followed, a child is born, a family moves in, a mistake is undone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from demonstration.reading import read_rows
from running.processes import KECAMATAN, Server, serving
from tests.browser.kecamatan import PASSWORD, log_in, make_fresh_node
from tests.browser.windows import PHONE, Window, open_window

DESA = f"{KECAMATAN}.2016"


def write(office: Server, kind: str, **values: Any) -> str:
    return str(office.call("tulis", jenis=kind, id="", nilai=values)["id"])


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = make_fresh_node(tmp_path_factory.mktemp("peristiwa") / "desa", DESA, "PC Kantor")
    with serving("sipande-node", folder, "--tanpa-otomatis") as server:
        server.call(
            "akun", pengguna="siti", nama="Siti Aminah", jabatan="Kaur umum", peran="admin", kata_sandi=PASSWORD
        )
        dusun = write(server, "dusun", nama="KRAJAN")
        address = {"alamat": "JL. MAWAR", "dusun": dusun, "rw": "001", "rt": "002"}
        family = write(server, "keluarga", no_kk="3303990101100001", **address)
        for nama, sex, born, place in (
            ("KREYO SANTOSO", 1, "1960-01-01", 1), ("RATMI", 2, "1965-02-02", 3), ("ANDI SANTOSO", 1, "1995-03-03", 4),
        ):
            write(server, "penduduk", nama=nama, jenis_kelamin=sex, tanggal_lahir=born, hubungan=place,
                  keluarga=family, status_dasar=1, agama=1, warganegara=1, **address)
        yield server


@pytest.fixture(scope="module")
def window(browser: Browser, office: Server) -> Iterator[Window]:
    with open_window(browser, office.address, scripts=False) as opened:
        log_in(opened, "siti")
        yield opened


def report(window: Window, kind: str, whom: str) -> None:
    """Go the way of a clerk: Peristiwa, Catat peristiwa, what, who."""
    window.go("/")
    window.page.get_by_role("navigation").get_by_role("link", name="Peristiwa", exact=True).click()
    window.click("Catat peristiwa")
    window.page.get_by_role("link", name=re.compile(rf"^{kind}")).first.click()
    if whom:
        window.fill(teks=whom)
        window.page.locator("main").get_by_role("button", name="Cari").click()
        window.page.get_by_role("link", name=re.compile(whom.upper())).first.click()


def read_people(office: Server) -> dict[str, tuple[Any, Any]]:
    rows = read_rows(office.folder.path, "SELECT nama, status_dasar, hubungan FROM penduduk")
    return {row["nama"]: (row["status_dasar"], row["hubungan"]) for row in rows}


def test_a_head_dies_a_child_is_born_a_family_comes_and_a_mistake_is_undone(window: Window, office: Server) -> None:
    main = window.page.locator("main")

    report(window, "Kematian", "kreyo")
    window.fill(tanggal_peristiwa="01-11-2026", tempat="RUMAH", pelapor="PAK RT")
    expect(window.page.locator("#kepala_baru")).to_contain_text("RATMI (ISTRI)")
    window.shoot("peristiwa-kematian")
    window.click("Catat kematian")
    expect(main).to_contain_text("RATMI: ISTRI menjadi KEPALA KELUARGA")
    window.shoot("peristiwa-kematian-tersimpan")
    assert read_people(office)["RATMI"] == (1, 1) and read_people(office)["KREYO SANTOSO"][0] == 2

    report(window, "Kelahiran", "ratmi")
    window.fill(nama="BUNGA", jenis_kelamin="PEREMPUAN", tanggal_peristiwa="02-11-2026", jam="04.30")
    window.shoot("peristiwa-kelahiran")
    window.click("Catat kelahiran")
    expect(main).to_contain_text("Belum disimpan")  # a mother of sixty-one is asked about
    window.page.get_by_label(re.compile("Sudah diperiksa")).check()
    window.shoot("peristiwa-kelahiran-janggal")
    window.click("Catat kelahiran")
    expect(main).to_contain_text("Peristiwa sudah dicatat")
    assert read_people(office)["BUNGA"] == (1, 4)

    report(window, "Pindah masuk", "")
    window.fill(tanggal_peristiwa="03-11-2026", token="K7QD3MXA", alamat="JL. MELATI", dusun="KRAJAN")
    window.page.get_by_label("Menjadi keluarga baru").check()
    for at, (nama, sex, born, place) in enumerate((
        ("JOKO SUSILO", "LAKI-LAKI", "05-05-1985", "KEPALA KELUARGA"), ("RINI", "PEREMPUAN", "06-06-1988", "ISTRI"),
    )):
        if at:
            window.click("Tambah satu orang lagi")
        window.fill(**{f"o{at}-nama": nama, f"o{at}-jenis_kelamin": sex, f"o{at}-tanggal_lahir": born,
                       f"o{at}-hubungan": place})
    window.shoot("peristiwa-datang")
    window.click("Catat pindah masuk")
    expect(main).to_contain_text("K7QD-3MXA")
    expect(main).to_contain_text("Dilaporkan bersama")

    report(window, "Pindah keluar desa", "andi")
    window.fill(tanggal_peristiwa="04-11-2026", jenis_pindah="Pindah keluar Kabupaten/Kota", alamat_lain="JAKARTA")
    window.shoot("peristiwa-pindah")
    window.click("Catat pindah keluar")
    expect(main).to_contain_text("Kode pindah")
    window.shoot("peristiwa-pindah-tersimpan")
    window.page.locator("summary", has_text="Keliru dicatat?").click()
    window.fill(alasan="yang pindah orang lain")
    window.shoot("peristiwa-batal")
    window.click("Batalkan peristiwa")
    expect(main).to_contain_text("Keadaan sebelumnya berlaku lagi")
    assert read_people(office)["ANDI SANTOSO"] == (1, 4)

    window.go("/peristiwa/")
    for text in ("Semua 6", "Lahir 1", "Meninggal 1", "Pindah masuk 2", "Dibatalkan 1", "Dibatalkan: pindah keluar"):
        expect(main).to_contain_text(text)
    window.shoot("peristiwa-daftar")


def test_the_pages_of_events_fit_a_phone(browser: Browser, office: Server, window: Window, tmp_path: Path) -> None:
    cookies = tmp_path / "siti.json"
    window.context.storage_state(path=cookies)
    rows = read_rows(office.folder.path, "SELECT id, keluarga FROM penduduk WHERE nama = 'RATMI'")
    person, family = rows[0]["id"], rows[0]["keluarga"]
    with open_window(browser, office.address, cookies=cookies, size=PHONE) as phone:
        for path in ("/peristiwa/", "/peristiwa/catat/", f"/peristiwa/catat/?penduduk={person}",
                     f"/peristiwa/catat/?keluarga={family}", f"/peristiwa/catat/mati/{person}",
                     f"/peristiwa/catat/pindah/{person}", f"/peristiwa/catat/hilang/{person}",
                     f"/peristiwa/catat/lahir/{family}", "/peristiwa/catat/datang", "/peristiwa/catat/kembali",
                     f"/penduduk/{person}", f"/keluarga/{family}"):
            phone.go(path)
            assert not phone.is_too_wide(), path
            assert not phone.list_spills(), path
            if path.count("/") < 4:
                phone.shoot("peristiwa" + re.sub(r"\W+", "-", path.split("?")[0] + path[-5:]))
