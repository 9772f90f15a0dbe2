"""Erasure across a federation: from the verdict of two officers to the last byte on every replica."""

from __future__ import annotations

import shutil
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

import pytest

from hub.change import write_to_desa
from hub.commands import COMMANDS as hub_commands
from hub.commands import make_hub
from hub.penghapusan.erase import Done, confirm, erase, extend, leave, propose
from hub.penghapusan.queries import list_done, list_late
from hub.penghapusan.rules import KEPT_GROUPS, Target, may_go_whole, names_person
from hub.penghapusan.view import Subject, as_target, read_subject
from hub.pemulihan.keys import read_sheet, take_the_place
from hub.services import HubServices, open_hub
from node.change import write_drafts
from node.commands import COMMANDS as node_commands
from node.impor.service import import_file
from node.penduduk.biodata import read_biodata
from node.penduduk.index import PeopleIndex
from node.services import NodeServices
from node.sinkron.session import Outcome
from node.sinkron.transport import Answer
from shared.changelog.run import MAGIC
from shared.errors import UserError
from shared.records.catalogue import CATALOGUE
from shared.store import branch as branches
from shared.store.backup.make import back_up
from shared.store.backup.trial import unpack
from shared.store.cleaning import clean_when_due
from shared.store.drafts import draft_delete, draft_update
from shared.store.erasure import count_erased, find_erased_bytes, is_due
from shared.store.outbox import Outbox
from shared.store.records import load_state
from shared.store.verify import compare_with_rebuild, projection_tables, verify_logs
from tests.federation.test_histories import check_whole, copy_folder, open_copy, restore_hub
from tests.support import letters
from tests.support.federation import DESA, HUB, Federation, make_officer, make_sync_app, seeded
from tests.support.office import NIK_A, create, live, own_log, rows, update, value
from tests.support.slow_link import CutAfterPush
from tests.support.usb import Road

NAME, STREET, PHONE = "SRIWULANDARIYAH", "JALAN KEMUNINGSARI", "081200033344"
SECRETS = (NAME, STREET, PHONE)


@pytest.fixture
def officers(federation: Federation) -> tuple[str, str]:
    return make_officer(federation.hub, "BUDI"), make_officer(federation.hub, "TARI")


def take_down(node: NodeServices) -> str:
    """Enter the person of whom nothing may stay, with an edit; return the record id."""
    siti = create(node, nama=NAME, nik=NIK_A, alamat=STREET, jenis_kelamin=2)
    update(node, siti, telepon=PHONE)
    return siti


def test_what_comes_later_is_erased_under_the_verdict_on_the_whole_and_names_who_said_so(
    federation: Federation, officers: tuple[str, str]
) -> None:
    """A later verdict of others, on one change alone, says nothing of the record."""
    a, hub = federation.add_node("a"), federation.hub
    siti = take_down(a)
    federation.sync_all()
    erase_all(hub, siti, officers)
    update(a, siti, alamat=STREET + " LAGI")
    federation.sync_all()
    with hub.database.read() as conn:
        (late,) = read_subject(conn, hub, DESA, "penduduk", siti).lines  # type: ignore[union-attr]
    others = make_officer(hub, "CITRA"), make_officer(hub, "DODI")
    erase(hub, [Target(DESA, "penduduk", siti, (late.ref,))], "Salah ketik", others)
    update(a, siti, telepon=PHONE)
    federation.sync_all()
    fifth = make_officer(hub, "EKO")
    extend(hub, DESA, siti, fifth)
    update(a, siti, telepon=PHONE + "1")
    federation.sync_all()
    extend(hub, DESA, siti, officers[1])
    with hub.database.read() as conn:
        again, first = list_done(conn)[:2]
    for verdict, who in ((first, {*officers, fifth}), (again, {*officers})):
        assert verdict.alasan == "Susulan: Permintaan warga yang bersangkutan (UU 27/2022)" and verdict.is_whole
        assert set(verdict.petugas) == who and len(verdict.petugas) == len(who)


