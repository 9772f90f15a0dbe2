"""Second histories that a hub had taken and has lost since: whoever keeps them hands them over again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hub.services import HubServices
from node.services import NodeServices
from node.sinkron.branches import find_common, list_kept
from node.sinkron.handover import InlineExecutor
from node.sinkron.hello import say_hello
from node.sinkron.link import Link, save_link
from node.sinkron.receive import receive_run
from node.sinkron.session import Outcome, Session
from node.sinkron.transport import Answer
from shared.errors import TransportError
from shared.store.branch import list_branches, read_branch_leaves
from shared.store.changes import find_log, list_logs
from shared.store.lines import Line, find_line, list_roots
from shared.store.migrations import find_bases
from shared.store.runs import encode_root
from shared.store.verify_branches import verify_branches
from shared.sync import messages
from tests.federation.test_histories import (
    check_whole, copy_folder, lose_history, names, put_back, restore_hub, write_much,
)
from tests.support.federation import Federation
from tests.support.office import create, rows, value
from tests.support.sheet import programs, publish
from tests.support.slow_link import Cut, CutAfterPush, arm
from tests.support.usb import Road


def forget(federation: Federation, keep: Callable[[], object]) -> HubServices:
    """Put the hub back to before something that it was given; its keys are those of today."""
    name = f"hub-{len(list(federation.folder.iterdir()))}"
    copy = copy_folder(federation, federation.hub, name)
    keep()
    return restore_hub(federation, copy, keeps_keys=True)


def go_back(federation: Federation, disk: Path, hub_disk: Path, new: str) -> NodeServices:
    """Put A and the hub back to copies, which stay, and let A write something new and tell the hub."""
    disks = [folder.with_name(f"{folder.name}-{new}") for folder in (disk, hub_disk)]
    for folder, copy in zip((disk, hub_disk), disks, strict=True):
        shutil.copytree(folder, copy)
    restore_hub(federation, disks[1], keeps_keys=True)
    again = put_back(federation, disks[0])
    create(again, nama=new)
    federation.sync(again)
    return again


@dataclass
class Copies:
    """C knows what A has written; A's disk was copied before that and in its middle, the hub's before."""

    c: NodeServices
    start: Path
    middle: Path
    hub: Path


def write_and_copy(federation: Federation) -> Copies:
    a, c = federation.add_node("a"), federation.add_node("c")
    federation.sync_all()
    start, hub = copy_folder(federation, a, "awal"), copy_folder(federation, federation.hub, "hub-awal")
    create(a, nama="SATU")
    middle = copy_folder(federation, a, "tengah")
    create(a, nama="DUA")
    federation.sync_all()
    return Copies(c, start, middle, hub)


def count_kept(side: NodeServices | HubServices) -> int:
    with side.database.read() as conn:
        assert verify_branches(conn) == []
        return len(list_branches(conn))


def list_offered(node: NodeServices) -> list[dict[str, object]]:
    with node.database.read() as conn:
        return list_kept(conn, node.wilayah)


@pytest.mark.parametrize("many", [1, 1600])
def test_a_second_history_that_a_hub_put_back_has_lost_is_handed_over_again(federation: Federation, many: int) -> None:
    """The sibling gave way as soon as the hub had taken it: what it keeps beside the log is all that is left."""
    b, c = lose_history(federation, lambda a: write_much(a, many))
    create(b, nama="BUDI")
    federation.sync(b)
    forget(federation, lambda: federation.sync(c))
    assert count_kept(federation.hub) == 0 and count_kept(c) == 1 and len(list_offered(c)) == 1
    federation.sync(c)
    assert count_kept(federation.hub) == 1 and value(federation.hub, "SELECT count(*) FROM dusun") == 0
    federation.sync_all(3)
    for side in (b, c, federation.hub):
        assert value(side, "SELECT count(*) FROM dusun") == many and names(side) == {"BUDI"}
    assert list_offered(c) == []
    check_whole(federation, b, c)


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_long_second_history_gets_over_a_line_that_breaks_again_and_again(
    federation: Federation, is_lost: bool
) -> None:
    """It is handed over for the first time, or again; what the hub keeps of it already does not go once more."""
    b, c = lose_history(federation, lambda a: write_much(a, 900))
    create(b, nama="BUDI")
    federation.sync(b)
    if is_lost:
        forget(federation, lambda: federation.sync(c))
    sessions, sent = 0, 0
    while list_offered(c) if is_lost else count_kept(c) == 0:
        save_link(c.database, Link(run_bytes=4096))
        report = Session(c, arm(federation.transport(c), Cut(30_000, answers=False)), InlineExecutor()).run()
        if is_lost:
            federation.sync(b)
        sessions, sent = sessions + 1, sent + report.bytes_sent
        assert sessions < 12
    whole = value(federation.hub, "SELECT sum(length(body)) FROM branch_change")
    assert sessions > 2 and sent < 2 * whole, "mostly it goes once"
    federation.sync_all(3)
    for side in (b, c, federation.hub):
        assert value(side, "SELECT count(*) FROM dusun") == 900 and names(side) == {"BUDI"}
    check_whole(federation, b, c)


def test_a_second_history_that_leaves_another_one_is_handed_over_again_behind_it(federation: Federation) -> None:
    a, c = federation.add_node("a"), federation.add_node("c")
    federation.sync_all()

    def lose(*written: str, new: str) -> NodeServices:
        """Let only C know what A has written: A and the hub are put back, and A writes something new."""
        old, old_hub = (copy_folder(federation, side, f"{new} {at}") for at, side in enumerate((a, federation.hub)))
        for name in written:
            create(a, nama=name)
        federation.sync(a)
        federation.sync(c)
        restore_hub(federation, old_hub, keeps_keys=True)
        again = put_back(federation, old)
        create(again, nama=new)
        federation.sync(again)
        return again

    start, start_hub = copy_folder(federation, a, "awal"), copy_folder(federation, federation.hub, "hub-awal")
    create(a, nama="SATU")
    federation.sync_all()
    a = lose("DUA", new="TIGA")
    federation.sync(c)
    restore_hub(federation, start_hub, keeps_keys=True)
    a = put_back(federation, start)
    create(a, nama="EMPAT")
    federation.sync(a)
    hub = forget(federation, lambda: federation.sync(c))
    with c.database.read() as conn:
        lines = [find_line(conn, log, one) for one in list_branches(conn) if (log := find_log(conn, one.log))]
    assert sorted(len(line.branches) for line in lines if line) == [1, 2] and count_kept(hub) == 0
    assert len(list_offered(c)) == 2
    federation.sync_all(4)
    for side in (hub, a, c):
        assert names(side) == {"SATU", "DUA", "TIGA", "EMPAT"}
    check_whole(federation, a, c)


@pytest.mark.parametrize("by_stick", [False, True])
def test_a_second_history_comes_back_although_the_one_that_it_leaves_was_issued_again(
    federation: Federation, by_stick: bool
) -> None:
    """Nobody offers that one any more, and the hub has lost it too: it goes along from where both leave the log."""
    road, copies = Road(federation), write_and_copy(federation)
    c = copies.c
    go_back(federation, copies.start, copies.hub, "TIGA")
    federation.sync_all(3)
    go_back(federation, copies.middle, copies.hub, "EMPAT")
    federation.sync_all(3)
    a = go_back(federation, copies.start, copies.hub, "LIMA")
    forget(federation, lambda: federation.sync(c))
    if by_stick:
        codes = [outcome.taken.codes for outcome in (road.trip(c)[0] for _ in range(3)) if outcome.taken]
        assert codes[-1] == []
    federation.sync_all(4)
    for side in (federation.hub, a, c):
        assert names(side) == {"SATU", "DUA", "TIGA", "EMPAT", "LIMA"}
    assert list_offered(c) == []
    check_whole(federation, a, c)


def test_what_parts_inside_a_history_that_was_handed_back_is_handed_back_too(federation: Federation) -> None:
    copies = write_and_copy(federation)
    for disk, new in ((copies.start, "TIGA"), (copies.middle, "EMPAT"), (copies.start, "LIMA")):
        a = go_back(federation, disk, copies.hub, new)
        federation.sync_all(3)
    for side in (federation.hub, a, copies.c):
        assert names(side) == {"SATU", "DUA", "TIGA", "EMPAT", "LIMA"}
    check_whole(federation, a, copies.c)


def fetch_in_part(federation: Federation) -> tuple[NodeServices, NodeServices]:
    """Let the line of C break while it fetches what A has written, and put A and the hub back; A writes anew."""
    a, c = federation.add_node("a"), federation.add_node("c")
    federation.sync_all()
    old, old_hub = copy_folder(federation, a, "salinan"), copy_folder(federation, federation.hub, "hub-lama")
    write_much(a, 900)
    federation.sync(a)
    save_link(c.database, Link(run_bytes=4096))
    Session(c, arm(federation.transport(c), Cut(40_000, answers=True)), InlineExecutor()).run()
    restore_hub(federation, old_hub, keeps_keys=True)
    a = put_back(federation, old)
    create(a, nama="BUDI")
    federation.sync(a)
    return a, c


def test_part_of_a_longer_history_is_handed_over_again_with_the_proof_that_came_with_it(
    federation: Federation,
) -> None:
    """The line broke while the sibling fetched it: the author's note is of more than the sibling has."""
    a, c = fetch_in_part(federation)
    held = value(c, "SELECT count(*) FROM dusun")
    assert 0 < held < 900
    forget(federation, lambda: federation.sync(c))
    ((size, proof),) = rows(c, "SELECT size, length(proof) FROM branch")
    assert proof > 0 and len(list_offered(c)) == 1
    federation.sync_all(4)
    for side in (a, c, federation.hub):
        assert value(side, "SELECT count(*) FROM dusun") == held and names(side) == {"BUDI"}
    check_whole(federation, a, c)


