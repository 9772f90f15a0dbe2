"""Cases of keys that follow each other (sync_protocol.md 4.4, 4.5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared.changelog.checkpoint import Signer, sign_note
from shared.changelog.keychain import Successor, sign_successor, signer_name
from shared.changelog.keys import SigningKey
from shared.sync.enrolment import rotation_text
from vectors.case import DESA, KECAMATAN, OTHER, SEALING, SIGNING, Case

THIRD = SigningKey(b"\x03" * 32)
RECOVERY = SigningKey(b"\x04" * 32)
STRANGER = SigningKey(b"\x05" * 32)
SEAL = SEALING.public.hex()


def _told(lama: SigningKey, kunci: SigningKey, wilayah: str = KECAMATAN) -> Successor:
    return Successor(wilayah, lama.public.hex(), kunci.public.hex(), SEAL)


def _note(lama: SigningKey, kunci: SigningKey, by: SigningKey, wilayah: str = KECAMATAN) -> str:
    return sign_successor(_told(lama, kunci, wilayah), by, by_recovery=by is RECOVERY)


def successor_cases() -> Iterator[Case]:
    def given(note: str, **more: Any) -> dict[str, Any]:
        return {"note": note, "wilayah": KECAMATAN, "lama": SIGNING.public.hex(),
                "pemulihan": RECOVERY.public.hex(), **more}

    note = _note(SIGNING, OTHER, SIGNING)
    yield Case("successor", "by the key before", "signed under sipande/<kecamatan>/hub",
               given(note, seed=SIGNING.seed().hex()))
    yield Case("successor", "by the recovery key", "signed under sipande/<kecamatan>/pemulihan",
               given(_note(SIGNING, OTHER, RECOVERY), seed=RECOVERY.seed().hex()))
    yield Case("successor", "recovery key, another key before", "it may name any key",
               given(_note(THIRD, OTHER, RECOVERY)))
    swapped = Signer(signer_name(KECAMATAN, True), SIGNING)
    text = _told(SIGNING, OTHER).text()
    for name, why, bad in (
        ("by a stranger", "neither the key before nor the recovery key", _note(SIGNING, OTHER, STRANGER)),
        ("by the key that follows", "nobody names himself", _note(SIGNING, OTHER, OTHER)),
        ("under the name of the recovery key", "the name is part of the key id",
         sign_note(text, swapped).decode()),
        ("of another key", "the key before signs for itself only", _note(THIRD, OTHER, SIGNING)),
        ("of another kecamatan", "the name and the text say which",
         _note(SIGNING, OTHER, SIGNING, "33.03.98")),
        ("key changed", "the text is signed", note.replace(OTHER.public.hex(), THIRD.public.hex())),
        ("of a later format", "the title is sipande-kunci-hub/1",
         sign_note(text.replace(b"hub/1", b"hub/2"), Signer(signer_name(KECAMATAN, False), SIGNING)).decode()),
        ("six lines", "the text has five",
         sign_note(text + b"x\n", Signer(signer_name(KECAMATAN, False), SIGNING)).decode()),
        ("key of 31 bytes", "keys are 64 hex digits",
         sign_note(text.replace(OTHER.public.hex().encode(), OTHER.public.hex()[2:].encode()),
                   Signer(signer_name(KECAMATAN, False), SIGNING)).decode()),
    ):
        yield Case("successor", name, why, given(bad), "bad_note")


def path_cases() -> Iterator[Case]:
    first, second = _note(SIGNING, OTHER, SIGNING), _note(OTHER, THIRD, OTHER)
    base = {"wilayah": KECAMATAN, "kunci": SIGNING.public.hex(), "pemulihan": RECOVERY.public.hex()}
    to_third = {**base, "target": THIRD.public.hex()}
    yield Case("rantai", "two steps", "whatever the order of the notes", {**to_third, "rantai": [second, first]})
    yield Case("rantai", "one step by the recovery key", "it leads from any key",
               {**to_third, "rantai": [_note(OTHER, THIRD, RECOVERY)]})
    yield Case("rantai", "a note that is none", "passed over", {**to_third, "rantai": ["x", first, second]})
    yield Case("rantai", "a hub learns of its successors", "from its own key on, to the last",
               {**base, "rantai": [first, second]})
    yield Case("rantai", "a hub learns of a note of the recovery key", "it speaks of the hub's own key",
               {**base, "rantai": [_note(SIGNING, OTHER, RECOVERY)]})
    of_third = {**base, "kunci": THIRD.public.hex(), "dulu": [SIGNING.public.hex()]}
    saved = _note(SIGNING, THIRD, RECOVERY)
    yield Case("rantai", "a hub learns of a former key in office", "the key on the sheet has signed what followed it",
               {**of_third, "rantai": [first, saved]})
    yield Case("rantai", "a hub learns of a former key by recovery", "the same, where a hub was rebuilt twice",
               {**of_third, "rantai": [_note(SIGNING, OTHER, RECOVERY), saved]})
    yield Case("rantai", "a hub learns of the key before a former one", "the recovery key has named what followed it",
               {**of_third, "rantai": [saved, _note(OTHER, SIGNING, RECOVERY)]})
    for name, why, bad in (
        ("a key makes itself a former one", "anybody can sign that the hub has followed his key",
         {**of_third, "rantai": [saved, _note(OTHER, SIGNING, OTHER)]}),
        ("a key after the own one", "what followed a hub is no former key of it",
         {**of_third, "rantai": [saved, _note(THIRD, OTHER, THIRD)]}),
        ("a note between keys that the hub does not know", "it leads from none of its keys",
         {**of_third, "rantai": [_note(OTHER, STRANGER, OTHER)]}),
        ("a step is missing", "no path", {**to_third, "rantai": [second]}),
        ("no notes", "no path", {**to_third, "rantai": []}),
        ("through a former key", "what was followed once is not followed to",
         {**to_third, "rantai": [first, second], "former": [OTHER.public.hex()]}),
        ("back to a former key", "what was followed once is not followed to",
         {**to_third, "rantai": [_note(SIGNING, THIRD, SIGNING)], "former": [THIRD.public.hex()]}),
        ("a hub is told of keys that it does not know", "an old note of the recovery key silences nobody",
         {**base, "rantai": [_note(OTHER, THIRD, RECOVERY)]}),
    ):
        yield Case("rantai", name, why, bad, "bad_note")


def rotation_cases() -> Iterator[Case]:
    lama, kunci = SIGNING.public.hex(), OTHER.public.hex()
    bukti = OTHER.sign(rotation_text(DESA, lama, kunci, SEAL)).hex()
    given = {"wilayah": DESA, "lama": lama, "kunci": kunci, "segel": SEAL, "bukti": bukti}
    yield Case("rotation", "new key of a node", "the new key signs; the request is signed by the old one", given)
    by_old = SIGNING.sign(rotation_text(DESA, lama, kunci, SEAL)).hex()
    for name, why, changed in (
        ("signed by the old key", "the new key proves itself", {"bukti": by_old}),
        ("another desa", "the desa is signed", {"wilayah": "33.03.99.2002"}),
        ("another seal key", "the seal key is signed", {"segel": "ab" * 32}),
        ("another old key", "the old key is signed", {"lama": THIRD.public.hex()}),
    ):
        yield Case("rotation", name, why, {**given, **changed}, "bad_signature")


def all_cases() -> Iterator[Case]:
    yield from successor_cases()
    yield from path_cases()
    yield from rotation_cases()
