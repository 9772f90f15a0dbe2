"""Cases of what travels: signatures of requests, messages, payloads, runs, proofs of runs, enrolment."""

from __future__ import annotations

import base64
import bz2
import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from shared.changelog.change import Header, Sealed, encode_header
from shared.changelog.checkpoint import Checkpoint, Signer, sign_checkpoint, sign_note
from shared.changelog.keys import seal
from shared.changelog.run import MAGIC, RUN_PLAIN_BYTES_MAX, RunHeader, deflate, encode_run, pack_payload, salt_bytes
from shared.changelog.tree import SubtreeHasher, consistency_proof
from shared.sync import signature
from shared.sync.bundle import Title, write_letter
from shared.sync.chunk import ChunkHeader, encode_chunk
from shared.sync.enrolment import EnrolmentCode, fingerprint_of
from vectors.bytes_cases import ORIGIN, changes, given_change, leaf_of, root_of
from vectors.case import (
    AUTHOR,
    DESA,
    KECAMATAN,
    LOG,
    OTHER,
    SALT,
    SEAL_SEED,
    SEALING,
    SIGN_SEED,
    SIGNING,
    TIME_S,
    Case,
)

NONCE = "AAECAwQFBgcICQoLDA0ODw"
URL = "http://hub.uji/sync/v1/hello"
KEPT = "a sealed run opens"


def signature_cases() -> Iterator[Case]:
    body = f'{{"logs":[],"nonce":"{NONCE}","time":{TIME_S},"version":1}}'
    request = {"method": "POST", "url": URL, "body": body}
    answer = {"status": 200, "body": '{"echo":"x"}'}
    for name, why, message in (
        ("request", "RFC 9421 over method, authority, path, RFC 9530 digest; the key id is the public key", request),
        ("empty body", "its digest is signed too", {**request, "body": ""}),
        ("answer of the hub", "over status and digest, with the nonce of the request", answer),
    ):
        given = {**message, "nonce": NONCE, "created_s": TIME_S, "seed": SIGN_SEED.hex()}
        yield Case("http_signature", name, why, {**given, "headers": _sign(given)})
    headers = _sign({**request, "nonce": NONCE, "created_s": TIME_S})
    old = _sign({**request, "nonce": NONCE, "created_s": 315_532_800})
    yield Case("http_signature", "a clock of 1980", "time proves nothing here and refuses nobody",
               {**request, "headers": old})
    flipped = headers["Signature"][:20] + ("A" if headers["Signature"][20] != "A" else "B") + headers["Signature"][21:]

    def reworded(before: str, after: str) -> dict[str, Any]:
        return {"headers": {**headers, "Signature-Input": headers["Signature-Input"].replace(before, after)}}

    for name, why, changed in (
        ("body changed", "the digest does not fit", {"body": body + " "}),
        ("another path", "the path is signed", {"url": URL.replace("hello", "push")}),
        ("another host", "the authority is signed", {"url": URL.replace("hub.uji", "hub.lain")}),
        ("another method", "the method is signed", {"method": "PUT"}),
        ("one letter of the signature changed", "Ed25519", {"headers": {**headers, "Signature": flipped}}),
        ("key of somebody else", "signed by another", reworded(SIGNING.public.hex(), OTHER.public.hex())),
        ("another nonce", "the nonce is signed", reworded(NONCE, "B" * 22)),
        ("another tag", "a signature for another protocol", reworded("sipande-sync-1", "sipande-sync-2")),
        ("digest not covered", "all four components are needed", reworded(' "content-digest"', "")),
        ("no signature", "nothing is read unsigned", {"headers": {"Content-Digest": headers["Content-Digest"]}}),
    ):
        yield Case("http_signature", name, why, {**request, "headers": headers, **changed}, "bad_signature")


def _sign(given: dict[str, Any]) -> dict[str, str]:
    message: signature.RequestMessage | signature.AnswerMessage
    if "status" in given:
        message = signature.AnswerMessage(given["status"])
    else:
        message = signature.RequestMessage(given["method"], given["url"])
    body = given["body"].encode()
    return signature.sign(message, body, SIGN_SEED, SIGNING.public.hex(), given["nonce"], given["created_s"])


