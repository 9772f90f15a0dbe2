"""Who may read exports: a name, a 256-bit token that is shown once, and whether people may stay recognisable.

Only a hash of the token is stored. A plain hash is enough: nobody goes through 256 bits.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from hashlib import sha256

from hub.ekspor import queries
from hub.saksi.queries import forget_witness
from hub.services import HubServices
from shared.errors import UserError

TOKEN_BYTES = 32
TOKEN_CHARACTERS_MAX = 200
REFUSALS_FREE = 10
REFUSALS_FORGOTTEN_S = 60.0
_ADDRESSES_MAX = 2000
_PREFIX = "spe_"
_DOMAIN = b"sipande export token v1\n"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}", re.ASCII)
_LONG_NUMBER = re.compile(r"[0-9]{16}", re.ASCII)


@dataclass(frozen=True)
class Reader:
    """One reader; ``is_identified`` lets it ask, with a reason, for data that are not masked."""

    name: str
    created_s: int
    is_identified: bool


def make_reader(services: HubServices, name: str, *, identified: bool = False) -> str:
    """Make a reader and return its token, which is shown once and kept nowhere.

    Raises UserError when the name is taken or cannot be used.
    """
    if not _NAME.fullmatch(name) or _LONG_NUMBER.search(name):
        raise UserError(
            "Nama pembaca terdiri dari huruf, angka, spasi, titik, atau garis, paling banyak 60 tanda;"
            " misalnya bappeda-purbalingga.",
            "nama_pembaca",
        )
    token = _PREFIX + base64.urlsafe_b64encode(services.random(TOKEN_BYTES)).decode().rstrip("=")
    with services.database.write() as conn:
        if not queries.add_reader(conn, name, hash_token(token), services.clock.now_s(), identified):
            raise UserError(
                "Sudah ada pembaca dengan nama itu. Cabut dulu yang lama, atau pakai nama lain.",
                "pembaca_sudah_ada",
            )
    return token


def revoke_reader(services: HubServices, name: str) -> None:
    """Make a reader's token worthless at once; UserError when there is no such reader."""
    with services.database.write() as conn:
        if not queries.remove_reader(conn, name):
            raise UserError("Tidak ada pembaca dengan nama itu. Lihat daftar pembaca.", "pembaca_tidak_ada")
        forget_witness(conn, name)


def list_readers(services: HubServices) -> list[Reader]:
    """List the readers, by name."""
    with services.database.read() as conn:
        return [Reader(name, created_s, bool(flag)) for name, created_s, flag in queries.list_readers(conn)]


def find_reader(services: HubServices, token: str) -> Reader | None:
    """Find the reader that a token belongs to."""
    if len(token) > TOKEN_CHARACTERS_MAX:
        return None
    with services.database.read() as conn:
        row = queries.find_reader(conn, hash_token(token))
    return None if row is None else Reader(row[0], row[1], bool(row[2]))


def hash_token(token: str) -> bytes:
    """Compute what is stored of a token."""
    return sha256(_DOMAIN + token.encode("utf-8", "replace")).digest()


@dataclass
class Refusals:
    """Counts refused tokens per address, in memory; a right token is never made to wait."""

    counts: dict[str, tuple[int, float]] = field(default_factory=dict)

    def count(self, address: str, now_s: float) -> int:
        """Count one refusal; return 0, or the seconds that this address should wait (monotonic clock)."""
        number, since_s = self.counts.pop(address, (0, now_s))
        if now_s - since_s > REFUSALS_FORGOTTEN_S:
            number, since_s = 0, now_s
        while len(self.counts) >= _ADDRESSES_MAX:
            self.counts.pop(next(iter(self.counts)), None)
        self.counts[address] = (number + 1, since_s)
        return 0 if number < REFUSALS_FREE else max(1, int(since_s + REFUSALS_FORGOTTEN_S - now_s) + 1)
