"""Fills node folders with invented villages, outside of what is measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from node.change import write_drafts
from node.commands import make_node, system_author
from node.services import NodeServices, open_node
from shared.clock import SystemClock, system_random
from shared.store.drafts import Draft, draft_create, draft_update
from shared.store.records import load_states
from synthetic.villages import generate_village

DESA = "33.03.04.2006"
CHUNK = 1000


def make_village(folder: Path, desa: str, penduduk: int, seed: int = 7) -> None:
    """Make a node whose log holds a village of so many residents of 22 fields, families included."""
    services = make_node(folder, desa, "PC bench", SystemClock(), system_random)
    try:
        drafts = draft_village(services, desa, penduduk, seed)
        author = system_author(services)
        for start in range(0, len(drafts), CHUNK):
            write_drafts(services, drafts[start : start + CHUNK], author=author)
    finally:
        services.close()


def draft_village(services: NodeServices, desa: str, penduduk: int, seed: int) -> list[Draft]:
    """Draft the creation of a whole village."""
    kinds, new_id = services.catalogue, services.new_id
    dusun: dict[str, str] = {}
    keluarga: dict[str, str] = {}
    drafts: list[Draft] = []
    for family, person in generate_village(desa, penduduk, seed).iterate():
        if family.dusun not in dusun:
            dusun[family.dusun] = new_id()
            drafts.append(draft_create(kinds["dusun"], dusun[family.dusun], {"nama": family.dusun}))
        place = {"alamat": family.alamat, "dusun": dusun[family.dusun], "rw": family.rw, "rt": family.rt}
        if family.no_kk not in keluarga:
            keluarga[family.no_kk] = new_id()
            values: dict[str, Any] = {"no_kk": family.no_kk, **place}
            drafts.append(draft_create(kinds["keluarga"], keluarga[family.no_kk], values))
        values = {
            "nik": person.nik, "nama": person.nama, "tempat_lahir": person.tempat_lahir,
            "tanggal_lahir": person.tanggal_lahir.isoformat(), "jenis_kelamin": int(person.jenis_kelamin),
            "keluarga": keluarga[family.no_kk], "hubungan": int(person.hubungan), **place,
            "status_dasar": int(person.status_dasar), "agama": person.agama, "pendidikan": person.pendidikan_kk,
            "pekerjaan": person.pekerjaan, "status_kawin": int(person.status_kawin),
            "warganegara": person.warganegara, "ayah_nama": person.nama_ayah or None,
            "ibu_nama": person.nama_ibu or None, "golongan_darah": person.golongan_darah,
            "telepon": person.telepon or None, "status_tinggal": "tetap",
        }
        drafts.append(draft_create(kinds["penduduk"], new_id(), values))
    return drafts


def edit_people(folder: Path, count: int, offset: int = 0) -> None:
    """Edit so many residents, one field each, as clerks do: job, phone, schooling."""
    services = open_node(folder, clock=SystemClock(), random=system_random)
    try:
        write_edits(services, count, offset)
    finally:
        services.close()


def write_edits(services: NodeServices, count: int, offset: int = 0, shift: int = 0) -> None:
    """Edit so many residents; another ``shift`` edits another field of each of them."""
    kind = services.catalogue["penduduk"]
    with services.database.read() as conn:
        ids = [row[0] for row in conn.execute("SELECT id FROM penduduk ORDER BY id LIMIT ? OFFSET ?", (count, offset))]
        states = load_states(conn, services.catalogue, kind, services.wilayah, ids)
    edits = (
        draft_update(kind, states[id], id, _EDITS[(at + shift) % len(_EDITS)](at + shift)) for at, id in enumerate(ids)
    )
    drafts = [draft for draft in edits if draft is not None]
    for start in range(0, len(drafts), CHUNK):
        write_drafts(services, drafts[start : start + CHUNK], author=system_author(services))


_EDITS = (
    lambda at: {"pekerjaan": 20 + at % 60},
    lambda at: {"telepon": f"0800-11-{at:06d}"},
    lambda at: {"pendidikan": 3 + at % 6},
    lambda at: {"akta_lahir": f"AL-{at:06d}/2026"},
)


def dump_rows(folder: Path, tables: Sequence[str]) -> dict[str, tuple[list[str], list[tuple[Any, ...]]]]:
    """Read whole tables of a node, for the raw baseline."""
    services = open_node(folder, clock=SystemClock(), random=system_random)
    try:
        with services.database.read() as conn:
            found = {}
            for table in tables:
                cursor = conn.execute(f"SELECT * FROM {table}")
                found[table] = ([column[0] for column in cursor.description], cursor.fetchall())
            return found
    finally:
        services.close()
