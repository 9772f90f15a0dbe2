"""Pictures on the pages of the desa: the photo of a resident, the scan behind an answer, waiting and pausing."""

from __future__ import annotations

import io
import re
from hashlib import sha256
from html import unescape
from pathlib import Path

import pytest
from PIL import Image
from werkzeug.test import TestResponse

from node.commands import run_bersihkan_lampiran, run_status, run_verify
from node.server import Office
from node.sinkron.blobs import read_backlog
from shared.merge.scope import Role
from shared.store.blobs import store_of
from shared.store.changes import add_log, append
from shared.store.drafts import draft_create, seal_drafts
from shared.store.folder import DataFolder
from shared.store.migrations import write_setting
from shared.store.records import Projector
from shared.web.daily import SWEPT, DailyJob, sweep_when_due
from tests.node_app.test_pages_kit import Browser, Desa, make_desa, read_form, read_text
from tests.shared_core.test_images import opened, picture
from tests.support.federation import DESA

DAY = 86_400


def upload(browser: Browser, path: str, field: str, data: bytes, name: str = "foto.jpg", **more: str) -> TestResponse:
    """Send a form with a file as a browser does, scripts on or off."""
    form = {"csrf_token": browser.token, field: (io.BytesIO(data), name), **more}
    answer = browser.client.post(path, data=form, content_type="multipart/form-data")
    browser._learn(answer)
    return answer


def give_photo(desa: Desa, data: bytes) -> Browser:
    browser = desa.browser()
    browser.get(f"/penduduk/{desa.ayah}/foto")
    assert upload(browser, f"/penduduk/{desa.ayah}/foto", "foto", data).status_code == 303
    return browser


# The photo -----------------------------------------------------------------------------------------------


def test_a_photo_is_added_shown_small_and_whole_replaced_and_removed(desa: Desa) -> None:
    browser = desa.browser()
    page = browser.get(f"/penduduk/{desa.ayah}")
    assert "Tambah foto" in read_text(page) and "<img" not in page.text
    give_photo(desa, picture(2000, 1500, format="JPEG"))
    page = browser.get(f"/penduduk/{desa.ayah}")
    (small,) = re.findall(r'<img src="([^"]+)"', page.text)
    shown = browser.client.get(unescape(small))
    assert shown.mimetype == "image/jpeg" and max(opened(shown.data).size) == 240
    assert shown.headers["Cache-Control"] == "no-store" and shown.headers["X-Content-Type-Options"] == "nosniff"
    whole = browser.client.get(f"/penduduk/{desa.ayah}/foto/gambar")
    assert opened(whole.data).size == (1200, 900)
    first = desa.value("penduduk", desa.ayah, "foto")
    assert first == sha256(whole.data).hexdigest()
    give_photo(desa, picture(90, 60))
    assert desa.value("penduduk", desa.ayah, "foto") != first
    browser.get(f"/penduduk/{desa.ayah}/foto")
    page = browser.follow(browser.post(f"/penduduk/{desa.ayah}/foto/hapus"))
    assert desa.value("penduduk", desa.ayah, "foto") is None and "Tambah foto" in read_text(page)
    assert browser.client.get(f"/penduduk/{desa.ayah}/foto/gambar").status_code == 404
    assert "Foto" in read_text(page) and "gambar " in read_text(page), "the history tells of it in words"


def test_what_is_stored_has_nothing_of_the_camera(desa: Desa) -> None:
    exif = Image.Exif()
    exif[0x010F] = "KAMERA-RAHASIA"
    give_photo(desa, picture(400, 300, format="JPEG", exif=exif))
    (path,) = [p for p in (desa.node.folder.path / "lampiran").rglob("*") if p.is_file()]
    data = path.read_bytes()
    assert b"RAHASIA" not in data and not opened(data).getexif() and len(data) <= 200_000


@pytest.mark.parametrize("data", [b"", b"bukan gambar", b"\xff\xd8\xff" + bytes(90), picture(30, 30, format="GIF")])
def test_a_file_that_is_no_picture_is_refused_with_what_to_do(desa: Desa, data: bytes) -> None:
    browser = desa.browser()
    browser.get(f"/penduduk/{desa.ayah}/foto")
    answer = upload(browser, f"/penduduk/{desa.ayah}/foto", "foto", data)
    assert answer.status_code == 400 and "Belum disimpan." in read_text(answer)
    assert desa.value("penduduk", desa.ayah, "foto") is None and not (desa.node.folder.path / "lampiran").exists()


def test_nothing_chosen_is_said(desa: Desa) -> None:
    browser = desa.browser()
    browser.get(f"/penduduk/{desa.ayah}/foto")
    answer = browser.post(f"/penduduk/{desa.ayah}/foto")
    assert answer.status_code == 400 and "Pilih dulu berkas fotonya" in read_text(answer)


