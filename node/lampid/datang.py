"""Records who comes: a birth, people who move in, somebody who returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from node.keluarga.rules import find_head, find_move_problem
from node.lampid.pena import Pena, describe_status
from node.lampid.rules import AWAY, STATUS_MATI, find_state_problem
from node.penduduk.index import PeopleIndex, Person
from node.penduduk.rules import HIDUP, KEPALA, PENDUDUK, TIDAK_VALID
from node.penduduk.writing import find_family_by_number, find_number_problem
from node.services import NodeServices
from shared.errors import UserError
from shared.lampid.effects import Tempat
from shared.records.identifiers import clean_number
from shared.records.lampid import DATANG, KEMBALI, LAHIR
from shared.store.drafts import draft_create, draft_update
from shared.store.records import load_state

NEWBORN: Mapping[str, int] = {"status_kawin": 1, "pendidikan": 1, "pekerjaan": 1}
"""Not married, not at school, not at work (codes of ref/)."""


@dataclass(frozen=True)
class Rumah:
    """Where somebody comes to: a family that is known, or a new one with what its card says."""

    keluarga: str = ""
    baru: Mapping[str, Any] | None = None


def record_birth(
    node: NodeServices, index: PeopleIndex, family: str, child: Mapping[str, Any], mother: str, father: str,
    details: Mapping[str, Any], *, author: str,
) -> str:
    """Record a birth into a family; return the event. The parents are residents of it, or "" when not known.

    ``child`` may name parents who are no residents (``ayah_nama``, ``ibu_nama``).
    """
    with node.database.write() as conn:
        pena = Pena(node, conn)
        _require_family(index, family)
        values: dict[str, Any] = {**NEWBORN, **child}
        for id, side in ((mother, "ibu"), (father, "ayah")):
            if id:
                pena.open([id], ())
                parent = pena.values(id)
                values[f"{side}_nama"], values[f"{side}_nik"] = parent["nama"], parent["nik"]
        home = pena.read_home(family)
        if mother and any(pena.values(mother)[name] for name in home):
            home = {name: pena.values(mother)[name] for name in home}
        if mother:
            # A child of somebody who only stays for a while does so too.
            values["status_tinggal"] = pena.values(mother)["status_tinggal"]
        values |= {**home, "keluarga": family, "tanggal_lahir": details["tanggal_peristiwa"],
                   "akta_lahir": details.get("akta")}
        event = _add_person(pena, LAHIR, values, details)
        pena.write(author)
    return event


def record_arrival(
    node: NodeServices, index: PeopleIndex, people: Sequence[Mapping[str, Any]], home: Rumah,
    details: Mapping[str, Any], *, author: str,
) -> str:
    """Record people who move in together; return the first event. Raises UserError when the card would be wrong."""
    with node.database.write() as conn:
        pena = Pena(node, conn)
        family = _find_home(pena, index, home)
        places = {str(at): int(person.get("hubungan") or 0) for at, person in enumerate(people)}
        _check_places(index, family, places)
        address = dict(home.baru or pena.read_home(family))
        address.pop("no_kk", None)
        first = ""
        for person in people:
            event = _add_person(pena, DATANG, {**address, **person, "keluarga": family}, details, first)
            first = first or event
        pena.write(author)
    return first


def record_return(
    node: NodeServices, index: PeopleIndex, places: Mapping[str, int], home: Rumah, details: Mapping[str, Any], *,
    author: str,
) -> str:
    """Record that people who were away are back, in the old family or another; return the first event.

    ``places`` maps them to their places on the card (code of SHDK).
    """
    with node.database.write() as conn:
        pena = Pena(node, conn)
        pena.open(places, ("status", "keluarga"))
        for id in places:
            live = pena.values(id)
            problem = find_state_problem(KEMBALI, str(live["nama"]), live["status_dasar"], live["tanggal_status"])
            if problem:
                raise UserError(problem, "status_salah")
        family = _find_home(pena, index, home)
        _check_places(index, family, places)
        address = dict(home.baru or pena.read_home(family))
        address.pop("no_kk", None)
        first = ""
        for id, hubungan in places.items():
            dusun = address.get("dusun") or pena.values(id)["dusun"]
            event = pena.report(
                KEMBALI, id, details, first, keluarga=family, kepala=hubungan == KEPALA, dusun=dusun,
            )
            first = first or event
            pena.set_status(id, event)
            pena.place(event, id, Tempat(family, hubungan))
            if any(address.values()):
                # The whole address: RT and RW of the former one are not those of a new one that says none.
                pena.change(id, **{**dict.fromkeys(PENDUDUK.groups["alamat"]), **address, "dusun": dusun})
        pena.write(author)
    return first


def find_gone(people: Sequence[Person], nik: str) -> Person | None:
    """Find among people who look like a newcomer one who is away: that person returns and is not typed again.

    Another NIK says that he is somebody else. Whose arrival was undone was never here, so he is typed again; and nobody
    returns from the dead.
    """
    return next((p for p in people if p.status in AWAY and nik in ("", p.nik)), None)


def list_possible(people: Sequence[Person], nik: str) -> list[Person]:
    """List whom a newcomer may be, so that people are asked: not the dead who have another NIK."""
    return [p for p in people if p.status != STATUS_MATI or not (nik and p.nik) or p.nik == nik]


def ask_about(newcomer: str, nik: str, known: Person) -> str:
    """Say what is to be looked at where a newcomer looks like somebody who is recorded."""
    if known.status == STATUS_MATI and nik and known.nik == nik:
        return (
            f"NIK ini milik {known.nama}, yang tercatat meninggal. Periksa NIK-nya. Bila kematiannya salah catat,"
            " batalkan dulu peristiwa kematiannya."
        )
    if known.status == STATUS_MATI:
        return f"{known.nama} dengan tanggal lahir yang sama tercatat meninggal. Simpan hanya bila ini orang lain."
    if known.status in AWAY:
        return (
            f"{known.nama} dulu penduduk desa ini dan datanya masih ada. Bila orangnya sama, catat sebagai kembali;"
            " simpan di sini hanya bila ini orang lain."
        )
    return f"Orang yang mirip dengan {newcomer} sudah tercatat: {known.nama}."


def _add_person(
    pena: Pena, jenis: str, values: Mapping[str, Any], details: Mapping[str, Any], first: str = ""
) -> str:
    """Add somebody new with the event that has brought them."""
    id = pena.node.new_id()
    event = pena.report(
        jenis, id, details, first, keluarga=values["keluarga"], dusun=values.get("dusun"),
        jenis_kelamin=values.get("jenis_kelamin"), warganegara=values.get("warganegara"),
        kepala=values.get("hubungan") == KEPALA,
    )
    status = describe_status(pena.events[event], event)
    pena.extra.append(draft_create(PENDUDUK, id, {**values, **status}))
    return event


def _find_home(pena: Pena, index: PeopleIndex, home: Rumah) -> str:
    if home.baru is None:
        _require_family(index, home.keluarga)
        return home.keluarga
    node, number = pena.node, clean_number(str(home.baru.get("no_kk") or ""))
    problem = find_number_problem(number) if number else None
    if problem:
        raise UserError(problem, "kk_salah")
    known = find_family_by_number(pena.conn, node.wilayah, number) if number else ""
    if known and any(p.status != TIDAK_VALID for p in index.members().get(known, [])):
        raise UserError("Nomor KK ini sudah dipakai. Pilih “masuk ke keluarga yang sudah ada”.", "kk_dipakai")
    if known:
        _renew_card(pena, known, home.baru)
        return known
    family = node.new_id()
    pena.extra.append(draft_create(node.catalogue["keluarga"], family, {**home.baru, "no_kk": number or None}))
    return family


def _renew_card(pena: Pena, family: str, typed: Mapping[str, Any]) -> None:
    """Let a card that an undone arrival has left without anybody say where its family lives now.

    A card whose address waits for verval stays as it is: writing would settle it without anybody having looked.
    """
    kind = pena.node.catalogue["keluarga"]
    state = load_state(pena.conn, pena.node.catalogue, kind, pena.node.wilayah, family)
    address = {name: typed.get(name) for name in ("alamat", "dusun", "rw", "rt")}
    draft = None if state.conflicts else draft_update(kind, state, family, address)
    if draft is not None:
        pena.extra.append(draft)


def _require_family(index: PeopleIndex, family: str) -> None:
    if family not in index.families():
        raise UserError("Keluarga yang dipilih sudah tidak ada. Cari lagi.", "keluarga_hilang")


def _check_places(index: PeopleIndex, family: str, places: Mapping[str, int]) -> None:
    if not all(places.values()):
        raise UserError("Pilih hubungan dalam keluarga untuk setiap orang.", "hubungan_kosong")
    living = [p for p in index.members().get(family, []) if p.status == HIDUP and p.id not in places]
    head = find_head(living)
    problem = find_move_problem(places, living)
    if problem and head is not None:
        problem = f"Keluarga ini sudah punya kepala keluarga ({head.nama}). Pilih hubungan yang lain."
    if problem:
        raise UserError(problem, "hubungan_salah")
