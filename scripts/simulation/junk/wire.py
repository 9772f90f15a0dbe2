"""Doors of the protocol: the hub's endpoints, a node's session with a hub that lies, and sticks both ways."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256

from hub.usb.receive import take_file
from node.commands import finish_session
from node.sinkron.handover import InlineExecutor, build_next
from node.sinkron.receive import receive_run
from node.sinkron.session import Outcome, Session
from node.sinkron.transport import Answer
from node.usb.enrol import write_request
from node.usb.receive import Answered, read_file
from node.usb.send import write_bundle
from shared.changelog.checkpoint import Signer, sign_note
from shared.changelog.keys import name_seal_key, seal
from shared.changelog.run import MAGIC, RunHeader, deflate, encode_run, pack_payload, split_runs
from shared.errors import ProtocolError
from shared.merge.scope import Role
from shared.store.changes import list_logs, read_changes
from shared.store.runs import sign_size, write_head
from shared.sync import messages, signature
from shared.sync.bundle import Title, name_signer, read_letter
from shared.sync.chunk import ChunkHeader, encode_chunk
from shared.sync.codes import CODES
from simulation.claims import require
from simulation.junk.mutate import Form
from simulation.junk.stage import ECHO, Stage, write_lines
from simulation.junk.target import TAKEN, Target
from tests.support.federation import ADDRESS, DESA
from tests.support.histories import NOW_S
from tests.support.office import own_log

DESA_KINDS = ("penduduk", "keluarga", "penerima_bantuan", "kasus", "dusun", "desa", "petugas")
HUB_KINDS = ("kasus", "tautan", "adopsi", "penghapusan", "cabang", "program_bantuan", "simpul", "kunci_hub", "penduduk")


def make_wire_targets(stage: Stage) -> Iterator[Target]:
    """Give every door of the protocol with good inputs, recorded from conversations that went well."""
    yield from _hub_messages(stage)
    yield from _hub_runs(stage)
    yield from _node_answers(stage)
    yield from _sticks(stage)


def judge_answer(answer: Answer) -> str:
    """Tell what the hub said; Broken for a 5xx or a refusal that is not of the table."""
    require(answer.status < 500 or answer.status == 507, f"status {answer.status}: {answer.body[:200]!r}")
    if answer.status == 200:
        return TAKEN
    try:
        code = str(messages.decode(messages.Refusal, answer.body)["code"])
    except ProtocolError:
        code = ""
    require(code in CODES and CODES[code].status == answer.status, f"refusal {answer.status} {answer.body[:200]!r}")
    return code


# The hub ---------------------------------------------------------------------------------------------------


def _hub_messages(stage: Stage) -> Iterator[Target]:
    recorded = _record(stage)
    for path, bodies in sorted(recorded.items()):
        if path in ("/sync/v1/push", "/sync/v1/blob/put"):
            continue
        yield Target(f"hub{path[8:]}", Form.JSON, tuple(bodies), partial(_post, stage, path))
    yield Target("hub/tanda", Form.LINES, (_write_headers(stage),), lambda data: _feed_headers(stage, data), 2)


def _post(stage: Stage, path: str, data: bytes) -> str:
    return judge_answer(stage.post(path, data))


def _record(stage: Stage) -> dict[str, list[bytes]]:
    """Record what a node says in good sessions, and write down what it seldom says."""
    recorded: dict[str, list[bytes]] = {}
    with stage.node.database.read() as conn:
        logs = [write_head(log.id, log.size, log.tree) for log in list_logs(conn)]
    sizes = [{"id": log["id"], "size": 0} for log in logs]
    nonce, key = stage.nonce, "ab" * 32
    said: dict[str, dict[str, object]] = {
        "hello": {
            "version": 1, "nonce": nonce, "logs": logs, "time": NOW_S, "parity_at": "0" * 20,
            "parity": {"penduduk": [6, "0" * 20]}, "branches": [{**log, "size": 1} for log in logs],
        },
        "pull": {"logs": sizes, "bytes_max": 65536, "codec": "zlib"},
        "parity": {"kind": "penduduk", "low": "", "high": "f"},
        "compare": {"id": logs[0]["id"], "heads": [{"size": 1, "root": logs[0]["root"]}]},
        "rotate": {"version": 1, "nonce": nonce, "kunci": key, "segel": key, "bukti": "cd" * 64},
        "enrol": {
            "version": 1, "slot": stage.code.slot_id, "wilayah": DESA, "kunci": stage.node.keys.signing.public.hex(),
            "segel": key, "nama": "PC", "nonce": nonce, "bukti": key,
        },
        "blob/have": {"hashes": [stage.digest, key]},
        "blob/get": {"hash": stage.digest, "offset": 0, "bytes_max": 4096},
    }
    for name, message in said.items():
        recorded[f"/sync/v1/{name}"] = [messages.encode(message)]
    return recorded


def _write_headers(stage: Stage) -> bytes:
    key = stage.node.keys.signing
    message = signature.RequestMessage("POST", f"{ADDRESS}/sync/v1/hello")
    signature.sign(message, b"{}", key.seed(), key.public.hex(), stage.nonce, NOW_S)
    return "\n".join(f"{name}: {value}" for name, value in message.headers.items()).encode()


def _feed_headers(stage: Stage, data: bytes) -> str:
    headers = {}
    for line in data.decode("latin-1").split("\n"):
        name, colon, value = line.partition(":")
        if colon and name.strip().replace("-", "").isalnum() and name.isascii():
            headers[name.strip()] = "".join(letter for letter in value.strip() if letter >= " ")
    return judge_answer(stage.post("/sync/v1/hello", b"{}", headers))


def _hub_runs(stage: Stage) -> Iterator[Target]:
    """Runs and attachments: spoilt as they stand, spoilt before they are packed, and logs with spoilt content."""
    run, payload = _good_run(stage), _good_payload(stage)
    chunk = _seal_chunk(stage, stage.photo[:4000])
    push = "/sync/v1/push"
    yield Target("hub/run", Form.HEADED, (run, run + run), lambda data: judge_answer(stage.post(push, data)), 2)
    yield Target(
        "hub/isi", Form.PACKED, (deflate(payload, "zlib", 16), deflate(payload, "bz2", 16)),
        lambda data: judge_answer(stage.post(push, _seal_packed(stage, data))), 2,
    )
    yield Target(
        "hub/catatan", Form.CHANGES, (write_lines(stage, Role.DESA, DESA_KINDS), write_lines(stage, Role.DESA, ())),
        lambda data: judge_answer(stage.post(push, stage.author_run(data, Role.DESA))), 5,
    )
    yield Target(
        "hub/blob/put", Form.HEADED, (chunk,), lambda data: judge_answer(stage.post("/sync/v1/blob/put", data))
    )


def _good_run(stage: Stage) -> bytes:
    log, hub = own_log(stage.node), stage.hub_as_known()
    return build_next(stage.node, log, 0, log.size, "zlib", bytes.fromhex(hub.segel))[0]


def _good_payload(stage: Stage) -> bytes:
    with stage.node.database.read() as conn:
        return pack_payload(read_changes(conn, own_log(stage.node), 0, 1))


def _seal_packed(stage: Stage, packed: bytes) -> bytes:
    """Seal packed bytes as the first change of the node's own log, with everything outside of them right."""
    log, receiver = own_log(stage.node), bytes.fromhex(stage.hub_as_known().segel)
    with stage.node.database.read() as conn:
        note = sign_size(conn, log, 1, stage.node.signer(log))
    codec = "bz2" if packed[16:19] == b"BZh" else "zlib"
    header = RunHeader(log.id, 0, 1, 0, codec, name_seal_key(receiver).hex(), note, ())
    return encode_run(header, packed, lambda plain, info: seal(receiver, plain, info))


