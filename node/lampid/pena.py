"""One report on its way to the log: its events, and what they change of people and families, in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from node.change import write_drafts
from node.lampid.rules import STATUS_OF
from node.penduduk.queries import read_row
from node.penduduk.rules import HIDUP, KEPALA, PENDUDUK
from node.services import NodeServices
from shared.codes import code_list
from shared.errors import UserError
from shared.lampid.effects import Akibat, Tempat
from shared.merge.fold import RecordState
from shared.records.lampid import JENIS_PERISTIWA, MATI
from shared.store.drafts import Draft, draft_create, draft_update
from shared.store.records import load_states

MOMENT = ("keluarga", "dusun", "jenis_kelamin", "warganegara", "kepala")
"""What an event keeps of its person at that moment."""


class Pena:
    """Collects what one report writes. Use it inside a transaction that is open for writing."""

    def __init__(self, node: NodeServices, conn: sqlite3.Connection) -> None:
        self.node, self.conn = node, conn
        self.events: dict[str, dict[str, Any]] = {}
        self.effects: dict[str, list[Akibat]] = {}
        self.extra: list[Draft] = []
        self._states: dict[str, RecordState] = {}
        self._changed: dict[str, dict[str, Any]] = {}

    def open(self, people: Iterable[str], groups: Iterable[str]) -> None:
        """Load residents on whom something is written. Raises UserError when one is gone or waits for verval.

        Writing on a group that waits would settle it without anybody having looked.
        """
        wanted = list(dict.fromkeys(people))
        self._states |= load_states(self.conn, self.node.catalogue, PENDUDUK, self.node.wilayah, wanted)
        for id in wanted:
            state = self._states.get(id)
            if state is None or not state.exists:
                raise UserError("Ada orang yang datanya sudah dihapus. Mulai lagi dari biodatanya.", "data_hilang")
            waiting = set(groups) & set(state.conflicts)
            if waiting:
                what = "Status" if "status" in waiting else "Data keluarga"
                raise UserError(
                    f"{what} {self.values(id)['nama']} masih menunggu verval. Buka biodatanya, pilih dulu mana yang"
                    " benar, lalu catat peristiwanya.", "menunggu_verval",
                )

    def values(self, id: str) -> dict[str, Any]:
        """Give what is true of a resident before this report."""
        return self._states[id].values(PENDUDUK)

    def is_waiting(self, id: str, group: str) -> bool:
        """Tell whether a group of a resident waits for verval."""
        return group in self._states[id].conflicts

    def report(self, jenis: str, id: str, details: Mapping[str, Any], first: str = "", **moment: Any) -> str:
        """Add an event of a resident; ``first`` is the one it is reported with. Return its id.

        ``moment`` gives what cannot be read off the resident; a newborn is not there yet.
        """
        live = self.values(id) if id in self._states else {}
        event = self.node.new_id()
        self.events[event] = {
            **details, "jenis": jenis, "penduduk": id, "sebelumnya": live.get("peristiwa"),
            "rombongan": first or None, **self._read_moment(live), **moment,
        }
        return event

    def set_status(self, id: str, event: str) -> None:
        """Let the status of a resident follow from an event."""
        self.change(id, **describe_status(self.events[event], event))

    def change(self, id: str, **values: Any) -> None:
        """Change fields of a resident."""
        self._changed.setdefault(id, {}).update(values)

    def place(self, event: str, id: str, to: Tempat) -> None:
        """Give a resident another place on a card, and note at the event where it was."""
        live = self.values(id)
        before = Tempat(str(live["keluarga"] or ""), int(live["hubungan"] or 0))
        if before != to:
            self.effects.setdefault(event, []).append(Akibat(id, before, to))
            self.change(id, keluarga=to.keluarga or None, hubungan=to.hubungan or None)

    def write(self, author: str) -> None:
        """Write everything: families and newcomers first, then events, then what they change."""
        kind = self.node.catalogue["peristiwa"]
        drafts = list(self.extra)
        for id, values in self.events.items():
            akibat = [item.write() for item in self.effects.get(id, ())]
            drafts.append(draft_create(kind, id, {**values, "akibat": akibat or None}))
        for id, changed in self._changed.items():
            draft = draft_update(PENDUDUK, self._states[id], id, changed)
            if draft is not None:
                drafts.append(draft)
        write_drafts(self.node, drafts, author=author)

    def _read_moment(self, live: Mapping[str, Any]) -> dict[str, Any]:
        family = str(live.get("keluarga") or "")
        return {
            "keluarga": family or None,
            "dusun": live.get("dusun") or self.read_home(family).get("dusun"),
            "jenis_kelamin": live.get("jenis_kelamin"),
            "warganegara": live.get("warganegara"),
            "kepala": live.get("hubungan") == KEPALA and (live.get("status_dasar") or HIDUP) == HIDUP,
        }

    def read_home(self, family: str) -> dict[str, Any]:
        """Read where a family lives; empty when there is none."""
        row = read_row(self.conn, self.node.catalogue["keluarga"], self.node.wilayah, family) if family else None
        return {} if row is None else {name: row.get(name) for name in ("alamat", "dusun", "rw", "rt")}


def describe_status(event: Mapping[str, Any], id: str) -> dict[str, Any]:
    """Give the status group that an event leaves on its person."""
    jenis = event["jenis"]
    reason = event.get("alasan") or ""
    if jenis == MATI and event.get("penyebab") is not None:
        reason = code_list("penyebab_kematian").items.get(event["penyebab"], "")
    return {
        "status_dasar": STATUS_OF[jenis], "tanggal_status": event["tanggal_peristiwa"],
        "sebab_status": (reason or JENIS_PERISTIWA[jenis])[:200], "peristiwa": id,
    }
