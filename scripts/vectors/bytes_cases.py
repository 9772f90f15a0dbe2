"""Cases of the bytes of a change: header, body, leaf, first change, tree, proofs, notes."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from shared.changelog.change import Header, Op, Sealed, encode_header
from shared.changelog.checkpoint import Checkpoint, Signer, cosign, sign_checkpoint, sign_note
from shared.changelog.genesis import Genesis, predecessor
from shared.changelog.keys import SigningKey
from shared.changelog.tree import (
    EMPTY_ROOT,
    CompactRange,
    SubtreeHasher,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
)
from shared.changelog.witness import Offer
from shared.merge.scope import Role
from shared.store.returned import write_line
from vectors.case import AUTHOR, DESA, KECAMATAN, LOG, OTHER, RECORD, SALT, SIGN_SEED, SIGNING, TIME_S, Case

REF = f"{LOG}:1:0011223344556677"
REF_B = f"{'ff' * 16}:7:8899aabbccddeeff"
HEADER = Header(1, LOG, 3, "keluarga", 1, RECORD, "u", ["_", "alamat"], [REF, REF_B], AUTHOR, TIME_S)
NUMBER_MAX = (1 << 53) - 1


def write(header: Header) -> str:
    return encode_header(header).decode()


def header_cases() -> Iterator[Case]:
    def good(name: str, why: str, header: Header) -> Case:
        return Case("header", name, why, {"text": write(header)})

    def bad(name: str, why: str, text: str) -> Case:
        return Case("header", name, why, {"text": text}, "malformed")

    create = HEADER._replace(op=Op.CREATE.value, groups=[], parents=[])
    yield good("update", "eleven members, groups and parents sorted", HEADER)
    yield good("create", "no groups (all are touched) and no parents", create)
    yield good("delete", "no groups (existence is touched)", HEADER._replace(op="d", groups=[], parents=[REF]))
    yield good("decide", "groups decided on, parents are the heads that were seen", HEADER._replace(op="p"))
    yield good("numbers at their limits", "2^53 - 1 is the greatest; a clock may be before 1970",
               create._replace(seq=NUMBER_MAX, time_s=-NUMBER_MAX))
    yield Case("header", "later format", "only its first six members are read; the change is kept, not projected",
               {"text": f'[2,"{LOG}",3,"usaha",4,"{RECORD}",{{"baru":true}}]'})
    text = write(HEADER)
    yield bad("float", "no fractions", text.replace(",3,", ",3.0,"))
    yield bad("exponent", "one spelling per number", text.replace(str(TIME_S), "179e7"))
    yield bad("NaN", "not JSON", text.replace(str(TIME_S), "NaN"))
    yield bad("2^53", "beyond what every JSON reader holds exactly", text.replace(str(TIME_S), str(NUMBER_MAX + 1)))
    yield bad("minus zero", "one spelling per number", text.replace(str(TIME_S), "-0"))
    yield bad("whitespace", "one spelling per value", text.replace(",", ", "))
    yield bad("trailing line feed", "one spelling per value", text + "\n")
    yield bad("escape that is not needed", "one spelling per text", text.replace("alamat", "\\u0061lamat"))
    yield bad("parents not sorted", "one order", write(HEADER._replace(parents=[REF_B, REF])))
    yield bad("parent twice", "a set", write(HEADER._replace(parents=[REF, REF])))
    yield bad("groups not sorted", "one order", write(HEADER._replace(groups=["alamat", "_"])))
    yield bad("sixty-five parents", "PARENTS_MAX is 64",
              write(HEADER._replace(parents=[f"{LOG}:{n}:0011223344556677" for n in range(100, 165)])))
    yield bad("unknown op", "operations are fixed by the format", write(HEADER._replace(op="x")))
    yield bad("ten members", "format 1 has eleven", text.rsplit(",", 1)[0] + "]")
    yield bad("twelve members", "format 1 has eleven", text[:-1] + ",0]")
    yield bad("object", "a header is an array", "{}")
    yield bad("log in capitals", "ids are lower case", text.replace(LOG, LOG.upper(), 1))
    yield bad("log as UUID", "a log id is 32 hex digits", text.replace(LOG, "00112233-4455-6677-8899-aabbccddeeff", 1))
    yield bad("reference with a leading zero", "one spelling per reference", text.replace(":1:", ":01:"))
    yield bad("negative seq", "places count from 0", write(HEADER._replace(seq=-1)))
    yield bad("seq is true", "true is no number", text.replace(",3,", ",true,"))
    yield bad("format 0", "formats count from 1", "[0" + text[2:])
    yield Case("header", "not UTF-8", "bytes that are no text", {"hex": b'["\xff"]'.hex()}, "malformed")


def body_cases() -> Iterator[Case]:
    salt = SALT.hex()

    def good(name: str, why: str, text: str) -> Case:
        return Case("body", name, why, {"salt": salt, "text": text})

    def bad(name: str, why: str, text: str) -> Case:
        return Case("body", name, why, {"salt": salt, "text": text}, "malformed")

    yield good("fields", "members sorted, no spaces", '{"alamat":"Jalan Melati 4","rt":"02","rw":"01"}')
    yield good("empty", "a restore sets no field", "{}")
    yield good("text beyond ASCII", "UTF-8 as it is; only quote, backslash and controls are escaped",
               '{"nama":"Ni Luh Ayu “Rai” é 🏠","sebab":"a\\"b\\\\c\\nd\\u001f"}')
    yield good("lists, booleans, numbers", "all that a body may hold",
               '{"aktif":true,"batas":["a","b"],"jumlah":-9007199254740991,"nilai":9007199254740991}')
    yield good("decision", "group → chosen change; never a typed value",
               f'{{"alasan":"KK asli","petugas":["{AUTHOR}"],"pilih":{{"no_kk":"{REF}"}}}}')
    yield bad("member name beyond ASCII", "RFC 8785 sorts names by UTF-16, others by code point", '{"～":1,"🏠":2}')
    yield bad("null", "an empty member is left out", '{"rt":null}')
    yield bad("float", "money is whole rupiah", '{"nilai":1.5}')
    yield bad("duplicate member", "two readers would take different ones", '{"rt":"01","rt":"02"}')
    yield bad("unsorted members", "one order", '{"rw":"01","rt":"02"}')
    yield bad("NaN", "not JSON", '{"nilai":NaN}')
    yield bad("2^53", "beyond what every JSON reader holds exactly", '{"nilai":9007199254740992}')
    yield bad("2^53 inside a list", "the same at any depth", '{"nilai":[[9007199254740992]]}')
    yield bad("whitespace", "one spelling per value", '{"rt": "02"}')
    yield bad("lone surrogate", "no text", '{"rt":"\\ud800"}')
    yield bad("capital hex in an escape", "one spelling per text", '{"rt":"\\u001F"}')
    yield bad("array", "a body is an object", '["rt"]')
    yield bad("two objects", "one object", '{},{}')
    yield Case("body", "shorter than salt and braces", "16 bytes and {} at least", {"hex": "00" * 17}, "malformed")


def changes() -> list[tuple[Header, bytes]]:
    """The small log of these vectors: first change, a family, its change, its second change."""
    header, sealed = Genesis(LOG, DESA, Role.DESA, SIGNING.public).seal(SALT, TIME_S)
    assert sealed.body is not None
    made = [(header, sealed.body)]
    for op, groups, text in (
        ("c", [], '{"alamat":"Jalan Melati 4","no_kk":"3303990101260001"}'),
        ("u", ["alamat"], '{"alamat":"Jalan Melati 5"}'),
        ("u", ["alamat"], '{"alamat":"Jalan Melati 5","rt":"02"}'),
        ("d", [], '{"alasan":"Pindah"}'),
    ):
        before, body = made[-1]
        parents = [] if op == "c" else [before.ref(leaf_of(before, body))]
        made.append((
            Header(1, LOG, len(made), "keluarga", 1, RECORD, op, groups, parents, AUTHOR, TIME_S + len(made)),
            SALT + text.encode(),
        ))
    return made


def leaf_of(header: Header, body: bytes) -> bytes:
    return leaf_hash(encode_header(header), sha256(body).digest())


def given_change(header: Header, body: bytes, *, erased: bool = False) -> dict[str, str]:
    """Write a change for an input."""
    if erased:
        return {"header": write(header), "digest": sha256(body).hexdigest()}
    return {"header": write(header), "salt": body[:16].hex(), "text": body[16:].decode()}


def leaf_cases() -> Iterator[Case]:
    for at, (header, body) in enumerate(changes()):
        yield Case("leaf", f"change {at} of the small log", "SHA-256(0x00 || header || SHA-256(body))",
                   given_change(header, body))
    header, body = changes()[1]
    yield Case("leaf", "erased", "the digest alone gives the same leaf", given_change(header, body, erased=True))
    given = given_change(header, body, erased=True)
    yield Case("leaf", "digest of 31 bytes", "a digest has 32", {**given, "digest": given["digest"][2:]}, "bad_proof")


def genesis_cases() -> Iterator[Case]:
    header, body = changes()[0]
    given = given_change(header, body)
    yield Case("genesis", "log of a node", "whose it is, under which key", given)
    channel = Genesis("a1" * 16, DESA, Role.SALURAN, SIGNING.public).seal(SALT, TIME_S)
    yield Case("genesis", "channel of the hub for one desa", "peran saluran", _sealed(channel))
    common = Genesis("a2" * 16, KECAMATAN, Role.UMUM, SIGNING.public).seal(SALT, TIME_S)
    yield Case("genesis", "common channel of the hub", "peran umum, wilayah of the kecamatan", _sealed(common))
    after = Genesis("a3" * 16, DESA, Role.DESA, SIGNING.public, predecessor(LOG, 0, EMPTY_ROOT)).seal(SALT, TIME_S)
    yield Case("genesis", "log that continues another", "pendahulu is log:size:base64 root", _sealed(after))
    issued = Genesis("a5" * 16, DESA, Role.DESA, SIGNING.public, predecessor(LOG, 1, LEAVES[0]), REF)
    yield Case("genesis", "log that issues a branch again", "cabang names the first change of the branch",
               _sealed(issued.seal(SALT, TIME_S)))
    text = given["text"]
    for name, why, changed in (
        ("another origin", "asal must be what the other members make", text.replace("/desa/", "/umum/")),
        ("unknown role", "desa, umum or saluran", text.replace('"peran":"desa"', '"peran":"kota"')),
        ("key of 31 bytes", "an Ed25519 key has 32", text.replace(SIGNING.public.hex(), SIGNING.public.hex()[2:])),
        ("no key", "every member but pendahulu is needed", "{}"),
    ):
        yield Case("genesis", name, why, {**given, "text": changed}, "malformed")
    later = write(header._replace(seq=1))
    yield Case("genesis", "not at place 0", "it is the first change", {**given, "header": later}, "malformed")
    yield Case("genesis", "another record", "the record is the log id as a UUID",
               {**given, "header": write(header._replace(record=RECORD))}, "malformed")
    yield Case("genesis", "erased", "nothing speaks for the key", given_change(header, body, erased=True), "malformed")


def _sealed(made: tuple[Header, Sealed]) -> dict[str, str]:
    header, sealed = made
    assert sealed.body is not None
    return given_change(header, sealed.body)


LEAVES = [sha256(b"\x00" + bytes([n])).digest() for n in range(8)]


def _hasher(leaves: list[bytes]) -> SubtreeHasher:
    return SubtreeHasher(lambda lo, hi: leaves[lo:hi], lambda number: None)


def root_of(leaves: list[bytes]) -> bytes:
    made = CompactRange()
    made.extend(leaves)
    return made.root()


def tree_cases() -> Iterator[Case]:
    for size in range(9):
        yield Case("tree", f"{size} leaves", "root and compact range (RFC 6962 section 2.1)",
                   {"leaves": [leaf.hex() for leaf in LEAVES[:size]]})
    yield Case("tree", "leaf of 31 bytes", "a hash has 32", {"leaves": [LEAVES[0].hex()[2:]]}, "bad_proof")


def proof_cases() -> Iterator[Case]:
    for index, size in ((0, 1), (0, 8), (5, 8), (2, 3), (6, 7), (4, 5)):
        yield Case("inclusion", f"leaf {index} of {size}", "RFC 6962 section 2.1.1", _inclusion(index, size))
    for old, new in ((0, 5), (1, 1), (1, 8), (2, 5), (3, 7), (4, 7), (6, 8), (7, 8)):
        yield Case("consistency", f"{old} to {new}", "RFC 6962 section 2.1.2", _consistency(old, new))
    good = _inclusion(5, 8)
    for name, why, changed in _spoil(good, "root"):
        yield Case("inclusion", name, why, changed, "bad_proof")
    yield Case("inclusion", "another leaf", "the place counts", {**good, "index": 4}, "bad_proof")
    yield Case("inclusion", "leaf beyond the tree", "no such place", {**good, "index": 8}, "bad_proof")
    good = _consistency(3, 7)
    for name, why, changed in _spoil(good, "old_root"):
        yield Case("consistency", name, why, changed, "bad_proof")
    yield Case("consistency", "two roots for one size", "a fork",
               {**_consistency(5, 5), "old_root": node_hash(LEAVES[0], LEAVES[1]).hex()}, "bad_proof")
    yield Case("consistency", "smaller than before", "a log only grows", {**good, "old": 8}, "bad_proof")
    yield Case("consistency", "proof where none is needed", "one spelling per proof",
               {**_consistency(5, 5), "proof": good["proof"]}, "bad_proof")


def _spoil(good: dict[str, Any], root: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    proof = good["proof"]
    yield "one bit of the proof flipped", "every hash counts", {**good, "proof": [_flip(proof[0]), *proof[1:]]}
    yield "one bit of the root flipped", "the root is what is signed", {**good, root: _flip(good[root])}
    yield "proof without its last hash", "too short", {**good, "proof": proof[:-1]}
    yield "proof with a hash more", "too long", {**good, "proof": [*proof, proof[0]]}
    yield "proof in another order", "order counts", {**good, "proof": proof[::-1]}


def _flip(text: str) -> str:
    data = bytearray.fromhex(text)
    data[0] ^= 1
    return data.hex()


def _inclusion(index: int, size: int) -> dict[str, Any]:
    proof = inclusion_proof(index, size, _hasher(LEAVES[:size]))
    return {"leaf": LEAVES[index].hex(), "index": index, "size": size, "root": root_of(LEAVES[:size]).hex(),
            "proof": [node.hex() for node in proof]}


def _consistency(old: int, new: int) -> dict[str, Any]:
    proof = consistency_proof(old, new, _hasher(LEAVES[:new]))
    return {"old": old, "old_root": root_of(LEAVES[:old]).hex(), "new": new, "new_root": root_of(LEAVES[:new]).hex(),
            "proof": [node.hex() for node in proof]}


ORIGIN = f"sipande/{DESA}/desa/{LOG}"
HUB = f"sipande/{KECAMATAN}/hub"
POINT = Checkpoint(ORIGIN, 8, root_of(LEAVES))


def note_cases() -> Iterator[Case]:
    seed, public = SIGN_SEED.hex(), SIGNING.public.hex()
    note = sign_checkpoint(POINT, Signer(ORIGIN, SIGNING)).decode()
    given = {"note": note, "name": ORIGIN, "public": public}
    yield Case("checkpoint", "head of a log", "C2SP signed-note and tlog-checkpoint; the key is named by the origin",
               {**given, "seed": seed})
    empty = sign_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT), Signer(ORIGIN, SIGNING)).decode()
    yield Case("checkpoint", "empty log", "size 0", {**given, "note": empty, "seed": seed})
    receipt = cosign(POINT, Signer(HUB, SIGNING), TIME_S).decode()
    taken = {"note": receipt, "name": HUB, "public": public}
    yield Case("receipt", "receipt of the hub", "C2SP tlog-cosignature; time_s is hub time", {**taken, "seed": seed})
    for topic, good in (("checkpoint", given), ("receipt", taken)):
        for name, why, changed in (
            ("one letter of the origin changed", "the text is signed", good["note"].replace("sipande", "sipandf", 1)),
            ("size changed", "the text is signed", good["note"].replace("\n8\n", "\n9\n")),
            ("size with a leading zero", "one spelling per number", good["note"].replace("\n8\n", "\n08\n")),
            ("one bit of the signature flipped", "Ed25519", _flip_signature(good["note"])),
            ("no empty line", "text and signatures are parted by one", good["note"].replace("\n\n", "\n")),
            ("no last line feed", "lines end", good["note"][:-1]),
            ("cut in the middle", "a note is whole", good["note"][: len(good["note"]) // 2]),
            ("carriage returns", "no control characters", good["note"].replace("\n", "\r\n")),
        ):
            yield Case(topic, name, why, {**good, "note": changed}, "bad_note")
        stranger = {**good, "public": OTHER.public.hex()}
        yield Case(topic, "key of somebody else", "the key is the log's", stranger, "bad_note")
        renamed = {**good, "name": "x"}
        yield Case(topic, "known under another name", "the name is part of the key id", renamed, "bad_note")
    yield Case("checkpoint", "a receipt is no checkpoint", "signature types differ", {**taken}, "bad_note")
    yield Case("receipt", "a checkpoint is no receipt", "signature types differ", {**given}, "bad_note")
    short = sign_note(f"{ORIGIN}\n8\nAAAA\n".encode(), Signer(ORIGIN, SIGNING)).decode()
    yield Case("checkpoint", "root of three bytes", "a root has 32", {**given, "note": short}, "bad_note")


def _flip_signature(note: str) -> str:
    at = len(note) - 8
    return note[:at] + ("A" if note[at] != "A" else "B") + note[at + 1 :]


CHANNEL = f"sipande/{KECAMATAN}/umum/{LOG}"


def witness_cases() -> Iterator[Case]:
    """What the witness of a hub's channel is offered after it has cosigned five changes of it."""

    def point(size: int) -> Checkpoint:
        return Checkpoint(CHANNEL, size, root_of(LEAVES[:size]))

    def offer(old: int, new: Checkpoint, key: SigningKey = SIGNING) -> dict[str, Any]:
        proof = consistency_proof(old, new.size, _hasher(LEAVES[: new.size])) if old <= new.size else []
        made = Offer(old, tuple(proof), sign_checkpoint(new, Signer(new.origin, key)))
        last = point(5)
        return {
            "offer": made.encode().decode(), "origin": CHANNEL, "public": SIGNING.public.hex(),
            "last": {"size": last.size, "root": last.root.hex()},
        }

    good = offer(5, point(8))
    yield Case("witness", "growth", "the body of add-checkpoint of C2SP tlog-witness", good)
    yield Case("witness", "nothing new", "equal roots need no proof", offer(5, point(5)))
    yield Case("witness", "first sight", "old is 0, the proof empty", {**offer(0, point(8)), "last": None})
    other = Checkpoint(CHANNEL, 5, root_of(LEAVES[3:8]))
    yield Case("witness", "another root at the size cosigned", "two histories", offer(5, other), "fork")
    yield Case("witness", "smaller than cosigned", "a log only grows", offer(3, point(3)), "fork")
    yield Case("witness", "old is not what was cosigned", "409 of tlog-witness", offer(3, point(8)), "gap")
    yield Case("witness", "old larger than the checkpoint", "400 of tlog-witness",
               {**offer(9, point(8)), "last": None}, "malformed")
    text = good["offer"]
    lines = text.split("\n")
    for name, why, changed in (
        ("proof without its last hash", "422 of tlog-witness", text.replace(lines[3] + "\n", "", 1)),
        ("no proof", "growth is proven", "\n".join([lines[0], *lines[lines.index(""):]])),
    ):
        yield Case("witness", name, why, {**good, "offer": changed}, "bad_proof")
    for name, why, changed in (
        ("old with a leading zero", "one spelling per number", text.replace("old 5", "old 05")),
        ("hash of three bytes", "a hash has 32", text.replace(lines[1], "AAAA")),
        ("no empty line", "head and note are parted by one", text.replace("\n\n", "\n", 1)),
        ("sixty-four hashes", "63 at most", text.replace(lines[1], "\n".join([lines[1]] * 64))),
        ("no old", "it says where the proof begins", "\n".join(lines[1:])),
    ):
        yield Case("witness", name, why, {**good, "offer": changed}, "malformed")
    yield Case("witness", "key of somebody else", "the channel's key is pinned", offer(5, point(8), OTHER), "bad_note")
    moved = Checkpoint(f"sipande/{DESA}/saluran/{LOG}", 8, root_of(LEAVES))
    yield Case("witness", "another log", "the origin is the log's name", offer(5, moved), "bad_note")


