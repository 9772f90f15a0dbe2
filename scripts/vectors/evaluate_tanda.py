"""Answers vectors of the proof on a letter (docs/surat.md)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from shared.changelog.keys import SigningKey
from shared.surat.periksa import Key, Record, judge
from shared.surat.tanda import Signed, name_key, read_tanda, seal_surat

Answer = tuple[dict[str, Any], Any]


def check_tanda(given: Mapping[str, Any]) -> Answer:
    """Judge one text or code; where a seed is given, sign the same letter again."""
    proof = read_tanda(given["teks"])
    intermediate: dict[str, Any] = {}
    keys = [Key(bytes.fromhex(key["kunci"]), key["desa"], key["dicabut"]) for key in given["kunci"]]
    if isinstance(proof, Signed):
        intermediate = {"payload": proof.payload.decode(), "tanda": proof.signature.hex()}
        keys = [key for key in keys if name_key(key.public) == proof.facts.kunci]
    if "seed" in given:
        _write_again(given)
    record = given.get("catatan")
    answer = judge(proof, None if record is None else Record(record, given["desa"]), keys, given["hari_ini"])
    facts = None if answer.facts is None else dataclasses.asdict(answer.facts)
    return intermediate, {"hasil": answer.finding.name, "isi": facts}


def _write_again(given: Mapping[str, Any]) -> None:
    acak = bytes.fromhex(given["acak"])
    seal = seal_surat(given["catatan"], given["desa"], SigningKey(bytes.fromhex(given["seed"])), lambda count: acak)
    if seal.teks != given["teks"] or seal.kode != given["catatan"]["kode"]:
        raise AssertionError("tanda")