def message_cases() -> Iterator[Case]:
    hello = {"version": 1, "nonce": NONCE, "logs": [], "time": TIME_S}
    refusal = {"code": "gap", "detail": "log ends at 5", "log": LOG, "size": 5, "run": 0, "receipts": []}

    def text(message: Any) -> str:
        return json.dumps(message, separators=(",", ":"))

    yield Case("message", "hello", "absent members get their defaults", {"schema": "HelloRequest", "text": text(hello)})
    yield Case("message", "unknown member", "ignored, so that both sides may grow",
               {"schema": "HelloRequest", "text": text({**hello, "later": {"x": 1}})})
    yield Case("message", "hello of another program", "what it speaks and knows, what waits; parity with shape",
               {"schema": "HelloRequest", "text": text({
                   **hello, "version": 3, "version_min": 2, "program": "2.0.1", "kinds": "ab" * 8, "held": 7,
                   "parity_at": "cd" * 10, "parity": {"desa": [1, "ef" * 10, "012345", "later"]},
               })})
    yield Case("message", "offer", "read before the rest of a message of any version",
               {"schema": "Offer", "text": text({"version": 9, "version_min": 8, "logs": "of another form"})})
    yield Case("message", "refusal", "what the sender needs to go on", {"schema": "Refusal", "text": text(refusal)})
    told = {"blobs": [{"hash": "ab" * 32, "size": 5}], "wanted": [{"hash": "cd" * 32, "offset": 0}], "more": False}
    yield Case("message", "attachments", "what can be had, what is wanted and from where",
               {"schema": "BlobHaveAnswer", "text": text(told)})
    for name, why, schema, content in (
        ("empty answer about attachments", "it must not read as: nothing is wanted", "BlobHaveAnswer", "{}"),
        ("hash too short", "64 hex digits", "BlobGetRequest", text({"hash": "ab", "offset": 0})),
        ("member missing", "nonce is required", "HelloRequest", text({**hello, "nonce": None})),
        ("head of a second history without its root", "44 letters of base64", "HelloAnswer", text({
            **hello, "echo": NONCE, "segel": "ab" * 32, "branches": [{"id": LOG, "size": 5, "root": ""}],
        })),
        ("nonce no header can carry", "base64url", "HelloRequest", text({**hello, "nonce": "a nonce of two words ü"})),
        ("version 0", "versions begin with 1", "Offer", text({"version": 0})),
        ("claim of one member", "count and digest at least", "HelloRequest", text({**hello, "parity": {"desa": [1]}})),
        ("size as text", "numbers are numbers", "PullRequest", text({"logs": [{"id": LOG, "size": "5"}]})),
        ("log id too short", "32 hex digits", "PullRequest", text({"logs": [{"id": "00", "size": 5}]})),
        ("unknown codec", "zlib or bz2", "PullRequest", text({"logs": [], "codec": "xz"})),
        ("not an object", "a message is an object", "HelloRequest", "[]"),
        ("not JSON", "a page of a captive portal", "HelloAnswer", "<html>"),
        ("lone surrogate", "no text", "Refusal", '{"code":"\\ud800"}'),
    ):
        yield Case("message", name, why, {"schema": schema, "text": content}, "malformed")
    many = {"schema": "Refusal", "text": " ", "times": 256 * 1024 + 1}
    yield Case("message", "too large", "message_bytes_max; text is sent that many times", many, "too_large")


def _sealed(header: Header, body: bytes, *, erased: bool = False) -> Sealed:
    return Sealed(encode_header(header), None if erased else body, sha256(body).digest())


def run_changes() -> list[Sealed]:
    """The small log with its third change erased."""
    return [_sealed(h, b, erased=h.seq == 2) for h, b in changes()]


def payload_cases() -> Iterator[Case]:
    payload = pack_payload(run_changes())
    given = {"payload": payload.hex(), "count": 5, "erased": 1}
    yield Case("payload", "five changes, one erased", "salts first, then two lines a change", given)
    one = pack_payload(run_changes()[:1])
    yield Case("payload", "one change", "no line feed at the end", {"payload": one.hex(), "count": 1, "erased": 0})
    for name, why, changed in (
        ("trailing line feed", "nothing follows the last line", {"payload": (payload + b"\n").hex()}),
        ("too few changes", "the header says how many", {"count": 6}),
        ("too many erased", "the header says how many", {"erased": 2}),
        ("last line missing", "two lines a change", {"payload": payload.rsplit(b"\n", 1)[0].hex()}),
        ("digest of 31 bytes", "64 hex digits", {"payload": payload.replace(b"#", b"#\n", 1).hex()}),
    ):
        yield Case("payload", name, why, {**given, **changed}, "malformed")
    bad_hex = payload.replace(b"\n#", b"\n#zz", 1)
    yield Case("payload", "digest not in hex", "64 hex digits", {**given, "payload": bad_hex.hex()}, "malformed")


