"""The road without internet: files on a stick, in any order, cut, damaged, lost or read twice."""

from __future__ import annotations

import errno
import io
import os
import shutil
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, BinaryIO

import pytest

import hub.usb.folder as folder_module
import node.usb.send as send_module
from generate_desa import make_files
from hub.change import write_common
from hub.pemulihan import keys as hub_keys
from hub.services import open_hub
from hub.simpul.enrol import confirm_candidate, list_candidates, open_slot
from hub.usb.receive import take_file
from hub.verval import decide
from hub.verval.cases import update_cases
from node.change import write_drafts
from node.commands import make_node, refresh_parity, run_impor, run_jawab
from node.services import NodeServices, open_node, write_hub
from node.sinkron.rotate import take_new_keys
from node.usb.enrol import write_request
from node.usb.ledger import read_ledger
from node.usb.receive import read_file
from node.usb.send import write_bundle
from shared.changelog.keys import KeySet, SealKey, SigningKey
from shared.errors import DamageError, EnvironmentProblem, UserError
from shared.records.kind import Kind
from shared.store.drafts import draft_create, draft_update
from shared.store.outbox import Outbox
from shared.store.parity import compute_parity
from shared.store.records import load_state
from shared.store.stick import open_new, write_file
from shared.sync.bundle import Title, open_file, write_letter
from shared.sync.enrolment import EnrolmentCode
from shared.sync.limits import limit
from tests.support.federation import ADDRESS, DESA, Federation, TestClock, seeded
from tests.support.office import create, find, heads, live, officers, own_log, rows, sent_mark, sizes, update, value
from tests.support.usb import Road, dump

OTHER_DESA = "33.03.04.2001"
SMALL_RUNS = 270
"""Bytes of a run in tests that need many in a file."""


@pytest.fixture
def road(federation: Federation) -> Road:
    return Road(federation)


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder for more sides, where commits wait for no disk."""
    with tempfile.TemporaryDirectory(prefix="sipande-uji-") as folder:
        yield Path(folder)


@pytest.fixture
def small_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the node write many small runs."""
    before = limit
    monkeypatch.setattr(send_module, "limit", lambda name: SMALL_RUNS if name == "run_bytes_max" else before(name))


def connect(road: Road, name: str = "a", desa: str = DESA) -> NodeServices:
    """A node that was enrolled by file and whose first bundle was answered."""
    node = road.enrol(name, desa)
    road.trip(node)
    return node


def parity(road: Road, node: NodeServices) -> tuple[Any, Any]:
    """Digest the tables of both sides for a desa."""
    found = []
    for side in (node, road.hub):
        with side.database.read() as conn:
            found.append(compute_parity(conn, side.catalogue, node.wilayah).kinds)
    return found[0], found[1]


# A whole life ----------------------------------------------------------------------------------------------


def test_a_village_that_never_had_internet_ends_with_parity(road: Road, tmp_path: Path) -> None:
    node = road.enrol("a")
    sheet, _ = make_files(DESA, 120, 5, tmp_path)
    run_impor(node, {"berkas": str(sheet)}, lambda report: None)
    road.trip(node)
    assert sent_mark(node) == own_log(node).size > 150

    # A person who is in another desa too: the kecamatan finds it, and gives the case back with a deadline.
    other = connect(road, "b", OTHER_DESA)
    nik, nama, lahir = rows(node, "SELECT nik, nama, tanggal_lahir FROM penduduk WHERE nik IS NOT NULL LIMIT 1")[0]
    create(other, nik=nik, nama=nama, tanggal_lahir=lahir)
    road.trip(other)
    officer, _ = officers(road.federation)
    case = find(road.hub, "V2")
    decide.return_to_desa(road.hub, case.id, DESA, "ORANG_GANDA", "2026-12-01", officer, "mohon diperiksa")

    road.trip(node)
    kasus = value(node, "SELECT id FROM kasus WHERE temuan = ?", case.id)
    assert value(node, "SELECT status FROM kasus WHERE id = ?", kasus) == "dikembalikan"
    run_jawab(node, {"kasus": kasus, "jawaban": "Orangnya tinggal di sini."}, lambda report: None)
    road.trip(node)
    assert value(road.hub, "SELECT jawaban FROM kasus WHERE id = ?", kasus) == "Orangnya tinggal di sini."

    outcome, reading = road.trip(node)
    assert outcome.taken is not None and outcome.taken.parity == "sama"
    with node.database.read() as conn:
        assert read_ledger(conn).parity == "sama"
    assert not reading.problems and sizes(node).items() <= sizes(road.hub).items()
    here, there = parity(road, node)
    assert here == there and here["penduduk"][0] >= 100


def test_two_computers_of_a_desa_meet_on_sticks_alone(road: Road) -> None:
    a, b = connect(road, "a"), connect(road, "b")
    id = create(a, nama="SITI", telepon="1")
    road.trip(a)
    road.trip(b)
    assert live(b, id, "nama") == "SITI"
    update(b, id, telepon="2")
    road.trip(b)
    road.trip(a)
    assert live(a, id, "telepon") == live(road.hub, id, "telepon") == "2"


