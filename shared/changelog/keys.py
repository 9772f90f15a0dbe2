"""Keys of nodes and hubs: make, use, name to people, keep in a file.

Signs with Ed25519 (RFC 8032), seals with HPKE (RFC 9180). Reads no time; randomness is handed in, but for
the ephemeral key of :func:`seal`, which the library draws itself. Private keys never leave the key file:
they are in no backup, log, message or ``repr``.
"""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from shared.errors import EnvironmentProblem, ProtocolError

KEY_BYTES = 32
WORDS = 1024
KEY_FILE_FORMAT = "sipande-key/1"
KEY_FILE_BYTES_MAX = 64 * 1024

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_WORDS_DOMAIN = b"sipande six words v1\n"
_SIGN_BIT = 0x80
# The y coordinates of the points of small order, and those two that are written a second time with the
# field prime added. Under such a "key" a signature can be made for any text without a private key, and
# RFC 8032 leaves it to the verifier to refuse them.
_WEAK_KEYS = frozenset(
    bytes.fromhex(text)
    for text in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)


_Key = TypeVar("_Key", "SigningKey", "SealKey")


class SealError(ProtocolError):
    """A sealed message does not open, or a key cannot be sealed to."""

    def __init__(self, detail: str) -> None:
        super().__init__("bad_seal", detail)


_RESTORE_KEYS = (
    "Kembalikan berkas itu bila dipindahkan dari komputer ini; bila hilang, jangan hapus apa pun dan hubungi"
    " pengelola program."
)


class KeyFileError(EnvironmentProblem):
    """A key file cannot be used or written; the message says what to do about it."""

    def __init__(self, pesan: str) -> None:
        super().__init__(pesan, "berkas_kunci")


