"""A computer of a village that was written from sync_protocol.md alone: nothing of the product is imported here.

It writes the requests of the vectors ``exchange``, and tests/federation/test_plain_client.py holds a whole session
with it, so that what another programmer can make from the document is seen to be understood by the hub. All of it
comes from a seed, ephemeral keys too, which a real program never does.
"""

from __future__ import annotations

import base64
import hmac
import json
import struct
import uuid
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vectors.plain_seal import seal, unseal

HOST = "hub.uji"
TIME_S = 1_790_000_000


def digest(data: bytes) -> bytes:
    return sha256(data).digest()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def canonical(value: Any) -> bytes:
    """Write JSON in its one spelling (5.2); what is written here has ASCII member names and whole numbers."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


# Notes and trees (5.5) -------------------------------------------------------------------------------------


def root_of(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else digest(b"")
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return digest(b"\x01" + root_of(leaves[:split]) + root_of(leaves[split:]))


def leaf_of(header: bytes, body: bytes) -> bytes:
    return digest(b"\0" + header + digest(body))


def note(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """Sign a text as a C2SP note."""
    public = key.public_key().public_bytes_raw()
    key_id = digest(name.encode() + b"\n\x01" + public)[:4]
    return f"{text}\n\u2014 {name} {b64(key_id + key.sign(text.encode()))}\n"


def cosign(note: str, name: str, key: Ed25519PrivateKey, time_s: int) -> str:
    """Add a witness's cosignature to a checkpoint that its log has signed (5.5, 8.6)."""
    text = note.partition("\n\n")[0]
    key_id = digest(name.encode() + b"\n\x04" + key.public_key().public_bytes_raw())[:4]
    signed = key.sign(f"cosignature/v1\ntime {time_s}\n{text}\n".encode())
    return f"{note}\u2014 {name} {b64(key_id + struct.pack('>Q', time_s) + signed)}\n"


def verifier_key(name: str, key: Ed25519PrivateKey) -> str:
    """Write the key of a witness as C2SP does: name, key id, type and key."""
    data = b"\x04" + key.public_key().public_bytes_raw()
    key_id = digest(name.encode() + b"\n" + data)[:4]
    return f"{name}+{key_id.hex()}+{b64(data)}"


def check_receipt(receipt: str, hub_key: str, kecamatan: str) -> tuple[str, int, bytes]:
    """Verify a receipt (8.2); give origin, size and root. Raises InvalidSignature or AssertionError."""
    text, _, line = receipt.partition("\n\n")
    _, name, signed = line.rstrip("\n").split(" ")
    data, public = base64.b64decode(signed), bytes.fromhex(hub_key)
    assert name == f"sipande/{kecamatan}/hub" and data[:4] == digest(name.encode() + b"\n\x04" + public)[:4]
    time_s = int.from_bytes(data[4:12], "big")
    said = f"cosignature/v1\ntime {time_s}\n{text}\n".encode()
    Ed25519PublicKey.from_public_bytes(public).verify(data[12:], said)
    origin, size, root = text.split("\n")
    return origin, int(size), base64.b64decode(root)


# Enrolment (4.2) -------------------------------------------------------------------------------------------


class Code(NamedTuple):
    """What the code of a hub says."""

    slot: bytes
    secret: bytes
    fingerprint: bytes
    address: str

    @classmethod
    def read(cls, text: str) -> Code:
        """Read what a person typed."""
        letters = text.upper().replace("-", "").replace(" ", "").translate(str.maketrans("018", "OIB"))
        data = base64.b32decode(letters + "=" * (-len(letters) % 8))
        assert digest(b"sipande-kode\n" + data[:-2])[:2] == data[-2:]
        return cls(data[:5], data[5:21], data[21:37], data[37:-2].decode())

    @property
    def proof_key(self) -> bytes:
        return digest(b"sipande-pendaftaran\n" + self.secret)


# A computer ------------------------------------------------------------------------------------------------


