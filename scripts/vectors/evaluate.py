"""Answers the input of a vector with production code; tests/shared_core/test_vectors.py does the same to the files.

An evaluator reads what a receiver reads. Where the input also carries a seed, it writes the same again with
the code of a sender and insists on equal bytes, so that one vector holds both directions.
"""

from __future__ import annotations

import base64
import io
import json
import sqlite3
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from hub.verval.cases import kasus_id
from hub.verval.findings import name_finding
from shared.changelog import tree
from shared.changelog.change import FORMAT, Sealed, decode_bodies, decode_headers, encode_body, encode_header
from shared.changelog.checkpoint import (
    Checkpoint,
    SignatureType,
    Signer,
    Verifier,
    cosign,
    format_vkey,
    open_checkpoint,
    open_receipt,
    sign_checkpoint,
)
from shared.changelog.genesis import Genesis, read_genesis
from shared.changelog.keys import SealKey, SigningKey, verify
from shared.changelog.run import (
    RunHeader,
    decode_run_header,
    inflate,
    open_run,
    pack_payload,
    split_runs,
    unpack_payload,
)
from shared.changelog.witness import judge_offer, open_offer, parse_offer
from shared.errors import ProtocolError, UserError
from shared.merge.fold import FoldChange, GroupState, Standing, fold
from shared.merge.scope import Role, find_scope_breach
from shared.records.catalogue import CATALOGUE
from shared.records.evolution import Evolution
from shared.records.fields import FieldInfo
from shared.store.changes import Log
from shared.store.moved import choose_places, take_back
from shared.store.parity import digest_range, list_range
from shared.store.records import fills_its_groups
from shared.store.returned import read_line, write_line
from shared.store.tables import columns_of, insert_sql, make_tables
from shared.sync import messages, signature
from shared.sync.bundle import open_file, write_letter
from shared.sync.checks import prove_run, read_run
from shared.sync.chunk import open_chunk, split_chunk
from shared.sync.enrolment import derive_proof_key, parse_code, prove_code, words_of
from shared.sync.versions import Program
from vectors.evaluate_exchange import hold_exchange
from vectors.evaluate_tanda import check_tanda
from vectors.evaluate_trust import follow_successors, prove_rotation, read_successor

Input = Mapping[str, Any]
Answer = tuple[dict[str, Any], Any]
"""Intermediate values, output."""


class VectorError(Exception):
    """Two directions of production code disagree, or a vector is not one."""


def evaluate(topic: str, given: Input) -> dict[str, Any]:
    """Answer one input: ``intermediate`` and ``output``, or ``error`` with the code of the refusal."""
    try:
        intermediate, output = EVALUATORS[topic](given)
    except ProtocolError as error:
        return {"error": error.code}
    except UserError as error:
        return {"error": error.kode}
    return {"intermediate": intermediate, "output": output}


def _insist(claim: bool, what: str) -> None:
    if not claim:
        raise VectorError(what)


def _bytes(given: Input) -> bytes:
    """Read bytes given as ``text`` or ``hex``."""
    text: str | None = given.get("text")
    return bytes.fromhex(given["hex"]) if text is None else text.encode()


def _body(given: Input) -> bytes:
    return bytes.fromhex(given["salt"]) + str(given["text"]).encode()


def _sealed(given: Input) -> Sealed:
    """Read a change given as header and body (salt, text), or header and digest."""
    header = given["header"].encode()
    if "digest" in given:
        return Sealed(header, None, bytes.fromhex(given["digest"]))
    body = _body(given)
    return Sealed(header, body, sha256(body).digest())


def _leaf(change: Sealed) -> bytes:
    return tree.leaf_hash(change.header, change.body_digest)


# Changes ---------------------------------------------------------------------------------------------------


def _header(given: Input) -> Answer:
    data = _bytes(given)
    header = decode_headers([data])[0]
    if header.format == FORMAT:
        _insist(encode_header(header) == data, "header")
    return {"sha256": sha256(data).hexdigest()}, list(header)


def _read_body(given: Input) -> Answer:
    data = _body(given) if "salt" in given else _bytes(given)
    values = decode_bodies([data])[0]
    assert values is not None
    _insist(encode_body(values, data[:16]) == data, "body")
    return {"digest": sha256(data).hexdigest()}, values


