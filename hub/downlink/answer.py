"""Runs for one node: only logs of its desa and the common channel, sealed to its key."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hub.ingest.accept import Sender
from hub.services import HubServices
from shared.errors import ProtocolError
from shared.merge.scope import Role
from shared.store.changes import Log, find_log, list_logs, reach_of, root_at, signed_size
from shared.store.runs import RunSizer, build_fitting_run, encode_root, sign_size, write_head
from shared.sync.limits import limit


def readable_logs(conn: sqlite3.Connection, services: HubServices, desa: str) -> list[Log]:
    """List the logs that a node of a desa may read, trust first: siblings' keys stand in the common channel."""
    logs = [log for log in list_logs(conn, services.wilayah) if log.peran is Role.UMUM] + list_logs(conn, desa)
    return sorted(logs, key=lambda log: (log.peran.turn, log.no))


def list_heads(services: HubServices, desa: str) -> list[dict[str, Any]]:
    """Say what this hub holds of the logs that a desa may read."""
    with services.database.read() as conn:
        return [
            write_head(log.id, log.size, log.tree)
            for log in readable_logs(conn, services, desa)
        ]


def find_differing(
    conn: sqlite3.Connection, told: Mapping[str, int], announced: list[dict[str, Any]]
) -> list[str]:
    """Name the readable logs of which a node has announced another history than this hub holds."""
    differing = []
    for head in announced:
        log = find_log(conn, head["id"]) if told.get(head["id"], 0) >= head["size"] > 0 else None
        if log is not None and encode_root(root_at(conn, log, head["size"])) != head["root"]:
            differing.append(log.id)
    return differing


def build_answer(
    services: HubServices, sender: Sender, receiver: bytes, wanted: dict[str, int], *, bytes_max: int, codec: str,
    told: Mapping[str, int] | None = None, with_channels: bool = False,
) -> bytes:
    """Build runs from the sizes that the node holds, about ``bytes_max`` in all, at least one change.

    ``with_channels`` adds the channels that ``wanted`` does not name, from their first change.

    ``told`` are the sizes that hello has named: where something was erased since, ProtocolError session_expired,
    so that the node asks for the verdict before the rest.
    """
    budget = max(limit("run_bytes_min"), min(bytes_max or limit("run_bytes_start"), limit("pull_bytes_max")))
    sizer = RunSizer()
    parts: list[bytes] = []
    with services.database.read() as conn:
        logs = readable_logs(conn, services, sender.wilayah)
        if told is not None and _has_erased_since(conn, logs, told):
            raise ProtocolError("session_expired", "something was erased")
        for log in logs:
            start = wanted.get(log.id, 0 if with_channels and log.peran is not Role.DESA else None)
            if start is None:
                continue
            note_for, reach = _find_notes(conn, services, log), reach_of(log)
            while start < reach and budget > 0:
                end = min(reach, start + sizer.count(min(budget, limit("run_bytes_max"))))
                run, end = build_fitting_run(conn, log, start, end, note_for=note_for, codec=codec, receiver=receiver)
                sizer.learn(end - start, len(run))
                parts.append(run)
                budget -= len(run)
                start = end
    return b"".join(parts)


def _has_erased_since(conn: sqlite3.Connection, logs: Iterable[Log], told: Mapping[str, int]) -> bool:
    """Tell whether a channel has a verdict of erasure beyond the size that was told of it."""
    return any(
        conn.execute(
            "SELECT 1 FROM change WHERE pos >= ? AND pos < ? AND kind = 'penghapusan' LIMIT 1",
            (log.base + told.get(log.id, 0), log.base + log.size),
        ).fetchone()
        for log in logs if log.peran is not Role.DESA and told.get(log.id, 0) < log.size
    )


def _find_notes(
    conn: sqlite3.Connection, services: HubServices, log: Log
) -> Callable[[int], tuple[bytes, int]]:
    """Give what finds the checkpoint (and its size) of a run that ends somewhere.

    The hub signs where each run of its own ends, after its anchor is on disk; of others it has the newest one.
    """
    if log.own:
        signer = services.signer(log)
        services.anchor.raise_to(log.id, log.size, encode_root(log.root()))
        return lambda end: (sign_size(conn, log, end, signer), end)
    return lambda end: (log.checkpoint or b"", signed_size(log))