def moved_cases() -> Iterator[Case]:
    """The change of a family and the one after it, issued again as places 1 and 2 of another log."""
    made = changes()[1:3]
    branch = made[0][0].ref(leaf_of(*made[0]))
    moved: dict[str, str] = {}
    for at, (header, body) in enumerate(made, 1):
        fresh = header._replace(log="a4" * 16, seq=at, parents=[moved[parent] for parent in header.parents])
        given = {"cabang": branch, "earlier": {new: old for old, new in moved.items()}, **given_change(fresh, body)}
        yield Case("moved", f"place {at} after a branch", "header and body as they stood in the branch", given)
        if at == 2:
            unknown = {**given, "earlier": {}}
            yield Case("moved", "parent outside the branch", "what was not issued again keeps its name", unknown)
        moved[header.ref(leaf_of(header, body))] = fresh.ref(leaf_of(fresh, body))
        if at == 1:
            erased = {**given, **given_change(fresh, body, erased=True)}
            del erased["salt"], erased["text"]
            yield Case("moved", "erased change after a branch", "the digest stays, so the earlier leaf is the same",
                       erased)
            yield Case("moved", "cabang is no reference", "log:seq:prefix", {**given, "cabang": LOG}, "malformed")
    yield _moved_decision(branch, moved)


