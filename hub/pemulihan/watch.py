"""What a hello tells about the histories of the caller's own logs: a restored computer, or two with one key.

A computer that holds less of its own log than the hub was restored once; that heals by itself. When it
happens again and again, two computers write under one key, each behind the other: then the key is
suspended, what it writes from there on is quarantined, and people are told.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from typing import Any

from hub.change import write_common, write_to_desa
from hub.ingest.accept import Sender
from hub.pemulihan.rotation import draft_records, find_raised, list_cutoffs, list_former, raise_cutoffs
from hub.services import HubServices
from shared.changelog.change import Sealed
from shared.store.branch import list_branches
from shared.store.reissue import list_left
from shared.store.changes import Log, list_logs
from shared.store.drafts import Draft, draft_create
from shared.store.evidence import note_event
from shared.store.returned import write_line
from shared.store.verdicts import list_key_records
from shared.sync.limits import limit

TWINS = "dua komputer memakai satu kunci"
PIECE_CHARACTERS = 60_000


def watch_histories(
    services: HubServices, sender: Sender, announced: list[dict[str, Any]], differing: Collection[str],
    is_evidence: bool = True,
) -> None:
    """Judge one hello: count a restore, suspend a twin, hand back a branch that its author no longer has.

    What keys before the caller's have signed counts as the caller's own. Without ``is_evidence`` what the caller
    lacks proves no restore: a file on a stick may have been overtaken on its way.
    """
    sizes = {head["id"]: head["size"] for head in announced}
    with services.database.read() as conn:
        logs, former = list_logs(conn), list_former(conn, sender.simpul)
        raised = find_raised(conn, sender.wilayah, former)
        has_branches = conn.execute("SELECT 1 FROM branch LIMIT 1").fetchone() is not None
    keys = {sender.kunci, *(key.kunci for key in former)}
    own = [log for log in logs if log.kunci.hex() in keys and log.wilayah == sender.wilayah]
    behind = [log for log in own if sizes.get(log.id, 0) < log.size or log.id in differing]
    restored = [log for log in behind if log.kunci.hex() == sender.kunci]
    held = {log.id: log.size for log in logs}
    # The caller has nothing that the hub does not know, and has its own logs as the hub has them.
    is_same = not behind and all(size <= held.get(id, 0) for id, size in sizes.items())
    if restored and is_evidence:
        with services.database.write() as conn:
            _count_restore(conn, services, sender, sum(log.size for log in restored))
    elif is_same and (has_branches or raised):
        with services.database.write() as conn:
            for log in own:
                hand_back_rest(conn, services, log)
            raise_cutoffs(conn, services, raised)


def _count_restore(conn: sqlite3.Connection, services: HubServices, sender: Sender, mark: int) -> None:
    """Remember that a key was behind its own logs; too often within the window makes it a twin."""
    now_s = services.clock.now_s()
    last = conn.execute(
        "SELECT mark FROM restored WHERE kunci = ? ORDER BY no DESC LIMIT 1", (sender.kunci,)
    ).fetchone()
    if last is not None and last[0] == mark:
        return  # the same gap, greeted again before it was filled
    conn.execute("INSERT INTO restored (kunci, time_s, mark) VALUES (?, ?, ?)", (sender.kunci, now_s, mark))
    count = conn.execute(
        "SELECT count(*) FROM restored WHERE kunci = ? AND time_s > ?", (sender.kunci, now_s - limit("twin_window_s"))
    ).fetchone()[0]
    status = conn.execute("SELECT status FROM simpul WHERE id = ?", (sender.simpul,)).fetchone()[0]
    if count >= limit("twin_restores") and status == "aktif":
        suspend(conn, services, sender.simpul, TWINS)


def suspend(conn: sqlite3.Connection, services: HubServices, simpul: str, sebab: str) -> None:
    """Quarantine what a key writes from here on; it is still heard, so that nothing is lost."""
    wilayah, kunci = conn.execute("SELECT wilayah, kunci FROM simpul WHERE id = ?", (simpul,)).fetchone()
    ids = [one.id for one in list_key_records(conn, kunci) if one.status not in ("dicabut", "ditangguhkan")]
    changed = {"status": "ditangguhkan", "sebab": sebab, "batas": list_cutoffs(conn, wilayah, kunci)}
    write_common(services, draft_records(conn, services, ids, changed), author="")
    note_event(conn, services.clock.now_s(), "kembar", "", f"simpul {simpul}")


def hand_back_rest(conn: sqlite3.Connection, services: HubServices, log: Log) -> None:
    """Give a desa what the branches of a log hold, that nobody has issued again and that was not handed back yet."""
    for branch, stretches in list_left(conn, list_branches(conn, log.id), log.wilayah):
        for ref, changes in stretches:
            _hand_back(conn, services, log.wilayah, ref, changes)
            note_event(conn, services.clock.now_s(), "kembali", log.id, f"seq {branch.start}")


def _hand_back(
    conn: sqlite3.Connection, services: HubServices, desa: str, ref: str, changes: Sequence[Sealed]
) -> None:
    """Write changes of a branch to the channel of their desa, in pieces that fit a run."""
    pieces = [""]
    for change in changes:
        line = write_line(change)
        if pieces[-1] and len(pieces[-1]) + len(line) > PIECE_CHARACTERS:
            pieces.append("")
        pieces[-1] += ("\n" if pieces[-1] else "") + line
    kind = services.catalogue["cabang"]
    drafts: list[Draft] = [
        draft_create(kind, services.new_id(), {"cabang": ref, "bagian": number, "dari": len(pieces), "isi": piece})
        for number, piece in enumerate(pieces, 1)
    ]
    write_to_desa(services, desa, drafts, author="")