def test_large_changes_travel_in_runs_that_a_receiver_takes(road: Road) -> None:
    a, b = connect(road, "a"), connect(road, "b")
    random, kind = Random(3), a.catalogue["program_bantuan"]
    write_drafts(a, [
        draft_create(kind, a.new_id(), {"nama": f"P {at}", "sasaran": 1, "keterangan": random.randbytes(900).hex()})
        for at in range(700)
    ], author="")
    outcome = road.trip(a)[0]
    assert outcome.taken is not None and (outcome.taken.changes, outcome.taken.codes) == (700, [])
    road.trip(b)
    assert value(b, "SELECT count(*) FROM program_bantuan") == 700


# In any order ----------------------------------------------------------------------------------------------


def test_reading_the_same_file_again_changes_nothing(road: Road) -> None:
    node = connect(road)
    create(node, nama="SITI")
    road.send(node)
    road.take()
    question = road.keep(road.names()[-1])
    before = dump(road.hub)
    assert road.take(question)[0].sentences == ["Tidak ada perubahan baru."]
    assert dump(road.hub) == before
    road.read(node)
    before = dump(node)
    again = road.read(node)
    assert dump(node) == before and again.done[-1].received == 0  # type: ignore[union-attr]


def test_an_older_stick_after_a_newer_one_loses_nothing_and_is_told_so(road: Road) -> None:
    node = connect(road)
    create(node, nama="SITI")
    old = road.keep(road.send(node).path.name)
    create(node, nama="BUDI")
    road.send(node)
    road.take()
    new_answer = road.keep(next(name for name in road.names() if "jawab" in name and name.endswith("0003.sipande")))
    before = dump(road.hub)
    outcome = road.take(old)[0]
    assert outcome.taken is not None and outcome.taken.is_older
    assert any("lebih lama" in sentence for sentence in outcome.sentences)
    assert dump(road.hub) == before, "a stick that was overtaken is no news, and no sign of a restored computer"
    assert outcome.answer is not None
    road.read(node, new_answer)
    mark = sent_mark(node)
    reading = road.read(node, outcome.answer)
    assert "lebih lama" in " ".join(reading.sentences())
    assert sent_mark(node) == mark == own_log(node).size


def test_an_older_stick_before_a_newer_one_and_one_that_never_arrives(road: Road) -> None:
    node = connect(road)
    lost = road.send(node).path
    create(node, nama="SITI")
    first = road.keep(road.send(node).path.name)
    lost.unlink()
    create(node, nama="BUDI")
    second = road.send(node).path
    road.take(first)
    road.take(second)
    assert value(road.hub, "SELECT count(*) FROM penduduk") == 2
    road.read(node)
    assert sent_mark(node) == own_log(node).size


class Office:
    """Writes the same records, under the same ids, whatever road they take; each office has its own."""

    def __init__(self, node: NodeServices, number: int) -> None:
        self.node, self.number = node, number
        self.ids: list[str] = []

    def write(self, at: int, choice: float) -> None:
        kind: Kind = self.node.catalogue["penduduk"]
        if choice < 0.6 or not self.ids:
            self.ids.append(f"01990000-0000-7000-8{self.number:03d}-{at:012d}")
            draft = draft_create(kind, self.ids[-1], {"nama": f"ORANG {at}", "telepon": "0"})
        else:
            id = self.ids[int(choice * 1000) % len(self.ids)]
            with self.node.database.read() as conn:
                state = load_state(conn, self.node.catalogue, kind, DESA, id)
            changed = draft_update(kind, state, id, {"telepon": str(at)})
            assert changed is not None
            draft = changed
        write_drafts(self.node, [draft], author="")


def shown(side: Any) -> list[tuple[Any, ...]]:
    return rows(side, "SELECT id, nama, telepon, konflik FROM penduduk ORDER BY id")


def live_through(folder: Path, seed: int, mixed: bool) -> list[list[tuple[Any, ...]]]:
    """Let two offices work and meet, on sticks and lines in an order from the seed; give what all show at the end."""
    federation = Federation(folder, seed)
    road, chance = Road(federation), Random(f"urutan/{seed}")
    offices = [Office(federation.add_node(name), number) for number, name in enumerate("ab")]
    federation.sync_all()
    drawer: list[Path] = []
    for at in range(60):
        office = offices[at % 2]
        office.write(at, Random(f"{seed}/{at}").random())
        act = chance.random()
        answers = sorted((federation.folder / "laci").glob(f"sipande-jawab-*-{'ab'[at % 2]}-*"))
        if not mixed or act < 0.25:
            federation.sync(office.node)
        elif act < 0.5:
            drawer.append(road.keep(road.send(office.node).path.name))
        elif act < 0.75 and drawer:
            road.take(chance.choice(drawer))
        elif act < 0.95 and answers:
            road.read(office.node, chance.choice(answers))
    if mixed:
        for path in chance.sample(drawer, len(drawer)):
            road.take(path)
        for office in (*offices, *offices):
            road.trip(office.node)
    federation.sync_all()
    for office in offices:
        assert sizes(office.node).items() <= sizes(federation.hub).items()
        assert sent_mark(office.node) == own_log(office.node).size
        here, there = parity(road, office.node)
        assert here == there
    found = [shown(side) for side in (federation.hub, *(office.node for office in offices))]
    assert found[0] == found[1] == found[2] and len(found[0]) > 20
    federation.close()
    return found


