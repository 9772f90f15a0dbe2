"""Restored, cloned and forked: two histories of one log, on either side, and what becomes of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.change import write_common, write_to_desa
from hub.pemulihan.state import list_hub_keys, read_recovery
from hub.services import HubServices, open_hub
from hub.usb.folder import take_path
from hub.verval.cases import update_cases
from node.change import write_drafts
from node.services import NodeServices, open_node
from node.sinkron.link import Link, save_link
from node.sinkron.rotate import take_new_keys
from node.sinkron.session import Outcome
from node.sinkron.transport import Answer
from node.usb.send import write_bundle
from shared.errors import TransportError
from shared.merge.scope import Role
from shared.store.branch import list_branches
from shared.store.changes import Log, list_logs
from shared.store.drafts import draft_create, draft_update
from shared.store.evidence import list_events
from shared.store.outbox import Outbox
from shared.store.records import load_state
from shared.store.verify import compare_with_rebuild, hub_cosigners, projection_tables, verify_logs
from shared.sync.limits import limit
from tests.support.federation import DESA, HUB, Federation, make_sync_app, seeded
from tests.support.office import NIK_A, NIK_B, Talk, create, live, own_log, refusal, rows, sent_mark, update, value


def copy_folder(federation: Federation, side: NodeServices | HubServices, name: str) -> Path:
    """Copy a whole data folder, keys and anchor included, as an image of the disk would."""
    side.database.checkpoint()
    target = federation.folder / name
    shutil.copytree(side.folder.path, target)
    return target


def open_copy(federation: Federation, folder: Path, name: str) -> NodeServices:
    """Open a copied folder as a node of its own."""
    node = open_node(folder, clock=federation.clock, random=seeded(name))
    federation.nodes[name] = node
    return node


def put_back(federation: Federation, copy: Path) -> NodeServices:
    """Put a copied disk in the place of computer A."""
    federation.nodes["a"].close()
    again = federation.nodes["a"] = open_copy(federation, copy, copy.name)
    del federation.nodes[copy.name]
    return again


def restore_hub(federation: Federation, folder: Path, keeps_keys: bool) -> HubServices:
    """Put a copied folder in the place of the hub; with its key folder of today where that survived."""
    if keeps_keys:
        shutil.rmtree(folder / "kunci")
        shutil.copytree(federation.hub.folder.keys, folder / "kunci")
    federation.hub.close()
    federation.hub = open_hub(folder, clock=federation.clock, random=seeded(f"hub {folder.name}"))
    federation.app = make_sync_app(federation.hub)
    return federation.hub


def logs_of(side: NodeServices | HubServices) -> list[Log]:
    with side.database.read() as conn:
        return list_logs(conn)


def check_whole(federation: Federation, *nodes: NodeServices) -> None:
    """Check that hub and nodes hold the same logs, that all bytes verify and tables equal a rebuild."""
    hub = federation.hub
    for node in nodes:
        report = federation.sync(node)
        assert (report.outcome, report.sent, report.received) == (Outcome.SELESAI, 0, 0), report
        assert report.parity == "sama"
    for side in (hub, *nodes):
        with side.database.read() as conn:
            keys = list_hub_keys(conn, hub) if isinstance(side, HubServices) else []
            cosigners = hub_cosigners(HUB, *keys) or side.cosigners()
            assert verify_logs(conn, cosigners, side.keys.publics()) == []
        assert compare_with_rebuild(side.database, projection_tables(side.catalogue), side.rebuild) == []


def names(side: NodeServices | HubServices) -> set[str]:
    return {row[0] for row in rows(side, "SELECT nama FROM penduduk")}


def codes(side: NodeServices | HubServices) -> list[str]:
    with side.database.read() as conn:
        return [event.code for event in list_events(conn)]


# A node is restored -----------------------------------------------------------------------------------------


def test_a_node_restored_without_new_work_gets_its_changes_back_and_goes_on_in_a_new_log(
    federation: Federation,
) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    old = copy_folder(federation, a, "salinan")
    create(a, nama="SITI", nik=NIK_A)
    federation.sync(a)
    a.close()
    b = federation.nodes["a"] = open_copy(federation, old, "b")
    federation.sync(b)
    assert names(b) == {"SITI"} and len(own_logs(b)) == 1
    create(b, nama="BUDI", nik=NIK_B)
    assert len(own_logs(b)) == 2
    federation.sync(b)
    assert names(federation.hub) == {"SITI", "BUDI"}
    assert "pulih" in codes(b)
    check_whole(federation, b)


@pytest.mark.parametrize("more", [0, 1, 7])
def test_a_node_restored_with_new_work_keeps_both_histories(federation: Federation, more: int) -> None:
    """``more`` is how much longer the new history is than the lost one, or shorter where it is 0."""
    a = federation.add_node("a")
    wati = create(a, nama="WATI", nik=NIK_A)
    federation.sync_all()
    old = copy_folder(federation, a, "salinan")
    siti = create(a, nama="SITI")
    update(a, wati, telepon="0811")
    create(a, nama="AGUS")
    federation.sync(a)
    a.close()
    b = federation.nodes["a"] = open_copy(federation, old, "b")
    budi = create(b, nama="BUDI")
    update(b, budi, telepon="0822")
    update(b, wati, telepon="0833")
    for number in range(more):
        create(b, nama=f"ANAK {number}")
    report = federation.sync(b)
    assert report.outcome is Outcome.SELESAI, report
    federation.sync(b)
    assert {"WATI", "SITI", "AGUS", "BUDI"} <= names(federation.hub)
    assert live(federation.hub, budi, "telepon") == "0822" and live(b, siti, "nama") == "SITI"
    # Both changed one field without knowing of each other: people decide, nothing is lost.
    assert value(federation.hub, "SELECT konflik FROM penduduk WHERE id = ?", wati) == "telepon"
    with b.database.read() as conn:
        (branch,) = list_branches(conn)
    assert branch.log == own_logs(b)[0] and {"fork", "terbit_ulang"} <= set(codes(b))
    check_whole(federation, b)


def own_logs(node: NodeServices) -> list[str]:
    with node.database.read() as conn:
        return [log.id for log in list_logs(conn) if log.own]


def test_a_second_pc_sees_one_history_only(federation: Federation) -> None:
    a, c = federation.add_node("a"), federation.add_node("c")
    federation.sync_all()
    old = copy_folder(federation, a, "salinan")
    create(a, nama="SITI")
    federation.sync(a)
    federation.sync(c)
    a.close()
    b = federation.nodes["a"] = open_copy(federation, old, "b")
    create(b, nama="BUDI")
    federation.sync_all()
    assert names(c) == names(b) == names(federation.hub) == {"SITI", "BUDI"}
    check_whole(federation, b, c)


@pytest.mark.parametrize("times", [1, 2])
def test_work_on_top_of_a_second_history_follows_it_to_its_new_place(federation: Federation, times: int) -> None:
    """It was written in another log before the fork was noticed, so its parents name places that no log has."""
    a, c = federation.add_node("a"), federation.add_node("c")
    federation.sync_all()
    old, wati = copy_folder(federation, a, "salinan"), create(c, nama="WATI")
    create(a, nama="SITI")
    federation.sync_all()
    a.close()
    b = federation.nodes["a"] = open_copy(federation, old, "b")
    del federation.nodes["b"]
    budi = create(b, nama="BUDI", telepon="0811")
    if times == 2:
        older = copy_folder(federation, b, "salinan-kedua")
        create(b, nama="AGUS")
        federation.sync(b)
        b.close()
        b = federation.nodes["a"] = open_copy(federation, older, "b2")
        del federation.nodes["b2"]
        update(b, budi, telepon="0833")
    take_new_keys(b)
    update(b, budi, telepon="0822")
    federation.sync_all(3)
    for side in (federation.hub, b, c):
        assert live(side, budi, "telepon") == "0822" and live(side, wati, "nama") == "WATI"
        assert value(side, "SELECT count(*) FROM held") == 0 and value(side, "SELECT count(*) FROM conflict") == 0
    check_whole(federation, b, c)


def lose_history(
    federation: Federation, write: Callable[[NodeServices], object]
) -> tuple[NodeServices, NodeServices]:
    """Let A write what only its sibling C holds in the end: A's disk and the hub's are put back. Give A and C."""
    a, c = federation.add_node("a"), federation.add_node("c")
    federation.sync_all()
    old, old_hub = copy_folder(federation, a, "salinan"), copy_folder(federation, federation.hub, "hub-lama")
    write(a)
    federation.sync(a)
    federation.sync(c)
    restore_hub(federation, old_hub, keeps_keys=True)
    return put_back(federation, old), c


def test_a_branch_that_only_a_sibling_holds_is_handed_back_and_issued_again(federation: Federation) -> None:
    """The hub is restored too: it has taken the new history of A when the sibling brings the lost one."""
    b, c = lose_history(federation, lambda a: create(a, nama="SITI"))
    create(b, nama="BUDI")
    federation.sync(b)
    assert names(federation.hub) == {"BUDI"}
    federation.sync(c)
    with federation.hub.database.read() as conn:
        assert len(list_branches(conn)) == 1, "the lost history is kept at the hub"
    federation.sync_all(3)
    assert names(b) == names(c) == names(federation.hub) == {"SITI", "BUDI"}
    check_whole(federation, b, c)


def send(node: NodeServices, folder: Path) -> Path:
    """Write all that the hub may lack onto a stick of its own."""
    folder.mkdir()
    write_bundle(node, folder)
    return folder


def take(federation: Federation, stick: Path) -> None:
    take_path(federation.hub, stick, Outbox(federation.hub.folder))


def test_a_second_history_that_comes_by_two_sticks_is_issued_again_whole(
    federation: Federation, tmp_path: Path
) -> None:
    """What the second stick adds to the branch comes after the first part was issued again."""
    a = federation.add_node("a")
    federation.sync_all()
    old = copy_folder(federation, a, "salinan")
    siti = create(a, nama="SITI")
    first = send(a, tmp_path / "stik1")
    update(a, siti, nama="SITI AMINAH")
    create(a, nama="AGUS")
    second = send(a, tmp_path / "stik2")
    a.close()
    b = federation.nodes["a"] = open_copy(federation, old, "b")
    create(b, nama="BUDI")
    federation.sync(b)
    for stick in (first, second):
        take(federation, stick)
        federation.sync_all(3)
    assert names(b) == names(federation.hub) == {"SITI AMINAH", "AGUS", "BUDI"}
    check_whole(federation, b)


def write_much(node: NodeServices, count: int) -> None:
    """Write more than fits into one run."""
    kind = node.catalogue["dusun"]
    write_drafts(
        node, [draft_create(kind, node.new_id(), {"nama": node.random(50).hex()}) for _ in range(count)], author=""
    )


@pytest.mark.parametrize("beside", [0, 1700])
def test_a_second_history_of_many_runs_on_one_stick_is_issued_again_whole(
    federation: Federation, tmp_path: Path, beside: int
) -> None:
    """``beside`` is how much the computer has written in the place of what the stick brings."""
    a = federation.add_node("a")
    federation.sync_all()
    old = copy_folder(federation, a, "salinan")
    write_much(a, 1600)
    stick = send(a, tmp_path / "stik")
    a.close()
    b = federation.nodes["a"] = open_copy(federation, old, "b")
    create(b, nama="BUDI")
    write_much(b, beside)
    federation.sync(b)
    take(federation, stick)
    federation.sync_all(3)
    for side in (b, federation.hub):
        assert value(side, "SELECT count(*) FROM dusun") == 1600 + beside and names(side) == {"BUDI"}
    check_whole(federation, b)


def test_a_second_history_of_many_runs_that_only_a_sibling_holds_is_issued_again_whole(federation: Federation) -> None:
    b, c = lose_history(federation, lambda a: write_much(a, 1600))
    create(b, nama="BUDI")
    federation.sync(b)
    federation.sync_all(4)
    for side in (b, c, federation.hub):
        assert value(side, "SELECT count(*) FROM dusun") == 1600 and names(side) == {"BUDI"}
    check_whole(federation, b, c)


def test_a_second_history_of_a_former_key_is_handed_back_too(federation: Federation) -> None:
    """The sibling that brings it comes after the computer has taken new keys: it still has the old ones."""
    b, c = lose_history(federation, lambda a: create(a, nama="SITI"))
    create(b, nama="BUDI")
    federation.sync(b)
    take_new_keys(b)
    for _ in range(2):
        federation.sync(b)
    federation.sync_all(4)
    assert names(b) == names(c) == names(federation.hub) == {"SITI", "BUDI"}
    check_whole(federation, b, c)


def test_an_import_stays_what_can_be_taken_back_after_it_was_issued_again(federation: Federation) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    old = copy_folder(federation, a, "salinan")
    create(a, nama="SITI")
    federation.sync(a)
    a.close()
    b = federation.nodes["a"] = open_copy(federation, old, "b")
    first = own_log(b)
    create(b, nama="BUDI")
    pos = first.base + first.size
    with b.database.write() as conn:
        conn.execute(
            "INSERT INTO import_batch (source, filename, sha256, time_s, petugas, counts, first_pos, last_pos, heads)"
            " VALUES ('x', 'x', 'x', 0, '', '{}', ?, ?, ?)", (pos, pos, f'{{"{first.no}": {first.size + 1}}}'),
        )
    federation.sync(b)
    moved = value(b, "SELECT first_pos FROM import_batch")
    assert value(b, "SELECT p.nama FROM change c JOIN penduduk p ON p.id = c.record WHERE c.pos = ?", moved) == "BUDI"


# Two computers with one key ---------------------------------------------------------------------------------


def test_two_computers_with_one_key_lose_nothing_and_are_suspended(federation: Federation) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    twin = open_copy(federation, copy_folder(federation, a, "kembaran"), "kembaran")
    written = set()
    for round in range(6):
        for node in (a, twin):
            name = f"ORANG {round} {node.folder.path.name}"
            create(node, nama=name)
            written.add(name)
            report = federation.sync(node)
            assert report.outcome is Outcome.SELESAI, report
    hub = federation.hub
    assert value(hub, "SELECT status FROM simpul") == "ditangguhkan"
    assert "kembar" in codes(hub)
    held = {row[0] for row in rows(hub, "SELECT record FROM held WHERE alasan = 'dicabut'")}
    shown = names(hub)
    stored = {row[0] for row in rows(hub, "SELECT DISTINCT record FROM change WHERE kind = 'penduduk'")}
    assert len(stored) == len(written) and len(shown) + len(held) == len(written) and held
    federation.sync_all(2)
    check_whole(federation, a, twin)


def test_one_restore_is_no_twin(federation: Federation) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    for number in range(limit("twin_restores") - 1):
        old = copy_folder(federation, a, f"salinan{number}")
        create(a, nama=f"SITI {number}")
        federation.sync(a)
        a.close()
        a = federation.nodes["a"] = open_copy(federation, old, f"a{number}")
        del federation.nodes[f"a{number}"]
        federation.sync(a)
    create(a, nama="BUDI")
    federation.sync(a)
    assert value(federation.hub, "SELECT status FROM simpul") == "aktif"
    check_whole(federation, a)


# The hub is restored ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("keeps_keys", [True, False])
def test_a_restored_hub_gets_everything_back(federation: Federation, keeps_keys: bool) -> None:
    a, c = federation.add_node("a"), federation.add_node("c", "33.03.04.2001")
    federation.sync_all()
    old = copy_folder(federation, federation.hub, "hub-lama")
    create(a, nama="SITI")
    create(c, nama="BUDI")
    draft = draft_create(federation.hub.catalogue["program_bantuan"], federation.hub.new_id(), {"nama": "BLT"})
    write_common(federation.hub, [draft], author="x")
    federation.sync_all()
    hub = restore_hub(federation, old, keeps_keys)
    assert names(hub) == set()
    federation.sync_all()
    assert names(hub) == {"SITI", "BUDI"} and value(hub, "SELECT nama FROM program_bantuan") == "BLT"
    with hub.database.read() as conn:
        recovery = read_recovery(conn)
    assert recovery is not None and recovery.silent == 0 and "pulih" in codes(hub)
    check_whole(federation, a, c)


@pytest.mark.parametrize("keeps_keys", [True, False])
def test_a_restored_hub_that_wrote_on_keeps_both_of_its_histories(
    federation: Federation, keeps_keys: bool
) -> None:
    a, c = federation.add_node("a"), federation.add_node("c", "33.03.04.2001")
    federation.sync_all()
    old = copy_folder(federation, federation.hub, "hub-lama")
    kind = federation.hub.catalogue["program_bantuan"]
    write_common(federation.hub, [draft_create(kind, federation.hub.new_id(), {"nama": "BLT"})], author="x")
    federation.sync(a)
    hub = restore_hub(federation, old, keeps_keys)
    write_common(hub, [draft_create(kind, hub.new_id(), {"nama": "PKH"})], author="x")
    federation.sync(c)
    for _ in range(3):
        federation.sync_all()
    for side in (hub, a, c):
        assert {row[0] for row in rows(side, "SELECT nama FROM program_bantuan")} == {"BLT", "PKH"}
    check_whole(federation, a, c)


def sync_until_the_second_pull(federation: Federation, node: NodeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a node pull small runs, over a line that breaks behind the first answer."""
    transport, pulls = federation.transport(node), 0
    real = transport.post

    def break_off(path: str, body: bytes, nonce: str) -> Answer:
        nonlocal pulls
        pulls += path.endswith("pull")
        if pulls > 1:
            raise TransportError("putus")
        return real(path, body, nonce)

    monkeypatch.setattr(transport, "post", break_off)
    save_link(node.database, Link(run_bytes=limit("run_bytes_min")))
    assert federation.sync(node, transport).outcome is Outcome.TERPUTUS


