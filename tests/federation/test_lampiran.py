"""Attachments between real nodes and a real hub: after the changes, resumable, only for those who may, and swept."""

from __future__ import annotations

import errno
import random
from hashlib import sha256

import pytest

from hub.change import write_to_desa
from hub.pemulihan.revoke import revoke
from hub.penghapusan.erase import erase
from hub.penghapusan.rules import Target
from hub.services import HubServices
from node.change import write_drafts
from node.services import NodeServices
from node.sinkron.blobs import Backlog, read_backlog, set_paused
from node.sinkron.session import Outcome
from node.sinkron.transport import Answer
from shared.changelog.keys import SealKey, name_seal_key, seal
from shared.errors import TransportError
from shared.store.blobs import store_of, sweep_side
from shared.store.drafts import draft_create, draft_delete, draft_restore, draft_update
from shared.store.records import load_state
from shared.sync import limits, messages
from shared.sync.chunk import ChunkHeader, encode_chunk
from shared.sync.limits import Limit, limit
from tests.support.federation import DESA, Federation, WsgiTransport, make_officer
from tests.support.office import Talk, create, live, refusal, rows, update, value

OTHER_DESA = "33.03.04.2001"
DAY = 86_400
PHOTO = random.Random(5).randbytes(180_000)
DIGEST = sha256(PHOTO).hexdigest()
LITTLE = b"\xff\xd8\xff" + bytes(range(200))


def take_photo(node: NodeServices, data: bytes = PHOTO, nama: str = "SITI") -> str:
    """Write a resident with a photo; return its id."""
    return create(node, nama=nama, foto=store_of(node).add(node.wilayah, data))


def held(side: NodeServices | HubServices, data: bytes = PHOTO, desa: str = DESA) -> bool:
    return store_of(side).read(desa, sha256(data).hexdigest()) == data


def watched(federation: Federation, node: NodeServices) -> tuple[WsgiTransport, list[tuple[str, bytes]]]:
    """Give a link that remembers what was asked."""
    transport = federation.transport(node)
    seen: list[tuple[str, bytes]] = []
    transport.before = lambda path, body: seen.append((path.removeprefix("/sync/v1/"), body))
    return transport, seen


def leave(node: NodeServices, record: str) -> None:
    """Delete a resident."""
    kind = node.catalogue["penduduk"]
    with node.database.read() as conn:
        state = load_state(conn, node.catalogue, kind, DESA, record)
    write_drafts(node, [draft_delete(kind, state, record, "ganda")], author="")


def sweep_for(federation: Federation, side: NodeServices | HubServices, days: int) -> int:
    """Sweep every day; return how many attachments went."""
    removed = 0
    for _ in range(days):
        federation.clock.now += DAY
        removed += sweep_side(side).removed
    return removed


# What arrives --------------------------------------------------------------------------------------------


def test_a_photo_reaches_the_hub_and_the_other_computer(federation: Federation) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    siti = take_photo(a)
    assert read_backlog(a) == Backlog(1, 1, 0, False, "")
    federation.sync(a)
    assert held(federation.hub) and live(federation.hub, siti, "foto") == DIGEST
    assert read_backlog(a) == Backlog(1, 0, 0, False, "")
    federation.sync(b)
    assert held(b) and read_backlog(b) == Backlog(1, 0, 0, False, "")


def test_attachments_go_after_the_changes_and_never_before(federation: Federation) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    federation.sync_all()
    take_photo(a)
    for node in (a, b):
        transport, seen = watched(federation, node)
        take_photo(node, LITTLE + node.nama.encode(), node.nama)
        assert federation.sync(node, transport).outcome is Outcome.SELESAI
        paths = [path for path, _ in seen]
        first = paths.index("blob/have")
        assert all(path.startswith("blob/") for path in paths[first:])
        assert {"hello", "push"} <= set(paths[:first])
    # The hub holds to it too: of what no record names yet, nothing is taken.
    stranger = b"\xff\xd8\xff belum bernama"
    assert put(federation, a, stranger).status == 404


def test_nothing_readable_of_a_photo_is_on_the_wire(federation: Federation) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    take_photo(a)
    for node in (a, b):
        transport, seen = watched(federation, node)
        answers: list[bytes] = []
        transport.after = lambda path, answer: answers.append(answer.body) or answer  # type: ignore[func-returns-value]
        federation.sync(node, transport)
        wire = b"".join(body for _, body in seen) + b"".join(answers)
        assert all(PHOTO[at : at + 24] not in wire for at in range(0, len(PHOTO) - 24, 997))
        assert any(path in ("blob/put", "blob/get") for path, _ in seen)