@pytest.mark.parametrize("seed", range(4))
def test_sticks_and_sessions_in_any_order_end_as_sessions_alone(seed: int, memory: Path) -> None:
    assert live_through(memory / "campur", seed, mixed=True) == live_through(memory / "daring", seed, mixed=False)


# Cut, damaged, malformed -----------------------------------------------------------------------------------


def fill(road: Road, node: NodeServices, people: int = 12) -> Path:
    """Write a bundle of many runs; give a copy of it."""
    for at in range(people):
        create(node, nama=f"ORANG {at}", telepon=f"{at * 7919 % 100_000:05d}")
    return road.keep(road.send(node).path.name)


def ends_of_runs(data: bytes) -> list[tuple[int, int]]:
    """List where each run of a file ends: byte, and size of the log then."""
    file = io.BytesIO(data)
    letter, runs = open_file(file)
    found, at = [], len(data)
    listed = list(runs)
    for header, sealed in reversed(listed):
        found.append((at, header.end))
        at -= len(header.encode()) + len(sealed)
    assert listed and runs.is_whole and letter.title is Title.UP
    return found[::-1]


def test_a_bundle_cut_at_any_byte_gives_the_whole_runs_that_it_holds(road: Road, small_runs: None) -> None:
    node = connect(road)
    held = own_log(node).size
    path = fill(road, node)
    data = path.read_bytes()
    ends = ends_of_runs(data)
    assert len(ends) >= 3
    note_ends = ends[0][0] - 1
    borders = {end + step for end, _ in ends for step in (-1, 0, 1)}
    for cut in sorted({*range(0, note_ends, 61), *range(note_ends, len(data), 7), *borders}):
        if cut >= len(data):
            break
        path.write_bytes(data[:cut])
        outcome = road.take(path)[0]
        reached = max((size for end, size in ends if end <= cut), default=held)
        assert sizes(road.hub)[own_log(node).id] == reached, cut
        if outcome.taken is not None:
            assert outcome.taken.is_cut, cut
    path.write_bytes(data)
    outcome = road.take(path)[0]
    assert outcome.taken is not None and not outcome.taken.is_cut and outcome.answer is not None
    road.read(node, outcome.answer)
    assert sent_mark(node) == own_log(node).size


def test_an_answer_cut_at_any_byte_heals_with_the_next_reading(road: Road, small_runs: None) -> None:
    a, b = connect(road, "a"), connect(road, "b")
    fill(road, a)
    road.send(a)
    road.take()
    road.send(b)
    path = next(found.answer for found in road.take() if found.taken and found.taken.computer == "b")
    assert path is not None
    data = path.read_bytes()
    cuts = [*range(0, len(data), 97), len(data) - 1]
    for cut in cuts:
        path.write_bytes(data[:cut])
        try:
            reading = road.read(b, path)
        except UserError:
            continue
        assert reading.done[-1].is_cut, cut  # type: ignore[union-attr]
    path.write_bytes(data)
    assert not road.read(b, path).done[-1].is_cut  # type: ignore[union-attr]
    assert shown(b) == shown(a)


def test_bits_that_flip_on_the_stick_store_nothing_false(road: Road, small_runs: None) -> None:
    node = connect(road)
    path = fill(road, node, 4)
    data = path.read_bytes()
    random = Random(4)
    for at in [*range(0, len(data), 23)]:
        path.write_bytes(data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :])
        road.take(path)
        held = rows(road.hub, "SELECT c.leaf FROM change c JOIN log l ON l.no = c.pos >> 40 WHERE l.id = ?"
                              " ORDER BY c.pos", own_log(node).id)
        mine = rows(node, "SELECT c.leaf FROM change c JOIN log l ON l.no = c.pos >> 40 WHERE l.id = ?"
                          " ORDER BY c.pos LIMIT ?", own_log(node).id, len(held))
        assert held == mine, at
    path.write_bytes(data)
    road.take(path)
    assert shown(road.hub) == shown(node)


@pytest.mark.parametrize("seed", range(3))
def test_a_malformed_file_is_a_sentence_on_either_side(road: Road, small_runs: None, seed: int) -> None:
    node = connect(road)
    question = fill(road, node, 3).read_bytes()
    answer = next(found.answer for found in road.take() if found.answer)
    assert answer is not None
    random = Random(seed)
    for data, read in ((question, take), (answer.read_bytes(), read_file)):
        for _ in range(250):
            broken = bytearray(data)
            for _ in range(random.randrange(1, 6)):
                at = random.randrange(len(broken))
                match random.randrange(5):
                    case 0:
                        broken[at] = random.randrange(256)
                    case 1:
                        del broken[at : at + random.randrange(1, 200)]
                    case 2:
                        broken[at:at] = random.randbytes(random.randrange(1, 60))
                    case 3:
                        broken[at:at] = broken[at : at + random.randrange(1, 900)]
                    case _:
                        broken[at : at + 1] = random.choice([b"\n", b"\n\n", b"{", b'"', "\u2014 ".encode(), b"\0"])
            side = road.hub if read is take else node
            try:
                read(side, io.BytesIO(bytes(broken)))  # type: ignore[arg-type]
            except UserError as error:
                assert error.pesan.endswith(".") and error.pesan[0].isupper()
    assert parity(road, node)[0] is not None