def inflate_cases() -> Iterator[Case]:
    # Level 0 and bz2 give the same bytes whatever library made them.
    plain = b"desa " * 20
    stored, packed = zlib.compress(plain, 0), bz2.compress(plain)
    yield Case("inflate", "zlib", "RFC 1950", {"packed": stored.hex(), "codec": "zlib"})
    yield Case("inflate", "bz2", "one stream", {"packed": packed.hex(), "codec": "bz2"})
    bomb = bz2.compress(bytes(RUN_PLAIN_BYTES_MAX + 1))
    for name, why, data, codec in (
        ("cut zlib", "the stream does not end", stored[:-5], "zlib"),
        ("cut bz2", "the stream does not end", packed[:-5], "bz2"),
        ("bomb", "a few bytes that become one more than RUN_PLAIN_BYTES_MAX", bomb, "bz2"),
        ("trailing bytes", "nothing follows the stream", stored + b"x", "zlib"),
        ("two bz2 streams", "one stream", packed + packed, "bz2"),
        ("checksum wrong", "Adler-32", stored[:-1] + bytes([stored[-1] ^ 1]), "zlib"),
        ("codec of the other", "the header names it", stored, "bz2"),
        ("unknown codec", "zlib or bz2", stored, "xz"),
    ):
        yield Case("inflate", name, why, {"packed": data.hex(), "codec": codec}, "malformed")


def _run_header(start: int, end: int, **changed: Any) -> RunHeader:
    leaves = [leaf_of(h, b) for h, b in changes()]
    size = len(leaves)
    note = sign_checkpoint(Checkpoint(ORIGIN, size, root_of(leaves)), Signer(ORIGIN, SIGNING))
    proof = consistency_proof(end, size, SubtreeHasher(lambda lo, hi: leaves[lo:hi], lambda number: None))
    erased = sum(1 for n in range(start, end) if n == 2)
    members: dict[str, Any] = {
        "log": LOG, "start": start, "end": end, "erased": erased, "codec": "zlib", "seal": SEALING.key_id.hex(),
        "checkpoint": note, "proof": tuple(proof), "length": 7,
    }
    return RunHeader(**(members | changed))


def run_header_cases() -> Iterator[Case]:
    line = _run_header(0, 4).encode().decode().rstrip("\n")
    members = json.loads(line.removeprefix(MAGIC.decode()))

    def given(**changed: Any) -> dict[str, Any]:
        text = json.dumps({**members, **changed}, ensure_ascii=False, separators=(",", ":"))
        return {"line": MAGIC.decode() + text}

    yield Case("run_header", "run that ends before its checkpoint", "with the consistency proof from 4 to 5",
               {"line": line})
    yield Case("run_header", "unknown member", "ignored, and not bound by the seal", given(later=1))
    for name, why, changed in (
        ("empty run", "a run holds a change at least", {"end": 0}),
        ("too many changes", "RUN_CHANGES_MAX", {"end": 10_001}),
        ("too long", "RUN_BYTES_MAX", {"length": 262_145}),
        ("more erased than there are", "a part of them", {"erased": 5}),
        ("negative start", "places count from 0", {"start": -1}),
        ("true for 1", "true is no number", {"erased": True}),
        ("float", "no fractions", {"end": 4.0}),
        ("proof hash of 31 bytes", "32 bytes", {"proof": [base64.b64encode(bytes(31)).decode()]}),
        ("proof not in base64", "RFC 4648", {"proof": ["*"]}),
        ("seal id not in hex", "hex", {"seal": "zz"}),
        ("codec is a number", "a text", {"codec": 1}),
    ):
        yield Case("run_header", name, why, given(**changed), "malformed")
    yield Case("run_header", "another magic", "sipande-run/1", {"line": line.replace("/1 ", "/2 ", 1)}, "malformed")
    del members["log"]
    yield Case("run_header", "member missing", "all nine are needed", given(), "malformed")


