"""The stage on which junk is fed: a hub and two nodes of one desa that really know each other, all in a folder.

What wraps junk in layers that verify stands here too: requests signed anew, runs sealed anew, notes signed anew.
The keys are those of an enrolled node, or of the hub itself: of whoever has broken in there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from flask.testing import FlaskClient

from hub.change import write_common
from hub.simpul.enrol import open_slot
from node.services import KnownHub, NodeServices
from node.sinkron.handover import InlineExecutor
from node.sinkron.session import Report, Session
from node.sinkron.transport import Answer
from shared.changelog.change import SALT_BYTES, Sealed
from shared.changelog.checkpoint import Checkpoint, Signer, sign_checkpoint
from shared.changelog.genesis import Genesis
from shared.changelog.keys import SigningKey
from shared.changelog.tree import CompactRange, leaf_hash
from shared.merge.scope import Role
from shared.records.catalogue import CATALOGUE
from shared.store.blobs import store_of
from shared.store.changes import Log
from shared.store.drafts import draft_create, draft_delete, draft_update
from shared.store.entries import Entry
from shared.store.runs import pack_run
from shared.sync import signature
from shared.sync.enrolment import EnrolmentCode
from tests.support.federation import ADDRESS, DESA, Federation, WsgiTransport
from tests.support.histories import NOW_S, RECORD, Buku, History, Written, group_values, sample_values
from tests.support.office import create, update

PLACE = "abad1dea" * 4
"""Stands in good inputs where the id of a log goes; every input is fed as a log of its own."""
ECHO = b"@ECHO@"
"""Stands in good answers where the nonce of the request goes."""
SALT = bytes(range(SALT_BYTES))


@dataclass
class Stage:
    """A small federation, opened for one stretch of junk."""

    folder: Path
    federation: Federation = field(init=False)
    client: FlaskClient = field(init=False)
    node: NodeServices = field(init=False)
    sibling: NodeServices = field(init=False)
    code: EnrolmentCode = field(init=False)
    nonce: str = ""
    photo: bytes = b""
    digest: str = ""
    at_end: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.federation = Federation(self.folder, seed=1)
        self.node, self.sibling = self.federation.add_node("a"), self.federation.add_node("b")
        ids = [create(self.node, nama="SITI", nik="3303990101900001", telepon=str(at)) for at in range(6)]
        self.photo = b"\xff\xd8\xff" + bytes(5000)
        self.digest = store_of(self.node).add(DESA, self.photo)
        update(self.node, ids[1], foto=self.digest)
        self.federation.sync_all()
        update(self.sibling, ids[0], telepon="081")
        update(self.node, ids[0], telepon="082")
        self.federation.sync_all()
        self.client = self.federation.app.test_client()
        self.code = open_slot(self.federation.hub, DESA, ADDRESS, "uji")
        self.greet()

    def greet(self) -> None:
        """Say hello to the hub, so that a session is open and its purse is full again."""
        self.federation.app.extensions.pop("sync_quota", None)
        transport = self.federation.transport(self.node)
        session = Session(self.node, transport, InlineExecutor())
        session._hello(self.hub_as_known())
        self.nonce = session.nonce

    def hub_as_known(self) -> KnownHub:
        hub = self.node.hub()
        assert hub is not None
        return hub

    def close(self) -> None:
        self.federation.close()
        for end in self.at_end:
            end()

    # To the hub ------------------------------------------------------------------------------------------

    def post(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> Answer:
        """Hand a body to the hub, signed by the node unless other headers are given; greet it where it forgot us."""
        answer = self._post(path, body, headers)
        if headers is None and b'"session_expired"' in answer.body:
            self.greet()
            answer = self._post(path, body, headers)
        return answer

    def _post(self, path: str, body: bytes, headers: dict[str, str] | None) -> Answer:
        key = self.node.keys.signing
        if headers is None:
            message = signature.RequestMessage("POST", ADDRESS + path)
            headers = signature.sign(message, body, key.seed(), key.public.hex(), self.nonce, NOW_S)
        self.federation.app.extensions.pop("sync_quota", None)
        response = self.client.post(path, data=body, headers=headers, base_url=ADDRESS)
        return Answer(response.status_code, response.data, None)

    # To the node -----------------------------------------------------------------------------------------

    def talk(self, path: str, body: bytes, status: int = 200, only_first: bool = False) -> Report:
        """Let the node run a session with a hub that answers one path with this body, signed by it."""
        told: list[str] = []
        self.give_both_something_to_say()

        def lie(asked: str, answer: Answer) -> Answer:
            if asked != path or (only_first and told):
                return answer
            told.append(asked)
            nonce = answer.signed.nonce if answer.signed else ""
            return Answer(status, body.replace(ECHO, nonce.encode()), answer.signed)

        self.federation.app.extensions.pop("sync_quota", None)
        transport: WsgiTransport = self.federation.transport(self.node)
        transport.after = lie
        return Session(self.node, transport, InlineExecutor()).run()

    def give_both_something_to_say(self) -> None:
        """Let the node write what the hub lacks, and the hub what the node lacks."""
        create(self.node, nama="AGUS")
        hub = self.federation.hub
        draft = draft_create(hub.catalogue["program_bantuan"], hub.new_id(), {"nama": "BLT"})
        write_common(hub, [draft], author="")

    # Logs of whoever has a key ------------------------------------------------------------------------------

    def author_run(self, lines: bytes, role: Role) -> bytes:
        """Seal a run of a whole log with these lines (headers and bodies in turn), rightly signed.

        As a node of the desa (role ``desa``) it is for the hub, as the hub for the node.
        """
        by_node = role is Role.DESA
        key = (self.node if by_node else self.federation.hub).keys.signing
        wilayah = DESA if role is not Role.UMUM else self.federation.hub.wilayah
        lines = name_log(lines)
        parts = lines.split(b"\n")
        parts += [b"{}"] * (len(parts) % 2)
        changes = [
            Sealed(header, None, _digest_of(body)) if body[:1] == b"#"
            else Sealed(header, SALT + body, sha256(SALT + body).digest())
            for header, body in zip(parts[::2], parts[1::2], strict=True)
        ]
        log = make_log(id_of(lines), wilayah, role, key)
        tree = CompactRange()
        tree.extend(leaf_hash(change.header, change.body_digest) for change in changes)
        note = sign_checkpoint(Checkpoint(log.origin, tree.size, tree.root()), Signer(log.origin, key))
        receiver = (self.federation.hub if by_node else self.node).keys.seal
        assert receiver is not None
        return pack_run(changes, log, 0, note=note, proof=(), codec="zlib", receiver=receiver.public)


def make_log(id: str, wilayah: str, role: Role, key: SigningKey) -> Log:
    """Give a log as its author has it."""
    return Buku(1, id, wilayah, role, key.public).log()


def _digest_of(body: bytes) -> bytes:
    try:
        digest = bytes.fromhex(body[1:].decode())
    except ValueError:
        digest = b""
    return digest if len(digest) == 32 else bytes(32)


def name_log(lines: bytes) -> bytes:
    """Put an id of its own where the place of a log id is; a quarter of them share few ids, which makes forks."""
    digest = sha256(lines).digest()
    id = (sha256(digest[:1]).hexdigest() if digest[1] < 64 else digest.hex())[:32]
    return lines.replace(PLACE.encode(), id.encode()).replace(_dashed(PLACE).encode(), _dashed(id).encode())


def id_of(lines: bytes) -> str:
    """Find the id of the log that lines were named as; the place itself where no name stands."""
    first = lines.split(b"\n", 1)[0].split(b'"')
    id = first[1].decode("ascii", "replace") if len(first) > 1 else ""
    return id if len(id) == 32 and id.isascii() and id.isalnum() else PLACE


def _dashed(id: str) -> str:
    return f"{id[:8]}-{id[8:12]}-{id[12:16]}-{id[16:20]}-{id[20:]}"


def write_lines(stage: Stage, role: Role, kinds: tuple[str, ...]) -> bytes:
    """Write a good log as lines: its first change, then for each kind a record that is made, changed and deleted."""
    by_node = role is Role.DESA
    key = (stage.node if by_node else stage.federation.hub).keys.signing
    wilayah = DESA if role is not Role.UMUM else stage.federation.hub.wilayah
    buku = Buku(1, PLACE, wilayah, role, key.public)
    header, first = Genesis(PLACE, wilayah, role, key.public).seal(SALT, NOW_S)
    assert first.body is not None
    buku.written.append(Written(buku, first, Entry(0, header, None, leaf_hash(first.header, first.body_digest))))
    lines = [first.header, first.body[SALT_BYTES:]]
    for at, name in enumerate(kinds):
        for change in _play_record(buku, name, f"{RECORD[:-2]}{at:02x}"):
            sealed = change
            assert sealed.body is not None
            lines += [sealed.header, sealed.body[SALT_BYTES:]]
    return b"\n".join(lines)


def _play_record(buku: Buku, name: str, record: str) -> list[Sealed]:
    kind = CATALOGUE[name]
    history = History(kind, (buku,), record)
    values = {field: sample_values(name, field)[0] for field in kind.fields}
    found = [history.write(buku, draft_create(kind, record, values)).sealed]
    group = sorted(kind.groups)[0]
    draft = draft_update(kind, history.fold(), record, group_values(kind, group, 1))
    if draft is not None:
        found.append(history.write(buku, draft).sealed)
    found.append(history.write(buku, draft_delete(kind, history.fold(), record, "salah")).sealed)
    return found
