"""Numbers of letters between real nodes and a real hub: blocks, own series, restores, and V9 for what is double."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from hub.pemulihan.state import begin_recovery, end_recovery  # noqa: E402
from hub.usb.folder import take_path  # noqa: E402
from hub.verval.cases import list_findings  # noqa: E402
from node.change import write_drafts  # noqa: E402
from node.services import NodeServices, open_node  # noqa: E402
from node.sinkron.rotate import take_new_keys  # noqa: E402
from node.usb.folder import read_path  # noqa: E402
from node.usb.send import write_bundle  # noqa: E402
from shared.store.drafts import draft_create  # noqa: E402
from shared.store.outbox import Outbox  # noqa: E402
from shared.surat.numbering import name_seri  # noqa: E402
from simulation import letters  # noqa: E402
from simulation.letters import issue_bare  # noqa: E402
from tests.support.federation import DESA, Federation, seeded  # noqa: E402
from tests.support.office import own_log, rows, value  # noqa: E402

DAY_S = 86_400


@pytest.fixture
def federation(tmp_path: Path) -> Iterator[Federation]:
    made = Federation(tmp_path)
    yield made
    made.close()


def issue(node: NodeServices, count: int = 1) -> list[str]:
    return [issue_bare(node).number.write() for _ in range(count)]


def blocks(federation: Federation) -> list[tuple[str, int, int, int]]:
    return rows(  # type: ignore[return-value]
        federation.hub, "SELECT catatan_log, tahun, dari, sampai FROM blok_nomor WHERE desa = ? ORDER BY tahun, dari",
        DESA,
    )


def put_back(federation: Federation, name: str, copy: Path) -> NodeServices:
    """Put yesterday's database under a node; its key folder is in no copy."""
    federation.nodes[name].close()
    place = federation.folder / name
    for item in place.iterdir():
        if item.name != "kunci":
            shutil.rmtree(item) if item.is_dir() else item.unlink()
    shutil.copytree(copy, place, dirs_exist_ok=True)
    node = open_node(place, clock=federation.clock, random=seeded(f"lagi {name}"))
    federation.nodes[name] = node
    return node


def copy_of(federation: Federation, name: str) -> Path:
    federation.nodes[name].database.checkpoint()
    target = federation.folder / f"{name}.kemarin"
    shutil.copytree(federation.folder / name, target, ignore=shutil.ignore_patterns("*-shm", "*-wal", "kunci"))
    return target


def test_a_computer_has_a_block_after_its_first_session_and_no_two_share_a_number(federation: Federation) -> None:
    one, two = federation.add_node("a"), federation.add_node("b")
    seri = name_seri(own_log(one).id)
    assert issue(one, 2) == [f"001-{seri}", f"002-{seri}"], "before the first session it counts alone"
    federation.sync_all(1)
    assert issue(one, 2) == ["001", "002"] and issue(two, 2) == ["051", "052"]
    assert [row[2:] for row in blocks(federation)] == [(1, 50), (51, 100)]


def test_the_next_block_comes_before_the_first_is_used_up(federation: Federation) -> None:
    one, two = federation.add_node("a"), federation.add_node("b")
    federation.sync_all(1)
    issue(one, 25)
    federation.sync(one)
    assert len(blocks(federation)) == 2, "half is left"
    issue(one)
    federation.sync(one)
    assert blocks(federation)[-1][2:] == (101, 150)
    assert issue(one, 25)[-2:] == ["050", "101"]
    federation.sync(one)
    assert len(blocks(federation)) == 3 and issue(two) == ["051"]


def test_blocks_of_the_next_year_come_in_december(federation: Federation) -> None:
    federation.clock.now = 1_796_000_000  # 30-11-2026
    one = federation.add_node("a")
    federation.sync(one)
    assert [row[1] for row in blocks(federation)] == [2026]
    federation.clock.now += 2 * DAY_S
    federation.sync(one)
    assert [row[1:] for row in blocks(federation)] == [(2026, 1, 50), (2027, 1, 50)]
    issue(one, 3)
    federation.clock.now += 40 * DAY_S
    assert issue(one) == ["001"], "the year begins offline, with numbers of its own"


