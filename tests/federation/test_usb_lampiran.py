"""Photos and scans on a stick: after the runs, sealed, resumable over several sticks, only for those who may."""

from __future__ import annotations

import io
import random
import shutil
from hashlib import sha256
from typing import Any

import pytest

from hub.services import HubServices
from hub.usb.receive import take_file
from node.services import NodeServices
from node.sinkron.blobs import read_backlog, set_paused
from node.usb.ledger import read_ledger
from node.usb.receive import Answered, read_file
from node.usb.send import Sent, write_bundle
from shared.changelog.keys import SealKey
from shared.errors import EnvironmentProblem
from shared.store import carried
from shared.store.attachments import list_held
from shared.store.blobs import BlobStore, store_of
from shared.sync import limits
from shared.sync.bundle import Title, open_file, read_letter, write_letter
from shared.sync.chunk import ChunkHeader, encode_chunk
from shared.sync.limits import Limit, limit
from tests.support.federation import DESA, Federation
from tests.support.office import create, live, own_log, sent_mark
from tests.support.usb import Road, dump

OTHER_DESA = "33.03.04.2001"
PHOTO = random.Random(5).randbytes(180_000)
DIGEST = sha256(PHOTO).hexdigest()
LITTLE = b"\xff\xd8\xff" + bytes(range(200))