def erase_all(hub: HubServices, record: str, officers: Sequence[str], kind: str = "penduduk") -> Done:
    return erase(hub, [Target(DESA, kind, record)], "Permintaan warga yang bersangkutan (UU 27/2022)", officers)


def find_traces(folder: Path, secrets: Sequence[str] = SECRETS) -> list[str]:
    """Name the files under a folder in which one of the texts still stands, whatever the file is."""
    return [
        f"{path.name}: {secret}"
        for path in sorted(folder.rglob("*")) if path.is_file()
        for secret in secrets if secret.encode() in path.read_bytes()
    ]


def check_gone(federation: Federation, *sides: NodeServices | HubServices) -> None:
    """Check that nothing of the person is in any file of these sides, and that all that was signed verifies."""
    for side in sides:
        with side.database.read() as conn:
            assert find_erased_bytes(conn) == [] and not is_due(conn)
            assert count_erased(conn).unexplained == 0
            cosigners = () if isinstance(side, HubServices) else side.hub().cosigners()  # type: ignore[union-attr]
            assert verify_logs(conn, cosigners, side.keys.publics()) == []
        assert compare_with_rebuild(side.database, projection_tables(side.catalogue), side.rebuild) == []
        assert find_traces(side.folder.path) == [], side.nama


def test_an_erased_person_is_gone_from_every_file_of_every_replica_and_everything_signed_verifies(
    federation: Federation, officers: tuple[str, str]
) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    siti, budi = take_down(a), create(a, nama="BUDI")
    federation.sync_all()
    assert all(find_traces(side.folder.path) for side in (a, b, federation.hub)), "or the search finds nothing"
    heads = rows(federation.hub, "SELECT id, size, tree FROM log WHERE peran = 'desa' ORDER BY id")
    receipts = rows(federation.hub, "SELECT note FROM receipt ORDER BY log, size")
    assert erase_all(federation.hub, siti, officers) == Done(2, True)
    assert rows(federation.hub, "SELECT id, size, tree FROM log WHERE peran = 'desa' ORDER BY id") == heads
    assert rows(federation.hub, "SELECT note FROM receipt ORDER BY log, size") == receipts
    federation.sync_all()
    check_gone(federation, federation.hub, a, b)
    check_whole(federation, a, b)
    for node in (a, b):
        assert live(node, siti, "nama") is None and live(node, budi, "nama") == "BUDI"
        assert PeopleIndex(node).search(NAME[:6]) == [] and len(PeopleIndex(node).people()) == 1


def erase_with_all_that_names(federation: Federation, record: str, officers: Sequence[str]) -> Subject:
    """Erase a resident with everything that the page offers beside him; give what the page showed."""
    hub = federation.hub
    with hub.database.read() as conn:
        subject = read_subject(conn, hub, DESA, "penduduk", record)
        assert subject is not None
        targets = [as_target(conn, hub, one) for one in subject.related]
    proposal = propose(hub, [Target(DESA, "penduduk", record), *targets], "permintaan", "", officers[0])
    confirm(hub, proposal, officers[1])
    federation.sync_all()
    return subject