def test_a_resident_that_is_not_there_has_no_photo(desa: Desa) -> None:
    browser = desa.browser()
    for path in ("foto", "foto/gambar"):
        assert browser.get(f"/penduduk/{desa.node.new_id()}/{path}").status_code == 404
    assert upload(
        browser, f"/penduduk/{desa.node.new_id()}/foto", "foto", picture()
    ).status_code == 404
    assert browser.post(f"/penduduk/{desa.node.new_id()}/foto/hapus").status_code == 404


def test_lists_forms_and_files_show_no_photo(desa: Desa) -> None:
    browser = give_photo(desa, picture())
    digest = desa.value("penduduk", desa.ayah, "foto")
    for path in ("/penduduk/", f"/keluarga/{desa.keluarga}", f"/penduduk/{desa.ayah}/ubah"):
        assert digest not in browser.get(path).text and "/foto/gambar" not in browser.get(path).text
    form = read_form(browser.get(f"/penduduk/{desa.ayah}/ubah"), f"/penduduk/{desa.ayah}/ubah")
    form["tempat_lahir"] = "BANYUMAS"
    assert browser.post(f"/penduduk/{desa.ayah}/ubah", form).status_code == 303
    assert desa.value("penduduk", desa.ayah, "foto") == digest, "another form leaves the photo alone"


def test_a_photo_that_is_not_here_yet_is_a_drawing_that_says_so(desa: Desa) -> None:
    desa.change("penduduk", desa.ayah, foto="a" * 64)
    answer = desa.browser().client.get(f"/penduduk/{desa.ayah}/foto/gambar?kecil=1")
    assert answer.mimetype == "image/svg+xml" and "belum tiba" in answer.text


def test_what_came_from_elsewhere_and_is_no_picture_is_never_handed_to_a_browser(desa: Desa) -> None:
    for data in (b"<script>alert(1)</script>", b"\xff\xd8\xff<script>"):
        digest = store_of(desa.node).add(DESA, data)
        desa.change("penduduk", desa.ayah, foto=digest)
        answer = desa.browser().client.get(f"/penduduk/{desa.ayah}/foto/gambar?kecil=1")
        assert answer.mimetype == "image/svg+xml" and b"script" not in answer.data


def test_versions_of_a_photo_are_shown_side_by_side(desa: Desa) -> None:
    """Another computer of the desa gave the same resident another photo."""
    node, kind = desa.node, desa.node.catalogue["penduduk"]
    one, two = (store_of(node).add(DESA, picture(40, 40 + at, format="JPEG")) for at in (0, 1))
    id = node.new_id()
    desa_create = draft_create(kind, id, {"nama": "TUTI", "foto": one})
    with node.database.write() as conn:
        for no, digest in enumerate((one, two)):
            log_id = f"{no + 1:032x}"
            log = add_log(
                conn, id=log_id, origin=f"uji/{log_id}", wilayah=DESA, peran=Role.DESA, kunci=bytes([no + 1]) * 32,
                own=False,
            )
            draft = desa_create if no == 0 else draft_create(kind, id, {"nama": "TUTI", "foto": digest})
            batch = seal_drafts(log, [draft], author="", time_s=0, random=node.random)
            append(conn, log, batch.changes, batch.headers, batch.leaves)
            Projector(conn, node.catalogue).project(batch.entries)
    browser = desa.browser()
    page = browser.get(f"/penduduk/{id}")
    sources = [unescape(source) for source in re.findall(r'<img class="foto-versi" src="([^"]+)"', page.text)]
    found = {sha256(browser.client.get(source.replace("kecil=1&", "")).data).hexdigest() for source in sources}
    assert found == {one, two}
    assert not re.search(r"[0-9]{16}", " ".join(sources))
    assert browser.client.get(f"/penduduk/{id}/foto/gambar?versi=00000000").status_code == 404


# The scan -------------------------------------------------------------------------------------------------


def make_case(desa: Desa) -> str:
    """Let the kecamatan send a case, in a channel of its own."""
    node, kind = desa.node, desa.node.catalogue["kasus"]
    id = node.new_id()
    values = {"temuan": "0" * 64, "kode": "V5", "ringkasan": "NIK salah", "rekaman": [desa.ayah],
              "status": "dikembalikan"}
    with node.database.write() as conn:
        log = add_log(
            conn, id="f" * 32, origin="uji/saluran", wilayah=DESA, peran=Role.SALURAN, kunci=b"\x09" * 32, own=False
        )
        batch = seal_drafts(log, [draft_create(kind, id, values)], author="", time_s=0, random=node.random)
        append(conn, log, batch.changes, batch.headers, batch.leaves)
        Projector(conn, node.catalogue).project(batch.entries)
    return id


