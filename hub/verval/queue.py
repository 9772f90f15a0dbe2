"""The queue of findings: their state by their cases, whose turn it is and who works on them, age, due date, filters."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from hub.roles import LEADERS
from hub.verval import queries
from shared.clock import WIB

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
TURNS = {"kecamatan": "Kecamatan", "kedua": "Petugas kedua", "camat": "Camat", "desa": "Desa"}
AGES = {"3": "3 hari atau lebih", "7": "7 hari atau lebih", "30": "30 hari atau lebih"}
DUES = {"lewat": "Sudah lewat", "3": "Dalam 3 hari", "7": "Dalam 7 hari"}
HOLDERS = {"saya": "Saya", "belum": "Belum ada", "lain": "Petugas lain"}
OPEN = "aktif"
"""The filter by state that keeps everything but what is settled."""

_URGENCY = ("usulan", "dijawab", "dikembalikan", "terbuka")
# Money before identity before the rest; the same days as due dates, in working days.
_ORDER = ("V7", "V10", "V2", "V3", "V1", "V4", "V5", "V9", "V8", "V6")
_DAYS = {"V7": 2, "V10": 2, "V2": 3, "V3": 3, "V8": 3, "V1": 5}
_DAYS_OTHERS = 10
_DAY_S = 86400


@dataclass(frozen=True)
class QueueItem:
    """One finding in the queue; ``opened_s`` is hub time: of its case, or of the newest change behind it.

    ``giliran`` is empty when it is nobody's turn; ``pemegang`` is the petugas who works on it.
    """

    id: str
    kode: str
    berat: str
    desa: tuple[str, ...]
    rekaman: tuple[tuple[str, str, str], ...]
    ringkasan: str
    status: str
    giliran: str
    pemegang: str | None
    opened_s: int | None
    due: date | None

    @property
    def is_open(self) -> bool:
        """Tell whether anybody has still to do something."""
        return self.status != "selesai"


@dataclass(frozen=True)
class Filter:
    """What of the queue is wanted; empty members want all. ``status`` may be OPEN.

    ``opened_until_s`` asks for age, the two days bound the due date, ``pemegang`` is a key of HOLDERS as
    ``me`` sees it; ``ids`` are the findings that a search by name has given.
    """

    kode: str = ""
    desa: str = ""
    status: str = OPEN
    giliran: str = ""
    berat: str = ""
    opened_until_s: int | None = None
    due_from: date | None = None
    due_until: date | None = None
    pemegang: str = ""
    me: str = ""
    ids: frozenset[str] | None = None

    def admits(self, item: QueueItem) -> bool:
        """Tell whether an item is wanted."""
        return (
            self.kode in ("", item.kode)
            and (not self.desa or self.desa in item.desa)
            and (item.is_open if self.status == OPEN else self.status in ("", item.status))
            and self.giliran in ("", item.giliran)
            and self.berat in ("", item.berat)
            and (self.opened_until_s is None or (item.opened_s or 0) <= self.opened_until_s)
            and self._admits_due(item.due)
            and self.pemegang in ("", self._name_holder(item.pemegang))
            and (self.ids is None or item.id in self.ids)
        )

    def _admits_due(self, due: date | None) -> bool:
        if self.due_until is None:
            return True
        return due is not None and (self.due_from or date.min) <= due <= self.due_until

    def _name_holder(self, petugas: str | None) -> str:
        if petugas is None:
            return "belum"
        return "saya" if petugas == self.me else "lain"


def read_filter(args: Mapping[str, str], now_s: int, me: str, ids: frozenset[str] | None = None) -> Filter:
    """Read a filter from an address; what is not offered wants nothing special."""
    day, age, due = _day_of(now_s), args.get("umur", ""), args.get("batas", "")
    is_late = due == "lewat"
    return Filter(
        args.get("kode", ""), args.get("desa", ""), args.get("status", OPEN), args.get("giliran", ""),
        args.get("risiko", ""), now_s - int(age) * _DAY_S if age in AGES else None,
        None if is_late else day,
        None if due not in DUES else day - timedelta(days=1) if is_late else day + timedelta(days=int(due)),
        args.get("pemegang", ""), me, ids,
    )


def judge_status(statuses: Iterable[str]) -> str:
    """Tell the state of a finding from those of its cases; a finding nobody was told of is open."""
    present = set(statuses)
    if present == {"selesai"}:
        return "selesai"
    return next((status for status in _URGENCY if status in present), "terbuka")


@lru_cache(maxsize=4096)
def find_due(kode: str, berat: str, opened: date) -> date:
    """Give the day by which a case should be settled, in working days after it was opened."""
    left = _DAYS_OTHERS if berat == "ringan" else _DAYS.get(kode, _DAYS_OTHERS)
    day = opened
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5
    return day


class _Case(NamedTuple):
    """What the queue needs of one desa's case."""

    status: str
    due: str | None
    opened_s: int | None
    pemegang: str | None
    di_camat: int
    proposer_role: str


