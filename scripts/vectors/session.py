"""One real session between a real node and a real hub, as sync_protocol.md begins with it, and its last change.

Everything in it comes from a seed but the sealed bytes, and these are left out.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from node.sinkron.handover import InlineExecutor
from node.sinkron.session import Session
from node.sinkron.transport import Answer
from shared.changelog.keys import SigningKey
from shared.changelog.run import MAGIC, split_runs
from shared.changelog.tree import leaf_hash
from shared.store.changes import read_changes
from shared.store.entries import read_entries
from shared.sync import signature
from shared.sync.versions import Program
from tests.support.federation import Federation, WsgiTransport
from tests.support.office import create, own_log

_TOLD = Program("0.1.0")
"""The document must not change with every release."""
_NAMED = ("Content-Digest", "Signature-Input", "Signature")


@dataclass
class Scribe(WsgiTransport):
    """A link that writes down what goes over it; of the first request and answer also the headers, where told to."""

    lines: list[str] = field(default_factory=list)
    shows_headers: bool = False
    hub: SigningKey = field(default_factory=lambda: SigningKey(bytes(32)))

    def post(self, path: str, body: bytes, nonce: str) -> Answer:
        shows_headers = self.shows_headers and not self.lines
        request = signature.sign(
            signature.RequestMessage("POST", f"https://hub.uji{path}"), body, self.seed, self.key, nonce,
            self.clock.now_s(),
        )
        answer = super().post(path, body, nonce)
        signed = {"push": f"(signed like hello, with nonce {nonce})", "pull": "(signed, same nonce)"}
        said = [f"C: POST {path:24} {signed.get(path.rpartition('/')[2], '')}".rstrip()]
        if shows_headers:
            said += _headers(request)
        said += [*_body(body), f"S: {answer.status}"]
        if shows_headers:
            said += _headers(signature.sign(
                signature.AnswerMessage(200), answer.body, self.hub.seed(), self.hub.public.hex(), nonce,
                self.clock.now_s(),
            ))
        self.lines += [*said, *_body(answer.body), ""]
        return answer


def _headers(headers: dict[str, str]) -> list[str]:
    return [f"   {name}: {headers[name]}" for name in _NAMED]


def _body(body: bytes) -> list[str]:
    if not body.startswith(MAGIC):
        return [f"   {body.decode()}"]
    lines = []
    for header, sealed in split_runs(body):
        line = header.encode().decode().rstrip("\n")
        lines += [f"   {line}", f"   … {len(sealed)} sealed bytes"]
    return lines


def write_session() -> dict[str, str]:
    """Give the blocks ``session``, ``again`` and ``change`` of the document."""
    with tempfile.TemporaryDirectory() as folder:
        federation = Federation(Path(folder), seed=0)
        node = federation.add_node("a")
        node.program = federation.hub.program = _TOLD
        family = create(node, "keluarga", no_kk="3303990101260001", alamat="MELATI 4", rt="001")
        create(
            node, nama="SITI AMINAH", nik="3303994107900001", jenis_kelamin=2, tanggal_lahir="1990-07-01",
            hubungan=1, keluarga=family,
        )
        blocks = {"session": _listen(federation, shows_headers=True), "change": _last_change(federation)}
        federation.sync(node)
        blocks["again"] = _listen(federation, shows_headers=False)
        federation.close()
    return {name: f"```\n{text}\n```" for name, text in blocks.items()}


def _listen(federation: Federation, *, shows_headers: bool) -> str:
    """Write down one session."""
    node = federation.nodes["a"]
    key = node.keys.signing
    scribe = Scribe(
        federation.app, key.seed(), key.public.hex(), federation.clock, shows_headers=shows_headers,
        hub=federation.hub.keys.signing,
    )
    Session(node, scribe, InlineExecutor()).run()
    return "\n".join(scribe.lines).strip("\n")


def _last_change(federation: Federation) -> str:
    node = federation.nodes["a"]
    with node.database.read() as conn:
        log = own_log(node)
        (change,) = read_changes(conn, log, log.size - 1, log.size)
        (entry,) = read_entries(conn, [log.base + log.size - 1])
    assert change.body is not None
    salt, text = change.body[:16], change.body[16:].decode()
    digest = sha256(change.body).digest()
    leaf = leaf_hash(change.header, digest)
    return (
        f"{change.header.decode()}\n{salt.hex()}\n{text}\n```\n\n```\n"
        f"SHA-256(body) = {digest.hex()}\nleaf          = {leaf.hex()}\nreference     = {entry.header.ref(leaf)}"
    )