def sealed_run_cases(file: Path) -> Iterator[Case]:
    """HPKE draws its own randomness: one run is sealed once and kept as long as it opens to the same."""
    run = _read_kept(file) or _seal_run()
    line, _, sealed = run.partition(b"\n")

    def given(data: bytes, seed: bytes = SEAL_SEED) -> dict[str, str]:
        return {"bytes": base64.b64encode(data).decode(), "seal_seed": seed.hex()}

    yield Case("sealed_run", KEPT, "HPKE base mode, X25519, HKDF-SHA256, ChaCha20-Poly1305; info binds the header",
               given(run))
    yield Case("sealed_run", "two runs in one body", "runs stand end to end", given(run + run))
    yield Case("sealed_run", "nothing", "an empty body holds no run", given(b""))
    flipped = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for name, why, data, code in (
        ("one bit of the sealed payload flipped", "authenticated", line + b"\n" + flipped, "bad_seal"),
        ("one bit of the encapsulated key flipped", "authenticated",
         line + b"\n" + bytes([sealed[0] ^ 1]) + sealed[1:], "bad_seal"),
        ("header says another codec", "info binds it", run.replace(b'"codec":"zlib"', b'"codec":"bz2"', 1), "bad_seal"),
        ("header says another start", "info binds it", run.replace(b'"start":0', b'"start":1', 1), "bad_seal"),
        ("header has another checkpoint", "info binds it", run.replace(b"sipande/33", b"sipande/34", 1), "bad_seal"),
        ("trailing bytes", "what follows the last run must be nothing", run + b"x", "malformed"),
        ("cut", "half a run is no run", run[:-1], "malformed"),
        ("page of a captive portal", "not a run", b"<html>\n", "malformed"),
    ):
        yield Case("sealed_run", name, why, given(data), code)
    yield Case("sealed_run", "opened with another key", "sealed to one receiver", given(run, b"\x03" * 32), "bad_seal")


def _read_kept(file: Path) -> bytes | None:
    if not file.exists():
        return None
    kept = [vector for vector in json.loads(file.read_text(encoding="utf-8")) if vector["name"] == KEPT]
    if not kept:
        return None
    run = base64.b64decode(kept[0]["input"]["bytes"])
    # Sealed anew when what it must hold has changed.
    wanted = _run_header(0, 5, length=len(run.partition(b"\n")[2])).encode()
    return run if run.startswith(wanted) else None


def _seal_run() -> bytes:
    header = _run_header(0, 5)
    packed = deflate(pack_payload(run_changes()), "zlib", salt_bytes(5, header.erased))
    return encode_run(header, packed, lambda plain, info: seal(SEALING.public, plain, info))


PIECE = b"\xff\xd8\xff a piece of a photo \x00\x01"
KEPT_CHUNK = "a sealed chunk opens"


def chunk_cases(file: Path) -> Iterator[Case]:
    """A piece of an attachment; sealed once and kept, like the run."""
    header = ChunkHeader(sha256(PIECE + PIECE).hexdigest(), len(PIECE), 2 * len(PIECE), SEALING.key_id.hex())
    chunk = _read_chunk(file, header) or encode_chunk(
        header, PIECE, lambda plain, info: seal(SEALING.public, plain, info)
    )
    line, _, sealed = chunk.partition(b"\n")

    def given(data: bytes, seed: bytes = SEAL_SEED) -> dict[str, str]:
        return {"bytes": base64.b64encode(data).decode(), "seal_seed": seed.hex()}

    yield Case("chunk", KEPT_CHUNK, "HPKE as for runs; info binds hash, offset, size and key", given(chunk))
    flipped = chunk[:-1] + bytes([chunk[-1] ^ 1])
    for name, why, data, code in (
        ("one bit of the sealed piece flipped", "authenticated", flipped, "bad_seal"),
        ("header says another offset", "info binds it",
         chunk.replace(f'"offset":{len(PIECE)}'.encode(), b'"offset":0', 1), "bad_seal"),
        ("header says another hash", "info binds it", chunk.replace(header.hash.encode(), b"0" * 64, 1), "bad_seal"),
        ("hash in capitals", "64 small hex digits",
         chunk.replace(header.hash.encode(), header.hash.upper().encode(), 1), "malformed"),
        ("offset beyond the size", "there is no such piece",
         chunk.replace(f'"offset":{len(PIECE)}'.encode(), f'"offset":{2 * len(PIECE)}'.encode(), 1), "malformed"),
        ("attachment too large", "blob_bytes_max",
         chunk.replace(f'"size":{2 * len(PIECE)}'.encode(), b'"size":262145', 1), "too_large"),
        ("nothing sealed", "a piece has at least one byte", line + b"\n" + sealed[:48], "malformed"),
        ("no line feed", "header and piece are parted by one", line, "malformed"),
        ("page of a captive portal", "not a chunk", b"<html>\n", "malformed"),
    ):
        yield Case("chunk", name, why, given(data), code)
    yield Case("chunk", "opened with another key", "sealed to one receiver", given(chunk, b"\x03" * 32), "bad_seal")