def test_an_erased_person_is_gone_with_every_record_that_names_him(
    federation: Federation, officers: tuple[str, str]
) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    siti = take_down(a)
    create(a, "konsep_surat", jenis="keterangan-usaha", pemohon=siti, nama=NAME, nik=NIK_A, isian="{}")
    gone = create(a, "konsep_surat", jenis="keterangan-usaha", pemohon=siti, nama=NAME, nik=NIK_A)
    with a.database.write() as conn:
        kind = a.catalogue["konsep_surat"]
        draft = draft_delete(kind, load_state(conn, a.catalogue, kind, DESA, gone), gone, f"{NAME} batal")
        write_drafts(a, [draft], author=federation.author(a))
    create(
        a, "peristiwa", jenis="mati", penduduk=siti, tanggal_peristiwa="2026-09-01", tanggal_lapor="2026-09-02",
        pelapor=NAME, catatan=f"{NAME} dari {STREET}",
    )
    create(a, "perangkat", nama=NAME, penduduk=siti, jabatan="kaur")
    create(a, "konsep_surat", jenis="lahir", nama="ANAK", isian=f'{{"nik_ibu": "{NIK_A}"}}', keperluan=STREET)
    federation.sync_all()
    assert all(find_traces(side.folder.path, [NIK_A]) for side in (a, b, federation.hub)), "or the search finds nothing"
    shown = erase_with_all_that_names(federation, siti, officers)
    assert sorted(one.kind for one in shown.related) == ["konsep_surat"] * 3 + ["perangkat", "peristiwa"]
    assert sum("Data orang lain" in one.note for one in shown.related) == 1 and shown.letters == ()
    check_gone(federation, federation.hub, a, b)
    for side in (federation.hub, a, b):
        assert find_traces(side.folder.path, [NIK_A]) == [], side.nama
    made = back_up(federation.hub, federation.folder / "sesudah", 0)
    opened = federation.folder / "dibuka"
    opened.mkdir()
    unpack(made.path, lambda head: head.segel, opened)
    assert find_traces(opened, [NAME, NIK_A, STREET]) == []


def test_a_letter_that_was_issued_stays_and_the_page_says_so_beforehand(
    federation: Federation, officers: tuple[str, str]
) -> None:
    a = federation.add_node("a")
    siti = take_down(a)
    letter, _ = letters.issue(a, federation.author(a), nama=NAME, penduduk=siti, cetakan=f"{NAME} {NIK_A}")
    federation.sync_all()
    shown = erase_with_all_that_names(federation, siti, officers)
    assert shown.letters == ("500.2.2.4/1/2026",) and shown.related == ()
    for side in (federation.hub, a):
        assert live(side, siti, "nama") is None
        assert value(side, "SELECT urut FROM surat WHERE id = ?", letter) == 1, "its number is never given again"
    with federation.hub.database.read() as conn:
        subject = read_subject(conn, federation.hub, DESA, "surat", letter)
    assert subject is not None and not subject.may_go_whole and subject.lines == ()
    with pytest.raises(UserError):
        propose(federation.hub, [Target(DESA, "surat", letter)], "permintaan", "", officers[0])


def test_every_kind_that_names_a_resident_goes_with_him_or_is_said_to_stay() -> None:
    for kind in CATALOGUE:
        if names_person(kind):
            assert may_go_whole(kind) is not (kind.name in KEPT_GROUPS), kind.name
            assert KEPT_GROUPS.get(kind.name, frozenset()) <= set(kind.groups), kind.name
    named = {kind.name for kind in CATALOGUE if names_person(kind)}
    assert {"konsep_surat", "peristiwa", "perangkat", "surat", "tautan"} <= named


def test_the_history_of_an_erased_record_says_so_in_one_sentence(
    federation: Federation, officers: tuple[str, str]
) -> None:
    a = federation.add_node("a")
    siti = take_down(a)
    federation.sync(a)
    erase_all(federation.hub, siti, officers)
    federation.sync(a)
    with a.database.read() as conn:
        told = read_biodata(a, conn, siti, False)
    assert told is not None and told.riwayat.is_emptied
    assert len(told.riwayat.langkah) == 2
    assert all(step.hapus.startswith("Isi dihapus atas putusan kecamatan, ") for step in told.riwayat.langkah)
    assert all("Permintaan warga" in step.hapus for step in told.riwayat.langkah)