def test_a_session_with_nothing_new_asks_for_no_attachment_until_a_day_has_passed(federation: Federation) -> None:
    a = federation.add_node("a")
    take_photo(a)
    federation.sync(a)
    assert federation.sync(a).requests == 1
    federation.clock.now += DAY
    transport, seen = watched(federation, a)
    federation.sync(a, transport)
    assert [path for path, _ in seen] == ["hello", "blob/have"]
    assert federation.sync(a).requests == 1
    # A clock that falls back ten years asks again, takes the letter numbers of that year, and then goes on.
    federation.clock.now -= 3650 * DAY
    assert federation.sync(a).requests == 3 and federation.sync(a).requests == 1


def test_a_village_without_attachments_never_asks(federation: Federation) -> None:
    a = federation.add_node("a")
    create(a, nama="SITI")
    federation.clock.now += 10 * DAY
    transport, seen = watched(federation, a)
    federation.sync(a, transport)
    assert not any(path.startswith("blob/") for path, _ in seen)


def test_attachments_wait_while_they_are_paused_and_changes_go_on(federation: Federation) -> None:
    a = federation.add_node("a")
    siti = take_photo(a)
    set_paused(a, True)
    federation.sync(a)
    assert live(federation.hub, siti, "nama") == "SITI" and not held(federation.hub)
    assert read_backlog(a) == Backlog(1, 1, 0, True, "")
    set_paused(a, False)
    federation.sync(a)
    assert held(federation.hub)