def _read_chunk(file: Path, header: ChunkHeader) -> bytes | None:
    if not file.exists():
        return None
    kept = [vector for vector in json.loads(file.read_text(encoding="utf-8")) if vector["name"] == KEPT_CHUNK]
    chunk = base64.b64decode(kept[0]["input"]["bytes"]) if kept else b""
    return chunk if chunk.startswith(header.encode()) else None


def _read_kept_chunk(file: Path) -> bytes:
    """Give the chunk that is kept, as it stands in a file."""
    header = ChunkHeader(sha256(PIECE + PIECE).hexdigest(), len(PIECE), 2 * len(PIECE), SEALING.key_id.hex())
    chunk = _read_chunk(file, header)
    if chunk is None:
        raise LookupError("no chunk is kept; make that file first")
    sealed = chunk.partition(b"\n")[2]
    return replace(header, length=len(sealed)).encode() + sealed


def prove_cases() -> Iterator[Case]:
    leaves = [leaf_of(h, b) for h, b in changes()]

    def given(held: int, start: int, end: int, **changed: Any) -> dict[str, Any]:
        header = _run_header(start, end)
        run = {"log": LOG, "start": start, "end": end, "checkpoint": header.checkpoint.decode(),
               "proof": [node.hex() for node in header.proof]}
        return {
            "log": {"origin": ORIGIN, "kunci": SIGNING.public.hex(), "leaves": [leaf.hex() for leaf in leaves[:held]]},
            "run": run | changed.pop("run", {}),
            "changes": [given_change(h, b, erased=h.seq == 2) for h, b in changes()[start:end]],
        } | changed

    def note(size: int, *, name: str = ORIGIN, origin: str = ORIGIN, key: Any = SIGNING) -> dict[str, str]:
        point = Checkpoint(origin, size, root_of(leaves[:size]))
        return {"checkpoint": sign_note(point.body(), Signer(name, key)).decode()}

    yield Case("prove", "whole log", "into an empty log", given(0, 0, 5))
    yield Case("prove", "the rest", "continues what is held", given(2, 2, 5))
    yield Case("prove", "less than the checkpoint", "proven by consistency to the signed size", given(2, 2, 3))
    yield Case("prove", "repeated", "all of it is held: nothing new, no error", given(5, 0, 3))
    yield Case("prove", "overlap", "what is held is compared, the rest is new", given(3, 1, 5))
    yield Case("prove", "gap", "begins after what is held", given(1, 2, 5), "gap")
    swapped = given(0, 0, 5)
    swapped["changes"][3], swapped["changes"][4] = swapped["changes"][4], swapped["changes"][3]
    yield Case("prove", "wrong order", "places rise by one", swapped, "malformed")
    yield Case("prove", "log of another", "headers name the log of the run", given(0, 0, 5, run={"log": "ff" * 16}),
               "malformed")
    forked = given(3, 1, 5)
    forked["log"]["leaves"][1] = leaves[4].hex()
    yield Case("prove", "fork", "the author signed other bytes for a place that is held", forked, "fork")
    early = given(2, 2, 5)
    early["log"]["leaves"][0] = leaves[4].hex()
    yield Case("prove", "fork before the run", "seen by the root only", early, "bad_proof")
    header = given(0, 0, 5)
    header["changes"][1]["header"] = header["changes"][1]["header"].replace(str(TIME_S + 1), str(TIME_S + 2))
    yield Case("prove", "one byte of a header changed", "the leaf changes, so the root does", header, "bad_proof")
    body = given(0, 0, 5)
    body["changes"][1]["text"] = body["changes"][1]["text"].replace("Melati", "Mawarr")
    yield Case("prove", "one body changed", "the leaf changes, so the root does", body, "bad_proof")
    salt = given(0, 0, 5)
    salt["changes"][1]["salt"] = "ff" * 16
    yield Case("prove", "one salt changed", "the salt is part of the body", salt, "bad_proof")
    yield Case("prove", "checkpoint smaller than the run", "it must cover all of it", given(0, 0, 5, run=note(4)),
               "bad_proof")
    yield Case("prove", "proof missing", "needed where the checkpoint is larger", given(2, 2, 3, run={"proof": []}),
               "bad_proof")
    flipped = given(2, 2, 3)["run"]["proof"]
    flipped[0] = ("1" if flipped[0][0] != "1" else "2") + flipped[0][1:]
    yield Case("prove", "one bit of the proof flipped", "every hash counts", given(2, 2, 3, run={"proof": flipped}),
               "bad_proof")
    yield Case("prove", "signed by another key", "the key of the first change", given(0, 0, 5, run=note(5, key=OTHER)),
               "bad_note")
    yield Case("prove", "wrong origin", "signed by the right key for another log",
               given(0, 0, 5, run=note(5, origin=ORIGIN[:-1] + "0")), "bad_note")
    yield Case("prove", "no checkpoint", "nothing is proven", given(0, 0, 5, run={"checkpoint": ""}), "bad_note")


