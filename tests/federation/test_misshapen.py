"""A value without the shape of its field, pushed over the real protocol, takes no page from anybody."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from hub.commands import COMMANDS
from hub.pemulihan.revoke import list_choices, revoke
from hub.penghapusan.erase import confirm
from hub.penghapusan.rules import REASONS
from hub.simpul.enrol import confirm_candidate, open_slot
from hub.verval.cases import update_cases
from hub.verval.queue import write_url_id
from node.penduduk.history import HELD
from node.services import NodeServices
from node.sinkron.enrol import enrol
from node.sinkron.session import Outcome
from shared.web.forms import UNREADABLE
from tests.federation.test_hostile import open_pages
from tests.hub_app.test_pages_site import send
from tests.node_app.test_pages_kit import NIK, Desa, fill_desa, make_desa
from tests.support.federation import ADDRESS, DESA, Federation, make_officer
from tests.support.misshapen import crawl, draft_misshapen, list_addresses, write_unchecked
from tests.support.office import NIK_A, create, rows, value


@dataclass
class Scene:
    """An honest office, a computer of the same desa with a broken program, and what that one has written."""

    federation: Federation
    desa: Desa
    broken: NodeServices
    records: Mapping[str, Sequence[str]]
    hub_client: FlaskClient


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with tempfile.TemporaryDirectory(prefix="sipande-uji-") as folder, pytest.MonkeyPatch.context() as patch:
        federation = Federation(Path(folder))
        desa, broken = _open_office(federation, Path(folder)), federation.add_node("rusak")
        # Two persons with one number: a finding with its case, which the desa may answer.
        desa.write("penduduk", nama="KREYO SANTOSA", nik=NIK, jenis_kelamin=1, status_dasar=1)
        federation.sync_all()
        update_cases(federation.hub)
        federation.sync_all()
        records: dict[str, list[str]] = {}
        for kind in broken.catalogue:
            good = value(broken, f"SELECT id FROM {kind.name} WHERE desa = ? ORDER BY id", DESA)
            made, ids = draft_misshapen(broken, kind, good)
            write_unchecked(patch, broken, made)
            records[kind.name] = [*ids, *([good] if good else [])]
        for _ in range(2):
            for node in federation.nodes.values():
                report = federation.sync(node)
                assert report.outcome is Outcome.SELESAI, report
        update_cases(federation.hub)
        yield Scene(federation, desa, broken, records, open_pages(federation.hub))
        federation.close()


def _open_office(federation: Federation, folder: Path) -> Desa:
    desa = make_desa(folder / "kantor")
    fill_desa(desa)
    federation.nodes["kantor"] = desa.node
    known, words = enrol(desa.node, open_slot(federation.hub, DESA, ADDRESS, "uji"), federation.transport(desa.node))
    confirm_candidate(federation.hub, known.simpul, " ".join(words), "")
    return desa


@pytest.fixture(scope="module")
def quarantine(scene: Scene) -> str:
    """Take the key of the broken program back, so that all that it has ever written is held; return a good record."""
    good = create(scene.broken, nama="HASIL KERJA SEMINGGU", nik=NIK_A)
    assert scene.federation.sync(scene.broken).outcome is Outcome.SELESAI
    hub = scene.federation.hub
    with hub.database.read() as conn:
        key = scene.broken.keys.signing.public.hex()
        ((simpul,),) = conn.execute("SELECT id FROM simpul WHERE kunci = ?", (key,))
        (choice,) = list_choices(conn, simpul)
    revoke(hub, simpul, "program rusak", {choice.log: 0}, "")
    return good


def assert_whole(client: FlaskClient, scene: Scene, *more: str) -> None:
    """Read all that links lead to, and every page of every record that was written."""
    read, faults = crawl(client, "/", *list_addresses(client, scene.records, DESA), *more)
    assert faults == [] and read > 400, (read, faults)


def test_no_page_of_a_desa_fails_on_what_a_sibling_has_misshapen(scene: Scene) -> None:
    held = dict(rows(scene.desa.node, "SELECT alasan, count(*) FROM held GROUP BY alasan"))
    assert held["bentuk"] > 400 and held["lingkup"] > 300, held
    scene.desa.app.testing = False
    client = scene.desa.browser("siti").client
    assert_whole(client, scene)
    # The history of a good record tells what each change would have said, to the first of them.
    steps = client.get(f"/penduduk/{scene.desa.ayah}").text
    assert HELD["bentuk"] in steps and UNREADABLE in steps and "x" * 100 not in steps


def test_no_page_of_the_hub_fails_on_it_and_it_can_be_erased(scene: Scene) -> None:
    cases = rows(scene.federation.hub, "SELECT id FROM temuan UNION SELECT temuan FROM kasus")
    assert_whole(scene.hub_client, scene, *(f"/verval/{write_url_id(id)}" for (id,) in cases))
    record = scene.records["penduduk"][0]
    path = f"/penghapusan/data/{DESA}/penduduk/{record}"
    assert "7 (tidak terbaca)" in scene.hub_client.get(path).text
    form = {"luas": "semua", "alasan": next(iter(REASONS))}
    answer = send(scene.hub_client, path, form, page=path)
    assert answer.status_code == 303 and scene.hub_client.get(answer.headers["Location"]).status_code == 200
    hub = scene.federation.hub
    confirm(hub, value(hub, "SELECT id FROM erasure_proposal"), make_officer(hub, "JOKO"))
    assert value(hub, "SELECT count(*) FROM change WHERE record = ? AND body IS NOT NULL", record) == 0


def test_quarantine_shows_every_change_and_the_honest_one_is_adopted(scene: Scene, quarantine: str) -> None:
    hub, client = scene.federation.hub, scene.hub_client
    count = value(hub, "SELECT count(*) FROM held WHERE alasan = 'dicabut'")
    pages = [client.get(f"/keamanan/karantina?hal={page}") for page in range(1, count // 20 + 2)]
    assert count > 700 and {page.status_code for page in pages} == {200}
    cards = [card for page in pages for card in page.text.split("<section")[1:]]
    (card,) = [card for card in cards if "HASIL KERJA SEMINGGU" in card]
    found = re.search(r'name="perubahan" value="([^"]+)"', card)
    assert len(cards) == count and found and NIK_A not in card
    form = {"perubahan": found[1], "alasan": "sudah dicocokkan"}
    assert send(client, "/keamanan/karantina", form, page="/keamanan").status_code == 303
    assert value(hub, "SELECT nama FROM penduduk WHERE id = ?", quarantine) == "HASIL KERJA SEMINGGU"
    assert crawl(client, "/")[1] == []


def test_the_command_tells_all_of_quarantine_page_by_page_with_what_it_says(scene: Scene, quarantine: str) -> None:
    hub = scene.federation.hub

    def ask(page: int) -> dict[str, Any]:
        return COMMANDS["karantina"](hub, {"halaman": page, "desa": DESA}, lambda report: None)

    first = ask(1)
    told = [one for page in range(first["dari_halaman"]) for one in ask(page + 1)["karantina"]]
    count = value(hub, "SELECT count(*) FROM held WHERE alasan = 'dicabut'")
    assert first["jumlah"] == count == len({one["perubahan"] for one in told}) > 2 * len(first["karantina"])
    said = {one["rekaman"]: one["isi"] for one in told}[scene.records["penduduk"][1]]
    assert said["Nama lengkap"] == "-1 (tidak terbaca)" and said["NIK"] == UNREADABLE
    assert ask(99)["karantina"] == []
