"""A case: what is put to the production code, why, and how a bad one must be refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.changelog.keys import SealKey, SigningKey

SIGN_SEED = bytes(32)
SEAL_SEED = b"\x01" * 32
SIGNING = SigningKey(SIGN_SEED)
SEALING = SealKey(SEAL_SEED)
OTHER = SigningKey(b"\x02" * 32)
"""A second writer, where a vector needs one."""

DESA = "33.03.99.2001"
KECAMATAN = "33.03.99"
TIME_S = 1_790_000_000
AUTHOR = "01990000-0000-7000-8000-00000000000a"
RECORD = "01990000-0000-7000-8000-000000000001"
LOG = "00112233445566778899aabbccddeeff"
SALT = bytes(range(16))


@dataclass(frozen=True)
class Case:
    """One vector before it is answered; ``error`` is the code that must come, or empty."""

    topic: str
    name: str
    why: str
    input: Mapping[str, Any]
    error: str = ""
