"""One session between real nodes and a real hub: what arrives, what is refused, what trouble leaves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from hub.change import write_common
from hub.services import open_hub
from node.change import write_drafts
from node.services import NodeServices, open_node
from node.sinkron.handover import build_next
from node.sinkron.session import Outcome
from node.sinkron.transport import Answer
from shared.changelog.checkpoint import Checkpoint, Signer, cosign, parse_body, sign_checkpoint
from shared.changelog.keys import SealKey, SigningKey
from shared.changelog.run import decode_run_header
from shared.errors import ProtocolError, TransportError
from shared.records.evolution import Evolution
from shared.records.fields import FieldInfo
from shared.store.drafts import draft_create, draft_update
from shared.store.migrations import write_setting
from shared.store.records import load_state
from shared.store.runs import build_run
from shared.sync import messages, signature
from shared.sync.limits import limit
from shared.sync.states import Event, State, advance
from tests.support.federation import ADDRESS, HUB, Federation, make_sync_app, refuse_all
from tests.support.office import (
    NIK_A,
    NIK_B,
    Talk,
    create,
    live,
    own_log,
    refusal,
    rows,
    sent_mark,
    sizes,
    update,
    value,
)

OTHER_DESA = "33.03.04.2001"
PORTAL = Answer(200, b"<html><title>Wi-Fi Balai Desa</title></html>")
STRANGER = SigningKey(b"\x07" * 32)


def answer_once(path: str, answer: Callable[[Answer], Answer]) -> Callable[[str, Answer], Answer]:
    """Change the first answer to a path, and only that."""
    left = [path]

    def after(asked: str, given: Answer) -> Answer:
        if left and asked.endswith(left[0]):
            left.clear()
            return answer(given)
        return given

    return after


def lose(answer: Answer) -> Answer:
    raise TransportError("answer lost")


# What arrives --------------------------------------------------------------------------------------------


def test_an_edit_on_one_pc_reaches_the_sibling(federation: Federation) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    siti = create(a, nama="SITI", nik=NIK_A)
    federation.sync_all()
    update(b, siti, telepon="08123")
    federation.sync(b)
    federation.sync(a)
    assert live(a, siti, "telepon") == "08123"


def test_a_session_with_nothing_to_do_is_one_request(federation: Federation) -> None:
    a = federation.add_node("a")
    federation.sync_all(3)
    report = federation.sync(a)
    assert (report.requests, report.parity) == (1, "sama")


def test_a_programme_of_the_hub_reaches_every_desa(federation: Federation) -> None:
    a, c = federation.add_node("a"), federation.add_node("c", OTHER_DESA)
    hub = federation.hub
    draft = draft_create(hub.catalogue["program_bantuan"], hub.new_id(), {"nama": "BLT"})
    write_common(hub, [draft], author="x")
    federation.sync_all()
    assert [value(node, "SELECT nama FROM program_bantuan") for node in (a, c)] == ["BLT", "BLT"]


@pytest.mark.parametrize("change", [{"name": "sumur"}, {"version": 9}])
def test_an_unknown_kind_or_version_is_kept_and_relayed(
    federation: Federation, change: dict[str, object]
) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    dusun = a.catalogue["dusun"]
    later = Evolution({**{n: f.info for n, f in dusun.fields.items()}, "dalam": FieldInfo("Dalam", since=9)}, 9)
    kind = replace(dusun, **{"evolution": later, **change})  # type: ignore[arg-type]
    ref = write_drafts(a, [draft_create(kind, a.new_id(), {"nama": "KRAJAN", "dalam": 7})], author="x")[0]
    federation.sync_all()
    for side in (a, b, federation.hub):
        held = rows(side, "SELECT h.alasan, c.body FROM held h JOIN change c ON c.pos = h.pos")
        assert [(alasan, body[16:]) for alasan, body in held] == [
            ("jenis_baru", b'{"dalam":7,"nama":"KRAJAN"}')
        ]
    assert ref.startswith(own_log(a).id)


def test_large_changes_travel_in_runs_that_the_hub_takes(federation: Federation) -> None:
    a = federation.add_node("a")
    random, kind = Random(3), a.catalogue["program_bantuan"]
    with a.database.write() as conn:
        write_setting(conn, "run_bytes", str(limit("run_bytes_max")))
    write_drafts(a, [
        draft_create(kind, a.new_id(), {"nama": f"P {at}", "sasaran": 1, "keterangan": random.randbytes(900).hex()})
        for at in range(700)
    ], author="")
    report = federation.sync(a)
    assert (report.outcome, report.code) == (Outcome.SELESAI, "")
    assert value(federation.hub, "SELECT count(*) FROM program_bantuan") == 700


# Receipts ------------------------------------------------------------------------------------------------


def test_a_push_repeated_after_a_lost_answer_returns_the_same_receipt_bytes(federation: Federation) -> None:
    a = federation.add_node("a")
    create(a, nama="SITI")
    talk = Talk(federation, a)
    first = talk.push(talk.run(0))
    federation.clock.now += 1000
    assert talk.push(talk.run(0)).body == first.body
    assert json.loads(first.body)["receipts"]


def test_a_lost_answer_to_the_last_push_still_brings_the_receipt(federation: Federation) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    create(a, nama="SITI")
    transport = federation.transport(a)
    transport.after = answer_once("/push", lose)
    report = federation.sync(a, transport)
    assert (report.outcome, report.sent) == (Outcome.SELESAI, 1)
    assert sent_mark(a) == own_log(a).size


def forge_receipt(answer: Answer) -> Answer:
    """Sign the same receipt with the key of a stranger."""
    note = json.loads(answer.body)["receipts"][0].encode()
    checkpoint = parse_body(note.partition(b"\n\n")[0] + b"\n")
    return _with_receipt(cosign(checkpoint, Signer(f"sipande/{HUB}/hub", STRANGER), 1))


def _with_receipt(note: bytes) -> Answer:
    return Answer(200, json.dumps({"receipts": [note.decode()], "logs": []}).encode())


@pytest.mark.parametrize(
    "forge",
    [forge_receipt, lambda _: Answer(200, b'{"receipts":[],"logs":[]}'), lambda _: Answer(200, b"")],
    ids=["receipt of a stranger", "no receipt", "empty 200"],
)
def test_only_a_verified_receipt_moves_the_sent_mark(
    federation: Federation, forge: Callable[[Answer], Answer]
) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    before = sent_mark(a)
    create(a, nama="SITI")
    transport = federation.transport(a)
    transport.after = lambda path, answer: forge(answer) if path.endswith("/push") else answer
    assert federation.sync(a, transport).outcome is Outcome.TERPUTUS
    assert sent_mark(a) == before


def test_a_receipt_for_other_bytes_is_no_answer(federation: Federation) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    before = sent_mark(a)
    create(a, nama="SITI")
    log = own_log(a)
    note = cosign(Checkpoint(log.origin, log.size, b"\x01" * 32), federation.hub.cosigner, 1)
    transport = federation.transport(a)
    transport.after = lambda path, answer: _with_receipt(note) if path.endswith("/push") else answer
    assert federation.sync(a, transport).outcome is Outcome.TERPUTUS
    assert sent_mark(a) == before


# Answers that are none -----------------------------------------------------------------------------------


def unsign(answer: Answer) -> Answer:
    return replace(answer, signed=None)


def sign_by_stranger(answer: Answer) -> Answer:
    assert answer.signed is not None
    return replace(answer, signed=replace(answer.signed, key=STRANGER.public.hex()))


def sign_for_another_hello(answer: Answer) -> Answer:
    assert answer.signed is not None
    return replace(answer, signed=replace(answer.signed, nonce="A" * 22))


@pytest.mark.parametrize("damage", [unsign, sign_by_stranger, sign_for_another_hello, lambda answer: PORTAL])
def test_a_hello_answer_that_proves_nothing_moves_nothing(
    federation: Federation, damage: Callable[[Answer], Answer]
) -> None:
    a = federation.add_node("a")
    create(a, nama="SITI")
    before = sizes(a), sizes(federation.hub)
    transport = federation.transport(a)
    transport.after = lambda path, answer: damage(answer)
    report = federation.sync(a, transport)
    assert (report.outcome, report.sent, report.received) == (Outcome.TERPUTUS, 0, 0)
    assert (sizes(a), sizes(federation.hub), sent_mark(a)) == (*before, 0)


@pytest.mark.parametrize("path", ["/hello", "/push", "/pull"])
@pytest.mark.parametrize("answer", [PORTAL, Answer(502, b"<h1>Bad Gateway</h1>"), Answer(200, b"")])
def test_a_captive_portal_or_proxy_is_no_answer_and_the_next_session_heals(
    federation: Federation, path: str, answer: Answer
) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    siti = create(b, nama="SITI")
    federation.sync(b)
    transport = federation.transport(a)
    transport.after = lambda asked, given: answer if asked.endswith(path) else given
    federation.sync(a, transport)
    assert federation.sync(a).outcome is Outcome.SELESAI
    assert live(a, siti, "nama") == "SITI"


def test_a_link_that_is_down_ends_the_session_and_keeps_the_work(federation: Federation) -> None:
    a = federation.add_node("a")
    create(a, nama="SITI")
    transport = federation.transport(a)
    transport.before = refuse_all
    assert federation.sync(a, transport).outcome is Outcome.TERPUTUS
    assert federation.sync(a).sent == own_log(a).size


@pytest.mark.parametrize("member", ["seal", "log", "codec", "checkpoint", "length", "start"])
def test_a_damaged_run_header_in_an_answer_is_no_answer(federation: Federation, member: str) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    siti = create(b, nama="SITI")
    federation.sync(b)

    def damage(answer: Answer) -> Answer:
        at = answer.body.index(f'"{member}":'.encode()) + len(member) + 4
        return replace(answer, body=answer.body[:at] + b"~" + answer.body[at + 1 :])

    transport = federation.transport(a)
    transport.after = answer_once("/pull", damage)
    federation.sync(a, transport)
    federation.sync(a)
    assert live(a, siti, "nama") == "SITI"


def test_a_run_header_whose_seal_is_no_key_id_is_malformed() -> None:
    line = (
        b'sipande-run/1 {"checkpoint":"x","codec":"zlib","end":1,"erased":0,"length":9,"log":"l","proof":[],'
        b'"seal":"zz","start":0}'
    )
    with pytest.raises(ProtocolError, match="malformed"):
        decode_run_header(line)


# Sessions and keys ---------------------------------------------------------------------------------------


def test_an_expired_session_says_hello_again(federation: Federation) -> None:
    a = federation.add_node("a")
    create(a, nama="SITI")
    transport = federation.transport(a)
    asked: list[str] = []

    def before(path: str, body: bytes) -> None:
        asked.append(path.rsplit("/", 1)[-1])
        if asked == ["hello", "push"]:
            federation.clock.now += limit("session_s_max") + 1

    transport.before = before
    assert federation.sync(a, transport).outcome is Outcome.SELESAI
    assert asked[:4] == ["hello", "push", "hello", "push"]


def test_a_hub_that_was_restarted_in_a_session_is_greeted_again(federation: Federation) -> None:
    a = federation.add_node("a")
    create(a, nama="SITI")
    transport = federation.transport(a)
    asked: list[str] = []

    def before(path: str, body: bytes) -> None:
        asked.append(path)
        if len(asked) == 2:
            federation.app = transport.app = make_sync_app(federation.hub)

    transport.before = before
    assert federation.sync(a, transport).outcome is Outcome.SELESAI
    assert sent_mark(a) == own_log(a).size


def test_a_session_belongs_to_the_key_that_opened_it(federation: Federation) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    talk = Talk(federation, a)
    answer = federation.transport(b).post("/sync/v1/push", talk.run(0), talk.session.nonce)
    assert (answer.status, refusal(answer)["code"]) == (401, "session_expired")


def revoke(federation: Federation, node: NodeServices, limits: list[str]) -> None:
    """Revoke a node's key: its logs count up to the given ``log:size``, others not at all."""
    hub, kind = federation.hub, federation.hub.catalogue["simpul"]
    id = value(hub, "SELECT id FROM simpul WHERE kunci = ?", node.keys.signing.public.hex())
    with hub.database.write() as conn:
        state = load_state(conn, hub.catalogue, kind, HUB, id)
        draft = draft_update(kind, state, id, {"status": "dicabut", "sebab": "hilang", "batas": limits})
        assert draft is not None
        write_common(hub, [draft], author="x")