def test_an_answer_carries_a_scan_that_can_be_replaced_and_taken_off(desa: Desa) -> None:
    case = make_case(desa)
    browser = desa.browser()
    page = browser.get(f"/tindakan/{case}")
    assert "Foto atau pindaian bukti" in read_text(page)
    answer = upload(
        browser, f"/tindakan/{case}/jawab", "pindaian", picture(1800, 2600), "kk.png", jawaban="KK asli terlampir"
    )
    page = browser.follow(answer)
    digest = desa.value("kasus", case, "lampiran")
    assert digest and "Ganti pindaian" in read_text(page)
    shown = browser.client.get(f"/tindakan/{case}/pindaian")
    assert shown.mimetype == "image/jpeg" and sha256(shown.data).hexdigest() == digest
    with desa.node.database.read() as conn:
        looked_at = conn.execute("SELECT subject FROM access_audit WHERE action = 'pindaian_dilihat'").fetchall()
    assert looked_at == [(case,)]
    browser.post(f"/tindakan/{case}/jawab", jawaban="Sudah diperbaiki")
    assert desa.value("kasus", case, "lampiran") == digest, "an answer without a file leaves the scan"
    browser.post(f"/tindakan/{case}/jawab", jawaban="Sudah diperbaiki", tanpa_pindaian="ya")
    assert desa.value("kasus", case, "lampiran") is None
    assert browser.client.get(f"/tindakan/{case}/pindaian").status_code == 404


def test_a_bad_scan_keeps_what_was_typed(desa: Desa) -> None:
    case = make_case(desa)
    browser = desa.browser()
    browser.get(f"/tindakan/{case}")
    path = f"/tindakan/{case}/jawab"
    answer = upload(browser, path, "pindaian", b"%PDF-1.7", "kk.pdf", jawaban="Sudah dicek ke warga")
    assert answer.status_code == 400
    assert "Sudah dicek ke warga" in answer.text and "Pilih lagi berkasnya" in read_text(answer)
    assert desa.value("kasus", case, "jawaban") is None


# Waiting, pausing, sweeping ---------------------------------------------------------------------------------


def test_the_page_of_synchronisation_says_what_waits_and_pauses_it(desa: Desa) -> None:
    browser = desa.browser()
    with desa.node.database.write() as conn:
        write_setting(conn, "hub", '{"address":"http://127.0.0.1:1","wilayah":"33.03.04","nama":"Kecamatan","kunci":"'
                      + "0" * 64 + '","segel":"' + "0" * 64 + '","pemulihan":"","simpul":"x","status":"aktif"}')
    assert "Foto dan pindaian" not in read_text(browser.get("/sinkronisasi/"))
    give_photo(desa, picture())
    desa.change("penduduk", desa.ibu, foto="b" * 64)
    page = read_text(browser.get("/sinkronisasi/"))
    assert "2 gambar" in page and "1 menunggu dikirim" in page and "1 menunggu diterima" in page
    page = read_text(browser.follow(browser.post("/sinkronisasi/lampiran", jeda="ya")))
    assert "sedang dijeda" in page and read_backlog(desa.node).is_paused
    page = read_text(browser.follow(browser.post("/sinkronisasi/lampiran")))
    assert "sedang dijeda" not in page and not read_backlog(desa.node).is_paused
    with desa.node.database.write() as conn:
        write_setting(conn, "lampiran_gangguan", "quota_full")
    assert "Jatah foto dan pindaian" in read_text(browser.get("/sinkronisasi/"))


def test_the_commands_count_verify_and_sweep(desa: Desa) -> None:
    give_photo(desa, picture())
    nothing = run_bersihkan_lampiran(desa.node, {}, lambda _: None)
    assert nothing == {"dibuang": 0, "byte": 0, "menunggu": 0}
    assert run_status(desa.node, {}, lambda _: None)["gambar"]["jumlah"] == 1
    assert run_verify(desa.node, {}, lambda _: None)["baik"]
    (path,) = [p for p in (desa.node.folder.path / "lampiran").rglob("*") if p.is_file()]
    path.write_bytes(b"rusak")
    problems = run_verify(desa.node, {}, lambda _: None)["masalah"]
    assert len(problems) == 1 and problems[0].startswith("Lampiran ")


def test_the_daily_chore_sweeps_once_a_day_whatever_the_clock_does(desa: Desa) -> None:
    assert sweep_when_due(desa.node) and not sweep_when_due(desa.node)
    desa.clock.now += DAY
    assert sweep_when_due(desa.node)
    desa.clock.now -= 3650 * DAY
    assert sweep_when_due(desa.node) and not sweep_when_due(desa.node)


def test_a_chore_that_fails_does_not_stop_the_others() -> None:
    done: list[str] = []

    def fail() -> None:
        raise OSError("disk")

    DailyJob(fail, lambda: done.append("ya")).run()
    assert done == ["ya"]


def test_a_running_office_does_its_chores(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "kantor")
    make_desa(folder.path).node.close()
    office = Office(folder, False)
    office.begin(lambda text: None)
    office._daily.run()
    assert office.services is not None
    with office.services.database.read() as conn:
        assert conn.execute("SELECT value FROM setting WHERE name = ?", (SWEPT,)).fetchone()
    office.close()