def test_a_new_log_continues_no_block_of_the_one_before(federation: Federation) -> None:
    node = federation.add_node("a")
    federation.sync(node)
    issue(node, 3)
    take_new_keys(node)
    first = issue(node)[0]
    assert first.startswith("001-")
    federation.sync(node)
    assert issue(node) == ["051"]


def test_two_computers_issue_letters_offline_and_one_is_restored_from_yesterdays_copy(federation: Federation) -> None:
    one, two = federation.add_node("a"), federation.add_node("b")
    federation.sync_all()
    papers = issue(one, 4) + issue(two, 3)
    kept = copy_of(federation, "a")
    papers += issue(one, 3) + issue(two, 3)
    one = put_back(federation, "a", kept)
    papers += issue(one, 3) + issue(two, 2)
    federation.sync_all(3)
    papers += issue(one, 2) + issue(two, 1)
    federation.sync_all(3)
    assert len(papers) == len(set(papers)) == 21
    assert papers[13].startswith("001-"), "the log that follows counts alone until it has a block"
    at_hub = {row[0].partition("/")[0] for row in rows(federation.hub, "SELECT nomor FROM surat WHERE desa = ?", DESA)}
    # What was lost with the disk had never left it but on paper; its numbers stay free for ever.
    assert at_hub == set(papers) - set(papers[7:10])
    with federation.hub.database.read() as conn:
        assert list_findings(conn, kode="V9") == []


def test_a_hub_in_recovery_gives_no_block_and_after_it_none_before_all_computers_have_called(
    federation: Federation,
) -> None:
    one, two = federation.add_node("a"), federation.add_node("b")
    federation.sync_all()
    issue(one, 40)
    federation.clock.now += DAY_S
    with federation.hub.database.write() as conn:
        begin_recovery(conn, federation.clock.now)
    federation.sync(one)
    assert len(blocks(federation)) == 2
    with federation.hub.database.write() as conn:
        end_recovery(conn)
    federation.clock.now += DAY_S
    federation.sync(one)
    assert len(blocks(federation)) == 2, "b may know a block that this hub has forgotten"
    federation.sync(two)
    federation.sync(one)
    assert len(blocks(federation)) == 3


def test_a_block_travels_on_a_stick(federation: Federation, tmp_path: Path) -> None:
    node = federation.add_node("a")
    stick = tmp_path / "stik"
    stick.mkdir()
    write_bundle(node, stick)
    take_path(federation.hub, stick, Outbox(federation.hub.folder))
    read_path(node, stick)
    assert issue(node) == ["001"]


def test_a_number_that_was_injected_twice_is_found(federation: Federation) -> None:
    one, two = federation.add_node("a"), federation.add_node("b")
    federation.sync_all()
    issue(one)
    log = own_log(one).id
    for node, nomor in ((two, "palsu/2026"), (two, "lain/2026")):
        values = {"nomor": nomor, "urut": 1, "tahun": 2026, "catatan_log": log, "jenis": "uji", "tanggal": "2026-01-02"}
        write_drafts(node, [draft_create(node.catalogue["surat"], node.new_id(), values)], author="")
    values = {"nomor": "palsu/2026", "urut": 9, "tahun": 2026, "jenis": "uji", "tanggal": "2026-01-02"}
    write_drafts(two, [draft_create(two.catalogue["surat"], two.new_id(), values)], author="")
    federation.sync_all()
    with federation.hub.database.read() as conn:
        found = {finding.ringkasan for finding in list_findings(conn, kode="V9")}
    assert found == {
        "3 surat di satu desa memakai nomor urut yang sama dalam satu tahun.",
        "2 surat di satu desa memakai nomor surat yang sama.",
    }
    assert value(federation.hub, "SELECT count(*) FROM kasus WHERE kode = 'V9'") == 2
    # A number of its block that somebody else has used is passed over: numbers of one log rise.
    assert issue(one) == ["010"]


def test_a_letter_whose_number_is_erased_leaves_no_number_to_give_again(federation: Federation) -> None:
    node = federation.add_node("a")
    federation.sync(node)
    issue(node, 2)
    with node.database.write() as conn:
        conn.execute("DELETE FROM surat")
    assert issue(node) == ["003"]


@pytest.mark.parametrize("seed", [1, 3])
def test_no_number_is_given_twice_whatever_is_restored(seed: int) -> None:
    assert letters.play(seed)["letters"]
