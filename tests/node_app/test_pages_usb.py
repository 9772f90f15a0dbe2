"""The page *Kirim lewat USB*: each state in a sentence, sticks and browser alike, and everything that goes wrong."""

from __future__ import annotations

import errno
import re
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

import shared.store.stick as stick_module
from hub.commands import make_hub
from hub.services import HubServices
from hub.simpul.enrol import confirm_candidate, list_candidates, open_slot
from hub.usb.folder import take_path
from node.usb.ledger import Ledger, Written
from node.usb.words import describe_file, describe_state
from shared.store.blobs import store_of
from shared.store.outbox import Outbox
from shared.store.stick import MORE_PLACES
from shared.sync import limits
from tests.node_app.test_pages_kit import Browser, Desa, read_text
from tests.support.federation import ADDRESS, DESA, HUB, seeded
from tests.support.office import create
from tests.support.usb import plug_in

PAGE = "/sinkronisasi/usb/"


@pytest.fixture
def hub(desa: Desa, tmp_path: Path) -> Iterator[HubServices]:
    made, _ = make_hub(tmp_path / "hub", HUB, desa.clock, seeded("usb/hub"))
    yield made
    made.close()


@pytest.fixture
def stick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return plug_in(tmp_path, monkeypatch)


def press(browser: Browser, action: str, **fields: object) -> TestResponse:
    """Send a form of the page and wait for its work, as the page itself does."""
    page = browser.get(PAGE)
    if fields.pop("stik", True):
        found = re.search(r'name="stik" value="([0-9a-f]{16})"', page.text)
        assert found, "no stick on the page"
        fields["stik"] = found[1]
    return wait(browser, browser.post(PAGE + action, fields))


def wait(browser: Browser, answer: TestResponse) -> TestResponse:
    for _ in range(400):
        if answer.status_code != 303:
            if "Sedang menulis" not in answer.text or answer.status_code == 400:
                return answer
            time.sleep(0.02)
            answer = browser.get(answer.request.path)
        else:
            answer = browser.get(answer.headers["Location"])
    raise AssertionError("the work does not end")


def carry(hub: HubServices, stick: Path) -> None:
    take_path(hub, stick, Outbox(hub.folder))


def enrol(siti: Browser, hub: HubServices, stick: Path) -> None:
    code = open_slot(hub, DESA, ADDRESS, "uji", by_file=True).format()
    press(siti, "daftar", kode=code)
    carry(hub, stick)
    page = press(siti, "terima")
    (found,) = list_candidates(hub)
    assert found["kata"] in " ".join(read_text(page).split()) and "Cocokkan enam kata" in read_text(page)
    confirm_candidate(hub, found["simpul"], found["kata"], "")


