"""SQL → where this node stands with the kecamatan: what waits, what is confirmed, how it went last."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from node.services import NodeServices, read_hub
from shared.clock import format_time
from shared.store.migrations import read_setting
from shared.web.forms import write_number


@dataclass(frozen=True)
class SyncState:
    """Counts of changes of this node's own logs, and the last session as it was noted."""

    hub_name: str
    is_enrolled: bool
    total: int
    confirmed: int
    held: int
    last_s: int | None
    last_outcome: str
    last_sentence: str
    confirmed_s: int | None
    """When the hub last confirmed something of ours, in hub time."""
    is_latihan: bool = False

    @property
    def waiting(self) -> int:
        return 0 if self.is_latihan else self.total - self.confirmed

    @property
    def sentence(self) -> str:
        """Say in one sentence where things stand."""
        if self.is_latihan:
            return "Ini tempat latihan: tidak ada yang dikirim ke kecamatan."
        if not self.is_enrolled:
            return "Komputer ini belum terdaftar di kecamatan; pekerjaan tersimpan di sini."
        waiting = "semua pekerjaan sudah terkirim"
        if self.waiting:
            waiting = f"{write_number(self.waiting)} perubahan menunggu dikirim"
        if self.last_s is None:
            return f"Belum pernah sinkron dengan {self.hub_name}; {waiting}."
        if self.last_outcome and self.last_outcome != "selesai":
            # An attempt that failed is no sync, and the page must not sound as if it were one.
            return f"Percobaan sinkron terakhir, {format_time(self.last_s)}, tidak berhasil; {waiting}."
        return f"Terakhir sinkron {format_time(self.last_s)}; {waiting}."


def read_sync_state(conn: sqlite3.Connection, node: NodeServices) -> SyncState:
    """Read where this node stands with the kecamatan."""
    hub = read_hub(conn)
    total, confirmed, confirmed_s = conn.execute(
        "SELECT coalesce(sum(l.size), 0), coalesce(sum(r.size), 0), max(r.time_s) FROM log l LEFT JOIN"
        " (SELECT log, max(size) AS size, max(time_s) AS time_s FROM receipt GROUP BY log) r ON r.log = l.no"
        " WHERE l.own = 1"
    ).fetchone()
    held = conn.execute("SELECT count(*) FROM held").fetchone()[0]
    text = read_setting(conn, "sinkron_terakhir")
    time_s, outcome, sentence = (text.split(" ", 2) + ["", ""])[:3] if text else ("", "", "")
    last_s = int(time_s) if time_s else None
    if node.last_report is not None and (last_s is None or node.last_report[0] >= last_s):
        last_s, report = node.last_report
        outcome, sentence = report.outcome.value, report.sentence()
    return SyncState(
        hub.nama if hub else "", hub is not None, int(total), int(confirmed), int(held), last_s, outcome,
        sentence, confirmed_s, node.is_latihan,
    )