def _leaf_hash(given: Input) -> Answer:
    change = _sealed(given)
    leaf = _leaf(change)
    header = decode_headers([change.header])[0]
    preimage = b"\x00" + change.header + change.body_digest
    return (
        {"digest": change.body_digest.hex(), "preimage": preimage.hex()}, {"leaf": leaf.hex(), "ref": header.ref(leaf)}
    )


def _moved(given: Input) -> Answer:
    change = _sealed(given)
    header, sealed = take_back(decode_headers([change.header])[0], change, given["cabang"], given["earlier"])
    leaf = tree.leaf_hash(sealed.header, sealed.digest())
    return {"header": sealed.header.decode(), "leaf": leaf.hex()}, {"ref": header.ref(leaf)}


def _places(given: Input) -> Answer:
    """Find what stands for each reference of a change that has several; ``held`` are those present here."""
    return {}, dict(sorted(choose_places(given["earlier"], given["held"]).items()))


def _cabang(given: Input) -> Answer:
    """Read the text of a piece of a branch that is handed back."""
    try:
        changes = [read_line(line) for line in given["isi"].split("\n")]
    except ValueError:
        raise ProtocolError("malformed", "piece of a branch") from None
    _insist("\n".join(write_line(change) for change in changes) == given["isi"], "piece of a branch")
    return {}, [_show(change) for change in changes]


def _genesis(given: Input) -> Answer:
    change = _sealed(given)
    genesis = read_genesis(change)
    header = decode_headers([change.header])[0]
    assert change.body is not None
    again = Genesis(genesis.id, genesis.wilayah, genesis.peran, genesis.kunci, genesis.pendahulu, genesis.cabang)
    _insist(again.seal(change.body[:16], header.time_s)[1] == change, "genesis")
    output = {
        "id": genesis.id, "wilayah": genesis.wilayah, "peran": genesis.peran.value, "kunci": genesis.kunci.hex(),
        "pendahulu": genesis.pendahulu, "cabang": genesis.cabang, "origin": genesis.origin,
    }
    return {"leaf": _leaf(change).hex()}, output


# Trees and notes -------------------------------------------------------------------------------------------


def _tree(given: Input) -> Answer:
    compact = tree.CompactRange()
    compact.extend(bytes.fromhex(leaf) for leaf in given["leaves"])
    return {"range": [node.hex() for node in compact.hashes]}, {"size": compact.size, "root": compact.root().hex()}


def _proof(given: Input) -> list[bytes]:
    return [bytes.fromhex(node) for node in given["proof"]]


def _inclusion(given: Input) -> Answer:
    leaf, root = bytes.fromhex(given["leaf"]), bytes.fromhex(given["root"])
    tree.verify_inclusion(leaf, given["index"], given["size"], root, _proof(given))
    return {}, True


def _consistency(given: Input) -> Answer:
    old, new = bytes.fromhex(given["old_root"]), bytes.fromhex(given["new_root"])
    tree.verify_consistency(given["old"], old, given["new"], new, _proof(given))
    return {}, True


def _checkpoint(given: Input) -> Answer:
    note = given["note"].encode()
    verifier = Verifier(given["name"], bytes.fromhex(given["public"]))
    checkpoint = open_checkpoint(note, verifier)
    if "seed" in given:
        signer = Signer(given["name"], SigningKey(bytes.fromhex(given["seed"])))
        _insist(sign_checkpoint(checkpoint, signer) == note, "checkpoint")
    return _describe(verifier, checkpoint.body()), _point(checkpoint)


def _receipt(given: Input) -> Answer:
    note = given["note"].encode()
    verifier = Verifier(given["name"], bytes.fromhex(given["public"]), SignatureType.COSIGNATURE_V1)
    checkpoint, time_s = open_receipt(note, verifier)
    if "seed" in given:
        signer = Signer(given["name"], SigningKey(bytes.fromhex(given["seed"])))
        _insist(cosign(checkpoint, signer, time_s) == note, "receipt")
    signed = b"cosignature/v1\ntime %d\n" % time_s + checkpoint.body()
    return _describe(verifier, signed), {**_point(checkpoint), "time_s": time_s}


def _describe(verifier: Verifier, signed: bytes) -> dict[str, Any]:
    return {"key_id": verifier.key_id.hex(), "vkey": format_vkey(verifier), "signed": signed.decode()}


def _point(checkpoint: Checkpoint) -> dict[str, Any]:
    return {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex()}