def test_a_revoked_key_is_refused_at_hello_and_the_village_works_on(federation: Federation) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    revoke(federation, a, [])
    report = federation.sync(a)
    assert (report.outcome, report.code, report.requests) == (Outcome.DITOLAK, "key_revoked", 1)
    assert live(a, create(a, nama="SITI"), "nama") == "SITI"


def test_changes_beyond_the_cut_off_of_a_revoked_key_are_quarantined(federation: Federation) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    before = create(a, nama="SITI")
    federation.sync_all()
    revoke(federation, a, [f"{own_log(a).id}:{own_log(a).size}"])
    after = create(a, nama="BUDI")
    # The sibling hands over what came to it on a stick.
    talk, log = Talk(federation, b), own_log(a)
    run = build_next(a, log, log.size - 1, log.size, talk.session.link.codec, talk.receiver)[0]
    assert talk.push(run).status == 200
    federation.sync(b)
    for side in (b, federation.hub):
        assert (live(side, before, "nama"), live(side, after, "nama")) == ("SITI", None)
        assert rows(side, "SELECT alasan FROM held WHERE record = ?", after) == [("dicabut",)]


# Refusals of a push ----------------------------------------------------------------------------------------


def test_a_push_with_a_gap_returns_the_size(federation: Federation) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    held = own_log(a).size
    for name in ("SITI", "BUDI", "AGUS"):
        create(a, nama=name)
    talk = Talk(federation, a)
    answer = talk.push(talk.run(held + 1))
    told = refusal(answer)
    assert (answer.status, told["code"], told["log"], told["size"]) == (409, "gap", own_log(a).id, held)