@pytest.fixture
def road(federation: Federation) -> Road:
    return Road(federation)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut attachments into many pieces."""
    monkeypatch.setitem(limits.LIMITS, "blob_chunk_bytes_max", Limit(64, "byte", ""))


def connect(road: Road, name: str = "a", desa: str = DESA) -> NodeServices:
    node = road.enrol(name, desa)
    road.trip(node)
    return node


def take_photo(node: NodeServices, data: bytes = PHOTO, nama: str = "SITI") -> str:
    return create(node, nama=nama, foto=store_of(node).add(node.wilayah, data))


def held(side: NodeServices | HubServices, data: bytes = PHOTO, desa: str = DESA) -> bool:
    return store_of(side).read(desa, sha256(data).hexdigest()) == data


def waiting(node: NodeServices) -> tuple[int, int]:
    backlog = read_backlog(node)
    return backlog.to_send, backlog.to_fetch


def parts(data: bytes) -> tuple[int, list[tuple[int, ChunkHeader, bytes]]]:
    """Give where the runs of a file end, and the chunks with the place where each ends."""
    _, runs = open_file(io.BytesIO(data))
    chunks_at = read_letter(data)[1] + sum(len(header.encode()) + len(sealed) for header, sealed in runs)
    at, found = chunks_at, []
    for header, sealed in runs.chunks():
        at += len(header.encode()) + len(sealed)
        found.append((at, header, sealed))
    assert runs.is_whole and at == len(data)
    return chunks_at, found


def take(side: HubServices, data: bytes) -> Any:
    return take_file(side, io.BytesIO(data))


def read(node: NodeServices, data: bytes) -> Answered:
    done = read_file(node, io.BytesIO(data))
    assert isinstance(done, Answered)
    return done


# What arrives ----------------------------------------------------------------------------------------------


def test_a_village_without_internet_ends_with_its_photos_at_the_hub_and_at_the_sibling(road: Road) -> None:
    a, b = connect(road, "a"), connect(road, "b")
    siti, scan = take_photo(a), take_photo(a, LITTLE, "BUDI")
    assert waiting(a) == (2, 0)
    sent = road.send(a)
    assert (sent.file.pictures, sent.file.pictures_left) == (2, 0)
    outcome = road.take()[-1]
    assert outcome.taken is not None and outcome.taken.pictures == 2 and not outcome.taken.is_cut
    assert held(road.hub) and held(road.hub, LITTLE) and waiting(a) == (2, 0), "the answer is not home yet"
    road.read(a)
    assert waiting(a) == (0, 0)

    # One way there and back brings the sibling the records and what they name.
    _, reading = road.trip(b)
    assert live(b, siti, "foto") == DIGEST and live(b, scan, "foto") == sha256(LITTLE).hexdigest()
    assert held(b) and held(b, LITTLE) and waiting(b) == (0, 0)
    assert "2 foto" in " ".join(reading.sentences())


def test_the_next_file_carries_only_what_the_hub_lacks(road: Road) -> None:
    a = connect(road)
    take_photo(a)
    road.trip(a)
    take_photo(a, LITTLE, "BUDI")
    _, chunks = parts(road.send(a).path.read_bytes())
    assert {header.hash for _, header, _ in chunks} == {sha256(LITTLE).hexdigest()}
    road.take()
    road.read(a)
    assert parts(road.send(a).path.read_bytes())[1] == []


def test_a_photo_taken_while_the_stick_travels_still_waits(road: Road) -> None:
    a = connect(road)
    take_photo(a)
    road.send(a)
    road.take()
    take_photo(a, LITTLE, "BUDI")
    road.read(a)
    assert waiting(a) == (1, 0), "the hub lacks nothing that it knows of, and has not heard of this one"
    road.trip(a)
    assert held(road.hub, LITTLE) and waiting(a) == (0, 0)


def test_nothing_readable_of_a_photo_is_on_the_stick(road: Road) -> None:
    a, b = connect(road, "a"), connect(road, "b")
    take_photo(a)
    road.trip(a)
    road.trip(b)
    files = [path.read_bytes() for path in road.stick.iterdir()]
    assert sum(map(len, files)) > 2 * len(PHOTO)
    assert all(PHOTO[at : at + 24] not in data for data in files for at in range(0, len(PHOTO) - 24, 997))


def test_a_hub_that_lost_its_files_gets_them_back_by_stick(road: Road) -> None:
    a = connect(road)
    take_photo(a)
    road.trip(a)
    shutil.rmtree(road.hub.folder.path / "lampiran")
    road.trip(a)
    assert not held(road.hub) and waiting(a) == (0, 0)
    road.trip(a)
    assert held(road.hub)


def test_a_node_that_lost_its_files_gets_them_back_by_stick(road: Road) -> None:
    a = connect(road)
    take_photo(a)
    road.trip(a)
    shutil.rmtree(a.folder.path / "lampiran")
    assert waiting(a) == (0, 1)
    road.trip(a)
    assert held(a) and waiting(a) == (0, 0)


def test_photos_on_a_stick_go_even_while_the_line_is_paused(road: Road) -> None:
    a = connect(road)
    set_paused(a, True)
    take_photo(a)
    road.trip(a)
    assert held(road.hub)


# Room ------------------------------------------------------------------------------------------------------


def test_what_does_not_fit_waits_for_the_next_stick_and_small_ones_go_first(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = connect(road)
    photos = [random.Random(seed).randbytes(40_000 + 10_000 * seed) for seed in range(4)]
    for photo in reversed(photos):
        take_photo(a, photo, f"ORANG {len(photo)}")
    monkeypatch.setitem(limits.LIMITS, "blob_bundle_bytes_max", Limit(100_000, "byte", ""))
    before = []
    for expected in ((2, 2), (1, 1), (1, 0), (0, 0)):
        sent = road.send(a)
        assert (sent.file.pictures, sent.file.pictures_left) == expected
        road.take()
        road.read(a)
        before.append([held(road.hub, photo) for photo in photos])
    assert before == [[True, True, False, False], [True, True, True, False], [True] * 4, [True] * 4]


def test_a_full_stick_carries_the_changes_and_leaves_room_for_the_answer(road: Road) -> None:
    a = connect(road)
    take_photo(a)
    free = 2 * len(PHOTO)  # half of that is for the answer
    sent = write_bundle(a, road.stick, room=lambda folder: free)
    assert (sent.file.pictures, sent.file.pictures_left) == (0, 1) and sent.file.changes
    road.take()
    road.read(a)
    assert sent_mark(a) == own_log(a).size and waiting(a) == (1, 0)


def test_an_answer_leaves_out_what_the_stick_cannot_hold(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = connect(road, "a"), connect(road, "b")
    siti = take_photo(a)
    road.trip(a)
    monkeypatch.setattr("hub.usb.folder.count_room", lambda folder: len(PHOTO) // 2)
    road.trip(b)
    assert live(b, siti, "foto") == DIGEST and waiting(b) == (0, 1)
    monkeypatch.undo()
    road.trip(b)
    assert held(b)


def test_more_than_a_note_can_list_arrives_all_the_same(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    a = connect(road)
    photos = [LITTLE + bytes([seed]) for seed in range(7)]
    for photo in photos:
        take_photo(a, photo, f"ORANG {photo[-1]}")
    monkeypatch.setattr(carried, "limit", lambda name: 2 if name == "blob_bundle_have_max" else limit(name))
    monkeypatch.setitem(limits.LIMITS, "blob_bundle_bytes_max", Limit(1_500, "byte", ""))
    for _ in range(7):
        road.trip(a)
        assert waiting(a)[0] >= sum(not held(road.hub, photo) for photo in photos), "none is taken for delivered"
    assert all(held(road.hub, photo) for photo in photos) and waiting(a) == (0, 0)


# Cut, damaged, doubled, out of order -----------------------------------------------------------------------


def test_a_file_cut_at_any_byte_gives_the_whole_runs_and_the_whole_chunks(road: Road, small_pieces: None) -> None:
    a = connect(road)
    data_of = random.Random(9).randbytes(200)
    take_photo(a, data_of)
    data = road.send(a).path.read_bytes()
    chunks_at, chunks = parts(data)
    ends = [end for end, _, _ in chunks]
    assert len(ends) == 4
    for cut in range(chunks_at, len(data)):
        taken = take(road.hub, data[:cut])
        whole = sum(end <= cut for end in ends)
        # Nothing of an earlier reading is lost: what is cut later brings more, and a piece counts once.
        assert store_of(road.hub).count_held(DESA, sha256(data_of).hexdigest()) == min(200, 64 * whole), cut
        assert taken.is_cut == (cut not in (chunks_at, *ends)), cut
    assert not held(road.hub, data_of)
    last = road.keep(road.names()[-1])
    last.write_bytes(data[: ends[1]])
    answer = b"".join(take(road.hub, last.read_bytes()).answer())
    read(a, answer)
    _, rest = parts(road.send(a).path.read_bytes())
    assert rest[0][1].offset == 192, "the next stick goes on where the hub stands"
    road.take()
    assert held(road.hub, data_of)


def test_an_answer_cut_in_its_chunks_goes_on_with_the_next(road: Road, small_pieces: None) -> None:
    a, b = connect(road, "a"), connect(road, "b")
    take_photo(a, LITTLE)
    road.trip(a)
    answer = b"".join(take(road.hub, road.send(b).path.read_bytes()).answer())
    _, chunks = parts(answer)
    read(b, answer[: chunks[1][0] + 7])
    assert store_of(b).count_held(DESA, sha256(LITTLE).hexdigest()) == 128
    again = b"".join(take(road.hub, road.send(b).path.read_bytes()).answer())
    assert parts(again)[1][0][1].offset == 128
    assert read(b, again).pictures == 1 and held(b, LITTLE)
    assert read(b, answer).pictures == 0 and held(b, LITTLE)


def test_bits_that_flip_in_the_chunks_store_nothing_false(road: Road, small_pieces: None) -> None:
    a = connect(road)
    take_photo(a, LITTLE)
    data = road.send(a).path.read_bytes()
    chunks_at, _ = parts(data)
    for at in range(chunks_at, len(data), 3):
        taken = take(road.hub, data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])
        assert all(taken.sentences()) and sent_mark(a) <= own_log(a).size
        present = store_of(road.hub).count_held(DESA, sha256(LITTLE).hexdigest())
        files = (road.hub.folder.path / "lampiran").rglob(f"{sha256(LITTLE).hexdigest()}*")
        part = b"".join(path.read_bytes() for path in files)
        assert part[:present] == LITTLE[:present], at
    take(road.hub, data)
    assert held(road.hub, LITTLE)


def test_chunks_doubled_and_out_of_order_end_the_same(road: Road, small_pieces: None) -> None:
    a = connect(road)
    take_photo(a, LITTLE)
    data = road.send(a).path.read_bytes()
    chunks_at, chunks = parts(data)
    pieces = [header.encode() + sealed for _, header, sealed in chunks]
    shuffled = [*pieces[::-1], *pieces[:2]]
    for _ in pieces:
        taken = take(road.hub, data[:chunks_at] + b"".join(shuffled))
        assert taken.codes == []
    assert held(road.hub, LITTLE)
    before = dump(road.hub)["attachment"]
    assert take(road.hub, data).pictures == 0
    assert dump(road.hub)["attachment"] == before


def test_pieces_that_overlap_what_came_over_the_line_go_on_from_there(road: Road) -> None:
    a = connect(road)
    take_photo(a)
    data = road.send(a).path.read_bytes()
    chunks_at, _ = parts(data)
    take(road.hub, data[:chunks_at])
    store_of(road.hub).put(DESA, DIGEST, len(PHOTO), 0, PHOTO[:70_001], quota=1 << 30)
    assert take(road.hub, data).pictures == 1 and held(road.hub)


# Who may, and what there is no room for ---------------------------------------------------------------------


def with_chunks(road: Road, node: NodeServices, *pieces: tuple[str, int, int, bytes], seal_to: bytes = b"") -> bytes:
    """Give the next file of a node with other chunks behind its runs."""
    data = road.send(node).path.read_bytes()
    hub = node.hub()
    assert hub is not None
    receiver = seal_to or bytes.fromhex(hub.segel)
    key_id = sha256(receiver).hexdigest()[:16]
    made = [
        encode_chunk(
            ChunkHeader(digest, offset, size, key_id), piece,
            lambda plain, info: carried.seal(receiver, plain, info), is_one_of_many=True,
        )
        for digest, offset, size, piece in pieces
    ]
    return data[: parts(data)[0]] + b"".join(made)


def test_another_desas_photo_is_neither_taken_nor_given_on_a_stick(road: Road) -> None:
    a, other = connect(road, "a"), connect(road, "b", OTHER_DESA)
    take_photo(a)
    road.trip(a)
    # Handed over under a hash that no record of this desa names.
    before = dump(road.hub)["attachment"]
    taken = take(road.hub, with_chunks(road, other, (DIGEST, 0, len(PHOTO), PHOTO[:1000])))
    assert dump(road.hub)["attachment"] == before and taken.codes == [] and not taken.is_cut
    # Asked for by naming the hash: possession is by desa, and so is naming.
    letter, _ = read_letter(road.send(other).path.read_bytes())
    asked = {**letter.message, "lacks": [{"hash": DIGEST, "offset": 0}], "rotate": None}
    answer = b"".join(take(road.hub, write_letter(Title.UP, asked, other.keys.signing)).answer())
    assert parts(answer)[1] == []
    # Even a record that names it only makes the hub ask for it.
    create(other, nama="PURA-PURA", foto=DIGEST)
    road.trip(other)
    assert not held(other, desa=OTHER_DESA) and not held(road.hub, desa=OTHER_DESA)


def test_bytes_of_another_hash_on_a_stick_are_refused_and_told(road: Road) -> None:
    a = connect(road)
    take_photo(a, LITTLE)
    false = bytes(len(LITTLE))
    taken = take(road.hub, with_chunks(road, a, (sha256(LITTLE).hexdigest(), 0, len(LITTLE), false)))
    assert taken.codes == ["bad_proof"] and taken.changes and not held(road.hub, LITTLE)
    assert "rusak" in taken.sentences()[-1]
    road.trip(a)
    assert held(road.hub, LITTLE)


def test_a_chunk_for_another_key_is_left_out_and_the_rest_taken(road: Road) -> None:
    a = connect(road)
    take_photo(a, LITTLE)
    stranger = SealKey(b"\x07" * 32).public
    piece = (sha256(LITTLE).hexdigest(), 0, len(LITTLE), LITTLE)
    assert take(road.hub, with_chunks(road, a, piece, seal_to=stranger)).codes == ["bad_seal"]
    assert take(road.hub, with_chunks(road, a, piece)).pictures == 1


def test_a_desa_beyond_its_quota_is_told_by_stick_and_its_changes_are_taken(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = connect(road)
    siti = take_photo(a)
    take_photo(a, LITTLE, "BUDI")
    monkeypatch.setitem(limits.LIMITS, "blob_desa_bytes_max", Limit(len(PHOTO) - 1, "byte", ""))
    outcome, reading = road.trip(a)
    assert "jatah foto desa ini" in " ".join(reading.sentences())
    assert outcome.taken is not None and outcome.taken.codes == ["quota_full"] and outcome.taken.pictures == 1
    assert any("jatah" in sentence for sentence in outcome.sentences)
    assert live(road.hub, siti, "foto") == DIGEST and held(road.hub, LITTLE) and waiting(a) == (1, 0)


def test_a_full_disk_ends_the_attachments_of_a_stick_and_nothing_else(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = connect(road, "a"), connect(road, "b")
    siti = take_photo(a)

    def full(*_: Any, **__: Any) -> int:
        raise EnvironmentProblem("Disk penuh.", "disk_penuh")

    monkeypatch.setattr(BlobStore, "put", full)
    outcome, reading = road.trip(a)
    assert "disk kecamatan penuh" in " ".join(reading.sentences())
    assert outcome.taken is not None and outcome.taken.codes == ["disk_penuh"] and not outcome.taken.is_cut
    assert live(road.hub, siti, "nama") == "SITI" and sent_mark(a) == own_log(a).size
    monkeypatch.undo()
    road.trip(a)
    monkeypatch.setattr(BlobStore, "put", full)
    _, reading = road.trip(b)
    assert live(b, siti, "nama") == "SITI" and "disk komputer ini penuh" in " ".join(reading.sentences())
    monkeypatch.undo()
    road.trip(b)
    assert held(road.hub) and held(b)


# Programs of before ----------------------------------------------------------------------------------------


def test_a_program_of_before_gets_no_chunks_and_its_stick_is_whole(road: Road) -> None:
    a, b = connect(road, "a"), connect(road, "b")
    take_photo(a)
    road.trip(a)
    letter, end = read_letter(data := road.send(b).path.read_bytes())
    before = {name: told for name, told in letter.message.items() if name not in ("lacks", "rotate")}
    answer = b"".join(take(road.hub, write_letter(Title.UP, before, b.keys.signing) + data[end:]).answer())
    down, _ = read_letter(answer)
    assert down.message["lacks"] is None and parts(answer)[1] == []


def test_a_hub_of_before_is_given_no_chunks_once_that_is_known(road: Road) -> None:
    a = connect(road)
    take_photo(a)
    answer = b"".join(take(road.hub, road.send(a).path.read_bytes()).answer())
    letter, end = read_letter(answer)
    old = {name: told for name, told in letter.message.items() if name not in ("lacks", "lacks_more")}
    read(a, write_letter(Title.DOWN, old, road.hub.keys.signing) + answer[end:])
    with a.database.read() as conn:
        assert not read_ledger(conn).takes_pictures
        assert [row.confirmed_s for row in list_held(conn)] == [None]
    sent: Sent = road.send(a)
    assert parts(sent.path.read_bytes())[1] == [] and (sent.file.pictures, sent.file.pictures_left) == (0, 1)
    road.take()
    road.read(a)
    assert waiting(a) == (0, 0), "brought up to date, it says what it has"


def test_a_reader_of_before_reads_the_runs(road: Road) -> None:
    """Whoever stops at what is no run has all the runs: chunks stand behind them."""
    a = connect(road)
    take_photo(a)
    data = road.send(a).path.read_bytes()
    _, runs = open_file(io.BytesIO(data))
    letter, _ = read_letter(data)
    reached = {header.log: header.end for header, _ in runs}
    assert reached == {entry["id"]: entry["size"] for entry in letter.message["reaches"]}
