"""The queue of findings: their state by their cases, whose turn it is, age and due date, filters, paging."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from shared.clock import WIB
from shared.store.changes import hub_time_of

PAGE = 25
CODES = {
    "V1": "Isian berbeda",
    "V2": "NIK sama di dua desa",
    "V3": "NIK ganda di satu desa",
    "V4": "Mungkin orang yang sama",
    "V5": "NIK tidak wajar",
    "V6": "Susunan keluarga",
    "V7": "Bantuan",
    "V8": "Lahir, mati, pindah",
    "V9": "Nomor surat ganda",
    "V10": "Perubahan ditahan",
}
RISKS = {"berat": "Berat", "sedang": "Sedang", "ringan": "Ringan"}
STATES = {
    "terbuka": "Menunggu kecamatan",
    "dijawab": "Sudah dijawab desa",
    "usulan": "Menunggu petugas kedua",
    "dikembalikan": "Dikembalikan ke desa",
    "selesai": "Selesai, tetap dipantau",
}
TURNS = {"kecamatan": "Kecamatan", "kedua": "Petugas kedua", "desa": "Desa"}
OPEN = "aktif"
"""The filter by state that keeps everything but what is settled."""

_TURN_OF = {
    "terbuka": "kecamatan", "dijawab": "kecamatan", "usulan": "kedua", "dikembalikan": "desa", "selesai": "",
}
_URGENCY = ("usulan", "dijawab", "dikembalikan", "terbuka")
# Money before identity before the rest; the same days as due dates, in working days.
_ORDER = ("V7", "V10", "V2", "V3", "V1", "V4", "V5", "V9", "V8", "V6")
_DAYS = {"V7": 2, "V10": 2, "V2": 3, "V3": 3, "V8": 3, "V1": 5}
_DAYS_OTHERS = 10


@dataclass(frozen=True)
class QueueItem:
    """One finding in the queue; ``opened_s`` is hub time, None while no case was opened for it."""

    id: str
    kode: str
    berat: str
    desa: tuple[str, ...]
    rekaman: tuple[tuple[str, str, str], ...]
    ringkasan: str
    status: str
    opened_s: int | None
    due: date | None

    @property
    def giliran(self) -> str:
        """Tell whose turn it is; empty when nobody's."""
        return _TURN_OF[self.status]


@dataclass(frozen=True)
class Filter:
    """What of the queue is wanted; empty members want all. ``status`` may be OPEN."""

    kode: str = ""
    desa: str = ""
    status: str = OPEN
    giliran: str = ""

    def admits(self, item: QueueItem) -> bool:
        """Tell whether an item is wanted."""
        return (
            self.kode in ("", item.kode)
            and (not self.desa or self.desa in item.desa)
            and (item.status != "selesai" if self.status == OPEN else self.status in ("", item.status))
            and self.giliran in ("", item.giliran)
        )


def judge_status(statuses: Iterable[str]) -> str:
    """Tell the state of a finding from those of its cases; a finding nobody was told of is open."""
    present = set(statuses)
    if present == {"selesai"}:
        return "selesai"
    return next((status for status in _URGENCY if status in present), "terbuka")


def find_due(kode: str, berat: str, opened: date) -> date:
    """Give the day by which a case should be settled, in working days after it was opened."""
    left = _DAYS_OTHERS if berat == "ringan" else _DAYS.get(kode, _DAYS_OTHERS)
    day = opened
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5
    return day


def load_queue(conn: sqlite3.Connection) -> list[QueueItem]:
    """Read all findings with their states, most pressing first."""
    cases: dict[str, list[tuple[str, str | None, int | None]]] = {}
    for finding, status, due, opened_s in conn.execute(
        "SELECT k.temuan, coalesce(k.status, 'terbuka'), k.batas_waktu,"
        " (SELECT min(json_extract(CAST(c.header AS TEXT), '$[10]')) FROM change AS c"
        " WHERE c.record = k.id AND json_extract(CAST(c.header AS TEXT), '$[6]') = 'c')"
        " FROM kasus AS k JOIN temuan AS t ON t.id = k.temuan"
    ):
        cases.setdefault(finding, []).append((status, due, opened_s))
    rows = conn.execute("SELECT id, kode, berat, desa, rekaman, ringkasan FROM temuan")
    items = [_read_item(row, cases.get(row[0], [])) for row in rows]
    return sorted(items, key=_urgency)


def _read_item(row: Sequence[str], cases: Sequence[tuple[str, str | None, int | None]]) -> QueueItem:
    id, kode, berat, desa, rekaman, ringkasan = row
    status = judge_status(case[0] for case in cases)
    opened_s = min((case[2] for case in cases if case[2] is not None), default=None)
    due = find_due(kode, berat, _day_of(opened_s)) if opened_s is not None else None
    if status == "dikembalikan":
        given = [text for state, text, _ in cases if state == "dikembalikan" and text]
        due = date.fromisoformat(min(given)) if given else due
    records = tuple((str(d), str(k), str(r)) for d, k, r in json.loads(rekaman))
    return QueueItem(id, kode, berat, tuple(json.loads(desa)), records, ringkasan, status, opened_s, due)


def _urgency(item: QueueItem) -> tuple[int, int, float, str]:
    order = _ORDER.index(item.kode) if item.kode in _ORDER else len(_ORDER)
    opened_s = float("inf") if item.opened_s is None else float(item.opened_s)
    return list(RISKS).index(item.berat), order, opened_s, item.id


def _day_of(time_s: int) -> date:
    return datetime.fromtimestamp(time_s, WIB).date()


def fill_ages(conn: sqlite3.Connection, items: Sequence[QueueItem]) -> list[QueueItem]:
    """Give an age to findings without a case: since when the hub has the newest change of their records."""
    return [item if item.opened_s is not None else _with_age(conn, item) for item in items]


def _with_age(conn: sqlite3.Connection, item: QueueItem) -> QueueItem:
    records = json.dumps([record for _, _, record in item.rekaman])
    rows = conn.execute("SELECT pos FROM change WHERE record IN (SELECT value FROM json_each(?))", (records,))
    times = [time_s for (pos,) in rows if (time_s := hub_time_of(conn, pos)) is not None]
    if not times:
        return item
    opened_s = max(times)
    return replace(item, opened_s=opened_s, due=find_due(item.kode, item.berat, _day_of(opened_s)))


def write_url_id(finding: str) -> str:
    """Write the id of a finding for an address: in groups, so that no run of digits looks like a NIK."""
    return "-".join(finding[at:at + 8] for at in range(0, len(finding), 8))


def read_url_id(text: str) -> str:
    """Read the id of a finding from an address, with or without groups."""
    return text.replace("-", "")[:64]
