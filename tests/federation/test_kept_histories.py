"""Second histories that a hub had taken and has lost since: whoever keeps them hands them over again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hub.services import HubServices
from node.services import NodeServices
from node.sinkron.branches import list_kept
from node.sinkron.handover import InlineExecutor
from node.sinkron.hello import say_hello
from node.sinkron.link import Link, save_link
from node.sinkron.receive import receive_run
from node.sinkron.session import Outcome, Session
from shared.errors import TransportError
from shared.store.branch import list_branches
from shared.store.changes import find_log
from shared.store.lines import find_line, is_provable
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


def test_part_of_a_longer_history_is_handed_over_again_with_the_proof_that_came_with_it(
    federation: Federation,
) -> None:
    """The line broke while the sibling fetched it: the author's note is of more than the sibling has."""
    a, c = federation.add_node("a"), federation.add_node("c")
    federation.sync_all()
    old, old_hub = copy_folder(federation, a, "salinan"), copy_folder(federation, federation.hub, "hub-lama")
    write_much(a, 900)
    federation.sync(a)
    save_link(c.database, Link(run_bytes=4096))
    Session(c, arm(federation.transport(c), Cut(40_000, answers=True)), InlineExecutor()).run()
    held = value(c, "SELECT count(*) FROM dusun")
    assert 0 < held < 900
    restore_hub(federation, old_hub, keeps_keys=True)
    a = put_back(federation, old)
    create(a, nama="BUDI")
    federation.sync(a)
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
        assert is_provable(conn, branch)
        note: bytes = conn.execute("SELECT checkpoint FROM branch").fetchone()[0]
        lines = note.split(b"\n")
        lines[1] = b"%d" % (branch.size + 1)
        conn.execute("UPDATE branch SET checkpoint = ?", (b"\n".join(lines),))
        assert not is_provable(conn, branch) and list_kept(conn, c.wilayah) == []


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
