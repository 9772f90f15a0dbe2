"""Second histories beside the hub's: what is kept here and nobody has issued again is named at every hello.

A hub that was put back may have lost one that it had taken. The heads of its log then agree with ours, and only what
this computer keeps beside the log is left of that work (sync_protocol.md section 6.5).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from node.services import NodeServices
from shared.errors import DamageError, TransportError
from shared.store.branch import (
    Branch,
    count_returned,
    is_issued_whole,
    list_branches,
    list_reissues,
    list_unissued,
    read_branch,
)
from shared.store.changes import Log, find_log
from shared.store.lines import Line, find_line, is_provable, line_hasher
from shared.store.runs import encode_root, write_head
from shared.sync import messages

_NEAR_CHANGES = 32


def list_kept(conn: sqlite3.Connection, desa: str) -> list[dict[str, Any]]:
    """List the heads of the branches that nobody has issued again, nor the hub handed back; the oldest first.

    None where they cannot be read: verify tells, and the rest of the village does not wait for them.
    """
    try:
        branches = list_branches(conn)
        return _choose(conn, branches, desa) if branches else []
    except DamageError:
        return []


def _choose(conn: sqlite3.Connection, branches: Sequence[Branch], desa: str) -> list[dict[str, Any]]:
    reissues, returned = list_reissues(conn), count_returned(conn, desa)
    return [
        write_head(branch.log, branch.size, branch.tree) for branch in branches
        if not is_issued_whole(conn, branch, reissues)
        and is_provable(conn, branch)
        and list_unissued(conn, read_branch(conn, branch), returned)
    ][: messages.BRANCHES_MAX]


def find_lines(services: NodeServices, heads: Collection[Mapping[str, Any]]) -> list[tuple[Log, Line]]:
    """Find what the hub has asked for, as whole histories; what another one leaves comes after that."""
    asked = {(head["id"], head["size"], head["root"]) for head in heads}
    if not asked:
        return []
    found = []
    with services.database.read() as conn:
        for branch in list_branches(conn):
            log, head = find_log(conn, branch.log), write_head(branch.log, branch.size, branch.tree)
            is_asked = (head["id"], head["size"], head["root"]) in asked
            line = find_line(conn, log, branch) if log is not None and is_asked else None
            if log is not None and line is not None:
                found.append((log, line))
    return sorted(found, key=lambda one: (one[0].peran.turn, one[0].no, one[1].start))


def find_common(services: NodeServices, line: Line, ask: Callable[[bytes], bytes]) -> tuple[int, int]:
    """Find up to where the hub's log is this line, and up to where it keeps the line as a second history.

    The larger of both to within a few dozen changes: what a broken line has brought there does not go again. ``ask``
    posts to ``compare``. Raises TransportError when the answer is none.
    """
    size, kept = 0, 0
    sizes = [line.size, *(line.size - (1 << bit) for bit in range(line.size.bit_length()) if 1 << bit < line.size)]
    while True:
        with services.database.read() as conn:
            hasher = line_hasher(conn, line)
            heads = [{"size": asked, "root": encode_root(hasher(0, asked))} for asked in sizes]
        answer = messages.decode(messages.CompareAnswer, ask(messages.encode({"id": line.log.id, "heads": heads})))
        if not {0, *sizes}.issuperset((answer["size"], answer["kept"])):
            raise TransportError("compared size was not asked for")
        size, kept = max(size, answer["size"]), max(kept, answer["kept"])
        low = max(size, kept)
        high = min((asked for asked in sizes if asked > low), default=low)
        if high - low <= _NEAR_CHANGES:
            return size, kept
        step = -(-(high - low) // messages.HEADS_MAX)
        sizes = list(range(low + step, high, step))
