"""What must be true of a kecamatan's disks after any kill, power cut or failure."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from hub.services import HubServices
from node.services import NodeServices
from shared.changelog.change import parse_ref
from shared.commands import check_side
from shared.store.blobs import store_of
from shared.store.changes import find_log, list_logs, read_leaves
from simulation.disk.desk import Desk
from simulation.disk.stage import Place
from simulation.disk.work import Job

Services = NodeServices | HubServices
SESSIONS_MAX = 4


def check_file(folder: Path) -> None:
    """Let SQLite itself look at a copy: what the product finds must be as it was left."""
    with tempfile.TemporaryDirectory(dir=folder.parent.parent) as name:
        for file in folder.glob("data.sqlite*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, name)
        with closing(sqlite3.connect(Path(name) / "data.sqlite")) as conn:
            found = conn.execute("PRAGMA integrity_check").fetchone()[0]
            assert found == "ok", f"{folder.name}: {found}"
            strays = conn.execute("PRAGMA foreign_key_check").fetchall()
            assert not strays, f"{folder.name}: foreign keys {strays[:3]}"


def check_services(services: Services) -> None:
    """Verify logs, receipts, tables and attachments of a side that has been opened without help."""
    found = check_side(services)
    assert found["baik"], f"{services.folder.path.name}: {found['masalah']}"


def check_promises(said: Iterable[Job], node: NodeServices, hub: HubServices) -> int:
    """Compare what people and peers were told with what is stored; give how many promises there were."""
    count = 0
    for line in said:
        side = hub if line.get("at") == hub.folder.path.name else node
        for ref in line.get("saved", ()):
            count += 1
            assert _holds(side, ref), f"saved and lost: {ref}"
        if "receipt" in line:
            count += 1
            _check_receipt(hub, *line["receipt"])
        if "head" in line:
            count += 1
            _check_head(node, *line["head"])
        if "attachment" in line:
            count += 1
            assert store_of(node).read(node.wilayah, line["attachment"]) is not None, "attachment saved and lost"
        if "key" in line:
            count += 1
            assert node.keys.signing.public.hex() == line["key"] or bytes.fromhex(line["key"]) in node.keys.publics()
        if "hub_key" in line:
            count += 1
            assert hub.keys.signing.public.hex() == line["hub_key"]
    return count


def _holds(side: Services, ref: str) -> bool:
    id, seq, short = parse_ref(ref)
    with side.database.read() as conn:
        log = find_log(conn, id)
        leaves = [] if log is None else read_leaves(conn, log, seq, seq + 1)
    return bool(leaves) and leaves[0].startswith(short)


def _check_receipt(hub: HubServices, log: str, size: int) -> None:
    with hub.database.read() as conn:
        found = find_log(conn, log)
    assert found is not None and found.size >= size, f"receipt for {size} of {log}, held {found and found.size}"


def _check_head(node: NodeServices, log: str, size: int) -> None:
    """A head that left the machine is in the anchor, so that a database behind it would be noticed."""
    with node.database.read() as conn:
        found = find_log(conn, log)
    if found is None or found.own:
        known = node.anchor.load().heads.get(log)
        assert known is not None and known[0] >= size, f"head {size} of {log} left before its anchor: {known}"


def check_sync(desk: Desk) -> None:
    """Let both computers of the village talk to the hub; in the end all hold the same."""
    for _ in range(SESSIONS_MAX):
        reports = [desk.sync(node) for node in (desk.node, desk.second)]
        if all(not report.sent and not report.received and report.parity == "sama" for report in reports):
            break
    else:
        raise AssertionError(f"sessions come to no end: {reports}")
    held = [_heads(side) for side in (desk.hub, desk.node, desk.second)]
    assert held[0] == held[1] == held[2], "logs differ after healing"


def _heads(side: Services) -> dict[str, tuple[int, bytes]]:
    with side.database.read() as conn:
        return {log.id: (log.size, log.root()) for log in list_logs(conn)}


def list_promises(place: Place) -> list[Job]:
    """List what was promised before a trial began: every change of either side, every receipt that the node has."""
    promises: list[Job] = []
    for folder in (place.node, place.hub):
        with closing(sqlite3.connect(folder / "data.sqlite")) as conn:
            rows = conn.execute(
                "SELECT l.id, c.pos & 1099511627775, c.leaf FROM change c JOIN log l ON l.no = c.pos >> 40"
            ).fetchall()
            promises.append({"saved": [f"{id}:{seq}:{leaf[:8].hex()}" for id, seq, leaf in rows], "at": folder.name})
    with closing(sqlite3.connect(place.node / "data.sqlite")) as conn:
        receipts = conn.execute("SELECT l.id, max(r.size) FROM receipt r JOIN log l ON l.no = r.log GROUP BY l.id")
        promises += [{"receipt": [id, size]} for id, size in receipts]
    return promises


def judge(desk: Desk, said: Iterable[Job], *, heals: bool = True) -> int:
    """Check everything: files, opening, promises, logs and tables, and that sessions heal; give the promises.

    Without ``heals`` it ends before the sessions.
    """
    said = list(said)
    sides = (desk.place.node, desk.place.second, desk.place.hub)
    for folder in sides:
        check_file(folder)
    try:
        count = check_promises(said, desk.node, desk.hub)
        for side in (desk.node, desk.second, desk.hub):
            check_services(side)
        if heals:
            check_sync(desk)
            # What a session moves must not undo a promise; where a head is kept may have changed by it.
            check_promises((line for line in said if "head" not in line), desk.node, desk.hub)
            for healed in (desk.node, desk.second, desk.hub):
                check_services(healed)
    finally:
        desk.close()
    return count