def test_a_gap_in_a_log_that_the_hub_never_saw_asks_for_it_from_the_start(federation: Federation) -> None:
    a = federation.add_node("a")
    talk = Talk(federation, a)
    told = refusal(talk.push(talk.run(1)))
    assert (told["code"], told["size"]) == ("gap", 0)


def clone(federation: Federation, node: NodeServices) -> NodeServices:
    """Copy a node's whole folder, keys included, as no backup does."""
    node.database.checkpoint()
    folder = federation.folder / "klon"
    shutil.copytree(node.folder.path, folder)
    copy = open_node(folder, clock=federation.clock, random=lambda count: b"\x09" * count)
    federation.nodes["klon"] = copy
    return copy


def test_a_fork_is_refused_with_evidence_and_overwrites_nothing(federation: Federation) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    copy = clone(federation, a)
    siti, budi = create(a, nama="SITI"), create(copy, nama="BUDI")
    talk = Talk(federation, copy)
    federation.sync(a)
    held = rows(federation.hub, "SELECT header, body FROM change ORDER BY pos")
    forked = own_log(copy).size - 1
    answer = talk.push(talk.run(forked))
    assert (answer.status, refusal(answer)["code"]) == (409, "fork")
    assert rows(federation.hub, "SELECT header, body FROM change ORDER BY pos") == held
    ((code, log),) = rows(federation.hub, "SELECT code, log FROM evidence")
    assert (code, log) == ("fork", own_log(a).id)
    ((header, body, note),) = rows(
        federation.hub, "SELECT c.header, c.body, b.checkpoint FROM branch b JOIN branch_change c ON c.branch = b.no"
    )
    ((theirs, content),) = rows(copy, "SELECT header, body FROM change WHERE record = ?", budi)
    assert (header, body) == (theirs, content) and note.endswith(b"\n"), "the change and its signed checkpoint"
    assert live(federation.hub, siti, "nama") == "SITI" and live(copy, budi, "nama") == "BUDI"