def take(side: Any, file: BinaryIO) -> None:
    """Take a file and make the answer to it, as far as that goes."""
    for _ in take_file(side, file).answer():
        pass


def test_a_file_of_sixty_megabytes_is_never_held_as_a_whole(road: Road) -> None:
    node = connect(road)
    create(node, nama="SITI")
    sent = road.send(node)
    run = sent.path.read_bytes()
    letter, runs = open_file(io.BytesIO(run))
    header, _ = next(iter(runs))
    noise = replace(header, log="ab" * 16, length=200_000).encode() + Random(1).randbytes(200_000)
    with open(sent.path, "ab") as file:
        for _ in range(300):
            file.write(noise)
    assert sent.path.stat().st_size > 60_000_000
    seen: list[int] = []
    tracemalloc.start()
    try:
        with open(sent.path, "rb") as file:
            taken = take_file(road.hub, file, seen.append)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000
    assert taken.changes == 1 and taken.codes == ["bad_seal"]
    assert seen == sorted(seen) and seen[-1] > 59_000_000, "people see how far it is"


# For others ------------------------------------------------------------------------------------------------


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(UserError) as error:
        act()
    return error.value.kode


def test_a_stick_for_another_hub_is_refused_and_nothing_stored(road: Road, memory: Path) -> None:
    node = connect(road)
    sent = road.send(node)
    other = Road(Federation(memory / "lain", 7))
    before = dump(other.hub)
    outcome = other.take(sent.path)[0]
    assert outcome.taken is None and outcome.answer is None and "tidak dikenal di sini" in outcome.sentences[0]
    assert dump(other.hub) == before
    other.federation.close()


def test_an_answer_for_another_computer_desa_or_hub_is_refused(road: Road, memory: Path) -> None:
    a, b, other = connect(road, "a"), connect(road, "b"), connect(road, "c", OTHER_DESA)
    stranger = Road(Federation(memory / "lain", 7))
    foreign = connect(stranger, "a")
    for side, node in ((road, a), (stranger, foreign)):
        create(node, nama="SITI")
        side.send(node)
        side.take()
    answer = next(road.stick / name for name in road.names() if "jawab" in name and "-a-" in name)
    before = [dump(node) for node in (b, other, foreign)]
    assert refused(lambda: road.read(b, answer)) == "usb_wrong_receiver"
    assert refused(lambda: road.read(other, answer)) == "usb_wrong_desa"
    assert refused(lambda: road.read(foreign, answer)) == "usb_unknown_key"
    assert [dump(node) for node in (b, other, foreign)] == before
    stranger.federation.close()


def test_files_that_are_no_answers_and_no_questions_are_told_apart(road: Road) -> None:
    node = connect(road)
    question = road.send(node).path
    road.take()
    answer = next(road.stick / name for name in road.names() if "jawab" in name and name.endswith("0002.sipande"))
    assert refused(lambda: road.read(node, question)) == "usb_up"
    assert "jawaban untuk desa" in road.take(answer)[0].sentences[0]
    for content in (b"", b"halo", b"%PDF-1.7\n" * 400, bytes(300_000)):
        question.write_bytes(content)
        assert refused(lambda: road.read(node, question)) == "usb_malformed"
        assert "bukan kiriman dari desa" in road.take(question)[0].sentences[0]
    question.unlink()
    assert refused(lambda: road.read(node, question)) == "berkas_tidak_ada"
    os.mkfifo(question)
    assert refused(lambda: road.read(node, question)) == "berkas_tidak_ada"


def test_a_stick_with_nothing_on_it_says_what_to_look_for(road: Road) -> None:
    node = connect(road)
    for name in road.names():
        (road.stick / name).unlink()
    assert refused(lambda: road.read(node)) == refused(road.take) == "usb_kosong"
    road.send(node)
    road.take()
    assert refused(road.take) == "usb_sudah_dijawab"


def test_a_file_of_any_name_is_found_by_what_it_says_it_is(road: Road) -> None:
    node = connect(road)
    for name in road.names():
        (road.stick / name).unlink()
    create(node, nama="SITI")
    road.send(node).path.rename(road.stick / "x.sipande")
    (road.stick / "foto.sipande").write_bytes(b"\x89PNG")
    (outcome,) = road.take()
    assert outcome.taken is not None and outcome.taken.changes == 1
    assert outcome.answer == road.stick / "sipande-jawab-x.sipande"
    assert refused(road.take) == "usb_sudah_dijawab"
    outcome.answer.rename(road.stick / "y.sipande")
    assert len(road.read(node).done) == 1 and sent_mark(node) == own_log(node).size


def revoke(road: Road, node: NodeServices) -> None:
    hub, kind = road.hub, road.hub.catalogue["simpul"]
    id = value(hub, "SELECT id FROM simpul WHERE kunci = ?", node.keys.signing.public.hex())
    with hub.database.write() as conn:
        state = load_state(conn, hub.catalogue, kind, hub.wilayah, id)
        log = own_log(node)
        draft = draft_update(kind, state, id, {"status": "dicabut", "batas": [f"{log.id}:{sent_mark(node)}"]})
        assert draft is not None
        write_common(hub, [draft], author="")


