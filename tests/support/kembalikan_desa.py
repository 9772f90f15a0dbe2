"""A village whose server runs, with a backup in its folder and a person written after it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from node.change import write_drafts
from node.commands import add_petugas, make_node
from node.mulai.make import Answers, build_node
from node.roles import ROLES
from node.server import Office
from node.services import NodeServices
from shared.clock import SystemClock
from shared.store.backup.kode import read_code
from shared.store.backup.make import back_up
from shared.store.backup.state import adopt_code
from shared.store.drafts import draft_create
from shared.store.folder import DataFolder
from shared.store.migrations import write_setting
from shared.web.akun_pertama import FirstAccount
from shared.web.factory import make_accounts
from tests.node_app.test_pages_kit import CHEAP, PASSWORD, read_text
from tests.support.federation import DESA, seeded
from tests.support.kembalikan import CODE, await_end, list_asides, names
from tests.support.screen import Screen

NAME = f"sipande-desa-{DESA}-20260921-120000.cadangan"


def write_person(node: NodeServices, nama: str) -> None:
    write_drafts(node, [draft_create(node.catalogue["penduduk"], node.new_id(), {"nama": nama})], author="")


def add_account(node: NodeServices, name: str, role: str) -> None:
    accounts = make_accounts(node.folder, node.database, node.clock, node.random, ROLES, None, CHEAP)
    prepared = accounts.prepare(name, PASSWORD, role)
    with node.database.write() as conn:
        accounts.add(conn, name, prepared, role, add_petugas(node, name.title(), "Staf", role), "uji")


def make_village(path: Path, with_account: bool = True) -> Path:
    """Make a village with WATI, back it up into its own folder, and write SESUDAH; give the backup."""
    answers = Answers(DESA, "PC", FirstAccount("Siti", "", "siti", PASSWORD))
    if with_account:
        node, _ = build_node(DataFolder(path), answers, SystemClock(), seeded(str(path)), CHEAP)
        add_account(node, "budi", "operator")
        add_account(node, "karto", "kadus")
    else:
        node = make_node(path, DESA, "PC", SystemClock(), seeded(str(path)))
    write_person(node, "WATI")
    with node.database.write() as conn:
        adopt_code(conn, read_code(CODE).public, 1)
        # More than one piece of a sealed file, so that damage may lie behind what is opened first.
        write_setting(conn, "uji", seeded("isi")(200_000).hex())
    beside = path.with_name(f"{path.name}-cadangan")
    beside.mkdir()
    made = back_up(node, beside / NAME, 0).path
    write_person(node, "SESUDAH")
    if not with_account:
        # The account came after the backup.
        add_account(node, "siti", "admin")
    node.close()
    return made


def open_office(path: Path, automatic: bool = False) -> Screen:
    folder = DataFolder(path)
    assert folder.lock(), "as a server has it"
    office = Office(folder, automatic, CHEAP)
    return Screen(folder, office, office.begin)


def serve(path: Path) -> Iterator[Screen]:
    """Open a village that was made, as a fixture; it ends as a server does."""
    made = open_office(path)
    yield made
    made.office.close()
    made.folder.unlock()


def check_old_data(screen: Screen, sentence: str) -> None:
    """Hold that the old data answer, with the old session, and that the page says why."""
    page = await_end(screen)
    text = read_text(page)
    assert page.status_code == 200 and "Data belum dikembalikan" in text and sentence in text, text[:900]
    assert "tidak ada yang hilang" in text
    assert "SESUDAH" in screen.get("/penduduk/").text
    assert names(screen.folder.path) == {"WATI", "SESUDAH"} and list_asides(screen.folder) == []
    screen.get("/keluarga/dusun")
    assert screen.post("/keluarga/dusun", nama="TAMBAHAN").status_code == 303, "and they are written on"