def test_evidence_of_one_fork_is_kept_once(federation: Federation) -> None:
    a = federation.add_node("a")
    federation.sync_all()
    copy = clone(federation, a)
    create(a, nama="SITI")
    create(copy, nama="BUDI")
    talk = Talk(federation, copy)
    federation.sync(a)
    body = talk.run(own_log(copy).size - 1)
    assert [talk.push(body).status for _ in range(3)] == [409, 409, 409]
    assert rows(federation.hub, "SELECT count(*), sum(size - start) FROM branch") == [(1, 1)]
    assert value(federation.hub, "SELECT count(*) FROM evidence") == 1


def test_422_names_the_run_and_keeps_the_runs_before_it(federation: Federation) -> None:
    a = federation.add_node("a")
    create(a, nama="SITI")
    talk, log = Talk(federation, a), own_log(a)
    good = talk.run(0, 2)
    talk.session.services = replace_signer(a)
    answer = talk.push(good + talk.run(2, 3))
    told = refusal(answer)
    assert (answer.status, told["code"], told["run"], len(told["receipts"])) == (422, "bad_note", 1, 1)
    assert sizes(federation.hub)[log.id] == 2


def replace_signer(node: NodeServices) -> NodeServices:
    """Let a node sign with another key than its log's."""
    other = replace(node)
    other.signer = lambda log: Signer(log.origin, STRANGER)  # type: ignore[method-assign]
    return other


