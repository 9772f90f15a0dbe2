"""Passwords: what may be one, and how it is stored (Argon2id, PHC string format, RFC 9106).

Rules follow OWASP ASVS 5.0 chapter 6: a length, a list of common ones, words of the context; no rule about
which characters must occur.
"""

from __future__ import annotations

import base64
import re
import threading
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from shared.clock import Randomness

LENGTH_MIN = 12
LENGTH_MAX = 200
_HASHES_AT_ONCE = 2
_SALT_BYTES = 16
_HASH_BYTES = 32

_LEET = str.maketrans("013457@$!", "oieastasi")
_NOT_LETTER = re.compile(r"[\W\d_]+")
_NOT_SIGN = re.compile(r"[\W_]+")
_LETTERS_LEFT_MIN = 4
_COMMON_WORDS_MAX = 2
_PARAMETERS = re.compile(r"\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,4}),p=(\d{1,3})\$", re.ASCII)


@dataclass(frozen=True)
class Cost:
    """The price of one hash; the default is OWASP's smallest profile, about 50–300 ms on office PCs."""

    memory_kib: int = 19456
    rounds: int = 2
    lanes: int = 1


class Hasher:
    """Hashes and verifies passwords, two at a time at most, so that a flood cannot fill the memory."""

    def __init__(self, random: Randomness, cost: Cost = Cost()) -> None:
        self._random = random
        self._cost = cost
        self._turns = threading.BoundedSemaphore(_HASHES_AT_ONCE)
        self.computations = 0
        """How many hashes were computed; for tests of the throttle."""
        self._nobody = self._make_unmatchable()

    def hash(self, password: str) -> str:
        """Hash a new password into a PHC string."""
        cost = self._cost
        argon2 = Argon2id(
            salt=self._random(_SALT_BYTES), length=_HASH_BYTES,
            iterations=cost.rounds, lanes=cost.lanes, memory_cost=cost.memory_kib,
        )
        with self._turns:
            self.computations += 1
            return argon2.derive_phc_encoded(_encode(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Tell whether a password fits; for None (no such user) the same work is done in vain."""
        with self._turns:
            self.computations += 1
            try:
                Argon2id.verify_phc_encoded(_encode(password), stored or self._nobody)
            except (InvalidKey, ValueError):
                return False
        return stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Tell whether a stored hash was made with other parameters than today's."""
        found = _PARAMETERS.match(stored)
        cost = self._cost
        return found is None or tuple(map(int, found.groups())) != (cost.memory_kib, cost.rounds, cost.lanes)

    def _make_unmatchable(self) -> str:
        """Write a PHC string that costs what a real one costs and that no password fits."""
        cost = self._cost
        salt, digest = (
            base64.b64encode(self._random(count)).decode().rstrip("=") for count in (_SALT_BYTES, _HASH_BYTES)
        )
        return f"$argon2id$v=19$m={cost.memory_kib},t={cost.rounds},p={cost.lanes}${salt}${digest}"


def find_password_problem(
    password: str, *, length_min: int = LENGTH_MIN, context: Iterable[str] = ()
) -> str | None:
    """Say in Indonesian why a password cannot be taken, or None.

    ``context`` holds what anybody would try first: the user name, the names of desa and kecamatan, codes.
    """
    text = unicodedata.normalize("NFKC", password)
    if len(text) < length_min:
        return (
            f"Kata sandi terlalu pendek: paling sedikit {length_min} huruf."
            " Pakai beberapa kata yang mudah Anda ingat, misalnya empat kata yang tidak berhubungan."
        )
    if len(text) > LENGTH_MAX:
        return f"Kata sandi terlalu panjang: paling banyak {LENGTH_MAX} huruf."
    if len(set(text.casefold())) < 5:
        return "Kata sandi terlalu mudah ditebak karena hurufnya berulang. Pakai kata-kata lain."
    if text.isdigit() and len(text) <= 16:
        return (
            "Kata sandi yang hanya angka mudah ditebak (nomor telepon, NIK, tanggal lahir)."
            " Tambahkan kata-kata yang hanya Anda yang tahu."
        )
    if _contains_context(text, context):
        return (
            "Kata sandi tidak boleh memuat nama pengguna, nama desa atau nama kecamatan,"
            " karena itu yang dicoba pertama oleh orang lain. Pakai kata-kata lain."
        )
    if _is_common(text):
        return "Kata sandi ini terlalu umum dan mudah ditebak. Pakai beberapa kata yang tidak berhubungan."
    return None


def _contains_context(text: str, context: Iterable[str]) -> bool:
    shapes = {_NOT_SIGN.sub("", text.casefold()), _NOT_SIGN.sub("", text.casefold().translate(_LEET))}
    for word in context:
        plain = _NOT_SIGN.sub("", unicodedata.normalize("NFKC", word).casefold())
        # A shorter word stands inside too many innocent ones; alone it is caught by the length.
        if len(plain) >= 4 and any(plain in shape for shape in shapes):
            return True
    return False


def _is_common(text: str) -> bool:
    """Tell whether a password is one or two common words and little else but figures and signs."""
    plain = _NOT_SIGN.sub("", text.casefold())
    return any(_is_mostly_common(shape) for shape in {plain, plain.translate(_LEET)})


def _is_mostly_common(shape: str) -> bool:
    words = _common_words()
    found: set[str] = set()
    rest: list[str] = []
    at = 0
    while at < len(shape):
        # The longest word that begins here; the list is short, so looking is cheap.
        word = next((shape[at:at + size] for size in range(24, 2, -1) if shape[at:at + size] in words), None)
        if word is None:
            rest.append(shape[at])
            at += 1
        else:
            found.add(word)
            at += len(word)
    kinds = {word for word in found if not word.isdigit()}
    return bool(found) and len(kinds) <= _COMMON_WORDS_MAX and \
        len(_NOT_LETTER.sub("", "".join(rest))) < _LETTERS_LEFT_MIN


@lru_cache(maxsize=1)
def _common_words() -> frozenset[str]:
    own, top = (
        files("shared.web").joinpath(name).read_text(encoding="utf-8").splitlines()
        for name in ("common_passwords.txt", "common_passwords_top.txt")
    )
    return frozenset(line for line in (*own, *top) if len(line) > 2 and not line.startswith("#"))


def _encode(password: str) -> bytes:
    # Longer input cannot be a password of ours, but must not cost more either.
    return unicodedata.normalize("NFKC", password[:LENGTH_MAX + 1]).encode("utf-8", "replace")
