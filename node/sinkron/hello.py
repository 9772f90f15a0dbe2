"""What this computer says of itself, in a hello and in a file for the hub."""

from __future__ import annotations

from typing import Any

from node.services import NodeServices
from node.sinkron.branches import list_kept
from shared.store.changes import list_logs
from shared.store.parity import claim_parity
from shared.store.records import count_newer
from shared.store.runs import write_head


def say_hello(services: NodeServices) -> dict[str, Any]:
    """Say what is held here and which program this is (sync_protocol.md 8.1); what is empty is left out."""
    with services.database.read() as conn:
        parity = claim_parity(conn, services.catalogue, services.wilayah)
        logs = [write_head(log.id, log.size, log.tree) for log in list_logs(conn)]
        more = {"held": count_newer(conn, services.wilayah), "branches": list_kept(conn, services.wilayah)}
    return {
        **services.program.offer(), "kinds": services.kinds, "logs": logs, "time": services.clock.now_s(),
        **parity.message(), **{name: value for name, value in more.items() if value},
    }
