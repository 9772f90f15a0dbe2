"""The second factor: a code of six figures from a phone that needs no network (TOTP, RFC 6238), or one from paper.

A code is good for its 30 seconds and once (OWASP ASVS 6.5.1, 6.5.5). Where the clock of an office is wrong the codes
on paper help; the window never widens. A secret is sealed with a key of the key folder, so that a backup or a stolen
database holds no second factor; codes on paper have 140 bits and are stored as hashes.
"""

from __future__ import annotations

import base64
import hmac
import sqlite3
from enum import Enum
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.clock import Clock, Randomness
from shared.crockford import read_letters
from shared.web import queries_code as queries
from shared.web.onetime import make_code

STEP_S = 30
RECOVERY_CODES = 10
_SECRET_BYTES = 20
_NONCE_BYTES = 12


class CodeOutcome(Enum):
    """What became of a typed code."""

    HP = "hp"
    KERTAS = "kertas"
    SALAH = "salah"


class SecondFactors:
    """The second factors of all accounts; ``key`` (32 bytes) seals the secrets."""

    def __init__(self, clock: Clock, random: Randomness, key: bytes) -> None:
        self._clock = clock
        self._random = random
        self._seal = AESGCM(key)

    def has(self, conn: sqlite3.Connection, account: int) -> bool:
        """Tell whether an account logs in with a second factor."""
        row = queries.find_factor(conn, account)
        return row is not None and row.confirmed_s is not None

    def begin(self, conn: sqlite3.Connection, account: int) -> None:
        """Make a secret that waits for its first code; the one in use stays until then."""
        nonce = self._random(_NONCE_BYTES)
        sealed = self._seal.encrypt(nonce, self._random(_SECRET_BYTES), _label(account))
        queries.write_pending(conn, account, nonce + sealed)

    def read_pending(self, conn: sqlite3.Connection, account: int) -> str | None:
        """Give the secret that waits, in base32 as phones take it; None when none does."""
        row = queries.find_factor(conn, account)
        return self._open(account, row.pending) if row is not None else None

    def confirm(self, conn: sqlite3.Connection, account: int, typed: str) -> list[str] | None:
        """Take the waiting secret into use when the code is of it; give the codes for paper, else None."""
        secret, step = self.read_pending(conn, account), self._step()
        if secret is None or not _is_code(secret, step, typed):
            return None
        queries.confirm_pending(conn, account, self._clock.now_s(), step)
        return self.renew_recovery(conn, account)

    def renew_recovery(self, conn: sqlite3.Connection, account: int) -> list[str]:
        """Make new codes for paper; the earlier ones are void."""
        codes = [make_code(self._random) for _ in range(RECOVERY_CODES)]
        queries.replace_recovery(conn, account, [_hash(account, code) for code in codes])
        return codes

    def check(self, conn: sqlite3.Connection, account: int, typed: str) -> CodeOutcome:
        """Check a code of either kind and use it up in this transaction."""
        row, step = queries.find_factor(conn, account), self._step()
        if row is None or row.confirmed_s is None:
            return CodeOutcome.SALAH
        secret = self._open(account, row.secret)
        if secret is not None and _is_code(secret, step, typed):
            # A code that was seen over a shoulder is worth nothing within its own half minute either.
            return CodeOutcome.HP if queries.use_step(conn, account, step) else CodeOutcome.SALAH
        if queries.use_recovery(conn, account, _hash(account, typed)):
            return CodeOutcome.KERTAS
        return CodeOutcome.SALAH

    def remove(self, conn: sqlite3.Connection, account: int) -> None:
        """Take the second factor of an account away."""
        queries.remove_factor(conn, account)

    def count_recovery(self, conn: sqlite3.Connection, account: int) -> int:
        """Count the codes on paper that are left."""
        return queries.count_recovery(conn, account)

    def _step(self) -> int:
        return self._clock.now_s() // STEP_S

    def _open(self, account: int, sealed: bytes | None) -> str | None:
        """Unseal a secret; None where the key folder is another than the one that it was sealed with."""
        if sealed is None:
            return None
        try:
            secret = self._seal.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _label(account))
        except InvalidTag:
            return None
        return base64.b32encode(secret).decode()


def write_code(secret: str, step: int) -> str:
    """Write the code of a secret at a step of 30 seconds."""
    # Imported here: most requests need none.
    import pyotp

    return pyotp.TOTP(secret, interval=STEP_S).generate_otp(step)


def write_uri(secret: str, name: str, issuer: str) -> str:
    """Write what a phone reads from the drawn code."""
    import pyotp

    return pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=name, issuer_name=issuer)


def _is_code(secret: str, step: int, typed: str) -> bool:
    figures = "".join(typed.split())
    return hmac.compare_digest(write_code(secret, step).encode(), figures.encode("utf-8", "replace"))


def _hash(account: int, code: str) -> bytes:
    return sha256(f"sipande recovery code v1\n{account}\n{read_letters(code)}".encode()).digest()


def _label(account: int) -> bytes:
    return f"sipande second factor v1\n{account}".encode()