def _witness(given: Input) -> Answer:
    data = given["offer"].encode()
    offer = parse_offer(data)
    _insist(offer.encode() == data, "offer")
    checkpoint = open_offer(offer, given["origin"], [bytes.fromhex(given["public"])])
    last = given["last"]
    known = None if last is None else Checkpoint(given["origin"], last["size"], bytes.fromhex(last["root"]))
    judge_offer(offer, checkpoint, known)
    return {"old": offer.old, "proof": [node.hex() for node in offer.proof]}, _point(checkpoint)


# Requests and messages -------------------------------------------------------------------------------------


def _http_signature(given: Input) -> Answer:
    body, headers = given["body"].encode(), dict(given["headers"])
    lowered = signature.header_subset(headers)
    signed = signature.verify(_message(given, lowered), body)
    if "seed" in given:
        key = SigningKey(bytes.fromhex(given["seed"]))
        fresh = signature.sign(
            _message(given, {}), body, key.seed(), key.public.hex(), given["nonce"], given["created_s"]
        )
        _insist(fresh == headers, "signature headers")
    base = _signature_base(given, lowered)
    value = base64.b64decode(lowered["signature"].split(":")[1])
    _insist(verify(bytes.fromhex(signed.key), value, base), "signature base")
    return {"base": base.decode()}, {"key": signed.key, "nonce": signed.nonce}


def _message(given: Input, headers: dict[str, str]) -> signature.RequestMessage | signature.AnswerMessage:
    if "status" in given:
        return signature.AnswerMessage(given["status"], headers)
    return signature.RequestMessage(given["method"], given["url"], headers)


def _signature_base(given: Input, headers: Mapping[str, str]) -> bytes:
    """Write the RFC 9421 signature base by hand, so that the vector does not rest on the library alone."""
    parameters = headers["signature-input"].split("=", 1)[1]
    if "status" in given:
        lines = [f'"@status": {given["status"]}']
    else:
        scheme, _, rest = given["url"].partition("://")
        authority, _, path = rest.partition("/")
        lines = [f'"@method": {given["method"]}', f'"@authority": {authority}', f'"@path": /{path}']
    lines += [f'"content-digest": {headers["content-digest"]}', f'"@signature-params": {parameters}']
    return "\n".join(lines).encode()


def _read_message(given: Input) -> Answer:
    text = given["text"] * given.get("times", 1)
    loaded = messages.decode(getattr(messages, given["schema"]), text.encode())
    return {}, loaded


# Runs ------------------------------------------------------------------------------------------------------


def _payload(given: Input) -> Answer:
    payload = bytes.fromhex(given["payload"])
    changes = unpack_payload(payload, given["count"], given["erased"])
    _insist(pack_payload(changes) == payload, "payload")
    return {}, [_show(change) for change in changes]


def _show(change: Sealed) -> dict[str, Any]:
    if change.body is None:
        return {"header": change.header.decode(), "digest": change.body_digest.hex()}
    return {"header": change.header.decode(), "salt": change.body[:16].hex(), "text": change.body[16:].decode()}


def _inflate(given: Input) -> Answer:
    payload = inflate(bytes.fromhex(given["packed"]), given["codec"])
    return {}, {"length": len(payload), "sha256": sha256(payload).hexdigest()}


def _run_header(given: Input) -> Answer:
    header = decode_run_header(given["line"].encode())
    return {"info": header.info().hex()}, _show_run_header(header)


def _show_run_header(header: RunHeader) -> dict[str, Any]:
    return {
        "log": header.log, "start": header.start, "end": header.end, "erased": header.erased, "codec": header.codec,
        "seal": header.seal, "checkpoint": header.checkpoint.decode(), "proof": [node.hex() for node in header.proof],
        "length": header.length,
    }


def _sealed_run(given: Input) -> Answer:
    key = SealKey(bytes.fromhex(given["seal_seed"]))
    runs = split_runs(base64.b64decode(given["bytes"]))
    output = []
    for header, sealed in runs:
        read = read_run(header, open_run(header, sealed, key.open))
        refs = [h.ref(leaf) for h, leaf in zip(read.headers, read.leaves, strict=True)]
        output.append({"header": _show_run_header(header), "changes": [_show(c) for c in read.changes], "refs": refs})
    infos = [header.info().hex() for header, _ in runs]
    return {"seal_public": key.public.hex(), "seal_id": key.key_id.hex(), "info": infos}, output


def _range_of(leaves: list[bytes]) -> tree.CompactRange:
    compact = tree.CompactRange()
    compact.extend(leaves)
    return compact


