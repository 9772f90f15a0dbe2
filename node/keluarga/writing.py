"""Moves people between families: into one that is known by its number, or into a new one."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from node.change import write_drafts
from node.keluarga.rules import find_move_problem
from node.penduduk.index import PeopleIndex
from node.penduduk.queries import read_row
from node.penduduk.rules import PENDUDUK
from node.penduduk.writing import find_family_by_number, find_number_problem
from node.services import NodeServices
from shared.errors import UserError
from shared.records.identifiers import clean_number
from shared.store.drafts import Draft, draft_create, draft_update
from shared.store.records import load_states


def move_people(
    node: NodeServices,
    index: PeopleIndex,
    moving: Mapping[str, int],
    *,
    number: str,
    is_new: bool,
    target: str = "",
    source: str,
    takes_address: bool,
    author: str,
) -> str:
    """Move residents, each with the place on the new card (code of SHDK); return the family's record id.

    ``target`` is the family, or ``number`` names it; with ``is_new`` one is made that has this number or none,
    and lives where ``source`` does. ``takes_address`` gives those who move the address of the family. All or
    nothing. Raises UserError that says what to choose instead.
    """
    with node.database.write() as conn:
        number = clean_number(number)
        drafts: list[Draft] = []
        named = find_family_by_number(conn, node.wilayah, number) if number else ""
        if is_new:
            if named:
                raise UserError(
                    "Nomor KK ini sudah dipakai keluarga lain. Pilih “keluarga yang sudah ada”.", "kk_dipakai"
                )
            target, draft = _draft_family(node, index, number, source)
            drafts.append(draft)
        elif target and read_row(conn, node.catalogue["keluarga"], node.wilayah, target) is None:
            raise UserError("Keluarga yang dipilih sudah tidak ada. Cari lagi.", "keluarga_hilang")
        target = target or named
        if not target:
            raise UserError(
                "Tidak ada keluarga dengan nomor KK itu. Periksa nomornya, atau pilih “keluarga baru”.",
                "kk_tidak_ada",
            )
        if target == source:
            raise UserError("Itu keluarga yang sama. Pilih keluarga lain.", "keluarga_sama")
        joining = [] if is_new else index.members().get(target, [])
        problem = find_move_problem(moving, joining)
        if problem:
            raise UserError(problem, "pindah_salah")
        address = _read_address(node, conn, target) if takes_address and not is_new else {}
        states = load_states(conn, node.catalogue, PENDUDUK, node.wilayah, list(moving))
        for id, place in moving.items():
            state = states.get(id)
            if state is None or not state.exists:
                raise UserError(
                    "Ada orang yang datanya sudah dihapus. Muat ulang kartu keluarga ini.", "data_hilang"
                )
            change = draft_update(PENDUDUK, state, id, {"keluarga": target, "hubungan": place, **address})
            if change is not None:
                drafts.append(change)
        write_drafts(node, drafts, author=author)
    return target


def _read_address(node: NodeServices, conn: sqlite3.Connection, family: str) -> dict[str, Any]:
    """Read where a family lives; nothing when its card has no address."""
    row = read_row(conn, node.catalogue["keluarga"], node.wilayah, family) or {}
    address = {name: row.get(name) for name in ("alamat", "dusun", "rw", "rt")}
    return address if any(address.values()) else {}


def _draft_family(node: NodeServices, index: PeopleIndex, number: str, source: str) -> tuple[str, Draft]:
    problem = find_number_problem(number) if number else None
    if problem:
        raise UserError(problem, "kk_salah")
    home = index.families().get(source)
    values: dict[str, str | None] = {"no_kk": number or None}
    if home is not None:
        values.update(
            alamat=home.alamat or None, dusun=home.dusun or None, rw=home.rw or None, rt=home.rt or None
        )
    id = node.new_id()
    return id, draft_create(node.catalogue["keluarga"], id, values)
