"""What this node knows of its files: which were written, which were answered, where the hub stood by the last answer.

Files are numbered, and an answer names the number that it answers: so an older stick that comes after a newer
one is known as such without any clock. Nothing rests on this but what people read and where the next file
begins; whatever is wrong here costs at most changes sent again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar

from shared.store.changes import Log
from shared.store.migrations import read_setting, write_setting

SETTING = "usb"
_KEPT = 20
T = TypeVar("T")


@dataclass
class Written:
    """One file to the hub. ``name`` is empty for one that was fetched with the browser and is called as it likes."""

    number: int
    nonce: str
    name: str
    time_s: int
    changes: int
    size: int
    ought: dict[str, int] = field(default_factory=dict)
    """The size of every log that the hub ought to have had when the file was written."""
    answered_s: int = 0
    """Hub time of the answer; 0 while there is none."""
    codes: list[str] = field(default_factory=list)
    """Why the hub has refused parts of it, or all."""
    is_cut: bool = False
    """The answer was read, but it was not whole."""
    pictures: int = 0
    """Photos and scans in it, and those that had to wait for the next file."""
    pictures_left: int = 0


@dataclass
class Request:
    """One request for admission by file, and what its answer is checked with."""

    nonce: str
    address: str
    fingerprint: str
    proof_key: str
    name: str
    time_s: int
    answered: bool = False
    is_office: bool = False


@dataclass
class Ledger:
    """``behind``: logs of which the hub lacked something that it had once, as [size there, receipt here then].

    ``lacks``: attachments that the hub lacked by its last answer, with what it had of each; ``branches``: heads of the
    second histories that it lacked.
    """

    files: list[Written] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    behind: dict[str, list[int]] = field(default_factory=dict)
    lacks: dict[str, int] = field(default_factory=dict)
    branches: list[dict[str, Any]] = field(default_factory=list)
    takes_pictures: bool = True
    """Whether the hub's program takes attachments from a file; it does until an answer shows that it is too old."""
    answered: int = 0
    """The highest number that was answered."""
    parity: str = ""
    parity_differs: list[str] = field(default_factory=list)
    parity_versions: list[str] = field(default_factory=list)

    @property
    def last(self) -> Written | None:
        """The newest file."""
        return self.files[-1] if self.files else None

    def find(self, nonce: str) -> Written | None:
        """Find the file that an answer speaks of."""
        return next((file for file in self.files if file.nonce == nonce), None)

    def next_number(self) -> int:
        return (self.last.number if self.last else 0) + 1

    def add(self, file: Written) -> None:
        self.files = [*self.files, file][-_KEPT:]

    def add_request(self, request: Request) -> None:
        self.requests = [*self.requests, request][-_KEPT:]

    def start_of(self, log: Log, receipt: int) -> int:
        """Tell from where on the hub may lack a log, given the size of its highest receipt.

        That is where it ought to be, but for what the hub has said that it lost and has not receipted since.
        """
        size, receipt_then = self.behind.get(log.id, (-1, 0))
        return size if size >= 0 and receipt == receipt_then else size_at_hub(log, receipt)


def read_ledger(conn: sqlite3.Connection) -> Ledger:
    """Read the ledger; an empty one at first."""
    text = read_setting(conn, SETTING)
    if text is None:
        return Ledger()
    members = json.loads(text)
    made = _load(Ledger, members)
    made.files = [_load(Written, file) for file in members["files"]]
    made.requests = [_load(Request, request) for request in members["requests"]]
    return made


def write_ledger(conn: sqlite3.Connection, ledger: Ledger) -> None:
    """Keep the ledger."""
    write_setting(conn, SETTING, json.dumps(asdict(ledger)))


def size_at_hub(log: Log, receipt: int) -> int:
    """Tell what the hub ought to have of a log: of our own what it has receipted; the others came from there."""
    return receipt if log.own else log.size


def receipt_sizes(conn: sqlite3.Connection) -> dict[int, int]:
    """Give the highest receipt of every log, by its number."""
    return dict(conn.execute("SELECT log, max(size) FROM receipt GROUP BY log").fetchall())


def _load(make: Callable[..., T], members: dict[str, Any]) -> T:
    """Make an object from what was stored; what a later version has stored beside it is passed over."""
    known = {item.name for item in fields(make)}  # type: ignore[arg-type]
    return make(**{name: value for name, value in members.items() if name in known})