def test_a_checkpoint_of_other_bytes_is_bad_proof_and_nothing_is_stored(federation: Federation) -> None:
    a = federation.add_node("a")
    talk, log = Talk(federation, a), own_log(a)
    note = sign_checkpoint(Checkpoint(log.origin, log.size, b"\x01" * 32), a.signer(log))
    with a.database.read() as conn:
        run = build_run(
            conn, log, 0, log.size, note=note, note_size=log.size, codec="zlib", receiver=talk.receiver
        )
    answer = talk.push(run)
    assert (answer.status, refusal(answer)["code"]) == (422, "bad_proof")
    assert log.id not in sizes(federation.hub)


def test_409_names_the_run_and_keeps_the_runs_before_it(federation: Federation) -> None:
    a = federation.add_node("a")
    create(a, nama="SITI")
    talk = Talk(federation, a)
    told = refusal(talk.push(talk.run(0, 1) + talk.run(2, 3)))
    assert (told["code"], told["run"], told["size"], len(told["receipts"])) == ("gap", 1, 1, 1)


def test_a_run_sealed_to_another_key_is_bad_seal(federation: Federation) -> None:
    a = federation.add_node("a")
    talk = Talk(federation, a)
    answer = talk.push(talk.run(0, receiver=SealKey(b"\x08" * 32).public))
    assert (answer.status, refusal(answer)["code"]) == (422, "bad_seal")


def test_a_run_whose_sealed_bytes_were_changed_is_bad_seal(federation: Federation) -> None:
    a = federation.add_node("a")
    talk = Talk(federation, a)
    run = talk.run(0)
    answer = talk.push(run[:-1] + bytes([run[-1] ^ 1]))
    assert (answer.status, refusal(answer)["code"]) == (422, "bad_seal")


def test_an_oversized_body_is_413(federation: Federation) -> None:
    a = federation.add_node("a")
    answer = Talk(federation, a).push(b"x" * (limit("push_bytes_max") + 1))
    assert (answer.status, refusal(answer)["code"]) == (413, "too_large")


def test_a_line_that_damages_whatever_is_sent_is_told_as_such_and_not_as_silence(federation: Federation) -> None:
    """A box on the way rewrites bodies: the hub answers each time, and the line looks well to whoever sits there."""
    node = federation.add_node("a")
    create(node, nama="SITI")
    body = messages.encode({"code": "bad_signature", "detail": ""})
    damaged = replace(federation.transport(node), after=lambda path, answer: Answer(401, body))
    report = federation.sync(node, damaged)
    assert report.outcome is Outcome.TERPUTUS and "rusak di jalan" in report.sentence()
    report = federation.sync(node, replace(federation.transport(node), before=refuse_all))
    assert report.outcome is Outcome.TERPUTUS and "belum dapat dihubungi" in report.sentence()
    assert federation.sync(node).outcome is Outcome.SELESAI and sent_mark(node) == own_log(node).size


def test_a_body_changed_on_the_way_is_bad_signature(federation: Federation) -> None:
    a = federation.add_node("a")
    talk = Talk(federation, a)
    body, key = talk.run(0), a.keys.signing
    headers = signature.sign(
        signature.RequestMessage("POST", ADDRESS + "/sync/v1/push"), body, key.seed(), key.public.hex(),
        talk.session.nonce, 0,
    )
    response = federation.app.test_client().post(
        "/sync/v1/push", data=body[:-1] + bytes([body[-1] ^ 1]), headers=headers, base_url=ADDRESS
    )
    assert (response.status_code, response.get_json()["code"]) == (401, "bad_signature")


# Scope ---------------------------------------------------------------------------------------------------


def test_a_pull_of_logs_of_another_desa_yields_nothing(federation: Federation) -> None:
    a, c = federation.add_node("a"), federation.add_node("c", OTHER_DESA)
    create(a, nama="SITI", nik=NIK_A)
    federation.sync_all()
    channel = value(federation.hub, "SELECT id FROM log WHERE peran = 'saluran' AND wilayah = ?", a.wilayah)
    answer = Talk(federation, c).pull({own_log(a).id: 0, channel: 0})
    assert (answer.status, answer.body) == (200, b"")


