"""Cases of the proof on a letter (docs/surat.md)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from shared.changelog.keys import SigningKey
from shared.surat.tanda import Signed, name_key, read_tanda, seal_surat, write_kode, write_qr
from vectors.case import DESA, OTHER, SIGNING, Case

RANDOM = bytes(range(16))
TODAY = "2026-11-22"
ELSEWHERE = "33.03.99.2002"
LETTER = {
    "nomor": "400.12.2.1/7/33.03.99.2001/XI/2026", "tanggal": "2026-11-22", "judul": "Surat Keterangan Domisili",
    "nama": "SITI CONTOH", "berlaku_sampai": "2026-12-22",
}
KEYS = [{"kunci": SIGNING.public.hex(), "desa": DESA, "dicabut": False}]
_SEAL = seal_surat(LETTER, DESA, SIGNING, lambda count: RANDOM)
RECORD = {**LETTER, "kode": _SEAL.kode, "tanda": _SEAL.tanda, "kunci": _SEAL.kunci}


def _given(teks: str = _SEAL.teks, *, record: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    given = {"teks": teks, "kunci": KEYS, "hari_ini": TODAY, **more}
    return given if record is None else {**given, "desa": DESA, "catatan": record}


def _forge(key: SigningKey | None = None, **changed: str) -> str:
    """Change facts: under the old signature, or signed anew by another key."""
    signed = read_tanda(_SEAL.teks)
    assert isinstance(signed, Signed)
    payload = replace(signed.facts, **changed).payload()
    tail = _SEAL.tanda if key is None else _encode(key.sign(b"sipande surat v1\n" + payload))
    return f"{_encode(payload)}.{tail}"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def all_cases() -> Iterator[Case]:
    """Give every case of the topic ``tanda``."""
    yield from _genuine()
    yield from _doubted()
    yield from _unreadable()


def _genuine() -> Iterator[Case]:
    yield Case("tanda", "genuine", "signed, recorded, valid",
               _given(record=RECORD, seed=SIGNING.seed().hex(), acak=RANDOM.hex()))
    yield Case("tanda", "inside an address", "the parameter s, whatever the host",
               _given(write_qr(_SEAL.teks, "https://contoh.invalid"), record=RECORD))
    yield Case("tanda", "with spaces and line breaks", "a scanner may fold it",
               _given(f" {_SEAL.teks[:30]}\n{_SEAL.teks[30:]}", record=RECORD))
    yield Case("tanda", "typed code", "26 letters, in any case, with hyphens",
               _given(write_kode(_SEAL.kode).lower(), record=RECORD))
    yield Case("tanda", "not here yet", "the signature proves the facts; a cancellation is not known", _given())
    yield Case("tanda", "cancelled", "the record says so",
               _given(record={**RECORD, "batal": True, "tanggal_batal": "2026-11-23"}))
    yield Case("tanda", "expired", "the day after the last", _given(record=RECORD, hari_ini="2026-12-23"))
    yield Case("tanda", "revoked key, letter in the log", "written before the cut-off",
               _given(record=RECORD, kunci=[{**KEYS[0], "dicabut": True}]))


def _doubted() -> Iterator[Case]:
    yield Case("tanda", "revoked key, letter not in the log", "nothing shows that it was written before",
               _given(kunci=[{**KEYS[0], "dicabut": True}]))
    yield Case("tanda", "unknown key", "not forged as far as anybody knows here", _given(kunci=[]))
    yield Case("tanda", "unknown code", "a code alone proves nothing", _given(_SEAL.kode))
    for name, changed in (
        ("number", {"nomor": "400.12.2.1/8/33.03.99.2001/XI/2026"}), ("name", {"nama": "B*** C***"}),
        ("last day", {"sampai": "2027-12-22"}), ("desa", {"desa": ELSEWHERE}),
    ):
        yield Case("tanda", f"{name} changed", "the text is signed", _given(_forge(**changed), record=RECORD))
    yield Case("tanda", "key of another desa", "a key writes for one desa",
               _given(_forge(OTHER, kunci=name_key(OTHER.public)), kunci=[
                   {"kunci": OTHER.public.hex(), "desa": ELSEWHERE, "dicabut": False}
               ]))
    yield Case("tanda", "record of the same code with other facts", "one code, one letter",
               _given(record={**RECORD, "nomor": "1"}))


def _unreadable() -> Iterator[Case]:
    head, _, tail = _SEAL.teks.partition(".")
    for name, why, teks in (
        ("cut", "a signature is 64 bytes", _SEAL.teks[:-2]), ("without signature", "no dot", head),
        ("second spelling", "base64url with its unused bits zero", f"{head}.{tail[:-1]}{_next(tail[-1])}"),
        ("version of tomorrow", "an unknown version is not guessed at", _as_payload("S2")),
        ("ten lines", "nine, no more", _as_payload("S1", "\nx")), ("code too short", "26 letters", _SEAL.kode[:-1]),
        ("a number", "nothing is looked up by it", LETTER["nomor"]),
    ):
        yield Case("tanda", name, why, _given(teks), "tanda_tidak_terbaca")


def _as_payload(version: str, more: str = "") -> str:
    signed = read_tanda(_SEAL.teks)
    assert isinstance(signed, Signed)
    payload = version.encode() + signed.payload.removeprefix(b"S1") + more.encode()
    return f"{_encode(payload)}.{_SEAL.tanda}"


def _next(letter: str) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return alphabet[alphabet.index(letter) ^ 1]
