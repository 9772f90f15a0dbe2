"""The *kode cadangan*: it opens the backups of one side. It is shown once, stands on paper and is stored nowhere.

The computer keeps the public half of a key that follows from it, so a backup is sealed at noon with nobody there,
and opened by whoever holds the paper (docs/adr/0010).
"""

from __future__ import annotations

from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.changelog.keys import KEY_BYTES, SealKey
from shared.clock import Randomness
from shared.crockford import BITS, group, read_letters, write_letters
from shared.errors import UserError

# 130 bits: nobody goes through them, so the key follows from the code without a slow function.
_SECRET_LETTERS = 26
_CHECK_LETTERS = 2
LETTERS = _SECRET_LETTERS + _CHECK_LETTERS
_DOMAIN = b"sipande-cadangan/1 kode\n"


def make_code(random: Randomness) -> str:
    """Make a code of seven groups of four letters and digits, the last two of which guard against slips."""
    bits = BITS * _SECRET_LETTERS
    value = int.from_bytes(random((bits + 7) // 8)) & (1 << bits) - 1
    letters = write_letters(value, _SECRET_LETTERS)
    return group(letters + _check(letters))


def read_code(typed: str) -> SealKey:
    """Read a code as typed and give the key that opens; UserError says what is wrong with it."""
    letters = read_letters(typed)
    if len(letters) != LETTERS:
        raise UserError(
            f"Kode cadangan terdiri dari tujuh kelompok, masing-masing empat huruf atau angka. Yang diketik"
            f" {len(letters)}, seharusnya {LETTERS}. Salin lagi dari lembarnya.",
            "kode_cadangan_salah",
        )
    secret = letters[:_SECRET_LETTERS]
    if _check(secret) != letters[_SECRET_LETTERS:]:
        raise UserError(
            "Kode cadangan salah ketik. Cocokkan lagi setiap kelompok dengan lembarnya.", "kode_cadangan_salah"
        )
    return SealKey(HKDF(SHA256(), KEY_BYTES, None, _DOMAIN).derive(secret.encode()))


def _check(letters: str) -> str:
    return write_letters(int.from_bytes(sha256(_DOMAIN + letters.encode()).digest()[:8]) >> 54, _CHECK_LETTERS)