class SigningKey:
    """An Ed25519 key that signs checkpoints, receipts and requests; ``public`` is its 32-byte public key."""

    __slots__ = ("_private", "public")

    def __init__(self, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._private.public_key().public_bytes_raw()

    @classmethod
    def generate(cls, random: Callable[[int], bytes]) -> SigningKey:
        """Make a key from 32 random bytes."""
        return cls(random(KEY_BYTES))

    def seed(self) -> bytes:
        """Return the 32 secret bytes that make this key again."""
        return self._private.private_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        """Sign bytes; 64 bytes come back."""
        return self._private.sign(data)


class SealKey:
    """An X25519 key that opens what was sealed to ``public``, its 32-byte public key."""

    __slots__ = ("_private", "public")

    def __init__(self, seed: bytes) -> None:
        self._private = X25519PrivateKey.from_private_bytes(seed)
        self.public = self._private.public_key().public_bytes_raw()

    @classmethod
    def generate(cls, random: Callable[[int], bytes]) -> SealKey:
        """Make a key from 32 random bytes."""
        return cls(random(KEY_BYTES))

    def seed(self) -> bytes:
        """Return the 32 secret bytes that make this key again."""
        return self._private.private_bytes_raw()

    @property
    def key_id(self) -> bytes:
        """The 8 bytes by which a sealed message names this key."""
        return name_seal_key(self.public)

    def open(self, ciphertext: bytes, info: bytes) -> bytes:
        """Open what :func:`seal` made with the same ``info``; SealError when it was not made for this key."""
        try:
            return _SUITE.decrypt(ciphertext, self._private, info)
        except (InvalidTag, ValueError):
            raise SealError("sealed message does not open") from None


def name_seal_key(public: bytes) -> bytes:
    """Compute the key id of a public seal key: the first 8 bytes of its SHA-256."""
    return sha256(public).digest()[:8]


def seal(public: bytes, plaintext: bytes, info: bytes) -> bytes:
    """Seal bytes to a public seal key, bound to ``info``: HPKE base mode, 48 bytes longer than the text."""
    try:
        return _SUITE.encrypt(plaintext, X25519PublicKey.from_public_bytes(public), info)
    except ValueError:
        raise SealError("not a key to seal to") from None


def verify(public: bytes, signature: bytes, data: bytes) -> bool:
    """Tell whether a signature is that of the key over the data; malformed or weak keys have none."""
    if len(public) != KEY_BYTES or public[:-1] + bytes([public[-1] & ~_SIGN_BIT]) in _WEAK_KEYS:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def fingerprint(public: bytes) -> str:
    """Write the first 128 bits of the key's SHA-256 for people: eight groups of four hex digits."""
    text = sha256(public).hexdigest()
    return " ".join(text[at : at + 4] for at in range(0, 32, 4))


@cache
def load_words() -> tuple[str, ...]:
    """Load the shipped list of 1,024 words; its order is part of the protocol."""
    words = files(__package__).joinpath("words.txt").read_text("ascii").split()
    if len(words) != WORDS:
        raise RuntimeError("words.txt must hold 1,024 words")
    return tuple(words)


def six_words(*publics: bytes) -> tuple[str, ...]:
    """Name public keys by six words that two people can compare by phone; the order of keys counts.

    60 bits: someone between the two who may choose *both* keys shown to them finds a match in about 2^30
    tries, so the words are worth their length only while one of the keys is pinned otherwise, as the
    enrolment code pins the hub's.
    """
    parts = b"".join(len(public).to_bytes(4) + public for public in publics)
    number = int.from_bytes(sha256(_WORDS_DOMAIN + parts).digest()[:8]) >> 4
    words = load_words()
    return tuple(words[number >> shift & WORDS - 1] for shift in range(50, -1, -10))


@dataclass(frozen=True)
class KeySet:
    """What one key file holds: the signing key, the seal key if any, seal keys retired but still opening.

    ``former`` are the signing keys before this one: the heads of logs that they began can still be signed.
    ``is_told`` is false as long as the other side has not been told of the change. ``retired_s`` says when
    each retired seal key was retired.
    """

    signing: SigningKey
    seal: SealKey | None = None
    retired_seals: tuple[SealKey, ...] = ()
    former: tuple[SigningKey, ...] = ()
    is_told: bool = True
    retired_s: tuple[int, ...] = ()

    @property
    def previous(self) -> SigningKey | None:
        """Give the key that must still tell the other side of the one that follows it."""
        return None if self.is_told or not self.former else self.former[-1]

    def publics(self) -> list[bytes]:
        """List the public signing keys, current and former."""
        return [key.public for key in (self.signing, *self.former)]

    def find_signing(self, public: bytes) -> SigningKey | None:
        """Find the signing key, current or former, of a public key."""
        return next((key for key in (self.signing, *self.former) if key.public == public), None)

    def rotate(self, random: Callable[[int], bytes], now_s: int, kept_s: int) -> KeySet:
        """Make the set that follows, with fresh keys.

        Seal keys that were retired longer than ``kept_s`` ago are dropped.
        """
        times = self.retired_s + (now_s,) * (len(self.retired_seals) - len(self.retired_s))
        retired = [(key, time_s) for key, time_s in zip(self.retired_seals, times, strict=True)]
        retired += [] if self.seal is None else [(self.seal, now_s)]
        kept = [(key, time_s) for key, time_s in retired if now_s - time_s <= kept_s]
        return KeySet(
            SigningKey.generate(random), SealKey.generate(random), tuple(key for key, _ in kept),
            (*self.former, self.signing), False, tuple(time_s for _, time_s in kept),
        )

    def find_seal(self, key_id: bytes) -> SealKey | None:
        """Find the seal key, current or retired, that a sealed message names."""
        current = () if self.seal is None else (self.seal,)
        return next((key for key in current + self.retired_seals if key.key_id == key_id), None)


def save_keys(path: Path, keys: KeySet, replace: bool = False) -> None:
    """Write a key file that only its owner can read, whole or not at all, and durable on return.

    KeyFileError when the file exists and ``replace`` is not set, or when it cannot be written.
    """
    members = {
        "format": KEY_FILE_FORMAT,
        "signing": _encode_key(keys.signing),
        "seal": None if keys.seal is None else _encode_key(keys.seal),
        "retired_seals": [_encode_key(key) for key in keys.retired_seals],
        "retired_s": list(keys.retired_s),
        "former": [_encode_key(key) for key in keys.former],
        "is_told": keys.is_told,
    }
    temporary = path.with_name(f".{path.name}.baru")
    try:
        if path.exists() and not replace:
            raise KeyFileError(f"Berkas kunci {path} sudah ada dan tidak ditimpa. Pindahkan dulu berkas itu.")
        temporary.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with open(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(json.dumps(members, indent=1).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as problem:
        raise KeyFileError(f"Berkas kunci {path} tidak dapat ditulis: {problem.strerror}.") from None


def _sync_folder(folder: Path) -> None:
    """Make a rename durable; Windows has no such call, and there the rename is journalled."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def load_keys(path: Path) -> KeySet:
    """Read a key file; KeyFileError when it is missing, damaged, or readable by others than its owner."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            raw = file.read(KEY_FILE_BYTES_MAX)
    except FileNotFoundError:
        raise KeyFileError(f"Berkas kunci {path} tidak ada. {_RESTORE_KEYS}") from None
    except OSError as problem:
        raise KeyFileError(f"Berkas kunci {path} tidak dapat dibaca: {problem.strerror}.") from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(
            f"Berkas kunci {path} dapat dibuka pengguna lain (izin {stat.S_IMODE(mode):04o}). "
            f"Jalankan: chmod 600 {path}"
        )
    try:
        return _parse_keys(json.loads(raw))
    except (ValueError, KeyError, TypeError, RecursionError):
        # Without the cause: a JSON error carries the text that it could not read, secrets included.
        raise KeyFileError(f"Berkas kunci {path} rusak atau bukan berkas kunci Sipande. {_RESTORE_KEYS}") from None


def _parse_keys(members: Any) -> KeySet:
    if members["format"] != KEY_FILE_FORMAT:
        raise ValueError("format")
    seal_member = members["seal"]
    return KeySet(
        _decode_key(SigningKey, members["signing"]),
        None if seal_member is None else _decode_key(SealKey, seal_member),
        tuple(_decode_key(SealKey, member) for member in members["retired_seals"]),
        tuple(_decode_key(SigningKey, member) for member in members.get("former", ())),
        bool(members.get("is_told", True)),
        tuple(int(time_s) for time_s in members.get("retired_s", ())),
    )


def _encode_key(key: SigningKey | SealKey) -> dict[str, str]:
    return {"seed": base64.b64encode(key.seed()).decode(), "public": key.public.hex()}


def _decode_key(make: type[_Key], member: Any) -> _Key:
    key = make(base64.b64decode(member["seed"], validate=True))
    # The public key is there to notice a seed that was damaged or mistyped before it signs anything.
    if key.public.hex() != member["public"]:
        raise ValueError("public key does not fit the seed")
    return key
