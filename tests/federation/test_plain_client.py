"""A computer that was written from sync_protocol.md alone, among those of this project: the document is enough."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask.testing import FlaskClient

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from vectors.plain import (  # noqa: E402
    Code,
    Plain,
    PlainLog,
    Said,
    canonical,
    check_answer,
    check_receipt,
    chunk,
    digest,
    file_note,
    key_of,
    leaf_of,
    root_of,
)

from hub.simpul.enrol import confirm_candidate, open_slot  # noqa: E402
from hub.usb.folder import take_path  # noqa: E402
from shared.store.outbox import Outbox  # noqa: E402
from tests.support.federation import ADDRESS, DESA, HUB, Federation  # noqa: E402
from tests.support.office import create, live, own_log, update, value  # noqa: E402

WORDS = (ROOT / "shared" / "changelog" / "words.txt").read_text(encoding="utf-8").split()
PHOTO = b"\xff\xd8\xff" + bytes(range(256)) * 20


def connect(federation: Federation) -> Plain:
    client: FlaskClient = federation.app.test_client()

    def post(path: str, body: bytes, headers: Mapping[str, str]) -> Said:
        answer = client.post(path, data=body, headers=dict(headers), base_url=ADDRESS)
        return Said(answer.status_code, dict(answer.headers), answer.data)

    return Plain(DESA, post)


def admit(federation: Federation, one: Plain) -> str:
    """Enrol it, with six words that it has reckoned itself; give the hub's key."""
    code, nonce = Code.read(open_slot(federation.hub, DESA, ADDRESS, "uji").format()), one.nonce()
    assert code.address == ADDRESS
    said = one.ask("enrol", canonical(one.enrolment(code, nonce)), nonce)
    hub_key = key_of(said)
    check_answer(said, hub_key, nonce)
    assert said.status == 200 and digest(bytes.fromhex(hub_key))[:16] == code.fingerprint
    confirm_candidate(federation.hub, said.message["simpul"], " ".join(one.words(code, hub_key, WORDS)), "")
    return hub_key


def read_runs(one: Plain, data: bytes) -> dict[str, list[list[object]]]:
    """Open the runs of an answer, each from the beginning of its log, and hold them to their checkpoints."""
    found = {}
    while data:
        line, _, rest = data.partition(b"\n")
        header = json.loads(line.removeprefix(b"sipande-run/1 "))
        lines = one.open_run(line, rest[: header["length"]])
        data = rest[header["length"] :]
        plain, count = lines, header["end"] - header["start"]
        assert (header["start"], header["erased"], len(plain)) == (0, 0, 2 * count)
        found[header["log"]] = [json.loads(text) for text in plain[::2]]
    return found


def check_log(one: Plain, data: bytes, id: str, kunci: str) -> None:
    """Hold one log of an answer to its author's checkpoint: salts, leaves, root and signature."""
    while data:
        line, _, rest = data.partition(b"\n")
        header = json.loads(line.removeprefix(b"sipande-run/1 "))
        sealed, data = rest[: header["length"]], rest[header["length"] :]
        if header["log"] != id:
            continue
        salts, lines = one.open_salts(line, sealed), one.open_run(line, sealed)
        bodies = [salts[16 * at : 16 * at + 16] + lines[2 * at + 1] for at in range(header["end"])]
        root = root_of([leaf_of(lines[2 * at], body) for at, body in enumerate(bodies)])
        text, _, line_signed = header["checkpoint"].partition("\n\n")
        origin, size, said = text.split("\n")
        assert (int(size), base64.b64decode(said)) == (header["end"], root)
        signed = base64.b64decode(line_signed.split(" ")[2])
        assert signed[:4] == sha256(origin.encode() + b"\n\x01" + bytes.fromhex(kunci)).digest()[:4]
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(kunci)).verify(signed[4:], f"{text}\n".encode())
        return
    raise AssertionError("the log is not there")