def test_a_session_spends_no_more_than_its_budget_and_the_next_goes_on(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    set_limit(monkeypatch, "blob_session_bytes_max", 100_000)
    take_photo(a)
    transport, seen = watched(federation, a)
    federation.sync(a, transport)
    sent = sum(len(body) for path, body in seen if path == "blob/put")
    assert 100_000 <= sent <= 100_000 + limit("blob_chunk_bytes_max") + 1000 and not held(federation.hub)
    federation.sync(a)
    assert held(federation.hub)
    federation.sync(b)
    assert not held(b)
    federation.sync(b)
    assert held(b)


def test_time_is_a_budget_too(federation: Federation) -> None:
    a = federation.add_node("a")
    take_photo(a)
    transport = federation.transport(a)

    def slow(path: str, body: bytes) -> None:
        if path.endswith("/put"):
            federation.clock.now += 40

    transport.before = slow
    assert federation.sync(a, transport).outcome is Outcome.SELESAI
    assert not held(federation.hub) and read_backlog(a).to_send == 1
    federation.sync(a)
    assert held(federation.hub)


def set_limit(monkeypatch: pytest.MonkeyPatch, name: str, number: int) -> None:
    monkeypatch.setitem(limits.LIMITS, name, Limit(number, "", ""))


# Trouble on the way --------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["put", "get"])
@pytest.mark.parametrize("lost", ["request", "answer"])
def test_a_cut_at_any_chunk_loses_at_most_that_chunk(federation: Federation, way: str, lost: str) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    take_photo(a)
    if way == "get":
        federation.sync(a)
    node, goal = (a, federation.hub) if way == "put" else (b, b)
    cuts = 0
    while not held(goal):
        transport, seen = watched(federation, node)
        remember, left = transport.before, [2]

        def cut(path: str) -> None:
            if path.endswith(f"/blob/{way}"):
                left[0] -= 1
                if left[0] <= 0:
                    raise TransportError("link cut")

        def before(path: str, body: bytes) -> None:
            remember(path, body)
            if lost == "request":
                cut(path)

        def after(path: str, answer: Answer) -> Answer:
            if lost == "answer":
                cut(path)
            return answer

        transport.before, transport.after = before, after
        report = federation.sync(node, transport)
        assert report.outcome is Outcome.SELESAI, "the changes are over there all the same"
        cuts += 1
        assert cuts < 40
    assert cuts > 1
    asked = [path for path, _ in seen]
    assert federation.sync(node).requests <= 2 and asked


def test_bytes_sent_again_after_a_cut_are_bounded_by_one_chunk(federation: Federation) -> None:
    a = federation.add_node("a")
    take_photo(a)
    transport, seen = watched(federation, a)
    lose = iter([False, True, False, True, False, False] + [False] * 50)
    remember = transport.before

    def before(path: str, body: bytes) -> None:
        remember(path, body)
        if path.endswith("/put") and next(lose):
            raise TransportError("link cut")

    transport.before = before
    federation.sync(a, transport)
    sent = sum(len(body) for path, body in seen if path == "blob/put")
    assert held(federation.hub) and sent < len(PHOTO) + 2 * limit("blob_chunk_bytes_max") + 5000


def test_a_link_that_dies_every_forty_kilobytes_still_brings_a_photo_over(federation: Federation) -> None:
    a = federation.add_node("a")
    take_photo(a)
    sessions = 0
    while not held(federation.hub):
        transport, left = federation.transport(a), [40_000]

        def before(path: str, body: bytes) -> None:
            left[0] -= len(body)
            if left[0] < 0:
                left[0] = 40_000
                raise TransportError("link died")

        transport.before = before
        federation.sync(a, transport)
        sessions += 1
        assert sessions < 5


@pytest.mark.parametrize("way", ["put", "get"])
def test_a_damaged_chunk_is_asked_for_again(federation: Federation, way: str) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    take_photo(a)
    if way == "get":
        federation.sync(a)
    node = a if way == "put" else b
    transport = federation.transport(node)
    post, spoiled = transport.post, [3]

    def spoil(path: str, body: bytes, nonce: str) -> Answer:
        if not path.endswith(f"/blob/{way}") or not spoiled[0]:
            return post(path, body, nonce)
        spoiled[0] -= 1
        if way == "put":
            # Signed over other bytes than arrive: what a flipped bit looks like to the hub.
            return Answer(401, messages.encode({"code": "bad_signature", "detail": ""}))
        answer = post(path, body, nonce)
        return Answer(answer.status, answer.body[:-1] + bytes([answer.body[-1] ^ 1]))

    transport.post = spoil  # type: ignore[method-assign]
    assert federation.sync(node, transport).outcome is Outcome.SELESAI
    assert held(federation.hub if way == "put" else b) and spoiled == [0]


def test_what_a_portal_or_an_old_hub_answers_leaves_the_session_whole(federation: Federation) -> None:
    a = federation.add_node("a")
    siti = take_photo(a)
    for answer in (Answer(404, b"<html>"), Answer(200, b"<html>"), Answer(200, b"{}"), Answer(302, b"")):
        transport = federation.transport(a)
        post = transport.post
        transport.post = lambda path, body, nonce: (  # type: ignore[method-assign]
            answer if "/blob/" in path else post(path, body, nonce)
        )
        assert federation.sync(a, transport).outcome is Outcome.SELESAI
    assert live(federation.hub, siti, "nama") == "SITI" and read_backlog(a).to_send == 1


def test_a_hub_that_was_restarted_in_the_middle_is_asked_again_later(federation: Federation) -> None:
    a = federation.add_node("a")
    take_photo(a)
    transport = federation.transport(a)
    puts = [0]

    def before(path: str, body: bytes) -> None:
        if path.endswith("/put"):
            puts[0] += 1
            if puts[0] == 2:
                federation.app.extensions.pop("sync_sessions")

    transport.before = before
    assert federation.sync(a, transport).outcome is Outcome.SELESAI
    assert read_backlog(a).trouble == "session_expired"
    federation.sync(a)
    assert held(federation.hub) and read_backlog(a).trouble == ""


# Who may ------------------------------------------------------------------------------------------------


def put(
    federation: Federation, node: NodeServices, data: bytes, digest: str = "", offset: int = 0, end: int | None = None,
    receiver: bytes | None = None, size: int | None = None,
) -> Answer:
    """Hand one piece to the hub, honest or not."""
    talk = Talk(federation, node)
    to = receiver or talk.receiver
    header = ChunkHeader(
        digest or sha256(data).hexdigest(), offset, len(data) if size is None else size, name_seal_key(to).hex()
    )
    chunk = encode_chunk(header, data[offset:end], lambda plain, info: seal(to, plain, info))
    return talk.transport.post("/sync/v1/blob/put", chunk, talk.session.nonce)


def get(federation: Federation, node: NodeServices, digest: str, offset: int = 0) -> Answer:
    talk = Talk(federation, node)
    body = messages.encode({"hash": digest, "offset": offset})
    return talk.transport.post("/sync/v1/blob/get", body, talk.session.nonce)


def test_another_desa_cannot_fetch_a_photo_even_when_it_names_it(federation: Federation) -> None:
    a, other = federation.add_node("a"), federation.add_node("lain", OTHER_DESA)
    take_photo(a)
    federation.sync(a)
    assert get(federation, a, DIGEST).status == 200
    answer = get(federation, other, DIGEST)
    assert (answer.status, refusal(answer)["code"]) == (404, "not_found")
    # It writes the hash into a record of its own: a name is no possession.
    create(other, nama="PENCURI", foto=DIGEST)
    federation.sync(other)
    answer = get(federation, other, DIGEST)
    assert (answer.status, refusal(answer)["code"]) == (404, "not_found")
    assert not held(other, desa=OTHER_DESA) and read_backlog(other).to_fetch == 1


def test_what_no_live_record_names_is_neither_taken_nor_given(federation: Federation) -> None:
    a = federation.add_node("a")
    siti = take_photo(a)
    federation.sync(a)
    leave(a, siti)
    federation.sync(a)
    assert get(federation, a, DIGEST).status == 404 and put(federation, a, PHOTO, end=1000).status == 404


def test_bytes_of_another_hash_are_refused_and_nothing_of_them_stays(federation: Federation) -> None:
    a = federation.add_node("a")
    digest = sha256(LITTLE).hexdigest()
    create(a, nama="SITI", foto=digest)
    federation.sync(a)
    false = LITTLE[:-1] + b"x"
    answer = put(federation, a, false, digest)
    assert (answer.status, refusal(answer)["code"]) == (422, "bad_proof")
    assert rows(federation.hub, "SELECT * FROM attachment") == []
    assert put(federation, a, LITTLE).status == 200 and held(federation.hub, LITTLE)


def test_a_piece_that_does_not_continue_is_told_where_to(federation: Federation) -> None:
    a = federation.add_node("a")
    take_photo(a)
    set_paused(a, True)
    federation.sync(a)
    answer = put(federation, a, PHOTO, offset=5000, end=6000)
    assert (answer.status, refusal(answer)["code"], refusal(answer)["size"]) == (409, "gap", 0)
    for end in (1000, 1000, 500):
        answer = put(federation, a, PHOTO, end=end)
        assert messages.decode(messages.BlobOffset, answer.body)["offset"] == 1000


def test_a_piece_for_another_key_or_too_large_is_refused(federation: Federation) -> None:
    a = federation.add_node("a")
    create(a, nama="SITI", foto=DIGEST)
    federation.sync(a)
    answer = put(federation, a, PHOTO, end=1000, receiver=SealKey(b"\x08" * 32).public)
    assert (answer.status, refusal(answer)["code"]) == (422, "bad_seal")
    answer = put(federation, a, PHOTO, end=limit("blob_chunk_bytes_max") + 1)
    assert (answer.status, refusal(answer)["code"]) == (413, "too_large")
    answer = put(federation, a, PHOTO, end=100, size=limit("blob_bytes_max") + 1)
    assert (answer.status, refusal(answer)["code"]) == (413, "too_large")
    assert rows(federation.hub, "SELECT * FROM attachment") == []


def test_attachments_are_asked_for_in_a_session_of_the_same_key(federation: Federation) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    talk, other = Talk(federation, a), Talk(federation, b)
    for path in ("have", "put", "get"):
        answer = other.transport.post(f"/sync/v1/blob/{path}", b"{}", talk.session.nonce)
        assert (answer.status, refusal(answer)["code"]) == (401, "session_expired")
        answer = talk.transport.post(f"/sync/v1/blob/{path}", b"nonsense", talk.session.nonce)
        assert (answer.status, refusal(answer)["code"]) == (400, "malformed")
    simpul = value(federation.hub, "SELECT id FROM simpul WHERE kunci = ?", a.keys.signing.public.hex())
    revoke(federation.hub, simpul, "dicuri", {}, "")
    for nonce, code in (("n" * 22, (401, "session_expired")), (talk.session.nonce, (403, "key_revoked"))):
        for path in ("pull", "blob/have", "blob/put", "blob/get"):
            answer = talk.transport.post(f"/sync/v1/{path}", b"{}", nonce)
            assert (answer.status, refusal(answer)["code"]) == code, path


def test_a_desa_beyond_its_quota_is_told_and_the_rest_goes_on(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, other = federation.add_node("a"), federation.add_node("lain", OTHER_DESA)
    set_limit(monkeypatch, "blob_desa_bytes_max", 180_100)
    take_photo(a)
    federation.sync(a)
    siti = take_photo(a, LITTLE, "BUDI")
    take_photo(other)
    assert federation.sync(a).outcome is Outcome.SELESAI and federation.sync(other).outcome is Outcome.SELESAI
    assert not held(federation.hub, LITTLE) and held(federation.hub, desa=OTHER_DESA)
    assert read_backlog(a).trouble == "quota_full" and live(federation.hub, siti, "nama") == "BUDI"
    set_limit(monkeypatch, "blob_desa_bytes_max", 1 << 20)
    federation.sync(a)
    assert held(federation.hub, LITTLE) and read_backlog(a) == Backlog(2, 0, 0, False, "")


# Full disks, lost and damaged files ---------------------------------------------------------------------


@pytest.mark.parametrize("side", ["hub", "node"])
def test_a_full_disk_ends_the_attachments_and_nothing_else(
    federation: Federation, monkeypatch: pytest.MonkeyPatch, side: str
) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    siti = take_photo(a)
    if side == "node":
        federation.sync(a)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    node = a if side == "hub" else b
    with monkeypatch.context() as patch:
        patch.setattr("shared.store.blobs.BlobStore._write", full)
        assert federation.sync(node).outcome is Outcome.SELESAI
    assert read_backlog(node).trouble == ("disk_full" if side == "hub" else "disk_penuh")
    assert live(federation.hub, siti, "foto") == DIGEST
    federation.sync(node)
    assert held(federation.hub if side == "hub" else b) and read_backlog(node).trouble == ""


def spoil_file(side: NodeServices | HubServices) -> None:
    (path,) = [p for p in (side.folder.path / "lampiran").rglob("*") if p.is_file()]
    path.write_bytes(path.read_bytes()[:-1] + b"!")


def test_a_hub_that_lost_its_files_gets_them_back_from_the_nodes(federation: Federation) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    take_photo(a)
    federation.sync_all()
    for path in (federation.hub.folder.path / "lampiran").rglob("*"):
        if path.is_file():
            path.unlink()
    federation.clock.now += DAY
    federation.sync(b)
    assert held(federation.hub)
    spoil_file(federation.hub)
    assert not held(federation.hub), "what is damaged is not shown, and then missing"
    federation.clock.now += DAY
    federation.sync(a)
    assert held(federation.hub)


def test_a_node_that_lost_its_files_gets_them_back_from_the_hub(federation: Federation) -> None:
    a = federation.add_node("a")
    take_photo(a)
    federation.sync(a)
    spoil_file(a)
    assert store_of(a).read(DESA, DIGEST) is None
    federation.sync(a)
    assert held(a)


# What is removed, and what never is ---------------------------------------------------------------------


def test_what_a_live_record_names_is_never_collected(federation: Federation) -> None:
    a = federation.add_node("a")
    take_photo(a)
    federation.sync(a)
    for side in (a, federation.hub):
        assert sweep_for(federation, side, 400) == 0 and held(side)


def test_the_photo_of_a_deleted_record_is_collected_after_its_grace_on_both_sides(federation: Federation) -> None:
    a = federation.add_node("a")
    siti = take_photo(a)
    federation.sync(a)
    leave(a, siti)
    federation.sync(a)
    for side in (a, federation.hub):
        assert sweep_for(federation, side, 90) == 0 and held(side)
        assert sweep_for(federation, side, 1) == 1 and not held(side)
    assert rows(a, "SELECT * FROM attachment") == []


def test_a_replaced_photo_goes_and_the_new_one_stays(federation: Federation) -> None:
    a = federation.add_node("a")
    siti = take_photo(a)
    update(a, siti, foto=store_of(a).add(DESA, LITTLE))
    assert sweep_for(federation, a, 100) == 1
    assert held(a, LITTLE) and not held(a)


def test_a_record_that_comes_back_within_the_grace_keeps_its_photo(federation: Federation) -> None:
    a = federation.add_node("a")
    siti = take_photo(a)
    leave(a, siti)
    assert sweep_for(federation, a, 80) == 0
    kind = a.catalogue["penduduk"]
    with a.database.read() as conn:
        state = load_state(conn, a.catalogue, kind, DESA, siti)
    write_drafts(a, [draft_restore(kind, state, siti)], author="")
    assert sweep_for(federation, a, 400) == 0 and held(a) and live(a, siti, "foto") == DIGEST


def test_every_version_of_a_photo_in_conflict_is_kept_and_travels(federation: Federation) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    siti = create(a, nama="SITI")
    federation.sync_all()
    update(a, siti, foto=store_of(a).add(DESA, PHOTO))
    update(b, siti, foto=store_of(b).add(DESA, LITTLE))
    federation.sync_all(3)
    assert value(federation.hub, "SELECT konflik FROM penduduk WHERE id = ?", siti) == "foto"
    for side in (a, b, federation.hub):
        assert held(side) and held(side, LITTLE)
        assert sweep_for(federation, side, 120) == 0


def test_what_records_of_an_open_case_had_is_kept_until_it_is_closed(federation: Federation) -> None:
    a = federation.add_node("a")
    siti = take_photo(a)
    federation.sync(a)
    leave(a, siti)
    federation.sync(a)
    case, kind = federation.hub.new_id(), federation.hub.catalogue["kasus"]
    values = {"temuan": "0" * 64, "kode": "V2", "rekaman": [siti], "status": "dikembalikan"}
    write_to_desa(federation.hub, DESA, [draft_create(kind, case, values)], author="")
    federation.sync(a)
    for side in (a, federation.hub):
        assert sweep_for(federation, side, 120) == 0
    with federation.hub.database.read() as conn:
        state = load_state(conn, federation.hub.catalogue, kind, DESA, case)
    closed = draft_update(kind, state, case, {"status": "selesai"})
    assert closed is not None
    write_to_desa(federation.hub, DESA, [closed], author="")
    federation.sync_all()
    for side in (a, federation.hub):
        assert sweep_for(federation, side, 120) == 1


def test_what_a_held_change_names_is_kept(federation: Federation) -> None:
    """A desa wrote into a kind of the hub: held, but what it carries may still be wanted as evidence."""
    a = federation.add_node("a")
    digest = store_of(a).add(DESA, LITTLE)
    create(a, "kasus", temuan="0" * 64, kode="V2", lampiran=digest)
    assert value(a, "SELECT alasan FROM held") == "lingkup"
    assert sweep_for(federation, a, 120) == 0 and held(a, LITTLE)


def test_an_erased_photo_goes_at_once_on_both_sides(federation: Federation) -> None:
    a = federation.add_node("a")
    siti, budi = take_photo(a), take_photo(a, LITTLE + b"lain")
    federation.sync(a)
    officers = make_officer(federation.hub, "BUDI"), make_officer(federation.hub, "TARI")
    erase(federation.hub, [Target(DESA, "penduduk", siti)], "permintaan warga", officers)
    assert live(federation.hub, siti, "foto") is None and not held(federation.hub), "no grace of three months"
    federation.sync(a)
    assert live(a, siti, "foto") is None and not held(a)
    for side in (a, federation.hub):
        assert live(side, budi, "foto") and held(side, LITTLE + b"lain")


def test_a_photo_that_somebody_else_names_too_stays(federation: Federation) -> None:
    a = federation.add_node("a")
    siti, budi = take_photo(a), take_photo(a)
    federation.sync(a)
    officers = make_officer(federation.hub, "BUDI"), make_officer(federation.hub, "TARI")
    erase(federation.hub, [Target(DESA, "penduduk", siti)], "permintaan warga", officers)
    federation.sync(a)
    for side in (a, federation.hub):
        assert live(side, budi, "foto") and held(side)


def test_a_second_computer_fetches_all_photos_of_the_village(federation: Federation) -> None:
    a = federation.add_node("a")
    photos = [LITTLE + bytes([number]) for number in range(7)]
    for number, data in enumerate(photos):
        take_photo(a, data, f"WARGA {number}")
    federation.sync(a)
    b = federation.add_node("b")
    assert federation.sync(b).outcome is Outcome.SELESAI
    assert all(held(b, data) for data in photos)


def test_more_attachments_than_one_question_holds_all_go(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_limit(monkeypatch, "blob_have_max", 3)
    a = federation.add_node("a")
    photos = [LITTLE + bytes([number]) for number in range(8)]
    for number, data in enumerate(photos):
        take_photo(a, data, f"WARGA {number}")
    federation.sync(a)
    assert all(held(federation.hub, data) for data in photos) and read_backlog(a).to_send == 0
    b = federation.add_node("b")
    federation.sync(b)
    assert all(held(b, data) for data in photos)