def test_a_stick_of_a_revoked_computer_is_refused_and_the_village_told(road: Road) -> None:
    node = connect(road)
    revoke(road, node)
    create(node, nama="SITI")
    before = sizes(road.hub)
    outcome, reading = road.trip(node)
    assert outcome.taken is not None and "dicabut" in outcome.taken.refusal
    assert sizes(road.hub) == before, "nothing of it is stored"
    assert "Kunci komputer ini sudah dicabut" in " ".join(reading.sentences())
    assert live(node, value(node, "SELECT id FROM penduduk"), "nama") == "SITI"


def test_a_computer_that_waits_for_its_words_is_asked_to_wait(road: Road) -> None:
    node = road.make("a")
    write_request(node, open_slot(road.hub, DESA, ADDRESS, "uji", by_file=True), road.stick)
    road.take()
    words = road.read(node).words
    road.send(node)
    outcome = road.take()[-1]
    assert outcome.taken is None and "belum disetujui" in outcome.sentences[0] and outcome.answer is None
    hub = node.hub()
    assert hub is not None
    confirm_candidate(road.hub, hub.simpul, " ".join(words), "")
    assert road.take()[-1].sentences == ["3 perubahan baru disimpan."], "the very same file is good now"


def test_a_computer_that_the_hub_does_not_know_is_told_so_in_a_file(road: Road, memory: Path) -> None:
    node = connect(road)
    # The hub's data is a copy from before the village was enrolled, and the village never saw its channel.
    stranger = make_node(memory / "asing", DESA, "asing", TestClock(), seeded("asing"))
    road.federation.nodes["asing"] = stranger
    hub = node.hub()
    assert hub is not None
    with stranger.database.write() as conn:
        write_hub(conn, hub)
    outcome, reading = road.trip(stranger)
    assert outcome.taken is not None and "tidak terdaftar" in outcome.taken.refusal
    assert "belum terdaftar di kecamatan" in " ".join(reading.sentences())


def test_a_bundle_that_claims_another_desa_is_out_of_scope(road: Road) -> None:
    node = connect(road)
    letter, _ = open_file(io.BytesIO(road.send(node).path.read_bytes()))
    forged = write_letter(Title.UP, {**letter.message, "wilayah": OTHER_DESA}, node.keys.signing)
    assert refused(lambda: take_file(road.hub, io.BytesIO(forged))) == "usb_out_of_scope"


def test_a_note_signed_by_somebody_else_is_refused(road: Road) -> None:
    node = connect(road)
    letter, _ = open_file(io.BytesIO(road.send(node).path.read_bytes()))
    forged = write_letter(Title.UP, letter.message, SigningKey(b"\x07" * 32))
    assert refused(lambda: take_file(road.hub, io.BytesIO(forged))) == "usb_bad_signature"


# Keys and copies -------------------------------------------------------------------------------------------


def test_a_stick_sealed_to_a_retired_key_still_opens(road: Road) -> None:
    node = connect(road)
    create(node, nama="SITI")
    road.send(node)
    old = road.hub.keys
    assert old.seal is not None
    road.hub.keys = KeySet(old.signing, SealKey(b"\x05" * 32), (old.seal,))
    outcome = road.take()[-1]
    assert outcome.sentences == ["1 perubahan baru disimpan."]
    road.read(node)
    hub = node.hub()
    assert hub is not None and hub.segel == road.hub.seal_key.public.hex(), "the answer names the key of today"
    road.hub.keys = KeySet(old.signing, SealKey(b"\x05" * 32))
    create(node, nama="BUDI")
    assert road.trip(node)[0].sentences == ["1 perubahan baru disimpan."]


def test_a_hub_restored_from_an_old_copy_is_made_whole_by_sticks(road: Road, memory: Path) -> None:
    node = connect(road)
    road.hub.close()
    copy = memory / "salinan.sqlite"
    shutil.copy(road.hub.folder.database, copy)
    road.federation.hub = open_hub(road.hub.folder.path, clock=road.federation.clock, random=seeded("hub/2"))
    create(node, nama="SITI")
    other = connect(road, "b", OTHER_DESA)
    road.trip(node)
    whole = sizes(road.hub)
    road.hub.close()
    for file in road.hub.folder.path.glob("data.sqlite*"):
        file.unlink()
    shutil.copy(copy, road.hub.folder.database)
    road.federation.hub = open_hub(road.hub.folder.path, clock=road.federation.clock, random=seeded("hub/3"))
    assert sizes(road.hub) != whole
    for _ in range(3):
        for one in (node, other):
            road.trip(one)
    assert whole.items() <= sizes(road.hub).items()
    assert [live(road.hub, id, "nama") for (id,) in rows(node, "SELECT id FROM penduduk")] == ["SITI"]
    for one in (node, other):
        assert sizes(one).items() <= sizes(road.hub).items()
        here, there = parity(road, one)
        assert here == there


