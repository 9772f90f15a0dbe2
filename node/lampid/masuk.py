"""The forms of who comes: a birth, people who move in, somebody who returns."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import author, services
from node.beranda.looks import note_look
from node.keluarga.rules import FamilyRow, find_head
from node.lampid.catat import choices, finish, known_day, last_day_of, pick_families, require_person, this_day
from node.lampid.datang import (
    ask_about, find_gone, list_possible, record_arrival, record_birth, record_return,
)
from node.lampid.formulir import (
    CHECKED, PEOPLE_MAX, Isian, Rombongan, Tujuan, read_child, read_count, read_event, read_home, read_people,
    start_child, start_event, start_home, start_people,
)
from node.lampid.rules import (
    AWAY, BENTUK, find_state_problem, list_birth_oddities, list_oddities, propose_parents, propose_place, split_parents,
)
from node.penduduk.index import Person
from node.penduduk.queries import read_row
from node.penduduk.routes import people_index
from node.penduduk.rules import HIDUP, PENDUDUK, TIDAK_VALID
from node.penduduk.writing import find_alike
from shared.codes import code_list
from shared.records.identifiers import clean_number
from shared.records.lampid import DATANG, KEMBALI, LAHIR
from shared.web.forms import Form

blueprint = Blueprint("kedatangan", __name__, url_prefix="/peristiwa/catat")


# Births.

@blueprint.get("/lahir/<uuid:id>")
def birth(id: object) -> ResponseReturnValue:
    """Show the form of a birth into a family."""
    members = _require_members(str(id))
    mother, father = propose_parents(members)
    with services().database.read() as conn:
        row = read_row(conn, PENDUDUK, services().wilayah, mother.id if mother else "") or {}
    child = start_child({"hubungan": propose_place(mother), "agama": row.get("agama")})
    chosen = (mother.id if mother else "", father.id if father else "")
    return _birth_page(str(id), start_event(LAHIR, this_day(), choices()), child, chosen, "")


@blueprint.post("/lahir/<uuid:id>")
def record_birth_of(id: object) -> ResponseReturnValue:
    """Record a birth."""
    family = str(id)
    members = {p.id: p for p in _require_members(family)}
    values, child = read_child(request.form)
    isian = read_event(LAHIR, request.form, this_day(), choices(), known=known_day())
    mother, father = request.form.get("ibu", ""), request.form.get("ayah", "")
    values |= {
        name: text for name in ("ibu_nama", "ayah_nama")
        if (text := " ".join(request.form.get(name, "").split())[:100]) and not request.form.get(name[:-5])
    }
    born = str(isian.values.get("tanggal_peristiwa") or "")
    isian.aneh += list_birth_oddities(born, members.get(mother), members.get(father))
    alike = find_alike(_list_valid(), {**values, "tanggal_lahir": born})
    isian.aneh += [f"{p.nama} dengan tanggal lahir atau NIK yang sama sudah tercatat." for p in alike]
    isian.tambahan += child.errors
    return finish(
        isian,
        lambda: record_birth(
            services(), people_index(), family, values, mother if mother in members else "",
            father if father in members else "", isian.values, author=author(),
        ),
        lambda problem: _birth_page(family, isian, child, (mother, father), problem),
    )


def _list_valid() -> list[Person]:
    """List whom somebody new may be: not those whose own arrival or birth was undone."""
    return [p for p in people_index().people() if p.status != TIDAK_VALID]


def _birth_page(family: str, isian: Isian, child: Form, chosen: tuple[str, str], problem: str) -> str:
    members = _require_members(family)
    mothers, fathers = split_parents(members)
    note_look(family)
    return render_template(
        "lampid/lahir.html", bentuk=BENTUK[LAHIR], id=family, kepala=find_head(members), isian=isian, anak=child,
        calon_ibu=mothers, calon_ayah=fathers, ibu=chosen[0], ayah=chosen[1], typed=request.form, masalah=problem,
        diperiksa=CHECKED,
    )


def _require_members(family: str) -> list[Person]:
    if family not in people_index().families():
        abort(404)
    return [p for p in people_index().members().get(family, []) if p.status == HIDUP]


# Moves in.

@blueprint.get("/datang")
def arrive() -> ResponseReturnValue:
    """Show the form of people who move in; ``keluarga`` names a family, ``jumlah`` for how many there is room."""
    family = request.args.get("keluarga", "")
    home = start_home(choices(), family if family in people_index().families() else "")
    people = start_people(read_count(request.args))
    if home.keluarga:
        people.forms[0].fields["hubungan"].text = ""
    return _arrival_page(start_event(DATANG, this_day(), choices()), people, home, "")


@blueprint.post("/datang")
def record_arrive() -> ResponseReturnValue:
    """Record people who move in, or give the form room for one more."""
    home, people = read_home(request.form, choices()), read_people(request.form)
    isian = read_event(DATANG, request.form, this_day(), choices(), known=known_day())
    if request.form.get("aksi") == "tambah":
        return _one_more(home, people, isian)
    candidates = _resolve_home(isian, home)
    _check_people(isian, people)
    if home.kind == "baru" and home.form.fields["dusun"].options and not home.values.get("dusun"):
        isian.aneh.append("Dusunnya belum dipilih, padahal laporan dihitung per dusun.")
    return finish(
        isian,
        lambda: record_arrival(
            services(), people_index(), people.people, home.choose(), isian.values, author=author()
        ),
        lambda problem: _arrival_page(isian, people, home, problem, candidates),
    )


def _one_more(home: Tujuan, people: Rombongan, isian: Isian) -> str:
    """Draw the form as it was typed, with room for one more person and without complaints: nothing was saved yet."""
    for form in (*people.forms, isian.kejadian, isian.laporan, home.form):
        for item in form:
            item.error = ""
    count = min(read_count(request.form) + 1, PEOPLE_MAX)
    people.forms += start_people(count).forms[len(people.forms):]
    return _arrival_page(isian, people, home, "")


def _check_people(isian: Isian, people: Rombongan) -> None:
    isian.tambahan += people.errors
    if not people.people and not people.errors:
        isian.refuse("Isi dulu nama orang yang datang.")
    known = _list_valid()
    for values in people.people:
        nik = str(values.get("nik") or "")
        alike = list_possible(find_alike(known, values), nik)
        gone = find_gone(alike, nik)
        if gone is not None:
            isian.dulu.append(gone)
            continue
        isian.aneh += [ask_about(str(values.get("nama")), nik, person) for person in alike]
        isian.mungkin += [person for person in alike if person.status in AWAY]


def _resolve_home(isian: Isian, home: Tujuan) -> list[FamilyRow]:
    """Find the family that was meant; give those to choose from where several may be."""
    if home.kind == "baru":
        isian.tambahan += home.form.errors
        return []
    if home.kind != "lama":
        isian.refuse("Pilih dulu keluarganya: keluarga baru, atau keluarga yang sudah ada.")
        return []
    if home.keluarga in people_index().families():
        return pick_families([home.keluarga])
    home.keluarga = ""
    number = clean_number(home.teks)
    found = [id for id, family in people_index().families().items() if number and family.no_kk == number]
    if len(found) == 1:
        home.keluarga = found[0]
        return pick_families(found)
    wanted = dict.fromkeys(p.keluarga for p in people_index().search(home.teks) if p.keluarga) if home.teks else {}
    isian.refuse(
        "Pilih dulu keluarga yang dimaksud di bawah." if wanted
        else "Tidak ada keluarga yang cocok. Tulis nomor KK, atau nama salah satu anggotanya."
    )
    return pick_families(list(wanted))


def _arrival_page(
    isian: Isian, people: Rombongan, home: Tujuan, problem: str, candidates: list[FamilyRow] | None = None
) -> str:
    if candidates is None and home.keluarga:
        candidates = pick_families([home.keluarga])
    count = len(people.forms)
    # Where the same form stands again, empty: a phone that has dropped the page opens it there.
    again = url_for(".arrive", keluarga=home.keluarga or None, jumlah=count if count > 1 else None)
    return render_template(
        "lampid/datang.html", bentuk=BENTUK[DATANG], isian=isian, rombongan=people, tujuan=home, masalah=problem,
        calon=candidates or [], diperiksa=CHECKED, banyak=PEOPLE_MAX, buka=again,
    )


# Returns.

@blueprint.get("/kembali/<uuid:id>")
def come_back(id: object) -> ResponseReturnValue:
    """Show the form of somebody who returns."""
    person = require_person(id)
    home = start_home(choices(), person.keluarga)
    return _return_page(person, start_event(KEMBALI, this_day(), choices()), home, "")


@blueprint.post("/kembali/<uuid:id>")
def record_come_back(id: object) -> ResponseReturnValue:
    """Record that somebody has returned."""
    person = require_person(id)
    home = read_home(request.form, choices())
    isian = read_event(
        KEMBALI, request.form, this_day(), choices(), {person.nama: person.tanggal_lahir}, known=known_day()
    )
    candidates = _resolve_home(isian, home)
    isian.aneh += list_oddities(KEMBALI, isian.values, before=last_day_of(person.id))
    place = request.form.get("hubungan", "")
    places = {person.id: int(place) if place.isdecimal() and len(place) < 4 else 0}
    places |= {p.id: p.hubungan for p in _list_away(person) if p.id in request.form.getlist("ikut")}
    return finish(
        isian,
        lambda: record_return(
            services(), people_index(), places, home.choose(), isian.values, author=author()
        ),
        lambda problem: _return_page(person, isian, home, problem, candidates),
    )


def _list_away(person: Person) -> list[Person]:
    """List who else of somebody's family is away."""
    members = people_index().members().get(person.keluarga, [])
    return [p for p in members if p.status in AWAY and p.id != person.id]


def _return_page(
    person: Person, isian: Isian, home: Tujuan, problem: str, candidates: list[FamilyRow] | None = None
) -> str:
    known = {row.family.id: row for row in [*(candidates or []), *pick_families([person.keluarga])]}
    living = [p for p in people_index().members().get(person.keluarga, []) if p.status == HIDUP]
    proposed = person.hubungan if person.hubungan != 1 or find_head(living) is None else 0
    with services().database.read() as conn:
        row: dict[str, Any] = read_row(conn, PENDUDUK, services().wilayah, person.id) or {}
    note_look(person.id)
    return render_template(
        "lampid/kembali.html", bentuk=BENTUK[KEMBALI], orang=person, isian=isian, tujuan=home,
        calon=list(known.values()),
        masalah=problem or find_state_problem(KEMBALI, person.nama, person.status, row.get("tanggal_status")),
        hubungan=request.form.get("hubungan", str(proposed or "")), diperiksa=CHECKED,
        pilihan=sorted(code_list("shdk").items.items()), lama=person.keluarga,
        lainnya=_list_away(person), ikut=request.form.getlist("ikut"),
    )