def test_hello_names_no_log_of_another_desa(federation: Federation) -> None:
    a, c = federation.add_node("a"), federation.add_node("c", OTHER_DESA)
    federation.sync_all()
    known = {wilayah for (wilayah,) in rows(c, "SELECT wilayah FROM log")}
    assert known == {HUB, OTHER_DESA} and own_log(a).id not in sizes(c)


def test_a_push_of_a_log_of_another_desa_is_out_of_scope(federation: Federation) -> None:
    a, c = federation.add_node("a"), federation.add_node("c", OTHER_DESA)
    federation.sync_all()
    create(a, nama="SITI")
    run = Talk(federation, a).run(own_log(a).size - 1)
    answer = Talk(federation, c).push(run)
    assert (answer.status, refusal(answer)["code"]) == (403, "out_of_scope")
    assert sizes(federation.hub)[own_log(a).id] == own_log(a).size - 1


def test_a_new_log_of_another_desa_is_not_registered(federation: Federation) -> None:
    a, c = federation.add_node("a"), federation.add_node("c", OTHER_DESA)
    run = Talk(federation, a).run(0)
    assert refusal(Talk(federation, c).push(run))["code"] == "out_of_scope"
    assert own_log(a).id not in sizes(federation.hub)


def test_a_key_that_is_not_enrolled_is_refused(federation: Federation) -> None:
    a = federation.add_node("a")
    transport = federation.transport(a)
    transport.seed, transport.key = STRANGER.seed(), STRANGER.public.hex()
    answer = transport.post("/sync/v1/hello", b"{}", "A" * 22)
    assert (answer.status, refusal(answer)["code"]) == (401, "unknown_key")


def test_what_a_node_may_not_write_is_held_and_does_not_stop_the_rest(federation: Federation) -> None:
    a = federation.add_node("a")
    case = create(a, "kasus", temuan="0" * 64, kode="V1", status="selesai")
    siti = create(a, nama="SITI", nik=NIK_B)
    federation.sync(a)
    hub = federation.hub
    assert rows(hub, "SELECT alasan FROM held WHERE record = ?", case) == [("lingkup",)]
    assert live(hub, siti, "nik") == NIK_B


# Half a log ----------------------------------------------------------------------------------------------


def test_a_half_pulled_log_of_a_sibling_does_not_stop_the_session_with_a_restored_hub(
    federation: Federation,
) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    federation.sync_all(3)
    federation.hub.database.checkpoint()
    old = federation.hub.folder.database.read_bytes()
    with a.database.write():
        for _ in range(400):
            create(a, nama="SITI")
    federation.sync(a)
    with b.database.write() as conn:
        write_setting(conn, "run_bytes", str(limit("run_bytes_min")))
    transport = federation.transport(b)
    pulls: list[str] = []

    def before(path: str, body: bytes) -> None:
        pulls.append(path)
        if sum(path.endswith("/pull") for path in pulls) > 1:
            raise TransportError("link down")

    transport.before = before
    federation.sync(b, transport)
    assert 5 < sizes(b)[own_log(a).id] < own_log(a).size
    restore_hub(federation, old)
    report = federation.sync(b)
    assert report.outcome is Outcome.SELESAI, report.detail


def restore_hub(federation: Federation, database: bytes) -> None:
    """Put an old copy of the hub's database back; its keys stay."""
    hub = federation.hub
    hub.close()
    hub.folder.database.write_bytes(database)
    federation.hub = open_hub(hub.folder.path, clock=federation.clock, random=hub.random)
    federation.app = make_sync_app(federation.hub)


# States ---------------------------------------------------------------------------------------------------


def test_a_session_takes_the_steps_of_the_table_and_no_others(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[tuple[str, str]] = []

    def note(state: State, event: Event) -> State:
        taken.append((state.value, event.value))
        return advance(state, event)

    monkeypatch.setattr("node.sinkron.session.advance", note)
    node = federation.add_node("a")
    create(node, nama="SITI")
    federation.sync(node)
    whole = [("greeting", "known"), ("settling", "agreed"), ("pushing", "all sent"), ("pulling", "all here"),
             ("attaching", "done")]
    assert taken == whole
    taken.clear()
    create(node, nama="BUDI")
    transport = federation.transport(node)
    transport.after = answer_once("push", lose)
    federation.sync(node, transport)
    assert taken == [*whole[:2], ("pushing", "no answer"), *whole]
    taken.clear()
    transport.before = refuse_all
    federation.sync(node, transport)
    assert taken == [("greeting", "no answer"), ("greeting", "gave up")]
