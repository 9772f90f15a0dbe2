"""What was written and must not be lost: every change by its salt, which stays when it is issued again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from hub.services import HubServices
from node.services import NodeServices
from shared.changelog.change import SALT_BYTES, decode_headers
from shared.store.changes import SEQ_BITS
from shared.store.moved import find_origins
from tests.support.federation import HUB

Side = NodeServices | HubServices
Salts = dict[bytes, str]
"""Salt → the wilayah of its log."""


def read_salts(side: Side, *, own: bool = False) -> list[tuple[bytes, str]]:
    """List the salts in the logs of a side, first changes of logs left out; ``own`` for what it writes itself."""
    with side.database.read() as conn:
        rows = conn.execute(
            "SELECT substr(c.body, 1, ?), l.wilayah FROM change c JOIN log l ON l.no = c.pos >> ?"
            " WHERE c.kind <> 'log' AND c.body IS NOT NULL AND (l.own OR NOT ?)",
            (SALT_BYTES, SEQ_BITS, own),
        ).fetchall()
    return [(bytes(salt), str(wilayah)) for salt, wilayah in rows]


def read_kept(side: Side) -> set[bytes]:
    """List the salts in the second histories that a side keeps."""
    with side.database.read() as conn:
        rows = conn.execute(
            "SELECT substr(body, 1, ?) FROM branch_change WHERE body IS NOT NULL", (SALT_BYTES,)
        ).fetchall()
    return {bytes(row[0]) for row in rows}


def has_come_back(side: Side, salt: bytes) -> bool:
    """Tell whether a change stands at its first place once more, after it was issued again once.

    So it does when an old copy of the log's writer meets somebody who holds the history that had given way. Both are
    one change by what they are called (sync_protocol.md 6.5), which two that were issued again are too; but that
    nobody must do.
    """
    with side.database.read() as conn:
        rows = conn.execute(
            "SELECT pos, header, leaf FROM change WHERE substr(body, 1, ?) = ? ORDER BY pos", (SALT_BYTES, salt)
        ).fetchall()
        origins = find_origins(conn, [row[0] for row in rows])
    refs = [header.ref(row[2]) for header, row in zip(decode_headers([row[1] for row in rows]), rows, strict=True)]
    first = [ref for ref in refs if ref not in origins]
    return len(refs) == 2 and len(first) == 1 and list(origins.values()) == [first]


@dataclass
class Promises:
    """Changes whose authors were told that they are saved, as long as anybody or any stick still holds them."""

    made: Salts = field(default_factory=dict)

    def note(self, side: Side) -> None:
        """Take in what a side has written itself."""
        self.made.update(read_salts(side, own=True))

    def keep_possible(self, survivors: Iterable[Side], carried: Iterable[Iterable[bytes]] = ()) -> int:
        """Forget what no survivor holds any more; tell how many changes are lost, as they would be."""
        held: set[bytes] = set()
        for side in survivors:
            held.update(salt for salt, _ in read_salts(side))
            held |= read_kept(side)
        for salts in carried:
            held.update(salts)
        before = len(self.made)
        self.made = {salt: wilayah for salt, wilayah in self.made.items() if salt in held}
        return before - len(self.made)

    def list_broken(self, side: Side, desa: str = "") -> list[str]:
        """Name what a side lacks of what it must hold, and what it holds twice; ``desa`` for a node."""
        counts = Counter(salt for salt, _ in read_salts(side))
        due = [salt for salt, wilayah in self.made.items() if not desa or wilayah in (desa, HUB)]
        missing = sum(salt not in counts for salt in due)
        doubled = sum(not has_come_back(side, salt) for salt, count in counts.items() if count > 1)
        told = {f"{missing} of {len(due)} changes missing": missing, f"{doubled} changes twice": doubled}
        return [sentence for sentence, count in told.items() if count]
