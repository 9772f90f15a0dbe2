"""Sealing as sync_protocol.md 6.4 says it (RFC 9180, base mode), from the primitives of a library and nothing else."""

from __future__ import annotations

import hmac
import struct

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

_KEM = b"KEM" + struct.pack(">H", 0x20)
_SUITE = b"HPKE" + struct.pack(">HHH", 0x20, 1, 3)


def _extract(suite: bytes, salt: bytes, label: bytes, key: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + key, "sha256")


def _expand(suite: bytes, key: bytes, label: bytes, info: bytes, size: int) -> bytes:
    text = struct.pack(">H", size) + b"HPKE-v1" + suite + label + info
    return hmac.digest(key, text + b"\x01", "sha256")[:size]  # 32 bytes at most are ever asked for


def _schedule(shared: bytes, encapsulated: bytes, receiver: bytes, info: bytes) -> tuple[ChaCha20Poly1305, bytes]:
    secret = _expand(_KEM, _extract(_KEM, b"", b"eae_prk", shared), b"shared_secret", encapsulated + receiver, 32)
    context = b"\0" + _extract(_SUITE, b"", b"psk_id_hash", b"") + _extract(_SUITE, b"", b"info_hash", info)
    key = _extract(_SUITE, secret, b"secret", b"")
    return ChaCha20Poly1305(_expand(_SUITE, key, b"key", context, 32)), _expand(_SUITE, key, b"base_nonce", context, 12)


def seal(receiver: bytes, plain: bytes, info: bytes, ephemeral: bytes) -> bytes:
    """Seal bytes to a seal key."""
    own = X25519PrivateKey.from_private_bytes(ephemeral)
    public = own.public_key().public_bytes_raw()
    cipher, nonce = _schedule(own.exchange(X25519PublicKey.from_public_bytes(receiver)), public, receiver, info)
    return public + cipher.encrypt(nonce, plain, b"")


def unseal(private: bytes, sealed: bytes, info: bytes) -> bytes:
    """Open what was sealed to the public half of a key."""
    own = X25519PrivateKey.from_private_bytes(private)
    shared = own.exchange(X25519PublicKey.from_public_bytes(sealed[:32]))
    cipher, nonce = _schedule(shared, sealed[:32], own.public_key().public_bytes_raw(), info)
    return cipher.decrypt(nonce, sealed[32:], b"")
