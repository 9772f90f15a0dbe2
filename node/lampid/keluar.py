"""Records who leaves: deaths, moves out, people who are missing; and who heads the family after that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from node.lampid.pena import Pena
from node.lampid.rules import find_state_problem
from node.penduduk.index import PeopleIndex, Person
from node.penduduk.rules import HIDUP, KEPALA
from node.penduduk.writing import find_family_by_number, find_number_problem
from node.services import NodeServices
from shared.crockford import group, write_letters
from shared.errors import UserError
from shared.lampid.effects import Tempat
from shared.records.identifiers import clean_number
from shared.records.lampid import PINDAH
from shared.store.drafts import draft_create

TOKEN_LETTERS = 8
TOKEN_BYTES = 5


@dataclass(frozen=True)
class Penerus:
    """Who heads those who stay (record id, "" when nobody stays or the head stays), and whether on a card of their
    own, with the number ``no_kk`` or none yet: the number goes with the head who moves."""

    kepala: str = ""
    is_split: bool = False
    no_kk: str = ""


def list_staying(index: PeopleIndex, person: Person, going: Sequence[str]) -> list[Person]:
    """List who of somebody's family lives here and stays."""
    if not person.keluarga:
        return []
    members = index.members().get(person.keluarga, [])
    return [p for p in members if p.status == HIDUP and p.id not in going and p.id != person.id]


def find_leaving_head(index: PeopleIndex, going: Sequence[str]) -> Person | None:
    """Find who of those who leave heads a family now."""
    people = [person for id in going if (person := index.get(id)) is not None]
    return next((p for p in people if p.keluarga and p.hubungan == KEPALA and p.status == HIDUP), None)


def record_leaving(
    node: NodeServices, index: PeopleIndex, jenis: str, going: Sequence[str], details: Mapping[str, Any],
    penerus: Penerus, *, author: str,
) -> str:
    """Record that residents leave together, the first of ``going`` before all; return the first event.

    All or nothing. Raises UserError that says what to do instead.
    """
    with node.database.write() as conn:
        pena = Pena(node, conn)
        head = find_leaving_head(index, going)
        staying = list_staying(index, head, going) if head is not None else []
        moved = [p.id for p in staying] if penerus.is_split else [penerus.kepala] if penerus.kepala else []
        if staying and penerus.kepala not in [p.id for p in staying]:
            raise UserError("Pilih dulu kepala keluarga yang baru untuk anggota yang tinggal.", "kepala_kosong")
        pena.open(going, ("status",))
        for id in going:
            live = pena.values(id)
            problem = find_state_problem(jenis, str(live["nama"]), live["status_dasar"], live["tanggal_status"])
            if problem:
                raise UserError(problem, "status_salah")
        shared = dict(details)
        if jenis == PINDAH:
            shared["token"] = make_token(node)
        first, cause = "", ""
        for id in going:
            event = pena.report(jenis, id, shared, first)
            pena.set_status(id, event)
            first = first or event
            if head is not None and id == head.id:
                cause = event
        if staying and head is not None:
            pena.open(moved, ("keluarga",))
            _continue_family(pena, cause, head, staying, penerus)
        pena.write(author)
    return first


def make_token(node: NodeServices) -> str:
    """Make the code that pairs both ends of a move: eight letters that nobody can guess, easy to copy by hand."""
    return group(write_letters(int.from_bytes(node.random(TOKEN_BYTES)), TOKEN_LETTERS))


def _continue_family(pena: Pena, event: str, head: Person, staying: Sequence[Person], penerus: Penerus) -> None:
    """Give those who stay a head, and a card of their own when they are split off."""
    family = head.keluarga
    if penerus.is_split:
        node, number = pena.node, clean_number(penerus.no_kk)
        problem = find_number_problem(number) if number else None
        if problem:
            raise UserError(problem, "kk_salah")
        if number and find_family_by_number(pena.conn, node.wilayah, number):
            raise UserError("Nomor KK itu sudah dipakai keluarga lain. Periksa nomornya.", "kk_dipakai")
        home = pena.read_home(family)
        family = node.new_id()
        pena.extra.append(draft_create(node.catalogue["keluarga"], family, {"no_kk": number or None, **home}))
    for person in staying:
        if person.id == penerus.kepala:
            pena.place(event, person.id, Tempat(family, KEPALA))
        elif penerus.is_split:
            pena.place(event, person.id, Tempat(family, person.hubungan))