def _chunk(given: Input) -> Answer:
    key = SealKey(bytes.fromhex(given["seal_seed"]))
    header, sealed = split_chunk(base64.b64decode(given["bytes"]))
    piece = open_chunk(header, sealed, key.open)
    output = {"hash": header.hash, "offset": header.offset, "size": header.size, "piece": piece.hex()}
    return {"info": header.info().hex(), "seal_id": key.key_id.hex()}, output


def _bundle(given: Input) -> Answer:
    data = base64.b64decode(given["bytes"])
    letter, runs = open_file(io.BytesIO(data))
    if "seed" in given:
        raw = json.loads(data.split(b"\n", 2)[1])
        written = write_letter(letter.title, raw, SigningKey(bytes.fromhex(given["seed"])))
        _insist(data.startswith(written), "note of a file")
    found = [_show_run_header(header) for header, _ in runs]
    chunks = [
        {"hash": header.hash, "length": header.length, "offset": header.offset, "seal": header.seal,
         "size": header.size}
        for header, _ in runs.chunks()
    ]
    return {"key": letter.key}, {
        "title": letter.title.value, "message": letter.message, "runs": found, "chunks": chunks,
        "whole": runs.is_whole,
    }


def _prove(given: Input) -> Answer:
    """Check an opened run against a log as held; the leaves held stand in for the store."""
    held = [bytes.fromhex(leaf) for leaf in given["log"]["leaves"]]
    compact = _range_of(held)
    origin = given["log"]["origin"]
    _, wilayah, peran, id = origin.split("/")
    kunci = bytes.fromhex(given["log"]["kunci"])
    log = Log(1, id, origin, wilayah, Role(peran), kunci, False, len(held), compact, None)
    run = given["run"]
    changes = [_sealed(change) for change in given["changes"]]
    erased = sum(c.body is None for c in changes)
    proof = tuple(bytes.fromhex(node) for node in run["proof"])
    header = RunHeader(
        run["log"], run["start"], run["end"], erased, "zlib", "", run["checkpoint"].encode(), proof
    )
    read = read_run(header, changes)
    proven = prove_run(log, read, held[header.start : header.end], lambda size: _range_of(held[:size]))
    grown = compact.copy()
    grown.extend(proven.leaves)
    return {"leaves": [leaf.hex() for leaf in read.leaves]}, {
        "new": len(proven.changes), "size": grown.size, "root": grown.root().hex()
    }


# Enrolment and ids -----------------------------------------------------------------------------------------


def _code(given: Input) -> Answer:
    code = parse_code(given["text"])
    return {"format": code.format()}, {
        "slot": code.slot_id, "secret": code.secret.hex(), "fingerprint": code.fingerprint.hex(),
        "address": code.address,
    }


def _enrolment(given: Input) -> Answer:
    proof_key = derive_proof_key(bytes.fromhex(given["secret"]))
    bukti = prove_code(
        proof_key, wilayah=given["wilayah"], kunci=given["kunci"], segel=given["segel"], nonce=given["nonce"]
    )
    hub, node, segel = (bytes.fromhex(given[name]) for name in ("hub", "kunci", "segel"))
    return {"proof_key": proof_key.hex()}, {"bukti": bukti, "kata": list(words_of(hub, node, segel, proof_key))}


def _kasus(given: Input) -> Answer:
    text = f"kasus\n{given['temuan']}\n{given['desa']}"
    return {"sha256": sha256(text.encode()).hexdigest()}, kasus_id(given["temuan"], given["desa"])


def _temuan(given: Input) -> Answer:
    rekaman = json.dumps(sorted(given["rekaman"]), ensure_ascii=False, separators=(",", ":"))
    return {"rekaman": rekaman}, name_finding(given["kode"], rekaman, given["kepala"])


# Merging ---------------------------------------------------------------------------------------------------


def _fold(given: Input) -> Answer:
    kind = CATALOGUE[given["kind"]]
    changes = [
        FoldChange(
            c["ref"], c["op"], tuple(c["groups"]), tuple(c["parents"]), c["values"], c["by_hub"],
            Standing(c["standing"]),
        )
        for c in given["changes"]
    ]
    state = fold(changes, kind)
    _insist(fold(reversed(changes * 2), kind) == state, "fold in another order")
    output = {
        "exists": state.exists, "is_merged": state.is_merged, "waiting": list(state.waiting), "held": list(state.held),
        "groups": {name: _show_group(group) for name, group in state.groups.items()},
        "values": {name: list(v) if isinstance(v, tuple) else v for name, v in state.values(kind).items()},
    }
    return {"groups_of_kind": {name: list(fields) for name, fields in kind.groups.items()}}, output