def _seal_chunk(stage: Stage, piece: bytes) -> bytes:
    receiver = bytes.fromhex(stage.hub_as_known().segel)
    header = ChunkHeader(stage.digest, 0, len(stage.photo), name_seal_key(receiver).hex())
    return encode_chunk(header, piece, lambda plain, info: seal(receiver, plain, info))


# The node --------------------------------------------------------------------------------------------------


def _node_answers(stage: Stage) -> Iterator[Target]:
    answers = _record_answers(stage)
    for path, body in sorted(answers.items()):
        form = Form.HEADED if body.startswith(MAGIC.strip()) else Form.JSON
        yield Target(f"node{path[8:]}", form, (body,), partial(_talk, stage, path))
    refusal = b'{"code":"gap","detail":"","log":"' + b"0" * 32 + b'","size":3,"run":0,"receipts":[]}'
    yield Target("node/tolak", Form.JSON, (refusal,), lambda data: _talk(stage, "/sync/v1/hello", data, 409))
    yield Target(
        "node/catatan", Form.CHANGES,
        tuple(write_lines(stage, Role.SALURAN, (kind,)) for kind in HUB_KINDS)
        + tuple(write_lines(stage, Role.UMUM, (kind,)) for kind in HUB_KINDS[1:]),
        lambda data: _receive(stage, data), 5,
    )