class Said(NamedTuple):
    """What the hub has answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def message(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


Post = Callable[[str, bytes, Mapping[str, str]], Said]


@dataclass
class Plain:
    """One computer of a desa with its keys; ``post`` carries a request to the hub."""

    desa: str
    post: Post
    seed: str = "a"
    key: Ed25519PrivateKey = field(init=False)
    _drawn: int = 0

    def __post_init__(self) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(self.random(32))
        self.seal_seed = self.random(32)
        self.public = self.key.public_key().public_bytes_raw().hex()
        self.segel = X25519PrivateKey.from_private_bytes(self.seal_seed).public_key().public_bytes_raw().hex()

    def random(self, size: int) -> bytes:
        self._drawn += 1
        return digest(f"{self.seed}/{self._drawn}".encode())[:size]

    def nonce(self) -> str:
        return base64.urlsafe_b64encode(self.random(16)).decode().rstrip("=")

    def ask(self, path: str, body: bytes, nonce: str) -> Said:
        """Sign a request (8.0) and send it."""
        content = f"sha-256=:{b64(digest(body))}:"
        given = (
            '("@method" "@authority" "@path" "content-digest")'
            f';created={TIME_S};keyid="{self.public}";nonce="{nonce}";tag="sipande-sync-1"'
        )
        base = (
            f'"@method": POST\n"@authority": {HOST}\n"@path": /sync/v1/{path}\n"content-digest": {content}\n'
            f'"@signature-params": {given}'
        )
        return self.post(f"/sync/v1/{path}", body, {
            "Content-Digest": content, "Signature-Input": f"sipande={given}",
            "Signature": f"sipande=:{b64(self.key.sign(base.encode()))}:",
        })

    def say(self, path: str, message: Mapping[str, Any], nonce: str = "") -> Said:
        """Send a message that opens a conversation, under a nonce of its own."""
        nonce = nonce or self.nonce()
        return self.ask(path, canonical({"nonce": nonce, "version": 1, **message}), nonce)

    def enrolment(self, code: Code, nonce: str, desa: str = "") -> dict[str, Any]:
        """Say who this computer is, and prove the code for it (8.5)."""
        lines = ("sipande-bukti", desa or self.desa, self.public, self.segel, nonce)
        proof = hmac.new(code.proof_key, "\n".join(lines).encode(), "sha256").hexdigest()
        return {
            "version": 1, "nonce": nonce, "slot": code.slot.hex(), "wilayah": desa or self.desa, "nama": "PC LAIN",
            "kunci": self.public, "segel": self.segel, "bukti": proof,
        }

    def words(self, code: Code, hub_key: str, words: Sequence[str]) -> list[str]:
        """Give the six words to compare by phone."""
        parts = (bytes.fromhex(hub_key), bytes.fromhex(self.public + self.segel), code.proof_key)
        text = b"sipande six words v1\n" + b"".join(struct.pack(">I", len(part)) + part for part in parts)
        number = int.from_bytes(digest(text)[:8], "big") >> 4
        return [words[number >> 50 - 10 * at & 1023] for at in range(6)]

    def open_run(self, line: bytes, sealed: bytes) -> list[bytes]:
        """Open a run (6.4) whose header line is given; the lines of its payload."""
        plain, salts = self._open(line, sealed)
        return zlib.decompress(plain[salts:]).split(b"\n")

    def open_salts(self, line: bytes, sealed: bytes) -> bytes:
        """Open a run; the salts of its bodies, end to end."""
        plain, salts = self._open(line, sealed)
        return plain[:salts]

    def _open(self, line: bytes, sealed: bytes) -> tuple[bytes, int]:
        header = json.loads(line.removeprefix(b"sipande-run/1 "))
        return unseal(self.seal_seed, sealed, run_info(header)), 16 * (
            header["end"] - header["start"] - header["erased"]
        )


def check_answer(said: Said, hub_key: str, nonce: str) -> None:
    """Verify a signed answer (8.1). Raises InvalidSignature or AssertionError."""
    given = said.headers["Signature-Input"].removeprefix("sipande=")
    content = said.headers["Content-Digest"]
    assert content == f"sha-256=:{b64(digest(said.body))}:" and f'nonce="{nonce}"' in given
    base = f'"@status": {said.status}\n"content-digest": {content}\n"@signature-params": {given}'
    signed = base64.b64decode(said.headers["Signature"].removeprefix("sipande=:").removesuffix(":"))
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(hub_key)).verify(signed, base.encode())


def key_of(said: Said) -> str:
    """Give the key under which an answer claims to be signed."""
    return said.headers["Signature-Input"].partition('keyid="')[2].partition('"')[0]


def run_info(header: Mapping[str, Any]) -> bytes:
    named = ("log", "start", "end", "erased", "codec", "seal", "checkpoint")
    lines = ["sipande-run/1", *(str(header[name]) for name in named)]
    return b"\n".join([line.encode() for line in lines] + [base64.b64decode(proof) for proof in header["proof"]])


@dataclass
class PlainLog:
    """The log of a computer, and its changes as bytes."""

    writer: Plain
    headers: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.id = self.writer.random(16).hex()
        self.origin = f"sipande/{self.writer.desa}/desa/{self.id}"
        self.add("log", str(uuid.UUID(self.id)), "c", {
            "wilayah": self.writer.desa, "peran": "desa", "kunci": self.writer.public, "asal": self.origin,
        })

    def new_record(self) -> str:
        """Make a UUIDv7."""
        data = bytearray((TIME_S * 1000).to_bytes(6, "big") + self.writer.random(10))
        data[6], data[8] = 0x70 | data[6] & 15, 0x80 | data[8] & 63
        return str(uuid.UUID(bytes=bytes(data)))

    def add(
        self, kind: str, record: str, op: str, values: Mapping[str, Any], groups: Sequence[str] = (),
        parents: Sequence[str] = (),
    ) -> str:
        """Append a change; give its reference."""
        seq = len(self.headers)
        header = canonical([1, self.id, seq, kind, 1, record, op, [*groups], [*parents], "", TIME_S])
        body = self.writer.random(16) + canonical(values)
        self.headers.append(header)
        self.bodies.append(body)
        self.leaves.append(leaf_of(header, body))
        return f"{self.id}:{seq}:{self.leaves[-1][:8].hex()}"

    def head(self) -> dict[str, Any]:
        return {"id": self.id, "size": len(self.leaves), "root": b64(root_of(self.leaves))}

    def checkpoint(self) -> str:
        return note(f"{self.origin}\n{len(self.leaves)}\n{b64(root_of(self.leaves))}\n", self.origin, self.writer.key)

    def run(self, receiver: str, start: int = 0, **changed: Any) -> bytes:
        """Pack and seal the changes from a place to the end; ``changed`` are members of its header as they lie."""
        salts = b"".join(body[:16] for body in self.bodies[start:])
        lines = [part for at in range(start, len(self.headers)) for part in (self.headers[at], self.bodies[at][16:])]
        # Stored, not squeezed: every zlib writes the same bytes then.
        plain = salts + zlib.compress(b"\n".join(lines), 0)
        header = {
            "log": self.id, "start": start, "end": len(self.headers), "erased": 0, "checkpoint": self.checkpoint(),
            "proof": [], "codec": "zlib", "seal": digest(bytes.fromhex(receiver))[:8].hex(), **changed,
        }
        sealed = seal(bytes.fromhex(receiver), plain, run_info(header), self.writer.random(32))
        return b"sipande-run/1 " + canonical({**header, "length": len(sealed)}) + b"\n" + sealed


def chunk(data: bytes, receiver: str, ephemeral: bytes, *, is_in_file: bool = False) -> bytes:
    """Seal a whole small attachment as one chunk (8.7)."""
    name, key = digest(data).hex(), digest(bytes.fromhex(receiver))[:8].hex()
    info = "\n".join(("sipande-chunk/1", name, "0", str(len(data)), key)).encode()
    sealed = seal(bytes.fromhex(receiver), data, info, ephemeral)
    length = {"length": len(sealed)} if is_in_file else {}
    return b"sipande-chunk/1 " + canonical({"hash": name, "offset": 0, "seal": key, "size": len(data), **length}) + (
        b"\n" + sealed
    )


def file_note(title: str, message: Mapping[str, Any], name: str, key: Ed25519PrivateKey) -> bytes:
    """Sign the note at the beginning of a file (8.10)."""
    return note(f"{title}\n{canonical(message).decode()}\n", name, key).encode()