def test_the_page_says_how_many_photos_travel_and_how_many_wait(
    desa: Desa, siti: Browser, hub: HubServices, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(siti, hub, stick)
    for at, size in enumerate((300, 90_000)):
        photo = store_of(desa.node).add(DESA, b"\xff\xd8\xff" + bytes([at]) * size)
        create(desa.node, nama=f"ORANG {at}", foto=photo)
    assert "2 belum diterima kecamatan. Foto ikut di kiriman" in " ".join(read_text(siti.get(PAGE)).split())
    monkeypatch.setitem(limits.LIMITS, "blob_bundle_bytes_max", limits.Limit(50_000, "byte", ""))
    text = " ".join(read_text(press(siti, "kirim")).split())
    assert "1 foto atau pindaian ikut; 1 menunggu kiriman berikutnya." in text and "1 (1 menunggu)" in text
    carry(hub, stick)
    text = " ".join(read_text(press(siti, "terima")).split())
    assert "1 belum diterima kecamatan" in text and "masih ada foto yang menunggu" in text
    monkeypatch.undo()
    monkeypatch.setenv(MORE_PLACES, str(stick))
    monkeypatch.setattr("shared.web.sticks.list_sticks", lambda: stick_module.list_sticks(roots=()))
    assert "1 foto atau pindaian ikut di dalamnya." in " ".join(read_text(press(siti, "kirim")).split())
    carry(hub, stick)
    text = " ".join(read_text(press(siti, "terima")).split())
    assert "tidak ada yang perlu dilakukan" in text and "Foto dan pindaian:" not in text


def test_each_state_of_the_journey_is_one_plain_sentence(
    desa: Desa, siti: Browser, hub: HubServices, stick: Path
) -> None:
    text = read_text(siti.get(PAGE))
    assert "belum terdaftar di kecamatan" in text and "Minta kode pendaftaran" in text
    code = open_slot(hub, DESA, ADDRESS, "uji", by_file=True).format()
    text = read_text(press(siti, "daftar", kode=code))
    assert "sudah ditulis di stik" in text and "menunggu jawaban kecamatan" in text
    carry(hub, stick)
    press(siti, "terima")
    assert "belum disetujui di sana" in read_text(siti.get(PAGE))
    (found,) = list_candidates(hub)
    confirm_candidate(hub, found["simpul"], found["kata"], "")
    text = read_text(press(siti, "kirim"))
    assert "dibaca kembali" not in text and "diperiksa dengan membacanya kembali" in text
    assert "Kiriman nomor 1 sudah ditulis" in text and "menunggu jawaban kecamatan" in text
    carry(hub, stick)
    text = read_text(press(siti, "terima"))
    assert "Jawaban untuk kiriman nomor 1" in text and "Kiriman nomor 1 sudah diterima kecamatan" in text
    assert "tidak ada yang perlu dilakukan" in text
    desa.write("dusun", nama="BARU")
    assert "1 perubahan baru; tulis kiriman berikutnya" in read_text(siti.get(PAGE))
    assert "Terakhir sinkron" in read_text(siti.get("/sinkronisasi/")), "a read answer is as good as a session"


def test_the_way_without_a_stick_is_download_and_upload(
    desa: Desa, siti: Browser, hub: HubServices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MORE_PLACES, "")
    carried = tmp_path / "hp"
    carried.mkdir()

    def fetch(page: TestResponse) -> None:
        found = re.findall(r'href="(/sinkronisasi/usb/unduh/[^"]+)"', page.text)
        with siti.client.get(found[0]) as answer:
            assert "attachment" in answer.headers["Content-Disposition"]
            (carried / found[0].rsplit("/", 1)[1]).write_bytes(answer.data)

    def upload(begin: str) -> TestResponse:
        path = next(path for path in sorted(carried.iterdir(), reverse=True) if path.name.startswith(begin))
        return press(siti, "unggah", stik=False, berkas=(BytesIO(path.read_bytes()), path.name))

    code = open_slot(hub, DESA, ADDRESS, "uji", by_file=True).format()
    siti.get(PAGE)
    answer = siti.post(PAGE + "daftar", kode=code, stik="unduh")
    fetch(siti.follow(answer))
    carry(hub, carried)
    assert "Cocokkan enam kata" in read_text(upload("sipande-terdaftar"))
    (found,) = list_candidates(hub)
    confirm_candidate(hub, found["simpul"], found["kata"], "")
    fetch(wait(siti, siti.post(PAGE + "kirim", stik="unduh")))
    carry(hub, carried)
    assert "sudah diterima kecamatan" in read_text(upload("sipande-jawab"))
    assert "diterima kecamatan, 0 perubahan" in read_text(upload("sipande-jawab")), "again, and nothing changes"
    assert "masuk-" not in " ".join(path.name for path in (desa.node.folder.path / "usb").iterdir())


def test_what_was_typed_stays_when_the_code_is_wrong(siti: Browser, stick: Path) -> None:
    answer = press(siti, "daftar", kode="SALAH-KETIK")
    assert answer.status_code == 400 and "SALAH-KETIK" in answer.text and "salah ketik" in read_text(answer)
    assert list(stick.iterdir()) == []


@pytest.mark.parametrize(("name", "content", "words"), [
    ("foto.jpg", b"\xff\xd8" * 400, "bukan jawaban kecamatan"),
    ("sipande-jawab-x.sipande", b"", "bukan jawaban kecamatan"),
    ("", b"", "Pilih dulu berkas"),
])
def test_a_wrong_file_is_refused_on_the_page(
    desa: Desa, siti: Browser, stick: Path, name: str, content: bytes, words: str
) -> None:
    answer = press(siti, "unggah", stik=False, berkas=(BytesIO(content), name))
    assert answer.status_code == 400 and words in read_text(answer)
    usb = desa.node.folder.path / "usb"
    assert not usb.exists() or list(usb.iterdir()) == []


def test_a_stick_that_was_pulled_out_is_asked_for_again(
    siti: Browser, hub: HubServices, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(siti, hub, stick)
    token = re.search(r'name="stik" value="([0-9a-f]{16})"', siti.get(PAGE).text)
    assert token
    monkeypatch.setenv(MORE_PLACES, "")
    for action in ("kirim", "terima"):
        answer = siti.post(PAGE + action, stik=token[1])
        assert answer.status_code == 400 and "Pasang stiknya" in read_text(answer)
    assert siti.post(PAGE + "kirim", stik="/etc").status_code == 400, "a form names no folder of its own"


def test_a_stick_without_room_is_a_sentence_and_the_state_stays(
    siti: Browser, hub: HubServices, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(siti, hub, stick)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(stick_module, "_forget_pages", full)
    answer = press(siti, "kirim")
    assert answer.status_code == 400 and "Stik penuh" in read_text(answer)
    assert "Kiriman nomor" not in read_text(answer)
    assert [path for path in stick.iterdir() if "kirim" in path.name] == []


def test_no_download_leads_out_of_its_folder(siti: Browser, desa: Desa) -> None:
    for name in ("data.sqlite", "..%2Fdata.sqlite", "%2e%2e%2fkunci%2fkunci.json", "masuk-x"):
        assert siti.client.get(f"/sinkronisasi/usb/unduh/{name}").status_code == 404


def test_an_operator_may_carry_and_not_enrol(desa: Desa, siti: Browser, hub: HubServices, stick: Path) -> None:
    code = open_slot(hub, DESA, ADDRESS, "uji", by_file=True).format()
    press(siti, "daftar", kode=code)
    carry(hub, stick)
    budi = desa.browser("budi")
    assert "Mintalah admin" in read_text(budi.get(PAGE))
    answer = press(budi, "terima")
    assert answer.status_code == 400 and "hanya dapat dibaca oleh admin" in read_text(answer)
    assert desa.node.hub() is None
    press(siti, "terima")
    (found,) = list_candidates(hub)
    confirm_candidate(hub, found["simpul"], found["kata"], "")
    assert "sudah ditulis di stik" in read_text(press(budi, "kirim"))


def test_a_practice_village_says_that_it_sends_nothing(desa: Desa, siti: Browser, stick: Path) -> None:
    desa.node.is_latihan = True
    page = siti.get(PAGE)
    assert "tidak pernah dikirim" in read_text(page) and "<form" not in page.text.split('id="isi"')[1]
    for action in ("kirim", "terima", "unggah", "daftar"):
        assert siti.post(PAGE + action).status_code == 400


def test_words_for_every_way_a_file_can_fare() -> None:
    def state(**changed: object) -> str:
        file = Written(3, "n", "x", 0, 7, 99, **changed)  # type: ignore[arg-type]
        return describe_state(Ledger([file]), 2, enrolled=True, admitted=True)[0] + " " + describe_file(file)

    assert "terpotong" in state(answered_s=5, is_cut=True)
    said = state(answered_s=5, codes=["key_revoked", "gap"])
    assert "sudah dicabut" in said and "bagian sebelumnya" in said and "Diterima sebagian" in said
    assert "tidak semuanya diterima" in state(answered_s=5, codes=["kode_masa_depan"])
    assert "Menunggu jawaban" in state() and "7 perubahan" in state()
