"""What a node reads off a hello: which logs have two histories, and in which order trust is handed back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from node.services import KnownHub, NodeServices
from shared.merge.scope import Role
from shared.store.changes import Log, list_logs, root_at
from shared.store.runs import encode_root


def find_forked(services: NodeServices, answer: Mapping[str, Any]) -> list[Log]:
    """List the logs of which the hub's history and ours differ, at the smaller of both sizes."""
    told = set(answer["differs"])
    heads = {head["id"]: head for head in answer["logs"]}
    found = []
    with services.database.read() as conn:
        for log in list_logs(conn):
            head = heads.get(log.id)
            if head is None or not head["size"]:
                continue
            if log.id in told or (
                head["size"] <= log.size and encode_root(root_at(conn, log, head["size"])) != head["root"]
            ):
                found.append(log)
    return found


def order_commons(hub: KnownHub, logs: Sequence[Log]) -> list[Log]:
    """Order the common channels by their keys, the newest first.

    From what it has said itself does a new hub know the keys before it, and the computers that they have admitted.
    """
    keys = [*hub.kunci_lama, hub.kunci]
    commons = [log for log in logs if log.peran is Role.UMUM]
    return sorted(commons, key=lambda log: -keys.index(log.kunci.hex()) if log.kunci.hex() in keys else 1)