def enrolment_cases() -> Iterator[Case]:
    code = EnrolmentCode(bytes(range(5)), SALT, fingerprint_of(SIGNING.public), "https://hub.uji")
    text = code.format()
    yield Case("code", "as shown", "slot, secret, half a fingerprint, address, checksum in base32", {"text": text})
    yield Case("code", "as typed", "small letters, spaces, 0 for O, 1 for I and 8 for B", {
        "text": text.lower().replace("-", " ").replace("o", "0").replace("i", "1").replace("b", "8")
    })
    wrong = ("B" if text[0] != "B" else "C") + text[1:]
    for name, why, typed in (
        ("one letter wrong", "the checksum", wrong), ("last group missing", "the checksum", text.rsplit("-", 1)[0]),
        ("nothing", "no code", ""), ("not base32", "letters and 2 to 7", "!" * 16),
    ):
        yield Case("code", name, why, {"text": typed}, "kode_salah_ketik")
    strange = EnrolmentCode(code.slot, code.secret, code.fingerprint, "hub.uji").format()
    yield Case("code", "address without a scheme", "http:// or https://", {"text": strange}, "alamat_salah")
    yield Case("enrolment", "proof and six words", "HMAC-SHA256; the words cover all three keys and the code", {
        "secret": SALT.hex(), "wilayah": DESA, "kunci": OTHER.public.hex(), "segel": SEALING.public.hex(),
        "nonce": NONCE, "hub": SIGNING.public.hex(),
    })


