"""A phone on the Wi-Fi of the office: a form loses no text when the connection drops; the shell that is installed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Error, Page, expect

from demonstration.reading import read_rows
from tests.browser.kecamatan import PASSWORD, Kecamatan, log_in
from tests.browser.windows import BROWSER_ARGS, CHROMIUM, PHONE, WAIT_MS, Window

AWAY = "Belum terkirim: komputer kantor tidak terjangkau. Isian tetap di sini."
BACK = "Isian terakhir Anda dikembalikan"


def read_kept(window: Window) -> dict[str, str]:
    """Read what the tab keeps of forms, once the scripts of the page have run."""
    window.page.wait_for_load_state()
    kept: dict[str, str] = window.page.evaluate(
        "Object.fromEntries(Object.entries(sessionStorage).filter(([key]) => key.startsWith('sipande.isian.')))"
    )
    return kept


def type_resident(window: Window, nama: str, nik: str = "") -> None:
    window.go("/penduduk/tambah")
    window.fill(nama=nama, tempat_lahir="PURBALINGGA", tanggal_lahir="03-04-1999", alamat="JL. KENANGA", nik=nik)
    window.page.locator("#jenis_kelamin").select_option(index=1)


def find_resident(kecamatan: Kecamatan, nama: str) -> list[dict[str, object]]:
    return list(read_rows(kecamatan.pc1.folder.path, f"SELECT * FROM penduduk WHERE nama = '{nama}'"))


@pytest.mark.parametrize("workers", [False, True])
def test_the_form_of_a_resident_survives_the_drop_and_is_sent_after_it(kecamatan: Kecamatan, workers: bool) -> None:
    nama = "WIDODO PUTUS" if workers else "WIDODO WIFI"
    with kecamatan.open(kecamatan.pc1, "siti", size=PHONE, workers=workers) as window:
        type_resident(window, nama)
        window.context.set_offline(True)
        window.click("Simpan")
        expect(window.page.get_by_role("alert")).to_contain_text(AWAY)
        expect(window.page.get_by_role("alert")).to_be_in_viewport()
        assert not window.is_too_wide()
        window.shoot("wifi-putus")
        assert window.page.locator("#nama").input_value() == nama
        window.click("Simpan")
        expect(window.page.get_by_role("alert")).to_have_count(1)
        assert find_resident(kecamatan, nama) == []
        window.context.set_offline(False)
        window.click("Simpan")
        expect(window.page.locator("main")).to_contain_text("Penduduk baru sudah disimpan")
        assert len(find_resident(kecamatan, nama)) == 1 and read_kept(window) == {}
        window.go("/penduduk/tambah")
        expect(window.page.get_by_text(BACK)).to_have_count(0)


def test_a_reload_brings_the_text_back_but_never_a_number_of_a_person(kecamatan: Kecamatan) -> None:
    nik = "3303990304990001"
    with kecamatan.open(kecamatan.pc1, "siti", size=PHONE) as window:
        type_resident(window, "TEXTA ULANG", nik)
        window.fill(no_kk="3303990101990009", ayah_nik="3303990101700009", telepon="3303990101990009")
        kept = json.dumps(read_kept(window))
        assert "TEXTA ULANG" in kept and "330399" not in kept
        window.page.reload()
        expect(window.page.get_by_text(BACK)).to_be_visible()
        assert window.page.locator("#nama").input_value() == "TEXTA ULANG"
        assert window.page.locator("#jenis_kelamin").input_value() and not window.page.locator("#nik").input_value()
        window.shoot("isian-kembali")
        window.click("Buang isian itu")
        assert window.page.locator("#nama").input_value() == "" and read_kept(window) == {}
        window.fill(nama="SEBELUM KELUAR")
        assert read_kept(window)
        # A login of its own: the others go on with theirs.
    with kecamatan.open(kecamatan.pc1, "siti") as window:
        window.context.clear_cookies()
        log_in(window, "siti")
        window.go("/penduduk/tambah")
        window.fill(nama="SEBELUM KELUAR")
        assert read_kept(window)
        window.click("Keluar")
        window.page.wait_for_url(re.compile("/masuk"))
        assert read_kept(window) == {}


def test_fields_whose_names_only_begin_like_a_secret_come_back_too(kecamatan: Kecamatan) -> None:
    person = kecamatan.take_person(kecamatan.pc1)
    with kecamatan.open(kecamatan.pc1, "siti", size=PHONE) as window:
        window.go(f"/peristiwa/catat/pindah/{person['id']}")
        window.page.locator("#jenis_pindah").select_option(index=2)
        chosen = window.page.locator("#jenis_pindah").input_value()
        window.fill(alamat_lain="JL. JAUH")
        window.page.reload()
        expect(window.page.get_by_text(BACK)).to_be_visible()
        assert window.page.locator("#jenis_pindah").input_value() == chosen != ""
        assert window.page.locator("#alamat_lain").input_value() == "JL. JAUH"


GONE = "[nomor dihapus]"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("hp 0812 3456 7890 18-09-2026, pelapor tetangga", "hp 0812 3456 7890 18-09-2026, pelapor tetangga"),
        ("hp 0812-3456-7890 dan 0812-3456-7891", "hp 0812-3456-7890 dan 0812-3456-7891"),
        ("NIK 3303990101990009, hp 0812 3456 7890", f"NIK {GONE}, hp 0812 3456 7890"),
        ("NIK 3303 9901 0199 0009 18-09-2026 hadir", f"NIK {GONE} 18-09-2026 hadir"),
        ("KK 33.03.99-010199-0009 salah", f"KK {GONE} salah"),
        ("lama 330399410199000, baru 33039941019900099", f"lama {GONE}, baru {GONE}"),
    ],
)
def test_a_note_keeps_its_text_and_loses_the_numbers_of_people_alone(
    kecamatan: Kecamatan, typed: str, kept: str
) -> None:
    with kecamatan.open(kecamatan.pc1, "siti") as window:
        window.go("/peristiwa/catat/datang")
        window.fill(catatan=typed, pelapor="SUMARNO")
        window.page.reload()
        expect(window.page.get_by_text(BACK)).to_be_visible()
        assert window.page.locator("#catatan").input_value() == kept
        told = window.page.get_by_text("tidak ikut disimpan; ketik lagi di: Catatan")
        expect(told).to_have_count(1 if GONE in kept else 0)
        # The window is one of many: the next one begins with nothing.
        window.click("Buang isian itu")


def test_an_arrival_of_several_people_comes_back_whole_at_its_plain_address(kecamatan: Kecamatan) -> None:
    plain = "/peristiwa/catat/datang"
    with kecamatan.open(kecamatan.pc1, "siti", size=PHONE) as window:
        window.go(plain)
        window.fill(tanggal_peristiwa="18-09-2026", rt="003")
        window.fill(**{"o0-nama": "SATU DATANG", "o0-nik": "3303990101990009"})
        window.page.get_by_label("Menjadi keluarga baru").check()
        window.click("Tambah satu orang lagi")
        # A phone may drop the page before anything more was typed.
        window.go(plain)
        assert window.page.locator("#o0-nama").input_value() == "SATU DATANG"
        expect(window.page.locator("#o1-nama")).to_be_visible()
        expect(window.page.get_by_text("ketik lagi di: NIK")).to_be_visible()
        window.fill(**{"o1-nama": "DUA DATANG", "o0-tempat_lahir": "TEGAL"})
        window.page.locator("#o1-hubungan").select_option(index=2)
        window.click("Tambah satu orang lagi")
        expect(window.page.locator("#o2-nama")).to_be_visible()
        window.fill(**{"o2-nama": "TIGA DATANG"})
        window.go(plain)
        expect(window.page.get_by_text(BACK)).to_be_visible()
        names = [window.page.locator(f"#o{at}-nama").input_value() for at in range(3)]
        assert names == ["SATU DATANG", "DUA DATANG", "TIGA DATANG"]
        assert window.page.locator("#o0-tempat_lahir").input_value() == "TEGAL"
        assert window.page.locator("#o1-hubungan").input_value() and window.page.locator("#rt").input_value() == "003"
        assert window.page.locator("#tanggal_peristiwa").input_value() == "18-09-2026"
        assert window.page.get_by_label("Menjadi keluarga baru").is_checked()
        assert "330399" not in json.dumps(read_kept(window))
        window.shoot("rombongan-kembali")
        # Into a family that was named instead, it does not follow.
        family = kecamatan.take_person(kecamatan.pc1)["keluarga"]
        window.go(f"{plain}?keluarga={family}")
        expect(window.page.get_by_text(BACK)).to_have_count(0)
        window.go(plain)
        window.click("Buang isian itu")
        expect(window.page.locator("#o1-nama")).to_have_count(0)
        assert window.page.locator("#o0-nama").input_value() == "" and read_kept(window) == {}


def test_what_was_refused_is_kept_as_well_until_it_is_saved(kecamatan: Kecamatan) -> None:
    person = kecamatan.take_person(kecamatan.pc1)
    edit = f"/penduduk/{person['id']}/ubah"
    with kecamatan.open(kecamatan.pc1, "siti") as window:
        window.go(edit)
        window.fill(alamat="JL. DITOLAK", tanggal_lahir="99-99-1999")
        window.click("Simpan")
        expect(window.page.locator("main")).to_contain_text("Perbaiki dulu isian")
        window.go(edit)
        expect(window.page.get_by_text(BACK)).to_be_visible()
        assert window.page.locator("#alamat").input_value() == "JL. DITOLAK"


def test_what_the_server_refused_or_saved_is_not_brought_back_over_its_answer(kecamatan: Kecamatan) -> None:
    person = kecamatan.take_person(kecamatan.pc1)
    with kecamatan.open(kecamatan.pc1, "siti") as window:
        window.go(f"/penduduk/{person['id']}/ubah")
        window.fill(alamat="JL. SALAH", tanggal_lahir="99-99-1999")
        window.click("Simpan")
        expect(window.page.locator("main")).to_contain_text("Perbaiki dulu isian")
        expect(window.page.get_by_text(BACK)).to_have_count(0)
        window.fill(tanggal_lahir="01-02-2012")
        window.click("Simpan")
        expect(window.page.locator("main")).to_contain_text("Perubahan sudah disimpan")
        window.go(f"/penduduk/{person['id']}/ubah")
        expect(window.page.get_by_text(BACK)).to_have_count(0)
        assert window.page.locator("#alamat").input_value() == "JL. SALAH"
        # What somebody else has changed meanwhile is not written over by what was typed before.
        window.fill(tempat_lahir="BANYUMAS", ayah_nama="PARTO")
        kecamatan.write(kecamatan.pc1, "penduduk", person["id"], ayah_nama="SUKARDI", ayah_nik=None)
        window.page.reload()
        expect(window.page.get_by_text(BACK)).to_be_visible()
        assert window.page.locator("#tempat_lahir").input_value() == "BANYUMAS"
        assert window.page.locator("#ayah_nama").input_value() == "SUKARDI"


def test_a_session_that_ended_and_a_drop_after_it_lose_nothing_either(kecamatan: Kecamatan) -> None:
    with kecamatan.open(kecamatan.pc1, "budi") as window:
        window.go("/keluarga/dusun")
        window.fill(nama="SESI HABIS")
        window.context.clear_cookies(name=re.compile(r"^sipande_[0-9a-f]{6}$"))
        window.click("Tambah")
        expect(window.page.get_by_role("heading", name="Silakan masuk lagi")).to_be_visible()
        window.context.set_offline(True)
        window.click("Kirim lagi")
        expect(window.page.get_by_role("alert")).to_contain_text(AWAY)
        window.context.set_offline(False)
        other = window.context.new_page()
        other.goto(f"{window.address}/masuk")
        other.locator("#nama_pengguna").fill("budi")
        other.locator("#kata_sandi").fill(PASSWORD)
        other.get_by_role("button", name="Masuk").click()
        other.wait_for_url(f"{window.address}/")
        window.click("Kirim lagi")
        expect(window.page.locator("main")).to_contain_text("Dusun sudah ditambahkan")
        assert window.page.get_by_role("link", name="SESI HABIS").count() == 1 and read_kept(window) == {}
        expect(window.page.get_by_text(BACK)).to_have_count(0)


def list_caches(window: Window) -> list[str]:
    found: list[str] = window.page.evaluate(
        "(async () => { const all = []; for (const name of await caches.keys()) for (const r of await (await"
        " caches.open(name)).keys()) all.push(new URL(r.url).pathname); return all.sort(); })()"
    )
    return found


def test_the_worker_is_installed_keeps_the_shell_alone_and_shows_the_page_for_no_connection(
    kecamatan: Kecamatan,
) -> None:
    with kecamatan.open(kecamatan.pc1, "siti", size=PHONE, workers=True) as window:
        window.go("/")
        window.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        window.page.wait_for_function("navigator.serviceWorker.controller !== null")
        for path in ("/penduduk/", "/keluarga/", "/"):
            window.go(path)
        kept = list_caches(window)
        assert kept == [
            "/aset/ikon-192.png", "/aset/ikon.svg", "/aset/kantor.js", "/aset/sipande.css", "/tak-terjangkau",
        ]
        window.context.set_offline(True)
        window.go("/penduduk/")
        expect(window.page.get_by_role("heading", name="Komputer kantor tidak terjangkau")).to_be_visible()
        assert not window.is_too_wide()
        colour = window.page.locator(".kepala").evaluate("e => getComputedStyle(e).backgroundColor")
        assert colour != "rgba(0, 0, 0, 0)", "the style sheet came from the cache"
        window.shoot("tak-terjangkau")
        window.context.set_offline(False)
        window.click("Coba lagi")
        expect(window.page.get_by_role("heading", name="Penduduk")).to_be_visible()


OFFICE = "kantor.test"
"""Stands for http://192.168…: a plain address that is not the machine's own, for which browsers hold things back."""


