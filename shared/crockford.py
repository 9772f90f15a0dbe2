"""Letters and digits that people copy by hand: Crockford's base 32, without I, L, O and U, in groups of four.

What people type instead of the missing letters is understood; anything else that is no letter or digit of it is
passed over.
"""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BITS = 5
_TYPED_INSTEAD = str.maketrans("ILO", "110")
_TYPED_MAX = 200


def write_letters(value: int, count: int) -> str:
    """Write a number as ``count`` letters."""
    return "".join(ALPHABET[value >> shift & 31] for shift in range(BITS * (count - 1), -1, -BITS))


def group(letters: str) -> str:
    """Put letters into groups of four."""
    return "-".join(letters[start:start + 4] for start in range(0, len(letters), 4))


def read_letters(typed: str) -> str:
    """Read what was typed, however it was written."""
    return "".join(letter for letter in typed[:_TYPED_MAX].upper().translate(_TYPED_INSTEAD) if letter in ALPHABET)
