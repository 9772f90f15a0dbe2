"""Events as the pages of the village write them, in one line: the event, and the status that names it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from node.change import write_drafts
from node.laporan.closing import close_month, mark
from node.laporan.ledger import read_bulanan
from node.laporan.ragu import find_ragu
from node.services import NodeServices
from shared.lampid.month import find_last_day
from shared.lampid.report import Laporan
from shared.store.drafts import draft_create, draft_update
from shared.store.records import load_state
from tests.support.federation import TestClock

STATUS = {"mati": 2, "pindah": 3, "hilang": 4}


def happen(node: NodeServices, jenis: str, lapor: str, penduduk: str = "", **more: Any) -> tuple[str, str]:
    """Write an event reported on a day; without ``penduduk`` it is a newcomer. Return resident and event."""
    kind, event_kind, event = node.catalogue["penduduk"], node.catalogue["peristiwa"], node.new_id()
    person = penduduk or node.new_id()
    with node.database.write() as conn:
        state = load_state(conn, node.catalogue, kind, node.wilayah, person)
        values = {name: value for name, value in more.items() if name in kind.fields}
        live = {**state.values(kind), **values}
        details = {name: value for name, value in more.items() if name in event_kind.fields and name != "nama"}
        drafts = [draft_create(event_kind, event, {
            "jenis": jenis, "penduduk": person, "tanggal_peristiwa": lapor, "tanggal_lapor": lapor,
            "sebelumnya": live.get("peristiwa"), "dusun": live.get("dusun"), "jenis_kelamin": live["jenis_kelamin"],
            "warganegara": live.get("warganegara"), "kepala": live.get("hubungan") == 1, **details,
        })]
        status = {"status_dasar": STATUS.get(jenis, 1), "peristiwa": event}
        if state.exists:
            change = draft_update(kind, state, person, {**values, **status})
            assert change is not None
            drafts.append(change)
        else:
            drafts.append(draft_create(kind, person, {"nama": "WARGA UJI", **values, **status}))
        write_drafts(node, drafts, author=node.new_id())
    return person, event


def end_month(clock: TestClock, bulan: str) -> None:
    """Let the last day of a month come, if it has not."""
    clock.now = max(clock.now, int(datetime.fromisoformat(f"{find_last_day(bulan)}T12:00:00+07:00").timestamp()))


def close(node: NodeServices, bulan: str) -> Laporan:
    """Close a month as it stands, on its last day or later."""
    assert isinstance(node.clock, TestClock)
    end_month(node.clock, bulan)
    with node.database.read() as conn:
        bulanan = read_bulanan(node, conn)
        laporan = bulanan.make_closing(bulan)
        seen = mark(laporan, find_ragu(node, conn, bulanan, laporan))
    return close_month(node, bulan, seen, author=node.new_id(), account="uji")


def months(node: NodeServices) -> dict[str, Laporan]:
    """Give all months as this computer sees them."""
    with node.database.read() as conn:
        return {bulan: page.laporan for bulan, page in read_bulanan(node, conn).pages.items()}