def load_queue(conn: sqlite3.Connection) -> list[QueueItem]:
    """Read all findings with their states, most pressing first."""
    cases: dict[str, list[_Case]] = {}
    for finding, *case in queries.list_case_rows(conn):
        cases.setdefault(finding, []).append(_Case(*case))
    ages = queries.read_ages(conn)
    rows = conn.execute("SELECT id, kode, berat, desa, rekaman, ringkasan FROM temuan")
    return sorted((_read_item(row, cases.get(row[0], []), ages.get(row[0])) for row in rows), key=_urgency)


def _read_item(row: Sequence[str], cases: Sequence[_Case], seen_s: int | None) -> QueueItem:
    id, kode, berat, desa, rekaman, ringkasan = row
    status = judge_status(case.status for case in cases)
    opened_s = min((case.opened_s for case in cases if case.opened_s is not None), default=seen_s)
    due = find_due(kode, berat, _day_of(opened_s)) if opened_s is not None else None
    if status == "dikembalikan":
        given = [case.due for case in cases if case.status == "dikembalikan" and case.due]
        due = date.fromisoformat(min(given)) if given else due
    places, records = json.loads(f"[{desa},{rekaman}]")
    holder = next((case.pemegang for case in cases if case.pemegang), None)
    return QueueItem(
        id, kode, berat, tuple(places), tuple(map(tuple, records)), ringkasan, status, _judge_turn(status, cases),
        holder, opened_s, due,
    )


def _judge_turn(status: str, cases: Sequence[_Case]) -> str:
    """Tell whose turn a finding is; what the camat has proposed himself waits for somebody else."""
    if status == "selesai":
        return ""
    if status == "dikembalikan":
        return "desa"
    is_camats_own = any(case.proposer_role in LEADERS for case in cases if case.status == "usulan")
    if any(case.di_camat for case in cases) and not is_camats_own:
        return "camat"
    return "kedua" if status == "usulan" else "kecamatan"


def _urgency(item: QueueItem) -> tuple[int, int, float, str]:
    order = _ORDER.index(item.kode) if item.kode in _ORDER else len(_ORDER)
    opened_s = float("inf") if item.opened_s is None else float(item.opened_s)
    return list(RISKS).index(item.berat), order, opened_s, item.id


@lru_cache(maxsize=8192)
def _day_of(time_s: int) -> date:
    return datetime.fromtimestamp(time_s, WIB).date()


def write_url_id(finding: str) -> str:
    """Write the id of a finding for an address: in groups, so that no run of digits looks like a NIK."""
    return "-".join(finding[at:at + 8] for at in range(0, len(finding), 8))


def read_url_id(text: str) -> str:
    """Read the id of a finding from an address, with or without groups."""
    return text.replace("-", "")[:64]
