"""Second histories beside the hub's: what is kept here and nobody has issued again is named at every hello.

A hub that was put back may have lost one that it had taken. The heads of its log then agree with ours, and only what
this computer keeps beside the log is left of that work (sync_protocol.md section 6.5).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any

from node.services import NodeServices
from shared.errors import DamageError, TransportError
from shared.store.branch import list_branches
from shared.store.changes import find_log
from shared.store.lines import Line, find_line, line_hasher
from shared.store.reissue import list_left
from shared.store.runs import encode_root, write_head
from shared.sync import messages

_NEAR_CHANGES = 32


def list_kept(conn: sqlite3.Connection, desa: str) -> list[dict[str, Any]]:
    """List the heads of the branches that nobody has issued again, nor the hub handed back; the oldest first.

    None where they cannot be read: verify tells, and the rest of the village does not wait for them.
    """
    try:
        branches = [branch for branch in list_branches(conn) if branch.is_provable]
        return [
            write_head(branch.log, branch.size, branch.tree) for branch, _ in list_left(conn, branches, desa)
        ][: messages.BRANCHES_MAX]
    except DamageError:
        return []


def find_lines(services: NodeServices, heads: Collection[Mapping[str, Any]]) -> list[Line]:
    """Find what the hub has asked for, as whole histories, but for what is damaged; what leaves others comes last."""
    asked = {(head["id"], head["size"], head["root"]) for head in heads}
    found = []
    with services.database.read() as conn:
        for branch in list_branches(conn) if asked else ():
            with suppress(DamageError):
                is_asked = (branch.log, branch.size, encode_root(branch.tree.root())) in asked
                log = find_log(conn, branch.log) if is_asked else None
                line = None if log is None else find_line(conn, log, branch)
                found += [] if line is None else [line]
    return sorted(found, key=lambda line: (line.log.peran.turn, line.log.no, len(line.branches)))


def find_common(services: NodeServices, line: Line, ask: Callable[[bytes], bytes]) -> tuple[int, int]:
    """Find up to where the hub's log is this line, and up to where it keeps the line as a second history.

    The larger of both to within a few dozen changes: what a broken line has brought there does not go again. ``ask``
    posts to ``compare``. Raises TransportError when the answer is none.
    """
    size, kept, high = 0, 0, line.size + 1
    sizes = [line.size, *(line.size - (1 << bit) for bit in range(line.size.bit_length()) if 1 << bit < line.size)]
    while sizes:
        with services.database.read() as conn:
            hasher = line_hasher(conn, line)
            heads = [{"size": asked, "root": encode_root(hasher(0, asked))} for asked in sizes]
        answer = messages.decode(messages.CompareAnswer, ask(messages.encode({"id": line.log.id, "heads": heads})))
        if not {0, *sizes}.issuperset((answer["size"], answer["kept"])):
            raise TransportError("compared size was not asked for")
        size, kept = max(size, answer["size"]), max(kept, answer["kept"])
        low = max(size, kept)
        high = min([high, *(asked for asked in sizes if asked > low)])
        step = -(-(high - low) // messages.HEADS_MAX)
        sizes = list(range(low + step, high, step)) if high - low > _NEAR_CHANGES else []
    return size, kept
