"""One-time codes, typed from a console or a sheet of paper: 140 bits, hashed, expiring, five attempts."""

from __future__ import annotations

import hmac
import sqlite3
from enum import Enum
from hashlib import sha256

from shared.clock import Clock, Randomness
from shared.crockford import group, read_letters, write_letters
from shared.web import queries

_CHARACTERS = 28
ATTEMPTS_MAX = 5
VALID_S = 24 * 3600


class CodeOutcome(Enum):
    """What became of a typed code."""

    BENAR = "benar"
    SALAH = "salah"
    KEDALUWARSA = "kedaluwarsa"
    HABIS = "habis"


def issue_code(
    conn: sqlite3.Connection, clock: Clock, random: Randomness, purpose: str, valid_s: int = VALID_S
) -> str:
    """Make a code in groups of four, store its hash, void the earlier code for this purpose."""
    code = make_code(random)
    queries.write_code(conn, purpose, _hash(purpose, read_letters(code)), clock.now_s() + valid_s)
    return code


def make_code(random: Randomness) -> str:
    """Make a code in groups of four and store it nowhere."""
    return group(write_letters(int.from_bytes(random(18)) >> 4, _CHARACTERS))


def is_same_code(code: str, typed: str) -> bool:
    """Compare a code with what was typed, however it was written."""
    return hmac.compare_digest(read_letters(code), read_letters(typed))


def check_code(conn: sqlite3.Connection, clock: Clock, purpose: str, typed: str) -> CodeOutcome:
    """Compare a typed code; a wrong one is counted, so the caller must let the transaction commit."""
    stored = queries.read_code(conn, purpose)
    # A code that expires later than any code made now was made under another clock.
    if stored is None or not 0 < stored[1] - clock.now_s() <= 30 * 24 * 3600:
        return CodeOutcome.KEDALUWARSA
    code_hash, _, attempts = stored
    if attempts >= ATTEMPTS_MAX:
        return CodeOutcome.HABIS
    if hmac.compare_digest(code_hash, _hash(purpose, read_letters(typed))):
        return CodeOutcome.BENAR
    queries.count_attempt(conn, purpose)
    return CodeOutcome.SALAH if attempts + 1 < ATTEMPTS_MAX else CodeOutcome.HABIS


def redeem_code(conn: sqlite3.Connection, clock: Clock, purpose: str, typed: str) -> CodeOutcome:
    """Check a code and, when right, use it up in this transaction."""
    outcome = check_code(conn, clock, purpose, typed)
    if outcome is CodeOutcome.BENAR:
        queries.remove_code(conn, purpose)
    return outcome


def _hash(purpose: str, letters: str) -> bytes:
    # A plain hash is enough: nobody goes through 140 bits.
    return sha256(f"sipande code v1\n{purpose}\n{letters}".encode()).digest()
