"""Takes events back: a new event *batal*, and everything as it was where that is still possible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from node.lampid.pena import MOMENT, Pena
from node.lampid.queries import read_lives
from node.lampid.rules import STATUS_OF
from node.penduduk.history import state_seen
from node.penduduk.index import PeopleIndex
from node.penduduk.queries import read_rows
from node.penduduk.rules import HIDUP, PENDUDUK, TIDAK_VALID
from node.services import NodeServices
from shared.clock import today
from shared.errors import UserError
from shared.lampid.chain import Riwayat, judge_life
from shared.lampid.effects import Akibat, read_effects
from shared.records.lampid import BATAL, DATANG, LAHIR
from shared.store.drafts import draft_delete
from shared.store.records import Projector, load_history, load_state
from shared.web.forms import write_date

STATUS_FIELDS = ("status_dasar", "tanggal_status", "sebab_status")


class Dibatalkan(NamedTuple):
    """What an undo has written: the first *batal*, and sentences about what could not be put back."""

    event: str
    catatan: list[str]


class Ditulis(NamedTuple):
    """What an event has written on its person: the groups and their values, and the values that stood there before."""

    groups: Sequence[str]
    values: Mapping[str, Any]
    sebelum: Mapping[str, Any]


def void_events(
    node: NodeServices, index: PeopleIndex, ids: Sequence[str], *, alasan: str, tanggal_lapor: str, author: str
) -> Dibatalkan:
    """Take events back, each the last of its person. Raises UserError when one of them is not."""
    kind = node.catalogue["peristiwa"]
    with node.database.write() as conn:
        rows = read_rows(conn, kind, node.wilayah, ids)
        events = [rows[id] for id in ids if id in rows]
        if not events or len(events) < len(ids):
            raise UserError("Peristiwa ini sudah tidak ada di sini. Muat ulang halamannya.", "peristiwa_hilang")
        pena = Pena(node, conn)
        people = [str(row["penduduk"]) for row in events]
        pena.open(people, ("status",))
        starts, known = read_lives(conn, node.wilayah, people)
        first, remarks = "", list[str]()
        for row in events:
            person = str(row["penduduk"])
            life = judge_life(person, starts.get(person), known)
            if life.terakhir is None or life.terakhir.id != row["id"]:
                raise UserError(
                    f"Hanya peristiwa terakhir seseorang yang dapat dibatalkan, dan ini bukan yang terakhir bagi"
                    f" {pena.values(person)['nama']}.", "bukan_terakhir",
                )
            # A day that has not come yet was a slip: its undo is dated as it is told.
            if tanggal_lapor < min(str(row["tanggal_lapor"] or ""), today(node.clock).isoformat()):
                raise UserError(
                    f"Peristiwanya dilaporkan {write_date(row['tanggal_lapor'])}; pembatalannya tidak mungkin sebelum"
                    " itu.", "batal_terlalu_dini",
                )
            details = {"tanggal_peristiwa": tanggal_lapor, "tanggal_lapor": tanggal_lapor, "alasan": alasan,
                       "dibatalkan": row["id"]}
            event = pena.report(BATAL, person, details, first, **{name: row[name] for name in MOMENT})
            first = first or event
            written = _find_written(pena, row)
            pena.change(person, **_find_status_before(row, life, written), peristiwa=event)
            remarks += _put_address_back(pena, person, written)
        remarks += _put_back(pena, index, [item for row in events for item in read_effects(row["akibat"])])
        pena.write(author)
    return Dibatalkan(first, remarks)


def _find_written(pena: Pena, row: Mapping[str, Any]) -> Ditulis | None:
    """Find what an event has written on its person, and what stood there before; None for one it has created."""
    node = pena.node
    entries = load_history(pena.conn, node.catalogue, node.wilayah, str(row["penduduk"]))
    written = next((e for e in entries if e.values and e.values.get("peristiwa") == row["id"]), None)
    if written is None or not written.values or not written.header.parents:
        return None
    seen = state_seen(PENDUDUK, Projector(pena.conn, node.catalogue), entries, written.header.parents)
    return None if seen is None else Ditulis(written.header.groups, written.values, seen.values(PENDUDUK))


def _find_status_before(row: Mapping[str, Any], life: Riwayat, written: Ditulis | None) -> dict[str, Any]:
    """Find the status that stood before an event: as it was written then, else what the event before leaves."""
    if row["jenis"] in (LAHIR, DATANG):
        # Who came by this event alone was never here; the record stays, so that nothing of it is lost.
        return {"status_dasar": TIDAK_VALID, "tanggal_status": None, "sebab_status": "Peristiwanya dibatalkan"}
    if written is not None:
        return {name: written.sebelum[name] for name in STATUS_FIELDS}
    standing = [item.asal for item in life.terhitung if item.asal.id != row["id"]]
    status = STATUS_OF.get(standing[-1].jenis, HIDUP) if standing else HIDUP
    return {"status_dasar": status, "tanggal_status": None, "sebab_status": None}


def _put_address_back(pena: Pena, person: str, written: Ditulis | None) -> list[str]:
    """Put the address back that an event has changed (*kembali* does), unless somebody has changed it since."""
    if written is None or "alamat" not in written.groups:
        return []
    live, names = pena.values(person), PENDUDUK.groups["alamat"]
    if pena.is_waiting(person, "alamat") or any(live[name] != written.values.get(name) for name in names):
        return [
            f"Alamat {live['nama']} tidak dikembalikan, karena sudah diubah lagi sesudahnya. Periksa biodatanya."
        ]
    pena.change(person, **{name: written.sebelum[name] for name in names})
    return []


def _put_back(pena: Pena, index: PeopleIndex, effects: Sequence[Akibat]) -> list[str]:
    """Put people back on the cards they stood on; say of whom that is not possible any more."""
    remarks, returned = [], set()
    for item in effects:
        person = index.get(item.penduduk)
        if person is None:
            continue
        state = load_state(pena.conn, pena.node.catalogue, PENDUDUK, pena.node.wilayah, item.penduduk)
        is_same = (person.keluarga, person.hubungan) == tuple(item.sesudah)
        if not is_same or "keluarga" in state.conflicts or item.sebelum.keluarga not in ("", *index.families()):
            remarks.append(
                f"Tempat {person.nama} di kartu keluarga tidak dikembalikan, karena sudah diubah lagi sesudahnya."
                " Periksa kartu keluarganya."
            )
            continue
        pena.open([item.penduduk], ("keluarga",))
        pena.change(item.penduduk, keluarga=item.sebelum.keluarga or None, hubungan=item.sebelum.hubungan or None)
        returned.add(item.penduduk)
    _delete_emptied(pena, index, effects, returned)
    return remarks


def _delete_emptied(pena: Pena, index: PeopleIndex, effects: Sequence[Akibat], returned: set[str]) -> None:
    """Delete a card that this event had made and that nobody is on any more."""
    node, before = pena.node, {item.sebelum.keluarga for item in effects}
    for family in {item.sesudah.keluarga for item in effects} - before - {""}:
        members = {p.id for p in index.members().get(family, [])}
        if members and members <= returned:
            kind = node.catalogue["keluarga"]
            state = load_state(pena.conn, node.catalogue, kind, node.wilayah, family)
            if state.exists:
                pena.extra.append(draft_delete(kind, state, family, "Peristiwa yang membuatnya dibatalkan."))