def test_a_computer_restored_from_an_old_copy_gets_its_own_back_by_stick(road: Road, memory: Path) -> None:
    node = connect(road)
    id = create(node, nama="SITI")
    road.trip(node)
    folder = node.folder.path
    node.close()
    copy = memory / "salinan.sqlite"
    shutil.copy(node.folder.database, copy)
    node = open_node(folder, clock=road.federation.clock, random=seeded("a/2"))
    update(node, id, telepon="5")
    later = create(node, nama="BUDI")
    road.trip(node)
    node.close()
    for file in folder.glob("data.sqlite*"):
        file.unlink()
    shutil.copy(copy, folder / "data.sqlite")
    node = road.federation.nodes["a"] = open_node(folder, clock=road.federation.clock, random=seeded("a/3"))
    third = create(node, nama="WATI")
    for _ in range(3):
        road.trip(node)
    assert live(node, id, "telepon") == "5" and live(node, later, "nama") == "BUDI"
    assert live(road.hub, third, "nama") == "WATI"
    here, there = parity(road, node)
    assert here == there and sizes(node).items() <= sizes(road.hub).items()


def test_two_histories_of_one_log_heal_over_sticks(road: Road, memory: Path) -> None:
    node = connect(road)
    folder = node.folder.path
    node.close()
    twin = memory / "kembar"
    shutil.copytree(folder, twin)
    node = road.federation.nodes["a"] = open_node(folder, clock=road.federation.clock, random=seeded("a/2"))
    copy = road.federation.nodes["kembar"] = open_node(twin, clock=road.federation.clock, random=seeded("a/3"))
    mine, theirs = create(node, nama="SITI"), create(copy, nama="BUDI")
    road.trip(node)
    for name in road.names():
        (road.stick / name).unlink()
    outcome, reading = road.trip(copy)
    assert outcome.taken is not None and outcome.taken.codes == ["fork"]
    assert "bercabang" in " ".join(reading.sentences())
    road.trip(copy)
    assert live(road.hub, mine, "nama") == "SITI" and live(road.hub, theirs, "nama") == "BUDI"
    assert live(copy, mine, "nama") == "SITI" and live(copy, theirs, "nama") == "BUDI"


def test_a_new_key_follows_the_old_one_on_a_stick(road: Road) -> None:
    node = connect(road)
    before = create(node, nama="SITI")
    take_new_keys(node)
    after = create(node, nama="BUDI")
    outcome = road.trip(node)[0]
    assert outcome.taken is not None and outcome.taken.codes == []
    assert [live(road.hub, id, "nama") for id in (before, after)] == ["SITI", "BUDI"]
    assert node.keys.previous is None, "the answer said that the new key is known"
    assert rows(road.hub, "SELECT status FROM simpul ORDER BY id") == [("dicabut",), ("aktif",)]
    assert value(road.hub, "SELECT count(*) FROM held") == 0
    last = create(node, nama="WATI")
    assert road.trip(node)[0].sentences == ["1 perubahan baru disimpan."]
    assert live(road.hub, last, "nama") == "WATI" and sizes(node).items() <= sizes(road.hub).items()


def test_a_new_key_whose_answer_was_lost_is_told_again(road: Road) -> None:
    node = connect(road)
    take_new_keys(node)
    create(node, nama="SITI")
    question = road.send(node).path
    road.take()
    for name in road.names():
        if "jawab" in name:
            (road.stick / name).unlink()
    road.take(question)
    create(node, nama="BUDI")
    assert road.trip(node)[0].taken is not None
    assert node.keys.previous is None and value(road.hub, "SELECT count(*) FROM penduduk") == 2
    assert value(road.hub, "SELECT count(*) FROM held") == 0


def test_a_hub_that_took_a_new_key_answers_under_it(road: Road) -> None:
    node = connect(road)
    create(node, nama="SITI")
    road.send(node)
    hub_keys.take_new_keys(road.hub)
    road.take()
    before = node.hub()
    road.read(node)
    pinned = node.hub()
    assert before is not None and pinned is not None
    assert pinned.kunci == road.hub.keys.signing.public.hex() != before.kunci
    assert sent_mark(node) == own_log(node).size
    create(node, nama="BUDI")
    assert road.trip(node)[0].sentences == ["1 perubahan baru disimpan."]


def test_what_a_hub_wrote_under_its_former_key_comes_by_stick_too(road: Road) -> None:
    node = connect(road)
    kind = road.hub.catalogue["program_bantuan"]
    write_common(road.hub, [draft_create(kind, road.hub.new_id(), {"nama": "Sebelum ganti kunci"})], author="x")
    hub_keys.take_new_keys(road.hub)
    road.trip(node)
    assert value(node, "SELECT nama FROM program_bantuan") == "Sebelum ganti kunci"
    assert road.send(node).file.changes == 0


# The stick itself ------------------------------------------------------------------------------------------


class Failing(io.RawIOBase):
    """A file on a stick that takes so many bytes and no more."""

    def __init__(self, path: Path, budget: int, number: int) -> None:
        self._file, self._budget, self._number = open_new(path), budget, number

    def write(self, data: Any) -> int:
        self._budget -= len(data)
        if self._budget < 0:
            self._file.write(bytes(data)[: self._budget])
            self._file.flush()
            raise OSError(self._number, "stik")
        return self._file.write(data)

    def fileno(self) -> int:
        return self._file.fileno()

    def flush(self) -> None:
        if not self._file.closed:
            self._file.flush()

    def close(self) -> None:
        self._file.close()