def test_one_erased_change_leaves_the_rest_of_the_record(federation: Federation, officers: tuple[str, str]) -> None:
    a = federation.add_node("a")
    siti = take_down(a)
    federation.sync(a)
    sql = "SELECT pos & 1099511627775, leaf FROM change WHERE record = ? ORDER BY pos DESC"
    seq, leaf = rows(federation.hub, sql, siti)[0]
    ref = f"{own_log(a).id}:{seq}:{leaf[:8].hex()}"
    assert erase(federation.hub, [Target(DESA, "penduduk", siti, (ref,))], "salah", officers).count == 1
    federation.sync(a)
    for side in (a, federation.hub):
        assert live(side, siti, "nama") == NAME and live(side, siti, "telepon") is None
        assert find_traces(side.folder.path, [PHONE]) == []


def test_one_officer_erases_nothing(federation: Federation, officers: tuple[str, str]) -> None:
    a = federation.add_node("a")
    siti = take_down(a)
    federation.sync(a)
    for alone in (officers[:1], (officers[0], officers[0]), (officers[0], "")):
        with pytest.raises(UserError, match="dua petugas"):
            erase_all(federation.hub, siti, alone)
    assert live(federation.hub, siti, "nama") == NAME


def test_a_new_computer_never_gets_what_was_erased_before_it_came(
    federation: Federation, officers: tuple[str, str]
) -> None:
    a = federation.add_node("a")
    siti = take_down(a)
    federation.sync(a)
    erase_all(federation.hub, siti, officers)
    b = federation.add_node("b")
    federation.sync_all()
    check_gone(federation, a, b, federation.hub)


def test_a_computer_restored_from_before_the_erasure_erases_again_and_brings_nothing_back(
    federation: Federation, officers: tuple[str, str]
) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    siti = take_down(a)
    federation.sync_all()
    old = copy_folder(federation, a, "lama")
    erase_all(federation.hub, siti, officers)
    federation.sync_all()
    shutil.rmtree(old / "kunci")
    shutil.copytree(a.folder.keys, old / "kunci")
    a.close()
    back = open_copy(federation, old, "a")
    assert live(back, siti, "nama") == NAME
    create(back, nama="WARGA BARU")
    federation.sync_all(3)
    check_gone(federation, back, b, federation.hub)


def test_a_hub_restored_from_before_the_erasure_gets_the_verdict_back_and_applies_it(
    federation: Federation, officers: tuple[str, str]
) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    siti = take_down(a)
    federation.sync_all()
    old = copy_folder(federation, federation.hub, "hub-lama")
    erase_all(federation.hub, siti, officers)
    federation.sync(a)
    hub = restore_hub(federation, old, keeps_keys=True)
    assert live(hub, siti, "nama") == NAME
    federation.sync_all(3)
    assert clean_when_due(hub)
    check_gone(federation, hub, a, b)


@pytest.mark.parametrize("has_forked", [False, True])
def test_a_line_cut_anywhere_brings_no_stripped_body_before_its_verdict(
    federation: Federation, officers: tuple[str, str], has_forked: bool
) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    older = copy_folder(federation, b, "b-lama")
    siti = take_down(b)
    create(a, nama="WATI")
    old = copy_folder(federation, federation.hub, "hub-lama")
    federation.sync_all()
    erase_all(federation.hub, siti, officers)
    federation.sync_all()
    hub = restore_hub(federation, old, keeps_keys=True)
    if has_forked:
        create(open_copy(federation, older, "b2"), nama="BUDI")
        federation.sync(federation.nodes["b2"])
    verdicts = []
    for _ in range(12):
        transport = federation.transport(a)
        transport.after = CutAfterPush()
        if federation.sync(a, transport).outcome is Outcome.SELESAI:
            break
        with hub.database.read() as conn:
            verdicts.append(conn.execute("SELECT count(*) FROM penghapusan").fetchone()[0])
            assert count_erased(conn).unexplained == 0
    assert len(verdicts) > 1 and min(verdicts) == 1, "the verdict went first, and the rest alone after it"
    federation.sync_all(3)
    check_gone(federation, hub, a, b)