def _moved_decision(branch: str, moved: dict[str, str]) -> Case:
    """A decision of a channel's branch: what it chose is named in its body, and was issued again too."""
    (before, after), *_ = moved.items()
    header = HEADER._replace(log="a4" * 16, seq=3, op="p", groups=["alamat"], parents=[after])
    body = SALT + f'{{"pilih":{{"alamat":"{after}"}}}}'.encode()
    given = {"cabang": branch, "earlier": {after: before}, **given_change(header, body)}
    return Case("moved", "decision after a branch", "references in the body are taken back too", given)


def place_cases() -> Iterator[Case]:
    """Which of several places of one change stands for it."""
    old, one, two = f"{LOG}:4:0011223344556677", f"{'a4' * 16}:1:8899aabbccddeeff", f"{'b4' * 16}:1:0011223344556677"
    yield Case("places", "issued again once", "the earlier reference means the change",
               {"earlier": {one: [old]}, "held": {one: False}})
    yield Case("places", "issued again twice", "one change: the least reference stands for both",
               {"earlier": {one: [old], two: [old]}, "held": {one: False, two: False}})
    yield Case("places", "the least is held", "that which is not held stands for both",
               {"earlier": {one: [old], two: [old]}, "held": {one: True, two: False}})
    yield Case("places", "issued again from what was issued again", "all earlier references mean the change",
               {"earlier": {two: [one, old]}, "held": {two: False}})


def piece_cases() -> Iterator[Case]:
    """A piece of a branch that the hub hands back (kind ``cabang``, member ``isi``)."""
    whole, gone = (Sealed(encode_header(h), b, sha256(b).digest()) for h, b in changes()[1:3])
    gone = Sealed(gone.header, None, gone.body_digest)
    lines = [write_line(whole), write_line(gone)]
    yield Case("cabang", "two changes, one erased", "header, tab, base64 of the body or # and the digest; LF between",
               {"isi": "\n".join(lines)})
    for name, why, bad in (
        ("body not in base64", "RFC 4648, padded", lines[0] + "*"),
        ("digest not in hex", "64 hex digits", lines[1] + "z"),
    ):
        yield Case("cabang", name, why, {"isi": bad}, "malformed")


def all_cases() -> Iterator[Case]:
    for make in (
        header_cases, body_cases, leaf_cases, genesis_cases, tree_cases, proof_cases, note_cases, witness_cases,
        moved_cases, place_cases, piece_cases,
    ):
        yield from make()