def _show_group(group: GroupState) -> dict[str, Any]:
    return {
        "status": group.status.value, "live": list(group.live), "live_ref": group.live_ref, "heads": list(group.heads),
        "versions": [[ref, list(values)] for ref, values in group.versions],
    }


def _scope(given: Input) -> Answer:
    kind = CATALOGUE[given["kind"]]
    return {}, find_scope_breach(Role(given["role"]), kind, given["op"], given["groups"], given["members"])


def _bentuk(given: Input) -> Answer:
    """Tell whether a change that sets fields is held for the shape of its body."""
    kind = CATALOGUE[given["kind"]]
    groups = kind.evolution.translate(given["groups"], given.get("kind_version", kind.version))
    fits = fills_its_groups(kind, given["op"], groups, given["values"])
    return {"groups": list(groups)}, "bentuk" if kind.find_shape_defect(given["values"]) or not fits else None


def _parity(given: Input) -> Answer:
    kind = CATALOGUE[given["kind"]]
    conn = sqlite3.connect(":memory:")
    try:
        conn.execute("CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
        make_tables(conn, CATALOGUE)
        rows = []
        for row in given["rows"]:
            values = [row["id"], given["desa"]]
            values += [None if row.get(n) is None else f.to_column(row[n]) for n, f in kind.fields.items()]
            rows.append([*values, row.get("konflik")])
        conn.executemany(insert_sql(kind, "INSERT"), rows)
        count, digest = digest_range(conn, kind, given["desa"], given["low"], given["high"])
        listed = [list(row) for row in list_range(conn, kind, given["desa"], given["low"], given["high"])]
    finally:
        conn.close()
    texts = [json.dumps(row, ensure_ascii=False) for row in rows]
    shown = {"columns": list(columns_of(kind)), "rows": texts, "shape": kind.shape}
    return shown, {"count": count, "digest": digest, "rows": listed}


def _version(given: Input) -> Answer:
    if "agreed" in given:
        least, most = given["node"]
        Program("", most, least).check_agreed(given["agreed"])
        return {}, given["agreed"]
    (least, most), (offered_min, offered) = given["hub"], given["node"]
    return {}, Program("", most, least).agree(offered, offered_min)


def _evolution(given: Input) -> Answer:
    """Read the groups of a change as today's, or find the version to write it in."""
    infos = {
        field["name"]: FieldInfo(
            field["name"], field.get("group", ""), since=field.get("since", 1),
            groups_before=tuple((int(last), group) for last, group in field.get("before", {}).items()),
        )
        for field in given["fields"]
    }
    try:
        kind = Evolution(infos, given["version"])
    except TypeError:
        raise ProtocolError("malformed", "no evolution of a kind") from None
    groups = {str(version): kind.groups_in(version) for version in range(1, kind.version + 1)}
    shown = {version: {name: list(fields) for name, fields in of.items()} for version, of in groups.items()}
    if "written" in given:
        return {"groups": shown}, list(kind.translate(given["groups"], given["written"]))
    return {"groups": shown}, kind.oldest_for(given["groups"], given["sets"])


EVALUATORS: dict[str, Callable[[Input], Answer]] = {
    "version": _version,
    "evolution": _evolution,
    "header": _header,
    "body": _read_body,
    "leaf": _leaf_hash,
    "genesis": _genesis,
    "moved": _moved,
    "places": _places,
    "cabang": _cabang,
    "successor": read_successor,
    "rantai": follow_successors,
    "rotation": prove_rotation,
    "tree": _tree,
    "inclusion": _inclusion,
    "consistency": _consistency,
    "checkpoint": _checkpoint,
    "receipt": _receipt,
    "witness": _witness,
    "http_signature": _http_signature,
    "message": _read_message,
    "payload": _payload,
    "inflate": _inflate,
    "run_header": _run_header,
    "sealed_run": _sealed_run,
    "chunk": _chunk,
    "bundle": _bundle,
    "prove": _prove,
    "code": _code,
    "enrolment": _enrolment,
    "kasus": _kasus,
    "temuan": _temuan,
    "fold": _fold,
    "scope": _scope,
    "bentuk": _bentuk,
    "parity": _parity,
    "tanda": check_tanda,
    "exchange": hold_exchange,
}