def test_an_erasure_in_the_middle_of_a_session_is_told_before_what_it_has_stripped(
    federation: Federation, officers: tuple[str, str]
) -> None:
    a = federation.add_node("a")
    siti = take_down(a)
    federation.sync_all()
    b = federation.add_node("b")
    transport, asked = federation.transport(b), list[str]()

    def erase_first(path: str, body: bytes) -> None:
        if path.endswith("/pull") and "pull" not in asked:
            erase_all(federation.hub, siti, officers)
        asked.append(path.rpartition("/")[2])

    def look(path: str, answer: Answer) -> Answer:
        with b.database.read() as conn:
            assert count_erased(conn).unexplained == 0
        return answer

    transport.before, transport.after = erase_first, look
    assert federation.sync(b, transport).outcome is Outcome.SELESAI and asked.count("hello") > 1
    federation.sync_all()
    check_gone(federation, federation.hub, a, b)


def test_a_body_written_offline_after_the_erasure_is_told_and_erased_with_one_click(
    federation: Federation, officers: tuple[str, str]
) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    siti = take_down(a)
    federation.sync_all()
    update(b, siti, alamat=STREET + " LAGI")
    erase_all(federation.hub, siti, officers)
    federation.sync_all()
    hub = federation.hub
    with hub.database.read() as conn:
        late = list_late(conn)
    assert [(one.record, one.changes) for one in late] == [(siti, 1)], "told, never silently"
    leave(hub, DESA, siti, officers[0])
    with hub.database.read() as conn:
        assert list_late(conn) == []
    update(b, siti, telepon=PHONE)
    federation.sync_all()
    assert extend(hub, DESA, siti, officers[0]).count == 2
    federation.sync_all()
    with hub.database.read() as conn:
        assert list_late(conn) == []
        newest = list_done(conn)[0]
    assert newest.alasan.startswith("Susulan: Permintaan warga") and newest.petugas == officers
    check_gone(federation, hub, a, b)


def test_what_stood_on_a_second_history_is_erased_wherever_it_was_issued_again(
    federation: Federation, officers: tuple[str, str]
) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    create(a, nama="AWAL")
    federation.sync_all()
    old = copy_folder(federation, a, "lama")
    create(a, nama="TETAP DI LOG")
    federation.sync(a)
    a.close()
    back = open_copy(federation, old, "a")
    siti = take_down(back)
    federation.sync_all(3)
    with back.database.read() as conn:
        kept = [branches.read_branch(conn, one) for one in branches.list_branches(conn)]
    assert any(NAME.encode() in (change.body or b"") for one in kept for change in one)
    erase_all(federation.hub, siti, officers)
    federation.sync_all(3)
    with back.database.read() as conn:
        kept = [branches.read_branch(conn, one) for one in branches.list_branches(conn)]
    assert any(change.body is None for one in kept for change in one)
    check_gone(federation, back, b, federation.hub)


def test_a_history_handed_back_as_text_is_erased_too(federation: Federation, officers: tuple[str, str]) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    create(a, nama="AWAL")
    federation.sync_all()
    old = copy_folder(federation, a, "lama")
    siti = take_down(a)
    stick = Road(federation)
    lost = stick.keep(stick.send(a).path.name)
    a.close()
    back = open_copy(federation, old, "a")
    create(back, nama="SESUDAH PULIH")
    federation.sync_all(2)
    stick.take(lost)
    federation.sync_all(4)
    assert rows(back, "SELECT 1 FROM cabang"), "the branch was handed back"
    assert live(back, siti, "nama") == NAME and live(federation.hub, siti, "nama") == NAME
    found = rows(back, "SELECT body FROM change WHERE record = ? AND body IS NOT NULL", siti)
    texts = [b64encode(body).decode() for (body,) in found]
    assert texts and find_traces(back.folder.path, texts), "the text of the pieces holds the bodies"
    erase_all(federation.hub, siti, officers)
    federation.sync_all(4)
    check_gone(federation, federation.hub, back, b)
    for side in (federation.hub, back, b):
        assert find_traces(side.folder.path, texts) == []


