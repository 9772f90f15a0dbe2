"""The proof that a letter carries: a few facts of it, signed by the computer that issued it (docs/surat.md).

Pure but for the randomness handed in. The facts never hold a NIK or a whole name. The text stands in the QR, bare or
inside an address; the code printed below it (128 random bits) names the letter to who types instead of scanning.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from shared.changelog.keys import SigningKey, verify
from shared.crockford import group, read_letters, write_letters
from shared.errors import UserError

VERSION = "S1"
KODE_LETTERS = 26
PATH = "/periksa-surat"
PARAMETER = "s"
TEXT_MAX = 1200
_KODE_BYTES = 16
_DOMAIN = b"sipande surat v1\n"
_SIGNATURE_BYTES = 64
_LINES = 9
_SIGNED = re.compile(r"([A-Za-z0-9_-]{40,1000})\.([A-Za-z0-9_-]{86})")
_DESA = re.compile(r"\d{2}\.\d{2}\.\d{2}\.\d{4}")
_KEY_ID = re.compile(r"[0-9a-f]{16}")
_KODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


class TandaError(UserError):
    """What was scanned or typed is no proof of a letter, whole or at all."""

    def __init__(self) -> None:
        super().__init__(
            "Tulisan itu bukan isi QR surat, atau terpotong. Pindai ulang QR-nya, atau ketik kode di bawah QR: 26"
            " huruf dan angka.",
            "tanda_tidak_terbaca",
        )


@dataclass(frozen=True)
class Facts:
    """What is signed. ``nama`` is masked; ``tanggal`` and ``sampai`` (may be empty) are ISO; ``kunci`` a key id."""

    desa: str
    nomor: str
    tanggal: str
    judul: str
    nama: str
    sampai: str
    kode: str
    kunci: str

    def payload(self) -> bytes:
        """Write the bytes that are signed: nine lines of UTF-8."""
        return "\n".join((
            VERSION, self.desa, self.nomor, self.tanggal, self.judul, self.nama, self.sampai, self.kode, self.kunci,
        )).encode()


@dataclass(frozen=True)
class Signed:
    """Facts as they were read, with the very bytes under the signature; nothing is proven yet."""

    facts: Facts
    payload: bytes
    signature: bytes

    def is_signed_by(self, public: bytes) -> bool:
        """Tell whether the key of these 32 bytes has signed exactly these facts."""
        return name_key(public) == self.facts.kunci and verify(public, self.signature, _DOMAIN + self.payload)


@dataclass(frozen=True)
class Seal:
    """What a new letter gets: ``kode``, ``tanda``, ``kunci`` for its record, ``teks`` for the QR on its print."""

    kode: str
    tanda: str
    kunci: str
    teks: str


def seal_surat(values: Mapping[str, Any], desa: str, key: SigningKey, random: Callable[[int], bytes]) -> Seal:
    """Sign the facts of a letter about to be issued.

    ``values`` are the fields of its record (nomor, tanggal, judul, nama, berlaku_sampai), ``desa`` the dotted code,
    ``key`` that of this node.
    """
    kode = write_letters(int.from_bytes(random(_KODE_BYTES)), KODE_LETTERS)
    facts = facts_of({**values, "kode": kode, "kunci": key.public.hex()}, desa)
    payload = facts.payload()
    signature = key.sign(_DOMAIN + payload)
    return Seal(kode, _encode(signature), key.public.hex(), f"{_encode(payload)}.{_encode(signature)}")


def facts_of(values: Mapping[str, Any], desa: str) -> Facts:
    """Write the signed facts of a ``surat`` record."""
    return Facts(
        desa=desa, nomor=_line(values.get("nomor")), tanggal=_day(values.get("tanggal")),
        judul=_line(values.get("judul")), nama=mask_name(str(values.get("nama") or "")),
        sampai=_day(values.get("berlaku_sampai")), kode=str(values.get("kode") or ""),
        kunci=name_key(bytes.fromhex(str(values.get("kunci") or ""))),
    )


def write_text(values: Mapping[str, Any], desa: str) -> str:
    """Write the text of the QR of an issued letter again, from its record; "" when it was never signed."""
    if not values.get("tanda") or not values.get("kunci"):
        return ""
    return f"{_encode(facts_of(values, desa).payload())}.{values['tanda']}"


def write_qr(text: str, address: str = "") -> str:
    """Write what the QR holds: the bare text, or an address whose page checks it."""
    return f"{address.rstrip('/')}{PATH}?{PARAMETER}={text}" if address else text


def read_tanda(typed: str) -> Signed | str:
    """Read what was scanned or typed: an address or bare text gives Signed, a typed code its 26 letters.

    Raises TandaError for anything else.
    """
    text = "".join(typed.split())
    if len(text) > TEXT_MAX:
        raise TandaError()
    if "?" in text:
        query = text.partition("?")[2].partition("#")[0]
        text = dict(item.partition("=")[::2] for item in query.split("&")).get(PARAMETER, "")
    if found := _SIGNED.fullmatch(text):
        return _parse(_decode(found[1]), _decode(found[2]))
    kode = read_letters(text)
    if "." in text or not _KODE.fullmatch(kode):
        raise TandaError()
    return kode


def write_kode(kode: str) -> str:
    """Write a code as it is printed: groups of four letters."""
    return group(kode)


def name_key(public: bytes) -> str:
    """Name a key by the first 8 bytes of its SHA-256, in hex."""
    return sha256(public).hexdigest()[:16]


def mask_name(nama: str) -> str:
    """Keep the first letter of each of the first three words: S*** R***. The stars tell no length."""
    words = [word for word in re.findall(r"[^\W\d_][\w'’-]*", nama)][:3]
    return " ".join(f"{word[0].upper()}***" for word in words)


def _parse(payload: bytes, signature: bytes) -> Signed:
    try:
        lines = payload.decode().split("\n")
    except UnicodeDecodeError:
        raise TandaError() from None
    if len(lines) != _LINES or lines[0] != VERSION or len(signature) != _SIGNATURE_BYTES:
        raise TandaError()
    facts = Facts(*lines[1:])
    days = (facts.tanggal, facts.sampai or facts.tanggal)
    if not (_DESA.fullmatch(facts.desa) and _KEY_ID.fullmatch(facts.kunci) and _KODE.fullmatch(facts.kode)
            and all(map(_is_day, days)) and all(line.isprintable() for line in lines)):
        raise TandaError()
    return Signed(facts, payload, signature)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _line(value: Any) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in str(value or "")).split())


def _day(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value or "")


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Decode base64url; one text for one row of bytes, so that no proof has two spellings."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise TandaError() from None
    if _encode(data) != text:
        raise TandaError()
    return data