@pytest.mark.parametrize(("number", "words"), [
    (errno.ENOSPC, "penuh"), (errno.EIO, "tercabut atau rusak"), (errno.ENODEV, "tercabut atau rusak"),
    (errno.EROFS, "terkunci"), (errno.EACCES, "unduh"), (errno.EFBIG, "terlalu besar"),
])
def test_a_stick_that_fails_while_it_is_written_holds_no_file_of_that_name(
    road: Road, small_runs: None, number: int, words: str
) -> None:
    node = connect(road)
    fill(road, node, 5)
    size = road.send(node).file.size
    before, names = dump(node), road.names()
    for budget in range(0, size, 331):
        with pytest.raises(EnvironmentProblem) as error:
            write_bundle(node, road.stick, new_file=lambda path: Failing(path, budget, number))  # type: ignore
        assert words in error.value.pesan
        assert road.names() == names and dump(node) == before, budget
    assert road.trip(node)[0].taken is not None
    assert sent_mark(node) == own_log(node).size


def test_a_file_that_cannot_be_noted_is_taken_off_the_stick(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    node = connect(road)
    fill(road, node, 5)
    before, names = dump(node), road.names()

    def fail(*args: object) -> None:
        raise EnvironmentProblem("Disk komputer penuh.", "disk_penuh")

    with monkeypatch.context() as full:
        full.setattr(send_module, "write_ledger", fail)
        with pytest.raises(EnvironmentProblem):
            write_bundle(node, road.stick)
    assert road.names() == names and dump(node) == before
    assert road.trip(node)[0].taken is not None
    assert sent_mark(node) == own_log(node).size


def test_a_stick_that_cannot_be_tidied_does_not_call_a_written_file_failed(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = connect(road)
    fill(road, node, 5)

    def fail(conn: object) -> None:
        raise DamageError("database file is damaged")

    monkeypatch.setattr("node.usb.tidy.read_ledger", fail)
    assert road.send(node).path.exists()


def test_what_does_not_read_back_as_written_is_no_file(road: Road) -> None:
    node = connect(road)

    class Forgetful(io.BytesIO):
        def fileno(self) -> int:
            return handle

    names = road.names()

    def make(path: Path) -> Any:
        path.write_bytes(b"sesuatu yang lain")
        return Forgetful()

    handle = os.open(road.stick, os.O_RDONLY)
    try:
        with pytest.raises(EnvironmentProblem, match="berbeda saat dibaca kembali"):
            write_bundle(node, road.stick, new_file=make)
    finally:
        os.close(handle)
    assert road.names() == names


def test_no_file_is_ever_written_over_and_answered_ones_make_room(road: Road) -> None:
    node = connect(road)
    sent = [road.send(node).path for _ in range(3)]
    assert len({path.name for path in sent}) == 3 and all(path.exists() for path in sent)
    road.take()
    road.read(node)
    kept = road.stick / "catatan rapat.txt"
    kept.write_text("bukan milik Sipande")
    last = road.send(node).path
    assert road.names() == [kept.name, last.name]


def test_a_file_of_another_computer_of_the_same_name_stays(road: Road, memory: Path) -> None:
    node = connect(road)
    answered = road.send(node).path.name
    road.take()
    road.read(node)
    twin = make_node(memory / "sama", DESA, "a", road.federation.clock, seeded("sama"))
    road.federation.nodes["sama"] = twin
    write_request(twin, open_slot(road.hub, DESA, ADDRESS, "uji"), road.stick)
    road.take()
    hub_words = road.read(twin).words
    assert len(hub_words) == 6
    (road.stick / answered).unlink()
    theirs = road.send(twin).path
    theirs.rename(road.stick / answered)
    road.send(node)
    assert answered in road.names()


def test_a_stick_pulled_out_while_it_is_read_keeps_the_whole_runs(road: Road, small_runs: None) -> None:
    node = connect(road)
    data = fill(road, node).read_bytes()
    ends = ends_of_runs(data)

    class Pulled(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() >= ends[2][0]:
                raise OSError(errno.EIO, "stik")
            return super().read(min(size or 0, ends[2][0] - self.tell()))

    taken = take_file(road.hub, Pulled(data))
    assert taken.is_cut and sizes(road.hub)[own_log(node).id] >= ends[0][1]
    road.trip(node)
    assert sizes(road.hub)[own_log(node).id] == own_log(node).size


def test_an_answer_that_finds_no_room_waits_for_the_browser(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    node = connect(road)
    create(node, nama="SITI")
    road.send(node)

    def full(target: Path, parts: Iterator[bytes], **options: Any) -> int:
        if target.parent == road.stick:
            raise EnvironmentProblem("Stik penuh, jadi berkasnya belum jadi.", "stik_gagal")
        return write_file(target, parts, **options)

    monkeypatch.setattr(folder_module, "write_file", full)
    outcome = road.take()[-1]
    assert outcome.answer is not None and not outcome.is_beside and "Stik penuh" in " ".join(outcome.sentences)
    assert outcome.answer.parent == Outbox(road.hub.folder).path
    road.read(node, outcome.answer)
    assert sent_mark(node) == own_log(node).size


# Enrolment by file -----------------------------------------------------------------------------------------


def ask(road: Road, node: NodeServices, code: EnrolmentCode) -> str:
    """Carry a request to the hub; give the sentence about it."""
    path = write_request(node, code, road.stick)
    return road.take(path)[0].sentences[0]


def test_both_sides_show_the_same_six_words_after_a_journey_by_stick(road: Road) -> None:
    node = road.make("a")
    write_request(node, open_slot(road.hub, DESA, ADDRESS, "uji", by_file=True), road.stick)
    outcome = road.take()[0]
    words = road.read(node).words
    assert tuple(outcome.words) == words and len(words) == 6
    assert [found["kata"] for found in list_candidates(road.hub)] == [" ".join(words)]
    before = dump(node)
    assert road.read(node).words == words and dump(node) == before


def test_a_code_in_a_file_is_judged_as_on_the_line(road: Road) -> None:
    node, other = road.make("a"), road.make("c", OTHER_DESA)
    code = open_slot(road.hub, DESA, ADDRESS, "uji", by_file=True)
    wrong = replace(code, secret=b"\0" * 16)
    assert "untuk desa lain" in ask(road, other, code)
    said = [ask(road, node, wrong) for _ in range(5)]
    assert all("salah" in sentence for sentence in said[:4]) and "ditutup" in said[4]
    assert "ditutup" in ask(road, node, code)
    assert list_candidates(road.hub) == []


def test_a_code_for_a_stick_lives_as_long_as_a_stick_travels(road: Road) -> None:
    node, late = road.make("a"), road.make("b")
    code = open_slot(road.hub, DESA, ADDRESS, "uji", by_file=True)
    road.federation.clock.now += limit("enrol_file_code_s") - 1
    assert "meminta pendaftaran" in ask(road, node, code)
    code = open_slot(road.hub, DESA, ADDRESS, "uji", by_file=True)
    road.federation.clock.now += limit("enrol_file_code_s") + 1
    assert "kedaluwarsa" in ask(road, late, code)


def test_an_answer_to_enrolment_pins_only_the_hub_of_the_code(road: Road, memory: Path) -> None:
    node = road.make("a")
    false = Road(Federation(memory / "palsu", 9))
    code = open_slot(road.hub, DESA, ADDRESS, "uji", by_file=True)
    request = write_request(node, code, road.stick)
    letter, _ = open_file(io.BytesIO(request.read_bytes()))
    key = false.hub.keys.signing
    answer = {
        "status": "menunggu", "simpul": "0" * 36, "wilayah": "33.03.04", "nama": "Palsu", "segel": "0" * 64,
        "pemulihan": "0" * 64, "echo": letter.message["nonce"], "sender": key.public.hex(), "receiver": letter.key,
    }
    forged = road.stick / "sipande-terdaftar-palsu.sipande"
    forged.write_bytes(write_letter(Title.ENROLLED, answer, key))
    assert refused(lambda: road.read(node, forged)) == "kunci_hub_berbeda"
    assert node.hub() is None
    false.federation.close()


def test_an_answer_to_enrolment_is_for_the_computer_that_asked(road: Road) -> None:
    a, b = road.make("a"), road.make("b")
    for node in (a, b):
        write_request(node, open_slot(road.hub, DESA, ADDRESS, "uji", by_file=True), road.stick)
    answers = {found.taken.computer: found.answer for found in road.take() if found.taken}
    assert refused(lambda: road.read(a, answers["b"])) == "usb_wrong_receiver"
    assert road.read(a).words != road.read(b).words, "each picks its own from the stick"
    assert a.hub() is not None and b.hub() is not None


def test_an_operator_cannot_enrol_by_reading_a_file(road: Road) -> None:
    node = road.make("a")
    write_request(node, open_slot(road.hub, DESA, ADDRESS, "uji", by_file=True), road.stick)
    answer = road.take()[0].answer
    assert answer is not None
    with open(answer, "rb") as file, pytest.raises(UserError, match="hanya dapat dibaca oleh admin"):
        read_file(node, file, may_enrol=False)
    assert node.hub() is None


def test_an_unenrolled_computer_and_a_practice_village_write_no_bundle(road: Road) -> None:
    node = road.make("a")
    assert refused(lambda: road.send(node)) == "belum_terdaftar"
    node.is_latihan = True
    assert refused(lambda: road.send(node)) == "latihan"


def test_a_case_made_by_a_bundle_goes_home_with_its_answer(road: Road) -> None:
    a, other = connect(road, "a"), connect(road, "c", OTHER_DESA)
    for node in (a, other):
        create(node, nik="3303990101900001", nama="SITI", tanggal_lahir="1990-01-01")
    road.trip(other)
    road.trip(a)
    update_cases(road.hub)
    assert value(a, "SELECT kode FROM kasus") == "V2"
    assert heads(road.hub, find(road.hub, "V2"))
    refresh_parity(a)