def test_a_history_that_nobody_has_issued_again_yet_comes_back_without_what_was_erased(
    federation: Federation, officers: tuple[str, str]
) -> None:
    a = federation.add_node("a")
    create(a, nama="AWAL")
    federation.sync_all()
    old = copy_folder(federation, a, "lama")
    siti, budi = take_down(a), create(a, nama="BUDI")
    stick = Road(federation)
    lost = stick.keep(stick.send(a).path.name)
    a.close()
    back = open_copy(federation, old, "a")
    create(back, nama="SESUDAH PULIH")
    federation.sync(back)
    stick.take(lost)
    assert live(federation.hub, siti, "nama") is None, "the branch is kept beside the log"
    assert erase_all(federation.hub, siti, officers).count == 2
    federation.sync_all(4)
    assert live(back, budi, "nama") == live(federation.hub, budi, "nama") == "BUDI", "the rest was issued again"
    assert live(back, siti, "nama") is None
    check_gone(federation, federation.hub, back)


def test_a_hub_rebuilt_from_the_nodes_keeps_erased_what_was_erased(federation: Federation) -> None:
    federation.hub.close()
    federation.hub, recovery = make_hub(federation.folder / "hub2", HUB, federation.clock, seeded("hub2"))
    federation.app = make_sync_app(federation.hub)
    a, b = federation.add_node("a"), federation.add_node("b")
    siti = take_down(a)
    create(b, nama="BUDI")
    federation.sync_all()
    officers = make_officer(federation.hub, "ANI"), make_officer(federation.hub, "TARI")
    erase_all(federation.hub, siti, officers)
    federation.sync(b)
    former = federation.hub.keys.signing.public.hex()
    federation.hub.close()
    hub, _ = make_hub(federation.folder / "hub3", HUB, federation.clock, seeded("hub3"))
    take_the_place(hub, read_sheet(recovery, former))
    federation.hub, federation.app = hub, make_sync_app(hub)
    federation.sync(a)
    assert live(hub, siti, "nama") == NAME, "the first node to come has not heard of the erasure"
    federation.sync_all(3)
    clean_when_due(hub)
    check_gone(federation, hub, a, b)
    assert live(hub, siti, "nama") is None


def test_an_old_peer_that_still_has_the_body_never_brings_it_back(
    federation: Federation, officers: tuple[str, str]
) -> None:
    """The body of an erased change arrives late, on another road than its verdict."""
    a = federation.add_node("a")
    siti = take_down(a)
    stick = Road(federation)
    lost = stick.keep(stick.send(a).path.name)
    federation.sync(a)
    erase_all(federation.hub, siti, officers)
    stick.take(lost)
    federation.sync(a)
    check_gone(federation, federation.hub, a)


def test_an_erasure_travels_on_a_stick(federation: Federation, officers: tuple[str, str]) -> None:
    a = federation.add_node("a")
    siti = take_down(a)
    stick = Road(federation)
    stick.trip(a)
    erase_all(federation.hub, siti, officers)
    stick.trip(a)
    check_gone(federation, a, federation.hub)


def test_an_erasure_while_an_answer_is_written_onto_a_stick_goes_along_before_what_it_has_stripped(
    federation: Federation, officers: tuple[str, str]
) -> None:
    stick, a, b = Road(federation), federation.add_node("a"), federation.add_node("b")
    federation.sync_all()
    siti = take_down(a)
    federation.sync(a)
    stick.send(b)
    (outcome,) = stick.take()
    assert outcome.taken is not None
    pieces = outcome.taken.answer()
    note = next(pieces)
    erase_all(federation.hub, siti, officers)
    _, *runs = b"".join(pieces).split(MAGIC)
    for count in range(len(runs) + 1):
        part = federation.folder / f"sampai-{count}.sipande"
        part.write_bytes(MAGIC.join([note, *runs[:count]]))
        stick.read(b, part)
        with b.database.read() as conn:
            assert count_erased(conn).unexplained == 0
    assert len(runs) == 2 and value(b, "SELECT count(*) FROM penghapusan") == 1
    federation.sync_all()
    check_gone(federation, federation.hub, a, b)