def test_what_an_earlier_program_kept_without_its_proof_is_not_offered(federation: Federation) -> None:
    b, c = lose_history(federation, lambda a: create(a, nama="SITI"))
    create(b, nama="BUDI")
    federation.sync(b)
    federation.sync(c)
    with c.database.write() as conn:
        (branch,) = list_branches(conn)
        assert branch.is_provable
        lines = branch.note.split(b"\n")
        lines[1] = b"%d" % (branch.size + 1)
        conn.execute("UPDATE branch SET checkpoint = ?", (b"\n".join(lines),))
        (branch,) = list_branches(conn)
        assert not branch.is_provable and list_kept(conn, c.wilayah) == []


def test_words_of_the_hub_that_only_a_second_history_has_left_are_issued_again(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line of both broke before what the hub had issued again came down; then the hub was put back once more."""
    a, b = federation.add_node("a"), federation.add_node("b")
    federation.sync_all(2)

    first, second = (copy_folder(federation, federation.hub, f"hub-{name}") for name in ("lama", "lama-lagi"))
    publish(federation.hub, "BLT")
    federation.sync(b)
    # With its key folder of that day, so that it does not know that it was put back.
    restore_hub(federation, first, keeps_keys=False)
    publish(federation.hub, "BPNT")
    federation.sync(a)
    line = federation.transport(b)
    line.after = CutAfterPush()
    federation.sync(b, line)
    assert programs(federation.hub) == {"BLT", "BPNT"}

    def receive_and_break(*given: object) -> int:
        count = receive_run(*given)  # type: ignore[arg-type]
        if count_kept(a):
            raise TransportError("the line broke")
        return count

    with monkeypatch.context() as patched:
        patched.setattr("node.sinkron.session.receive_run", receive_and_break)
        federation.sync(a)
    assert len(list_offered(a)) == 1
    restore_hub(federation, second, keeps_keys=False)
    federation.sync(b)
    assert programs(federation.hub) == {"BLT"}
    federation.sync_all(4)
    for side in (federation.hub, a, b):
        assert programs(side) == {"BLT", "BPNT"} and value(side, "SELECT count(*) FROM held") == 0
    check_whole(federation, a, b)


def test_by_stick_alone_a_second_history_that_the_hub_has_lost_goes_again(federation: Federation) -> None:
    """The first file says what is kept, its answer what the hub lacks, and the second brings that."""
    road = Road(federation)
    b, c = lose_history(federation, lambda a: create(a, nama="SITI"))
    create(b, nama="BUDI")
    federation.sync(b)
    hub = forget(federation, lambda: federation.sync(c))
    road.trip(c)
    assert count_kept(hub) == 0
    outcome, _ = road.trip(c)
    assert count_kept(hub) == 1 and names(c) == {"BUDI"}
    assert outcome.taken is not None and outcome.taken.codes == [], "no fork between the two sides"
    federation.sync(b)
    federation.sync(b)
    assert names(b) == names(hub) == {"SITI", "BUDI"}
    road.trip(c)
    assert names(c) == {"SITI", "BUDI"} and list_offered(c) == []
    check_whole(federation, b, c)


@pytest.mark.parametrize("more", [0, 1, 3])
def test_by_stick_alone_a_sibling_gives_way_however_long_the_hubs_history_is(
    federation: Federation, more: int
) -> None:
    road = Road(federation)
    b, c = lose_history(federation, lambda a: create(a, nama="SITI"))
    people = {f"BUDI {at}" for at in range(more + 1)}
    for name in sorted(people):
        create(b, nama=name)
    federation.sync(b)
    for _ in range(4):
        road.trip(c)
        federation.sync(b)
    assert names(c) == names(b) == {"SITI", *people}
    check_whole(federation, b, c)


@pytest.mark.parametrize("more", [0, 2])
def test_by_stick_alone_two_histories_of_the_hub_become_one(federation: Federation, more: int) -> None:
    road, a, c = Road(federation), federation.add_node("a"), federation.add_node("c")
    federation.sync_all(2)
    old = copy_folder(federation, federation.hub, "hub-lama")
    publish(federation.hub, "BLT")
    federation.sync(c)
    restore_hub(federation, old, keeps_keys=False)
    new = {f"BPNT {at}" for at in range(more + 1)}
    publish(federation.hub, *sorted(new))
    federation.sync(a)
    for _ in range(4):
        road.trip(c)
        federation.sync(a)
    assert programs(c) == programs(federation.hub) == {"BLT", *new}
    check_whole(federation, a, c)


def test_the_answer_names_no_second_history_that_is_held_and_none_of_another_desa(federation: Federation) -> None:
    """Of logs that the desa may not read, and of what is held, the answer says nothing."""
    b, c = lose_history(federation, lambda a: create(a, nama="SITI"))
    create(b, nama="BUDI")
    federation.sync(b)
    federation.sync(c)
    (head,) = list_offered(c)
    session = Session(c, federation.transport(c), InlineExecutor())
    assert session.run().outcome is Outcome.SELESAI and session.answer["branches"] == []
    stranger = federation.add_node("lain", desa="33.03.04.2001")
    lost = {**head, "root": encode_root(bytes(32))}
    for node, answered in ((c, [lost]), (stranger, [])):
        message = say_hello(node) | {"nonce": "A" * 22, "branches": [lost]}
        answer = federation.transport(node).post("/sync/v1/hello", messages.encode(message), "A" * 22)
        assert messages.decode(messages.HelloAnswer, answer.body)["branches"] == answered


def test_a_damaged_second_history_stops_no_session(federation: Federation) -> None:
    """Verify tells of it; the village works on."""
    b, c = lose_history(federation, lambda a: create(a, nama="SITI"))
    create(b, nama="BUDI")
    federation.sync(b)
    federation.sync(c)
    with c.database.write() as conn:
        conn.execute("UPDATE branch SET checkpoint = x'00'")
    assert list_offered(c) == []
    create(c, nama="AGUS")
    assert federation.sync(c).outcome is Outcome.SELESAI and "AGUS" in names(federation.hub)
    with c.database.read() as conn:
        assert any("checkpoint" in sentence for sentence in verify_branches(conn))


def test_a_damaged_second_history_of_the_hub_stops_no_session(federation: Federation) -> None:
    b, c = lose_history(federation, lambda a: create(a, nama="SITI"))
    create(b, nama="BUDI")
    federation.sync(b)
    federation.sync(c)
    with federation.hub.database.write() as conn:
        conn.execute("UPDATE branch SET tree = x'00'")
    assert len(list_offered(c)) == 1
    create(c, nama="AGUS")
    assert federation.sync(c).outcome is Outcome.SELESAI and "AGUS" in names(federation.hub)
    session = Session(c, federation.transport(c), InlineExecutor())
    session.run()
    with c.database.read() as conn:
        (line,) = (Line(log) for log in list_logs(conn) if log.id == list_branches(conn)[0].log)
    assert session._find_common(line) == (line.size, 0)


def test_a_proof_that_is_gone_is_damage(federation: Federation) -> None:
    _, c = fetch_in_part(federation)
    federation.sync(c)
    with c.database.write() as conn:
        assert verify_branches(conn) == []
        conn.execute("UPDATE branch SET proof = x''")
        assert len(verify_branches(conn)) == 1


def test_what_both_share_is_found_to_within_a_few_dozen_changes(federation: Federation) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    write_much(a, 4998)
    with a.database.read() as conn:
        (line,) = (Line(log) for log in list_logs(conn) if log.own)

    def ask(body: bytes) -> bytes:
        asked = [head["size"] for head in messages.decode(messages.CompareRequest, body)["heads"]]
        return messages.encode({"size": max((size for size in asked if size <= common), default=0)})

    for common in range(0, line.size, 19):
        assert common - 32 <= find_common(a, line, ask)[0] <= common


@pytest.mark.parametrize("member", ["size", "kept"])
def test_a_hub_that_contradicts_itself_ends_the_session(federation: Federation, member: str) -> None:
    """Two histories at hello, and at compare one."""
    b, c = lose_history(federation, lambda a: create(a, nama="SITI"))
    create(b, nama="BUDI")
    federation.sync(b)
    transport, requests, sizes = federation.transport(c), list[str](), list[int]()

    def before(path: str, body: bytes) -> None:
        requests.append(path)
        assert len(requests) < 50
        if path.endswith("/compare"):
            sizes.append(max(head["size"] for head in messages.decode(messages.CompareRequest, body)["heads"]))

    def after(path: str, answer: Answer) -> Answer:
        lie = messages.encode({"size": 0, member: sizes[-1]}) if path.endswith("/compare") else answer.body
        return replace(answer, body=lie)

    transport.before, transport.after = before, after
    Session(c, transport, InlineExecutor()).run()


def test_runs_of_a_second_history_grow_like_any_other(federation: Federation) -> None:
    b, c = lose_history(federation, lambda a: write_much(a, 1500))
    create(b, nama="BUDI")
    federation.sync(b)
    requests = []
    for _ in range(2):
        save_link(c.database, Link(run_bytes=4096))
        requests.append(Session(c, federation.transport(c), InlineExecutor()).run().requests)
        write_much(c, 1500)
    assert requests[0] < 2 * requests[1]


def test_second_histories_that_overlap_are_each_read_once(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve histories, each of which leaves the log one change further on and is longer than the next leaves it."""
    a, many, road = federation.add_node("a"), 12, Road(federation)
    federation.sync_all()
    disks = []
    for number in range(many):
        create(a, nama=f"ANAK {number}")
        disks.append(copy_folder(federation, a, f"salinan-{number}"))
    write_much(a, 30)
    federation.sync(a)
    for disk in disks:
        twin = put_back(federation, disk)
        write_much(twin, 20)
        road.send(twin)
        road.take()
    read: list[int] = []
    monkeypatch.setattr("shared.store.lines.read_branch_leaves", lambda conn, branch, *places: (
        read.append(branch.no), read_branch_leaves(conn, branch, *places)
    )[1])
    with federation.hub.database.read() as conn:
        branches = list_branches(conn)
        log = find_log(conn, branches[0].log)
        assert log is not None and len(branches) == many
        assert len(list_roots(conn, log, [branches[-1].start + 5])) == many + 1
        assert len(read) <= many
        read.clear()
        line = find_line(conn, log, branches[-1])
        assert line is not None and line.branches == (branches[-1],) and len(read) <= many


def test_what_an_earlier_program_kept_finds_what_it_leaves(federation: Federation) -> None:
    """A branch of the log, and one of that branch; a format ago none said what stands before it."""
    copies = write_and_copy(federation)
    go_back(federation, copies.start, copies.hub, "TIGA")
    federation.sync_all(3)
    go_back(federation, copies.middle, copies.hub, "EMPAT")
    federation.sync_all(3)
    go_back(federation, copies.start, copies.hub, "LIMA")
    federation.sync_all(3)
    with copies.c.database.write() as conn:
        before = list_branches(conn)
        lines = [find_line(conn, log, branch) for branch in before if (log := find_log(conn, branch.log))]
        assert {len(line.branches) for line in lines if line} == {1, 2}
        conn.execute("UPDATE branch SET base = x''")
        find_bases(conn)
        assert list_branches(conn) == before and verify_branches(conn) == []
