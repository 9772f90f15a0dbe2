"""The enrolment code and what is proven with it (sync_protocol.md section 4).

A code carries the slot, a 128-bit secret, the first half of the hub key's SHA-256 and the hub's address;
it is shown once, typed or scanned, and never travels: the node sends an HMAC under a key derived from it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from shared.changelog.keys import six_words
from shared.errors import UserError

SLOT_BYTES = 5
SECRET_BYTES = 16
FINGERPRINT_BYTES = 16
_CHECK_BYTES = 2
_GROUP = 5
_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:\[\]/%-]+")


@dataclass(frozen=True)
class EnrolmentCode:
    """What the hub's operator hands to a village."""

    slot: bytes
    secret: bytes
    fingerprint: bytes
    address: str

    def format(self) -> str:
        """Write the code in groups of five letters and digits, with a checksum against typing errors."""
        raw = self.slot + self.secret + self.fingerprint + self.address.encode()
        text = base64.b32encode(raw + _check(raw)).decode().rstrip("=")
        return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))

    @property
    def slot_id(self) -> str:
        return self.slot.hex()


def parse_code(text: str) -> EnrolmentCode:
    """Read a typed code; UserError (Indonesian) when it was typed wrong."""
    plain = "".join(text.split()).replace("-", "").upper().replace("0", "O").replace("1", "I").replace("8", "B")
    try:
        raw = base64.b32decode(plain + "=" * (-len(plain) % 8))
        body, check = raw[:-_CHECK_BYTES], raw[-_CHECK_BYTES:]
        address = body[SLOT_BYTES + SECRET_BYTES + FINGERPRINT_BYTES :].decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise _mistyped() from None
    if _check(body) != check:
        raise _mistyped()
    if not is_address(address):
        raise UserError(
            "Alamat kecamatan di dalam kode ini tidak dapat dipakai. Minta kode baru dari operator kecamatan.",
            "alamat_salah",
        )
    return EnrolmentCode(
        body[:SLOT_BYTES],
        body[SLOT_BYTES : SLOT_BYTES + SECRET_BYTES],
        body[SLOT_BYTES + SECRET_BYTES : SLOT_BYTES + SECRET_BYTES + FINGERPRINT_BYTES],
        address,
    )


def is_address(text: str) -> bool:
    """Tell whether a node can call a hub there: http or https, a host, and nothing that no URL may hold."""
    if not _ADDRESS.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _check(raw: bytes) -> bytes:
    return sha256(b"sipande-kode\n" + raw).digest()[:_CHECK_BYTES]


def _mistyped() -> UserError:
    return UserError(
        "Kode pendaftaran salah ketik. Salin lagi seluruh kode dari operator kecamatan, dari huruf pertama"
        " sampai terakhir.",
        "kode_salah_ketik",
    )


def fingerprint_of(public: bytes) -> bytes:
    """Give what a code carries of the hub's key."""
    return sha256(public).digest()[:FINGERPRINT_BYTES]


def derive_proof_key(secret: bytes) -> bytes:
    """Give what the hub keeps of a code: enough to check a proof, not the code itself."""
    return sha256(b"sipande-pendaftaran\n" + secret).digest()


def prove_code(proof_key: bytes, *, wilayah: str, kunci: str, segel: str, nonce: str) -> str:
    """Prove knowledge of the code for exactly these keys and this desa."""
    text = "\n".join(("sipande-bukti", wilayah, kunci, segel, nonce))
    return hmac.new(proof_key, text.encode(), sha256).hexdigest()


def rotation_text(wilayah: str, old: str, new: str, segel: str) -> bytes:
    """Give what a node's new key signs to follow its old one; keys are hex."""
    return "\n".join(("sipande-rotasi", wilayah, old, new, segel)).encode()


def words_of(hub_public: bytes, node_public: bytes, node_seal: bytes, proof_key: bytes) -> tuple[str, ...]:
    """Give the six words that both screens show; the code is mixed in, so nobody between can search for keys."""
    return six_words(hub_public, node_public + node_seal, proof_key)