def test_a_backup_made_after_the_erasure_holds_nothing_of_it(
    federation: Federation, officers: tuple[str, str], tmp_path: Path
) -> None:
    a = federation.add_node("a")
    siti = take_down(a)
    federation.sync(a)
    made = [back_up(federation.hub, tmp_path / "lama.cadangan", 0)]
    erase_all(federation.hub, siti, officers)
    made.append(back_up(federation.hub, tmp_path / "baru.cadangan", 0))
    for backup in made:
        (tmp_path / backup.path.stem).mkdir()
        unpack(backup.path, lambda head: head.segel, tmp_path / backup.path.stem)
    assert find_traces(tmp_path / "lama", [NAME]) and find_traces(tmp_path / "baru", [NAME]) == []


def test_what_was_injected_by_the_kecamatan_goes_with_the_whole_record(
    federation: Federation, officers: tuple[str, str]
) -> None:
    a = federation.add_node("a")
    siti = take_down(a)
    federation.sync(a)
    hub, kind = federation.hub, federation.hub.catalogue["penduduk"]
    with hub.database.read() as conn:
        state = load_state(conn, hub.catalogue, kind, DESA, siti)
    draft = draft_update(kind, state, siti, {"ibu_nama": "SRIWULANDARIYAH TUA"})
    assert draft is not None
    write_to_desa(hub, DESA, [draft], author=officers[0])
    assert erase_all(hub, siti, officers).count == 3
    federation.sync(a)
    check_gone(federation, a, hub)


def test_cleaning_that_a_reader_stops_is_made_up_for(federation: Federation, officers: tuple[str, str]) -> None:
    a = federation.add_node("a")
    siti = take_down(a)
    federation.sync(a)
    hub = federation.hub
    compact = hub.database.compact
    hub.database.compact = lambda: False  # type: ignore[method-assign]
    assert erase_all(hub, siti, officers) == Done(2, False)
    with hub.database.read() as conn:
        assert is_due(conn) and find_erased_bytes(conn) == []
    hub.database.compact = compact  # type: ignore[method-assign]
    assert clean_when_due(hub) and not clean_when_due(hub)
    assert find_traces(hub.folder.path) == []


def test_what_an_import_remembers_of_an_erased_person_is_forgotten_and_the_next_import_goes_on(
    federation: Federation, officers: tuple[str, str]
) -> None:
    header = "alamat,dusun,rw,rt,nama,no_kk,nik,sex,tempatlahir,tanggallahir,agama_id,kk_level,status_kawin"
    secret = f"{STREET},KALIWUNI,001,001,{NAME},3303990303000001,3303990303700001,1,PURBALINGGA,1970-03-03,1,1,2"
    other = "JL. A,KALIWUNI,001,001,PONIRAH,3303990303000002,3303994403720001,2,PURBALINGGA,1972-03-04,1,1,2"
    a = federation.add_node("a")
    import_file(a, "\n".join([header, secret, other]).encode(), "warga.csv", a.new_id())
    federation.sync(a)
    ((siti, family),) = rows(a, "SELECT id, keluarga FROM penduduk WHERE nama = ?", NAME)
    targets = [Target(DESA, "penduduk", siti), Target(DESA, "keluarga", family)]
    erase(federation.hub, targets, "permintaan warga", officers)
    federation.sync(a)
    check_gone(federation, a, federation.hub)
    import_file(a, "\n".join([header, other.replace("JL. A", "JL. B")]).encode(), "warga.csv", a.new_id())
    federation.sync(a)
    check_gone(federation, a, federation.hub)


