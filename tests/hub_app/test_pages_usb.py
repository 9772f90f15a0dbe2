"""The page *Terima USB*: what a stick or an upload has brought, what was refused and why, and the way home."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from hub.simpul.enrol import confirm_candidate, open_slot
from node.change import write_drafts
from node.commands import make_node
from node.services import NodeServices
from node.usb.enrol import write_request
from node.usb.folder import read_path
from node.usb.send import write_bundle
from shared.store.drafts import draft_create
from shared.store.stick import MORE_PLACES
from tests.hub_app.test_pages_site import BUDI, KREO, SITI, HubSite, make_site, send
from tests.support.federation import ADDRESS, seeded
from tests.support.usb import plug_in


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    made = make_site(tmp_path)
    yield made
    made.close()


@pytest.fixture
def node(site: HubSite, tmp_path: Path) -> Iterator[NodeServices]:
    made = make_node(tmp_path / "desa", KREO, "PC Pelayanan", site.clock, seeded("usb/desa"))
    yield made
    made.close()


@pytest.fixture
def stick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return plug_in(tmp_path, monkeypatch)


def read_text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def wait(client: FlaskClient, answer: Any) -> Any:
    """Follow the work to its end, as the page itself does."""
    for _ in range(400):
        if answer.status_code == 303:
            answer = client.get(answer.headers["Location"])
        elif "Sedang membaca kiriman" in answer.text and "Hasil" not in answer.text and answer.status_code == 200:
            time.sleep(0.02)
            answer = client.get(answer.request.path)
        else:
            return answer
    raise AssertionError("the work does not end")


def press(client: FlaskClient, action: str, **form: Any) -> Any:
    page = client.get("/usb").text
    if action == "terima":
        found = re.search(r'name="stik" value="([0-9a-f]{16})"', page)
        form["stik"] = found[1] if found else ""
    return wait(client, send(client, f"/usb/{action}", form, page="/usb"))


def enrol(site: HubSite, node: NodeServices, stick: Path, client: FlaskClient) -> str:
    """Carry a request and its answer; give what the page said."""
    write_request(node, open_slot(site.hub, KREO, ADDRESS, "uji", by_file=True), stick)
    said = read_text(press(client, "terima").text)
    words = read_path(node, stick).words
    assert " ".join(words) in said
    hub = node.hub()
    assert hub is not None
    confirm_candidate(site.hub, hub.simpul, " ".join(words), "")
    return said


def test_a_stick_is_taken_and_answered_beside_its_files(site: HubSite, node: NodeServices, stick: Path) -> None:
    client = site.client(SITI)
    said = enrol(site, node, stick, client)
    assert "PC Pelayanan" in said and "Cocokkan dan setujui di Simpul" in said
    write_bundle(node, stick)
    said = read_text(press(client, "terima").text)
    assert "kiriman nomor 1" in said and "perubahan baru disimpan" in said
    assert "Jawabannya sudah ditulis di stik" in said and "kembalikan ke desa" in said
    assert "sudah dibaca" in read_path(node, stick).sentences()[0]
    again = press(client, "terima")
    assert again.status_code == 400 and "sudah dijawab" in read_text(again.text)


def test_an_upload_is_answered_with_a_download(site: HubSite, node: NodeServices, stick: Path, tmp_path: Path) -> None:
    client = site.client(BUDI)
    enrol(site, node, stick, site.client(SITI))
    path = write_bundle(node, stick).path
    page = press(client, "unggah", berkas=(BytesIO(path.read_bytes()), "C:\\stik\\" + path.name))
    assert "perubahan baru disimpan" in read_text(page.text) and "stik\\" not in page.text
    link = re.search(r'href="(/usb/unduh/[^"]+)"', page.text)
    assert link
    answer = tmp_path / "jawab"
    with client.get(link[1]) as fetched:
        assert "attachment" in fetched.headers["Content-Disposition"]
        answer.write_bytes(fetched.data)
    assert read_path(node, answer).done[0].confirmed  # type: ignore[union-attr]
    assert link[1] in client.get("/usb").text, "it waits to be fetched again"


def test_one_bad_file_does_not_stop_the_others(site: HubSite, node: NodeServices, stick: Path) -> None:
    client = site.client(SITI)
    enrol(site, node, stick, client)
    (stick / "sipande-kirim-aaa.sipande").write_bytes(b"bukan apa-apa")
    write_bundle(node, stick)
    said = read_text(press(client, "terima").text)
    assert "Berkas yang tidak diambil" in said and "bukan kiriman dari desa" in said
    assert "perubahan baru disimpan" in said


def test_a_computer_that_waits_is_told_to_be_confirmed_first(site: HubSite, node: NodeServices, stick: Path) -> None:
    client = site.client(BUDI)
    write_request(node, open_slot(site.hub, KREO, ADDRESS, "uji", by_file=True), stick)
    said = read_text(press(client, "terima").text)
    assert "Mintalah admin mencocokkan" in said
    read_path(node, stick)
    write_bundle(node, stick)
    said = read_text(press(client, "terima").text)
    assert "belum disetujui" in said and "baca berkas ini lagi" in said


@pytest.mark.parametrize(("form", "words"), [
    ({}, "Pilih dulu berkas"), ({"berkas": (BytesIO(b""), "")}, "Pilih dulu berkas"),
])
def test_an_upload_of_nothing_is_asked_again(site: HubSite, form: dict[str, Any], words: str) -> None:
    answer = press(site.client(SITI), "unggah", **form)
    assert answer.status_code == 400 and words in read_text(answer.text)


def test_a_stick_that_is_gone_or_empty_is_a_sentence(
    site: HubSite, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = site.client(SITI)
    answer = press(client, "terima")
    assert answer.status_code == 400 and "Tidak ada kiriman dari desa di sini" in read_text(answer.text)
    monkeypatch.setenv(MORE_PLACES, "")
    answer = press(client, "terima")
    assert answer.status_code == 400 and "Pasang stiknya" in read_text(answer.text)
    assert "muat ulang halaman ini" in read_text(client.get("/usb").text)


def test_uploads_may_be_large_here_and_nowhere_else(site: HubSite) -> None:
    client = site.client(SITI)
    site.app.config["MAX_CONTENT_LENGTH"] = 20_000
    large = b"a" * 60_000
    page = press(client, "unggah", berkas=(BytesIO(large), "sipande-kirim-besar.sipande"))
    assert page.status_code == 200 and "bukan kiriman dari desa" in read_text(page.text)
    assert list((site.hub.folder.path / "usb").iterdir()) == [], "what was read is not kept"
    answer = client.post("/simpul/pendaftaran", data=large, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 413


def test_the_queue_and_the_clock_of_a_village_by_stick_are_told_truly(
    site: HubSite, node: NodeServices, stick: Path
) -> None:
    client = site.client(SITI)
    enrol(site, node, stick, client)
    write_bundle(node, stick)
    site.clock.now += 5 * 86400
    client = site.client(SITI)
    press(client, "terima")
    said = read_text(client.get(f"/simpul/desa/{KREO}").text)
    assert "Tidak ada antrean" in said and "terlalu lambat" not in said, "the way of a stick is no wrong clock"


def test_half_a_file_is_told_and_the_rest_follows(site: HubSite, node: NodeServices, stick: Path) -> None:
    client = site.client(SITI)
    enrol(site, node, stick, client)
    kind = node.catalogue["dusun"]
    write_drafts(node, [draft_create(kind, node.new_id(), {"nama": f"DUSUN {at}"}) for at in range(3)], author="")
    path = write_bundle(node, stick).path
    path.write_bytes(path.read_bytes()[:-5])
    said = read_text(press(client, "terima").text)
    assert "terpotong atau rusak" in said and "Tidak ada perubahan baru" in said
    read_path(node, stick)
    write_bundle(node, stick)
    assert "perubahan baru disimpan" in read_text(press(client, "terima").text)


def test_no_download_leads_out_of_its_folder(site: HubSite) -> None:
    client = site.client(SITI)
    for name in ("data.sqlite", "..%2Fdata.sqlite", "%2e%2e%2fkunci%2fkunci.json"):
        assert client.get(f"/usb/unduh/{name}").status_code == 404


def test_a_result_that_was_closed_leads_back(site: HubSite) -> None:
    answer = site.client(SITI).get("/usb/hasil/xyz")
    assert answer.status_code == 303 and answer.headers["Location"].endswith("/usb")
