"""The file itself is damaged, its indexes and its schema: verify says so, rebuild mends what can be made anew."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import DatabaseError, connect

import pytest

from hub.cli import group as hub_group
from hub.commands import check_hub
from hub.penghapusan.erase import erase
from hub.penghapusan.rules import Target
from hub.services import HubServices, open_hub
from node.cli import group as node_group
from node.commands import check_node
from node.services import NodeServices, open_node
from shared.cli import run_cli
from shared.commands import run_rebuild
from shared.help import Group
from tests.support.federation import DESA, Federation, make_officer, seeded
from tests.support.office import create, live, rows, update

GROUPS = {"hub": hub_group, "a": node_group}
COLUMNS = (b"checkpoint BLOB", b"origin TEXT", b"closed_again INTEGER", b"TABLE change (")


@pytest.fixture(scope="module")
def village() -> Iterator[tuple[Federation, list[str]]]:
    """A village whose folders are copied by every test, with the ids of its residents."""
    with tempfile.TemporaryDirectory(prefix="sipande-uji-") as folder:
        federation = Federation(Path(folder))
        a = federation.add_node("a")
        with a.database.write():
            ids = [create(a, nama=f"ORANG {at}", nik=f"33039901019{at:05d}", telepon="081") for at in range(150)]
        federation.sync_all(3)
        for side in (a, federation.hub):
            side.database.checkpoint()
        yield federation, ids
        federation.close()


def copy_side(federation: Federation, side: str, to: Path) -> Path:
    """Copy the folder of a side; return its database."""
    services = federation.hub if side == "hub" else federation.nodes[side]
    shutil.copytree(services.folder.path, to)
    return to / services.folder.database.name


def open_side(federation: Federation, folder: Path, side: str) -> HubServices | NodeServices:
    opened = open_hub if side == "hub" else open_node
    return opened(folder, clock=federation.clock, random=seeded(str(folder)))


def check(services: HubServices | NodeServices) -> list[str]:
    """Let the command ``verify`` look."""
    found = check_hub(services) if isinstance(services, HubServices) else check_node(services)
    problems: list[str] = found["masalah"]
    return problems


def run(group: Group, *args: str) -> int:
    """Run a command as its console script does; give its exit code."""
    try:
        return run_cli(group, args)
    except SystemExit as ended:
        return int(str(ended.code))


def break_index(database: Path, index: str, value: str) -> None:
    """Turn one bit over in the last character of a value, where it stands in a leaf of an index."""
    with closing(connect(database)) as conn:
        ((root,),) = conn.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (index,)).fetchall()
        ((size,),) = conn.execute("PRAGMA page_size").fetchall()
    content = bytearray(database.read_bytes())
    pages = [root]
    while pages:
        start = (pages.pop() - 1) * size
        page = bytes(content[start : start + size])
        at = page.find(value.encode())
        if page[0] == 2:  # an inner page of an index: one child behind each cell, and the last in its head
            cells = [int.from_bytes(page[12 + 2 * n : 14 + 2 * n]) for n in range(int.from_bytes(page[3:5]))]
            pages += [int.from_bytes(page[8:12]), *(int.from_bytes(page[cell : cell + 4]) for cell in cells)]
        if at >= 0:
            content[start + at + len(value) - 1] ^= 2
            database.write_bytes(content)
            return
    raise AssertionError(f"{index} does not hold it")


@pytest.mark.parametrize("side", ["hub", "a"])
@pytest.mark.parametrize(
    ("table", "index"),
    [("change", "change_record"), ("penduduk", "sqlite_autoindex_penduduk_1"), ("penduduk", "penduduk_nik")],
)
def test_a_bit_flipped_in_an_index_is_told_and_a_rebuild_mends_it(
    village: tuple[Federation, list[str]], side: str, table: str, index: str, tmp_path: Path
) -> None:
    federation, ids = village
    database = copy_side(federation, side, tmp_path / "salinan")
    break_index(database, index, "3303990101900077" if index == "penduduk_nik" else ids[77])
    services = open_side(federation, tmp_path / "salinan", side)
    (problem,) = check(services)
    assert problem.startswith(f"Tabel {table}: indeks {index} tidak cocok") and "rebuild" in problem
    assert "masalah" not in run_rebuild(services, {}, lambda report: None)
    assert check(services) == []
    assert rows(services, "SELECT nama FROM penduduk WHERE nik = '3303990101900077'") == [("ORANG 77",)]
    if isinstance(services, NodeServices):
        update(services, ids[77], telepon="0899")
        assert [live(services, ids[77], name) for name in ("nama", "telepon")] == ["ORANG 77", "0899"]
    services.close()


def test_a_rebuild_that_leaves_damage_says_so(village: tuple[Federation, list[str]], tmp_path: Path) -> None:
    federation, _ = village
    database = copy_side(federation, "a", tmp_path / "salinan")
    with closing(connect(database)) as conn:
        ((root,),) = conn.execute("SELECT rootpage FROM sqlite_master WHERE name = 'evidence'").fetchall()
        ((size,),) = conn.execute("PRAGMA page_size").fetchall()
    content = bytearray(database.read_bytes())
    content[(root - 1) * size + 5] ^= 8  # where the cells of its page begin
    database.write_bytes(content)
    services = open_side(federation, tmp_path / "salinan", "a")
    found = run_rebuild(services, {}, lambda report: None)
    services.close()
    assert found["baik"] is False and "pulihkan dari cadangan" in found["masalah"][0], found
    assert run(node_group, "--data", str(tmp_path / "salinan"), "rebuild") == 6


@pytest.mark.parametrize("side", ["hub", "a"])
def test_a_bit_flipped_in_the_schema_is_damage_and_no_defect(
    village: tuple[Federation, list[str]], side: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    federation, _ = village
    database = copy_side(federation, side, tmp_path / "salinan")
    whole = database.read_bytes()
    ended = []
    for column in COLUMNS:
        at = whole.index(column)
        for bit in range(8):
            database.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
            for beside in database.parent.glob("data.sqlite-*"):
                beside.unlink()
            code = run(GROUPS[side], "--data", str(database.parent), "verify")
            said = capsys.readouterr()
            ended.append(code)
            if code == 6:
                assert '"baik": false' in said.out and '"saran"' in said.out and not said.err, (column, bit, said)
            else:
                assert (code, is_whole(database)) == (0, True), (column, bit, said)
    assert ended.count(6) >= 7 * len(COLUMNS)  # one bit of each is that between capitals and small letters


def is_whole(database: Path) -> bool:
    with closing(connect(database)) as conn:
        try:
            return conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        except DatabaseError:
            return False


@pytest.mark.parametrize("table", ["temuan", "temuan_desa", "temuan_rekaman"])
def test_the_hub_compares_every_table_of_findings(federation: Federation, table: str) -> None:
    a = federation.add_node("a")
    for at in range(2):
        create(a, nama=f"ORANG {at}", nik="3303990101900001")
    federation.sync_all()
    assert check(federation.hub) == []
    with federation.hub.database.write() as conn:
        assert conn.execute(f"DELETE FROM {table}").rowcount
    assert check(federation.hub) == [f"Tabel {table}: isinya berbeda dengan hasil susun ulang dari log."]


@pytest.mark.parametrize("broken", ["index", "column"])
def test_an_erasure_finds_the_bodies_that_a_damaged_index_or_column_hides(
    village: tuple[Federation, list[str]], broken: str, tmp_path: Path
) -> None:
    federation, ids = village
    database = copy_side(federation, "hub", tmp_path / "salinan")
    if broken == "index":
        break_index(database, "change_record", ids[77])
    else:
        with closing(connect(database)) as conn, conn:
            conn.execute("UPDATE change SET record = 'x' || record WHERE record = ?", (ids[77],))
    hub = open_side(federation, tmp_path / "salinan", "hub")
    assert isinstance(hub, HubServices)
    officers = make_officer(hub, "BUDI"), make_officer(hub, "TARI")
    body = "SELECT body FROM change WHERE instr(header, CAST(? AS BLOB)) AND kind = 'penduduk'"
    assert rows(hub, body, ids[77])[0][0] is not None
    assert erase(hub, [Target(DESA, "penduduk", ids[77])], "permintaan", officers).count == 1
    assert rows(hub, body, ids[77]) == [(None,)]
    hub.close()