def test_everybody_reads_of_an_erasure_and_verify_calls_it_no_damage(
    federation: Federation, officers: tuple[str, str]
) -> None:
    a = federation.add_node("a")
    siti = take_down(a)
    federation.sync(a)
    erase_all(federation.hub, siti, officers)
    federation.sync(a)
    for side, commands in ((a, node_commands), (federation.hub, hub_commands)):
        found = commands["verify"](side, {}, lambda report: None)
        assert found["baik"] and found["catatan"] == ["2 isi dihapus menurut putusan; catatannya utuh."]


def test_a_body_that_stands_against_its_verdict_is_told_by_verify(
    federation: Federation, officers: tuple[str, str]
) -> None:
    a = federation.add_node("a")
    siti = take_down(a)
    federation.sync(a)
    ((pos, body),) = rows(federation.hub, "SELECT pos, body FROM change WHERE record = ? ORDER BY pos LIMIT 1", siti)
    erase_all(federation.hub, siti, officers)
    with federation.hub.database.write() as conn:
        conn.execute("UPDATE change SET body = ?, digest = NULL WHERE pos = ?", (body, pos))
    problems = hub_commands["verify"](federation.hub, {}, lambda report: None)["masalah"]
    assert any("isi yang sudah diputus dihapus masih ada" in problem for problem in problems)


def test_bundles_that_wait_to_be_fetched_go_with_an_erasure(
    federation: Federation, officers: tuple[str, str]
) -> None:
    a = federation.add_node("a")
    siti = take_down(a)
    federation.sync(a)
    outboxes = [Outbox(side.folder) for side in (a, federation.hub)]
    for outbox in outboxes:
        (outbox.path / "kiriman.sipande").write_bytes(b"sealed")
        (outbox.path / "masuk-x").write_bytes(b"still coming")
    erase_all(federation.hub, siti, officers)
    federation.sync(a)
    assert [outbox.list_files() for outbox in outboxes] == [[], []]
    assert all((outbox.path / "masuk-x").exists() for outbox in outboxes), "what somebody is uploading stays"


def test_a_copy_that_a_restore_put_aside_is_cleaned_and_can_still_be_opened(
    federation: Federation, officers: tuple[str, str]
) -> None:
    a = federation.add_node("a")
    siti, budi = take_down(a), create(a, nama="BUDI")
    federation.sync(a)
    copy = copy_folder(federation, a, "salinan")
    aside = a.folder.path / "sebelum-pulih-20260921-211300-ab12"
    shutil.move(copy, aside)
    damaged = a.folder.path / "sebelum-pulih-20260920-211300-cd34"
    damaged.mkdir()
    (damaged / a.folder.database.name).write_bytes(b"not a database" * 100)
    erase_all(federation.hub, siti, officers)
    federation.sync(a)
    check_gone(federation, a)
    kept = open_copy(federation, aside, "salinan")
    assert live(kept, siti, "nama") is None and live(kept, budi, "nama") == "BUDI"
    with kept.database.read() as conn:
        assert verify_logs(conn, kept.cosigners(), kept.keys.publics()) == []
    kept.close()
    del federation.nodes["salinan"]


def test_a_copy_of_the_hub_put_aside_loses_its_findings_and_makes_them_anew(
    federation: Federation, officers: tuple[str, str]
) -> None:
    a = federation.add_node("a")
    siti = take_down(a)
    create(a, nama="KEMBARAN", nik=NIK_A)
    federation.sync(a)
    aside = federation.hub.folder.path / "sebelum-pulih-20260921-211300-ab12"
    shutil.move(copy_folder(federation, federation.hub, "salinan"), aside)
    erase_all(federation.hub, siti, officers)
    check_gone(federation, federation.hub)
    kept = open_hub(aside, clock=federation.clock, random=seeded("salinan"))
    try:
        assert [row[0] for row in rows(kept, "SELECT nama FROM penduduk")] == ["KEMBARAN"]
        with kept.database.read() as conn:
            assert verify_logs(conn, kept.cosigners(), kept.keys.publics()) == []
    finally:
        kept.close()
