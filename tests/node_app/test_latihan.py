"""The practice village beside a running node: the way in, who may log in, the way back, and that it stays apart."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from node.commands import add_petugas
from node.latihan.make import make_practice, practice_folder, take_people
from node.latihan.place import PracticePlace
from node.latihan.routes import PLACE
from node.server import Office
from node.services import NodeServices, Ports, open_node
from shared.clock import SystemClock, system_random
from shared.store.folder import DataFolder
from shared.web.queries import list_accounts, set_active, set_password
from tests.node_app.test_mulai import ACCOUNT, choose_desa, open_screen
from tests.node_app.test_pages_kit import CHEAP, make_desa, read_text
from tests.support.federation import TestClock, seeded
from tests.support.screen import Screen


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    """A desa with an admin, whose server believes to listen somewhere."""
    made = open_screen(tmp_path / "desa")
    choose_desa(made)
    made.post("/mulai/komputer", **ACCOUNT)
    made.folder.write_server_file({"host": "127.0.0.1", "port": find_port()})
    yield made
    made.office.close()


def place_of(screen: Screen) -> PracticePlace:
    place = screen.switch.app.extensions[PLACE]
    assert isinstance(place, PracticePlace)
    return place


def open_practice(screen: Screen) -> tuple[str, str]:
    """Press the button; give the page of the practice that its link leads to, and the address."""
    screen.get("/latihan/")
    page = screen.browser.follow(screen.post("/latihan/buka"))
    link = re.search(r'class="tombol" href="(http://[^"]+)">Masuk ke tempat latihan', page.text)
    assert link, read_text(page)
    with urlopen(link[1].replace("localhost", "127.0.0.1"), timeout=20) as answer:
        return answer.read().decode(), link[1]


def read_accounts(folder: Path) -> dict[str, tuple[str, str, int]]:
    node = open_node(folder, clock=SystemClock(), random=system_random)
    with node.database.read() as conn:
        found = {row.name: (row.password, row.role, row.active) for row in list_accounts(conn)}
    node.close()
    return found


def test_the_front_page_and_the_help_lead_there_and_a_button_opens_it(screen: Screen) -> None:
    assert 'href="/latihan/"' in screen.get("/").text and 'href="/latihan/"' in screen.get("/panduan/komputer-ini").text
    assert "Buka tempat latihan" in read_text(screen.get("/latihan/")) and place_of(screen).ports is None
    page, address = open_practice(screen)
    ports = place_of(screen).ports
    assert ports is not None and address == f"http://localhost:{ports.plain}/" and ports.https is None
    assert "LATIHAN" in page and "tidak pernah dikirim" in page and "Sipande Latihan" in page
    desa_port = (screen.folder.read_server_file() or {})["port"]
    assert f'href="http://127.0.0.1:{desa_port}/">Kembali ke data desa' in page


def test_people_log_in_there_as_they_do_at_the_desa(screen: Screen) -> None:
    open_practice(screen)
    desa: NodeServices = screen.switch.app.extensions["services"]
    with desa.database.write() as conn:
        (siti,) = list_accounts(conn)
        set_password(conn, siti.no, "yang baru")
        budi = add_petugas(desa, "Budi", "Kadus", "operator")
        screen.switch.app.extensions["sipande"].accounts.add(conn, "budi", "sandi budi", "operator", budi, "siti")
    open_practice(screen)
    place_of(screen).close()
    folder = practice_folder(screen.folder.path)
    assert read_accounts(folder) == {"siti": ("yang baru", "admin", 1), "budi": ("sandi budi", "operator", 1)}
    with desa.database.write() as conn:
        set_active(conn, 2, False)
    open_practice(screen)
    place_of(screen).close()
    assert read_accounts(folder)["budi"][2] == 0, "who was stopped at the desa is stopped there"


def test_what_was_practised_stays_and_touches_nothing_of_the_desa(screen: Screen) -> None:
    open_practice(screen)
    place_of(screen).close()
    node = open_node(practice_folder(screen.folder.path), clock=SystemClock(), random=system_random)
    add_petugas(node, "Coba", "", "operator")
    with node.database.read() as conn:
        before = conn.execute("SELECT count(*) FROM change").fetchone()[0]
    node.close()
    open_practice(screen)
    place_of(screen).close()
    node = open_node(practice_folder(screen.folder.path), clock=SystemClock(), random=system_random)
    desa: NodeServices = screen.switch.app.extensions["services"]
    with node.database.read() as conn, desa.database.read() as own:
        assert node.is_latihan and conn.execute("SELECT count(*) FROM change").fetchone()[0] == before
        assert conn.execute("SELECT count(*) FROM penduduk").fetchone()[0] > 50
        assert own.execute("SELECT count(*) FROM penduduk").fetchone()[0] == 0
        keys = [row.execute("SELECT kunci FROM log WHERE own = 1").fetchone()[0] for row in (conn, own)]
    node.close()
    assert keys[0] != keys[1]


def test_a_taken_port_is_passed_by(screen: Screen) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = int(other.getsockname()[1])
        screen.folder.write_server_file({"host": "127.0.0.1", "port": taken - 1})
        page, address = open_practice(screen)
    assert "LATIHAN" in page and not address.endswith(f":{taken}/")


def test_it_closes_by_its_button_and_with_the_desa(screen: Screen) -> None:
    folder = DataFolder(practice_folder(screen.folder.path))
    open_practice(screen)
    assert not folder.lock()
    page = screen.browser.follow(screen.post("/latihan/tutup"))
    assert "Tempat latihan ditutup" in read_text(page) and "Buka tempat latihan" in read_text(page)
    assert folder.lock()
    folder.unlock()
    open_practice(screen)
    screen.office.close()
    assert folder.lock()
    folder.unlock()


def test_what_is_in_the_way_is_said_in_a_sentence(screen: Screen) -> None:
    folder = DataFolder(practice_folder(screen.folder.path))
    folder.make()
    assert folder.lock()
    screen.get("/latihan/")
    page = screen.browser.follow(screen.post("/latihan/buka"))
    assert "sedang dipakai program Sipande yang lain" in read_text(page)
    folder.unlock()
    screen.folder.remove_server_file()
    page = screen.browser.follow(screen.post("/latihan/buka"))
    assert "belum dapat dibuka" in read_text(page) and place_of(screen).ports is None


def test_beginning_anew_keeps_the_way_back(tmp_path: Path) -> None:
    office = Office(DataFolder(tmp_path / "latihan"), False, CHEAP, desa_ports=Ports(8600))
    DataFolder(tmp_path / "latihan").make()
    switch = office.begin(lambda text: None, latihan=True)
    client = switch.app.test_client()
    assert 'href="http://localhost:8600/">Kembali' in client.get("/masuk", follow_redirects=True).text
    office._practise_again()
    again = switch.app.test_client().get("/masuk", follow_redirects=True)
    assert 'href="http://localhost:8600/">Kembali' in again.text
    office.close()


def test_without_a_server_the_page_names_the_command(tmp_path: Path) -> None:
    desa = make_desa(tmp_path / "desa")
    browser = desa.browser("budi")
    assert "serve --latihan" in read_text(browser.get("/latihan/"))
    browser.get("/")
    assert browser.post("/latihan/buka").status_code == browser.post("/latihan/tutup").status_code == 404
    assert browser.post("/latihan/ulang").status_code == 404, "nothing of a real desa is ever thrown away"
    desa.node.close()


def test_only_a_practice_village_takes_accounts(tmp_path: Path) -> None:
    desa = make_desa(tmp_path / "desa")
    practice = make_practice(tmp_path / "latihan", TestClock(), seeded("latihan"))
    with pytest.raises(ValueError, match="practice"):
        take_people(desa.node, [])
    for node in (desa.node, practice):
        node.close()
