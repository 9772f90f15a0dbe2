"""Cases of whole exchanges: every endpoint with a good, an empty and a refused one, and every code of a hub.

The requests are those of :mod:`vectors.plain`, which uses nothing of the product; the answers are the hub's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from vectors.case import Case
from vectors.hub_stage import HubStage
from vectors.plain import (
    TIME_S,
    Code,
    Plain,
    PlainLog,
    Said,
    b64,
    canonical,
    chunk,
    cosign,
    digest,
    file_note,
    key_of,
    verifier_key,
)
from vectors.story import DESA, Story

OTHER_DESA = "33.03.04.2001"
FORMS = GOOD, EMPTY, REFUSED = "good", "empty", "refused"
"""What a request is a case of: empty where nothing is said, or nothing new."""
NO_PATH = "nothing"
PHOTO = b"\xff\xd8\xff\xe0 a picture that is none \xff\xd9"


def _admission(story: Story) -> None:
    one, stranger = story.computer(), story.computer(seed="b")
    code = Code.read(story.people("open_slot", desa=DESA))

    def ask(form: str, why: str, **changed: Any) -> Said:
        nonce = one.nonce()
        story.tell(form, why)
        message = one.enrolment(changed.pop("code", code), nonce, changed.pop("desa", ""))
        return changed.pop("signer", one).ask("enrol", canonical({**message, **changed}), nonce)

    ask(REFUSED, "5.1: another key has signed", signer=stranger)
    ask(REFUSED, "5.2: no such slot", code=code._replace(slot=bytes(5)))
    ask(REFUSED, "5.3: the proof is of another secret", code=code._replace(secret=bytes(16)))
    ask(REFUSED, "5.4: a proof that fits, for another desa", desa=OTHER_DESA)
    ask(REFUSED, "0.6: a slot is 10 hex digits", slot="AAECAwQ")
    said = ask(GOOD, "the answer is signed, by the key whose fingerprint stands in the code")
    assert digest(bytes.fromhex(key_of(said)))[:16] == code.fingerprint
    ask(EMPTY, "asked again, as after a lost answer: the same")
    story.tell(REFUSED, "0.3: a person has yet to compare the words")
    one.say("hello", {"logs": []})
    story.people("refuse", kunci=one.public)
    story.tell(REFUSED, "0.3: that person has refused")
    one.say("hello", {"logs": []})
    ask(REFUSED, "5.5: a refused key, under the code of before")
    story.tell(REFUSED, "0.3: nobody knows this key")
    stranger.say("hello", {"logs": []})
    other = story.enrol(seed="c")
    story.people("revoke", kunci=other.public)
    story.tell(REFUSED, "0.4: the key was revoked")
    other.say("hello", {"logs": []})


def _session(story: Story) -> None:
    one = story.enrol()
    log = PlainLog(one)
    person = log.new_record()
    log.add("penduduk", person, "c", {"nama": "SITI AMINAH", "nik": "3303994107900001", "jenis_kelamin": 2})
    story.tell(EMPTY, "a computer that holds nothing")
    one.say("hello", {"logs": []})
    story.tell(GOOD, "it says what it holds, under which root")
    hello = one.say("hello", {"logs": [log.head()], "time": TIME_S, "program": "lain 1"}).message
    session, receiver = hello["nonce"], hello["segel"]

    def push(form: str, why: str, body: bytes) -> None:
        story.tell(form, why)
        one.ask("push", body, session)

    push(EMPTY, "no run", b"")
    push(REFUSED, "2.9, 2.5: the run begins beyond what the hub holds", log.run(receiver, 1))
    push(REFUSED, "2.2: sealed to another key", log.run(one.segel))
    push(REFUSED, "2.1: no run", b"sipande-run/1 {}\n")
    forged = log.checkpoint().replace(b64(digest(b"")), "")[:-9] + "AAAAAAA=\n"
    push(REFUSED, "2.10: the author has not signed this checkpoint", log.run(receiver, checkpoint=forged))
    push(GOOD, "one receipt a run", log.run(receiver))
    push(EMPTY, "the same again: the receipt that is stored", log.run(receiver))
    other = PlainLog(one)
    other.id, other.origin, other.headers, other.bodies, other.leaves = (
        log.id, log.origin, log.headers[:1], log.bodies[:1], log.leaves[:1]
    )
    other.add("penduduk", person, "c", {"nama": "SITI AMINAH BINTI ABAS"})
    push(REFUSED, "2.12: other bytes at a place that the hub holds", other.run(receiver))
    story.tell(GOOD, "of two second histories the hub keeps that one: it names the other")
    lost = {**other.head(), "root": b64(digest(b"lost"))}
    assert one.say("hello", {"logs": [log.head()], "branches": [other.head(), lost]}).message["branches"] == [lost]
    note = log.checkpoint()
    log.add("penduduk", log.new_record(), "c", {"nama": "BUDI"})
    push(REFUSED, "2.11: a checkpoint smaller than its run", log.run(receiver, checkpoint=note))
    _ask_for_more(story, one, log, other, hello)


def _ask_for_more(story: Story, one: Plain, log: PlainLog, other: PlainLog, hello: Mapping[str, Any]) -> None:
    session = hello["nonce"]

    def ask(path: str, form: str, why: str, message: Mapping[str, Any], nonce: str = "") -> None:
        story.tell(form, why)
        one.ask(path, canonical(message), nonce or session)

    held = [{"id": head["id"], "size": 0} for head in hello["logs"]]
    ask("pull", GOOD, "all that it lacks; the common channel first", {"logs": held, "bytes_max": 0, "codec": "zlib"})
    ask("pull", EMPTY, "of no log: no run", {"logs": []})
    ask("pull", REFUSED, "0.6: bodies are zlib or bz2", {"logs": [], "codec": "xz"})
    ask("pull", REFUSED, "0.5: no session of this name", {"logs": []}, "A" * 22)
    ask("parity", GOOD, "one person: the row itself", {"kind": "penduduk"})
    ask("parity", EMPTY, "a kind without rows", {"kind": "keluarga", "low": "", "high": ""})
    ask("parity", REFUSED, "a kind that the hub does not know", {"kind": "kucing"})
    heads = [{"size": log.head()["size"], "root": log.head()["root"]}, {"size": 1, "root": b64(log.leaves[0])}]
    ask("compare", GOOD, "the largest size at which both hold the same", {"id": log.id, "heads": heads})
    heads = [{"size": other.head()["size"], "root": other.head()["root"]}, {"size": 1, "root": b64(log.leaves[0])}]
    ask("compare", GOOD, "of a second history, up to where the hub keeps it", {"id": log.id, "heads": heads})
    ask("compare", EMPTY, "nothing to compare", {"id": log.id, "heads": []})
    ask("compare", REFUSED, "8.8: a log that nobody here knows", {"id": "ab" * 16, "heads": []})
    story.tell(REFUSED, "8.0: no such path")
    one.ask(NO_PATH, b"{}", session)
    story.tell(REFUSED, "0.2: the body is not the one that was signed")
    _change_on_the_way(story, one)
    story.people("wait", s=3601)
    ask("pull", REFUSED, "0.5: the session is too old", {"logs": []})
    story.tell(REFUSED, "0.6: the nonce of the body is not that of the signature")
    one.ask("hello", canonical({"version": 1, "nonce": "A" * 22, "logs": []}), "B" * 22)


def _change_on_the_way(story: Story, one: Plain) -> None:
    straight = one.post
    one.post = lambda path, body, headers: straight(path, body + b" ", headers)
    one.say("hello", {"logs": []})
    one.post = straight


def _attachments(story: Story) -> None:
    one = story.enrol()
    log, name = PlainLog(one), digest(PHOTO).hex()
    record = log.new_record()
    log.add("penduduk", record, "c", {"nama": "SITI AMINAH"})
    hello = story.greet(one, log)
    session, receiver = hello["nonce"], hello["segel"]

    def ask(path: str, form: str, why: str, body: bytes) -> None:
        story.tell(form, why)
        one.ask(path, body, session)

    ask("blob/have", EMPTY, "no record names an attachment", canonical({"hashes": []}))
    ask("blob/put", REFUSED, "7.3: no record names it", chunk(PHOTO, receiver, one.random(32)))
    log.add("penduduk", log.new_record(), "c", {"nama": "BUDI", "foto": name})
    one.ask("push", log.run(receiver), session)
    ask("blob/have", GOOD, "the hub lacks what a record names now", canonical({"hashes": []}))
    ask("blob/have", REFUSED, "0.6: a hash is 64 hex digits", canonical({"hashes": ["ab"]}))
    ask("blob/get", REFUSED, "7.3: the hub has not got it", canonical({"hash": name, "offset": 0}))
    ask("blob/put", REFUSED, "7.2: sealed to another key", chunk(PHOTO, one.segel, one.random(32)))
    story.people("limit", name="blob_desa_bytes_max", value=len(PHOTO) - 1)
    ask("blob/put", REFUSED, "7.5: the desa has no room left", chunk(PHOTO, receiver, one.random(32)))
    story.people("limit", name="blob_desa_bytes_max", value=1000)
    ask("blob/put", GOOD, "all of it at once", chunk(PHOTO, receiver, one.random(32)))
    ask("blob/put", EMPTY, "the same again changes nothing", chunk(PHOTO, receiver, one.random(32)))
    ask("blob/have", GOOD, "and it can be had", canonical({"hashes": [name, "ab" * 32]}))
    ask("blob/get", GOOD, "one chunk, sealed to the asker", canonical({"hash": name, "offset": 0}))
    ask("blob/get", EMPTY, "as little as can be asked for: the last byte",
        canonical({"hash": name, "offset": len(PHOTO) - 1, "bytes_max": 1}))


def _other_desa(story: Story) -> None:
    one, other = story.enrol(), story.enrol(OTHER_DESA, "b")
    log = PlainLog(other)
    theirs = story.greet(other, log)
    other.ask("push", log.run(theirs["segel"]), theirs["nonce"])
    hello = story.greet(one)
    story.tell(REFUSED, "2.8: a log of another desa")
    one.ask("push", log.run(hello["segel"]), hello["nonce"])
    story.tell(EMPTY, "8.3: what a desa may not read is left out without a word")
    one.ask("pull", canonical({"logs": [{"id": log.id, "size": 0}]}), hello["nonce"])


def _keys(story: Story) -> None:
    old, new, other = story.enrol(), story.computer(seed="b"), story.enrol(seed="c")

    def ask(form: str, why: str, asks: Plain, follows: Plain, proves: Plain) -> None:
        lines = ("sipande-rotasi", DESA, asks.public, follows.public, follows.segel)
        story.tell(form, why)
        proof = proves.key.sign("\n".join(lines).encode()).hex()
        asks.say("rotate", {"kunci": follows.public, "segel": follows.segel, "bukti": proof})

    ask(REFUSED, "R1: the key of another computer", old, other, other)
    ask(REFUSED, "R2: no computer has this key", new, new, new)
    ask(REFUSED, "R4: the new key has not signed", old, new, old)
    ask(GOOD, "the new key follows", old, new, new)
    ask(EMPTY, "asked again, as after a lost answer: the same", old, new, new)
    story.tell(REFUSED, "0.4: the old key is revoked by then")
    old.say("hello", {"logs": []})
    ask(REFUSED, "R3: and may be followed by no other", old, story.computer(seed="d"), story.computer(seed="d"))
    story.tell(EMPTY, "the new key speaks")
    new.say("hello", {"logs": []})


def _successor(story: Story) -> None:
    one = story.enrol()
    note = story.people("name_later_key")

    def ask(form: str, why: str, *notes: str) -> None:
        story.tell(form, why)
        one.ask("succeeded", canonical({"rantai": [*notes]}), one.nonce())

    ask(EMPTY, "no successor proves nothing", *())
    ask(REFUSED, "notes that prove nothing", note.replace("sipande-kunci-hub/1", "sipande-kunci-hub/2"))
    ask(GOOD, "its good answer is a refusal: from now on this hub says so to everybody", note)
    story.tell(REFUSED, "0.9: people have to act at the hub")
    one.say("hello", {"logs": []})


def _troubles(story: Story) -> None:
    one = story.enrol()
    log = PlainLog(one)
    hello = story.greet(one, log)
    story.people("limit", name="push_bytes_max", value=200)
    story.tell(REFUSED, "0.1: a body larger than push_bytes_max, which is 200 here")
    one.ask("push", log.run(hello["segel"]), hello["nonce"])
    story.people("limit", name="push_bytes_max", value=1_048_576)
    # Longer than what is left of pages that are there already.
    log.add("penduduk", log.new_record(), "c", {"nama": "SITI AMINAH", "alamat": "MELATI 4 " * 600})
    story.people("fill_disk")
    story.tell(REFUSED, "2.14: the disk takes no more")
    one.ask("push", log.run(hello["segel"]), hello["nonce"])
    story.people("break")
    story.tell(REFUSED, "a defect of the hub")
    one.say("hello", {"logs": []})
    story.people("limit", name="requests_burst", value=0)
    story.tell(REFUSED, "0.7: nothing is left in the purse; requests_burst is 0 here")
    one.say("hello", {"logs": []})


def _versions(story: Story) -> None:
    one = story.enrol()
    story.tell(REFUSED, "0.8: the computer speaks 2 and 3")
    one.say("hello", {"version": 3, "version_min": 2, "logs": "of another form"})
    story.people("speak", version_min=2, version=3)
    story.tell(REFUSED, "0.8: the hub speaks 2 and 3")
    one.say("hello", {"logs": []})
    story.people("speak", version_min=1, version=3)
    story.tell(EMPTY, "1 to 3: they speak 1")
    one.say("hello", {"logs": []})


def _stick(story: Story) -> None:
    one = story.computer()
    code, nonce = Code.read(story.people("open_slot", desa=DESA)), one.nonce()
    signer = f"sipande/{DESA}/simpul"

    def enrol(form: str, why: str, **changed: Any) -> None:
        story.tell(form, why)
        message = {**one.enrolment(code, nonce), **changed}
        story.carry(file_note("sipande-enrol/1", message, signer, one.key), "enrol (file)")

    enrol(REFUSED, "5.3: the proof is of another nonce", nonce=one.nonce())
    enrol(GOOD, "8.11: the words stand on the hub's screen")
    enrol(EMPTY, "read again: the same")
    story.people("confirm", kunci=one.public)
    log = PlainLog(one)
    log.add("penduduk", log.new_record(), "c", {"nama": "SITI AMINAH"})
    hub = story.stage.hub
    receiver, segel = hub.keys.signing.public.hex(), hub.seal_key.public.hex()
    fresh = one.nonce()

    def carry(form: str, why: str, runs: bytes = b"", **changed: Any) -> None:
        message = {
            "version": 1, "nonce": fresh, "sender": one.public, "receiver": receiver, "wilayah": DESA, "number": 1,
            "time": TIME_S, "logs": [log.head()], "reaches": [{"id": log.id, "size": 2}], "lacks": [], **changed,
        }
        name = f"sipande/{message['wilayah']}/simpul"
        story.tell(form, why)
        story.carry(file_note("sipande-bundle-up/1", message, name, one.key) + runs, "bundle")

    carry(REFUSED, "B3: for another hub", wilayah="33.03.99.2001", receiver="ab" * 32)
    carry(REFUSED, "B6: of another desa", wilayah=OTHER_DESA)
    carry(REFUSED, "B1: a number is a number", number="1")
    story.tell(REFUSED, "B9: of a later format")
    story.carry(file_note("sipande-bundle-up/2", {}, signer, one.key), "bundle")
    carry(GOOD, "a hello, and all that the hub lacks", log.run(segel))
    carry(EMPTY, "read again: the same receipts", log.run(segel))


def _witness(story: Story) -> None:
    token, name = story.people("make_token", name="kabupaten"), "sipande/33.03/saksi"
    bearer = {"Authorization": f"Bearer {token}"}
    keys = [Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (5, 6)]

    def ask(form: str, why: str, notes: Sequence[str], key: Ed25519PrivateKey, headers: Mapping[str, str]) -> Said:
        story.tell(form, why)
        body = canonical({"vkey": verifier_key(name, key), "notes": [*notes]})
        return story.post("/witness/v1/exchange", body, headers)

    offers = ask(GOOD, "the first exchange brings the offers", [], keys[0], bearer).message["offers"]
    notes = [cosign(offer.partition("\n\n")[2], name, keys[0], TIME_S) for offer in offers]
    ask(GOOD, "the second one hands over the cosignatures", notes, keys[0], bearer)
    ask(EMPTY, "the same again", notes, keys[0], bearer)
    ask(REFUSED, "6.7: another key than the pinned one", notes, keys[1], bearer)
    forged = [cosign(offer.partition("\n\n")[2], name, keys[1], TIME_S) for offer in offers]
    ask(REFUSED, "6.8: a cosignature of another key", forged, keys[0], bearer)
    ask(REFUSED, "no token of a reader", [], keys[0], {})
    for form, why, headers in ((GOOD, "4.4: the key of today, and what led to it", bearer), (REFUSED, "no token", {})):
        story.tell(form, why)
        story.post("/ekspor/v1/kunci", b"", headers, "GET")


_STORIES: tuple[tuple[str, str, Callable[[Story], None]], ...] = (
    ("admission", "4.2, 8.5: who may speak, and why others may not", _admission),
    ("session", "8.1 to 8.4, 8.8: one session of a new computer", _session),
    ("attachments", "8.7", _attachments),
    ("another desa", "2.8, 8.3", _other_desa),
    ("a computer's new key", "4.5, 8.9", _keys),
    ("a hub's later key", "4.4", _successor),
    ("troubles", "8.0: what is not the sender's fault", _troubles),
    ("versions", "12.1", _versions),
    ("kabupaten", "8.6, 4.4: the witness of the hub's channels", _witness),
    ("stick", "8.10, 8.11: the same by files", _stick),
)


@cache
def _record(name: str) -> list[dict[str, Any]]:
    """Play a story once, and give its steps."""
    play = next(play for told, _, play in _STORIES if told == name)
    story = Story(HubStage())
    try:
        play(story)
    finally:
        story.stage.close()
    return story.steps


def all_cases() -> Iterator[Case]:
    for name, why, _ in _STORIES:
        yield Case("exchange", name, why, {"steps": _record(name)})