@pytest.fixture
def phone(kecamatan: Kecamatan) -> Iterator[Page]:
    """A page of a phone at the office address of PC 1; at the end no script of it may have failed."""
    rules = f"--host-resolver-rules=MAP {OFFICE} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    args = [*(arg for arg in BROWSER_ARGS if "host-resolver" not in arg), rules]
    opened = kecamatan.browser.browser_type.launch(executable_path=str(CHROMIUM), args=args)
    faults: list[str] = []
    try:
        page = opened.new_context(
            viewport=PHONE, locale="id-ID", base_url=kecamatan.pc1.address.replace("127.0.0.1", OFFICE)
        ).new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        yield page
        # Beside the drop itself: browsers say that they pass one header by on a plain address.
        known = ("ERR_INTERNET_DISCONNECTED", "The Cross-Origin-Opener-Policy header has been ignored")
        assert [fault for fault in faults if not any(words in fault for words in known)] == []
    finally:
        opened.close()


def test_at_the_plain_address_of_the_office_nothing_is_installed_and_no_text_is_lost(
    kecamatan: Kecamatan, phone: Page
) -> None:
    phone.goto("/masuk")
    assert phone.evaluate("isSecureContext") is False and phone.evaluate("'serviceWorker' in navigator") is False
    phone.locator("#nama_pengguna").fill("siti")
    phone.locator("#kata_sandi").fill(PASSWORD)
    phone.get_by_role("button", name="Masuk").click()
    phone.wait_for_url("**/")
    # Reloaded: typed text is back. Dropped: the form stays and says so. Then it is sent, once.
    phone.goto("/penduduk/tambah")
    phone.locator("#nama").fill("TINI DARI HP")
    phone.locator("#tanggal_lahir").fill("03-04-1999")
    phone.locator("#jenis_kelamin").select_option(index=1)
    phone.reload()
    expect(phone.get_by_text(BACK)).to_be_visible()
    assert phone.locator("#nama").input_value() == "TINI DARI HP"
    phone.context.set_offline(True)
    phone.get_by_role("button", name="Simpan").click()
    expect(phone.get_by_role("alert")).to_contain_text(AWAY)
    phone.context.set_offline(False)
    phone.get_by_role("button", name="Simpan").click()
    expect(phone.locator("main")).to_contain_text("Penduduk baru sudah disimpan")
    assert len(find_resident(kecamatan, "TINI DARI HP")) == 1
    # What the guide says: no page of ours stands in for a computer that is away.
    phone.context.set_offline(True)
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        phone.goto("/penduduk/")
    phone.context.set_offline(False)
    phone.goto("/panduan/komputer-ini")
    expect(phone.locator("#pasang + p")).to_contain_text("yang muncul di layar HP hanyalah pintasan")