def _record_answers(stage: Stage) -> dict[str, bytes]:
    """Record what the hub answers a node that wrote something and lacks something."""
    found: dict[str, bytes] = {}

    def note(path: str, answer: Answer) -> Answer:
        body = answer.body
        if path == "/sync/v1/hello" and answer.signed is not None:
            body = body.replace(answer.signed.nonce.encode(), ECHO)
        found[path] = body
        return answer

    stage.give_both_something_to_say()
    transport = stage.federation.transport(stage.node)
    transport.after = note
    Session(stage.node, transport, InlineExecutor()).run()
    found["/sync/v1/blob/have"] = messages.encode(
        {
            "blobs": [{"hash": stage.digest, "size": 5000}], "wanted": [{"hash": stage.digest, "offset": 0}],
            "more": False,
        }
    )
    return found


def _talk(stage: Stage, path: str, body: bytes, status: int = 200) -> str:
    """Let the node greet a lying hub; it must end, and with a word that its page knows."""
    report = stage.talk(path, body, status, only_first=bool(sha256(body).digest()[0] & 1))
    require(bool(report.sentence()), "a session without a sentence")
    require(report.outcome is not Outcome.DITOLAK or report.code in CODES, f"refused with {report.code!r}")
    if report.outcome is Outcome.SELESAI:
        finish_session(stage.node, report)
    return f"{report.outcome} {report.code}"


def _receive(stage: Stage, data: bytes) -> str:
    """Hand the node a run of a channel that the hub's own key has signed."""
    role = Role.UMUM if b'"umum"' in data else Role.SALURAN
    run = stage.author_run(data, role)
    header, sealed = split_runs(run)[0]
    receive_run(stage.node, stage.hub_as_known(), header, sealed, {})
    return TAKEN


# Sticks ----------------------------------------------------------------------------------------------------


def _sticks(stage: Stage) -> Iterator[Target]:
    folder = stage.folder / "stik"
    folder.mkdir()
    up = write_bundle(stage.node, folder).path.read_bytes()
    ask = write_request(stage.node, stage.code, folder).read_bytes()
    down = b"".join(take_file(stage.federation.hub, io.BytesIO(up)).answer())
    enrolled = b"".join(take_file(stage.federation.hub, io.BytesIO(ask)).answer())
    read_file(stage.node, io.BytesIO(down))

    def take(data: bytes) -> str:
        taken = take_file(stage.federation.hub, io.BytesIO(data))
        require(all(taken.sentences()), "a file without a sentence")
        for _ in taken.answer():
            pass
        return " ".join(taken.codes) or TAKEN

    def read(data: bytes) -> str:
        done = read_file(stage.node, io.BytesIO(data))
        require(bool(done.sentence()), "a file without a sentence")
        return " ".join(done.codes) or TAKEN if isinstance(done, Answered) else TAKEN

    node, hub = stage.node.keys.signing, stage.federation.hub.keys.signing
    for name, feed, files, key in (("hub/stik", take, (up, ask), node), ("node/stik", read, (down, enrolled), hub)):
        yield Target(name, Form.BYTES, files, feed)
        for content in files:
            letter, end = read_letter(content)
            text = content.split(b"\n", 2)[1]

            def sign(data: bytes, title: Title = letter.title, runs: bytes = content[end:],
                     feed: Callable[[bytes], str] = feed, signer: Signer = Signer(
                         name_signer(letter.title, letter.message["wilayah"]), key)) -> str:
                line = data.replace(b"\n", b" ")
                return feed(sign_note(f"{title.value}\n".encode() + line + b"\n", signer) + runs)

            yield Target(f"{name}/{letter.title.name.lower()}", Form.JSON, (text,), sign, 2)