def bundle_cases(file: Path, chunk_file: Path) -> Iterator[Case]:
    """Files for a stick, around the run and the chunk that are kept with the vectors of these."""
    run = _read_kept(file) or _seal_run()
    root = base64.b64encode(root_of([leaf_of(h, b) for h, b in changes()])).decode()
    up: dict[str, Any] = {
        "version": 1, "sender": SIGNING.public.hex(), "receiver": OTHER.public.hex(), "wilayah": DESA,
        "nonce": NONCE, "number": 3, "time": TIME_S,
        "logs": [{"id": LOG, "size": 5, "root": root}],
        "reaches": [{"id": LOG, "size": 5}],
    }
    chunk = _read_kept_chunk(chunk_file)
    digest = sha256(PIECE + PIECE).hexdigest()
    down = {
        **up, "sender": OTHER.public.hex(), "receiver": SIGNING.public.hex(), "echo": NONCE, "nonce": "B" * 22,
        "segel": SEALING.public.hex(), "receipts": [], "refused": [{"log": "ff" * 16, "start": 2, "code": "gap"}],
    }
    enrol = {
        "version": 1, "slot": "0001020304", "wilayah": DESA, "kunci": SIGNING.public.hex(),
        "segel": SEALING.public.hex(), "nama": "PC Pelayanan", "nonce": NONCE, "bukti": "ab" * 32,
    }
    enrolled = {
        "status": "menunggu", "simpul": AUTHOR, "wilayah": KECAMATAN, "nama": "Kecamatan Uji",
        "segel": SEALING.public.hex(), "pemulihan": OTHER.public.hex(), "echo": NONCE, "version": 1,
        "sender": OTHER.public.hex(), "receiver": SIGNING.public.hex(),
    }
    note = write_letter(Title.UP, up, SIGNING)

    def given(data: bytes, seed: bytes = b"") -> dict[str, str]:
        return {"bytes": base64.b64encode(data).decode()} | ({"seed": seed.hex()} if seed else {})

    yield Case("bundle", "from a node, with one run", "note, then runs to the end of the file",
               given(note + run, SIGN_SEED))
    yield Case("bundle", "a chunk after the run", "the header of a chunk in a file says how long it is",
               given(note + run + chunk + chunk, SIGN_SEED))
    yield Case("bundle", "cut in its second chunk", "the runs and the whole chunks before the cut are good",
               given(note + run + chunk + chunk[:-9]))
    yield Case("bundle", "a chunk as on the line", "without a length nobody knows where it ends",
               given(note + run + chunk.replace(b'"length":%d,' % (len(PIECE) + 48), b"", 1)))
    yield Case("bundle", "a run after a chunk", "runs first: it is not read", given(note + chunk + run))
    yield Case("bundle", "says what the node lacks", "hash, and how many bytes of it are there",
               given(write_letter(Title.UP, {**up, "lacks": [{"hash": digest, "offset": len(PIECE)}]}, SIGNING),
                     SIGN_SEED))
    yield Case("bundle", "says what the hub lacks", "an empty list: nothing; absent: of a program that reads no chunks",
               given(write_letter(Title.DOWN, {**down, "lacks": [], "lacks_more": False}, OTHER) + chunk,
                     b"\x02" * 32))
    yield Case("bundle", "a note alone", "asks for what the hub has", given(note, SIGN_SEED))
    yield Case("bundle", "cut in its second run", "the whole runs before the cut are good",
               given(note + run + run[:-9]))
    yield Case("bundle", "something else after a run", "ends the runs and spoils none before",
               given(note + run + b"\0" * 40))
    yield Case("bundle", "from the hub", "receipts and refusals in the note",
               given(write_letter(Title.DOWN, down, OTHER) + run, b"\x02" * 32))
    yield Case("bundle", "request for admission", "enrolment by file",
               given(write_letter(Title.ENROL, enrol, SIGNING), SIGN_SEED))
    yield Case("bundle", "answer to it", "signed by the key whose fingerprint is in the code",
               given(write_letter(Title.ENROLLED, enrolled, OTHER), b"\x02" * 32))
    wrong_name = sign_note(b"\n".join(note.split(b"\n")[:2]) + b"\n", Signer(f"sipande/{KECAMATAN}/hub", SIGNING))
    for name, why, data, code in (
        ("cut in its note", "nothing is known of it", note[:-20], "malformed"),
        ("cut before its signature", "nothing is known of it", note[: note.index(b"\n\n") + 2], "malformed"),
        ("an HTTP body", "runs without a note", run, "malformed"),
        ("another title", "sipande-bundle-up/1", note.replace(b"-up/1", b"-side/1", 1), "malformed"),
        ("a later format", "whoever reads it has to be brought up to date", note.replace(b"up/1", b"up/2", 1),
         "hub_too_old"),
        ("a checkpoint", "a note of something else", _run_header(0, 5).checkpoint, "malformed"),
        ("wilayah is no desa", "four parts", write_letter(Title.UP, {**up, "wilayah": KECAMATAN}, SIGNING),
         "malformed"),
        ("empty", "no file", b"", "malformed"),
        ("lacks what is no hash", "64 small hex digits",
         write_letter(Title.UP, {**up, "lacks": [{"hash": "AB" * 32, "offset": 0}]}, SIGNING), "malformed"),
        ("message changed", "signed", note.replace(b'"number":3', b'"number":4', 1), "bad_signature"),
        ("signed by another key", "the key that the message names", write_letter(Title.UP, up, OTHER), "bad_signature"),
        ("signed under another name", "sipande/<desa>/simpul", wrong_name, "bad_signature"),
        ("title of the other direction", "the title is signed",
         write_letter(Title.DOWN, down, OTHER).replace(b"bundle-down", b"bundle-up"), "bad_signature"),
    ):
        yield Case("bundle", name, why, given(data), code)


def all_cases(folder: Path) -> Iterator[Case]:
    for make in (
        signature_cases, message_cases, payload_cases, inflate_cases, run_header_cases, prove_cases, enrolment_cases
    ):
        yield from make()
    yield from sealed_run_cases(folder / "sealed_run.json")
    yield from chunk_cases(folder / "chunk.json")
    yield from bundle_cases(folder / "sealed_run.json", folder / "chunk.json")
