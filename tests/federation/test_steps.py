"""Steps of section 8 that no story meets by itself, each told by what the sender is answered."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from node.sinkron.receive import receive_run
from node.sinkron.transport import Answer
from shared.changelog.checkpoint import Signer
from shared.changelog.genesis import Genesis
from shared.changelog.keys import SealKey, SigningKey
from shared.changelog.run import split_runs
from shared.changelog.tree import leaf_hash
from shared.errors import ProtocolError
from shared.merge.scope import Role
from shared.store.changes import add_log, append, list_logs
from shared.store.runs import build_run, sign_size
from shared.sync import messages
from shared.sync.enrolment import rotation_text
from shared.sync.limits import limit
from tests.support.federation import DESA, HUB, Federation, WsgiTransport, seeded
from tests.support.office import Talk, create, own_log, refusal, rows, value

OTHER_DESA = "33.03.04.2001"


@pytest.mark.parametrize("path", ["hello", "pull", "parity", "compare", "rotate", "blob/have", "blob/get"])
def test_step_0_6_a_body_that_does_not_decode_is_malformed(federation: Federation, path: str) -> None:
    talk = Talk(federation, federation.add_node("a"))
    for body in (b"<html>", b'{"version":1}' if path != "blob/have" else b'{"hashes":3}'):
        answer = talk.transport.post(f"/sync/v1/{path}", body, talk.session.nonce)
        assert (answer.status, refusal(answer)["code"]) == (400, "malformed")


NONCE = "A" * 22
HELLO = {"version": 1, "nonce": NONCE, "logs": []}
ENROL = {"version": 1, "nonce": NONCE, "slot": "0011223344", "wilayah": DESA, "kunci": "ab" * 32, "segel": "cd" * 32,
         "nama": "PC", "bukti": "ef" * 32}
ROTATE = {"version": 1, "nonce": NONCE, "kunci": "ab" * 32, "segel": "cd" * 32, "bukti": "ef" * 64}


@pytest.mark.parametrize(("path", "message"), [("hello", HELLO), ("enrol", ENROL), ("rotate", ROTATE)])
def test_a_message_under_another_nonce_than_its_signature_is_malformed(
    federation: Federation, path: str, message: dict[str, Any]
) -> None:
    transport = federation.transport(federation.add_node("a"))
    assert refusal(transport.post(f"/sync/v1/{path}", messages.encode(message), "B" * 22))["code"] == "malformed"
    own = transport.post(f"/sync/v1/{path}", messages.encode(message), NONCE)
    assert own.status == 200 or refusal(own)["code"] == "bad_signature"  # of keys that ask for nobody here


def test_more_kinds_than_anybody_knows_are_no_reason_to_refuse_a_hello(federation: Federation) -> None:
    node = federation.add_node("a")
    federation.sync(node)
    claims = {f"jenis_{at}": [1, "ab" * 10, "cdef01"] for at in range(3000)}
    message = {**HELLO, "parity_at": "0" * 20, "parity": claims}
    assert federation.transport(node).post("/sync/v1/hello", messages.encode(message), NONCE).status == 200


@pytest.mark.parametrize(("hashes", "status"), [(limit("blob_have_max"), 200), (limit("blob_have_max") + 1, 400)])
def test_a_question_about_attachments_has_one_limit(federation: Federation, hashes: int, status: int) -> None:
    talk = Talk(federation, federation.add_node("a"))
    body = messages.encode({"hashes": [f"{at:064x}" for at in range(hashes)]})
    assert talk.transport.post("/sync/v1/blob/have", body, talk.session.nonce).status == status


@pytest.mark.parametrize(
    "change", [lambda run: run[:-1], lambda run: b"x" + run, lambda run: run + b"x", lambda run: b"{}"]
)
def test_step_2_1_a_push_that_is_no_whole_runs_is_malformed(federation: Federation, change: Any) -> None:
    node = federation.add_node("a")
    create(node, nama="SITI")
    talk = Talk(federation, node)
    answer = talk.push(change(talk.run(0)))
    assert (answer.status, refusal(answer)["code"]) == (400, "malformed")
    assert rows(federation.hub, "SELECT id FROM log WHERE peran = 'desa'") == []


def _push_strange_log(federation: Federation, genesis: Genesis, key: SigningKey, named: str = "") -> Answer:
    """Push a log of one change that a program of ours would not write."""
    node = federation.add_node("a")
    talk = Talk(federation, node)
    header, sealed = genesis.seal(bytes(16), 1)
    with node.database.write() as conn:
        log = add_log(conn, id=named or genesis.id, origin=genesis.origin, wilayah=genesis.wilayah,
                      peran=genesis.peran, kunci=genesis.kunci, own=False)
        log = append(conn, log, [sealed], [header], [leaf_hash(sealed.header, sealed.body_digest)], None)
        note = sign_size(conn, log, 1, Signer(log.origin, key))
        run = build_run(conn, log, 0, 1, note=note, note_size=1, codec="zlib", receiver=talk.receiver)
    return talk.push(run)


@pytest.mark.parametrize(("wilayah", "peran", "code"), [
    (DESA, Role.DESA, "unknown_key"), (OTHER_DESA, Role.DESA, "unknown_key"), (HUB, Role.UMUM, "unknown_key"),
    (DESA, Role.SALURAN, "unknown_key"),
])
def test_step_2_7_a_log_under_a_key_that_is_not_enrolled_for_it_is_refused(
    federation: Federation, wilayah: str, peran: Role, code: str
) -> None:
    key = SigningKey(b"\x09" * 32)
    answer = _push_strange_log(federation, Genesis("ab" * 16, wilayah, peran, key.public), key)
    assert (answer.status, refusal(answer)["code"]) == (401, code)
    assert value(federation.hub, "SELECT count(*) FROM log WHERE id = ?", "ab" * 16) == 0


def _give(federation: Federation, genesis: Genesis, key: SigningKey) -> str:
    """Give a node a run of a log as if the hub had answered it; return the code of the refusal."""
    node = federation.add_node("a")
    hub = node.hub()
    assert hub is not None and node.keys.seal is not None
    other = build_strange_run(federation, genesis, key, node.keys.seal)
    ((header, sealed),) = split_runs(other)
    before = rows(node, "SELECT * FROM log")
    try:
        receive_run(node, hub, header, sealed)
    except ProtocolError as error:
        assert rows(node, "SELECT * FROM log") == before
        return error.code
    return ""


def build_strange_run(federation: Federation, genesis: Genesis, key: SigningKey, receiver: SealKey) -> bytes:
    """Build the run of a log of one change, sealed to a node."""
    side = federation.hub
    header, sealed = genesis.seal(bytes(16), 1)
    with side.database.write() as conn:
        log = add_log(conn, id=genesis.id, origin=genesis.origin, wilayah=genesis.wilayah, peran=genesis.peran,
                      kunci=genesis.kunci, own=False)
        log = append(conn, log, [sealed], [header], [leaf_hash(sealed.header, sealed.body_digest)], None)
        note = sign_size(conn, log, 1, Signer(log.origin, key))
        return build_run(conn, log, 0, 1, note=note, note_size=1, codec="zlib", receiver=receiver.public)


@pytest.mark.parametrize(("step", "wilayah", "peran"), [
    ("3.1", HUB, Role.UMUM), ("3.2", DESA, Role.SALURAN), ("3.3", DESA, Role.DESA), ("3.3", OTHER_DESA, Role.DESA),
])
def test_steps_3_1_to_3_3_a_node_takes_no_log_under_a_key_that_it_cannot_trust(
    federation: Federation, step: str, wilayah: str, peran: Role
) -> None:
    key = SigningKey(b"\x09" * 32)
    assert _give(federation, Genesis("cd" * 16, wilayah, peran, key.public), key) == "unknown_key", step


def test_steps_3_1_and_3_2_the_hubs_own_key_speaks_for_its_kecamatan_and_this_desa_only(
    federation: Federation
) -> None:
    key = federation.hub.keys.signing
    assert _give(federation, Genesis("ce" * 16, OTHER_DESA, Role.SALURAN, key.public), key) == "unknown_key"


@pytest.mark.parametrize(("step", "spoil", "code"), [
    ("R2", "stranger", "unknown_key"), ("R3", "revoked", "key_revoked"), ("R4", "proof", "bad_signature"),
])
def test_steps_r2_to_r4_who_may_not_follow_is_told_why(
    federation: Federation, step: str, spoil: str, code: str
) -> None:
    node = federation.add_node("a")
    old, new = node.keys.signing, SigningKey(b"\x0a" * 32)
    if spoil == "stranger":
        old = SigningKey(b"\x0b" * 32)
    if spoil == "revoked":
        with federation.hub.database.write() as conn:
            conn.execute("UPDATE simpul SET status = 'dicabut' WHERE kunci = ?", (old.public.hex(),))
    segel = SealKey(b"\x0c" * 32).public.hex()
    text = rotation_text(DESA, old.public.hex(), new.public.hex(), segel)
    proof = (old if spoil == "proof" else new).sign(text).hex()
    nonce = base64.urlsafe_b64encode(seeded(1)(16)).decode().rstrip("=")
    body = messages.encode({"version": 1, "nonce": nonce, "kunci": new.public.hex(), "segel": segel, "bukti": proof})
    transport = WsgiTransport(federation.app, old.seed(), old.public.hex(), federation.clock)
    answer = transport.post("/sync/v1/rotate", body, nonce)
    assert refusal(answer)["code"] == code, step
    assert value(federation.hub, "SELECT count(*) FROM simpul WHERE kunci = ?", new.public.hex()) == 0


def test_step_5_1_admission_is_asked_under_the_key_that_is_to_be_admitted(federation: Federation) -> None:
    node = federation.add_node("a")
    body = messages.encode({
        "version": 1, "slot": "0011223344", "wilayah": DESA, "kunci": "ab" * 32, "segel": "cd" * 32, "nama": "PC",
        "nonce": "A" * 22, "bukti": "ef" * 32,
    })
    answer = federation.transport(node).post("/sync/v1/enrol", body, "A" * 22)
    assert (answer.status, refusal(answer)["code"]) == (401, "bad_signature")


def test_step_2_11_a_checkpoint_smaller_than_its_run_is_bad_proof(federation: Federation) -> None:
    node = federation.add_node("a")
    create(node, nama="SITI")
    talk, log = Talk(federation, node), own_log(node)
    with node.database.read() as conn:
        log = next(one for one in list_logs(conn) if one.id == log.id)
        note = sign_size(conn, log, log.size - 1, node.signer(log))
        run = build_run(conn, log, 0, log.size, note=note, note_size=log.size, codec="zlib", receiver=talk.receiver)
    answer = talk.push(run)
    assert (answer.status, refusal(answer)["code"]) == (422, "bad_proof")
    assert log.id not in {id for (id,) in rows(federation.hub, "SELECT id FROM log")}
