"""Which program speaks, and what two programs of different age agree on; pure.

Never refused for being new: a kind, a field, a log. What two programs must have in common is one version of the
protocol; a refusal says which of them has to be brought up to date (sync_protocol.md section 12).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version

from shared.errors import ProtocolError
from shared.records.kind import Kind
from shared.sync.limits import PROTOCOL_VERSION, PROTOCOL_VERSION_MIN

KINDS_LETTERS = 16
"""64 bits: an accident between two honest programs, nothing more, is to be noticed."""


@dataclass(frozen=True)
class Program:
    """A program as the other side gets to know it: its name for people, and the protocol versions it speaks."""

    name: str
    protocol: int = PROTOCOL_VERSION
    protocol_min: int = PROTOCOL_VERSION_MIN

    def offer(self) -> dict[str, int | str]:
        """Give the members that say so in a message; the lowest version only where it is not the first."""
        least = {"version_min": self.protocol_min} if self.protocol_min > 1 else {}
        return {"version": self.protocol, **least, "program": self.name}

    def agree(self, offered: int, offered_min: int) -> int:
        """Find the highest version that this hub and a node both speak.

        Raises ProtocolError: node_too_old, hub_too_old.
        """
        agreed = min(self.protocol, offered)
        if agreed < self.protocol_min:
            raise ProtocolError("node_too_old", f"version {offered}")
        if agreed < offered_min:
            raise ProtocolError("hub_too_old", f"version {offered_min}")
        return agreed

    def check_agreed(self, agreed: int) -> None:
        """Check at a node what a hub has agreed on. Raises ProtocolError as :meth:`agree` does."""
        if agreed > self.protocol:
            raise ProtocolError("node_too_old", f"version {agreed}")
        if agreed < self.protocol_min:
            raise ProtocolError("hub_too_old", f"version {agreed}")


def _find_name() -> str:
    try:
        return version("sipande")
    except PackageNotFoundError:
        return ""  # run from a copy that was never installed


THIS_PROGRAM = Program(_find_name())


def name_kinds(kinds: Iterable[Kind]) -> str:
    """Digest all kinds that a program knows, in their versions (16 hex digits)."""
    text = json.dumps(sorted([kind.name, kind.shape] for kind in kinds))
    return sha256(text.encode()).hexdigest()[:KINDS_LETTERS]


class Age(Enum):
    """How old the other side's program is beside ours."""

    SAMA = "sama"
    LEBIH_LAMA = "lebih_lama"
    LEBIH_BARU = "lebih_baru"
    BERBEDA = "berbeda"


@dataclass(frozen=True)
class Other:
    """What is known of the other side's program: its name, and whether it knows the same kinds.

    ``held`` counts the changes that it keeps and cannot show before it is brought up to date.
    """

    name: str = ""
    is_same: bool = True
    held: int = 0

    def age(self, own: Program) -> Age:
        """Tell how old it is beside ours; programs with the same kinds count as the same."""
        if self.is_same:
            return Age.SAMA
        theirs, ours = _read_numbers(self.name), _read_numbers(own.name)
        if not theirs or not ours or theirs == ours:
            return Age.BERBEDA
        return Age.LEBIH_LAMA if theirs < ours else Age.LEBIH_BARU


def _read_numbers(name: str) -> tuple[int, ...]:
    """Read 1.10.2 as numbers; empty for a name that is not made of numbers."""
    parts = name.split(".")
    return tuple(map(int, parts)) if all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts) else ()
