"""Answers vectors of keys that follow each other: successors of a hub, the new key of a node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.changelog.keychain import find_former, find_later, follow, open_successor, sign_successor
from shared.changelog.keys import SigningKey, verify
from shared.errors import ProtocolError
from shared.sync.enrolment import rotation_text

Answer = tuple[dict[str, Any], Any]


def read_successor(given: Mapping[str, Any]) -> Answer:
    """Read one note; where a seed is given, write it again."""
    told = open_successor(given["note"], given["wilayah"], given["lama"], given["pemulihan"])
    if "seed" in given:
        key = SigningKey(bytes.fromhex(given["seed"]))
        again = sign_successor(told, key, by_recovery=key.public.hex() == given["pemulihan"])
        if again != given["note"]:
            raise AssertionError("successor")
    return {"text": told.text().decode()}, {"lama": told.lama, "kunci": told.kunci, "segel": told.segel}


def follow_successors(given: Mapping[str, Any]) -> Answer:
    """Find the keys from the pinned one to ``target``; without a target, those that a hub learns have followed.

    With ``dulu``, the keys that a hub knows it had before, those that it learns besides.
    """
    notes, wilayah, former = given["rantai"], given["wilayah"], given.get("former", ())
    if "dulu" in given:
        keys, _ = find_former(notes, wilayah, given["kunci"], given["pemulihan"], given["dulu"])
        if not keys:
            raise ProtocolError("bad_note", "no former key")
        return {}, keys
    steps = (
        follow(notes, wilayah, given["kunci"], given["pemulihan"], given["target"], former) if "target" in given
        else find_later(notes, wilayah, given["kunci"], given["pemulihan"], former)
    )
    if not steps:
        raise ProtocolError("bad_note", "no path")
    return {}, [step.kunci for step in steps]


def prove_rotation(given: Mapping[str, Any]) -> Answer:
    """Check that a node's new key has signed that it follows the old one."""
    text = rotation_text(given["wilayah"], given["lama"], given["kunci"], given["segel"])
    if not verify(bytes.fromhex(given["kunci"]), bytes.fromhex(given["bukti"]), text):
        raise ProtocolError("bad_signature", "rotation")
    return {"text": text.decode()}, True