def test_a_computer_written_from_the_document_alone_holds_a_session(federation: Federation) -> None:
    ours = federation.add_node("a")
    mine = create(ours, nama="BUDI")
    federation.sync(ours)
    one = connect(federation)
    hub_key = admit(federation, one)
    log = PlainLog(one)
    person = log.new_record()
    first = log.add("penduduk", person, "c", {"nama": "SITI AMINAH", "jenis_kelamin": 2})
    log.add("penduduk", person, "u", {"foto": digest(PHOTO).hex()}, ["foto"], [first])

    nonce = one.nonce()
    said = one.say("hello", {"logs": [log.head()]}, nonce)
    check_answer(said, hub_key, nonce)
    hello = said.message
    assert hello["echo"] == nonce and len(hello["logs"]) == 3

    pushed = one.ask("push", log.run(hello["segel"]), hello["nonce"]).message
    (receipt,) = pushed["receipts"]
    assert check_receipt(receipt, hub_key, HUB) == (log.origin, 3, root_of(log.leaves))
    assert one.ask("push", log.run(hello["segel"]), hello["nonce"]).message["receipts"] == [receipt]

    wanted = [{"id": head["id"], "size": 0} for head in hello["logs"]]
    pulled = one.ask("pull", canonical({"logs": wanted, "bytes_max": 65536}), hello["nonce"])
    found = read_runs(one, pulled.body)
    assert found.keys() == {head["id"] for head in hello["logs"]}
    assert [header[5] for header in found[own_log(ours).id] if header[3] == "penduduk"] == [mine]
    check_log(one, pulled.body, own_log(ours).id, ours.keys.signing.public.hex())

    asked = one.ask("blob/have", canonical({"hashes": []}), hello["nonce"]).message
    assert asked["wanted"] == [{"hash": digest(PHOTO).hex(), "offset": 0}]
    put = one.ask("blob/put", chunk(PHOTO, hello["segel"], one.random(32)), hello["nonce"])
    assert put.message["offset"] == len(PHOTO)

    federation.sync(ours)
    assert live(ours, person, "nama") == live(federation.hub, person, "nama") == "SITI AMINAH"
    assert live(ours, person, "foto") == digest(PHOTO).hex()
    update(ours, person, nama="SITI AMINAH BINTI ABAS")
    federation.sync(ours)
    assert live(federation.hub, person, "nama") == "SITI AMINAH BINTI ABAS"


def test_a_file_written_from_the_document_alone_is_taken_under_any_name(federation: Federation) -> None:
    one = connect(federation)
    hub_key = admit(federation, one)
    log = PlainLog(one)
    person = log.new_record()
    log.add("penduduk", person, "c", {"nama": "SITI AMINAH", "foto": digest(PHOTO).hex()})
    segel = one.say("hello", {"logs": []}).message["segel"]
    message = {
        "version": 1, "nonce": one.nonce(), "sender": one.public, "receiver": hub_key, "wilayah": DESA, "number": 1,
        "logs": [log.head()], "reaches": [{"id": log.id, "size": 2}], "lacks": [],
    }
    stick = federation.folder / "stik"
    stick.mkdir()
    (stick / "x.sipande").write_bytes(
        file_note("sipande-bundle-up/1", message, f"sipande/{DESA}/simpul", one.key) + log.run(segel)
        + chunk(PHOTO, segel, one.random(32), is_in_file=True)
    )
    (outcome,) = take_path(federation.hub, stick, Outbox(federation.hub.folder))
    assert outcome.taken is not None and (outcome.taken.changes, outcome.taken.pictures) == (2, 1)
    assert value(federation.hub, "SELECT nama FROM penduduk WHERE id = ?", person) == "SITI AMINAH"
    assert outcome.answer is not None
    title, said = outcome.answer.read_bytes().split(b"\n", 2)[:2]
    told = json.loads(said)
    assert (title, told["echo"], told["receiver"]) == (b"sipande-bundle-down/1", message["nonce"], one.public)
    assert [check_receipt(text, hub_key, HUB)[:2] for text in told["receipts"]] == [(log.origin, 2)]