def test_a_part_of_a_channel_that_came_before_the_line_broke_is_given_back_to_the_hub(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    old = copy_folder(federation, federation.hub, "hub-lama")
    kind = federation.hub.catalogue["program_bantuan"]
    write_common(
        federation.hub,
        [draft_create(kind, federation.hub.new_id(), {"nama": federation.hub.random(50).hex()}) for _ in range(300)],
        author="x",
    )
    sync_until_the_second_pull(federation, a, monkeypatch)
    came = value(a, "SELECT count(*) FROM program_bantuan")
    assert 0 < came < 300
    hub = restore_hub(federation, old, keeps_keys=True)
    federation.sync_all(3)
    assert value(hub, "SELECT count(*) FROM program_bantuan") == came
    check_whole(federation, a)


@pytest.mark.parametrize("by_stick", [False, True])
def test_a_part_of_a_siblings_log_that_came_before_the_line_broke_is_given_back_to_the_hub(
    federation: Federation, monkeypatch: pytest.MonkeyPatch, by_stick: bool
) -> None:
    """Nobody but the sibling could sign it again, and its computer is gone."""
    a, b = federation.add_node("a"), federation.add_node("b")
    federation.sync_all()
    old = copy_folder(federation, federation.hub, "hub-lama")
    for _ in range(300):
        create(a, nama=a.random(50).hex())
    federation.sync(a)
    sync_until_the_second_pull(federation, b, monkeypatch)
    came = value(b, "SELECT count(*) FROM penduduk")
    assert 0 < came < 300
    del federation.nodes["a"]
    hub = restore_hub(federation, old, keeps_keys=True)
    if by_stick:
        take_path(hub, write_bundle(b, federation.folder).path, Outbox(hub.folder))
    federation.sync_all(3)
    assert value(hub, "SELECT count(*) FROM penduduk") == came
    check_whole(federation, b)
    c = federation.add_node("c")
    federation.sync_all()
    assert value(c, "SELECT count(*) FROM penduduk") == came
    a.close()


def test_a_case_on_which_the_hub_is_in_conflict_with_itself_is_settled_once(federation: Federation) -> None:
    """Its finding is gone as well: settling it and closing it must not be the next two versions."""
    hub = federation.hub
    kind, id = hub.catalogue["kasus"], hub.new_id()
    values = {"temuan": "0" * 64, "kode": "V5", "ringkasan": "NIK", "status": "dikembalikan"}
    write_to_desa(hub, DESA, [draft_create(kind, id, values)], author="x")
    with hub.database.write() as conn:
        state = load_state(conn, hub.catalogue, kind, DESA, id)
        drafts = [draft_update(kind, state, id, {"alasan": reason}) for reason in ("PINDAH", "NIK_GANDA")]
        write_to_desa(hub, DESA, [draft for draft in drafts if draft], author="x")
    assert value(hub, "SELECT grup FROM conflict") == "status"
    assert update_cases(hub) and not update_cases(hub)
    assert value(hub, "SELECT count(*) FROM conflict") == 0
    assert value(hub, "SELECT status FROM kasus") == "selesai"


def test_a_hub_that_forgot_an_enrolment_learns_it_from_the_node_itself(federation: Federation) -> None:
    federation.add_node("c", "33.03.04.2001")
    federation.sync_all()
    old = copy_folder(federation, federation.hub, "hub-lama")
    a = federation.add_node("a")
    create(a, nama="SITI")
    federation.sync_all()
    hub = restore_hub(federation, old, keeps_keys=False)
    report = federation.sync(a)
    assert report.outcome is Outcome.SELESAI, report
    assert names(hub) == {"SITI"}
    check_whole(federation, a, federation.nodes["c"])


def test_a_hub_that_wrote_on_in_place_of_an_enrolment_learns_it_all_the_same(federation: Federation) -> None:
    federation.add_node("c", "33.03.04.2001")
    federation.sync_all()
    old = copy_folder(federation, federation.hub, "hub-lama")
    a = federation.add_node("a")
    create(a, nama="SITI")
    federation.sync_all()
    enrolled = [log.size for log in logs_of(a) if log.peran is Role.UMUM]
    hub = restore_hub(federation, old, keeps_keys=False)
    kind = hub.catalogue["program_bantuan"]
    while [log.size for log in logs_of(hub) if log.peran is Role.UMUM] < enrolled:
        # As long as what the node has, so that sizes tell nothing.
        write_common(hub, [draft_create(kind, hub.new_id(), {"nama": "BLT"})], author="")
    report = federation.sync(a)
    assert report.outcome is Outcome.SELESAI, report
    assert names(hub) == {"SITI"}
    federation.sync_all()
    check_whole(federation, a, federation.nodes["c"])


def test_a_stranger_may_hand_over_the_common_channel_and_nothing_else(federation: Federation) -> None:
    federation.add_node("c", "33.03.04.2001")
    federation.sync_all()
    old = copy_folder(federation, federation.hub, "hub-lama")
    a = federation.add_node("a")
    federation.sync_all()
    restore_hub(federation, old, keeps_keys=False)
    talk = Talk(federation, a)
    answer = talk.push(talk.run(0))
    assert (answer.status, refusal(answer)["code"]) == (401, "unknown_key")
    assert talk.pull({own_log(a).id: 0}).status == 401
    assert value(federation.hub, "SELECT count(*) FROM simpul WHERE wilayah = ?", DESA) == 0
    assert sent_mark(a) == own_log(a).size


def test_a_stranger_to_a_healthy_hub_stays_one(federation: Federation) -> None:
    federation.add_node("a")
    federation.sync_all()
    other = Federation(federation.folder / "lain", seed=9)
    stranger = other.add_node("x")
    hub = stranger.hub()
    assert hub is not None and hub.wilayah == HUB
    report = federation.sync(stranger)
    assert report.code == "unknown_key"
    other.close()


def test_writing_goes_on_while_nobody_can_be_reached(federation: Federation) -> None:
    """The key folder alone says that the database is old; the village need not wait for the hub."""
    a = federation.add_node("a")
    federation.sync_all()
    old = copy_folder(federation, a, "salinan")
    create(a, nama="SITI")
    federation.sync(a)
    shutil.rmtree(old / "kunci")
    shutil.copytree(a.folder.keys, old / "kunci")
    a.close()
    b = federation.nodes["a"] = open_copy(federation, old, "b")
    first = own_log(b).id
    ref = write_drafts(b, [draft_create(b.catalogue["dusun"], b.new_id(), {"nama": "KRAJAN"})], author="x")[0]
    assert not ref.startswith(first)
    federation.sync(b)
    assert names(b) == {"SITI"} and "fork" not in codes(b)
    check_whole(federation, b)
